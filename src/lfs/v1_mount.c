/* SPDX-License-Identifier: MIT */
/*
 * v1_mount.c - builds the tree of a version 1 volume in memory.
 *
 * Names are found through the tree, never through the thread: after a power
 * cut the thread may still show a removed directory or an outdated half
 * (section 8). The thread is walked afterwards, to know every pair's
 * predecessor and what is to be repaired. Every pair is loaded once: a table
 * with one place a block is both the cycle check and the way from a tail to
 * the pair in memory.
 */
#include "v1.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/sparse.h"
#include "index.h"
#include "pairs.h"
#include "v1_keys.h"

struct scan {
	struct twinfs_volume *volume;
	struct tw_sparse by_block; /* pair that owns a block */
	struct tw_node *work;      /* directories still to be loaded */
	struct tw_node *marked;    /* entries with the moving mark, not judged yet */
	bool is_shared;            /* a directory goes on in blocks of another one */
};

static int new_entry_node(struct twinfs_volume *volume, const struct tw_v1_entry *entry,
	struct tw_node **ret_node)
{
	enum tw_kind kind = !entry->name                      ? TW_OPAQUE
			    : tw_v1_is_chain(entry->type)     ? TW_FILE
			    : tw_v1_is_directory(entry->type) ? TW_DIRECTORY
							      : TW_OPAQUE;
	bool is_opaque = kind == TW_OPAQUE;
	struct tw_node *node;
	int rc = tw_node_new(volume, kind, is_opaque ? (const uint8_t *)"" : entry->name,
		is_opaque ? 0 : entry->name_len, &node);

	if (rc)
		return rc;
	node->tag = entry->type;
	node->payload_len = entry->payload_len;
	node->attr_len = entry->attr_len;
	if (kind == TW_FILE) {
		node->file.head = entry->payload[0];
		node->file.size = entry->payload[1];
	} else if (kind == TW_DIRECTORY) {
		node->dir.pair = (struct tw_pair){{entry->payload[0], entry->payload[1]}};
	}
	rc = is_opaque ? tw_node_set_extra(node, entry->raw, entry->len)
		       : tw_node_set_extra(node, entry->extra, entry->extra_len);
	if (rc)
		tw_node_free(volume, node);
	else
		*ret_node = node;
	return rc;
}

/* Files and directories of known types are shown; all structures are followed. */
static void accept_entry(struct scan *scan, struct tw_node *dir, struct tw_node *node)
{
	uint8_t type = node->tag & ~TW_V1_MARK;

	if (type == TW_V1_TYPE_FILE || type == TW_V1_TYPE_DIR)
		tw_node_link(scan->volume, dir, node);
	if (node->kind == TW_DIRECTORY)
		tw_node_push(&scan->work, node);
}

static int load_entries(struct scan *scan, struct tw_mdir *mdir, const struct tw_v1_half *half)
{
	uint32_t off = TW_V1_HEADER_SIZE;
	struct tw_v1_entry entry;

	while (tw_v1_next_entry(half, &off, &entry)) {
		struct tw_node *node;
		int rc = tw_mdir_reserve(mdir, mdir->count + 1);

		if (!rc)
			rc = new_entry_node(scan->volume, &entry, &node);
		if (rc)
			return rc;
		tw_mdir_append(mdir, node);
		if (node->kind != TW_OPAQUE && node->tag & TW_V1_MARK) {
			node->parent = mdir->dir;
			tw_node_push(&scan->marked, node);
		} else if (mdir->dir) {
			accept_entry(scan, mdir->dir, node);
		}
	}
	return 0;
}

static struct tw_mdir *owner(const struct scan *scan, struct tw_pair pair)
{
	for (unsigned i = 0; i < 2; i++) {
		struct tw_mdir *mdir = pair.block[i] < scan->volume->area.block_count
					       ? tw_sparse_get(&scan->by_block, pair.block[i])
					       : NULL;

		if (mdir)
			return mdir;
	}
	return NULL;
}

static int new_mdir(struct scan *scan, const struct tw_v1_half *half, struct tw_mdir **ret_mdir)
{
	struct tw_mdir *mdir;
	int rc = tw_mdir_new(scan->volume, half->pair, &mdir);

	if (rc)
		return rc;
	mdir->rev = half->rev;
	mdir->len = half->len;
	mdir->more = half->more;
	mdir->tail = half->tail;
	for (unsigned i = 0; !rc && i < 2; i++)
		rc = tw_sparse_put(&scan->by_block, half->pair.block[i], mdir);
	*ret_mdir = mdir;
	return rc;
}

/* Loads the pairs of one directory. Damage is noted in it; only lack of memory fails. */
static int load_directory(struct scan *scan, struct tw_node *dir)
{
	struct tw_pair pair = dir->dir.pair;

	for (;;) {
		struct tw_v1_half half;
		struct tw_mdir *mdir;
		/* A pair seen before would make the tree endless. */
		bool is_shared = owner(scan, pair);
		int rc = is_shared ? -EUCLEAN : tw_v1_fetch(&scan->volume->area, pair, &half);

		scan->is_shared |= is_shared;
		if (rc) {
			dir->damage = rc;
			return rc == -ESHUTDOWN ? rc : 0;
		}
		rc = new_mdir(scan, &half, &mdir);
		if (rc)
			return rc;
		tw_pair_append(dir, mdir);
		rc = load_entries(scan, mdir, &half);
		if (rc || !mdir->more)
			return rc;
		pair = mdir->tail;
	}
}

static int load_pending(struct scan *scan)
{
	int rc = 0;

	while (!rc && scan->work)
		rc = load_directory(scan, tw_node_pop(&scan->work));
	return rc;
}

/* ---- moving marks (sections 12.1, 13.4) ---- */

/* One that is not void is shown. Where its name is another's it stays as it is. */
static void accept_marked(struct scan *scan, struct tw_node *node)
{
	accept_entry(scan, node->parent, node);
	if (!node->is_visible)
		scan->volume->pending.marks--;
}

/*
 * A marked entry is void when an unmarked one has the same payload. For a
 * directory that means its pair was reached by another name: marked ones are
 * looked at only when nothing unmarked is left to load.
 */
static int judge_marked_directories(struct scan *scan, struct tw_node **ret_files)
{
	int rc = 0;

	while (!rc && scan->marked) {
		struct tw_node *node = tw_node_pop(&scan->marked);

		scan->volume->pending.marks++;
		if (node->kind == TW_FILE) {
			tw_node_push(ret_files, node);
		} else if (owner(scan, node->dir.pair)) {
			node->is_void = true;
		} else {
			accept_marked(scan, node);
			rc = load_pending(scan);
		}
	}
	return rc;
}

static int collect_unmarked(const struct tw_index *index, struct tw_v1_keys *keys)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < index->slot_count; i++) {
		const struct tw_node *node = index->slots[i].node;

		if (node && node->kind == TW_FILE && !(node->tag & TW_V1_MARK))
			rc = tw_v1_keys_add(keys, node->file.head, node->file.size);
	}
	tw_v1_keys_sort(keys);
	return rc;
}

/* Every empty file has the same payload: a marked one is never taken for void. */
static int judge_marked_files(struct scan *scan, struct tw_node *files)
{
	_cleanup_(tw_v1_keys_release) struct tw_v1_keys keys = {0};
	int rc = collect_unmarked(&scan->volume->index, &keys);

	while (!rc && files) {
		struct tw_node *node = tw_node_pop(&files);

		if (node->file.size && tw_v1_keys_has(&keys, node->file.head, node->file.size))
			node->is_void = true;
		else
			accept_marked(scan, node);
	}
	return rc;
}

static int judge_marks(struct scan *scan)
{
	struct tw_node *files = NULL;
	int rc = judge_marked_directories(scan, &files);

	return rc || !files ? rc : judge_marked_files(scan, files);
}

/* ---- the thread (section 8) ---- */

/* A pair that the tree does not know: loaded, so that its blocks count as used. */
static int load_stray(struct scan *scan, struct tw_pair pair, struct tw_mdir **ret_mdir)
{
	struct tw_v1_half half;
	int rc = tw_v1_fetch(&scan->volume->area, pair, &half);

	if (!rc)
		rc = new_mdir(scan, &half, ret_mdir);
	if (!rc)
		rc = load_entries(scan, *ret_mdir, &half);
	return rc;
}

/* Whether the thread may go from @prev to @next: only once, and not into a directory's middle. */
static bool is_step(const struct tw_mdir *prev, const struct tw_mdir *next)
{
	if (prev->more)
		return next->dir == prev->dir && (!next->prev || next->prev == prev);
	return !next->prev;
}

/* Follows the tail of @prev; *@ret_next is NULL at the end. */
static int follow(struct scan *scan, struct tw_mdir *prev, struct tw_mdir **ret_next)
{
	struct tw_mdir *next = NULL;
	int rc = 0;

	if (!tw_pair_is_nil(prev->tail)) {
		next = owner(scan, prev->tail);
		if (!next)
			rc = load_stray(scan, prev->tail, &next);
		else if (next == scan->volume->superblock || !is_step(prev, next))
			rc = -EUCLEAN;
	}
	*ret_next = next;
	return rc;
}

static int walk_thread(struct scan *scan)
{
	struct twinfs_volume *volume = scan->volume;
	struct tw_mdir *prev = volume->superblock, *next;
	int rc = 0;

	while (!rc) {
		rc = follow(scan, prev, &next);
		if (rc || !next)
			break;
		prev->next = next;
		next->prev = prev;
		prev = next;
	}
	if (rc == -EUCLEAN || rc == -EBADMSG) {
		volume->thread_damage = rc;
		rc = 0;
	}
	return rc;
}

/* Whether a directory that could not be loaded names a block of another pair. */
static bool names_others(const struct scan *scan)
{
	const struct tw_index *index = &scan->volume->index;

	for (uint32_t i = 0; i < index->slot_count; i++) {
		const struct tw_node *node = index->slots[i].node;

		if (node && node->kind == TW_DIRECTORY && node->damage && !node->dir.first &&
			owner(scan, node->dir.pair))
			return true;
	}
	return scan->is_shared;
}

/*
 * Every pair of the tree must be on the thread, and belong to one directory: else
 * writing one would change another, or be lost.
 */
static void check_reach(const struct scan *scan)
{
	struct twinfs_volume *volume = scan->volume;
	struct tw_mdir *mdir;

	LIST_FOREACH(mdir, &volume->mdirs, all)
	if (mdir->dir && !mdir->prev)
		break;
	if ((mdir || names_others(scan)) && !volume->thread_damage)
		volume->thread_damage = -EUCLEAN;
}

/* Notes the blocks that some directory entry names, wherever it stands. */
static int note_named(const struct twinfs_volume *volume, struct tw_sparse *by_block)
{
	const struct tw_index *index = &volume->index;
	int rc = tw_sparse_init(by_block, volume->area.block_count, sizeof(struct tw_node *));

	for (uint32_t i = 0; !rc && i < index->slot_count; i++) {
		struct tw_node *node = index->slots[i].node;

		for (unsigned k = 0; !rc && node && node->kind == TW_DIRECTORY && k < 2; k++)
			if (node->dir.pair.block[k] < volume->area.block_count)
				rc = tw_sparse_put(by_block, node->dir.pair.block[k], node);
	}
	return rc;
}

/*
 * Finds removed directories and outdated pairs on the thread (section 13.2). A
 * directory that nothing names may be one that a damaged directory did name: then
 * none is taken for removed.
 */
static int judge_thread(struct twinfs_volume *volume)
{
	_cleanup_sparse_ struct tw_sparse named = {0};
	bool knows_all = !tw_index_has_damage(volume);
	int rc = note_named(volume, &named);

	if (rc)
		return rc;
	for (struct tw_mdir *prev = volume->superblock; prev->next; prev = prev->next) {
		struct tw_mdir *next = prev->next;

		if (prev->more)
			continue;
		if (!next->dir && knows_all && !tw_sparse_get(&named, next->pair.block[0]) &&
			!tw_sparse_get(&named, next->pair.block[1])) {
			next->is_orphan = true;
			volume->pending.orphans++;
		} else if (!tw_pair_is_same(prev->tail, next->pair)) {
			next->is_out_of_step = true;
			volume->pending.desyncs++;
		}
	}
	return 0;
}

/* ---- the superblock (section 6) ---- */

int tw_v1_new_root(struct twinfs_volume *volume, struct tw_pair pair,
	const struct twinfs_superblock *superblock, struct tw_node **ret_root)
{
	uint8_t extra[12];
	int rc = tw_node_new(volume, TW_DIRECTORY, "littlefs", 8, ret_root);

	tw_put_le32(extra, superblock->block_size);
	tw_put_le32(extra + 4, superblock->block_count);
	tw_put_le32(extra + 8, superblock->version);
	if (!rc)
		rc = tw_node_set_extra(*ret_root, extra, sizeof(extra));
	if (!rc) {
		(*ret_root)->tag = TW_V1_TYPE_SUPERBLOCK;
		(*ret_root)->payload_len = TW_V1_PAYLOAD_SIZE + sizeof(extra);
		(*ret_root)->dir.pair = pair;
	}
	return rc;
}

static int load_superblock(struct scan *scan, struct twinfs_error *err)
{
	struct twinfs_volume *volume = scan->volume;
	struct twinfs_superblock superblock;
	struct tw_v1_half half;
	struct tw_pair root;
	int rc = tw_v1_fetch(&volume->area, (struct tw_pair){{0, 1}}, &half);

	if (rc == -ESHUTDOWN)
		return rc;
	if (rc)
		return tw_fail(err, TWINFS_P_LFS_MAGIC, -EUCLEAN,
			"no littlefs superblock in blocks 0 and 1");
	rc = tw_v1_read_superblock(half.bytes, half.block_size, &superblock);
	if (rc)
		return tw_fail_at(err, rc == -ENOTSUP ? TWINFS_P_LFS_VERSION : TWINFS_P_LFS_MAGIC,
			rc, half.pair.block[0], tw_area_addr(&volume->area, half.pair.block[0]),
			rc == -ENOTSUP ? "littlefs version is not 1.0 or 1.1"
				       : "the superblock has no littlefs magic");
	root = (struct tw_pair){{tw_le32(half.bytes + 0x14), tw_le32(half.bytes + 0x18)}};
	rc = new_mdir(scan, &half, &volume->superblock);
	if (!rc)
		rc = tw_v1_new_root(volume, root, &superblock, &volume->root);
	if (!rc)
		rc = tw_mdir_reserve(volume->superblock, volume->superblock->count + 1);
	if (rc)
		return rc;
	tw_mdir_append(volume->superblock, volume->root);
	tw_node_push(&scan->work, volume->root);
	return 0;
}

int tw_v1_mount(struct twinfs_volume *volume, struct twinfs_error *err)
{
	struct scan scan = {.volume = volume};
	int rc;

	if (volume->area.block_count < 2)
		return tw_fail(err, TWINFS_P_LFS_MAGIC, -EUCLEAN, "fewer than two blocks");
	rc = tw_sparse_init(&scan.by_block, volume->area.block_count, sizeof(struct tw_mdir *));
	if (!rc)
		rc = load_superblock(&scan, err);
	if (!rc)
		rc = load_pending(&scan);
	if (!rc)
		rc = judge_marks(&scan);
	if (!rc)
		rc = walk_thread(&scan);
	if (!rc)
		check_reach(&scan);
	if (!rc)
		rc = judge_thread(volume);
	tw_sparse_release(&scan.by_block);
	return rc;
}
