/* SPDX-License-Identifier: MIT */
/*
 * progress.h - one line at the bottom of a terminal that says how far a long
 * job is. Where stderr is no terminal there is none.
 */
#ifndef TW_TOOL_PROGRESS_H
#define TW_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct tw_tool_progress {
	bool is_on;
	bool is_shown;
};

void tw_tool_progress_init(struct tw_tool_progress *progress, bool quiet);

/*
 * Shows that @done of @total are done, with @text behind the bar, and how long
 * it will still take: @left seconds, negative if that is not known.
 */
void tw_tool_progress_show(struct tw_tool_progress *progress, uint64_t done, uint64_t total,
	double left, const char *text);

/* Makes the line empty again, if there is one. */
void tw_tool_progress_wipe(struct tw_tool_progress *progress);

/* "12 s", "3 min 20 s", "2 h 5 min". Returns @room. */
#define TW_TOOL_DURATION_ROOM 32
const char *tw_tool_duration_text(double seconds, char room[TW_TOOL_DURATION_ROOM]);

#endif
