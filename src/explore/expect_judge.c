/* SPDX-License-Identifier: MIT */
/*
 * expect_judge.c - whether a tree is one that was promised, and if not, where.
 *
 * Almost every tree is judged by its sum alone. Else each thing is judged for
 * itself; then the changes in flight that are about several things: these must
 * be wholly there or not at all.
 */
#include "expect_judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/digest.h"

/* Sums are tried for all combinations of so many changes in flight. */
#define FLIGHTS_MAX 4u

const char *tw_finding_name(enum tw_finding_kind kind)
{
	static const char *const names[] = {"lost", "wrong version", "resurrected",
		"half-done rename", "slot", "reverted", "extra object", "formatted"};

	return kind < TW_FINDING_KINDS ? names[kind] : "";
}

/* ---- by sums ---- */

static bool is_sum_promised(const struct tw_hearing *hearing, struct twinfs_digest sum)
{
	const struct tw_expect *expect = hearing->expect;
	const struct tw_epoch *epoch = hearing->epoch;

	if (epoch->spell != TW_STORY_NONE &&
		tw_digest_is_same(sum, expect->spells[epoch->spell].sum))
		return true;
	if (tw_hearing_must_reach_end(hearing))
		return false;
	if (tw_digest_is_same(sum, epoch->sum))
		return true;
	if (epoch->flight_count > FLIGHTS_MAX)
		return false;
	for (unsigned some = 1; some < 1u << epoch->flight_count; some++) {
		struct twinfs_digest with = epoch->sum;

		for (uint32_t i = 0; i < epoch->flight_count; i++)
			if (some >> i & 1)
				with = tw_sum_add(with,
					expect->deals[expect->flights[epoch->flight + i]].delta);
		if (tw_digest_is_same(sum, with))
			return true;
	}
	return false;
}

/* ---- findings ---- */

struct wrongs {
	struct tw_wrong *list;
	size_t count, room;
	bool is_formatted; /* that has been said */
};

static int add_wrong(struct wrongs *wrongs, const struct tw_wrong *wrong)
{
	int rc = tw_array_grow(&wrongs->list, &wrongs->room, wrongs->count);

	if (!rc)
		wrongs->list[wrongs->count++] = *wrong;
	return rc;
}

/* Whether the thing was there at some time up to now. */
static bool has_been(const struct tw_hearing *hearing, uint32_t thing)
{
	const struct tw_promise *promise = &hearing->expect->things[thing];

	for (size_t i = 0; i < promise->step_count; i++)
		if (promise->steps[i].epoch <= hearing->epoch_index &&
			promise->steps[i].version.kind != TW_THING_ABSENT)
			return true;
	return false;
}

/* Whether more than the base is accepted. */
static bool is_open(const struct tw_hearing *hearing, uint32_t thing)
{
	const struct tw_expect *expect = hearing->expect;

	for (uint32_t i = 0; i < hearing->epoch->flight_count; i++) {
		const struct tw_deal *deal =
			&expect->deals[expect->flights[hearing->epoch->flight + i]];

		for (uint32_t n = 0; n < deal->effect_count; n++)
			if (expect->effects[deal->effect + n].thing == thing)
				return true;
	}
	return tw_expect_step(expect, thing, hearing->epoch_index)->doubt_count ||
	       tw_hearing_is_touched(hearing, thing);
}

static enum tw_finding_kind kind_of(const struct tw_hearing *hearing, uint32_t thing)
{
	const struct tw_version *base =
		&tw_expect_step(hearing->expect, thing, hearing->epoch_index)->version;
	const struct tw_version *shown = &hearing->shown[thing];
	const char *path = tw_expect_path(hearing->expect, thing);

	if (strncmp(path, "slot ", 5) == 0)
		return TW_FINDING_SLOT;
	if (shown->kind == TW_THING_ABSENT)
		return tw_hearing_deed(hearing, TW_DEED_FORMATTED, NULL) &&
				       tw_is_below(path, "/usr")
			       ? TW_FINDING_FORMATTED
			       : TW_FINDING_LOST;
	if (tw_hearing_deed(hearing, TW_DEED_RESTORED, path) &&
		tw_hearing_is_factory(hearing, thing, shown))
		return TW_FINDING_REVERTED;
	if (base->kind != TW_THING_ABSENT || is_open(hearing, thing))
		return TW_FINDING_VERSION;
	return has_been(hearing, thing) ? TW_FINDING_RESURRECTED : TW_FINDING_EXTRA;
}

/* An attribute goes with its object: what is wrong with that need not be said twice. */
static bool is_object_accepted(const struct tw_hearing *hearing, uint32_t thing)
{
	const char *path = tw_expect_path(hearing->expect, thing);
	uint32_t object;

	if (hearing->expect->things[thing].attr == TW_NOT_ATTR)
		return true;
	object = tw_expect_thing(hearing->expect, path, strlen(path), TW_NOT_ATTR);
	return object == TW_NAMES_NONE || tw_hearing_is_accepted(hearing, object);
}

static int judge_thing(const struct tw_hearing *hearing, uint32_t thing, struct wrongs *wrongs)
{
	const struct tw_name *name = &hearing->expect->names.list[thing];
	struct tw_wrong wrong = {.path = name->text,
		.path_len = strlen(name->text),
		.attr = hearing->expect->things[thing].attr,
		.thing = thing,
		.deal = TW_STORY_NONE};

	if (tw_hearing_is_accepted(hearing, thing) || !is_object_accepted(hearing, thing))
		return 0;
	wrong.shown = hearing->shown[thing];
	wrong.kind = kind_of(hearing, thing);
	if (wrong.kind == TW_FINDING_FORMATTED) {
		if (wrongs->is_formatted)
			return 0;
		wrongs->is_formatted = true;
		wrong.path = "/usr";
		wrong.path_len = 4;
		wrong.attr = TW_NOT_ATTR;
	}
	return add_wrong(wrongs, &wrong);
}

/* Things of the tree that no event was about. */
static int judge_stranger(const struct tw_hearing *hearing, const struct tw_thing *thing,
	struct wrongs *wrongs)
{
	const char *path = tw_shown_path(hearing->tree, thing);
	const struct tw_wrong wrong = {.kind = TW_FINDING_EXTRA,
		.path = path,
		.path_len = thing->path_len,
		.attr = thing->attr,
		.thing = TW_NAMES_NONE,
		.deal = TW_STORY_NONE,
		.shown = thing->version};

	return tw_hearing_is_by_boots(hearing, path, thing->attr, &thing->version)
		       ? 0
		       : add_wrong(wrongs, &wrong);
}

/* Whether the thing would be accepted as it is, were it not for the change in flight. */
static bool is_otherwise_accepted(const struct tw_hearing *hearing, uint32_t thing)
{
	const struct tw_version *shown = &hearing->shown[thing];
	const struct tw_step *step = tw_expect_step(hearing->expect, thing, hearing->epoch_index);

	return (!tw_version_is_same(&step->version, shown) &&
		       tw_hearing_is_base(hearing->expect, step, shown)) ||
	       tw_hearing_is_by_boots(hearing, tw_expect_path(hearing->expect, thing),
		       hearing->expect->things[thing].attr, shown);
}

/* Whether the rename has left an empty file under both names, and may. */
static bool has_both_names(const struct tw_hearing *hearing, const struct tw_deal *deal)
{
	const struct tw_expect *expect = hearing->expect;

	if (!(expect->flags & TW_EXPECT_VERSION_1))
		return false;
	for (uint32_t i = 0; i < deal->effect_count; i++) {
		const struct tw_effect *effect = &expect->effects[deal->effect + i];
		const struct tw_version *shown = &hearing->shown[effect->thing];

		if (shown->kind != TW_THING_FILE || shown->size)
			return false;
	}
	return true;
}

/* Whether a boot has put back what was there before the change: the factory copy. */
static bool is_undone(const struct tw_hearing *hearing, uint32_t thing)
{
	return tw_hearing_deed(hearing, TW_DEED_RESTORED, tw_expect_path(hearing->expect, thing)) &&
	       tw_hearing_is_factory(hearing, thing, &hearing->shown[thing]);
}

static void set_undone(const struct tw_hearing *hearing, uint32_t thing, struct tw_wrong *wrong)
{
	wrong->kind = TW_FINDING_REVERTED;
	wrong->thing = thing;
	wrong->path = tw_expect_path(hearing->expect, thing);
	wrong->path_len = strlen(wrong->path);
	wrong->shown = hearing->shown[thing];
}

/* A change of several things: some of them are new, and others are not. */
static int judge_change(const struct tw_hearing *hearing, uint32_t index, struct wrongs *wrongs)
{
	const struct tw_expect *expect = hearing->expect;
	const struct tw_deal *deal = &expect->deals[index];
	const struct tw_story_change *change = &expect->story->changes[index];
	const char *path = change->kind == TW_STORY_RENAME ? change->new_path : change->path;
	struct tw_wrong wrong = {.kind = TW_FINDING_RENAME,
		.path = path,
		.path_len = strlen(path),
		.attr = TW_NOT_ATTR,
		.thing = TW_NAMES_NONE,
		.deal = index};
	bool has_new = false, has_old = false;
	uint32_t undone = TW_NAMES_NONE;

	for (uint32_t i = 0; i < deal->effect_count; i++) {
		const struct tw_effect *effect = &expect->effects[deal->effect + i];
		const struct tw_version *shown = &hearing->shown[effect->thing];
		const struct tw_version *base =
			&tw_expect_step(expect, effect->thing, hearing->epoch_index)->version;

		if (tw_version_is_same(base, &effect->version) ||
			is_otherwise_accepted(hearing, effect->thing))
			continue;
		if (tw_version_is_same(shown, &effect->version))
			has_new = true;
		else if (tw_hearing_is_doubt_of(hearing, effect->source, shown))
			continue;
		if (!tw_version_is_same(shown, base))
			continue;
		if (is_undone(hearing, effect->thing))
			undone = effect->thing;
		else
			has_old = true;
	}
	if (!has_new || (!has_old && undone == TW_NAMES_NONE) || has_both_names(hearing, deal))
		return 0;
	/* The change was whole, until the boot had its own idea of one of the things. */
	if (!has_old)
		set_undone(hearing, undone, &wrong);
	return add_wrong(wrongs, &wrong);
}

static int by_path(const void *one, const void *two)
{
	const struct tw_wrong *a = one, *b = two;
	size_t len = a->path_len < b->path_len ? a->path_len : b->path_len;
	int order = memcmp(a->path, b->path, len);

	if (order)
		return order;
	if (a->path_len != b->path_len)
		return a->path_len < b->path_len ? -1 : 1;
	return a->attr < b->attr ? -1 : a->attr > b->attr;
}

/* Finds out what every thing is, and who is a stranger. */
static int look(struct tw_hearing *hearing, struct wrongs *wrongs)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < hearing->tree->count; i++) {
		const struct tw_thing *thing = &hearing->tree->things[i];
		uint32_t number = tw_expect_thing(hearing->expect,
			tw_shown_path(hearing->tree, thing), thing->path_len, thing->attr);

		if (number == TW_NAMES_NONE)
			rc = judge_stranger(hearing, thing, wrongs);
		else
			hearing->shown[number] = thing->version;
	}
	return rc;
}

static int find_wrongs(struct tw_hearing *hearing, struct wrongs *wrongs)
{
	const struct tw_epoch *epoch = hearing->epoch;
	int rc = look(hearing, wrongs);

	for (uint32_t i = 0; !rc && i < hearing->expect->thing_count; i++)
		rc = judge_thing(hearing, i, wrongs);
	/* A boot under way does as it likes; it will be done again. */
	for (uint32_t i = 0; !rc && epoch->spell == TW_STORY_NONE && i < epoch->flight_count; i++)
		rc = judge_change(hearing, hearing->expect->flights[epoch->flight + i], wrongs);
	if (wrongs->count)
		qsort(wrongs->list, wrongs->count, sizeof(*wrongs->list), by_path);
	return rc;
}

static int tell_all(const struct tw_hearing *hearing, const struct wrongs *wrongs,
	void (*each)(void *ctx, const struct tw_finding *finding), void *ctx)
{
	struct tw_text text = {0};
	int rc = 0;

	for (size_t i = 0; !rc && i < wrongs->count; i++) {
		const struct tw_wrong *wrong = &wrongs->list[i];

		text.len = 0;
		rc = tw_hearing_tell(hearing, wrong, &text);
		if (!rc)
			each(ctx, &(struct tw_finding){wrong->kind, wrong->path, text.data});
	}
	tw_text_release(&text);
	return rc;
}

int tw_expect_explain(const struct tw_expect *expect, struct tw_moment moment,
	const struct tw_shown *tree, const struct tw_boots *boots,
	void (*each)(void *ctx, const struct tw_finding *finding), void *ctx)
{
	static const struct tw_boots none;
	struct tw_hearing hearing = {.expect = expect,
		.epoch = &expect->epochs[moment.epoch],
		.epoch_index = moment.epoch,
		.tree = tree,
		.boots = boots ?: &none};
	struct wrongs wrongs = {0};
	int rc;

	if (is_sum_promised(&hearing, tree->sum))
		return 0;
	hearing.shown = calloc(expect->thing_count + 1, sizeof(*hearing.shown));
	if (!hearing.shown)
		return -ENOMEM;
	rc = find_wrongs(&hearing, &wrongs);
	if (!rc && each)
		rc = tell_all(&hearing, &wrongs, each, ctx);
	if (!rc)
		rc = (int)wrongs.count;
	free(wrongs.list);
	free(hearing.shown);
	return rc;
}

bool tw_expect_accepts(const struct tw_expect *expect, struct tw_moment moment,
	const struct tw_shown *tree, const struct tw_boots *boots)
{
	return tw_expect_explain(expect, moment, tree, boots, NULL, NULL) == 0;
}
