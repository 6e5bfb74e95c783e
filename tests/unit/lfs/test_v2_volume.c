/* SPDX-License-Identifier: MIT */
/* test_v2_volume.c - limits, names, trees and geometries of version 2 volumes. */
#include <linux/fs.h>

#include "lfs/v2_disk.h"
#include "lib/log2.h"
#include "lib/suite.h"
#include "rig2.h"

static const struct geometry chip_512 = {512, 64, 16, 0xff};
static const uint32_t usual[3] = {255, 0x7fffffff, 1022};

/* ---- limits ---- */

START_TEST(limits_of_the_superblock_hold)
{
	static const uint32_t limits[3] = {8, 100, 20};
	char value[32] = "123456789012345678901";
	struct log2 made;
	struct rig rig;
	uint64_t ino;

	chip_init(&rig.chip, &chip_512);
	log2_begin(&made, chip_bytes(&rig.chip), 512, 16, 1);
	log2_superblock(&made, TWINFS_LFS_2_1, 64, limits);
	log2_commit(&made);
	rig.volume = chip_mount(&rig.chip);
	ck_assert_uint_eq(rig_statfs(&rig).name_max, 8);
	ck_assert_uint_eq(rig_statfs(&rig).attr_max, 20);
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, "ninebytes", &ino),
		-ENAMETOOLONG);
	ck_assert_int_eq(twinfs_volume_mkdir(rig.volume, TWINFS_ROOT_INO, "ninebytes", &ino),
		-ENAMETOOLONG);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "8 bytes!");
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "8 bytes!",
				 TWINFS_ROOT_INO, "ninebytes", 0),
		-ENAMETOOLONG);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 1, value, 21, 0), -E2BIG);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 1, value, 20, 0), 0);
	ck_assert_int_eq(rig_put(&rig, ino, 100, 1), 0);
	ck_assert_int_eq(rig_put(&rig, ino, 101, 1), -EFBIG);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_truncate(rig.volume, ino, 101), -EFBIG);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, 100), -EFBIG);
	twinfs_volume_close(rig.volume, ino);
	/* they stay what they are when the superblock is written */
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 60), 0);
	rig_remount(&rig);
	ck_assert_uint_eq(rig_statfs(&rig).name_max, 8);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 60);
	rig_expect(&rig, rig_find(&rig, "8 bytes!"), 100, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(names_fit_a_block)
{
	static const uint32_t blocks[] = {128, 256, 512, 4096};
	char name[TWINFS_NAME_MAX + 1];

	for (size_t i = 0; i < COUNT(blocks); i++) {
		/* name, its tag, the tag of what it is, and what a pair keeps free */
		uint32_t most = blocks[i] - 40 - 8;
		struct geometry geometry = {blocks[i], 64, 16, 0xff};
		struct rig rig;

		rig_open(&rig, &geometry, TWINFS_LFS_2_1, -1);
		for (uint32_t len = 60; len <= TWINFS_NAME_MAX; len += len < 90 ? 1 : 11) {
			uint64_t ino;
			int rc;

			memset(name, 'n', len);
			name[len] = '\0';
			rc = twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, name, &ino);
			ck_assert_msg(rc == (len <= most ? 0 : -ENAMETOOLONG), "%u: %d", len, rc);
			if (!rc)
				ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO,
							 name),
					0);
			/* a directory has a pair to name */
			rc = twinfs_volume_mkdir(rig.volume, TWINFS_ROOT_INO, name, &ino);
			ck_assert_msg(rc == (len + 8 <= most ? 0 : -ENAMETOOLONG), "%u: %d", len,
				rc);
			if (!rc)
				ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO,
							 name),
					0);
		}
		rig_close(&rig);
	}
}
END_TEST

/* ---- trees ---- */

START_TEST(directories_are_renamed)
{
	struct rig rig;
	uint64_t a, b, c, ino, free_blocks;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	a = rig_mkdir(&rig, TWINFS_ROOT_INO, "a");
	b = rig_mkdir(&rig, a, "b");
	rig_make_some(&rig);
	c = rig_mkdir(&rig, b, "c");
	ino = rig_create(&rig, c, "f");
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", a, "x", 0),
		-EINVAL);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", c, "x", 0),
		-EINVAL);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, a, "b", c, "x", 0), -EINVAL);
	/* not over one that is not empty; over one that is, whose blocks come back */
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, a, "b", TWINFS_ROOT_INO, "dir", 0),
		-ENOTEMPTY);
	free_blocks = rig_statfs(&rig).free;
	(void)rig_mkdir(&rig, TWINFS_ROOT_INO, "e");
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, a, "b", TWINFS_ROOT_INO, "e",
				 RENAME_NOREPLACE),
		-EEXIST);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, a, "b", TWINFS_ROOT_INO, "e", 0), 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
	ck_assert_uint_eq(rig_find(&rig, "e/c/f"), ino);
	ck_assert_uint_eq(rig_stat(&rig, a).links, 2);
	/* a directory of several pairs, below another */
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "dir", c, "dir", 0), 0);
	rig_remount(&rig);
	(void)rig_find(&rig, "e/c/f");
	rig_expect(&rig, rig_find(&rig, "e/c/dir/file-number-19"), 19 * 30, 19);
	ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, "dir", &ino), -ENOENT);
	ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "a"), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(deep_trees)
{
	enum {
		DEPTH = 80,
	};
	struct geometry geometry = {512, 4 * DEPTH, 16, 0xff};
	uint64_t dirs[DEPTH + 1] = {TWINFS_ROOT_INO}, free_blocks, ino;
	char path[4 * DEPTH];
	struct rig rig;
	int used;

	rig_open(&rig, &geometry, TWINFS_LFS_2_1, 2);
	(void)rig_mkdir(&rig, TWINFS_ROOT_INO, "elsewhere");
	free_blocks = rig_statfs(&rig).free;
	for (unsigned i = 0; i < DEPTH; i++)
		dirs[i + 1] = rig_mkdir(&rig, dirs[i], "d");
	ino = rig_create(&rig, dirs[DEPTH], "f");
	ck_assert_int_eq(rig_put(&rig, ino, 700, 3), 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks - 2 * DEPTH - 2);
	/* pairs that move tell their parents, which move */
	for (unsigned i = 0; i < DEPTH; i++)
		rig_wear(&rig, dirs[i + 1], 3);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "d",
				 rig_find(&rig, "elsewhere"), "moved", 0),
		0);
	rig_remount(&rig);
	used = snprintf(path, sizeof(path), "elsewhere/moved");
	for (unsigned i = 1; i < DEPTH; i++)
		used += snprintf(path + used, sizeof(path) - (size_t)used, "/d");
	(void)snprintf(path + used, sizeof(path) - (size_t)used, "/f");
	rig_expect(&rig, rig_find(&rig, path), 700, 3);
	rig_wear(&rig, TWINFS_ROOT_INO, 9);
	rig_close(&rig);
}
END_TEST

/* A directory whose first pair has no names, as other writers leave it; hard tails go on. */
START_TEST(hard_tails)
{
	static const char *const names[] = {"a", "b0", "m", "z", "zz"};
	struct log2 made;
	struct rig rig;
	uint64_t dir;

	chip_init(&rig.chip, &chip_512);
	log2_begin(&made, chip_bytes(&rig.chip), 512, 16, 1);
	log2_superblock(&made, TWINFS_LFS_2_1, 64, usual);
	log2_tag(&made, 0x002, 1, "d", 1);
	log2_words(&made, 0x200, 1, 2, 3);
	log2_words(&made, 0x600, LOG2_PAIR, 3, 2);
	log2_commit(&made);
	for (uint32_t i = 0; i < 3; i++) { /* {2, 3} empty, {4, 5} with "b" and "m", {6, 7} "z" */
		log2_begin(&made, chip_bytes(&rig.chip) + (2 + 2 * i) * 512, 512, 16, 1);
		if (i == 1)
			log2_file(&made, 1, "m", "content of m");
		if (i == 1)
			log2_file(&made, 0, "b", "");
		if (i == 2)
			log2_file(&made, 0, "z", "");
		if (i < 2)
			log2_words(&made, 0x601, LOG2_PAIR, 4 + 2 * i, 5 + 2 * i);
		log2_commit(&made);
	}
	rig.volume = chip_mount(&rig.chip);
	dir = rig_find(&rig, "d");
	ck_assert_uint_eq(rig_stat(&rig, dir).blocks, 6);
	ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "d/m")).size, 12);
	(void)rig_create(&rig, dir, "a");
	(void)rig_create(&rig, dir, "zz");
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, dir, "b", dir, "b0", 0), 0);
	rig_remount(&rig);
	dir = rig_find(&rig, "d");
	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_int_eq(twinfs_volume_unlink(rig.volume, dir, names[i]), 0);
	ck_assert_uint_eq(rig_stat(&rig, dir).blocks, 2);
	ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "d"), 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, 62);
	rig_close(&rig);
}
END_TEST

/* The first pair of a directory may become empty while others go on. */
START_TEST(an_emptied_first_pair)
{
	char name[64];

	for (unsigned turn = 0; turn < 2; turn++) {
		struct rig rig;
		uint64_t dir = TWINFS_ROOT_INO, ino;

		rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
		if (turn)
			dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
		for (unsigned i = 0; i < 30; i++) {
			(void)snprintf(name, sizeof(name), "k%02u-of-some-length-that-fills", i);
			(void)rig_create(&rig, dir, name);
		}
		ck_assert_uint_gt(rig_stat(&rig, dir).blocks, 4);
		for (unsigned i = 0; i < 30; i++) {
			(void)snprintf(name, sizeof(name), "k%02u-of-some-length-that-fills", i);
			ck_assert_int_eq(twinfs_volume_unlink(rig.volume, dir, name), 0);
			(void)snprintf(name, sizeof(name), "k%02u-after", i);
			(void)rig_create(&rig, dir, name);
			if (i % 3)
				ck_assert_int_eq(twinfs_volume_unlink(rig.volume, dir, name), 0);
			(void)snprintf(name, sizeof(name), "%c", "azm"[i % 3]);
			(void)rig_create(&rig, dir, name);
			verify_format(&rig.chip, false);
			ck_assert_int_eq(twinfs_volume_unlink(rig.volume, dir, name), 0);
		}
		for (unsigned i = 0; i < 30; i++) {
			(void)snprintf(name, sizeof(name), "k%02u-after", i);
			ck_assert_int_eq(twinfs_volume_lookup(rig.volume, dir, name, &ino),
				i % 3 ? -ENOENT : 0);
		}
		rig_close(&rig);
	}
}
END_TEST

/* ---- geometries ---- */

START_TEST(all_sizes_of_blocks_and_programs)
{
	static const struct geometry geometries[] = {{128, 512, 1, 0xff}, {128, 512, 128, 0xff},
		{512, 128, 16, 0}, {512, 128, 512, 0xff}, {4096, 64, 256, 0xff},
		{4096, 64, 2048, 0xff}, {4096, 64, 4096, 0}, {65536, 24, 16, 0xff},
		{65536, 24, 65536, 0xff}, {131072, 16, 4096, 0xff}, {131072, 16, 131072, 0xff}};

	for (size_t i = 0; i < COUNT(geometries); i++) {
		struct twinfs_superblock superblock;
		uint64_t dir, ino;
		struct rig rig;

		rig_open(&rig, &geometries[i], i % 2 ? TWINFS_LFS_2_0 : TWINFS_LFS_2_1, 4);
		ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&rig.chip), chip_size(&rig.chip), 0,
					 &superblock, NULL),
			0);
		ck_assert_uint_eq(superblock.block_size, geometries[i].block_size);
		ck_assert_uint_eq(superblock.block_count, geometries[i].block_count);
		dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
		for (unsigned k = 0; k < 12; k++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "f%u", k);
			ino = rig_create(&rig, k % 2 ? dir : TWINFS_ROOT_INO, name);
			ck_assert_int_eq(rig_put(&rig, ino, k * k * 9, k), 0);
			ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 1, name, 2, 0), 0);
		}
		ino = rig_create(&rig, dir, "large");
		ck_assert_int_eq(rig_put(&rig, ino, 3 * geometries[i].block_size, 99), 0);
		rig_remount(&rig);
		dir = rig_find(&rig, "d");
		rig_expect(&rig, rig_find(&rig, "d/f11"), 11 * 11 * 9, 11);
		rig_expect(&rig, rig_find(&rig, "d/large"), 3 * geometries[i].block_size, 99);
		ck_assert_int_eq(twinfs_volume_rename(rig.volume, dir, "f11", TWINFS_ROOT_INO, "f0",
					 0),
			0);
		rig_wear(&rig, dir, 8);
		rig_remount(&rig);
		rig_expect(&rig, rig_find(&rig, "f0"), 11 * 11 * 9, 11);
		rig_close(&rig);
	}
}
END_TEST

/* Whatever was there before, an image is what it was formatted as last. */
START_TEST(formatted_anew)
{
	static const struct {
		uint32_t version, block_size;
	} forms[] = {{TWINFS_LFS_1_1, 512}, {TWINFS_LFS_2_1, 512}, {TWINFS_LFS_1_1, 4096},
		{TWINFS_LFS_2_0, 4096}, {TWINFS_LFS_2_1, 128}, {TWINFS_LFS_1_1, 128}};
	static const struct geometry geometry = {128, 1024, 16, 0xff};

	for (size_t i = 0; i < COUNT(forms) * COUNT(forms); i++) {
		size_t order[2] = {i / COUNT(forms), i % COUNT(forms)};
		struct rig rig;

		chip_init(&rig.chip, &geometry);
		for (unsigned turn = 0; turn < 2; turn++) {
			struct twinfs_superblock found;

			rig.chip.config.disk_version = forms[order[turn]].version;
			rig.chip.config.block_size = forms[order[turn]].block_size;
			rig.chip.config.block_cycles = 1;
			ck_assert_int_eq(twinfs_volume_format(rig.chip.flash, &rig.chip.config,
						 NULL),
				0);
			ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&rig.chip),
						 chip_size(&rig.chip), 0, &found, NULL),
				0);
			ck_assert_msg(found.version == forms[order[turn]].version &&
					      found.block_size == forms[order[turn]].block_size,
				"case %zu, turn %u", i, turn);
			rig.volume = chip_mount(&rig.chip);
			ck_assert_uint_eq(rig_statfs(&rig).files, 0);
			rig_make_some(&rig);
			rig_wear(&rig, TWINFS_ROOT_INO, 20);
			rig_remount(&rig);
			rig_expect_some(&rig);
			twinfs_volume_unmount(rig.volume);
			rig.volume = NULL;
		}
		rig_close(&rig);
	}
}
END_TEST

/* Once block 0 is written it counts, whatever an older volume has left in block 1. */
START_TEST(formatting_is_cut)
{
	static const struct {
		uint64_t cut_at;
		uint64_t files;
	} rows[] = {{1, 1}, {3, 0}, {4, 0}, {5, 0}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig rig;

		rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
		(void)rig_create(&rig, TWINFS_ROOT_INO, "f");
		rig_wear(&rig, TWINFS_ROOT_INO, i % 2 + 7); /* the newer one in either block */
		twinfs_volume_unmount(rig.volume);
		rig.chip.trouble = (struct trouble){.cut_at = rows[i].cut_at};
		ck_assert_int_eq(twinfs_volume_format(rig.chip.flash, &rig.chip.config, NULL),
			rows[i].cut_at < 5 ? -ESHUTDOWN : 0);
		chip_heal(&rig.chip);
		rig.volume = chip_mount(&rig.chip);
		ck_assert_msg(rig_statfs(&rig).files == rows[i].files, "row %zu", i);
		rig_close(&rig);
	}
}
END_TEST

RUN_CASES("v2_volume", limits_of_the_superblock_hold, names_fit_a_block, directories_are_renamed,
	deep_trees, hard_tails, an_emptied_first_pair, all_sizes_of_blocks_and_programs,
	formatted_anew, formatting_is_cut)
