/* SPDX-License-Identifier: MIT */
/*
 * print_damage.c - one line for each run of bytes that was changed.
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

static void print_bytes(const uint8_t *bytes, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

/* Few bytes are shown, of many it is told how many. */
static void print_run(const struct tw_tool_damage_run *run)
{
	char count[TW_TOOL_NUMBER_ROOM];

	printf("0x%08" PRIx64 "  ", run->addr);
	if (run->len <= TW_TOOL_DAMAGE_SHOWN) {
		print_bytes(run->was, run->len);
		fputs(" -> ", stdout);
		print_bytes(run->is, run->len);
	} else {
		printf("%s bytes", tw_tool_count_text(run->len, count));
		printf(", %s bits", tw_tool_count_text(run->bits, count));
	}
	if (run->part)
		printf("  %s block %" PRIu32, run->part, run->block);
	if (run->owner[0])
		fputs("  ", stdout);
	tw_tool_put_plain(stdout, run->owner);
	putchar('\n');
}

void tw_tool_print_damage(const struct tw_tool_damage *damage)
{
	char room[TW_TOOL_NUMBER_ROOM];
	uint64_t bytes = 0;

	for (size_t i = 0; i < damage->count; i++) {
		print_run(&damage->runs[i]);
		bytes += damage->runs[i].len;
	}
	printf("%s byte%s changed, seed %" PRIu64 "\n", tw_tool_count_text(bytes, room),
		tw_tool_plural(bytes), damage->seed);
}
