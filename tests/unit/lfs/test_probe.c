/* SPDX-License-Identifier: MIT */
/* test_probe.c - finding a file system and its block size in some bytes. */
#include <errno.h>
#include <string.h>
#include <twinfs/volume.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "lib/chip.h"
#include "lib/suite.h"

static const uint32_t sizes[] = {128, 256, 512, 1024, 2048, 4096, 65536};

START_TEST(block_size_is_found)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct geometry geometry = {sizes[i], 8, 1, 0xff};
		struct twinfs_superblock found;
		struct chip chip;

		chip_init(&chip, &geometry);
		ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&chip), chip_size(&chip), 0, &found,
					 NULL),
			-EUCLEAN);
		ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
		ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&chip), chip_size(&chip), 0, &found,
					 NULL),
			0);
		ck_assert_uint_eq(found.block_size, sizes[i]);
		ck_assert_uint_eq(found.block_count, 8);
		/* Block 0 torn: block 1 says it too. */
		memset(chip_bytes(&chip), 0xff, sizes[i]);
		ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&chip), chip_size(&chip), 0, &found,
					 NULL),
			0);
		ck_assert_uint_eq(found.block_size, sizes[i]);
		chip_release(&chip);
	}
}
END_TEST

START_TEST(too_few_bytes)
{
	struct geometry geometry = {512, 8, 1, 0xff};
	struct twinfs_superblock found;
	struct twinfs_error err;
	struct chip chip;

	chip_init(&chip, &geometry);
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	for (uint64_t size = 0; size < 52; size++)
		ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&chip), size, 0, &found, &err),
			-EUCLEAN);
	ck_assert_int_eq(err.problem, TWINFS_P_LFS_MAGIC);
	chip_release(&chip);
}
END_TEST

/* With a block size that is known, no superblock reaches into the next block. */
START_TEST(content_of_two_blocks)
{
	struct geometry geometry = {512, 8, 1, 0xff};
	struct twinfs_superblock found;
	struct chip chip;

	chip_init(&chip, &geometry);
	for (uint32_t block = 0; block < 2; block++) {
		uint8_t *bytes = chip_bytes(&chip) + block * 512;

		memset(chip_bytes(&chip), 0xff, chip_size(&chip));
		ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
		memset(chip_bytes(&chip) + !block * 512, 0xff, 512);
		ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&chip), chip_size(&chip), 512,
					 &found, NULL),
			0);
		tw_put_le32(bytes + 4, 600);
		tw_put_le32(bytes + 596, tw_crc32_raw(UINT32_MAX, bytes, 596));
		ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&chip), chip_size(&chip), 512,
					 &found, NULL),
			-EUCLEAN);
	}
	chip_release(&chip);
}
END_TEST

RUN_CASES("probe", content_of_two_blocks, block_size_is_found, too_few_bytes)
