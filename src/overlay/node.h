/* SPDX-License-Identifier: MIT */
/*
 * node.h - the table of objects the overlay knows, by number and by name.
 *
 * A node is made when its name is looked up or listed for the first time, and
 * then stays while the object exists: numbers never change, and what is known
 * only in memory (whiteouts, where a renamed file came from) is not lost. So
 * the table grows with the objects of the image, not with the calls.
 *
 * A whiteout is a node without number: it says that the name of its directory
 * is hidden in the lower layer. It is there only while the name is free; a
 * node that is linked under the name takes its place.
 */
#ifndef TW_OVERLAY_NODE_H
#define TW_OVERLAY_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum tw_overlay_kind {
	TW_OVERLAY_FILE,
	TW_OVERLAY_DIR,
	TW_OVERLAY_WHITEOUT,
};

LIST_HEAD(tw_overlay_nodes, tw_overlay_node);

struct tw_overlay_node {
	uint64_t ino; /* 0: a whiteout */
	enum tw_overlay_kind kind;
	char *name;
	uint32_t hash;                  /* of the place, while it has one */
	struct tw_overlay_node *parent; /* NULL: the root, removed, or not linked yet */
	struct tw_overlay_nodes children;
	LIST_ENTRY(tw_overlay_node) sibling;
	LIST_ENTRY(tw_overlay_node) all;
	struct tw_overlay_node *next_by_ino, *next_by_name;
	/*
	 * Numbers in the layers, 0: none. A file has one of them; a merged
	 * directory both; a directory that hides a lower one (it was made
	 * where that was removed) only the upper.
	 */
	uint64_t upper, lower;
	uint64_t refs;    /* lookups not forgotten yet */
	unsigned opens;   /* while > 0 the file is pinned once in its volume */
	bool is_removed;  /* has no name any more */
	bool is_opaque;   /* a directory that took the place of something lower: never merged */
	int64_t mtime_ns; /* set while there was no upper object; 0: never set */
};

struct tw_overlay_table {
	struct tw_overlay_node **by_ino, **by_name;
	size_t bucket_count; /* of each, a power of two */
	size_t count;        /* nodes, with whiteouts */
	uint64_t next_ino;
	struct tw_overlay_nodes all;
};

/* 0 or -ENOMEM. Release takes a table whose init failed, too. */
int tw_overlay_table_init(struct tw_overlay_table *table, uint64_t first_ino);
void tw_overlay_table_release(struct tw_overlay_table *table);

/* A node with a name but no place. Whiteouts get no number. -ENOMEM. */
int tw_overlay_node_new(struct tw_overlay_table *table, enum tw_overlay_kind kind, const char *name,
	struct tw_overlay_node **ret_node);

/* Frees a node that has no place. NULL is allowed. */
void tw_overlay_node_free(struct tw_overlay_table *table, struct tw_overlay_node *node);

/* NULL when there is none. */
struct tw_overlay_node *tw_overlay_node_get(const struct tw_overlay_table *table, uint64_t ino);

/* What the table knows under @name in @dir, maybe a whiteout; NULL: nothing. */
struct tw_overlay_node *tw_overlay_node_child(const struct tw_overlay_table *table,
	const struct tw_overlay_node *dir, const char *name);

/*
 * Puts @node under its name into @dir. What is there, a whiteout or an object
 * that it replaces, is removed.
 */
void tw_overlay_node_link(struct tw_overlay_table *table, struct tw_overlay_node *node,
	struct tw_overlay_node *dir);

/* Takes @node out of its directory. */
void tw_overlay_node_unlink(struct tw_overlay_table *table, struct tw_overlay_node *node);

/* Unlinks @node for good, with what is below; frees what nobody uses. */
void tw_overlay_node_remove(struct tw_overlay_table *table, struct tw_overlay_node *node);

/* The same for a lower object that is gone below, with all that is known in it. */
void tw_overlay_node_prune(struct tw_overlay_table *table, struct tw_overlay_node *node);

/* Frees @node if it is removed and nobody uses it. */
void tw_overlay_node_settle(struct tw_overlay_table *table, struct tw_overlay_node *node);

#endif
