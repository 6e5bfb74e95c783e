/* SPDX-License-Identifier: MIT */
/*
 * progress.c - the line of progress.
 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the bar. With the texts around it the line fits into 80 columns. */
#define BAR 16

void tw_tool_progress_init(struct tw_tool_progress *progress, bool quiet)
{
	const char *term = getenv("TERM");

	*progress = (struct tw_tool_progress){
		.is_on = !quiet && isatty(STDERR_FILENO) && term && strcmp(term, "dumb"),
	};
}

const char *tw_tool_duration_text(double seconds, char room[TW_TOOL_DURATION_ROOM])
{
	/* What is longer than this is not known better than "very long". */
	const uint64_t s = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : UINT64_C(1000000000);

	if (s < 60)
		snprintf(room, TW_TOOL_DURATION_ROOM, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(room, TW_TOOL_DURATION_ROOM, "%" PRIu64 " min %" PRIu64 " s", s / 60,
			s % 60);
	else
		snprintf(room, TW_TOOL_DURATION_ROOM, "%" PRIu64 " h %" PRIu64 " min", s / 3600,
			s / 60 % 60);
	return room;
}

void tw_tool_progress_show(struct tw_tool_progress *progress, uint64_t done, uint64_t total,
	double left, const char *text)
{
	const double part = total ? (double)done / (double)total : 1;
	const int full = (int)(part * BAR);
	char bar[BAR + 1], duration[TW_TOOL_DURATION_ROOM];

	if (!progress->is_on)
		return;
	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)(full < BAR ? full : BAR));
	bar[BAR] = '\0';
	fprintf(stderr, "\r\033[K%3d %% [%s] %s", (int)(part * 100), bar, text);
	if (left >= 0)
		fprintf(stderr, ", %s left", tw_tool_duration_text(left, duration));
	progress->is_shown = true;
}

void tw_tool_progress_wipe(struct tw_tool_progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
