/* SPDX-License-Identifier: MIT */
/*
 * log.h - one region: a circular append log of records over erase units.
 *
 * What a log knows is what its units said at the last tw_log_load(), plus what
 * was appended since.
 *
 * Lifetime  embedded; borrows the chip until tw_log_release().
 * Threads   none here: the owner serialises.
 */
#ifndef TW_SECURE_LOG_H
#define TW_SECURE_LOG_H

#include <stddef.h>

#include "record.h"

enum {
	TW_FORMAT_VERSION = 1,
	TW_UNITS_MIN = 3, /* one to append to, one with live records, one to reclaim */
};

/* What a unit holds. */
struct tw_unit {
	bool valid;        /* has a header of ours; without one nothing in it counts */
	uint64_t sequence; /* larger: opened later */
	uint32_t tail;     /* offset behind which every cell is erased; unit_size: no room */
	uint64_t newest[TWINFS_SECURE_SLOTS + 1]; /* generation by slot; 0: none */
};

/* The newest record of a slot. */
struct tw_live {
	struct tw_record record; /* generation 0: the slot is empty */
	uint64_t addr;
};

/* Sees what a walk over the units finds, unit by unit. NULL members are skipped. */
struct tw_log_visitor {
	/* A record with right checksums. @bytes is valid during the call. */
	void (*record)(void *ctx, const struct tw_record *record, const uint8_t *bytes,
		uint64_t addr);
	/* A place that is neither erased nor right. */
	void (*damage)(void *ctx, uint64_t addr, const char *what);
	void *ctx;
};

/* Decides whether a record with right checksums counts: seals are not known here. */
struct tw_log_judge {
	bool (*accepts)(void *ctx, const struct tw_record *record, const uint8_t *bytes);
	void *ctx;
};

struct tw_log {
	struct twinfs_flash *flash;
	uint64_t addr; /* bytes from the start of the chip */
	size_t unit_count;
	uint32_t unit_size, align;
	const struct tw_log_judge *judge;
	struct tw_unit *units;
	uint8_t *buf; /* one padded record */
	struct tw_live live[TWINFS_SECURE_SLOTS + 1];
	bool usable; /* the last load succeeded */
};

/* Erase units a region needs so that it never runs out of room; 0: no number is enough. */
uint64_t tw_log_units_needed(uint32_t unit_size, uint32_t prog_size);

/*
 * Prepares the region [@addr, @addr + @size), whole erase units inside the
 * chip and enough of them. 0 or -ENOMEM.
 */
int tw_log_init(struct tw_log *log, struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const struct tw_log_judge *judge);

/* All zero is allowed. */
void tw_log_release(struct tw_log *log);

/*
 * Walks over all units without changing anything. Returns 0, -ENOTSUP (a
 * unit of a newer format), -EUCLEAN (a unit written for another erase size),
 * -ESHUTDOWN, or another errno of the chip.
 */
int tw_log_walk(const struct tw_log *log, const struct tw_log_visitor *visitor);

/* The same for one unit; sets all of @ret_unit but its generations. */
int tw_log_walk_unit(const struct tw_log *log, size_t unit, const struct tw_log_visitor *visitor,
	struct tw_unit *ret_unit);

/* Learns anew what the units hold. Errors as tw_log_walk(); then the log holds nothing. */
int tw_log_load(struct tw_log *log);

/*
 * Copies the newest record of @slot, checked again, to @ret_bytes of
 * TW_RECORD_MAX bytes. Returns 0, -ENOENT, -EBADMSG (it changed since), or an
 * errno of the chip.
 */
int tw_log_fetch(const struct tw_log *log, unsigned slot, uint8_t *ret_bytes);

/*
 * Appends the complete record at @bytes; it is on the chip, read back, when
 * this returns 0. Reclaims units as needed: at every operation of it this log
 * alone holds all it held before.
 *
 * @other  the other region. When damage leaves nothing that can be reclaimed
 *         here, a unit may go whose live records are all there. Reloaded then.
 *
 * Returns 0, -ENOSPC (damage leaves nothing to reclaim), -EOVERFLOW (sequence
 * numbers are used up), -EBADMSG (a record changed since the last load), -EIO
 * (also: not usable), or another errno of the chip.
 */
int tw_log_append(struct tw_log *log, const struct tw_record *record, const uint8_t *bytes,
	struct tw_log *other);

#endif
