/* SPDX-License-Identifier: MIT */
/*
 * settle.c - what a rule means that does not say everything, and which rules
 * contradict themselves.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

/* Where a brown-out ends: the least supply of a module. */
#define LEAST_MV 3300u

static bool has(const struct tw_rule *rule, unsigned clauses)
{
	return rule->clauses & clauses;
}

static int check_needed(struct tw_parser *parser)
{
	const struct tw_rule *rule = parser->rule;
	unsigned needed = tw_kinds[rule->kind].needed;

	if (!needed || has(rule, needed))
		return 0;
	if (needed & TW_C_BITS)
		return tw_words_fail(&parser->words, "'%s' needs a number of bits, or a mask",
			tw_kinds[rule->kind].name);
	if (needed & TW_C_VALUE)
		return tw_words_fail(&parser->words, "'fill' needs 'with' and a byte");
	if (needed & TW_C_CYCLES)
		return tw_words_fail(&parser->words, "'wear out' needs 'after N cycles'");
	if (needed & TW_C_BY)
		return tw_words_fail(&parser->words, "'slow' needs 'by' and a time");
	return tw_words_fail(&parser->words, "'brown-out' needs 'for' and a time");
}

static unsigned worn_operations(enum tw_symptom symptom)
{
	switch (symptom) {
	case TW_ERASE_ERROR:
		return TW_ERASE;
	case TW_ERASE_SKIP:
		return TW_WRITE;
	case TW_PROGRAM_ERROR:
	case TW_PROGRAM_SKIP:
	case TW_PROGRAM_FLIP:
		return TW_PROGRAM;
	case TW_READ_ERROR:
	case TW_READ_FLIP:
		return TW_READ;
	case TW_SYMPTOMS:
		break;
	}
	return 0;
}

/* Which operations, or calls, the rule acts on, and which it counts. */
static void settle_operations(struct tw_parser *parser)
{
	struct tw_rule *rule = parser->rule;
	const unsigned timed = TW_C_ON | TW_C_AT_SEQ | TW_C_AT_NTH | TW_C_AFTER_OPS |
			       TW_C_AFTER_BYTES | TW_C_EVERY | TW_C_CHANCE | TW_C_IN | TW_C_CALL;

	if (has(rule, TW_C_CALL))
		rule->act = TW_CALL;
	else if (rule->kind == TWINFS_FAULT_WEAR_OUT)
		rule->act = worn_operations(rule->symptom);
	else if (rule->kind == TWINFS_FAULT_MISREAD && !has(rule, TW_C_ON))
		rule->act = TW_READ;
	else if (!has(rule, TW_C_ON))
		rule->act = parser->counts ? parser->counts : tw_kinds[rule->kind].act;
	rule->count = parser->counts ? parser->counts : rule->act;
	/* Those need no operation to happen in; the others do. */
	if (has(rule, TW_C_AFTER_TIME) && !has(rule, timed) &&
		(rule->kind == TWINFS_FAULT_CUT || rule->kind == TWINFS_FAULT_BROWN_OUT ||
			rule->kind == TWINFS_FAULT_NOTE))
		rule->act |= TW_TICK;
}

static int check_operations(struct tw_parser *parser)
{
	const struct tw_words *words = &parser->words;
	const struct tw_rule *rule = parser->rule;
	const unsigned calls = TW_C_ON | TW_C_AT_SEQ | TW_C_AFTER_BYTES | TW_C_IN | TW_C_EXTENT;

	if (has(rule, TW_C_CALL) && has(rule, calls))
		return tw_words_fail(words, "a rule waits for calls or for operations, not both");
	if ((rule->count == TW_CALL) != has(rule, TW_C_CALL))
		return tw_words_fail(words, has(rule, TW_C_CALL)
						    ? "the rule waits for calls, and counts "
						      "operations"
						    : "which calls? say 'before CALL of PATH'");
	if (rule->kind == TWINFS_FAULT_MISREAD && rule->act != TW_READ)
		return tw_words_fail(words, "'misread' is about reads");
	if ((rule->kind == TWINFS_FAULT_SKIP || rule->kind == TWINFS_FAULT_READ_ONLY) &&
		(rule->act & TW_READ))
		return tw_words_fail(words, "'%s' is about programs and erases",
			tw_kinds[rule->kind].name);
	if (has(rule, TW_C_EVERY | TW_C_AT_NTH) && (rule->act & ~(unsigned)TW_TICK) != rule->count)
		return tw_words_fail(words, "'at' and 'every' count what the rule acts on");
	if (has(rule, TW_C_AT_SEQ) && !(rule->act & TW_WRITE))
		return tw_words_fail(words, "'at op' means programs and erases; say 'at read N'");
	return 0;
}

static int check_outcome(struct tw_parser *parser)
{
	const struct tw_words *words = &parser->words;
	const struct tw_rule *rule = parser->rule;

	if (has(rule, TW_C_EXTENT) && !(rule->act & TW_WRITE))
		return tw_words_fail(words, "only a program or erase can take place in part");
	if (rule->outcome.extent == TW_EXTENT_HERE && !has(rule, TW_C_AFTER_BYTES))
		return tw_words_fail(words, "'torn here' needs 'after N bytes'");
	if (rule->outcome.extent == TW_EXTENT_ZEROS && !(rule->act & TW_ERASE))
		return tw_words_fail(words, "'torn zeros' is about erases");
	if (has(rule, TW_C_SILENT) && has(rule, TW_C_ERROR))
		return tw_words_fail(words, "either silently or with an error");
	if (has(rule, TW_C_BITS) && has(rule, TW_C_VALUE))
		return tw_words_fail(words, "either bits or a value");
	if (rule->to_mv > rule->from_mv)
		return tw_words_fail(words, "the supply must fall, not rise");
	return 0;
}

/* How often, unless the rule says it. */
static int settle_limit(struct tw_parser *parser)
{
	struct tw_rule *rule = parser->rule;
	const struct tw_kind *kind = &tw_kinds[rule->kind];
	unsigned often = TW_C_EVERY | TW_C_CHANCE | (kind->changes_cells ? TW_C_ON : 0u);

	rule->at_once = has(rule, TW_C_NOW) ||
			(kind->changes_cells && !has(rule, TW_C_TRIGGER | TW_C_CALL));
	if (has(rule, TW_C_NOW) && has(rule, TW_C_TRIGGER | TW_C_CALL))
		return tw_words_fail(&parser->words, "either now or later");
	if (rule->at_once && has(rule, TW_C_LIMIT | TW_C_UNTIL) && rule->limit != 1)
		return tw_words_fail(&parser->words, "what happens now happens once");
	if (!has(rule, TW_C_LIMIT))
		rule->limit =
			rule->at_once || (kind->is_once && !has(rule, often)) ? 1 : TW_FOREVER;
	return 0;
}

int tw_rule_settle(struct tw_parser *parser)
{
	struct tw_rule *rule = parser->rule;

	if (check_needed(parser))
		return -EINVAL;
	if (!has(rule, TW_C_TO_BIT))
		rule->to_bit = 2;
	if (!has(rule, TW_C_ERROR))
		rule->error = rule->kind == TWINFS_FAULT_READ_ONLY ? -EROFS : -EIO;
	if (!has(rule, TW_C_FROM_MV))
		rule->from_mv = TWINFS_FAULT_SUPPLY_MV;
	if (!has(rule, TW_C_TO_MV))
		rule->to_mv = rule->from_mv < LEAST_MV ? rule->from_mv : LEAST_MV;
	settle_operations(parser);
	if (check_operations(parser) || check_outcome(parser))
		return -EINVAL;
	return settle_limit(parser);
}
