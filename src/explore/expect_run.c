/* SPDX-License-Identifier: MIT */
/*
 * expect_run.c - reads a story once, event by event, and keeps what was promised.
 *
 * Each event that changes a promise begins an epoch. What a change does to which
 * things is found out when it begins, for the base as it is then: changes of one
 * volume do not overlap, and those of several have no thing in common.
 */
#include "expect_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

static const struct tw_version absent = {.kind = TW_THING_ABSENT};

/* ---- epochs ---- */

static struct tw_epoch *this_epoch(struct tw_expect *expect)
{
	return &expect->epochs[expect->epoch_count - 1];
}

int tw_expect_begin_epoch(struct tw_expect *expect, uint64_t moment)
{
	int rc = tw_array_grow(&expect->epochs, &expect->epoch_room, expect->epoch_count);
	struct tw_epoch epoch = {.spell = TW_STORY_NONE};

	if (rc)
		return rc;
	if (expect->epoch_count)
		epoch = *this_epoch(expect);
	epoch.moment = moment;
	expect->epochs[expect->epoch_count++] = epoch;
	return 0;
}

/* The changes in flight are others now. */
static int set_flights(struct tw_expect *expect)
{
	struct tw_epoch *epoch = this_epoch(expect);

	epoch->flight = (uint32_t)expect->flight_count;
	epoch->flight_count = 0;
	for (size_t i = 0; i < expect->open_count; i++) {
		int rc =
			tw_array_grow(&expect->flights, &expect->flight_room, expect->flight_count);

		if (rc)
			return rc;
		expect->flights[expect->flight_count++] = expect->open[i];
		epoch->flight_count++;
	}
	return 0;
}

static struct twinfs_digest sum_of(const struct tw_expect *expect, uint32_t thing,
	const struct tw_version *version)
{
	const char *path = tw_expect_path(expect, thing);

	return tw_sum_of(path, strlen(path), expect->things[thing].attr, version);
}

static int add_step(struct tw_expect *expect, uint32_t thing, const struct tw_step *step)
{
	struct tw_promise *promise = &expect->things[thing];
	struct tw_epoch *epoch = this_epoch(expect);
	int rc = tw_array_grow(&promise->steps, &promise->step_room, promise->step_count);

	if (rc)
		return rc;
	epoch->sum = tw_sum_take(epoch->sum,
		sum_of(expect, thing, &tw_expect_last_step(expect, thing)->version));
	epoch->sum = tw_sum_add(epoch->sum, sum_of(expect, thing, &step->version));
	promise->steps[promise->step_count] = *step;
	promise->steps[promise->step_count++].epoch = (uint32_t)(expect->epoch_count - 1);
	return 0;
}

/* Behind the doubts of @step, adds those of @other and, unless it is NULL, @version. */
static int copy_doubts(struct tw_expect *expect, struct tw_step *step, const struct tw_step *other,
	const struct tw_version *version)
{
	uint32_t first = (uint32_t)expect->doubt_count, from = other->doubt;
	uint32_t count = other->doubt_count + (version ? 1 : 0);

	for (uint32_t i = 0; i < count; i++) {
		int rc = tw_array_grow(&expect->doubts, &expect->doubt_room, expect->doubt_count);

		if (rc)
			return rc;
		expect->doubts[expect->doubt_count++] =
			i < other->doubt_count ? expect->doubts[from + i] : *version;
	}
	step->doubt = first;
	step->doubt_count = count;
	return 0;
}

/* ---- what a change does ---- */

static int add_effect(struct tw_expect *expect, struct tw_deal *deal, uint32_t thing,
	const struct tw_version *version, uint32_t source)
{
	const struct tw_version *old = &tw_expect_last_step(expect, thing)->version;
	struct tw_effect *effect = NULL;
	int rc = tw_array_grow(&expect->effects, &expect->effect_room, expect->effect_count);

	rc = rc ?: tw_expect_see(expect, thing, version);
	if (rc)
		return rc;
	/* Only an attribute can come twice: that of a replaced file, and that of the new one. */
	for (uint32_t i = 0; expect->things[thing].attr != TW_NOT_ATTR && i < deal->effect_count;
		i++) {
		effect = &expect->effects[deal->effect + i];
		if (effect->thing == thing)
			break;
		effect = NULL;
	}
	if (effect) {
		old = &effect->version;
	} else {
		effect = &expect->effects[expect->effect_count++];
		deal->effect_count++;
	}
	deal->delta = tw_sum_take(deal->delta, sum_of(expect, thing, old));
	deal->delta = tw_sum_add(deal->delta, sum_of(expect, thing, version));
	*effect = (struct tw_effect){thing, source, *version};
	return 0;
}

static int add_one(struct tw_expect *expect, struct tw_deal *deal, const char *path, int32_t attr,
	const struct tw_version *version)
{
	uint32_t thing;
	int rc = tw_expect_add_thing(expect, path, strlen(path), attr, &thing);

	return rc ?: add_effect(expect, deal, thing, version, TW_NAMES_NONE);
}

/* The attributes of an object go with it. */
static int remove_attrs(struct tw_expect *expect, struct tw_deal *deal, const char *path)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < expect->attr_count; i++) {
		uint32_t thing = expect->attrs[i];

		if (strcmp(tw_expect_path(expect, thing), path) == 0 &&
			tw_expect_last_step(expect, thing)->version.kind != TW_THING_ABSENT)
			rc = add_effect(expect, deal, thing, &absent, TW_NAMES_NONE);
	}
	return rc;
}

/* What a thing that moves is: when the base has none of it, the newest that is in doubt. */
static struct tw_version likely(const struct tw_expect *expect, uint32_t thing)
{
	const struct tw_step *step = tw_expect_last_step(expect, thing);

	if (step->version.kind != TW_THING_ABSENT)
		return step->version;
	for (uint32_t i = step->doubt_count; i-- > 0;)
		if (expect->doubts[step->doubt + i].kind != TW_THING_ABSENT)
			return expect->doubts[step->doubt + i];
	return absent;
}

/*
 * Moves one thing, whose path begins with @old_len bytes that become @new_path.
 * That it moves shows that it is there only for the thing itself: what goes with it
 * is as doubtful as before.
 */
static int move_thing(struct tw_expect *expect, struct tw_deal *deal, uint32_t thing,
	size_t old_len, const char *new_path)
{
	const struct tw_step *step = tw_expect_last_step(expect, thing);
	bool is_top = expect->things[thing].attr == TW_NOT_ATTR &&
		      tw_expect_path(expect, thing)[old_len] == '\0';
	const struct tw_version version = is_top ? likely(expect, thing) : step->version;
	_cleanup_free_ char *path = NULL;
	uint32_t to;
	int rc;

	if (version.kind == TW_THING_ABSENT && !step->doubt_count)
		return 0;
	if (asprintf(&path, "%s%s", new_path, tw_expect_path(expect, thing) + old_len) < 0) {
		path = NULL; /* asprintf leaves it undefined */
		return -ENOMEM;
	}
	rc = tw_expect_add_thing(expect, path, strlen(path), expect->things[thing].attr, &to);
	rc = rc ?: add_effect(expect, deal, thing, &absent, TW_NAMES_NONE);
	return rc ?: add_effect(expect, deal, to, &version, thing);
}

static bool moves_with(const char *path, const char *old_path, size_t old_len)
{
	return strncmp(path, old_path, old_len) == 0 &&
	       (path[old_len] == '/' || path[old_len] == '\0');
}

static int move_all(struct tw_expect *expect, struct tw_deal *deal, const char *old_path,
	const char *new_path)
{
	size_t old_len = strlen(old_path), count = expect->thing_count;
	uint32_t top = tw_expect_thing(expect, old_path, old_len, TW_NOT_ATTR);
	bool is_file = top != TW_NAMES_NONE && likely(expect, top).kind == TW_THING_FILE;
	int rc;

	if (strcmp(old_path, new_path) == 0 || top == TW_NAMES_NONE)
		return 0;
	rc = remove_attrs(expect, deal, new_path);
	if (is_file) {
		/* The usual case need not look at all things. */
		rc = rc ?: move_thing(expect, deal, top, old_len, new_path);
		for (size_t i = 0, n = expect->attr_count; !rc && i < n; i++)
			if (strcmp(tw_expect_path(expect, expect->attrs[i]), old_path) == 0)
				rc = move_thing(expect, deal, expect->attrs[i], old_len, new_path);
		return rc;
	}
	for (uint32_t i = 0; !rc && i < count; i++)
		if (moves_with(tw_expect_path(expect, i), old_path, old_len))
			rc = move_thing(expect, deal, i, old_len, new_path);
	return rc;
}

static int deal_effects(struct tw_expect *expect, struct tw_deal *deal,
	const struct tw_story_change *change)
{
	struct tw_version version = {.size = change->size, .digest = change->digest};
	char slot[16];
	int rc;

	switch (change->kind) {
	case TW_STORY_CREATE:
		version = (struct tw_version){TW_THING_FILE, 0, twinfs_digest(NULL, 0)};
		return add_one(expect, deal, change->path, TW_NOT_ATTR, &version);
	case TW_STORY_MKDIR:
		version = (struct tw_version){.kind = TW_THING_DIRECTORY};
		return add_one(expect, deal, change->path, TW_NOT_ATTR, &version);
	case TW_STORY_CONTENT:
		version.kind = TW_THING_FILE;
		return add_one(expect, deal, change->path, TW_NOT_ATTR, &version);
	case TW_STORY_REMOVE:
		rc = add_one(expect, deal, change->path, TW_NOT_ATTR, &absent);
		return rc ?: remove_attrs(expect, deal, change->path);
	case TW_STORY_RENAME:
		return move_all(expect, deal, change->path, change->new_path);
	case TW_STORY_ATTR:
	case TW_STORY_NO_ATTR:
		if (change->attr == TWINFS_ATTR_MTIME)
			return 0;
		version.kind = TW_THING_ATTR;
		return add_one(expect, deal, change->path, change->attr,
			change->kind == TW_STORY_ATTR ? &version : &absent);
	case TW_STORY_STORE:
		version.kind = TW_THING_SLOT;
		(void)snprintf(slot, sizeof(slot), "slot %u", change->slot);
		return add_one(expect, deal, slot, TW_NOT_ATTR, &version);
	case TW_STORY_OTHER:
		return 0;
	}
	return 0;
}

/* ---- events ---- */

static struct tw_spell *this_spell(struct tw_expect *expect)
{
	struct tw_spell *spell =
		expect->spell_count ? &expect->spells[expect->spell_count - 1] : NULL;

	return spell && spell->is_open ? spell : NULL;
}

/* A boot under way remembers all that it makes of anything. */
static int touch(struct tw_expect *expect, const struct tw_deal *deal)
{
	struct tw_spell *spell = this_spell(expect);

	for (uint32_t i = 0; spell && i < deal->effect_count; i++) {
		int rc = tw_array_grow(&expect->touches, &expect->touch_room, expect->touch_count);

		if (rc)
			return rc;
		expect->touches[expect->touch_count++] = expect->effects[deal->effect + i];
		spell->touch_count++;
	}
	return 0;
}

static int begin_change(struct tw_expect *expect, uint32_t index)
{
	struct tw_deal *deal = &expect->deals[index];
	int rc = tw_array_grow(&expect->open, &expect->open_room, expect->open_count);

	deal->effect = (uint32_t)expect->effect_count;
	rc = rc ?: deal_effects(expect, deal, &expect->story->changes[index]);
	rc = rc ?: touch(expect, deal);
	if (rc)
		return rc;
	deal->is_open = true;
	expect->open[expect->open_count++] = index;
	return set_flights(expect);
}

/* The change is wholly there; from now on that is promised. */
static int apply(struct tw_expect *expect, uint32_t index)
{
	const struct tw_deal *deal = &expect->deals[index];
	uint32_t before = (uint32_t)(expect->epoch_count - 2);

	for (uint32_t i = 0; i < deal->effect_count; i++) {
		const struct tw_effect *effect = &expect->effects[deal->effect + i];
		struct tw_step step = {.version = effect->version,
			.cause = index,
			.origin = this_spell(expect) ? TW_ORIGIN_BOOT : TW_ORIGIN_ENDED};
		int rc = 0;

		/* What was in doubt of a thing that moved still is. */
		if (effect->source != TW_NAMES_NONE)
			rc = copy_doubts(expect, &step,
				tw_expect_step(expect, effect->source, before), NULL);
		rc = rc ?: add_step(expect, effect->thing, &step);
		if (rc)
			return rc;
	}
	return 0;
}

/* The change may be there or not, and nobody will say. */
static int leave_in_doubt(struct tw_expect *expect, uint32_t index)
{
	const struct tw_deal *deal = &expect->deals[index];

	for (uint32_t i = 0; i < deal->effect_count; i++) {
		const struct tw_effect *effect = &expect->effects[deal->effect + i];
		struct tw_step step = *tw_expect_last_step(expect, effect->thing);
		int rc = copy_doubts(expect, &step, &step, &effect->version);

		rc = rc ?: add_step(expect, effect->thing, &step);
		if (rc)
			return rc;
	}
	return 0;
}

static int end_change(struct tw_expect *expect, uint32_t index)
{
	int rc;

	if (!expect->deals[index].is_open)
		return 0; /* the power cut has ended it */
	expect->deals[index].is_open = false;
	for (size_t i = 0; i < expect->open_count; i++)
		if (expect->open[i] == index)
			expect->open[i--] = expect->open[--expect->open_count];
	rc = expect->story->changes[index].rc ? leave_in_doubt(expect, index)
					      : apply(expect, index);
	return rc ?: set_flights(expect);
}

static int cut(struct tw_expect *expect)
{
	for (size_t i = 0; i < expect->open_count; i++) {
		int rc = leave_in_doubt(expect, expect->open[i]);

		if (rc)
			return rc;
		expect->deals[expect->open[i]].is_open = false;
	}
	expect->open_count = 0;
	return set_flights(expect);
}

/*
 * A boot after one that did not come to its end goes on with its work. This epoch
 * is the last one without any of it.
 */
static int begin_boot(struct tw_expect *expect)
{
	int rc = cut(expect);

	rc = rc ?: tw_array_grow(&expect->spells, &expect->spell_room, expect->spell_count);
	if (rc || this_spell(expect))
		return rc;
	this_epoch(expect)->spell = (uint32_t)expect->spell_count;
	expect->spells[expect->spell_count++] =
		(struct tw_spell){.epoch = (uint32_t)(expect->epoch_count - 1),
			.touch = (uint32_t)expect->touch_count,
			.is_open = true};
	return 0;
}

void tw_expect_end_boot(struct tw_expect *expect)
{
	struct tw_spell *spell = this_spell(expect);

	if (!spell)
		return;
	spell->sum = this_epoch(expect)->sum;
	spell->is_open = false;
	this_epoch(expect)->spell = TW_STORY_NONE;
}

static void finish_boot(struct tw_expect *expect)
{
	struct tw_spell *spell = this_spell(expect);

	if (spell)
		spell->end = (uint32_t)(expect->epoch_count - 1);
	tw_expect_end_boot(expect);
}

int tw_expect_take_event(struct tw_expect *expect, const struct tw_story_event *event)
{
	int rc;

	if (event->kind == TW_STORY_NOTE)
		return 0;
	rc = tw_expect_begin_epoch(expect, event->moment);
	if (rc)
		return rc;
	switch (event->kind) {
	case TW_STORY_BEGAN:
		return begin_change(expect, event->index);
	case TW_STORY_ENDED:
		return end_change(expect, event->index);
	case TW_STORY_BOOT_BEGAN:
		return begin_boot(expect);
	case TW_STORY_BOOT_ENDED:
		if (expect->story->phases[event->index].rc == 0)
			finish_boot(expect);
		return 0;
	case TW_STORY_CUT:
		return cut(expect);
	case TW_STORY_NOTE:
		return 0;
	}
	return 0;
}
