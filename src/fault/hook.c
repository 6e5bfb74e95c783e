/* SPDX-License-Identifier: MIT */
/*
 * hook.c - what happens to an operation: the chip asks before it, tells after
 * it, and asks what a reader is to see.
 *
 * Rules are asked in the order they were added. The first one that decides the
 * fate of the operation (cut, fail, skip, read only, wear out) does so alone;
 * what changes cells, time or the reader's view adds up. What is to be done to
 * the cells of a program or erase waits until that is over.
 */
#include "hook.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"

static unsigned bit_of(const struct twinfs_flash_op *op)
{
	return 1u << op->kind;
}

static void decide(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, int rc)
{
	faults->verdict.rule = live;
	faults->verdict.rc = rc;
	tw_outcome_decide(faults, live, op, &faults->verdict);
}

/* ---- wear ---- */

/* Erases after which @unit fails: each has its own number, drawn once and for all. */
static uint64_t endurance(const struct tw_live_rule *live, uint64_t unit)
{
	const struct tw_range *cycles = &live->rule.cycles;
	uint64_t spread = cycles->high - cycles->low + 1;

	return cycles->low + tw_random_at(live->wear_seed, unit) % spread;
}

static bool is_worn(const struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	uint64_t end = op->addr + op->len;

	for (uint64_t unit = op->addr / faults->erase_size; unit * faults->erase_size < end; unit++)
		if (faults->wear[unit] >=
			endurance(live, unit) + (live->base_wear ? live->base_wear[unit] : 0))
			return true;
	return false;
}

/* False: it was decided otherwise already. */
static bool wear_out(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	switch (live->rule.symptom) {
	case TW_PROGRAM_FLIP:
	case TW_READ_FLIP:
		live->pending = true;
		return true;
	case TW_ERASE_ERROR:
	case TW_PROGRAM_ERROR:
	case TW_READ_ERROR:
		if (faults->verdict.rule)
			return false;
		decide(faults, live, op, -EIO);
		return true;
	case TW_ERASE_SKIP:
	case TW_PROGRAM_SKIP:
		if (faults->verdict.rule)
			return false;
		decide(faults, live, op, TWINFS_FLASH_PRETEND);
		return true;
	case TW_SYMPTOMS:
		break;
	}
	return false;
}

/* ---- before ---- */

static void slow_down(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	struct twinfs_fault_event event = {
		.kind = TWINFS_FAULT_FIRED, .time_ns = op->time_ns, .in_ns = live->rule.by_ns};

	twinfs_flash_spend(faults->flash, live->rule.by_ns);
	event.done = op->len;
	tw_tell(faults, live, op, &event);
}

static void note(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	struct twinfs_fault_event event = {.kind = TWINFS_FAULT_FIRED, .time_ns = op->time_ns};

	event.done = op->len;
	tw_tell(faults, live, op, &event);
}

/* Changes cells; what it cannot find it leaves alone, but for what it can find only later. */
static void change_cells(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, int rc)
{
	struct tw_toll toll = {0};

	live->pending = tw_cells_apply(faults, live, op, &toll) == -EAGAIN;
	if (!live->pending)
		tw_tell_toll(faults, live, op, op->time_ns, rc, &toll);
}

/* The rule's turn has come. False: it gives way to one that has decided already. */
static bool fire(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	bool silent = live->rule.clauses & TW_C_SILENT;

	switch (live->rule.kind) {
	case TWINFS_FAULT_CUT:
	case TWINFS_FAULT_FAIL:
	case TWINFS_FAULT_SKIP:
	case TWINFS_FAULT_READ_ONLY:
		if (faults->verdict.rule)
			return false;
		decide(faults, live, op,
			live->rule.kind == TWINFS_FAULT_CUT              ? -ESHUTDOWN
			: live->rule.kind == TWINFS_FAULT_SKIP || silent ? TWINFS_FLASH_PRETEND
									 : live->rule.error);
		return true;
	case TWINFS_FAULT_WEAR_OUT:
		return wear_out(faults, live, op);
	case TWINFS_FAULT_FLIP:
	case TWINFS_FAULT_FILL:
	case TWINFS_FAULT_GARBLE:
	case TWINFS_FAULT_STICK:
	case TWINFS_FAULT_LOOSEN:
		live->pending = true;
		if (op->kind == TWINFS_FLASH_READ)
			change_cells(faults, live, op, 0);
		return true;
	case TWINFS_FAULT_MISREAD:
		live->pending = true;
		return true;
	case TWINFS_FAULT_SLOW:
		slow_down(faults, live, op);
		return true;
	case TWINFS_FAULT_BROWN_OUT:
		tw_brown_out_begin(faults, live, op->time_ns, op);
		return true;
	case TWINFS_FAULT_NOTE:
		note(faults, live, op);
		return true;
	case TWINFS_FAULT_KINDS:
		break;
	}
	return false;
}

/* Ends a brown-out whose time is up in this operation. */
static void end_brown_out(struct twinfs_faults *faults, const struct twinfs_flash_op *op)
{
	struct tw_live_rule *live = faults->brown_out.rule;

	if (!live || op->time_ns < faults->brown_out.end_ns)
		return;
	decide(faults, live, op, -ESHUTDOWN);
	faults->verdict.is_brown_out = true;
}

/* What is decided about a read that fails has no "after" in which to tell of it. */
static void close_read(struct twinfs_faults *faults, const struct twinfs_flash_op *op)
{
	if (!faults->verdict.rule)
		return;
	tw_hook_tell(faults, op, 0, faults->verdict.rc);
}

/* Whether what is pending of it is a reader to be deceived, or a worn unit. */
static bool deceives(const struct tw_live_rule *live)
{
	return live->rule.kind == TWINFS_FAULT_MISREAD || live->rule.kind == TWINFS_FAULT_WEAR_OUT;
}

static int before(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct twinfs_faults *faults = ctx;
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);
	struct tw_moment moment = {bit_of(op), op, op->time_ns};
	int rc;

	(void)guard;
	faults->verdict = (struct tw_verdict){0};
	faults->seq = op->seq;
	end_brown_out(faults, op);
	if (!faults->verdict.rule && !(faults->watched & moment.what))
		return 0;
	for (unsigned i = 0; i < faults->count; i++) {
		struct tw_live_rule *live = faults->rules[i];

		if (deceives(live))
			live->pending = false; /* of a read that failed elsewhere */
		if (!tw_due(faults, live, &moment))
			continue;
		if (live->rule.kind == TWINFS_FAULT_WEAR_OUT && !is_worn(faults, live, op))
			continue;
		if (fire(faults, live, op))
			tw_due_fired(live);
	}
	tw_due_end(faults, op->time_ns);
	rc = faults->verdict.rc;
	*done = faults->verdict.done;
	if (op->kind == TWINFS_FLASH_READ)
		close_read(faults, op);
	return rc;
}

/* ---- after ---- */

static void flip_one(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, int rc)
{
	struct tw_toll toll = {0};
	uint64_t bit = tw_draw_below(&live->random, 8 * (uint64_t)op->len);

	live->pending = false;
	tw_cells_flip(faults, op->addr + bit / 8, (uint8_t)(1u << bit % 8), &toll);
	tw_tell_toll(faults, live, op, op->time_ns, rc, &toll);
}

void tw_hook_tell(struct twinfs_faults *faults, const struct twinfs_flash_op *op, uint32_t done,
	int rc)
{
	const struct tw_verdict *verdict = &faults->verdict;
	struct twinfs_fault_event event = {
		.kind = TWINFS_FAULT_FIRED,
		.time_ns = op->time_ns,
		.code = rc,
		.done = done,
		.cuts_power = rc == -ESHUTDOWN,
	};

	if (event.cuts_power)
		tw_power_cut(faults, verdict->rule, op);
	tw_tell(faults, verdict->rule, op, &event);
}

static void after(void *ctx, const struct twinfs_flash_op *op, uint32_t done, int rc,
	const uint8_t *cells)
{
	struct twinfs_faults *faults = ctx;
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);

	(void)guard;
	/* as the chip itself counts */
	if (faults->wear && op->kind == TWINFS_FLASH_ERASE && rc >= 0)
		faults->wear[op->addr / faults->erase_size]++;
	if (faults->verdict.rule)
		tw_outcome_finish(faults, op, &faults->verdict, cells);
	if (faults->defect_count)
		tw_defects_enforce(faults, op, done);
	if (faults->verdict.rule)
		tw_hook_tell(faults, op, done, rc);
	for (unsigned i = 0; i < faults->count; i++) {
		struct tw_live_rule *live = faults->rules[i];

		if (!live->pending || live->rule.kind == TWINFS_FAULT_MISREAD)
			continue;
		if (live->rule.kind == TWINFS_FAULT_WEAR_OUT)
			flip_one(faults, live, op, rc);
		else
			change_cells(faults, live, op, rc);
	}
	tw_shadow_refresh(faults, op->addr, op->len);
	faults->verdict = (struct tw_verdict){0};
}

/* ---- seen ---- */

struct deceiving {
	uint8_t *copy;
	struct tw_toll *toll;
	uint64_t addr;
	const struct tw_rule *rule;
};

static void show(struct deceiving *deceiving, uint64_t off, uint8_t value)
{
	uint8_t mask = deceiving->copy[off] ^ value;

	deceiving->copy[off] = value;
	deceiving->toll->bits += (unsigned)__builtin_popcount(mask);
}

static bool show_bit(void *ctx, uint64_t off, uint8_t mask)
{
	struct deceiving *deceiving = ctx;

	show(deceiving, off, deceiving->copy[off] ^ mask);
	return true;
}

static void misread(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, uint8_t *copy)
{
	struct tw_toll toll = {0};
	struct deceiving deceiving = {copy, &toll, op->addr, &live->rule};
	const struct tw_rule *rule = &live->rule;
	uint64_t first = 0, end = op->len;

	/* of a read over the edge of the place, what lies in it */
	if (live->span_len && live->span_addr > op->addr)
		first = live->span_addr - op->addr;
	if (live->span_len && live->span_addr + live->span_len < op->addr + end)
		end = live->span_addr + live->span_len - op->addr;
	deceiving.copy = copy + first;
	if (rule->kind == TWINFS_FAULT_WEAR_OUT)
		tw_pick_bits(&live->random, end - first, 1, show_bit, &deceiving);
	else if ((rule->clauses & TW_C_BITS) && !rule->mask)
		tw_pick_bits(&live->random, end - first, tw_draw(&live->random, rule->bits),
			show_bit, &deceiving);
	else
		for (uint64_t off = 0; off < end - first; off++)
			show(&deceiving, off,
				rule->mask        ? deceiving.copy[off] ^ rule->mask
				: rule->is_random ? (uint8_t)(tw_random(&live->random) >> 32)
						  : rule->value);
	tw_tell_toll(faults, live, op, op->time_ns, 0, &toll);
}

/* Loose cells of the operation, each bit by chance. False: there are none. */
static bool has_loose(const struct twinfs_faults *faults, const struct twinfs_flash_op *op)
{
	if (!faults->loose_count)
		return false;
	for (size_t i = tw_defects_from(faults, op->addr); i < faults->defect_count; i++) {
		if (faults->defects[i].addr >= op->addr + op->len)
			return false;
		if (faults->defects[i].is_loose)
			return true;
	}
	return false;
}

static void shake_loose(struct twinfs_faults *faults, const struct twinfs_flash_op *op,
	uint8_t *copy)
{
	for (size_t i = tw_defects_from(faults, op->addr);
		i < faults->defect_count && faults->defects[i].addr < op->addr + op->len; i++) {
		const struct tw_defect *defect = &faults->defects[i];
		uint8_t chance = (uint8_t)(tw_random(&faults->loose_random) >> 32);

		if (defect->is_loose)
			copy[defect->addr - op->addr] ^= chance & defect->mask;
	}
}

static const uint8_t *seen(void *ctx, const struct twinfs_flash_op *op, const uint8_t *cells)
{
	struct twinfs_faults *faults = ctx;
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);
	uint8_t *copy = NULL;

	(void)guard;
	if (op->len && has_loose(faults, op)) {
		copy = tw_shadow_copy(faults, op->addr, op->len);
		shake_loose(faults, op, copy);
	}
	for (unsigned i = 0; i < faults->count; i++) {
		struct tw_live_rule *live = faults->rules[i];

		if (!live->pending || !op->len || !deceives(live))
			continue;
		live->pending = false;
		if (!copy)
			copy = tw_shadow_copy(faults, op->addr, op->len);
		misread(faults, live, op, copy);
	}
	return copy ? copy : cells;
}

void tw_hook_init(struct twinfs_faults *faults)
{
	faults->hook = (struct twinfs_flash_hook){
		.before = before, .after = after, .seen = seen, .ctx = faults};
}
