/* SPDX-License-Identifier: MIT */
/*
 * link.c - what became of the entries of a log in the log that followed it.
 *
 * When a pair is written anew its entries come over, all but those that the same commit
 * changed. Names are in any order: both sides are sorted.
 */
#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "claims.h"

struct side {
	const struct twinfs_rescue *rescue;
	uint32_t *list; /* claims by name */
	size_t count;
};

static void release(struct side *side)
{
	free(side->list);
}

static int by_name(const void *a, const void *b, void *ctx)
{
	const struct twinfs_rescue *rescue = ctx;
	const struct tw_claim *x = &rescue->claims[*(const uint32_t *)a];
	const struct tw_claim *y = &rescue->claims[*(const uint32_t *)b];
	size_t least = x->name_len < y->name_len ? x->name_len : y->name_len;
	int order = memcmp(tw_claim_name(rescue, x), tw_claim_name(rescue, y), least);

	return order ? order : (int)x->name_len - (int)y->name_len;
}

/* The entries of one state of a log. */
static int collect(struct twinfs_rescue *rescue, const struct tw_log *log, bool at_end,
	struct side *side)
{
	*side = (struct side){rescue, malloc((log->claim_count + 1) * sizeof(uint32_t)), 0};
	if (!side->list)
		return -ENOMEM;
	for (uint32_t i = log->claims; i < log->claims + log->claim_count; i++) {
		const struct tw_claim *claim = &rescue->claims[i];

		if (claim->kind > TW_CLAIM_DIR)
			continue;
		if (at_end ? tw_claim_is_last(rescue, claim) : !claim->first)
			side->list[side->count++] = i;
	}
	qsort_r(side->list, side->count, sizeof(uint32_t), by_name, rescue);
	return 0;
}

static enum twinfs_version_change change_of(const struct twinfs_rescue *rescue,
	const struct tw_claim *was, const struct tw_claim *is)
{
	if (!tw_claims_same_body(rescue, was, is))
		return is->kind == TW_CLAIM_DIR ? TWINFS_VERSION_PLACE : TWINFS_VERSION_WRITTEN;
	return tw_claims_same_attrs(rescue, was, is) ? TWINFS_VERSION_FOUND : TWINFS_VERSION_ATTRS;
}

/* Links names that are on both sides, and leaves in the lists what is on one only. */
static void link_names(struct twinfs_rescue *rescue, struct side *older, struct side *newer)
{
	size_t i = 0, k = 0, left = 0, came = 0;

	while (i < older->count || k < newer->count) {
		int order = i == older->count   ? 1
			    : k == newer->count ? -1
						: by_name(&older->list[i], &newer->list[k], rescue);

		if (order < 0) {
			older->list[left++] = older->list[i++];
		} else if (order > 0) {
			newer->list[came++] = newer->list[k++];
		} else {
			struct tw_claim *was = &rescue->claims[older->list[i++]];
			struct tw_claim *is = &rescue->claims[newer->list[k]];

			if (was->kind == is->kind) {
				was->next = newer->list[k];
				is->change = (uint8_t)change_of(rescue, was, is);
			}
			k++;
		}
	}
	older->count = left;
	newer->count = came;
}

/* One commit renames one entry. */
static void link_renamed(struct twinfs_rescue *rescue, const struct side *older,
	const struct side *newer)
{
	for (size_t k = 0; newer->count == 1 && k < older->count; k++) {
		struct tw_claim *was = &rescue->claims[older->list[k]];
		struct tw_claim *is = &rescue->claims[newer->list[0]];

		if (!is->size || !tw_claims_same_body(rescue, was, is))
			continue;
		was->next = newer->list[0];
		is->change = TWINFS_VERSION_RENAMED;
		return;
	}
}

int tw_link_logs(struct twinfs_rescue *rescue, uint32_t older, uint32_t newer)
{
	_cleanup_(release) struct side before = {0}, after = {0};
	int rc = collect(rescue, &rescue->logs[older], true, &before);

	if (!rc)
		rc = collect(rescue, &rescue->logs[newer], false, &after);
	if (rc)
		return rc;
	link_names(rescue, &before, &after);
	link_renamed(rescue, &before, &after);
	for (size_t k = 0; k < after.count; k++)
		if (rescue->claims[after.list[k]].change == TWINFS_VERSION_FOUND)
			rescue->claims[after.list[k]].change = TWINFS_VERSION_CREATED;
	rescue->logs[older].heir = newer;
	return 0;
}
