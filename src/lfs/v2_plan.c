/* SPDX-License-Identifier: MIT */
/*
 * v2_plan.c - one commit in the making: what it writes, and what the tree in
 * memory becomes when it is on the chip.
 *
 * Entries are written from where they stand: names, block lists and pairs from
 * memory, content and attributes from the block in force of their pair.
 */
#include "v2_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "index.h"

/* ---- entries ---- */

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
static int put_from_pair(struct tw_v2_plan *plan, struct tw_v2_log_writer *writer, unsigned type,
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

static int put_body(struct tw_v2_plan *plan, struct tw_v2_log_writer *writer, unsigned id,
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

static int put_attr(struct tw_v2_plan *plan, struct tw_v2_log_writer *writer, unsigned id,
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

int tw_v2_put_entry(struct tw_v2_plan *plan, struct tw_v2_log_writer *writer, unsigned id,
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

/* The number of an entry behind the changes that are written before @node's. */
static unsigned id_of(const struct tw_v2_plan *plan, const struct tw_node *node)
{
	const struct tw_v2_edit *edit = plan->edit;
	unsigned id = tw_mdir_find(plan->mdir, node);

	if (edit->replaced && tw_mdir_find(plan->mdir, edit->replaced) < id)
		id--;
	if (edit->added && edit->at <= id)
		id++;
	return id;
}

int tw_v2_put_changes(struct tw_v2_plan *plan, struct tw_v2_log_writer *writer)
{
	const struct tw_v2_edit *edit = plan->edit;
	int rc = 0;

	if (edit->replaced)
		(void)tw_v2_put(writer, TW_V2_DELETE, tw_mdir_find(plan->mdir, edit->replaced),
			NULL, 0);
	if (edit->added) {
		(void)tw_v2_put(writer, TW_V2_CREATE, edit->at, NULL, 0);
		plan->added_off = writer->off;
		rc = tw_v2_put_entry(plan, writer, edit->at, edit->added);
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
		tw_v2_put_tail(writer, edit->tail, edit->more);
	if (plan->dropped)
		(void)tw_v2_put(writer, TW_V2_DELETE, id_of(plan, plan->dropped), NULL, 0);
	return rc;
}

/* ---- the state of the thread ---- */

static bool is_on_thread(const struct twinfs_volume *volume, const struct tw_mdir *mdir)
{
	return (mdir == volume->superblock || mdir->prev) && !mdir->is_unknown_to_thread;
}

struct tw_gstate tw_v2_next_share(const struct tw_v2_plan *plan, const struct tw_mdir *mdir)
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

void tw_v2_put_share(struct tw_v2_log_writer *writer, const struct tw_gstate *share)
{
	uint8_t data[12];

	for (unsigned i = 0; i < 3; i++)
		tw_put_le32(data + 4 * i, share->word[i]);
	(void)tw_v2_put(writer, TW_V2_GSTATE, TW_V2_PAIR_ID, data, sizeof(data));
}

void tw_v2_take_version(struct tw_v2_plan *plan, struct tw_mdir *mdir,
	const struct tw_v2_log_writer *writer, const struct tw_gstate *share)
{
	mdir->len = writer->off;
	mdir->chain = writer->chain;
	mdir->can_append = writer->off + writer->prog_size <= writer->block_size;
	mdir->share = *share;
	if (is_on_thread(plan->volume, mdir))
		plan->volume->gstate = plan->volume->wanted;
}

void tw_v2_put_tail(struct tw_v2_log_writer *writer, struct tw_pair tail, bool more)
{
	tw_v2_put_words(writer, more ? TW_V2_TAIL_HARD : TW_V2_TAIL_SOFT, TW_V2_PAIR_ID,
		tail.block[0], tail.block[1]);
}

bool tw_v2_took_effect(const struct tw_v2_plan *plan, uint32_t block, uint32_t rev,
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

/* ---- the tree in memory ---- */

uint32_t tw_v2_lay_out(struct tw_node *node, uint32_t off)
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

static void apply_to_changed(struct tw_v2_plan *plan)
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

void tw_v2_apply(struct tw_v2_plan *plan)
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

void tw_v2_fill(struct tw_mdir *mdir, struct tw_node *const *list, unsigned count)
{
	if (count)
		memmove(mdir->entries, list, count * sizeof(struct tw_node *));
	mdir->count = count;
	for (unsigned i = 0; i < count; i++)
		mdir->entries[i]->mdir = mdir;
}

void tw_v2_lay_out_all(struct tw_mdir *mdir)
{
	uint32_t off = TW_V2_REV_SIZE;

	for (unsigned i = 0; i < mdir->count; i++)
		off = tw_v2_lay_out(mdir->entries[i], off);
}
