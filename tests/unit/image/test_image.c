/* SPDX-License-Identifier: MIT */
/*
 * test_image.c - files as one address space, locks, and what may be changed.
 */
#include <twinfs/image.h>

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tempdir.h"

static struct twinfs_image *open_one(const char *path, unsigned flags)
{
	struct twinfs_image *image = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_image_open(&path, 1, flags, &image, &err);

	ck_assert_msg(rc == 0, "%s: %s", path, err.text);
	return image;
}

/* Opening @path must fail with @code and @problem, and name the file. */
static void expect_failure(const char *path, unsigned flags, int code, enum twinfs_problem problem)
{
	struct twinfs_image *image = NULL;
	struct twinfs_error err = {0};

	ck_assert_int_eq(twinfs_image_open(&path, 1, flags, &image, &err), code);
	ck_assert_ptr_null(image);
	ck_assert_int_eq(err.code, code);
	ck_assert_int_eq(err.problem, problem);
	ck_assert_str_eq(err.file, path);
	ck_assert_str_ne(err.text, "");
	ck_assert_ptr_null(strchr(err.text, '\n'));
	ck_assert_int_eq(twinfs_image_open(&path, 1, flags, &image, NULL), code);
}

START_TEST(reader_sees_the_file)
{
	struct twinfs_image *image;

	tempdir_make("a", 5000, 'x');
	image = open_one("a", 0);
	ck_assert_uint_eq(twinfs_image_size(image), 5000);
	ck_assert_uint_eq(twinfs_image_bytes(image)[0], 'x');
	ck_assert_uint_eq(twinfs_image_bytes(image)[4999], 'x');
	ck_assert_ptr_null(twinfs_image_bytes_writable(image));
	ck_assert_str_eq(twinfs_image_path(image, 0), "a");
	ck_assert_ptr_null(twinfs_image_path(image, 1));
	ck_assert_uint_eq(twinfs_image_file_addr(image, 0), 0);
	ck_assert_uint_eq(twinfs_image_file_size(image, 0), 5000);
	ck_assert_uint_eq(twinfs_image_file_size(image, 1), 0);
	ck_assert_int_eq(twinfs_image_sync(image), 0);
	twinfs_image_close(image);
	twinfs_image_close(NULL);
}
END_TEST

START_TEST(writer_changes_the_file)
{
	struct twinfs_image *image;

	tempdir_make("a", 5000, 'x');
	image = open_one("a", TWINFS_IMAGE_WRITABLE);
	twinfs_image_bytes_writable(image)[4999] = 'y';
	ck_assert_int_eq(twinfs_image_sync(image), 0);
	ck_assert_int_eq(tempdir_byte("a", 4999), 'y');
	twinfs_image_close(image);
	ck_assert_int_eq(tempdir_byte("a", 4998), 'x');
	ck_assert_int_eq(tempdir_byte("a", 4999), 'y');
	ck_assert_int_eq(tempdir_byte("a", 5000), -1);
}
END_TEST

START_TEST(scratch_changes_memory_only)
{
	struct twinfs_image *image;

	tempdir_make("a", 5000, 'x');
	ck_assert_int_eq(chmod("a", 0444), 0);
	image = open_one("a", TWINFS_IMAGE_SCRATCH);
	twinfs_image_bytes_writable(image)[0] = 'y';
	ck_assert_int_eq(twinfs_image_bytes(image)[0], 'y');
	ck_assert_int_eq(twinfs_image_sync(image), 0);
	twinfs_image_close(image);
	ck_assert_int_eq(tempdir_byte("a", 0), 'x');
}
END_TEST

START_TEST(memory_is_erased)
{
	struct twinfs_image *image = NULL;
	uint8_t erased[4097];

	ck_assert_int_eq(twinfs_image_memory(0, &image), -EINVAL);
	ck_assert_int_eq(twinfs_image_memory(UINT64_MAX, &image), -ENOMEM);
	ck_assert_ptr_null(image);
	ck_assert_int_eq(twinfs_image_memory(4097, &image), 0);
	ck_assert_uint_eq(twinfs_image_size(image), 4097);
	memset(erased, 0xff, sizeof(erased));
	ck_assert_mem_eq(twinfs_image_bytes(image), erased, 4097);
	twinfs_image_bytes_writable(image)[4096] = 0;
	ck_assert_ptr_null(twinfs_image_path(image, 0));
	ck_assert_uint_eq(twinfs_image_file_size(image, 0), 4097);
	ck_assert_int_eq(twinfs_image_mtime_ns(image), 0);
	ck_assert(twinfs_image_contains(image, 0, 4097));
	ck_assert(!twinfs_image_contains(image, 0, 4098));
	ck_assert_int_eq(twinfs_image_sync(image), 0);
	twinfs_image_close(image);
}
END_TEST

START_TEST(several_files_are_one_address_space)
{
	static const char *const paths[] = {"a", "b", "c"};
	const uint64_t second = 2 * TWINFS_IMAGE_ALIGN, third = 3 * TWINFS_IMAGE_ALIGN;
	struct twinfs_image *image = NULL;

	tempdir_make("a", TWINFS_IMAGE_ALIGN + 1, 'a');
	tempdir_make("b", 100, 'b');
	tempdir_make("c", 8192, 'c');
	ck_assert_int_eq(twinfs_image_open(paths, 3, TWINFS_IMAGE_WRITABLE, &image, NULL), 0);
	ck_assert_uint_eq(twinfs_image_file_addr(image, 1), second);
	ck_assert_uint_eq(twinfs_image_file_addr(image, 2), third);
	ck_assert_uint_eq(twinfs_image_size(image), third + 8192);
	ck_assert_uint_eq(twinfs_image_bytes(image)[TWINFS_IMAGE_ALIGN], 'a');
	ck_assert_uint_eq(twinfs_image_bytes(image)[second + 99], 'b');
	twinfs_image_bytes_writable(image)[third] = 'd';
	ck_assert_int_eq(twinfs_image_sync(image), 0);
	ck_assert_int_eq(tempdir_byte("c", 0), 'd');

	ck_assert(twinfs_image_contains(image, 0, TWINFS_IMAGE_ALIGN + 1));
	ck_assert(!twinfs_image_contains(image, 0, TWINFS_IMAGE_ALIGN + 2));
	ck_assert(!twinfs_image_contains(image, TWINFS_IMAGE_ALIGN + 2, 1));
	ck_assert(twinfs_image_contains(image, second, 100));
	ck_assert(!twinfs_image_contains(image, second - 1, 2));
	ck_assert(!twinfs_image_contains(image, second, third - second + 1));
	ck_assert(twinfs_image_contains(image, third + 8191, 1));
	ck_assert(!twinfs_image_contains(image, third + 8191, 2));
	ck_assert(!twinfs_image_contains(image, third, UINT64_MAX));
	ck_assert(!twinfs_image_contains(image, UINT64_MAX, 1));
	twinfs_image_close(image);
}
END_TEST

/* What lies between the files of an image is no part of it. */
START_TEST(a_digest_leaves_out_the_gaps)
{
	static const char *const paths[] = {"a", "b"};
	struct twinfs_digest digest, together = twinfs_digest("aaabb", 5);
	struct twinfs_image *image = NULL;

	tempdir_make("a", 3, 'a');
	tempdir_make("b", 2, 'b');
	ck_assert_int_eq(twinfs_image_open(paths, 2, 0, &image, NULL), 0);
	ck_assert_int_eq(twinfs_image_digest(image, &digest), 0);
	ck_assert_uint_eq(digest.low, together.low);
	ck_assert_uint_eq(digest.high, together.high);
	twinfs_image_close(image);
}
END_TEST

START_TEST(gaps_cannot_be_touched)
{
	static const char *const paths[] = {"a", "b"};
	struct twinfs_image *image = NULL;
	int status;
	pid_t child;

	tempdir_make("a", 4096, 'a');
	tempdir_make("b", 4096, 'b');
	ck_assert_int_eq(twinfs_image_open(paths, 2, 0, &image, NULL), 0);
	child = fork();
	if (child == 0) {
		/* A sanitizer would turn the signal into its own exit. */
		(void)signal(SIGSEGV, SIG_DFL);
		_exit(((volatile const uint8_t *)twinfs_image_bytes(image))[4096]);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
	twinfs_image_close(image);
}
END_TEST

START_TEST(one_writer_at_a_time)
{
	struct twinfs_image *writer, *reader, *scratch;

	tempdir_make("a", 4096, 'x');
	reader = open_one("a", 0);
	writer = open_one("a", TWINFS_IMAGE_WRITABLE); /* a reader does not keep it out */
	expect_failure("a", TWINFS_IMAGE_WRITABLE, -EBUSY, TWINFS_P_IMAGE_LOCKED);
	scratch = open_one("a", TWINFS_IMAGE_SCRATCH);
	twinfs_image_bytes_writable(writer)[0] = 'y';
	ck_assert_uint_eq(twinfs_image_bytes(reader)[0], 'y');
	twinfs_image_bytes_writable(scratch)[1] = 'z';
	ck_assert_uint_eq(twinfs_image_bytes(writer)[1], 'x');
	twinfs_image_close(writer);
	writer = open_one("a", TWINFS_IMAGE_WRITABLE);
	twinfs_image_close(writer);
	twinfs_image_close(scratch);
	twinfs_image_close(reader);
}
END_TEST

START_TEST(lock_follows_a_fork)
{
	struct twinfs_image *image;
	int ready[2];
	pid_t child;

	tempdir_make("a", 4096, 'x');
	image = open_one("a", TWINFS_IMAGE_WRITABLE);
	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		char byte;

		(void)close(ready[1]);
		_exit(read(ready[0], &byte, 1) != 0);
	}
	twinfs_image_close(image);
	expect_failure("a", TWINFS_IMAGE_WRITABLE, -EBUSY, TWINFS_P_IMAGE_LOCKED);
	ck_assert_int_eq(close(ready[0]) + close(ready[1]), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	twinfs_image_close(open_one("a", TWINFS_IMAGE_WRITABLE));
}
END_TEST

START_TEST(wrong_files_are_refused)
{
	struct twinfs_image *image = NULL;
	const char *const none[1] = {"a"};

	tempdir_make("empty", 0, 0);
	ck_assert_int_eq(mkdir("dir", 0755), 0);
	ck_assert_int_eq(mkfifo("fifo", 0644), 0);
	expect_failure("missing", 0, -ENOENT, TWINFS_P_IMAGE_OPEN);
	expect_failure("missing", TWINFS_IMAGE_WRITABLE, -ENOENT, TWINFS_P_IMAGE_OPEN);
	expect_failure("empty", 0, -EUCLEAN, TWINFS_P_IMAGE_SIZE);
	expect_failure("empty", TWINFS_IMAGE_WRITABLE, -EUCLEAN, TWINFS_P_IMAGE_SIZE);
	expect_failure("dir", 0, -EISDIR, TWINFS_P_IMAGE_OPEN);
	expect_failure("dir", TWINFS_IMAGE_WRITABLE, -EISDIR, TWINFS_P_IMAGE_OPEN);
	expect_failure("fifo", 0, -EINVAL, TWINFS_P_IMAGE_OPEN);
	expect_failure("fifo", TWINFS_IMAGE_WRITABLE, -EINVAL, TWINFS_P_IMAGE_OPEN);
	expect_failure("/dev/null", 0, -EINVAL, TWINFS_P_IMAGE_OPEN);
	ck_assert_int_eq(twinfs_image_open(none, 0, 0, &image, NULL), -EINVAL);
	ck_assert_int_eq(twinfs_image_open(none, TWINFS_IMAGE_FILES + 1, 0, &image, NULL), -EINVAL);
	ck_assert_int_eq(twinfs_image_open(none, 1, TWINFS_IMAGE_WRITABLE | TWINFS_IMAGE_SCRATCH,
				 &image, NULL),
		-EINVAL);
	ck_assert_ptr_null(image);
}
END_TEST

START_TEST(read_only_file_refuses_a_writer)
{
	tempdir_make("a", 4096, 'x');
	ck_assert_int_eq(chmod("a", 0444), 0);
	if (geteuid() == 0) /* whom permissions do not stop */
		return;
	expect_failure("a", TWINFS_IMAGE_WRITABLE, -EACCES, TWINFS_P_IMAGE_OPEN);
}
END_TEST

START_TEST(one_file_twice_is_refused)
{
	static const char *const paths[] = {"a", "./b"};
	struct twinfs_image *image = NULL;
	struct twinfs_error err = {0};

	tempdir_make("a", 4096, 'x');
	ck_assert_int_eq(symlink("a", "b"), 0);
	ck_assert_int_eq(twinfs_image_open(paths, 2, 0, &image, &err), -EINVAL);
	ck_assert_str_eq(err.file, "./b");
	ck_assert_ptr_nonnull(strstr(err.text, "'a'"));
	ck_assert_int_eq(twinfs_image_open(paths, 2, TWINFS_IMAGE_WRITABLE, &image, &err), -EINVAL);
}
END_TEST

START_TEST(failure_of_a_later_file_releases_the_first)
{
	static const char *const paths[] = {"a", "missing"};
	struct twinfs_image *image = NULL;
	struct twinfs_error err = {0};

	tempdir_make("a", 4096, 'x');
	ck_assert_int_eq(twinfs_image_open(paths, 2, TWINFS_IMAGE_WRITABLE, &image, &err), -ENOENT);
	ck_assert_str_eq(err.file, "missing");
	twinfs_image_close(open_one("a", TWINFS_IMAGE_WRITABLE));
}
END_TEST

/* A writer must own every block: a store into a hole could meet a full disk. */
START_TEST(writer_fills_the_holes)
{
	struct stat before, after;
	int fd = open("sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000, .tv_nsec = 5}};

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, (1 << 20) - 1), 1);
	ck_assert_int_eq(futimens(fd, times), 0);
	ck_assert_int_eq(fstat(fd, &before), 0);
	twinfs_image_close(open_one("sparse", 0));
	ck_assert_int_eq(fstat(fd, &after), 0);
	ck_assert_int_eq(after.st_blocks, before.st_blocks);
	twinfs_image_close(open_one("sparse", TWINFS_IMAGE_WRITABLE));
	ck_assert_int_eq(fstat(fd, &after), 0);
	ck_assert_int_eq(after.st_size, 1 << 20);
	ck_assert_int_eq(after.st_mtim.tv_sec, 1000);
	ck_assert_int_eq(after.st_mtim.tv_nsec, 5);
	ck_assert_int_eq(tempdir_byte("sparse", 0), 0);
	ck_assert_int_eq(tempdir_byte("sparse", (1 << 20) - 1), 'x');
	/* Elsewhere the host cannot allocate ahead, and the open is right not to mind. */
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20) == 0)
		ck_assert_int_ge(after.st_blocks * 512, 1 << 20);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(mtime_is_the_newest)
{
	static const char *const paths[] = {"a", "b"};
	const struct timespec old[2] = {{0}, {.tv_sec = -7, .tv_nsec = 1}};
	const struct timespec new[2] = {{0}, {.tv_sec = 2, .tv_nsec = 3}};
	struct twinfs_image *image = NULL;

	tempdir_make("a", 1, 'x');
	tempdir_make("b", 1, 'x');
	ck_assert_int_eq(utimensat(AT_FDCWD, "a", old, 0), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, "b", new, 0), 0);
	ck_assert_int_eq(twinfs_image_open(paths, 2, 0, &image, NULL), 0);
	ck_assert_int_eq(twinfs_image_mtime_ns(image), INT64_C(2000000003));
	twinfs_image_close(image);
	image = open_one("a", TWINFS_IMAGE_WRITABLE);
	ck_assert_int_eq(twinfs_image_mtime_ns(image), INT64_C(-6999999999));
	twinfs_image_close(image);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("image");
	TCase *tcase = tcase_create("image");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_test(tcase, reader_sees_the_file);
	tcase_add_test(tcase, writer_changes_the_file);
	tcase_add_test(tcase, scratch_changes_memory_only);
	tcase_add_test(tcase, memory_is_erased);
	tcase_add_test(tcase, several_files_are_one_address_space);
	tcase_add_test(tcase, a_digest_leaves_out_the_gaps);
	tcase_add_test(tcase, gaps_cannot_be_touched);
	tcase_add_test(tcase, one_writer_at_a_time);
	tcase_add_test(tcase, lock_follows_a_fork);
	tcase_add_test(tcase, wrong_files_are_refused);
	tcase_add_test(tcase, read_only_file_refuses_a_writer);
	tcase_add_test(tcase, one_file_twice_is_refused);
	tcase_add_test(tcase, failure_of_a_later_file_releases_the_first);
	tcase_add_test(tcase, writer_fills_the_holes);
	tcase_add_test(tcase, mtime_is_the_newest);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
