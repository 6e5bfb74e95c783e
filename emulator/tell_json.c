/* SPDX-License-Identifier: MIT */
/*
 * tell_json.c - events as JSON. All have the same first members; what does not
 * go with an event is left out, so that a reader can tell "none" from 0.
 */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "attr.h"
#include "tell.h"

struct moment {
	uint64_t operation, virtual_ns;
};

/* An object that could not be filled is NULL, and the event is lost. */
static void put(struct json_object **object, const char *key, struct json_object *value)
{
	if (*object && value && json_object_object_add(*object, key, value) == 0)
		return;
	(void)json_object_put(value);
	(void)json_object_put(*object);
	*object = NULL;
}

static void put_number(struct json_object **object, const char *key, uint64_t value)
{
	put(object, key, json_object_new_uint64(value));
}

/* Names of files may hold any bytes; JSON holds those that are UTF-8. */
static void put_text(struct json_object **object, const char *key, const char *value)
{
	if (value && *value)
		put(object, key, json_object_new_string(value));
}

static struct moment now(const struct tw_emu *emu)
{
	struct twinfs_flash_stats stats;

	twinfs_flash_stats(emu->flash, &stats);
	return (struct moment){stats.seq, stats.busy_ns};
}

static struct json_object *begin(const struct tw_emu *emu, const char *kind, struct moment moment)
{
	struct json_object *object = json_object_new_object();

	put_text(&object, "kind", kind);
	put_number(&object, "host_ns", (uint64_t)tw_emu_now_ns());
	put_number(&object, "virtual_ns", moment.virtual_ns);
	put_number(&object, "operation", moment.operation);
	put_number(&object, "boot", twinfs_module_boots(emu->module));
	return object;
}

static void finish(struct tw_emu *emu, struct json_object *object)
{
	const char *text = NULL;

	if (object)
		text = json_object_to_json_string_ext(object,
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	tw_emu_events_add(&emu->events, text);
	(void)json_object_put(object);
}

/* ---- faults ---- */

static void put_operation(struct json_object **object, const struct twinfs_fault_event *event)
{
	static const char *const names[] = {
		[TWINFS_FLASH_READ] = "read",
		[TWINFS_FLASH_PROGRAM] = "program",
		[TWINFS_FLASH_ERASE] = "erase",
	};

	put_text(object, "operation_kind", names[event->op_kind]);
	put_number(object, "done", event->done);
	put_text(object, "result", event->code ? strerrorname_np(-event->code) : "ok");
}

static void put_place(struct json_object **object, const struct twinfs_fault_event *event)
{
	if (!event->len)
		return;
	put_number(object, "addr", event->addr);
	put_number(object, "len", event->len);
	put_text(object, "partition", event->part);
	if (event->block != TWINFS_NO_BLOCK)
		put_number(object, "block", event->block);
	put_text(object, "owner", event->owner);
}

void tw_emu_tell_fault(struct tw_emu *emu, const struct twinfs_fault_event *event)
{
	bool is_warning = event->kind == TWINFS_FAULT_WARNING;
	struct json_object *object = begin(emu, is_warning ? "supply" : "fault",
		(struct moment){event->seq, event->time_ns});

	put_number(&object, "rule", event->rule);
	put_text(&object, "text", event->text);
	put_text(&object, "fault", twinfs_fault_kind_name(event->fault));
	put_text(&object, "what", event->what);
	if (event->has_op)
		put_operation(&object, event);
	put_place(&object, event);
	if (event->bits)
		put_number(&object, "bits", event->bits);
	if (event->in_ns)
		put_number(&object, is_warning ? "cut_in_ns" : "added_ns", event->in_ns);
	put(&object, "cuts_power", json_object_new_boolean(event->cuts_power));
	finish(emu, object);
}

/* ---- power ---- */

static void put_report(struct json_object **object, const struct twinfs_boot_report *report)
{
	uint64_t counts[TWINFS_VERDICT_SKIPPED + 1] = {0};

	for (size_t i = 0; i < report->file_count; i++)
		counts[report->files[i].verdict]++;
	put_number(object, "listed", report->file_count);
	put_number(object, "intact", counts[TWINFS_VERDICT_INTACT]);
	put_number(object, "restored", counts[TWINFS_VERDICT_RESTORED]);
	put_number(object, "no_backup", counts[TWINFS_VERDICT_NO_BACKUP]);
	put(object, "user_formatted", json_object_new_boolean(report->user_formatted));
	put(object, "backup_replaced", json_object_new_boolean(report->backup_replaced));
	put_text(object, "error", report->error);
	put_number(object, "holes", report->hole_count);
	put_number(object, "repaired", report->repaired_user);
	put_number(object, "flash_programs", report->flash_programs);
	put_number(object, "flash_erases", report->flash_erases);
	put_number(object, "flash_ns", report->flash_ns);
}

static void tell_file(struct tw_emu *emu, const char *kind, const struct twinfs_boot_file *file)
{
	struct json_object *object = begin(emu, kind, now(emu));

	put_text(&object, "path", file->name);
	if (file->reason != TWINFS_REASON_NONE)
		put_text(&object, "reason", twinfs_reason_name(file->reason));
	finish(emu, object);
}

void tw_emu_tell_boot(struct tw_emu *emu)
{
	const struct twinfs_boot_report *report = twinfs_module_last_boot(emu->module);
	struct json_object *object = begin(emu, "boot", now(emu));

	put_report(&object, report);
	finish(emu, object);
	for (size_t i = 0; i < report->file_count; i++) {
		if (report->files[i].verdict == TWINFS_VERDICT_RESTORED)
			tell_file(emu, "restored", &report->files[i]);
		if (report->files[i].hash_updated)
			tell_file(emu, "updated", &report->files[i]);
	}
}

static void tell_why(struct tw_emu *emu, const char *kind, const char *key, const char *why)
{
	struct json_object *object = begin(emu, kind, now(emu));

	put_text(&object, key, why);
	finish(emu, object);
}

void tw_emu_tell_boot_failed(struct tw_emu *emu, const char *why)
{
	tell_why(emu, "boot_failed", "error", why);
}

void tw_emu_tell_cut(struct tw_emu *emu, const char *cause)
{
	tell_why(emu, "power_cut", "cause", cause);
}

void tw_emu_tell_off(struct tw_emu *emu, bool is_restart)
{
	struct json_object *object = begin(emu, "power_off", now(emu));

	put(&object, "restart", json_object_new_boolean(is_restart));
	finish(emu, object);
}

/* ---- recording ---- */

void tw_emu_tell_trace(struct tw_emu *emu, bool is_on, const char *path, const char *error)
{
	struct json_object *object =
		begin(emu, is_on ? "trace_started" : "trace_stopped", now(emu));

	put_text(&object, "file", path);
	put_text(&object, "error", error);
	finish(emu, object);
}
