/* SPDX-License-Identifier: MIT */
/*
 * loose_json.c - reads JSON as the module's interpreter does.
 *
 * A loop over bytes with a stack, no grammar: commas and colons are blanks,
 * either bracket closes, a NUL is the end. Trees link their parents, so that
 * nothing here recurses however deep the input nests.
 */
#include "loose_json.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define SYNTAX_ERROR "syntax error in JSON"

struct reader {
	const unsigned char *data;
	size_t len, next;
	unsigned char cur;   /* 0 at the end */
	struct tw_text text; /* string or number being read */
	struct tw_json *root;
	struct tw_json *top; /* innermost open container */
	struct tw_json *key; /* read, still without a value; outlives its dict */
	struct tw_text error;
};

/* Moves to the next byte. Behind the end there are NULs. */
static unsigned char advance(struct reader *in)
{
	in->cur = in->next < in->len ? in->data[in->next++] : 0;
	return in->cur;
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int syntax_error(struct reader *in)
{
	return tw_text_addf(&in->error, SYNTAX_ERROR) ? -ENOMEM : -EINVAL;
}

/* ---- the tree ---- */

/* The value takes over what @text holds; NULL: it has no text. */
static struct tw_json *new_value(enum tw_json_kind kind, struct tw_text *text)
{
	struct tw_json *json;

	/* Even the empty string has a byte: its NUL. */
	if (text && tw_text_add(text, "", 0))
		return NULL;
	json = calloc(1, sizeof(*json));
	if (!json)
		return NULL;
	json->kind = kind;
	if (text) {
		json->text = text->data;
		json->len = text->len;
		*text = (struct tw_text){0};
	}
	return json;
}

static bool is_container(const struct tw_json *json)
{
	return json->kind == TW_JSON_LIST || json->kind == TW_JSON_DICT;
}

/* Frees a value whose children are gone, and its key, which never has any. */
static void free_value(struct tw_json *json)
{
	if (json->key) {
		free(json->key->text);
		free(json->key);
	}
	free(json->text);
	free(json);
}

void tw_json_free(struct tw_json *json)
{
	struct tw_json *stop = json ? json->parent : NULL;

	while (json != stop) {
		struct tw_json *child = json->first, *parent = json->parent;

		if (child) {
			json->first = child->next;
			json = child;
		} else {
			free_value(json);
			json = parent;
		}
	}
}

static void append(struct tw_json *container, struct tw_json *json)
{
	json->parent = container;
	if (container->last)
		container->last->next = json;
	else
		container->first = json;
	container->last = json;
}

/* The value behind @json when a tree is walked from the top; NULL at the end. */
static struct tw_json *walk(const struct tw_json *json)
{
	if (json->first)
		return json->first;
	while (json && !json->next)
		json = json->parent;
	return json ? json->next : NULL;
}

/* ---- equal keys: the later value takes the place of the earlier ---- */

static bool is_same_key(const struct tw_json *a, const struct tw_json *b)
{
	return a->kind == b->kind && a->len == b->len &&
	       (!a->len || !memcmp(a->text, b->text, a->len));
}

/* The slot of the value that has @key, or the free one where it belongs. */
static struct tw_json **find_slot(struct tw_json **slots, size_t size, const struct tw_json *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)key->kind;
	size_t at;

	for (size_t i = 0; i < key->len; i++)
		hash = (hash ^ (unsigned char)key->text[i]) * UINT64_C(0x100000001b3);
	for (at = (size_t)(hash ^ hash >> 32) & (size - 1); slots[at]; at = (at + 1) & (size - 1))
		if (is_same_key(slots[at]->key, key))
			break;
	return &slots[at];
}

static void adopt_children(struct tw_json *json)
{
	for (struct tw_json *child = json->first; child; child = child->next)
		child->parent = json;
}

/* Exchanges two values of one dict; keys and places stay. */
static void exchange(struct tw_json *a, struct tw_json *b)
{
	struct tw_json was = *a;

	a->kind = b->kind;
	a->text = b->text;
	a->len = b->len;
	a->first = b->first;
	a->last = b->last;
	b->kind = was.kind;
	b->text = was.text;
	b->len = was.len;
	b->first = was.first;
	b->last = was.last;
	adopt_children(a);
	adopt_children(b);
}

static int merge_equal_keys(struct tw_json *dict)
{
	_cleanup_free_ struct tw_json **slots = NULL;
	struct tw_json *before = NULL, *json, *next;
	size_t count = 0, size = 4;

	for (json = dict->first; json; json = json->next)
		count++;
	while (size < 2 * count)
		size *= 2;
	slots = calloc(size, sizeof(struct tw_json *));
	if (!slots)
		return -ENOMEM;
	for (json = dict->first; json; json = next) {
		struct tw_json **slot = find_slot(slots, size, json->key);

		next = json->next;
		if (!*slot) {
			*slot = before = json;
			continue;
		}
		exchange(*slot, json);
		before->next = next;
		if (!next)
			dict->last = before;
		tw_json_free(json);
	}
	return 0;
}

/* ---- reading ---- */

/*
 * Appends \uXXXX. The module neither checks the digits nor pairs surrogates:
 * each byte is turned into a digit by 8-bit arithmetic, whatever it is.
 */
static int read_unicode(struct reader *in)
{
	uint32_t code = 0;
	unsigned char utf8[4];
	size_t len;

	for (int i = 0; i < 4; i++) {
		unsigned char digit = (unsigned char)((advance(in) | 0x20) - '0');

		if (digit > 9)
			digit = (unsigned char)(digit - ('a' - ('9' + 1)));
		code = code << 4 | digit;
	}
	if (code < 0x80) {
		utf8[0] = (unsigned char)code;
		len = 1;
	} else if (code < 0x800) {
		utf8[0] = (unsigned char)(0xc0 | code >> 6);
		len = 2;
	} else if (code < 0x10000) {
		utf8[0] = (unsigned char)(0xe0 | code >> 12);
		len = 3;
	} else {
		utf8[0] = (unsigned char)(0xf0 | (code >> 18 & 7));
		len = 4;
	}
	for (size_t i = 1; i < len; i++)
		utf8[i] = (unsigned char)(0x80 | (code >> 6 * (len - 1 - i) & 0x3f));
	return tw_text_add(&in->text, utf8, len);
}

/* Appends what the backslash at the current byte stands for. */
static int read_escape(struct reader *in)
{
	unsigned char c = advance(in);

	switch (c) {
	case 'b':
		c = '\b';
		break;
	case 'f':
		c = '\f';
		break;
	case 'n':
		c = '\n';
		break;
	case 'r':
		c = '\r';
		break;
	case 't':
		c = '\t';
		break;
	case 'u':
		return read_unicode(in);
	}
	return tw_text_add(&in->text, &c, 1);
}

/* Appends the bytes that stand for themselves, of which the current one is the first. */
static int read_plain(struct reader *in)
{
	const unsigned char *start = in->data + in->next - 1;
	size_t len = 1;

	while (advance(in) && in->cur != '"' && in->cur != '\\')
		len++;
	return tw_text_add(&in->text, start, len);
}

static int read_string(struct reader *in, struct tw_json **ret_json)
{
	int rc = 0;

	in->text.len = 0;
	while (in->cur && in->cur != '"' && !rc) {
		if (in->cur == '\\') {
			rc = read_escape(in);
			(void)advance(in);
		} else {
			rc = read_plain(in);
		}
	}
	if (rc)
		return rc;
	if (!in->cur)
		return syntax_error(in);
	(void)advance(in);
	*ret_json = new_value(TW_JSON_STRING, &in->text);
	return *ret_json ? 0 : -ENOMEM;
}

static size_t count_digits(const char *at)
{
	return strspn(at, "0123456789");
}

/* Appends the number at @digits without the zeros in front, "0" for none. */
static int add_digits(struct tw_text *text, const char *digits, size_t len)
{
	while (len && *digits == '0') {
		digits++;
		len--;
	}
	return len ? tw_text_add(text, digits, len) : tw_text_add(text, "0", 1);
}

/* Turns "-007" into "-7": what the module writes for it. */
static int make_int(struct reader *in, const char *source, struct tw_json **ret_json)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	bool negative = *source == '-';
	const char *digits = source + negative;
	size_t len = count_digits(digits);
	int rc;

	if (!len || digits[len]) {
		rc = tw_text_addf(&in->error, "invalid syntax for integer with base 10: ");
		if (!rc)
			rc = tw_json_quote(&in->error, digits, strlen(digits));
		return rc ? rc : -EINVAL;
	}
	if (negative && strspn(digits, "0") < len)
		rc = tw_text_add(&text, "-", 1);
	else
		rc = 0;
	if (!rc)
		rc = add_digits(&text, digits, len);
	if (rc)
		return rc;
	*ret_json = new_value(TW_JSON_INT, &text);
	return *ret_json ? 0 : -ENOMEM;
}

/* The parts of a float as the module's number parser takes it apart. */
struct parts {
	bool negative, negative_exponent, has_exponent;
	const char *whole, *fraction, *exponent;
	size_t whole_len, fraction_len, exponent_len;
};

/* False: the module refuses the number. "-." and "1." and "-e5" are fine. */
static bool split_float(const char *source, struct parts *ret)
{
	struct parts it = {.negative = *source == '-'};
	const char *at = source + it.negative, *start = at;

	it.whole = at;
	it.whole_len = count_digits(at);
	at += it.whole_len;
	if (*at == '.') {
		it.fraction = ++at;
		it.fraction_len = count_digits(at);
		at += it.fraction_len;
	}
	if (*at == 'e' || *at == 'E') {
		it.has_exponent = true;
		at++;
		it.negative_exponent = *at == '-';
		if (*at == '-' || *at == '+')
			at++;
		if (!*at)
			return false;
		it.exponent = at;
		it.exponent_len = count_digits(at);
		at += it.exponent_len;
	}
	*ret = it;
	return at > start && !*at;
}

/* Keeps the digits as they are: no conversion, so nothing is lost in a rewrite. */
static int make_float(struct reader *in, const char *source, struct tw_json **ret_json)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	struct parts it;
	int rc;

	if (!split_float(source, &it))
		return tw_text_addf(&in->error, "invalid syntax for number") ? -ENOMEM : -EINVAL;
	rc = tw_text_addf(&text, "%s", it.negative ? "-" : "");
	if (!rc)
		rc = add_digits(&text, it.whole, it.whole_len);
	if (!rc && (it.fraction_len || !it.has_exponent))
		rc = tw_text_addf(&text, ".%.*s", it.fraction_len ? (int)it.fraction_len : 1,
			it.fraction_len ? it.fraction : "0");
	if (!rc && it.has_exponent)
		rc = tw_text_addf(&text, "e%s", it.negative_exponent ? "-" : "");
	if (!rc && it.has_exponent)
		rc = add_digits(&text, it.exponent, it.exponent_len);
	if (rc)
		return rc;
	*ret_json = new_value(TW_JSON_FLOAT, &text);
	return *ret_json ? 0 : -ENOMEM;
}

static int read_number(struct reader *in, unsigned char first, struct tw_json **ret_json)
{
	bool is_float = false;

	in->text.len = 0;
	if (tw_text_add(&in->text, &first, 1))
		return -ENOMEM;
	while (is_digit(in->cur) || (in->cur && strchr("+-.eE", in->cur))) {
		is_float |= !is_digit(in->cur) && in->cur != '+' && in->cur != '-';
		if (tw_text_add(&in->text, &in->cur, 1))
			return -ENOMEM;
		(void)advance(in);
	}
	return is_float ? make_float(in, in->text.data, ret_json)
			: make_int(in, in->text.data, ret_json);
}

/* Reads the rest of "null", "true" or "false". */
static int read_word(struct reader *in, const char *rest, enum tw_json_kind kind,
	struct tw_json **ret_json)
{
	for (; *rest; rest++) {
		if (in->cur != (unsigned char)*rest)
			return syntax_error(in);
		(void)advance(in);
	}
	*ret_json = new_value(kind, NULL);
	return *ret_json ? 0 : -ENOMEM;
}

/* Reads the value that starts with @first; of a container only its bracket. */
static int read_value(struct reader *in, unsigned char first, struct tw_json **ret_json)
{
	if (first == '-' || is_digit(first))
		return read_number(in, first, ret_json);
	switch (first) {
	case 'n':
		return read_word(in, "ull", TW_JSON_NULL, ret_json);
	case 't':
		return read_word(in, "rue", TW_JSON_TRUE, ret_json);
	case 'f':
		return read_word(in, "alse", TW_JSON_FALSE, ret_json);
	case '"':
		return read_string(in, ret_json);
	case '[':
		return read_word(in, "", TW_JSON_LIST, ret_json);
	case '{':
		return read_word(in, "", TW_JSON_DICT, ret_json);
	}
	return syntax_error(in);
}

/* Puts a value into the innermost container, or makes it the pending key. */
static int place(struct reader *in, struct tw_json *json)
{
	if (!in->top) {
		in->root = json;
	} else if (in->top->kind == TW_JSON_LIST) {
		append(in->top, json);
	} else if (in->key) {
		json->key = tw_steal(&in->key);
		append(in->top, json);
	} else if (is_container(json)) {
		tw_json_free(json);
		return syntax_error(in);
	} else {
		in->key = json;
		return 0;
	}
	if (is_container(json))
		in->top = json;
	return 0;
}

/* Reads until the document is complete; then only blanks or the end may follow. */
static int read_document(struct reader *in)
{
	(void)advance(in);
	while (in->cur) {
		unsigned char c = in->cur;
		struct tw_json *json = NULL;
		int rc;

		(void)advance(in);
		if (strchr(",: \t\n\r", c))
			continue;
		if (c == ']' || c == '}') {
			if (!in->top)
				return syntax_error(in);
			if (!in->top->parent)
				break;
			in->top = in->top->parent;
			continue;
		}
		rc = read_value(in, c, &json);
		if (!rc)
			rc = place(in, json);
		if (rc)
			return rc;
		if (!in->top)
			break;
	}
	while (is_space(in->cur))
		(void)advance(in);
	if (in->cur || !in->root || (in->top && in->top->parent))
		return syntax_error(in);
	return 0;
}

int tw_json_parse(const void *data, size_t len, struct tw_json **ret_json, char **ret_error)
{
	struct reader in = {.data = data, .len = len};
	int rc = read_document(&in);

	for (struct tw_json *json = in.root; json && !rc; json = walk(json))
		if (json->kind == TW_JSON_DICT)
			rc = merge_equal_keys(json);
	tw_json_free(in.key);
	tw_text_release(&in.text);
	if (rc) {
		tw_json_free(in.root);
		if (rc == -EINVAL)
			*ret_error = tw_steal(&in.error.data);
		tw_text_release(&in.error);
		return rc;
	}
	*ret_json = in.root;
	return 0;
}

/* ---- asking and changing ---- */

struct tw_json *tw_json_get(const struct tw_json *json, const char *key)
{
	size_t len = strlen(key);

	if (json->kind != TW_JSON_DICT)
		return NULL;
	for (struct tw_json *value = json->first; value; value = value->next)
		if (value->key->kind == TW_JSON_STRING && value->key->len == len &&
			!memcmp(value->key->text, key, len))
			return value;
	return NULL;
}

static struct tw_json *new_string(const char *string)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};

	if (tw_text_add(&text, string, strlen(string)))
		return NULL;
	return new_value(TW_JSON_STRING, &text);
}

int tw_json_set_string(struct tw_json *dict, const char *key, const char *value)
{
	struct tw_json *json = new_string(value), *old = tw_json_get(dict, key);

	if (!json)
		return -ENOMEM;
	if (old) {
		exchange(old, json);
		tw_json_free(json);
		return 0;
	}
	json->key = new_string(key);
	if (!json->key) {
		tw_json_free(json);
		return -ENOMEM;
	}
	append(dict, json);
	return 0;
}

bool tw_json_is_zero(const struct tw_json *json)
{
	switch (json->kind) {
	case TW_JSON_FALSE:
		return true;
	case TW_JSON_INT:
	case TW_JSON_FLOAT:
		/* No digit but 0 before the exponent. */
		return json->text[strspn(json->text, "-0.")] == '\0' ||
		       json->text[strspn(json->text, "-0.")] == 'e';
	case TW_JSON_NULL:
	case TW_JSON_TRUE:
	case TW_JSON_STRING:
	case TW_JSON_LIST:
	case TW_JSON_DICT:
		return false;
	}
	return false;
}
