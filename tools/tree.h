/* SPDX-License-Identifier: MIT */
/*
 * tree.h - an object of a volume with all that is below it, read into an
 * array, and the content of its files.
 *
 * Nodes know their parent and their own name only, so that memory grows with
 * the number of objects and not with the depth of the tree. The children of a
 * directory lie one behind the other, sorted by name, and behind their parent:
 * going backwards through the array meets every object before its directory.
 */
#ifndef TW_TOOL_TREE_H
#define TW_TOOL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/volume.h>
#include "text.h"

struct tw_tool_node {
	size_t parent;          /* of node 0: itself */
	size_t children, count; /* index and number of the children */
	char *name;             /* of node 0: "" */
	struct twinfs_stat stat;
	int error; /* negative errno of listing it; what could be read is there */
};

struct tw_tool_tree {
	struct tw_tool_node *nodes; /* node 0 is the object asked for */
	size_t count, room;
};

/*
 * Reads the object of @stat, its children, and with @recursive all below.
 * 0 or -ENOMEM; trouble with one directory is kept in its node.
 */
int tw_tool_tree_read(struct twinfs_volume *volume, const struct twinfs_stat *stat, bool recursive,
	struct tw_tool_tree *ret_tree);
void tw_tool_tree_release(struct tw_tool_tree *tree);

#define _cleanup_tree_ __attribute__((cleanup(tw_tool_tree_release)))

/* The node that follows @node when directories come before their content; 0 at the end. */
size_t tw_tool_tree_next(const struct tw_tool_tree *tree, size_t node);

/*
 * Sets @ret_path to the path of @node behind @base, which is the path of node
 * 0; base "/" gives "/a", not "//a". 0 or -ENOMEM.
 */
int tw_tool_tree_path(const struct tw_tool_tree *tree, size_t node, const char *base,
	struct tw_tool_text *ret_path);

/*
 * Hands the content of a file to @sink piece by piece. Returns 0, a negative
 * errno of the volume, or what @sink returned when it was not 0.
 */
int tw_tool_read_file(struct twinfs_volume *volume, uint64_t ino,
	int (*sink)(void *ctx, const void *data, size_t len), void *ctx);

#endif
