/* SPDX-License-Identifier: MIT */
/*
 * print_trace.c - the records of a trace, one line each.
 */
#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "tool.h"

const char *tw_tool_seconds_text(uint64_t ns, char *room)
{
	snprintf(room, TW_TOOL_NUMBER_ROOM, "%" PRIu64 ".%06u", ns / 1000000000,
		(unsigned)(ns % 1000000000 / 1000));
	return room;
}

/* "customer_fs 42", or "chip 42" outside of all partitions. */
static void print_place(const struct twinfs_trace *trace, uint64_t addr)
{
	uint64_t block;
	const struct twinfs_trace_part *part = twinfs_trace_locate(trace, addr, &block);
	const char *name = part ? part->name : "chip";
	int width = (int)strlen(name);

	putchar(' ');
	tw_tool_put_plain(stdout, name);
	printf(" %-*" PRIu64 " 0x%08" PRIx64, width < 19 ? 24 - width : 5, block, addr);
}

static void print_outcome(const struct twinfs_trace_record *record)
{
	if (!record->result && record->done == record->len)
		return;
	printf("  %s", tw_tool_paint(TW_TOOL_RED));
	if (record->done < record->len)
		printf("%" PRIu32 " bytes done%s", record->done, record->result ? ", " : "");
	if (record->result)
		fputs(tw_tool_reason(record->result), stdout);
	fputs(tw_tool_paint(TW_TOOL_PLAIN), stdout);
}

static void print_change(const struct twinfs_trace_mark *mark)
{
	printf(" %s ", twinfs_traced_change_name(mark->change));
	tw_tool_put_plain(stdout, mark->path);
	if (mark->change == TWINFS_TRACED_RENAME) {
		fputs(" to ", stdout);
		tw_tool_put_plain(stdout, mark->new_path);
	}
	if (mark->change == TWINFS_TRACED_ATTR)
		printf(" type %" PRIu64, mark->index);
	if (mark->change == TWINFS_TRACED_CONTENT || mark->change == TWINFS_TRACED_ATTR)
		printf(", %" PRIu64 " bytes", mark->size);
	if (mark->change == TWINFS_TRACED_RESIZE)
		printf(", %" PRIu64 " blocks", mark->size);
}

static void print_mark(const struct twinfs_trace_mark *mark)
{
	fputs(tw_tool_paint(mark->kind == TWINFS_MARK_POWER_CUT ? TW_TOOL_RED : TW_TOOL_DIM),
		stdout);
	switch (mark->kind) {
	case TWINFS_MARK_CHANGE_BEGAN:
	case TWINFS_MARK_CHANGE_ENDED:
		fputs(mark->kind == TWINFS_MARK_CHANGE_BEGAN ? " begin" : " end", stdout);
		print_change(mark);
		break;
	case TWINFS_MARK_STORE_BEGAN:
	case TWINFS_MARK_STORE_ENDED:
		printf(" %s store slot %" PRIu64 ", %" PRIu64 " bytes",
			mark->kind == TWINFS_MARK_STORE_BEGAN ? "begin" : "end", mark->index,
			mark->size);
		break;
	case TWINFS_MARK_BOOT_BEGAN:
	case TWINFS_MARK_BOOT_ENDED:
		printf(" %s boot %" PRIu64, mark->kind == TWINFS_MARK_BOOT_BEGAN ? "begin" : "end",
			mark->index + 1);
		break;
	case TWINFS_MARK_POWER_CUT:
		fputs(" power cut", stdout);
		break;
	case TWINFS_MARK_NOTE:
		fputs(" note: ", stdout);
		tw_tool_put_plain(stdout, mark->path);
		break;
	case TWINFS_MARK_COUNT:
		break;
	}
	if (mark->result)
		printf(", %s", tw_tool_reason(mark->result));
	fputs(tw_tool_paint(TW_TOOL_PLAIN), stdout);
}

bool tw_tool_is_traced_operation(const struct twinfs_trace_record *record)
{
	return record->kind == TWINFS_TRACE_PROGRAM || record->kind == TWINFS_TRACE_ERASE ||
	       record->kind == TWINFS_TRACE_FLIP;
}

void tw_tool_print_trace_record(const struct twinfs_trace *trace,
	const struct twinfs_trace_record *record, uint64_t operation)
{
	bool is_operation =
		record->kind == TWINFS_TRACE_PROGRAM || record->kind == TWINFS_TRACE_ERASE;
	char time[TW_TOOL_NUMBER_ROOM], number[TW_TOOL_NUMBER_ROOM] = "", at[24] = "";

	if (is_operation)
		snprintf(number, sizeof(number), "%" PRIu64, record->number);
	if (tw_tool_is_traced_operation(record))
		snprintf(at, sizeof(at), "@%" PRIu64, operation);
	printf("%8s %-6s", number, at);
	printf(" %12s %-7s", tw_tool_seconds_text(record->time_ns, time),
		twinfs_trace_kind_name(record->kind));
	if (record->kind == TWINFS_TRACE_MARK) {
		print_mark(&record->mark);
	} else {
		print_place(trace, record->addr);
		printf(" %6" PRIu32, record->len);
	}
	if (*record->owner) {
		fputs("  ", stdout);
		tw_tool_put_plain(stdout, record->owner);
	}
	if (is_operation)
		print_outcome(record);
	putchar('\n');
}
