/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - images and partition tables without memory.
 */
#include "gpt_rig.h"

#include "scarce.h"

/* Both open files and memory, and the digest of the bytes. */
static int open_image(void *ctx)
{
	static const char *const paths[] = {"chip", "other"};
	struct twinfs_image *image;
	struct twinfs_digest digest;
	int rc;

	(void)ctx;
	rc = twinfs_image_open(paths, 2, TWINFS_IMAGE_SCRATCH, &image, NULL);
	if (rc)
		return rc;
	rc = twinfs_image_digest(image, &digest);
	twinfs_image_close(image);
	return rc;
}

static int make_memory(void *ctx)
{
	struct twinfs_image *image;
	int rc = twinfs_image_memory(4096, &image);

	(void)ctx;
	if (!rc)
		twinfs_image_close(image);
	return rc;
}

static int read_table(void *ctx)
{
	struct twinfs_image *image = ctx;
	struct twinfs_partition table[4];
	size_t count = 0;
	int rc = twinfs_image_read_gpt(image, table, 4, &count, NULL);

	return rc ? rc : count != 3;
}

static void remove_made(void *ctx)
{
	(void)ctx;
	(void)unlink("made");
}

static int make_table(void *ctx)
{
	(void)ctx;
	return twinfs_image_create_gpt("made", CHIP, three, 3, 42, NULL);
}

/* A file that could not be finished is not there, under whatever name. */
static void expect_whole(void *ctx, int rc)
{
	(void)ctx;
	ck_assert_int_eq(access("made", F_OK), rc ? -1 : 0);
}

START_TEST(images_without_memory)
{
	const struct scarce_trial opening = {.body = open_image};
	const struct scarce_trial memory = {.body = make_memory};

	make_chip("chip");
	tempdir_make("other", 5000, 0);
	(void)scarce_try("open", &opening);
	(void)scarce_try("memory", &memory);
}
END_TEST

START_TEST(tables_without_memory)
{
	struct scarce_trial reading = {.body = read_table};
	const struct scarce_trial making = {remove_made, make_table, expect_whole, NULL, false, 0};
	struct twinfs_image *image;
	const char *path = "chip";

	make_chip(path);
	ck_assert_int_eq(twinfs_image_open(&path, 1, 0, &image, NULL), 0);
	reading.ctx = image;
	(void)scarce_try("read", &reading);
	twinfs_image_close(image);
	(void)scarce_try("make", &making);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("oom");

	tcase_add_test(tcase, images_without_memory);
	tcase_add_test(tcase, tables_without_memory);
	return gpt_run(tcase);
}
