/* SPDX-License-Identifier: MIT */
/*
 * worker_try.c - the outcomes of states: known, or tried.
 *
 * Outcomes that a memo knows live until the end of the chunk, and so do those
 * that others refer to; what is in no memo lives as long as the operation at hand.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "result.h"
#include "worker_parts.h"

static void drop(struct tw_outcome **list, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		tw_outcome_free(list[i]);
	*count = 0;
}

void tw_worker_forget(struct tw_worker *worker)
{
	drop(worker->held, &worker->held_count);
	worker->held_bytes = 0;
	tw_memo_clear(&worker->boots);
	tw_memo_clear(&worker->slots);
}

void tw_worker_pass(struct tw_worker *worker)
{
	drop(worker->passing, &worker->passing_count);
}

static size_t weight(const struct tw_outcome *outcome)
{
	return sizeof(*outcome) + outcome->tree.room * sizeof(*outcome->tree.things) +
	       outcome->tree.paths_room + outcome->step_count * sizeof(*outcome->steps) +
	       outcome->boots.room * sizeof(*outcome->boots.deeds) +
	       tw_boot_ops_weight(&outcome->ops);
}

/* Keeps an outcome in @memo; the stage still says what its trial read. */
static int remember(struct tw_worker *worker, struct tw_memo *memo, struct tw_outcome *outcome)
{
	struct tw_stage *stage = &worker->rig.stage;
	int rc;

	outcome->steps = malloc((stage->read_count + 1) * sizeof(*outcome->steps));
	if (!outcome->steps)
		return -ENOMEM;
	outcome->step_count = stage->read_count;
	rc = tw_memo_add(memo, stage, outcome, outcome->steps);
	worker->held_bytes += weight(outcome);
	if (rc != -EAGAIN)
		return rc;
	free(outcome->steps);
	outcome->steps = NULL;
	outcome->step_count = 0;
	return 0;
}

static int hold(struct tw_worker *worker, struct tw_outcome *outcome)
{
	int rc = tw_array_grow(&worker->held, &worker->held_room, worker->held_count);

	if (!rc)
		worker->held[worker->held_count++] = outcome;
	return rc;
}

static int let_pass(struct tw_worker *worker, struct tw_outcome *outcome)
{
	int rc = tw_array_grow(&worker->passing, &worker->passing_room, worker->passing_count);

	if (!rc)
		worker->passing[worker->passing_count++] = outcome;
	return rc;
}

/* Takes over an outcome that was just made. One after a second cut is referred to by the first. */
static int take(struct tw_worker *worker, struct tw_memo *memo, struct tw_outcome *outcome,
	bool is_referred_to)
{
	bool has_memo = !worker->scene->options->no_memo;
	int rc = has_memo && (outcome->is_memorable || is_referred_to) ? hold(worker, outcome)
								       : let_pass(worker, outcome);

	if (rc) {
		tw_outcome_free(outcome);
		return rc;
	}
	return has_memo && outcome->is_memorable ? remember(worker, memo, outcome) : 0;
}

int tw_worker_try(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct tw_outcome **ret_outcome)
{
	struct tw_outcome *outcome;
	int rc = tw_trial_boot(&worker->rig, crash, &outcome);

	if (!rc)
		rc = take(worker, &worker->boots, outcome, crash->again.kind != TWINFS_CUT_NONE);
	if (rc)
		return rc;
	tw_figures_add(&worker->result->boots, &outcome->figures);
	atomic_fetch_add_explicit(&worker->scene->boots, 1, memory_order_relaxed);
	*ret_outcome = outcome;
	return 0;
}

/* Tries it once more, for its log only: the first time nobody asked for a second cut. */
static int try_for_log(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct tw_outcome *outcome)
{
	struct tw_outcome *same;
	int rc = tw_trial_boot(&worker->rig, crash, &same);

	if (rc)
		return rc;
	tw_boot_ops_release(&outcome->ops);
	outcome->ops = same->ops;
	same->ops = (struct tw_boot_ops){0};
	tw_outcome_free(same);
	return 0;
}

int tw_worker_boot(struct tw_worker *worker, uint32_t node, const struct twinfs_crash *crash,
	struct tw_outcome **ret_outcome)
{
	struct tw_outcome *outcome = tw_memo_find(&worker->boots, &worker->rig.stage, node);
	bool is_known = outcome;
	int rc = 0;

	if (!is_known)
		rc = tw_worker_try(worker, crash, &outcome);
	if (!rc && worker->scene->options->depth > 1 && outcome->figures.writing &&
		!outcome->was_cut_again) {
		if (is_known)
			rc = try_for_log(worker, crash, outcome);
		outcome->was_cut_again = true;
		if (!rc)
			rc = tw_worker_cut_again(worker, outcome, crash);
	}
	if (!rc)
		*ret_outcome = outcome;
	return rc;
}

int tw_worker_slots(struct tw_worker *worker, uint32_t node, struct tw_outcome **ret_outcome)
{
	struct tw_outcome *outcome;
	int rc;

	*ret_outcome = NULL;
	if (!worker->has_secure)
		return 0;
	*ret_outcome = tw_memo_find(&worker->slots, &worker->rig.stage, node);
	if (*ret_outcome)
		return 0;
	rc = tw_trial_secure(&worker->rig, &outcome);
	if (!rc)
		rc = take(worker, &worker->slots, outcome, false);
	if (!rc)
		*ret_outcome = outcome;
	return rc;
}
