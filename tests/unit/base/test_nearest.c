/* SPDX-License-Identifier: MIT */
/* test_nearest.c - names that are meant by misspelt ones. */
#include <twinfs/error.h>

#include "lib/suite.h"

static const char *const names[] = {
	"mount", "umount", "ls", "rm", "resize", "report", "customer_fs"};

static const char *near(const char *name)
{
	const char *found = twinfs_nearest(name, names, sizeof(names) / sizeof(*names));

	return found ? found : "none";
}

START_TEST(test_meant)
{
	ck_assert_str_eq(near("lst"), "ls");
	ck_assert_str_eq(near("mont"), "mount");
	ck_assert_str_eq(near("muont"), "mount");    /* swapped */
	ck_assert_str_eq(near("unmount"), "umount"); /* nearer than mount */
	ck_assert_str_eq(near("customer_sf"), "customer_fs");
	ck_assert_str_eq(near("customer"), "customer_fs"); /* its beginning */
	ck_assert_str_eq(near("rezise"), "resize");
}
END_TEST

START_TEST(test_nothing_like_it)
{
	ck_assert_str_eq(near("cat"), "none");
	ck_assert_str_eq(near("m"), "none");
	ck_assert_str_eq(near(""), "none");
	ck_assert_str_eq(near("get"), "none");
	ck_assert_str_eq(near("ls"), "none"); /* it is one of them */
	ck_assert_str_eq(near("a name that is far longer than all names that there are"), "none");
	ck_assert_ptr_null(twinfs_nearest("ls", names, 0));
}
END_TEST

RUN_CASES("nearest", test_meant, test_nothing_like_it)
