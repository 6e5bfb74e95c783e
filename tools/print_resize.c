/* SPDX-License-Identifier: MIT */
/*
 * print_resize.c - the size of a volume before and after, in one line.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

void tw_tool_print_resize(const struct tw_tool_resize *resize)
{
	char before[TW_TOOL_NUMBER_ROOM], after[TW_TOOL_NUMBER_ROOM], size[TW_TOOL_NUMBER_ROOM];

	printf("%s: %s blocks of %" PRIu32 " bytes (%s), before %s\n", resize->name,
		tw_tool_count_text(resize->after, after), resize->block_size,
		tw_tool_size_text(resize->after * resize->block_size, size),
		tw_tool_count_text(resize->before, before));
}
