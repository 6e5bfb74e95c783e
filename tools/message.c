/* SPDX-License-Identifier: MIT */
/*
 * message.c - one line on stderr for each failure, whatever bytes the names
 * in it hold.
 */
#include "tool.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* Names come from the user and from images: nothing in them may move the cursor. */
static void print_line(const char *verb, const char *file, const char *reason, const char *hint)
{
	fputs("twinfs", stderr);
	if (verb)
		fprintf(stderr, " %s", verb);
	fputs(": ", stderr);
	if (file && *file) {
		tw_tool_put_plain(stderr, file);
		fputs(": ", stderr);
	}
	tw_tool_put_plain(stderr, reason);
	fputs(hint ? hint : "", stderr);
	fputc('\n', stderr);
}

int tw_tool_error(const char *verb, const char *file, const char *format, ...)
{
	_cleanup_free_ char *reason = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&reason, format, args) < 0)
		reason = NULL;
	va_end(args);
	print_line(verb, file, reason ? reason : "out of memory", NULL);
	return TW_EXIT_FAILED;
}

int tw_tool_report(const char *verb, const char *file, const struct twinfs_error *err)
{
	const char *reason = err->text[0] ? err->text : tw_tool_reason(err->code);

	print_line(verb, err->file[0] ? err->file : file, reason, NULL);
	return TW_EXIT_FAILED;
}

/* Without quotes a shell hands over a rule word by word. */
int tw_tool_rule_error(const char *verb, const char *rule, const char *reason)
{
	print_line(verb, rule, reason,
		strchr(rule, ' ') ? NULL : " (a RULE with blanks needs quotes)");
	return TW_EXIT_FAILED;
}

int tw_tool_usage(const char *verb, const char *format, ...)
{
	_cleanup_free_ char *reason = NULL;
	char hint[64];
	va_list args;

	va_start(args, format);
	if (vasprintf(&reason, format, args) < 0)
		reason = NULL;
	va_end(args);
	snprintf(hint, sizeof(hint), "; see 'twinfs%s%.16s --help'", verb ? " " : "",
		verb ? verb : "");
	print_line(verb, NULL, reason ? reason : "out of memory", hint);
	return TW_EXIT_FAILED;
}

/* "Is a directory", but "RPC failed": an abbreviation keeps its letters. */
static const char *lower_first(const char *text)
{
	static char reason[128];

	snprintf(reason, sizeof(reason), "%s", text);
	if (reason[0] && islower((unsigned char)reason[1]))
		reason[0] = (char)tolower((unsigned char)reason[0]);
	return reason;
}

const char *tw_tool_reason(int code)
{
	return lower_first(twinfs_strerror(code));
}

const char *tw_tool_host_reason(int code)
{
	return lower_first(strerror(-code));
}

int tw_tool_no_memory(const char *verb)
{
	return tw_tool_error(verb, NULL, "out of memory");
}
