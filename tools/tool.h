/* SPDX-License-Identifier: MIT */
/*
 * tool.h - what every verb needs: exit statuses, messages, and resources that
 * are released when their variable leaves scope.
 *
 * A verb prints its result to stdout and everything else to stderr. Functions
 * that can fail for the user's sake print the message where the failure is
 * found and return the exit status, so that a verb only hands it on.
 */
#ifndef TW_TOOL_H
#define TW_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <twinfs/error.h>

enum tw_exit {
	TW_EXIT_OK = 0,
	TW_EXIT_WRONG = 1,  /* done, and the thing checked is not right */
	TW_EXIT_FAILED = 2, /* could not be done, or asked for in a wrong way */
};

/* ---- messages: one line on stderr each ---- */

/* "twinfs VERB: FILE: reason"; @file may be NULL. Returns TW_EXIT_FAILED. */
int tw_tool_error(const char *verb, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same from what the library says; @file is named when @err names none. */
int tw_tool_report(const char *verb, const char *file, const struct twinfs_error *err);

/* "twinfs VERB: RULE: reason", of a fault rule that is none. */
int tw_tool_rule_error(const char *verb, const char *rule, const char *reason);

/* "twinfs VERB: reason; see 'twinfs VERB --help'". @verb NULL: of the program. */
int tw_tool_usage(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Reason of a negative errno in lower case, valid until the next call: of one
 * that came from the library, or from the host.
 */
const char *tw_tool_reason(int code);
const char *tw_tool_host_reason(int code);

/* Says that memory ran out. */
int tw_tool_no_memory(const char *verb);

/* ---- clean-up by scope ---- */

static inline void tw_tool_cleanup_free(void *where)
{
	free(*(void **)where);
}

static inline void tw_tool_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* errors of writing are seen by fsync before */
}

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_free_      _cleanup_(tw_tool_cleanup_free)
#define _cleanup_close_     _cleanup_(tw_tool_cleanup_close)

#endif
