/* SPDX-License-Identifier: MIT */
/*
 * log.c - a region as a circular append log.
 *
 * Records go to the unit opened last (the active one). A unit is free when
 * each newest record in it has an equal copy in another unit. Two rules keep
 * the region whole at every cut:
 *
 *  1. Only a free unit is erased.
 *  2. Right after a unit was opened, and before anything else is appended to
 *     it, the oldest unit is copied into it unless some unit is free. What
 *     lies in one unit fits into an empty one, so this succeeds; and there is
 *     a free unit again when the active one is full.
 *
 * A cut within 2 leaves an active unit that holds nothing but copies: it is
 * free itself, is erased, and 2 starts again. Everything follows from
 * generations found on the chip, so there is no state to repair.
 *
 * A snapshot of all slots per unit would be simpler, but erases a unit a store
 * when the slots are full.
 */
#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

uint64_t tw_log_units_needed(uint32_t unit_size, uint32_t prog_size)
{
	uint32_t align = prog_size > TW_ALIGN_MIN ? prog_size : TW_ALIGN_MIN;
	uint32_t head = (uint32_t)tw_round_up(TW_UNIT_HEAD, align);
	uint32_t largest = tw_record_room(TWINFS_SECURE_SLOTS, align);
	uint64_t live = largest; /* the record being stored, beside the one it replaces */
	uint64_t filled, units;

	if (head >= unit_size || largest > unit_size - head)
		return 0;
	for (unsigned slot = 1; slot <= TWINFS_SECURE_SLOTS; slot++)
		live += tw_record_room(slot, align);
	/* A unit is left when a record does not fit: at least so much of it is in use then. */
	filled = unit_size - head - largest + align;
	units = (live + filled - 1) / filled + 1;
	return units < TW_UNITS_MIN ? TW_UNITS_MIN : units;
}

int tw_log_init(struct tw_log *log, struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const struct tw_log_judge *judge)
{
	const struct twinfs_flash_geometry *geometry = &twinfs_flash_config(flash)->geometry;

	log->flash = flash;
	log->addr = addr;
	log->judge = judge;
	log->unit_size = geometry->erase_size;
	log->unit_count = size / geometry->erase_size;
	log->align = geometry->prog_size > TW_ALIGN_MIN ? geometry->prog_size : TW_ALIGN_MIN;
	log->units = calloc(log->unit_count, sizeof(*log->units));
	log->buf = malloc(tw_record_room(TWINFS_SECURE_SLOTS, log->align));
	return log->units && log->buf ? 0 : -ENOMEM;
}

void tw_log_release(struct tw_log *log)
{
	free(log->units);
	free(log->buf);
}

static uint64_t unit_addr(const struct tw_log *log, size_t unit)
{
	return log->addr + (uint64_t)unit * log->unit_size;
}

/* ---- what the units hold ---- */

static bool is_erased(const uint8_t *cells, size_t len)
{
	return !len || (cells[0] == 0xff && !memcmp(cells, cells + 1, len - 1));
}

static void tell_damage(const struct tw_log_visitor *visitor, uint64_t addr, const char *what)
{
	if (visitor->damage)
		visitor->damage(visitor->ctx, addr, what);
}

/* Walks over the records of a unit; returns the offset of its clean tail. */
static uint32_t walk_records(const struct tw_log *log, const uint8_t *cells, uint64_t addr,
	uint32_t align, const struct tw_log_visitor *visitor)
{
	uint32_t size = log->unit_size, off = (uint32_t)tw_round_up(TW_UNIT_HEAD, align);

	while (off < size) {
		struct tw_record record;
		int rc = tw_record_decode(cells + off, size - off, &record);

		if (rc == -EUCLEAN)
			break;
		if (rc)
			tell_damage(visitor, addr + off, "the body of a record is damaged");
		else if (visitor->record)
			visitor->record(visitor->ctx, &record, cells + off, addr + off);
		off += (uint32_t)tw_round_up(tw_record_size(&record), align);
	}
	if (off < size && !is_erased(cells + off, size - off)) {
		tell_damage(visitor, addr + off, "no record, and not erased");
		return size;
	}
	/* Records of another alignment can be read, but not continued. */
	return align == log->align ? off : size;
}

int tw_log_walk_unit(const struct tw_log *log, size_t unit, const struct tw_log_visitor *visitor,
	struct tw_unit *ret_unit)
{
	uint64_t addr = unit_addr(log, unit);
	struct tw_unit_head head;
	const uint8_t *cells;
	int rc = twinfs_flash_read(log->flash, addr, log->unit_size, &cells);

	if (rc)
		return rc;
	ret_unit->valid = false;
	rc = tw_unit_head_decode(cells, &head);
	if (rc == -EBADMSG)
		tell_damage(visitor, addr, "the header of an erase unit is damaged");
	if (rc)
		return 0;
	if (head.version != TW_FORMAT_VERSION)
		return -ENOTSUP;
	if (head.unit_size != log->unit_size)
		return -EUCLEAN;
	ret_unit->valid = true;
	ret_unit->sequence = head.sequence;
	ret_unit->tail = walk_records(log, cells, addr, head.align, visitor);
	return 0;
}

int tw_log_walk(const struct tw_log *log, const struct tw_log_visitor *visitor)
{
	struct tw_unit unit;
	int rc = 0;

	for (size_t i = 0; !rc && i < log->unit_count; i++)
		rc = tw_log_walk_unit(log, i, visitor, &unit);
	return rc;
}

static struct tw_unit *unit_of(const struct tw_log *log, uint64_t addr)
{
	return &log->units[(addr - log->addr) / log->unit_size];
}

static void note_record(struct tw_log *log, const struct tw_record *record, uint64_t addr)
{
	struct tw_unit *unit = unit_of(log, addr);
	struct tw_live *live = &log->live[record->slot];

	if (record->generation > unit->newest[record->slot])
		unit->newest[record->slot] = record->generation;
	if (record->generation > live->record.generation)
		*live = (struct tw_live){.record = *record, .addr = addr};
}

static void load_record(void *ctx, const struct tw_record *record, const uint8_t *bytes,
	uint64_t addr)
{
	struct tw_log *log = ctx;

	if (log->judge->accepts(log->judge->ctx, record, bytes))
		note_record(log, record, addr);
}

int tw_log_load(struct tw_log *log)
{
	const struct tw_log_visitor visitor = {.record = load_record, .ctx = log};
	int rc = 0;

	memset(log->units, 0, log->unit_count * sizeof(*log->units));
	memset(log->live, 0, sizeof(log->live));
	for (size_t i = 0; !rc && i < log->unit_count; i++)
		rc = tw_log_walk_unit(log, i, &visitor, &log->units[i]);
	log->usable = !rc;
	if (rc)
		memset(log->live, 0, sizeof(log->live));
	return rc;
}

int tw_log_fetch(const struct tw_log *log, unsigned slot, uint8_t *ret_bytes)
{
	const struct tw_live *live = &log->live[slot];
	uint32_t size = tw_record_size(&live->record);
	struct tw_record record;
	const uint8_t *cells;
	int rc;

	if (!live->record.generation)
		return -ENOENT;
	rc = twinfs_flash_read(log->flash, live->addr, size, &cells);
	if (rc)
		return rc;
	memcpy(ret_bytes, cells, size);
	if (tw_record_decode(ret_bytes, size, &record) || record.slot != slot ||
		record.generation != live->record.generation || tw_record_size(&record) != size)
		return -EBADMSG;
	return 0;
}

/* ---- which unit may go ---- */

static bool has_live(const struct tw_log *log, size_t unit, unsigned slot)
{
	uint64_t generation = log->units[unit].newest[slot];

	return generation && generation == log->live[slot].record.generation;
}

static bool has_copy_elsewhere(const struct tw_log *log, size_t unit, unsigned slot)
{
	for (size_t i = 0; i < log->unit_count; i++)
		if (i != unit && has_live(log, i, slot))
			return true;
	return false;
}

/* Whether @unit alone in this region holds the newest record of @slot. */
static bool is_sole_holder(const struct tw_log *log, size_t unit, unsigned slot)
{
	return has_live(log, unit, slot) && !has_copy_elsewhere(log, unit, slot);
}

/* Whether all that @unit alone holds is also in @other (which may be NULL). */
static bool can_be_erased(const struct tw_log *log, size_t unit, const struct tw_log *other)
{
	for (unsigned slot = 1; slot <= TWINFS_SECURE_SLOTS; slot++) {
		uint64_t generation = log->live[slot].record.generation;

		if (!is_sole_holder(log, unit, slot))
			continue;
		if (!other || other->live[slot].record.generation < generation)
			return false;
	}
	return true;
}

/* The unit opened last; unit_count if there is none. */
static size_t find_active(const struct tw_log *log)
{
	size_t active = log->unit_count;

	for (size_t i = 0; i < log->unit_count; i++)
		if (log->units[i].valid &&
			(active == log->unit_count ||
				log->units[i].sequence > log->units[active].sequence))
			active = i;
	return active;
}

/* The first unit behind the active one, in a circle, that may go; unit_count if none. */
static size_t find_victim(const struct tw_log *log, const struct tw_log *other)
{
	size_t active = find_active(log), start = active == log->unit_count ? 0 : active + 1;

	for (size_t i = 0; i < log->unit_count; i++) {
		size_t unit = (start + i) % log->unit_count;

		if (can_be_erased(log, unit, other))
			return unit;
	}
	return log->unit_count;
}

/* The unit opened first of those that may not go, except @active; unit_count if all may. */
static size_t find_oldest(const struct tw_log *log, size_t active)
{
	size_t oldest = log->unit_count;

	for (size_t i = 0; i < log->unit_count; i++) {
		if (i == active || can_be_erased(log, i, NULL))
			continue;
		if (oldest == log->unit_count ||
			log->units[i].sequence < log->units[oldest].sequence)
			oldest = i;
	}
	return oldest;
}

static bool has_spare(const struct tw_log *log, size_t active)
{
	for (size_t i = 0; i < log->unit_count; i++)
		if (i != active && can_be_erased(log, i, NULL))
			return true;
	return false;
}

/* ---- changing the chip ---- */

/* Programs @size bytes, padded, and reads them back: a chip may fail without a word. */
static int program(struct tw_log *log, uint64_t addr, const uint8_t *bytes, uint32_t size)
{
	uint32_t padded = (uint32_t)tw_round_up(size, log->align);
	const uint8_t *cells;
	int rc;

	memset(log->buf, 0xff, padded);
	memcpy(log->buf, bytes, size);
	rc = twinfs_flash_program(log->flash, addr, log->buf, padded);
	if (rc)
		return rc;
	rc = twinfs_flash_read(log->flash, addr, padded, &cells);
	if (rc)
		return rc;
	return memcmp(cells, log->buf, padded) ? -EIO : 0;
}

static int erase(struct tw_log *log, size_t unit)
{
	const uint8_t *cells;
	int rc = twinfs_flash_erase(log->flash, unit_addr(log, unit), log->unit_size);

	if (rc)
		return rc;
	rc = twinfs_flash_read(log->flash, unit_addr(log, unit), log->unit_size, &cells);
	if (rc)
		return rc;
	return is_erased(cells, log->unit_size) ? 0 : -EIO;
}

static int append_to(struct tw_log *log, size_t unit, const struct tw_record *record,
	const uint8_t *bytes)
{
	struct tw_unit *it = &log->units[unit];
	uint32_t off = it->tail, size = tw_record_size(record);
	int rc;

	it->tail = log->unit_size; /* in doubt until it succeeded */
	rc = program(log, unit_addr(log, unit) + off, bytes, size);
	if (rc)
		return rc;
	it->tail = off + (uint32_t)tw_round_up(size, log->align);
	note_record(log, record, unit_addr(log, unit) + off);
	return 0;
}

/* Copies what @unit alone holds to @active. -ENOSPC (nothing is done) when it does not fit. */
static int evacuate(struct tw_log *log, size_t unit, size_t active)
{
	uint8_t bytes[TW_RECORD_MAX];
	uint64_t size = 0;
	int rc = 0;

	for (unsigned slot = 1; slot <= TWINFS_SECURE_SLOTS; slot++)
		if (is_sole_holder(log, unit, slot))
			size += tw_round_up(tw_record_size(&log->live[slot].record), log->align);
	if (size > log->unit_size - log->units[active].tail)
		return -ENOSPC;
	for (unsigned slot = 1; !rc && slot <= TWINFS_SECURE_SLOTS; slot++) {
		if (!is_sole_holder(log, unit, slot))
			continue;
		rc = tw_log_fetch(log, slot, bytes);
		if (!rc)
			rc = append_to(log, active, &log->live[slot].record, bytes);
	}
	return rc;
}

/*
 * Erases a unit that may go and makes it the active one. It is always erased,
 * even if it looks so: a torn erase may leave cells that only just read as
 * ones.
 */
static int open_unit(struct tw_log *log, struct tw_log *other)
{
	uint8_t bytes[TW_UNIT_HEAD];
	struct tw_unit_head head = {
		.version = TW_FORMAT_VERSION,
		.unit_size = log->unit_size,
		.align = log->align,
	};
	size_t active, victim;
	int rc = tw_log_load(log); /* what goes is decided on what the chip holds now */

	if (rc)
		return rc;
	victim = find_victim(log, NULL);
	if (victim == log->unit_count && !tw_log_load(other))
		victim = find_victim(log, other);
	if (victim == log->unit_count)
		return -ENOSPC;
	active = find_active(log);
	if (active < log->unit_count) {
		if (log->units[active].sequence == UINT64_MAX)
			return -EOVERFLOW;
		head.sequence = log->units[active].sequence + 1;
	}
	rc = erase(log, victim);
	if (rc)
		return rc;
	tw_unit_head_put(bytes, &head);
	rc = program(log, unit_addr(log, victim), bytes, sizeof(bytes));
	if (rc)
		return rc;
	return tw_log_load(log);
}

/* Brings about an active unit with room for @size bytes, and a spare unit beside it. */
static int make_room(struct tw_log *log, uint32_t size, struct tw_log *other, size_t *ret_active)
{
	/* Opening every unit once compacts all of them; twice also if each was cut before. */
	for (size_t tries = 0; tries <= 4 * log->unit_count; tries++) {
		size_t active = find_active(log);
		int rc = -ENOSPC;

		if (active < log->unit_count && has_spare(log, active)) {
			if (size <= log->unit_size - log->units[active].tail) {
				*ret_active = active;
				return 0;
			}
		} else if (active < log->unit_count) {
			rc = evacuate(log, find_oldest(log, active), active);
			if (rc && rc != -ENOSPC)
				return rc;
		}
		if (rc)
			rc = open_unit(log, other);
		if (rc)
			return rc;
	}
	return -ENOSPC;
}

int tw_log_append(struct tw_log *log, const struct tw_record *record, const uint8_t *bytes,
	struct tw_log *other)
{
	uint32_t size = (uint32_t)tw_round_up(tw_record_size(record), log->align);
	int rc = -EIO;

	if (!log->usable)
		return -EIO;
	/* Cells that fail cost the rest of their unit, not the store: once. */
	for (unsigned tries = 0; rc == -EIO && tries < 2; tries++) {
		size_t active = 0;

		rc = make_room(log, size, other, &active);
		if (!rc)
			rc = append_to(log, active, record, bytes);
	}
	return rc;
}
