/* SPDX-License-Identifier: MIT */
/*
 * print_report_json.c - the document inside of a report's page.
 *
 * It is bounded: texts are cut, and findings and texts of the trace left out and
 * counted when there are too many. Every text may come from an image, so it is
 * made printable first; and as the document stands in an HTML page, it has no
 * '<', '>' or '&' at all.
 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "json.h"
#include "tool.h"

enum {
	TEXT_MAX = 160,           /* bytes of a path or owner that are shown */
	SENTENCE_MAX = 400,       /* of a sentence */
	FINDINGS_MAX = 600 << 10, /* bytes of all findings */
	TEXTS_MAX = 300 << 10,    /* of all texts of the trace */
};

/* ---- texts ---- */

/* At most @max bytes of @text, printable; free() it. */
static char *plain(const char *text, size_t max)
{
	size_t len = text ? strlen(text) : 0, room;
	char *cut, *made = NULL;
	FILE *out = open_memstream(&made, &room);

	if (len > max)
		for (len = max; len > max - 3 && (text[len] & 0xc0) == 0x80;)
			len--;
	cut = strndup(text ? text : "", len);
	if (!out || !cut)
		exit(tw_tool_no_memory(NULL));
	tw_tool_put_plain(out, cut);
	if (text && text[len])
		fputs("\u2026", out);
	free(cut);
	if (fclose(out) || !made)
		exit(tw_tool_no_memory(NULL));
	return made;
}

static void add_plain(struct json_object *to, const char *key, const char *text, size_t max)
{
	_cleanup_free_ char *shown = text ? plain(text, max) : NULL;

	tw_tool_json_add_string(to, key, shown);
}

static void append_uint(struct json_object *array, uint64_t value)
{
	tw_tool_json_append(array, json_object_new_uint64(value));
}

static bool is_special(char c)
{
	return c == '<' || c == '>' || c == '&';
}

/* Bytes that @value takes in the page. */
static size_t size_of(struct json_object *value)
{
	const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
	size_t size = 0;

	if (!text)
		exit(tw_tool_no_memory(NULL));
	for (; *text; text++)
		size += is_special(*text) ? 6 : 1;
	return size;
}

/*
 * Texts of the trace, each once: others refer to them by number. Number 0 is
 * what stands for those that there is no room for.
 */
struct texts {
	const char **list;
	size_t count, room, size;
	struct json_object *json;
};

static uint64_t number_of(struct texts *texts, const char *text)
{
	struct json_object *value;
	char *shown;

	for (size_t i = 1; i < texts->count; i++)
		if (texts->list[i] == text || !strcmp(texts->list[i], text))
			return i;
	if (texts->count == texts->room || texts->size > TEXTS_MAX)
		return 0;
	shown = plain(text, TEXT_MAX);
	value = json_object_new_string(shown);
	free(shown);
	if (!value)
		exit(tw_tool_no_memory(NULL));
	texts->size += size_of(value) + 1;
	tw_tool_json_append(texts->json, value);
	texts->list[texts->count] = text;
	return texts->count++;
}

/* ---- the result ---- */

static struct json_object *request_json(const struct twinfs_explore_request *request)
{
	struct json_object *to = tw_tool_json_object();
	char seed[TW_TOOL_NUMBER_ROOM];

	snprintf(seed, sizeof(seed), "%" PRIu64, request->seed);
	tw_tool_json_add_string(to, "policy", twinfs_policy_name(request->policy));
	tw_tool_json_add_uint(to, "depth", request->depth);
	tw_tool_json_add_uint(to, "torn_bytes", request->torn_bytes);
	tw_tool_json_add_uint(to, "torn_spread", request->torn_spread);
	tw_tool_json_add_uint(to, "outcomes", request->outcomes);
	/* as text: a script's numbers have 53 bits */
	tw_tool_json_add_string(to, "seed", seed);
	tw_tool_json_add_uint(to, "sample", request->sample);
	tw_tool_json_add_uint(to, "shard", request->shard);
	tw_tool_json_add_uint(to, "shards", request->shards);
	tw_tool_json_add_bool(to, "checks", request->checks.low || request->checks.high);
	return to;
}

static struct json_object *boots_json(const struct twinfs_explore_boots *boots)
{
	struct json_object *to = tw_tool_json_object();

	tw_tool_json_add_uint(to, "boots", boots->boots);
	tw_tool_json_add_uint(to, "again", boots->again);
	tw_tool_json_add_uint(to, "writing", boots->writing);
	tw_tool_json_add_uint(to, "restoring", boots->restoring);
	tw_tool_json_add_uint(to, "files", boots->files);
	tw_tool_json_add_uint(to, "formatting", boots->formatting);
	tw_tool_json_add_uint(to, "programs", boots->programs);
	tw_tool_json_add_uint(to, "erases", boots->erases);
	tw_tool_json_add_uint(to, "flash_ns", boots->flash_ns);
	tw_tool_json_add_uint(to, "flash_ns_max", boots->flash_ns_max);
	return to;
}

static struct json_object *holes_json(const struct twinfs_explore_result *result)
{
	struct json_object *to = tw_tool_json_array();

	for (size_t i = 0; i < TWINFS_HOLE_COUNT; i++) {
		struct json_object *hole;

		if (!result->holes[i] && !result->run_holes[i])
			continue;
		hole = tw_tool_json_object();
		tw_tool_json_add_string(hole, "name", twinfs_hole_name((enum twinfs_hole_id)i));
		tw_tool_json_add_uint(hole, "states", result->holes[i]);
		tw_tool_json_add_bool(hole, "in_run", result->run_holes[i]);
		tw_tool_json_append(to, hole);
	}
	return to;
}

static struct json_object *result_json(const struct twinfs_explore_result *result)
{
	struct json_object *to = tw_tool_json_object(), *kinds = tw_tool_json_object();
	uint64_t done = 0;

	for (size_t i = 0; i < result->done_count; i++)
		done += result->done[i].count;
	for (size_t i = TWINFS_CUT_BEFORE; i < TWINFS_CUT_COUNT; i++)
		tw_tool_json_add_uint(kinds, twinfs_cut_name((enum twinfs_cut_kind)i),
			result->states_of[i]);
	add_plain(to, "image", result->image, TEXT_MAX);
	add_plain(to, "trace", result->trace, TEXT_MAX);
	tw_tool_json_add(to, "request", request_json(&result->request));
	tw_tool_json_add_bool(to, "is_complete", twinfs_explore_is_complete(result));
	tw_tool_json_add_uint(to, "chunks_done", done);
	tw_tool_json_add_uint(to, "chunks", result->chunks);
	tw_tool_json_add_uint(to, "trace_operations", result->trace_operations);
	tw_tool_json_add_bool(to, "trace_is_cut", result->trace_is_cut);
	tw_tool_json_add_uint(to, "operations", result->operations);
	tw_tool_json_add_uint(to, "states", result->states);
	tw_tool_json_add(to, "states_of", kinds);
	tw_tool_json_add_uint(to, "states_again", result->states_again);
	tw_tool_json_add_uint(to, "bad_states", result->bad_states);
	tw_tool_json_add(to, "boots", boots_json(&result->boots));
	tw_tool_json_add(to, "holes", holes_json(result));
	tw_tool_json_add_uint(to, "ms",
		result->seconds > 0 ? (uint64_t)(result->seconds * 1e3) : 0);
	tw_tool_json_add_uint(to, "workers", result->workers);
	return to;
}

/* ---- findings ---- */

static struct json_object *cut_json(const struct twinfs_cut *cut)
{
	struct json_object *to = tw_tool_json_object();

	tw_tool_json_add_string(to, "kind", twinfs_cut_name(cut->kind));
	tw_tool_json_add_uint(to, "op", cut->op);
	tw_tool_json_add_uint(to, "done", cut->done);
	tw_tool_json_add_uint(to, "unit", cut->unit);
	return to;
}

/* An operation on the chip. */
static void add_place(struct json_object *to, const struct tw_tool_report *report, uint64_t addr,
	uint32_t len, bool is_erase)
{
	const struct twinfs_trace_part *part = NULL;
	uint64_t block = 0;

	tw_tool_json_add_uint(to, "addr", addr);
	tw_tool_json_add_uint(to, "len", len);
	tw_tool_json_add_bool(to, "is_erase", is_erase);
	if (report->trace)
		part = twinfs_trace_locate(report->trace, addr, &block);
	if (!part)
		return;
	add_plain(to, "part", part->name, TEXT_MAX);
	tw_tool_json_add_uint(to, "block", block);
}

static struct json_object *again_json(const struct tw_tool_report *report,
	const struct twinfs_explore_example *example)
{
	struct json_object *to = cut_json(&example->crash.again);

	if (!example->again.owner)
		return to;
	add_place(to, report, example->again.addr, example->again.len, example->again.is_erase);
	add_plain(to, "owner", example->again.owner, TEXT_MAX);
	return to;
}

static struct json_object *example_json(const struct tw_tool_report *report,
	const struct twinfs_explore_example *example)
{
	struct json_object *to = tw_tool_json_object();
	char crash[TWINFS_CRASH_TEXT];

	twinfs_crash_text(&example->crash, crash);
	tw_tool_json_add_string(to, "crash", crash);
	tw_tool_json_add(to, "cut", cut_json(&example->crash.cut));
	if (example->crash.again.kind != TWINFS_CUT_NONE)
		tw_tool_json_add(to, "again", again_json(report, example));
	add_plain(to, "sentence", example->sentence, SENTENCE_MAX);
	if (example->crash.cut.kind == TWINFS_CUT_END)
		return to;
	tw_tool_json_add_uint(to, "number", example->seq);
	add_place(to, report, example->addr, example->len, example->is_erase);
	add_plain(to, "owner", example->owner, TEXT_MAX);
	return to;
}

static struct json_object *finding_json(const struct tw_tool_report *report,
	const struct twinfs_explore_finding *finding)
{
	struct json_object *to = tw_tool_json_object(), *examples = tw_tool_json_array();

	tw_tool_json_add_string(to, "kind", twinfs_finding_name(finding->kind));
	add_plain(to, "subject", finding->subject, TEXT_MAX);
	tw_tool_json_add_uint(to, "states", finding->states);
	for (size_t i = 0; i < finding->example_count; i++) {
		struct json_object *example = example_json(report, &finding->examples[i]);

		tw_tool_json_append(examples, example);
		/* the first one is what a finding is understood by */
		if (size_of(examples) > FINDINGS_MAX / 16)
			break;
	}
	tw_tool_json_add(to, "examples", examples);
	return to;
}

static void add_findings(struct json_object *root, const struct tw_tool_report *report)
{
	const struct twinfs_explore_result *result = report->result;
	struct json_object *findings = tw_tool_json_array();
	size_t size = 0, i;

	for (i = 0; i < result->finding_count && size < FINDINGS_MAX; i++) {
		struct json_object *finding = finding_json(report, &result->findings[i]);

		size += size_of(finding);
		tw_tool_json_append(findings, finding);
	}
	tw_tool_json_add(root, "findings", findings);
	tw_tool_json_add_uint(root, "findings_left_out", result->finding_count - i);
}

/* ---- the trace ---- */

static struct json_object *lanes_json(const struct tw_tool_report_trace *trace, struct texts *texts)
{
	struct json_object *to = tw_tool_json_array();

	for (size_t i = 0; i < trace->lane_count; i++) {
		const struct tw_tool_report_lane *from = &trace->lanes[i];
		struct json_object *lane = tw_tool_json_object();

		if (from->owner)
			tw_tool_json_add_uint(lane, "owner", number_of(texts, from->owner));
		tw_tool_json_add_uint(lane, "owners", from->owners);
		tw_tool_json_add_uint(lane, "programs", from->programs);
		tw_tool_json_add_uint(lane, "program_bytes", from->program_bytes);
		tw_tool_json_add_uint(lane, "erases", from->erases);
		tw_tool_json_add_uint(lane, "busy_ns", from->busy_ns);
		tw_tool_json_append(to, lane);
	}
	return to;
}

/* [time_ns, failed, acknowledged, [programs of each lane], [erases of each lane]] */
static struct json_object *buckets_json(const struct tw_tool_report_trace *trace)
{
	struct json_object *to = tw_tool_json_array();

	for (size_t i = 0; i < trace->bucket_count; i++) {
		const struct tw_tool_report_bucket *from = &trace->buckets[i];
		struct json_object *bucket = tw_tool_json_array();
		struct json_object *programs = tw_tool_json_array(), *erases = tw_tool_json_array();

		append_uint(bucket, from->time_ns);
		append_uint(bucket, from->failed);
		append_uint(bucket, from->acknowledged);
		for (size_t lane = 0; lane < trace->lane_count; lane++) {
			append_uint(programs, from->programs[lane]);
			append_uint(erases, from->erases[lane]);
		}
		tw_tool_json_append(bucket, programs);
		tw_tool_json_append(bucket, erases);
		tw_tool_json_append(to, bucket);
	}
	return to;
}

/* [bucket, what, text]: the first that was acknowledged in each bucket that has one */
static struct json_object *acknowledged_json(const struct tw_tool_report_trace *trace,
	struct texts *texts)
{
	struct json_object *to = tw_tool_json_array();

	for (size_t i = 0; i < trace->bucket_count; i++) {
		const struct twinfs_trace_mark *mark = &trace->buckets[i].first_acknowledged;
		struct json_object *it;
		const char *what;

		if (!trace->buckets[i].acknowledged)
			continue;
		it = tw_tool_json_array();
		what = mark->kind == TWINFS_MARK_STORE_ENDED
			       ? "slot"
			       : twinfs_traced_change_name(mark->change);
		append_uint(it, i);
		tw_tool_json_append(it, json_object_new_string(what));
		if (mark->kind == TWINFS_MARK_STORE_ENDED)
			tw_tool_json_append(it, json_object_new_string_len("", 0));
		else
			append_uint(it, number_of(texts, mark->path));
		append_uint(it, mark->index);
		tw_tool_json_append(to, it);
	}
	return to;
}

static struct json_object *phase_json(const struct tw_tool_report_phase *phase)
{
	struct json_object *to = tw_tool_json_object();

	tw_tool_json_add_bool(to, "is_boot", phase->is_boot);
	if (phase->is_boot) {
		tw_tool_json_add_uint(to, "boot", phase->boot);
		tw_tool_json_add_bool(to, "has_ended", phase->has_ended);
		tw_tool_json_add_bool(to, "is_good", phase->has_ended && !phase->result);
	}
	tw_tool_json_add_uint(to, "first", phase->first);
	tw_tool_json_add_uint(to, "operations", phase->operations);
	tw_tool_json_add_uint(to, "erases", phase->erases);
	tw_tool_json_add_uint(to, "program_bytes", phase->program_bytes);
	tw_tool_json_add_uint(to, "acknowledged", phase->acknowledged);
	tw_tool_json_add_uint(to, "time_ns", phase->time_ns);
	tw_tool_json_add_uint(to, "ns", phase->ns);
	return to;
}

static void add_phases(struct json_object *to, const struct tw_tool_report_trace *trace)
{
	struct json_object *phases = tw_tool_json_array();

	for (size_t i = 0; i < trace->phase_count; i++)
		tw_tool_json_append(phases, phase_json(&trace->phases[i]));
	tw_tool_json_add(to, "phases", phases);
	tw_tool_json_add_uint(to, "phases_left_out", trace->phases_left_out);
	tw_tool_json_add_uint(to, "boots", trace->boot_count);
	tw_tool_json_add(to, "in_boots", phase_json(&trace->boots));
	tw_tool_json_add(to, "in_application", phase_json(&trace->application));
}

static struct json_object *events_json(const struct tw_tool_report_trace *trace,
	struct texts *texts)
{
	struct json_object *to = tw_tool_json_array();

	for (size_t i = 0; i < trace->event_count; i++) {
		struct json_object *event = tw_tool_json_object();

		tw_tool_json_add_string(event, "kind", twinfs_mark_name(trace->events[i].kind));
		tw_tool_json_add_uint(event, "text", number_of(texts, trace->events[i].text));
		tw_tool_json_add_uint(event, "at", trace->events[i].at);
		tw_tool_json_append(to, event);
	}
	return to;
}

static struct json_object *areas_json(const struct tw_tool_report_trace *trace)
{
	struct json_object *to = tw_tool_json_array();

	for (size_t i = 0; i < trace->area_count; i++) {
		const struct tw_tool_report_area *from = &trace->areas[i];
		struct json_object *area = tw_tool_json_object();

		add_plain(area, "name", from->part ? from->part->name : NULL, TEXT_MAX);
		add_plain(area, "path", from->part ? from->part->path : NULL, TEXT_MAX);
		tw_tool_json_add_uint(area, "addr", from->addr);
		tw_tool_json_add_uint(area, "size", from->size);
		tw_tool_json_add_uint(area, "block_size", from->block_size);
		tw_tool_json_add_uint(area, "blocks", from->blocks);
		tw_tool_json_append(to, area);
	}
	return to;
}

/* [area, cell, blocks, most erases, erases, programs, bytes, owner, last operation] */
static struct json_object *cells_json(const struct tw_tool_report_trace *trace, struct texts *texts)
{
	struct json_object *to = tw_tool_json_array();

	for (size_t i = 0; i < trace->cell_count; i++) {
		const struct tw_tool_report_cell *from = &trace->cells[i];
		struct json_object *cell = tw_tool_json_array();

		append_uint(cell, from->area);
		append_uint(cell, from->cell);
		append_uint(cell, from->blocks);
		append_uint(cell, from->erases_max);
		append_uint(cell, from->erases);
		append_uint(cell, from->programs);
		append_uint(cell, from->program_bytes);
		append_uint(cell, number_of(texts, from->owner));
		append_uint(cell, from->last);
		tw_tool_json_append(to, cell);
	}
	return to;
}

static struct json_object *trace_json(const struct tw_tool_report_trace *trace)
{
	/* as many as can be asked for, and number 0 */
	const size_t room = TW_TOOL_REPORT_LANES + TW_TOOL_REPORT_BUCKETS + TW_TOOL_REPORT_EVENTS +
			    trace->cell_count + 1;
	_cleanup_free_ const char **list = calloc(room, sizeof(*list));
	struct texts texts = {.list = list, .count = 1, .room = room, .json = tw_tool_json_array()};
	struct json_object *to = tw_tool_json_object();

	if (!list)
		exit(tw_tool_no_memory(NULL));
	tw_tool_json_append(texts.json, NULL);
	tw_tool_json_add_uint(to, "operations", trace->info->operations);
	tw_tool_json_add_uint(to, "chip_size", trace->info->chip_size);
	tw_tool_json_add_uint(to, "erase_size", trace->info->geometry.erase_size);
	tw_tool_json_add_bool(to, "is_truncated", trace->info->is_truncated);
	tw_tool_json_add_uint(to, "programs", trace->summary.programs);
	tw_tool_json_add_uint(to, "program_bytes", trace->summary.program_bytes);
	tw_tool_json_add_uint(to, "erases", trace->summary.erases);
	tw_tool_json_add_uint(to, "failed", trace->summary.failed);
	tw_tool_json_add_uint(to, "content_bytes", trace->summary.content_bytes);
	tw_tool_json_add_uint(to, "busy_ns", trace->summary.busy_ns);
	tw_tool_json_add_uint(to, "per_bucket", trace->per_bucket);
	tw_tool_json_add(to, "lanes", lanes_json(trace, &texts));
	tw_tool_json_add(to, "buckets", buckets_json(trace));
	tw_tool_json_add(to, "acknowledged", acknowledged_json(trace, &texts));
	add_phases(to, trace);
	tw_tool_json_add(to, "events", events_json(trace, &texts));
	tw_tool_json_add_uint(to, "events_left_out", trace->events_left_out);
	tw_tool_json_add(to, "areas", areas_json(trace));
	tw_tool_json_add_uint(to, "per_cell", trace->per_cell);
	tw_tool_json_add(to, "cells", cells_json(trace, &texts));
	tw_tool_json_add(to, "texts", texts.json);
	return to;
}

/* ---- the document ---- */

static int add_escaped(struct tw_tool_text *page, const char *text)
{
	int code = 0;

	while (*text && !code) {
		const size_t len = strcspn(text, "<>&");
		char escape[16];

		code = tw_tool_text_add(page, text, len);
		text += len;
		if (*text && !code) {
			snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)*text++);
			code = tw_tool_text_add(page, escape, strlen(escape));
		}
	}
	return code;
}

int tw_tool_report_json(const struct tw_tool_report *report, struct tw_tool_text *page)
{
	struct json_object *root = tw_tool_json_object();
	const char *text;
	int code;

	tw_tool_json_add_string(root, "made_by", "twinfs " TWINFS_VERSION);
	tw_tool_json_add(root, "result", result_json(report->result));
	add_findings(root, report);
	tw_tool_json_add(root, "trace", report->read ? trace_json(report->read) : NULL);
	text = json_object_to_json_string_ext(root,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	code = text ? add_escaped(page, text) : -ENOMEM;
	json_object_put(root);
	return code;
}
