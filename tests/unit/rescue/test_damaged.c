/* SPDX-License-Identifier: MIT */
/*
 * test_damaged.c - what is found where metadata is damaged.
 */
#include "lib/suite.h"
#include "rig.h"

static const uint32_t formats[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_1, TWINFS_LFS_2_0};

/* The block that the newest version of @path is said in. */
static uint32_t block_of(struct rig *rig, const char *path)
{
	rig_look(rig);
	return rig_version(rig, path, 1)->block;
}

/* Two files in a directory, each written twice. */
static void make_tree(struct rig *rig, uint32_t version)
{
	rig_open(rig, version, -1);
	rig_mkdir(rig, "/d");
	rig_mkdir(rig, "/d/e");
	rig_write(rig, "/d/e/f", 1300, 1);
	rig_write(rig, "/d/g", 30, 2);
	rig_write(rig, "/d/g", 31, 3);
	rig_look(rig);
	ck_assert_uint_eq(twinfs_rescue_damage_count(rig->rescue), 0);
	ck_assert_uint_eq(twinfs_rescue_tree_count(rig->rescue), 4);
}

static void expect_tree(struct rig *rig, const char *top)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/e/f", top);
	ck_assert_msg(rig_best(rig, path) != NULL, "%s", path);
	ck_assert(rig_is(rig, rig_best(rig, path), 1300, 1));
	(void)snprintf(path, sizeof(path), "%s/g", top);
	ck_assert_msg(rig_best(rig, path) != NULL, "%s", path);
	ck_assert(rig_is(rig, rig_best(rig, path), 31, 3));
}

/* The object of the best tree that is called @name, wherever it is. */
static const struct twinfs_version *best_called(struct rig *rig, const char *name)
{
	for (size_t i = 0; i < twinfs_rescue_tree_count(rig->rescue); i++) {
		const struct twinfs_version *version = twinfs_rescue_tree(rig->rescue, i);

		if (!strcmp(strrchr(version->path, '/') + 1, name))
			return version;
	}
	ck_abort_msg("%s is not in the tree", name);
	return NULL;
}

/* Version 1: the newer half is not valid, so the older one counts again. */
START_TEST(test_newer_half)
{
	struct rig rig;
	uint32_t block;

	make_tree(&rig, TWINFS_LFS_1_1);
	block = block_of(&rig, "/d/g");
	rig_flip(&rig, block, 8); /* of the tail: the entries can still be read */
	rig_look(&rig);
	ck_assert_uint_eq(rig_damage(&rig, TWINFS_DAMAGE_NEWER), 1);
	ck_assert(rig_is(&rig, rig_version(&rig, "/d/g", 1), 31, 3));
	ck_assert_int_eq(rig_version(&rig, "/d/g", 1)->sureness, TWINFS_GUESS);
	ck_assert(rig_is(&rig, rig_version(&rig, "/d/g", 2), 30, 2));
	ck_assert_int_eq(rig_version(&rig, "/d/g", 2)->sureness, TWINFS_SURE);
	ck_assert(rig_best(&rig, "/d/g") == rig_version(&rig, "/d/g", 2));
	rig_close(&rig);
}
END_TEST

/* Version 2: a commit is damaged, and others follow it. */
START_TEST(test_behind_a_damaged_commit)
{
	const struct twinfs_version *version;
	struct rig rig;

	rig_open(&rig, TWINFS_LFS_2_1, -1);
	for (unsigned i = 1; i <= 4; i++)
		rig_write(&rig, "/f", 20, i);
	rig_look(&rig);
	version = rig_version(&rig, "/f", 3); /* the second content */
	ck_assert(rig_is(&rig, version, 20, 2));
	rig_flip(&rig, version->block, (uint32_t)(version->addr % BLOCK));
	rig_look(&rig);
	ck_assert_uint_eq(rig_damage(&rig, TWINFS_DAMAGE_NEWER), 1);
	ck_assert_uint_eq(rig_seek(&rig, "/f", 20, 2), 0);
	ck_assert_uint_gt(rig_seek(&rig, "/f", 20, 4), 0);
	ck_assert_int_eq(rig_version(&rig, "/f", rig_seek(&rig, "/f", 20, 4))->sureness,
		TWINFS_GUESS);
	ck_assert_int_eq(rig_version(&rig, "/f", rig_seek(&rig, "/f", 20, 1))->sureness,
		TWINFS_SURE);
	rig_close(&rig);
}
END_TEST

/* Both blocks of a directory have a wrong checksum; their entries can be read. */
START_TEST(test_both_halves)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct twinfs_version *dir;
		uint32_t pair[2];
		struct rig rig;

		make_tree(&rig, formats[i]);
		dir = rig_version(&rig, "/d", 1);
		pair[0] = dir->pair[0];
		pair[1] = dir->pair[1];
		rig_flip(&rig, pair[0], 8);
		rig_flip(&rig, pair[1], 8);
		rig_look(&rig);
		ck_assert_uint_eq(rig_damage(&rig, TWINFS_DAMAGE_PAIR), 1);
		expect_tree(&rig, "/d");
		ck_assert_int_eq(rig_best(&rig, "/d/g")->sureness, TWINFS_GUESS);
		ck_assert(!rig_best(&rig, "/d/g")->is_current);
		rig_close(&rig);
	}
}
END_TEST

/* Nothing is left of a directory: what it led to has lost its name only. */
START_TEST(test_erased_directory)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct twinfs_version *dir, *best;
		struct rig rig;

		make_tree(&rig, formats[i]);
		dir = rig_version(&rig, "/d", 1);
		rig_erase(&rig, dir->pair[0]);
		rig_erase(&rig, dir->pair[1]);
		rig_look(&rig);
		ck_assert_uint_eq(rig_damage(&rig, TWINFS_DAMAGE_PAIR), 1);
		ck_assert_uint_ge(rig_damage(&rig, TWINFS_DAMAGE_UNREACHED), 1);
		best = best_called(&rig, "f");
		ck_assert(!best->is_placed && rig_is(&rig, best, 1300, 1));
		rig_close(&rig);
	}
}
END_TEST

/* Without a superblock, of version 2 with the root that is in the same blocks. */
START_TEST(test_superblock)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct twinfs_superblock superblock;
		struct rig rig;
		char path[64];

		make_tree(&rig, formats[i]);
		rig_erase(&rig, 0);
		rig_erase(&rig, 1);
		rig.chip.config.block_size = 0;
		rig.chip.config.disk_version = 0;
		rig_look(&rig);
		ck_assert(!twinfs_rescue_superblock(rig.rescue, &superblock));
		ck_assert_uint_eq(superblock.block_size, BLOCK);
		ck_assert_uint_eq(superblock.version >> 16, formats[i] >> 16);
		ck_assert_uint_eq(rig_damage(&rig, TWINFS_DAMAGE_SUPERBLOCK), 1);
		(void)snprintf(path, sizeof(path), "%s", best_called(&rig, "g")->path);
		*strrchr(path, '/') = '\0';
		expect_tree(&rig, path);
		rig_close(&rig);
	}
}
END_TEST

/* The content of a file in force is damaged: an older version takes its place. */
START_TEST(test_substitute)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", 1400, 1);
		rig_write(&rig, "/f", 1500, 2);
		rig_look(&rig);
		rig_erase(&rig, rig_version(&rig, "/f", 1)->head);
		rig_look(&rig);
		ck_assert_uint_eq(rig_damage(&rig, TWINFS_DAMAGE_FILE), 1);
		ck_assert_int_eq(rig_version(&rig, "/f", 1)->sureness, TWINFS_OVERWRITTEN);
		ck_assert(rig_version(&rig, "/f", 1)->is_current);
		ck_assert(rig_is(&rig, rig_best(&rig, "/f"), 1400, 1));
		rig_close(&rig);
	}
}
END_TEST

/*
 * A pointer leads astray, and a device gets around it by another one: the file is what it
 * was, and no older version takes its place. One that is erased does not come back.
 */
START_TEST(test_around_a_pointer)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		uint32_t blocks[5];
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", 30, 1);
		rig_write(&rig, "/f", 2300, 2);
		rig_look(&rig);
		ck_assert_int_eq(twinfs_rescue_blocks(rig.rescue, rig_version(&rig, "/f", 1),
					 blocks, 5),
			5);
		memset(chip_bytes(&rig.chip) + blocks[3] * BLOCK, 0xfe, 4);
		rig_look(&rig);
		ck_assert(rig_version(&rig, "/f", 1)->is_current);
		ck_assert_int_eq(rig_version(&rig, "/f", 1)->sureness, TWINFS_OVERWRITTEN);
		ck_assert(rig_best(&rig, "/f") == rig_version(&rig, "/f", 1));
		ck_assert(rig_is(&rig, rig_best(&rig, "/f"), 2300, 2));
		rig_erase(&rig, blocks[3]);
		rig_look(&rig);
		ck_assert(rig_is(&rig, rig_best(&rig, "/f"), 30, 1));
		rig_close(&rig);
	}
}
END_TEST

static void read_all(struct rig *rig)
{
	static uint8_t data[1 << 16];

	for (size_t i = 0; i < twinfs_rescue_count(rig->rescue); i++) {
		const struct twinfs_version *version = twinfs_rescue_version(rig->rescue, i);
		uint32_t blocks[4];

		(void)twinfs_rescue_read(rig->rescue, version, data, sizeof(data), 0);
		(void)twinfs_rescue_read(rig->rescue, version, data, 100,
			version->size ? version->size - 1 : 0);
		(void)twinfs_rescue_blocks(rig->rescue, version, blocks, COUNT(blocks));
		ck_assert(!version->path || version->path[0] == '/');
		ck_assert_ptr_nonnull(version->why);
	}
}

/* Any bytes: something is found or not, and nothing is read that is not there. */
START_TEST(test_hostile)
{
	uint64_t random = test_seed(1);

	for (unsigned turn = 0; turn < 600; turn++) {
		struct rig rig;

		make_tree(&rig, formats[turn % COUNT(formats)]);
		for (unsigned k = 0; k < 1 + turn / 10; k++)
			chip_bytes(&rig.chip)[test_random(&random) % (12 * BLOCK)] =
				(uint8_t)test_random(&random);
		rig_look(&rig);
		read_all(&rig);
		rig_close(&rig);
	}
}
END_TEST

RUN_CASES("damaged", test_newer_half, test_behind_a_damaged_commit, test_both_halves,
	test_erased_directory, test_superblock, test_substitute, test_around_a_pointer,
	test_hostile)
