/* SPDX-License-Identifier: MIT */
/*
 * rig.h - a small volume of either format, and what a rescue finds on its chip.
 * Every failure in here ends the test.
 */
#ifndef TEST_UNIT_RESCUE_RIG_H
#define TEST_UNIT_RESCUE_RIG_H

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/rescue.h>

#include "lib/chip.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define BLOCK        512u
#define BLOCKS       64u

struct rig {
	struct chip chip;
	struct twinfs_volume *volume;
	struct twinfs_rescue *rescue;
};

static inline void rig_open(struct rig *rig, uint32_t version, int32_t cycles)
{
	*rig = (struct rig){0};
	chip_init(&rig->chip, &(struct geometry){BLOCK, BLOCKS, 16, 0xff});
	rig->chip.config.disk_version = version;
	rig->chip.config.block_cycles = cycles;
	ck_assert_int_eq(twinfs_volume_format(rig->chip.flash, &rig->chip.config, NULL), 0);
	rig->volume = chip_mount(&rig->chip);
}

static inline void rig_close(struct rig *rig)
{
	twinfs_rescue_close(rig->rescue);
	twinfs_volume_unmount(rig->volume);
	chip_release(&rig->chip);
}

static inline uint64_t rig_find(struct rig *rig, const char *path)
{
	uint64_t ino;

	ck_assert_msg(twinfs_volume_walk(rig->volume, path, &ino) == 0, "%s", path);
	return ino;
}

/* The directory of @path, and its last name. */
static inline uint64_t rig_parent(struct rig *rig, const char *path, const char **ret_name)
{
	char parent[128];

	(void)snprintf(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';
	*ret_name = strrchr(path, '/') + 1;
	return rig_find(rig, parent);
}

static inline void rig_mkdir(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = rig_parent(rig, path, &name), ino;

	ck_assert_int_eq(twinfs_volume_mkdir(rig->volume, dir, name, &ino), 0);
}

/* Content number @seed: @len bytes, none of them 0xff. */
static inline void rig_fill(uint8_t *data, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)((seed * 31 + i * 7 + i / 251) % 255);
}

/* Makes the file what content number @seed is, from @from bytes on; 0 or the error. */
static inline int rig_try(struct rig *rig, const char *path, uint32_t from, uint32_t len,
	uint64_t seed)
{
	uint8_t data[8 * BLOCK];
	const char *name;
	uint64_t dir = rig_parent(rig, path, &name), ino;
	int rc = twinfs_volume_lookup(rig->volume, dir, name, &ino);
	int64_t done;

	if (rc == -ENOENT)
		rc = twinfs_volume_create(rig->volume, dir, name, &ino);
	if (!rc)
		rc = twinfs_volume_open(rig->volume, ino);
	if (rc)
		return rc;
	rig_fill(data, len, seed);
	rc = twinfs_volume_truncate(rig->volume, ino, from);
	done = rc ? rc : twinfs_volume_write(rig->volume, ino, data + from, len - from, from);
	rc = done < 0 ? (int)done : twinfs_volume_sync(rig->volume, ino);
	twinfs_volume_close(rig->volume, ino);
	return rc;
}

static inline void rig_write(struct rig *rig, const char *path, uint32_t len, uint64_t seed)
{
	int rc = rig_try(rig, path, 0, len, seed);

	ck_assert_msg(rc == 0, "write %s: %d", path, rc);
}

static inline void rig_rename(struct rig *rig, const char *from, const char *to)
{
	const char *name, *new_name;
	uint64_t dir = rig_parent(rig, from, &name), other = rig_parent(rig, to, &new_name);

	ck_assert_int_eq(twinfs_volume_rename(rig->volume, dir, name, other, new_name, 0), 0);
}

static inline void rig_unlink(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = rig_parent(rig, path, &name);

	ck_assert_int_eq(twinfs_volume_unlink(rig->volume, dir, name), 0);
}

/* Looks at the chip as it is now. */
static inline void rig_look(struct rig *rig)
{
	struct twinfs_error err = {0};
	int rc;

	twinfs_rescue_close(rig->rescue);
	rig->rescue = NULL;
	rc = twinfs_rescue_open(rig->chip.flash, &rig->chip.config, &rig->rescue, &err);
	ck_assert_msg(rc == 0, "%d %s", rc, err.text);
}

static inline size_t rig_count(struct rig *rig, const char *path)
{
	size_t first;

	return twinfs_rescue_find(rig->rescue, path, &first);
}

/* Version @number of @path, from 1. */
static inline const struct twinfs_version *rig_version(struct rig *rig, const char *path,
	size_t number)
{
	size_t first, count = twinfs_rescue_find(rig->rescue, path, &first);

	ck_assert_msg(number && number <= count, "%s has %zu versions", path, count);
	return twinfs_rescue_version(rig->rescue, first + number - 1);
}

/* Whether a version is content number @seed. */
static inline bool rig_is(struct rig *rig, const struct twinfs_version *version, uint32_t len,
	uint64_t seed)
{
	uint8_t data[8 * BLOCK], found[8 * BLOCK];

	rig_fill(data, len, seed);
	return version->size == len &&
	       twinfs_rescue_read(rig->rescue, version, found, sizeof(found), 0) == (int64_t)len &&
	       !memcmp(data, found, len);
}

/* The number of the version that is content number @seed; 0: none is. */
static inline size_t rig_seek(struct rig *rig, const char *path, uint32_t len, uint64_t seed)
{
	for (size_t i = 1; i <= rig_count(rig, path); i++)
		if (rig_is(rig, rig_version(rig, path, i), len, seed))
			return i;
	return 0;
}

static inline size_t rig_damage(struct rig *rig, enum twinfs_damage_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < twinfs_rescue_damage_count(rig->rescue); i++)
		count += twinfs_rescue_damage(rig->rescue, i)->kind == kind;
	return count;
}

/* The version of the best tree at @path; NULL. */
static inline const struct twinfs_version *rig_best(struct rig *rig, const char *path)
{
	for (size_t i = 0; i < twinfs_rescue_tree_count(rig->rescue); i++)
		if (!strcmp(twinfs_rescue_tree(rig->rescue, i)->path, path))
			return twinfs_rescue_tree(rig->rescue, i);
	return NULL;
}

/* Inverts a bit of the byte at @off of @block. */
static inline void rig_flip(struct rig *rig, uint32_t block, uint32_t off)
{
	chip_bytes(&rig->chip)[block * BLOCK + off] ^= 1;
}

static inline void rig_erase(struct rig *rig, uint32_t block)
{
	memset(chip_bytes(&rig->chip) + block * BLOCK, 0xff, BLOCK);
}

#endif
