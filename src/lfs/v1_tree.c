/* SPDX-License-Identifier: MIT */
/*
 * v1_tree.c - creating, removing and renaming on a version 1 volume.
 *
 * Each operation is a chain of commits in the order of the format (section
 * 12): a cut between two of them leaves garbage in free blocks, an orphan on
 * the thread or a moving mark, and each of those is repairable.
 */
#include "v1.h"

#include <errno.h>

#include "alloc.h"
#include "content.h"
#include "index.h"
#include "pairs.h"

static int new_node(struct twinfs_volume *volume, enum tw_kind kind, const char *name, size_t len,
	struct tw_node **ret_node)
{
	struct tw_node *node;
	int rc;

	/* An entry must fit a pair of its own. */
	if (TW_V1_LEN_MIN + TW_V1_ENTRY_HEAD + TW_V1_PAYLOAD_SIZE + len > volume->area.block_size)
		return -ENAMETOOLONG;
	rc = tw_node_new(volume, kind, name, len, &node);
	if (rc)
		return rc;
	node->payload_len = TW_V1_PAYLOAD_SIZE;
	if (kind == TW_FILE) {
		node->tag = TW_V1_TYPE_FILE;
		node->file.head = TW_NIL;
	} else {
		node->tag = TW_V1_TYPE_DIR;
	}
	*ret_node = node;
	return 0;
}

/* ---- adding an entry ---- */

static void link_into_dir(struct tw_node *dir, struct tw_mdir *mdir)
{
	tw_pair_link(dir->dir.last, mdir);
	dir->dir.last = mdir;
	dir->dir.pairs++;
}

/*
 * Adds the entry of @node to @dir, and with the same commit puts @child, the
 * pair of a new directory, on the thread behind the last pair of @dir.
 */
static int append_entry(struct twinfs_volume *volume, struct tw_node *dir, struct tw_node *node,
	struct tw_mdir *child)
{
	struct tw_mdir *last = dir->dir.last, *grown;
	struct tw_v1_edit edit = {
		.add = node,
		.sets_tail = true,
		.tail = child ? child->pair : last->tail,
	};
	struct tw_v1_edit link = {.sets_tail = true, .more = true};
	int rc;

	if (tw_v1_fits(volume, last, &edit)) {
		rc = tw_v1_commit(volume, last, &edit);
	} else {
		rc = tw_v1_new_pair(volume, dir, &edit, &grown);
		if (rc)
			return rc;
		link.tail = grown->pair;
		rc = tw_v1_commit(volume, last, &link);
		if (rc) {
			node->mdir = NULL;
			tw_pair_drop(volume, grown);
			return rc;
		}
		link_into_dir(dir, grown);
	}
	if (!rc && child)
		tw_pair_link(node->mdir, child);
	return rc;
}

static int add(struct twinfs_volume *volume, struct tw_node *dir, const char *name,
	enum tw_kind kind, struct tw_node **ret_node)
{
	struct tw_v1_edit empty = {.sets_tail = true, .tail = dir->dir.last->tail};
	struct tw_mdir *child = NULL;
	struct tw_node *node;
	int rc = new_node(volume, kind, name, __builtin_strlen(name), &node);

	if (rc)
		return rc;
	if (kind == TW_DIRECTORY) {
		rc = tw_v1_new_pair(volume, node, &empty, &child);
		if (!rc) {
			node->dir.pair = child->pair;
			node->dir.first = node->dir.last = child;
			node->dir.pairs = 1;
		}
	}
	if (!rc)
		rc = append_entry(volume, dir, node, child);
	if (rc) {
		if (child)
			tw_pair_drop(volume, child);
		tw_node_free(volume, node);
		return rc;
	}
	tw_node_link(volume, dir, node);
	*ret_node = node;
	return 0;
}

/* ---- removing ---- */

/* The only entry of a continuation: its pair leaves the thread with one commit. */
static int remove_continuation(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_mdir *mdir = node->mdir, *before = mdir->prev;
	struct tw_v1_edit edit = {.sets_tail = true, .tail = mdir->tail, .more = mdir->more};
	int rc = tw_v1_commit(volume, before, &edit);

	if (rc)
		return rc;
	if (mdir->dir->dir.last == mdir)
		mdir->dir->dir.last = before;
	mdir->dir->dir.pairs--;
	node->mdir = NULL;
	tw_pair_drop(volume, mdir);
	return 0;
}

int tw_v1_remove_entry(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_mdir *mdir = node->mdir;
	struct tw_v1_edit edit = {.drop = node};

	if (mdir->count == 1 && mdir->dir && mdir != mdir->dir->dir.first && mdir->prev)
		return remove_continuation(volume, node);
	return tw_v1_commit(volume, mdir, &edit);
}

/* Takes the pair of a directory that has no entry any more off the thread. */
static int unlink_directory(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_mdir *first = node->dir.first;
	struct tw_mdir *before = first->prev;
	int rc = 0;

	node->dir.first = node->dir.last = NULL;
	node->dir.pairs = 0;
	first->dir = NULL;
	if (before) {
		struct tw_v1_edit edit = {
			.sets_tail = true,
			.tail = first->tail,
			.more = before->more,
		};

		rc = tw_v1_commit(volume, before, &edit);
	}
	if (rc) {
		first->is_orphan = true;
		volume->pending.orphans++;
		return rc;
	}
	tw_pair_drop(volume, first);
	return 0;
}

/*
 * What an object that has lost its entry leaves behind. It is removed, whether that
 * can be cleared up now or by a later change; only when the power goes there is none.
 */
static int dispose(struct twinfs_volume *volume, struct tw_node *node)
{
	int rc = 0;

	tw_node_unlink(volume, node);
	if (node->kind == TW_FILE) {
		tw_content_removed(volume, node);
	} else {
		rc = unlink_directory(volume, node);
		tw_node_free(volume, node);
	}
	return rc == -ESHUTDOWN ? rc : 0;
}

static int remove_node(struct twinfs_volume *volume, struct tw_node *node)
{
	int rc = tw_v1_remove_entry(volume, node);

	return rc ? rc : dispose(volume, node);
}

/* ---- renaming ---- */

/* An entry of its own with the payload of @node: what stands at the new place. */
static int new_twin(struct twinfs_volume *volume, const struct tw_node *node, const char *name,
	struct tw_node **ret_twin)
{
	struct tw_node *twin;
	int rc = new_node(volume, node->kind, name, __builtin_strlen(name), &twin);

	if (rc)
		return rc;
	twin->tag = node->tag & ~TW_V1_MARK;
	twin->payload_len = node->payload_len;
	twin->attr_len = node->attr_len;
	rc = tw_node_set_extra(twin, node->extra, node->extra_len);
	if (rc) {
		tw_node_free(volume, twin);
		return rc;
	}
	if (node->kind == TW_FILE) {
		twin->file.head = node->file.head;
		twin->file.size = node->file.size;
	} else {
		twin->dir.pair = node->dir.pair;
	}
	*ret_twin = twin;
	return 0;
}

/* The node goes on under the twin's name and place, the twin takes the node's. */
static void swap_places(struct twinfs_volume *volume, struct tw_node *node, struct tw_node *twin,
	struct tw_node *dir)
{
	struct tw_mdir *old = node->mdir, *new = twin->mdir;
	struct tw_node copy = *node;

	tw_node_unlink(volume, node);
	if (old)
		tw_mdir_replace(old, node, twin);
	else
		twin->mdir = NULL;
	tw_mdir_replace(new, twin, node);
	node->name = twin->name;
	node->name_len = twin->name_len;
	node->tag = twin->tag;
	twin->name = copy.name;
	twin->name_len = copy.name_len;
	twin->tag = copy.tag;
	tw_node_link(volume, dir, node);
}

static int set_mark(struct twinfs_volume *volume, struct tw_node *node, bool on)
{
	struct tw_v1_edit edit = {
		.update = node,
		.tag = on ? node->tag | TW_V1_MARK : node->tag & ~TW_V1_MARK,
	};

	tw_v1_payload(node, edit.payload);
	return tw_v1_commit(volume, node->mdir, &edit);
}

/* Source and target in one pair: one commit does it all, and needs no mark. */
static int move_at_once(struct twinfs_volume *volume, struct tw_node *node, struct tw_node *dir,
	struct tw_node *twin, const struct tw_v1_edit *edit)
{
	int rc = tw_v1_commit(volume, node->mdir, edit);

	if (rc)
		return rc;
	swap_places(volume, node, twin, dir);
	tw_node_free(volume, twin);
	return 0;
}

static int write_destination(struct twinfs_volume *volume, struct tw_node *dir,
	struct tw_node *twin, struct tw_node *replaced)
{
	struct tw_v1_edit edit = {.old = replaced, .new = twin};

	if (!replaced)
		return append_entry(volume, dir, twin, NULL);
	return tw_v1_commit(volume, replaced->mdir, &edit);
}

/* Writes what was at the destination before. */
static int restore_destination(struct twinfs_volume *volume, struct tw_node *twin,
	struct tw_node *replaced)
{
	struct tw_v1_edit edit = {.old = twin, .new = replaced};

	return replaced ? tw_v1_commit(volume, twin->mdir, &edit)
			: tw_v1_remove_entry(volume, twin);
}

/*
 * Empty files all look alike: a mark could not tell them apart (section 19.5). When the
 * old name of one cannot be deleted, the new one goes again; else it has both.
 */
static int move_unmarked(struct twinfs_volume *volume, struct tw_node *node, struct tw_node *dir,
	struct tw_node *twin, struct tw_node *replaced)
{
	int rc = write_destination(volume, dir, twin, replaced);

	if (rc)
		return rc;
	rc = tw_v1_remove_entry(volume, node);
	if (!rc) {
		swap_places(volume, node, twin, dir);
		tw_node_free(volume, twin);
	} else if (restore_destination(volume, twin, replaced)) {
		tw_node_link(volume, dir, twin);
	}
	return rc;
}

/* The move protocol of section 12.1: mark, write, delete. */
static int move_in_steps(struct twinfs_volume *volume, struct tw_node *node, struct tw_node *dir,
	struct tw_node *twin, struct tw_node *replaced)
{
	int rc;

	if (node->kind == TW_FILE && !node->file.size)
		return move_unmarked(volume, node, dir, twin, replaced);
	rc = set_mark(volume, node, true);
	if (node->kind == TW_DIRECTORY)
		twin->dir.pair = node->dir.pair; /* it may have moved */
	if (!rc)
		rc = write_destination(volume, dir, twin, replaced);
	if (rc) {
		if (node->tag & TW_V1_MARK)
			(void)set_mark(volume, node, false); /* a leftover mark is harmless */
		return rc;
	}
	swap_places(volume, node, twin, dir);
	rc = tw_v1_remove_entry(volume, twin);
	if (!rc) {
		tw_node_free(volume, twin);
		return 0;
	}
	twin->is_void = true; /* the mark says so */
	volume->pending.marks++;
	return rc == -ESHUTDOWN ? rc : 0;
}

static int move(struct twinfs_volume *volume, struct tw_node *node, struct tw_node *dir,
	const char *name, struct tw_node *replaced)
{
	struct tw_v1_edit edit = {.drop = node};
	struct tw_node *twin;
	int rc = new_twin(volume, node, name, &twin);

	if (rc)
		return rc;
	if (replaced) {
		tw_node_unlink(volume, replaced);
		edit.old = replaced;
		edit.new = twin;
	} else {
		edit.add = twin;
	}
	if (node->mdir == (replaced ? replaced->mdir : dir->dir.last) &&
		tw_v1_fits(volume, node->mdir, &edit))
		rc = move_at_once(volume, node, dir, twin, &edit);
	else
		rc = move_in_steps(volume, node, dir, twin, replaced);
	if (rc && !tw_node_find(volume, dir, name, __builtin_strlen(name))) {
		tw_node_free(volume, twin);
		if (replaced)
			tw_node_link(volume, dir, replaced);
		return rc;
	}
	return (replaced ? dispose(volume, replaced) : 0) ?: rc;
}

static int publish(struct twinfs_volume *volume, struct tw_node *node, const struct tw_place *place)
{
	struct tw_v1_edit edit = {
		.update = node,
		.tag = node->tag,
		.payload = {place->head, place->size},
	};

	return tw_v1_commit(volume, node->mdir, &edit);
}

const struct tw_engine tw_v1_engine = {
	.mount = tw_v1_mount,
	.repair = tw_v1_repair,
	.add = add,
	.remove = remove_node,
	.move = move,
	.publish = publish,
	.format = tw_v1_format,
	.check = tw_v1_check,
};
