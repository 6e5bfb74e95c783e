/* SPDX-License-Identifier: MIT */
/*
 * v2.h - what the files of the version 2 engine share: committing, loading
 * pairs into the tree, and where an entry belongs.
 */
#ifndef TW_LFS_V2_H
#define TW_LFS_V2_H

#include "v2_disk.h"

enum {
	TW_V2_ENTRIES_WRITTEN = 254, /* of a pair, when writing */
	TW_V2_SPARE = 40, /* bytes a rewritten pair keeps free: a tail, a state, a delete, a CRC */
};

/* A user attribute to be set, or with NULL as @value removed. */
struct tw_v2_attr_change {
	uint8_t type;
	const void *value;
	uint32_t len;
};

/*
 * One change of one pair. A commit writes it behind the pair's log, or the
 * whole pair with it, and once it is on the chip applies it to the tree in
 * memory. Parts are written in this order.
 */
struct tw_v2_edit {
	struct tw_node *replaced; /* this entry goes; its node is left without a pair */
	struct tw_node *added;    /* this entry comes, with what it has where it is now */
	char **name; /* with added: its new name, taken on success; NULL: it keeps its own */
	unsigned at; /* with added: its place, when replaced is gone */
	struct tw_node *changed;              /* this entry gets: */
	const struct tw_place *place;         /* content; or */
	const struct tw_pair *pair;           /* another first pair; and */
	const struct tw_v2_attr_change *attr; /* an attribute */
	struct tw_attrs **attrs; /* with attr: the list that comes of it, taken on success */
	bool sets_tail;
	struct tw_pair tail;
	bool more;                /* with sets_tail */
	struct tw_node *dropped;  /* this entry goes; its node is left without a pair */
	struct tw_gstate inherit; /* share of pairs that the new tail leaves out or brings */
	bool expands;             /* all entries go to a fresh pair, but for a copy of the first */
};

/*
 * Commits a change: in the pair's log, or in its other block. Splits the pair when
 * it has become too large. A continuation pair left empty is taken off the thread
 * instead. Makes the state of the thread what volume->wanted says. After an error
 * nothing has changed.
 *
 * TW_PAIR_MOVES: a pair has to move first, see tw_v2_made_way(). -ENOSPC (an entry
 * does not fit a block), -EIO, -ESHUTDOWN, -ENOMEM.
 */
int tw_v2_try(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_v2_edit *edit);

/*
 * When *@rc is TW_PAIR_MOVES: moves what has to move, and tells of it. Whether the
 * commit is to be tried again, with places looked up again: pairs may have moved
 * and split, and a rename that is pending may have ended. Else *@rc is final:
 * -ENOSPC (no block to move to), -EIO (the superblock pair is bad), as above.
 * volume->wanted is volume->gstate then.
 */
bool tw_v2_made_way(struct twinfs_volume *volume, int *rc);

/* Tries until no pair has to move any more. For edits that name no place. */
int tw_v2_commit(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_v2_edit *edit);

/* Moves the pair that is worn, if there is room for that. -ESHUTDOWN. */
int tw_v2_relieve(struct twinfs_volume *volume);

/*
 * Makes an empty pair of @dir of two fresh blocks whose tail is soft. Nothing
 * refers to it yet. Undone with tw_pair_drop().
 */
int tw_v2_new_pair(struct twinfs_volume *volume, struct tw_node *dir, struct tw_pair tail,
	struct tw_mdir **ret_mdir);

/* Bytes that an entry takes in a log that is written anew. */
uint32_t tw_v2_entry_size(const struct tw_node *node, const struct tw_v2_edit *edit);

/* Where @name belongs in @dir: the pair, and the place in it. -ENOMEM. */
int tw_v2_find_place(struct tw_node *dir, const char *name, struct tw_mdir **ret_mdir,
	unsigned *ret_at);

/* Pairs of @dir came or went: what is known of their order is forgotten. */
void tw_v2_forget_order(struct tw_node *dir);

/* The record of the superblock, as it is to be written. */
void tw_v2_put_record(const struct twinfs_volume *volume, uint32_t block_count,
	uint8_t ret_record[TW_V2_RECORD_SIZE]);

/* Takes an orphan at @mdir, with the pairs that it goes on in, off the thread. */
int tw_v2_remove_orphan(struct twinfs_volume *volume, struct tw_mdir *mdir);

int tw_v2_mount(struct twinfs_volume *volume, struct twinfs_error *err);
int tw_v2_repair(struct twinfs_volume *volume);
int tw_v2_format(struct twinfs_volume *volume);
int tw_v2_resize(struct twinfs_volume *volume, uint32_t block_count);

#endif
