/* SPDX-License-Identifier: MIT */
/*
 * check_parse.c - reads the user's rules.
 *
 * A line is split into words; a rule takes its words from the front, and rules
 * in it the rest. So one rule needs no look ahead, and a line that is wrong is
 * wrong at a certain word.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "check_state.h"

/* More is no file that somebody wrote. */
#define FILE_MAX (1u << 20)

/* Words of a line; as rules nest, and each has a word, so many levels too. */
#define WORDS_MAX 32u

/* ---- words ---- */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static int unescape(char byte)
{
	switch (byte) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case '"':
	case '\\':
		return byte;
	}
	return -1;
}

/* Reads a quoted word behind its first quote; @at ends behind the last. NULL or what is wrong. */
static const char *read_quoted(const char **at, char *to, size_t *ret_len)
{
	size_t len = 0;

	for (; **at && **at != '"'; ++*at) {
		int byte = (unsigned char)**at;

		if (byte == '\\') {
			byte = unescape(*++*at);
			if (byte < 0)
				return "only \\n, \\t, \\r, \\\" and \\\\ can stand behind a \\";
		}
		to[len++] = (char)byte;
	}
	if (!**at)
		return "a quote is not closed";
	++*at;
	*ret_len = len;
	return NULL;
}

/* NULL or what is wrong; "" means that there is no memory. */
static const char *read_word(struct tw_rule_line *line, const char **at)
{
	struct tw_word word = {.text = malloc(strlen(*at) + 1), .is_quoted = **at == '"'};
	const char *wrong = NULL;

	if (!word.text || tw_array_grow(&line->words, &line->word_room, line->word_count)) {
		free(word.text);
		return "";
	}
	if (word.is_quoted) {
		++*at;
		wrong = read_quoted(at, word.text, &word.len);
		if (!wrong && **at && !is_blank(**at))
			wrong = "a blank is missing behind a quote";
	} else {
		while (**at && !is_blank(**at))
			word.text[word.len++] = *(*at)++;
	}
	word.text[word.len] = '\0';
	line->words[line->word_count++] = word;
	return wrong;
}

static const char *read_words(struct tw_rule_line *line)
{
	const char *at = line->source;

	for (;;) {
		const char *wrong;

		while (is_blank(*at))
			at++;
		if (!*at || *at == '#')
			return NULL;
		if (line->word_count == WORDS_MAX)
			return "more than 32 words";
		wrong = read_word(line, &at);
		if (wrong)
			return wrong;
	}
}

/* ---- rules ---- */

struct parser {
	struct tw_rule_line *line;
	size_t at;           /* word that comes next */
	struct tw_text *why; /* set when the line is wrong */
	int rc;
};

__attribute__((format(printf, 2, 3))) static void complain(struct parser *parser,
	const char *format, ...)
{
	char room[200];
	va_list args;

	if (parser->rc)
		return;
	va_start(args, format);
	(void)vsnprintf(room, sizeof(room), format, args);
	va_end(args);
	parser->rc = tw_text_add(parser->why, room, strlen(room)) ?: -EINVAL;
}

static const struct tw_word *peek(const struct parser *parser)
{
	return parser->at < parser->line->word_count ? &parser->line->words[parser->at] : NULL;
}

static bool is_word(const struct tw_word *word, const char *text)
{
	return word && !word->is_quoted && strcmp(word->text, text) == 0;
}

/* Takes the next word if it is @text. */
static bool take_word(struct parser *parser, const char *text)
{
	bool is_it = is_word(peek(parser), text);

	parser->at += is_it;
	return is_it;
}

static const struct tw_word *take(struct parser *parser, const char *what)
{
	const struct tw_word *word = peek(parser);

	if (!word)
		complain(parser, "the line ends where %s should be", what);
	else
		parser->at++;
	return word;
}

static const struct tw_word *take_path(struct parser *parser)
{
	const struct tw_word *word = take(parser, "a path");

	if (word && strncmp(word->text, "/usr/", 5) != 0 && strncmp(word->text, "/bak/", 5) != 0)
		complain(parser, "'%s' is no path: it has to begin with /usr/ or /bak/",
			word->text);
	return word;
}

static uint64_t take_number(struct parser *parser, const char *what, uint64_t min, uint64_t max)
{
	const struct tw_word *word = take(parser, what);
	unsigned long long number;
	char *end;

	if (!word)
		return 0;
	errno = 0;
	number = strtoull(word->text, &end, 10);
	if (errno || *end || word->text[0] < '0' || word->text[0] > '9' || number < min ||
		number > max) {
		complain(parser, "'%s' is not %s", word->text, what);
		return 0;
	}
	return number;
}

static void parse_json(struct parser *parser, struct tw_rule *rule)
{
	rule->path = take_path(parser);
	if (!take_word(parser, "has"))
		return;
	rule->text = take(parser, "a key");
	if (!take_word(parser, "="))
		return;
	rule->value = take(parser, "a value");
	if (rule->value && !tw_rule_is_json_value(rule->value))
		complain(parser,
			"'%s' is no value: it has to be a number, true, false, null, or text in "
			"quotes",
			rule->value->text);
}

static void parse_size(struct parser *parser, struct tw_rule *rule)
{
	static const char *const orders[] = {"<", "<=", "=", ">=", ">"};
	const struct tw_word *word;
	unsigned order = 0;

	rule->path = take_path(parser);
	word = take(parser, "<, <=, =, >= or >");
	while (word && order < 5 && !is_word(word, orders[order]))
		order++;
	if (word && order == 5)
		complain(parser, "'%s' is not <, <=, =, >= or >", word->text);
	rule->order = (enum tw_rule_order)order;
	rule->number = take_number(parser, "a number of bytes", 0, INT64_MAX);
}

static void parse_text(struct parser *parser, struct tw_rule *rule)
{
	rule->path = take_path(parser);
	if (!take_word(parser, "contains"))
		complain(parser, "'contains' is missing behind the path");
	rule->text = take(parser, "a text");
}

static void parse_slot(struct parser *parser, struct tw_rule *rule)
{
	rule->number = take_number(parser, "a slot from 1 to 16", 1, TWINFS_SECURE_SLOTS);
	rule->path = take(parser, "stored, empty or contains");
	if (is_word(rule->path, "contains"))
		rule->text = take(parser, "a text");
	else if (rule->path && !is_word(rule->path, "stored") && !is_word(rule->path, "empty"))
		complain(parser, "'%s' is not stored, empty or contains", rule->path->text);
}

static struct tw_rule *parse_rule(struct parser *parser);

static void parse_if(struct parser *parser, struct tw_rule *rule)
{
	rule->first = parse_rule(parser);
	if (!take_word(parser, "then"))
		complain(parser, "'then' is missing");
	rule->second = parse_rule(parser);
}

static const char *const names[] = {
	[TW_RULE_EXISTS] = "exists",
	[TW_RULE_ABSENT] = "absent",
	[TW_RULE_DIRECTORY] = "directory",
	[TW_RULE_JSON] = "json",
	[TW_RULE_EQUAL] = "equal",
	[TW_RULE_SIZE] = "size",
	[TW_RULE_TEXT] = "text",
	[TW_RULE_SLOT] = "slot",
	[TW_RULE_NOT] = "not",
	[TW_RULE_IF] = "if",
};

static void parse_rest(struct parser *parser, struct tw_rule *rule)
{
	switch (rule->kind) {
	case TW_RULE_EXISTS:
	case TW_RULE_ABSENT:
	case TW_RULE_DIRECTORY:
		rule->path = take_path(parser);
		return;
	case TW_RULE_JSON:
		parse_json(parser, rule);
		return;
	case TW_RULE_EQUAL:
		rule->path = take_path(parser);
		rule->other = take_path(parser);
		return;
	case TW_RULE_SIZE:
		parse_size(parser, rule);
		return;
	case TW_RULE_TEXT:
		parse_text(parser, rule);
		return;
	case TW_RULE_SLOT:
		parse_slot(parser, rule);
		return;
	case TW_RULE_NOT:
		rule->first = parse_rule(parser);
		return;
	case TW_RULE_IF:
		parse_if(parser, rule);
		return;
	}
}

/* The rules of a line are fewer than its words, which is the room they have. */
static struct tw_rule *parse_rule(struct parser *parser)
{
	const struct tw_word *word = parser->rc ? NULL : take(parser, "a rule");
	struct tw_rule *rule;
	unsigned kind = 0;

	while (word && kind <= TW_RULE_IF && !is_word(word, names[kind]))
		kind++;
	if (!word || kind > TW_RULE_IF) {
		if (word)
			complain(parser, "'%s' is no rule", word->text);
		return NULL;
	}
	rule = &parser->line->rules[parser->line->rule_count++];
	rule->kind = (enum tw_rule_kind)kind;
	parse_rest(parser, rule);
	return rule;
}

/* 0; -EINVAL and why; -ENOMEM. An empty line has no words, and is no rule. */
static int parse_line(struct tw_rule_line *line, struct tw_text *why)
{
	struct parser parser = {.line = line, .why = why};
	const char *wrong = read_words(line);

	if (wrong && !*wrong)
		return -ENOMEM;
	if (wrong)
		complain(&parser, "%s", wrong);
	if (parser.rc || !line->word_count)
		return parser.rc;
	line->rules = calloc(line->word_count, sizeof(*line->rules));
	if (!line->rules)
		return -ENOMEM;
	(void)parse_rule(&parser);
	if (!parser.rc && peek(&parser))
		complain(&parser, "'%s' is too much", peek(&parser)->text);
	return parser.rc;
}

/* ---- files ---- */

static void free_line(struct tw_rule_line *line)
{
	for (size_t i = 0; i < line->word_count; i++)
		free(line->words[i].text);
	free(line->words);
	free(line->rules);
	free(line->source);
}

void tw_rules_free(struct tw_rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->count; i++)
		free_line(&rules->lines[i]);
	free(rules->lines);
	free(rules->name);
	free(rules);
}

size_t tw_rules_count(const struct tw_rules *rules)
{
	return rules->count;
}

static int add_line(struct tw_rules *rules, unsigned number, const char *text, size_t len,
	struct twinfs_error *err)
{
	struct tw_rule_line line = {.number = number, .source = strndup(text, len)};
	struct tw_text why = {0};
	int rc = tw_array_grow(&rules->lines, &rules->room, rules->count);

	if (!line.source)
		rc = -ENOMEM;
	if (!rc && strlen(line.source) != len)
		rc = tw_text_addf(&why, "a NUL byte") ?: -EINVAL;
	rc = rc ?: parse_line(&line, &why);
	if (rc)
		(void)tw_fail(err, TWINFS_P_CHECKS, rc, "%s:%u: %s", rules->name, number,
			rc == -EINVAL ? why.data : "no memory");
	if (rc || !line.word_count)
		free_line(&line);
	else
		rules->lines[rules->count++] = line;
	tw_text_release(&why);
	return rc;
}

int tw_rules_parse(const char *name, const char *text, size_t len, struct tw_rules **ret_rules,
	struct twinfs_error *err)
{
	struct tw_rules *rules = calloc(1, sizeof(*rules));
	unsigned number = 0;
	int rc = 0;

	if (rules)
		rules->name = strdup(name);
	if (!rules || !rules->name) {
		tw_rules_free(rules);
		return tw_fail(err, TWINFS_P_CHECKS, -ENOMEM, "%s: no memory", name);
	}
	while (!rc && len) {
		const char *end = memchr(text, '\n', len);
		size_t line_len = end ? (size_t)(end - text) : len;

		rc = add_line(rules, ++number, text, line_len, err);
		text += line_len + (end ? 1 : 0);
		len -= line_len + (end ? 1 : 0);
	}
	if (rc) {
		tw_rules_free(rules);
		return rc;
	}
	*ret_rules = rules;
	return 0;
}

int tw_rules_load(const char *path, struct tw_rules **ret_rules, struct twinfs_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc = tw_file_read(path, FILE_MAX, &text, &len);

	if (rc)
		return tw_fail(err, TWINFS_P_CHECKS, rc, "%s: %s", path,
			rc == -EFBIG ? "is larger than a megabyte" : strerror(-rc));
	return tw_rules_parse(path, text, len, ret_rules, err);
}
