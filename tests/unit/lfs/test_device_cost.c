/* SPDX-License-Identifier: MIT */
/*
 * test_device_cost.c - each operation costs the flash operations it costs on
 * the device, with blocks and program units of 4096 bytes. Where power is cut
 * "at operation n" must mean the same here and there.
 */
#include <string.h>
#include <twinfs/volume.h>

#include "lib/chip.h"
#include "lib/suite.h"

static const struct geometry device = {4096, 95, 4096, 0xff};
static const uint8_t data[3 * 4096];

static uint64_t operations(struct chip *chip)
{
	struct twinfs_flash_stats stats;
	static uint64_t before;
	uint64_t count;

	twinfs_flash_stats(chip->flash, &stats);
	count = stats.seq - before;
	before = stats.seq;
	return count;
}

static void rewrite(struct twinfs_volume *volume, uint64_t ino, size_t len)
{
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_truncate(volume, ino, 0), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, data, len, 0), (int64_t)len);
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
}

START_TEST(costs)
{
	struct twinfs_volume *volume;
	uint64_t file, dir, other;
	struct chip chip;

	chip_init(&chip, &device);
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	ck_assert_uint_eq(operations(&chip), 6);
	volume = chip_mount(&chip);
	ck_assert_uint_eq(operations(&chip), 0);
	ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, "a", &file), 0);
	ck_assert_uint_eq(operations(&chip), 2);
	rewrite(volume, file, 0);
	ck_assert_uint_eq(operations(&chip), 0);
	rewrite(volume, file, 4096);
	ck_assert_uint_eq(operations(&chip), 4);
	rewrite(volume, file, 100);
	ck_assert_uint_eq(operations(&chip), 4);
	rewrite(volume, file, 4097);
	ck_assert_uint_eq(operations(&chip), 6);
	rewrite(volume, file, 8189);
	ck_assert_uint_eq(operations(&chip), 8);
	ck_assert_int_eq(twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "d", &dir), 0);
	ck_assert_uint_eq(operations(&chip), 4);
	ck_assert_int_eq(twinfs_volume_rename(volume, TWINFS_ROOT_INO, "a", dir, "b", 0), 0);
	ck_assert_uint_eq(operations(&chip), 6);
	ck_assert_int_eq(twinfs_volume_unlink(volume, dir, "b"), 0);
	ck_assert_uint_eq(operations(&chip), 2);
	ck_assert_int_eq(twinfs_volume_rmdir(volume, TWINFS_ROOT_INO, "d"), 0);
	ck_assert_uint_eq(operations(&chip), 4);
	ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, "c", &other), 0);
	(void)operations(&chip);
	ck_assert_int_eq(twinfs_volume_open(volume, other), 0);
	ck_assert_int_eq(twinfs_volume_sync(volume, other), 0);
	twinfs_volume_close(volume, other);
	ck_assert_uint_eq(operations(&chip), 0);
	twinfs_volume_unmount(volume);
	chip_release(&chip);
}
END_TEST

RUN_CASES("device_cost", costs)
