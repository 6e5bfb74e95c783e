/* SPDX-License-Identifier: MIT */
/*
 * content.h - the content of files: read from the chip, changed in memory,
 * written as new blocks and then committed.
 *
 * All calls need the volume's lock: reading for reading, others for writing.
 */
#ifndef TW_LFS_CONTENT_H
#define TW_LFS_CONTENT_H

#include "state.h"

/* Size with what is not synced. */
uint32_t tw_content_size(const struct tw_node *node);

int tw_content_open(struct twinfs_volume *volume, struct tw_node *node);

/* Frees the node too when it was removed and this was the last close. */
void tw_content_close(struct twinfs_volume *volume, struct tw_node *node);

int64_t tw_content_read(struct twinfs_volume *volume, struct tw_node *node, void *buf, size_t len,
	uint64_t off);
int tw_content_view(struct twinfs_volume *volume, struct tw_node *node, size_t len, uint64_t off,
	struct twinfs_view *ret_view);

/* Leaves the node as it is: others may read it meanwhile. */
int tw_content_scan(struct twinfs_volume *volume, struct tw_node *node,
	const struct twinfs_scan *scan);
int64_t tw_content_write(struct twinfs_volume *volume, struct tw_node *node, const void *buf,
	size_t len, uint64_t off);
int tw_content_truncate(struct twinfs_volume *volume, struct tw_node *node, uint64_t size);
int tw_content_sync(struct twinfs_volume *volume, struct tw_node *node);
void tw_content_discard(struct twinfs_volume *volume, struct tw_node *node);

/*
 * Before an open file loses its entry: takes what it holds there into memory.
 * -ENOMEM, or the chip's errors.
 */
int tw_content_keep(struct twinfs_volume *volume, struct tw_node *node);

/*
 * The file is off the chip: gives back its blocks and the node, or leaves that
 * to the last close.
 */
void tw_content_removed(struct twinfs_volume *volume, struct tw_node *node);

#endif
