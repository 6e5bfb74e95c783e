/* SPDX-License-Identifier: MIT */
/*
 * state.h - the rules of a chip at work: what the files of the engine share.
 *
 * rules.c   life of the set: add, remove, list
 * due.c     whether it is a rule's turn
 * hook.c    what happens to an operation
 * outcome.c how much of it takes place
 * cells.c   changes of cells, in a place
 * defects.c cells that stick, or read at chance
 * shadow.c  what readers get in place of the cells
 * power.c   supply, brown-out, time, calls
 * tell.c    events
 */
#ifndef TW_FAULT_STATE_H
#define TW_FAULT_STATE_H

#include <pthread.h>
#include <twinfs/image.h>

#include "rule.h"

/* A rule, and how far it has come. */
struct tw_live_rule {
	struct tw_rule rule;
	char text[TWINFS_FAULT_RULE_MAX];
	unsigned id;
	uint64_t span_addr,
		span_len; /* of PART, BLOCKS, SPAN, and of TARGET in a part; len 0: all */

	uint64_t random;                                          /* state of its chance */
	uint64_t at_nth, after_ops, after_bytes, after_ns, every; /* as drawn */
	uint64_t start_ns; /* virtual time from which after_ns counts */
	uint64_t counted, bytes, passed, fired;
	bool since_fired, until_fired;
	bool is_news;        /* it fired, and who waits for that does not know yet */
	bool pending;        /* it fires on the operation in progress, when that is over */
	bool is_told;        /* that time has passed */
	uint64_t here;       /* bytes of the operation until after_bytes were reached */
	uint64_t wear_seed;  /* of what each unit stands */
	uint32_t *base_wear; /* erases when it was added, by unit; NULL: from 0 */
};

/* A cell with something wrong. */
struct tw_defect {
	uint64_t addr;
	uint8_t mask; /* of its bits */
	uint8_t value;
	bool is_loose; /* else it sticks to value */
	unsigned rule;
};

enum { TW_DEFECTS_MAX = 65536 };

/* A place on the chip, gathered. */
struct tw_piece {
	uint64_t addr, len;
	uint64_t before; /* bytes of the pieces in front of it */
};

struct tw_place {
	struct tw_piece *pieces;
	size_t count, room;
	uint64_t bytes;
	bool is_full; /* no memory for all of it */
};

/* What is decided about the operation in progress. */
struct tw_verdict {
	struct tw_live_rule *rule; /* NULL: nothing */
	int rc;
	uint32_t done;
	uint32_t torn_at; /* where the rest begins that is not as it was */
	bool is_brown_out;
};

struct tw_brown_out {
	struct tw_live_rule *rule; /* NULL: none goes on */
	uint64_t begin_ns, end_ns;
};

struct twinfs_faults {
	struct twinfs_flash *flash;
	struct twinfs_image *image;
	struct twinfs_fault_site site;
	uint64_t seed;
	uint32_t prog_size, erase_size;
	struct twinfs_flash_hook hook;

	pthread_mutex_t lock; /* guards all below; the chip's lock may be held when it is taken */
	struct tw_live_rule *rules[TWINFS_FAULT_RULES];
	unsigned count, next_id;
	unsigned watched; /* operations that some rule acts on, or counts */
	bool is_hooked;   /* the hook is needed */
	struct tw_verdict verdict;

	struct tw_defect *defects; /* by address */
	size_t defect_count, defect_room;
	size_t loose_count;
	uint64_t loose_random;
	struct tw_place place;          /* memory for gathering one */
	struct tw_fault_shadow *shadow; /* NULL: no rule has deceived readers yet */
	uint32_t *wear; /* erases by unit: the chip's own cannot be asked in a hook; NULL: not
			   needed */
	uint64_t seq;   /* of the last program or erase that was heard of */

	struct tw_brown_out brown_out;
	bool is_cut; /* by a rule */
	char cause[TWINFS_FAULT_CAUSE_MAX];

	uint64_t events;
	void (*sink)(void *ctx, const struct twinfs_fault_event *event);
	void *sink_ctx;
	const struct twinfs_fault_changes *changes; /* of damage; NULL else */
};

/* ---- due.c ---- */

/* Something that rules may wait for. */
struct tw_moment {
	unsigned what;                    /* TW_PROGRAM and so on; TW_CALL, TW_TICK */
	const struct twinfs_flash_op *op; /* NULL: a call, or time */
	uint64_t time_ns;
};

/* Draws the numbers of the rule that are ranges. @time_ns: from now on. */
void tw_due_begin(struct tw_live_rule *live, uint64_t time_ns);

/* Counts @moment, and says whether the rule fires. */
bool tw_due(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct tw_moment *moment);

/* The rule has fired. */
void tw_due_fired(struct tw_live_rule *live);

/* All rules have seen the moment: those that wait for one that fired see the next. */
void tw_due_end(struct twinfs_faults *faults, uint64_t time_ns);

enum twinfs_fault_state tw_due_state(const struct tw_live_rule *live, uint64_t time_ns);

/* A number of @range, and of 0 to @n - 1. */
uint64_t tw_draw(uint64_t *random, struct tw_range range);
uint64_t tw_draw_below(uint64_t *random, uint64_t n);

/* ---- outcome.c ---- */

/* How much of @op takes place: sets done and torn_at. */
void tw_outcome_decide(const struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, struct tw_verdict *verdict);

/* What becomes of the rest, when the first part is on the chip; @cells are at op->addr. */
void tw_outcome_finish(struct twinfs_faults *faults, const struct twinfs_flash_op *op,
	const struct tw_verdict *verdict, const uint8_t *cells);

/* ---- cells.c ---- */

/* What was changed, or is wrong now. */
struct tw_toll {
	uint64_t bits;
	uint64_t low, high; /* first and last byte */
};

/* Flips @mask at @addr. */
void tw_cells_flip(struct twinfs_faults *faults, uint64_t addr, uint8_t mask, struct tw_toll *toll);

/* Flips what differs from @value. */
void tw_cells_set(struct twinfs_faults *faults, uint64_t addr, uint8_t value, struct tw_toll *toll);

uint8_t tw_cells_get(const struct twinfs_faults *faults, uint64_t addr);

/*
 * Gathers where the rule lies into faults->place; with an operation, and "on" in
 * the rule, only what that touches. 0, -ENOENT (nothing), -ENOMEM.
 */
int tw_place_gather(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op);

/* Carries out a kind that changes cells. 0, or as gather. */
int tw_cells_apply(struct twinfs_faults *faults, struct tw_live_rule *live,
	const struct twinfs_flash_op *op, struct tw_toll *toll);

/*
 * The bits that are picked by chance: calls @each with byte offset and mask until
 * it has said true @count times, with each bit of @bytes bytes once at most.
 */
void tw_pick_bits(uint64_t *random, uint64_t bytes, uint64_t count,
	bool (*each)(void *ctx, uint64_t off, uint8_t mask), void *ctx);

/* ---- defects.c ---- */

/* 0, -ENOMEM, or -ENOSPC when there are too many. */
int tw_defects_add(struct twinfs_faults *faults, const struct tw_defect *defect);
void tw_defects_remove(struct twinfs_faults *faults, unsigned rule);

/*
 * After a program or erase, of which the first @done bytes took place: what
 * sticks, sticks; what was erased is loose no more.
 */
void tw_defects_enforce(struct twinfs_faults *faults, const struct twinfs_flash_op *op,
	uint32_t done);

/* The first defect at @addr or behind it: an index up to defect_count. */
size_t tw_defects_from(const struct twinfs_faults *faults, uint64_t addr);

/* ---- shadow.c ---- */

/* Makes room for what readers may be given. 0 or -ENOMEM. */
int tw_shadow_open(struct twinfs_faults *faults);
void tw_shadow_close(struct twinfs_faults *faults);

/* The cells at @addr in the shadow, @len bytes, as they are, ready to be changed. */
uint8_t *tw_shadow_copy(struct twinfs_faults *faults, uint64_t addr, uint64_t len);

/* Brings what readers hold up to date after a program or erase. */
void tw_shadow_refresh(struct twinfs_faults *faults, uint64_t addr, uint64_t len);

/* ---- power.c ---- */

/* Says that the power is cut by @live; the chip's own power is the caller's. */
void tw_power_cut(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op);

void tw_brown_out_begin(struct twinfs_faults *faults, struct tw_live_rule *live, uint64_t begin_ns,
	const struct twinfs_flash_op *op);

/* Fires what needs no operation: cut, brown-out, note. True: the power is off. */
bool tw_power_fire(struct twinfs_faults *faults, struct tw_live_rule *live, uint64_t time_ns);

/* ---- tell.c ---- */

/*
 * An event of @live, with what @event has already: kind, time, code, done, bits,
 * in_ns, and without an operation the span. The rest is filled in.
 */
void tw_tell(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op, struct twinfs_fault_event *event);

/* The same for a change of cells without an operation. */
void tw_tell_toll(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op, uint64_t time_ns, int code, const struct tw_toll *toll);

#endif
