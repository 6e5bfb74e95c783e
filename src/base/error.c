/* SPDX-License-Identifier: MIT */
/*
 * error.c - the table of problems, and filling a struct twinfs_error.
 */
#include <twinfs/error.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"

struct problem {
	const char *name;
	enum twinfs_severity severity;
	const char *text;
};

static const struct problem problems[] = {
#define PROBLEM_ROW(id, name, severity, text) {name, TWINFS_##severity, text},
	TWINFS_PROBLEMS(PROBLEM_ROW)
#undef PROBLEM_ROW
};

static const struct problem *row_of(enum twinfs_problem problem)
{
	return &problems[(unsigned)problem < TWINFS_PROBLEM_COUNT ? problem : TWINFS_P_NONE];
}

const char *twinfs_problem_name(enum twinfs_problem problem)
{
	return row_of(problem)->name;
}

const char *twinfs_problem_text(enum twinfs_problem problem)
{
	return row_of(problem)->text;
}

enum twinfs_severity twinfs_problem_severity(enum twinfs_problem problem)
{
	return row_of(problem)->severity;
}

const char *twinfs_severity_name(enum twinfs_severity severity)
{
	switch (severity) {
	case TWINFS_NOTE:
		return "note";
	case TWINFS_WARNING:
		return "warning";
	case TWINFS_ERROR:
		return "error";
	}
	return "error";
}

/* What users meet, in lower case as all messages are; anything else is the host's words. */
const char *twinfs_strerror(int code)
{
	switch (-code) {
	case 0:
		return "no error";
	case EUCLEAN:
		return "damaged structure";
	case EBADMSG:
		return "wrong checksum";
	case ENOTSUP:
		return "not supported";
	case EIO:
		return "the flash failed";
	case ESHUTDOWN:
		return "power is off";
	case EOVERFLOW:
		return "a size does not fit";
	case EBUSY:
		return "in use by another program";
	case ESTALE:
		return "gone since the last restart or removal";
	case ENOSPC:
		return "no space left";
	case EROFS:
		return "read-only";
	case ENOENT:
		return "no such file or directory";
	case EEXIST:
		return "exists already";
	case EACCES:
	case EPERM:
		return "permission denied";
	case ENOTDIR:
		return "not a directory";
	case EISDIR:
		return "is a directory";
	case ENOTEMPTY:
		return "directory not empty";
	case EINVAL:
		return "invalid argument";
	case ENAMETOOLONG:
		return "name too long";
	case ENOMEM:
		return "out of memory";
	default: {
		const char *text = strerrordesc_np(-code);

		return text ? text : "unknown error";
	}
	}
}

static void escape_control(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

static void fill(struct twinfs_error *err, enum twinfs_problem problem, int code, uint32_t block,
	uint64_t addr)
{
	err->problem = problem;
	err->code = code;
	err->block = block;
	err->addr = addr;
	err->file[0] = '\0';
	err->text[0] = '\0';
}

int tw_fail(struct twinfs_error *err, enum twinfs_problem problem, int code, const char *format,
	...)
{
	va_list args;

	if (!err)
		return code;
	fill(err, problem, code, TWINFS_NO_BLOCK, TWINFS_NO_ADDR);
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args); /* cut is fine */
	va_end(args);
	escape_control(err->text);
	return code;
}

int tw_fail_at(struct twinfs_error *err, enum twinfs_problem problem, int code, uint32_t block,
	uint64_t addr, const char *format, ...)
{
	va_list args;
	int used;

	if (!err)
		return code;
	fill(err, problem, code, block, addr);
	if (block == TWINFS_NO_BLOCK)
		used = snprintf(err->text, sizeof(err->text), "offset 0x%" PRIx64 ": ", addr);
	else
		used = snprintf(err->text, sizeof(err->text),
			"block %" PRIu32 " (0x%" PRIx64 "): ", block, addr);
	va_start(args, format);
	(void)vsnprintf(err->text + used, sizeof(err->text) - (size_t)used, format, args);
	va_end(args);
	escape_control(err->text);
	return code;
}

int tw_fail_file(struct twinfs_error *err, const char *path, int code)
{
	if (err && path && !err->file[0])
		(void)snprintf(err->file, sizeof(err->file), "%s", path);
	return code;
}

const char *tw_make_reason(int code)
{
	return code == -ENOENT ? "its directory does not exist" : twinfs_strerror(code);
}
