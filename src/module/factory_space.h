/* SPDX-License-Identifier: MIT */
/*
 * factory_space.h - how many blocks a tree will take, before any is written.
 */
#ifndef TW_MODULE_FACTORY_SPACE_H
#define TW_MODULE_FACTORY_SPACE_H

#include <stddef.h>

#include "factory_tree.h"

/*
 * Blocks of @block_size bytes that a littlefs v1 with the whole @tree needs,
 * with @table_len bytes of checksum.json (0: none). 0: out of memory.
 */
uint64_t tw_factory_user_blocks(const struct tw_tree *tree, size_t table_len, uint32_t block_size);

/* The same for the backup partition: what is marked, under usr/, table and flag. */
uint64_t tw_factory_backup_blocks(const struct tw_tree *tree, size_t table_len,
	uint32_t block_size);

#endif
