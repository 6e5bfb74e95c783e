/* SPDX-License-Identifier: MIT */
/*
 * index.c - nodes and metadata pairs in memory.
 */
#include "index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dirty.h"

enum {
	SLOTS_MIN = 64,
	BUCKETS_MIN = 64, /* a power of two, as every later size */
	ENTRIES_MIN = 8,
};

/* FNV-1a over the directory's number and the name. */
static uint32_t hash_name(const struct tw_node *dir, const char *name, size_t len)
{
	uint32_t hash = 2166136261u ^ (uint32_t)dir->ino * 2654435761u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash;
}

int tw_index_init(struct twinfs_volume *volume)
{
	struct tw_index *index = &volume->index;

	index->slots = calloc(SLOTS_MIN, sizeof(*index->slots));
	index->buckets = calloc(BUCKETS_MIN, sizeof(struct tw_node *));
	if (!index->slots || !index->buckets)
		return -ENOMEM;
	index->slot_room = SLOTS_MIN;
	index->slot_count = 1; /* number 0 names nothing, 1 will be the root */
	index->bucket_count = BUCKETS_MIN;
	return 0;
}

static void release_node(struct tw_node *node)
{
	if (node->kind == TW_FILE) {
		free(node->file.blocks);
		tw_dirty_free(node->file.dirty);
	} else if (node->kind == TW_DIRECTORY) {
		free(node->dir.order);
	}
	free(node->extra);
	free(node->attrs);
	free(node->name);
	free(node);
}

void tw_index_release(struct twinfs_volume *volume)
{
	struct tw_mdir *mdir;

	for (uint32_t i = 0; i < volume->index.slot_count; i++)
		if (volume->index.slots && volume->index.slots[i].node)
			release_node(volume->index.slots[i].node);
	while ((mdir = LIST_FIRST(&volume->mdirs)))
		tw_mdir_free(mdir);
	free(volume->index.slots);
	free(volume->index.buckets);
}

static int take_slot(struct tw_index *index, struct tw_node *node)
{
	uint32_t slot = index->free_slot;

	if (slot) {
		index->free_slot = index->slots[slot].next_free;
	} else {
		if (index->slot_count == index->slot_room) {
			struct tw_slot *more = reallocarray(index->slots,
				2 * (size_t)index->slot_room, sizeof(*more));

			if (!more)
				return -ENOMEM;
			memset(more + index->slot_room, 0, index->slot_room * sizeof(*more));
			index->slots = more;
			index->slot_room *= 2;
		}
		slot = index->slot_count++;
	}
	index->slots[slot].node = node;
	node->ino = (uint64_t)index->slots[slot].generation << 32 | slot;
	return 0;
}

int tw_node_set_name(struct tw_node *node, const void *name, size_t name_len)
{
	char *copy = malloc(name_len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, name, name_len);
	copy[name_len] = '\0';
	free(node->name);
	node->name = copy;
	node->name_len = (uint16_t)name_len;
	return 0;
}

int tw_node_set_extra(struct tw_node *node, const void *extra, size_t len)
{
	if (!len)
		return 0;
	node->extra = malloc(len);
	if (!node->extra)
		return -ENOMEM;
	memcpy(node->extra, extra, len);
	node->extra_len = (uint16_t)len;
	return 0;
}

int tw_node_new(struct twinfs_volume *volume, enum tw_kind kind, const void *name, size_t name_len,
	struct tw_node **ret_node)
{
	struct tw_node *node = calloc(1, sizeof(*node));

	if (!node)
		return -ENOMEM;
	node->kind = kind;
	if (tw_node_set_name(node, name, name_len) < 0 || take_slot(&volume->index, node) < 0) {
		release_node(node);
		return -ENOMEM;
	}
	*ret_node = node;
	return 0;
}

void tw_node_free(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_index *index = &volume->index;
	uint32_t slot = (uint32_t)node->ino;

	tw_node_unlink(volume, node);
	index->slots[slot].node = NULL;
	index->slots[slot].generation++;
	index->slots[slot].next_free = index->free_slot;
	index->free_slot = slot;
	release_node(node);
}

struct tw_node *tw_node_get(const struct twinfs_volume *volume, uint64_t ino)
{
	const struct tw_index *index = &volume->index;
	uint32_t slot = (uint32_t)ino;

	if (slot >= index->slot_count || index->slots[slot].generation != ino >> 32)
		return NULL;
	return index->slots[slot].node;
}

bool tw_index_has_damage(const struct twinfs_volume *volume)
{
	const struct tw_index *index = &volume->index;

	for (uint32_t i = 0; i < index->slot_count; i++)
		if (index->slots[i].node && index->slots[i].node->damage)
			return true;
	return false;
}

bool tw_name_is_valid(const char *name, size_t len)
{
	if (!len || memchr(name, '/', len) || memchr(name, '\0', len))
		return false;
	return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

static void grow_buckets(struct tw_index *index)
{
	uint32_t count = 2 * index->bucket_count;
	struct tw_node **buckets = calloc(count, sizeof(struct tw_node *));

	if (!buckets)
		return; /* longer chains are slower, not wrong */
	for (uint32_t i = 0; i < index->bucket_count; i++) {
		struct tw_node *node, *next;

		for (node = index->buckets[i]; node; node = next) {
			struct tw_node **bucket = &buckets[node->hash & (count - 1)];

			next = node->hash_next;
			node->hash_next = *bucket;
			*bucket = node;
		}
	}
	free(index->buckets);
	index->buckets = buckets;
	index->bucket_count = count;
}

void tw_node_link(struct twinfs_volume *volume, struct tw_node *dir, struct tw_node *node)
{
	struct tw_index *index = &volume->index;
	struct tw_node **bucket;

	node->parent = dir;
	if (!tw_name_is_valid(node->name, node->name_len) ||
		tw_node_find(volume, dir, node->name, node->name_len))
		return;
	if (index->visible >= index->bucket_count)
		grow_buckets(index);
	node->hash = hash_name(dir, node->name, node->name_len);
	bucket = &index->buckets[node->hash & (index->bucket_count - 1)];
	node->hash_next = *bucket;
	*bucket = node;
	node->is_visible = true;
	index->visible++;
	if (node->kind == TW_DIRECTORY)
		dir->dir.subdirs++;
}

void tw_node_unlink(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_index *index = &volume->index;
	struct tw_node **at = &index->buckets[node->hash & (index->bucket_count - 1)];

	if (!node->is_visible)
		return;
	while (*at != node)
		at = &(*at)->hash_next;
	*at = node->hash_next;
	node->is_visible = false;
	index->visible--;
	if (node->kind == TW_DIRECTORY)
		node->parent->dir.subdirs--;
	node->parent = NULL;
}

struct tw_node *tw_node_find(const struct twinfs_volume *volume, const struct tw_node *dir,
	const char *name, size_t len)
{
	const struct tw_index *index = &volume->index;
	uint32_t hash = hash_name(dir, name, len);
	struct tw_node *node = index->buckets[hash & (index->bucket_count - 1)];

	for (; node; node = node->hash_next)
		if (node->hash == hash && node->parent == dir && node->name_len == len &&
			!memcmp(node->name, name, len))
			return node;
	return NULL;
}

void tw_node_push(struct tw_node **list, struct tw_node *node)
{
	node->next_work = *list;
	*list = node;
}

struct tw_node *tw_node_pop(struct tw_node **list)
{
	struct tw_node *node = *list;

	*list = node->next_work;
	return node;
}

int tw_mdir_new(struct twinfs_volume *volume, struct tw_pair pair, struct tw_mdir **ret_mdir)
{
	struct tw_mdir *mdir = calloc(1, sizeof(*mdir));

	if (!mdir)
		return -ENOMEM;
	mdir->pair = pair;
	mdir->tail = (struct tw_pair){{TW_NIL, TW_NIL}};
	LIST_INSERT_HEAD(&volume->mdirs, mdir, all);
	*ret_mdir = mdir;
	return 0;
}

void tw_mdir_free(struct tw_mdir *mdir)
{
	LIST_REMOVE(mdir, all);
	free(mdir->entries);
	free(mdir);
}

int tw_mdir_reserve(struct tw_mdir *mdir, unsigned count)
{
	unsigned room = mdir->room ? mdir->room : ENTRIES_MIN;
	struct tw_node **more;

	while (room < count)
		room *= 2;
	if (room == mdir->room)
		return 0;
	more = reallocarray(mdir->entries, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	mdir->entries = more;
	mdir->room = room;
	return 0;
}

void tw_mdir_append(struct tw_mdir *mdir, struct tw_node *node)
{
	mdir->entries[mdir->count++] = node;
	node->mdir = mdir;
}

unsigned tw_mdir_find(const struct tw_mdir *mdir, const struct tw_node *node)
{
	unsigned i = 0;

	while (mdir->entries[i] != node)
		i++;
	return i;
}

void tw_mdir_take(struct tw_mdir *mdir, const struct tw_node *node)
{
	unsigned at = tw_mdir_find(mdir, node);

	mdir->count--;
	memmove(&mdir->entries[at], &mdir->entries[at + 1],
		(mdir->count - at) * sizeof(*mdir->entries));
}

void tw_mdir_replace(struct tw_mdir *mdir, const struct tw_node *old, struct tw_node *node)
{
	mdir->entries[tw_mdir_find(mdir, old)] = node;
	node->mdir = mdir;
}
