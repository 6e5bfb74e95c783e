/* SPDX-License-Identifier: MIT */
/*
 * print_crc_json.c - the device's hashes of files as {"files": [...]}.
 */
#include "print.h"

#include "json.h"

void tw_tool_json_crc(const struct tw_tool_crc *crcs, size_t count)
{
	struct json_object *root = tw_tool_json_object(), *files = tw_tool_json_array();
	char text[TW_TOOL_CRC_ROOM];

	tw_tool_json_add(root, "files", files);
	for (size_t i = 0; i < count; i++) {
		struct json_object *file = tw_tool_json_object();

		tw_tool_json_append(files, file);
		tw_tool_json_add_bytes(file, "file", crcs[i].file);
		tw_tool_json_add_uint(file, "size", crcs[i].size);
		tw_tool_json_add_string(file, "device_crc",
			crcs[i].size ? tw_tool_crc_text(crcs[i].size, crcs[i].crc, text) : NULL);
	}
	tw_tool_json_print(root, true);
}
