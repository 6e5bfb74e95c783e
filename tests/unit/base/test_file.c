/* SPDX-License-Identifier: MIT */
/* test_file.c - whole files: read, written, replaced, refused. */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/suite.h"

static char folder[] = "/tmp/twinfs-test-XXXXXX";
static char path[64];

static void set_up(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/file", folder);
}

static void tear_down(void)
{
	(void)unlink(path);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing temporary is left behind */
}

START_TEST(what_is_written_is_read)
{
	char *data;
	size_t len;
	struct stat st;

	set_up();
	ck_assert_int_eq(tw_file_write(path, "one\0two", 7, 0640, TW_FILE_NEW), 0);
	ck_assert_int_eq(tw_file_read(path, 7, &data, &len), 0);
	ck_assert_uint_eq(len, 7);
	ck_assert_mem_eq(data, "one\0two", 8);
	free(data);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0640);
	tear_down();
}
END_TEST

START_TEST(a_new_file_replaces_nothing)
{
	char *data;
	size_t len;

	set_up();
	ck_assert_int_eq(tw_file_write(path, "old", 3, 0600, 0), 0);
	ck_assert_int_eq(tw_file_write(path, "new", 3, 0600, TW_FILE_NEW), -EEXIST);
	ck_assert_int_eq(tw_file_read(path, 10, &data, &len), 0);
	ck_assert_str_eq(data, "old");
	free(data);
	ck_assert_int_eq(tw_file_write(path, "newer", 5, 0600, 0), 0);
	ck_assert_int_eq(tw_file_read(path, 10, &data, &len), 0);
	ck_assert_str_eq(data, "newer");
	free(data);
	tear_down();
}
END_TEST

START_TEST(limits_and_missing_files)
{
	char *data;
	size_t len;

	set_up();
	ck_assert_int_eq(tw_file_read(path, 10, &data, &len), -ENOENT);
	ck_assert_int_eq(tw_file_write("/nonexistent/file", "x", 1, 0600, 0), -ENOENT);
	ck_assert_int_eq(tw_file_write(path, "12345", 5, 0600, 0), 0);
	ck_assert_int_eq(tw_file_read(path, 4, &data, &len), -EFBIG);
	tear_down();
}
END_TEST

START_TEST(what_was_only_found_may_be_a_trap)
{
	char link[] = "link", *data;
	size_t len;

	set_up();
	ck_assert_int_eq(tw_file_read_found(path, 10, &data, &len), -ENOENT);
	ck_assert_int_eq(tw_file_write(path, "12345", 5, 0600, 0), 0);
	ck_assert_int_eq(tw_file_read_found(path, 4, &data, &len), -EFBIG);
	ck_assert_int_eq(tw_file_read_found(path, 5, &data, &len), 0);
	ck_assert_str_eq(data, "12345");
	free(data);
	ck_assert_int_eq(symlink(path, link), 0);
	ck_assert_int_eq(tw_file_read_found(link, 10, &data, &len), -ELOOP);
	ck_assert_int_eq(unlink(link), 0);
	ck_assert_int_eq(mkfifo(link, 0600), 0);
	ck_assert_int_eq(tw_file_read_found(link, 10, &data, &len), -EINVAL);
	ck_assert_int_eq(unlink(link), 0);
	tear_down();
}
END_TEST

RUN_CASES("file", what_is_written_is_read, a_new_file_replaces_nothing, limits_and_missing_files,
	what_was_only_found_may_be_a_trap)
