/* SPDX-License-Identifier: MIT */
/*
 * place.c - where on the chip a slot is.
 *
 * Looks at the bytes alone, not at what an open area knows: so it can be asked
 * in the middle of a store. A record counts when its checksums are right;
 * whether its seal is, only the key could tell.
 */
#include <errno.h>

#include "area.h"

struct search {
	unsigned slot;
	uint64_t newest;                           /* generation */
	const struct twinfs_secure_places *places; /* NULL: only the newest is wanted */
	int rc;
};

static void see_record(void *ctx, const struct tw_record *record, const uint8_t *bytes,
	uint64_t addr)
{
	struct search *search = ctx;

	(void)bytes;
	if (record->slot != search->slot || search->rc)
		return;
	if (!search->places && record->generation > search->newest)
		search->newest = record->generation;
	if (search->places && record->generation == search->newest)
		search->rc =
			search->places->each(search->places->ctx, addr, tw_record_size(record));
}

/* A region that is not ours to read holds no slot. */
static void walk_regions(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	struct search *search)
{
	uint32_t unit_size = twinfs_flash_config(flash)->geometry.erase_size;
	const struct tw_log_visitor visitor = {.record = see_record, .ctx = search};

	for (unsigned i = 0; i < TW_REGIONS; i++) {
		const struct tw_log log = {
			.flash = flash,
			.addr = addr + i * (size / TW_REGIONS),
			.unit_count = size / TW_REGIONS / unit_size,
			.unit_size = unit_size,
		};

		(void)tw_log_walk(&log, &visitor);
	}
}

int twinfs_secure_find(struct twinfs_flash *flash, uint64_t addr, uint64_t size, unsigned slot,
	const struct twinfs_secure_places *places)
{
	struct search search = {.slot = slot};

	walk_regions(flash, addr, size, &search);
	if (!search.newest)
		return -ENOENT;
	search.places = places;
	walk_regions(flash, addr, size, &search);
	return search.rc;
}
