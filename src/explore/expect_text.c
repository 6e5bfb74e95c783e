/* SPDX-License-Identifier: MIT */
/*
 * expect_text.c - says what is wrong, in words that need no explanation: what
 * should be there and since when, and what is there instead.
 */
#include "expect_judge.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A sentence on its way. */
struct telling {
	const struct tw_hearing *hearing;
	const struct tw_wrong *wrong;
	struct tw_text *text;
	bool said_version; /* the word; what follows is numbers only */
	int rc;            /* -ENOMEM once, and nothing more is said */
};

__attribute__((format(printf, 2, 3))) static void say(struct telling *telling, const char *format,
	...)
{
	char room[TW_PATH_MAX + 64];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(room, sizeof(room), format, args);
	va_end(args);
	if (len >= (int)sizeof(room))
		len = sizeof(room) - 1;
	if (!telling->rc && len > 0)
		telling->rc = tw_text_add(telling->text, room, (size_t)len);
}

/* "1,234,567" */
static void say_number(struct telling *telling, uint64_t number)
{
	char plain[32], room[48];
	size_t len = (size_t)snprintf(plain, sizeof(plain), "%llu", (unsigned long long)number);
	char *to = room;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = plain[i];
	}
	*to = '\0';
	say(telling, "%s", room);
}

static void say_name(struct telling *telling)
{
	if (telling->wrong->attr != TW_NOT_ATTR)
		say(telling, "attribute %d of ", (int)telling->wrong->attr);
	say(telling, "%s", telling->wrong->path);
}

static const struct tw_promise *promise_of(const struct telling *telling)
{
	uint32_t thing = telling->wrong->thing;

	return thing == TW_NAMES_NONE ? NULL : &telling->hearing->expect->things[thing];
}

static void say_content(struct telling *telling, const struct tw_version *version)
{
	const struct tw_promise *promise = promise_of(telling);
	uint32_t number =
		promise ? tw_expect_number(telling->hearing->expect, telling->wrong->thing, version)
			: 0;

	if (version->kind == TW_THING_FILE && !version->size) {
		say(telling, "empty");
	} else if (number) {
		say(telling, "%s", telling->said_version ? "" : "version ");
		say_number(telling, number);
		telling->said_version = true;
	} else if (promise &&
		   tw_hearing_is_factory(telling->hearing, telling->wrong->thing, version)) {
		say(telling, "the factory copy");
	} else {
		say(telling, "unknown content of ");
		say_number(telling, version->size);
		say(telling, version->size == 1 ? " byte" : " bytes");
	}
}

/* What a version is: "missing", "empty", "version 3". */
static void say_version(struct telling *telling, const struct tw_version *version)
{
	switch (version->kind) {
	case TW_THING_ABSENT:
		/* The device calls a slot that was never stored empty. */
		say(telling, *telling->wrong->path == '/' ? "missing" : "empty");
		return;
	case TW_THING_DIRECTORY:
		say(telling, "a directory");
		return;
	case TW_THING_BROKEN:
		say(telling, "unreadable");
		return;
	case TW_THING_FILE:
	case TW_THING_ATTR:
	case TW_THING_SLOT:
		say_content(telling, version);
		return;
	}
}

/* "in operation 1,330": the last one that was done when the change ended. */
static void say_when(struct telling *telling, uint32_t change)
{
	const struct tw_story *story = telling->hearing->expect->story;
	uint64_t moment = story->changes[change].ended;

	if (!moment || moment > story->op_count) {
		say(telling, "before the first operation");
		return;
	}
	say(telling, "in operation ");
	say_number(telling, story->ops[moment - 1].seq);
}

static void say_origin(struct telling *telling, const struct tw_step *step)
{
	switch (step->origin) {
	case TW_ORIGIN_BEFORE:
		say(telling, step->version.kind == TW_THING_ABSENT ? "as before the run"
								   : "from before the run");
		return;
	case TW_ORIGIN_ENDED:
		say(telling, "acknowledged ");
		say_when(telling, step->cause);
		return;
	case TW_ORIGIN_BOOT:
		say(telling, "made by the boot ");
		say_when(telling, step->cause);
		return;
	}
}

/* ---- what would be right ---- */

struct choice {
	const struct tw_version *version;
	const struct tw_step *step; /* of the base; NULL: @why */
	const char *why;
};

/* More are not read by anybody, so the last ones are left out. */
#define CHOICES_MAX 8u

struct choices {
	struct choice list[CHOICES_MAX];
	unsigned count;
};

static void add_choice(struct choices *choices, const struct tw_version *version,
	const struct tw_step *step, const char *why)
{
	for (unsigned i = 0; i < choices->count; i++)
		if (tw_version_is_same(choices->list[i].version, version))
			return;
	if (choices->count < CHOICES_MAX)
		choices->list[choices->count++] = (struct choice){version, step, why};
}

static void add_flights(const struct tw_hearing *hearing, uint32_t thing, struct choices *choices)
{
	const struct tw_expect *expect = hearing->expect;

	for (uint32_t i = 0; i < hearing->epoch->flight_count; i++) {
		const struct tw_deal *deal =
			&expect->deals[expect->flights[hearing->epoch->flight + i]];

		for (uint32_t n = 0; n < deal->effect_count; n++) {
			const struct tw_effect *effect = &expect->effects[deal->effect + n];

			if (effect->thing == thing)
				add_choice(choices, &effect->version, NULL, "in flight");
		}
	}
}

static void add_spell(const struct tw_hearing *hearing, uint32_t thing, struct choices *choices)
{
	const struct tw_expect *expect = hearing->expect;
	const struct tw_promise *promise = &expect->things[thing];
	const struct tw_spell *spell;
	const struct tw_step *step;

	if (!tw_hearing_is_touched(hearing, thing))
		return;
	spell = &expect->spells[hearing->epoch->spell];
	step = tw_expect_step(expect, thing, spell->epoch);
	add_choice(choices, &step->version, step, NULL);
	for (uint32_t i = 0; i < spell->touch_count; i++)
		if (expect->touches[spell->touch + i].thing == thing)
			add_choice(choices, &expect->touches[spell->touch + i].version, NULL,
				"of the boot that was cut");
	if (promise->factory.kind != TW_THING_ABSENT)
		add_choice(choices, &promise->factory, NULL, "from the factory");
}

static void find_choices(const struct tw_hearing *hearing, uint32_t thing,
	struct choices *ret_choices)
{
	const struct tw_expect *expect = hearing->expect;
	const struct tw_step *step = tw_expect_step(expect, thing, hearing->epoch_index);
	const struct tw_step *end = tw_hearing_end(hearing, thing);

	ret_choices->count = 0;
	if (end) {
		add_choice(ret_choices, &end->version, NULL,
			"what the boot leaves when it is not cut");
		return;
	}
	add_choice(ret_choices, &step->version, step, NULL);
	add_flights(hearing, thing, ret_choices);
	for (uint32_t i = 0; i < step->doubt_count; i++)
		add_choice(ret_choices, &expect->doubts[step->doubt + i], NULL,
			"of a change that failed");
	add_spell(hearing, thing, ret_choices);
}

/* "version 3 (acknowledged in operation 1,330) @last 4 (in flight)" */
static void say_choices(struct telling *telling, const struct choices *choices, const char *last)
{
	for (unsigned i = 0; i < choices->count; i++) {
		const struct choice *choice = &choices->list[i];

		if (i)
			say(telling, "%s%s%s", i + 1 < choices->count ? "," : " ",
				i + 1 < choices->count ? "" : last, " ");
		say_version(telling, choice->version);
		say(telling, " (");
		if (choice->step)
			say_origin(telling, choice->step);
		else
			say(telling, "%s", choice->why);
		say(telling, ")");
	}
}

/* What it is, by itself. */
static void say_shown(struct telling *telling)
{
	telling->said_version = false;
	say_version(telling, &telling->wrong->shown);
}

/* ---- the kinds ---- */

static void say_lost(struct telling *telling)
{
	struct choices choices;

	find_choices(telling->hearing, telling->wrong->thing, &choices);
	say_name(telling);
	say(telling, " is missing: it should be ");
	say_choices(telling, &choices, "or");
}

static void say_wrong_version(struct telling *telling)
{
	struct choices choices;

	find_choices(telling->hearing, telling->wrong->thing, &choices);
	say_name(telling);
	say(telling, choices.count > 1 ? " is neither " : " is not ");
	say_choices(telling, &choices, "nor");
	say(telling, ": it is ");
	say_shown(telling);
}

/* "its removal was acknowledged in operation 77" */
static void say_base(struct telling *telling)
{
	const struct tw_hearing *hearing = telling->hearing;
	const struct tw_step *step =
		tw_expect_step(hearing->expect, telling->wrong->thing, hearing->epoch_index);
	const struct tw_story_change *change =
		step->cause == TW_STORY_NONE ? NULL : &hearing->expect->story->changes[step->cause];

	if (step->version.kind == TW_THING_ABSENT && step->origin == TW_ORIGIN_BEFORE) {
		say(telling, "it was not there before the run");
		return;
	}
	if (step->version.kind != TW_THING_ABSENT) {
		say_version(telling, &step->version);
		say(telling, step->origin == TW_ORIGIN_BEFORE ? " is " : " was ");
	} else if (change && change->kind == TW_STORY_RENAME) {
		say(telling, "the rename of %s to %s was ", change->path, change->new_path);
	} else {
		say(telling,
			step->origin == TW_ORIGIN_BEFORE ? "it was missing " : "its removal was ");
	}
	say_origin(telling, step);
}

static void say_resurrected(struct telling *telling)
{
	say_name(telling);
	say(telling, " is back as ");
	if (telling->wrong->shown.kind == TW_THING_FILE && !telling->wrong->shown.size)
		say(telling, "an empty file");
	else
		say_shown(telling);
	say(telling, ": ");
	say_base(telling);
}

static void say_reverted(struct telling *telling)
{
	static const char *const found[] = {
		"wrong", "missing", "empty", "changed", "unreadable", "a directory"};
	const struct tw_deed *deed =
		tw_hearing_deed(telling->hearing, TW_DEED_RESTORED, telling->wrong->path);
	const struct tw_story_change *change =
		telling->wrong->deal == TW_STORY_NONE
			? NULL
			: &telling->hearing->expect->story->changes[telling->wrong->deal];

	say_name(telling);
	say(telling, " is the factory copy again: ");
	if (change && change->kind != TW_STORY_RENAME)
		say(telling, "the change of %s was in flight", change->path);
	else if (change)
		say(telling, "the rename of %s to %s was in flight", change->path,
			change->new_path);
	else
		say_base(telling);
	say(telling, ", but the boot found it %s and restored it",
		found[deed && deed->reason < sizeof(found) / sizeof(*found) ? deed->reason : 0]);
}

static void say_extra(struct telling *telling)
{
	const struct tw_version *shown = &telling->wrong->shown;

	say_name(telling);
	say(telling, " is ");
	if (shown->kind == TW_THING_DIRECTORY) {
		say(telling, "a directory");
	} else if (shown->kind == TW_THING_BROKEN) {
		say(telling, "unreadable");
	} else {
		say(telling, shown->kind == TW_THING_FILE ? "a file of " : "a value of ");
		say_number(telling, shown->size);
		say(telling, shown->size == 1 ? " byte" : " bytes");
	}
	say(telling, " that nothing has made");
}

static bool is_there(const struct tw_hearing *hearing, const char *path)
{
	uint32_t thing = tw_expect_thing(hearing->expect, path, strlen(path), TW_NOT_ATTR);

	return thing != TW_NAMES_NONE && hearing->shown[thing].kind != TW_THING_ABSENT;
}

static void say_half_done(struct telling *telling)
{
	const struct tw_story_change *change =
		&telling->hearing->expect->story->changes[telling->wrong->deal];
	bool has_old = is_there(telling->hearing, change->path);
	bool has_new = is_there(telling->hearing, change->new_path);

	if (change->kind != TW_STORY_RENAME) {
		say(telling, "the change of %s is half done: not all of its attributes are right",
			change->path);
		return;
	}
	say(telling, "the rename of %s to %s is half done: ", change->path, change->new_path);
	if (has_old && has_new)
		say(telling, "both are there");
	else if (has_new)
		say(telling, "%s is gone, and %s is not what it was", change->path,
			change->new_path);
	else if (has_old)
		say(telling, "%s is there, but not all of it", change->path);
	else
		say(telling, "neither is there");
}

int tw_hearing_tell(const struct tw_hearing *hearing, const struct tw_wrong *wrong,
	struct tw_text *text)
{
	struct telling telling = {.hearing = hearing, .wrong = wrong, .text = text};

	switch (wrong->kind) {
	case TW_FINDING_LOST:
		say_lost(&telling);
		break;
	case TW_FINDING_VERSION:
		say_wrong_version(&telling);
		break;
	case TW_FINDING_SLOT:
		say_wrong_version(&telling);
		break;
	case TW_FINDING_RESURRECTED:
		say_resurrected(&telling);
		break;
	case TW_FINDING_RENAME:
		say_half_done(&telling);
		break;
	case TW_FINDING_REVERTED:
		say_reverted(&telling);
		break;
	case TW_FINDING_EXTRA:
		say_extra(&telling);
		break;
	case TW_FINDING_FORMATTED:
		say(&telling, "/usr could not be mounted and was formatted: all that was "
			      "acknowledged in it is lost");
		break;
	case TW_FINDING_KINDS:
		break;
	}
	return telling.rc;
}
