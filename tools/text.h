/* SPDX-License-Identifier: MIT */
/*
 * text.h - text for people and scripts: names of any bytes, sizes, colours,
 * and a string that grows.
 */
#ifndef TW_TOOL_TEXT_H
#define TW_TOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* All zero is the empty string. @data has a NUL behind @len bytes, or is NULL. */
struct tw_tool_text {
	char *data;
	size_t len, room;
};

/* Appends; 0 or -ENOMEM, then the text is as before. */
int tw_tool_text_add(struct tw_tool_text *text, const char *data, size_t len);

/*
 * Appends the whole of the file @path, up to @max bytes. 0, -EFBIG, -EINVAL (it
 * holds a NUL byte), or another negative errno.
 */
int tw_tool_text_read(struct tw_tool_text *text, const char *path, size_t max);
void tw_tool_text_release(struct tw_tool_text *text);

/* Whether the whole of @text is UTF-8 as Unicode defines it: no surrogates, shortest form. */
bool tw_tool_is_utf8(const char *text);

/*
 * Prints @text with control bytes, and bytes that are not UTF-8, as \xNN. Names
 * printed for scripts (put_name) escape the backslash as well, so that they can
 * be told apart.
 */
void tw_tool_put_plain(FILE *file, const char *text);
void tw_tool_put_name(FILE *file, const char *name);

/* The same of lines that are read again: newlines stay, and what is only not UTF-8. */
void tw_tool_put_lines(FILE *file, const char *text);

/*
 * Prints a document of JSON, in which strings alone can hold DEL and the controls
 * U+0080 to U+009F: JSON allows them as they are, and terminals obey them.
 */
void tw_tool_put_json(FILE *file, const char *text);

/* What put_plain prints, as a text; free() it. NULL: out of memory. */
char *tw_tool_plain_text(const char *text);

/*
 * Prints @text wrapped to 80 columns, each line after @indent blanks. @column
 * is where the cursor is: 0, or at most @indent behind something printed.
 */
void tw_tool_put_wrapped(FILE *file, const char *text, int indent, int column);

/* Room for the result of tw_tool_size_text() and tw_tool_count_text(). */
#define TW_TOOL_NUMBER_ROOM 32

/* "512 B", "200 KiB", "5.2 MiB". Returns @room. */
const char *tw_tool_size_text(uint64_t bytes, char room[TW_TOOL_NUMBER_ROOM]);

/* "5,242,880". Returns @room. */
const char *tw_tool_count_text(uint64_t count, char room[TW_TOOL_NUMBER_ROOM]);

/* "littlefs 2.1" for a disk version, "" for 0. Returns @room. */
const char *tw_tool_version_text(uint32_t version, char room[TW_TOOL_NUMBER_ROOM]);

/* "" or "s". */
const char *tw_tool_plural(uint64_t count);

/* Escape sequences for stdout, "" where it is no terminal or NO_COLOR is set. */
enum tw_tool_paint {
	TW_TOOL_PLAIN,
	TW_TOOL_BOLD,
	TW_TOOL_DIM,
	TW_TOOL_RED,
	TW_TOOL_GREEN,
	TW_TOOL_YELLOW,
	TW_TOOL_BLUE,
};
const char *tw_tool_paint(enum tw_tool_paint paint);

#endif
