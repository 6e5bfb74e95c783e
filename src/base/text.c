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

void tw_text_release(struct tw_text *text)
{
	free(text->data);
	*text = (struct tw_text){0};
}
