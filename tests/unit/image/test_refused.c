/* SPDX-License-Identifier: MIT */
/*
 * test_refused.c - calls of the host that fail: which error it gives, in which words, and that
 * nothing is left behind.
 */
#include "gpt_rig.h"

#include <sys/mman.h>

#include "refuse.h"

/* ---- opening ---- */

static const struct {
	const char *call;
	unsigned nth;
	int error, code; /* code 0: it goes on without */
	enum twinfs_problem problem;
	const char *text;
} openings[] = {
	{"fstat", 1, EIO, -EIO, TWINFS_P_IMAGE_OPEN, "cannot be examined: "},
	{"flock", 1, ENOLCK, -ENOLCK, TWINFS_P_IMAGE_OPEN, "cannot be locked: "},
	{"flock", 1, EWOULDBLOCK, 0, 0, NULL}, /* asked again, it is free */
	{"fallocate", 1, EIO, -EIO, TWINFS_P_IMAGE_OPEN, "cannot be allocated: "},
	{"fallocate", 1, EDQUOT, -ENOSPC, TWINFS_P_IMAGE_OPEN, "sparse, and the disk has no room"},
	{"fallocate", 1, EINTR, 0, 0, NULL},
	{"fallocate", 1, EOPNOTSUPP, 0, 0, NULL},
	{"mmap", 1, ENOMEM, -ENOMEM, TWINFS_P_IMAGE_SIZE, "cannot be mapped: 65536 bytes"},
	{"mmap", 2, ENODEV, -ENODEV, TWINFS_P_IMAGE_OPEN, "its file system has no shared maps"},
	{"mmap", 2, EACCES, -EACCES, TWINFS_P_IMAGE_OPEN, "cannot be mapped: "},
};

START_TEST(image_that_cannot_be_opened)
{
	struct twinfs_image *image = NULL;
	struct twinfs_error err = {0};
	const char *path = "sparse";
	int rc;

	tempdir_make(path, 1, 0);
	ck_assert_int_eq(truncate(path, 65536), 0);
	refuse(openings[_i].call, openings[_i].nth, openings[_i].error);
	rc = twinfs_image_open(&path, 1, TWINFS_IMAGE_WRITABLE, &image, &err);
	ck_assert(refuse_end());
	ck_assert_int_eq(rc, openings[_i].code);
	if (rc) {
		ck_assert_ptr_null(image);
		ck_assert_int_eq(err.problem, openings[_i].problem);
		ck_assert_msg(strstr(err.text, openings[_i].text) != NULL, "%s", err.text);
		ck_assert_str_eq(err.file, path);
		/* neither a lock nor a change is left */
		ck_assert_int_eq(twinfs_image_open(&path, 1, TWINFS_IMAGE_WRITABLE, &image, NULL),
			0);
	}
	ck_assert_uint_eq(twinfs_image_size(image), 65536);
	twinfs_image_close(image);
}
END_TEST

START_TEST(image_that_cannot_be_synced)
{
	struct twinfs_image *image;
	const char *path = "chip";

	make_chip(path);
	ck_assert_int_eq(twinfs_image_open(&path, 1, TWINFS_IMAGE_WRITABLE, &image, NULL), 0);
	refuse("msync", 1, EIO);
	ck_assert_int_eq(twinfs_image_sync(image), -EIO);
	ck_assert(refuse_end());
	ck_assert_int_eq(twinfs_image_sync(image), 0);
	twinfs_image_close(image);
}
END_TEST

START_TEST(memory_that_cannot_be_mapped)
{
	struct twinfs_image *image = NULL;

	refuse("mmap", 1, ENOMEM);
	ck_assert_int_eq(twinfs_image_memory(4096, &image), -ENOMEM);
	ck_assert(refuse_end());
	ck_assert_ptr_null(image);
}
END_TEST

/* ---- making ---- */

static const struct {
	const char *call;
	unsigned nth;
	int error, code;
} makings[] = {
	{"write", 1, ENOSPC, -ENOSPC}, {"write", 1, EINTR, 0},
	{"fsync", 2, EIO, -EIO},                                      /* the first is libfdisk's */
	{"renameat2", 1, EPERM, -EPERM}, {"renameat2", 1, EINVAL, 0}, /* a link does it */
};

START_TEST(table_that_cannot_be_made)
{
	struct twinfs_error err = {0};
	int rc;

	refuse(makings[_i].call, makings[_i].nth, makings[_i].error);
	rc = twinfs_image_create_gpt("chip", CHIP, three, 3, 42, &err);
	ck_assert(refuse_end());
	ck_assert_int_eq(rc, makings[_i].code);
	ck_assert_int_eq(access("chip", F_OK), rc ? -1 : 0);
	if (rc) {
		ck_assert_msg(strstr(err.text, "cannot be ") == err.text, "%s", err.text);
		ck_assert_str_eq(err.file, "chip");
		ck_assert_int_eq(err.code, rc);
	}
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(tempdir_path), -1 + (rc != 0));
	ck_assert(rc || chdir(tempdir_path) == 0);
	if (rc)
		ck_assert_int_eq(mkdir(tempdir_path, 0700), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("refused");

	tcase_add_loop_test(tcase, image_that_cannot_be_opened, 0,
		sizeof(openings) / sizeof(openings[0]));
	tcase_add_test(tcase, image_that_cannot_be_synced);
	tcase_add_test(tcase, memory_that_cannot_be_mapped);
	tcase_add_loop_test(tcase, table_that_cannot_be_made, 0,
		sizeof(makings) / sizeof(makings[0]));
	return gpt_run(tcase);
}
