/* SPDX-License-Identifier: MIT */
/*
 * print_list.c - one line for each entry of a listing.
 *
 *	    dir                 config/
 *	     17  0xc54aae31     main.py
 *
 * With attributes, a line for each behind its entry: type and value.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

static void print_hash(const struct tw_tool_entry *entry)
{
	char crc[TW_TOOL_CRC_ROOM];

	printf("%-10s  %-64s  ",
		entry->has_hash ? tw_tool_crc_text(entry->hash.size, entry->hash.device_crc, crc)
				: "",
		entry->has_hash ? entry->hash.sha256 : "");
}

static void print_attrs(const struct tw_tool_attrs *attrs)
{
	for (size_t i = 0; i < attrs->count; i++) {
		const struct tw_tool_attr *attr = &attrs->list[i];

		printf("    %02x  ", attr->type);
		for (size_t at = 0; at < attr->len; at++)
			printf("%02x", attr->value[at]);
		putchar('\n');
	}
}

void tw_tool_print_entry(const struct tw_tool_entry *entry, unsigned flags)
{
	const bool is_dir = entry->type == TWINFS_DIR;
	char size[TW_TOOL_NUMBER_ROOM];

	if (flags & TW_TOOL_LIST_LONG)
		printf("%12s  ", is_dir ? "dir" : tw_tool_count_text(entry->size, size));
	if (flags & TW_TOOL_LIST_HASH)
		print_hash(entry);
	fputs(tw_tool_paint(is_dir ? TW_TOOL_BLUE : TW_TOOL_PLAIN), stdout);
	tw_tool_put_name(stdout, entry->name);
	printf("%s%s\n", tw_tool_paint(TW_TOOL_PLAIN), is_dir ? "/" : "");
	if (flags & TW_TOOL_LIST_ATTRS)
		print_attrs(&entry->attrs);
}
