/* SPDX-License-Identifier: MIT */
/* test_program.c - the image of a partition on the chip, operation by operation. */
#include <twinfs/firmware.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chip.h"
#include "suite.h"

enum {
	UNIT = 4096,
	UNITS = 16,
	FIRST = 4, /* unit of the partition, which has: */
	SIZE = 8 * UNIT,
};

static const struct geometry geometry = {UNIT, UNITS, 16, 0x5a};

static struct twinfs_flash_stats stats_of(const struct chip *chip)
{
	struct twinfs_flash_stats stats;

	twinfs_flash_stats(chip->flash, &stats);
	return stats;
}

/* Whether the partition is @image and erased behind it, and all else as it was. */
static bool is_programmed(struct chip *chip, const uint8_t *image, size_t len)
{
	const uint8_t *bytes = chip_bytes(chip);

	for (size_t i = 0; i < chip_size(chip); i++) {
		bool inside = i >= FIRST * UNIT && i < FIRST * UNIT + SIZE;
		size_t at = i - FIRST * UNIT;
		uint8_t want = !inside ? 0x5a : at < len ? image[at] : 0xff;

		if (bytes[i] != want)
			return false;
	}
	return true;
}

static void fill(uint8_t *image, size_t len)
{
	for (size_t i = 0; i < len; i++)
		image[i] = (uint8_t)(i / 7);
}

START_TEST(erase_then_program)
{
	static const size_t lens[] = {0, 1, UNIT - 1, UNIT, UNIT + 1, SIZE - 1, SIZE};
	uint8_t *image = malloc(SIZE);

	ck_assert_ptr_nonnull(image);
	fill(image, SIZE);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		struct chip chip;

		chip_init(&chip, &geometry);
		ck_assert_int_eq(twinfs_firmware_program(chip.flash, FIRST * UNIT, SIZE, image,
					 lens[i]),
			0);
		ck_assert(is_programmed(&chip, image, lens[i]));
		ck_assert_uint_eq(stats_of(&chip).erases, SIZE / UNIT);
		ck_assert_uint_eq(stats_of(&chip).programs, (lens[i] + UNIT - 1) / UNIT);
		ck_assert_uint_eq(stats_of(&chip).unerased_programs, 0);
		chip_release(&chip);
	}
	free(image);
}
END_TEST

START_TEST(blank_units_are_skipped)
{
	uint8_t *image = malloc(SIZE);
	struct chip chip;

	ck_assert_ptr_nonnull(image);
	memset(image, 0xff, SIZE);
	image[5 * UNIT + 77] = 0;
	chip_init(&chip, &geometry);
	ck_assert_int_eq(twinfs_firmware_program(chip.flash, FIRST * UNIT, SIZE, image, SIZE), 0);
	ck_assert(is_programmed(&chip, image, SIZE));
	ck_assert_uint_eq(stats_of(&chip).programs, 1);
	chip_release(&chip);
	free(image);
}
END_TEST

START_TEST(what_is_refused)
{
	uint8_t *image = calloc(1, SIZE + 1);
	struct chip chip;

	ck_assert_ptr_nonnull(image);
	chip_init(&chip, &geometry);
	ck_assert_int_eq(twinfs_firmware_program(chip.flash, FIRST * UNIT, SIZE, image, SIZE + 1),
		-EINVAL);
	ck_assert_int_eq(twinfs_firmware_program(chip.flash, 1, SIZE, image, SIZE), -EINVAL);
	ck_assert_int_eq(twinfs_firmware_program(chip.flash, (UNITS - 1) * UNIT, SIZE, image, SIZE),
		-EINVAL);
	ck_assert_uint_eq(stats_of(&chip).seq, 0);
	chip_release(&chip);
	free(image);
}
END_TEST

/* At every operation, torn in every way; then once more, which makes it right. */
START_TEST(cut_and_flashed_again)
{
	uint8_t *image = malloc(SIZE);
	unsigned cuts = 0;

	ck_assert_ptr_nonnull(image);
	fill(image, SIZE);
	for (unsigned torn = 0; torn <= 8; torn += 4) {
		for (uint64_t at = 1;; at++) {
			struct chip chip;
			int rc;

			chip_init(&chip, &geometry);
			chip.trouble = (struct trouble){.cut_at = at, .torn_eighths = torn};
			rc = twinfs_firmware_program(chip.flash, FIRST * UNIT, SIZE, image, SIZE);
			ck_assert(rc == 0 || rc == -ESHUTDOWN);
			chip_heal(&chip);
			if (rc) {
				cuts++;
				ck_assert_int_eq(twinfs_firmware_program(chip.flash, FIRST * UNIT,
							 SIZE, image, SIZE),
					0);
			}
			ck_assert(is_programmed(&chip, image, SIZE));
			chip_release(&chip);
			if (!rc)
				break;
		}
	}
	ck_assert_uint_eq(cuts, 3 * 2 * SIZE / UNIT);
	free(image);
}
END_TEST

START_TEST(images_of_other_sizes)
{
	uint8_t image[64];
	struct twinfs_error err = {0};
	uint64_t len;

	memset(image, 0x11, sizeof(image));
	ck_assert_int_eq(twinfs_firmware_fit(image, 64, 64, &len, NULL), 0);
	ck_assert_uint_eq(len, 64);
	ck_assert_int_eq(twinfs_firmware_fit(image, 10, 64, &len, NULL), 0);
	ck_assert_uint_eq(len, 10);
	ck_assert_int_eq(twinfs_firmware_fit(image, 64, 32, &len, &err), -EOVERFLOW);
	ck_assert_ptr_nonnull(strstr(err.text, "the image has 64 bytes, the partition 32"));
	for (int blank = 0; blank < 2; blank++) {
		memset(image + 32, blank ? 0xff : 0, 32);
		ck_assert_int_eq(twinfs_firmware_fit(image, 64, 32, &len, NULL), 0);
		ck_assert_uint_eq(len, 32);
	}
	image[63] = 0xfe;
	ck_assert_int_eq(twinfs_firmware_fit(image, 64, 32, &len, NULL), -EOVERFLOW);
}
END_TEST

RUN_CASES("program", erase_then_program, blank_units_are_skipped, what_is_refused,
	cut_and_flashed_again, images_of_other_sizes)
