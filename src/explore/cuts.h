/* SPDX-License-Identifier: MIT */
/*
 * cuts.h - all the ways in which one operation can be cut, one after the other,
 * on the bytes of the chip.
 *
 * Each is different from all others of the operation, from nothing of it and
 * from all of it. The next one is made from the one before by changing what
 * differs.
 */
#ifndef TW_EXPLORE_CUTS_H
#define TW_EXPLORE_CUTS_H

#include <twinfs/explore.h>

#include "story.h"

/* Which ways; as in struct twinfs_explore_options. */
struct tw_cut_rules {
	uint32_t torn_bytes, torn_spread, outcomes;
	uint64_t seed;
};

/* All zero holds nothing yet; one that was used is begun anew with what memory it has. */
struct tw_cuts {
	struct tw_cut_rules rules;
	uint64_t index; /* of the operation: chance depends on it, and cuts name it */
	uint64_t addr;
	uint8_t *cells; /* of the operation, on the chip */
	uint8_t *old, *new;
	uint32_t len, room;
	uint32_t first, end; /* the first byte that changes; behind the last one that does */
	bool is_erase;
	uint32_t exact, places; /* places to be torn at: behind each byte, and all */
	uint32_t place, way;    /* the next one, and what comes behind it there */
	uint32_t at;            /* bytes that took place on the chip ... */
	uint32_t from, to;      /* ... and behind them the cells that chance has changed */
	uint64_t *met;          /* outcomes of chance so far, by their digests: a hash table */
	uint32_t met_count, met_room;
	int rc;
};

/*
 * Begins with @op on a chip of @bytes that hold what was there before it; nobody
 * else changes those cells until tw_cuts_end(). 0 or -ENOMEM.
 */
int tw_cuts_begin(struct tw_cuts *cuts, const struct tw_cut_rules *rules,
	const struct tw_story_op *op, uint64_t index, uint8_t *bytes);

/* Puts the next one on the chip; false when that was all, or memory ran out (cuts->rc). */
bool tw_cuts_next(struct tw_cuts *cuts, struct twinfs_cut *ret_cut);

/* The chip is as before the operation. */
void tw_cuts_end(struct tw_cuts *cuts);

void tw_cuts_release(struct tw_cuts *cuts);

#endif
