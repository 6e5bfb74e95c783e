/* SPDX-License-Identifier: MIT */
/* test_v2_space.c - blocks of version 2 volumes: resized, worn, used up, given back. */
#include "lfs/v2_disk.h"
#include "lib/suite.h"
#include "rig2.h"

static const struct geometry chip_512 = {512, 64, 16, 0xff};

/* ---- size ---- */

/* A volume of @blocks at the beginning of its chip. */
static void open_small(struct rig *rig, uint32_t blocks, int32_t cycles)
{
	chip_init(&rig->chip, &chip_512);
	rig->chip.config.disk_version = TWINFS_LFS_2_1;
	rig->chip.config.block_cycles = cycles;
	rig->chip.config.size = blocks * 512;
	ck_assert_int_eq(twinfs_volume_format(rig->chip.flash, &rig->chip.config, NULL), 0);
	rig->volume = chip_mount(&rig->chip);
}

/* Its partition is the whole chip now. */
static void enlarge_partition(struct rig *rig)
{
	rig->chip.config.size = chip_size(&rig->chip);
	rig_remount(rig);
}

START_TEST(a_volume_grows)
{
	struct rig rig;
	uint64_t ino;

	open_small(&rig, 20, -1);
	enlarge_partition(&rig);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 20);
	ck_assert_uint_eq(rig_statfs(&rig).free, 18);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	ck_assert_int_eq(rig_put(&rig, ino, 20 * 512, 1), -ENOSPC);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 0), -EINVAL);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 1), -EINVAL);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 65), -EINVAL);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 64), 0);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 64);
	ck_assert_uint_eq(rig_statfs(&rig).free, 62);
	ck_assert_int_eq(rig_put(&rig, ino, 60 * 500, 2), 0);
	rig_remount(&rig);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 64);
	rig_expect(&rig, rig_find(&rig, "f"), 60 * 500, 2);
	rig_close(&rig);
}
END_TEST

START_TEST(a_volume_shrinks_to_what_is_not_used)
{
	struct rig rig;
	uint64_t ino, free_blocks;
	uint32_t size = 64;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	ck_assert_int_eq(rig_put(&rig, ino, 60 * 500, 1), 0);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 60), -EBUSY);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 64);
	ck_assert_int_eq(rig_put(&rig, ino, 2 * 500, 2), 0);
	while (twinfs_volume_resize(rig.volume, size - 1) == 0)
		size--;
	/* the two blocks of the file end it somewhere */
	ck_assert_uint_ge(size, 4);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, size);
	free_blocks = rig_statfs(&rig).free;
	ck_assert_uint_eq(free_blocks, size - 4);
	memset(chip_bytes(&rig.chip) + size * 512, 0x55, (64 - size) * 512);
	rig_remount(&rig);
	ino = rig_find(&rig, "f");
	rig_expect(&rig, ino, 2 * 500, 2);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
	ck_assert_int_eq(rig_put(&rig, ino, (uint32_t)free_blocks * 512 + 512, 3), -ENOSPC);
	for (uint32_t i = size * 512; i < 64 * 512; i++)
		ck_assert(chip_bytes(&rig.chip)[i] == 0x55);
	rig_close(&rig);
}
END_TEST

/* Writing the new size may need blocks itself: they are none of those that go. */
START_TEST(shrinking_uses_no_block_that_goes)
{
	char name[64];
	unsigned shrunk = 0;

	for (unsigned files = 0; files < 14; files++) {
		for (unsigned changes = 0; changes < 16; changes++) {
			struct rig rig;
			int rc;

			rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
			for (unsigned i = 0; i < files; i++) {
				(void)snprintf(name, sizeof(name), "a-name-of-some-length-%02u", i);
				(void)rig_create(&rig, TWINFS_ROOT_INO, name);
			}
			for (unsigned i = 0; i < changes; i++)
				ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, TWINFS_ROOT_INO,
							 1, "v", i % 2, 0),
					0);
			rc = twinfs_volume_resize(rig.volume, 6);
			ck_assert(rc == 0 || rc == -EBUSY || rc == -ENOSPC);
			shrunk += rc == 0;
			ck_assert_uint_eq(rig_statfs(&rig).blocks, rc ? 64 : 6);
			rig_remount(&rig);
			ck_assert_uint_eq(rig_statfs(&rig).blocks, rc ? 64 : 6);
			ck_assert_uint_eq(rig_statfs(&rig).files, files);
			rig_close(&rig);
		}
	}
	ck_assert_uint_gt(shrunk, 20);
}
END_TEST

/* Pairs from {0, 1} to the root's that hold a superblock record, all with @block_count. */
static unsigned count_records(struct rig *rig, uint32_t block_count)
{
	struct tw_pair pair = {{0, 1}};
	struct tw_area area;
	unsigned count = 0;

	ck_assert_int_eq(tw_area_init(&area, rig->chip.flash, &rig->chip.config, NULL), 0);
	for (;; count++) {
		struct twinfs_superblock superblock;
		struct tw_v2_content content;
		struct tw_v2_log log;
		bool found, more;

		ck_assert_int_eq(tw_v2_fetch(&area, pair, false, &log), 0);
		ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
		found = tw_v2_read_record(&log, &content, &superblock);
		more = content.more;
		pair = content.tail;
		tw_v2_content_release(&content);
		if (!found)
			return count;
		ck_assert_uint_eq(superblock.block_count, block_count);
		if (!more)
			return count + 1;
	}
}

START_TEST(every_copy_of_the_superblock_has_the_size)
{
	struct rig rig;
	uint64_t ino;

	open_small(&rig, 40, 1);
	rig_wear(&rig, TWINFS_ROOT_INO, 20);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, TWINFS_ROOT_INO, 4, "root", 4, 0), 0);
	ck_assert_uint_ge(count_records(&rig, 40), 2);
	enlarge_partition(&rig);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 64), 0);
	ck_assert_uint_ge(count_records(&rig, 64), 2);
	ino = rig_find(&rig, "f");
	ck_assert_int_eq(rig_put(&rig, ino, 55 * 500, 1), 0);
	rig_remount(&rig);
	rig_expect(&rig, rig_find(&rig, "f"), 55 * 500, 1);
	ck_assert_int_eq(rig_put(&rig, rig_find(&rig, "f"), 0, 1), 0);
	ck_assert_int_eq(twinfs_volume_get_attr(rig.volume, TWINFS_ROOT_INO, 4, NULL, 0), 4);
	rig_close(&rig);
}
END_TEST

/* Old or new, wherever the power goes; never a size in which something does not fit. */
START_TEST(a_change_of_size_is_cut_anywhere)
{
	static const uint32_t sizes[][2] = {{64, 40}, {40, 64}};

	for (unsigned i = 0; i < 2 * COUNT(sizes); i++) {
		int rc = -ESHUTDOWN;

		for (uint64_t at = 1; rc; at++) {
			const uint32_t *size = sizes[i / 2];
			uint64_t blocks;
			struct rig rig;

			open_small(&rig, 40, i % 2 ? 1 : -1);
			(void)rig_create(&rig, TWINFS_ROOT_INO, "f");
			rig_wear(&rig, TWINFS_ROOT_INO, 6);
			enlarge_partition(&rig);
			ck_assert_int_eq(twinfs_volume_resize(rig.volume, size[0]), 0);
			rig.chip.trouble =
				(struct trouble){.cut_at = at, .torn_eighths = (unsigned)(at % 9)};
			rc = twinfs_volume_resize(rig.volume, size[1]);
			ck_assert(rc == 0 || rc == -ESHUTDOWN);
			chip_heal(&rig.chip);
			rig_remount(&rig);
			blocks = rig_statfs(&rig).blocks;
			ck_assert(blocks == size[1] || (rc && blocks == size[0]));
			ck_assert_int_eq(twinfs_volume_resize(rig.volume, size[1]), 0);
			ck_assert_uint_ge(count_records(&rig, size[1]), i % 2 ? 2 : 1);
			(void)rig_find(&rig, "f");
			rig_close(&rig);
			ck_assert_uint_lt(at, 100);
		}
	}
}
END_TEST

/* Blocks that unsynced content was promised are not given up. */
START_TEST(shrinking_keeps_promises)
{
	static const uint8_t data[10 * 500];
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, data, sizeof(data), 0), sizeof(data));
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 11), -ENOSPC);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 64);
	ck_assert_uint_eq(rig_statfs(&rig).free, 52);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 12), 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, 0);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	twinfs_volume_close(rig.volume, ino);
	rig_close(&rig);
}
END_TEST

START_TEST(spare_blocks_stay_spare)
{
	struct rig rig;

	open_small(&rig, 40, -1);
	rig.chip.config.spare_blocks = 4;
	enlarge_partition(&rig);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 40);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 50), 0);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 50);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 62), 0);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 60);
	rig_remount(&rig);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 60);
	rig_close(&rig);
}
END_TEST

START_TEST(version_1_has_the_size_of_its_partition)
{
	struct rig rig;

	rig_open(&rig, &chip_512, TWINFS_LFS_1_1, -1);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 32), -ENOTSUP);
	rig_close(&rig);
}
END_TEST

/* ---- wear ---- */

/* Blocks that were erased since @before was taken, but 0 and 1. */
static unsigned count_worn(struct rig *rig, const uint32_t *before)
{
	unsigned worn = 0;

	for (uint32_t i = 2; i < chip_512.block_count; i++)
		worn += twinfs_flash_wear(rig->chip.flash, i) != before[i];
	return worn;
}

static void note_wear(struct rig *rig, uint32_t *wear)
{
	for (uint32_t i = 0; i < chip_512.block_count; i++)
		wear[i] = twinfs_flash_wear(rig->chip.flash, i);
}

START_TEST(busy_pairs_move)
{
	static const int32_t cycles[] = {-1, 0, 1, 2, 3, 7};
	enum {
		TIMES = 60, /* well below the cycles that 0 means */
	};

	for (size_t i = 0; i < COUNT(cycles); i++) {
		uint32_t before[64], period = (uint32_t)(cycles[i] + 1) | 1;
		uint64_t dir, below, free_blocks;
		struct rig rig;

		rig_open(&rig, &chip_512, TWINFS_LFS_2_1, cycles[i]);
		dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
		below = rig_mkdir(&rig, dir, "below");
		(void)rig_create(&rig, below, "f");
		free_blocks = rig_statfs(&rig).free;
		note_wear(&rig, before);
		rig_wear(&rig, dir, TIMES);
		if (cycles[i] <= 0)
			ck_assert_uint_eq(count_worn(&rig, before), 2);
		else
			ck_assert_uint_ge(count_worn(&rig, before), TIMES / period / 2);
		/* what it left is free again; the superblock may have taken a pair meanwhile */
		ck_assert_uint_ge(rig_statfs(&rig).free + 2, free_blocks);
		if (cycles[i] <= 0)
			ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
		rig_remount(&rig);
		(void)rig_find(&rig, "d/below/f");
		rig_close(&rig);
	}
}
END_TEST

START_TEST(a_busy_superblock_makes_room_for_itself)
{
	static const int32_t cycles[] = {-1, 0, 1, 2, 3};

	for (size_t i = 0; i < COUNT(cycles); i++) {
		uint32_t before[64];
		uint64_t free_blocks;
		struct rig rig;

		rig_open(&rig, &chip_512, TWINFS_LFS_2_1, cycles[i]);
		(void)rig_create(&rig, TWINFS_ROOT_INO, "f");
		free_blocks = rig_statfs(&rig).free;
		note_wear(&rig, before);
		rig_wear(&rig, TWINFS_ROOT_INO, 50);
		if (cycles[i] <= 0) {
			ck_assert_uint_eq(count_worn(&rig, before), 0);
			ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
			ck_assert_uint_eq(count_records(&rig, 64), 1);
		} else {
			ck_assert_uint_ge(count_records(&rig, 64), 2);
			ck_assert_uint_lt(twinfs_flash_wear(rig.chip.flash, 0), 20);
			ck_assert_uint_ge(count_worn(&rig, before), 4);
		}
		/* the root is the last of them */
		ck_assert_uint_eq(rig_stat(&rig, TWINFS_ROOT_INO).blocks, 2);
		rig_remount(&rig);
		ck_assert_uint_eq(rig_stat(&rig, TWINFS_ROOT_INO).blocks, 2);
		(void)rig_find(&rig, "f");
		rig_close(&rig);
	}
}
END_TEST

/* ---- a full volume ---- */

/* Files until there is no room; how many. Of @len bytes each. */
static unsigned fill_up(struct rig *rig, uint64_t dir, uint32_t len)
{
	char name[32];

	for (unsigned i = 0;; i++) {
		uint64_t ino;
		int rc;

		(void)snprintf(name, sizeof(name), "fill-%05u", i);
		rc = twinfs_volume_create(rig->volume, dir, name, &ino);
		if (!rc)
			rc = rig_put(rig, ino, len, i);
		if (!rc)
			continue;
		ck_assert_msg(rc == -ENOSPC, "%d", rc);
		if (twinfs_volume_lookup(rig->volume, dir, name, &ino) == 0)
			ck_assert_int_eq(twinfs_volume_unlink(rig->volume, dir, name), 0);
		return i;
	}
}

START_TEST(a_full_volume_lets_go)
{
	static const struct geometry geometries[] = {{512, 64, 16, 0xff}, {512, 48, 512, 0xff},
		{4096, 24, 256, 0xff}, {128, 200, 1, 0xff}};
	static const uint32_t sizes[] = {0, 12, 300, 5000};
	static const int32_t cycles[] = {-1, 2};

	for (size_t i = 0; i < COUNT(geometries) * COUNT(sizes) * COUNT(cycles); i++) {
		uint32_t size = sizes[i / COUNT(geometries) % COUNT(sizes)];
		int32_t cycle = cycles[i / COUNT(geometries) / COUNT(sizes)];
		uint64_t dir, free_blocks;
		unsigned count;
		char name[32];
		struct rig rig;

		rig_open(&rig, &geometries[i % COUNT(geometries)], TWINFS_LFS_2_1, cycle);
		dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
		free_blocks = rig_statfs(&rig).free;
		count = fill_up(&rig, dir, size);
		ck_assert_uint_gt(count, 1);
		rig_remount(&rig);
		dir = rig_find(&rig, "d");
		ck_assert_uint_eq(rig_statfs(&rig).files, count + 1);
		for (unsigned k = 0; k < count; k++) {
			unsigned which = (unsigned)((uint64_t)k * 7919 % count);

			if (count % 7919 == 0)
				which = k;
			(void)snprintf(name, sizeof(name), "d/fill-%05u", which);
			rig_expect(&rig, rig_find(&rig, name), size, which);
			ck_assert_msg(twinfs_volume_unlink(rig.volume, dir, name + 2) == 0,
				"%s of %u", name, count);
		}
		if (cycle < 0)
			ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
		ck_assert_uint_ge(rig_statfs(&rig).free + 6, free_blocks);
		ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "d"), 0);
		rig_close(&rig);
	}
}
END_TEST

/* ---- a large directory ---- */

#define MANY 10000u

/* Every number below MANY once, in no order. */
static unsigned shuffled(unsigned i, unsigned step)
{
	return (i * step + 17) % MANY;
}

static void make_name(char name[40], unsigned number)
{
	/* of different lengths, some the beginning of others */
	(void)snprintf(name, 40, "%u%s", number, number % 3 ? "" : "-longer");
}

struct order {
	char last[40];
	unsigned count;
};

static int compare_with_last(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct order *order = ctx;

	(void)stat;
	if (order->count++ &&
		tw_v2_compare_names(order->last, strlen(order->last), name, strlen(name)) >= 0)
		return -EINVAL;
	(void)snprintf(order->last, sizeof(order->last), "%s", name);
	return 0;
}

static void expect_many(struct rig *rig, uint64_t dir)
{
	struct order order = {.count = 0};
	unsigned found = 0;
	char name[40];

	for (unsigned i = 0; i < MANY; i++) {
		uint64_t ino;

		make_name(name, i);
		found += twinfs_volume_lookup(rig->volume, dir, name, &ino) == 0;
	}
	ck_assert_uint_eq(found, MANY);
	ck_assert_int_eq(twinfs_volume_list(rig->volume, dir, compare_with_last, &order), 0);
	ck_assert_uint_eq(order.count, MANY);
}

START_TEST(ten_thousand_entries)
{
	static const struct geometry geometry = {4096, 1024, 256, 0xff};
	uint64_t dir, free_blocks;
	unsigned failed = 0;
	char name[40];
	struct rig rig;

	rig_open(&rig, &geometry, TWINFS_LFS_2_1, -1);
	dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
	free_blocks = rig_statfs(&rig).free;
	for (unsigned i = 0; i < MANY; i++) {
		uint64_t ino;

		make_name(name, shuffled(i, 3967));
		failed += twinfs_volume_create(rig.volume, dir, name, &ino) != 0;
	}
	ck_assert_uint_eq(failed, 0);
	expect_many(&rig, dir);
	rig_remount(&rig);
	dir = rig_find(&rig, "d");
	expect_many(&rig, dir);
	ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "d"), -ENOTEMPTY);
	for (unsigned i = 0; i < MANY; i++) {
		make_name(name, shuffled(i, 7333));
		failed += twinfs_volume_unlink(rig.volume, dir, name) != 0;
	}
	ck_assert_uint_eq(failed, 0);
	ck_assert_uint_eq(rig_statfs(&rig).files, 1);
	ck_assert_uint_eq(rig_stat(&rig, dir).blocks, 2);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
	rig_remount(&rig);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
	ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "d"), 0);
	rig_close(&rig);
}
END_TEST

RUN_CASES("v2_space", a_volume_grows, a_volume_shrinks_to_what_is_not_used,
	shrinking_uses_no_block_that_goes, every_copy_of_the_superblock_has_the_size,
	a_change_of_size_is_cut_anywhere, shrinking_keeps_promises, spare_blocks_stay_spare,
	version_1_has_the_size_of_its_partition, busy_pairs_move,
	a_busy_superblock_makes_room_for_itself, a_full_volume_lets_go, ten_thousand_entries)
