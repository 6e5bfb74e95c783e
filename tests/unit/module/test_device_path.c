/* SPDX-License-Identifier: MIT */
/*
 * test_device_path.c - which volume the firmware finds for a path, and where in it;
 * and the numbers and texts of its errors.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "module/device_errno.h"
#include "module/device_path.h"

START_TEST(mounts_are_found_as_the_firmware_does)
{
	static const struct {
		const char *path;
		enum tw_mount mount;
		const char *inner;
	} cases[] = {
		{"", TW_MOUNT_ROOT, NULL},
		{"/", TW_MOUNT_ROOT, NULL},
		{"/usr", TW_MOUNT_USER, "/"},
		{"/usr/", TW_MOUNT_USER, "/"},
		{"usr", TW_MOUNT_USER, "/"},
		{"usr/", TW_MOUNT_USER, "/"},
		{"/usr/a/b", TW_MOUNT_USER, "/a/b"},
		{"usr/a", TW_MOUNT_USER, "/a"},
		{"/bak//usr/a", TW_MOUNT_BACKUP, "//usr/a"},
		{"bak/x", TW_MOUNT_BACKUP, "/x"},
		{"/usr2/a", TW_MOUNT_NONE, NULL},
		{"/us", TW_MOUNT_NONE, NULL},
		{"//usr/a", TW_MOUNT_NONE, NULL},
		{"//", TW_MOUNT_NONE, NULL},
		{"/main.py", TW_MOUNT_NONE, NULL},
		{"/USR/a", TW_MOUNT_NONE, NULL},
		{"main.py", TW_MOUNT_NONE, NULL},
		{"./usr/a", TW_MOUNT_NONE, NULL},
		{"usrx/a", TW_MOUNT_NONE, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *inner = NULL;

		ck_assert_msg(tw_device_path_mount(cases[i].path, &inner) == cases[i].mount, "%s",
			cases[i].path);
		if (cases[i].inner)
			ck_assert_str_eq(inner, cases[i].inner);
		else
			ck_assert_ptr_null(inner);
	}
}
END_TEST

START_TEST(paths_are_resolved_textually)
{
	static const struct {
		const char *inner, *clean;
		bool trailing;
	} cases[] = {
		{"/", "", true},
		{"", "", false},
		{"/a", "a", false},
		{"//a///b", "a/b", false},
		{"/a/", "a", true},
		{"/a//", "a", true},
		{"/./a/.", "a", false},
		{"/missing/../f", "f", false},
		{"/a/b/../..", "", false},
		{"/../../a", "a", false},
		{"/a/../../b/c", "b/c", false},
		{"/..a/.b./...", "..a/.b./...", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *clean = NULL;
		bool trailing;

		ck_assert_int_eq(tw_device_path_clean(cases[i].inner, &clean, &trailing), 0);
		ck_assert_str_eq(clean, cases[i].clean);
		ck_assert_msg(trailing == cases[i].trailing, "%s", cases[i].inner);
		free(clean);
	}
}
END_TEST

START_TEST(directory_names_are_the_firmwares)
{
	static const char *const cases[][2] = {
		{"/usr/bin", "/usr"},
		{"/usr", "/"},
		{"/usr/", "/usr"},
		{"usr", ""},
		{"", ""},
		{"usr/a", "usr"},
		{"/usr/a//b", "/usr/a/"},
		{"//", "/"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *dir = tw_device_path_dirname(cases[i][0]);

		ck_assert_str_eq(dir, cases[i][1]);
		free(dir);
	}
}
END_TEST

START_TEST(errors_have_the_firmwares_numbers_and_texts)
{
	static const struct {
		int code, number;
		const char *text;
	} cases[] = {
		{-EUCLEAN, 52, "52"},
		{-EBADMSG, 52, "52"},
		{-ENOSPC, 28, "28"},
		{-EISDIR, 21, "[Errno 21] EISDIR"},
		{-ENOTDIR, 20, "20"},
		{-ENOENT, 2, "[Errno 2] ENOENT"},
		{-EEXIST, 17, "[Errno 17] EEXIST"},
		{-ENOTEMPTY, 39, "39"},
		{-ENODEV, 19, "[Errno 19] ENODEV"},
		{-EINVAL, 22, "[Errno 22] EINVAL"},
		{-EIO, 5, "[Errno 5] EIO"},
		{-EPERM, 1, "[Errno 1] EPERM"},
		{-ENAMETOOLONG, 36, "36"},
		{-EFBIG, 27, "27"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_text text = {0};

		ck_assert_int_eq(tw_device_errno(cases[i].code), cases[i].number);
		ck_assert_int_eq(tw_device_errno_text(&text, cases[i].code), 0);
		ck_assert_str_eq(text.data, cases[i].text);
		ck_assert(!tw_device_is_fatal(cases[i].code));
		tw_text_release(&text);
	}
	ck_assert(tw_device_is_fatal(-ESHUTDOWN));
	ck_assert(tw_device_is_fatal(-ENOMEM));
	ck_assert(tw_device_is_fatal(-EROFS));
	ck_assert(!tw_device_is_fatal(0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device_path");
	TCase *tcase = tcase_create("device_path");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, mounts_are_found_as_the_firmware_does);
	tcase_add_test(tcase, paths_are_resolved_textually);
	tcase_add_test(tcase, directory_names_are_the_firmwares);
	tcase_add_test(tcase, errors_have_the_firmwares_numbers_and_texts);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
