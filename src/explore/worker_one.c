/* SPDX-License-Identifier: MIT */
/*
 * worker_one.c - one state alone, to be looked at or kept.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "worker_parts.h"

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
static int put_up_again(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct tw_outcome **ret_first)
{
	const struct tw_cut_rules rules = tw_sequel_rules(worker, &crash->cut);
	_cleanup_(tw_sequel_release) struct tw_sequel sequel = {0};
	struct tw_stage *stage = &worker->rig.stage;
	const struct twinfs_crash first = {.cut = crash->cut};
	int rc;

	worker->rig.keeps_log = true;
	rc = tw_worker_try(worker, &first, ret_first);
	/* The second state may look the same, and is tried all the same. */
	tw_memo_clear(&worker->boots);
	if (rc)
		return rc;
	if (crash->again.kind == TWINFS_CUT_END || crash->again.op >= stage->log_count)
		return -EINVAL;
	rc = tw_sequel_keep(stage, &sequel);
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

int tw_worker_put_up(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct tw_outcome **ret_first)
{
	const struct tw_story *story = worker->scene->story;
	const struct tw_cut_rules rules = tw_worker_rules(worker);
	uint64_t index = crash->cut.kind == TWINFS_CUT_END ? story->op_count : crash->cut.op;
	int rc = 0;

	*ret_first = NULL;
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
	return put_up_again(worker, crash, ret_first);
}

int tw_worker_explore_one(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct twinfs_explore_result **ret_result)
{
	struct tw_outcome *first, *boot, *slots;
	int rc = tw_worker_begin(worker);

	if (!rc)
		rc = tw_worker_put_up(worker, crash, &first);
	if (!rc)
		rc = tw_worker_try(worker, crash, &boot);
	if (!rc)
		rc = tw_worker_slots(worker, 0, &slots);
	if (!rc)
		rc = tw_worker_count(worker, boot, slots, first, crash);
	if (rc)
		twinfs_explore_result_free(tw_steal(&worker->result));
	else
		tw_worker_finish(worker, ret_result);
	return rc;
}
