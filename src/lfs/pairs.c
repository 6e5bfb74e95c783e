/* SPDX-License-Identifier: MIT */
/*
 * pairs.c - metadata pairs on the thread in memory.
 *
 * A pair whose block is bad moves before its commit is made, with what it holds,
 * so that a move that cannot be told can be undone. The commits that tell of it
 * may have to move other pairs; a queue instead of recursion works them off.
 */
#include "pairs.h"

#include <errno.h>

#include "alloc.h"
#include "base/bytes.h"
#include "index.h"

void tw_pair_link(struct tw_mdir *before, struct tw_mdir *mdir)
{
	mdir->next = before->next;
	mdir->prev = before;
	if (mdir->next)
		mdir->next->prev = mdir;
	before->next = mdir;
}

void tw_pair_append(struct tw_node *dir, struct tw_mdir *mdir)
{
	mdir->dir = dir;
	if (dir->dir.last) {
		dir->dir.last->next = mdir;
		mdir->prev = dir->dir.last;
	} else {
		dir->dir.first = mdir;
	}
	dir->dir.last = mdir;
	dir->dir.pairs++;
}

static void free_left(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	if (mdir->left)
		tw_alloc_free_block(volume, mdir->left);
	mdir->left = 0;
}

void tw_pair_forget_move(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	if (mdir->is_unsettled)
		TAILQ_REMOVE(&volume->unsettled, mdir, unsettled);
	mdir->is_unsettled = mdir->is_unknown_to_parent = mdir->is_unknown_to_thread = false;
	free_left(volume, mdir);
}

void tw_pair_drop(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	if (mdir->prev)
		mdir->prev->next = mdir->next;
	if (mdir->next)
		mdir->next->prev = mdir->prev;
	tw_pair_forget_move(volume, mdir);
	if (volume->worn == mdir)
		volume->worn = NULL;
	tw_alloc_free_block(volume, mdir->pair.block[0]);
	tw_alloc_free_block(volume, mdir->pair.block[1]);
	tw_mdir_free(mdir);
}

uint32_t tw_pair_stale_revision(const struct tw_area *area, uint32_t block)
{
	const uint8_t *bytes;

	return tw_area_read(area, block, 0, 4, &bytes) < 0 ? 0 : tw_le32(bytes);
}

int tw_pair_new(struct twinfs_volume *volume, struct tw_mdir **ret_mdir)
{
	struct tw_pair pair;
	int rc = tw_alloc_block(volume, &pair.block[0]);

	if (rc)
		return rc;
	rc = tw_alloc_block(volume, &pair.block[1]);
	if (rc) {
		tw_alloc_free_block(volume, pair.block[0]);
		return rc;
	}
	rc = tw_mdir_new(volume, pair, ret_mdir);
	if (rc) {
		tw_alloc_free_block(volume, pair.block[0]);
		tw_alloc_free_block(volume, pair.block[1]);
		return rc;
	}
	/*
	 * The block that is not written may hold an old version with a valid CRC:
	 * the first one here must be newer than that.
	 */
	(*ret_mdir)->rev = tw_pair_stale_revision(&volume->area, pair.block[0]) + 1;
	return 0;
}

struct tw_mdir *tw_pair_find(const struct twinfs_volume *volume, struct tw_pair pair)
{
	struct tw_mdir *mdir;

	LIST_FOREACH(mdir, &volume->mdirs, all)
	if (tw_pair_is_same(mdir->pair, pair))
		break;
	return mdir;
}

struct tw_mdir *tw_pair_parent(const struct tw_mdir *mdir)
{
	return mdir->dir && mdir->dir->dir.first == mdir ? mdir->dir->mdir : NULL;
}

/* Whether the chip shows the pair through its old place only. */
static bool is_hidden(const struct tw_mdir *mdir)
{
	return tw_pair_parent(mdir) ? mdir->is_unknown_to_parent : mdir->is_unknown_to_thread;
}

static void remember_move(struct twinfs_volume *volume, struct tw_mdir *mdir, uint32_t was)
{
	if (!is_hidden(mdir)) {
		mdir->was = was;
		mdir->was_unknown_to_thread = mdir->is_unknown_to_thread;
	}
	if (!mdir->is_unsettled)
		TAILQ_INSERT_TAIL(&volume->unsettled, mdir, unsettled);
	mdir->is_unsettled = mdir->is_unknown_to_parent = mdir->is_unknown_to_thread = true;
}

int tw_pair_replace_half(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	uint32_t block;
	int rc;

	rc = tw_alloc_block(volume, &block);
	if (rc)
		return rc;
	tw_alloc_retire(volume, mdir->pair.block[1]);
	mdir->pair.block[1] = block;
	return 0;
}

/* A block that is named before it is written must not hold an old version. */
static int fresh_block(struct twinfs_volume *volume, const struct tw_mdir *mdir,
	uint32_t *ret_block)
{
	int rc;

	for (;;) {
		rc = tw_alloc_block(volume, ret_block);
		if (rc)
			return rc;
		volume->subject.pair = mdir;
		rc = tw_area_write_block(&volume->area, *ret_block, NULL, 0);
		volume->subject.pair = NULL;
		if (!rc)
			return 0;
		if (!tw_is_bad_block(rc)) {
			tw_alloc_free_block(volume, *ret_block);
			return rc;
		}
		tw_alloc_retire(volume, *ret_block);
	}
}

static int move_half(struct twinfs_volume *volume, struct tw_mdir *mdir, bool is_bad)
{
	uint32_t block, was = mdir->pair.block[1];
	int rc;

	if (mdir == volume->superblock)
		return -EIO; /* it has no other place */
	rc = fresh_block(volume, mdir, &block);
	if (rc)
		return rc;
	if (is_bad)
		tw_alloc_retire(volume, was);
	else
		mdir->left = was;
	mdir->pair.block[1] = block;
	remember_move(volume, mdir, was);
	return 0;
}

void tw_pair_swap_halves(struct tw_mdir *mdir)
{
	uint32_t old = mdir->pair.block[0];

	mdir->pair.block[0] = mdir->pair.block[1];
	mdir->pair.block[1] = old;
}

/*
 * Until the pair that leads to it knows the new place of a pair, the chip shows
 * it through its old place, that is through the half it kept. So nothing may be
 * written to a pair that is hidden: top of the tree first.
 */
static struct tw_mdir *next_to_tell(const struct twinfs_volume *volume)
{
	struct tw_mdir *mdir, *to;

	TAILQ_FOREACH(mdir, &volume->unsettled, unsettled)
	if (is_hidden(mdir))
		break;
	if (!mdir)
		mdir = TAILQ_FIRST(&volume->unsettled);
	while (mdir) {
		to = tw_pair_parent(mdir) && mdir->is_unknown_to_parent ? tw_pair_parent(mdir)
									: mdir->prev;
		if (!to || !is_hidden(to))
			break;
		mdir = to;
	}
	return mdir;
}

/* The next pair to be told, told. */
static int tell(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_pair_news *news)
{
	struct tw_mdir *parent = tw_pair_parent(mdir);
	int rc = 0;

	if (parent && mdir->is_unknown_to_parent) {
		rc = news->tell_parent(volume, mdir, parent);
		mdir->is_unknown_to_parent = rc != 0;
		return rc;
	}
	if (mdir->prev)
		rc = news->tell_thread(volume, mdir);
	if (rc)
		return rc;
	if (!parent && mdir->dir && mdir->dir->dir.first == mdir)
		mdir->dir->dir.pair = mdir->pair; /* the root, which has no entry */
	/* only now does no pair on the chip name a block that was left */
	tw_pair_forget_move(volume, mdir);
	return 0;
}

/* What nothing on the chip leads to goes back where it was; nothing is written there yet. */
static void undo_moves(struct twinfs_volume *volume)
{
	struct tw_mdir *mdir = TAILQ_FIRST(&volume->unsettled), *next;

	for (; mdir; mdir = next) {
		next = TAILQ_NEXT(mdir, unsettled);
		if (!is_hidden(mdir))
			continue;
		tw_alloc_free_block(volume, mdir->pair.block[1]);
		mdir->pair.block[1] = mdir->was;
		if (mdir->left == mdir->was)
			mdir->left = 0;
		mdir->is_unknown_to_parent = false;
		mdir->is_unknown_to_thread = mdir->was_unknown_to_thread;
		if (!mdir->is_unknown_to_thread)
			tw_pair_forget_move(volume, mdir);
	}
}

int tw_pair_settle(struct twinfs_volume *volume, const struct tw_pair_news *news)
{
	struct tw_mdir *mdir;
	int rc = 0;

	while (!rc && (mdir = next_to_tell(volume))) {
		rc = tell(volume, mdir, news);
		if (rc == TW_PAIR_MOVES)
			rc = move_half(volume, volume->mover, true);
	}
	if (rc)
		undo_moves(volume);
	return rc;
}

int tw_pair_move(struct twinfs_volume *volume, struct tw_mdir *mdir, bool is_bad,
	const struct tw_pair_news *news)
{
	int rc = move_half(volume, mdir, is_bad);

	return rc ? rc : tw_pair_settle(volume, news);
}
