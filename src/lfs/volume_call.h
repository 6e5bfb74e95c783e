/* SPDX-License-Identifier: MIT */
/*
 * volume_call.h - from numbers and names of a public call to nodes.
 */
#ifndef TW_LFS_VOLUME_CALL_H
#define TW_LFS_VOLUME_CALL_H

#include "base/fail.h"
#include "state.h"

/*
 * Finds @name in @dir. @ret_dir is set, and @ret_node is NULL, also with
 * -ENOENT and when the directory is damaged.
 */
int tw_call_find(struct twinfs_volume *volume, uint64_t dir, const char *name,
	struct tw_node **ret_dir, struct tw_node **ret_node);

/*
 * The node that carries the user attributes of an object; for the root the
 * first entry of its pair, whose attributes they are. -ESTALE, -ESHUTDOWN.
 */
int tw_call_attr_node(struct twinfs_volume *volume, uint64_t ino, struct tw_node **ret_node);
bool tw_call_has_attr(const struct tw_node *node, uint8_t type);

/* A file, open or not. -ESTALE, -EISDIR, -ESHUTDOWN. */
int tw_call_file(struct twinfs_volume *volume, uint64_t ino, struct tw_node **ret_node);

/* A file that is open. -ESTALE, -EISDIR, -EBADF, -ESHUTDOWN. */
int tw_call_open_file(struct twinfs_volume *volume, uint64_t ino, struct tw_node **ret_node);

#endif
