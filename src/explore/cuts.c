/* SPDX-License-Identifier: MIT */
/*
 * cuts.c - all the ways in which one operation can be cut.
 *
 * A torn operation is a place (bytes that took place) and what became of the
 * cells behind it: nothing, or by chance some of the bits of a unit. A chip
 * programs a page at once and a cell in many small pulses, so the unit may be a
 * byte, the 16 bytes of a chip with error correction, or a page. Many such
 * states are the same, since cells of 0xff do not change: those are left out,
 * so that the number of states says something.
 */
#include "cuts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum {
	UNITS = 3,
	PAGE = 256,      /* bytes that chips program at once */
	MET_ROOM = 1024, /* at first; a power of two */
};

static const uint32_t units[UNITS] = {1, 16, PAGE};

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- begin and end ---- */

static int reserve(struct tw_cuts *cuts, uint32_t len)
{
	if (!cuts->met) {
		cuts->met = calloc(MET_ROOM, sizeof(*cuts->met));
		cuts->met_room = MET_ROOM;
	}
	if (len > cuts->room) {
		free(cuts->old);
		free(cuts->new);
		cuts->old = malloc(len);
		cuts->new = malloc(len);
		cuts->room = cuts->old && cuts->new ? len : 0;
	}
	return cuts->met && cuts->room >= len ? 0 : -ENOMEM;
}

static void find_change(struct tw_cuts *cuts)
{
	uint32_t first = 0, end = cuts->len;

	while (first < end && cuts->old[first] == cuts->new[first])
		first++;
	while (end > first && cuts->old[end - 1] == cuts->new[end - 1])
		end--;
	cuts->first = first;
	cuts->end = end;
}

/* Programs are torn behind each byte up to a bound; what is left, in steps of one length. */
static void count_places(struct tw_cuts *cuts)
{
	uint32_t bound = cuts->is_erase ? 0 : smaller(cuts->rules.torn_bytes, cuts->end);

	cuts->exact = bound > cuts->first ? bound - cuts->first : 0;
	cuts->places = cuts->exact;
	if (cuts->first + cuts->exact < cuts->end)
		cuts->places += cuts->rules.torn_spread + 1;
}

static uint32_t place_at(const struct tw_cuts *cuts, uint32_t place)
{
	uint32_t base = cuts->first + cuts->exact;

	if (place < cuts->exact)
		return cuts->first + place;
	return base + (uint32_t)((uint64_t)(cuts->end - base) * (place - cuts->exact) /
				 (cuts->rules.torn_spread + 1));
}

int tw_cuts_begin(struct tw_cuts *cuts, const struct tw_cut_rules *rules,
	const struct tw_story_op *op, uint64_t index, uint8_t *bytes)
{
	int rc = reserve(cuts, op->len);

	if (rc)
		return rc;
	cuts->rules = *rules;
	cuts->index = index;
	cuts->addr = op->addr;
	cuts->cells = bytes + op->addr;
	cuts->len = op->len;
	cuts->is_erase = op->kind == TW_STORY_ERASE;
	memcpy(cuts->old, cuts->cells, op->len);
	if (op->data_len)
		memcpy(cuts->new, op->data, op->data_len);
	memset(cuts->new + op->data_len, 0xff, op->len - op->data_len);
	find_change(cuts);
	count_places(cuts);
	cuts->place = cuts->way = 0;
	cuts->at = cuts->from = cuts->to = 0;
	if (cuts->met_count)
		memset(cuts->met, 0, cuts->met_room * sizeof(*cuts->met));
	cuts->met_count = 0;
	cuts->rc = 0;
	/* Cells that defects changed took no time: there is nothing to be cut. */
	if (op->kind == TW_STORY_FLIP)
		cuts->places = cuts->len = 0;
	return 0;
}

void tw_cuts_end(struct tw_cuts *cuts)
{
	if (cuts->len)
		memcpy(cuts->cells, cuts->old, cuts->len);
}

void tw_cuts_release(struct tw_cuts *cuts)
{
	free(cuts->old);
	free(cuts->new);
	free(cuts->met);
	*cuts = (struct tw_cuts){0};
}

/* ---- chance ---- */

/* The number that an outcome's bits come from. */
static uint64_t seed_of(const struct tw_cuts *cuts, const struct twinfs_cut *cut)
{
	uint64_t seed = tw_random_at(cuts->rules.seed, cuts->index);

	seed = tw_random_at(seed, (uint64_t)cut->kind << 32 | cut->unit);
	return tw_random_at(seed, (uint64_t)cut->done << 32 | cut->chance);
}

/* Gives each differing bit of [@from, @to) its old or its new value. */
static void mix(struct tw_cuts *cuts, uint64_t seed, uint32_t from, uint32_t to)
{
	uint64_t bits = 0;

	for (uint32_t i = from; i < to; i++) {
		uint8_t old = cuts->old[i];

		if ((i - from) % 8 == 0)
			bits = tw_random_at(seed, (i - from) / 8);
		cuts->cells[i] = (uint8_t)(old ^ ((old ^ cuts->new[i]) & bits));
		bits >>= 8;
	}
}

/* Whether the cells are new up to some place and old behind it: then chance made no difference. */
static bool is_plain(const struct tw_cuts *cuts, uint32_t from, uint32_t to)
{
	while (from < to && cuts->cells[from] == cuts->new[from])
		from++;
	return !memcmp(cuts->cells + from, cuts->old + from, to - from);
}

static bool grow_met(struct tw_cuts *cuts)
{
	uint32_t room = 2 * cuts->met_room;
	uint64_t *more = calloc(room, sizeof(*more));

	if (!more) {
		cuts->rc = -ENOMEM;
		return false;
	}
	for (uint32_t i = 0; i < cuts->met_room; i++) {
		uint32_t place = (uint32_t)cuts->met[i] & (room - 1);

		while (cuts->met[i] && more[place])
			place = (place + 1) & (room - 1);
		if (cuts->met[i])
			more[place] = cuts->met[i];
	}
	free(cuts->met);
	cuts->met = more;
	cuts->met_room = room;
	return true;
}

/* Whether no outcome of chance in [@from, @to) has come to these cells before. */
static bool is_new(struct tw_cuts *cuts, uint32_t from, uint32_t to)
{
	uint64_t digest = twinfs_digest(cuts->cells + from, to - from).low;
	uint32_t place;

	digest += !digest; /* 0 is a free place */
	if (2 * (cuts->met_count + 1) > cuts->met_room && !grow_met(cuts))
		return false;
	place = (uint32_t)digest & (cuts->met_room - 1);
	while (cuts->met[place] && cuts->met[place] != digest)
		place = (place + 1) & (cuts->met_room - 1);
	if (cuts->met[place])
		return false;
	cuts->met[place] = digest;
	cuts->met_count++;
	return true;
}

static void take_back(struct tw_cuts *cuts)
{
	memcpy(cuts->cells + cuts->from, cuts->old + cuts->from, cuts->to - cuts->from);
	cuts->from = cuts->to = 0;
}

/* ---- the ways ---- */

/* The first @at bytes take place; whether that is another state than before. */
static bool advance(struct tw_cuts *cuts, uint32_t at)
{
	uint32_t was = cuts->at;

	memcpy(cuts->cells + was, cuts->new + was, at - was);
	cuts->at = at;
	return at > cuts->first && memcmp(cuts->old + was, cuts->new + was, at - was) != 0;
}

/* What comes behind the present place: @way counts outcomes, unit by unit. */
static bool tear(struct tw_cuts *cuts, uint32_t way, struct twinfs_cut *cut)
{
	uint32_t unit = units[way / cuts->rules.outcomes], at = cuts->at;
	bool is_spread = cuts->place >= cuts->exact;

	/* Units lie at multiples of their size; where few places are tried, all are. */
	if (unit > 1 && !is_spread && at != cuts->first && (cuts->addr + at) % unit)
		return false;
	cut->kind = TWINFS_CUT_TORN;
	cut->done = at;
	cut->unit = unit;
	cut->chance = way % cuts->rules.outcomes;
	cuts->from = at;
	cuts->to = smaller(cuts->end, at + unit);
	mix(cuts, seed_of(cuts, cut), cuts->from, cuts->to);
	return !is_plain(cuts, cuts->from, cuts->to) && is_new(cuts, cuts->first, cuts->end);
}

/* Torn at places in rising order, and there in all ways. */
static bool next_torn(struct tw_cuts *cuts, struct twinfs_cut *cut)
{
	while (cuts->place < cuts->places) {
		uint32_t way = cuts->way++;

		if (way > UNITS * cuts->rules.outcomes) {
			cuts->way = 0;
			cuts->place++;
			continue;
		}
		take_back(cuts);
		if (way && tear(cuts, way - 1, cut))
			return true;
		if (!way && advance(cuts, place_at(cuts, cuts->place))) {
			*cut = (struct twinfs_cut){
				.kind = TWINFS_CUT_TORN, .op = cuts->index, .done = cuts->at};
			return true;
		}
	}
	return false;
}

/* Of the pages of a program, chance lets some take place. */
static void shuffle(struct tw_cuts *cuts, uint64_t seed)
{
	uint32_t off = 0;

	for (uint32_t page = 0; off < cuts->len; page++) {
		uint32_t end =
			smaller(cuts->len, off + PAGE - (uint32_t)((cuts->addr + off) % PAGE));

		if (tw_random_at(seed, page) & 1)
			memcpy(cuts->cells + off, cuts->new + off, end - off);
		off = end;
	}
}

/* An erase that was cut early leaves anything; one cut later, cells on their way. */
static void disturb(struct tw_cuts *cuts, uint64_t seed, bool is_anything)
{
	if (!is_anything) {
		mix(cuts, seed, 0, cuts->len);
		return;
	}
	for (uint32_t i = 0; i < cuts->len; i++)
		cuts->cells[i] = (uint8_t)(tw_random_at(seed, i / 8) >> i % 8 * 8);
}

static bool spans_pages(const struct tw_cuts *cuts)
{
	return cuts->first < cuts->end &&
	       (cuts->addr + cuts->first) / PAGE != (cuts->addr + cuts->end - 1) / PAGE;
}

/* What concerns the operation as a whole; cuts->way counts outcomes. */
static bool next_other(struct tw_cuts *cuts, struct twinfs_cut *cut)
{
	uint32_t count = cuts->is_erase ? 2 * cuts->rules.outcomes : cuts->rules.outcomes;

	if (!cuts->is_erase && !spans_pages(cuts))
		return false;
	while (cuts->way < count) {
		*cut = (struct twinfs_cut){
			.kind = cuts->is_erase ? TWINFS_CUT_NOISE : TWINFS_CUT_SHUFFLED,
			.op = cuts->index,
			.unit = cuts->is_erase ? 0 : PAGE,
			.chance = cuts->way++,
		};
		memcpy(cuts->cells, cuts->old, cuts->len);
		cuts->at = cuts->from = cuts->to = 0;
		if (cuts->is_erase)
			disturb(cuts, seed_of(cuts, cut), cut->chance % 2 == 0);
		else
			shuffle(cuts, seed_of(cuts, cut));
		if (!is_plain(cuts, 0, cuts->len) && is_new(cuts, 0, cuts->len))
			return true;
	}
	return false;
}

bool tw_cuts_next(struct tw_cuts *cuts, struct twinfs_cut *ret_cut)
{
	*ret_cut = (struct twinfs_cut){.op = cuts->index};
	if (!cuts->len || cuts->rc)
		return false;
	if (next_torn(cuts, ret_cut))
		return true;
	return next_other(cuts, ret_cut) && !cuts->rc;
}
