/* SPDX-License-Identifier: MIT */
/*
 * user_table.c - the user's checksum.json during a boot: found, copied, read,
 * written back.
 *
 * The firmware reads at most 16384 characters. A longer table is cut: in the
 * middle of an entry it does not parse, between two entries the rest is
 * silently unknown, and gone after the next write-back.
 */
#include "user_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report.h"
#include "table.h"

/* Only the user's table is opened for update: that makes its volume repair itself. */
static int read_limited(struct tw_script *script, const char *path, size_t limit,
	struct tw_text *text, bool *ret_more)
{
	struct tw_device_file file;
	int rc = strcmp(path, TW_USER_TABLE) ? tw_device_open_read(script->device, path, &file)
					     : tw_device_open_update(script->device, path, &file);

	if (rc)
		return tw_script_raise_errno(script, rc);
	text->len = 0;
	return tw_script_read(script, &file, limit, text, ret_more);
}

int tw_user_table_read(struct tw_script *script, const char *path, struct tw_reading *ret_reading,
	struct tw_json **ret_table)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	int rc = read_limited(script, path, TW_TABLE_CHARS, &text, &ret_reading->too_long);

	ret_reading->cut = ret_reading->too_long;
	if (!rc && ret_reading->too_long && tw_script_is_safe(script))
		rc = read_limited(script, path, TW_JSON_MAX, &text, &ret_reading->cut);
	if (rc)
		return rc;
	if (!text.len) {
		ret_reading->empty = true;
		return tw_script_raised(tw_text_addf(&script->raised, "'%s is empty'", path));
	}
	rc = tw_script_parse(script, &text, ret_table);
	ret_reading->unparsable = rc == TW_RAISED;
	return rc;
}

int tw_user_table_check(struct tw_script *script, struct tw_reading *ret_reading,
	struct tw_json **ret_table)
{
	bool exists;
	int rc = tw_device_exists(script->device, TW_USER_TABLE, &exists);

	if (!rc && !exists) {
		rc = tw_device_exists(script->device, TW_BACKUP_TABLE, &exists);
		if (!rc && !exists)
			return tw_script_raised(tw_text_addf(&script->raised, "'%s not exist'",
				TW_USER_TABLE));
		if (!rc)
			rc = tw_script_copy(script, TW_USER_TABLE, TW_BACKUP_TABLE);
		script->report->table_copied = !rc;
	}
	return rc ? rc : tw_user_table_read(script, TW_USER_TABLE, ret_reading, ret_table);
}

static size_t count_entries(const struct tw_json *table)
{
	size_t count = 0;

	for (const struct tw_json *entry = table->first; entry; entry = entry->next)
		count++;
	return count;
}

int tw_user_table_write(struct tw_script *script, const struct tw_json *table,
	const struct tw_reading *reading)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	int rc = tw_json_write(table, &text);

	if (!rc)
		rc = tw_device_replace(script->device, TW_USER_TABLE, text.data, text.len);
	if (rc)
		return tw_script_raise_errno(script, rc);
	if (!reading->cut)
		return 0;
	return tw_report_hole(script->report, TWINFS_HOLE_TABLE_SHORTENED, false,
		"checksum.json was written back with %zu entries: those behind 16384 characters "
		"are gone for good",
		count_entries(table));
}

int tw_user_table_name(const char *name, size_t len, struct tw_text *ret_name)
{
	int rc = tw_text_addf(ret_name, "%s", *name == '/' ? "" : "/");

	return rc ? rc : tw_text_add(ret_name, name, len);
}

/* Sets the hash of the first entry with that name; a file without a hash changes nothing. */
static int set_hash(struct tw_script *script, struct tw_json *table, const struct tw_text *path,
	bool *ret_changed)
{
	_cleanup_free_ char *hash = NULL;
	enum twinfs_reason reason;
	struct tw_json *entry;
	bool raised;
	int rc;

	entry = tw_table_find(table, path->data, path->len, &raised);
	if (!entry)
		return raised ? TW_RAISED : 0;
	rc = tw_device_hash(script->device, path->data, tw_table_kind(entry), &hash, &reason);
	if (!rc && hash)
		rc = tw_table_set(entry, hash);
	*ret_changed = !rc && hash;
	return rc;
}

static int update(struct tw_script *script, const struct tw_text *path, bool *ret_updated)
{
	struct tw_reading reading = {0};
	struct tw_json *table = NULL;
	bool changed = false;
	int rc = tw_user_table_check(script, &reading, &table);

	if (!rc)
		rc = set_hash(script, table, path, &changed);
	if (!rc && changed) {
		rc = tw_user_table_write(script, table, &reading);
		*ret_updated = !rc;
	}
	tw_json_free(table);
	return rc;
}

int tw_user_table_update(struct tw_script *script, const char *name, size_t len, bool *ret_updated)
{
	_cleanup_(tw_text_release) struct tw_text path = {0};
	int rc = tw_user_table_name(name, len, &path);

	*ret_updated = false;
	if (!rc)
		rc = update(script, &path, ret_updated);
	if (rc != TW_RAISED)
		return rc;
	tw_script_clear(script);
	return 0;
}
