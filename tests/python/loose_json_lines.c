/* SPDX-License-Identifier: MIT */
/*
 * loose_json_lines.c - what the boot's JSON reader makes of documents, for the
 * comparison with that of the application modules.
 *
 * Reads documents from stdin, one a line, in hexadecimal digits. Writes a line
 * for each: "=" and the document as the module writes it, or "!" and the error,
 * both in hexadecimal digits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "module/loose_json.h"

static int digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* Turns a line into the bytes it stands for, in place; returns how many. */
static size_t decode(char *line)
{
	size_t len = strcspn(line, "\n") / 2;

	for (size_t i = 0; i < len; i++)
		line[i] = (char)(digit(line[2 * i]) << 4 | digit(line[2 * i + 1]));
	return len;
}

static void answer(char kind, const char *bytes, size_t len)
{
	putchar(kind);
	for (size_t i = 0; i < len; i++)
		printf("%02x", (unsigned char)bytes[i]);
	putchar('\n');
}

int main(void)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		struct tw_text text = {0};
		struct tw_json *json = NULL;
		char *error = NULL;
		size_t len = decode(line);

		if (tw_json_parse(line, len, &json, &error) == 0 && tw_json_write(json, &text) == 0)
			answer('=', text.data, text.len);
		else
			answer('!', error ? error : "", error ? strlen(error) : 0);
		tw_json_free(json);
		tw_text_release(&text);
		free(error);
	}
	return 0;
}
