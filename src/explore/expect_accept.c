/* SPDX-License-Identifier: MIT */
/*
 * expect_accept.c - whether one thing of a tree is as it may be: as the run
 * promised it, as a boot that was cut leaves it, or as the boots since made it.
 */
#include "expect_judge.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"

#define TABLE    "/usr/checksum.json"
#define SETTINGS "/usr/system_config.json"
#define FRESH    "{\"replFlag\": 0}" /* what a boot writes there */
#define UPDATER  "/usr/.updater"
#define BACKUP   "/bak" /* in front of the path of a file: that of its factory copy */

/* ---- boots that were cut ---- */

bool tw_hearing_must_reach_end(const struct tw_hearing *hearing)
{
	return hearing->boots->has_finished && hearing->epoch->spell != TW_STORY_NONE &&
	       hearing->expect->spells[hearing->epoch->spell].end;
}

/*
 * Two things may differ in the end all the same: the table, which is rewritten only when
 * a file was restored, and what an update leaves that had lost its flag already.
 */
const struct tw_step *tw_hearing_end(const struct tw_hearing *hearing, uint32_t thing)
{
	const char *path = tw_expect_path(hearing->expect, thing);

	if (!tw_hearing_must_reach_end(hearing) || !tw_hearing_is_touched(hearing, thing) ||
		!strcmp(path, TABLE) || tw_is_below(path, UPDATER))
		return NULL;
	return tw_expect_step(hearing->expect, thing,
		hearing->expect->spells[hearing->epoch->spell].end);
}

/* ---- one thing ---- */

static bool is_in_doubt(const struct tw_expect *expect, const struct tw_step *step,
	const struct tw_version *version)
{
	for (uint32_t i = 0; i < step->doubt_count; i++)
		if (tw_version_is_same(&expect->doubts[step->doubt + i], version))
			return true;
	return false;
}

bool tw_hearing_is_base(const struct tw_expect *expect, const struct tw_step *step,
	const struct tw_version *version)
{
	return tw_version_is_same(&step->version, version) || is_in_doubt(expect, step, version);
}

bool tw_hearing_is_doubt_of(const struct tw_hearing *hearing, uint32_t source,
	const struct tw_version *version)
{
	const struct tw_expect *expect = hearing->expect;

	return source != TW_NAMES_NONE &&
	       is_in_doubt(expect, tw_expect_step(expect, source, hearing->epoch_index), version);
}

static bool is_in_flight(const struct tw_hearing *hearing, uint32_t thing,
	const struct tw_version *version)
{
	const struct tw_expect *expect = hearing->expect;

	for (uint32_t i = 0; i < hearing->epoch->flight_count; i++) {
		const struct tw_deal *deal =
			&expect->deals[expect->flights[hearing->epoch->flight + i]];

		for (uint32_t n = 0; n < deal->effect_count; n++) {
			const struct tw_effect *effect = &expect->effects[deal->effect + n];

			if (effect->thing == thing &&
				(tw_version_is_same(&effect->version, version) ||
					tw_hearing_is_doubt_of(hearing, effect->source, version)))
				return true;
		}
	}
	return false;
}

bool tw_hearing_is_touched(const struct tw_hearing *hearing, uint32_t thing)
{
	const struct tw_spell *spell;

	if (hearing->epoch->spell == TW_STORY_NONE)
		return false;
	spell = &hearing->expect->spells[hearing->epoch->spell];
	for (uint32_t i = 0; i < spell->touch_count; i++)
		if (hearing->expect->touches[spell->touch + i].thing == thing)
			return true;
	return false;
}

/* What the boot under way found, makes on its way, or may put back once it is begun again. */
static bool is_of_spell(const struct tw_hearing *hearing, uint32_t thing,
	const struct tw_version *version)
{
	const struct tw_expect *expect = hearing->expect;
	const struct tw_version *factory = &expect->things[thing].factory;
	const struct tw_spell *spell;

	if (!tw_hearing_is_touched(hearing, thing))
		return false;
	spell = &expect->spells[hearing->epoch->spell];
	if (tw_hearing_is_base(expect, tw_expect_step(expect, thing, spell->epoch), version) ||
		(factory->kind != TW_THING_ABSENT && tw_version_is_same(factory, version)))
		return true;
	for (uint32_t i = 0; i < spell->touch_count; i++) {
		const struct tw_effect *touch = &expect->touches[spell->touch + i];

		if (touch->thing == thing && tw_version_is_same(&touch->version, version))
			return true;
	}
	return false;
}

static bool is_promised(const struct tw_hearing *hearing, uint32_t thing,
	const struct tw_version *version)
{
	const struct tw_step *step = tw_expect_step(hearing->expect, thing, hearing->epoch_index);
	const struct tw_step *end = tw_hearing_end(hearing, thing);

	if (end)
		return tw_hearing_is_base(hearing->expect, end, version);
	return tw_hearing_is_base(hearing->expect, step, version) ||
	       is_in_flight(hearing, thing, version) || is_of_spell(hearing, thing, version);
}

/* ---- what the boots did ---- */

static bool is_deed(const struct tw_deed *deed, enum tw_deed_kind kind, const char *path)
{
	return deed->kind == kind && (!path || (deed->path && strcmp(deed->path, path) == 0));
}

bool tw_hearing_is_factory(const struct tw_hearing *hearing, uint32_t thing,
	const struct tw_version *version)
{
	const struct tw_promise *promise = &hearing->expect->things[thing];
	const struct tw_version *factory = &promise->factory;
	char path[TW_PATH_MAX + sizeof(BACKUP)];
	uint32_t copy;
	int len = snprintf(path, sizeof(path), BACKUP "%s", tw_expect_path(hearing->expect, thing));

	copy = tw_expect_thing(hearing->expect, path, (size_t)len, promise->attr);
	if (copy != TW_NAMES_NONE)
		factory = &hearing->shown[copy];
	return factory->kind != TW_THING_ABSENT && tw_version_is_same(factory, version);
}

const struct tw_deed *tw_hearing_deed(const struct tw_hearing *hearing, enum tw_deed_kind kind,
	const char *path)
{
	for (const struct tw_boots *boots = hearing->boots; boots; boots = boots->earlier)
		for (size_t i = 0; i < boots->count; i++)
			if (is_deed(&boots->deeds[i], kind, path))
				return &boots->deeds[i];
	return NULL;
}

/* Whether what was installed at @path is what was waiting for it. */
static bool is_payload(const struct tw_hearing *hearing, const char *path,
	const struct tw_version *version)
{
	char waiting[TW_PATH_MAX + sizeof(UPDATER)];
	size_t len = strlen(path);
	uint32_t thing;

	if (len > TW_PATH_MAX || version->kind != TW_THING_FILE)
		return false;
	memcpy(waiting, UPDATER, sizeof(UPDATER) - 1);
	memcpy(waiting + sizeof(UPDATER) - 1, path, len);
	thing = tw_expect_thing(hearing->expect, waiting, sizeof(UPDATER) - 1 + len, TW_NOT_ATTR);
	return thing != TW_NAMES_NONE && is_promised(hearing, thing, version);
}

/* Whether it is a directory on the way to what the deed is about. */
static bool is_parent(const struct tw_deed *deed, const char *path,
	const struct tw_version *version)
{
	return strcmp(path, deed->path) != 0 && tw_is_below(deed->path, path) &&
	       version->kind == TW_THING_DIRECTORY;
}

static bool is_installed(const struct tw_hearing *hearing, const struct tw_deed *deed,
	const char *path, const struct tw_version *version)
{
	return strcmp(path, deed->path) == 0 ? is_payload(hearing, path, version)
					     : is_parent(deed, path, version);
}

/* What a copy leaves that fails, where there was nothing. */
static bool is_new_and_empty(const struct tw_hearing *hearing, const char *path,
	const struct tw_version *version)
{
	static const struct tw_version absent = {.kind = TW_THING_ABSENT};
	uint32_t thing = tw_expect_thing(hearing->expect, path, strlen(path), TW_NOT_ATTR);

	return version->kind == TW_THING_FILE && !version->size &&
	       (thing == TW_NAMES_NONE || is_promised(hearing, thing, &absent));
}

static bool is_of_deed(const struct tw_hearing *hearing, const struct tw_deed *deed,
	const char *path, const struct tw_version *version)
{
	struct tw_version fresh = {.kind = TW_THING_FILE, .size = sizeof(FRESH) - 1};

	switch (deed->kind) {
	case TW_DEED_FORMATTED:
		return false;
	case TW_DEED_TABLE:
		return strcmp(path, TABLE) == 0 && version->kind == TW_THING_FILE && version->size;
	case TW_DEED_SETTINGS:
		fresh.digest = twinfs_digest(FRESH, fresh.size);
		return strcmp(path, SETTINGS) == 0 && tw_version_is_same(version, &fresh);
	case TW_DEED_UPDATE:
		return tw_is_below(path, UPDATER) &&
		       (version->kind == TW_THING_ABSENT ||
			       strcmp(path, UPDATER "/download.stat") == 0);
	case TW_DEED_TRIED: /* and it may have failed behind the copy */
		return is_installed(hearing, deed, path, version) ||
		       (strcmp(path, deed->path) == 0 && is_new_and_empty(hearing, path, version));
	case TW_DEED_INSTALLED:
		return is_installed(hearing, deed, path, version);
	case TW_DEED_RESTORED:
		return is_parent(deed, path, version);
	}
	return false;
}

bool tw_hearing_is_by_boots(const struct tw_hearing *hearing, const char *path, int32_t attr,
	const struct tw_version *version)
{
	if (attr != TW_NOT_ATTR)
		return false;
	for (const struct tw_boots *boots = hearing->boots; boots; boots = boots->earlier)
		for (size_t i = 0; i < boots->count; i++)
			if (is_of_deed(hearing, &boots->deeds[i], path, version))
				return true;
	return false;
}

bool tw_hearing_is_accepted(const struct tw_hearing *hearing, uint32_t thing)
{
	const struct tw_version *version = &hearing->shown[thing];

	return is_promised(hearing, thing, version) ||
	       tw_hearing_is_by_boots(hearing, tw_expect_path(hearing->expect, thing),
		       hearing->expect->things[thing].attr, version);
}
