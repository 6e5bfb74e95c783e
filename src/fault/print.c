/* SPDX-License-Identifier: MIT */
/*
 * print.c - a rule as text, in the one form that all ways of writing it have in
 * common. Units that are spelt out can make it longer than what it was parsed
 * from: what does not fit is cut, and such a rule is refused when it is added.
 */
#include "rule.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
	char *buf;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	size_t room = TWINFS_FAULT_RULE_MAX - line->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line->buf + line->len, room, format, args);
	va_end(args);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
}

static bool has(const struct tw_rule *rule, unsigned clause)
{
	return rule->clauses & clause;
}

/* A name in quotes, if it would not be one word, or another one, without. */
static void add_name(struct line *line, const char *name)
{
	static const char *const taken[] = {
		"data", "metadata", "superblock", "slot", "block", "cleared", "on"};
	bool quote = !name[0] || strpbrk(name, " \t,\r\"\\") || name[0] == '#' ||
		     (name[0] >= '0' && name[0] <= '9');

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		quote |= !strcmp(name, taken[i]);
	if (!quote) {
		add(line, " %s", name);
		return;
	}
	add(line, " \"");
	for (; *name; name++)
		add(line, *name == '"' || *name == '\\' ? "\\%c" : "%c", *name);
	add(line, "\"");
}

static void add_range(struct line *line, struct tw_range range, uint64_t scale)
{
	add(line, " %" PRIu64, range.low / scale);
	if (range.low != range.high)
		add(line, "..%" PRIu64, range.high / scale);
}

static void add_time(struct line *line, struct tw_range range)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
	size_t i = 0;

	while (range.low % units[i].ns || range.high % units[i].ns)
		i++;
	add_range(line, range, units[i].ns);
	add(line, " %s", units[i].name);
}

static void add_bytes(struct line *line, struct tw_range range)
{
	bool whole = !(range.low % 1024) && !(range.high % 1024) && range.high;

	add_range(line, range, whole ? 1024 : 1);
	add(line, whole ? " KiB" : " bytes");
}

static const char *noun_of(unsigned operations)
{
	switch (operations & ~(unsigned)TW_TICK) {
	case TW_PROGRAM:
		return "program";
	case TW_ERASE:
		return "erase";
	case TW_READ:
		return "read";
	case TW_ACCESS:
		return "access";
	case TW_CALL:
		return "call";
	default:
		return "write";
	}
}

static const char *plural_of(unsigned operations)
{
	return operations == TW_ACCESS ? "es" : "s";
}

static void add_outcome(struct line *line, const struct tw_rule *rule)
{
	static const char *const rests[] = {
		[TW_REST_OLD] = "clean",
		[TW_REST_MIXED] = "mixed",
		[TW_REST_GARBAGE] = "garbage",
		[TW_REST_LOOSE] = "loose",
	};
	const struct tw_outcome *outcome = &rule->outcome;

	switch (outcome->extent) {
	case TW_EXTENT_NONE:
		return;
	case TW_EXTENT_DONE:
		add(line, " done");
		return;
	case TW_EXTENT_CHANCE:
		add(line, " torn");
		break;
	case TW_EXTENT_BYTES:
	case TW_EXTENT_PERCENT:
		add(line, " torn");
		add_range(line, outcome->amount, 1);
		if (outcome->extent == TW_EXTENT_PERCENT)
			add(line, "%%");
		break;
	case TW_EXTENT_HERE:
		add(line, " torn here");
		break;
	case TW_EXTENT_KEEP:
		add(line, " torn keep");
		for (unsigned i = 0; i < outcome->keep_count; i++)
			add(line, " %" PRIu32 "+%" PRIu32, outcome->keep[i].off,
				outcome->keep[i].len);
		break;
	case TW_EXTENT_ZEROS:
		add(line, " torn zeros");
		add_range(line, outcome->amount, 1);
		break;
	}
	if (has(rule, TW_C_REST))
		add(line, " %s", rests[outcome->rest]);
}

static void add_what(struct line *line, const struct tw_rule *rule)
{
	if (rule->mask)
		add(line, " mask 0x%02x", rule->mask);
	else if (has(rule, TW_C_BITS)) {
		add_range(line, rule->bits, 1);
		add(line, rule->bits.high == 1 ? " bit" : " bits");
	}
	add_outcome(line, rule);
	if (has(rule, TW_C_VALUE) && rule->is_random)
		add(line, " with random");
	else if (has(rule, TW_C_VALUE))
		add(line, " with 0x%02x", rule->value);
	if (has(rule, TW_C_TO_BIT))
		add(line, " to %u", rule->to_bit);
	if (has(rule, TW_C_BY)) {
		add(line, " by");
		add_time(line, (struct tw_range){rule->by_ns, rule->by_ns});
	}
	if (has(rule, TW_C_FOR)) {
		add(line, " for");
		add_time(line, (struct tw_range){rule->for_ns, rule->for_ns});
	}
	if (has(rule, TW_C_FROM_MV))
		add(line, " from %" PRIu32 " mV", rule->from_mv);
	if (has(rule, TW_C_TO_MV))
		add(line, " to %" PRIu32 " mV", rule->to_mv);
	if (has(rule, TW_C_SILENT))
		add(line, " silently");
}

static void add_target(struct line *line, const struct tw_where *where)
{
	static const char *const roles[] = {
		[TWINFS_FAULT_ANY_ROLE] = "",
		[TWINFS_FAULT_DATA] = " data",
		[TWINFS_FAULT_METADATA] = " metadata",
		[TWINFS_FAULT_SUPERBLOCK] = " superblock",
	};
	const char *name = where->path[0] ? where->path : where->part;

	add(line, "%s", roles[where->role]);
	if (where->role != TWINFS_FAULT_ANY_ROLE && name[0])
		add(line, " of");
	if (name[0])
		add_name(line, name);
}

static void add_blocks(struct line *line, const struct tw_where *where)
{
	char word[TW_PART_NAME + 48];
	int len = snprintf(word, sizeof(word), "%s%s%" PRIu64, where->part,
		where->part[0] ? ":" : "", where->block);

	if (where->count > 1)
		(void)snprintf(word + len, sizeof(word) - (size_t)len, "+%" PRIu64, where->count);
	add(line, " block");
	if (where->part[0])
		add_name(line, word);
	else
		add(line, " %s", word);
}

static void add_where(struct line *line, const struct tw_where *where)
{
	add(line, " in");
	switch (where->kind) {
	case TW_EVERYWHERE:
		break;
	case TW_SPAN:
		add(line, " 0x%" PRIx64 "+0x%" PRIx64, where->addr, where->len);
		break;
	case TW_PART:
		add_name(line, where->part);
		break;
	case TW_BLOCKS:
		add_blocks(line, where);
		break;
	case TW_TARGET:
		add_target(line, where);
		break;
	case TW_SLOT:
		add(line, " slot %u", where->slot);
		break;
	}
}

static void add_counts(struct line *line, const struct tw_rule *rule)
{
	const char *noun = noun_of(rule->count), *plural = plural_of(rule->count);

	if (has(rule, TW_C_AT_SEQ))
		add(line, " at op %" PRIu64, rule->at_seq);
	if (has(rule, TW_C_AT_NTH)) {
		add(line, " at %s", noun);
		add_range(line, rule->at_nth, 1);
	}
	if (has(rule, TW_C_AFTER_OPS)) {
		add(line, " after");
		add_range(line, rule->after_ops, 1);
		add(line, " %s%s", noun, plural);
	}
	if (has(rule, TW_C_AFTER_BYTES)) {
		add(line, " after");
		add_bytes(line, rule->after_bytes);
	}
	if (has(rule, TW_C_AFTER_TIME)) {
		add(line, " after");
		add_time(line, rule->after_ns);
	}
	if (has(rule, TW_C_CYCLES)) {
		add(line, " after");
		add_range(line, rule->cycles, 1);
		add(line, rule->more ? " more cycles" : " cycles");
	}
	if (has(rule, TW_C_EVERY)) {
		add(line, " every");
		add_range(line, rule->every, 1);
		add(line, " %s%s", noun, plural);
	}
}

static void add_call(struct line *line, const struct tw_rule *rule)
{
	const char *path = rule->call_path;

	add(line, " %s %s of", rule->call_ended ? "after" : "before", tw_call_names[rule->call]);
	if (!strncmp(path, "slot ", 5) && strspn(path + 5, "0123456789") == strlen(path + 5))
		add(line, " %s", path);
	else
		add_name(line, path);
}

static void add_rest(struct line *line, const struct tw_rule *rule)
{
	if (has(rule, TW_C_SYMPTOM))
		add(line, " with %s", tw_symptom_names[rule->symptom]);
	if (has(rule, TW_C_CHANCE))
		add(line, " with chance %" PRIu64 "/%" PRIu64, rule->chance_of, rule->chance_in);
	if (has(rule, TW_C_ERROR))
		add(line, " with error %s", tw_error_name(rule->error));
	if (has(rule, TW_C_SINCE)) {
		add(line, " since");
		add_name(line, rule->since);
	}
	if (has(rule, TW_C_UNTIL)) {
		add(line, " until");
		add_name(line, rule->until);
	}
	if (has(rule, TW_C_AS)) {
		add(line, " as");
		add_name(line, rule->as);
	}
	if (has(rule, TW_C_LIMIT) && rule->limit == 1)
		add(line, " once");
	else if (has(rule, TW_C_LIMIT) && rule->limit == TW_FOREVER)
		add(line, " until cleared");
	else if (has(rule, TW_C_LIMIT))
		add(line, " %" PRIu64 " times", rule->limit);
	if (has(rule, TW_C_SEED))
		add(line, " seed %" PRIu64, rule->seed);
	if (has(rule, TW_C_NOW))
		add(line, " now");
}

void tw_rule_print(const struct tw_rule *rule, char *buf)
{
	struct line line = {.buf = buf};
	bool noun_first = rule->kind == TWINFS_FAULT_FAIL || rule->kind == TWINFS_FAULT_SKIP ||
			  rule->kind == TWINFS_FAULT_SLOW;

	add(&line, "%s", tw_kinds[rule->kind].name);
	if (has(rule, TW_C_ON) && noun_first)
		add(&line, " %s", noun_of(rule->act));
	add_what(&line, rule);
	if (has(rule, TW_C_IN))
		add_where(&line, &rule->where);
	if (has(rule, TW_C_ON) && !noun_first)
		add(&line, " on %s", noun_of(rule->act));
	if (has(rule, TW_C_CALL))
		add_call(&line, rule);
	add_counts(&line, rule);
	add_rest(&line, rule);
}
