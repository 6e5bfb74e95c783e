/* SPDX-License-Identifier: MIT */
/*
 * report.c - makes and frees boot reports, and names what is in them.
 */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

struct twinfs_boot_report *tw_report_new(enum twinfs_policy policy)
{
	struct twinfs_boot_report *report = calloc(1, sizeof(*report));

	if (report)
		report->policy = policy;
	return report;
}

void twinfs_boot_report_free(struct twinfs_boot_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->file_count; i++) {
		free(report->files[i].name);
		free(report->files[i].expected);
		free(report->files[i].found);
	}
	for (size_t i = 0; i < report->update.file_count; i++)
		free(report->update.files[i].name);
	for (size_t i = 0; i < report->hole_count; i++)
		free(report->holes[i].text);
	for (size_t i = 0; i < report->console_count; i++)
		free(report->console[i]);
	free(report->files);
	free(report->update.files);
	free(report->update.error);
	free(report->holes);
	free(report->console);
	free(report->user_saved);
	free(report->error);
	free(report);
}

/* A copy of @head and @tail whose length is that of its text, NUL bytes and all. */
static char *join(const char *head, const char *tail, size_t tail_len)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	int rc = tw_text_add(&text, head, strlen(head));

	while (tail_len && !rc) {
		size_t len = strnlen(tail, tail_len);

		rc = len ? tw_text_add(&text, tail, len) : tw_text_add(&text, "\\x00", 4);
		len += !len; /* the NUL */
		tail += len;
		tail_len -= len;
	}
	return rc ? NULL : tw_steal(&text.data);
}

/* Room for one more element in an array that doubles whenever its count is a power of two. */
static int make_room(void **array, size_t count, size_t element)
{
	void *more;

	if (count & (count - 1))
		return 0;
	more = reallocarray(*array, count ? 2 * count : 1, element);
	if (!more)
		return -ENOMEM;
	*array = more;
	return 0;
}

int tw_report_console(struct twinfs_boot_report *report, const char *head, const char *tail,
	size_t tail_len)
{
	void *lines = report->console;
	int rc = make_room(&lines, report->console_count, sizeof(char *));
	char *line;

	if (rc)
		return rc;
	report->console = lines;
	line = join(head, tail, tail_len);
	if (!line)
		return -ENOMEM;
	report->console[report->console_count++] = line;
	return 0;
}

int tw_report_file(struct twinfs_boot_report *report, const char *name, size_t name_len,
	const char *expected)
{
	struct twinfs_boot_file file = {.verdict = TWINFS_VERDICT_SKIPPED};
	void *files = report->files;
	int rc = make_room(&files, report->file_count, sizeof(file));

	if (rc)
		return rc;
	report->files = files;
	file.name = join("", name, name_len);
	file.expected = expected ? strdup(expected) : NULL;
	report->files[report->file_count++] = file;
	return file.name && (file.expected || !expected) ? 0 : -ENOMEM;
}

int tw_report_update_file(struct twinfs_boot_report *report, const char *name, size_t name_len)
{
	struct twinfs_update_file file = {.verdict = TWINFS_UPDATE_SKIPPED};
	struct twinfs_boot_update *update = &report->update;
	void *files = update->files;
	int rc = make_room(&files, update->file_count, sizeof(file));

	if (rc)
		return rc;
	update->files = files;
	file.name = join("", name, name_len);
	update->files[update->file_count++] = file;
	return file.name ? 0 : -ENOMEM;
}

int tw_report_hole(struct twinfs_boot_report *report, enum twinfs_hole_id id, bool closed,
	const char *format, ...)
{
	struct twinfs_hole hole = {.id = id, .closed = closed};
	void *holes = report->holes;
	int rc = make_room(&holes, report->hole_count, sizeof(hole));
	va_list args;

	if (rc)
		return rc;
	report->holes = holes;
	va_start(args, format);
	rc = vasprintf(&hole.text, format, args);
	va_end(args);
	if (rc < 0)
		return -ENOMEM;
	report->holes[report->hole_count++] = hole;
	return 0;
}

const char *twinfs_verdict_name(enum twinfs_verdict verdict)
{
	switch (verdict) {
	case TWINFS_VERDICT_INTACT:
		return "intact";
	case TWINFS_VERDICT_RESTORED:
		return "restored";
	case TWINFS_VERDICT_NO_BACKUP:
		return "no_backup";
	case TWINFS_VERDICT_FAILED:
		return "failed";
	case TWINFS_VERDICT_SKIPPED:
		return "skipped";
	}
	return "unknown";
}

const char *twinfs_reason_name(enum twinfs_reason reason)
{
	switch (reason) {
	case TWINFS_REASON_NONE:
		return "none";
	case TWINFS_REASON_MISSING:
		return "missing";
	case TWINFS_REASON_EMPTY:
		return "empty";
	case TWINFS_REASON_CHANGED:
		return "changed";
	case TWINFS_REASON_UNREADABLE:
		return "unreadable";
	case TWINFS_REASON_DIRECTORY:
		return "directory";
	}
	return "unknown";
}

const char *twinfs_update_verdict_name(enum twinfs_update_verdict verdict)
{
	switch (verdict) {
	case TWINFS_UPDATE_INSTALLED:
		return "installed";
	case TWINFS_UPDATE_NO_PAYLOAD:
		return "no_payload";
	case TWINFS_UPDATE_FAILED:
		return "failed";
	case TWINFS_UPDATE_SKIPPED:
		return "skipped";
	}
	return "unknown";
}

const char *twinfs_hole_name(enum twinfs_hole_id id)
{
	switch (id) {
	case TWINFS_HOLE_TABLE_EMPTY:
		return "table_empty";
	case TWINFS_HOLE_TABLE_UNPARSABLE:
		return "table_unparsable";
	case TWINFS_HOLE_TABLE_TOO_LONG:
		return "table_too_long";
	case TWINFS_HOLE_TABLE_SHORTENED:
		return "table_shortened";
	case TWINFS_HOLE_EMPTY_FILE:
		return "empty_file";
	case TWINFS_HOLE_NO_BACKUP:
		return "no_backup";
	case TWINFS_HOLE_NAME:
		return "name";
	case TWINFS_HOLE_STOPPED:
		return "stopped";
	case TWINFS_HOLE_BACKUP_WIPED:
		return "backup_wiped";
	case TWINFS_HOLE_SETTINGS:
		return "settings";
	case TWINFS_HOLE_ROOT_DAMAGED:
		return "root_damaged";
	case TWINFS_HOLE_UPDATE_STUCK:
		return "update_stuck";
	case TWINFS_HOLE_UPDATE_CUT:
		return "update_cut";
	case TWINFS_HOLE_UPDATE_PARTIAL:
		return "update_partial";
	case TWINFS_HOLE_COUNT:
		break;
	}
	return "unknown";
}

const char *twinfs_policy_name(enum twinfs_policy policy)
{
	switch (policy) {
	case TWINFS_POLICY_DEVICE:
		return "device";
	case TWINFS_POLICY_SAFE:
		return "safe";
	}
	return "unknown";
}
