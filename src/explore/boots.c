/* SPDX-License-Identifier: MIT */
/*
 * boots.c - what boots did, out of their reports.
 */
#include <stdlib.h>
#include <stdio.h>

#include "base/array.h"
#include "expect.h"

void tw_boots_clear(struct tw_boots *boots)
{
	for (size_t i = 0; i < boots->count; i++)
		free(boots->deeds[i].path);
	boots->count = 0;
	boots->has_finished = false;
	boots->earlier = NULL;
}

void tw_boots_release(struct tw_boots *boots)
{
	tw_boots_clear(boots);
	free(boots->deeds);
	*boots = (struct tw_boots){0};
}

int tw_boots_add_deed(struct tw_boots *boots, enum tw_deed_kind kind, const char *path,
	enum twinfs_reason reason)
{
	struct tw_deed deed = {.kind = kind, .reason = reason};
	int rc = tw_array_grow(&boots->deeds, &boots->room, boots->count);

	if (rc)
		return rc;
	/* The table may name a file without the "/"; the boot finds it all the same. */
	if (path && asprintf(&deed.path, "%s%s", *path == '/' ? "" : "/", path) < 0)
		return -ENOMEM;
	boots->deeds[boots->count++] = deed;
	return 0;
}

/* An update takes its own files away as it goes on; what it installs it enters into the table. */
static int add_update(struct tw_boots *boots, const struct twinfs_boot_update *update)
{
	int rc = 0;

	if (update->armed)
		rc = tw_boots_add_deed(boots, TW_DEED_UPDATE, NULL, TWINFS_REASON_NONE);
	for (size_t i = 0; !rc && i < update->file_count; i++) {
		const struct twinfs_update_file *file = &update->files[i];

		bool is_failed = file->verdict == TWINFS_UPDATE_FAILED;

		if (!is_failed && file->verdict != TWINFS_UPDATE_INSTALLED)
			continue;
		rc = tw_boots_add_deed(boots, is_failed ? TW_DEED_TRIED : TW_DEED_INSTALLED,
			file->name, TWINFS_REASON_NONE);
		if (!rc && file->hash_updated)
			rc = tw_boots_add_deed(boots, TW_DEED_TABLE, NULL, TWINFS_REASON_NONE);
	}
	return rc;
}

int tw_boots_add(struct tw_boots *boots, const struct twinfs_boot_report *report)
{
	int rc = 0;

	if (report->user_formatted)
		rc = tw_boots_add_deed(boots, TW_DEED_FORMATTED, NULL, TWINFS_REASON_NONE);
	if (!rc && (report->table_copied || report->table_rewritten))
		rc = tw_boots_add_deed(boots, TW_DEED_TABLE, NULL, TWINFS_REASON_NONE);
	if (!rc && report->settings_created)
		rc = tw_boots_add_deed(boots, TW_DEED_SETTINGS, NULL, TWINFS_REASON_NONE);
	for (size_t i = 0; !rc && i < report->file_count; i++) {
		const struct twinfs_boot_file *file = &report->files[i];

		if (file->verdict == TWINFS_VERDICT_RESTORED)
			rc = tw_boots_add_deed(boots, TW_DEED_RESTORED, file->name, file->reason);
	}
	return rc ?: add_update(boots, &report->update);
}
