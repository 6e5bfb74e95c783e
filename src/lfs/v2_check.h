/* SPDX-License-Identifier: MIT */
/*
 * v2_check.h - the version 2 checker, and what its parts share.
 */
#ifndef TW_LFS_V2_CHECK_H
#define TW_LFS_V2_CHECK_H

#include "check.h"
#include "v2_disk.h"

/* Checks the blocks of a volume; as twinfs_volume_check(). */
int tw_v2_check(const struct tw_area *area,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx);

/* Walks over pairs; none meets a block twice, so each ends. */
enum tw_v2_walk {
	TW_V2_THREAD, /* the thread as it is */
	TW_V2_TREE,   /* superblock pairs, then directory by directory */
	TW_V2_MENDED, /* the thread as it is once it names no outdated pair */
	TW_V2_WALKS,
};

/* A pair met during the check. */
struct tw_v2_met {
	struct tw_v2_log log;
	struct tw_v2_content content;
	struct tw_v2_met *next;            /* of all */
	struct tw_v2_met *on[TW_V2_WALKS]; /* the next of each walk */
	bool is_head;                      /* first pair of a directory of the tree */
	bool has_outdated;                 /* the thread comes by what it was before it moved */
	bool is_before_root;               /* a superblock pair that was left behind */
};

/* What is known of a block. */
struct tw_v2_at {
	struct tw_v2_met *met[TW_V2_WALKS]; /* the last pair of each walk that has it */
	bool is_dead;                       /* no pair was made of it, and none will be */
};

struct tw_v2_check {
	struct tw_check common;
	struct tw_v2_met *all;
	struct tw_v2_met *first[TW_V2_WALKS], *last[TW_V2_WALKS];
	struct tw_sparse at; /* struct tw_v2_at, by block */
	struct tw_v2_met *root;
	struct twinfs_superblock superblock;
	bool is_whole; /* the thread was walked to its end: the global state is known */
	struct tw_gstate state;
	bool has_move, move_has_twin;
	struct tw_pair move_pair;
	unsigned move_id;
};

/* The pair met on @walk that has @block, which lies in the volume, or NULL. */
static inline struct tw_v2_met *tw_v2_met_in(const struct tw_v2_check *check, enum tw_v2_walk walk,
	uint32_t block)
{
	const struct tw_v2_at *at = tw_sparse_at(&check->at, block);

	return at ? at->met[walk] : NULL;
}

/* The pair met on @walk that has a block of @pair, or NULL. */
struct tw_v2_met *tw_v2_met_at(const struct tw_v2_check *check, enum tw_v2_walk walk,
	struct tw_pair pair);

static inline bool tw_v2_is_on(const struct tw_v2_check *check, enum tw_v2_walk walk,
	const struct tw_v2_met *met)
{
	return tw_v2_met_in(check, walk, met->log.pair.block[0]) == met;
}

/*
 * Loads @pair, which block @named_in names. A bad one is reported once, and
 * *@ret_met is NULL. -ENOMEM or the chip's errors.
 */
int tw_v2_meet(struct tw_v2_check *check, struct tw_pair pair, uint32_t named_in,
	struct tw_v2_met **ret_met);

/* Makes @met the last of @walk. */
void tw_v2_join(struct tw_v2_check *check, enum tw_v2_walk walk, struct tw_v2_met *met);

/* Block of @met that findings name. */
static inline uint32_t tw_v2_block(const struct tw_v2_met *met)
{
	return met->log.pair.block[0];
}

/* Whether the pending move takes entry @id of @met out of sight. */
static inline bool tw_v2_is_hidden(const struct tw_v2_check *check, const struct tw_v2_met *met,
	unsigned id)
{
	return check->has_move && id == check->move_id &&
	       tw_pair_overlaps(met->log.pair, check->move_pair);
}

/* Walks the thread: pairs, their shares of the global state. */
int tw_v2_check_thread(struct tw_v2_check *check);

/* Judges the global state; a move of nothing is forgotten. */
void tw_v2_check_state(struct tw_v2_check *check);

/* Compares the thread with the tree, when both have been walked. */
int tw_v2_compare_thread(struct tw_v2_check *check);

/* Claims the blocks of pairs that only the thread leads to. -ENOMEM. */
int tw_v2_claim_thread(struct tw_v2_check *check);

/* Walks the tree from the root: directories, entries, names. */
int tw_v2_check_tree(struct tw_v2_check *check);

/* Looks for the destination of the pending move. */
void tw_v2_check_move(struct tw_v2_check *check);

/* Checks the block lists of all files of the tree. */
int tw_v2_check_files(struct tw_v2_check *check);

#endif
