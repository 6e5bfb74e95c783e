/* SPDX-License-Identifier: MIT */
/*
 * test_image_full.c - a sparse image on a full disk: an error at open, never
 * a signal at a later store.
 *
 * The full disk is a small tmpfs in a mount namespace of the test's own; hosts
 * that allow no such namespaces skip it (exit 77).
 */
#include <twinfs/image.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"

#define ROOM (1 << 20)

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : tw_write_all(fd, text, strlen(text));

	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* Makes this process root of a user namespace, where it may mount. */
static int become_root(void)
{
	char users[64], groups[64];
	int rc;

	(void)snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	(void)snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	rc = write_text("/proc/self/setgroups", "deny");
	if (!rc)
		rc = write_text("/proc/self/uid_map", users);
	if (!rc)
		rc = write_text("/proc/self/gid_map", groups);
	return rc;
}

/* A tmpfs of ROOM bytes over /tmp, seen by this process only. */
static int mount_small_disk(void)
{
	char options[64];
	int rc = become_root();

	if (rc)
		return rc;
	(void)snprintf(options, sizeof(options), "size=%d", ROOM);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("disk", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, options) < 0 ||
		chdir("/tmp") < 0)
		return -errno;
	return 0;
}

static void make_sparse(const char *path, off_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	ck_assert_int_eq(close(fd), 0);
}

START_TEST(full_disk_is_an_error_at_open)
{
	const char *path = "large";
	struct twinfs_image *image = NULL;
	struct twinfs_error err = {0};

	make_sparse(path, 2 * ROOM);
	ck_assert_int_eq(twinfs_image_open(&path, 1, TWINFS_IMAGE_WRITABLE, &image, &err), -ENOSPC);
	ck_assert_int_eq(err.problem, TWINFS_P_IMAGE_OPEN);
	ck_assert_str_eq(err.file, "large");
	ck_assert_ptr_nonnull(strstr(err.text, "2097152 bytes"));
	ck_assert_int_eq(twinfs_image_open(&path, 1, 0, &image, &err), 0);
	twinfs_image_close(image);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(open_writer_can_store_everywhere)
{
	const char *path = "half";
	struct twinfs_image *image = NULL;
	int fd = open("filler", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char page[4096] = "x";

	make_sparse(path, ROOM / 2);
	ck_assert_int_eq(twinfs_image_open(&path, 1, TWINFS_IMAGE_WRITABLE, &image, NULL), 0);
	while (write(fd, page, sizeof(page)) == sizeof(page))
		;
	ck_assert_int_eq(errno, ENOSPC);
	memset(twinfs_image_bytes_writable(image), 1, ROOM / 2);
	ck_assert_int_eq(twinfs_image_sync(image), 0);
	twinfs_image_close(image);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(unlink("filler") + unlink("half"), 0);
}
END_TEST

START_TEST(create_leaves_nothing_behind)
{
	static const struct twinfs_partition table[] = {{"customer_fs", 0x8000, 0x10000}};
	struct twinfs_error err = {0};

	ck_assert_int_eq(twinfs_image_create_gpt("chip", 2 * ROOM, table, 1, 0, &err), -ENOSPC);
	ck_assert_str_eq(err.file, "chip");
	/* This one fits only when the first left no file. */
	ck_assert_int_eq(twinfs_image_create_gpt("chip", ROOM * 3 / 4, table, 1, 0, &err), 0);
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *tcase;
	SRunner *runner;
	int failed, rc = mount_small_disk();

	if (rc) {
		(void)fprintf(stderr, "skipped: no mount namespace here: %s\n", strerror(-rc));
		return 77;
	}
	suite = suite_create("image_full");
	tcase = tcase_create("full disk");
	tcase_add_test(tcase, full_disk_is_an_error_at_open);
	tcase_add_test(tcase, open_writer_can_store_everywhere);
	tcase_add_test(tcase, create_leaves_nothing_behind);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
