/* SPDX-License-Identifier: MIT */
/*
 * report_map.c - the blocks of the chip as a map: what was done to each of
 * them, and for whom last.
 *
 * Only blocks that were touched are held in memory, so a trace that claims to
 * be of a huge chip costs nothing.
 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>

#include "tool.h"

/* A touched block, and its last operation. */
struct touched {
	const struct twinfs_trace_block *block;
	const char *owner;
	uint64_t last;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_touched(const void *a, const void *b)
{
	const struct touched *first = a, *second = b;

	return compare_numbers(first->block->addr, second->block->addr);
}

static int compare_addr(const void *key, const void *item)
{
	const struct touched *touched = item;

	return compare_numbers(*(const uint64_t *)key, touched->block->addr);
}

static int compare_parts(const void *a, const void *b)
{
	const struct tw_tool_report_area *first = a, *second = b;

	return compare_numbers(first->addr, second->addr);
}

static void add_area(struct tw_tool_report_trace *report, const struct twinfs_trace_part *part)
{
	const struct twinfs_trace_info *info = report->info;
	struct tw_tool_report_area *area = &report->areas[report->area_count++];

	area->part = part;
	area->addr = part ? part->addr : 0;
	area->size = part ? part->size : info->chip_size;
	area->block_size = part && part->block_size ? part->block_size : info->geometry.erase_size;
	area->blocks = area->size / area->block_size + (area->size % area->block_size != 0);
}

/* The partitions by address; then the chip itself, if anything happened outside of them. */
static void find_areas(struct tw_tool_report_trace *report)
{
	const struct twinfs_trace_info *info = report->info;
	const struct twinfs_trace_summary *summary = &report->summary;
	uint64_t blocks = 0;

	for (size_t i = 0; i < info->part_count; i++)
		add_area(report, &info->parts[i]);
	qsort(report->areas, report->area_count, sizeof(*report->areas), compare_parts);
	for (size_t i = 0; i < summary->block_count; i++)
		if (!summary->blocks[i].part) {
			add_area(report, NULL);
			break;
		}
	for (size_t i = 0; i < report->area_count; i++)
		blocks += report->areas[i].blocks;
	report->per_cell = blocks / TW_TOOL_REPORT_CELLS + (blocks % TW_TOOL_REPORT_CELLS != 0);
	if (!report->per_cell)
		report->per_cell = 1;
}

static size_t area_of(const struct tw_tool_report_trace *report,
	const struct twinfs_trace_block *block)
{
	size_t i = 0;

	while (i + 1 < report->area_count && report->areas[i].part != block->part)
		i++;
	return i;
}

static int compare_cells(const void *a, const void *b)
{
	const struct tw_tool_report_cell *first = a, *second = b;

	if (first->area != second->area)
		return compare_numbers(first->area, second->area);
	return compare_numbers(first->cell, second->cell);
}

static void add_to_cell(struct tw_tool_report_cell *cell, const struct tw_tool_report_cell *more)
{
	cell->blocks += more->blocks;
	if (cell->erases_max < more->erases_max)
		cell->erases_max = more->erases_max;
	cell->erases += more->erases;
	cell->programs += more->programs;
	cell->program_bytes += more->program_bytes;
	if (cell->last <= more->last) {
		cell->last = more->last;
		cell->owner = more->owner;
	}
}

/* Blocks of one cell become one. */
static void join_cells(struct tw_tool_report_trace *report)
{
	struct tw_tool_report_cell *cells = report->cells;
	size_t kept = 0;

	qsort(cells, report->cell_count, sizeof(*cells), compare_cells);
	for (size_t i = 0; i < report->cell_count; i++) {
		if (kept && !compare_cells(&cells[kept - 1], &cells[i]))
			add_to_cell(&cells[kept - 1], &cells[i]);
		else
			cells[kept++] = cells[i];
	}
	report->cell_count = kept;
}

/* Notes for each block which operation was the last in it. */
static void find_last(struct twinfs_trace *trace, const struct tw_tool_report_trace *report,
	struct touched *touched)
{
	struct twinfs_trace_record record;
	uint64_t at = 0;

	twinfs_trace_rewind(trace);
	while (twinfs_trace_next(trace, &record)) {
		const struct twinfs_trace_part *part;
		struct touched *it;
		uint64_t block, addr;

		if (record.kind != TWINFS_TRACE_PROGRAM && record.kind != TWINFS_TRACE_ERASE)
			continue;
		part = twinfs_trace_locate(trace, record.addr, &block);
		addr = (part ? part->addr : 0) +
		       block * (part && part->block_size ? part->block_size
							 : report->info->geometry.erase_size);
		it = bsearch(&addr, touched, report->summary.block_count, sizeof(*touched),
			compare_addr);
		if (it) {
			it->owner = record.owner;
			it->last = at;
		}
		at++;
	}
}

int tw_tool_report_map(struct twinfs_trace *trace, struct tw_tool_report_trace *report)
{
	const struct twinfs_trace_summary *summary = &report->summary;
	const size_t count = summary->block_count;
	_cleanup_free_ struct touched *touched = calloc(count + 1, sizeof(*touched));

	report->cells = calloc(count + 1, sizeof(*report->cells));
	if (!touched || !report->cells)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		touched[i].block = &summary->blocks[i];
	qsort(touched, count, sizeof(*touched), compare_touched);
	find_last(trace, report, touched);
	find_areas(report);
	for (size_t i = 0; i < count; i++) {
		const struct twinfs_trace_block *block = touched[i].block;

		report->cells[i] = (struct tw_tool_report_cell){
			.area = area_of(report, block),
			.cell = block->block / report->per_cell,
			.blocks = 1,
			.erases_max = block->erases,
			.erases = block->erases,
			.programs = block->programs,
			.program_bytes = block->program_bytes,
			.owner = touched[i].owner,
			.last = touched[i].last,
		};
	}
	report->cell_count = count;
	join_cells(report);
	return 0;
}
