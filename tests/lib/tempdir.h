/* SPDX-License-Identifier: MIT */
/*
 * tempdir.h - a directory of its own for each test, as the current one.
 *
 * As a checked fixture: tcase_add_checked_fixture(tc, tempdir_enter, tempdir_leave).
 */
#ifndef TW_TESTS_LIB_TEMPDIR_H
#define TW_TESTS_LIB_TEMPDIR_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Path of the directory; empty outside a test. */
static char tempdir_path[4096];

static inline void tempdir_enter(void)
{
	const char *parent = getenv("TMPDIR");

	(void)snprintf(tempdir_path, sizeof(tempdir_path), "%s/twinfs-test-XXXXXX",
		parent && *parent ? parent : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(tempdir_path));
	ck_assert_int_eq(chdir(tempdir_path), 0);
}

static inline int tempdir_remove_one(const char *path, const struct stat *st, int kind,
	struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void tempdir_leave(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(nftw(tempdir_path, tempdir_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	tempdir_path[0] = '\0';
}

/* Makes the file @path of @len bytes @value. */
static inline void tempdir_make(const char *path, size_t len, int value)
{
	FILE *file = fopen(path, "we");
	bool ok = file;

	/* One assertion, not one a byte: each costs a system call. */
	for (size_t i = 0; ok && i < len; i++)
		ok = fputc(value, file) != EOF;
	ck_assert(ok && fclose(file) == 0);
}

/* The byte of the file @path at @off, or -1 behind its end. */
static inline int tempdir_byte(const char *path, uint64_t off)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t byte;
	ssize_t got;

	ck_assert_int_ge(fd, 0);
	got = pread(fd, &byte, 1, (off_t)off);
	ck_assert_int_ge(got, 0);
	ck_assert_int_eq(close(fd), 0);
	return got ? byte : -1;
}

#endif
