/* SPDX-License-Identifier: MIT */
/*
 * print_info_json.c - what an image holds, as one document.
 */
#include "print.h"

#include "json.h"

static void add_volume(struct json_object *to, const struct tw_tool_info_part *part)
{
	const struct twinfs_statfs *statfs = &part->statfs;
	struct json_object *pending;

	tw_tool_json_add_bool(to, "mounted", part->mounted);
	if (!part->mounted) {
		tw_tool_json_add_bytes(to, "error", part->error.text);
		return;
	}
	tw_tool_json_add_version(to, statfs->version);
	tw_tool_json_add_uint(to, "block_size", statfs->block_size);
	tw_tool_json_add_uint(to, "blocks", statfs->blocks);
	tw_tool_json_add_uint(to, "used_blocks", statfs->blocks - statfs->free);
	tw_tool_json_add_uint(to, "free_blocks", statfs->free);
	tw_tool_json_add_uint(to, "objects", statfs->files);
	tw_tool_json_add_uint(to, "name_max", statfs->name_max);
	tw_tool_json_add_uint(to, "file_max", part->part.superblock.file_max);
	tw_tool_json_add_uint(to, "attr_max", statfs->attr_max);
	pending = tw_tool_json_object();
	tw_tool_json_add_uint(pending, "orphans", part->pending.orphans);
	tw_tool_json_add_uint(pending, "desyncs", part->pending.desyncs);
	tw_tool_json_add_uint(pending, "marks", part->pending.marks);
	tw_tool_json_add(to, "pending_repairs", pending);
}

static struct json_object *parts_json(const struct tw_tool_info *info)
{
	struct json_object *array = tw_tool_json_array();

	for (size_t i = 0; i < TWINFS_PART_COUNT; i++) {
		const struct twinfs_part_info *part = &info->parts[i].part;
		struct json_object *object;

		if (!part->present)
			continue;
		object = tw_tool_json_object();
		tw_tool_json_append(array, object);
		tw_tool_json_add_string(object, "name", part->name);
		tw_tool_json_add_bytes(object, "file", part->file);
		tw_tool_json_add_uint(object, "addr", part->addr);
		tw_tool_json_add_uint(object, "file_offset", part->file_offset);
		tw_tool_json_add_uint(object, "size", part->size);
		if (i != TWINFS_PART_SECURE)
			add_volume(object, &info->parts[i]);
	}
	return array;
}

static struct json_object *checksums_json(const struct tw_tool_info *info)
{
	struct json_object *object = tw_tool_json_object(), *files;
	const struct twinfs_boot_report *boot = info->boot;
	struct tw_tool_tally tally;

	tw_tool_json_add_bool(object, "checked", boot != NULL);
	if (!boot) {
		tw_tool_json_add_bytes(object, "error", info->no_boot);
		return object;
	}
	tw_tool_tally(boot, &tally);
	tw_tool_json_add_bool(object, "enabled", boot->restore_enabled);
	tw_tool_json_add_bytes(object, "error", boot->error);
	tw_tool_json_add_uint(object, "protected", tally.total);
	tw_tool_json_add_uint(object, "intact", tally.intact);
	tw_tool_json_add_uint(object, "changed", tally.changed);
	tw_tool_json_add_uint(object, "missing", tally.missing);
	tw_tool_json_add_uint(object, "empty", tally.empty);
	tw_tool_json_add_uint(object, "unreadable", tally.unreadable);
	tw_tool_json_add_uint(object, "directory", tally.directory);
	tw_tool_json_add_uint(object, "skipped", tally.skipped);
	files = tw_tool_json_array();
	tw_tool_json_add(object, "files", files);
	for (size_t i = 0; i < boot->file_count; i++) {
		struct json_object *file = tw_tool_json_object();

		tw_tool_json_append(files, file);
		tw_tool_json_add_bytes(file, "name", boot->files[i].name);
		tw_tool_json_add_string(file, "verdict",
			twinfs_verdict_name(boot->files[i].verdict));
		tw_tool_json_add_string(file, "reason", twinfs_reason_name(boot->files[i].reason));
	}
	return object;
}

static struct json_object *slots_json(const struct tw_tool_info *info)
{
	struct json_object *array = tw_tool_json_array();

	for (size_t i = 0; i < TWINFS_SECURE_SLOTS; i++) {
		const struct twinfs_secure_slot *slot = &info->slots[i];
		struct json_object *object = tw_tool_json_object();

		tw_tool_json_append(array, object);
		tw_tool_json_add_uint(object, "index", slot->index);
		tw_tool_json_add_uint(object, "capacity", slot->capacity);
		tw_tool_json_add_bool(object, "stored", slot->stored);
		tw_tool_json_add_uint(object, "length", slot->length);
		tw_tool_json_add_uint(object, "generation", slot->generation);
	}
	return array;
}

static struct json_object *files_json(const struct tw_tool_info *info)
{
	struct json_object *array = tw_tool_json_array();

	for (size_t i = 0; i < info->file_count; i++) {
		struct json_object *object = tw_tool_json_object();

		tw_tool_json_append(array, object);
		tw_tool_json_add_bytes(object, "path", info->files[i].path);
		tw_tool_json_add_uint(object, "addr", info->files[i].addr);
		tw_tool_json_add_uint(object, "size", info->files[i].size);
	}
	return array;
}

void tw_tool_json_info(const struct tw_tool_info *info)
{
	struct json_object *root = tw_tool_json_object(), *geometry = tw_tool_json_object();

	tw_tool_json_add(root, "files", files_json(info));
	tw_tool_json_add_bool(root, "gpt", info->has_gpt);
	tw_tool_json_add_string(root, "profile", info->profile);
	tw_tool_json_add_uint(geometry, "read_size", info->geometry.read_size);
	tw_tool_json_add_uint(geometry, "prog_size", info->geometry.prog_size);
	tw_tool_json_add_uint(geometry, "erase_size", info->geometry.erase_size);
	tw_tool_json_add(root, "geometry", geometry);
	tw_tool_json_add(root, "partitions", parts_json(info));
	tw_tool_json_add(root, "checksums", checksums_json(info));
	tw_tool_json_add(root, "securedata", info->has_secure ? slots_json(info) : NULL);
	tw_tool_json_add_bytes(root, "securedata_error",
		info->secure_error ? info->secure_error->text : NULL);
	tw_tool_json_print(root, true);
}
