/* SPDX-License-Identifier: MIT */
/*
 * parse_when.c - the clauses that say where and when: in, on, at, after,
 * before, every.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#define SOME_TIME (UINT64_C(1) << 62) /* ns; far from wrapping when added */
#define SOME_OPS  (UINT64_C(1) << 48)

enum {
	CLASS_BYTES = 1u << 8,
	CLASS_TIME = 1u << 9,
	CLASS_CYCLES = 1u << 10,
	CLASS_MORE = 1u << 11,
};

/* clang-format off */
#define NOUNS \
	{"writes", 1, TW_WRITE}, {"write", 1, TW_WRITE}, {"ops", 1, TW_WRITE}, \
	{"op", 1, TW_WRITE}, {"operations", 1, TW_WRITE}, {"operation", 1, TW_WRITE}, \
	{"programs", 1, TW_PROGRAM}, {"program", 1, TW_PROGRAM}, \
	{"erases", 1, TW_ERASE}, {"erase", 1, TW_ERASE}, \
	{"reads", 1, TW_READ}, {"read", 1, TW_READ}, \
	{"accesses", 1, TW_ACCESS}, {"access", 1, TW_ACCESS}, \
	{"calls", 1, TW_CALL}, {"call", 1, TW_CALL}

static const struct tw_unit_name nouns[] = {NOUNS, {NULL, 0, 0}};

static const struct tw_unit_name amounts[] = {NOUNS,
	{"bytes", 1, CLASS_BYTES}, {"byte", 1, CLASS_BYTES}, {"B", 1, CLASS_BYTES},
	{"KiB", 1 << 10, CLASS_BYTES}, {"K", 1 << 10, CLASS_BYTES},
	{"MiB", 1 << 20, CLASS_BYTES}, {"M", 1 << 20, CLASS_BYTES},
	{"ns", 1, CLASS_TIME}, {"us", 1000, CLASS_TIME}, {"ms", 1000000, CLASS_TIME},
	{"s", 1000000000, CLASS_TIME}, {"min", UINT64_C(60000000000), CLASS_TIME},
	{"h", UINT64_C(3600000000000), CLASS_TIME},
	{"cycles", 1, CLASS_CYCLES}, {"cycle", 1, CLASS_CYCLES}, {"more", 1, CLASS_MORE},
	{NULL, 0, 0}};
/* clang-format on */

unsigned tw_parse_noun(const struct tw_words *words)
{
	for (const struct tw_unit_name *noun = nouns; noun->name; noun++)
		if (tw_words_is(words, noun->name))
			return noun->class;
	return 0;
}

int tw_parse_find(const struct tw_words *words, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (tw_words_is(words, names[i]))
			return i;
	return -1;
}

/* ---- where ---- */

/* "[PART:]N[+COUNT]" */
static int parse_blocks(struct tw_parser *parser)
{
	struct tw_words *words = &parser->words;
	struct tw_where *where = &parser->rule->where;
	char *colon = strrchr(words->word, ':'), *plus;
	struct tw_words number = *words;
	uint64_t count = 1;

	where->kind = TW_BLOCKS;
	if (colon && colon - words->word >= TW_PART_NAME)
		return tw_words_fail(words, "the name of the partition is too long");
	if (colon) {
		memcpy(where->part, words->word, (size_t)(colon - words->word));
		memmove(number.word, colon + 1, strlen(colon + 1) + 1);
	}
	number.is_quoted = false;
	plus = strchr(number.word, '+');
	if (plus) {
		struct tw_words more = number;

		memmove(more.word, plus + 1, strlen(plus + 1) + 1);
		*plus = '\0';
		if (tw_words_number(&more, UINT32_MAX, &count) || !count)
			return tw_words_fail(words, "expected BLOCK+COUNT");
	}
	if (tw_words_number(&number, UINT32_MAX, &where->block))
		return tw_words_fail(words, "expected a block: 42, user:42, or user:40+4");
	where->count = count;
	return tw_words_next(words);
}

/* A path, or the name of a partition. */
static int parse_name(struct tw_parser *parser)
{
	struct tw_words *words = &parser->words;
	struct tw_where *where = &parser->rule->where;

	if (words->word[0] == '/')
		return tw_words_copy(words, where->path, sizeof(where->path));
	return tw_words_copy(words, where->part, sizeof(where->part));
}

static int parse_role(struct tw_parser *parser, enum twinfs_fault_role role)
{
	struct tw_where *where = &parser->rule->where;
	int rc = tw_words_next(&parser->words);

	where->kind = TW_TARGET;
	where->role = role;
	if (!rc && tw_words_is(&parser->words, "of")) {
		rc = tw_words_next(&parser->words);
		if (!rc)
			rc = parse_name(parser);
	}
	return rc;
}

static int parse_slot(struct tw_parser *parser)
{
	uint64_t slot = 0;

	if (tw_words_next(&parser->words))
		return -EINVAL;
	if (tw_words_is(&parser->words, "0") || tw_words_number(&parser->words, TW_SLOTS, &slot))
		return tw_words_fail(&parser->words, "expected a slot, 1 to %d", TW_SLOTS);
	parser->rule->where.kind = TW_SLOT;
	parser->rule->where.slot = (unsigned)slot;
	return 0;
}

int tw_parse_in(struct tw_parser *parser)
{
	static const char *const roles[] = {
		[TWINFS_FAULT_ANY_ROLE] = "",
		[TWINFS_FAULT_DATA] = "data",
		[TWINFS_FAULT_METADATA] = "metadata",
		[TWINFS_FAULT_SUPERBLOCK] = "superblock",
	};
	struct tw_words *words = &parser->words;
	struct tw_where *where = &parser->rule->where;
	int role;

	if (tw_parse_set(parser, TW_C_IN) || tw_words_next(words))
		return -EINVAL;
	role = tw_parse_find(words, roles, sizeof(roles) / sizeof(*roles));
	if (role > 0)
		return parse_role(parser, (enum twinfs_fault_role)role);
	if (tw_words_is(words, "slot"))
		return parse_slot(parser);
	if (tw_words_is(words, "block"))
		return tw_words_next(words) ? -EINVAL : parse_blocks(parser);
	if (tw_words_is_number(words)) {
		where->kind = TW_SPAN;
		return tw_words_span(words, &where->addr, &where->len);
	}
	where->kind = words->word[0] == '/' ? TW_TARGET : TW_PART;
	return parse_name(parser);
}

/* ---- when ---- */

int tw_parse_on(struct tw_parser *parser)
{
	unsigned act;

	if (tw_words_is(&parser->words, "on") && tw_words_next(&parser->words))
		return -EINVAL;
	act = tw_parse_noun(&parser->words);
	if (!act || act == TW_CALL)
		return tw_words_fail(&parser->words,
			"expected program, erase, write, read or access");
	if (tw_parse_set(parser, TW_C_ON))
		return -EINVAL;
	parser->rule->act = act;
	return tw_words_next(&parser->words);
}

/* One count serves all clauses of a rule, so they must mean the same. */
static int set_counts(struct tw_parser *parser, unsigned counts)
{
	if (parser->counts && parser->counts != counts)
		return tw_words_fail(&parser->words, "the rule counts something else already");
	parser->counts = counts;
	return 0;
}

int tw_parse_at(struct tw_parser *parser)
{
	struct tw_words *words = &parser->words;
	struct tw_rule *rule = parser->rule;
	unsigned counts;

	if (tw_words_next(words))
		return -EINVAL;
	counts = tw_parse_noun(words);
	if (tw_words_is(words, "op") || tw_words_is(words, "operation")) {
		if (tw_parse_set(parser, TW_C_AT_SEQ) || tw_words_next(words))
			return -EINVAL;
		return tw_words_number(words, SOME_OPS, &rule->at_seq);
	}
	if (!counts)
		return tw_words_fail(words, "expected op, program, erase, write, read or call");
	if (tw_parse_set(parser, TW_C_AT_NTH) || set_counts(parser, counts) || tw_words_next(words))
		return -EINVAL;
	return tw_words_range(words, SOME_OPS, &rule->at_nth);
}

/* "CALL of PATH" */
static int parse_call(struct tw_parser *parser, bool ended)
{
	int call = tw_parse_find(&parser->words, tw_call_names, TWINFS_FAULT_CALLS);

	if (call < 0)
		return tw_words_fail(&parser->words, "expected a call such as 'rename of PATH'");
	if (tw_parse_set(parser, TW_C_CALL) || tw_words_next(&parser->words))
		return -EINVAL;
	parser->rule->call = (enum twinfs_fault_call)call;
	parser->rule->call_ended = ended;
	if (tw_words_need(&parser->words, "of"))
		return -EINVAL;
	if (call == TWINFS_FAULT_CALL_STORE && tw_words_is(&parser->words, "slot")) {
		memcpy(parser->rule->call_path, "slot ", 5);
		if (tw_words_next(&parser->words))
			return -EINVAL;
		return tw_words_copy(&parser->words, parser->rule->call_path + 5, TW_PATH - 5);
	}
	return tw_words_copy(&parser->words, parser->rule->call_path, TW_PATH);
}

int tw_parse_before(struct tw_parser *parser)
{
	return tw_words_next(&parser->words) ? -EINVAL : parse_call(parser, false);
}

static int parse_cycles(struct tw_parser *parser, struct tw_range range, bool more)
{
	if (tw_parse_set(parser, TW_C_CYCLES))
		return -EINVAL;
	if (range.high > UINT32_MAX)
		return tw_words_fail(&parser->words, "too many cycles");
	parser->rule->cycles = range;
	parser->rule->more = more;
	return more ? tw_words_need(&parser->words, "cycles") : 0;
}

int tw_parse_after(struct tw_parser *parser)
{
	const struct tw_unit_name *unit;
	struct tw_rule *rule = parser->rule;
	struct tw_range range;

	if (tw_words_next(&parser->words))
		return -EINVAL;
	if (!tw_words_is_number(&parser->words))
		return parse_call(parser, true);
	if (tw_words_measure(&parser->words, amounts, SOME_TIME, &range, &unit))
		return -EINVAL;
	if (unit->class == CLASS_CYCLES || unit->class == CLASS_MORE)
		return parse_cycles(parser, range, unit->class == CLASS_MORE);
	if (unit->class == CLASS_TIME) {
		rule->after_ns = range;
		return tw_parse_set(parser, TW_C_AFTER_TIME);
	}
	if (unit->class == CLASS_BYTES) {
		rule->after_bytes = range;
		return tw_parse_set(parser, TW_C_AFTER_BYTES);
	}
	rule->after_ops = range;
	return tw_parse_set(parser, TW_C_AFTER_OPS) ? -EINVAL : set_counts(parser, unit->class);
}

int tw_parse_every(struct tw_parser *parser)
{
	const struct tw_unit_name *unit;

	if (tw_parse_set(parser, TW_C_EVERY) || tw_words_next(&parser->words) ||
		tw_words_measure(&parser->words, nouns, SOME_OPS, &parser->rule->every, &unit))
		return -EINVAL;
	if (!parser->rule->every.low)
		return tw_words_fail(&parser->words, "'every 0' never comes");
	return set_counts(parser, unit->class);
}
