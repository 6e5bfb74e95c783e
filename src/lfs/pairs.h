/* SPDX-License-Identifier: MIT */
/*
 * pairs.h - metadata pairs on the thread in memory: linked, dropped, moved.
 *
 * A pair that moved to another block is unsettled: first the entry of its
 * directory in the parent, then the thread must name its new place. It holds what
 * it held until then, so a move changes nothing that can be seen.
 */
#ifndef TW_LFS_PAIRS_H
#define TW_LFS_PAIRS_H

#include "state.h"

/* Puts @mdir on the thread in memory, behind @before. */
void tw_pair_link(struct tw_mdir *before, struct tw_mdir *mdir);

/* Makes @mdir the last pair of a directory. */
void tw_pair_append(struct tw_node *dir, struct tw_mdir *mdir);

/* Takes a pair off the thread in memory, gives back its blocks, frees it. */
void tw_pair_drop(struct twinfs_volume *volume, struct tw_mdir *mdir);

/* The first word of a block: whatever is there, or 0. */
uint32_t tw_pair_stale_revision(const struct tw_area *area, uint32_t block);

/*
 * Two fresh blocks as a pair that nothing refers to; its first version will be
 * newer than what stands in the block that is not written. -ENOSPC, -ENOMEM.
 */
int tw_pair_new(struct twinfs_volume *volume, struct tw_mdir **ret_mdir);

/*
 * Gives a pair that nobody knows yet another block to be written next, and takes
 * the one it has out of use. -ENOSPC.
 */
int tw_pair_replace_half(struct twinfs_volume *volume, struct tw_mdir *mdir);

/* The pair with just these blocks, or NULL. */
struct tw_mdir *tw_pair_find(const struct twinfs_volume *volume, struct tw_pair pair);

/* The version just written is the one in force. */
void tw_pair_swap_halves(struct tw_mdir *mdir);

/* Nobody has to be told of a move, since nobody knows the pair. */
void tw_pair_forget_move(struct twinfs_volume *volume, struct tw_mdir *mdir);

/* The pair that holds the entry of the directory that begins with @mdir, or NULL. */
struct tw_mdir *tw_pair_parent(const struct tw_mdir *mdir);

/* What a commit says that is to be made again when volume->mover has moved. */
#define TW_PAIR_MOVES 2

/*
 * How a version of the format tells of a move: commits, which may say that
 * another pair has to move first.
 */
struct tw_pair_news {
	/* the entry in @parent is to name @mdir */
	int (*tell_parent)(struct twinfs_volume *volume, struct tw_mdir *mdir,
		struct tw_mdir *parent);
	/* the tail of mdir->prev is to name @mdir */
	int (*tell_thread)(struct twinfs_volume *volume, struct tw_mdir *mdir);
};

/*
 * Gives a pair another block to be written next, empty, and tells of it. The one
 * it leaves is taken out of use when @is_bad, else freed when the thread names the
 * new place. On failure the pair is as it was, or the thread has to be told later:
 * on the chip and in memory it holds the same either way. -EIO (the superblock
 * pair has no other place), -ENOSPC.
 */
int tw_pair_move(struct twinfs_volume *volume, struct tw_mdir *mdir, bool is_bad,
	const struct tw_pair_news *news);

/* Tells of all moves that are not known. Before every commit; errors as above. */
int tw_pair_settle(struct twinfs_volume *volume, const struct tw_pair_news *news);

#endif
