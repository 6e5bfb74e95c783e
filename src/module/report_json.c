/* SPDX-License-Identifier: MIT */
/*
 * report_json.c - the boot report as JSON (docs/formats/boot-report.md).
 *
 * Names and console lines are bytes off the chip. What is not UTF-8 in them is
 * shown as \xNN, so that the document is always UTF-8.
 */
#include <twinfs/boot.h>

#include <stdint.h>
#include <string.h>

#include <json-c/json.h>

#include "base/cleanup.h"
#include "base/text.h"

/* JSON null, for NULL and when memory is out, needs no object. */
static struct json_object *string_json(const char *string)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};

	if (!string || tw_text_add_utf8(&text, string))
		return NULL;
	return json_object_new_string_len(text.data, (int)text.len);
}

/* Takes @value over. False: out of memory. */
static bool add(struct json_object *object, const char *key, struct json_object *value)
{
	if (value && !json_object_object_add(object, key, value))
		return true;
	json_object_put(value);
	return false;
}

static bool add_string(struct json_object *object, const char *key, const char *string)
{
	if (!string)
		return !json_object_object_add(object, key, NULL);
	return add(object, key, string_json(string));
}

static bool add_bool(struct json_object *object, const char *key, bool value)
{
	return add(object, key, json_object_new_boolean(value));
}

static bool add_number(struct json_object *object, const char *key, uint64_t value)
{
	return add(object, key, json_object_new_uint64(value));
}

static struct json_object *file_json(const struct twinfs_boot_file *file)
{
	struct json_object *json = json_object_new_object();

	if (json && add_string(json, "name", file->name) &&
		add_string(json, "verdict", twinfs_verdict_name(file->verdict)) &&
		add_string(json, "reason", twinfs_reason_name(file->reason)) &&
		add_string(json, "expected", file->expected) &&
		add_string(json, "found", file->found) &&
		add_bool(json, "hash_updated", file->hash_updated))
		return json;
	json_object_put(json);
	return NULL;
}

static struct json_object *hole_json(const struct twinfs_hole *hole)
{
	struct json_object *json = json_object_new_object();

	if (json && add_string(json, "id", twinfs_hole_name(hole->id)) &&
		add_bool(json, "closed", hole->closed) && add_string(json, "text", hole->text))
		return json;
	json_object_put(json);
	return NULL;
}

static bool append(struct json_object *array, struct json_object *value)
{
	if (value && !json_object_array_add(array, value))
		return true;
	json_object_put(value);
	return false;
}

static struct json_object *files_json(const struct twinfs_boot_report *report)
{
	struct json_object *array = json_object_new_array();
	bool ok = array;

	for (size_t i = 0; ok && i < report->file_count; i++)
		ok = append(array, file_json(&report->files[i]));
	if (ok)
		return array;
	json_object_put(array);
	return NULL;
}

static struct json_object *update_file_json(const struct twinfs_update_file *file)
{
	struct json_object *json = json_object_new_object();

	if (json && add_string(json, "name", file->name) &&
		add_string(json, "verdict", twinfs_update_verdict_name(file->verdict)) &&
		add_bool(json, "hash_updated", file->hash_updated))
		return json;
	json_object_put(json);
	return NULL;
}

static struct json_object *update_files_json(const struct twinfs_boot_update *update)
{
	struct json_object *array = json_object_new_array();
	bool ok = array;

	for (size_t i = 0; ok && i < update->file_count; i++)
		ok = append(array, update_file_json(&update->files[i]));
	if (ok)
		return array;
	json_object_put(array);
	return NULL;
}

static struct json_object *update_json(const struct twinfs_boot_update *update)
{
	struct json_object *json = json_object_new_object();

	if (json && add_bool(json, "armed", update->armed) &&
		add_bool(json, "applied", update->applied) &&
		add_bool(json, "cleaned_up", update->cleaned_up) &&
		add_string(json, "error", update->error) &&
		add(json, "files", update_files_json(update)))
		return json;
	json_object_put(json);
	return NULL;
}

static struct json_object *holes_json(const struct twinfs_boot_report *report)
{
	struct json_object *array = json_object_new_array();
	bool ok = array;

	for (size_t i = 0; ok && i < report->hole_count; i++)
		ok = append(array, hole_json(&report->holes[i]));
	if (ok)
		return array;
	json_object_put(array);
	return NULL;
}

static struct json_object *console_json(const struct twinfs_boot_report *report)
{
	struct json_object *array = json_object_new_array();
	bool ok = array;

	for (size_t i = 0; ok && i < report->console_count; i++)
		ok = append(array, string_json(report->console[i]));
	if (ok)
		return array;
	json_object_put(array);
	return NULL;
}

static struct json_object *flash_json(const struct twinfs_boot_report *report)
{
	struct json_object *json = json_object_new_object();

	if (json && add_number(json, "programs", report->flash_programs) &&
		add_number(json, "erases", report->flash_erases) &&
		add_number(json, "virtual_ns", report->flash_ns))
		return json;
	json_object_put(json);
	return NULL;
}

static bool fill(struct json_object *json, const struct twinfs_boot_report *report)
{
	return add_string(json, "policy", twinfs_policy_name(report->policy)) &&
	       add_bool(json, "user_formatted", report->user_formatted) &&
	       add_string(json, "user_saved", report->user_saved) &&
	       add_bool(json, "backup_replaced", report->backup_replaced) &&
	       add_bool(json, "restore_ran", report->restore_ran) &&
	       add_bool(json, "restore_enabled", report->restore_enabled) &&
	       add_bool(json, "table_copied", report->table_copied) &&
	       add_bool(json, "table_rewritten", report->table_rewritten) &&
	       add_bool(json, "settings_created", report->settings_created) &&
	       add_string(json, "error", report->error) && add(json, "files", files_json(report)) &&
	       add(json, "update", update_json(&report->update)) &&
	       add(json, "holes", holes_json(report)) &&
	       add(json, "console", console_json(report)) &&
	       add_number(json, "repaired_user", report->repaired_user) &&
	       add_number(json, "repaired_backup", report->repaired_backup) &&
	       add(json, "flash", flash_json(report)) &&
	       add_number(json, "host_ns", report->host_ns);
}

char *twinfs_boot_report_json(const struct twinfs_boot_report *report)
{
	struct json_object *json = json_object_new_object();
	char *copy = NULL;

	if (json && fill(json, report)) {
		const char *text = json_object_to_json_string_ext(json,
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE);

		copy = text ? strdup(text) : NULL;
	}
	json_object_put(json);
	return copy;
}
