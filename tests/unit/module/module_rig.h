/* SPDX-License-Identifier: MIT */
/*
 * module_rig.h - a module in memory for the boot tests: one chip, two volumes
 * filled from lists of files, boots with or without a power cut.
 */
#ifndef TW_TESTS_MODULE_RIG_H
#define TW_TESTS_MODULE_RIG_H

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/flash.h>
#include <twinfs/image.h>
#include <twinfs/volume.h>

#include "base/text.h"
#include "module/boot_run.h"

#define RIG_BLOCK       4096u
#define RIG_USER_SIZE   (64u * RIG_BLOCK)
#define RIG_BACKUP_SIZE (32u * RIG_BLOCK)

/* A file of a volume; @content NULL: a directory. Parents are made. */
struct rig_file {
	const char *path, *content;
};

/* Ends a list of files. */
#define RIG_END                                                                                    \
	{                                                                                          \
		NULL, NULL                                                                         \
	}

/* Cuts the power in operation @cut_at (from 1 since the last rig_arm) after @torn bytes. */
struct rig_cut {
	uint64_t seen, cut_at;
	uint32_t torn;
};

struct rig {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_profile profile;
	struct tw_boot boot;
	struct rig_cut cut;
	struct twinfs_flash_hook hook;
};

static int rig_before(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct rig_cut *cut = ctx;

	if (++cut->seen != cut->cut_at)
		return 0;
	*done = cut->torn < op->len ? cut->torn : op->len;
	return -ESHUTDOWN;
}

static inline struct twinfs_volume_config rig_user(void)
{
	return (struct twinfs_volume_config){.addr = 0,
		.size = RIG_USER_SIZE,
		.block_size = RIG_BLOCK,
		.prog_size = RIG_BLOCK,
		.spare_blocks = 1};
}

static inline struct twinfs_volume_config rig_backup(void)
{
	return (struct twinfs_volume_config){.addr = RIG_USER_SIZE,
		.size = RIG_BACKUP_SIZE,
		.block_size = RIG_BLOCK,
		.prog_size = RIG_BLOCK,
		.spare_blocks = 1};
}

static inline void rig_put(struct twinfs_volume *volume, const struct rig_file *file)
{
	char path[300], *slash = path;
	uint64_t dir = TWINFS_ROOT_INO, ino;

	(void)snprintf(path, sizeof(path), "%s", file->path);
	for (;;) {
		char *name = slash;

		slash = strchr(slash, '/');
		if (!slash && file->content)
			break;
		if (slash)
			*slash++ = '\0';
		if (twinfs_volume_lookup(volume, dir, name, &ino))
			ck_assert_int_eq(twinfs_volume_mkdir(volume, dir, name, &ino), 0);
		dir = ino;
		if (!slash)
			return;
	}
	slash = strrchr(file->path, '/') ? strrchr(file->path, '/') + 1 : (char *)file->path;
	if (twinfs_volume_lookup(volume, dir, slash, &ino))
		ck_assert_int_eq(twinfs_volume_create(volume, dir, slash, &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_truncate(volume, ino, 0), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, file->content, strlen(file->content), 0),
		(int64_t)strlen(file->content));
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
}

static inline struct twinfs_volume *rig_mount(struct rig *rig,
	const struct twinfs_volume_config *config)
{
	struct twinfs_volume *volume = NULL;
	struct twinfs_error err = {0};

	ck_assert_msg(twinfs_volume_mount(rig->flash, config, &volume, &err) == 0, "%s", err.text);
	return volume;
}

/* Formats a volume and fills it. */
static inline void rig_fill(struct rig *rig, const struct twinfs_volume_config *config,
	const struct rig_file *files)
{
	struct twinfs_volume *volume;

	ck_assert_int_eq(twinfs_volume_format(rig->flash, config, NULL), 0);
	volume = rig_mount(rig, config);
	for (; files && files->path; files++)
		rig_put(volume, files);
	twinfs_volume_unmount(volume);
}

/* Changes files of a volume that is not mounted. */
static inline void rig_change(struct rig *rig, const struct twinfs_volume_config *config,
	const char *path, const char *content)
{
	struct twinfs_volume *volume = rig_mount(rig, config);

	rig_put(volume, &(struct rig_file){path, content});
	twinfs_volume_unmount(volume);
}

static inline void rig_open(struct rig *rig, const struct rig_file *user,
	const struct rig_file *backup)
{
	static const struct twinfs_flash_config flash = {
		.geometry = {.read_size = 1, .prog_size = 1, .erase_size = RIG_BLOCK},
		.timing = {.page_size = 256, .program_page_ns = 700000, .erase_unit_ns = 60000000},
		.strict = true,
	};

	*rig = (struct rig){
		.profile = {.name = "rig",
			.block_size = RIG_BLOCK,
			.prog_size = RIG_BLOCK,
			.spare_blocks = 1,
			.format = 1,
			.restores = true,
			.applies_updates = true,
			.flash = flash},
		.hook = {.before = rig_before},
	};
	rig->hook.ctx = &rig->cut;
	ck_assert_int_eq(twinfs_image_memory(RIG_USER_SIZE + RIG_BACKUP_SIZE, &rig->image), 0);
	ck_assert_int_eq(twinfs_flash_new(rig->image, &flash, &rig->flash, NULL), 0);
	rig->boot = (struct tw_boot){.flash = rig->flash,
		.profile = &rig->profile,
		.user = rig_user(),
		.backup = rig_backup()};
	rig_fill(rig, &rig->boot.user, user);
	rig_fill(rig, &rig->boot.backup, backup);
	twinfs_flash_set_hook(rig->flash, &rig->hook);
}

static inline void rig_close(struct rig *rig)
{
	twinfs_boot_report_free(rig->boot.report);
	twinfs_flash_free(rig->flash);
	twinfs_image_close(rig->image);
}

/* The next operations count from 1; 0: no cut. */
static inline void rig_arm(struct rig *rig, uint64_t cut_at, uint32_t torn)
{
	rig->cut = (struct rig_cut){.cut_at = cut_at, .torn = torn};
	twinfs_flash_set_power(rig->flash, true);
}

/* Boots and unmounts again; the report stays in rig->boot.report. */
static inline int rig_boot(struct rig *rig, enum twinfs_policy policy)
{
	struct twinfs_error err = {0};
	int rc;

	twinfs_boot_report_free(rig->boot.report);
	rig->boot.report = NULL;
	rig->boot.policy = policy;
	rc = tw_boot_run(&rig->boot, &err);
	if (rc) {
		ck_assert_int_eq(err.code, rc);
		ck_assert_str_ne(err.text, "");
		ck_assert_ptr_null(rig->boot.report);
		ck_assert_ptr_null(rig->boot.user_volume);
		return rc;
	}
	tw_boot_release(&rig->boot);
	return 0;
}

/* Leaves @blocks free blocks in the user volume. */
static inline void rig_fill_up(struct rig *rig, uint64_t blocks)
{
	struct twinfs_volume *volume = rig_mount(rig, &rig->boot.user);
	struct twinfs_statfs statfs;
	uint64_t ino;

	ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, "fill", &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_statfs(volume, &statfs), 0);
	for (uint64_t off = 0; statfs.free > blocks; off += RIG_BLOCK / 2) {
		ck_assert_int_eq(twinfs_volume_write(volume, ino, "x", 1, off), 1);
		ck_assert_int_eq(twinfs_volume_statfs(volume, &statfs), 0);
	}
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
	ck_assert_int_eq(twinfs_volume_statfs(volume, &statfs), 0);
	ck_assert_uint_eq(statfs.free, blocks);
	twinfs_volume_unmount(volume);
}

/* Content of a file, NUL-terminated, or NULL. free() it. */
static inline char *rig_get(struct rig *rig, const struct twinfs_volume_config *config,
	const char *path)
{
	struct twinfs_volume *volume = rig_mount(rig, config);
	struct twinfs_stat stat;
	char *content = NULL;
	uint64_t ino;

	if (!twinfs_volume_walk(volume, path, &ino) && !twinfs_volume_open(volume, ino)) {
		ck_assert_int_eq(twinfs_volume_stat(volume, ino, &stat), 0);
		content = calloc(1, stat.size + 1);
		ck_assert_int_eq(twinfs_volume_read(volume, ino, content, stat.size, 0),
			(int64_t)stat.size);
		twinfs_volume_close(volume, ino);
	}
	twinfs_volume_unmount(volume);
	return content;
}

/* A user file must have that content; NULL: must not be there. */
static inline void rig_expect(struct rig *rig, const char *path, const char *expected)
{
	char *content = rig_get(rig, &rig->boot.user, path);

	if (expected) {
		ck_assert_msg(content != NULL, "%s is missing", path);
		ck_assert_str_eq(content, expected);
	} else {
		ck_assert_msg(!content, "%s is there: '%s'", path, content);
	}
	free(content);
}

/* The console must be these lines, each with a newline behind it. */
static inline void rig_expect_console(const struct rig *rig, const char *expected)
{
	const struct twinfs_boot_report *report = rig->boot.report;
	struct tw_text text = {0};

	ck_assert_int_eq(tw_text_add(&text, "", 0), 0);
	for (size_t i = 0; i < report->console_count; i++)
		ck_assert_int_eq(tw_text_addf(&text, "%s\n", report->console[i]), 0);
	ck_assert_str_eq(text.data, expected);
	tw_text_release(&text);
}

/* The holes must be these: "table_empty name=closed", in order, blanks between. */
static inline void rig_expect_holes(const struct rig *rig, const char *expected)
{
	const struct twinfs_boot_report *report = rig->boot.report;
	struct tw_text text = {0};

	ck_assert_int_eq(tw_text_add(&text, "", 0), 0);
	for (size_t i = 0; i < report->hole_count; i++)
		ck_assert_int_eq(tw_text_addf(&text, "%s%s%s", i ? " " : "",
					 twinfs_hole_name(report->holes[i].id),
					 report->holes[i].closed ? "=closed" : ""),
			0);
	ck_assert_str_eq(text.data, expected);
	tw_text_release(&text);
}

/* Programs and erases of the last boot. */
static inline uint64_t rig_operations(const struct rig *rig)
{
	return rig->boot.report->flash_programs + rig->boot.report->flash_erases;
}

#endif
