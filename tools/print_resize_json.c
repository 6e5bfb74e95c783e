/* SPDX-License-Identifier: MIT */
/*
 * print_resize_json.c - the size of a volume before and after, as one document.
 */
#include "print.h"

#include "json.h"

void tw_tool_json_resize(const struct tw_tool_resize *resize)
{
	struct json_object *root = tw_tool_json_object();

	tw_tool_json_add_string(root, "partition", resize->name);
	tw_tool_json_add_uint(root, "block_size", resize->block_size);
	tw_tool_json_add_uint(root, "blocks_before", resize->before);
	tw_tool_json_add_uint(root, "blocks", resize->after);
	tw_tool_json_print(root, true);
}
