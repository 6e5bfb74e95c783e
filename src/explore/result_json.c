/* SPDX-License-Identifier: MIT */
/*
 * result_json.c - results as JSON (docs/formats/explore.md).
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "result_keys.h"

/* Takes @value over. False: out of memory. */
static bool add(struct json_object *object, const char *key, struct json_object *value)
{
	if (value && !json_object_object_add(object, key, value))
		return true;
	json_object_put(value);
	return false;
}

static bool append(struct json_object *array, struct json_object *value)
{
	if (value && !json_object_array_add(array, value))
		return true;
	json_object_put(value);
	return false;
}

/* Paths and what is said of them are bytes off the chip; the document is always UTF-8. */
static bool add_text(struct json_object *object, const char *key, const char *string)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};

	return !tw_text_add_utf8(&text, string) &&
	       add(object, key, json_object_new_string_len(text.data, (int)text.len));
}

static bool add_number(struct json_object *object, const char *key, uint64_t number)
{
	return add(object, key, json_object_new_uint64(number));
}

static bool add_flag(struct json_object *object, const char *key, bool flag)
{
	return add(object, key, json_object_new_boolean(flag));
}

/* All numbers that @keys name in the struct at @from. */
static bool add_keys(struct json_object *object, const struct tw_key *keys, const void *from)
{
	for (; keys->name; keys++) {
		const uint8_t *at = (const uint8_t *)from + keys->offset;
		uint64_t wide = 0;
		uint32_t narrow = 0;

		if (keys->is_wide)
			memcpy(&wide, at, sizeof(wide));
		else
			memcpy(&narrow, at, sizeof(narrow));
		if (!add_number(object, keys->name, keys->is_wide ? wide : narrow))
			return false;
	}
	return true;
}

/* null when there is none. */
static bool add_digest(struct json_object *object, const char *key,
	const struct twinfs_digest *digest)
{
	char text[33];

	if (!digest->low && !digest->high)
		return !json_object_object_add(object, key, NULL);
	(void)snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, digest->high, digest->low);
	return add_text(object, key, text);
}

static struct json_object *done_or_put(struct json_object *json, bool is_done)
{
	if (is_done)
		return json;
	json_object_put(json);
	return NULL;
}

static struct json_object *request_json(const struct twinfs_explore_request *request)
{
	struct json_object *json = json_object_new_object();

	return done_or_put(json,
		json && add_text(json, "policy", twinfs_policy_name(request->policy)) &&
			add_keys(json, tw_request_keys, request) &&
			add_digest(json, "trace", &request->trace) &&
			add_digest(json, "checks", &request->checks));
}

static struct json_object *ranges_json(const struct twinfs_explore_result *result)
{
	struct json_object *json = json_object_new_array();
	bool ok = json;

	for (size_t i = 0; ok && i < result->done_count; i++) {
		struct json_object *range = json_object_new_array();

		ok = range && append(range, json_object_new_uint64(result->done[i].first)) &&
		     append(range, json_object_new_uint64(result->done[i].count));
		if (ok)
			ok = append(json, range);
		else
			json_object_put(range);
	}
	return done_or_put(json, ok);
}

static struct json_object *cuts_json(const struct twinfs_explore_result *result)
{
	struct json_object *json = json_object_new_object();
	bool ok = json;

	for (unsigned i = TWINFS_CUT_BEFORE; ok && i < TWINFS_CUT_COUNT; i++)
		ok = add_number(json, twinfs_cut_name(i), result->states_of[i]);
	return done_or_put(json, ok);
}

/* The holes that any state fell into, or the run itself. */
static struct json_object *holes_json(const struct twinfs_explore_result *result)
{
	struct json_object *json = json_object_new_object();
	bool ok = json;

	for (unsigned i = 0; ok && i < TWINFS_HOLE_COUNT; i++) {
		struct json_object *hole;

		if (!result->holes[i] && !result->run_holes[i])
			continue;
		hole = json_object_new_object();
		ok = hole && add_number(hole, "states", result->holes[i]) &&
		     add_flag(hole, "in_run", result->run_holes[i]);
		if (ok)
			ok = add(json, twinfs_hole_name(i), hole);
		else
			json_object_put(hole);
	}
	return done_or_put(json, ok);
}

static struct json_object *boots_json(const struct twinfs_explore_result *result)
{
	struct json_object *json = json_object_new_object();

	return done_or_put(json, json && add_keys(json, tw_boots_keys, &result->boots));
}

/* ---- findings ---- */

static struct json_object *again_json(const struct twinfs_explore_again *again)
{
	struct json_object *json = json_object_new_object();

	return done_or_put(json, json && add_keys(json, tw_again_keys, again) &&
					 add_flag(json, "is_erase", again->is_erase) &&
					 add_text(json, "owner", again->owner));
}

static struct json_object *example_json(const struct twinfs_explore_example *example)
{
	struct json_object *json = json_object_new_object();
	char crash[TWINFS_CRASH_TEXT];

	twinfs_crash_text(&example->crash, crash);
	return done_or_put(json,
		json && add_text(json, "crash", crash) &&
			add_keys(json, tw_example_keys, example) &&
			add_flag(json, "is_erase", example->is_erase) &&
			add_text(json, "owner", example->owner ? example->owner : "") &&
			(!example->again.owner ||
				add(json, "again", again_json(&example->again))) &&
			add_text(json, "sentence", example->sentence));
}

static struct json_object *finding_json(const struct twinfs_explore_finding *finding)
{
	struct json_object *json = json_object_new_object(), *list = json_object_new_array();
	bool ok = json && list;

	for (size_t i = 0; ok && i < finding->example_count; i++)
		ok = append(list, example_json(&finding->examples[i]));
	ok = ok && add_text(json, "kind", twinfs_finding_name(finding->kind)) &&
	     add_text(json, "subject", finding->subject) &&
	     add_number(json, "states", finding->states);
	if (!ok)
		json_object_put(list);
	return done_or_put(json, ok && add(json, "examples", list));
}

static struct json_object *findings_json(const struct twinfs_explore_result *result)
{
	struct json_object *json = json_object_new_array();
	bool ok = json;

	for (size_t i = 0; ok && i < result->finding_count; i++)
		ok = append(json, finding_json(&result->findings[i]));
	return done_or_put(json, ok);
}

static struct json_object *result_json(const struct twinfs_explore_result *result)
{
	struct json_object *json = json_object_new_object();

	return done_or_put(json,
		json && add_text(json, "format", TW_RESULT_FORMAT) &&
			add_number(json, "version", TW_RESULT_VERSION) &&
			add_text(json, "image", result->image) &&
			add_text(json, "trace", result->trace) &&
			add_flag(json, "trace_is_cut", result->trace_is_cut) &&
			add(json, "request", request_json(&result->request)) &&
			add_keys(json, tw_result_keys, result) &&
			add_flag(json, "is_complete", twinfs_explore_is_complete(result)) &&
			add(json, "done", ranges_json(result)) &&
			add(json, "states_of", cuts_json(result)) &&
			add(json, "boots", boots_json(result)) &&
			add(json, "holes", holes_json(result)) &&
			add(json, "seconds", json_object_new_double(result->seconds)) &&
			add(json, "findings", findings_json(result)));
}

char *twinfs_explore_result_json(const struct twinfs_explore_result *result)
{
	struct json_object *json = result_json(result);
	const char *text = json ? json_object_to_json_string_ext(json,
					  JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						  JSON_C_TO_STRING_NOSLASHESCAPE)
				: NULL;
	char *copy = text ? strdup(text) : NULL;

	json_object_put(json);
	return copy;
}
