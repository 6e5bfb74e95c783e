/* SPDX-License-Identifier: MIT */
/*
 * glance.c - what can ever be seen of an erase unit of SecureData, in 64 bits.
 *
 * A walk over the unit is the only way in, so what the walk tells is all that
 * counts: the header, the records, where something is damaged, and where the
 * clean rest begins. What exactly stands in a damaged place does not.
 */
#include <string.h>

#include "log.h"

struct look {
	uint64_t sight, addr; /* so far; of the unit */
};

/* Adds one event to the sight. */
static void note(struct look *look, uint64_t kind, uint64_t off, const void *bytes, size_t len)
{
	const uint64_t event[4] = {look->sight, kind, off, twinfs_digest(bytes, len).low};

	look->sight = twinfs_digest(event, sizeof(event)).low;
}

static void see_record(void *ctx, const struct tw_record *record, const uint8_t *bytes,
	uint64_t addr)
{
	struct look *look = ctx;

	note(look, 1, addr - look->addr, bytes, tw_record_size(record));
}

static void see_damage(void *ctx, uint64_t addr, const char *what)
{
	struct look *look = ctx;

	note(look, 2, addr - look->addr, what, strlen(what));
}

int twinfs_secure_glance(struct twinfs_flash *flash, uint64_t addr, uint64_t *ret_sight)
{
	const struct twinfs_flash_geometry *geometry = &twinfs_flash_config(flash)->geometry;
	const struct tw_log log = {
		.flash = flash,
		.addr = addr,
		.unit_count = 1,
		.unit_size = geometry->erase_size,
		.align = geometry->prog_size > TW_ALIGN_MIN ? geometry->prog_size : TW_ALIGN_MIN,
	};
	struct look look = {.addr = addr};
	const struct tw_log_visitor visitor = {see_record, see_damage, &look};
	struct tw_unit unit = {0};
	int rc = tw_log_walk_unit(&log, 0, &visitor, &unit);

	if (rc)
		return rc;
	note(&look, unit.valid ? 3 : 4, unit.valid ? unit.tail : 0, &unit.sequence,
		sizeof(unit.sequence));
	*ret_sight = look.sight;
	return 0;
}
