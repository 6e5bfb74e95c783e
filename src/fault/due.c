/* SPDX-License-Identifier: MIT */
/*
 * due.c - whether it is a rule's turn.
 *
 * The tests come in one order, which the language promises: limit, since and
 * until, place, count, after, every, chance. What fails a test is not counted
 * by those behind it.
 */
#include "state.h"

#include <string.h>

#include "base/random.h"

uint64_t tw_draw_below(uint64_t *random, uint64_t n)
{
	return n ? tw_random(random) % n : 0;
}

uint64_t tw_draw(uint64_t *random, struct tw_range range)
{
	if (range.low == range.high)
		return range.low;
	return range.low + tw_draw_below(random, range.high - range.low + 1);
}

static bool has(const struct tw_live_rule *live, unsigned clause)
{
	return live->rule.clauses & clause;
}

void tw_due_begin(struct tw_live_rule *live, uint64_t time_ns)
{
	live->at_nth = tw_draw(&live->random, live->rule.at_nth);
	live->after_ops = tw_draw(&live->random, live->rule.after_ops);
	live->after_bytes = tw_draw(&live->random, live->rule.after_bytes);
	live->after_ns = tw_draw(&live->random, live->rule.after_ns);
	live->every = tw_draw(&live->random, live->rule.every);
	live->start_ns = time_ns;
}

static bool overlaps(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

/* Whether the operation is in the rule's place; where it changes cells by the clock, all are. */
static bool is_in_place(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	const struct tw_where *where = &live->rule.where;
	struct twinfs_fault_target target = {
		where->role, where->path[0] ? where->path : NULL, where->slot};

	if (tw_kinds[live->rule.kind].changes_cells && !has(live, TW_C_ON))
		return true;
	if (live->span_len && !overlaps(op->addr, op->len, live->span_addr, live->span_len))
		return false;
	if (where->kind != TW_TARGET && where->kind != TW_SLOT)
		return true;
	return faults->site.concerns && faults->site.concerns(faults->site.ctx, op, &target);
}

static bool is_over(const struct tw_live_rule *live)
{
	return live->fired >= live->rule.limit || live->until_fired;
}

/* Counts the moment; the tests that look at what was counted before it. */
static bool is_after(struct tw_live_rule *live, const struct tw_moment *moment)
{
	bool counts = moment->what & live->rule.count;
	uint64_t len = moment->op && counts ? moment->op->len : 0;
	uint64_t before = live->counted, bytes = live->bytes;

	live->counted += counts;
	live->bytes += len;
	if (!(moment->what & live->rule.act))
		return false;
	if (has(live, TW_C_AT_SEQ) && (!moment->op || moment->op->seq != live->rule.at_seq))
		return false;
	if (has(live, TW_C_AT_NTH) && live->counted != live->at_nth)
		return false;
	if (before < live->after_ops)
		return false;
	if (has(live, TW_C_AFTER_BYTES) && live->bytes <= live->after_bytes)
		return false;
	live->here = live->after_bytes > bytes ? live->after_bytes - bytes : 0;
	return !has(live, TW_C_AFTER_TIME) || moment->time_ns - live->start_ns >= live->after_ns;
}

bool tw_due(struct twinfs_faults *faults, struct tw_live_rule *live, const struct tw_moment *moment)
{
	if (!(moment->what & (live->rule.act | live->rule.count)) || live->rule.at_once)
		return false;
	if (is_over(live) || (has(live, TW_C_SINCE) && !live->since_fired))
		return false;
	if (moment->op && !is_in_place(faults, live, moment->op))
		return false;
	if (!is_after(live, moment))
		return false;
	if (has(live, TW_C_EVERY)) {
		if (++live->passed < live->every)
			return false;
		live->passed = 0;
		live->every = tw_draw(&live->random, live->rule.every);
	}
	return !has(live, TW_C_CHANCE) ||
	       tw_draw_below(&live->random, live->rule.chance_in) < live->rule.chance_of;
}

void tw_due_fired(struct tw_live_rule *live)
{
	live->fired++;
	live->is_news = live->rule.as[0];
}

/* Starts and ends those that wait for what @live is called. */
static void spread_news(struct twinfs_faults *faults, const struct tw_live_rule *live,
	uint64_t time_ns)
{
	for (unsigned i = 0; i < faults->count; i++) {
		struct tw_live_rule *other = faults->rules[i];

		if (!strcmp(other->rule.until, live->rule.as))
			other->until_fired = true;
		if (other->since_fired || strcmp(other->rule.since, live->rule.as) != 0)
			continue;
		other->since_fired = true;
		other->start_ns = time_ns;
	}
}

void tw_due_end(struct twinfs_faults *faults, uint64_t time_ns)
{
	for (unsigned i = 0; i < faults->count; i++) {
		if (!faults->rules[i]->is_news)
			continue;
		faults->rules[i]->is_news = false;
		spread_news(faults, faults->rules[i], time_ns);
	}
}

enum twinfs_fault_state tw_due_state(const struct tw_live_rule *live, uint64_t time_ns)
{
	const struct tw_rule *rule = &live->rule;

	if (is_over(live) || (has(live, TW_C_AT_NTH) && live->counted >= live->at_nth))
		return TWINFS_FAULT_DONE;
	if (has(live, TW_C_SINCE) && !live->since_fired)
		return TWINFS_FAULT_WAITING;
	if (has(live, TW_C_AT_NTH) && live->counted + 1 < live->at_nth)
		return TWINFS_FAULT_WAITING;
	if (live->counted < live->after_ops || live->bytes < live->after_bytes)
		return TWINFS_FAULT_WAITING;
	if (has(live, TW_C_AFTER_TIME) && time_ns - live->start_ns < live->after_ns)
		return TWINFS_FAULT_WAITING;
	if (has(live, TW_C_EVERY) && live->passed + 1 < live->every)
		return TWINFS_FAULT_WAITING;
	return rule->limit ? TWINFS_FAULT_ARMED : TWINFS_FAULT_DONE;
}
