/* SPDX-License-Identifier: MIT */
/* test_disk.c - bytes of pairs and superblocks to fields, with the format's own examples. */
#include "lfs/v1_disk.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "lib/chip.h"
#include "lib/suite.h"

static const struct geometry small = {512, 8, 16, 0xff};

/* An empty half with a right CRC. */
static void put_half(struct chip *chip, uint32_t block, uint32_t rev, uint32_t size)
{
	uint8_t *half = chip_bytes(chip) + block * 512;

	tw_put_le32(half, rev);
	tw_put_le32(half + 4, size);
	tw_put_le32(half + 8, TW_NIL);
	tw_put_le32(half + 12, TW_NIL);
	tw_put_le32(half + 16, tw_crc32_raw(UINT32_MAX, half, 16));
}

static struct tw_area area_of(struct chip *chip)
{
	struct tw_area area;

	ck_assert_int_eq(tw_area_init(&area, chip->flash, &chip->config, NULL), 0);
	return area;
}

/* The winner of two valid halves, by position, as measured on the reference. */
START_TEST(revisions_compare_as_serial_numbers)
{
	static const struct {
		uint32_t first, second;
		unsigned winner;
	} rows[] = {{1, 2, 1}, {2, 1, 0}, {5, 5, 1}, {0x7fffffff, 0, 0}, {0x80000001, 0, 1},
		{0xffffffff, 0, 1}, {0, 0xffffffff, 0}, {0x80000000, 0, 0}, {0, 0x80000000, 0},
		{0, 0x7fffffff, 1}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tw_v1_half half;
		struct tw_area area;
		struct chip chip;

		chip_init(&chip, &small);
		area = area_of(&chip);
		put_half(&chip, 4, rows[i].first, 20);
		put_half(&chip, 5, rows[i].second, 20);
		ck_assert_int_eq(tw_v1_fetch(&area, (struct tw_pair){{4, 5}}, &half), 0);
		ck_assert_msg(half.pair.block[0] == 4 + rows[i].winner, "row %zu", i);
		ck_assert(half.other_is_valid);
		chip_release(&chip);
	}
}
END_TEST

START_TEST(bad_halves_are_not_taken)
{
	static const uint32_t sizes[] = {0, 19, 513, 0x7fffffff, 0x80000000};
	struct tw_v1_half half;
	struct tw_area area;
	struct chip chip;

	chip_init(&chip, &small);
	area = area_of(&chip);
	ck_assert_int_eq(tw_v1_fetch(&area, (struct tw_pair){{4, 5}}, &half), -EBADMSG);
	put_half(&chip, 5, 9, 20);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		put_half(&chip, 4, 10, sizes[i]);
		ck_assert_int_eq(tw_v1_fetch(&area, (struct tw_pair){{4, 5}}, &half), 0);
		ck_assert_uint_eq(half.pair.block[0], 5);
		ck_assert(!half.other_is_valid);
	}
	chip_bytes(&chip)[5 * 512] ^= 1;
	ck_assert_int_eq(tw_v1_fetch(&area, (struct tw_pair){{4, 5}}, &half), -EBADMSG);
	ck_assert_int_eq(tw_v1_fetch(&area, (struct tw_pair){{5, 5}}, &half), -EUCLEAN);
	ck_assert_int_eq(tw_v1_fetch(&area, (struct tw_pair){{5, 8}}, &half), -EUCLEAN);
	ck_assert_int_eq(tw_v1_fetch(&area, (struct tw_pair){{TW_NIL, 5}}, &half), -EUCLEAN);
	chip_release(&chip);
}
END_TEST

/* The newest superblock that the reference writes: 8 blocks of 512, root {3, 2}. */
static const uint8_t example[] = {0x02, 0x00, 0x00, 0x00, 0x34, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00,
	0x00, 0x02, 0x00, 0x00, 0x00, 0x2e, 0x14, 0x00, 0x08, 0x03, 0x00, 0x00, 0x00, 0x02, 0x00,
	0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 'l',
	'i', 't', 't', 'l', 'e', 'f', 's', 0x98, 0x80, 0xe5, 0x0c};

START_TEST(superblock_of_the_reference)
{
	struct twinfs_superblock superblock;

	ck_assert_int_eq(tw_v1_read_superblock(example, sizeof(example), &superblock), 0);
	ck_assert_uint_eq(superblock.block_size, 512);
	ck_assert_uint_eq(superblock.block_count, 8);
	ck_assert_uint_eq(superblock.version, 0x00010001);
}
END_TEST

START_TEST(every_damaged_byte_of_a_superblock_is_noticed)
{
	struct twinfs_superblock superblock;
	uint8_t copy[sizeof(example)];

	for (size_t i = 0; i < sizeof(example); i++) {
		memcpy(copy, example, sizeof(example));
		copy[i] ^= 0x10;
		ck_assert_int_eq(tw_v1_read_superblock(copy, sizeof(copy), &superblock), -EUCLEAN);
		ck_assert_int_eq(tw_v1_read_superblock(example, i, &superblock), -EUCLEAN);
	}
}
END_TEST

START_TEST(versions)
{
	static const struct {
		uint32_t version;
		int result;
	} rows[] = {{0x00010000, 0}, {0x00010001, 0}, {0x00010002, -ENOTSUP},
		{0x00020000, -ENOTSUP}, {0x00000001, -ENOTSUP}};
	struct twinfs_superblock superblock;
	uint8_t copy[sizeof(example)];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		memcpy(copy, example, sizeof(example));
		tw_put_le32(copy + 0x24, rows[i].version);
		tw_put_le32(copy + 48, tw_crc32_raw(UINT32_MAX, copy, 48));
		ck_assert_int_eq(tw_v1_read_superblock(copy, sizeof(copy), &superblock),
			rows[i].result);
	}
}
END_TEST

/* Writing the example's steps gives its bytes. */
START_TEST(writer_makes_the_example)
{
	static const uint8_t logs_now[] = {0x03, 0, 0, 0, 0x25, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0x11, 0x08, 0x00, 0x05, 0x07, 0, 0, 0, 0x58, 0x02, 0, 0,
		'a', '.', 't', 'x', 't', 0x2d, 0x59, 0x84, 0x02};
	struct twinfs_volume *volume;
	uint64_t logs, file;
	uint8_t data[600];
	struct chip chip;

	chip_init(&chip, &small);
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	ck_assert_mem_eq(chip_bytes(&chip), example, sizeof(example));
	volume = chip_mount(&chip);
	/* The example's writer begins to search at block 0, ours elsewhere. */
	ck_assert_int_eq(twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "logs", &logs), 0);
	ck_assert_int_eq(twinfs_volume_create(volume, logs, "a.txt", &file), 0);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)('A' + i % 26);
	ck_assert_int_eq(twinfs_volume_open(volume, file), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, file, data, sizeof(data), 0), 600);
	ck_assert_int_eq(twinfs_volume_sync(volume, file), 0);
	twinfs_volume_close(volume, file);
	twinfs_volume_unmount(volume);
	for (uint32_t block = 4; block < 8; block++) {
		const uint8_t *bytes = chip_bytes(&chip) + block * 512;

		if (bytes[0] != 3 || bytes[4] != 0x25)
			continue;
		/* All but where the file is, and with that the CRC. */
		ck_assert_mem_eq(bytes, logs_now, 0x14);
		ck_assert_mem_eq(bytes + 0x18, logs_now + 0x18, 9);
		chip_release(&chip);
		return;
	}
	ck_abort_msg("no half of the directory as in the example");
}
END_TEST

RUN_CASES("disk", revisions_compare_as_serial_numbers, bad_halves_are_not_taken,
	superblock_of_the_reference, every_damaged_byte_of_a_superblock_is_noticed, versions,
	writer_makes_the_example)
