/* SPDX-License-Identifier: MIT */
/*
 * check_state.h - the user's rules, read.
 */
#ifndef TW_EXPLORE_CHECK_STATE_H
#define TW_EXPLORE_CHECK_STATE_H

#include <stdbool.h>

#include "base/text.h"
#include "check.h"

enum tw_rule_kind {
	TW_RULE_EXISTS,
	TW_RULE_ABSENT,
	TW_RULE_DIRECTORY,
	TW_RULE_JSON, /* parses; and with @text has that key; and with @value of that value */
	TW_RULE_EQUAL,
	TW_RULE_SIZE,
	TW_RULE_TEXT,
	TW_RULE_SLOT, /* with a @path of "stored", "empty" or "contains" */
	TW_RULE_NOT,
	TW_RULE_IF,
};

enum tw_rule_order {
	TW_RULE_LESS,
	TW_RULE_AT_MOST,
	TW_RULE_SAME,
	TW_RULE_AT_LEAST,
	TW_RULE_MORE,
};

/* One word of a line. */
struct tw_word {
	char *text;
	size_t len;
	bool is_quoted;
};

struct tw_rule {
	enum tw_rule_kind kind;
	const struct tw_word *path, *other; /* what it is about; the second of EQUAL */
	const struct tw_word *text;         /* content or key looked for; NULL: none */
	const struct tw_word *value;        /* of the key; NULL: any */
	enum tw_rule_order order;
	uint64_t number;                /* bytes; of SLOT, the slot */
	struct tw_rule *first, *second; /* of NOT and IF */
};

/* A line, with all that its rule points to. */
struct tw_rule_line {
	unsigned number;
	char *source;
	struct tw_word *words;
	size_t word_count, word_room;
	struct tw_rule *rules; /* the first is the whole, the others are parts of it */
	size_t rule_count;
};

struct tw_rules {
	char *name; /* of the file */
	struct tw_rule_line *lines;
	size_t count, room;
};

/* ---- JSON ---- */

/*
 * Whether the bytes are one JSON document, and with @key whether the member is
 * there, and with @value whether it is that. Says in @why what is not so,
 * beginning behind the name of the file: "is no JSON: ...".
 *
 * 1 it is so, 0 it is not, -ENOMEM.
 */
int tw_rule_json(const char *data, size_t len, const struct tw_word *key,
	const struct tw_word *value, struct tw_text *why);

/* Whether the word can be the value of a member: quoted, or a number, true, false or null. */
bool tw_rule_is_json_value(const struct tw_word *word);

#endif
