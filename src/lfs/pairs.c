/* SPDX-License-Identifier: MIT */
/*
 * pairs.c - metadata pairs on the thread in memory.
 *
 * A commit whose block is bad moves its pair, and the commits that tell of the
 * move may move others; a queue instead of recursion works them off.
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

static void remember_move(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	if (!mdir->is_unsettled)
		TAILQ_INSERT_TAIL(&volume->unsettled, mdir, unsettled);
	mdir->is_unsettled = mdir->is_unknown_to_parent = mdir->is_unknown_to_thread = true;
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

void tw_pair_note_place(const struct tw_mdir *mdir, struct tw_pair_place *ret_place)
{
	*ret_place = (struct tw_pair_place){mdir->pair.block[1], mdir->left, mdir->is_unsettled,
		mdir->is_unknown_to_parent, mdir->is_unknown_to_thread};
}

void tw_pair_put_back(struct twinfs_volume *volume, struct tw_mdir *mdir,
	const struct tw_pair_place *place)
{
	if (mdir->pair.block[1] == place->next)
		return;
	tw_alloc_free_block(volume, mdir->pair.block[1]);
	mdir->pair.block[1] = place->next;
	mdir->left = place->left;
	if (!place->is_unsettled)
		TAILQ_REMOVE(&volume->unsettled, mdir, unsettled);
	mdir->is_unsettled = place->is_unsettled;
	mdir->is_unknown_to_parent = place->is_unknown_to_parent;
	mdir->is_unknown_to_thread = place->is_unknown_to_thread;
}

int tw_pair_move_half(struct twinfs_volume *volume, struct tw_mdir *mdir, bool is_bad)
{
	uint32_t block;
	int rc;

	if (mdir == volume->superblock)
		return -EUCLEAN; /* it has no other place */
	rc = tw_alloc_block(volume, &block);
	if (rc)
		return rc;
	if (is_bad)
		tw_alloc_retire(volume, mdir->pair.block[1]);
	else
		mdir->left = mdir->pair.block[1];
	mdir->pair.block[1] = block;
	remember_move(volume, mdir);
	return 0;
}

void tw_pair_swap_halves(struct tw_mdir *mdir)
{
	uint32_t old = mdir->pair.block[0];

	mdir->pair.block[0] = mdir->pair.block[1];
	mdir->pair.block[1] = old;
}

struct tw_mdir *tw_pair_parent(const struct tw_mdir *mdir)
{
	return mdir->dir && mdir->dir->dir.first == mdir ? mdir->dir->mdir : NULL;
}

/*
 * Until its parent knows the new place of a pair, the chip still shows the
 * pair through its old place, that is through the half it kept; and that is
 * just the half that its next version would be written to. So nothing may be
 * written to a pair that its own parent does not know: top of the tree first.
 */
static struct tw_mdir *next_for_parent(const struct twinfs_volume *volume)
{
	struct tw_mdir *mdir, *parent;

	TAILQ_FOREACH(mdir, &volume->unsettled, unsettled)
	{
		if (!mdir->is_unknown_to_parent)
			continue;
		while ((parent = tw_pair_parent(mdir)) && parent->is_unknown_to_parent)
			mdir = parent;
		return mdir;
	}
	return NULL;
}

static struct tw_mdir *next_for_thread(const struct twinfs_volume *volume)
{
	struct tw_mdir *mdir;

	TAILQ_FOREACH(mdir, &volume->unsettled, unsettled)
	{
		if (!mdir->is_unknown_to_thread)
			continue;
		while (mdir->prev && mdir->prev->is_unknown_to_thread)
			mdir = mdir->prev;
		return mdir;
	}
	return NULL;
}

/* Only when all is told does no pair on the chip name a block that was left. */
int tw_pair_settle(struct twinfs_volume *volume, const struct tw_pair_news *news)
{
	struct tw_mdir *mdir;
	int rc = 0;

	while (!rc) {
		if ((mdir = next_for_parent(volume))) {
			mdir->is_unknown_to_parent = false;
			rc = news->tell_parent(volume, mdir, tw_pair_parent(mdir));
		} else if ((mdir = next_for_thread(volume))) {
			mdir->is_unknown_to_thread = false;
			rc = news->tell_thread(volume, mdir);
		} else {
			break;
		}
	}
	if (rc)
		volume->thread_damage = rc;
	while (!rc && (mdir = TAILQ_FIRST(&volume->unsettled)))
		tw_pair_forget_move(volume, mdir);
	return rc;
}
