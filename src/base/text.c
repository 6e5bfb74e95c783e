/* SPDX-License-Identifier: MIT */
/*
 * text.c - a string that grows.
 */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

int tw_text_add(struct tw_text *text, const void *data, size_t len)
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

int tw_text_addf(struct tw_text *text, const char *format, ...)
{
	_cleanup_free_ char *piece = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&piece, format, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	return tw_text_add(text, piece, (size_t)len);
}

/* Bytes of the UTF-8 character at @at; 0 when there is none (Unicode standard, table 3-7). */
static size_t utf8_len(const unsigned char *at)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool tw_text_is_utf8(const char *string)
{
	const unsigned char *at = (const unsigned char *)string;
	size_t len;

	for (; *at; at += len) {
		len = utf8_len(at);
		if (!len)
			return false;
	}
	return true;
}

int tw_text_add_utf8(struct tw_text *text, const char *string)
{
	int rc = tw_text_add(text, "", 0);

	for (const unsigned char *at = (const unsigned char *)string; *at && !rc;) {
		size_t len = utf8_len(at);

		rc = len ? tw_text_add(text, at, len) : tw_text_addf(text, "\\x%02x", *at);
		at += len ? len : 1;
	}
	return rc;
}

void tw_text_release(struct tw_text *text)
{
	free(text->data);
	*text = (struct tw_text){0};
}
