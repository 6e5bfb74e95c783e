/* SPDX-License-Identifier: MIT */
/*
 * v2_tree.c - creating, removing and renaming on a version 2 volume.
 *
 * Each operation is a chain of commits in the order of the format (section
 * 17): a cut between two of them leaves a removed directory on the thread, with
 * the flag that says so, or a rename whose source is hidden. Pairs may move and
 * split with every commit, so places are looked up again after each.
 */
#include "v2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "content.h"
#include "index.h"
#include "pairs.h"
#include "v2_check.h"

/* An entry must fit a pair of its own. */
static int check_size(const struct twinfs_volume *volume, const struct tw_node *node,
	const struct tw_v2_edit *edit)
{
	return tw_v2_entry_size(node, edit) + TW_V2_SPARE > volume->area.block_size ? -ENOSPC : 0;
}

/* ---- adding an entry ---- */

static int new_node(struct twinfs_volume *volume, enum tw_kind kind, const char *name,
	struct tw_node **ret_node)
{
	static const struct tw_v2_edit nothing;
	struct tw_node *node;
	int rc = tw_node_new(volume, kind, name, strlen(name), &node);

	if (rc)
		return rc;
	node->tag = kind == TW_FILE ? TW_V2_NAME_FILE : TW_V2_NAME_DIR;
	if (kind == TW_FILE) {
		node->is_inline = true;
		node->body.form = TW_V2_FORM_INLINE;
		node->file.head = TW_NIL;
	}
	if (check_size(volume, node, &nothing)) {
		tw_node_free(volume, node);
		return -ENAMETOOLONG;
	}
	*ret_node = node;
	return 0;
}

static int add_entry(struct twinfs_volume *volume, struct tw_node *dir, struct tw_node *node)
{
	struct tw_v2_edit edit = {.added = node};
	struct tw_mdir *mdir;
	int rc;

	do {
		rc = tw_v2_find_place(dir, node->name, &mdir, &edit.at);
		if (!rc)
			rc = tw_v2_try(volume, mdir, &edit);
	} while (tw_v2_made_way(volume, &rc));
	return rc;
}

/*
 * The new pair goes on the thread behind the last one of its parent. When that
 * is where the entry belongs too, one commit does both; else the pair is there
 * first, as one that a cut makes garbage.
 */
static int link_child(struct twinfs_volume *volume, struct tw_node *dir, struct tw_node *node,
	struct tw_mdir *child)
{
	struct tw_v2_edit edit = {.added = node, .sets_tail = true, .tail = child->pair};
	struct tw_mdir *mdir;
	int rc = tw_v2_find_place(dir, node->name, &mdir, &edit.at);

	if (rc)
		return rc;
	if (mdir == dir->dir.last) {
		rc = tw_v2_try(volume, mdir, &edit);
	} else {
		edit.added = NULL;
		volume->pending.orphans++;
		rc = tw_v2_try(volume, dir->dir.last, &edit);
		volume->pending.orphans--;
	}
	if (!rc)
		tw_pair_link(dir->dir.last, child);
	return rc;
}

static int add_child(struct twinfs_volume *volume, struct tw_node *dir, struct tw_node *node,
	struct tw_mdir **ret_child)
{
	int rc = tw_v2_new_pair(volume, node, dir->dir.last->tail, ret_child);

	if (rc)
		return rc;
	node->dir.pair = (*ret_child)->pair;
	node->dir.first = node->dir.last = *ret_child;
	node->dir.pairs = 1;
	rc = link_child(volume, dir, node, *ret_child);
	if (rc) {
		node->dir.first = node->dir.last = NULL;
		tw_pair_drop(volume, *ret_child);
	}
	return rc;
}

static int add_dir(struct twinfs_volume *volume, struct tw_node *dir, struct tw_node *node)
{
	struct tw_mdir *child;
	int rc;

	do
		rc = add_child(volume, dir, node, &child); /* its tail is as it is now */
	while (tw_v2_made_way(volume, &rc));
	if (rc || node->mdir)
		return rc;
	rc = add_entry(volume, dir, node);
	if (rc) {
		node->dir.first = node->dir.last = NULL;
		child->dir = NULL;
		child->is_orphan = true;
		volume->pending.orphans++;
	}
	return rc;
}

static int add(struct twinfs_volume *volume, struct tw_node *dir, const char *name,
	enum tw_kind kind, struct tw_node **ret_node)
{
	struct tw_node *node;
	int rc = new_node(volume, kind, name, &node);

	if (rc)
		return rc;
	rc = kind == TW_FILE ? add_entry(volume, dir, node) : add_dir(volume, dir, node);
	if (rc) {
		tw_node_free(volume, node);
		return rc;
	}
	tw_node_link(volume, dir, node);
	*ret_node = node;
	return 0;
}

/* ---- removing ---- */

/*
 * What an object that has lost its entry leaves behind; a directory its pair, as an
 * orphan, which a later change takes away when this one cannot.
 */
static int dispose(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_mdir *first;
	int rc;

	tw_node_unlink(volume, node);
	if (node->kind == TW_FILE) {
		tw_content_removed(volume, node);
		return 0;
	}
	first = node->dir.first;
	first->dir = NULL;
	rc = tw_v2_remove_orphan(volume, first);
	node->dir.first = node->dir.last = NULL;
	tw_node_free(volume, node);
	return rc == -ESHUTDOWN ? rc : 0;
}

/*
 * Before an entry goes: content that only it has is kept for who has the file
 * open, and the pair of a directory is announced as an orphan.
 */
static int announce(struct twinfs_volume *volume, struct tw_node *node)
{
	if (node->kind == TW_FILE)
		return tw_content_keep(volume, node);
	volume->pending.orphans++;
	return 0;
}

static void withdraw(struct twinfs_volume *volume, const struct tw_node *node)
{
	if (node->kind == TW_DIRECTORY)
		volume->pending.orphans--;
}

static int remove_node(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_v2_edit edit = {.dropped = node};
	int rc = announce(volume, node);

	if (rc)
		return rc;
	rc = tw_v2_commit(volume, node->mdir, &edit);
	if (rc) {
		withdraw(volume, node);
		return rc;
	}
	return dispose(volume, node);
}

/* ---- renaming ---- */

/* One rename on its way. */
struct move {
	struct tw_node *node, *dir, *replaced;
	char *name;
	struct tw_node *ghost; /* holds the node's old place until that entry is deleted */
	struct tw_mdir *from;
};

/* Where the new name goes: the place of what it replaces, or where it belongs. */
static int find_target(const struct move *move, struct tw_mdir **ret_mdir, unsigned *ret_at)
{
	if (!move->replaced)
		return tw_v2_find_place(move->dir, move->name, ret_mdir, ret_at);
	*ret_mdir = move->replaced->mdir;
	*ret_at = tw_mdir_find(*ret_mdir, move->replaced);
	return 0;
}

static int begin_move(struct twinfs_volume *volume, struct move *move)
{
	int rc = tw_node_new(volume, TW_OPAQUE, "", 0, &move->ghost);

	if (rc)
		return rc;
	move->from = move->node->mdir;
	move->ghost->is_void = true;
	tw_mdir_replace(move->from, move->node, move->ghost);
	return 0;
}

/* The node is back in its place. */
static void undo_move(struct twinfs_volume *volume, struct move *move)
{
	tw_mdir_replace(move->from, move->ghost, move->node);
	tw_node_free(volume, move->ghost);
}

/* Both names in one pair: one commit. */
static int move_at_once(struct twinfs_volume *volume, struct move *move, struct tw_v2_edit *edit)
{
	int rc;

	edit->dropped = move->ghost;
	rc = tw_v2_try(volume, move->from, edit);
	if (rc)
		undo_move(volume, move);
	else
		tw_node_free(volume, move->ghost);
	return rc;
}

/*
 * Makes the new name, and with the global state hides the old one, which a second
 * commit deletes.
 */
static int begin_in_steps(struct twinfs_volume *volume, struct move *move, struct tw_mdir *to,
	const struct tw_v2_edit *edit)
{
	uint32_t flag = volume->wanted.word[0] & TW_V2_ORPHANS;
	uint32_t id = tw_mdir_find(move->from, move->ghost);
	int rc;

	volume->wanted = (struct tw_gstate){{flag | tw_v2_tag(TW_V2_DELETE, id, 0),
		move->from->pair.block[0], move->from->pair.block[1]}};
	rc = tw_v2_try(volume, to, edit);
	if (rc) {
		volume->wanted = volume->gstate;
		undo_move(volume, move);
	}
	return rc;
}

/* Any commit to the source deletes the old name, also one because something moved. */
static int end_in_steps(struct twinfs_volume *volume, struct tw_mdir *from)
{
	static const struct tw_v2_edit nothing;
	struct tw_pair pair;
	unsigned id;
	int rc;

	do
		rc = tw_v2_try(volume, from, &nothing);
	while (tw_v2_made_way(volume, &rc) && tw_v2_pending_move(&volume->wanted, &pair, &id));
	volume->pending.marks = rc != 0; /* hidden already; the next change deletes it */
	return rc == -ESHUTDOWN ? rc : 0;
}

static int do_move(struct twinfs_volume *volume, struct move *move)
{
	struct tw_v2_edit edit = {
		.added = move->node, .name = &move->name, .replaced = move->replaced};
	struct tw_mdir *to;
	int rc = check_size(volume, move->node, &edit);

	if (rc)
		return rc;
	do {
		edit.dropped = NULL;
		rc = find_target(move, &to, &edit.at) ?: begin_move(volume, move);
		if (rc)
			return rc;
		/* the ghost has no name: the place it was found at is as it was */
		rc = to == move->from ? move_at_once(volume, move, &edit)
				      : begin_in_steps(volume, move, to, &edit);
	} while (tw_v2_made_way(volume, &rc));
	return rc || to == move->from ? rc : end_in_steps(volume, move->from);
}

static int move_node(struct twinfs_volume *volume, struct tw_node *node, struct tw_node *dir,
	const char *name, struct tw_node *replaced)
{
	struct move move = {.node = node, .dir = dir, .replaced = replaced, .name = strdup(name)};
	struct tw_node *parent = node->parent;
	int rc = move.name ? 0 : -ENOMEM;
	bool is_done;

	if (!rc && replaced)
		rc = announce(volume, replaced);
	if (rc) {
		free(move.name);
		return rc;
	}
	tw_node_unlink(volume, node);
	if (replaced)
		tw_node_unlink(volume, replaced);
	rc = do_move(volume, &move);
	is_done = !move.name; /* the node has taken it */
	free(move.name);
	tw_node_link(volume, is_done ? dir : parent, node);
	if (replaced && is_done)
		return dispose(volume, replaced) ?: rc;
	if (replaced) {
		withdraw(volume, replaced);
		tw_node_link(volume, dir, replaced);
	}
	return rc;
}

/* ---- content and attributes ---- */

/* A list of attributes of its own, with room for one more. */
static int copy_attrs(const struct tw_attrs *attrs, struct tw_attrs **ret_copy)
{
	size_t size = attrs ? sizeof(*attrs) + attrs->count * sizeof(*attrs->list) : 0;

	*ret_copy = NULL;
	if (!attrs)
		return 0;
	*ret_copy = malloc(size);
	if (!*ret_copy)
		return -ENOMEM;
	memcpy(*ret_copy, attrs, size);
	return 0;
}

static int change(struct twinfs_volume *volume, struct tw_node *node, const struct tw_place *place,
	const struct tw_v2_attr_change *attr)
{
	_cleanup_free_ struct tw_attrs *attrs = NULL;
	struct tw_v2_edit edit = {.changed = node, .place = place, .attr = attr, .attrs = &attrs};
	int rc = attr ? copy_attrs(node->attrs, &attrs) : 0;

	if (!rc && attr) {
		struct tw_attr entry = {attr->type, (uint16_t)attr->len, 0};

		rc = tw_v2_attrs_put(&attrs, &entry, !attr->value);
	}
	if (!rc)
		rc = check_size(volume, node, &edit);
	return rc ? rc : tw_v2_commit(volume, node->mdir, &edit);
}

static bool has_time(const struct tw_node *node)
{
	for (unsigned i = 0; node->attrs && i < node->attrs->count; i++)
		if (node->attrs->list[i].type == TWINFS_ATTR_MTIME)
			return true;
	return false;
}

/* What name and attributes leave; content that has no room there still has it in a block. */
static uint32_t entry_room(const struct twinfs_volume *volume, const struct tw_node *node)
{
	static const struct tw_v2_edit nothing;
	uint32_t body = node->is_inline ? node->body.len : 8, room;
	uint32_t used = tw_v2_entry_size(node, &nothing) - body + TW_V2_SPARE;

	if (volume->stores_mtime && !has_time(node))
		used += TW_V2_TAG_SIZE + 8;
	room = used < volume->area.block_size ? volume->area.block_size - used : 0;
	return room < volume->inline_max ? room : volume->inline_max;
}

static int publish(struct twinfs_volume *volume, struct tw_node *node, const struct tw_place *place)
{
	uint8_t time[8];
	struct tw_v2_attr_change attr = {TWINFS_ATTR_MTIME, time, sizeof(time)};

	tw_put_le64(time, (uint64_t)node->mtime_ns);
	return change(volume, node, place, volume->stores_mtime && node->mtime_ns ? &attr : NULL);
}

static int set_attr(struct twinfs_volume *volume, struct tw_node *node, uint8_t type,
	const void *value, uint32_t len)
{
	struct tw_v2_attr_change attr = {type, value, len};
	int rc = change(volume, node, NULL, &attr);

	if (rc || type != TWINFS_ATTR_MTIME || node->kind != TW_FILE)
		return rc;
	node->mtime_ns = value && len == 8 ? (int64_t)tw_le64(value) : 0;
	volume->stores_mtime = volume->stores_mtime || node->mtime_ns;
	return 0;
}

const struct tw_engine tw_v2_engine = {
	.mount = tw_v2_mount,
	.repair = tw_v2_repair,
	.add = add,
	.remove = remove_node,
	.move = move_node,
	.entry_room = entry_room,
	.publish = publish,
	.format = tw_v2_format,
	.check = tw_v2_check,
	.set_attr = set_attr,
	.resize = tw_v2_resize,
};
