/* SPDX-License-Identifier: MIT */
/*
 * print_history_json.c - versions as {"versions": [...]}, written one by one.
 */
#include "print.h"

#include <stdio.h>

#include "json.h"

void tw_tool_json_history_begin(void)
{
	fputs("{\"versions\": [", stdout);
}

static struct json_object *attrs_json(const struct twinfs_version *version)
{
	struct json_object *array = tw_tool_json_array();

	for (unsigned i = 0; i < version->attr_count; i++) {
		const struct twinfs_version_attr *attr = &version->attrs[i];
		struct json_object *object = tw_tool_json_object();
		char hex[2 * TWINFS_ATTR_MAX + 1] = "";

		for (size_t at = 0; at < attr->len; at++)
			snprintf(hex + 2 * at, 3, "%02x", attr->value[at]);
		tw_tool_json_add_uint(object, "type", attr->type);
		tw_tool_json_add_string(object, "hex", hex);
		tw_tool_json_append(array, object);
	}
	return array;
}

static void add_place(struct json_object *object, const struct twinfs_version *version)
{
	if (version->block != TWINFS_NO_BLOCK) {
		tw_tool_json_add_uint(object, "block", version->block);
		tw_tool_json_add_uint(object, "revision", version->rev);
		tw_tool_json_add_uint(object, "commit", version->commit);
	}
	tw_tool_json_add_uint(object, "address", version->addr);
	if (version->head != TWINFS_NO_BLOCK)
		tw_tool_json_add_uint(object, "head", version->head);
	if (version->type == TWINFS_REG) {
		tw_tool_json_add_uint(object, "blocks", version->block_count);
		tw_tool_json_add_uint(object, "lost_blocks", version->lost_blocks);
	}
}

void tw_tool_json_history(const struct tw_tool_history *history, size_t count)
{
	const struct twinfs_version *version = history->version;
	struct json_object *object = tw_tool_json_object();
	int64_t ns;

	if (history->path)
		tw_tool_json_add_bytes(object, "path", history->path);
	else
		tw_tool_json_add_string(object, "path", NULL);
	tw_tool_json_add_string(object, "partition", history->part);
	tw_tool_json_add_uint(object, "number", history->number);
	tw_tool_json_add_string(object, "type", version->type == TWINFS_DIR ? "dir" : "reg");
	if (version->type == TWINFS_REG)
		tw_tool_json_add_uint(object, "size", version->size);
	tw_tool_json_add_string(object, "sureness", twinfs_sureness_name(version->sureness));
	tw_tool_json_add_string(object, "why", *version->why ? version->why : NULL);
	tw_tool_json_add_string(object, "change", twinfs_version_change_name(version->change));
	tw_tool_json_add_bool(object, "current", version->is_current);
	tw_tool_json_add_bool(object, "removed", version->is_removed);
	add_place(object, version);
	if (tw_tool_history_time(version, &ns))
		tw_tool_json_add_uint(object, "mtime_ns", (uint64_t)ns);
	if (version->attr_count)
		tw_tool_json_add(object, "attrs", attrs_json(version));
	fputs(count ? ",\n  " : "\n  ", stdout);
	tw_tool_json_print(object, false);
}

void tw_tool_json_history_end(size_t count)
{
	puts(count ? "\n]}" : "]}");
}
