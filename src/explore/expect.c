/* SPDX-License-Identifier: MIT */
/*
 * expect.c - the things that promises are about, and how a moment is found.
 */
#include "expect_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"

#define KEY_MAX  (TW_PATH_MAX + 5)
#define SEEN_KEY 32u

/* ---- things ---- */

/* Bytes of the key, 0 when the path is too long. */
static size_t make_key(uint8_t key[KEY_MAX], const char *path, size_t path_len, int32_t attr)
{
	if (path_len > TW_PATH_MAX)
		return 0;
	memcpy(key, path, path_len);
	key[path_len] = 0;
	tw_put_le32(key + path_len + 1, (uint32_t)attr);
	return path_len + 5;
}

uint32_t tw_expect_thing(const struct tw_expect *expect, const char *path, size_t path_len,
	int32_t attr)
{
	uint8_t key[KEY_MAX];
	size_t len = make_key(key, path, path_len, attr);

	return len ? tw_names_find(&expect->names, key, len) : TW_NAMES_NONE;
}

/* A thing that is new was absent from the first epoch on. */
int tw_expect_add_thing(struct tw_expect *expect, const char *path, size_t path_len, int32_t attr,
	uint32_t *ret_thing)
{
	static const struct tw_step first = {.cause = TW_STORY_NONE};
	uint8_t key[KEY_MAX];
	size_t len = make_key(key, path, path_len, attr);
	struct tw_promise promise = {.attr = attr};
	int rc;

	if (!len)
		return -ENAMETOOLONG;
	*ret_thing = tw_names_find(&expect->names, key, len);
	if (*ret_thing != TW_NAMES_NONE)
		return 0;
	rc = tw_array_grow(&expect->things, &expect->thing_room, expect->thing_count);
	rc = rc ?: tw_array_grow(&expect->attrs, &expect->attr_room, expect->attr_count);
	rc = rc ?: tw_array_grow(&promise.steps, &promise.step_room, 0);
	rc = rc ?: tw_names_add(&expect->names, key, len, ret_thing);
	if (rc) {
		free(promise.steps);
		return rc;
	}
	promise.steps[promise.step_count++] = first;
	if (attr != TW_NOT_ATTR)
		expect->attrs[expect->attr_count++] = *ret_thing;
	expect->things[expect->thing_count++] = promise;
	return 0;
}

const struct tw_step *tw_expect_step(const struct tw_expect *expect, uint32_t thing, uint32_t epoch)
{
	const struct tw_promise *promise = &expect->things[thing];
	size_t low = 0, high = promise->step_count;

	/* The step sought is in [low, high): the last one that is not behind the epoch. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (promise->steps[middle].epoch <= epoch)
			low = middle;
		else
			high = middle;
	}
	return &promise->steps[low];
}

const struct tw_step *tw_expect_last_step(const struct tw_expect *expect, uint32_t thing)
{
	const struct tw_promise *promise = &expect->things[thing];

	return &promise->steps[promise->step_count - 1];
}

/* Whether people are given a number for it. */
static bool is_numbered(const struct tw_version *version)
{
	return version->kind == TW_THING_ATTR || version->kind == TW_THING_SLOT ||
	       (version->kind == TW_THING_FILE && version->size);
}

static void make_seen_key(uint8_t key[SEEN_KEY], uint32_t thing, const struct tw_version *version)
{
	tw_put_le32(key, thing);
	tw_put_le32(key + 4, (uint32_t)version->kind);
	tw_put_le64(key + 8, version->size);
	tw_put_le64(key + 16, version->digest.low);
	tw_put_le64(key + 24, version->digest.high);
}

uint32_t tw_expect_number(const struct tw_expect *expect, uint32_t thing,
	const struct tw_version *version)
{
	uint8_t key[SEEN_KEY];
	uint32_t place;

	make_seen_key(key, thing, version);
	place = tw_names_find(&expect->seen, key, sizeof(key));
	return place == TW_NAMES_NONE ? 0 : expect->seen_numbers[place];
}

int tw_expect_see(struct tw_expect *expect, uint32_t thing, const struct tw_version *version)
{
	size_t count = expect->seen.count;
	uint8_t key[SEEN_KEY];
	uint32_t place;
	int rc;

	if (!is_numbered(version))
		return 0;
	make_seen_key(key, thing, version);
	rc = tw_array_grow(&expect->seen_numbers, &expect->seen_room, count);
	rc = rc ?: tw_names_add(&expect->seen, key, sizeof(key), &place);
	if (!rc && expect->seen.count > count)
		expect->seen_numbers[place] = ++expect->things[thing].seen_count;
	return rc;
}

/* ---- the whole ---- */

static int take_before(struct tw_expect *expect, const struct tw_shown *before)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct tw_thing *thing = &before->things[i];
		uint32_t number;
		int rc = tw_expect_add_thing(expect, tw_shown_path(before, thing), thing->path_len,
			thing->attr, &number);

		rc = rc ?: tw_expect_see(expect, number, &thing->version);
		if (rc)
			return rc;
		expect->things[number].steps[0].version = thing->version;
	}
	expect->epochs[0].sum = before->sum;
	return 0;
}

static int take_factory(struct tw_expect *expect, const struct tw_shown *factory)
{
	for (size_t i = 0; i < factory->count; i++) {
		const struct tw_thing *thing = &factory->things[i];
		uint32_t number;
		int rc = tw_expect_add_thing(expect, tw_shown_path(factory, thing), thing->path_len,
			thing->attr, &number);

		if (rc)
			return rc;
		expect->things[number].factory = thing->version;
	}
	return 0;
}

int tw_expect_new(const struct tw_story *story, const struct tw_shown *before,
	const struct tw_shown *factory, unsigned flags, struct tw_expect **ret_expect)
{
	struct tw_expect *expect = calloc(1, sizeof(*expect));
	int rc;

	if (!expect)
		return -ENOMEM;
	expect->story = story;
	expect->flags = flags;
	expect->deals = calloc(story->change_count + 1, sizeof(*expect->deals));
	rc = expect->deals ? tw_expect_begin_epoch(expect, 0) : -ENOMEM;
	rc = rc ?: take_before(expect, before);
	rc = rc ?: take_factory(expect, factory);
	for (size_t i = 0; !rc && i < story->event_count; i++)
		rc = tw_expect_take_event(expect, &story->events[i]);
	if (rc) {
		tw_expect_free(expect);
		return rc;
	}
	tw_expect_end_boot(expect);
	*ret_expect = expect;
	return 0;
}

void tw_expect_free(struct tw_expect *expect)
{
	if (!expect)
		return;
	for (size_t i = 0; i < expect->thing_count; i++)
		free(expect->things[i].steps);
	tw_names_release(&expect->names);
	tw_names_release(&expect->seen);
	free(expect->seen_numbers);
	free(expect->things);
	free(expect->attrs);
	free(expect->doubts);
	free(expect->effects);
	free(expect->deals);
	free(expect->touches);
	free(expect->spells);
	free(expect->flights);
	free(expect->epochs);
	free(expect->open);
	free(expect);
}

struct tw_moment tw_expect_at(const struct tw_expect *expect, uint64_t done)
{
	size_t low = 0, high = expect->epoch_count;
	struct tw_moment moment;

	/* The last epoch that began by then is in [low, high). */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (expect->epochs[middle].moment <= done)
			low = middle;
		else
			high = middle;
	}
	moment.epoch = (uint32_t)low;
	moment.first = expect->epochs[low].moment;
	moment.last = high < expect->epoch_count ? expect->epochs[high].moment - 1 : UINT64_MAX;
	return moment;
}
