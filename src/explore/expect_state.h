/* SPDX-License-Identifier: MIT */
/*
 * expect_state.h - the promises of a run, as they are kept in memory.
 *
 * The run is cut into epochs: one begins at each moment at which something was
 * promised or begun. What belongs to an epoch is the sum of the base, and lists
 * of what is in flight; what belongs to a thing is the list of its steps, each
 * of which holds from its epoch to the next step. So a moment is found by a
 * search among epochs, and the base of a thing by one among its steps.
 */
#ifndef TW_EXPLORE_EXPECT_STATE_H
#define TW_EXPLORE_EXPECT_STATE_H

#include "expect.h"
#include "names.h"

enum tw_origin {
	TW_ORIGIN_BEFORE, /* it was so before the run */
	TW_ORIGIN_ENDED,  /* a change has ended */
	TW_ORIGIN_BOOT,   /* a change of a boot has */
};

/* What the base says of a thing from @epoch on. */
struct tw_step {
	uint32_t epoch;
	enum tw_origin origin;
	struct tw_version version;
	uint32_t cause;       /* change, unless it was before the run */
	uint32_t doubt;       /* first of its doubts */
	uint32_t doubt_count; /* versions that are accepted as well */
};

struct tw_promise {
	int32_t attr;
	struct tw_version factory; /* absent if there is none */
	struct tw_step *steps;
	size_t step_count, step_room;
	uint32_t seen_count; /* contents that have a number */
};

/* A change makes @version of @thing. */
struct tw_effect {
	uint32_t thing;
	uint32_t source; /* of a rename: the thing it was; else TW_NAMES_NONE */
	struct tw_version version;
};

/* What a change of the story does. */
struct tw_deal {
	uint32_t effect, effect_count; /* place in effects */
	struct twinfs_digest delta;    /* what it adds to the sum of the base it began with */
	bool is_open;                  /* while the story is read */
};

/* A boot of the run; with those before it that were cut off. */
struct tw_spell {
	uint32_t epoch;              /* the last one without any of it */
	uint32_t touch, touch_count; /* place in touches: things it changes, each of its versions */
	struct twinfs_digest sum;    /* of the base at its end */
	uint32_t end;                /* the first epoch with all of it; 0: it has no end */
	bool is_open;
};

struct tw_epoch {
	uint64_t moment;
	struct twinfs_digest sum;      /* of the base */
	uint32_t flight, flight_count; /* place in flights: changes that have not ended */
	uint32_t spell;                /* boot under way, or TW_STORY_NONE */
};

struct tw_expect {
	const struct tw_story *story;
	unsigned flags;
	struct tw_names names; /* of things: path, NUL, four bytes for the attribute */
	struct tw_promise *things;
	size_t thing_count, thing_room;
	struct tw_names seen;   /* contents of things: number of the thing, then its version */
	uint32_t *seen_numbers; /* of each of these, counted from 1 for each thing */
	size_t seen_room;
	uint32_t *attrs; /* things that are attributes */
	size_t attr_count, attr_room;
	struct tw_version *doubts;
	size_t doubt_count, doubt_room;
	struct tw_effect *effects;
	size_t effect_count, effect_room;
	struct tw_deal *deals; /* by number of the change */
	struct tw_effect *touches;
	size_t touch_count, touch_room;
	struct tw_spell *spells;
	size_t spell_count, spell_room;
	uint32_t *flights;
	size_t flight_count, flight_room;
	struct tw_epoch *epochs;
	size_t epoch_count, epoch_room;
	uint32_t *open; /* changes in flight, while the story is read */
	size_t open_count, open_room;
};

#define TW_PATH_MAX 4095u /* bytes of a path, as in traces; longer ones are no things */

/* The number of a thing, or TW_NAMES_NONE. */
uint32_t tw_expect_thing(const struct tw_expect *expect, const char *path, size_t path_len,
	int32_t attr);

static inline const char *tw_expect_path(const struct tw_expect *expect, uint32_t thing)
{
	return expect->names.list[thing].text;
}

/* What the base says of a thing in an epoch; every thing has a first step in epoch 0. */
const struct tw_step *tw_expect_step(const struct tw_expect *expect, uint32_t thing,
	uint32_t epoch);

/* Number of a content for people, 0 when it was never seen (or has none: it is empty). */
uint32_t tw_expect_number(const struct tw_expect *expect, uint32_t thing,
	const struct tw_version *version);

/* ---- while the story is read ---- */

/* Finds or adds a thing; a new one was absent from the first epoch on. -ENAMETOOLONG, -ENOMEM. */
int tw_expect_add_thing(struct tw_expect *expect, const char *path, size_t path_len, int32_t attr,
	uint32_t *ret_thing);

/* A content has appeared, and gets a number if it has none yet. 0 or -ENOMEM. */
int tw_expect_see(struct tw_expect *expect, uint32_t thing, const struct tw_version *version);

const struct tw_step *tw_expect_last_step(const struct tw_expect *expect, uint32_t thing);

/* The rest are 0 or a negative errno of the above. */
int tw_expect_begin_epoch(struct tw_expect *expect, uint64_t moment);
int tw_expect_take_event(struct tw_expect *expect, const struct tw_story_event *event);

/* Does nothing when no boot is under way. */
void tw_expect_end_boot(struct tw_expect *expect);

#endif
