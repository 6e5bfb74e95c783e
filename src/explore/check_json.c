/* SPDX-License-Identifier: MIT */
/*
 * check_json.c - what rules ask of JSON files.
 *
 * JSON as the standard has it, not as the module's own reader does: an
 * application may be read by others too.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check_state.h"

#define DEPTH_MAX 32

static void put_json(struct json_object **object)
{
	json_object_put(*object);
}

#define _cleanup_json_ _cleanup_(put_json)

static void free_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

/*
 * The reader's strict mode lets names in single quotes, NaN, Infinity and raw
 * control bytes in strings pass, all versions or some. The byte that no JSON can
 * have there, or @len.
 */
static size_t find_foreign(const char *data, size_t len)
{
	static const char bare[] = " \t\r\n{}[]:,+-.0123456789eEtrufalsn\"";
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string ? (unsigned char)data[i] < ' ' : !data[i] || !strchr(bare, data[i]))
			return i;
		if (data[i] == '"')
			in_string = !in_string;
		else if (data[i] == '\\')
			i++;
	}
	return len;
}

/*
 * Reads one document; "null" is one that json-c gives as NULL. @ret_where is the
 * byte at which it is wrong, from 0. 1, 0 (none), -ENOMEM.
 */
static int parse(const char *data, size_t len, struct json_object **ret_object,
	const char **ret_why, size_t *ret_where)
{
	_cleanup_(free_tokener) struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;
	enum json_tokener_error error;

	if (!tokener)
		return -ENOMEM;
	*ret_why = "unexpected character";
	*ret_where = find_foreign(data, len);
	if (*ret_where < len)
		return 0;
	if (len >= INT_MAX)
		len = INT_MAX - 1;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, data, (int)len);
	error = json_tokener_get_error(tokener);
	*ret_where = json_tokener_get_parse_end(tokener);
	/* A number at the end of the text is known to be whole only behind it. */
	if (error == json_tokener_continue && *ret_where == len) {
		object = json_tokener_parse_ex(tokener, "", 1);
		error = json_tokener_get_error(tokener);
	}
	if (error != json_tokener_success) {
		*ret_why = json_tokener_error_desc(error);
		return 0;
	}
	*ret_object = object;
	return 1;
}

/* The member that the key leads to: names and, in lists, numbers with dots between. */
static bool find(struct json_object *object, const char *key, struct json_object **ret_member)
{
	for (;;) {
		size_t len = strcspn(key, ".");
		_cleanup_free_ char *name = strndup(key, len);
		char *end;

		if (!name)
			return false;
		if (json_object_is_type(object, json_type_array)) {
			unsigned long index = strtoul(name, &end, 10);

			if (!len || *end || index >= json_object_array_length(object))
				return false;
			object = json_object_array_get_idx(object, index);
		} else if (!json_object_is_type(object, json_type_object) ||
			   !json_object_object_get_ex(object, name, &object)) {
			return false;
		}
		if (!key[len])
			break;
		key += len + 1;
	}
	*ret_member = object;
	return true;
}

static int read_value(const struct tw_word *word, struct json_object **ret_value)
{
	const char *why;
	size_t where;

	if (!word->is_quoted)
		return parse(word->text, word->len, ret_value, &why, &where);
	*ret_value = json_object_new_string_len(word->text, (int)word->len);
	return *ret_value ? 1 : -ENOMEM;
}

bool tw_rule_is_json_value(const struct tw_word *word)
{
	_cleanup_json_ struct json_object *value = NULL;

	return read_value(word, &value) == 1 && !json_object_is_type(value, json_type_object) &&
	       !json_object_is_type(value, json_type_array);
}

/* Numbers are the same by value: 1 is 1.0. */
static bool is_same(struct json_object *a, struct json_object *b)
{
	bool are_numbers =
		(json_object_is_type(a, json_type_int) ||
			json_object_is_type(a, json_type_double)) &&
		(json_object_is_type(b, json_type_int) || json_object_is_type(b, json_type_double));

	if (are_numbers && json_object_get_type(a) != json_object_get_type(b)) {
		double x = json_object_get_double(a), y = json_object_get_double(b);

		return !(x < y) && !(x > y);
	}
	return json_object_equal(a, b);
}

static int judge_member(struct json_object *object, const struct tw_word *key,
	const struct tw_word *value, struct tw_text *why)
{
	_cleanup_json_ struct json_object *wanted = NULL;
	struct json_object *member;
	int rc;

	if (!find(object, key->text, &member))
		return tw_text_addf(why, "has no key %s", key->text);
	if (!value)
		return 1;
	rc = read_value(value, &wanted);
	if (rc < 0)
		return rc;
	if (is_same(member, wanted))
		return 1;
	return tw_text_addf(why, "has %s = %s, not %s", key->text,
		json_object_to_json_string_ext(member, JSON_C_TO_STRING_PLAIN),
		json_object_to_json_string_ext(wanted, JSON_C_TO_STRING_PLAIN));
}

int tw_rule_json(const char *data, size_t len, const struct tw_word *key,
	const struct tw_word *value, struct tw_text *why)
{
	_cleanup_json_ struct json_object *object = NULL;
	const char *wrong = NULL;
	size_t where = 0;
	int rc;

	if (!len)
		return tw_text_addf(why, "is no JSON: it is empty");
	rc = parse(data, len, &object, &wrong, &where);
	if (rc < 0)
		return rc;
	if (!rc)
		return tw_text_addf(why, "is no JSON: at byte %zu: %s", where, wrong);
	return key ? judge_member(object, key, value, why) : 1;
}
