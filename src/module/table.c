/* SPDX-License-Identifier: MIT */
/*
 * table.c - checksum.json: which files are protected, and their hashes.
 *
 * Numbers in the table may be of any size, so hashes are compared as strings
 * of digits, without the zeros in front.
 */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool is_string(const struct tw_json *json)
{
	return json && json->kind == TW_JSON_STRING;
}

const char *tw_table_key(enum tw_hash_kind kind)
{
	return kind == TW_HASH_CRC32 ? "crc32" : "sha256";
}

enum tw_hash_kind tw_table_kind(const struct tw_json *entry)
{
	if (!tw_json_get(entry, "crc32") && tw_json_get(entry, "sha256"))
		return TW_HASH_SHA256;
	return TW_HASH_CRC32;
}

struct tw_json *tw_table_hash(const struct tw_json *entry)
{
	return tw_json_get(entry, tw_table_key(tw_table_kind(entry)));
}

int tw_table_set(struct tw_json *entry, const char *hash)
{
	return tw_json_set_string(entry, tw_table_key(tw_table_kind(entry)), hash);
}

/* A hexadecimal integer as int(text, 16) of the firmware reads it. */
struct hex {
	bool negative;
	char *digits; /* lower case, no zeros in front: "" is zero */
};

static void release_hex(struct hex *hex)
{
	free(hex->digits);
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
		at++;
	return at;
}

static int raise_syntax(struct tw_text *error, const char *from, const char *end)
{
	int rc = tw_text_addf(error, "invalid syntax for integer with base 16: ");

	return rc ? rc : tw_json_quote(error, from, (size_t)(end - from));
}

/*
 * Blanks around, a sign, "0x" and underscores are allowed. On a syntax error
 * @ret_hex->digits stays NULL and @error gets the exception, which quotes what
 * follows the sign and prefix.
 */
static int parse_hex(const char *text, size_t len, struct hex *ret_hex, struct tw_text *error)
{
	const char *end = text + len, *at = skip_space(text, end), *start;
	_cleanup_free_ char *digits = calloc(1, len + 1);
	size_t count = 0;

	if (!digits)
		return -ENOMEM;
	if (at < end && (*at == '+' || *at == '-'))
		ret_hex->negative = *at++ == '-';
	if (end - at > 1 && at[0] == '0' && (at[1] | 0x20) == 'x')
		at += 2;
	for (start = at; at < end; at++) {
		char c = *at >= 'A' && *at <= 'F' ? (char)(*at | 0x20) : *at;

		if (c == '_')
			continue;
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			break;
		if (count || c != '0')
			digits[count++] = c;
	}
	if (at == start || skip_space(at, end) != end)
		return raise_syntax(error, start, end);
	ret_hex->negative &= count > 0;
	ret_hex->digits = tw_steal(&digits);
	return 0;
}

static int compare_hex(const char *found, const struct tw_json *expected,
	enum tw_table_match *ret_match, struct tw_text *error)
{
	_cleanup_(release_hex) struct hex left = {0}, right = {0};
	int rc = parse_hex(found, strlen(found), &left, error);

	if (!rc)
		rc = parse_hex(expected->text, expected->len, &right, error);
	if (rc)
		return rc;
	if (!right.digits)
		*ret_match = TW_TABLE_RAISED;
	else if (left.negative == right.negative && !strcmp(left.digits, right.digits))
		*ret_match = TW_TABLE_EQUAL;
	else
		*ret_match = TW_TABLE_DIFFERENT;
	return 0;
}

int tw_table_compare(const struct tw_json *entry, const char *found, enum tw_table_match *ret_match,
	struct tw_text *error)
{
	const struct tw_json *expected = tw_table_hash(entry);

	if (!expected) {
		*ret_match = TW_TABLE_RAISED;
		return tw_text_addf(error, "crc32"); /* what a missing key prints */
	}
	if (!is_string(expected)) {
		*ret_match = TW_TABLE_RAISED;
		return tw_text_addf(error, "can't convert '%s' object to str implicitly",
			tw_json_type_name(expected));
	}
	if (tw_table_kind(entry) == TW_HASH_CRC32)
		return compare_hex(found, expected, ret_match, error);
	*ret_match = strlen(found) == expected->len && !memcmp(found, expected->text, expected->len)
			     ? TW_TABLE_EQUAL
			     : TW_TABLE_DIFFERENT;
	return 0;
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Of ASCII letters only, whatever the locale. */
static bool is_equal_ignoring_case(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (to_lower(a[i]) != to_lower(b[i]))
			return false;
	return true;
}

struct tw_json *tw_table_find(const struct tw_json *table, const char *name, size_t len,
	bool *ret_raised)
{
	*ret_raised = table->kind != TW_JSON_LIST;
	if (*ret_raised)
		return NULL;
	for (struct tw_json *entry = table->first; entry; entry = entry->next) {
		const struct tw_json *other = tw_json_get(entry, "name");

		if (!is_string(other)) {
			*ret_raised = true;
			return NULL;
		}
		if (other->len == len && is_equal_ignoring_case(other->text, name, len))
			return entry;
	}
	return NULL;
}
