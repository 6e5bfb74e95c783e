/* SPDX-License-Identifier: MIT */
/*
 * print_check.c - one line for each finding, grouped by partition.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

static enum tw_tool_paint severity_paint(enum twinfs_severity severity)
{
	switch (severity) {
	case TWINFS_NOTE:
		return TW_TOOL_DIM;
	case TWINFS_WARNING:
		return TW_TOOL_YELLOW;
	case TWINFS_ERROR:
		return TW_TOOL_RED;
	}
	return TW_TOOL_PLAIN;
}

static void print_finding(const struct twinfs_error *finding)
{
	enum twinfs_severity severity = twinfs_problem_severity(finding->problem);

	printf("  %s%-8s%s%-18s ", tw_tool_paint(severity_paint(severity)),
		twinfs_severity_name(severity), tw_tool_paint(TW_TOOL_PLAIN),
		twinfs_problem_name(finding->problem));
	tw_tool_put_plain(stdout,
		finding->text[0] ? finding->text : twinfs_problem_text(finding->problem));
	putchar('\n');
}

static void print_counts(size_t errors, size_t warnings, size_t notes)
{
	if (!errors && !warnings && !notes) {
		printf("%sclean%s\n", tw_tool_paint(TW_TOOL_GREEN), tw_tool_paint(TW_TOOL_PLAIN));
		return;
	}
	printf("%s%zu error%s%s, %zu warning%s, %zu note%s\n",
		tw_tool_paint(errors ? TW_TOOL_RED : TW_TOOL_GREEN), errors, tw_tool_plural(errors),
		tw_tool_paint(TW_TOOL_PLAIN), warnings, tw_tool_plural(warnings), notes,
		tw_tool_plural(notes));
}

/* Silence could mean as well that --repair was not understood. */
static bool is_all_well(const struct tw_tool_check *check)
{
	for (size_t i = 0; i < check->part_count; i++) {
		const struct tw_tool_check_part *part = &check->parts[i];

		if (*part->unrepaired ||
			(part->repair && part->repair->kind != TWINFS_REPAIR_NOTHING))
			return false;
	}
	return true;
}

/* Where the result is, and the old bytes. */
static void print_files(const struct tw_tool_check *check)
{
	if (is_all_well(check))
		puts("nothing to repair");
	for (size_t i = 0; i < check->file_count; i++) {
		tw_tool_put_plain(stdout, check->files[i].path);
		fputs(": repaired; as it was: ", stdout);
		tw_tool_put_plain(stdout, check->files[i].copy);
		putchar('\n');
	}
	if (check->output) {
		tw_tool_put_plain(stdout, check->output);
		fputs(": the repaired image\n", stdout);
	}
	if (check->dry_run)
		puts("nothing was written");
}

void tw_tool_print_check(const struct tw_tool_check *check)
{
	char size[TW_TOOL_NUMBER_ROOM], version[TW_TOOL_NUMBER_ROOM];

	for (size_t i = 0; i < check->part_count; i++) {
		const struct tw_tool_check_part *part = &check->parts[i];

		printf("%s%-19s%s 0x%08" PRIx64 "  %9s  %-12s  ", tw_tool_paint(TW_TOOL_BOLD),
			part->name, tw_tool_paint(TW_TOOL_PLAIN), part->addr,
			tw_tool_size_text(part->size, size),
			tw_tool_version_text(part->version, version));
		print_counts(part->errors, part->warnings, part->notes);
		for (size_t j = 0; j < part->count; j++)
			print_finding(&part->found[j]);
		if (check->repairs)
			tw_tool_print_repair(part, check->verbose);
	}
	if (check->repairs)
		print_files(check);
	else if (check->errors)
		puts("what can be saved: twinfs check --repair --dry-run");
}
