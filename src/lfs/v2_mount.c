/* SPDX-License-Identifier: MIT */
/*
 * v2_mount.c - builds the tree of a version 2 volume in memory (section 15).
 *
 * First the thread is walked: it says where the root is and what the global
 * state is, which hides an entry while a rename is pending. Then the tree is
 * walked from the root: its names are always current, while the thread may
 * still lead to an outdated version of a pair or to a removed directory. At
 * last the two are compared, to know what is to be repaired.
 *
 * Every pair is loaded once: a table with one place a block is both the cycle
 * check and the way from two numbers to the pair in memory.
 */
#include "v2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/sparse.h"
#include "index.h"
#include "pairs.h"
#include "v2_log.h"

struct scan {
	struct twinfs_volume *volume;
	struct tw_sparse by_block;           /* pair that was the first to claim a block */
	struct tw_node *work;                /* directories still to be loaded */
	struct tw_mdir *root;                /* last pair on the thread with a superblock */
	bool has_walked;                     /* the thread: what is loaded now is not on it */
	struct twinfs_superblock superblock; /* that one */
	bool is_shared; /* a directory, or a pending move, is in blocks of two */
};

/* ---- entries ---- */

static enum tw_kind kind_of(const struct tw_v2_entry *entry)
{
	const struct tw_body *body = &entry->body;

	if (entry->kind == TW_V2_NAME_DIR && body->form == TW_V2_FORM_DIR && body->len == 8)
		return TW_DIRECTORY;
	if (entry->kind == TW_V2_NAME_FILE && ((body->form == TW_V2_FORM_CTZ && body->len == 8) ||
						      body->form == TW_V2_FORM_INLINE))
		return TW_FILE;
	return TW_OPAQUE;
}

/* A time stamp as MicroPython keeps it: eight bytes, else it counts as absent. */
static void read_time(struct scan *scan, const struct tw_v2_log *log, struct tw_node *node)
{
	for (unsigned i = 0; node->attrs && i < node->attrs->count; i++) {
		const struct tw_attr *attr = &node->attrs->list[i];

		if (attr->type != TWINFS_ATTR_MTIME || attr->len != 8)
			continue;
		node->mtime_ns = (int64_t)tw_le64(log->bytes + attr->off);
		scan->volume->stores_mtime = true;
	}
}

static int new_node(struct scan *scan, const struct tw_v2_log *log, struct tw_v2_entry *entry,
	struct tw_node **ret_node)
{
	enum tw_kind kind = kind_of(entry);
	const uint8_t *body = log->bytes + entry->body.off;
	struct tw_node *node;
	int rc = tw_node_new(scan->volume, kind, log->bytes + entry->name_off, entry->name_len,
		&node);

	if (rc)
		return rc;
	node->tag = entry->kind;
	node->body = entry->body;
	node->attrs = tw_steal(&entry->attrs);
	if (kind == TW_DIRECTORY) {
		node->dir.pair = tw_v2_read_pair(body);
	} else if (kind == TW_FILE) {
		node->is_inline = entry->body.form == TW_V2_FORM_INLINE;
		node->file.head = node->is_inline ? TW_NIL : tw_le32(body);
		node->file.size = node->is_inline ? entry->body.len : tw_le32(body + 4);
		read_time(scan, log, node);
	}
	*ret_node = node;
	return 0;
}

/* ---- pairs ---- */

static struct tw_mdir *find(const struct scan *scan, struct tw_pair pair)
{
	for (unsigned i = 0; i < 2; i++) {
		struct tw_mdir *mdir = pair.block[i] < scan->volume->area.block_count
					       ? tw_sparse_get(&scan->by_block, pair.block[i])
					       : NULL;

		if (mdir && tw_pair_is_same(mdir->pair, pair))
			return mdir;
	}
	return NULL;
}

/* Whether a pair that was loaded has a block of @pair. */
static bool has_owner(const struct scan *scan, struct tw_pair pair)
{
	for (unsigned i = 0; i < 2; i++)
		if (pair.block[i] < scan->volume->area.block_count &&
			tw_sparse_get(&scan->by_block, pair.block[i]))
			return true;
	return false;
}

static int load_entries(struct scan *scan, struct tw_mdir *mdir, const struct tw_v2_log *log,
	struct tw_v2_content *content)
{
	int rc = tw_mdir_reserve(mdir, content->count);

	for (unsigned i = 0; !rc && i < content->count; i++) {
		struct tw_node *node;

		rc = new_node(scan, log, &content->entries[i], &node);
		if (!rc)
			tw_mdir_append(mdir, node);
	}
	return rc;
}

/* Whether the next commit may follow the log (section 8). */
static bool can_append(const struct twinfs_volume *volume, const struct tw_v2_log *log)
{
	if (!log->is_tidy || log->end % volume->area.prog_size)
		return false;
	return volume->version == TWINFS_LFS_2_0 || tw_v2_fcrc_holds(log);
}

static int load_log(struct scan *scan, const struct tw_v2_log *log, struct tw_v2_content *content,
	struct tw_mdir **ret_mdir)
{
	struct tw_mdir *mdir;
	int rc = tw_mdir_new(scan->volume, log->pair, &mdir);

	if (rc)
		return rc;
	mdir->rev = log->rev;
	mdir->len = log->end;
	mdir->chain = log->chain;
	mdir->can_append = can_append(scan->volume, log);
	mdir->more = content->more;
	mdir->tail = content->tail;
	mdir->share = content->share;
	for (unsigned i = 0; !rc && i < 2; i++)
		if (!tw_sparse_get(&scan->by_block, log->pair.block[i]))
			rc = tw_sparse_put(&scan->by_block, log->pair.block[i], mdir);
	*ret_mdir = mdir;
	return rc ? rc : load_entries(scan, mdir, log, content);
}

/*
 * Loads a pair. Two pairs may share a block, after a cut relocation; but each
 * must bring one that is new, or loading would never end.
 */
static int load_pair(struct scan *scan, struct tw_pair pair, struct tw_mdir **ret_mdir)
{
	_cleanup_(tw_v2_content_release) struct tw_v2_content content = {0};
	struct twinfs_superblock superblock;
	struct tw_v2_log log;
	int rc = tw_v2_fetch(&scan->volume->area, pair, false, &log);

	if (!rc && tw_sparse_get(&scan->by_block, pair.block[0]) &&
		tw_sparse_get(&scan->by_block, pair.block[1]))
		rc = -EUCLEAN;
	if (!rc)
		rc = tw_v2_fold(&log, &content);
	if (!rc)
		rc = load_log(scan, &log, &content, ret_mdir);
	if (!rc && !scan->has_walked && tw_v2_read_record(&log, &content, &superblock)) {
		scan->root = *ret_mdir;
		scan->superblock = superblock;
	}
	return rc;
}

static bool is_damage(int code)
{
	return code == -EUCLEAN || code == -EBADMSG || code == -EIO;
}

/* ---- the thread ---- */

/* A device does not mount such a volume either. */
static int refuse(const struct scan *scan, struct tw_pair pair, int why, struct twinfs_error *err)
{
	uint32_t block = pair.block[0];

	if (!scan->volume->superblock)
		return tw_fail(err, TWINFS_P_LFS_MAGIC, -EUCLEAN,
			"no littlefs superblock in blocks 0 and 1");
	return tw_fail_at(err, why == -EUCLEAN ? TWINFS_P_LFS_THREAD : TWINFS_P_LFS_PAIR, -EUCLEAN,
		block, tw_area_addr(&scan->volume->area, block), "pair {%u, %u} of the thread %s",
		block, pair.block[1],
		why == -EUCLEAN ? "is out of range, malformed, or there twice"
				: "has no valid block");
}

static int walk_thread(struct scan *scan, struct twinfs_error *err)
{
	struct twinfs_volume *volume = scan->volume;
	struct tw_pair pair = {{0, 1}};
	struct tw_mdir *prev = NULL, *mdir;
	int rc = 0;

	while (!rc && !tw_pair_is_nil(pair)) {
		rc = load_pair(scan, pair, &mdir);
		if (is_damage(rc))
			return refuse(scan, pair, rc, err);
		if (rc)
			break;
		tw_v2_add_state(&volume->gstate, &mdir->share);
		mdir->prev = prev;
		if (prev)
			prev->next = mdir;
		else
			volume->superblock = mdir;
		prev = mdir;
		pair = mdir->tail;
	}
	scan->has_walked = true;
	volume->gstate.word[0] &= ~TW_V2_RESERVED;
	volume->wanted = volume->gstate;
	return rc;
}

/* ---- the tree ---- */

/*
 * The source of a pending rename is there no more: it goes by another name already.
 * The superblock's entry has no other name, whatever the state says.
 */
static void hide_moved(struct scan *scan, const struct tw_mdir *mdir)
{
	struct twinfs_volume *volume = scan->volume;
	struct tw_pair pair;
	unsigned id;

	if (!tw_v2_pending_move(&volume->gstate, &pair, &id) ||
		!tw_pair_overlaps(pair, mdir->pair) || id >= mdir->count ||
		mdir->entries[id]->tag == TW_V2_NAME_SUPERBLOCK)
		return;
	/* with a block of two pairs in it, the move cannot be ended in one of them */
	scan->is_shared = scan->is_shared || volume->pending.marks;
	mdir->entries[id]->is_void = true;
	volume->pending.marks = 1;
}

static void accept_entries(struct scan *scan, struct tw_node *dir, const struct tw_mdir *mdir)
{
	hide_moved(scan, mdir);
	for (unsigned i = 0; i < mdir->count; i++) {
		struct tw_node *node = mdir->entries[i];

		if (node->is_void || node->kind == TW_OPAQUE)
			continue;
		tw_node_link(scan->volume, dir, node);
		if (node->kind == TW_DIRECTORY)
			tw_node_push(&scan->work, node);
	}
}

/* Loads the pairs of one directory. Damage is noted in it; only lack of memory fails. */
static int load_directory(struct scan *scan, struct tw_node *dir)
{
	struct tw_pair pair = dir->dir.pair;

	for (;;) {
		struct tw_mdir *mdir = find(scan, pair);
		int rc = mdir ? 0 : load_pair(scan, pair, &mdir);

		if (!rc && (mdir->dir || (mdir == scan->volume->superblock && mdir != scan->root)))
			rc = -EUCLEAN; /* two directories would share it */
		if (is_damage(rc)) {
			dir->damage = rc;
			scan->is_shared |= has_owner(scan, pair);
			return 0;
		}
		if (rc)
			return rc;
		tw_pair_append(dir, mdir);
		accept_entries(scan, dir, mdir);
		if (!mdir->more)
			return 0;
		pair = mdir->tail;
	}
}

static int walk_tree(struct scan *scan)
{
	struct twinfs_volume *volume = scan->volume;
	int rc = 0;

	volume->root->dir.pair = scan->root->pair;
	tw_node_push(&scan->work, volume->root);
	while (!rc && scan->work)
		rc = load_directory(scan, tw_node_pop(&scan->work));
	return rc;
}

/* ---- thread against tree (section 19) ---- */

/*
 * A pair of the tree that the thread has in an outdated version: cut between
 * telling the parent of a move and telling the thread. The two share a block.
 */
static void find_heirs(const struct scan *scan)
{
	struct tw_mdir *mdir;

	LIST_FOREACH(mdir, &scan->volume->mdirs, all)
	{
		for (unsigned i = 0; mdir->dir && i < 2; i++) {
			struct tw_mdir *old = tw_sparse_get(&scan->by_block, mdir->pair.block[i]);

			if (old != mdir && !old->dir && old->prev && !old->prev->more)
				old->heir = mdir;
		}
	}
}

static bool has_superblock(const struct tw_mdir *mdir)
{
	return mdir->count && mdir->entries[0]->tag == TW_V2_NAME_SUPERBLOCK;
}

/* A superblock that becomes the first entry of a pair when this one splits. */
static bool has_stray_superblock(const struct tw_mdir *mdir)
{
	for (unsigned i = 1; i < mdir->count; i++)
		if (mdir->entries[i]->tag == TW_V2_NAME_SUPERBLOCK)
			return true;
	return false;
}

/* Notes that @mdir is on the thread. -EUCLEAN: so is another pair with a block of it. */
static int take_blocks(struct tw_sparse *taken, struct tw_mdir *mdir)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < 2; i++)
		rc = tw_sparse_get(taken, mdir->pair.block[i])
			     ? -EUCLEAN
			     : tw_sparse_put(taken, mdir->pair.block[i], mdir);
	return rc;
}

/* Whether a directory that could not be loaded names a block of another pair. */
static bool names_others(const struct scan *scan)
{
	const struct tw_index *index = &scan->volume->index;

	for (uint32_t i = 0; i < index->slot_count; i++) {
		const struct tw_node *node = index->slots[i].node;

		if (node && node->kind == TW_DIRECTORY && node->damage && !node->dir.first &&
			has_owner(scan, node->dir.pair))
			return true;
	}
	return scan->is_shared;
}

/*
 * Whether each outdated pair has its blocks for itself, but for the one that its heir
 * has. @taken has the pairs of the thread when all heirs are in their places.
 */
static bool are_apart(const struct scan *scan, const struct tw_sparse *taken)
{
	const struct tw_mdir *old;

	LIST_FOREACH(old, &scan->volume->mdirs, all)
	for (unsigned i = 0; old->heir && i < 2; i++) {
		const struct tw_mdir *first = tw_sparse_get(&scan->by_block, old->pair.block[i]);
		const struct tw_mdir *now = tw_sparse_get(taken, old->pair.block[i]);

		if ((first != old && first != old->heir) || (now && now != old->heir))
			return false;
	}
	return true;
}

/*
 * Every pair of the tree must be on the thread, when all heirs are in their places,
 * and each must have its blocks for itself: else writing one would change another.
 */
static int check_reach(const struct scan *scan)
{
	_cleanup_sparse_ struct tw_sparse taken = {0};
	struct twinfs_volume *volume = scan->volume;
	uint32_t reached = 0, in_tree = 0;
	bool is_behind_root = false;
	struct tw_mdir *mdir;
	int rc = tw_sparse_init(&taken, volume->area.block_count, sizeof(mdir));

	if (!rc && names_others(scan))
		return -EUCLEAN;
	for (mdir = volume->superblock;;) {
		rc = rc ? rc : take_blocks(&taken, mdir);
		if (rc)
			return rc;
		if ((is_behind_root && has_superblock(mdir)) || has_stray_superblock(mdir))
			return -EUCLEAN; /* it would be taken for the root's the next time */
		is_behind_root = is_behind_root || mdir == scan->root;
		mdir->is_reached = true;
		reached += mdir->dir != NULL;
		if (tw_pair_is_nil(mdir->tail))
			break;
		mdir = find(scan, mdir->tail);
		if (!mdir)
			return -EUCLEAN;
		if (mdir->heir)
			mdir = mdir->heir;
	}
	LIST_FOREACH(mdir, &volume->mdirs, all)
	in_tree += mdir->dir != NULL;
	return reached == in_tree && are_apart(scan, &taken) ? 0 : -EUCLEAN;
}

/* Whether a pair that no entry names goes on in one of the tree. */
static bool goes_on_in_tree(const struct tw_mdir *mdir)
{
	while (mdir->more && mdir->next) {
		mdir = mdir->next;
		if (mdir->dir)
			return true;
	}
	return false;
}

/*
 * Only with the flag is a pair that no entry names garbage for sure, and only when
 * all entries are known: a damaged directory may be what named it.
 */
static void judge_thread(struct scan *scan)
{
	struct twinfs_volume *volume = scan->volume;
	bool is_flagged = volume->gstate.word[0] & TW_V2_ORPHANS && !tw_index_has_damage(volume);

	for (struct tw_mdir *prev = volume->superblock; prev->next; prev = prev->next) {
		struct tw_mdir *mdir = prev->next;

		if (mdir->heir) {
			mdir->is_out_of_step = true;
			volume->pending.desyncs++;
			for (unsigned i = 0; i < mdir->count; i++)
				mdir->entries[i]->is_void = true; /* they are its heir's */
		} else if (is_flagged && !mdir->dir && !prev->more && mdir->is_reached) {
			mdir->is_orphan = true;
			volume->pending.orphans++;
			if (goes_on_in_tree(mdir) && !volume->thread_damage)
				volume->thread_damage = -EUCLEAN; /* it would go with it */
		}
	}
	/* a move that hides nothing is no use to anybody: it is cleared as one */
	if (volume->gstate.word[0] & TW_V2_MOVE_TYPE)
		volume->pending.marks = 1;
}

/* ---- the volume ---- */

/* Most bytes of content that go into an entry. */
static uint32_t inline_max(const struct twinfs_volume *volume)
{
	const struct tw_area *area = &volume->area;
	/* the device holds an inline file in its cache, which is rarely smaller */
	uint32_t cache = 4 * (area->prog_size > 16 ? area->prog_size : 16);
	uint32_t most = area->block_size / 8;

	most = cache < most ? cache : most;
	return most < volume->attr_max ? most : volume->attr_max;
}

static int take_superblock(struct scan *scan, struct twinfs_error *err)
{
	struct twinfs_volume *volume = scan->volume;
	const struct twinfs_superblock *superblock = &scan->superblock;
	struct tw_area *area = &volume->area;
	const struct tw_mdir *mdir;

	if (!scan->root)
		return tw_fail(err, TWINFS_P_LFS_MAGIC, -EUCLEAN,
			"no littlefs superblock in blocks 0 and 1");
	if (superblock->block_size != area->block_size)
		return tw_fail(err, TWINFS_P_LFS_GEOMETRY, -EUCLEAN,
			"the superblock says block size %u, not %u", superblock->block_size,
			area->block_size);
	if (superblock->block_count < area->block_count)
		area->block_count = superblock->block_count;
	if (area->block_count < area->alloc_count)
		area->alloc_count = area->block_count;
	/* the thread was walked before the size was known */
	LIST_FOREACH(mdir, &volume->mdirs, all)
	if (mdir->pair.block[0] >= area->block_count || mdir->pair.block[1] >= area->block_count)
		return refuse(scan, mdir->pair, -EUCLEAN, err);
	volume->block_count = superblock->block_count;
	volume->inline_max = inline_max(volume);
	volume->upgrades = volume->upgrades && volume->version == TWINFS_LFS_2_0;
	return 0;
}

static int build(struct scan *scan, struct twinfs_error *err)
{
	struct twinfs_volume *volume = scan->volume;
	/* the root gets its number before any other node */
	int rc = tw_node_new(volume, TW_DIRECTORY, "", 0, &volume->root);

	if (!rc)
		rc = walk_thread(scan, err);
	if (!rc)
		rc = take_superblock(scan, err);
	if (!rc)
		rc = walk_tree(scan);
	if (rc)
		return rc;
	find_heirs(scan);
	rc = check_reach(scan);
	if (rc == -ENOMEM)
		return rc;
	volume->thread_damage = rc;
	judge_thread(scan);
	return 0;
}

int tw_v2_mount(struct twinfs_volume *volume, struct twinfs_error *err)
{
	struct scan scan = {.volume = volume};
	int rc = tw_sparse_init(&scan.by_block, volume->area.block_count, sizeof(struct tw_mdir *));

	if (!rc)
		rc = build(&scan, err);
	tw_sparse_release(&scan.by_block);
	return rc;
}
