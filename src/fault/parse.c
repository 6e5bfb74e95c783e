/* SPDX-License-Identifier: MIT */
/*
 * parse.c - from a line of text to a rule: the kind with what belongs to it,
 * then its clauses in any order, then whether they make sense together.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "base/fail.h"

#define MOST_BITS 65536u
#define MOST_TIME (UINT64_C(1) << 62)

int tw_parse_set(struct tw_parser *parser, unsigned clause)
{
	struct tw_rule *rule = parser->rule;

	if (rule->clauses & clause)
		return tw_words_fail(&parser->words, "this was said already");
	if (!(tw_kinds[rule->kind].allowed & clause))
		return tw_words_fail(&parser->words, "makes no sense with '%s'",
			tw_kinds[rule->kind].name);
	rule->clauses |= clause;
	return 0;
}

/* ---- what ---- */

/* Whether an operation or a call follows the word in hand, "before" or "after". */
static bool begins_clause(const struct tw_words *words)
{
	struct tw_words ahead = *words;

	ahead.err = NULL;
	return !tw_words_next(&ahead) &&
	       (tw_words_is_number(&ahead) ||
		       tw_parse_find(&ahead, tw_call_names, TWINFS_FAULT_CALLS) >= 0);
}

static int parse_keep(struct tw_parser *parser)
{
	struct tw_outcome *outcome = &parser->rule->outcome;

	outcome->extent = TW_EXTENT_KEEP;
	do {
		uint64_t off, len;

		if (outcome->keep_count == TW_KEEP_MAX)
			return tw_words_fail(&parser->words, "at most %d pieces", TW_KEEP_MAX);
		if (tw_words_span(&parser->words, &off, &len))
			return -EINVAL;
		if (off + len > UINT32_MAX)
			return tw_words_fail(&parser->words, "the piece ends too far away");
		outcome->keep[outcome->keep_count++] =
			(struct tw_keep){(uint32_t)off, (uint32_t)len};
	} while (tw_words_is_number(&parser->words));
	return 0;
}

/* Behind "torn": how far the operation got. */
static int parse_tear(struct tw_parser *parser)
{
	static const struct tw_unit_name percent[] = {{"%", 1, 0}, {NULL, 0, 0}};
	struct tw_words *words = &parser->words;
	struct tw_outcome *outcome = &parser->rule->outcome;
	const struct tw_unit_name *unit;
	int rc = tw_words_take(words, "keep");

	if (rc)
		return rc < 0 ? rc : parse_keep(parser);
	rc = tw_words_take(words, "zeros");
	if (rc) {
		outcome->extent = TW_EXTENT_ZEROS;
		return rc < 0 ? rc : tw_words_range(words, UINT32_MAX, &outcome->amount);
	}
	rc = tw_words_take(words, "here");
	outcome->extent = rc ? TW_EXTENT_HERE : TW_EXTENT_CHANCE;
	if (rc || !tw_words_is_number(words))
		return rc < 0 ? rc : 0;
	if (strchr(words->word, '%')) {
		outcome->extent = TW_EXTENT_PERCENT;
		return tw_words_measure(words, percent, 100, &outcome->amount, &unit);
	}
	outcome->extent = TW_EXTENT_BYTES;
	return tw_words_range(words, UINT32_MAX, &outcome->amount);
}

static int parse_rest(struct tw_parser *parser)
{
	static const char *const names[] = {
		[TW_REST_OLD] = "clean",
		[TW_REST_MIXED] = "mixed",
		[TW_REST_GARBAGE] = "garbage",
		[TW_REST_LOOSE] = "loose",
	};
	int rest = tw_parse_find(&parser->words, names, sizeof(names) / sizeof(*names));

	if (rest < 0)
		return 0;
	if (tw_parse_set(parser, TW_C_REST))
		return -EINVAL;
	parser->rule->outcome.rest = (enum tw_rest)rest;
	return tw_words_next(&parser->words);
}

int tw_parse_outcome(struct tw_parser *parser)
{
	struct tw_words *words = &parser->words;
	struct tw_outcome *outcome = &parser->rule->outcome;
	bool is_cut = parser->rule->kind == TWINFS_FAULT_CUT;

	if (tw_words_is(words, "done") ||
		(is_cut && tw_words_is(words, "after") && !begins_clause(words))) {
		outcome->extent = TW_EXTENT_DONE;
		return tw_parse_set(parser, TW_C_EXTENT) ? -EINVAL : tw_words_next(words);
	}
	if (is_cut && tw_words_is(words, "before") && !begins_clause(words))
		return tw_words_next(words);
	if (!tw_words_is(words, "torn"))
		return 0;
	if (tw_parse_set(parser, TW_C_EXTENT) || tw_words_next(words) || parse_tear(parser))
		return -EINVAL;
	return parse_rest(parser);
}

/* "N bits", "mask 0x80" */
static int parse_bits(struct tw_parser *parser)
{
	static const struct tw_unit_name bits[] = {{"bits", 1, 0}, {"bit", 1, 0}, {NULL, 0, 0}};
	struct tw_rule *rule = parser->rule;
	const struct tw_unit_name *unit;
	uint64_t mask;

	if (tw_words_is(&parser->words, "mask")) {
		if (tw_parse_set(parser, TW_C_BITS) || tw_words_next(&parser->words) ||
			tw_words_number(&parser->words, 0xff, &mask))
			return -EINVAL;
		rule->mask = (uint8_t)mask;
		return mask ? 0 : tw_words_fail(&parser->words, "a mask of 0 means no bits");
	}
	if (!tw_words_is_number(&parser->words))
		return 0;
	if (tw_parse_set(parser, TW_C_BITS) ||
		tw_words_measure(&parser->words, bits, MOST_BITS, &rule->bits, &unit))
		return -EINVAL;
	return rule->bits.high ? 0 : tw_words_fail(&parser->words, "0 bits are no fault");
}

/* The kind, and what stands right behind it. */
static int fail_kind(struct tw_words *words)
{
	const char *names[TWINFS_FAULT_KINDS], *meant;

	for (unsigned kind = 0; kind < TWINFS_FAULT_KINDS; kind++)
		names[kind] = tw_kinds[kind].name;
	meant = twinfs_nearest(words->word, names, TWINFS_FAULT_KINDS);
	return tw_words_fail(words,
		"expected a fault: cut, fail, skip, flip, fill, garble, stick, loosen, misread, "
		"wear out, slow, read only, brown-out or note%s%s%s",
		meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "");
}

static int parse_what(struct tw_parser *parser)
{
	struct tw_words *words = &parser->words;
	struct tw_rule *rule = parser->rule;
	char name[TWINFS_FAULT_RULE_MAX];
	int kind = 0;

	/* two kinds have a name of two words: the second comes as a rest of the first */
	for (; kind < TWINFS_FAULT_KINDS; kind++) {
		size_t len = strcspn(tw_kinds[kind].name, " ");

		memcpy(name, tw_kinds[kind].name, len);
		name[len] = '\0';
		if (tw_words_is(words, name))
			break;
	}
	if (kind == TWINFS_FAULT_KINDS)
		return fail_kind(words);
	rule->kind = (enum twinfs_fault_kind)kind;
	if (tw_words_next(words))
		return -EINVAL;
	if (strchr(tw_kinds[kind].name, ' ') &&
		tw_words_need(words, strchr(tw_kinds[kind].name, ' ') + 1))
		return -EINVAL;
	if ((tw_kinds[kind].allowed & TW_C_ON) && tw_parse_noun(words) && tw_parse_on(parser))
		return -EINVAL;
	if ((tw_kinds[kind].allowed & TW_C_BITS) && parse_bits(parser))
		return -EINVAL;
	if ((tw_kinds[kind].allowed & TW_C_EXTENT) && tw_parse_outcome(parser))
		return -EINVAL;
	return 0;
}

/* ---- the other clauses ---- */

static int parse_duration(struct tw_parser *parser, unsigned clause, uint64_t *ret_ns)
{
	static const struct tw_unit_name times[] = {{"ms", 1000000, 0}, {"ns", 1, 0},
		{"us", 1000, 0}, {"s", 1000000000, 0}, {"min", UINT64_C(60000000000), 0},
		{"h", UINT64_C(3600000000000), 0}, {NULL, 0, 0}};
	const struct tw_unit_name *unit;
	struct tw_range range;

	if (tw_parse_set(parser, clause) || tw_words_next(&parser->words) ||
		tw_words_measure(&parser->words, times, MOST_TIME, &range, &unit))
		return -EINVAL;
	if (range.low != range.high)
		return tw_words_fail(&parser->words, "a range makes no sense here");
	*ret_ns = range.low;
	return 0;
}

static int parse_by(struct tw_parser *parser)
{
	return parse_duration(parser, TW_C_BY, &parser->rule->by_ns);
}

static int parse_for(struct tw_parser *parser)
{
	return parse_duration(parser, TW_C_FOR, &parser->rule->for_ns);
}

/* Behind "from" and "to": a voltage. */
static int parse_mv(struct tw_parser *parser, unsigned clause, uint32_t *ret_mv)
{
	static const struct tw_unit_name units[] = {{"mV", 1, 0}, {NULL, 0, 0}};
	const struct tw_unit_name *unit;
	struct tw_range range;

	if (tw_parse_set(parser, clause) ||
		tw_words_measure(&parser->words, units, 100000, &range, &unit))
		return -EINVAL;
	if (range.low != range.high)
		return tw_words_fail(&parser->words, "a range makes no sense here");
	*ret_mv = (uint32_t)range.low;
	return 0;
}

static int parse_from(struct tw_parser *parser)
{
	if (tw_words_next(&parser->words))
		return -EINVAL;
	return parse_mv(parser, TW_C_FROM_MV, &parser->rule->from_mv);
}

static int parse_to(struct tw_parser *parser)
{
	uint64_t bit;

	if (tw_words_next(&parser->words))
		return -EINVAL;
	if (parser->rule->kind == TWINFS_FAULT_BROWN_OUT)
		return parse_mv(parser, TW_C_TO_MV, &parser->rule->to_mv);
	if (tw_parse_set(parser, TW_C_TO_BIT) || tw_words_number(&parser->words, 1, &bit))
		return -EINVAL;
	parser->rule->to_bit = (uint8_t)bit;
	return 0;
}

static int parse_error(struct tw_parser *parser)
{
	int code;

	if (tw_parse_set(parser, TW_C_ERROR) || tw_words_next(&parser->words))
		return -EINVAL;
	code = tw_error_code(parser->words.word);
	if (!code)
		return tw_words_fail(&parser->words,
			"expected EIO, EBADMSG, ETIMEDOUT, ENOSPC, EROFS or EACCES");
	parser->rule->error = code;
	return tw_words_next(&parser->words);
}

static int parse_symptom(struct tw_parser *parser)
{
	struct tw_words first = parser->words;

	if (tw_parse_set(parser, TW_C_SYMPTOM) || tw_words_next(&parser->words))
		return -EINVAL;
	for (int i = 0; i < TW_SYMPTOMS; i++) {
		size_t len = strlen(first.word);

		if (!strncmp(tw_symptom_names[i], first.word, len) &&
			tw_symptom_names[i][len] == ' ' &&
			tw_words_is(&parser->words, tw_symptom_names[i] + len + 1)) {
			parser->rule->symptom = (enum tw_symptom)i;
			return tw_words_next(&parser->words);
		}
	}
	return tw_words_fail(&first, "expected a symptom: erase, program or read, then error, "
				     "skip or flip");
}

static int parse_with(struct tw_parser *parser)
{
	struct tw_words *words = &parser->words;
	struct tw_rule *rule = parser->rule;
	uint64_t value = 0;

	if (tw_words_next(words))
		return -EINVAL;
	if (tw_words_is(words, "chance")) {
		if (tw_parse_set(parser, TW_C_CHANCE) || tw_words_next(words))
			return -EINVAL;
		return tw_words_chance(words, &rule->chance_of, &rule->chance_in);
	}
	if (tw_words_is(words, "error"))
		return parse_error(parser);
	if (tw_parse_noun(words))
		return parse_symptom(parser);
	rule->is_random = tw_words_is(words, "random");
	if (!rule->is_random && !tw_words_is_number(words))
		return tw_words_fail(words, "expected chance, error, a byte, random or a symptom");
	if (tw_parse_set(parser, TW_C_VALUE))
		return -EINVAL;
	if (rule->is_random)
		return tw_words_next(words);
	if (tw_words_number(words, 0xff, &value))
		return -EINVAL;
	rule->value = (uint8_t)value;
	return 0;
}

static int parse_label(struct tw_parser *parser, unsigned clause, char *label)
{
	if (tw_parse_set(parser, clause))
		return -EINVAL;
	return tw_words_copy(&parser->words, label, TW_LABEL);
}

static int parse_since(struct tw_parser *parser)
{
	return tw_words_next(&parser->words) ? -EINVAL
					     : parse_label(parser, TW_C_SINCE, parser->rule->since);
}

static int parse_as(struct tw_parser *parser)
{
	return tw_words_next(&parser->words) ? -EINVAL
					     : parse_label(parser, TW_C_AS, parser->rule->as);
}

static int parse_until(struct tw_parser *parser)
{
	if (tw_words_next(&parser->words))
		return -EINVAL;
	if (!tw_words_is(&parser->words, "cleared"))
		return parse_label(parser, TW_C_UNTIL, parser->rule->until);
	parser->rule->limit = TW_FOREVER;
	return tw_parse_set(parser, TW_C_LIMIT) ? -EINVAL : tw_words_next(&parser->words);
}

static int parse_once(struct tw_parser *parser)
{
	parser->rule->limit = 1;
	return tw_parse_set(parser, TW_C_LIMIT) ? -EINVAL : tw_words_next(&parser->words);
}

static int parse_seed(struct tw_parser *parser)
{
	if (tw_parse_set(parser, TW_C_SEED) || tw_words_next(&parser->words))
		return -EINVAL;
	return tw_words_number(&parser->words, UINT64_MAX, &parser->rule->seed);
}

static int parse_now(struct tw_parser *parser)
{
	return tw_parse_set(parser, TW_C_NOW) ? -EINVAL : tw_words_next(&parser->words);
}

static int parse_silently(struct tw_parser *parser)
{
	return tw_parse_set(parser, TW_C_SILENT) ? -EINVAL : tw_words_next(&parser->words);
}

static int parse_times(struct tw_parser *parser)
{
	if (tw_parse_set(parser, TW_C_LIMIT) ||
		tw_words_number(&parser->words, UINT32_MAX, &parser->rule->limit))
		return -EINVAL;
	if (!parser->rule->limit)
		return tw_words_fail(&parser->words, "0 times are no fault");
	return tw_words_need(&parser->words, "times");
}

static int parse_clause(struct tw_parser *parser)
{
	static const struct {
		const char *word;
		int (*parse)(struct tw_parser *parser);
	} clauses[] = {
		{"in", tw_parse_in},
		{"on", tw_parse_on},
		{"at", tw_parse_at},
		{"after", tw_parse_after},
		{"before", tw_parse_before},
		{"every", tw_parse_every},
		{"with", parse_with},
		{"by", parse_by},
		{"for", parse_for},
		{"from", parse_from},
		{"to", parse_to},
		{"since", parse_since},
		{"until", parse_until},
		{"as", parse_as},
		{"once", parse_once},
		{"seed", parse_seed},
		{"now", parse_now},
		{"silently", parse_silently},
		{"done", tw_parse_outcome},
		{"torn", tw_parse_outcome},
	};

	for (size_t i = 0; i < sizeof(clauses) / sizeof(*clauses); i++)
		if (tw_words_is(&parser->words, clauses[i].word))
			return clauses[i].parse(parser);
	if (tw_words_is_number(&parser->words))
		return parse_times(parser);
	return tw_words_fail(&parser->words,
		"expected where, when or how often: in, on, at, after, every, once, ...");
}

int tw_rule_parse(const char *text, struct tw_rule *ret_rule, struct twinfs_error *err)
{
	struct tw_rule rule = {0};
	struct tw_parser parser = {.rule = &rule};
	int rc = tw_words_begin(&parser.words, text, err);

	if (rc)
		return rc;
	if (tw_words_at_end(&parser.words))
		return 0;
	rc = parse_what(&parser);
	while (!rc && !tw_words_at_end(&parser.words))
		rc = parse_clause(&parser);
	if (!rc)
		rc = tw_rule_settle(&parser);
	if (rc)
		return rc;
	*ret_rule = rule;
	return 1;
}
