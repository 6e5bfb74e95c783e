/* SPDX-License-Identifier: MIT */
/*
 * update.c - the firmware's update of user files at boot (FOTA).
 *
 * The application downloads new files below /usr/.updater, each under the path
 * of its target, lists them in download.stat and makes update.flag. The boot
 * copies them in place. A file is taken off the list before its new content is
 * removed, and the flag goes before all else, so a boot that was cut is simply
 * done again. The firmware checks neither size nor hash, prints none of its
 * errors and ignores how it went; both policies do as it does.
 */
#include "update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report.h"
#include "script.h"
#include "user_table.h"

#define UPDATER    "/usr/.updater"
#define STAT       UPDATER "/download.stat"
#define FLAG       UPDATER "/update.flag"
#define STAT_CHARS 16384u

struct update {
	struct tw_script script;
	struct twinfs_boot_update *report;
	struct tw_json *stat; /* download.stat: what is left to do */
	bool goes_on;         /* the next boot does not come to the same place */
};

static int raise_text(struct update *update, const char *text)
{
	return tw_script_raised(tw_text_addf(&update->script.raised, "%s", text));
}

/* ---- the list ---- */

static int read_stat(struct update *update)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	struct tw_script *script = &update->script;
	struct tw_device_file file;
	bool exists, more;
	int rc = tw_device_exists(script->device, STAT, &exists);

	if (!rc && !exists)
		return raise_text(update, "download.stat does not exist");
	if (!rc)
		rc = tw_script_raise_errno(script,
			tw_device_open_read(script->device, STAT, &file));
	if (!rc)
		rc = tw_script_read(script, &file, STAT_CHARS, &text, &more);
	if (rc)
		return rc;
	if (!text.len)
		return raise_text(update, "download.stat is empty");
	if (more)
		rc = tw_report_hole(script->report, TWINFS_HOLE_UPDATE_CUT, false,
			"download.stat is longer than 16384 characters: the files listed behind "
			"that are not applied, and deleted when the others are");
	return rc ? rc : tw_script_parse(script, &text, &update->stat);
}

static int print_stat(struct update *update)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	int rc = tw_json_print(update->stat, &text);

	return rc ? rc : tw_report_console(update->script.report, "", text.data, text.len);
}

/* The firmware prints the list, and once more the copy that it works on. */
static int load_stat(struct update *update)
{
	int rc = read_stat(update);

	if (!rc)
		rc = print_stat(update);
	if (!rc && update->stat->kind != TW_JSON_LIST && update->stat->kind != TW_JSON_STRING)
		return raise_text(update, "download.stat is no list");
	return rc ? rc : print_stat(update);
}

static int list_files(struct update *update)
{
	for (const struct tw_json *item = update->stat->first; item; item = item->next) {
		const struct tw_json *name = tw_json_get(item, "name");
		bool named = name && name->kind == TW_JSON_STRING;
		int rc = tw_report_update_file(update->script.report, named ? name->text : "",
			named ? name->len : 0);

		if (rc)
			return rc;
	}
	return 0;
}

/* Takes the first file off the list. */
static int drop_first(struct update *update)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	struct tw_script *script = &update->script;
	struct tw_json *item = update->stat->first;
	int rc;

	update->stat->first = item->next;
	if (!item->next)
		update->stat->last = NULL;
	tw_json_free(item);
	rc = tw_json_write(update->stat, &text);
	return rc ? rc
		  : tw_script_raise_errno(script,
			    tw_device_replace(script->device, STAT, text.data, text.len));
}

/* ---- the files ---- */

static int note_partial(struct update *update, const struct tw_json *item,
	const struct twinfs_update_file *file)
{
	const struct tw_json *size = tw_json_get(item, "total_size");

	if (!size || size->kind != TW_JSON_STRING || strcmp(size->text, "unknown"))
		return 0;
	return tw_report_hole(update->script.report, TWINFS_HOLE_UPDATE_PARTIAL, false,
		"'%s' was installed though its download had not finished", file->name);
}

static int copy_payload(struct update *update, const char *target, const char *payload)
{
	_cleanup_free_ char *dir = tw_device_path_dirname(target);
	struct tw_script *script = &update->script;
	int rc;

	if (!dir)
		return -ENOMEM;
	rc = tw_script_raise_errno(script, tw_device_mkdirs(script->device, dir));
	return rc ? rc : tw_script_copy_in_place(script, target, payload);
}

static int install(struct update *update, const struct tw_json *item, struct tw_text *payload,
	struct twinfs_update_file *file)
{
	struct tw_script *script = &update->script;
	struct tw_json *name = NULL;
	bool exists;
	int rc = tw_script_subscript(script, item, "name", &name);

	if (!rc && name->kind != TW_JSON_STRING)
		return tw_script_raise_conversion(script, name);
	if (!rc)
		rc = tw_text_addf(payload, UPDATER "/%s", name->text);
	if (!rc)
		rc = tw_device_exists(script->device, payload->data, &exists);
	if (rc)
		return rc;
	if (!exists) {
		file->verdict = TWINFS_UPDATE_NO_PAYLOAD;
		return 0;
	}
	rc = copy_payload(update, name->text, payload->data);
	if (rc)
		return rc;
	file->verdict = TWINFS_UPDATE_INSTALLED;
	rc = note_partial(update, item, file);
	return rc ? rc : tw_user_table_update(script, name->text, name->len, &file->hash_updated);
}

static int apply_first(struct update *update, struct twinfs_update_file *file)
{
	_cleanup_(tw_text_release) struct tw_text payload = {0};
	struct tw_script *script = &update->script;
	int rc = install(update, update->stat->first, &payload, file);

	if (rc == TW_RAISED)
		file->verdict = TWINFS_UPDATE_FAILED;
	if (!rc)
		rc = drop_first(update);
	if (rc)
		return rc;
	rc = tw_script_raise_errno(script, tw_device_delete(script->device, payload.data));
	update->goes_on = rc;
	return rc;
}

static int apply_all(struct update *update)
{
	int rc;

	if (update->stat->kind == TW_JSON_STRING)
		return update->stat->len ? tw_script_raise_subscript(&update->script, update->stat)
					 : 0;
	rc = list_files(update);
	for (size_t i = 0; update->stat->first && !rc; i++)
		rc = apply_first(update, &update->report->files[i]);
	return rc;
}

/* ---- the whole ---- */

static int clean_up(struct update *update)
{
	const struct tw_device *device = update->script.device;
	int rc = tw_device_delete(device, FLAG);

	update->goes_on = !rc;
	if (!rc)
		rc = tw_device_delete(device, STAT);
	if (!rc)
		rc = tw_device_delete_tree(device, UPDATER);
	update->report->cleaned_up = !rc;
	return tw_script_raise_errno(&update->script, rc);
}

static int apply(struct update *update)
{
	/* What a cut copy of checksum.json left, where no restore is switched on to see to it. */
	int rc = tw_script_sweep(&update->script, TW_USER_TABLE);

	if (!rc)
		rc = load_stat(update);
	if (!rc)
		rc = apply_all(update);
	return rc ? rc : clean_up(update);
}

/* The firmware drops the exception; what it leaves behind decides about the next boot. */
static int note_error(struct update *update)
{
	update->report->error = strdup(update->script.raised.data);
	if (!update->report->error)
		return -ENOMEM;
	if (update->goes_on)
		return 0;
	return tw_report_hole(update->script.report, TWINFS_HOLE_UPDATE_STUCK, false,
		"the update ended with '%s', and will at every boot until the application removes "
		"it",
		update->report->error);
}

int tw_update_run(const struct tw_device *device, struct twinfs_boot_report *report)
{
	struct update update = {
		.script = {.device = device, .report = report}, .report = &report->update};
	int rc = tw_device_exists(device, FLAG, &report->update.armed);

	if (rc || !report->update.armed)
		return rc;
	rc = apply(&update);
	report->update.applied = !rc;
	if (rc == TW_RAISED)
		rc = note_error(&update);
	tw_json_free(update.stat);
	tw_text_release(&update.script.raised);
	return rc;
}
