/* SPDX-License-Identifier: MIT */
/*
 * v2_commit.c - writes one metadata pair (sections 16 and 18).
 *
 * A commit is added to the pair's log where that is safe, else the whole pair
 * is written to its other block, which is in force once its first commit is
 * complete: either way one commit is atomic. What the pair will hold is made
 * as a list of nodes first, and the tree in memory changes afterwards.
 */
#include "v2_plan.h"

#include <errno.h>
#include <string.h>

#include "index.h"
#include "pairs.h"

#define NOT_HERE 1 /* the commit cannot be added to the log */

/* Free blocks that moving a pair for wear leaves to those who need one. */
#define WEAR_RESERVE 8u

/* ---- adding to the log ---- */

/* Whatever the log says, cells that are not erased cannot be programmed. */
static bool is_erased(const uint8_t *cells, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (cells[i] != 0xff)
			return false;
	return true;
}

static int append(struct tw_v2_plan *plan)
{
	struct twinfs_volume *volume = plan->volume;
	struct tw_mdir *mdir = plan->mdir;
	struct tw_gstate share = tw_v2_next_share(plan, mdir);
	struct tw_v2_log_writer writer;
	uint32_t from = mdir->len;
	const uint8_t *block;
	bool is_whole;
	int rc;

	if (!mdir->can_append || plan->count > TW_V2_ENTRIES_WRITTEN)
		return NOT_HERE;
	rc = tw_area_read(&volume->area, mdir->pair.block[0], 0, volume->area.block_size, &block);
	if (rc)
		return tw_is_bad_block(rc) ? NOT_HERE : rc;
	tw_v2_begin_commit(&writer, volume, from, mdir->chain);
	rc = tw_v2_put_changes(plan, &writer);
	if (rc)
		return rc;
	if (memcmp(&share, &mdir->share, sizeof(share)) != 0)
		tw_v2_put_share(&writer, &share);
	if (writer.off == from && !writer.is_full)
		return 0; /* nothing to say */
	/* a rewritten log is no longer than this one */
	if (writer.is_full ||
		(writer.off + TW_V2_SPARE > volume->area.block_size && tw_v2_is_crowded(plan)))
		return NOT_HERE;
	tw_v2_seal(&writer, block);
	if (!is_erased(block + from, writer.off - from))
		return NOT_HERE;
	volume->subject.pair = mdir;
	rc = tw_area_program(&volume->area, mdir->pair.block[0], from, writer.bytes + from,
		writer.off - from);
	volume->subject.pair = NULL;
	is_whole = !rc;
	if (tw_is_bad_block(rc) &&
		!tw_v2_took_effect(plan, mdir->pair.block[0], mdir->rev, &writer, from))
		return NOT_HERE;
	if (rc && !tw_is_bad_block(rc))
		return rc;
	tw_v2_take_version(plan, mdir, &writer, &share);
	mdir->can_append = mdir->can_append && is_whole;
	tw_v2_apply(plan);
	tw_v2_fill(mdir, plan->list, plan->count);
	if (plan->edit->added)
		(void)tw_v2_lay_out(plan->edit->added, plan->added_off);
	return 0;
}

/* ---- one version of a pair ---- */

/* A rename is pending whose source is in this pair: the commit finishes it (rule M). */
static struct tw_node *moved_away(const struct twinfs_volume *volume, const struct tw_mdir *mdir)
{
	struct tw_pair pair;
	unsigned id;

	if (!tw_v2_pending_move(&volume->wanted, &pair, &id) || !tw_pair_overlaps(pair, mdir->pair))
		return NULL;
	for (unsigned i = 0; i < mdir->count; i++)
		if (mdir->entries[i]->is_void)
			return mdir->entries[i];
	return NULL;
}

static void make_list(struct tw_v2_plan *plan)
{
	const struct tw_v2_edit *edit = plan->edit;
	const struct tw_mdir *mdir = plan->mdir;
	unsigned place = 0;

	for (unsigned i = 0; i < mdir->count; i++) {
		if (mdir->entries[i] == edit->replaced)
			continue;
		if (edit->added && place++ == edit->at)
			plan->list[plan->count++] = edit->added;
		if (mdir->entries[i] != plan->dropped)
			plan->list[plan->count++] = mdir->entries[i];
	}
	if (edit->added && place == edit->at)
		plan->list[plan->count++] = edit->added;
	plan->tail = edit->sets_tail ? edit->tail : mdir->tail;
	plan->more = edit->sets_tail ? edit->more : mdir->more;
}

static int write_version(struct twinfs_volume *volume, struct tw_mdir *mdir,
	const struct tw_v2_edit *edit);

/* The last entries of a continuation pair go: the pair does, instead (rule E). */
static int leave_thread(struct tw_v2_plan *plan)
{
	struct twinfs_volume *volume = plan->volume;
	struct tw_mdir *mdir = plan->mdir;
	struct tw_v2_edit edit = {
		.sets_tail = true,
		.tail = plan->tail,
		.more = plan->more,
		.inherit = mdir->share,
	};
	int rc = write_version(volume, mdir->prev, &edit);

	if (rc)
		return rc;
	tw_v2_apply(plan);
	if (mdir->dir->dir.last == mdir)
		mdir->dir->dir.last = mdir->prev;
	mdir->dir->dir.pairs--;
	tw_v2_forget_order(mdir->dir);
	tw_pair_drop(volume, mdir);
	return 0;
}

static bool is_continuation(const struct tw_mdir *mdir)
{
	return mdir->dir && mdir->dir->dir.first != mdir && mdir->prev;
}

static int write_plan(struct tw_v2_plan *plan)
{
	struct tw_mdir *mdir = plan->mdir;
	unsigned before = mdir->count;
	int rc;

	if (!plan->count && before && is_continuation(mdir))
		return leave_thread(plan);
	rc = tw_mdir_reserve(mdir, plan->count);
	if (!rc)
		rc = plan->edit->expands ? NOT_HERE : append(plan);
	if (rc == NOT_HERE)
		return tw_v2_write_anew(plan);
	if (rc)
		return rc;
	if (plan->edit->sets_tail) {
		mdir->tail = plan->tail;
		mdir->more = plan->more;
	}
	/* whether a pair has names is what its place in the order depends on */
	if (mdir->dir && (before < 2 || mdir->count < 2))
		tw_v2_forget_order(mdir->dir);
	return 0;
}

static int write_version(struct twinfs_volume *volume, struct tw_mdir *mdir,
	const struct tw_v2_edit *edit)
{
	struct tw_v2_plan plan;
	struct tw_node *source = edit->dropped ? NULL : moved_away(volume, mdir);
	struct tw_gstate wanted = volume->wanted;
	int rc;

	/* the list is not worth clearing */
	plan.volume = volume;
	plan.mdir = mdir;
	plan.edit = edit;
	plan.dropped = source ? source : edit->dropped;
	plan.count = 0;
	plan.pieces = NULL;
	plan.copy = NULL;
	plan.added_off = plan.body_off = plan.attr_off = 0;
	if (source)
		volume->wanted = (struct tw_gstate){{wanted.word[0] & TW_V2_ORPHANS, 0, 0}};
	make_list(&plan);
	rc = write_plan(&plan);
	if (rc)
		volume->wanted = wanted;
	else if (source)
		tw_node_free(volume, source); /* its content belongs to what it became */
	return rc;
}

/* ---- commits ---- */

/* The flag says that the thread may be wrong: until the last thing that is wrong is mended. */
static void want_flag(struct twinfs_volume *volume, bool more)
{
	if (more || volume->pending.orphans || volume->pending.desyncs)
		volume->wanted.word[0] |= TW_V2_ORPHANS;
	else
		volume->wanted.word[0] &= ~TW_V2_ORPHANS;
}

static int tell_parent(struct twinfs_volume *volume, struct tw_mdir *mdir, struct tw_mdir *parent)
{
	struct tw_v2_edit edit = {.changed = mdir->dir, .pair = &mdir->pair};

	want_flag(volume, true);
	return write_version(volume, parent, &edit);
}

static int tell_thread(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	struct tw_v2_edit edit = {
		.sets_tail = true,
		.tail = mdir->pair,
		.more = mdir->prev->more,
	};
	struct tw_mdir *other;
	bool others = false;

	TAILQ_FOREACH(other, &volume->unsettled, unsettled)
	others = others || (other != mdir && other->is_unknown_to_thread);
	want_flag(volume, others);
	return write_version(volume, mdir->prev, &edit);
}

static const struct tw_pair_news news = {tell_parent, tell_thread};

int tw_v2_try(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_v2_edit *edit)
{
	if (!TAILQ_EMPTY(&volume->unsettled))
		return TW_PAIR_MOVES;
	want_flag(volume, false);
	return write_version(volume, mdir, edit);
}

bool tw_v2_made_way(struct twinfs_volume *volume, int *rc)
{
	if (*rc != TW_PAIR_MOVES)
		return false;
	volume->wanted = volume->gstate;
	if (TAILQ_EMPTY(&volume->unsettled))
		*rc = tw_pair_move(volume, volume->mover, true, &news);
	else
		*rc = tw_pair_settle(volume, &news);
	return !*rc;
}

/* Where an edit belongs when pairs have split: @next is what came behind its pair. */
static struct tw_mdir *pair_of(const struct tw_v2_edit *edit, struct tw_mdir *mdir,
	const struct tw_mdir *next)
{
	if (edit->changed)
		return edit->changed->mdir;
	if (edit->dropped)
		return edit->dropped->mdir;
	while (edit->sets_tail && mdir->next != next)
		mdir = mdir->next;
	return mdir;
}

int tw_v2_commit(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_v2_edit *edit)
{
	const struct tw_mdir *next = mdir->next;
	int rc;

	do {
		mdir = pair_of(edit, mdir, next);
		rc = tw_v2_try(volume, mdir, edit);
	} while (tw_v2_made_way(volume, &rc));
	return rc;
}

/* ---- wear ---- */

int tw_v2_relieve(struct twinfs_volume *volume)
{
	static const struct tw_v2_edit expansion = {.expands = true};
	struct tw_mdir *mdir = volume->worn;
	uint32_t spare = volume->alloc.free > volume->alloc.reserved
				 ? volume->alloc.free - volume->alloc.reserved
				 : 0;
	int rc = 0;

	volume->worn = NULL;
	if (!volume->alloc.is_known || spare < WEAR_RESERVE || !TAILQ_EMPTY(&volume->unsettled))
		return 0;
	volume->wanted = volume->gstate;
	if (mdir != volume->superblock)
		rc = tw_pair_move(volume, mdir, false, &news);
	else if (mdir->dir && spare > volume->area.block_count / 8)
		rc = tw_v2_commit(volume, mdir, &expansion);
	return rc == -ESHUTDOWN ? rc : 0;
}
