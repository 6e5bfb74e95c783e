/* SPDX-License-Identifier: MIT */
/*
 * rig2.h - a mounted volume of version 2 on a small chip, for tests of the
 * public calls. Every failure in here ends the test.
 */
#ifndef TEST_UNIT_LFS_RIG2_H
#define TEST_UNIT_LFS_RIG2_H

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/volume.h>

#include "lib/chip.h"
#include "lib/verify.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct rig {
	struct chip chip;
	struct twinfs_volume *volume;
};

/* Formats with @version and mounts; pairs move after @cycles erases. */
static inline void rig_open(struct rig *rig, const struct geometry *geometry, uint32_t version,
	int32_t cycles)
{
	chip_init(&rig->chip, geometry);
	rig->chip.config.disk_version = version;
	rig->chip.config.block_cycles = cycles;
	ck_assert_int_eq(twinfs_volume_format(rig->chip.flash, &rig->chip.config, NULL), 0);
	rig->volume = chip_mount(&rig->chip);
}

static inline void rig_remount(struct rig *rig)
{
	twinfs_volume_unmount(rig->volume);
	rig->volume = chip_mount(&rig->chip);
}

/* What is on the chip keeps to every rule, and nothing is left to repair. */
static inline void rig_close(struct rig *rig)
{
	twinfs_volume_unmount(rig->volume);
	verify_format(&rig->chip, false);
	chip_release(&rig->chip);
}

static inline uint64_t rig_find(struct rig *rig, const char *path)
{
	uint64_t ino;

	ck_assert_msg(twinfs_volume_walk(rig->volume, path, &ino) == 0, "%s", path);
	return ino;
}

static inline uint64_t rig_create(struct rig *rig, uint64_t dir, const char *name)
{
	uint64_t ino;
	int rc = twinfs_volume_create(rig->volume, dir, name, &ino);

	ck_assert_msg(rc == 0, "create %s: %d", name, rc);
	return ino;
}

static inline uint64_t rig_mkdir(struct rig *rig, uint64_t dir, const char *name)
{
	uint64_t ino;
	int rc = twinfs_volume_mkdir(rig->volume, dir, name, &ino);

	ck_assert_msg(rc == 0, "mkdir %s: %d", name, rc);
	return ino;
}

/* Bytes that differ from file to file and from place to place. */
static inline uint8_t rig_byte(uint64_t seed, uint64_t off)
{
	return (uint8_t)(seed * 31 + off * 7 + off / 251);
}

/* Makes the content @len bytes of @seed, and syncs it; a negative errno when it cannot. */
static inline int rig_put(struct rig *rig, uint64_t ino, uint32_t len, uint64_t seed)
{
	uint8_t *data = malloc(len + 1);
	int64_t rc;

	ck_assert_ptr_nonnull(data);
	for (uint32_t i = 0; i < len; i++)
		data[i] = rig_byte(seed, i);
	ck_assert_int_eq(twinfs_volume_open(rig->volume, ino), 0);
	rc = twinfs_volume_truncate(rig->volume, ino, 0);
	if (!rc)
		rc = twinfs_volume_write(rig->volume, ino, data, len, 0);
	if (rc >= 0)
		rc = twinfs_volume_sync(rig->volume, ino);
	if (rc)
		twinfs_volume_discard(rig->volume, ino);
	twinfs_volume_close(rig->volume, ino);
	free(data);
	return (int)rc;
}

/* Whether an open file holds @len bytes of @seed. */
static inline bool rig_holds(struct rig *rig, uint64_t ino, uint32_t len, uint64_t seed)
{
	uint8_t *data = malloc(len + 1);
	bool holds;

	ck_assert_ptr_nonnull(data);
	holds = twinfs_volume_read(rig->volume, ino, data, len + 1, 0) == len;
	for (uint32_t i = 0; holds && i < len; i++)
		holds = data[i] == rig_byte(seed, i);
	free(data);
	return holds;
}

static inline void rig_expect(struct rig *rig, uint64_t ino, uint32_t len, uint64_t seed)
{
	ck_assert_int_eq(twinfs_volume_open(rig->volume, ino), 0);
	ck_assert_msg(rig_holds(rig, ino, len, seed), "content of %u bytes, seed %u", len,
		(unsigned)seed);
	twinfs_volume_close(rig->volume, ino);
}

static inline struct twinfs_stat rig_stat(struct rig *rig, uint64_t ino)
{
	struct twinfs_stat stat;

	ck_assert_int_eq(twinfs_volume_stat(rig->volume, ino, &stat), 0);
	return stat;
}

static inline struct twinfs_statfs rig_statfs(struct rig *rig)
{
	struct twinfs_statfs statfs;

	ck_assert_int_eq(twinfs_volume_statfs(rig->volume, &statfs), 0);
	return statfs;
}

/* Programs and erases so far. */
static inline uint64_t rig_seq(struct rig *rig)
{
	struct twinfs_flash_stats stats;

	twinfs_flash_stats(rig->chip.flash, &stats);
	return stats.seq;
}

/* Writes to the pair of @dir until it has been written anew @times times at least. */
static inline void rig_wear(struct rig *rig, uint64_t dir, unsigned times)
{
	uint64_t before = 0;
	struct twinfs_flash_stats stats;

	twinfs_flash_stats(rig->chip.flash, &stats);
	before = stats.erases;
	while (stats.erases < before + times) {
		(void)rig_create(rig, dir, "wears-the-pair");
		ck_assert_int_eq(twinfs_volume_unlink(rig->volume, dir, "wears-the-pair"), 0);
		twinfs_flash_stats(rig->chip.flash, &stats);
	}
}

/* A directory of several pairs, with files of all sizes. */
static inline void rig_make_some(struct rig *rig)
{
	uint64_t dir = rig_mkdir(rig, TWINFS_ROOT_INO, "dir");
	char name[32];

	for (unsigned i = 0; i < 20; i++) {
		uint64_t ino;

		(void)snprintf(name, sizeof(name), "file-number-%u", i);
		ino = rig_create(rig, dir, name);
		ck_assert_int_eq(rig_put(rig, ino, i * 30, i), 0);
	}
}

static inline void rig_expect_some(struct rig *rig)
{
	char name[32];

	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "dir/file-number-%u", i);
		rig_expect(rig, rig_find(rig, name), i * 30, i);
	}
}

#endif
