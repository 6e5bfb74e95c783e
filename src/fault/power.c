/* SPDX-License-Identifier: MIT */
/*
 * power.c - the supply of the chip: brown-outs, cuts, time that passes, and
 * the calls of the layers above.
 */
#include "state.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* Asks the chip, so its lock must be free, and that of the faults too: it comes second. */
static struct twinfs_flash_stats stats_of(const struct twinfs_faults *faults)
{
	struct twinfs_flash_stats stats;

	twinfs_flash_stats(faults->flash, &stats);
	return stats;
}

void tw_power_cut(struct twinfs_faults *faults, const struct tw_live_rule *live,
	const struct twinfs_flash_op *op)
{
	static const char *const kinds[] = {
		[TWINFS_FLASH_READ] = "read",
		[TWINFS_FLASH_PROGRAM] = "program",
		[TWINFS_FLASH_ERASE] = "erase",
	};
	int len =
		snprintf(faults->cause, sizeof(faults->cause), "rule %u: %s", live->id, live->text);

	if (op && len >= 0 && (size_t)len < sizeof(faults->cause))
		(void)snprintf(faults->cause + len, sizeof(faults->cause) - (size_t)len,
			" (%s of 0x%" PRIx64 ", operation %" PRIu64 ")", kinds[op->kind], op->addr,
			op->seq);
	faults->is_cut = true;
}

void tw_brown_out_begin(struct twinfs_faults *faults, struct tw_live_rule *live, uint64_t begin_ns,
	const struct twinfs_flash_op *op)
{
	struct twinfs_fault_event event = {
		.kind = TWINFS_FAULT_WARNING, .time_ns = begin_ns, .in_ns = live->rule.for_ns};

	if (!faults->brown_out.rule)
		faults->brown_out =
			(struct tw_brown_out){live, begin_ns, begin_ns + live->rule.for_ns};
	if (op)
		event.done = op->len;
	tw_tell(faults, live, op, &event);
}

static void cut_now(struct twinfs_faults *faults, const struct tw_live_rule *live, uint64_t time_ns)
{
	struct twinfs_fault_event event = {.kind = TWINFS_FAULT_FIRED,
		.time_ns = time_ns,
		.code = -ESHUTDOWN,
		.cuts_power = true};

	twinfs_flash_set_power(faults->flash, false);
	tw_power_cut(faults, live, NULL);
	tw_tell(faults, live, NULL, &event);
}

bool tw_power_fire(struct twinfs_faults *faults, struct tw_live_rule *live, uint64_t time_ns)
{
	struct twinfs_fault_event event = {.kind = TWINFS_FAULT_FIRED, .time_ns = time_ns};

	tw_due_fired(live);
	if (live->rule.kind == TWINFS_FAULT_CUT)
		cut_now(faults, live, time_ns);
	else if (live->rule.kind == TWINFS_FAULT_BROWN_OUT)
		tw_brown_out_begin(faults, live, time_ns, NULL);
	else
		tw_tell(faults, live, NULL, &event);
	return faults->is_cut;
}

/* ---- the public face ---- */

void twinfs_faults_power_on(struct twinfs_faults *faults)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);

	(void)guard;
	faults->brown_out.rule = NULL;
	faults->is_cut = false;
	faults->cause[0] = '\0';
}

unsigned twinfs_faults_supply_mv(const struct twinfs_faults *faults)
{
	uint64_t now = stats_of(faults).busy_ns;
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock((pthread_mutex_t *)&faults->lock);
	const struct tw_brown_out *brown_out = &faults->brown_out;
	const struct tw_rule *rule;
	uint64_t gone;

	(void)guard;
	if (faults->is_cut)
		return 0;
	if (!brown_out->rule)
		return TWINFS_FAULT_SUPPLY_MV;
	rule = &brown_out->rule->rule;
	gone = now > brown_out->begin_ns ? now - brown_out->begin_ns : 0;
	if (gone >= rule->for_ns)
		return rule->to_mv;
	return rule->from_mv - (unsigned)((double)(rule->from_mv - rule->to_mv) * (double)gone /
					  (double)rule->for_ns);
}

bool twinfs_faults_cause(const struct twinfs_faults *faults, char *buf, size_t size)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock((pthread_mutex_t *)&faults->lock);

	(void)guard;
	(void)snprintf(buf, size, "%s", faults->cause);
	return faults->is_cut;
}

/* Rules whose time has come, in the order in which it came, up to @now. */
static void fire_by_time(struct twinfs_faults *faults, uint64_t now)
{
	while (!faults->is_cut) {
		struct tw_live_rule *first = NULL;
		uint64_t first_ns = UINT64_MAX;

		for (unsigned i = 0; i < faults->count; i++) {
			struct tw_live_rule *live = faults->rules[i];
			uint64_t at = live->start_ns + live->after_ns;
			struct tw_moment moment = {.what = TW_TICK, .time_ns = now};

			if (!live->is_told && at < first_ns && tw_due(faults, live, &moment)) {
				first = live;
				first_ns = at;
			}
		}
		if (faults->brown_out.rule && faults->brown_out.end_ns <= now &&
			faults->brown_out.end_ns <= first_ns) {
			cut_now(faults, faults->brown_out.rule, faults->brown_out.end_ns);
			return;
		}
		if (!first)
			return;
		first->is_told = true;
		(void)tw_power_fire(faults, first, first_ns);
		tw_due_end(faults, first_ns);
	}
}

static void let_pass(struct twinfs_faults *faults, const struct twinfs_flash_stats *now)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);

	(void)guard;
	faults->seq = now->seq;
	for (unsigned i = 0; i < faults->count; i++)
		faults->rules[i]->is_told = false;
	fire_by_time(faults, now->busy_ns);
}

int twinfs_faults_pass(struct twinfs_faults *faults, uint64_t ns)
{
	struct twinfs_flash_stats now;

	if (!twinfs_flash_has_power(faults->flash))
		return -ESHUTDOWN;
	twinfs_flash_spend(faults->flash, ns);
	now = stats_of(faults);
	let_pass(faults, &now);
	return twinfs_flash_has_power(faults->flash) ? 0 : -ESHUTDOWN;
}

bool twinfs_faults_wants_calls(const struct twinfs_faults *faults)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock((pthread_mutex_t *)&faults->lock);

	(void)guard;
	return faults->watched & TW_CALL;
}

static bool is_called(const struct tw_live_rule *live, const char *path)
{
	return path && !fnmatch(live->rule.call_path, path, FNM_PATHNAME);
}

int twinfs_faults_call(struct twinfs_faults *faults, enum twinfs_fault_call call, bool has_ended,
	const char *path, const char *new_path)
{
	struct twinfs_flash_stats now = stats_of(faults);
	struct tw_moment moment = {.what = TW_CALL, .time_ns = now.busy_ns};
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&faults->lock);

	(void)guard;
	faults->seq = now.seq;
	for (unsigned i = 0; i < faults->count && !faults->is_cut; i++) {
		struct tw_live_rule *live = faults->rules[i];

		if (!(live->rule.clauses & TW_C_CALL) || live->rule.call != call ||
			live->rule.call_ended != has_ended)
			continue;
		if (!is_called(live, path) && !is_called(live, new_path))
			continue;
		if (tw_due(faults, live, &moment))
			(void)tw_power_fire(faults, live, moment.time_ns);
	}
	tw_due_end(faults, moment.time_ns);
	return faults->is_cut ? -ESHUTDOWN : 0;
}
