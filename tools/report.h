/* SPDX-License-Identifier: MIT */
/*
 * report.h - the parts of "twinfs report": what of a trace is shown, bounded
 * in size however long the trace is, and the page that shows it.
 *
 * A page is a template that is built into the program, with one JSON document
 * in it. The template draws; everything is counted here.
 */
#ifndef TW_TOOL_REPORT_H
#define TW_TOOL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/explore.h>
#include <twinfs/trace.h>
#include "text.h"

/* The bounds, from which a page gets its size: see print_report_json.c. */
enum {
	TW_TOOL_REPORT_BUCKETS = 1024, /* of the timeline */
	TW_TOOL_REPORT_LANES = 8,      /* owners; the last lane is all others */
	TW_TOOL_REPORT_CELLS = 4096,   /* of the map, or one more for each area */
	TW_TOOL_REPORT_PHASES = 256,
	TW_TOOL_REPORT_EVENTS = 256,
};

/* Operations one behind the other. */
struct tw_tool_report_bucket {
	uint64_t time_ns; /* when the first one begins, behind the first of the trace */
	uint64_t programs[TW_TOOL_REPORT_LANES], erases[TW_TOOL_REPORT_LANES];
	uint64_t failed;       /* did not end well, or not wholly */
	uint64_t acknowledged; /* changes and stores, behind one of these operations */
	struct twinfs_trace_mark first_acknowledged;
};

struct tw_tool_report_lane {
	const char *owner; /* NULL: all others */
	size_t owners;     /* how many the lane stands for */
	uint64_t programs, program_bytes, erases;
	uint64_t busy_ns;
};

/* A boot, or what the application did until the next one. */
struct tw_tool_report_phase {
	bool is_boot;
	bool has_ended; /* a boot: its end is in the trace... */
	int result;     /* ...with this */
	uint64_t boot;  /* a boot: boots before it */
	uint64_t first; /* place of the first operation */
	uint64_t operations, erases, program_bytes, acknowledged;
	uint64_t time_ns, ns; /* when it begins, behind the first operation; how long */
};

/* A power cut or a note. */
struct tw_tool_report_event {
	enum twinfs_trace_mark_kind kind;
	const char *text;
	uint64_t at; /* operations before it */
};

/* What is known of one block, or of several that are shown as one. */
struct tw_tool_report_cell {
	size_t area;
	uint64_t cell;   /* of the area, from 0 */
	uint64_t blocks; /* of it that were touched */
	uint64_t erases_max, erases, programs, program_bytes;
	const char *owner; /* of the last operation */
	uint64_t last;     /* its place */
};

/* A partition; or the whole chip, for what lies outside of them. */
struct tw_tool_report_area {
	const struct twinfs_trace_part *part; /* NULL: the chip */
	uint64_t addr, size;
	uint32_t block_size;
	uint64_t blocks;
};

struct tw_tool_report_trace {
	const struct twinfs_trace_info *info;
	struct twinfs_trace_summary summary;

	uint64_t per_bucket; /* operations of all buckets but the last */
	size_t bucket_count, lane_count;
	struct tw_tool_report_bucket *buckets;
	struct tw_tool_report_lane lanes[TW_TOOL_REPORT_LANES];

	struct tw_tool_report_phase phases[TW_TOOL_REPORT_PHASES], boots, application;
	size_t phase_count;
	uint64_t boot_count, phases_left_out;

	struct tw_tool_report_event events[TW_TOOL_REPORT_EVENTS];
	size_t event_count;
	uint64_t events_left_out;

	struct tw_tool_report_area areas[TWINFS_TRACE_PARTS + 1];
	size_t area_count;
	uint64_t per_cell;                 /* blocks of all cells but the last of an area */
	struct tw_tool_report_cell *cells; /* by area, then by cell */
	size_t cell_count;
};

/* Reads @trace through. 0 or -ENOMEM. The result points into the trace; NULL may be freed. */
int tw_tool_report_read(struct twinfs_trace *trace, struct tw_tool_report_trace **ret_report);
void tw_tool_report_free(struct tw_tool_report_trace *report);

/* The timeline, phases and events; and the map, of a report whose summary is there. */
int tw_tool_report_timeline(struct twinfs_trace *trace, struct tw_tool_report_trace *report);
int tw_tool_report_map(struct twinfs_trace *trace, struct tw_tool_report_trace *report);

struct tw_tool_report {
	const struct twinfs_explore_result *result;
	struct twinfs_trace *trace;        /* NULL: it cannot be had */
	struct tw_tool_report_trace *read; /* of it */
};

/* Appends the JSON document, in which no text can end a script element. 0 or -ENOMEM. */
int tw_tool_report_json(const struct tw_tool_report *report, struct tw_tool_text *page);

/* Appends the whole page. 0 or -ENOMEM. */
int tw_tool_report_page(const struct tw_tool_report *report, struct tw_tool_text *page);

/* The template, of which the document goes into the middle; made by embed-report.py. */
extern const char tw_tool_report_head[], tw_tool_report_tail[];

#endif
