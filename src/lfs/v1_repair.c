/* SPDX-License-Identifier: MIT */
/*
 * v1_repair.c - finishes or undoes what a power cut interrupted.
 *
 * First the thread, then the marks: with the thread out of step the search for
 * a twin would look at outdated pairs (section 13.4). Each repair is one
 * commit; a cut in the middle leaves less to do. The visible tree does not
 * change, so numbers of open objects stay good.
 */
#include "v1.h"

#include <errno.h>

#include "index.h"
#include "pairs.h"

/* The pair behind @before is a removed directory, or named by an outdated link. */
static int repair_link(struct twinfs_volume *volume, struct tw_mdir *before)
{
	struct tw_mdir *next = before->next;
	struct tw_v1_edit edit = {
		.sets_tail = true,
		.tail = next->is_orphan ? next->tail : next->pair,
		.more = before->more,
	};
	int rc = tw_v1_commit(volume, before, &edit);

	if (rc)
		return rc;
	if (next->is_orphan) {
		volume->pending.orphans--;
		while (next->count) {
			struct tw_node *node = next->entries[0];

			tw_mdir_take(next, node);
			tw_node_free(volume, node);
		}
		tw_pair_drop(volume, next);
	} else {
		volume->pending.desyncs--;
		next->is_out_of_step = false;
	}
	return 0;
}

static int repair_thread(struct twinfs_volume *volume)
{
	struct tw_mdir *mdir = volume->superblock;
	int rc = 0;

	while (!rc && mdir->next) {
		if (mdir->next->is_orphan || mdir->next->is_out_of_step)
			rc = repair_link(volume, mdir);
		else
			mdir = mdir->next;
	}
	return rc;
}

static int repair_mark(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_v1_edit edit = {.update = node, .tag = node->tag & ~TW_V1_MARK};
	int rc;

	if (node->is_void) {
		rc = tw_v1_remove_entry(volume, node);
		if (!rc)
			tw_node_free(volume, node); /* its content belongs to the twin */
	} else {
		tw_v1_payload(node, edit.payload);
		rc = tw_v1_commit(volume, node->mdir, &edit);
	}
	if (!rc)
		volume->pending.marks--;
	return rc;
}

static int repair_marks(struct twinfs_volume *volume)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < volume->index.slot_count; i++) {
		struct tw_node *node = volume->index.slots[i].node;

		if (node && node->mdir && node->kind != TW_OPAQUE &&
			(node->is_void || (node->is_visible && node->tag & TW_V1_MARK)))
			rc = repair_mark(volume, node);
	}
	return rc;
}

int tw_v1_repair(struct twinfs_volume *volume)
{
	int rc = repair_thread(volume);

	if (!rc && volume->pending.marks)
		rc = repair_marks(volume);
	return rc ? rc : repair_thread(volume);
}
