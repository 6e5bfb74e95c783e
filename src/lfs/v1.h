/* SPDX-License-Identifier: MIT */
/*
 * v1.h - what the files of the version 1 engine share: committing, and
 * loading pairs into the tree.
 */
#ifndef TW_LFS_V1_H
#define TW_LFS_V1_H

#include "v1_disk.h"

/*
 * One change of one pair. A commit writes the whole pair with the change and,
 * once it is on the chip, applies it to the tree in memory.
 */
struct tw_v1_edit {
	struct tw_node *update; /* this entry gets @tag and @payload */
	uint8_t tag;
	uint32_t payload[2];
	struct tw_node *drop;      /* this entry goes; its node is left without a pair */
	struct tw_node *add;       /* this entry comes, last */
	struct tw_node *old, *new; /* new takes the place of old, which is left without a pair */
	bool sets_tail;
	struct tw_pair tail;
	bool more; /* with sets_tail */
};

/* Whether @mdir has room for its entries after @edit. */
bool tw_v1_fits(const struct twinfs_volume *volume, const struct tw_mdir *mdir,
	const struct tw_v1_edit *edit);

/*
 * Writes a new version of the pair; when its block is bad, in another block,
 * and then tells the parent and the thread (section 14). 0, -ENOSPC (no room in
 * the pair, or no block to move to), -EUCLEAN (the superblock pair is bad),
 * -EIO, -ESHUTDOWN, -ENOMEM.
 */
int tw_v1_commit(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_v1_edit *edit);

/*
 * Makes a pair of @dir of two fresh blocks with @edit as its first content
 * (section 4.4). Nothing refers to it yet. Undone with tw_pair_drop().
 */
int tw_v1_new_pair(struct twinfs_volume *volume, struct tw_node *dir, const struct tw_v1_edit *edit,
	struct tw_mdir **ret_mdir);

/* Removes an entry; a continuation pair left empty goes with it (section 7). */
int tw_v1_remove_entry(struct twinfs_volume *volume, struct tw_node *node);

/* Type byte and payload of a node as they stand in its entry. */
static inline void tw_v1_payload(const struct tw_node *node, uint32_t ret_payload[2])
{
	ret_payload[0] = node->kind == TW_FILE ? node->file.head : node->dir.pair.block[0];
	ret_payload[1] = node->kind == TW_FILE ? node->file.size : node->dir.pair.block[1];
}

int tw_v1_mount(struct twinfs_volume *volume, struct twinfs_error *err);
int tw_v1_repair(struct twinfs_volume *volume);

/* Checks the blocks of a volume; as twinfs_volume_check(). */
int tw_v1_check(const struct tw_area *area,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx);

/* Formats the blocks of a volume that has an index, but nothing in it. */
int tw_v1_format(struct twinfs_volume *volume);

/* The superblock's root entry as a node; it is the parent of the root directory's pair. */
int tw_v1_new_root(struct twinfs_volume *volume, struct tw_pair pair,
	const struct twinfs_superblock *superblock, struct tw_node **ret_root);

#endif
