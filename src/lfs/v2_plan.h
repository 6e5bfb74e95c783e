/* SPDX-License-Identifier: MIT */
/*
 * v2_plan.h - one commit of one pair in the making, for the files that write it.
 *
 * The state of the thread is the XOR over the shares of all pairs on it. What
 * it should be is volume->wanted: the next commit to a pair on the thread makes
 * it so. A pair that has moved is not on the thread until that names its new
 * place: until then its commits leave the state alone.
 */
#ifndef TW_LFS_V2_PLAN_H
#define TW_LFS_V2_PLAN_H

#include "v2.h"
#include "v2_log.h"

struct tw_v2_plan {
	struct twinfs_volume *volume;
	struct tw_mdir *mdir;
	const struct tw_v2_edit *edit;
	struct tw_node *dropped; /* as in edit, or the source of a rename that is pending */
	struct tw_node *list[TW_V2_ENTRIES_MAX + 1]; /* the entries it comes to */
	unsigned count;
	struct tw_pair tail;
	bool more;
	struct tw_mdir *pieces; /* fresh pairs that take the end of the list, in order */
	struct tw_node *copy;   /* of the superblock, which the rest moves away from */
	uint32_t added_off, body_off, attr_off; /* where an added commit has these */
};

/* A whole entry: NAME, STRUCT, ATTRs. The chip's errors. */
int tw_v2_put_entry(struct tw_v2_plan *plan, struct tw_v2_log_writer *writer, unsigned id,
	const struct tw_node *node);

/* What the edit changes, as tags that follow a log. The chip's errors. */
int tw_v2_put_changes(struct tw_v2_plan *plan, struct tw_v2_log_writer *writer);

void tw_v2_put_tail(struct tw_v2_log_writer *writer, struct tw_pair tail, bool more);

/* The share of the state that @mdir is to have when its next version is written. */
struct tw_gstate tw_v2_next_share(const struct tw_v2_plan *plan, const struct tw_mdir *mdir);
void tw_v2_put_share(struct tw_v2_log_writer *writer, const struct tw_gstate *share);

/* The version of @mdir that @writer built is on the chip. */
void tw_v2_take_version(struct tw_v2_plan *plan, struct tw_mdir *mdir,
	const struct tw_v2_log_writer *writer, const struct tw_gstate *share);

/*
 * Whether a write that failed has put its commit on the chip all the same, so
 * that the next mount would see it: only what follows the CRC is missing. Then
 * it has been made, and @writer ends where the commit does.
 */
bool tw_v2_took_effect(const struct tw_v2_plan *plan, uint32_t block, uint32_t rev,
	struct tw_v2_log_writer *writer, uint32_t from);

/* The edit is on the chip: the nodes it names become what it says. */
void tw_v2_apply(struct tw_v2_plan *plan);

/* Puts the list into @mdir, which has room for it. */
void tw_v2_fill(struct tw_mdir *mdir, struct tw_node *const *list, unsigned count);

/* Notes where things stand in an entry whose NAME tag is at @off; returns where it ends. */
uint32_t tw_v2_lay_out(struct tw_node *node, uint32_t off);

/* The same for all entries of a pair that was written anew. */
void tw_v2_lay_out_all(struct tw_mdir *mdir);

/*
 * Whether the edit makes the pair larger than what leaves room for what must never fail
 * for lack of it: deleting an entry, with the end of a rename or a new tail.
 */
bool tw_v2_is_crowded(const struct tw_v2_plan *plan);

/*
 * Writes the whole pair to its other block, or to a fresh one, split if it is too
 * large. As tw_v2_commit(), but nobody is told of a move yet.
 */
int tw_v2_write_anew(struct tw_v2_plan *plan);

#endif
