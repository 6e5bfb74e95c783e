/* SPDX-License-Identifier: MIT */
/*
 * print_crc.c - the device's hash, written as Python's hex() does: no padding.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

const char *tw_tool_crc_text(uint64_t size, uint32_t crc, char room[TW_TOOL_CRC_ROOM])
{
	if (size)
		snprintf(room, TW_TOOL_CRC_ROOM, "0x%" PRIx32, crc);
	else
		snprintf(room, TW_TOOL_CRC_ROOM, "none");
	return room;
}

void tw_tool_print_crc(const struct tw_tool_crc *crc)
{
	char text[TW_TOOL_CRC_ROOM];

	printf("%-10s  ", tw_tool_crc_text(crc->size, crc->crc, text));
	tw_tool_put_name(stdout, crc->file);
	putchar('\n');
}
