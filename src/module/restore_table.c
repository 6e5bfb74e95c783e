/* SPDX-License-Identifier: MIT */
/*
 * restore_table.c - what a restore does with the user's checksum.json: loads
 * it, and gives the restored files their new hashes.
 */
#include "restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report.h"
#include "table.h"
#include "user_table.h"

/* ---- loading ---- */

/*
 * Safe policy: replaces an unusable table by the factory's, if that is a list.
 * Else @run's exception stays what it was. The target exists, so no cut can leave
 * it empty again.
 */
static int replace_table(struct tw_restore *run)
{
	struct tw_text raised = run->script.raised;
	struct tw_reading reading = {0};
	struct tw_json *table = NULL;
	int rc;

	run->script.raised = (struct tw_text){0};
	rc = tw_user_table_read(&run->script, TW_BACKUP_TABLE, &reading, &table);
	if (!rc && table->kind != TW_JSON_LIST)
		rc = TW_RAISED;
	if (!rc)
		rc = tw_script_copy(&run->script, TW_USER_TABLE, TW_BACKUP_TABLE);
	if (rc) {
		tw_json_free(table);
		tw_text_release(&run->script.raised);
		run->script.raised = raised;
		return rc;
	}
	tw_text_release(&raised);
	tw_json_free(run->table);
	run->table = table;
	run->script.report->table_copied = true;
	return 0;
}

static int note_unusable(struct tw_restore *run, const struct tw_reading *reading, bool closed)
{
	enum twinfs_hole_id id = TWINFS_HOLE_TABLE_UNPARSABLE;
	const char *what = "is not a list in JSON";

	if (reading->empty) {
		id = TWINFS_HOLE_TABLE_EMPTY;
		what = "is empty";
	} else if (reading->too_long) {
		id = TWINFS_HOLE_TABLE_TOO_LONG;
		what = "is longer than 16384 characters and cannot be parsed";
	}
	return tw_report_hole(run->script.report, id, closed, "checksum.json %s: %s", what,
		closed ? "replaced by the factory table"
		       : "the device never restores again until the file is deleted");
}

static int note_long(struct tw_restore *run, bool closed)
{
	return tw_report_hole(run->script.report, TWINFS_HOLE_TABLE_TOO_LONG, closed,
		"checksum.json is longer than 16384 characters: %s",
		closed ? "all of it was read" : "the entries behind that are never checked");
}

int tw_restore_load_table(struct tw_restore *run)
{
	struct tw_reading reading = {0};
	int rc = tw_user_table_check(&run->script, &reading, &run->table), replaced = TW_RAISED,
	    noted;

	if (rc < 0)
		return rc;
	if (reading.empty || reading.unparsable || (!rc && run->table->kind != TW_JSON_LIST)) {
		if (tw_script_is_safe(&run->script))
			replaced = replace_table(run);
		if (replaced < 0)
			return replaced;
		noted = note_unusable(run, &reading, !replaced);
		return noted ? noted : replaced ? rc : 0;
	}
	return !rc && reading.too_long ? note_long(run, !reading.cut) : rc;
}

/* ---- writing back ---- */

static struct tw_json *nth(const struct tw_json *list, size_t index)
{
	struct tw_json *entry = list->first;

	while (entry && index--)
		entry = entry->next;
	return entry;
}

static size_t index_of(const struct tw_json *list, const struct tw_json *entry)
{
	size_t index = 0;

	for (const struct tw_json *at = list->first; at != entry; at = at->next)
		index++;
	return index;
}

/* Entry @index of @table, if it still has the name it had when it was checked. */
static struct tw_json *own_entry(const struct tw_json *table, size_t index,
	const struct tw_json *name)
{
	struct tw_json *entry = table->kind == TW_JSON_LIST ? nth(table, index) : NULL;
	const struct tw_json *now = entry ? tw_json_get(entry, "name") : NULL;

	if (!now || now->kind != TW_JSON_STRING || now->len != name->len ||
		memcmp(now->text, name->text, name->len))
		return NULL;
	return entry;
}

/*
 * Finds the entry whose hash the firmware sets for a restored file: the first
 * with that name, case and the missing slash in front of it ignored. The safe
 * policy prefers the entry that was checked.
 */
static int pick_entry(struct tw_restore *run, const struct tw_json *table, size_t index,
	const struct tw_text *path, struct tw_json **ret_entry)
{
	const struct tw_json *name = tw_json_get(nth(run->table, index), "name");
	struct tw_json *own = own_entry(table, index, name), *first;
	bool safe = tw_script_is_safe(&run->script), raised;

	first = tw_table_find(table, path->data, path->len, &raised);
	if (raised && !safe)
		return TW_RAISED;
	*ret_entry = safe && own ? own : first;
	if (raised || first == own)
		return 0;
	return tw_report_hole(run->script.report, TWINFS_HOLE_NAME, safe && own,
		*name->text == '/' ? "'%s' is an earlier entry too, but for case: its own hash is "
				     "never updated"
				   : "'%s' has no '/' in front: its hash is never updated",
		name->text);
}

/* Sets the hash of restored file @index in @table. */
static int update_entry(struct tw_restore *run, struct tw_json *table, size_t index,
	bool *ret_changed)
{
	const struct tw_json *name = tw_json_get(nth(run->table, index), "name");
	_cleanup_(tw_text_release) struct tw_text path = {0};
	_cleanup_free_ char *hash = NULL;
	enum twinfs_reason reason;
	struct tw_json *entry = NULL;
	int rc = tw_user_table_name(name->text, name->len, &path);

	if (!rc)
		rc = pick_entry(run, table, index, &path, &entry);
	if (rc || !entry)
		return rc;
	rc = tw_device_hash(run->script.device, path.data, tw_table_kind(entry), &hash, &reason);
	if (!rc && reason == TWINFS_REASON_EMPTY)
		return tw_report_hole(run->script.report, TWINFS_HOLE_EMPTY_FILE, false,
			"'%s' is empty in the factory copy: restored at every boot, in vain",
			name->text);
	if (rc || !hash)
		return rc;
	rc = tw_table_set(entry, hash);
	if (rc)
		return rc;
	*ret_changed = true;
	index = index_of(table, entry);
	if (index < run->script.report->file_count)
		run->script.report->files[index].hash_updated = true;
	return 0;
}

/* Reads the table again, sets the hashes, writes it back. */
static int rewrite_table(struct tw_restore *run)
{
	struct tw_reading reading = {0};
	struct tw_json *table = NULL;
	bool changed = false;
	int rc = tw_user_table_check(&run->script, &reading, &table);

	for (size_t i = 0; i < run->script.report->file_count && !rc; i++)
		if (run->script.report->files[i].verdict == TWINFS_VERDICT_RESTORED)
			rc = update_entry(run, table, i, &changed);
	if (!rc && changed) {
		rc = tw_user_table_write(&run->script, table, &reading);
		run->script.report->table_rewritten = !rc;
	}
	tw_json_free(table);
	return rc;
}

int tw_restore_update_table(struct tw_restore *run)
{
	int rc = rewrite_table(run);

	if (!run->script.report->table_rewritten)
		for (size_t i = 0; i < run->script.report->file_count; i++)
			run->script.report->files[i].hash_updated = false;
	if (rc < 0)
		return rc;
	tw_script_clear(&run->script);
	return 0;
}
