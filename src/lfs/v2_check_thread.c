/* SPDX-License-Identifier: MIT */
/*
 * v2_check_thread.c - checks the thread: that it ends, what global state it
 * adds up to, and that it holds the pairs of the tree.
 *
 * A directory whose first pair moved is told to its parent first and to the
 * thread then (section 18). In between the thread goes through the outdated
 * pair, and all that its newer version leads to is not on the thread. So it is
 * not the thread itself that is compared with the tree, but the one that
 * naming the newer pairs will make of it.
 */
#include "v2_check.h"

/* ---- the thread as it is ---- */

int tw_v2_check_thread(struct tw_v2_check *check)
{
	struct tw_pair pair = {{0, 1}};
	uint32_t named_in = 0;

	while (!tw_pair_is_nil(pair)) {
		struct tw_v2_met *met;
		int rc;

		if (tw_v2_met_at(check, TW_V2_THREAD, pair)) {
			tw_check_report(&check->common, TWINFS_P_LFS_CYCLE, named_in,
				"the thread comes back to the pair {%u, %u}", pair.block[0],
				pair.block[1]);
			return 0;
		}
		rc = tw_v2_meet(check, pair, named_in, &met);
		if (rc || !met)
			return rc;
		tw_v2_join(check, TW_V2_THREAD, met);
		tw_v2_add_state(&check->state, &met->content.share);
		named_in = tw_v2_block(met);
		pair = met->content.tail;
	}
	check->is_whole = true;
	return 0;
}

/* ---- global state ---- */

/* The pending move is of an entry that there is, and that is not the superblock's. */
static bool has_source(const struct tw_v2_check *check)
{
	for (const struct tw_v2_met *met = check->first[TW_V2_THREAD]; met;
		met = met->on[TW_V2_THREAD])
		if (tw_pair_overlaps(met->log.pair, check->move_pair) &&
			check->move_id < met->content.count)
			return met->content.entries[check->move_id].kind != TW_V2_NAME_SUPERBLOCK;
	return false;
}

void tw_v2_check_state(struct tw_v2_check *check)
{
	const uint32_t *word = check->state.word;
	uint32_t type = word[0] & TW_V2_MOVE_TYPE, block = tw_v2_block(check->root);

	if (!check->is_whole)
		return;
	check->has_move = tw_v2_pending_move(&check->state, &check->move_pair, &check->move_id);
	if (word[0] & TW_V2_RESERVED || (type && type != tw_v2_tag(TW_V2_DELETE, 0, 0)))
		tw_check_report(&check->common, TWINFS_P_LFS_STATE, block,
			"the global state is 0x%08x", word[0]);
	if (!check->has_move && (word[1] || word[2]))
		tw_check_report(&check->common, TWINFS_P_LFS_STATE, block,
			"no move is pending, but one from the pair {%u, %u} is noted", word[1],
			word[2]);
	if (check->has_move && !has_source(check)) {
		tw_check_report(&check->common, TWINFS_P_LFS_STATE, block,
			"a move of entry %u of the pair {%u, %u} is pending, which is none",
			check->move_id, word[1], word[2]);
		check->has_move = false;
	}
}

/* ---- thread and tree ---- */

static bool has_orphans(const struct tw_v2_check *check)
{
	return check->state.word[0] & TW_V2_ORPHANS;
}

/* The directory of the tree that the thread names by an outdated @pair, or NULL. */
static struct tw_v2_met *newer_head(const struct tw_v2_check *check, struct tw_pair pair)
{
	struct tw_v2_met *head = tw_v2_met_at(check, TW_V2_TREE, pair);

	if (!head || !head->is_head || tw_pair_is_same(head->log.pair, pair) ||
		tw_v2_is_on(check, TW_V2_THREAD, head))
		return NULL;
	return head;
}

/* Whether the thread as it is comes by an outdated @pair, as it does after a cut. */
static bool was_on_thread(const struct tw_v2_check *check, struct tw_pair pair)
{
	const struct tw_v2_met *met = tw_v2_met_at(check, TW_V2_THREAD, pair);

	return met && tw_pair_is_same(met->log.pair, pair);
}

/* What the tail of @from will name when it names no outdated pair any more. */
static struct tw_pair mended_tail(struct tw_v2_check *check, const struct tw_v2_met *from)
{
	struct tw_pair pair = from->content.tail;
	struct tw_v2_met *head = from->content.more ? NULL : newer_head(check, pair);

	if (!head)
		return pair;
	if (!was_on_thread(check, pair)) {
		tw_check_report(&check->common, TWINFS_P_LFS_THREAD, tw_v2_block(from),
			"the tail {%u, %u} has a block of the directory {%u, %u}, and the thread "
			"did "
			"not come by it before",
			pair.block[0], pair.block[1], head->log.pair.block[0],
			head->log.pair.block[1]);
		return head->log.pair;
	}
	tw_check_report(&check->common,
		has_orphans(check) ? TWINFS_P_LFS_DESYNC : TWINFS_P_LFS_THREAD, tw_v2_block(from),
		"the thread names {%u, %u}, the directory is {%u, %u}%s", pair.block[0],
		pair.block[1], head->log.pair.block[0], head->log.pair.block[1],
		has_orphans(check) ? "" : ", and the orphan flag is not set");
	return head->log.pair;
}

static int walk_mended(struct tw_v2_check *check, bool *ret_is_whole)
{
	struct tw_v2_met *met = check->first[TW_V2_THREAD];

	*ret_is_whole = false;
	for (;;) {
		struct tw_pair pair;
		uint32_t named_in = tw_v2_block(met);
		int rc;

		tw_v2_join(check, TW_V2_MENDED, met);
		pair = mended_tail(check, met);
		if (tw_pair_is_nil(pair))
			break;
		if (tw_v2_met_at(check, TW_V2_MENDED, pair)) {
			tw_check_report(&check->common, TWINFS_P_LFS_CYCLE, named_in,
				"the thread comes back to the pair {%u, %u}", pair.block[0],
				pair.block[1]);
			return 0;
		}
		rc = tw_v2_meet(check, pair, named_in, &met);
		if (rc || !met)
			return rc;
	}
	*ret_is_whole = true;
	return 0;
}

/* Judges a pair of the thread that the tree does not lead to. */
static void judge_orphan(struct tw_v2_check *check, const struct tw_v2_met *met, bool is_soft)
{
	uint32_t block = tw_v2_block(met);

	if (!is_soft)
		tw_check_report(&check->common, TWINFS_P_LFS_THREAD, block,
			"a directory goes on here, but no path leads to it");
	else if (met->content.count || met->content.more)
		tw_check_report(&check->common, TWINFS_P_LFS_THREAD, block,
			"a removed directory is not empty");
	else if (!has_orphans(check))
		tw_check_report(&check->common, TWINFS_P_LFS_THREAD, block,
			"a removed directory is on the thread, and the orphan flag is not set");
	else
		tw_check_report(&check->common, TWINFS_P_LFS_ORPHAN, block,
			"a removed directory is still on the thread");
}

int tw_v2_compare_thread(struct tw_v2_check *check)
{
	bool is_soft = true, is_whole;
	int rc = check->is_whole ? walk_mended(check, &is_whole) : 0;

	if (rc || !check->is_whole) /* more would be found than is wrong */
		return rc;
	for (const struct tw_v2_met *met = check->first[TW_V2_MENDED]; met;
		met = met->on[TW_V2_MENDED]) {
		if (!tw_v2_is_on(check, TW_V2_TREE, met))
			judge_orphan(check, met, is_soft);
		is_soft = !met->content.more;
	}
	for (const struct tw_v2_met *met = check->first[TW_V2_TREE]; is_whole && met;
		met = met->on[TW_V2_TREE])
		if (!tw_v2_is_on(check, TW_V2_MENDED, met))
			tw_check_report(&check->common, TWINFS_P_LFS_THREAD, tw_v2_block(met),
				"a pair of the tree is not on the thread");
	return 0;
}

/* The directory that was the outdated @pair before it moved, or NULL: it has moved once. */
static const struct tw_v2_met *take_head(struct tw_v2_check *check, struct tw_pair pair)
{
	struct tw_v2_met *head = newer_head(check, pair);

	if (!head || head->has_outdated)
		return NULL;
	head->has_outdated = true;
	return head;
}

/* An outdated pair shares one block with the directory it was. */
int tw_v2_claim_thread(struct tw_v2_check *check)
{
	bool is_soft = true;
	int rc = 0;

	for (const struct tw_v2_met *met = check->first[TW_V2_THREAD]; met;
		met = met->on[TW_V2_THREAD]) {
		const struct tw_v2_met *head = is_soft ? take_head(check, met->log.pair) : NULL;
		uint32_t owner = ++check->common.last_owner;
		struct twinfs_superblock record;

		is_soft = !met->content.more;
		if (tw_v2_is_on(check, TW_V2_TREE, met))
			continue;
		if (!met->is_before_root && tw_v2_read_record(&met->log, &met->content, &record))
			tw_check_report(&check->common, TWINFS_P_LFS_SUPERBLOCK, tw_v2_block(met),
				"a device takes this pair for the root's: it has a superblock");
		for (unsigned i = 0; i < 2; i++) {
			uint32_t block = met->log.pair.block[i];

			if (!rc && (!head || tw_v2_met_in(check, TW_V2_TREE, block) != head))
				rc = tw_check_claim(&check->common, block, owner);
		}
	}
	return rc;
}
