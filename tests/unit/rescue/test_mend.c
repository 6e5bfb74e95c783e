/* SPDX-License-Identifier: MIT */
/* test_mend.c - one wrong bit of metadata is put right, and nothing else is touched. */
#include "rescue/mend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/rescue.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "lfs/v1_disk.h"
#include "lfs/v2_disk.h"
#include "lib/chip.h"
#include "lib/suite.h"

enum { BLOCK_SIZE = 512, BLOCKS = 64 };

static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_0, TWINFS_LFS_2_1};

START_TEST(a_remainder_names_the_bit)
{
	uint8_t message[100];

	for (size_t i = 0; i < sizeof(message) - 4; i++)
		message[i] = (uint8_t)(i * 37);
	tw_put_le32(message + 96, tw_crc32_raw(UINT32_MAX, message, 96));
	for (uint32_t off = 0; off < sizeof(message); off++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint32_t found = 0;
			uint8_t mask = 0;

			message[off] ^= (uint8_t)(1u << bit);
			ck_assert(tw_mend_locate(tw_crc32_raw(UINT32_MAX, message, sizeof(message)),
				sizeof(message), &found, &mask));
			ck_assert_uint_eq(found, off);
			ck_assert_uint_eq(mask, 1u << bit);
			message[off] ^= (uint8_t)(1u << bit);
		}
	}
	message[3] ^= 0x21; /* two bits */
	ck_assert(!tw_mend_locate(tw_crc32_raw(UINT32_MAX, message, sizeof(message)),
		sizeof(message), &(uint32_t){0}, &(uint8_t){0}));
}
END_TEST

/* A volume with a few files, some of which changed. */
static void make_volume(struct chip *chip, uint32_t version)
{
	const struct geometry geometry = {BLOCK_SIZE, BLOCKS, 16, 0xff};
	struct twinfs_volume *volume;
	char name[32], text[64];

	chip_init(chip, &geometry);
	chip->config.disk_version = version;
	ck_assert_int_eq(twinfs_volume_format(chip->flash, &chip->config, NULL), 0);
	volume = chip_mount(chip);
	for (int i = 0; i < 40; i++) {
		uint64_t ino;

		snprintf(name, sizeof(name), "file%d", i % 12);
		snprintf(text, sizeof(text), "content number %d, which is not very long", i);
		if (twinfs_volume_lookup(volume, TWINFS_ROOT_INO, name, &ino))
			ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, name, &ino),
				0);
		ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
		ck_assert_int_ge(twinfs_volume_write(volume, ino, text, strlen(text), 0), 0);
		ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
		twinfs_volume_close(volume, ino);
	}
	twinfs_volume_unmount(volume);
}

/* How many bytes of a block are metadata that a checksum vouches for. */
static uint32_t metadata_len(const uint8_t *block, uint32_t version)
{
	struct tw_v2_log log = {0};

	if (version == TWINFS_LFS_1_1)
		return tw_le32(block + 4) <= BLOCK_SIZE && tw_v1_seen(block, BLOCK_SIZE)
			       ? tw_le32(block + 4)
			       : 0;
	return tw_v2_scan(block, BLOCK_SIZE, &log) ? log.end : 0;
}

static unsigned mend_all(struct chip *chip, uint32_t version)
{
	struct twinfs_rescue *rescue;
	unsigned bits;

	ck_assert_int_eq(twinfs_rescue_open(chip->flash, &chip->config, &rescue, NULL), 0);
	bits = tw_mend_all(chip_bytes(chip), version, rescue, NULL);
	twinfs_rescue_close(rescue);
	return bits;
}

START_TEST(every_bit_of_a_volume)
{
	unsigned (*mend)(uint8_t *, uint32_t) = versions[_i] >> 16 == 1 ? tw_v1_mend : tw_v2_mend;
	unsigned long tried = 0, mended = 0;
	struct chip chip;

	make_volume(&chip, versions[_i]);
	ck_assert_uint_eq(mend_all(&chip, versions[_i]), 0);
	for (uint32_t block = 0; block < BLOCKS; block++) {
		uint8_t *bytes = chip_bytes(&chip) + (size_t)block * BLOCK_SIZE, was[BLOCK_SIZE];
		uint32_t len = metadata_len(bytes, versions[_i]);

		memcpy(was, bytes, BLOCK_SIZE);
		for (uint32_t i = 0; i < len * 8; i++) {
			memcpy(bytes, was, BLOCK_SIZE);
			bytes[i / 8] ^= (uint8_t)(1u << i % 8);
			if (metadata_len(bytes, versions[_i]) == len)
				continue; /* padding, which is under no checksum */
			tried++;
			if (mend(bytes, BLOCK_SIZE)) {
				mended++;
				ck_assert_mem_eq(bytes, was, BLOCK_SIZE);
			}
		}
		memcpy(bytes, was, BLOCK_SIZE);
	}
	ck_assert_uint_gt(tried, 4000);
	ck_assert_uint_eq(mended, tried);
	chip_release(&chip);
}
END_TEST

START_TEST(what_is_no_single_bit_stays)
{
	struct chip chip;
	uint8_t *bytes, *was = malloc(BLOCKS * BLOCK_SIZE);
	uint64_t random = 1;

	make_volume(&chip, versions[_i]);
	bytes = chip_bytes(&chip);
	for (int turn = 0; turn < 200; turn++) {
		for (uint32_t block = 0; block < BLOCKS; block++)
			for (int i = 0; i < 6; i++)
				bytes[block * BLOCK_SIZE + 8 + test_random(&random) % 24] ^= 0x55;
		memcpy(was, bytes, BLOCKS * BLOCK_SIZE);
		ck_assert_uint_eq(mend_all(&chip, versions[_i]), 0);
		ck_assert_mem_eq(bytes, was, BLOCKS * BLOCK_SIZE);
	}
	chip_release(&chip);
	free(was);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rescue mend");
	TCase *tcase = tcase_create("rescue mend");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_remainder_names_the_bit);
	tcase_add_loop_test(tcase, every_bit_of_a_volume, 0, 3);
	tcase_add_loop_test(tcase, what_is_no_single_bit_stays, 0, 3);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
