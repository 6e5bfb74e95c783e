/* SPDX-License-Identifier: MIT */
/*
 * v2_rewrite.c - writes a pair anew (sections 16.2 and 18).
 *
 * The log goes to the other block of the pair, and is in force once its first
 * commit is complete. Before that the end of the entries may go to fresh pairs,
 * which nothing leads to until then.
 */
#include "v2_plan.h"

#include <errno.h>
#include <string.h>

#include "alloc.h"
#include "base/bytes.h"
#include "index.h"
#include "pairs.h"

static int build_log(struct tw_v2_plan *plan, struct tw_mdir *mdir, struct tw_node *const *list,
	unsigned count, struct tw_v2_log_writer *writer, struct tw_gstate *ret_share)
{
	int rc = 0;

	*ret_share = tw_v2_next_share(plan, mdir);
	tw_v2_begin_log(writer, plan->volume, mdir->rev + 1);
	for (unsigned i = 0; !rc && i < count; i++)
		rc = tw_v2_put_entry(plan, writer, i, list[i]);
	if (rc)
		return rc;
	if (!tw_pair_is_nil(plan->tail))
		tw_v2_put_tail(writer, plan->tail, plan->more);
	if (!tw_v2_is_zero(ret_share))
		tw_v2_put_share(writer, ret_share);
	if (writer->is_full)
		return -ENOSPC;
	tw_v2_seal(writer, NULL);
	return 0;
}

static bool is_known(const struct twinfs_volume *volume, const struct tw_mdir *mdir)
{
	return mdir == volume->superblock || mdir->prev;
}

/*
 * Writes a log to the other block of @mdir. When that is bad a fresh pair, which
 * nobody knows, takes another; one on the thread has to move.
 */
static int write_log(struct tw_v2_plan *plan, struct tw_mdir *mdir, struct tw_node *const *list,
	unsigned count)
{
	struct tw_v2_log_writer writer;
	struct tw_gstate share;
	bool is_whole = true;
	int rc;

	for (;;) {
		rc = build_log(plan, mdir, list, count, &writer, &share);
		if (rc)
			return rc;
		plan->volume->subject.pair = mdir;
		rc = tw_area_write_block(&plan->volume->area, mdir->pair.block[1],
			&(struct iovec){writer.bytes, writer.off}, 1);
		plan->volume->subject.pair = NULL;
		if (!tw_is_bad_block(rc))
			break;
		if (tw_v2_took_effect(plan, mdir->pair.block[1], mdir->rev + 1, &writer, 0)) {
			is_whole = false;
			rc = 0;
			break;
		}
		plan->volume->mover = mdir;
		rc = is_known(plan->volume, mdir) ? TW_PAIR_MOVES
						  : tw_pair_replace_half(plan->volume, mdir);
		if (rc)
			break;
	}
	if (rc)
		return rc;
	tw_pair_swap_halves(mdir);
	mdir->rev++;
	mdir->tail = plan->tail;
	mdir->more = plan->more;
	tw_v2_take_version(plan, mdir, &writer, &share);
	mdir->can_append = mdir->can_append && is_whole;
	return 0;
}

/* Revisions between two moves for wear; odd, so that both blocks get their turn. */
static uint32_t wear_period(const struct twinfs_volume *volume)
{
	return (volume->cycles + 1) | 1;
}

/* A pair of two fresh blocks, not due to move soon; nothing is written yet. */
static int new_mdir(struct twinfs_volume *volume, struct tw_mdir **ret_mdir)
{
	int rc = tw_pair_new(volume, ret_mdir);
	struct tw_mdir *mdir = *ret_mdir;

	if (rc)
		return rc;
	mdir->rev = tw_pair_stale_revision(&volume->area, mdir->pair.block[0]);
	if (volume->cycles)
		mdir->rev = (uint32_t)tw_round_up(mdir->rev, wear_period(volume));
	return 0;
}

/* Moves the list from @from on to a fresh pair, which becomes the tail. */
static int cut_off(struct tw_v2_plan *plan, unsigned from)
{
	unsigned count = plan->count - from;
	struct tw_mdir *fresh;
	int rc = new_mdir(plan->volume, &fresh);

	if (rc)
		return rc;
	fresh->dir = plan->mdir->dir;
	rc = tw_mdir_reserve(fresh, count);
	if (!rc)
		rc = write_log(plan, fresh, plan->list + from, count);
	if (rc) {
		tw_pair_drop(plan->volume, fresh);
		return rc;
	}
	memcpy(fresh->entries, plan->list + from, count * sizeof(struct tw_node *));
	fresh->count = count;
	fresh->next = plan->pieces;
	plan->pieces = fresh;
	plan->tail = fresh->pair;
	plan->more = true;
	plan->count = from;
	return 0;
}

static void drop_pieces(struct tw_v2_plan *plan)
{
	while (plan->pieces) {
		struct tw_mdir *piece = plan->pieces;

		plan->pieces = piece->next;
		piece->next = NULL;
		tw_pair_drop(plan->volume, piece);
	}
	if (plan->copy)
		tw_node_free(plan->volume, plan->copy);
}

bool tw_v2_is_crowded(const struct tw_v2_plan *plan)
{
	static const struct tw_v2_edit nothing;
	const struct tw_v2_edit *edit = plan->edit;
	const struct tw_mdir *mdir = plan->mdir;
	uint32_t size = 0, was = 0;

	for (unsigned i = 0; i < plan->count; i++)
		size += tw_v2_entry_size(plan->list[i], edit);
	for (unsigned i = 0; i < mdir->count; i++) {
		const struct tw_node *node = mdir->entries[i];

		/* a rename within the pair: what it drops stands for what it adds */
		was += tw_v2_entry_size(node == edit->dropped && edit->added ? edit->added : node,
			&nothing);
	}
	return size + TW_V2_SPARE > plan->volume->area.block_size && size > was;
}

/* Whether list[@from..@to) is more than one pair should hold. */
static bool is_too_much(const struct tw_v2_plan *plan, const uint32_t *sizes, unsigned from,
	unsigned to)
{
	const struct tw_area *area = &plan->volume->area;
	uint32_t half = (uint32_t)tw_round_up(area->block_size / 2, area->prog_size);
	uint32_t most = area->block_size - TW_V2_SPARE;

	if (half < most)
		most = half;
	return to - from > 1 &&
	       (sizes[to] - sizes[from] > most || to - from > TW_V2_ENTRIES_WRITTEN);
}

/*
 * Cuts off the end of the list until the rest fits half a block, so that there
 * is room to add to it. Without blocks for that it may still fit one.
 */
static int split(struct tw_v2_plan *plan)
{
	uint32_t sizes[TW_V2_ENTRIES_MAX + 2]; /* of all before, by place in the list */
	int rc = 0;

	sizes[0] = 0;
	for (unsigned i = 0; i < plan->count; i++)
		sizes[i + 1] = sizes[i] + tw_v2_entry_size(plan->list[i], plan->edit);
	while (!rc && is_too_much(plan, sizes, 0, plan->count)) {
		unsigned from = 0, to = plan->count;

		while (is_too_much(plan, sizes, from, to))
			from += (to - from) / 2;
		rc = cut_off(plan, from);
	}
	return rc == -ENOSPC ? 0 : rc;
}

/*
 * The superblock pair cannot move. When it is worn all its entries go to a
 * fresh pair, and it keeps a copy of the superblock only.
 */
static int expand(struct tw_v2_plan *plan)
{
	struct twinfs_volume *volume = plan->volume;
	const struct tw_node *superblock = plan->list[0];
	int rc =
		tw_node_new(volume, TW_OPAQUE, superblock->name, superblock->name_len, &plan->copy);

	if (rc)
		return rc;
	plan->copy->tag = superblock->tag;
	plan->copy->body = superblock->body;
	plan->copy->mdir = plan->mdir;
	rc = cut_off(plan, 0);
	if (rc)
		return rc;
	plan->list[0] = plan->copy;
	plan->count = 1;
	return 0;
}

/* Puts the pieces on the thread behind the pair, and into its directory. */
static void link_pieces(struct tw_v2_plan *plan)
{
	struct tw_mdir *before = plan->mdir, *piece;
	struct tw_node *dir = plan->mdir->dir;
	bool was_last = dir && dir->dir.last == plan->mdir;

	while ((piece = plan->pieces)) {
		plan->pieces = piece->next;
		tw_pair_link(before, piece);
		if (dir)
			dir->dir.pairs++;
		tw_v2_fill(piece, piece->entries, piece->count);
		tw_v2_lay_out_all(piece);
		before = piece;
	}
	if (was_last)
		dir->dir.last = before;
	if (plan->copy) {
		dir->dir.first = plan->mdir->next;
		dir->dir.pair = dir->dir.first->pair;
		plan->mdir->dir = NULL;
		dir->dir.pairs--;
	}
	if (dir)
		tw_v2_forget_order(dir);
}

/* The place of an entry that is being renamed has nothing that could be written. */
static bool holds_ghost(const struct tw_v2_plan *plan)
{
	for (unsigned i = 0; i < plan->count; i++)
		if (plan->list[i]->is_void && !plan->list[i]->name_len)
			return true;
	return false;
}

int tw_v2_write_anew(struct tw_v2_plan *plan)
{
	struct tw_mdir *mdir = plan->mdir;
	int rc = holds_ghost(plan) ? -EIO : split(plan);

	if (!rc && tw_v2_is_crowded(plan))
		rc = -ENOSPC;
	if (!rc && plan->edit->expands)
		rc = expand(plan);
	if (!rc)
		rc = write_log(plan, mdir, plan->list, plan->count);
	if (rc) {
		drop_pieces(plan);
		return rc;
	}
	tw_v2_apply(plan);
	tw_v2_fill(mdir, plan->list, plan->count);
	tw_v2_lay_out_all(mdir);
	if (plan->pieces)
		link_pieces(plan);
	if (plan->volume->cycles && mdir->rev % wear_period(plan->volume) == 0)
		plan->volume->worn = mdir;
	return 0;
}

int tw_v2_new_pair(struct twinfs_volume *volume, struct tw_node *dir, struct tw_pair tail,
	struct tw_mdir **ret_mdir)
{
	static const struct tw_v2_edit nothing;
	struct tw_v2_plan plan = {.volume = volume, .edit = &nothing, .tail = tail};
	struct tw_mdir *mdir;
	int rc = new_mdir(volume, &mdir);

	if (rc)
		return rc;
	mdir->dir = dir;
	rc = write_log(&plan, mdir, NULL, 0);
	if (rc) {
		tw_pair_drop(volume, mdir);
		return rc;
	}
	*ret_mdir = mdir;
	return 0;
}
