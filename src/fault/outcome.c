/* SPDX-License-Identifier: MIT */
/*
 * outcome.c - how much of an operation takes place that fails, is skipped or
 * meets the end of the power, and what is left in the cells it did not finish.
 *
 * The chip itself does the first bytes (the hook's *done); all else is done to
 * the cells afterwards. A program can only clear bits and an erase only set
 * them, so what is in between lies between the old and the new value; but for
 * garbage, which is what no model of cells explains.
 */
#include "state.h"

#include "base/random.h"

static uint32_t at_most(uint64_t value, uint32_t limit)
{
	return value < limit ? (uint32_t)value : limit;
}

void tw_outcome_decide(const struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, struct tw_verdict *verdict)
{
	const struct tw_outcome *outcome = &live->rule.outcome;
	uint32_t done = 0;

	(void)faults;
	switch (outcome->extent) {
	case TW_EXTENT_NONE:
	case TW_EXTENT_KEEP:
	case TW_EXTENT_ZEROS:
		break;
	case TW_EXTENT_DONE:
		done = op->len;
		break;
	case TW_EXTENT_BYTES:
		done = at_most(tw_draw(&live->random, outcome->amount), op->len);
		break;
	case TW_EXTENT_PERCENT:
		done = at_most(tw_draw(&live->random, outcome->amount) * op->len / 100, op->len);
		break;
	case TW_EXTENT_CHANCE:
		done = at_most(tw_draw_below(&live->random, op->len), op->len);
		break;
	case TW_EXTENT_HERE:
		done = at_most(live->here, op->len);
		break;
	}
	verdict->done = done;
	verdict->torn_at = done;
}

/* What @op makes of a cell. */
static uint8_t made_of(const struct twinfs_flash_op *op, uint32_t off, uint8_t old)
{
	return op->kind == TWINFS_FLASH_ERASE ? 0xff : old & op->data[off];
}

static void keep_pieces(struct twinfs_faults *faults, const struct tw_outcome *outcome,
	const struct twinfs_flash_op *op, const uint8_t *cells)
{
	struct tw_toll toll = {0};

	for (unsigned i = 0; i < outcome->keep_count; i++) {
		uint32_t off = at_most(outcome->keep[i].off, op->len);
		uint32_t end = at_most((uint64_t)off + outcome->keep[i].len, op->len);

		for (; off < end; off++)
			tw_cells_set(faults, op->addr + off, made_of(op, off, cells[off]), &toll);
	}
}

/* A real erase begins with clearing all bits, from the end. */
static void zero_tail(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	uint32_t len = at_most(tw_draw(&live->random, live->rule.outcome.amount), op->len);
	struct tw_toll toll = {0};

	for (uint32_t off = op->len - len; off < op->len; off++)
		tw_cells_set(faults, op->addr + off, 0, &toll);
}

/* The end of the cells that were being changed: of the unit of a program, of all of an erase. */
static uint32_t end_of_rest(const struct twinfs_faults *faults, const struct twinfs_flash_op *op,
	uint32_t at)
{
	uint32_t unit = faults->prog_size;

	if (op->kind == TWINFS_FLASH_ERASE)
		return op->len;
	return at_most((uint64_t)at / unit * unit + unit, op->len);
}

static void loosen(struct twinfs_faults *faults, const struct tw_live_rule *live, uint64_t addr,
	uint8_t mask)
{
	struct tw_defect defect = {.addr = addr, .mask = mask, .is_loose = true, .rule = live->id};

	if (mask)
		(void)tw_defects_add(faults, &defect); /* above a limit, cells stay sound */
}

static void spoil_rest(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, uint32_t at, const uint8_t *cells)
{
	enum tw_rest rest = live->rule.outcome.rest;
	uint32_t end = end_of_rest(faults, op, at);
	struct tw_toll toll = {0};

	for (uint32_t off = at; off < end; off++) {
		uint8_t open = cells[off] ^ made_of(op, off, cells[off]);
		uint8_t chance = (uint8_t)(tw_random(&live->random) >> 32);

		if (rest == TW_REST_GARBAGE)
			open = 0xff;
		if (rest == TW_REST_LOOSE)
			loosen(faults, live, op->addr + off, open);
		tw_cells_flip(faults, op->addr + off, open & chance, &toll);
	}
}

void tw_outcome_finish(struct twinfs_faults *faults, const struct twinfs_flash_op *op,
	const struct tw_verdict *verdict, const uint8_t *cells)
{
	struct tw_live_rule *live = verdict->rule;
	const struct tw_outcome *outcome = &live->rule.outcome;

	if (op->kind == TWINFS_FLASH_READ)
		return;
	if (outcome->extent == TW_EXTENT_KEEP)
		keep_pieces(faults, outcome, op, cells);
	else if (outcome->extent == TW_EXTENT_ZEROS && op->kind == TWINFS_FLASH_ERASE)
		zero_tail(faults, live, op);
	else if (outcome->extent != TW_EXTENT_DONE && outcome->rest != TW_REST_OLD)
		spoil_rest(faults, live, op, verdict->torn_at, cells);
}
