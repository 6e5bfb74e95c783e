/* SPDX-License-Identifier: MIT */
/*
 * best.c - the best tree: what is in force where it can be read, and what takes its
 * place where it cannot.
 *
 * A directory in force whose pairs can all be read decides what is in it. Of one that is
 * damaged, or that was only found through one, all that its newest states hold is taken.
 * The list is ordered by path, so each directory is decided before what it holds.
 */
#include "list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "chain.h"
#include "claims.h"
#include "dirs.h"

struct pick {
	struct twinfs_rescue *rescue;
	bool *is_in; /* by directory: it is in the tree */
	bool takes_loose;
};

static void take(struct pick *pick, uint32_t index)
{
	struct twinfs_rescue *rescue = pick->rescue;
	struct tw_version *version = &rescue->versions[index];
	uint32_t dir =
		version->claim == TW_NONE ? version->dir : rescue->claims[version->claim].dir;

	version->it.is_best = true;
	rescue->tree[rescue->tree_count++] = index;
	if (version->it.type == TWINFS_DIR && dir != TW_NONE)
		pick->is_in[dir] = true;
}

/* Whether the newest state of its pair still has it. */
static bool is_last_known(const struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	const struct tw_log *log = &rescue->logs[claim->log];

	return claim->last >= log->commits - 1 && !log->is_superseded;
}

/* Whether a version may be in the tree though it is not in force. */
static bool may_stand_in(const struct pick *pick, const struct tw_version *version)
{
	const struct twinfs_rescue *rescue = pick->rescue;
	const struct tw_claim *claim;
	uint32_t parent;

	if (version->claim == TW_NONE)
		return pick->takes_loose;
	claim = &rescue->claims[version->claim];
	parent = rescue->logs[claim->log].dir;
	return pick->is_in[parent] &&
	       (rescue->dirs[parent].is_damaged || !rescue->dirs[parent].is_in_force) &&
	       is_last_known(rescue, claim);
}

/* The better of two files that could stand at a path; an earlier one is newer. */
static bool is_better(const struct tw_version *a, const struct tw_version *b)
{
	bool whole_a = a->it.sureness < TWINFS_OVERWRITTEN;
	bool whole_b = b->it.sureness < TWINFS_OVERWRITTEN;

	if (whole_a != whole_b)
		return whole_a;
	return !whole_a &&
	       a->it.block_count - a->it.lost_blocks > b->it.block_count - b->it.lost_blocks;
}

/*
 * What takes the place of a file in force that cannot be read: an older one, or itself. An
 * older one is whole, but not what the file was when a pointer went wrong: that is
 * all there, as long as a device gets around the pointer. The empty file that each one is
 * when it is made stands for nothing.
 */
static uint32_t find_substitute(struct twinfs_rescue *rescue, uint32_t current, size_t from,
	size_t to)
{
	const struct tw_claim *claim = &rescue->claims[rescue->versions[current].claim];
	uint32_t best = current;

	if (rescue->versions[current].it.sureness == TWINFS_OVERWRITTEN &&
		tw_claim_has_chain(claim) && tw_chain_can_read(rescue, claim))
		return current;
	for (size_t i = from; i < to; i++)
		if (rescue->versions[i].it.type == TWINFS_REG && rescue->versions[i].it.size &&
			is_better(&rescue->versions[i], &rescue->versions[best]))
			best = (uint32_t)i;
	return best;
}

static uint32_t find_current(const struct twinfs_rescue *rescue, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (rescue->versions[i].it.is_current)
			return (uint32_t)i;
	return TW_NONE;
}

static uint32_t find_stand_in(const struct pick *pick, size_t from, size_t to)
{
	const struct tw_version *versions = pick->rescue->versions;
	uint32_t best = TW_NONE;

	for (size_t i = from; i < to; i++) {
		if (!may_stand_in(pick, &versions[i]))
			continue;
		if (best == TW_NONE || (versions[best].it.type == TWINFS_REG &&
					       is_better(&versions[i], &versions[best])))
			best = (uint32_t)i;
	}
	return best;
}

/* The versions of one path: one of them, or none. */
static int pick_path(struct pick *pick, size_t from, size_t to)
{
	struct twinfs_rescue *rescue = pick->rescue;
	uint32_t current = find_current(rescue, from, to);
	const struct twinfs_version *it;
	int rc = 0;

	if (current == TW_NONE) {
		uint32_t best = find_stand_in(pick, from, to);

		if (best != TW_NONE)
			take(pick, best);
		return 0;
	}
	it = &rescue->versions[current].it;
	if (it->sureness == TWINFS_OVERWRITTEN)
		rc = tw_damage_add(rescue, TWINFS_DAMAGE_FILE, it->path,
			(struct tw_pair){{it->head, TW_NIL}}, "%s", it->why);
	take(pick, find_substitute(rescue, current, from, to));
	return rc;
}

static bool has_lost_pairs(const struct twinfs_rescue *rescue)
{
	for (size_t i = 0; i < rescue->damage_count; i++)
		if (rescue->damage[i].kind == TWINFS_DAMAGE_PAIR ||
			rescue->damage[i].kind == TWINFS_DAMAGE_SUPERBLOCK)
			return true;
	return false;
}

/* Entries that nothing leads to may be those that damage has cut off. */
static int tell_unreached(struct twinfs_rescue *rescue)
{
	int rc = 0;

	for (size_t i = 1; !rc && i < rescue->dir_count; i++) {
		const struct tw_place_dir *dir = &rescue->dirs[i];

		if (dir->claim == TW_NONE)
			rc = tw_damage_add(rescue, TWINFS_DAMAGE_UNREACHED, dir->path,
				(struct tw_pair){{dir->block, TW_NIL}},
				"block %u holds entries, and nothing in force leads to it",
				dir->block);
	}
	return rc;
}

int tw_pick_tree(struct twinfs_rescue *rescue)
{
	_cleanup_free_ bool *is_in = calloc(rescue->dir_count + 1, sizeof(*is_in));
	struct pick pick = {rescue, is_in, has_lost_pairs(rescue)};
	size_t from = 0;
	int rc = 0;

	rescue->tree = calloc(rescue->named_count + 1, sizeof(*rescue->tree));
	if (!is_in || !rescue->tree)
		return -ENOMEM;
	is_in[0] = true;
	for (size_t i = 1; !rc && i <= rescue->named_count; i++) {
		if (i < rescue->named_count &&
			!strcmp(rescue->versions[i].it.path, rescue->versions[from].it.path))
			continue;
		rc = pick_path(&pick, from, i);
		from = i;
	}
	return rc || !pick.takes_loose ? rc : tell_unreached(rescue);
}
