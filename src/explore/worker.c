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
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "result.h"
#include "verdict.h"

/* What the outcomes of a chunk may take, before they are forgotten and tried again. */
#define MOST_HELD (UINT64_C(64) << 20)

#define NO_STEP UINT32_MAX

/* A state, and how others that differ in one operation are compared with it. */
struct base {
	struct tw_outcome *outcome;
	uint32_t step; /* the first step of its trial that reads the operation's units */
	uint32_t node; /* the memo's node there */
	uint64_t sight; /* of that unit */
};

/* ---- outcomes ---- */

static bool push(struct tw_outcome ***list, size_t *count, size_t *room, struct tw_outcome *outcome)
{
	if (*count == *room) {
		size_t more_room = *room ? 2 * *room : 64;
		struct tw_outcome **more = reallocarray(*list, more_room, sizeof(struct tw_outcome *));

		if (!more)
			return false;
		*list = more;
		*room = more_room;
	}
	(*list)[(*count)++] = outcome;
	return true;
}

static void drop(struct tw_outcome **list, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		tw_outcome_free(list[i]);
	*count = 0;
}

static void forget_all(struct tw_worker *worker)
{
	drop(worker->held, &worker->held_count);
	worker->held_bytes = 0;
	tw_memo_clear(&worker->boots);
	tw_memo_clear(&worker->slots);
}

static size_t weight(const struct tw_outcome *outcome)
{
	return sizeof(*outcome) + outcome->tree.room * sizeof(*outcome->tree.things) +
	       outcome->tree.paths_room + outcome->step_count * sizeof(*outcome->steps) +
	       outcome->report_count * sizeof(*outcome->reports[0]);
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
	return rc;
}

/* Takes over an outcome that was just made. */
static int take(struct tw_worker *worker, struct tw_memo *memo, struct tw_outcome *outcome)
{
	bool is_kept = outcome->is_memorable && !worker->scene->options->no_memo;
	bool is_in = is_kept ? push(&worker->held, &worker->held_count, &worker->held_room, outcome)
			     : push(&worker->passing, &worker->passing_count,
				       &worker->passing_room, outcome);

	if (!is_in) {
		tw_outcome_free(outcome);
		return -ENOMEM;
	}
	return is_kept ? remember(worker, memo, outcome) : 0;
}

/* ---- counting ---- */

static int tell_example(struct tw_worker *worker, const struct twinfs_crash *crash,
	const struct tw_verdict_item *item)
{
	const struct tw_story *story = worker->scene->story;
	struct twinfs_explore_example example = {.crash = *crash, .sentence = item->sentence};

	if (crash->cut.kind != TWINFS_CUT_END) {
		const struct tw_story_op *op = &story->ops[crash->cut.op];

		example.seq = op->seq;
		example.addr = op->addr;
		example.len = op->len;
		example.is_erase = op->kind == TW_STORY_ERASE;
		example.owner = op->owner < story->owner_count ? story->owners[op->owner] : NULL;
	}
	return tw_result_example(worker->result, item->finding, &example);
}

static int count_verdict(struct tw_worker *worker, const struct tw_verdict *verdict,
	const struct twinfs_crash *crash, uint64_t states)
{
	struct twinfs_explore_result *result = worker->result;
	int rc = 0;

	result->states += states;
	if (crash->again.kind != TWINFS_CUT_NONE)
		result->states_again += states;
	else
		result->states_of[crash->cut.kind] += states;
	if (!verdict->count)
		return 0;
	result->bad_states += states;
	for (size_t i = 0; !rc && i < verdict->count; i++) {
		struct twinfs_explore_finding *finding =
			&result->findings[verdict->items[i].finding];

		finding->states += states;
		/* Later ones of this chunk are no candidates any more. */
		if (finding->example_count < result->request.examples)
			rc = tell_example(worker, crash, &verdict->items[i]);
	}
	return rc;
}

static int judge(struct tw_worker *worker, struct tw_outcome *boot, const struct tw_outcome *slots)
{
	const struct tw_judge judge = {worker->scene->expect, worker->result, &worker->scratch};

	tw_verdict_free(tw_steal(&boot->verdict));
	return tw_judge(&judge, worker->moment, boot, slots, &boot->verdict);
}

static bool is_judged(const struct tw_worker *worker, const struct tw_outcome *boot,
	const struct tw_outcome *slots)
{
	return boot->verdict && boot->verdict->epoch == worker->moment.epoch &&
	       boot->verdict->slots == slots;
}

/* The states that a second cut leaves count once in an epoch of the run. */
static int count_relapses(struct tw_worker *worker, struct tw_outcome *boot,
	const struct tw_outcome *slots, const struct twinfs_crash *crash)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < boot->relapse_count; i++) {
		const struct tw_relapse *relapse = &boot->relapses[i];
		struct twinfs_crash both = {crash->cut, relapse->first};

		if (!is_judged(worker, relapse->outcome, slots))
			rc = judge(worker, relapse->outcome, slots);
		if (!rc)
			rc = count_verdict(worker, relapse->outcome->verdict, &both,
				relapse->states);
	}
	return rc;
}

static int count_state(struct tw_worker *worker, struct tw_outcome *boot, struct tw_outcome *slots,
	const struct twinfs_crash *crash)
{
	int rc = 0;

	if (!is_judged(worker, boot, slots)) {
		bool is_new = !boot->verdict || boot->verdict->epoch != worker->moment.epoch;

		rc = judge(worker, boot, slots);
		if (!rc && is_new)
			rc = count_relapses(worker, boot, slots, crash);
	}
	if (rc)
		return rc;
	for (unsigned i = 0; i < TWINFS_HOLE_COUNT; i++)
		worker->result->holes[i] += boot->holes[i];
	return count_verdict(worker, boot->verdict, crash, 1);
}

/* ---- trying ---- */

static int try_slots(struct tw_worker *worker, struct tw_outcome **ret_outcome)
{
	struct tw_outcome *outcome;
	int rc = tw_trial_secure(&worker->rig, &outcome);

	if (!rc)
		rc = take(worker, &worker->slots, outcome);
	if (!rc)
		*ret_outcome = outcome;
	return rc;
}

static int try_boot(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct tw_outcome **ret_outcome)
{
	struct tw_outcome *outcome;
	int rc = tw_trial_boot(&worker->rig, crash, &outcome);

	if (!rc)
		rc = take(worker, &worker->boots, outcome);
	if (rc)
		return rc;
	tw_boots_add(&worker->result->boots, &outcome->figures);
	atomic_fetch_add_explicit(&worker->scene->boots, 1, memory_order_relaxed);
	*ret_outcome = outcome;
	return 0;
}

/* ---- the second cut ---- */

/* A boot's log, out of reach of the trials that follow. */
struct sequel {
	struct tw_story_op *ops;
	size_t count;
	uint8_t *data;
};

static int keep_sequel(const struct tw_stage *stage, struct sequel *sequel)
{
	sequel->ops = calloc(stage->log_count, sizeof(*sequel->ops));
	sequel->data = malloc(stage->log_len);
	if (!sequel->ops || !sequel->data)
		return -ENOMEM;
	memcpy(sequel->data, stage->log_data, stage->log_len);
	sequel->count = stage->log_count;
	for (size_t i = 0; i < sequel->count; i++) {
		const struct tw_stage_op *op = &stage->log[i];

		sequel->ops[i] = (struct tw_story_op){
			.kind = op->kind == TWINFS_FLASH_ERASE ? TW_STORY_ERASE : TW_STORY_PROGRAM,
			.len = op->len,
			.data_len = op->len,
			.addr = op->addr,
			.data = sequel->data + op->data,
		};
	}
	return 0;
}

static void release_sequel(struct sequel *sequel)
{
	free(sequel->ops);
	free(sequel->data);
}

/* Old bytes of each operation in turn, to be put back in the opposite order. */
static int apply_saving(struct tw_worker *worker, const struct tw_story_op *op, uint8_t **ret_old)
{
	uint8_t *cells = worker->rig.stage.bytes + op->addr;

	*ret_old = malloc(op->len ? op->len : 1);
	if (!*ret_old)
		return -ENOMEM;
	memcpy(*ret_old, cells, op->len);
	memcpy(cells, op->data, op->len);
	tw_stage_changed(&worker->rig.stage, op->addr, op->len);
	return 0;
}

static int add_relapse(struct tw_outcome *boot, struct tw_outcome *outcome,
	const struct twinfs_cut *cut)
{
	struct tw_relapse *more;

	for (size_t i = 0; i < boot->relapse_count; i++) {
		if (boot->relapses[i].outcome != outcome)
			continue;
		boot->relapses[i].states++;
		return 0;
	}
	more = reallocarray(boot->relapses, boot->relapse_count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	boot->relapses = more;
	more[boot->relapse_count++] = (struct tw_relapse){outcome, 1, *cut};
	return 0;
}

/* One state after a second cut, which is up. */
static int relapse(struct tw_worker *worker, struct tw_outcome *boot,
	const struct twinfs_crash *crash)
{
	struct tw_outcome *outcome = tw_memo_find(&worker->boots, &worker->rig.stage, 0);
	int rc = outcome ? 0 : try_boot(worker, crash, &outcome);

	return rc ? rc : add_relapse(boot, outcome, &crash->again);
}

/* The chance of a second cut is another one after each first cut. */
static struct tw_cut_rules rules_again(const struct tw_worker *worker,
	const struct twinfs_cut *cut)
{
	const struct twinfs_explore_request *request = &worker->scene->request;
	uint64_t seed = tw_random_at(request->seed, cut->op);

	seed = tw_random_at(seed, (uint64_t)cut->kind << 32 | cut->done);
	seed = tw_random_at(seed, (uint64_t)cut->unit << 32 | cut->chance);
	return (struct tw_cut_rules){
		request->torn_bytes, request->torn_spread, request->outcomes, seed};
}

/* Cuts one operation of the sequel, those before it being on the chip. */
static int cut_again(struct tw_worker *worker, struct tw_outcome *boot, struct twinfs_crash *crash,
	const struct tw_story_op *op, size_t index)
{
	const struct tw_cut_rules rules = rules_again(worker, &crash->cut);
	struct tw_stage *stage = &worker->rig.stage;
	int rc = 0;

	crash->again = (struct twinfs_cut){.kind = TWINFS_CUT_BEFORE, .op = index};
	/* Before the first there is nothing that the first cut has not left. */
	if (index)
		rc = relapse(worker, boot, crash);
	if (!rc)
		rc = tw_cuts_begin(&worker->cuts_again, &rules, op, index, stage->bytes);
	if (rc)
		return rc;
	while (!rc && tw_cuts_next(&worker->cuts_again, &crash->again)) {
		tw_stage_changed(stage, op->addr, op->len);
		rc = relapse(worker, boot, crash);
	}
	tw_cuts_end(&worker->cuts_again);
	tw_stage_changed(stage, op->addr, op->len);
	return rc ? rc : worker->cuts_again.rc;
}

static void put_back(struct tw_worker *worker, const struct sequel *sequel, uint8_t **old)
{
	for (size_t i = sequel->count; i-- > 0;) {
		const struct tw_story_op *op = &sequel->ops[i];

		if (!old[i])
			continue;
		memcpy(worker->rig.stage.bytes + op->addr, old[i], op->len);
		tw_stage_changed(&worker->rig.stage, op->addr, op->len);
		free(old[i]);
	}
}

/* The power goes once more, in each operation of the boot that was just tried. */
static int explore_sequel(struct tw_worker *worker, struct tw_outcome *boot,
	const struct twinfs_crash *crash)
{
	_cleanup_(release_sequel) struct sequel sequel = {0};
	_cleanup_free_ uint8_t **old = NULL;
	struct twinfs_crash both = *crash;
	int rc;

	if (!worker->rig.stage.log_count)
		return 0;
	rc = keep_sequel(&worker->rig.stage, &sequel);
	if (rc)
		return rc;
	old = calloc(sequel.count, sizeof(*old));
	if (!old)
		return -ENOMEM;
	for (size_t i = 0; !rc && i < sequel.count; i++) {
		rc = cut_again(worker, boot, &both, &sequel.ops[i], i);
		if (!rc)
			rc = apply_saving(worker, &sequel.ops[i], &old[i]);
	}
	put_back(worker, &sequel, old);
	return rc;
}

/* Finds or makes the outcome of the boot of the state that is up. */
static int boot_from(struct tw_worker *worker, uint32_t node, const struct twinfs_crash *crash,
	struct tw_outcome **ret_outcome)
{
	int rc;

	*ret_outcome = tw_memo_find(&worker->boots, &worker->rig.stage, node);
	if (*ret_outcome)
		return 0;
	rc = try_boot(worker, crash, ret_outcome);
	return rc ? rc : explore_sequel(worker, *ret_outcome, crash);
}

static int slots_from(struct tw_worker *worker, uint32_t node, struct tw_outcome **ret_outcome)
{
	*ret_outcome = NULL;
	if (!worker->has_secure)
		return 0;
	*ret_outcome = tw_memo_find(&worker->slots, &worker->rig.stage, node);
	return *ret_outcome ? 0 : try_slots(worker, ret_outcome);
}

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
	base.sight = tw_stage_sight(stage, outcome->steps[base.step].unit);
	return base;
}

/* Whether the state that is up looks like the base; @units is what the operation lies in. */
static bool is_like(struct tw_worker *worker, const struct base *base, uint32_t units)
{
	if (!base->outcome || !base->outcome->steps)
		return !base->outcome;
	if (base->step == NO_STEP)
		return true;
	return units == 1 && tw_stage_sight(&worker->rig.stage,
				     base->outcome->steps[base->step].unit) == base->sight;
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
			rc = boot_from(worker, boot.node, &crash, &boots);
		if (!rc && !is_like(worker, &slots, units))
			rc = slots_from(worker, slots.node, &slot);
		if (!rc)
			rc = count_state(worker, boots, slot, &crash);
	}
	return rc ? rc : worker->cuts.rc;
}

static struct tw_cut_rules rules_of(const struct twinfs_explore_request *request)
{
	return (struct tw_cut_rules){request->torn_bytes, request->torn_spread, request->outcomes,
		request->seed};
}

static int explore_operation(struct tw_worker *worker, uint64_t index)
{
	const struct tw_story *story = worker->scene->story;
	const struct tw_story_op *op = index < story->op_count ? &story->ops[index] : NULL;
	const struct tw_cut_rules rules = rules_of(&worker->scene->request);
	struct twinfs_crash crash = {
		.cut = {.kind = op ? TWINFS_CUT_BEFORE : TWINFS_CUT_END, .op = index}};
	struct tw_outcome *boot, *slots;
	int rc;

	tw_worker_go_to(worker, index);
	worker->moment = tw_expect_at(worker->scene->expect, index);
	rc = boot_from(worker, 0, &crash, &boot);
	if (!rc)
		rc = slots_from(worker, 0, &slots);
	if (!rc)
		rc = count_state(worker, boot, slots, &crash);
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
		drop(worker->passing, &worker->passing_count);
		if (worker->held_bytes > MOST_HELD)
			forget_all(worker);
		atomic_fetch_add(&scene->operations, i < scene->story->op_count);
		atomic_fetch_add(&scene->states, worker->result->states - states);
		atomic_fetch_add(&scene->findings, worker->result->finding_count - findings);
		states = worker->result->states;
		findings = worker->result->finding_count;
	}
	return rc;
}

static int begin_result(struct tw_worker *worker)
{
	forget_all(worker);
	worker->result = tw_result_new(&worker->scene->request);
	return worker->result ? 0 : -ENOMEM;
}

static void end_result(struct tw_worker *worker, struct twinfs_explore_result **ret_result)
{
	for (unsigned i = 0; i < TWINFS_HOLE_COUNT; i++)
		worker->result->run_holes[i] = worker->scene->known.holes[i];
	*ret_result = tw_steal(&worker->result);
}

int tw_worker_explore(struct tw_worker *worker, uint64_t chunk,
	struct twinfs_explore_result **ret_result)
{
	int rc = begin_result(worker);

	if (!rc)
		rc = explore_all(worker, chunk);
	if (!rc)
		rc = tw_result_done(worker->result, chunk, 1);
	*ret_result = NULL;
	if (rc || atomic_load(&worker->scene->is_stopped))
		twinfs_explore_result_free(tw_steal(&worker->result));
	else
		end_result(worker, ret_result);
	return rc;
}

/* ---- one state ---- */

static bool is_same_cut(const struct twinfs_cut *a, const struct twinfs_cut *b)
{
	return a->kind == b->kind && a->done == b->done && a->unit == b->unit &&
	       a->chance == b->chance;
}

/* Leaves the chip as @wanted says. */
static int cut_as(struct tw_cuts *cuts, const struct tw_cut_rules *rules,
	const struct tw_story_op *op, const struct twinfs_cut *wanted, uint8_t *bytes)
{
	struct twinfs_cut cut;
	int rc;

	if (wanted->kind == TWINFS_CUT_BEFORE)
		return 0;
	rc = tw_cuts_begin(cuts, rules, op, wanted->op, bytes);
	while (!rc && tw_cuts_next(cuts, &cut))
		if (is_same_cut(&cut, wanted))
			return 0;
	return rc ? rc : cuts->rc ? cuts->rc : -EINVAL;
}

/* The state of the first cut is up: its boot goes as far as the second. */
static int put_up_again(struct tw_worker *worker, const struct twinfs_crash *crash)
{
	const struct tw_cut_rules rules = rules_again(worker, &crash->cut);
	_cleanup_(release_sequel) struct sequel sequel = {0};
	struct tw_stage *stage = &worker->rig.stage;
	struct tw_outcome *outcome;
	int rc = tw_trial_boot(&worker->rig, &(struct twinfs_crash){.cut = crash->cut}, &outcome);

	if (rc)
		return rc;
	tw_outcome_free(outcome);
	if (crash->again.kind == TWINFS_CUT_END || crash->again.op >= stage->log_count)
		return -EINVAL;
	rc = keep_sequel(stage, &sequel);
	for (uint64_t i = 0; !rc && i < crash->again.op; i++) {
		tw_story_apply(&sequel.ops[i], stage->bytes);
		tw_stage_changed(stage, sequel.ops[i].addr, sequel.ops[i].len);
	}
	if (!rc)
		rc = cut_as(&worker->cuts_again, &rules, &sequel.ops[crash->again.op],
			&crash->again, stage->bytes);
	if (!rc)
		tw_stage_changed(stage, sequel.ops[crash->again.op].addr,
			sequel.ops[crash->again.op].len);
	return rc;
}

int tw_worker_put_up(struct tw_worker *worker, const struct twinfs_crash *crash)
{
	const struct tw_story *story = worker->scene->story;
	const struct tw_cut_rules rules = rules_of(&worker->scene->request);
	uint64_t index = crash->cut.kind == TWINFS_CUT_END ? story->op_count : crash->cut.op;
	int rc = 0;

	if (index > story->op_count ||
		(index == story->op_count && crash->cut.kind != TWINFS_CUT_END))
		return -EINVAL;
	tw_worker_go_to(worker, index);
	worker->moment = tw_expect_at(worker->scene->expect, index);
	if (crash->cut.kind != TWINFS_CUT_END) {
		const struct tw_story_op *op = &story->ops[index];

		rc = cut_as(&worker->cuts, &rules, op, &crash->cut, worker->rig.stage.bytes);
		tw_stage_changed(&worker->rig.stage, op->addr, op->len);
	}
	if (rc || crash->again.kind == TWINFS_CUT_NONE)
		return rc;
	return put_up_again(worker, crash);
}

int tw_worker_explore_one(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct twinfs_explore_result **ret_result)
{
	struct tw_outcome *boot, *slots;
	int rc = begin_result(worker);

	if (!rc)
		rc = tw_worker_put_up(worker, crash);
	if (!rc)
		rc = try_boot(worker, crash, &boot);
	if (!rc)
		rc = slots_from(worker, 0, &slots);
	if (!rc)
		rc = count_state(worker, boot, slots, crash);
	if (rc)
		twinfs_explore_result_free(tw_steal(&worker->result));
	else
		end_result(worker, ret_result);
	return rc;
}

/* ---- life ---- */

int tw_worker_open(struct tw_worker *worker, struct tw_scene *scene, struct twinfs_error *err)
{
	struct tw_trial_terms terms = {
		.options = scene->options,
		.rules = scene->rules,
		.known = &scene->known,
		.inspect = &scene->inspect,
	};
	int rc;

	*worker = (struct tw_worker){.scene = scene};
	rc = tw_rig_open(&worker->rig, &terms, err);
	if (rc)
		return rc;
	worker->has_secure = twinfs_module_secure(worker->rig.module);
	return tw_story_rewind(scene->story, worker->rig.stage.bytes, worker->rig.stage.size,
		scene->image, err);
}

void tw_worker_close(struct tw_worker *worker)
{
	forget_all(worker);
	drop(worker->passing, &worker->passing_count);
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
