/* SPDX-License-Identifier: MIT */
/*
 * scarce.c - the functions that the linker puts in front of the allocator's.
 *
 * The countdown is atomic: code under test has threads.
 */
#include "scarce.h"

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scarce_wrap.h"

static atomic_bool armed, takes_all, refused;
static atomic_uint left; /* allocations until the one that fails, that one included */

void scarce_begin(unsigned nth, bool all)
{
	atomic_store(&left, nth);
	atomic_store(&takes_all, all);
	atomic_store(&refused, false);
	atomic_store(&armed, nth > 0);
}

bool scarce_end(void)
{
	atomic_store(&armed, false);
	return atomic_load(&refused);
}

bool scarce_refuses(void)
{
	unsigned before;

	if (!atomic_load(&armed))
		return false;
	before = atomic_load(&left);
	while (before && !atomic_compare_exchange_weak(&left, &before, before - 1))
		;
	if (before != 1 && (before || !atomic_load(&takes_all)))
		return false;
	atomic_store(&refused, true);
	errno = ENOMEM;
	return true;
}

SCARCE(void *, malloc, (size_t size), (size))
SCARCE(void *, calloc, (size_t count, size_t size), (count, size))
SCARCE(void *, realloc, (void *old, size_t size), (old, size))
SCARCE(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
SCARCE(char *, strdup, (const char *text), (text))
SCARCE(char *, strndup, (const char *text, size_t len), (text, len))

#undef vasprintf

int __real_vasprintf(char **ret_text, const char *format, va_list args);
int __wrap_vasprintf(char **ret_text, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **ret_text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___vasprintf_chk(char **ret_text, int flag, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
int __wrap___asprintf_chk(char **ret_text, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int __wrap_vasprintf(char **ret_text, const char *format, va_list args)
{
	return scarce_refuses() ? -1 : __real_vasprintf(ret_text, format, args);
}

int __wrap_asprintf(char **ret_text, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = __wrap_vasprintf(ret_text, format, args);
	va_end(args);
	return len;
}

/* What the two become where the C library checks formats (_FORTIFY_SOURCE). */
int __wrap___vasprintf_chk(char **ret_text, int flag, const char *format, va_list args)
{
	(void)flag;
	return __wrap_vasprintf(ret_text, format, args);
}

int __wrap___asprintf_chk(char **ret_text, int flag, const char *format, ...)
{
	va_list args;
	int len;

	(void)flag;
	va_start(args, format);
	len = __wrap_vasprintf(ret_text, format, args);
	va_end(args);
	return len;
}

/* Counts in @said the trials that say -ENOMEM. */
static bool try_one(const char *what, const struct scarce_trial *trial, unsigned nth, bool all,
	unsigned *said)
{
	bool failed;
	int rc;

	if (trial->prepare)
		trial->prepare(trial->ctx);
	scarce_begin(nth, all);
	rc = trial->body(trial->ctx);
	failed = scarce_end();
	ck_assert_msg(rc == 0 || (failed && rc == -ENOMEM), "%s: allocation %u%s fails: %d", what,
		nth, all ? " and all behind it" : "", rc);
	ck_assert_msg(rc || !failed || trial->may_do_without,
		"%s: allocation %u%s fails, and nobody says so", what, nth,
		all ? " and all behind it" : "");
	*said += rc != 0;
	if (trial->verify)
		trial->verify(trial->ctx, rc);
	return failed;
}

unsigned scarce_try(const char *what, const struct scarce_trial *trial)
{
	unsigned failures = 0, said = 0;

	for (unsigned all = 0; all < 2; all++)
		for (unsigned nth = 1; try_one(what, trial, nth, all, &said); failures++)
			nth += 1 + (trial->thin ? nth / trial->thin : 0);
	ck_assert_msg(said > 0, "%s: nothing needs memory", what);
	return failures;
}
