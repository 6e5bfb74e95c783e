/* SPDX-License-Identifier: MIT */
/*
 * store.h - files of the host as a whole: read in one piece, and written so
 * that they appear under their name whole or not at all.
 */
#ifndef TW_TOOL_STORE_H
#define TW_TOOL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include "text.h"

/* Replaces @path, if it is there, by @len bytes at @data. 0, or the exit status with the message
 * out. */
int tw_tool_store(const char *verb, const char *path, const void *data, size_t len);

/* Whether that could be done now, before hours of work: as tw_tool_store(), but nothing changes. */
int tw_tool_may_store(const char *verb, const char *path);

/*
 * Writes a file that belongs to whom @like does, with its mode: @path is followed where it
 * is a symbolic link and @replace. 0, -EEXIST without @replace, or a negative errno.
 */
int tw_tool_store_like(const char *like, const char *path, const void *data, size_t len,
	bool replace);

/* All of the file @path, with a NUL behind it. 0, or the exit status with the message out. */
int tw_tool_load(const char *verb, const char *path, struct tw_tool_text *ret_content);

#endif
