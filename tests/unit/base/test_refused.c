/* SPDX-License-Identifier: MIT */
/*
 * test_refused.c - files of the host when the host refuses: what it says is returned, and a
 * file is old or new.
 */
#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/refuse.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

static const struct {
	const char *call;
	unsigned nth;
	int error, code;
	bool is_new; /* afterwards */
} writings[] = {
	{"write", 1, ENOSPC, -ENOSPC, false}, {"write", 1, EINTR, 0, true},
	{"fchmod", 1, EPERM, -EPERM, false}, {"fsync", 1, EIO, -EIO, false},
	{"fsync", 2, EIO, -EIO, true}, /* it may not last */
	{"fsync", 2, EINVAL, 0, true}, /* the file system cannot do that with directories */
};

START_TEST(writing)
{
	tempdir_enter();
	for (size_t i = 0; i < sizeof(writings) / sizeof(writings[0]); i++) {
		int rc;

		tempdir_make("file", 3, 'o');
		refuse(writings[i].call, writings[i].nth, writings[i].error);
		rc = tw_file_write("file", "new", 3, 0644, 0);
		ck_assert_msg(refuse_end(), "%s", writings[i].call);
		ck_assert_int_eq(rc, writings[i].code);
		ck_assert_int_eq(tempdir_byte("file", 0), writings[i].is_new ? 'n' : 'o');
		ck_assert_int_eq(unlink("file"), 0);
		/* and nothing is left beside it */
		ck_assert_int_eq(chdir("/"), 0);
		ck_assert_int_eq(rmdir(tempdir_path), 0);
		tempdir_enter();
	}
	tempdir_leave();
}
END_TEST

START_TEST(reading)
{
	char *data = NULL;
	size_t len;

	tempdir_enter();
	tempdir_make("file", 5, 'x');
	refuse("read", 1, EINTR);
	ck_assert_int_eq(tw_file_read("file", 100, &data, &len), 0);
	ck_assert(refuse_end());
	ck_assert_str_eq(data, "xxxxx");
	free(data);
	data = NULL;
	refuse("read", 1, EIO);
	ck_assert_int_eq(tw_file_read("file", 100, &data, &len), -EIO);
	ck_assert(refuse_end());
	ck_assert_ptr_null(data);
	tempdir_leave();
}
END_TEST

START_TEST(syncing_a_directory)
{
	char deep[5000];

	memset(deep, 'x', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	ck_assert_int_eq(tw_fsync_parent(deep), -ENAMETOOLONG);
	ck_assert_int_eq(tw_fsync_parent("/nowhere/at/all"), -ENOENT);
}
END_TEST

RUN_CASES("refused", writing, reading, syncing_a_directory)
