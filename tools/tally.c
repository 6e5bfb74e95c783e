/* SPDX-License-Identifier: MIT */
/*
 * tally.c - counts what a boot found about the protected files.
 */
#include "print.h"

void tw_tool_tally(const struct twinfs_boot_report *report, struct tw_tool_tally *ret_tally)
{
	struct tw_tool_tally tally = {.total = report->file_count};

	for (size_t i = 0; i < report->file_count; i++) {
		const struct twinfs_boot_file *file = &report->files[i];

		if (file->verdict == TWINFS_VERDICT_SKIPPED) {
			tally.skipped++;
			continue;
		}
		switch (file->reason) {
		case TWINFS_REASON_NONE:
			tally.intact++;
			break;
		case TWINFS_REASON_MISSING:
			tally.missing++;
			break;
		case TWINFS_REASON_EMPTY:
			tally.empty++;
			break;
		case TWINFS_REASON_CHANGED:
			tally.changed++;
			break;
		case TWINFS_REASON_UNREADABLE:
			tally.unreadable++;
			break;
		case TWINFS_REASON_DIRECTORY:
			tally.directory++;
			break;
		}
	}
	*ret_tally = tally;
}
