/* SPDX-License-Identifier: MIT */
/*
 * print_history.c - the versions of files, like a log: each path, and below it what it
 * was, the newest first.
 *
 *	/usr/config.json
 *	   1           42  sure    now      written  block 12, commit 7
 *	   2           40  proven           written  block 12, commit 5
 */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "text.h"

bool tw_tool_history_time(const struct twinfs_version *version, int64_t *ret_ns)
{
	for (unsigned i = 0; i < version->attr_count; i++) {
		const struct twinfs_version_attr *attr = &version->attrs[i];
		uint64_t ns = 0;

		if (attr->type != TWINFS_ATTR_MTIME || attr->len != 8)
			continue;
		for (unsigned k = 8; k-- > 0;)
			ns = ns << 8 | attr->value[k];
		*ret_ns = (int64_t)ns;
		return ns && ns <= INT64_MAX;
	}
	return false;
}

static enum tw_tool_paint paint_of(enum twinfs_sureness sureness)
{
	switch (sureness) {
	case TWINFS_SURE:
	case TWINFS_PROVEN:
		return TW_TOOL_GREEN;
	case TWINFS_LIKELY:
		return TW_TOOL_YELLOW;
	case TWINFS_GUESS:
		return TW_TOOL_DIM;
	case TWINFS_OVERWRITTEN:
		return TW_TOOL_RED;
	}
	return TW_TOOL_PLAIN;
}

static void print_path(const struct tw_tool_history *history)
{
	fputs(tw_tool_paint(TW_TOOL_BOLD), stdout);
	if (history->path)
		tw_tool_put_name(stdout, history->path);
	else
		printf("without a name, in %s", history->part);
	printf("%s%s\n", history->version->type == TWINFS_DIR ? "/" : "",
		tw_tool_paint(TW_TOOL_PLAIN));
}

static void print_time(const struct twinfs_version *version)
{
	char text[32];
	struct tm parts;
	int64_t ns;
	time_t seconds;

	if (!tw_tool_history_time(version, &ns))
		return;
	seconds = (time_t)(ns / 1000000000);
	if (gmtime_r(&seconds, &parts) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts))
		printf(", %s UTC", text);
}

static void print_place(const struct tw_tool_history *history)
{
	const struct twinfs_version *version = history->version;

	if (!history->path)
		printf("%" PRIu32 " block%s, last %" PRIu32, version->block_count,
			tw_tool_plural(version->block_count), version->head);
	else
		printf("block %" PRIu32 ", revision %" PRIu32 ", commit %" PRIu32, version->block,
			version->rev, version->commit);
}

void tw_tool_print_history(const struct tw_tool_history *history, bool is_first)
{
	const struct twinfs_version *version = history->version;
	char size[TW_TOOL_NUMBER_ROOM];

	if (is_first)
		print_path(history);
	printf("%4zu  %10s  %s%-11s%s  %-7s  %-10s  ", history->number,
		version->type == TWINFS_DIR ? "dir" : tw_tool_count_text(version->size, size),
		tw_tool_paint(paint_of(version->sureness)), twinfs_sureness_name(version->sureness),
		tw_tool_paint(TW_TOOL_PLAIN),
		version->is_current   ? "now"
		: version->is_removed ? "removed"
				      : "",
		twinfs_version_change_name(version->change));
	print_place(history);
	print_time(version);
	putchar('\n');
	if (*version->why && history->path) {
		printf("%18s%s", "", tw_tool_paint(TW_TOOL_DIM));
		tw_tool_put_plain(stdout, version->why);
		printf("%s\n", tw_tool_paint(TW_TOOL_PLAIN));
	}
}

void tw_tool_print_history_end(size_t hidden)
{
	if (hidden)
		printf("%zu more %s written over, or a guess: --all shows %s\n", hidden,
			hidden == 1 ? "is" : "are", hidden == 1 ? "it" : "them");
}
