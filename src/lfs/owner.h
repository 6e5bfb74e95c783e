/* SPDX-License-Identifier: MIT */
/*
 * owner.h - whose a block is, and the path of an object.
 */
#ifndef TW_LFS_OWNER_H
#define TW_LFS_OWNER_H

#include "state.h"

/*
 * The path of @name in @dir, or with NULL of @dir itself, which may be a file
 * then. As twinfs_volume_path().
 */
int64_t tw_node_path(const struct twinfs_volume *volume, const struct tw_node *dir,
	const char *name, char *buf, size_t size);

#endif
