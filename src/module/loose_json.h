/* SPDX-License-Identifier: MIT */
/*
 * loose_json.h - JSON as the module's interpreter reads and writes it.
 *
 * The module's reader accepts more than JSON is, and less; what it makes of a
 * damaged file decides what a boot does. So this is its grammar, byte for
 * byte (docs/device-differences.md), not a JSON library.
 *
 * Lifetime  a tree is owned by its root; tw_json_free() releases all of it.
 */
#ifndef TW_MODULE_LOOSE_JSON_H
#define TW_MODULE_LOOSE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Bytes of the largest document worth reading: half of the module's memory. */
#define TW_JSON_MAX 262144u

enum tw_json_kind {
	TW_JSON_NULL,
	TW_JSON_FALSE,
	TW_JSON_TRUE,
	TW_JSON_INT,
	TW_JSON_FLOAT,
	TW_JSON_STRING,
	TW_JSON_LIST,
	TW_JSON_DICT,
};

/*
 * One value. Children of a list or dict are linked from @first, in file
 * order; those of a dict carry their @key, a value that is no container.
 * @text has @len bytes and a NUL behind them: of a string its content, of a
 * number its digits, so that numbers of any size survive a rewrite.
 */
struct tw_json {
	enum tw_json_kind kind;
	char *text;
	size_t len;
	struct tw_json *parent, *first, *last, *next;
	struct tw_json *key;
};

/*
 * Reads one document.
 *
 * @ret_json   the tree, on success
 * @ret_error  set when -EINVAL is returned: text of the module's exception; free() it
 *
 * Returns 0, -EINVAL (not acceptable to the module), -ENOMEM.
 */
int tw_json_parse(const void *data, size_t len, struct tw_json **ret_json, char **ret_error);

/* NULL is allowed. */
void tw_json_free(struct tw_json *json);

/* The value of string key @key of a dict; NULL if there is none, or @json is no dict. */
struct tw_json *tw_json_get(const struct tw_json *json, const char *key);

/*
 * Sets string key @key of a dict to the string @value, in place or behind the
 * others. 0 or -ENOMEM.
 */
int tw_json_set_string(struct tw_json *dict, const char *key, const char *value);

/* Whether the module finds the value equal to 0: 0, 0.0, false. */
bool tw_json_is_zero(const struct tw_json *json);

/* Name of the value's type in exceptions: "dict", "NoneType". */
const char *tw_json_type_name(const struct tw_json *json);

/* Appends the document as the module writes it: one line, ", " and ": ". 0 or -ENOMEM. */
int tw_json_write(const struct tw_json *json, struct tw_text *text);

/* Appends what the module's print() shows: None, 12, a string raw, [1, 'a']. 0 or -ENOMEM. */
int tw_json_print(const struct tw_json *json, struct tw_text *text);

/* Appends bytes quoted as the module quotes them in exceptions. 0 or -ENOMEM. */
int tw_json_quote(struct tw_text *text, const char *bytes, size_t len);

#endif
