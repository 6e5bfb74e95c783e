/* SPDX-License-Identifier: MIT */
/* test_v2_disk.c - bytes of version 2 logs to tags, with the format's own example. */
#include "lfs/v2_disk.h"

#include <errno.h>
#include <string.h>

#include "example2.h"
#include "lib/chip.h"
#include "lib/log2.h"
#include "lib/suite.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	BLOCK = EXAMPLE_BLOCK,
	BLOCKS = 16,
};

static const struct geometry small = {BLOCK, BLOCKS, 16, 0xff};
static const uint32_t usual[3] = {255, 0x7fffffff, 1022};

/* Where the commits of the example end. */
static const uint32_t ends[] = {0x40, 0x80, 0xb0, 0xe0};

static struct tw_v2_log scanned(const uint8_t *block, uint32_t size)
{
	struct tw_v2_log log = {0};

	ck_assert(tw_v2_scan(block, size, &log));
	return log;
}

static struct tw_area area_of(struct chip *chip)
{
	struct tw_area area;

	ck_assert_int_eq(tw_area_init(&area, chip->flash, &chip->config, NULL), 0);
	return area;
}

/* ---- one block ---- */

START_TEST(example_is_scanned)
{
	uint8_t block[BLOCK];
	struct tw_v2_log log;

	put_example(block, example, sizeof(example));
	log = scanned(block, BLOCK);
	ck_assert_uint_eq(log.rev, 2);
	ck_assert_uint_eq(log.end, 0xe0);
	ck_assert_uint_eq(log.chain, 0x500ffc0f);
	ck_assert_uint_eq(log.fcrc_len, 16);
	ck_assert_uint_eq(log.fcrc, 0xc04c39e5);
	ck_assert(log.is_tidy);
	ck_assert(tw_v2_fcrc_holds(&log));
	put_example(block, example_dir, sizeof(example_dir));
	log = scanned(block, BLOCK);
	ck_assert_uint_eq(log.rev, 1);
	ck_assert_uint_eq(log.end, 0x70);
	ck_assert(log.is_tidy && tw_v2_fcrc_holds(&log));
}
END_TEST

START_TEST(every_tag_of_the_example)
{
	static const struct {
		uint32_t at, tag, payload;
	} rows[] = {{0x04, 0x0ff00008, 8}, {0x10, 0x20100018, 24}, {0x2c, 0x5ffffc08, 8},
		{0x38, 0x500ffc04, 4}, {0x40, 0x40100400, 0}, {0x44, 0x00200403, 3},
		{0x4b, 0x20000408, 8}, {0x57, 0x600ffc08, 8}, {0x63, 0x5ffffc08, 8},
		{0x6f, 0x500ffc0d, 13}, {0x80, 0x40100800, 0}, {0x84, 0x00100806, 6},
		{0x8e, 0x20100800, 0}, {0x92, 0x5ffffc08, 8}, {0x9e, 0x500ffc0e, 14},
		{0xb0, 0x2010080d, 13}, {0xc1, 0x5ffffc08, 8}, {0xcd, 0x500ffc0f, 15}};
	struct tw_v2_cursor cursor = TW_V2_BEGIN;
	uint8_t block[BLOCK];
	struct tw_v2_item item;
	struct tw_v2_log log;

	put_example(block, example, sizeof(example));
	log = scanned(block, BLOCK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_uint_eq(cursor.off, rows[i].at);
		ck_assert(tw_v2_next(&log, &cursor, &item));
		ck_assert_uint_eq(item.tag, rows[i].tag);
		ck_assert_uint_eq(item.off, rows[i].at + 4);
		ck_assert_uint_eq(item.len, rows[i].payload);
		ck_assert_ptr_eq(item.data, block + rows[i].at + 4);
	}
	ck_assert(!tw_v2_next(&log, &cursor, &item));
	ck_assert_uint_eq(cursor.off, log.end);
}
END_TEST

/* The end of the log whose last bytes were not written, or changed later. */
static uint32_t last_end(uint32_t off)
{
	uint32_t end = 0;

	for (size_t i = 0; i < COUNT(ends) && ends[i] <= off; i++)
		end = ends[i];
	return end;
}

START_TEST(the_last_whole_commit_counts)
{
	/* bytes of padding, which no CRC covers, by the end of their commit */
	static const uint32_t padding[] = {0, 9, 10, 11};
	uint8_t block[BLOCK];

	for (uint32_t off = 4; off < sizeof(example); off++) {
		struct tw_v2_log log = {0};
		uint32_t end = last_end(off);
		size_t commit = 0;

		while (ends[commit] <= off)
			commit++;
		if (off >= ends[commit] - padding[commit])
			end = ends[commit];
		put_example(block, example, off);
		ck_assert_msg(tw_v2_scan(block, BLOCK, &log) == (end != 0), "cut at %x", off);
		ck_assert_msg(log.end == end, "cut at %x: %x", off, log.end);
		put_example(block, example, sizeof(example));
		block[off] ^= 0x10;
		ck_assert_msg(tw_v2_scan(block, BLOCK, &log) == (end != 0), "changed at %x", off);
		/* what comes after padding that changed is still there */
		ck_assert_msg(end == ends[commit] ? log.end == 0xe0 : log.end == end,
			"changed at %x: %x", off, log.end);
	}
}
END_TEST

START_TEST(what_was_begun_is_not_tidy)
{
	static const struct {
		uint32_t off;
		uint8_t value;
		bool is_tidy;
	} rows[] = {{0xe0, 0xff, true}, {0xe0, 0x7f, false}, {0xe1, 0, true}, {0xe4, 0, true},
		{0xd1, 0, false}, {0xb0, 0x80, true}, {0x73, 0, false}, {0xc1, 0xff, false}};
	uint8_t block[BLOCK];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tw_v2_log log;

		put_example(block, example, sizeof(example));
		block[rows[i].off] = rows[i].value;
		log = scanned(block, BLOCK);
		ck_assert_msg(log.is_tidy == rows[i].is_tidy, "row %zu", i);
		/* cells that should be erased are not, whatever the tag in front of them says */
		ck_assert_msg(tw_v2_fcrc_holds(&log) == (i == 0), "row %zu", i);
	}
}
END_TEST

START_TEST(fcrc_is_of_bytes_in_the_block)
{
	uint8_t block[BLOCK];
	struct tw_v2_log log;

	put_example(block, example, sizeof(example));
	log = scanned(block, BLOCK);
	log.fcrc_len = 0;
	log.fcrc = UINT32_MAX; /* of nothing */
	ck_assert(!tw_v2_fcrc_holds(&log));
	log.fcrc_len = BLOCK - log.end + 1;
	ck_assert(!tw_v2_fcrc_holds(&log));
	log.fcrc_len = UINT32_MAX;
	ck_assert(!tw_v2_fcrc_holds(&log));
	log.fcrc_len = 32;
	log.fcrc = 0x009354f4;
	ck_assert(tw_v2_fcrc_holds(&log));
	block[log.end + 31] = 0xfe;
	ck_assert(!tw_v2_fcrc_holds(&log));
}
END_TEST

START_TEST(blocks_without_a_commit)
{
	static const uint8_t fills[] = {0x00, 0xff, 0x55, 0x01};
	uint8_t block[BLOCK];
	struct tw_v2_log log = {0};

	for (size_t i = 0; i < sizeof(fills); i++) {
		memset(block, fills[i], BLOCK);
		ck_assert_msg(!tw_v2_scan(block, BLOCK, &log), "%02x", fills[i]);
	}
	/* the revision is covered by the first commit */
	put_example(block, example, sizeof(example));
	block[0] ^= 1;
	ck_assert(!tw_v2_scan(block, BLOCK, &log));
}
END_TEST

/* The same volume on a medium that erases to zeros: chunk bit 0 of the commit is set. */
START_TEST(erased_to_zeros)
{
	static const uint8_t end_of_commit[] = {0x7f, 0xef, 0xfc, 0x10, 0x10, 0x00, 0x00, 0x00,
		0xaa, 0xb4, 0x44, 0x13, 0x0f, 0xe0, 0x00, 0x0c};
	struct tw_v2_content content = {0};
	uint8_t block[BLOCK];
	struct log2 made;
	struct tw_v2_log log;

	log2_begin(&made, block, BLOCK, 16, 2);
	made.blank = 0;
	log2_superblock(&made, TWINFS_LFS_2_1, 8, usual);
	log2_commit(&made);
	ck_assert_mem_eq(block + 0x2c, end_of_commit, sizeof(end_of_commit));
	log = scanned(block, BLOCK);
	ck_assert_uint_eq(log.end, 0x40);
	ck_assert_uint_eq(log.chain, 0xd01ffc04);
	ck_assert(log.is_tidy && tw_v2_fcrc_holds(&log));
	log2_tag(&made, 0x301, 0, "ab", 2);
	ck_assert_mem_eq(block + 0x40, "\xe0\x0f\xfc\x06", 4);
	log = scanned(block, BLOCK);
	ck_assert(!log.is_tidy && !tw_v2_fcrc_holds(&log));
	log2_commit(&made);
	log = scanned(block, BLOCK);
	ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
	ck_assert_uint_eq(content.entries[0].attrs->count, 1);
	ck_assert_uint_eq(content.entries[0].attrs->list[0].off, 0x44);
	tw_v2_content_release(&content);
}
END_TEST

START_TEST(tags_end_with_the_block)
{
	uint8_t block[128];
	struct log2 made;
	struct tw_v2_log log;

	log2_begin(&made, block, sizeof(block), 1, 1);
	log2_file(&made, 0, "f", "x");
	log2_commit(&made);
	/* a payload that would leave the block, and a tag that would */
	log2_tag(&made, 0x201, 0, block, 8);
	block[made.off - 8 - 1] ^= 0x80;
	log = scanned(block, sizeof(block));
	ck_assert_uint_eq(log.end, made.start);
	ck_assert(!log.is_tidy);
	log = scanned(block, made.start + 3);
	ck_assert_uint_eq(log.end, made.start);
	ck_assert(!log.is_tidy);
	ck_assert(!tw_v2_fcrc_holds(&log));
}
END_TEST

START_TEST(only_the_lower_half_of_kind_5_closes_commits)
{
	static const unsigned others[] = {0x580, 0x5c3, 0x5fe};
	struct tw_v2_content content = {0};
	uint8_t block[BLOCK];
	struct log2 made;
	struct tw_v2_log log;

	log2_begin(&made, block, BLOCK, 16, 1);
	for (size_t i = 0; i < COUNT(others); i++)
		log2_tag(&made, others[i], LOG2_PAIR, "12345678", 8);
	log2_file(&made, 0, "f", "x");
	log2_commit(&made);
	log = scanned(block, BLOCK);
	ck_assert_uint_eq(log.end, made.off);
	ck_assert_uint_eq(log.fcrc_len, 16);
	ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
	ck_assert_uint_eq(content.count, 1);
	tw_v2_content_release(&content);
	for (unsigned chunk = 0; chunk < 0x100; chunk++)
		ck_assert(tw_v2_is_commit(0x500 + chunk) == (chunk < 0x80));
}
END_TEST

/* ---- pairs ---- */

static void put_empty(struct chip *chip, uint32_t block, uint32_t rev)
{
	struct log2 made;

	log2_begin(&made, chip_bytes(chip) + block * BLOCK, BLOCK, 16, rev);
	log2_commit(&made);
}

START_TEST(revisions_compare_as_serial_numbers)
{
	static const struct {
		uint32_t first, second;
		unsigned winner;
	} rows[] = {{1, 2, 1}, {2, 1, 0}, {5, 5, 0}, {0x7fffffff, 0, 0}, {0x80000001, 0, 1},
		{0xffffffff, 0, 1}, {0, 0xffffffff, 0}, {0x80000000, 0, 0}, {0, 0x80000000, 0},
		{0, 0x7fffffff, 1}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tw_v2_log log;
		struct tw_area area;
		struct chip chip;

		chip_init(&chip, &small);
		area = area_of(&chip);
		put_empty(&chip, 4, rows[i].first);
		put_empty(&chip, 5, rows[i].second);
		ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{4, 5}}, true, &log), 0);
		ck_assert_msg(log.pair.block[0] == 4 + rows[i].winner, "row %zu", i);
		ck_assert_uint_eq(log.pair.block[0] + log.pair.block[1], 9);
		ck_assert(log.other_has_commit);
		ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{4, 5}}, false, &log), 0);
		ck_assert(!log.other_has_commit);
		chip_release(&chip);
	}
}
END_TEST

START_TEST(dead_blocks_are_not_taken)
{
	struct tw_v2_log log;
	struct tw_area area;
	struct chip chip;

	chip_init(&chip, &small);
	area = area_of(&chip);
	ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{4, 5}}, true, &log), -EBADMSG);
	put_empty(&chip, 4, 10);
	put_empty(&chip, 5, 9);
	chip_bytes(&chip)[4 * BLOCK + 8] ^= 1;
	ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{4, 5}}, true, &log), 0);
	ck_assert_uint_eq(log.pair.block[0], 5);
	ck_assert_uint_eq(log.rev, 9);
	ck_assert(!log.other_has_commit);
	chip_bytes(&chip)[5 * BLOCK] ^= 1;
	ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{4, 5}}, true, &log), -EBADMSG);
	ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{5, 5}}, true, &log), -EUCLEAN);
	ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{5, BLOCKS}}, true, &log), -EUCLEAN);
	ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{TW_NIL, 5}}, true, &log), -EUCLEAN);
	chip_release(&chip);
}
END_TEST

/* ---- names ---- */

START_TEST(of_equal_beginnings_the_longer_name_comes_first)
{
	static const char *const sorted[] = {
		"B", "a-", "a.txt", "aaa", "aa", "abc", "ab", "a", "b", "\xc3\xa9", "\xff", ""};

	for (size_t i = 0; i < COUNT(sorted); i++)
		for (size_t k = 0; k < COUNT(sorted); k++) {
			int order = tw_v2_compare_names(sorted[i], strlen(sorted[i]), sorted[k],
				strlen(sorted[k]));

			ck_assert_msg((order > 0) - (order < 0) == (i > k) - (i < k),
				"'%s' and '%s': %d", sorted[i], sorted[k], order);
		}
}
END_TEST

RUN_CASES("v2_disk", example_is_scanned, every_tag_of_the_example, the_last_whole_commit_counts,
	what_was_begun_is_not_tidy, fcrc_is_of_bytes_in_the_block, blocks_without_a_commit,
	erased_to_zeros, tags_end_with_the_block, only_the_lower_half_of_kind_5_closes_commits,
	revisions_compare_as_serial_numbers, dead_blocks_are_not_taken,
	of_equal_beginnings_the_longer_name_comes_first)
