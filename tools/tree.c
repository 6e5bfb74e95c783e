/* SPDX-License-Identifier: MIT */
/*
 * tree.c - reads objects of a volume, without recursion.
 */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (128u << 10)

struct listing {
	struct tw_tool_tree *tree;
	size_t parent;
};

static int add_node(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct listing *listing = ctx;
	struct tw_tool_tree *tree = listing->tree;
	char *copy;

	if (tree->count == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 64;
		struct tw_tool_node *more = reallocarray(tree->nodes, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		tree->nodes = more;
		tree->room = room;
	}
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	tree->nodes[tree->count++] =
		(struct tw_tool_node){.parent = listing->parent, .name = copy, .stat = *stat};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct tw_tool_node *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* A volume never has a directory under two parents, so this comes to an end. */
static int read_children(struct tw_tool_tree *tree, struct twinfs_volume *volume, size_t node)
{
	struct listing listing = {tree, node};
	size_t first = tree->count;
	int code = twinfs_volume_list(volume, tree->nodes[node].stat.ino, add_node, &listing);

	if (code == -ENOMEM)
		return code;
	tree->nodes[node].error = code;
	tree->nodes[node].children = first;
	tree->nodes[node].count = tree->count - first;
	qsort(tree->nodes + first, tree->count - first, sizeof(*tree->nodes), by_name);
	return 0;
}

int tw_tool_tree_read(struct twinfs_volume *volume, const struct twinfs_stat *stat, bool recursive,
	struct tw_tool_tree *ret_tree)
{
	struct tw_tool_tree tree = {0};
	int code = add_node(&(struct listing){&tree, 0}, "", stat);

	for (size_t i = 0; code >= 0 && i < (recursive ? tree.count : 1); i++)
		if (tree.nodes[i].stat.type == TWINFS_DIR)
			code = read_children(&tree, volume, i);
	if (code < 0) {
		tw_tool_tree_release(&tree);
		return code;
	}
	*ret_tree = tree;
	return 0;
}

void tw_tool_tree_release(struct tw_tool_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->nodes[i].name);
	free(tree->nodes);
	*tree = (struct tw_tool_tree){0};
}

size_t tw_tool_tree_next(const struct tw_tool_tree *tree, size_t node)
{
	if (tree->nodes[node].count)
		return tree->nodes[node].children;
	while (node) {
		const struct tw_tool_node *parent = &tree->nodes[tree->nodes[node].parent];

		if (node + 1 < parent->children + parent->count)
			return node + 1;
		node = tree->nodes[node].parent;
	}
	return 0;
}

int tw_tool_tree_path(const struct tw_tool_tree *tree, size_t node, const char *base,
	struct tw_tool_text *ret_path)
{
	size_t len = strcmp(base, "/") ? strlen(base) : 0, at;

	for (size_t i = node; i; i = tree->nodes[i].parent)
		len += 1 + strlen(tree->nodes[i].name);
	if (ret_path->room <= len) {
		char *more = realloc(ret_path->data, 2 * len + 64);

		if (!more)
			return -ENOMEM;
		ret_path->data = more;
		ret_path->room = 2 * len + 64;
	}
	ret_path->len = len;
	ret_path->data[len] = '\0';
	for (size_t i = node; i; i = tree->nodes[i].parent) {
		at = strlen(tree->nodes[i].name);
		len -= at;
		memcpy(ret_path->data + len, tree->nodes[i].name, at);
		ret_path->data[--len] = '/';
	}
	memcpy(ret_path->data, base, len);
	if (!ret_path->len)
		return tw_tool_text_add(ret_path, "/", 1);
	return 0;
}

static int read_open_file(struct twinfs_volume *volume, uint64_t ino,
	int (*sink)(void *ctx, const void *data, size_t len), void *ctx)
{
	char *piece = malloc(PIECE);
	uint64_t off = 0;
	int64_t got;
	int code = 0;

	if (!piece)
		return -ENOMEM;
	do {
		got = twinfs_volume_read(volume, ino, piece, PIECE, off);
		if (got < 0)
			code = (int)got;
		else if (got > 0)
			code = sink(ctx, piece, (size_t)got);
		off += got > 0 ? (uint64_t)got : 0;
	} while (!code && got > 0);
	free(piece);
	return code;
}

int tw_tool_read_file(struct twinfs_volume *volume, uint64_t ino,
	int (*sink)(void *ctx, const void *data, size_t len), void *ctx)
{
	int code = twinfs_volume_open(volume, ino);

	if (code < 0)
		return code;
	code = read_open_file(volume, ino, sink, ctx);
	twinfs_volume_close(volume, ino);
	return code;
}
