/* SPDX-License-Identifier: MIT */
/* test_v2_version.c - version 2.0 stays what it is, or becomes 2.1. */
#include "lfs/v2_disk.h"
#include "lib/log2.h"
#include "lib/suite.h"
#include "rig2.h"

static const struct geometry chip_512 = {512, 64, 16, 0xff};
static const uint32_t usual[3] = {255, 0x7fffffff, 1022};

/* Tags on the chip that version 2.0 does not know. */
static unsigned count_fcrc(struct rig *rig)
{
	uint32_t size = rig->chip.config.block_size;
	unsigned count = 0;

	for (uint64_t off = 0; off < chip_size(&rig->chip); off += size) {
		struct tw_v2_cursor cursor = TW_V2_BEGIN;
		struct tw_v2_log log = {0};
		struct tw_v2_item item;

		if (!tw_v2_scan(chip_bytes(&rig->chip) + off, size, &log))
			continue;
		while (tw_v2_next(&log, &cursor, &item))
			count += tw_v2_type(item.tag) == TW_V2_FCRC;
	}
	return count;
}

static uint32_t probed_version(struct rig *rig)
{
	struct twinfs_superblock superblock;

	ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&rig->chip), chip_size(&rig->chip), 0,
				 &superblock, NULL),
		0);
	return superblock.version;
}

START_TEST(version_2_0_stays_what_it_is)
{
	struct rig rig;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_0, 3);
	rig_make_some(&rig);
	rig_remount(&rig);
	rig_wear(&rig, TWINFS_ROOT_INO, 10);
	rig_expect_some(&rig);
	ck_assert_uint_eq(count_fcrc(&rig), 0);
	ck_assert_uint_eq(rig_statfs(&rig).version, TWINFS_LFS_2_0);
	ck_assert_uint_eq(probed_version(&rig), TWINFS_LFS_2_0);
	rig_close(&rig);
	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, 3);
	ck_assert_uint_gt(count_fcrc(&rig), 0);
	rig_close(&rig);
}
END_TEST

static int change_by_create(struct rig *rig)
{
	uint64_t ino;

	return twinfs_volume_create(rig->volume, TWINFS_ROOT_INO, "new", &ino);
}

static int change_by_attr(struct rig *rig)
{
	return twinfs_volume_set_attr(rig->volume, rig_find(rig, "dir"), 5, "v", 1, 0);
}

static int change_by_root_attr(struct rig *rig)
{
	return twinfs_volume_set_attr(rig->volume, TWINFS_ROOT_INO, 5, "v", 1, 0);
}

static int change_by_unlink(struct rig *rig)
{
	(void)rig_find(rig, "extra");
	return twinfs_volume_unlink(rig->volume, TWINFS_ROOT_INO, "extra");
}

static int change_by_content(struct rig *rig)
{
	return rig_put(rig, rig_find(rig, "extra"), 1000, 1);
}

static int change_by_resize(struct rig *rig)
{
	return twinfs_volume_resize(rig->volume, 64);
}

static int change_by_rename(struct rig *rig)
{
	return twinfs_volume_rename(rig->volume, TWINFS_ROOT_INO, "extra", rig_find(rig, "dir"),
		"moved", 0);
}

START_TEST(the_first_change_makes_it_2_1)
{
	static int (*const changes[])(struct rig *) = {change_by_create, change_by_attr,
		change_by_root_attr, change_by_unlink, change_by_content, change_by_resize,
		change_by_rename};

	for (size_t i = 0; i < 2 * COUNT(changes); i++) {
		uint8_t *before;
		struct rig rig;

		/* also with the superblock in several pairs */
		rig_open(&rig, &chip_512, TWINFS_LFS_2_0, i % 2 ? 1 : -1);
		rig_make_some(&rig);
		(void)rig_create(&rig, TWINFS_ROOT_INO, "extra");
		rig_wear(&rig, TWINFS_ROOT_INO, 8);
		before = malloc(chip_size(&rig.chip));
		ck_assert_ptr_nonnull(before);
		memcpy(before, chip_bytes(&rig.chip), chip_size(&rig.chip));
		rig.chip.config.flags = TWINFS_VOLUME_UPGRADE;
		rig_remount(&rig);
		rig_expect_some(&rig);
		ck_assert_int_eq(twinfs_volume_sync_all(rig.volume), 0);
		ck_assert_uint_eq(rig_statfs(&rig).version, TWINFS_LFS_2_0);
		ck_assert(!memcmp(before, chip_bytes(&rig.chip), chip_size(&rig.chip)));
		ck_assert_int_eq(changes[i / 2](&rig), 0);
		ck_assert_uint_eq(rig_statfs(&rig).version, TWINFS_LFS_2_1);
		ck_assert_uint_eq(probed_version(&rig), TWINFS_LFS_2_1);
		ck_assert_uint_gt(count_fcrc(&rig), 0);
		rig.chip.config.flags = 0;
		rig_remount(&rig);
		rig_expect_some(&rig);
		(void)rig_create(&rig, TWINFS_ROOT_INO, "after");
		rig_close(&rig);
		free(before);
	}
}
END_TEST

/* Programs and erases of creating @name in @dir. */
static struct twinfs_flash_stats cost_of_create(struct rig *rig, uint64_t dir, const char *name)
{
	struct twinfs_flash_stats before, after;

	twinfs_flash_stats(rig->chip.flash, &before);
	(void)rig_create(rig, dir, name);
	twinfs_flash_stats(rig->chip.flash, &after);
	after.programs -= before.programs;
	after.erases -= before.erases;
	return after;
}

/* A log that does not vouch for what follows it is written anew, once. */
START_TEST(pairs_become_2_1_when_they_are_changed)
{
	struct rig rig;
	uint64_t dir;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_0, -1);
	(void)rig_mkdir(&rig, TWINFS_ROOT_INO, "dir");
	rig.chip.config.flags = TWINFS_VOLUME_UPGRADE;
	rig_remount(&rig);
	dir = rig_find(&rig, "dir");
	ck_assert_uint_eq(cost_of_create(&rig, dir, "a").erases, 2); /* the superblock, too */
	ck_assert_uint_eq(cost_of_create(&rig, dir, "b").erases, 0);
	ck_assert_uint_eq(cost_of_create(&rig, dir, "c").programs, 1);
	ck_assert_uint_eq(cost_of_create(&rig, TWINFS_ROOT_INO, "d").erases, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_log_without_fcrc_is_not_added_to)
{
	for (unsigned has_fcrc = 0; has_fcrc < 2; has_fcrc++) {
		struct log2 made;
		struct rig rig;

		chip_init(&rig.chip, &chip_512);
		log2_begin(&made, chip_bytes(&rig.chip), 512, 16, 1);
		made.has_fcrc = has_fcrc;
		log2_superblock(&made, TWINFS_LFS_2_1, 64, usual);
		log2_commit(&made);
		rig.volume = chip_mount(&rig.chip);
		ck_assert_uint_eq(cost_of_create(&rig, TWINFS_ROOT_INO, "a").erases, !has_fcrc);
		ck_assert_uint_eq(cost_of_create(&rig, TWINFS_ROOT_INO, "b").erases, 0);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(an_upgrade_is_cut_anywhere)
{
	int rc = -ESHUTDOWN;

	for (uint64_t at = 1; rc; at++) {
		struct rig rig;

		rig_open(&rig, &chip_512, TWINFS_LFS_2_0, -1);
		rig_make_some(&rig);
		rig.chip.config.flags = TWINFS_VOLUME_UPGRADE;
		rig_remount(&rig);
		rig.chip.trouble =
			(struct trouble){.cut_at = at, .torn_eighths = (unsigned)(at % 9)};
		rc = change_by_create(&rig);
		ck_assert(rc == 0 || rc == -ESHUTDOWN);
		chip_heal(&rig.chip);
		rig_remount(&rig);
		rig_expect_some(&rig);
		ck_assert_int_eq(twinfs_volume_repair(rig.volume), 0);
		ck_assert_uint_eq(probed_version(&rig), TWINFS_LFS_2_1);
		rig_close(&rig);
		ck_assert_uint_lt(at, 100);
	}
}
END_TEST

RUN_CASES("v2_version", version_2_0_stays_what_it_is, the_first_change_makes_it_2_1,
	pairs_become_2_1_when_they_are_changed, a_log_without_fcrc_is_not_added_to,
	an_upgrade_is_cut_anywhere)
