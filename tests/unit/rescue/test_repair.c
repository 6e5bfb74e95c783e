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

RUN_CASES("repair", test_nothing_wrong, test_content_like_metadata, test_limits, test_no_room,
	test_removed_before)
