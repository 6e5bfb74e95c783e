/* SPDX-License-Identifier: MIT */
/*
 * place.c - the tree in force: which log belongs to which directory now.
 *
 * What proves that a log is a directory's: a log names no owner, and blocks change
 * theirs. But a log begins with the whole of its pair, so all states in the block in
 * force belong to the directory that the tree leads to it from. The other block of the
 * pair was in force before it, if its revision is the one before, unless the pair was
 * made fresh beside a block that happened to hold an old log; when that is ruled out
 * is for the format to say (is_before()). The blocks of the pair, and those of all
 * files, are marked as owned on the way.
 */
#include "place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "claims.h"
#include "dirs.h"
#include "link.h"

struct walk {
	struct twinfs_rescue *rescue;
	uint32_t *marked; /* directories that are being moved (version 1): claims */
	size_t marked_count, marked_room;
};

static bool is_in_range(const struct twinfs_rescue *rescue, struct tw_pair pair)
{
	return pair.block[0] < rescue->area.block_count &&
	       pair.block[1] < rescue->area.block_count && pair.block[0] != pair.block[1];
}

static bool is_taken(const struct twinfs_rescue *rescue, struct tw_pair pair)
{
	return rescue->owner[pair.block[0]] == TW_METADATA ||
	       rescue->owner[pair.block[1]] == TW_METADATA;
}

/* The log in @block that a mount would read; TW_NONE. */
static uint32_t valid_log(const struct twinfs_rescue *rescue, uint32_t block)
{
	uint32_t at = rescue->log_at[block];

	return at && rescue->logs[at - 1].valid ? at - 1 : TW_NONE;
}

/* Which log of a pair is in force; TW_NONE. */
static uint32_t pick(const struct twinfs_rescue *rescue, struct tw_pair pair, uint32_t *ret_other)
{
	uint32_t first = valid_log(rescue, pair.block[0]),
		 second = valid_log(rescue, pair.block[1]);
	bool takes_second = first == TW_NONE;

	if (first != TW_NONE && second != TW_NONE)
		takes_second =
			rescue->ops->is_newer(rescue->logs[second].rev, rescue->logs[first].rev);
	*ret_other = pair.block[!takes_second];
	return takes_second ? second : first;
}

/* ---- one pair ---- */

static void give(struct twinfs_rescue *rescue, uint32_t log, uint32_t dir, enum tw_log_role role)
{
	rescue->logs[log].dir = dir;
	rescue->logs[log].role = (uint8_t)role;
}

/* A block without a valid log that surely was the pair's: read for what it is worth. */
static int read_unchecked(struct twinfs_rescue *rescue, uint32_t block, uint32_t dir)
{
	int rc = rescue->log_at[block] ? 0 : rescue->ops->scan_unchecked(rescue, block);
	uint32_t at = rescue->log_at[block];

	if (at && rescue->logs[at - 1].role == TW_LOG_NOWHERE)
		give(rescue, at - 1, dir, TW_LOG_BESIDE);
	return rc;
}

static int tell_newer(struct twinfs_rescue *rescue, uint32_t dir, uint32_t block)
{
	return tw_damage_add(rescue, TWINFS_DAMAGE_NEWER, rescue->dirs[dir].path,
		(struct tw_pair){{block, TW_NIL}},
		"block %u begins a newer state that is not valid: damage, or a power cut", block);
}

/* The other block of a pair: the state before, something else, or a newer one that failed. */
static int take_other(struct twinfs_rescue *rescue, uint32_t dir, uint32_t log, uint32_t block,
	bool is_first)
{
	uint32_t at = rescue->log_at[block];
	const uint8_t *bytes;
	int rc;

	if (at && rescue->logs[at - 1].role == TW_LOG_NOWHERE) {
		const struct tw_log *older = &rescue->logs[at - 1], *newer = &rescue->logs[log];
		bool is_before = rescue->ops->is_before(rescue, older, newer, is_first);

		give(rescue, at - 1, dir, is_before ? TW_LOG_BEFORE : TW_LOG_BESIDE);
		return is_before && older->is_whole ? tw_link_logs(rescue, at - 1, log) : 0;
	}
	bytes = tw_rescue_block(rescue, block);
	if (at || !bytes || tw_le32(bytes) - rescue->logs[log].rev != 1)
		return 0;
	rescue->logs[log].is_whole = false;
	rc = read_unchecked(rescue, block, dir);
	return rc ? rc : tell_newer(rescue, dir, block);
}

static bool is_void(const struct twinfs_rescue *rescue, const struct tw_claim *claim,
	struct tw_pair pair)
{
	return !tw_pair_is_nil(rescue->moving) && tw_pair_overlaps(rescue->moving, pair) &&
	       claim->id == rescue->moving_id;
}

static int add_child(struct twinfs_rescue *rescue, uint32_t parent, uint32_t claim)
{
	int rc = tw_dir_add(rescue, parent, claim, rescue->claims[claim].head,
		&rescue->claims[claim].dir);

	if (!rc)
		rescue->dirs[rescue->claims[claim].dir].is_in_force = true;
	return rc;
}

static int take_entry(struct walk *walk, uint32_t dir, uint32_t index, struct tw_pair pair)
{
	struct twinfs_rescue *rescue = walk->rescue;
	struct tw_claim *claim = &rescue->claims[index];
	int rc;

	if (claim->kind > TW_CLAIM_DIR || is_void(rescue, claim, pair))
		return 0;
	if (claim->kind == TW_CLAIM_DIR && claim->is_marked) {
		rc = tw_array_grow(&walk->marked, &walk->marked_room, walk->marked_count);
		if (!rc)
			walk->marked[walk->marked_count++] = index;
		return rc;
	}
	claim->is_current = true;
	return claim->kind == TW_CLAIM_DIR ? add_child(rescue, dir, index) : 0;
}

/* Takes what the log in force says; *@ret_next is the pair that the directory goes on in. */
static int take_log(struct walk *walk, uint32_t dir, uint32_t log, struct tw_pair pair,
	struct tw_pair *ret_next)
{
	struct twinfs_rescue *rescue = walk->rescue;
	uint32_t from = rescue->logs[log].claims, to = from + rescue->logs[log].claim_count;
	int rc = 0;

	*ret_next = (struct tw_pair){{TW_NIL, TW_NIL}};
	for (uint32_t i = from; !rc && i < to; i++) {
		const struct tw_claim *claim = &rescue->claims[i];

		if (!tw_claim_is_last(rescue, claim))
			continue;
		if (claim->kind == TW_CLAIM_TAIL && claim->goes_on)
			*ret_next = tw_claim_pair(claim);
		rc = take_entry(walk, dir, i, pair);
	}
	return rc;
}

/* ---- directories ---- */

static int tell_pair(struct twinfs_rescue *rescue, uint32_t dir, struct tw_pair pair,
	const char *what)
{
	rescue->dirs[dir].is_damaged = true;
	return tw_damage_add(rescue, TWINFS_DAMAGE_PAIR, rescue->dirs[dir].path, pair,
		"pair {%u, %u} %s", pair.block[0], pair.block[1], what);
}

static int load_pair(struct walk *walk, uint32_t dir, struct tw_pair pair, bool is_first,
	struct tw_pair *ret_next)
{
	struct twinfs_rescue *rescue = walk->rescue;
	uint32_t other, log;
	int rc;

	*ret_next = (struct tw_pair){{TW_NIL, TW_NIL}};
	if (!is_in_range(rescue, pair) || is_taken(rescue, pair))
		return tell_pair(rescue, dir, pair, "is out of range, or in use already");
	rescue->owner[pair.block[0]] = rescue->owner[pair.block[1]] = TW_METADATA;
	log = pick(rescue, pair, &other);
	if (log == TW_NONE) {
		rc = read_unchecked(rescue, pair.block[0], dir);
		if (!rc)
			rc = read_unchecked(rescue, pair.block[1], dir);
		return rc ? rc : tell_pair(rescue, dir, pair, "has no valid block");
	}
	give(rescue, log, dir, TW_LOG_IN_FORCE);
	if (rescue->logs[log].has_more) {
		rc = tell_newer(rescue, dir, rescue->logs[log].block);
		if (rc)
			return rc;
	}
	rc = take_other(rescue, dir, log, other, is_first);
	return rc ? rc : take_log(walk, dir, log, pair, ret_next);
}

/* Every pair is taken once, so this ends. */
static int load_dir(struct walk *walk, uint32_t dir)
{
	struct tw_pair pair = walk->rescue->dirs[dir].pair, next;
	bool is_first = dir || pair.block[0] < 2; /* the root may have moved as a whole */
	int rc = 0;

	for (; !rc && !tw_pair_is_nil(pair); is_first = false) {
		rc = load_pair(walk, dir, pair, is_first, &next);
		pair = next;
	}
	return rc;
}

/* A marked directory is void when its pair was reached by another name. */
static int take_marked(struct walk *walk)
{
	struct twinfs_rescue *rescue = walk->rescue;
	uint32_t index = walk->marked[--walk->marked_count];
	struct tw_claim *claim = &rescue->claims[index];

	if (is_in_range(rescue, tw_claim_pair(claim)) && is_taken(rescue, tw_claim_pair(claim)))
		return 0;
	claim->is_current = true;
	return add_child(rescue, rescue->logs[claim->log].dir, index);
}

static int walk_all(struct walk *walk)
{
	int rc = 0;

	for (uint32_t dir = 0; !rc && dir < walk->rescue->dir_count;) {
		rc = load_dir(walk, dir++);
		while (!rc && dir == walk->rescue->dir_count && walk->marked_count)
			rc = take_marked(walk);
	}
	return rc;
}

static int add_root(struct twinfs_rescue *rescue, struct tw_pair pair)
{
	int rc = tw_array_grow(&rescue->dirs, &rescue->dir_room, 0);

	if (rc)
		return rc;
	rescue->dirs[rescue->dir_count++] = (struct tw_place_dir){
		.claim = TW_NONE,
		.pair = pair,
		.is_in_force = true,
		.is_placed = true,
		.path = (char *)"",
	};
	return 0;
}

/* Without a superblock the blocks where it was may still say where the root is. */
static int without_superblock(struct twinfs_rescue *rescue)
{
	int rc = 0;

	rescue->dirs[0].is_damaged = true;
	for (uint32_t block = 0; !rc && block < 2 && block < rescue->area.block_count; block++) {
		rc = read_unchecked(rescue, block, 0);
		rescue->owner[block] = TW_METADATA;
	}
	return rc ? rc
		  : tw_damage_add(rescue, TWINFS_DAMAGE_SUPERBLOCK, "", (struct tw_pair){{0, 1}},
			    "no littlefs superblock in blocks 0 and 1");
}

/* The superblock pair, where the root is another one. */
static int take_superblock(struct twinfs_rescue *rescue)
{
	struct tw_pair pair = {{0, 1}};
	uint32_t other, log = pick(rescue, pair, &other);

	if (is_taken(rescue, pair) || log == TW_NONE)
		return 0;
	rescue->owner[0] = rescue->owner[1] = TW_METADATA;
	give(rescue, log, 0, TW_LOG_IN_FORCE);
	return take_other(rescue, 0, log, other, false);
}

int tw_place_in_force(struct twinfs_rescue *rescue)
{
	struct walk walk = {.rescue = rescue};
	struct tw_pair root = {{TW_NIL, TW_NIL}};
	int rc = rescue->area.block_count < 2 ? -EUCLEAN : rescue->ops->find_root(rescue, &root);

	rescue->has_superblock = !rc;
	if (!rc || rc == -EUCLEAN)
		rc = rescue->ops->find_moving(rescue);
	if (rc)
		return rc;
	rc = add_root(rescue, root);
	if (!rc && !rescue->has_superblock)
		rc = without_superblock(rescue);
	if (!rc)
		rc = walk_all(&walk);
	if (!rc && rescue->has_superblock)
		rc = take_superblock(rescue);
	if (!rc)
		rc = rescue->ops->hide_moved(rescue);
	free(walk.marked);
	return rc;
}
