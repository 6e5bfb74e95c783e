/* SPDX-License-Identifier: MIT */
/* test_error.c - the problem table, and how an error is filled. */
#include <errno.h>
#include <string.h>

#include "base/fail.h"

#include "lib/suite.h"

START_TEST(every_problem_has_a_name_of_its_own)
{
	for (unsigned i = 0; i < TWINFS_PROBLEM_COUNT; i++) {
		ck_assert_uint_gt(strlen(twinfs_problem_name(i)), 0);
		ck_assert_uint_gt(strlen(twinfs_problem_text(i)), 0);
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(twinfs_problem_name(i), twinfs_problem_name(k));
	}
	ck_assert_str_eq(twinfs_problem_name(TWINFS_PROBLEM_COUNT), "none");
}
END_TEST

START_TEST(an_error_names_its_place)
{
	struct twinfs_error err;

	ck_assert_int_eq(tw_fail_at(&err, TWINFS_P_LFS_PAIR, -EBADMSG, 42, 0x2a000, "CRC is %#x",
				 7),
		-EBADMSG);
	ck_assert_str_eq(err.text, "block 42 (0x2a000): CRC is 0x7");
	ck_assert_int_eq(err.code, -EBADMSG);
	ck_assert_uint_eq(err.block, 42);
	ck_assert_str_eq(err.file, "");
	ck_assert_int_eq(tw_fail_at(&err, TWINFS_P_PROFILE, -EUCLEAN, TWINFS_NO_BLOCK, 9, "x"),
		-EUCLEAN);
	ck_assert_str_eq(err.text, "offset 0x9: x");
}
END_TEST

START_TEST(control_bytes_do_not_reach_a_terminal)
{
	struct twinfs_error err;

	(void)tw_fail(&err, TWINFS_P_SOURCE, -EINVAL, "name '%s'", "a\033[2J\nb");
	ck_assert_str_eq(err.text, "name 'a?[2J?b'");
}
END_TEST

START_TEST(the_first_file_stays)
{
	struct twinfs_error err;

	(void)tw_fail(&err, TWINFS_P_SOURCE, -EINVAL, "x");
	ck_assert_int_eq(tw_fail_file(&err, "one", -EINVAL), -EINVAL);
	(void)tw_fail_file(&err, "two", -EINVAL);
	ck_assert_str_eq(err.file, "one");
	ck_assert_int_eq(tw_fail(NULL, TWINFS_P_SOURCE, -EIO, "nobody listens"), -EIO);
}
END_TEST

START_TEST(long_text_is_cut)
{
	struct twinfs_error err;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)tw_fail(&err, TWINFS_P_SOURCE, -EINVAL, "%s", text);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
}
END_TEST

/* The errors that users meet, in our words; any other in the host's. */
START_TEST(errors_have_words)
{
	static const struct {
		int code;
		const char *words;
	} all[] = {
		{0, "no error"},
		{-EUCLEAN, "damaged structure"},
		{-EBADMSG, "wrong checksum"},
		{-ENOTSUP, "not supported"},
		{-EIO, "the flash failed"},
		{-ESHUTDOWN, "power is off"},
		{-EOVERFLOW, "a size does not fit"},
		{-EBUSY, "in use by another program"},
		{-ESTALE, "gone since the last restart or removal"},
		{-ENOSPC, "no space left"},
		{-EROFS, "read-only"},
		{-ENOENT, "no such file or directory"},
		{-EEXIST, "exists already"},
		{-EACCES, "permission denied"},
		{-EPERM, "permission denied"},
		{-ENOTDIR, "not a directory"},
		{-EISDIR, "is a directory"},
		{-ENOTEMPTY, "directory not empty"},
		{-EINVAL, "invalid argument"},
		{-ENAMETOOLONG, "name too long"},
		{-ENOMEM, "out of memory"},
		{-EPIPE, "Broken pipe"},
		{-99999, "unknown error"},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ck_assert_str_eq(twinfs_strerror(all[i].code), all[i].words);
	ck_assert_str_eq(twinfs_severity_name(TWINFS_NOTE), "note");
	ck_assert_str_eq(twinfs_severity_name(TWINFS_WARNING), "warning");
	ck_assert_str_eq(twinfs_severity_name(TWINFS_ERROR), "error");
}
END_TEST

RUN_CASES("error", every_problem_has_a_name_of_its_own, errors_have_words, an_error_names_its_place,
	control_bytes_do_not_reach_a_terminal, the_first_file_stays, long_text_is_cut)
