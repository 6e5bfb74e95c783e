/* SPDX-License-Identifier: MIT */
/*
 * worker.c - explores chunks of a run.
 *
 * The chip of a worker goes through the run once. At each operation the state
 * before it is tried; the ways to cut the operation differ from that state in one
 * unit, mostly. If its trial did not read that unit, or the unit looks the same,
 * nothing has to be tried; else the memo is asked from where that unit was read.
 *
 * A memo and all it knows live as long as a chunk, so that what is counted does
 * not depend on who did which chunk before.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "result.h"
#include "worker_parts.h"

#define NO_STEP UINT32_MAX

/* A state, and how others that differ in one operation are compared with it. */
struct base {
	struct tw_outcome *outcome;
	uint32_t step;  /* the first step of its trial that reads the operation's units */
	uint32_t node;  /* the memo's node there */
	uint64_t sight; /* of that unit */
};

/* ---- the ways to cut one operation ---- */

static struct base make_base(struct tw_worker *worker, struct tw_outcome *outcome,
	const struct tw_story_op *op)
{
	struct tw_stage *stage = &worker->rig.stage;
	uint32_t first = tw_stage_unit(stage, op->addr);
	uint32_t last = tw_stage_unit(stage, op->addr + (op->len ? op->len - 1 : 0));
	struct base base = {.outcome = outcome, .step = NO_STEP};

	if (!outcome || !outcome->steps)
		return base;
	for (uint32_t i = 0; i < outcome->step_count && base.step == NO_STEP; i++)
		if (outcome->steps[i].unit >= first && outcome->steps[i].unit <= last)
			base.step = i;
	if (base.step == NO_STEP)
		return base;
	base.node = outcome->steps[base.step].node;
	base.sight = tw_stage_sight(stage, outcome->steps[base.step].unit,
		outcome->steps[base.step].view);
	return base;
}

/* Whether the state that is up looks like the base; @units is what the operation lies in. */
static bool is_like(struct tw_worker *worker, const struct base *base, uint32_t units)
{
	const struct tw_memo_step *step;

	if (!base->outcome || !base->outcome->steps)
		return !base->outcome;
	if (base->step == NO_STEP)
		return true;
	step = &base->outcome->steps[base->step];
	return units == 1 &&
	       tw_stage_sight(&worker->rig.stage, step->unit, step->view) == base->sight;
}

static int explore_cuts(struct tw_worker *worker, const struct tw_story_op *op, struct base boot,
	struct base slots)
{
	struct tw_stage *stage = &worker->rig.stage;
	uint32_t units = tw_stage_unit(stage, op->addr + (op->len ? op->len - 1 : 0)) -
			 tw_stage_unit(stage, op->addr) + 1;
	struct twinfs_crash crash = {0};
	int rc = 0;

	while (!rc && tw_cuts_next(&worker->cuts, &crash.cut)) {
		struct tw_outcome *boots = boot.outcome, *slot = slots.outcome;

		tw_stage_changed(stage, op->addr, op->len);
		if (!is_like(worker, &boot, units))
			rc = tw_worker_boot(worker, boot.node, &crash, &boots);
		if (!rc && !is_like(worker, &slots, units))
			rc = tw_worker_slots(worker, slots.node, &slot);
		if (!rc)
			rc = tw_worker_count(worker, boots, slot, NULL, &crash);
	}
	return rc ? rc : worker->cuts.rc;
}

struct tw_cut_rules tw_worker_rules(const struct tw_worker *worker)
{
	const struct twinfs_explore_request *request = &worker->scene->request;

	return (struct tw_cut_rules){
		request->torn_bytes, request->torn_spread, request->outcomes, request->seed};
}

static int explore_operation(struct tw_worker *worker, uint64_t index)
{
	const struct tw_story *story = worker->scene->story;
	const struct tw_story_op *op = index < story->op_count ? &story->ops[index] : NULL;
	const struct tw_cut_rules rules = tw_worker_rules(worker);
	struct twinfs_crash crash = {
		.cut = {.kind = op ? TWINFS_CUT_BEFORE : TWINFS_CUT_END, .op = index}};
	struct tw_outcome *boot, *slots;
	int rc;

	tw_worker_go_to(worker, index);
	worker->moment = tw_expect_at(worker->scene->expect, index);
	rc = tw_worker_boot(worker, 0, &crash, &boot);
	if (!rc)
		rc = tw_worker_slots(worker, 0, &slots);
	if (!rc)
		rc = tw_worker_count(worker, boot, slots, NULL, &crash);
	if (rc || !op)
		return rc;
	worker->result->operations++;
	rc = tw_cuts_begin(&worker->cuts, &rules, op, index, worker->rig.stage.bytes);
	if (rc)
		return rc;
	rc = explore_cuts(worker, op, make_base(worker, boot, op), make_base(worker, slots, op));
	tw_cuts_end(&worker->cuts);
	tw_stage_changed(&worker->rig.stage, op->addr, op->len);
	return rc;
}

/* ---- chunks ---- */

void tw_worker_go_to(struct tw_worker *worker, uint64_t count)
{
	for (; worker->at < count; worker->at++) {
		const struct tw_story_op *op = &worker->scene->story->ops[worker->at];

		tw_story_apply(op, worker->rig.stage.bytes);
		tw_stage_changed(&worker->rig.stage, op->addr, op->len);
	}
}

static bool is_chosen(const struct tw_scene *scene, uint64_t index)
{
	return !scene->chosen || scene->chosen[index];
}

static int explore_all(struct tw_worker *worker, uint64_t chunk)
{
	struct tw_scene *scene = worker->scene;
	uint64_t begin = chunk * TWINFS_EXPLORE_CHUNK, end = begin + TWINFS_EXPLORE_CHUNK;
	uint64_t states = 0, findings = 0;
	int rc = 0;

	/* The end of the run is one more, in the last chunk. */
	if (chunk + 1 == scene->chunks)
		end = scene->story->op_count + 1;
	for (uint64_t i = begin; !rc && i < end && !atomic_load(&scene->is_stopped); i++) {
		if (!is_chosen(scene, i))
			continue;
		rc = explore_operation(worker, i);
		tw_worker_pass(worker);
		if (worker->held_bytes > scene->most_held)
			tw_worker_forget(worker);
		atomic_fetch_add(&scene->operations, i < scene->story->op_count);
		atomic_fetch_add(&scene->states, worker->result->states - states);
		atomic_fetch_add(&scene->findings, worker->result->finding_count - findings);
		states = worker->result->states;
		findings = worker->result->finding_count;
	}
	return rc;
}

int tw_worker_begin(struct tw_worker *worker)
{
	tw_worker_forget(worker);
	worker->result = tw_result_new(&worker->scene->request);
	return worker->result ? 0 : -ENOMEM;
}

void tw_worker_finish(struct tw_worker *worker, struct twinfs_explore_result **ret_result)
{
	for (unsigned i = 0; i < TWINFS_HOLE_COUNT; i++)
		worker->result->run_holes[i] = worker->scene->known.holes[i];
	*ret_result = tw_steal(&worker->result);
}

int tw_worker_explore(struct tw_worker *worker, uint64_t chunk,
	struct twinfs_explore_result **ret_result)
{
	int rc = tw_worker_begin(worker);

	if (!rc)
		rc = explore_all(worker, chunk);
	if (!rc)
		rc = tw_result_done(worker->result, chunk, 1);
	*ret_result = NULL;
	if (rc || atomic_load(&worker->scene->is_stopped))
		twinfs_explore_result_free(tw_steal(&worker->result));
	else
		tw_worker_finish(worker, ret_result);
	return rc;
}

/* ---- life ---- */

int tw_worker_open(struct tw_worker *worker, struct tw_scene *scene, struct twinfs_error *err)
{
	struct tw_trial_terms terms = {
		.options = scene->options,
		.rules = scene->rules,
		.known = &scene->known,
		.shows_backup = scene->shows_backup,
		.inspect = &scene->inspect,
	};
	int rc;

	*worker = (struct tw_worker){.scene = scene};
	rc = tw_rig_open(&worker->rig, &terms, err);
	if (rc)
		return rc;
	worker->has_secure = twinfs_module_secure(worker->rig.module);
	if (!scene->is_checked)
		return tw_story_rewind(scene->story, twinfs_module_image(worker->rig.module),
			scene->image, err);
	tw_story_put_back(scene->story, worker->rig.stage.bytes);
	return 0;
}

void tw_worker_close(struct tw_worker *worker)
{
	tw_worker_forget(worker);
	tw_worker_pass(worker);
	free(worker->held);
	free(worker->passing);
	tw_memo_release(&worker->boots);
	tw_memo_release(&worker->slots);
	tw_cuts_release(&worker->cuts);
	tw_cuts_release(&worker->cuts_again);
	tw_shown_release(&worker->scratch);
	twinfs_explore_result_free(worker->result);
	tw_rig_close(&worker->rig);
}
