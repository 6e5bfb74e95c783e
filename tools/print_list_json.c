/* SPDX-License-Identifier: MIT */
/*
 * print_list_json.c - a listing as {"entries": [...]}, written entry by entry.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"

void tw_tool_json_list_begin(void)
{
	fputs("{\"entries\": [", stdout);
}

static void add_hash(struct json_object *object, const struct twinfs_file_hash *hash)
{
	char crc[TW_TOOL_CRC_ROOM];

	tw_tool_json_add_string(object, "sha256", hash->sha256);
	snprintf(crc, sizeof(crc), "0x%08" PRIx32, hash->crc32);
	tw_tool_json_add_string(object, "crc32", crc);
	tw_tool_json_add_string(object, "device_crc",
		hash->size ? tw_tool_crc_text(hash->size, hash->device_crc, crc) : NULL);
}

static struct json_object *attrs_json(const struct tw_tool_attrs *attrs)
{
	struct json_object *array = tw_tool_json_array();

	for (size_t i = 0; i < attrs->count; i++) {
		const struct tw_tool_attr *attr = &attrs->list[i];
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

void tw_tool_json_list_entry(const struct tw_tool_entry *entry, size_t count)
{
	struct json_object *object = tw_tool_json_object();

	tw_tool_json_add_bytes(object, "path", entry->path);
	tw_tool_json_add_string(object, "type", entry->type == TWINFS_DIR ? "dir" : "reg");
	if (entry->type == TWINFS_REG)
		tw_tool_json_add_uint(object, "size", entry->size);
	if (entry->has_hash)
		add_hash(object, &entry->hash);
	if (entry->attrs.count)
		tw_tool_json_add(object, "attrs", attrs_json(&entry->attrs));
	fputs(count ? ",\n  " : "\n  ", stdout);
	tw_tool_json_print(object, false);
}

void tw_tool_json_list_end(size_t count)
{
	puts(count ? "\n]}" : "]}");
}
