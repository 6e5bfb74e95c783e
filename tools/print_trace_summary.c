/* SPDX-License-Identifier: MIT */
/*
 * print_trace_summary.c - a trace in a few tables.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

static void print_title(const char *title)
{
	printf("\n%s%s%s\n", tw_tool_paint(TW_TOOL_BOLD), title, tw_tool_paint(TW_TOOL_PLAIN));
}

static void print_rest(size_t count, size_t rows)
{
	if (count > rows)
		printf("  and %zu more: --all\n", count - rows);
}

static void print_ratio(const struct twinfs_trace_summary *summary)
{
	char content[TW_TOOL_NUMBER_ROOM];

	if (!summary->content_bytes)
		return;
	printf("acknowledged %s bytes of content; programmed %.2f times that\n",
		tw_tool_count_text(summary->content_bytes, content),
		(double)summary->program_bytes / (double)summary->content_bytes);
}

static void print_totals(const struct twinfs_trace *trace,
	const struct twinfs_trace_summary *summary)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(trace);
	char one[TW_TOOL_NUMBER_ROOM], two[TW_TOOL_NUMBER_ROOM], three[TW_TOOL_NUMBER_ROOM];

	printf("chip of %s, erase units of %s, operations from %s on\n",
		tw_tool_size_text(info->chip_size, one),
		tw_tool_size_text(info->geometry.erase_size, two),
		tw_tool_count_text(info->first_number + 1, three));
	printf("%s programs, %s bytes; %s erases", tw_tool_count_text(summary->programs, one),
		tw_tool_count_text(summary->program_bytes, two),
		tw_tool_count_text(summary->erases, three));
	if (summary->failed)
		printf("; %s failed or torn", tw_tool_count_text(summary->failed, one));
	if (summary->flips)
		printf("; %s cells flipped", tw_tool_count_text(summary->flips, one));
	printf("\n%s s of virtual time\n", tw_tool_seconds_text(summary->busy_ns, one));
	print_ratio(summary);
}

static void print_marks(const struct twinfs_trace_summary *summary)
{
	const char *between = "";

	printf("%" PRIu64 " boots, %" PRIu64 " power cuts, %" PRIu64 " stores\n",
		summary->marks[TWINFS_MARK_BOOT_BEGAN], summary->marks[TWINFS_MARK_POWER_CUT],
		summary->marks[TWINFS_MARK_STORE_ENDED]);
	fputs("changes acknowledged: ", stdout);
	for (int change = TWINFS_TRACED_CREATE; change < TWINFS_TRACED_COUNT; change++) {
		if (!summary->changes[change])
			continue;
		printf("%s%" PRIu64 " %s", between, summary->changes[change],
			twinfs_traced_change_name((enum twinfs_traced_change)change));
		between = ", ";
	}
	puts(*between ? "" : "none");
}

static void print_owners(const struct twinfs_trace_summary *summary, size_t rows)
{
	char bytes[TW_TOOL_NUMBER_ROOM], time[TW_TOOL_NUMBER_ROOM];

	print_title("programs        bytes   erases     seconds  owner");
	for (size_t i = 0; i < summary->owner_count && i < rows; i++) {
		const struct twinfs_trace_owner *owner = &summary->owners[i];

		printf("%8" PRIu64 " %12s %8" PRIu64 " %11s  ", owner->programs,
			tw_tool_count_text(owner->program_bytes, bytes), owner->erases,
			tw_tool_seconds_text(owner->busy_ns, time));
		tw_tool_put_plain(stdout, *owner->owner ? owner->owner : "(nobody known)");
		putchar('\n');
	}
	print_rest(summary->owner_count, rows);
}

static void print_files(const struct twinfs_trace_summary *summary, size_t rows)
{
	char bytes[TW_TOOL_NUMBER_ROOM];

	print_title(" changes      content   failed  file or slot");
	for (size_t i = 0; i < summary->file_count && i < rows; i++) {
		const struct twinfs_trace_file *file = &summary->files[i];

		printf("%8" PRIu64 " %12s %8" PRIu64 "  ", file->changes,
			tw_tool_count_text(file->content_bytes, bytes), file->failed);
		tw_tool_put_plain(stdout, file->path);
		putchar('\n');
	}
	print_rest(summary->file_count, rows);
}

static void print_blocks(const struct twinfs_trace_summary *summary, size_t rows)
{
	char bytes[TW_TOOL_NUMBER_ROOM];

	print_title("  erases  programs        bytes  block");
	for (size_t i = 0; i < summary->block_count && i < rows; i++) {
		const struct twinfs_trace_block *block = &summary->blocks[i];

		printf("%8" PRIu64 "  %8" PRIu64 " %12s  ", block->erases, block->programs,
			tw_tool_count_text(block->program_bytes, bytes));
		tw_tool_put_plain(stdout, block->part ? block->part->name : "chip");
		printf(" %" PRIu64 " (0x%08" PRIx64 ")\n", block->block, block->addr);
	}
	print_rest(summary->block_count, rows);
}

void tw_tool_print_trace_summary(const struct twinfs_trace *trace,
	const struct twinfs_trace_summary *summary, size_t rows)
{
	print_totals(trace, summary);
	print_marks(summary);
	if (summary->owner_count)
		print_owners(summary, rows);
	if (summary->file_count)
		print_files(summary, rows);
	if (summary->block_count)
		print_blocks(summary, rows);
}
