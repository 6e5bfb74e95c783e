/* SPDX-License-Identifier: MIT */
/*
 * text.h - a string that grows.
 */
#ifndef TW_BASE_TEXT_H
#define TW_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is the empty string. @data has a NUL behind @len bytes, or is NULL. */
struct tw_text {
	char *data;
	size_t len, room;
};

/* Append; 0 or -ENOMEM, then the text is as before. */
int tw_text_add(struct tw_text *text, const void *data, size_t len);
int tw_text_addf(struct tw_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for a string of any bytes: what is no UTF-8 in it is added as \xNN. */
int tw_text_add_utf8(struct tw_text *text, const char *string);

/* Whether the whole of it is UTF-8 as Unicode defines it: no surrogates, shortest form. */
bool tw_text_is_utf8(const char *string);

void tw_text_release(struct tw_text *text);

#endif
