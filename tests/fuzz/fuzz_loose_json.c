/* SPDX-License-Identifier: MIT */
/*
 * fuzz_loose_json.c - the module's JSON reader and writer.
 *
 * What the writer made is read back as the same. Text that is JSON by the
 * standard (json-c says so) is JSON to the module too, means the same there,
 * and is still JSON when the module has written it.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module/loose_json.h"

#define DEPTH 24 /* of documents that are compared */

static void release(struct tw_text *text)
{
	tw_text_release(text);
	*text = (struct tw_text){0};
}

/* Reads what the module wrote, and writes it again. */
static void write_again(const struct tw_text *once, struct tw_text *twice)
{
	struct tw_json *json = NULL;
	char *error = NULL;

	fuzz_hold(tw_json_parse(once->data, once->len, &json, &error) == 0);
	fuzz_hold(tw_json_write(json, twice) == 0);
	tw_json_free(json);
}

static bool has_odd_key(const struct tw_json *json)
{
	for (const struct tw_json *child = json->first; child; child = child->next)
		if ((child->key && child->key->kind != TW_JSON_STRING) || has_odd_key(child))
			return true;
	return false;
}

static unsigned depth_of(const struct tw_json *json)
{
	unsigned depth = 0, most = 0;
	const struct tw_json *at = json;

	while (at) {
		most = depth > most ? depth : most;
		if (at->first) {
			at = at->first;
			depth++;
			continue;
		}
		while (at && !at->next) {
			at = at->parent;
			depth--;
		}
		at = at ? at->next : NULL;
	}
	return most;
}

/*
 * Keys that are no strings become strings by writing, and may then be equal to
 * another; after that nothing changes any more.
 */
static void check_writing(const struct tw_json *json, struct tw_text *written)
{
	struct tw_text twice = {0}, thrice = {0};

	fuzz_hold(tw_json_write(json, written) == 0);
	write_again(written, &twice);
	write_again(&twice, &thrice);
	fuzz_hold(twice.len == thrice.len && !memcmp(twice.data, thrice.data, twice.len));
	if (depth_of(json) < DEPTH && !has_odd_key(json))
		fuzz_hold(written->len == twice.len &&
			  !memcmp(written->data, twice.data, twice.len));
	release(&twice);
	release(&thrice);
}

static void check_printing(const struct tw_json *json, const uint8_t *data, size_t size)
{
	struct tw_text text = {0};

	fuzz_hold(tw_json_print(json, &text) == 0);
	fuzz_hold(tw_json_quote(&text, (const char *)data, size) == 0);
	(void)tw_json_is_zero(json);
	(void)tw_json_get(json, "name");
	tw_text_release(&text);
}

/* ---- the standard ---- */

static struct json_object *read_strictly(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
	struct json_object *json;

	fuzz_hold(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	json = json_tokener_parse_ex(tokener, text, (int)len + 1); /* with its NUL */
	if (json_tokener_get_error(tokener) != json_tokener_success)
		json = NULL;
	json_tokener_free(tokener);
	return json;
}

static void compare_string(const struct tw_json *ours, struct json_object *theirs)
{
	fuzz_hold(ours->kind == TW_JSON_STRING);
	fuzz_hold(ours->len == (size_t)json_object_get_string_len(theirs));
	fuzz_hold(!memcmp(ours->text, json_object_get_string(theirs), ours->len));
}

static size_t count_children(const struct tw_json *json)
{
	size_t count = 0;

	for (const struct tw_json *child = json->first; child; child = child->next)
		count++;
	return count;
}

static void compare(const struct tw_json *ours, struct json_object *theirs)
{
	const struct tw_json *child = ours->first;

	switch (json_object_get_type(theirs)) {
	case json_type_null:
		fuzz_hold(ours->kind == TW_JSON_NULL);
		break;
	case json_type_boolean:
		fuzz_hold(ours->kind ==
			  (json_object_get_boolean(theirs) ? TW_JSON_TRUE : TW_JSON_FALSE));
		break;
	case json_type_double:
	case json_type_int:
		fuzz_hold(ours->kind == TW_JSON_INT || ours->kind == TW_JSON_FLOAT);
		break;
	case json_type_string:
		compare_string(ours, theirs);
		break;
	case json_type_array:
		fuzz_hold(ours->kind == TW_JSON_LIST);
		fuzz_hold(count_children(ours) == json_object_array_length(theirs));
		for (size_t i = 0; child; child = child->next)
			compare(child, json_object_array_get_idx(theirs, i++));
		break;
	case json_type_object:
		fuzz_hold(ours->kind == TW_JSON_DICT);
		fuzz_hold(count_children(ours) == (size_t)json_object_object_length(theirs));
		for (; child; child = child->next) {
			struct json_object *value;

			fuzz_hold(child->key->kind == TW_JSON_STRING);
			fuzz_hold(json_object_object_get_ex(theirs, child->key->text, &value));
			compare(child, value);
		}
		break;
	}
}

static bool holds(const char *text, const char *word)
{
	return strstr(text, word);
}

/*
 * json-c takes NaN and Infinity for numbers, which they are in no JSON. The two
 * disagree about lone surrogates, and json-c about a NUL in a key.
 */
static bool is_comparable(const char *text, size_t len)
{
	return !memchr(text, '\0', len) && !strcasestr(text, "nan") &&
	       !strcasestr(text, "infinity") && !holds(text, "\\u");
}

static void check_standard(const char *text, size_t len, const struct tw_json *ours,
	const struct tw_text *written)
{
	struct json_object *theirs = read_strictly(text, len), *again;

	if (!theirs)
		return;
	fuzz_hold(ours);
	compare(ours, theirs);
	again = read_strictly(written->data, written->len);
	fuzz_hold(again);
	compare(ours, again);
	json_object_put(theirs);
	json_object_put(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_text written = {0};
	struct tw_json *json = NULL;
	char *error = NULL, *text;
	int rc;

	if (size > 16384)
		return 0;
	text = strndup((const char *)data, size);
	fuzz_hold(text);
	rc = tw_json_parse(data, size, &json, &error);
	fuzz_hold(rc == 0 ? json && !error : error && *error);
	if (json) {
		check_writing(json, &written);
		check_printing(json, data, size);
	}
	if (strlen(text) == size && is_comparable(text, size))
		check_standard(text, size, json, &written);
	tw_json_free(json);
	tw_text_release(&written);
	free(error);
	free(text);
	return 0;
}
