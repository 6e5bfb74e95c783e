/* SPDX-License-Identifier: MIT */
/*
 * factory_space.h - how many blocks a tree will take, before any is written.
 */
#ifndef TW_MODULE_FACTORY_SPACE_H
#define TW_MODULE_FACTORY_SPACE_H

#include <stddef.h>
#include <twinfs/volume.h>

#include "factory_tree.h"

/*
 * Blocks that a volume made with @config needs for the whole @tree with
 * @table_len bytes of checksum.json (0: none): of version 1 exactly, of version
 * 2 at least. 0: out of memory.
 */
uint64_t tw_factory_user_blocks(const struct tw_tree *tree, size_t table_len,
	const struct twinfs_volume_config *config);

/* The same for the backup partition: what is marked, under usr/, table and flag. */
uint64_t tw_factory_backup_blocks(const struct tw_tree *tree, size_t table_len,
	const struct twinfs_volume_config *config);

#endif
