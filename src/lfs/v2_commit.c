/* SPDX-License-Identifier: MIT */
/*
 * v2_commit.c - writes one metadata pair (sections 16 and 18).
 *
 * A commit is added to the pair's log where that is safe, else the whole pair
 * is written to its other block, which is in force once its first commit is
 * complete: either way one commit is atomic. What the pair will hold is made
 * as a list of nodes first, and the tree in memory changes afterwards.
 *
 * The state of the thread is the XOR over the shares of all pairs on it. What
 * it should be is volume->wanted: the next commit to a pair on the thread makes
 * it so. A pair that moves is not on the thread until it is told of the new
 * place; so its commit leaves the state alone, and the one that makes the move
 * visible takes it along.
 */
#include "v2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/bytes.h"
#include "index.h"
#include "pairs.h"
#include "v2_log.h"

#define NOT_HERE 1 /* the commit cannot be added to the log */

/* Free blocks that moving a pair for wear leaves to those who need one. */
#define WEAR_RESERVE 8u

/* A commit in the making. */
struct plan {
	struct twinfs_volume *volume;
	struct tw_mdir *mdir;
	const struct tw_v2_edit *edit;
	struct tw_node *dropped; /* as in edit, or the source of a rename that is pending */
	struct tw_node *list[TW_V2_ENTRIES_MAX + 1]; /* the entries it comes to */
	unsigned count;
	struct tw_pair tail;
	bool more;
	struct tw_mdir *pieces; /* fresh pairs that take the end of the list, in order */
	struct tw_node *copy;   /* of the superblock, which the rest moves away from */
	uint32_t added_off, body_off, attr_off; /* where an added commit has these */
};

/* ---- what an entry looks like ---- */

static uint32_t name_len(const struct tw_node *node, const struct tw_v2_edit *edit)
{
	return node == edit->added && edit->name ? (uint32_t)strlen(*edit->name) : node->name_len;
}

static uint32_t body_len(const struct tw_node *node, const struct tw_v2_edit *edit)
{
	if (node == edit->changed && edit->place)
		return edit->place->inline_data ? edit->place->size : 8;
	return node->kind == TW_OPAQUE || (node->kind == TW_FILE && node->is_inline)
		       ? node->body.len
		       : 8;
}

static const struct tw_attrs *attrs_of(const struct tw_node *node, const struct tw_v2_edit *edit)
{
	return node == edit->changed && edit->attr ? *edit->attrs : node->attrs;
}

uint32_t tw_v2_entry_size(const struct tw_node *node, const struct tw_v2_edit *edit)
{
	const struct tw_attrs *attrs = attrs_of(node, edit);
	uint32_t size = 2 * TW_V2_TAG_SIZE + name_len(node, edit) + body_len(node, edit);

	for (unsigned i = 0; attrs && i < attrs->count; i++)
		size += TW_V2_TAG_SIZE + attrs->list[i].len;
	return size;
}

/* Copies @len bytes that the block in force of the node's pair has at @off. */
static int put_from_pair(struct plan *plan, struct tw_v2_log_writer *writer, unsigned type,
	unsigned id, const struct tw_node *node, uint32_t off, uint32_t len, uint32_t *ret_off)
{
	const uint8_t *data = NULL;
	int rc = 0;

	if (len)
		rc = tw_area_read(&plan->volume->area, node->mdir->pair.block[0], off, len, &data);
	if (!rc)
		*ret_off = tw_v2_put(writer, type, id, data, len);
	return rc;
}

static int put_body(struct plan *plan, struct tw_v2_log_writer *writer, unsigned id,
	const struct tw_node *node, uint32_t *ret_off)
{
	const struct tw_v2_edit *edit = plan->edit;
	const struct tw_place *place = node == edit->changed ? edit->place : NULL;
	const struct tw_pair *pair = node == edit->changed ? edit->pair : NULL;

	if (place && place->inline_data) {
		*ret_off = tw_v2_put(writer, TW_V2_STRUCT | TW_V2_FORM_INLINE, id,
			place->inline_data, place->size);
		return 0;
	}
	if (!place && (node->kind == TW_OPAQUE || (node->kind == TW_FILE && node->is_inline)))
		return put_from_pair(plan, writer, TW_V2_STRUCT | node->body.form, id, node,
			node->body.off, node->body.len, ret_off);
	if (node->kind == TW_FILE)
		tw_v2_put_words(writer, TW_V2_STRUCT | TW_V2_FORM_CTZ, id,
			place ? place->head : node->file.head,
			place ? place->size : node->file.size);
	else
		tw_v2_put_words(writer, TW_V2_STRUCT | TW_V2_FORM_DIR, id,
			pair ? pair->block[0] : node->dir.pair.block[0],
			pair ? pair->block[1] : node->dir.pair.block[1]);
	return 0;
}

static int put_attr(struct plan *plan, struct tw_v2_log_writer *writer, unsigned id,
	const struct tw_node *node, const struct tw_attr *attr)
{
	const struct tw_v2_attr_change *change =
		node == plan->edit->changed ? plan->edit->attr : NULL;
	uint32_t off;

	if (change && change->type == attr->type) {
		(void)tw_v2_put(writer, TW_V2_ATTR | attr->type, id, change->value, change->len);
		return 0;
	}
	return put_from_pair(plan, writer, TW_V2_ATTR | attr->type, id, node, attr->off, attr->len,
		&off);
}

/* A whole entry: NAME, STRUCT, ATTRs. */
static int put_entry(struct plan *plan, struct tw_v2_log_writer *writer, unsigned id,
	const struct tw_node *node)
{
	const struct tw_v2_edit *edit = plan->edit;
	const struct tw_attrs *attrs = attrs_of(node, edit);
	const char *name = node == edit->added && edit->name ? *edit->name : node->name;
	uint32_t off;
	int rc;

	(void)tw_v2_put(writer, TW_V2_NAME | node->tag, id, name, name_len(node, edit));
	rc = put_body(plan, writer, id, node, &off);
	for (unsigned i = 0; !rc && attrs && i < attrs->count; i++)
		rc = put_attr(plan, writer, id, node, &attrs->list[i]);
	return rc;
}

/* ---- the state of the thread ---- */

static bool is_on_thread(const struct twinfs_volume *volume, const struct tw_mdir *mdir)
{
	return (mdir == volume->superblock || mdir->prev) && !mdir->is_unknown_to_thread;
}

/* The share that @mdir is to have when its next version is written. */
static struct tw_gstate next_share(const struct plan *plan, const struct tw_mdir *mdir)
{
	struct tw_gstate share = mdir->share;

	if (mdir == plan->mdir)
		tw_v2_add_state(&share, &plan->edit->inherit);
	if (is_on_thread(plan->volume, mdir)) {
		tw_v2_add_state(&share, &plan->volume->wanted);
		tw_v2_add_state(&share, &plan->volume->gstate);
	}
	return share;
}

static void put_share(struct tw_v2_log_writer *writer, const struct tw_gstate *share)
{
	uint8_t data[12];

	for (unsigned i = 0; i < 3; i++)
		tw_put_le32(data + 4 * i, share->word[i]);
	(void)tw_v2_put(writer, TW_V2_GSTATE, TW_V2_PAIR_ID, data, sizeof(data));
}

/* The version of @mdir that @writer built is on the chip. */
static void take_version(struct plan *plan, struct tw_mdir *mdir,
	const struct tw_v2_log_writer *writer, const struct tw_gstate *share)
{
	mdir->len = writer->off;
	mdir->chain = writer->chain;
	mdir->can_append = writer->off + writer->prog_size <= writer->block_size;
	mdir->share = *share;
	if (is_on_thread(plan->volume, mdir))
		plan->volume->gstate = plan->volume->wanted;
}

static void put_tail(struct tw_v2_log_writer *writer, struct tw_pair tail, bool more)
{
	tw_v2_put_words(writer, more ? TW_V2_TAIL_HARD : TW_V2_TAIL_SOFT, TW_V2_PAIR_ID,
		tail.block[0], tail.block[1]);
}

/* ---- the tree in memory follows ---- */

/* Where things stand in an entry whose NAME tag is at @off; returns where it ends. */
static uint32_t lay_out(struct tw_node *node, uint32_t off)
{
	uint32_t body = node->kind == TW_OPAQUE || (node->kind == TW_FILE && node->is_inline)
				? node->body.len
				: 8;

	node->body.off = off + 2 * TW_V2_TAG_SIZE + node->name_len;
	off = node->body.off + body;
	for (unsigned i = 0; node->attrs && i < node->attrs->count; i++) {
		node->attrs->list[i].off = off + TW_V2_TAG_SIZE;
		off += TW_V2_TAG_SIZE + node->attrs->list[i].len;
	}
	return off;
}

static void apply_to_changed(struct plan *plan)
{
	const struct tw_v2_edit *edit = plan->edit;
	const struct tw_place *place = edit->place;
	struct tw_node *node = edit->changed;

	if (place) {
		node->body.form = place->inline_data ? TW_V2_FORM_INLINE : TW_V2_FORM_CTZ;
		node->body.len = place->inline_data ? (uint16_t)place->size : 8;
		node->body.off = plan->body_off;
	}
	if (place && node->kind == TW_FILE) {
		node->is_inline = place->inline_data;
		node->file.head = place->head;
		node->file.size = place->size;
	}
	if (edit->pair)
		node->dir.pair = *edit->pair;
	if (edit->attr) {
		free(node->attrs);
		node->attrs = *edit->attrs;
		*edit->attrs = NULL;
		for (unsigned i = 0; node->attrs && i < node->attrs->count; i++)
			if (node->attrs->list[i].type == edit->attr->type)
				node->attrs->list[i].off = plan->attr_off;
	}
}

static void apply_to_nodes(struct plan *plan)
{
	const struct tw_v2_edit *edit = plan->edit;

	if (edit->replaced)
		edit->replaced->mdir = NULL;
	if (plan->dropped)
		plan->dropped->mdir = NULL;
	if (edit->changed)
		apply_to_changed(plan);
	if (edit->added && edit->name) {
		edit->added->name_len = (uint16_t)strlen(*edit->name);
		free(edit->added->name);
		edit->added->name = *edit->name;
		*edit->name = NULL;
	}
}

/* Puts the list into @mdir, which has room for it. */
static void fill(struct tw_mdir *mdir, struct tw_node *const *list, unsigned count)
{
	if (count)
		memmove(mdir->entries, list, count * sizeof(struct tw_node *));
	mdir->count = count;
	for (unsigned i = 0; i < count; i++)
		mdir->entries[i]->mdir = mdir;
}

static void lay_out_all(struct tw_mdir *mdir)
{
	uint32_t off = TW_V2_REV_SIZE;

	for (unsigned i = 0; i < mdir->count; i++)
		off = lay_out(mdir->entries[i], off);
}

/*
 * Whether a write that failed has put its commit on the chip all the same, so
 * that the next mount would see it: only what follows the CRC is missing. Then
 * it has been made, and @writer ends where the commit does.
 */
static bool took_effect(const struct plan *plan, uint32_t block, uint32_t rev,
	struct tw_v2_log_writer *writer, uint32_t from)
{
	struct tw_v2_log log = {0};
	const uint8_t *bytes;

	if (tw_area_read(&plan->volume->area, block, 0, writer->block_size, &bytes) ||
		!tw_v2_scan(bytes, writer->block_size, &log) || log.rev != rev || log.end <= from)
		return false;
	writer->off = log.end;
	writer->chain = log.chain;
	return true;
}

/* ---- adding to the log ---- */

/* The number of an entry behind the changes that are written before @node's. */
static unsigned id_of(const struct plan *plan, const struct tw_node *node)
{
	const struct tw_v2_edit *edit = plan->edit;
	unsigned id = tw_mdir_find(plan->mdir, node);

	if (edit->replaced && tw_mdir_find(plan->mdir, edit->replaced) < id)
		id--;
	if (edit->added && edit->at <= id)
		id++;
	return id;
}

static int put_changes(struct plan *plan, struct tw_v2_log_writer *writer)
{
	const struct tw_v2_edit *edit = plan->edit;
	int rc = 0;

	if (edit->replaced)
		(void)tw_v2_put(writer, TW_V2_DELETE, tw_mdir_find(plan->mdir, edit->replaced),
			NULL, 0);
	if (edit->added) {
		(void)tw_v2_put(writer, TW_V2_CREATE, edit->at, NULL, 0);
		plan->added_off = writer->off;
		rc = put_entry(plan, writer, edit->at, edit->added);
	}
	if (!rc && (edit->place || edit->pair))
		rc = put_body(plan, writer, id_of(plan, edit->changed), edit->changed,
			&plan->body_off);
	if (edit->attr && edit->attr->value)
		plan->attr_off = tw_v2_put(writer, TW_V2_ATTR | edit->attr->type,
			id_of(plan, edit->changed), edit->attr->value, edit->attr->len);
	else if (edit->attr)
		tw_v2_put_removed(writer, TW_V2_ATTR | edit->attr->type,
			id_of(plan, edit->changed));
	if (edit->sets_tail)
		put_tail(writer, edit->tail, edit->more);
	if (plan->dropped)
		(void)tw_v2_put(writer, TW_V2_DELETE, id_of(plan, plan->dropped), NULL, 0);
	return rc;
}

/* Whatever the log says, cells that are not erased cannot be programmed. */
static bool is_erased(const uint8_t *cells, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (cells[i] != 0xff)
			return false;
	return true;
}

static int append(struct plan *plan)
{
	struct twinfs_volume *volume = plan->volume;
	struct tw_mdir *mdir = plan->mdir;
	struct tw_gstate share = next_share(plan, mdir);
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
	rc = put_changes(plan, &writer);
	if (rc)
		return rc;
	if (memcmp(&share, &mdir->share, sizeof(share)) != 0)
		put_share(&writer, &share);
	if (writer.off == from && !writer.is_full)
		return 0; /* nothing to say */
	if (writer.is_full)
		return NOT_HERE;
	tw_v2_seal(&writer, block);
	if (!is_erased(block + from, writer.off - from))
		return NOT_HERE;
	rc = tw_area_program(&volume->area, mdir->pair.block[0], from, writer.bytes + from,
		writer.off - from);
	is_whole = !rc;
	if (tw_is_bad_block(rc) &&
		!took_effect(plan, mdir->pair.block[0], mdir->rev, &writer, from))
		return NOT_HERE;
	if (rc && !tw_is_bad_block(rc))
		return rc;
	take_version(plan, mdir, &writer, &share);
	mdir->can_append = mdir->can_append && is_whole;
	apply_to_nodes(plan);
	fill(mdir, plan->list, plan->count);
	if (plan->edit->added)
		(void)lay_out(plan->edit->added, plan->added_off);
	return 0;
}

/* ---- writing the pair anew ---- */

static int build_log(struct plan *plan, struct tw_mdir *mdir, struct tw_node *const *list,
	unsigned count, struct tw_v2_log_writer *writer, struct tw_gstate *ret_share)
{
	int rc = 0;

	*ret_share = next_share(plan, mdir);
	tw_v2_begin_log(writer, plan->volume, mdir->rev + 1);
	for (unsigned i = 0; !rc && i < count; i++)
		rc = put_entry(plan, writer, i, list[i]);
	if (rc)
		return rc;
	if (!tw_pair_is_nil(plan->tail))
		put_tail(writer, plan->tail, plan->more);
	if (!tw_v2_is_zero(ret_share))
		put_share(writer, ret_share);
	if (writer->is_full)
		return -ENOSPC;
	tw_v2_seal(writer, NULL);
	return 0;
}

/* Writes a log to the other block of @mdir; when that is bad, to another one. */
static int write_log(struct plan *plan, struct tw_mdir *mdir, struct tw_node *const *list,
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
		rc = tw_area_write_block(&plan->volume->area, mdir->pair.block[1],
			&(struct iovec){writer.bytes, writer.off}, 1);
		if (!tw_is_bad_block(rc))
			break;
		if (took_effect(plan, mdir->pair.block[1], mdir->rev + 1, &writer, 0)) {
			is_whole = false;
			rc = 0;
			break;
		}
		rc = tw_pair_move_half(plan->volume, mdir, true);
		if (rc)
			break;
	}
	if (rc)
		return rc;
	tw_pair_swap_halves(mdir);
	mdir->rev++;
	mdir->tail = plan->tail;
	mdir->more = plan->more;
	take_version(plan, mdir, &writer, &share);
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
static int cut_off(struct plan *plan, unsigned from)
{
	unsigned count = plan->count - from;
	struct tw_mdir *fresh;
	int rc = new_mdir(plan->volume, &fresh);

	if (rc)
		return rc;
	rc = tw_mdir_reserve(fresh, count);
	if (!rc)
		rc = write_log(plan, fresh, plan->list + from, count);
	tw_pair_forget_move(plan->volume, fresh);
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

static void drop_pieces(struct plan *plan)
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

/* Whether list[@from..@to) is more than one pair should hold. */
static bool is_too_much(const struct plan *plan, const uint32_t *sizes, unsigned from, unsigned to)
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
static int split(struct plan *plan)
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

static bool is_due(const struct plan *plan)
{
	const struct twinfs_volume *volume = plan->volume;

	return volume->cycles && !plan->edit->stays && volume->alloc.used &&
	       (plan->mdir->rev + 1) % wear_period(volume) == 0;
}

/*
 * The superblock pair cannot move. When it is worn all its entries go to a
 * fresh pair, and it keeps a copy of the superblock only.
 */
static int expand(struct plan *plan)
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

static int relieve(struct plan *plan)
{
	struct twinfs_volume *volume = plan->volume;
	struct tw_mdir *mdir = plan->mdir;
	uint32_t spare = volume->alloc.free > volume->alloc.reserved
				 ? volume->alloc.free - volume->alloc.reserved
				 : 0;

	if (!is_due(plan) || spare < WEAR_RESERVE)
		return 0;
	if (mdir != volume->superblock)
		return tw_pair_move_half(volume, mdir, false);
	if (mdir->dir && spare > volume->area.block_count / 8 &&
		plan->list[0] != plan->edit->changed)
		return expand(plan);
	return 0;
}

/* Puts the pieces on the thread behind the pair, and into its directory. */
static void link_pieces(struct plan *plan)
{
	struct tw_mdir *before = plan->mdir, *piece;
	struct tw_node *dir = plan->mdir->dir;
	bool was_last = dir && dir->dir.last == plan->mdir;

	while ((piece = plan->pieces)) {
		plan->pieces = piece->next;
		tw_pair_link(before, piece);
		piece->dir = dir;
		if (dir)
			dir->dir.pairs++;
		fill(piece, piece->entries, piece->count);
		lay_out_all(piece);
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

static int write_anew(struct plan *plan)
{
	struct tw_mdir *mdir = plan->mdir;
	struct tw_pair_place place;
	int rc;

	tw_pair_note_place(mdir, &place);
	rc = split(plan);
	if (!rc)
		rc = relieve(plan);
	if (!rc)
		rc = write_log(plan, mdir, plan->list, plan->count);
	if (rc) {
		tw_pair_put_back(plan->volume, mdir, &place);
		drop_pieces(plan);
		return rc;
	}
	apply_to_nodes(plan);
	fill(mdir, plan->list, plan->count);
	lay_out_all(mdir);
	if (plan->pieces)
		link_pieces(plan);
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

static void make_list(struct plan *plan)
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
static int leave_thread(struct plan *plan)
{
	struct twinfs_volume *volume = plan->volume;
	struct tw_mdir *mdir = plan->mdir;
	struct tw_v2_edit edit = {
		.sets_tail = true,
		.tail = plan->tail,
		.more = plan->more,
		.inherit = mdir->share,
		.stays = plan->edit->stays,
	};
	int rc = write_version(volume, mdir->prev, &edit);

	if (rc)
		return rc;
	apply_to_nodes(plan);
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

static int write_plan(struct plan *plan)
{
	struct tw_mdir *mdir = plan->mdir;
	unsigned before = mdir->count;
	int rc;

	if (!plan->count && before && is_continuation(mdir))
		return leave_thread(plan);
	rc = tw_mdir_reserve(mdir, plan->count);
	if (!rc)
		rc = append(plan);
	if (rc == NOT_HERE)
		return write_anew(plan);
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
	struct plan plan;
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
	struct tw_v2_edit edit = {.changed = mdir->dir, .pair = &mdir->pair, .stays = true};

	if (!parent) {
		if (mdir->dir && mdir->dir->dir.first == mdir)
			mdir->dir->dir.pair = mdir->pair; /* the root, which has no entry */
		return 0;
	}
	want_flag(volume, true);
	return write_version(volume, parent, &edit);
}

static int tell_thread(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	struct tw_v2_edit edit = {
		.sets_tail = true,
		.tail = mdir->pair,
		.more = mdir->prev && mdir->prev->more,
		.stays = true,
	};
	struct tw_mdir *other;
	bool others = false;

	if (!mdir->prev)
		return 0;
	TAILQ_FOREACH(other, &volume->unsettled, unsettled)
	others = others || other->is_unknown_to_thread;
	want_flag(volume, others);
	return write_version(volume, mdir->prev, &edit);
}

int tw_v2_commit(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_v2_edit *edit)
{
	static const struct tw_pair_news news = {tell_parent, tell_thread};
	int rc;

	want_flag(volume, false);
	rc = write_version(volume, mdir, edit);
	return rc ? rc : tw_pair_settle(volume, &news);
}

int tw_v2_new_pair(struct twinfs_volume *volume, struct tw_pair tail, struct tw_mdir **ret_mdir)
{
	static const struct tw_v2_edit nothing;
	struct plan plan = {.volume = volume, .edit = &nothing, .tail = tail};
	struct tw_mdir *mdir;
	int rc = new_mdir(volume, &mdir);

	if (rc)
		return rc;
	rc = write_log(&plan, mdir, NULL, 0);
	tw_pair_forget_move(volume, mdir);
	if (rc) {
		tw_pair_drop(volume, mdir);
		return rc;
	}
	*ret_mdir = mdir;
	return 0;
}
