/* SPDX-License-Identifier: MIT */
/*
 * print_trace_json.c - a trace as {"chip": ..., "records": [...]}, written
 * record by record, and its summary as one document.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"

static void add_digest(struct json_object *to, const char *key, struct twinfs_digest digest)
{
	char text[33];

	snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, digest.high, digest.low);
	tw_tool_json_add_string(to, key, text);
}

static struct json_object *parts_json(const struct twinfs_trace_info *info)
{
	struct json_object *array = tw_tool_json_array();

	for (size_t i = 0; i < info->part_count; i++) {
		struct json_object *object = tw_tool_json_object();

		tw_tool_json_add_bytes(object, "name", info->parts[i].name);
		tw_tool_json_add_bytes(object, "path", info->parts[i].path);
		tw_tool_json_add_uint(object, "addr", info->parts[i].addr);
		tw_tool_json_add_uint(object, "size", info->parts[i].size);
		tw_tool_json_add_uint(object, "block_size", info->parts[i].block_size);
		tw_tool_json_append(array, object);
	}
	return array;
}

/* What the trace says of itself: the same in both documents. */
static struct json_object *info_json(const struct twinfs_trace *trace)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(trace);
	struct json_object *object = tw_tool_json_object();

	tw_tool_json_add_uint(object, "chip_size", info->chip_size);
	tw_tool_json_add_uint(object, "prog_size", info->geometry.prog_size);
	tw_tool_json_add_uint(object, "erase_size", info->geometry.erase_size);
	add_digest(object, "digest", info->digest);
	tw_tool_json_add_uint(object, "started_ns", info->started_ns);
	tw_tool_json_add_uint(object, "seed", info->seed);
	tw_tool_json_add_uint(object, "first_number", info->first_number);
	tw_tool_json_add_uint(object, "first_time_ns", info->first_time_ns);
	tw_tool_json_add_uint(object, "operations", info->operations);
	tw_tool_json_add_uint(object, "marks", info->marks);
	tw_tool_json_add_uint(object, "file_size", info->file_size);
	tw_tool_json_add_bool(object, "truncated", info->is_truncated);
	tw_tool_json_add(object, "partitions", parts_json(info));
	return object;
}

/* ---- records ---- */

void tw_tool_json_trace_begin(const struct twinfs_trace *trace)
{
	fputs("{\"trace\": ", stdout);
	tw_tool_json_print(info_json(trace), false);
	fputs(",\n\"records\": [", stdout);
}

static void add_place(struct json_object *to, const struct twinfs_trace *trace, uint64_t addr)
{
	uint64_t block;
	const struct twinfs_trace_part *part = twinfs_trace_locate(trace, addr, &block);

	tw_tool_json_add_bytes(to, "partition", part ? part->name : NULL);
	tw_tool_json_add_uint(to, "block", block);
	tw_tool_json_add_uint(to, "addr", addr);
}

/* The errno as a positive number. */
static void add_result(struct json_object *to, int result)
{
	tw_tool_json_add_uint(to, "errno", (uint64_t) - (int64_t)result);
}

static void add_mark(struct json_object *to, const struct twinfs_trace_mark *mark)
{
	bool is_change = mark->change != TWINFS_TRACED_NONE;
	bool is_store =
		mark->kind == TWINFS_MARK_STORE_BEGAN || mark->kind == TWINFS_MARK_STORE_ENDED;
	bool is_boot = mark->kind == TWINFS_MARK_BOOT_BEGAN || mark->kind == TWINFS_MARK_BOOT_ENDED;

	tw_tool_json_add_string(to, "mark", twinfs_mark_name(mark->kind));
	if (is_change)
		tw_tool_json_add_string(to, "change", twinfs_traced_change_name(mark->change));
	if (is_change)
		tw_tool_json_add_bytes(to, "path", mark->path);
	if (mark->kind == TWINFS_MARK_NOTE)
		tw_tool_json_add_bytes(to, "text", mark->path);
	if (mark->change == TWINFS_TRACED_RENAME)
		tw_tool_json_add_bytes(to, "new_path", mark->new_path);
	if (is_change)
		tw_tool_json_add_bool(to, "directory", mark->flags & TWINFS_MARK_DIRECTORY);
	if (mark->change == TWINFS_TRACED_ATTR)
		tw_tool_json_add_uint(to, "type", mark->index);
	if (is_store)
		tw_tool_json_add_uint(to, "slot", mark->index);
	if (is_boot)
		tw_tool_json_add_uint(to, "boots_before", mark->index);
	if (is_store || mark->change == TWINFS_TRACED_CONTENT ||
		mark->change == TWINFS_TRACED_ATTR) {
		tw_tool_json_add_uint(to, "size", mark->size);
		add_digest(to, "digest", mark->digest);
	}
	if (mark->change == TWINFS_TRACED_RESIZE)
		tw_tool_json_add_uint(to, "blocks", mark->size);
	if (mark->kind == TWINFS_MARK_CHANGE_ENDED || mark->kind == TWINFS_MARK_STORE_ENDED ||
		mark->kind == TWINFS_MARK_BOOT_ENDED)
		add_result(to, mark->result);
}

void tw_tool_json_trace_record(const struct twinfs_trace *trace,
	const struct twinfs_trace_record *record, uint64_t operation, uint64_t count)
{
	struct json_object *object = tw_tool_json_object();

	tw_tool_json_add_string(object, "kind", twinfs_trace_kind_name(record->kind));
	if (tw_tool_is_traced_operation(record))
		tw_tool_json_add_uint(object, "operation", operation);
	tw_tool_json_add_uint(object, "number", record->number);
	tw_tool_json_add_uint(object, "time_ns", record->time_ns);
	if (record->kind == TWINFS_TRACE_MARK) {
		add_mark(object, &record->mark);
	} else {
		add_place(object, trace, record->addr);
		tw_tool_json_add_uint(object, "len", record->len);
	}
	if (record->kind == TWINFS_TRACE_PROGRAM || record->kind == TWINFS_TRACE_ERASE) {
		tw_tool_json_add_uint(object, "done", record->done);
		add_result(object, record->result);
		tw_tool_json_add_bytes(object, "owner", record->owner);
	}
	fputs(count ? ",\n  " : "\n  ", stdout);
	tw_tool_json_print(object, false);
}

void tw_tool_json_trace_end(uint64_t count)
{
	puts(count ? "\n]}" : "]}");
}

/* ---- summary ---- */

static struct json_object *owners_json(const struct twinfs_trace_summary *summary)
{
	struct json_object *array = tw_tool_json_array();

	for (size_t i = 0; i < summary->owner_count; i++) {
		const struct twinfs_trace_owner *owner = &summary->owners[i];
		struct json_object *object = tw_tool_json_object();

		tw_tool_json_add_bytes(object, "owner", owner->owner);
		tw_tool_json_add_uint(object, "programs", owner->programs);
		tw_tool_json_add_uint(object, "program_bytes", owner->program_bytes);
		tw_tool_json_add_uint(object, "erases", owner->erases);
		tw_tool_json_add_uint(object, "busy_ns", owner->busy_ns);
		tw_tool_json_append(array, object);
	}
	return array;
}

static struct json_object *files_json(const struct twinfs_trace_summary *summary)
{
	struct json_object *array = tw_tool_json_array();

	for (size_t i = 0; i < summary->file_count; i++) {
		const struct twinfs_trace_file *file = &summary->files[i];
		struct json_object *object = tw_tool_json_object();

		tw_tool_json_add_bytes(object, "path", file->path);
		tw_tool_json_add_uint(object, "changes", file->changes);
		tw_tool_json_add_uint(object, "failed", file->failed);
		tw_tool_json_add_uint(object, "content_bytes", file->content_bytes);
		tw_tool_json_append(array, object);
	}
	return array;
}

static struct json_object *blocks_json(const struct twinfs_trace_summary *summary)
{
	struct json_object *array = tw_tool_json_array();

	for (size_t i = 0; i < summary->block_count; i++) {
		const struct twinfs_trace_block *block = &summary->blocks[i];
		struct json_object *object = tw_tool_json_object();

		tw_tool_json_add_bytes(object, "partition", block->part ? block->part->name : NULL);
		tw_tool_json_add_uint(object, "block", block->block);
		tw_tool_json_add_uint(object, "addr", block->addr);
		tw_tool_json_add_uint(object, "erases", block->erases);
		tw_tool_json_add_uint(object, "programs", block->programs);
		tw_tool_json_add_uint(object, "program_bytes", block->program_bytes);
		tw_tool_json_append(array, object);
	}
	return array;
}

void tw_tool_json_trace_summary(const struct twinfs_trace *trace,
	const struct twinfs_trace_summary *summary)
{
	struct json_object *root = tw_tool_json_object(), *marks = tw_tool_json_object();
	struct json_object *changes = tw_tool_json_object();

	tw_tool_json_add(root, "trace", info_json(trace));
	tw_tool_json_add_uint(root, "programs", summary->programs);
	tw_tool_json_add_uint(root, "program_bytes", summary->program_bytes);
	tw_tool_json_add_uint(root, "erases", summary->erases);
	tw_tool_json_add_uint(root, "failed", summary->failed);
	tw_tool_json_add_uint(root, "flips", summary->flips);
	tw_tool_json_add_uint(root, "busy_ns", summary->busy_ns);
	tw_tool_json_add_uint(root, "content_bytes", summary->content_bytes);
	for (int i = 0; i < TWINFS_MARK_COUNT; i++)
		tw_tool_json_add_uint(marks, twinfs_mark_name((enum twinfs_trace_mark_kind)i),
			summary->marks[i]);
	for (int i = TWINFS_TRACED_CREATE; i < TWINFS_TRACED_COUNT; i++)
		tw_tool_json_add_uint(changes,
			twinfs_traced_change_name((enum twinfs_traced_change)i),
			summary->changes[i]);
	tw_tool_json_add(root, "marks", marks);
	tw_tool_json_add(root, "changes", changes);
	tw_tool_json_add(root, "owners", owners_json(summary));
	tw_tool_json_add(root, "files", files_json(summary));
	tw_tool_json_add(root, "blocks", blocks_json(summary));
	tw_tool_json_print(root, true);
}
