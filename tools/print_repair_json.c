/* SPDX-License-Identifier: MIT */
/*
 * print_repair_json.c - what became of a partition and its files, as a part of the
 * document of a check.
 */
#include "print.h"

#include "json.h"
#include "text.h"

static struct json_object *object_json(const struct twinfs_repaired *object)
{
	struct json_object *json = tw_tool_json_object();

	tw_tool_json_add_bytes(json, "path", object->path);
	if (object->was)
		tw_tool_json_add_bytes(json, "was", object->was);
	tw_tool_json_add_string(json, "type", object->type == TWINFS_DIR ? "dir" : "reg");
	tw_tool_json_add_string(json, "fate", twinfs_fate_name(object->fate));
	tw_tool_json_add_string(json, "sureness", twinfs_sureness_name(object->sureness));
	if (object->type == TWINFS_REG) {
		tw_tool_json_add_uint(json, "size", object->size);
		tw_tool_json_add_uint(json, "lost_bytes", object->lost_bytes);
	}
	if (*object->why)
		tw_tool_json_add_bytes(json, "why", object->why);
	return json;
}

static struct json_object *totals_json(const struct twinfs_repair_result *result)
{
	struct json_object *totals = tw_tool_json_object();

	for (int fate = 0; fate <= TWINFS_FATE_LOST; fate++) {
		struct json_object *json = tw_tool_json_object();

		tw_tool_json_add_uint(json, "files", result->files[fate]);
		tw_tool_json_add_uint(json, "bytes", result->bytes_of[fate]);
		tw_tool_json_add(totals, twinfs_fate_name((enum twinfs_fate)fate), json);
	}
	return totals;
}

struct json_object *tw_tool_repair_json(const struct tw_tool_check_part *part)
{
	const struct twinfs_repair_result *result = part->repair;
	struct json_object *json = tw_tool_json_object(), *objects;
	char version[TW_TOOL_NUMBER_ROOM];

	tw_tool_json_add_string(json, "kind",
		twinfs_repair_kind_name(result ? result->kind : TWINFS_REPAIR_NOTHING));
	if (*part->unrepaired)
		tw_tool_json_add_bytes(json, "unrepaired", part->unrepaired);
	if (result) {
		tw_tool_json_add_uint(json, "mended_bits", result->mended_bits);
		tw_tool_json_add_bool(json, "new_superblock", result->has_new_superblock);
	}
	if (!result || result->kind != TWINFS_REPAIR_REBUILT)
		return json;
	tw_tool_json_add_string(json, "format", tw_tool_version_text(result->version, version));
	tw_tool_json_add_uint(json, "block_size", result->block_size);
	tw_tool_json_add_bool(json, "may_lack", result->may_lack);
	tw_tool_json_add(json, "totals", totals_json(result));
	objects = tw_tool_json_array();
	tw_tool_json_add(json, "objects", objects);
	for (size_t i = 0; i < result->count; i++)
		tw_tool_json_append(objects, object_json(&result->objects[i]));
	return json;
}
