/* SPDX-License-Identifier: MIT */
/*
 * v2_repair.c - finishes or undoes what a power cut interrupted (section 19).
 *
 * Outdated pairs first, since one may be all that still names a directory; then
 * the rename; then removed directories. Each repair is one commit; a cut in
 * the middle leaves less to do. The visible tree does not change.
 */
#include "v2.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/sparse.h"
#include "index.h"
#include "pairs.h"

static const struct tw_v2_edit nothing;

/* ---- the version ---- */

/* Before anything else is written: the commits that follow need the new version. */
static int upgrade(struct twinfs_volume *volume)
{
	struct tw_mdir *root = volume->root->dir.first, *mdir;
	uint8_t record[TW_V2_RECORD_SIZE];
	struct tw_place place = {record, TW_NIL, sizeof(record)};
	struct tw_v2_edit edit = {.changed = root->entries[0], .place = &place};
	int rc;

	volume->version = TWINFS_LFS_2_1;
	LIST_FOREACH(mdir, &volume->mdirs, all)
	mdir->can_append = false;
	tw_v2_put_record(volume, volume->block_count, record);
	rc = tw_v2_commit(volume, root, &edit);
	if (rc)
		volume->version = TWINFS_LFS_2_0;
	volume->upgrades = rc != 0;
	return rc;
}

/* ---- outdated pairs ---- */

/* The pair with just these blocks; every pair in the table has one of its own. */
static struct tw_mdir *find(const struct twinfs_volume *volume, const struct tw_sparse *by_block,
	struct tw_pair pair)
{
	for (unsigned i = 0; i < 2; i++) {
		struct tw_mdir *mdir = pair.block[i] < volume->area.block_count
					       ? tw_sparse_get(by_block, pair.block[i])
					       : NULL;

		if (mdir && tw_pair_is_same(mdir->pair, pair))
			return mdir;
	}
	return NULL;
}

static void free_entries(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	while (mdir->count) {
		struct tw_node *node = mdir->entries[mdir->count - 1];

		tw_mdir_take(mdir, node);
		tw_node_free(volume, node);
	}
}

/* Pairs that nothing leads to any more. A block may belong to a pair that lives on. */
static void drop_unreached(struct twinfs_volume *volume, const struct tw_sparse *by_block)
{
	struct tw_mdir *mdir = LIST_FIRST(&volume->mdirs), *next;

	for (; mdir; mdir = next) {
		next = LIST_NEXT(mdir, all);
		if (mdir->is_reached || mdir->dir)
			continue;
		for (unsigned i = 0; i < 2; i++)
			if (tw_sparse_get(by_block, mdir->pair.block[i]) != mdir)
				mdir->pair.block[i] = TW_NIL;
		mdir->prev = mdir->next = NULL;
		free_entries(volume, mdir);
		tw_pair_drop(volume, mdir);
	}
}

/* A pair of the tree is the owner of its blocks, whatever else names them. */
static int note_blocks(const struct twinfs_volume *volume, struct tw_sparse *by_block)
{
	struct tw_mdir *mdir;
	int rc = tw_sparse_init(by_block, volume->area.block_count, sizeof(struct tw_mdir *));

	LIST_FOREACH(mdir, &volume->mdirs, all)
	for (unsigned i = 0; !rc && i < 2; i++)
		if (!tw_sparse_get(by_block, mdir->pair.block[i]) || mdir->dir)
			rc = tw_sparse_put(by_block, mdir->pair.block[i], mdir);
	return rc;
}

/* Links the pairs in memory as their tails say; one that was outdated is left out. */
static int relink(struct twinfs_volume *volume)
{
	_cleanup_sparse_ struct tw_sparse by_block = {0};
	struct tw_mdir *mdir, *next;
	int rc = note_blocks(volume, &by_block);

	if (rc)
		return rc;
	LIST_FOREACH(mdir, &volume->mdirs, all)
	mdir->is_reached = false;
	for (mdir = volume->superblock; mdir; mdir = next) {
		mdir->is_reached = true;
		next = tw_pair_is_nil(mdir->tail) ? NULL : find(volume, &by_block, mdir->tail);
		if (next && next->is_reached)
			return -EUCLEAN; /* mounting has checked that it is none */
		mdir->next = next;
		if (next)
			next->prev = mdir;
	}
	drop_unreached(volume, &by_block);
	return 0;
}

/*
 * By how much the global state changes when the thread goes on from the heir of @old
 * instead of @old: the commit that makes it do so has to make up for it.
 */
static int share_between(struct twinfs_volume *volume, const struct tw_mdir *old,
	struct tw_gstate *ret_share)
{
	_cleanup_sparse_ struct tw_sparse by_block = {0};
	const struct tw_mdir *mdir;
	uint32_t left = 0;
	int rc = note_blocks(volume, &by_block);

	if (rc)
		return rc;
	LIST_FOREACH(mdir, &volume->mdirs, all)
	left++; /* mounting has checked that it ends */
	*ret_share = (struct tw_gstate){{0, 0, 0}};
	for (mdir = old; mdir; mdir = mdir->next)
		tw_v2_add_state(ret_share, &mdir->share);
	for (mdir = old->heir; mdir && left; mdir = find(volume, &by_block, mdir->tail), left--)
		tw_v2_add_state(ret_share, &mdir->share);
	return 0;
}

static int repair_step(struct twinfs_volume *volume, struct tw_mdir *old)
{
	struct tw_v2_edit edit = {.sets_tail = true};
	int rc;

	do {
		edit.tail = old->heir->pair;
		rc = share_between(volume, old, &edit.inherit)
			     ?: tw_v2_try(volume, old->prev, &edit);
	} while (tw_v2_made_way(volume, &rc));
	if (rc)
		return rc;
	rc = relink(volume);
	if (rc) {
		volume->thread_damage = rc;
		return rc;
	}
	volume->pending.desyncs--;
	return 0;
}

static int repair_steps(struct twinfs_volume *volume)
{
	struct tw_mdir *mdir = volume->superblock;
	int rc = 0;

	while (!rc && volume->pending.desyncs && mdir->next) {
		if (mdir->next->is_out_of_step)
			rc = repair_step(volume, mdir->next);
		else
			mdir = mdir->next;
	}
	return rc;
}

/* ---- a rename ---- */

static struct tw_mdir *source_of_move(const struct twinfs_volume *volume)
{
	struct tw_mdir *mdir;

	LIST_FOREACH(mdir, &volume->mdirs, all)
	for (unsigned i = 0; mdir->dir && i < mdir->count; i++)
		if (mdir->entries[i]->is_void)
			return mdir;
	return NULL;
}

static int repair_move(struct twinfs_volume *volume)
{
	struct tw_mdir *source = source_of_move(volume);
	int rc;

	if (source) {
		rc = tw_v2_commit(volume, source, &nothing); /* which ends it */
	} else {
		do {
			volume->wanted.word[0] &= TW_V2_ORPHANS;
			volume->wanted.word[1] = volume->wanted.word[2] = 0;
			rc = tw_v2_try(volume, volume->root->dir.first, &nothing);
		} while (tw_v2_made_way(volume, &rc));
	}
	if (!rc)
		volume->pending.marks = 0;
	return rc;
}

/* ---- removed directories ---- */

int tw_v2_remove_orphan(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	struct tw_v2_edit edit;
	struct tw_mdir *last, *next;
	int rc;

	volume->pending.orphans--; /* the commit that takes the last one off clears the flag */
	do {
		edit = (struct tw_v2_edit){.sets_tail = true, .inherit = mdir->share};
		for (last = mdir; last->more && last->next; last = last->next)
			tw_v2_add_state(&edit.inherit, &last->next->share);
		edit.tail = last->tail;
		rc = tw_v2_try(volume, mdir->prev, &edit);
	} while (tw_v2_made_way(volume, &rc));
	if (rc) {
		mdir->is_orphan = true;
		volume->pending.orphans++;
		return rc;
	}
	/* the commit may have put a pair in front of them */
	for (last = last->next; mdir != last; mdir = next) {
		next = mdir->next;
		free_entries(volume, mdir);
		tw_pair_drop(volume, mdir);
	}
	return 0;
}

static int repair_orphans(struct twinfs_volume *volume)
{
	struct tw_mdir *mdir = volume->superblock;
	int rc = 0;

	while (!rc && volume->pending.orphans && mdir->next) {
		if (mdir->next->is_orphan)
			rc = tw_v2_remove_orphan(volume, mdir->next);
		else
			mdir = mdir->next;
	}
	return rc;
}

int tw_v2_repair(struct twinfs_volume *volume)
{
	int rc = volume->upgrades ? upgrade(volume) : 0;

	if (!rc)
		rc = repair_steps(volume);
	if (!rc && volume->pending.marks)
		rc = repair_move(volume);
	if (!rc)
		rc = repair_orphans(volume);
	if (!rc && volume->gstate.word[0] & TW_V2_ORPHANS)
		rc = tw_v2_commit(volume, volume->root->dir.first, &nothing);
	if (!rc && volume->worn)
		rc = tw_v2_relieve(volume);
	return rc;
}
