/* SPDX-License-Identifier: MIT */
/*
 * text.c - text for people and scripts.
 */
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS 80

int tw_tool_text_add(struct tw_tool_text *text, const char *data, size_t len)
{
	if (text->room - text->len <= len) {
		size_t room = 2 * (text->len + len) + 64;
		char *more = realloc(text->data, room);

		if (!more)
			return -ENOMEM;
		text->data = more;
		text->room = room;
	}
	if (len)
		memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
	return 0;
}

int tw_tool_text_read(struct tw_tool_text *text, const char *path, size_t max)
{
	FILE *file = fopen(path, "re");
	char piece[4096];
	size_t got;
	int rc = file ? 0 : -errno;

	while (rc == 0 && (got = fread(piece, 1, sizeof(piece), file)) > 0) {
		if (text->len + got > max)
			rc = -EFBIG;
		else if (memchr(piece, '\0', got))
			rc = -EINVAL;
		else
			rc = tw_tool_text_add(text, piece, got);
	}
	if (rc == 0 && ferror(file))
		rc = -errno;
	if (file)
		(void)fclose(file);
	return rc;
}

void tw_tool_text_release(struct tw_tool_text *text)
{
	free(text->data);
	*text = (struct tw_tool_text){0};
}

/*
 * Bytes of the UTF-8 character at @s, 0 if there is none (Unicode, table 3-7).
 * The second byte has a range of its own behind 0xe0, 0xed, 0xf0 and 0xf4.
 */
static size_t char_len(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len, i;

	if (s[0] < 0x80)
		return s[0] != 0;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < len; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

bool tw_tool_is_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len;

	for (; (len = char_len(s)) > 0; s += len)
		;
	return !*s;
}

/* C0, DEL, and the C1 controls U+0080 to U+009F. */
static bool is_control(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);
}

static void put_escaped(FILE *file, const char *text, const char *also)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t len = char_len(s);

		if (!len || is_control(s)) {
			fprintf(file, "\\x%02x", *s++);
			continue;
		}
		if (strchr(also, *s))
			fputc('\\', file);
		fwrite(s, 1, len, file);
		s += len;
	}
}

void tw_tool_put_plain(FILE *file, const char *text)
{
	put_escaped(file, text, "");
}

void tw_tool_put_name(FILE *file, const char *name)
{
	put_escaped(file, name, "\\");
}

void tw_tool_put_lines(FILE *file, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	for (; *s; s++)
		if (*s != '\n' && is_control(s))
			fprintf(file, "\\x%02x", *s);
		else
			fputc(*s, file);
}

void tw_tool_put_json(FILE *file, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	for (; *s; s++)
		if (*s == 0x7f)
			fputs("\\u007f", file);
		else if (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
			fprintf(file, "\\u%04x", *++s);
		else
			fputc(*s, file);
}

char *tw_tool_plain_text(const char *text)
{
	char *plain = NULL;
	size_t len;
	FILE *out = open_memstream(&plain, &len);

	if (!out)
		return NULL;
	put_escaped(out, text, "");
	if (!fclose(out))
		return plain;
	free(plain);
	return NULL;
}

void tw_tool_put_wrapped(FILE *file, const char *text, int indent, int column)
{
	bool line_is_empty = true;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (!line_is_empty && column + 1 + len > COLUMNS) {
			fputc('\n', file);
			column = 0;
			line_is_empty = true;
		}
		column += fprintf(file, "%*s%.*s", line_is_empty ? indent - column : 1, "", len,
			text);
		line_is_empty = false;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', file);
}

const char *tw_tool_size_text(uint64_t bytes, char room[TW_TOOL_NUMBER_ROOM])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	uint64_t unit = 1024;
	size_t i = 0;

	if (bytes < unit) {
		snprintf(room, TW_TOOL_NUMBER_ROOM, "%" PRIu64 " B", bytes);
		return room;
	}
	while (i + 1 < sizeof(units) / sizeof(*units) && bytes / 1024 >= unit) {
		unit *= 1024;
		i++;
	}
	if (bytes % unit == 0)
		snprintf(room, TW_TOOL_NUMBER_ROOM, "%" PRIu64 " %s", bytes / unit, units[i]);
	else
		snprintf(room, TW_TOOL_NUMBER_ROOM, "%.1f %s", (double)bytes / (double)unit,
			units[i]);
	return room;
}

const char *tw_tool_count_text(uint64_t count, char room[TW_TOOL_NUMBER_ROOM])
{
	char digits[TW_TOOL_NUMBER_ROOM];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, count), at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			room[at++] = ',';
		room[at++] = digits[i];
	}
	room[at] = '\0';
	return room;
}

const char *tw_tool_version_text(uint32_t version, char room[TW_TOOL_NUMBER_ROOM])
{
	room[0] = '\0';
	if (version)
		snprintf(room, TW_TOOL_NUMBER_ROOM, "littlefs %" PRIu32 ".%" PRIu32, version >> 16,
			version & 0xffff);
	return room;
}

const char *tw_tool_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no_color && *no_color) && term && strcmp(term, "dumb") && isatty(STDOUT_FILENO);
}

const char *tw_tool_paint(enum tw_tool_paint paint)
{
	if (!wants_colour())
		return "";
	switch (paint) {
	case TW_TOOL_PLAIN:
		return "\033[0m";
	case TW_TOOL_BOLD:
		return "\033[1m";
	case TW_TOOL_DIM:
		return "\033[2m";
	case TW_TOOL_RED:
		return "\033[31m";
	case TW_TOOL_GREEN:
		return "\033[32m";
	case TW_TOOL_YELLOW:
		return "\033[33m";
	case TW_TOOL_BLUE:
		return "\033[34m";
	}
	return "";
}
