/* SPDX-License-Identifier: MIT */
/*
 * control.h - the control files of a mount, for verbs that work on one.
 *
 * Functions that fail have printed the message and return the exit status.
 */
#ifndef TW_TOOL_CONTROL_H
#define TW_TOOL_CONTROL_H

#include "text.h"

/* A control file of a mount. */
struct tw_tool_control {
	const char *verb, *mount; /* for messages */
	int fd;                   /* -1: not open */
};

/* Opens .twinfs/@name of @mount with @flags of open(2). */
int tw_tool_control_open(const char *verb, const char *mount, const char *name, int flags,
	struct tw_tool_control *ret_control);
void tw_tool_control_close(struct tw_tool_control *control);

/* Writes @text in one piece; a refusal is explained by what the file then gives to read. */
int tw_tool_control_write(const struct tw_tool_control *control, const char *text);

/* Appends what there is to read. */
int tw_tool_control_read(const struct tw_tool_control *control, struct tw_tool_text *text);

#endif
