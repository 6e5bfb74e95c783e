/* SPDX-License-Identifier: MIT */
/*
 * worker_sequel.c - the second cut: in the boot that follows the first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "worker_parts.h"

int tw_sequel_keep(const struct tw_stage *stage, struct tw_sequel *sequel)
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

void tw_sequel_release(struct tw_sequel *sequel)
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

	/* What is in no memo is met once. */
	for (size_t i = 0; outcome->steps && i < boot->relapse_count; i++) {
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
	int rc = outcome ? 0 : tw_worker_try(worker, crash, &outcome);

	return rc ? rc : add_relapse(boot, outcome, &crash->again);
}

struct tw_cut_rules tw_sequel_rules(const struct tw_worker *worker, const struct twinfs_cut *cut)
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
	const struct tw_cut_rules rules = tw_sequel_rules(worker, &crash->cut);
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

static void put_back(struct tw_worker *worker, const struct tw_sequel *sequel, uint8_t **old)
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

int tw_worker_cut_again(struct tw_worker *worker, struct tw_outcome *boot,
	const struct twinfs_crash *crash)
{
	_cleanup_(tw_sequel_release) struct tw_sequel sequel = {0};
	_cleanup_free_ uint8_t **old = NULL;
	struct twinfs_crash both = *crash;
	int rc;

	if (!worker->rig.stage.log_count)
		return 0;
	rc = tw_sequel_keep(&worker->rig.stage, &sequel);
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
