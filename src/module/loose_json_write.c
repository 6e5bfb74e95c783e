/* SPDX-License-Identifier: MIT */
/*
 * loose_json_write.c - writes a JSON tree as the module's interpreter does,
 * and shows one as its print() does.
 *
 * Both are one walk over the tree; they differ in the words for the constants
 * and in the quotes.
 */
#include "loose_json.h"

#include <stdint.h>
#include <string.h>

enum style {
	AS_JSON,
	AS_PYTHON,
};

const char *tw_json_type_name(const struct tw_json *json)
{
	switch (json->kind) {
	case TW_JSON_NULL:
		return "NoneType";
	case TW_JSON_FALSE:
	case TW_JSON_TRUE:
		return "bool";
	case TW_JSON_INT:
		return "int";
	case TW_JSON_FLOAT:
		return "float";
	case TW_JSON_STRING:
		return "str";
	case TW_JSON_LIST:
		return "list";
	case TW_JSON_DICT:
		return "dict";
	}
	return "object";
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != 0x7f;
}

static int add_json_string(struct tw_text *text, const char *bytes, size_t len)
{
	int rc = tw_text_add(text, "\"", 1);

	for (size_t i = 0; i < len && !rc; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '"' || c == '\\')
			rc = tw_text_addf(text, "\\%c", c);
		else if (is_plain(c))
			rc = tw_text_add(text, &c, 1);
		else if (c == '\n' || c == '\r' || c == '\t')
			rc = tw_text_addf(text, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
		else
			rc = tw_text_addf(text, "\\u%04x", c);
	}
	return rc ? rc : tw_text_add(text, "\"", 1);
}

static char pick_quote(const char *bytes, size_t len)
{
	bool has_single = len && memchr(bytes, '\'', len);
	bool has_double = len && memchr(bytes, '"', len);

	return has_single && !has_double ? '"' : '\'';
}

/* Appends a character or byte of a quoted text. */
static int add_quoted(struct tw_text *text, uint32_t c, char quote)
{
	if (c == (unsigned char)quote || c == '\\')
		return tw_text_addf(text, "\\%c", (char)c);
	if (c < 0x80 && is_plain((unsigned char)c))
		return tw_text_addf(text, "%c", (char)c);
	if (c == '\n' || c == '\r' || c == '\t')
		return tw_text_addf(text, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
	if (c < 0x100)
		return tw_text_addf(text, "\\x%02x", c);
	return tw_text_addf(text, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

int tw_json_quote(struct tw_text *text, const char *bytes, size_t len)
{
	char quote = pick_quote(bytes, len);
	int rc = tw_text_add(text, &quote, 1);

	for (size_t i = 0; i < len && !rc; i++)
		rc = add_quoted(text, (unsigned char)bytes[i], quote);
	return rc ? rc : tw_text_add(text, &quote, 1);
}

/*
 * Takes a character off a text as the module does: whatever the first byte
 * says, all continuation bytes behind it belong to it.
 */
static uint32_t take_char(const char **at, const char *end)
{
	uint32_t c = (unsigned char)*(*at)++;
	bool is_ascii = c < 0x80; /* then they are passed over */

	c &= 0x7f;
	for (uint32_t mask = 0x40; !is_ascii && c & mask; mask >>= 1)
		c &= ~mask;
	for (; *at < end && ((unsigned char)**at & 0xc0) == 0x80; (*at)++)
		c = is_ascii ? c : c << 6 | ((unsigned char)**at & 0x3f);
	return c;
}

/* A string inside a list or dict that is printed. */
static int add_python_string(struct tw_text *text, const char *bytes, size_t len)
{
	const char *end = bytes + len;
	char quote = pick_quote(bytes, len);
	int rc = tw_text_add(text, &quote, 1);

	while (bytes < end && !rc)
		rc = add_quoted(text, take_char(&bytes, end), quote);
	return rc ? rc : tw_text_add(text, &quote, 1);
}

/* Appends a value that is no container, or the opening bracket of one. */
static int add_value(struct tw_text *text, const struct tw_json *json, enum style style)
{
	bool python = style == AS_PYTHON;

	switch (json->kind) {
	case TW_JSON_NULL:
		return tw_text_addf(text, python ? "None" : "null");
	case TW_JSON_FALSE:
		return tw_text_addf(text, python ? "False" : "false");
	case TW_JSON_TRUE:
		return tw_text_addf(text, python ? "True" : "true");
	case TW_JSON_INT:
	case TW_JSON_FLOAT:
		return tw_text_add(text, json->text, json->len);
	case TW_JSON_STRING:
		return python ? add_python_string(text, json->text, json->len)
			      : add_json_string(text, json->text, json->len);
	case TW_JSON_LIST:
		return tw_text_add(text, "[", 1);
	case TW_JSON_DICT:
		return tw_text_add(text, "{", 1);
	}
	return 0;
}

/* Keys that are no strings get quotes in JSON, so that it stays JSON. */
static int add_key(struct tw_text *text, const struct tw_json *key, enum style style)
{
	bool quote = style == AS_JSON && key->kind != TW_JSON_STRING;
	int rc = quote ? tw_text_add(text, "\"", 1) : 0;

	if (!rc)
		rc = add_value(text, key, style);
	return rc ? rc : tw_text_addf(text, "%s: ", quote ? "\"" : "");
}

static int add_tree(struct tw_text *text, const struct tw_json *root, enum style style)
{
	const struct tw_json *json = root;

	for (;;) {
		int rc = json != root && json->key ? add_key(text, json->key, style) : 0;

		if (!rc)
			rc = add_value(text, json, style);
		if (rc)
			return rc;
		if (json->first) {
			json = json->first;
			continue;
		}
		/* Close what ends here, up to a value that has a next one. */
		for (;; json = json->parent) {
			if (json->kind == TW_JSON_LIST || json->kind == TW_JSON_DICT)
				rc = tw_text_add(text, json->kind == TW_JSON_LIST ? "]" : "}", 1);
			if (rc || json == root)
				return rc;
			if (json->next)
				break;
		}
		json = json->next;
		rc = tw_text_addf(text, ", ");
		if (rc)
			return rc;
	}
}

int tw_json_write(const struct tw_json *json, struct tw_text *text)
{
	return add_tree(text, json, AS_JSON);
}

int tw_json_print(const struct tw_json *json, struct tw_text *text)
{
	if (json->kind == TW_JSON_STRING)
		return tw_text_add(text, json->text, json->len);
	return add_tree(text, json, AS_PYTHON);
}
