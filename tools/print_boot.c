/* SPDX-License-Identifier: MIT */
/*
 * print_boot.c - the boot report for people: what was checked, what was
 * restored and why, what was updated, which holes of the procedures it fell
 * into, what it cost.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

static void print_tagged(enum tw_tool_paint paint, const char *tag, const char *text)
{
	printf("  %s%-11s%s", tw_tool_paint(paint), tag, tw_tool_paint(TW_TOOL_PLAIN));
	tw_tool_put_plain(stdout, text);
	putchar('\n');
}

static const char *reason_text(enum twinfs_reason reason)
{
	switch (reason) {
	case TWINFS_REASON_NONE:
		return "";
	case TWINFS_REASON_MISSING:
		return "it was missing";
	case TWINFS_REASON_EMPTY:
		return "it was empty";
	case TWINFS_REASON_CHANGED:
		return "its content had changed";
	case TWINFS_REASON_UNREADABLE:
		return "it could not be read";
	case TWINFS_REASON_DIRECTORY:
		return "a directory has its name";
	}
	return "";
}

static enum tw_tool_paint verdict_paint(enum twinfs_verdict verdict)
{
	switch (verdict) {
	case TWINFS_VERDICT_INTACT:
		return TW_TOOL_GREEN;
	case TWINFS_VERDICT_RESTORED:
		return TW_TOOL_YELLOW;
	case TWINFS_VERDICT_NO_BACKUP:
	case TWINFS_VERDICT_FAILED:
		return TW_TOOL_RED;
	case TWINFS_VERDICT_SKIPPED:
		return TW_TOOL_DIM;
	}
	return TW_TOOL_PLAIN;
}

static const char *verdict_text(enum twinfs_verdict verdict)
{
	switch (verdict) {
	case TWINFS_VERDICT_INTACT:
		return "intact";
	case TWINFS_VERDICT_RESTORED:
		return "restored";
	case TWINFS_VERDICT_NO_BACKUP:
		return "no backup";
	case TWINFS_VERDICT_FAILED:
		return "failed";
	case TWINFS_VERDICT_SKIPPED:
		return "skipped";
	}
	return "";
}

static void print_file(const struct twinfs_boot_file *file)
{
	printf("  %s%-11s%s", tw_tool_paint(verdict_paint(file->verdict)),
		verdict_text(file->verdict), tw_tool_paint(TW_TOOL_PLAIN));
	tw_tool_put_name(stdout, file->name);
	if (file->verdict != TWINFS_VERDICT_SKIPPED && file->reason != TWINFS_REASON_NONE)
		printf(": %s", reason_text(file->reason));
	if (file->reason == TWINFS_REASON_CHANGED && file->found) {
		printf(" (hash ");
		tw_tool_put_plain(stdout, file->found);
		printf(", expected ");
		tw_tool_put_plain(stdout, file->expected ? file->expected : "none");
		putchar(')');
	}
	putchar('\n');
}

static void print_partitions(const struct twinfs_boot_report *report)
{
	if (report->user_formatted)
		print_tagged(TW_TOOL_RED, "formatted", "the user partition could not be mounted");
	if (report->user_saved)
		print_tagged(TW_TOOL_YELLOW, "saved", report->user_saved);
	if (report->backup_replaced)
		print_tagged(TW_TOOL_RED, "replaced",
			"the backup partition could not be mounted: an empty one in memory stands "
			"in");
	if (report->repaired_user || report->repaired_backup)
		printf("  %s%-11s%sresidue of power cuts: %u in the user, %u in the backup "
		       "partition\n",
			tw_tool_paint(TW_TOOL_YELLOW), "repaired", tw_tool_paint(TW_TOOL_PLAIN),
			report->repaired_user, report->repaired_backup);
}

static void print_restore(const struct twinfs_boot_report *report)
{
	if (report->restore_ran && !report->restore_enabled)
		print_tagged(TW_TOOL_DIM, "off", "restore is switched off in backup_restore.json");
	if (report->table_copied)
		print_tagged(TW_TOOL_YELLOW, "copied",
			"checksum.json came from the backup partition");
	for (size_t i = 0; i < report->file_count; i++)
		print_file(&report->files[i]);
	if (report->table_rewritten)
		print_tagged(TW_TOOL_YELLOW, "updated", "hashes in checksum.json");
	if (report->error)
		print_tagged(TW_TOOL_RED, "error", report->error);
}

static void print_update_file(const struct twinfs_update_file *file)
{
	const char *tag = "", *text = "";
	enum tw_tool_paint paint = TW_TOOL_PLAIN;

	switch (file->verdict) {
	case TWINFS_UPDATE_INSTALLED:
		tag = "installed";
		paint = TW_TOOL_GREEN;
		text = file->hash_updated ? ": its hash in checksum.json was updated" : "";
		break;
	case TWINFS_UPDATE_NO_PAYLOAD:
		tag = "dropped";
		paint = TW_TOOL_RED;
		text = ": its new content is missing";
		break;
	case TWINFS_UPDATE_FAILED:
		tag = "failed";
		paint = TW_TOOL_RED;
		text = ": not installed";
		break;
	case TWINFS_UPDATE_SKIPPED:
		tag = "skipped";
		paint = TW_TOOL_DIM;
		text = ": not installed";
		break;
	}
	printf("  %s%-11s%s", tw_tool_paint(paint), tag, tw_tool_paint(TW_TOOL_PLAIN));
	tw_tool_put_name(stdout, file->name);
	puts(text);
}

static void print_update(const struct twinfs_boot_update *update)
{
	for (size_t i = 0; i < update->file_count; i++)
		print_update_file(&update->files[i]);
	if (update->error) {
		printf("  %s%-11s%sthe update ended early: ", tw_tool_paint(TW_TOOL_RED), "error",
			tw_tool_paint(TW_TOOL_PLAIN));
		tw_tool_put_plain(stdout, update->error);
		putchar('\n');
	}
	if (update->cleaned_up)
		print_tagged(TW_TOOL_GREEN, "cleaned up",
			"the update is done, /usr/.updater removed");
}

static void print_holes(const struct twinfs_boot_report *report)
{
	for (size_t i = 0; i < report->hole_count; i++)
		print_tagged(report->holes[i].closed ? TW_TOOL_GREEN : TW_TOOL_RED,
			report->holes[i].closed ? "hole shut" : "hole", report->holes[i].text);
}

static void print_console(const struct twinfs_boot_report *report)
{
	if (report->console_count)
		printf("\nThe device prints:\n");
	for (size_t i = 0; i < report->console_count; i++) {
		printf("  %s| ", tw_tool_paint(TW_TOOL_DIM));
		tw_tool_put_plain(stdout, report->console[i]);
		printf("%s\n", tw_tool_paint(TW_TOOL_PLAIN));
	}
}

static void print_sum(const struct twinfs_boot_report *report)
{
	struct tw_tool_tally tally;
	size_t restored = 0;

	tw_tool_tally(report, &tally);
	for (size_t i = 0; i < report->file_count; i++)
		restored += report->files[i].verdict == TWINFS_VERDICT_RESTORED;
	printf("\n%s%zu protected file%s, %zu intact, %zu restored%s\n",
		tw_tool_paint(TW_TOOL_BOLD), tally.total, tw_tool_plural(tally.total), tally.intact,
		restored, tw_tool_paint(TW_TOOL_PLAIN));
	printf("%" PRIu64 " program%s and %" PRIu64 " erase%s: %.1f ms on the device, "
	       "%.1f ms here\n",
		report->flash_programs, tw_tool_plural(report->flash_programs),
		report->flash_erases, tw_tool_plural(report->flash_erases),
		(double)report->flash_ns / 1e6, (double)report->host_ns / 1e6);
}

void tw_tool_print_boot(const struct twinfs_boot_report *report, const char *image, bool dry_run)
{
	printf("%sBoot of ", tw_tool_paint(TW_TOOL_BOLD));
	tw_tool_put_plain(stdout, image);
	printf("%s, policy %s%s\n", tw_tool_paint(TW_TOOL_PLAIN),
		twinfs_policy_name(report->policy), dry_run ? ", nothing is written" : "");
	print_partitions(report);
	print_restore(report);
	print_update(&report->update);
	if (report->settings_created)
		print_tagged(TW_TOOL_GREEN, "created", "system_config.json");
	print_holes(report);
	print_console(report);
	print_sum(report);
}
