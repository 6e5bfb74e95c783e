/* SPDX-License-Identifier: MIT */
/*
 * print_control.c - the state of a mounted module, for people.
 */
#include <stdio.h>

#include "print.h"
#include "text.h"

void tw_tool_print_power(const struct tw_tool_power *power)
{
	char room[TW_TOOL_NUMBER_ROOM];

	printf("power   %s%s%s\n", tw_tool_paint(power->is_on ? TW_TOOL_GREEN : TW_TOOL_RED),
		power->is_on ? "on" : "off", tw_tool_paint(TW_TOOL_PLAIN));
	if (power->cause) {
		printf("cause   ");
		tw_tool_put_plain(stdout, power->cause);
		putchar('\n');
	}
	printf("supply  %s mV\n", tw_tool_count_text(power->supply_mv, room));
}
