/* SPDX-License-Identifier: MIT */
/*
 * list.c - claims as versions: each with its path, in order, and what several logs say
 * only once.
 */
#include "list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "chain.h"
#include "claims.h"
#include "dirs.h"

#define LOOKS_BACK 16u /* versions of a path that one is compared with */

int tw_version_add(struct twinfs_rescue *rescue, const struct tw_version *version)
{
	int rc = tw_array_grow(&rescue->versions, &rescue->version_room, rescue->version_count);

	if (!rc)
		rescue->versions[rescue->version_count++] = *version;
	return rc;
}

/* ---- one version ---- */

/* There is room for those of all claims, once: pointers into the list stay right. */
static const struct twinfs_version_attr *fill_attrs(struct twinfs_rescue *rescue,
	const struct tw_claim *claim)
{
	const uint8_t *bytes = tw_rescue_block(rescue, rescue->logs[claim->log].block);
	const struct twinfs_version_attr *first = rescue->values + rescue->value_count;

	for (unsigned i = 0; i < claim->attr_count; i++) {
		const struct tw_attr *attr = &rescue->attrs[claim->attrs + i];

		rescue->values[rescue->value_count++] =
			(struct twinfs_version_attr){attr->type, attr->len, bytes + attr->off};
	}
	return first;
}

/* The root has no entry: its attributes are those of the superblock's. */
static void fill_root(struct twinfs_rescue *rescue)
{
	const struct tw_claim *best = NULL;

	for (size_t i = 0; i < rescue->claim_count; i++) {
		const struct tw_claim *claim = &rescue->claims[i];
		const struct tw_log *log = &rescue->logs[claim->log];

		if (claim->kind == TW_CLAIM_ROOT && !log->dir && tw_claim_is_last(rescue, claim) &&
			(!best || log->role == TW_LOG_IN_FORCE) && claim->attr_count)
			best = claim;
	}
	if (!best)
		return;
	rescue->root_attr_count = best->attr_count;
	rescue->root_attrs = fill_attrs(rescue, best);
}

static int fill(struct twinfs_rescue *rescue, uint32_t index, char *path,
	struct tw_version *version)
{
	const struct tw_claim *claim = &rescue->claims[index];
	const struct tw_log *log = &rescue->logs[claim->log];
	bool has_chain = tw_claim_has_chain(claim), is_dir = claim->kind == TW_CLAIM_DIR;

	*version = (struct tw_version){
		.claim = index,
		.it =
			{
				.path = path,
				.is_placed = rescue->dirs[log->dir].is_placed,
				.is_current = claim->is_current,
				.type = is_dir ? TWINFS_DIR : TWINFS_REG,
				.size = is_dir ? 0 : claim->size,
				.change = (enum twinfs_version_change)claim->change,
				.block = log->block,
				.addr = tw_area_addr(&rescue->area, log->block) + claim->entry_off,
				.rev = log->rev,
				.commit = claim->first,
				.head = has_chain ? claim->head : TWINFS_NO_BLOCK,
				.block_count = has_chain ? claim->content.blocks : 0,
				.lost_blocks = claim->content.lost,
				.pair = {is_dir ? claim->head : TWINFS_NO_BLOCK,
					is_dir ? claim->size : TWINFS_NO_BLOCK},
				.attrs = fill_attrs(rescue, claim),
				.attr_count = claim->attr_count,
			},
	};
	return tw_judge_claim(rescue, claim, &version->it.sureness, &version->it.why);
}

/* ---- order ---- */

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* Where a version stands among those of its path: what failed to come, now, before. */
static int rank(const struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	uint8_t role = rescue->logs[claim->log].role;

	if (claim->is_unchecked && role <= TW_LOG_BESIDE)
		return 0;
	return claim->is_current ? 1 : 1 + role;
}

static int by_age(const struct twinfs_rescue *rescue, uint32_t a, uint32_t b)
{
	const struct tw_claim *x = &rescue->claims[a], *y = &rescue->claims[b];
	const struct tw_log *in_x = &rescue->logs[x->log], *in_y = &rescue->logs[y->log];
	int order = rank(rescue, x) - rank(rescue, y);

	if (!order && x->log != y->log)
		order = compare_u32(in_y->rev, in_x->rev);
	if (!order && x->log != y->log)
		order = compare_u32(in_x->block, in_y->block);
	return order ? order : compare_u32(b, a); /* of one log: later claims are newer */
}

static int by_dir_and_name(const void *a, const void *b, void *ctx)
{
	const struct twinfs_rescue *rescue = ctx;
	const struct tw_claim *x = &rescue->claims[*(const uint32_t *)a];
	const struct tw_claim *y = &rescue->claims[*(const uint32_t *)b];
	int order = compare_u32(rescue->logs[x->log].dir, rescue->logs[y->log].dir);
	size_t least = x->name_len < y->name_len ? x->name_len : y->name_len;

	if (!order)
		order = memcmp(tw_claim_name(rescue, x), tw_claim_name(rescue, y), least);
	if (!order)
		order = (int)x->name_len - (int)y->name_len;
	return order ? order : compare_u32(*(const uint32_t *)a, *(const uint32_t *)b);
}

static int by_path(const void *a, const void *b, void *ctx)
{
	const struct tw_version *x = a, *y = b;
	int order = strcmp(x->it.path, y->it.path);

	if (order)
		return order;
	if (x->claim == TW_NONE || y->claim == TW_NONE)
		return (y->claim == TW_NONE) - (x->claim == TW_NONE);
	return by_age(ctx, x->claim, y->claim);
}

/* ---- the list ---- */

/* The claims that become versions, those of one name in one directory together. */
static int collect(struct twinfs_rescue *rescue, uint32_t **ret_list, size_t *ret_count)
{
	uint32_t *list = malloc((rescue->claim_count + 1) * sizeof(*list));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < rescue->claim_count; i++) {
		const struct tw_claim *claim = &rescue->claims[i];

		if (claim->kind <= TW_CLAIM_DIR && rescue->logs[claim->log].dir != TW_NONE)
			list[count++] = (uint32_t)i;
	}
	qsort_r(list, count, sizeof(*list), by_dir_and_name, rescue);
	*ret_list = list;
	*ret_count = count;
	return 0;
}

static bool is_new_name(const struct twinfs_rescue *rescue, const uint32_t *list, size_t i)
{
	const struct tw_claim *before = &rescue->claims[list[i ? i - 1 : 0]];
	const struct tw_claim *claim = &rescue->claims[list[i]];

	return !i || rescue->logs[before->log].dir != rescue->logs[claim->log].dir ||
	       !tw_claims_same_name(rescue, before, claim);
}

static int add_claims(struct twinfs_rescue *rescue)
{
	_cleanup_free_ uint32_t *list = NULL;
	char *path = NULL;
	size_t count;
	int rc = collect(rescue, &list, &count);

	for (size_t i = 0; !rc && i < count; i++) {
		const struct tw_claim *claim = &rescue->claims[list[i]];
		struct tw_version version;

		if (is_new_name(rescue, list, i))
			rc = tw_claim_path(rescue, claim, &path);
		if (!rc)
			rc = fill(rescue, list[i], path, &version);
		if (!rc)
			rc = tw_version_add(rescue, &version);
	}
	return rc;
}

/* Directories that are only known by what they hold. */
static int add_loose(struct twinfs_rescue *rescue)
{
	int rc = 0;

	for (uint32_t i = 1; !rc && i < rescue->dir_count; i++) {
		const struct tw_place_dir *dir = &rescue->dirs[i];

		if (dir->claim == TW_NONE)
			rc = tw_version_add(rescue,
				&(struct tw_version){
					.claim = TW_NONE,
					.dir = i,
					.it = {.path = dir->path,
						.type = TWINFS_DIR,
						.sureness = TWINFS_GUESS,
						.why = "only its entries are known",
						.block = dir->block,
						.addr = tw_area_addr(&rescue->area, dir->block),
						.head = TWINFS_NO_BLOCK,
						.pair = {dir->block, TWINFS_NO_BLOCK}},
				});
	}
	return rc;
}

/* ---- once each ---- */

static bool is_same(const struct twinfs_rescue *rescue, const struct tw_version *a,
	const struct tw_version *b)
{
	const struct tw_claim *x, *y;

	if (a->claim == TW_NONE || b->claim == TW_NONE)
		return false;
	x = &rescue->claims[a->claim];
	y = &rescue->claims[b->claim];
	return tw_claims_same_body(rescue, x, y) && tw_claims_same_attrs(rescue, x, y);
}

static bool is_certain(const struct twinfs_rescue *rescue, const struct tw_version *version)
{
	const struct tw_claim *claim = &rescue->claims[version->claim];

	return !claim->is_unchecked && rescue->logs[claim->log].role <= TW_LOG_BEFORE;
}

/* @older says the same as @newer: where it is said first is what counts. */
static void merge(const struct twinfs_rescue *rescue, struct tw_version *newer,
	const struct tw_version *older)
{
	struct twinfs_version *it = &newer->it;

	if (is_certain(rescue, older)) {
		newer->claim = older->claim;
		it->block = older->it.block;
		it->addr = older->it.addr;
		it->rev = older->it.rev;
		it->commit = older->it.commit;
		it->change = older->it.change;
	}
	if (older->it.sureness < it->sureness) {
		it->sureness = older->it.sureness;
		it->why = older->it.why;
	}
	it->is_current |= older->it.is_current;
}

/*
 * Whether a version is to be left out: the one before it in the list says the same, or
 * it is not known when it was and some other one does.
 */
static bool is_said(const struct twinfs_rescue *rescue, size_t start, size_t end,
	const struct tw_version *version)
{
	size_t from = end - start > LOOKS_BACK ? end - LOOKS_BACK : start;

	if (end > start && is_same(rescue, &rescue->versions[end - 1], version)) {
		merge(rescue, &rescue->versions[end - 1], version);
		return true;
	}
	if (version->claim == TW_NONE || is_certain(rescue, version))
		return false;
	for (size_t i = from; i < end; i++)
		if (is_same(rescue, &rescue->versions[i], version))
			return true;
	return false;
}

/* The newest version of a name that is no more. */
static void note_removed(const struct twinfs_rescue *rescue, size_t start, size_t end)
{
	struct tw_version *first = &rescue->versions[start];

	for (size_t i = start; i < end; i++)
		if (rescue->versions[i].it.is_current)
			return;
	if (first->claim != TW_NONE)
		first->it.is_removed =
			!rescue->dirs[rescue->logs[rescue->claims[first->claim].log].dir]
				 .is_damaged;
}

static void drop_repeated(struct twinfs_rescue *rescue)
{
	size_t start = 0, end = 0;

	for (size_t i = 0; i < rescue->version_count; i++) {
		struct tw_version version = rescue->versions[i];

		if (end > start && strcmp(rescue->versions[start].it.path, version.it.path) != 0) {
			note_removed(rescue, start, end);
			start = end;
		}
		if (!is_said(rescue, start, end, &version))
			rescue->versions[end++] = version;
	}
	if (end > start)
		note_removed(rescue, start, end);
	rescue->version_count = end;
}

int tw_list_claims(struct twinfs_rescue *rescue)
{
	int rc;

	rescue->values = calloc(rescue->attr_count + 1, sizeof(*rescue->values));
	if (!rescue->values)
		return -ENOMEM;
	fill_root(rescue);
	rc = add_claims(rescue);
	if (!rc)
		rc = add_loose(rescue);
	if (rc)
		return rc;
	if (rescue->version_count)
		qsort_r(rescue->versions, rescue->version_count, sizeof(*rescue->versions), by_path,
			rescue);
	drop_repeated(rescue);
	rescue->named_count = rescue->version_count;
	return 0;
}
