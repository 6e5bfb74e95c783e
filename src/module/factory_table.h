/* SPDX-License-Identifier: MIT */
/*
 * factory_table.h - which files of a new module are protected, and the table
 * that says so to the module.
 */
#ifndef TW_MODULE_FACTORY_TABLE_H
#define TW_MODULE_FACTORY_TABLE_H

#include <twinfs/factory.h>

#include "base/text.h"
#include "factory_tree.h"

#define TW_FACTORY_TABLE_NAME "checksum.json"
#define TW_FACTORY_FLAG_NAME  "backup_restore.json"
#define TW_FACTORY_FLAG_TEXT  "{\"enable\": 1}"

/*
 * Marks what @options want protected, and the directories above it, as part
 * of the backup; refuses, or warns of, what the module could not restore. Returns
 * 0, -ENOENT, -EISDIR, -EINVAL (an empty file; a name that is another's but for
 * case; a checksum.json in the tree).
 */
int tw_factory_mark(struct tw_tree *tree, const struct twinfs_factory_options *options,
	struct twinfs_error *err);

/*
 * Hashes the protected files of @tree, none over @limit bytes, and writes
 * checksum.json to @text, which is all zero at first: it stays so when
 * nothing is protected. Returns 0, -EINVAL (too long), and as tw_tree_read().
 */
int tw_factory_make_table(struct tw_tree *tree, const struct twinfs_factory_options *options,
	uint64_t limit, struct tw_text *text, struct twinfs_error *err);

#endif
