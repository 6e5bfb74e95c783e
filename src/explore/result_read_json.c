/* SPDX-License-Identifier: MIT */
/*
 * result_read_json.c - results back from JSON.
 *
 * A document may come from anywhere, so every value is looked at before it is
 * used; keys that are not known are skipped, so that newer writers may add some.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "result.h"
#include "result_keys.h"

/* The document has objects in objects of this depth only. */
#define MAX_DEPTH 8

/* ---- values ---- */

static bool get_object(struct json_object *from, const char *key, enum json_type type,
	struct json_object **ret_value)
{
	return json_object_object_get_ex(from, key, ret_value) &&
	       json_object_is_type(*ret_value, type);
}

static const char *get_text(struct json_object *from, const char *key)
{
	struct json_object *value;

	return get_object(from, key, json_type_string, &value) ? json_object_get_string(value)
							       : NULL;
}

static bool get_flag(struct json_object *from, const char *key, bool *ret_flag)
{
	struct json_object *value;

	if (!get_object(from, key, json_type_boolean, &value))
		return false;
	*ret_flag = json_object_get_boolean(value);
	return true;
}

/* json-c makes the nearest number it can of one that does not fit. */
static bool to_number(struct json_object *value, uint64_t most, uint64_t *ret_number)
{
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return false;
	*ret_number = json_object_get_uint64(value);
	return *ret_number <= most;
}

static bool get_number(struct json_object *from, const char *key, uint64_t most,
	uint64_t *ret_number)
{
	struct json_object *value;

	return json_object_object_get_ex(from, key, &value) && to_number(value, most, ret_number);
}

static bool get_keys(struct json_object *from, const struct tw_key *keys, void *to)
{
	for (; keys->name; keys++) {
		uint8_t *at = (uint8_t *)to + keys->offset;
		uint64_t wide;
		uint32_t narrow;

		if (!get_number(from, keys->name, keys->is_wide ? UINT64_MAX : UINT32_MAX, &wide))
			return false;
		narrow = (uint32_t)wide;
		if (keys->is_wide)
			memcpy(at, &wide, sizeof(wide));
		else
			memcpy(at, &narrow, sizeof(narrow));
	}
	return true;
}

static bool get_digest(struct json_object *from, const char *key, struct twinfs_digest *ret_digest)
{
	struct json_object *value;
	const char *text;

	*ret_digest = (struct twinfs_digest){0, 0};
	if (!json_object_object_get_ex(from, key, &value))
		return false;
	if (!value)
		return true;
	text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
	return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32 &&
	       sscanf(text, "%16" SCNx64 "%16" SCNx64, &ret_digest->high, &ret_digest->low) == 2;
}

/* ---- parts of a result ---- */

static bool get_request(struct json_object *from, struct twinfs_explore_request *request)
{
	struct json_object *json;
	const char *policy;

	if (!get_object(from, "request", json_type_object, &json))
		return false;
	policy = get_text(json, "policy");
	if (!policy || (strcmp(policy, "device") != 0 && strcmp(policy, "safe") != 0))
		return false;
	request->policy = strcmp(policy, "safe") ? TWINFS_POLICY_DEVICE : TWINFS_POLICY_SAFE;
	return get_keys(json, tw_request_keys, request) && request->examples &&
	       get_digest(json, "trace", &request->trace) &&
	       get_digest(json, "checks", &request->checks);
}

static int get_done(struct json_object *from, struct twinfs_explore_result *result)
{
	struct json_object *list;

	if (!get_object(from, "done", json_type_array, &list))
		return -EUCLEAN;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *range = json_object_array_get_idx(list, i);
		uint64_t first, count;
		int rc;

		if (!json_object_is_type(range, json_type_array) ||
			json_object_array_length(range) != 2 ||
			!to_number(json_object_array_get_idx(range, 0), INT64_MAX, &first) ||
			!to_number(json_object_array_get_idx(range, 1), INT64_MAX, &count))
			return -EUCLEAN;
		rc = tw_result_done(result, first, count);
		if (rc)
			return rc == -EEXIST ? -EUCLEAN : rc;
	}
	return 0;
}

static bool get_cuts(struct json_object *from, struct twinfs_explore_result *result)
{
	struct json_object *json;
	bool ok = get_object(from, "states_of", json_type_object, &json);

	for (unsigned i = TWINFS_CUT_BEFORE; ok && i < TWINFS_CUT_COUNT; i++)
		ok = get_number(json, twinfs_cut_name(i), UINT64_MAX, &result->states_of[i]);
	return ok;
}

static bool get_holes(struct json_object *from, struct twinfs_explore_result *result)
{
	struct json_object *json, *hole;
	bool ok = get_object(from, "holes", json_type_object, &json);

	for (unsigned i = 0; ok && i < TWINFS_HOLE_COUNT; i++)
		if (json_object_object_get_ex(json, twinfs_hole_name(i), &hole))
			ok = json_object_is_type(hole, json_type_object) &&
			     get_number(hole, "states", UINT64_MAX, &result->holes[i]) &&
			     get_flag(hole, "in_run", &result->run_holes[i]);
	return ok;
}

/* ---- findings ---- */

/* Only a second cut has it. */
static bool get_again(struct json_object *from, struct twinfs_explore_again *again)
{
	struct json_object *json;
	const char *owner;

	if (!json_object_object_get_ex(from, "again", &json))
		return true;
	owner = json_object_is_type(json, json_type_object) ? get_text(json, "owner") : NULL;
	again->owner = (char *)(uintptr_t)owner; /* is copied */
	return owner && get_keys(json, tw_again_keys, again) &&
	       get_flag(json, "is_erase", &again->is_erase);
}

static int get_example(struct json_object *json, struct twinfs_explore_result *result, size_t index)
{
	struct twinfs_explore_example example = {0};
	const char *crash, *owner, *sentence;

	if (!json_object_is_type(json, json_type_object))
		return -EUCLEAN;
	crash = get_text(json, "crash");
	owner = get_text(json, "owner");
	sentence = get_text(json, "sentence");
	if (!crash || !owner || !sentence || twinfs_crash_parse(crash, &example.crash) ||
		!get_keys(json, tw_example_keys, &example) ||
		!get_flag(json, "is_erase", &example.is_erase) || !get_again(json, &example.again))
		return -EUCLEAN;
	/* Both are copied. */
	example.owner = (char *)(uintptr_t)owner;
	example.sentence = (char *)(uintptr_t)sentence;
	return tw_result_example(result, index, &example);
}

static bool find_kind(const char *name, enum twinfs_finding_kind *ret_kind)
{
	for (unsigned i = 0; name && i < TWINFS_FINDING_COUNT; i++) {
		if (strcmp(name, twinfs_finding_name(i)) != 0)
			continue;
		*ret_kind = i;
		return true;
	}
	return false;
}

static int get_finding(struct json_object *json, struct twinfs_explore_result *result)
{
	enum twinfs_finding_kind kind;
	struct json_object *list;
	const char *subject;
	uint64_t states;
	size_t index;
	int rc;

	if (!json_object_is_type(json, json_type_object))
		return -EUCLEAN;
	subject = get_text(json, "subject");
	if (!subject || !find_kind(get_text(json, "kind"), &kind) ||
		!get_number(json, "states", UINT64_MAX, &states) ||
		!get_object(json, "examples", json_type_array, &list))
		return -EUCLEAN;
	rc = tw_result_finding(result, kind, subject, &index);
	if (rc)
		return rc;
	result->findings[index].states += states;
	for (size_t i = 0; !rc && i < json_object_array_length(list); i++)
		rc = get_example(json_object_array_get_idx(list, i), result, index);
	return rc;
}

static int get_findings(struct json_object *from, struct twinfs_explore_result *result)
{
	struct json_object *list;
	int rc = get_object(from, "findings", json_type_array, &list) ? 0 : -EUCLEAN;

	for (size_t i = 0; !rc && i < json_object_array_length(list); i++)
		rc = get_finding(json_object_array_get_idx(list, i), result);
	return rc;
}

/* ---- all of it ---- */

static int get_result(struct json_object *json, struct twinfs_explore_result *result)
{
	struct json_object *seconds, *boots;
	const char *image = get_text(json, "image"), *trace = get_text(json, "trace");
	int rc;

	if (!image || !trace || !get_request(json, &result->request) ||
		!get_keys(json, tw_result_keys, result) ||
		!get_flag(json, "trace_is_cut", &result->trace_is_cut) || !get_cuts(json, result) ||
		!get_object(json, "boots", json_type_object, &boots) ||
		!get_keys(boots, tw_boots_keys, &result->boots) || !get_holes(json, result) ||
		!get_object(json, "seconds", json_type_double, &seconds))
		return -EUCLEAN;
	result->seconds = json_object_get_double(seconds);
	rc = tw_result_set_names(result, trace, image);
	if (!rc)
		rc = get_done(json, result);
	return rc ? rc : get_findings(json, result);
}

static int check_head(struct json_object *json, struct twinfs_error *err)
{
	const char *format = json && json_object_is_type(json, json_type_object)
				     ? get_text(json, "format")
				     : NULL;
	uint64_t version;

	if (!format || strcmp(format, TW_RESULT_FORMAT) != 0 ||
		!get_number(json, "version", UINT32_MAX, &version))
		return tw_fail(err, TWINFS_P_EXPLORE, -EUCLEAN,
			"not the result of an exploration, as explore --output makes it");
	if (version != TW_RESULT_VERSION)
		return tw_fail(err, TWINFS_P_EXPLORE, -ENOTSUP,
			"a result of version %" PRIu64 ", of which only %d is understood", version,
			TW_RESULT_VERSION);
	return 0;
}

/* NULL is stored for what is no JSON: check_head() has the words for it. */
static int parse(const char *text, size_t len, struct json_object **ret_json,
	struct twinfs_error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);

	if (!tokener)
		return tw_fail(err, TWINFS_P_EXPLORE, -ENOMEM, "out of memory");
	*ret_json = len <= INT32_MAX ? json_tokener_parse_ex(tokener, text, (int)len) : NULL;
	json_tokener_free(tokener);
	return 0;
}

int twinfs_explore_result_parse(const char *text, size_t len,
	struct twinfs_explore_result **ret_result, struct twinfs_error *err)
{
	const struct twinfs_explore_request nothing = {0};
	struct twinfs_explore_result *result = NULL;
	struct json_object *json = NULL;
	int rc = parse(text, len, &json, err);

	if (!rc)
		rc = check_head(json, err);
	if (!rc) {
		result = tw_result_new(&nothing);
		rc = result ? get_result(json, result) : -ENOMEM;
		if (rc)
			(void)tw_fail(err, TWINFS_P_EXPLORE, rc,
				rc == -ENOMEM ? "out of memory"
					      : "a part of the result is missing or wrong");
	}
	json_object_put(json);
	if (rc) {
		twinfs_explore_result_free(result);
		return rc;
	}
	tw_result_sort(result);
	*ret_result = result;
	return 0;
}
