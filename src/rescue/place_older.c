/* SPDX-License-Identifier: MIT */
/*
 * place_older.c - logs that are not in force: to which directory they may have belonged.
 *
 * The states of logs that have a directory name pairs that are no more: of directories
 * that were removed, or moved to other blocks. What stands in those blocks now may be
 * of that time, or of another owner since: such a place is likely, never proven. Where
 * metadata is damaged this is also how what it led to is found again. Each log and
 * each claim is looked at once.
 */
#include "place.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "claims.h"
#include "dirs.h"

struct queue {
	struct twinfs_rescue *rescue;
	uint32_t *list; /* logs that have a directory, in the order they got one */
	size_t count;
};

static void release(struct queue *queue)
{
	free(queue->list);
}

static void push(struct queue *queue, uint32_t log)
{
	queue->list[queue->count++] = log;
}

/* The log in @block that has no directory yet; TW_NONE. */
static uint32_t free_log(const struct twinfs_rescue *rescue, uint32_t block)
{
	uint32_t at = block < rescue->area.block_count ? rescue->log_at[block] : 0;

	return at && rescue->logs[at - 1].role == TW_LOG_NOWHERE ? at - 1 : TW_NONE;
}

static void give(struct queue *queue, uint32_t log, uint32_t dir, enum tw_log_role role)
{
	queue->rescue->logs[log].dir = dir;
	queue->rescue->logs[log].role = (uint8_t)role;
	push(queue, log);
}

/* ---- what states of a log lead to ---- */

/*
 * The directory that a claim names: that of the claim after it where the pair only
 * moved or changed its name, else one of its own.
 */
static int dir_of(struct twinfs_rescue *rescue, uint32_t index, uint32_t *ret_dir)
{
	struct tw_claim *claim = &rescue->claims[index];
	const struct tw_claim *next = claim->next == TW_NONE ? NULL : &rescue->claims[claim->next];
	int rc = 0;

	if (claim->kind == TW_CLAIM_TAIL)
		claim->dir = rescue->logs[claim->log].dir;
	else if (claim->kind == TW_CLAIM_ROOT)
		claim->dir = 0;
	else if (claim->dir == TW_NONE && next && next->kind == TW_CLAIM_DIR &&
		 tw_pair_overlaps(tw_claim_pair(claim), tw_claim_pair(next)))
		claim->dir = next->dir;
	if (claim->dir == TW_NONE)
		rc = tw_dir_add(rescue, rescue->logs[claim->log].dir, index, claim->head,
			&rescue->claims[index].dir);
	*ret_dir = rescue->claims[index].dir;
	return rc;
}

/* Two logs that may be halves of one pair: the older one is of no use to a tree. */
static void compare_halves(struct twinfs_rescue *rescue, uint32_t a, uint32_t b)
{
	struct tw_log *first = &rescue->logs[a], *second = &rescue->logs[b];

	if (second->valid && second->rev - first->rev == 1)
		first->is_superseded = true;
	if (first->valid && first->rev - second->rev == 1)
		second->is_superseded = true;
}

static bool leads_on(const struct tw_claim *claim)
{
	return claim->kind == TW_CLAIM_DIR || claim->kind == TW_CLAIM_ROOT ||
	       (claim->kind == TW_CLAIM_TAIL && claim->goes_on);
}

/* Another state may have said the same, and its logs have their directory already. */
static void take_known_dir(struct twinfs_rescue *rescue, uint32_t index)
{
	struct tw_claim *claim = &rescue->claims[index];
	struct tw_pair pair = tw_claim_pair(claim);

	for (unsigned k = 0; claim->kind == TW_CLAIM_DIR && k < 2; k++) {
		uint32_t at = pair.block[k] < rescue->area.block_count
				      ? rescue->log_at[pair.block[k]]
				      : 0;
		uint32_t dir = at ? rescue->logs[at - 1].dir : TW_NONE;

		if (dir != TW_NONE && rescue->dirs[dir].claim != TW_NONE &&
			rescue->dirs[dir].parent == rescue->logs[claim->log].dir &&
			tw_claims_same_name(rescue, claim,
				&rescue->claims[rescue->dirs[dir].claim]))
			claim->dir = dir;
	}
}

static int follow_claim(struct queue *queue, uint32_t index)
{
	struct twinfs_rescue *rescue = queue->rescue;
	struct tw_pair pair = tw_claim_pair(&rescue->claims[index]);
	uint32_t dir, log[2];
	int rc;

	if (!leads_on(&rescue->claims[index]))
		return 0;
	if (rescue->claims[index].dir == TW_NONE)
		take_known_dir(rescue, index);
	if (free_log(rescue, pair.block[0]) == TW_NONE &&
		free_log(rescue, pair.block[1]) == TW_NONE)
		return 0;
	rc = dir_of(rescue, index, &dir);
	for (unsigned k = 0; !rc && k < 2; k++) {
		log[k] = free_log(rescue, pair.block[k]);
		if (log[k] != TW_NONE)
			give(queue, log[k], dir, TW_LOG_OLDER);
	}
	if (!rc && log[0] != TW_NONE && log[1] != TW_NONE)
		compare_halves(rescue, log[0], log[1]);
	return rc;
}

/* Newer claims first: the claim after one has its directory then. */
static int follow_log(struct queue *queue, uint32_t log)
{
	uint32_t from = queue->rescue->logs[log].claims;
	uint32_t i = from + queue->rescue->logs[log].claim_count;
	int rc = 0;

	while (!rc && i > from)
		rc = follow_claim(queue, --i);
	return rc;
}

static int follow_all(struct queue *queue, size_t *done)
{
	int rc = 0;

	while (!rc && *done < queue->count)
		rc = follow_log(queue, queue->list[(*done)++]);
	return rc;
}

static void push_role(struct queue *queue, enum tw_log_role role)
{
	for (size_t i = 0; i < queue->rescue->log_count; i++)
		if (queue->rescue->logs[i].role == role)
			push(queue, (uint32_t)i);
}

/* ---- logs that nothing leads to ---- */

static bool has_entries(const struct twinfs_rescue *rescue, const struct tw_log *log)
{
	for (uint32_t i = log->claims; i < log->claims + log->claim_count; i++)
		if (rescue->claims[i].kind <= TW_CLAIM_DIR)
			return true;
	return false;
}

/* Blocks that the loose logs lead to themselves. */
static void mark_named(const struct twinfs_rescue *rescue, bool *named)
{
	for (size_t i = 0; i < rescue->log_count; i++) {
		const struct tw_log *log = &rescue->logs[i];

		for (uint32_t k = 0; log->role == TW_LOG_NOWHERE && k < log->claim_count; k++) {
			const struct tw_claim *claim = &rescue->claims[log->claims + k];

			if (leads_on(claim) && claim->head < rescue->area.block_count)
				named[claim->head] = true;
			if (leads_on(claim) && claim->size < rescue->area.block_count)
				named[claim->size] = true;
		}
	}
}

/*
 * A directory for a log that nothing leads to. The other half of its pair is most often
 * beside it, since both were allocated together.
 */
static int settle_loose(struct queue *queue, uint32_t log)
{
	struct twinfs_rescue *rescue = queue->rescue;
	uint32_t block = rescue->logs[log].block, rev = rescue->logs[log].rev, dir;
	int rc = tw_dir_add(rescue, 0, TW_NONE, block, &dir);

	if (rc)
		return rc;
	give(queue, log, dir, TW_LOG_LOOSE);
	for (uint32_t beside = block ? block - 1 : 1; beside <= block + 1; beside += 2) {
		uint32_t other = free_log(rescue, beside);

		if (other == TW_NONE || rescue->logs[other].rev - rev + 1 > 2)
			continue;
		give(queue, other, dir, TW_LOG_LOOSE);
		compare_halves(rescue, log, other);
	}
	return 0;
}

/* First those that no other loose log leads to, then what is left in circles. */
static int place_loose(struct queue *queue, size_t *done)
{
	struct twinfs_rescue *rescue = queue->rescue;
	_cleanup_free_ bool *named = calloc(rescue->area.block_count + 1, sizeof(*named));
	int rc = named ? 0 : -ENOMEM;

	if (!rc)
		mark_named(rescue, named);
	for (unsigned turn = 0; !rc && turn < 2; turn++) {
		for (size_t i = 0; !rc && i < rescue->log_count; i++) {
			const struct tw_log *log = &rescue->logs[i];

			if (log->role != TW_LOG_NOWHERE || (!turn && named[log->block]) ||
				!has_entries(rescue, log))
				continue;
			rc = settle_loose(queue, (uint32_t)i);
			if (!rc)
				rc = follow_all(queue, done);
		}
	}
	return rc;
}

int tw_place_older(struct twinfs_rescue *rescue)
{
	_cleanup_(release) struct queue queue = {.rescue = rescue};
	size_t done = 0;
	int rc;

	queue.list = malloc((rescue->log_count + 1) * sizeof(*queue.list));
	if (!queue.list)
		return -ENOMEM;
	push_role(&queue, TW_LOG_IN_FORCE);
	push_role(&queue, TW_LOG_BEFORE);
	push_role(&queue, TW_LOG_BESIDE);
	rc = follow_all(&queue, &done);
	return rc ? rc : place_loose(&queue, &done);
}
