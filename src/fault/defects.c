/* SPDX-License-Identifier: MIT */
/*
 * defects.c - cells that stick to a value, or read at chance until they are
 * erased: a list by address, so that an operation looks at its own only.
 */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t tw_defects_from(const struct twinfs_faults *faults, uint64_t addr)
{
	size_t low = 0, high = faults->defect_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (faults->defects[middle].addr < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int make_room(struct twinfs_faults *faults)
{
	size_t room = 2 * faults->defect_room + 64;
	struct tw_defect *defects;

	if (faults->defect_count == TW_DEFECTS_MAX)
		return -ENOSPC;
	if (faults->defect_count < faults->defect_room)
		return 0;
	defects = realloc(faults->defects, room * sizeof(*defects));
	if (!defects)
		return -ENOMEM;
	faults->defects = defects;
	faults->defect_room = room;
	return 0;
}

/* What the same rule has done to the same cell already, from @at on, or NULL. */
static struct tw_defect *find_same(const struct twinfs_faults *faults, size_t at,
	const struct tw_defect *defect)
{
	for (; at < faults->defect_count && faults->defects[at].addr == defect->addr; at++)
		if (faults->defects[at].rule == defect->rule &&
			faults->defects[at].is_loose == defect->is_loose)
			return &faults->defects[at];
	return NULL;
}

/* A bit that sticks already goes on sticking to what it does. */
static void merge(struct tw_defect *into, const struct tw_defect *defect)
{
	uint8_t fresh = defect->mask & ~into->mask;

	into->value = (into->value & ~fresh) | (defect->value & fresh);
	into->mask |= fresh;
}

int tw_defects_add(struct twinfs_faults *faults, const struct tw_defect *defect)
{
	size_t at = tw_defects_from(faults, defect->addr);
	struct tw_defect *same = find_same(faults, at, defect);
	int rc = same ? 0 : make_room(faults);

	if (same)
		merge(same, defect);
	if (same || rc)
		return rc;
	memmove(faults->defects + at + 1, faults->defects + at,
		(faults->defect_count - at) * sizeof(*faults->defects));
	faults->defects[at] = *defect;
	faults->defect_count++;
	faults->loose_count += defect->is_loose;
	return 0;
}

static void keep_only(struct twinfs_faults *faults,
	bool (*is_kept)(const struct tw_defect *defect, const void *ctx), const void *ctx)
{
	size_t kept = 0;

	faults->loose_count = 0;
	for (size_t i = 0; i < faults->defect_count; i++) {
		if (!is_kept(&faults->defects[i], ctx))
			continue;
		faults->defects[kept] = faults->defects[i];
		faults->loose_count += faults->defects[kept++].is_loose;
	}
	faults->defect_count = kept;
}

static bool is_of_another(const struct tw_defect *defect, const void *ctx)
{
	const unsigned *rule = ctx;

	return defect->rule != *rule;
}

void tw_defects_remove(struct twinfs_faults *faults, unsigned rule)
{
	keep_only(faults, is_of_another, &rule);
}

struct erased {
	uint64_t addr, len;
};

static bool is_not_erased(const struct tw_defect *defect, const void *ctx)
{
	const struct erased *erased = ctx;

	return !defect->is_loose || defect->addr < erased->addr ||
	       defect->addr >= erased->addr + erased->len;
}

void tw_defects_enforce(struct twinfs_faults *faults, const struct twinfs_flash_op *op,
	uint32_t done)
{
	const struct erased erased = {op->addr, done};
	struct tw_toll toll = {0};

	for (size_t i = tw_defects_from(faults, op->addr);
		i < faults->defect_count && faults->defects[i].addr < op->addr + op->len; i++) {
		const struct tw_defect *defect = &faults->defects[i];
		uint8_t cell = tw_cells_get(faults, defect->addr);

		if (!defect->is_loose)
			tw_cells_flip(faults, defect->addr, (cell ^ defect->value) & defect->mask,
				&toll);
	}
	if (faults->loose_count && done && op->kind == TWINFS_FLASH_ERASE)
		keep_only(faults, is_not_erased, &erased);
}
