/* SPDX-License-Identifier: MIT */
/*
 * worker_parts.h - between the files of a worker.
 */
#ifndef TW_EXPLORE_WORKER_PARTS_H
#define TW_EXPLORE_WORKER_PARTS_H

#include "worker.h"

/* ---- worker_try.c: outcomes of states ---- */

void tw_worker_forget(struct tw_worker *worker);

/* Forgets outcomes that are in no memo. */
void tw_worker_pass(struct tw_worker *worker);

/*
 * The outcome of the state that is up; tried when none is known from the memo's
 * node @node on, where the state is known to have come. Errors as
 * tw_trial_boot(). Without SecureData, slots have the outcome NULL.
 */
int tw_worker_boot(struct tw_worker *worker, uint32_t node, const struct twinfs_crash *crash,
	struct tw_outcome **ret_outcome);
int tw_worker_slots(struct tw_worker *worker, uint32_t node, struct tw_outcome **ret_outcome);

/* Tries a boot, be it known or not. */
int tw_worker_try(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct tw_outcome **ret_outcome);

/* ---- worker_sequel.c: the second cut ---- */

/* What a boot wrote, out of reach of the trials that follow it. All zero is nothing. */
struct tw_sequel {
	struct tw_story_op *ops;
	size_t count;
	uint8_t *data;
};

/* Takes the log of the last trial. -ENOMEM. */
int tw_sequel_keep(const struct tw_stage *stage, struct tw_sequel *sequel);
void tw_sequel_release(struct tw_sequel *sequel);

/* How cuts of it are made: the chance is another one after each first cut. */
struct tw_cut_rules tw_sequel_rules(const struct tw_worker *worker, const struct twinfs_cut *cut);

/* The power goes once more, in each operation of the boot that was just tried. */
int tw_worker_cut_again(struct tw_worker *worker, struct tw_outcome *boot,
	const struct twinfs_crash *crash);

/* ---- worker_count.c: states and findings ---- */

/*
 * Counts one state, and once an epoch those of a second cut.
 *
 * @cut  the boot that a second cut ended; NULL: there was none
 */
int tw_worker_count(struct tw_worker *worker, struct tw_outcome *boot, struct tw_outcome *slots,
	const struct tw_outcome *cut, const struct twinfs_crash *crash);

/* ---- worker.c ---- */

struct tw_cut_rules tw_worker_rules(const struct tw_worker *worker);
int tw_worker_begin(struct tw_worker *worker);
void tw_worker_finish(struct tw_worker *worker, struct twinfs_explore_result **ret_result);

#endif
