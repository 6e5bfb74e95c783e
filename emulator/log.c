/* SPDX-License-Identifier: MIT */
/*
 * log.c - one line is one write, so that lines of several threads never mix.
 */
#include "log.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <syslog.h>

#define LINE_MAX_BYTES 1024

static const struct {
	const char *prefix;
	int priority;
} levels[] = {
	[TW_EMU_ERROR] = {"error: ", LOG_ERR},
	[TW_EMU_WARNING] = {"warning: ", LOG_WARNING},
	[TW_EMU_INFO] = {"", LOG_INFO},
	[TW_EMU_DEBUG] = {"debug: ", LOG_DEBUG},
};

/* C0, DEL, and the first byte of U+0080 to U+009F, which terminals take for commands, too. */
static bool is_control(const unsigned char *at)
{
	return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0);
}

/* Copies @text to @line, control bytes as \xHH; the newline that libfuse ends with is left out. */
static void escape(char line[LINE_MAX_BYTES], const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (const char *c = text; *c && at + 5 < LINE_MAX_BYTES; c++) {
		unsigned char byte = (unsigned char)*c;

		if (byte == '\n' && !c[1])
			break;
		if (!is_control((const unsigned char *)c)) {
			line[at++] = *c;
			continue;
		}
		line[at++] = '\\';
		line[at++] = 'x';
		line[at++] = hex[byte >> 4];
		line[at++] = hex[byte & 15];
	}
	line[at] = '\0';
}

void tw_emu_log_writev(const struct tw_emu_log *log, enum tw_emu_level level, const char *format,
	va_list args)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
	int saved = errno;

	(void)vsnprintf(text, sizeof(text), format, args); /* cut when too long */
	escape(line, text);
	if (log->to_syslog)
		syslog(levels[level].priority, "%s%s", levels[level].prefix, line);
	else
		(void)fprintf(stderr, "twinfs %s: %s%s\n", log->verb, levels[level].prefix, line);
	errno = saved;
}

void tw_emu_log_write(const struct tw_emu_log *log, enum tw_emu_level level, const char *format,
	...)
{
	va_list args;

	va_start(args, format);
	tw_emu_log_writev(log, level, format, args);
	va_end(args);
}
