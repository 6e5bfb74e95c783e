/* SPDX-License-Identifier: MIT */
/*
 * worker_count.c - states, and what is wrong with them, counted.
 *
 * An outcome is judged anew only when the run has come to another epoch: within
 * one, the same is promised.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "result.h"
#include "verdict.h"
#include "worker_parts.h"

/* The operation of the boot that the second cut is in. */
static void set_again(const struct tw_outcome *cut, uint64_t index,
	struct twinfs_explore_example *example)
{
	const struct tw_boot_op *op;

	if (!cut || index >= cut->ops.count)
		return;
	op = &cut->ops.list[index];
	example->again = (struct twinfs_explore_again){
		op->addr, op->len, op->is_erase, cut->ops.owners.list[op->owner].text};
}

static int tell_example(struct tw_worker *worker, const struct twinfs_crash *crash,
	const struct tw_outcome *cut, const struct tw_verdict_item *item)
{
	const struct tw_story *story = worker->scene->story;
	struct twinfs_explore_example example = {.crash = *crash, .sentence = item->sentence};

	if (crash->cut.kind != TWINFS_CUT_END) {
		const struct tw_story_op *op = &story->ops[crash->cut.op];

		example.seq = op->seq;
		example.addr = op->addr;
		example.len = op->len;
		example.is_erase = op->kind == TW_STORY_ERASE;
		example.owner = (char *)tw_story_owner(story, op);
	}
	if (crash->again.kind != TWINFS_CUT_NONE)
		set_again(cut, crash->again.op, &example);
	return tw_result_example(worker->result, item->finding, &example);
}

/* Whether a state is one of the first. Most come later in the run, when there are enough. */
static bool is_example(const struct twinfs_explore_finding *finding, uint32_t wanted,
	const struct twinfs_crash *crash)
{
	size_t count = finding->example_count;

	return count < wanted ||
	       twinfs_crash_compare(&finding->examples[count - 1].crash, crash) > 0;
}

/* So many states came to @outcome; @cut is the boot that a second cut ended, or NULL. */
static int count_states(struct tw_worker *worker, const struct tw_outcome *outcome,
	const struct tw_outcome *cut, const struct twinfs_crash *crash, uint64_t states)
{
	struct twinfs_explore_result *result = worker->result;
	const struct tw_verdict *verdict = outcome->verdict;
	int rc = 0;

	result->states += states;
	if (crash->again.kind != TWINFS_CUT_NONE)
		result->states_again += states;
	else
		result->states_of[crash->cut.kind] += states;
	for (unsigned i = 0; i < TWINFS_HOLE_COUNT; i++)
		result->holes[i] += outcome->holes[i] ? states : 0;
	if (!verdict->count)
		return 0;
	result->bad_states += states;
	for (size_t i = 0; !rc && i < verdict->count; i++) {
		struct twinfs_explore_finding *finding =
			&result->findings[verdict->items[i].finding];

		finding->states += states;
		if (is_example(finding, result->request.examples, crash))
			rc = tell_example(worker, crash, cut, &verdict->items[i]);
	}
	return rc;
}

static bool is_judged(const struct tw_worker *worker, const struct tw_subject *subject)
{
	const struct tw_verdict *verdict = subject->boot->verdict;

	return verdict && verdict->epoch == worker->moment.epoch &&
	       verdict->slots == (subject->slots ? subject->slots->serial : 0) &&
	       verdict->cut == (subject->cut ? subject->cut->serial : 0);
}

/* Brings the verdict that @boot keeps up to the moment. */
static int judge(struct tw_worker *worker, struct tw_outcome *boot, const struct tw_outcome *slots,
	const struct tw_outcome *cut)
{
	const struct tw_judge judge = {worker->scene->expect, worker->result, &worker->scratch};
	const struct tw_subject subject = {boot, slots, cut};

	if (is_judged(worker, &subject))
		return 0;
	tw_verdict_free(tw_steal(&boot->verdict));
	return tw_judge(&judge, worker->moment, &subject, &boot->verdict);
}

/* The states that a second cut leaves count once in an epoch of the run. */
static int count_relapses(struct tw_worker *worker, struct tw_outcome *boot,
	const struct tw_outcome *slots, const struct twinfs_crash *crash)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < boot->relapse_count; i++) {
		const struct tw_relapse *relapse = &boot->relapses[i];
		struct twinfs_crash both = {crash->cut, relapse->first};

		rc = judge(worker, relapse->outcome, slots, boot);
		if (!rc)
			rc = count_states(worker, relapse->outcome, boot, &both, relapse->states);
	}
	return rc;
}

int tw_worker_count(struct tw_worker *worker, struct tw_outcome *boot, struct tw_outcome *slots,
	const struct tw_outcome *cut, const struct twinfs_crash *crash)
{
	uint64_t epoch = (uint64_t)worker->moment.epoch + 1;
	int rc = 0;

	if (boot->relapses_counted != epoch)
		rc = count_relapses(worker, boot, slots, crash);
	boot->relapses_counted = epoch;
	/* Only now: it may be one of its own relapses. */
	if (!rc)
		rc = judge(worker, boot, slots, cut);
	if (rc)
		return rc;
	return count_states(worker, boot, cut, crash, 1);
}
