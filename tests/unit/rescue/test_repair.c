/* SPDX-License-Identifier: MIT */
/*
 * test_repair.c - what a repair does besides bringing back files: nothing without need,
 * the limits of the old volume, and what has no room.
 */
#include <twinfs/repair.h>

#include "base/bytes.h"
#include "lfs/format.h"
#include "lib/suite.h"
#include "rig.h"

static const uint32_t formats[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_1, TWINFS_LFS_2_0};

static struct twinfs_repair *repair(struct rig *rig)
{
	struct twinfs_repair *repair = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_repair_new(rig->chip.flash, &rig->chip.config, &repair, &err);

	ck_assert_msg(rc == 0, "%d %s", rc, err.text);
	return repair;
}

/* Puts the result into the place of what it was made of, and mounts that. */
static void take(struct rig *rig, struct twinfs_repair *repair)
{
	const struct twinfs_repair_result *result = twinfs_repair_result(repair);

	ck_assert_ptr_nonnull(result->bytes);
	ck_assert_uint_eq(result->size, rig->chip.config.size);
	memcpy(chip_bytes(&rig->chip), result->bytes, result->size);
	twinfs_repair_free(repair);
	twinfs_volume_unmount(rig->volume);
	rig->volume = chip_mount(&rig->chip);
}

/* Nothing is rebuilt that is in order, whatever is told of it. */
START_TEST(test_nothing_wrong)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct twinfs_repair *done;
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_mkdir(&rig, "/d");
		rig_write(&rig, "/d/f", 1300, 1);
		rig.chip.config.block_size = 0;
		rig.chip.config.disk_version = 0;
		done = repair(&rig);
		ck_assert_int_eq(twinfs_repair_result(done)->kind, TWINFS_REPAIR_NOTHING);
		ck_assert_ptr_null(twinfs_repair_result(done)->bytes);
		twinfs_repair_free(done);
		rig_close(&rig);
	}
}
END_TEST

/* A file may hold what looks like metadata with a wrong bit: a dump of a flash, for one. */
START_TEST(test_content_like_metadata)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct twinfs_repair *done;
		uint64_t ino;
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", BLOCK, 1);
		ino = rig_find(&rig, "/f");
		ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
		ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, chip_bytes(&rig.chip) + BLOCK,
					 BLOCK, 0),
			BLOCK);
		ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
		twinfs_volume_close(rig.volume, ino);
		rig_look(&rig);
		rig_flip(&rig, rig_version(&rig, "/f", 1)->head, 40);
		done = repair(&rig);
		ck_assert_int_eq(twinfs_repair_result(done)->kind, TWINFS_REPAIR_NOTHING);
		ck_assert_uint_eq(twinfs_repair_result(done)->mended_bits, 0);
		twinfs_repair_free(done);
		rig_close(&rig);
	}
}
END_TEST

/*
 * Limits that the superblock says stay: a device refuses a volume with others than its own,
 * and names as long as they allow come along.
 */
START_TEST(test_limits)
{
	char name[301] = "/";
	struct rig rig;
	struct twinfs_superblock limits = {TWINFS_LFS_2_1, BLOCK, BLOCKS, 300, 5000, 40}, found;
	uint64_t ino;

	rig_open(&rig, TWINFS_LFS_2_1, -1);
	twinfs_volume_unmount(rig.volume);
	ck_assert_int_eq(tw_format(rig.chip.flash, &rig.chip.config, &limits, NULL), 0);
	rig.volume = chip_mount(&rig.chip);
	memset(name + 1, 'n', sizeof(name) - 2);
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, name + 1, &ino), 0);
	rig_mkdir(&rig, "/d");
	rig_write(&rig, "/d/f", 1300, 1);
	rig_look(&rig);
	for (int half = 0; half < 2; half++)
		rig_erase(&rig, rig_version(&rig, "/d", 1)->pair[half]);
	take(&rig, repair(&rig));
	rig_find(&rig, name);
	ck_assert_int_eq(twinfs_volume_probe(chip_bytes(&rig.chip), rig.chip.config.size, BLOCK,
				 &found, NULL),
		0);
	ck_assert_uint_eq(found.name_max, 300);
	ck_assert_uint_eq(found.file_max, 5000);
	ck_assert_uint_eq(found.attr_max, 40);
	rig_close(&rig);
}
END_TEST

/* How many have @fate, a place and a reason. */
static size_t count_fate(const struct twinfs_repair_result *result, enum twinfs_fate fate)
{
	size_t count = 0;

	for (size_t i = 0; i < result->count; i++)
		count += result->objects[i].fate == fate && result->objects[i].path[0] &&
			 result->objects[i].why[0];
	return count;
}

/* Each free block is left over from some file, as far as anybody can tell. */
static void fill_erased(struct rig *rig)
{
	uint64_t random = 5;

	for (uint32_t block = 0; block < BLOCKS; block++) {
		uint8_t *bytes = chip_bytes(&rig->chip) + block * BLOCK;

		if (!memcmp(bytes, "\xff\xff\xff\xff\xff\xff\xff\xff", 8))
			for (uint32_t k = 0; k < BLOCK; k++)
				bytes[k] = (uint8_t)test_random(&random);
	}
}

/*
 * Chains that nothing names come back as long as there is room: what is sure goes first,
 * and what is left out is said to be.
 */
START_TEST(test_no_room)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct twinfs_repair_result *result;
		struct twinfs_repair *done;
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/sure", 3000, 1);
		rig_mkdir(&rig, "/d");
		rig_write(&rig, "/d/f", 700, 2);
		rig_look(&rig);
		for (int half = 0; half < 2; half++)
			rig_erase(&rig, rig_version(&rig, "/d", 1)->pair[half]);
		fill_erased(&rig);
		done = repair(&rig);
		result = twinfs_repair_result(done);
		ck_assert_int_eq(result->kind, TWINFS_REPAIR_REBUILT);
		ck_assert_uint_ge(count_fate(result, TWINFS_FATE_LEFT_OUT), 1);
		ck_assert_uint_eq(count_fate(result, TWINFS_FATE_LEFT_OUT),
			result->files[TWINFS_FATE_LEFT_OUT]);
		ck_assert_uint_ge(result->files[TWINFS_FATE_FOUND], 10);
		take(&rig, done);
		rig_look(&rig);
		ck_assert(rig_is(&rig, rig_best(&rig, "/sure"), 3000, 1));
		rig_close(&rig);
	}
}
END_TEST

/* What was removed may come back in a directory that is damaged: then that is said. */
START_TEST(test_removed_before)
{
	const struct twinfs_repair_result *result;
	const struct twinfs_repaired *back = NULL;
	struct twinfs_repair *done;
	uint32_t pair[2];
	struct rig rig;

	rig_open(&rig, TWINFS_LFS_2_1, -1);
	rig_mkdir(&rig, "/d");
	rig_write(&rig, "/d/kept", 30, 1);
	rig_write(&rig, "/d/removed", 30, 2);
	rig_unlink(&rig, "/d/removed");
	rig_look(&rig);
	memcpy(pair, rig_version(&rig, "/d", 1)->pair, sizeof(pair));
	for (int half = 0; half < 2; half++)
		for (uint32_t off = 0; off < 4; off++)
			chip_bytes(&rig.chip)[pair[half] * BLOCK + off] ^= 0x55; /* the revision */
	done = repair(&rig);
	result = twinfs_repair_result(done);
	for (size_t i = 0; i < result->count; i++)
		if (!strcmp(result->objects[i].path, "/d/removed"))
			back = &result->objects[i];
	ck_assert_ptr_nonnull(back);
	ck_assert_int_eq(back->fate, TWINFS_FATE_RECOVERED);
	ck_assert_int_ge(back->sureness, TWINFS_LIKELY);
	ck_assert_ptr_nonnull(strstr(back->why, "may have been removed"));
	take(&rig, done);
	rig_find(&rig, "/d/kept");
	rig_close(&rig);
}
END_TEST

/* Where two contents of the chip differ first. */
static size_t first_difference(struct rig *rig, const uint8_t *before)
{
	size_t off = 0;

	while (chip_bytes(&rig->chip)[off] == before[off])
		off++;
	return off;
}

/* A wrong bit in the newest commit hides that: it is the newest again, and no error before. */
START_TEST(test_newest_commit)
{
	static uint8_t before[BLOCKS * BLOCK];

	for (size_t i = 0; i < COUNT(formats); i++) {
		struct twinfs_repair *done;
		struct rig rig;
		uint64_t ino;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/kept", 700, 1);
		rig_write(&rig, "/removed", 30, 2);
		memcpy(before, chip_bytes(&rig.chip), sizeof(before));
		rig_unlink(&rig, "/removed");
		chip_bytes(&rig.chip)[first_difference(&rig, before) + 2] ^= 4;
		twinfs_volume_unmount(rig.volume);
		rig.volume = chip_mount(&rig.chip);
		rig_find(&rig, "/removed");
		done = repair(&rig);
		ck_assert_int_eq(twinfs_repair_result(done)->kind, TWINFS_REPAIR_MENDED);
		take(&rig, done);
		ck_assert_int_eq(twinfs_volume_walk(rig.volume, "/removed", &ino), -ENOENT);
		rig_find(&rig, "/kept");
		rig_close(&rig);
	}
}
END_TEST

static const struct twinfs_repaired *find_object(const struct twinfs_repair *repair,
	enum twinfs_fate fate)
{
	const struct twinfs_repair_result *result = twinfs_repair_result(repair);

	for (size_t i = 0; i < result->count; i++)
		if (result->objects[i].fate == fate && result->objects[i].type == TWINFS_REG)
			return &result->objects[i];
	return NULL;
}

/* Nothing but the third leads to the second. */
static void lose_third_block(struct rig *rig, const char *path)
{
	uint32_t blocks[8];

	rig_look(rig);
	ck_assert_int_ge(twinfs_rescue_blocks(rig->rescue, rig_version(rig, path, 1), blocks, 8),
		4);
	memset(chip_bytes(&rig->chip) + blocks[2] * BLOCK, 0, BLOCK);
}

/* The rest of a file is worth more than the empty one it has been. */
START_TEST(test_never_was_more)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct twinfs_repaired *object;
		struct twinfs_repair *done;
		struct rig rig;
		uint64_t ino;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", 2400, 1);
		lose_third_block(&rig, "/f");
		done = repair(&rig);
		object = find_object(done, TWINFS_FATE_FOUND);
		ck_assert_ptr_nonnull(object);
		ck_assert_str_eq(object->was, "/f");
		ck_assert_uint_ge(object->lost_bytes, BLOCK);
		take(&rig, done);
		ck_assert_int_eq(twinfs_volume_walk(rig.volume, "/f", &ino), -ENOENT);
		rig_close(&rig);
	}
}
END_TEST

/* An older version takes the place of a file; what is left of the newest is kept, too. */
START_TEST(test_older_in_place)
{
	const struct twinfs_repaired *older, *newest;
	struct twinfs_repair *done;
	struct rig rig;

	rig_open(&rig, TWINFS_LFS_2_1, -1);
	rig_write(&rig, "/f", 1800, 1);
	rig_write(&rig, "/f", 2400, 2);
	lose_third_block(&rig, "/f");
	done = repair(&rig);
	older = find_object(done, TWINFS_FATE_RECOVERED);
	newest = find_object(done, TWINFS_FATE_FOUND);
	ck_assert_ptr_nonnull(older);
	ck_assert_str_eq(older->path, "/f");
	ck_assert_uint_eq(older->size, 1800);
	ck_assert_ptr_nonnull(newest);
	ck_assert_uint_eq(newest->size, 2400);
	ck_assert_uint_ge(newest->lost_bytes, BLOCK);
	take(&rig, done);
	rig_close(&rig);
}
END_TEST

RUN_CASES("repair", test_nothing_wrong, test_content_like_metadata, test_limits, test_no_room,
	test_removed_before, test_newest_commit, test_never_was_more, test_older_in_place)
