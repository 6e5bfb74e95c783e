/* SPDX-License-Identifier: MIT */
/*
 * node.c - the table of objects: two hash tables that grow together.
 *
 * Numbers are given in a row, so their low bits spread them evenly. When
 * growing fails for want of memory the chains get longer, nothing else.
 */
#include "node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 64u

static uint32_t hash_name(const struct tw_overlay_node *dir, const char *name)
{
	/* FNV-1a, the number of the directory in front of the name */
	uint32_t hash = (UINT32_C(2166136261) ^ (uint32_t)dir->ino) * UINT32_C(16777619);

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * UINT32_C(16777619);
	return hash;
}

static struct tw_overlay_node **ino_bucket(const struct tw_overlay_table *table, uint64_t ino)
{
	return &table->by_ino[ino & (table->bucket_count - 1)];
}

static struct tw_overlay_node **name_bucket(const struct tw_overlay_table *table, uint32_t hash)
{
	return &table->by_name[hash & (table->bucket_count - 1)];
}

static void enter_ino(const struct tw_overlay_table *table, struct tw_overlay_node *node)
{
	struct tw_overlay_node **bucket = ino_bucket(table, node->ino);

	node->next_by_ino = *bucket;
	*bucket = node;
}

static void enter_name(const struct tw_overlay_table *table, struct tw_overlay_node *node)
{
	struct tw_overlay_node **bucket = name_bucket(table, node->hash);

	node->next_by_name = *bucket;
	*bucket = node;
}

static int make_buckets(struct tw_overlay_table *table, size_t count)
{
	struct tw_overlay_node **by_ino = calloc(count, sizeof(struct tw_overlay_node *));
	struct tw_overlay_node **by_name = calloc(count, sizeof(struct tw_overlay_node *));

	if (!by_ino || !by_name) {
		free(by_ino);
		free(by_name);
		return -ENOMEM;
	}
	free(table->by_ino);
	free(table->by_name);
	table->by_ino = by_ino;
	table->by_name = by_name;
	table->bucket_count = count;
	return 0;
}

static void grow(struct tw_overlay_table *table)
{
	struct tw_overlay_node *node;

	if (table->count < table->bucket_count || make_buckets(table, table->bucket_count * 2))
		return;
	LIST_FOREACH(node, &table->all, all)
	{
		if (node->ino)
			enter_ino(table, node);
		if (node->parent)
			enter_name(table, node);
	}
}

static void free_node(struct tw_overlay_node *node)
{
	LIST_REMOVE(node, all);
	free(node->name);
	free(node);
}

int tw_overlay_table_init(struct tw_overlay_table *table, uint64_t first_ino)
{
	*table = (struct tw_overlay_table){.next_ino = first_ino};
	LIST_INIT(&table->all);
	return make_buckets(table, FIRST_BUCKETS);
}

void tw_overlay_table_release(struct tw_overlay_table *table)
{
	while (!LIST_EMPTY(&table->all))
		free_node(LIST_FIRST(&table->all));
	free(table->by_ino);
	free(table->by_name);
}

int tw_overlay_node_new(struct tw_overlay_table *table, enum tw_overlay_kind kind, const char *name,
	struct tw_overlay_node **ret_node)
{
	struct tw_overlay_node *node = calloc(1, sizeof(*node));
	char *copy = strdup(name);

	if (!node || !copy) {
		free(node);
		free(copy);
		return -ENOMEM;
	}
	grow(table);
	node->kind = kind;
	node->name = copy;
	LIST_INIT(&node->children);
	LIST_INSERT_HEAD(&table->all, node, all);
	table->count++;
	if (kind != TW_OVERLAY_WHITEOUT) {
		node->ino = table->next_ino++;
		enter_ino(table, node);
	}
	*ret_node = node;
	return 0;
}

void tw_overlay_node_free(struct tw_overlay_table *table, struct tw_overlay_node *node)
{
	struct tw_overlay_node **at;

	if (!node)
		return;
	if (node->ino) {
		at = ino_bucket(table, node->ino);
		while (*at != node)
			at = &(*at)->next_by_ino;
		*at = node->next_by_ino;
	}
	table->count--;
	free_node(node);
}

struct tw_overlay_node *tw_overlay_node_get(const struct tw_overlay_table *table, uint64_t ino)
{
	struct tw_overlay_node *node = ino ? *ino_bucket(table, ino) : NULL;

	while (node && node->ino != ino)
		node = node->next_by_ino;
	return node;
}

struct tw_overlay_node *tw_overlay_node_child(const struct tw_overlay_table *table,
	const struct tw_overlay_node *dir, const char *name)
{
	uint32_t hash = hash_name(dir, name);
	struct tw_overlay_node *node = *name_bucket(table, hash);

	while (node && (node->hash != hash || node->parent != dir || strcmp(node->name, name)))
		node = node->next_by_name;
	return node;
}

void tw_overlay_node_link(struct tw_overlay_table *table, struct tw_overlay_node *node,
	struct tw_overlay_node *dir)
{
	struct tw_overlay_node *replaced = tw_overlay_node_child(table, dir, node->name);

	node->is_opaque = replaced && (replaced->kind == TW_OVERLAY_WHITEOUT || replaced->lower);
	if (replaced)
		tw_overlay_node_remove(table, replaced);
	node->parent = dir;
	node->hash = hash_name(dir, node->name);
	LIST_INSERT_HEAD(&dir->children, node, sibling);
	enter_name(table, node);
}

void tw_overlay_node_unlink(struct tw_overlay_table *table, struct tw_overlay_node *node)
{
	struct tw_overlay_node **at = name_bucket(table, node->hash);

	while (*at != node)
		at = &(*at)->next_by_name;
	*at = node->next_by_name;
	LIST_REMOVE(node, sibling);
	node->parent = NULL;
}

void tw_overlay_node_settle(struct tw_overlay_table *table, struct tw_overlay_node *node)
{
	if (node->is_removed && !node->refs && !node->opens)
		tw_overlay_node_free(table, node);
}

/* A directory goes when it looks empty: below it are whiteouts only, one level. */
void tw_overlay_node_remove(struct tw_overlay_table *table, struct tw_overlay_node *node)
{
	struct tw_overlay_node *child;

	while ((child = LIST_FIRST(&node->children))) {
		tw_overlay_node_unlink(table, child);
		child->is_removed = true;
		tw_overlay_node_settle(table, child);
	}
	tw_overlay_node_unlink(table, node);
	node->is_removed = true;
	tw_overlay_node_settle(table, node);
}

void tw_overlay_node_prune(struct tw_overlay_table *table, struct tw_overlay_node *node)
{
	bool is_last = false;

	while (!is_last) {
		struct tw_overlay_node *deepest = node, *child;

		while ((child = LIST_FIRST(&deepest->children)))
			deepest = child;
		is_last = deepest == node;
		tw_overlay_node_remove(table, deepest);
	}
}
