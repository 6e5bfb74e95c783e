/* SPDX-License-Identifier: MIT */
/*
 * gpt_rig.h - a chip with a partition table in a file, read, changed and mended.
 */
#ifndef TEST_UNIT_IMAGE_GPT_RIG_H
#define TEST_UNIT_IMAGE_GPT_RIG_H

#include <twinfs/image.h>

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "base/file.h"
#include "tempdir.h"

#define CHIP    (UINT64_C(1) << 20)
#define LAST    (CHIP - 512)
#define ENTRIES 1024
#define ENTRY   128

static const struct twinfs_partition three[] = {
	{"customer_fs", 0x8000, 0x20000},
	{"customer_backup_fs", 0x28000, 0x10000},
	{"securedata", 0xe0000, 0x10000},
};

static inline void make_chip(const char *path)
{
	struct twinfs_error err = {0};
	int rc = twinfs_image_create_gpt(path, CHIP, three, 3, 42, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

static inline int read_chip(const char *path, struct twinfs_partition *table, size_t room,
	size_t *count, struct twinfs_error *err)
{
	struct twinfs_image *image = NULL;
	int rc;

	ck_assert_int_eq(twinfs_image_open(&path, 1, 0, &image, err), 0);
	rc = twinfs_image_read_gpt(image, table, room, count, err);
	twinfs_image_close(image);
	return rc;
}

/* Reads a file of CHIP bytes; free() the result. */
static inline uint8_t *load(const char *path)
{
	char *bytes = NULL;
	size_t len = 0;

	ck_assert_int_eq(tw_file_read(path, CHIP, &bytes, &len), 0);
	ck_assert_uint_eq(len, CHIP);
	return (uint8_t *)bytes;
}

static inline void store(const char *path, const uint8_t *bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(tw_write_all(fd, bytes, CHIP), 0);
	ck_assert_int_eq(close(fd), 0);
}

/* Makes the checksums of the header at @at right again. */
static inline void mend_header(uint8_t *bytes, uint64_t at, uint64_t entries)
{
	uint8_t *header = bytes + at;
	uint64_t len = (uint64_t)tw_le32(header + 80) * tw_le32(header + 84);
	uint32_t size = tw_le32(header + 12);

	if (len <= CHIP - entries)
		tw_put_le32(header + 88, tw_crc32(0, bytes + entries, len));
	tw_put_le32(header + 16, 0);
	if (size <= 512)
		tw_put_le32(header + 16, tw_crc32(0, header, size));
}

/* Makes both tables consistent with the entries of the first. */
static inline void mend(uint8_t *bytes)
{
	const uint64_t backup = LAST - 128 * ENTRY;

	memcpy(bytes + backup, bytes + ENTRIES, 128 * ENTRY);
	mend_header(bytes, 512, ENTRIES);
	mend_header(bytes, LAST, backup);
}

/* All there is of a program of one case. */
static inline int gpt_run(TCase *tcase)
{
	Suite *suite = suite_create("gpt");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
