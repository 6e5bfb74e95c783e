/* SPDX-License-Identifier: MIT */
/*
 * restore.c - the firmware's check-and-restore procedure, and its safe variant.
 *
 * The order of every look-up, message and write is the firmware's: it decides
 * what a power cut leaves and what a damaged file does. Under the safe policy
 * a boot that meets no hole goes exactly the same way.
 */
#include "restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report.h"
#include "table.h"
#include "user_table.h"

#define FLAG       "/bak/backup_restore.json"
#define FLAG_CHARS 64u

/* ---- helpers ---- */

static int print(struct tw_restore *run, const char *head, const char *tail)
{
	return tw_report_console(run->script.report, head, tail, strlen(tail));
}

/* ---- the flag ---- */

static int read_flag(struct tw_restore *run, struct tw_json **ret_flag)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	struct tw_device_file file;
	bool exists, more;
	int rc = tw_device_exists(run->script.device, FLAG, &exists);

	if (!rc && !exists)
		return tw_script_raised(tw_text_addf(&run->script.raised, "'%s not exist'", FLAG));
	if (!rc)
		rc = tw_device_open_read(run->script.device, FLAG, &file);
	if (rc)
		return tw_script_raise_errno(&run->script, rc);
	rc = tw_script_read(&run->script, &file, FLAG_CHARS, &text, &more);
	if (rc)
		return rc;
	if (!text.len)
		return tw_script_raised(tw_text_addf(&run->script.raised, "'%s is empty'", FLAG));
	return tw_script_parse(&run->script, &text, ret_flag);
}

/* Anything but a zero switches the restore on. */
static int check_flag(struct tw_restore *run, bool *ret_enabled)
{
	struct tw_json *flag = NULL, *enable = NULL;
	int rc = read_flag(run, &flag);

	if (!rc)
		rc = tw_script_subscript(&run->script, flag, "enable", &enable);
	if (!rc)
		*ret_enabled = !tw_json_is_zero(enable);
	tw_json_free(flag);
	return rc;
}

/* ---- the entries ---- */

static int restore_entry(struct tw_restore *run, const struct tw_json *name,
	struct twinfs_boot_file *file)
{
	_cleanup_(tw_text_release) struct tw_text shown = {0}, source = {0};
	_cleanup_free_ char *dir = NULL;
	bool exists;
	int rc = tw_json_print(name, &shown);

	if (!rc)
		rc = tw_report_console(run->script.report, "- restoring ", shown.data, shown.len);
	if (!rc && name->kind != TW_JSON_STRING)
		return tw_script_raise_conversion(&run->script, name);
	if (!rc)
		rc = tw_text_addf(&source, "/bak/%s", name->text);
	if (!rc)
		rc = tw_device_exists(run->script.device, source.data, &exists);
	if (rc)
		return rc;
	if (!exists) {
		file->verdict = TWINFS_VERDICT_NO_BACKUP;
		rc = tw_report_console(run->script.report,
			"~ backup file does not exist: ", shown.data, shown.len);
		return rc ? rc
			  : tw_report_hole(run->script.report, TWINFS_HOLE_NO_BACKUP, false,
				    "'%s' is protected but not in the backup partition",
				    file->name);
	}
	dir = tw_device_path_dirname(name->text);
	if (!dir)
		return -ENOMEM;
	rc = tw_script_raise_errno(&run->script, tw_device_mkdirs(run->script.device, dir));
	if (!rc)
		rc = tw_script_copy(&run->script, name->text, source.data);
	if (!rc)
		file->verdict = TWINFS_VERDICT_RESTORED;
	return rc;
}

/* As tw_device_hash(); the work is done already where nothing was written since. */
static int hash_entry(struct tw_restore *run, const struct tw_json *entry, const char *name,
	struct twinfs_boot_file *file)
{
	size_t index = (size_t)(file - run->script.report->files);
	const char *text = tw_hash_ahead_get(&run->ahead, run->script.device, index);

	if (!text)
		return tw_device_hash(run->script.device, name, tw_table_kind(entry), &file->found,
			&file->reason);
	file->reason = TWINFS_REASON_NONE;
	file->found = strdup(text);
	return file->found ? 0 : -ENOMEM;
}

/* The comparison is only made, and can only raise, when the file has a hash. */
static int check_entry(struct tw_restore *run, const struct tw_json *entry,
	struct twinfs_boot_file *file)
{
	enum tw_table_match match = TW_TABLE_DIFFERENT;
	struct tw_json *name = NULL;
	int rc = tw_script_subscript(&run->script, entry, "name", &name);

	if (rc)
		return rc;
	file->reason = TWINFS_REASON_MISSING;
	if (name->kind == TW_JSON_STRING) {
		rc = tw_script_sweep(&run->script, name->text);
		if (!rc)
			rc = hash_entry(run, entry, name->text, file);
		if (!rc && file->found)
			rc = tw_table_compare(entry, file->found, &match, &run->script.raised);
	}
	if (rc)
		return rc;
	if (match == TW_TABLE_RAISED)
		return TW_RAISED;
	if (match == TW_TABLE_EQUAL) {
		file->verdict = TWINFS_VERDICT_INTACT;
		return 0;
	}
	if (file->found)
		file->reason = TWINFS_REASON_CHANGED;
	return restore_entry(run, name, file);
}

/* Prints the exception and keeps the first for the report. */
static int report_error(struct tw_restore *run)
{
	const char *text = run->script.raised.data ? run->script.raised.data : "";
	int rc = tw_report_console(run->script.report, "x backup restore procedure error: ", text,
		run->script.raised.len);

	if (!rc && !run->script.report->error) {
		run->script.report->error = strdup(text);
		rc = run->script.report->error ? 0 : -ENOMEM;
	}
	return rc;
}

/* The firmware gives up at the first entry it fails with; the safe policy goes on. */
static int fail_entry(struct tw_restore *run, size_t index)
{
	struct twinfs_boot_file *file = &run->script.report->files[index];
	bool safe = tw_script_is_safe(&run->script);
	int rc;

	file->verdict = TWINFS_VERDICT_FAILED;
	rc = tw_report_hole(run->script.report, TWINFS_HOLE_STOPPED, safe,
		safe ? "error '%s' at '%s': the device stops here, %zu entries behind were checked"
		     : "error '%s' at '%s' ended the restore: %zu entries behind were not checked",
		run->script.raised.data, file->name, run->script.report->file_count - index - 1);
	if (rc || !safe)
		return rc ? rc : TW_RAISED;
	rc = report_error(run);
	tw_script_clear(&run->script);
	return rc;
}

static int list_files(struct tw_restore *run)
{
	for (const struct tw_json *entry = run->table->first; entry; entry = entry->next) {
		const struct tw_json *name = tw_json_get(entry, "name"), *hash;
		bool named = name && name->kind == TW_JSON_STRING;
		int rc;

		hash = tw_table_hash(entry);
		rc = tw_report_file(run->script.report, named ? name->text : "",
			named ? name->len : 0,
			hash && hash->kind == TW_JSON_STRING ? hash->text : NULL);
		if (rc)
			return rc;
	}
	return 0;
}

/* Iterates over what the table is: of a dict the keys, of a string the characters. */
static int iterate_other(struct tw_restore *run)
{
	const struct tw_json *table = run->table;

	if (table->kind == TW_JSON_DICT)
		return table->first ? tw_script_raise_subscript(&run->script, table->first->key)
				    : 0;
	if (table->kind == TW_JSON_STRING)
		return table->len ? tw_script_raise_subscript(&run->script, table) : 0;
	return tw_script_raised(tw_text_addf(&run->script.raised, "'%s' object isn't iterable",
		tw_json_type_name(table)));
}

static int check_entries(struct tw_restore *run)
{
	const struct tw_json *entry = run->table->first;
	int rc = list_files(run);

	if (!rc)
		tw_hash_ahead(&run->ahead, run->script.device, run->table);
	for (size_t i = 0; entry && !rc; entry = entry->next, i++) {
		rc = check_entry(run, entry, &run->script.report->files[i]);
		if (rc == TW_RAISED)
			rc = fail_entry(run, i);
	}
	return rc;
}

static int finish(struct tw_restore *run)
{
	bool restored = false;
	int rc;

	for (size_t i = 0; i < run->script.report->file_count; i++)
		restored |= run->script.report->files[i].verdict == TWINFS_VERDICT_RESTORED;
	if (!restored)
		return 0;
	rc = print(run, "- updating checksum", "");
	if (!rc)
		rc = tw_restore_update_table(run);
	return rc ? rc : print(run, "- done", "");
}

static int note_stopped(struct tw_restore *run)
{
	return tw_report_hole(run->script.report, TWINFS_HOLE_STOPPED, false,
		"error '%s' ended the restore: no file was checked",
		run->script.raised.data ? run->script.raised.data : "");
}

/* Everything behind the flag. */
static int restore(struct tw_restore *run)
{
	size_t holes = run->script.report->hole_count;
	int rc = tw_script_sweep(&run->script, TW_USER_TABLE);

	if (!rc)
		rc = tw_restore_load_table(run);
	if (!rc && run->table->kind != TW_JSON_LIST)
		rc = iterate_other(run);
	else if (!rc)
		rc = check_entries(run);
	if (!rc)
		return finish(run);
	if (rc == TW_RAISED && holes == run->script.report->hole_count)
		return tw_script_raised(note_stopped(run));
	return rc;
}

int tw_restore_run(const struct tw_device *device, struct twinfs_boot_report *report)
{
	struct tw_restore run = {.script = {.device = device, .report = report}};
	bool enabled = false;
	int rc = check_flag(&run, &enabled);

	report->restore_ran = !rc;
	report->restore_enabled = enabled;
	if (!rc && enabled)
		rc = restore(&run);
	if (rc == TW_RAISED)
		rc = report_error(&run);
	tw_hash_ahead_release(&run.ahead);
	tw_json_free(run.table);
	tw_text_release(&run.script.raised);
	return rc;
}
