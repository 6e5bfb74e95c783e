/* SPDX-License-Identifier: MIT */
/*
 * factory_space.c - counts the blocks of a tree as littlefs will lay it out.
 *
 * Version 1 (littlefs v1 guide, sections 4.1, 7 and 9.1): a directory is pairs of blocks, filled
 * one behind the other: 20 bytes of header and CRC, 12 for each entry and its name. An empty file
 * has no block; block n of another begins with one pointer more than n has trailing zeros.
 *
 * Version 2 lays out content in the same way, but small files lie inline in the
 * pairs of their directory, and how many pairs a directory takes depends on its
 * history. So each counts for one, and the superblock, which shares the root's,
 * for none: a tree that passes may still turn out not to fit.
 */
#include "factory_space.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "factory_table.h"

enum {
	PAIR = 2,
	PAIR_OVERHEAD = 20,
	ENTRY_OVERHEAD = 12,
	POINTER_SIZE = 4,
	INLINE_PART = 8, /* a file of up to that part of a block may lie inline */
	INLINE_MAX = 1022,
};

struct count {
	const struct tw_tree *tree;
	uint32_t block_size;
	bool is_v2;
	uint64_t blocks;
	uint32_t *used; /* bytes in the last pair of each directory of the tree */
	uint32_t top;   /* the same for the directory that holds the tree */
};

static void add_dir(struct count *count, uint32_t *used)
{
	*used = PAIR_OVERHEAD;
	count->blocks += PAIR;
}

static void add_name(struct count *count, uint32_t *used, size_t name_len)
{
	uint32_t len = ENTRY_OVERHEAD + (uint32_t)name_len;

	if (count->is_v2)
		return;
	if (*used + len > count->block_size)
		add_dir(count, used);
	*used += len;
}

static void add_content(struct count *count, uint64_t size)
{
	uint64_t index = 0;

	if (count->is_v2 && size <= INLINE_MAX && size <= count->block_size / INLINE_PART)
		return;
	while (size) {
		uint64_t room = count->block_size;

		if (index)
			room -= POINTER_SIZE * ((uint64_t)__builtin_ctzll(index) + 1);
		size -= size < room ? size : room;
		count->blocks++;
		index++;
	}
}

/* The bytes used of the directory that @path lies in. */
static uint32_t *used_of_parent(struct count *count, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = NULL;

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return &count->top;
	parent = strndup(path, (size_t)(slash - path));
	if (!parent)
		return NULL;
	return &count->used[tw_tree_find(count->tree, parent) - count->tree->entries];
}

static bool add_entry(struct count *count, size_t index)
{
	const struct tw_tree_entry *entry = &count->tree->entries[index];
	const char *name;
	uint32_t *used = used_of_parent(count, entry->path, &name);

	if (!used)
		return false;
	add_name(count, used, strlen(name));
	if (entry->is_dir)
		add_dir(count, &count->used[index]);
	else
		add_content(count, entry->size);
	return true;
}

static bool add_tree(struct count *count, bool backup_only)
{
	_cleanup_free_ uint32_t *used = calloc(count->tree->count + 1, sizeof(*used));

	if (!used)
		return false;
	count->used = used;
	for (size_t i = 0; i < count->tree->count; i++)
		if ((!backup_only || count->tree->entries[i].in_backup) && !add_entry(count, i))
			return false;
	return true;
}

static void add_file(struct count *count, uint32_t *used, const char *name, uint64_t size)
{
	add_name(count, used, strlen(name));
	add_content(count, size);
}

static struct count begin(const struct tw_tree *tree, const struct twinfs_volume_config *config)
{
	bool is_v2 = config->disk_version >> 16 == 2;

	return (struct count){
		.tree = tree,
		.block_size = config->block_size,
		.is_v2 = is_v2,
		.blocks = is_v2 ? 0 : PAIR,
	};
}

uint64_t tw_factory_user_blocks(const struct tw_tree *tree, size_t table_len,
	const struct twinfs_volume_config *config)
{
	struct count count = begin(tree, config);

	add_dir(&count, &count.top);
	if (!add_tree(&count, false))
		return 0;
	if (table_len)
		add_file(&count, &count.top, TW_FACTORY_TABLE_NAME, table_len);
	return count.blocks;
}

uint64_t tw_factory_backup_blocks(const struct tw_tree *tree, size_t table_len,
	const struct twinfs_volume_config *config)
{
	struct count count = begin(tree, config);
	uint32_t root;

	add_dir(&count, &root);
	if (!table_len)
		return count.blocks;
	add_file(&count, &root, TW_FACTORY_TABLE_NAME, table_len);
	add_file(&count, &root, TW_FACTORY_FLAG_NAME, strlen(TW_FACTORY_FLAG_TEXT));
	add_name(&count, &root, strlen("usr"));
	add_dir(&count, &count.top);
	return add_tree(&count, true) ? count.blocks : 0;
}
