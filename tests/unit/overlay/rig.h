/* SPDX-License-Identifier: MIT */
/*
 * rig.h - two small volumes in memory and the overlay of them, by path, for
 * the tests of this folder.
 *
 * Paths begin with '/'. What is asked and must succeed ends the test if not.
 */
#ifndef TW_TEST_OVERLAY_RIG_H
#define TW_TEST_OVERLAY_RIG_H

#include <check.h>
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/overlay.h>

#include "base/text.h"
#include "lib/chip.h"

#define COPY_NAME ".twinfs-copy-up"

struct rig {
	struct chip upper_chip, lower_chip;
	struct twinfs_volume *upper, *lower;
	struct twinfs_overlay *overlay;
	uint64_t root;          /* number of the overlay's root */
	const char *lower_path; /* NULL: the root */
	bool lower_changes;     /* the lower volume can be written after rig_start(), too */
	bool no_upper, no_lower;
};

/* ---- volumes by path ---- */

/* The directory of @path, and its last name. */
static inline uint64_t rig_parent(struct twinfs_volume *volume, const char *path,
	const char **ret_name)
{
	char parent[256];
	uint64_t dir;

	(void)snprintf(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';
	*ret_name = strrchr(path, '/') + 1;
	ck_assert_int_eq(twinfs_volume_walk(volume, parent, &dir), 0);
	return dir;
}

static inline void rig_put_bytes(struct twinfs_volume *volume, const char *path, const void *data,
	size_t len)
{
	const char *name;
	uint64_t dir = rig_parent(volume, path, &name), ino;

	ck_assert_int_eq(twinfs_volume_create(volume, dir, name, &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, data, len, 0), (int64_t)len);
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
}

/* A file of that text; or a directory when @text is NULL. */
static inline void rig_put(struct twinfs_volume *volume, const char *path, const char *text)
{
	const char *name;
	uint64_t dir = rig_parent(volume, path, &name), ino;

	if (text)
		rig_put_bytes(volume, path, text, strlen(text));
	else
		ck_assert_int_eq(twinfs_volume_mkdir(volume, dir, name, &ino), 0);
}

static inline bool rig_volume_has(struct twinfs_volume *volume, const char *path)
{
	uint64_t ino;

	return twinfs_volume_walk(volume, path, &ino) == 0;
}

/* ---- making ---- */

static inline struct twinfs_volume *rig_mount(struct chip *chip, unsigned flags)
{
	struct twinfs_volume_config config = chip->config;
	struct twinfs_volume *volume;

	config.flags |= flags;
	ck_assert_int_eq(twinfs_volume_mount(chip->flash, &config, &volume, NULL), 0);
	return volume;
}

/* Two empty volumes of these disk versions, mounted, both writable until rig_start(). */
static inline void rig_up_as(struct rig *rig, uint32_t upper_blocks, uint32_t upper_version,
	uint32_t lower_blocks, uint32_t lower_version)
{
	*rig = (struct rig){.root = 1000};
	chip_init(&rig->upper_chip, &(struct geometry){512, upper_blocks, 16, 0xff});
	chip_init(&rig->lower_chip, &(struct geometry){512, lower_blocks, 16, 0xff});
	rig->upper_chip.config.disk_version = upper_version;
	rig->lower_chip.config.disk_version = lower_version;
	ck_assert_int_eq(twinfs_volume_format(rig->upper_chip.flash, &rig->upper_chip.config, NULL),
		0);
	ck_assert_int_eq(twinfs_volume_format(rig->lower_chip.flash, &rig->lower_chip.config, NULL),
		0);
	rig->upper = chip_mount(&rig->upper_chip);
	rig->lower = chip_mount(&rig->lower_chip);
}

static inline void rig_up(struct rig *rig, uint32_t upper_blocks, uint32_t lower_blocks)
{
	rig_up_as(rig, upper_blocks, 0, lower_blocks, 0);
}

static inline void rig_stop(struct rig *rig)
{
	twinfs_overlay_free(rig->overlay);
	rig->overlay = NULL;
	twinfs_volume_unmount(rig->upper);
	twinfs_volume_unmount(rig->lower);
	rig->upper = rig->lower = NULL;
}

static inline void rig_make_overlay(struct rig *rig)
{
	struct twinfs_overlay_config config = {
		.upper = rig->no_upper ? NULL : rig->upper,
		.lower = rig->no_lower ? NULL : rig->lower,
		.lower_path = rig->lower_path,
		.lower_changes = rig->lower_changes,
		.first_ino = rig->root,
	};

	ck_assert_int_eq(twinfs_overlay_new(&config, &rig->overlay), 0);
}

/* Mounts both volumes anew, as after a restart, and lays one over the other. */
static inline void rig_start(struct rig *rig)
{
	if (rig->overlay)
		rig->root = twinfs_overlay_next_ino(rig->overlay);
	rig_stop(rig);
	chip_heal(&rig->upper_chip);
	rig->upper = rig_mount(&rig->upper_chip, 0);
	rig->lower = rig_mount(&rig->lower_chip, rig->lower_changes ? 0 : TWINFS_VOLUME_READ_ONLY);
	rig_make_overlay(rig);
}

static inline void rig_down(struct rig *rig)
{
	rig_stop(rig);
	chip_release(&rig->upper_chip);
	chip_release(&rig->lower_chip);
}

/* ---- the overlay by path ---- */

/* Finds @path; no reference is kept. 0 or the error of the first name that fails. */
static inline int rig_find(struct rig *rig, const char *path, struct twinfs_overlay_stat *ret_stat)
{
	char copy[256], *rest = copy, *name;
	struct twinfs_overlay_stat stat;
	uint64_t ino = rig->root;
	int rc;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	rc = twinfs_overlay_stat(rig->overlay, ino, &stat);
	while (!rc && (name = strsep(&rest, "/"))) {
		if (!*name)
			continue;
		rc = twinfs_overlay_lookup(rig->overlay, ino, name, &stat);
		if (!rc) {
			ino = stat.stat.ino;
			twinfs_overlay_forget(rig->overlay, ino, 1);
		}
	}
	if (!rc)
		*ret_stat = stat;
	return rc;
}

static inline struct twinfs_overlay_stat rig_stat(struct rig *rig, const char *path)
{
	struct twinfs_overlay_stat stat;

	ck_assert_msg(rig_find(rig, path, &stat) == 0, "%s is missing", path);
	return stat;
}

static inline uint64_t rig_ino(struct rig *rig, const char *path)
{
	return rig_stat(rig, path).stat.ino;
}

static inline uint64_t rig_dir(struct rig *rig, const char *path, const char **ret_name)
{
	char parent[256];

	(void)snprintf(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';
	*ret_name = strrchr(path, '/') + 1;
	return rig_ino(rig, parent);
}

static inline int rig_add(struct rig *rig, const char *path, bool is_dir)
{
	struct twinfs_overlay_stat stat;
	const char *name;
	uint64_t dir = rig_dir(rig, path, &name);
	int rc = is_dir ? twinfs_overlay_mkdir(rig->overlay, dir, name, &stat)
			: twinfs_overlay_create(rig->overlay, dir, name, &stat);

	if (!rc)
		twinfs_overlay_forget(rig->overlay, stat.stat.ino, 1);
	return rc;
}

static inline int rig_unlink(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = rig_dir(rig, path, &name);

	return twinfs_overlay_unlink(rig->overlay, dir, name);
}

static inline int rig_rmdir(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = rig_dir(rig, path, &name);

	return twinfs_overlay_rmdir(rig->overlay, dir, name);
}

static inline int rig_rename(struct rig *rig, const char *from, const char *to, unsigned flags)
{
	const char *old_name, *new_name;
	uint64_t old_dir = rig_dir(rig, from, &old_name), new_dir = rig_dir(rig, to, &new_name);

	return twinfs_overlay_rename(rig->overlay, old_dir, old_name, new_dir, new_name, flags);
}

/* Replaces the content of an open file, as O_TRUNC and one write do. */
static inline int rig_write_ino(struct rig *rig, uint64_t ino, const void *data, size_t len)
{
	int64_t rc = twinfs_overlay_truncate(rig->overlay, ino, 0);

	if (!rc)
		rc = twinfs_overlay_write(rig->overlay, ino, data, len, 0);
	if (rc >= 0)
		rc = twinfs_overlay_sync(rig->overlay, ino);
	return (int)rc;
}

/* The same for a file that exists. */
static inline int rig_write(struct rig *rig, const char *path, const char *text)
{
	uint64_t ino = rig_ino(rig, path);
	int rc = twinfs_overlay_open(rig->overlay, ino);

	if (rc)
		return rc;
	rc = rig_write_ino(rig, ino, text, strlen(text));
	twinfs_overlay_close(rig->overlay, ino);
	return rc;
}

/* Reads an open file through views; returns the number of bytes, or an error. */
static inline int64_t rig_read_ino(struct rig *rig, uint64_t ino, uint8_t *buf, size_t size)
{
	struct twinfs_overlay_view view;
	size_t len = 0;
	int rc = twinfs_overlay_view(rig->overlay, ino, size, 0, &view);

	if (rc)
		return rc;
	for (size_t i = 0; i < view.view.count; i++) {
		memcpy(buf + len, view.view.iov[i].iov_base, view.view.iov[i].iov_len);
		len += view.view.iov[i].iov_len;
	}
	ck_assert_uint_eq(len, view.view.len);
	twinfs_overlay_release_view(rig->overlay, &view);
	return (int64_t)len;
}

static inline void rig_expect_ino(struct rig *rig, uint64_t ino, const char *text)
{
	char buf[8192];
	int64_t len = rig_read_ino(rig, ino, (uint8_t *)buf, sizeof(buf) - 1);

	ck_assert_int_ge(len, 0);
	buf[len] = '\0';
	ck_assert_str_eq(buf, text);
}

/* The file @path holds @text; NULL: there is no such name. */
static inline void rig_expect(struct rig *rig, const char *path, const char *text)
{
	struct twinfs_overlay_stat stat;
	int rc = rig_find(rig, path, &stat);

	if (!text) {
		ck_assert_msg(rc == -ENOENT, "%s: %d", path, rc);
		return;
	}
	ck_assert_msg(!rc, "%s: %d", path, rc);
	ck_assert_int_eq(stat.stat.type, TWINFS_REG);
	ck_assert_uint_eq(stat.stat.size, strlen(text));
	ck_assert_int_eq(twinfs_overlay_open(rig->overlay, stat.stat.ino), 0);
	rig_expect_ino(rig, stat.stat.ino, text);
	twinfs_overlay_close(rig->overlay, stat.stat.ino);
}

static inline int rig_append_name(void *ctx, const char *name,
	const struct twinfs_overlay_stat *stat)
{
	(void)stat;
	return tw_text_addf(ctx, "%s ", name);
}

/* The names of a directory as listed, a blank behind each, are @names. */
static inline void rig_expect_names(struct rig *rig, const char *dir, const char *names)
{
	struct tw_text text = {0};

	ck_assert_int_eq(twinfs_overlay_list(rig->overlay, rig_ino(rig, dir), rig_append_name,
				 &text),
		0);
	ck_assert_str_eq(text.data ? text.data : "", names);
	tw_text_release(&text);
}

/* ---- running ---- */

static inline int rig_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
