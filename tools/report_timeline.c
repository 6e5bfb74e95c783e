/* SPDX-License-Identifier: MIT */
/*
 * report_timeline.c - a trace as a picture needs it: operations in buckets and
 * by owner, the phases they belong to, and what happened in between.
 *
 * An operation is called by its place in the trace, from 0, as crashes are.
 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define OTHERS (TW_TOOL_REPORT_LANES - 1u)

struct reading {
	struct tw_tool_report_trace *to;
	uint64_t at;                       /* operations so far */
	struct tw_tool_report_phase phase; /* the one that goes on */
};

/* ---- lanes ---- */

static int compare_owners(const void *a, const void *b)
{
	const struct twinfs_trace_owner *first = *(const struct twinfs_trace_owner *const *)a;
	const struct twinfs_trace_owner *second = *(const struct twinfs_trace_owner *const *)b;

	if (first->busy_ns != second->busy_ns)
		return first->busy_ns < second->busy_ns ? 1 : -1;
	return strcmp(first->owner, second->owner);
}

/* Whether an owner is worth a lane: a hundredth of the time, or there is room for all. */
static bool is_important(const struct tw_tool_report_trace *to,
	const struct twinfs_trace_owner *owner, size_t rank)
{
	if (to->summary.owner_count <= TW_TOOL_REPORT_LANES)
		return true;
	return rank < OTHERS && owner->busy_ns >= to->summary.busy_ns / 100;
}

/* The owners that the chip was busiest for get a lane each; the last lane is the others'. */
static int choose_lanes(struct tw_tool_report_trace *to)
{
	const size_t count = to->summary.owner_count;
	struct tw_tool_report_lane *lane = to->lanes;
	_cleanup_free_ const struct twinfs_trace_owner **owners =
		calloc(count + 1, sizeof(*owners));

	if (!owners)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		owners[i] = &to->summary.owners[i];
	qsort(owners, count, sizeof(*owners), compare_owners);
	for (size_t i = 0; i < count; i++) {
		const bool is_own = is_important(to, owners[i], i);

		if (i && lane->owner)
			lane++;
		lane->owner = is_own ? owners[i]->owner : NULL;
		lane->owners++;
		lane->programs += owners[i]->programs;
		lane->program_bytes += owners[i]->program_bytes;
		lane->erases += owners[i]->erases;
		lane->busy_ns += owners[i]->busy_ns;
	}
	to->lane_count = count ? (size_t)(lane - to->lanes) + 1 : 0;
	return 0;
}

static size_t lane_of(const struct tw_tool_report_trace *to, const char *owner)
{
	for (size_t i = 0; i < to->lane_count; i++)
		if (to->lanes[i].owner && !strcmp(to->lanes[i].owner, owner))
			return i;
	return to->lane_count - 1;
}

/* ---- phases ---- */

/* Virtual time behind the first operation of the trace. */
static uint64_t time_of(const struct tw_tool_report_trace *to, uint64_t time_ns)
{
	return time_ns > to->info->first_time_ns ? time_ns - to->info->first_time_ns : 0;
}

static void add_phase(struct tw_tool_report_phase *sum, const struct tw_tool_report_phase *phase)
{
	sum->operations += phase->operations;
	sum->erases += phase->erases;
	sum->program_bytes += phase->program_bytes;
	sum->acknowledged += phase->acknowledged;
	sum->ns += phase->ns;
}

/* Keeps the phase that ends at @now; a stretch without anything in it is none. */
static void end_phase(struct reading *reading, uint64_t now)
{
	struct tw_tool_report_trace *to = reading->to;
	struct tw_tool_report_phase *phase = &reading->phase;

	phase->ns = now > phase->time_ns ? now - phase->time_ns : 0;
	if (!phase->is_boot && !phase->operations && !phase->acknowledged)
		return;
	add_phase(phase->is_boot ? &to->boots : &to->application, phase);
	to->boot_count += phase->is_boot;
	if (to->phase_count < TW_TOOL_REPORT_PHASES)
		to->phases[to->phase_count++] = *phase;
	else
		to->phases_left_out++;
}

static void begin_phase(struct reading *reading, uint64_t now, bool is_boot, uint64_t boot)
{
	end_phase(reading, now);
	reading->phase = (struct tw_tool_report_phase){
		.is_boot = is_boot, .boot = boot, .first = reading->at, .time_ns = now};
}

/* ---- records ---- */

static void read_operation(struct reading *reading, const struct twinfs_trace_record *op)
{
	struct tw_tool_report_trace *to = reading->to;
	struct tw_tool_report_bucket *bucket = &to->buckets[reading->at / to->per_bucket];
	const size_t lane = lane_of(to, op->owner);

	if (reading->at % to->per_bucket == 0)
		bucket->time_ns = time_of(to, op->time_ns);
	bucket->failed += op->result < 0 || op->done < op->len;
	reading->phase.operations++;
	if (op->kind == TWINFS_TRACE_ERASE) {
		bucket->erases[lane]++;
		reading->phase.erases++;
	} else {
		bucket->programs[lane]++;
		reading->phase.program_bytes += op->len;
	}
	reading->at++;
}

static void read_acknowledged(struct reading *reading, const struct twinfs_trace_mark *mark)
{
	struct tw_tool_report_trace *to = reading->to;
	struct tw_tool_report_bucket *bucket;

	reading->phase.acknowledged++;
	if (!to->bucket_count)
		return;
	bucket = &to->buckets[(reading->at ? reading->at - 1 : 0) / to->per_bucket];
	if (!bucket->acknowledged++)
		bucket->first_acknowledged = *mark;
}

static void read_event(struct reading *reading, const struct twinfs_trace_mark *mark)
{
	struct tw_tool_report_trace *to = reading->to;

	if (to->event_count == TW_TOOL_REPORT_EVENTS) {
		to->events_left_out++;
		return;
	}
	to->events[to->event_count++] = (struct tw_tool_report_event){
		.kind = mark->kind, .text = mark->path, .at = reading->at};
}

static void read_mark(struct reading *reading, const struct twinfs_trace_record *record)
{
	const struct twinfs_trace_mark *mark = &record->mark;
	const uint64_t now = time_of(reading->to, record->time_ns);

	switch (mark->kind) {
	case TWINFS_MARK_CHANGE_ENDED:
	case TWINFS_MARK_STORE_ENDED:
		if (!mark->result)
			read_acknowledged(reading, mark);
		break;
	case TWINFS_MARK_BOOT_BEGAN:
		begin_phase(reading, now, true, mark->index);
		break;
	case TWINFS_MARK_BOOT_ENDED:
		reading->phase.has_ended = true;
		reading->phase.result = mark->result;
		begin_phase(reading, now, false, 0);
		break;
	case TWINFS_MARK_POWER_CUT:
	case TWINFS_MARK_NOTE:
		read_event(reading, mark);
		break;
	case TWINFS_MARK_CHANGE_BEGAN:
	case TWINFS_MARK_STORE_BEGAN:
	case TWINFS_MARK_COUNT:
		break;
	}
}

int tw_tool_report_timeline(struct twinfs_trace *trace, struct tw_tool_report_trace *report)
{
	const uint64_t operations = report->info->operations;
	struct reading reading = {.to = report};
	struct twinfs_trace_record record;

	if (choose_lanes(report))
		return -ENOMEM;
	report->per_bucket = operations / TW_TOOL_REPORT_BUCKETS +
			     (operations % TW_TOOL_REPORT_BUCKETS != 0 || !operations);
	report->bucket_count = (size_t)((operations + report->per_bucket - 1) / report->per_bucket);
	report->buckets = calloc(report->bucket_count + 1, sizeof(*report->buckets));
	if (!report->buckets)
		return -ENOMEM;
	twinfs_trace_rewind(trace);
	while (twinfs_trace_next(trace, &record)) {
		if (record.kind == TWINFS_TRACE_MARK)
			read_mark(&reading, &record);
		else if (record.kind == TWINFS_TRACE_PROGRAM || record.kind == TWINFS_TRACE_ERASE)
			read_operation(&reading, &record);
	}
	end_phase(&reading, time_of(report, report->info->last_time_ns));
	return 0;
}
