/* SPDX-License-Identifier: MIT */
/*
 * factory_rig.h - a small profile and a tree for the tests of new modules, and the made
 * chip read back. Every failure in here ends the test.
 */
#ifndef TW_TESTS_FACTORY_RIG_H
#define TW_TESTS_FACTORY_RIG_H

#include <twinfs/factory.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <twinfs/image.h>
#include <twinfs/volume.h>

#include "base/file.h"
#include "tempdir.h"

#define KIB UINT64_C(1024)

static const struct twinfs_profile small = {
	.name = "small",
	.chip_size = 1024 * KIB,
	.user = {.addr = 64 * KIB, .size = 256 * KIB},
	.backup = {.addr = 512 * KIB, .size = 128 * KIB},
	.secure = {.addr = 384 * KIB, .size = 32 * KIB},
	.block_size = 4096,
	.prog_size = 4096,
	.spare_blocks = 1,
	.format = 1,
	.restores = true,
	.flash =
		{
			.geometry = {.read_size = 1, .prog_size = 1, .erase_size = 4096},
			.timing = {.page_size = 256,
				.program_page_ns = 700000,
				.erase_unit_ns = 60000000},
			.strict = true,
		},
};

static inline void write_text(const char *path, const char *text)
{
	ck_assert_int_eq(tw_file_write(path, text, strlen(text), 0644, 0), 0);
}

static inline void make_tree(void)
{
	ck_assert_int_eq(mkdir("app", 0755), 0);
	ck_assert_int_eq(mkdir("app/lib", 0755), 0);
	ck_assert_int_eq(mkdir("app/data", 0755), 0);
	write_text("app/main.py", "a");
	write_text("app/lib/m.py", "123456789");
	write_text("app/lib.txt", "sorts between lib and lib/m.py");
	write_text("app/data/empty", "");
	tempdir_make("app/data/large", 20000, 'x');
}

/* ---- reading back ---- */

struct chip {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_volume *user, *backup;
};

static inline struct twinfs_volume *mount_at(struct chip *chip, uint64_t addr, uint64_t size)
{
	const struct twinfs_volume_config config = {
		.addr = addr, .size = size, .spare_blocks = 1, .flags = TWINFS_VOLUME_READ_ONLY};
	struct twinfs_volume *volume = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_volume_mount(chip->flash, &config, &volume, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	return volume;
}

static inline void open_flash(struct chip *chip, const char *const *paths, size_t count)
{
	ck_assert_int_eq(twinfs_image_open(paths, count, 0, &chip->image, NULL), 0);
	ck_assert_int_eq(twinfs_flash_new(chip->image, &small.flash, &chip->flash, NULL), 0);
}

static inline void open_chip(struct chip *chip, const char *path)
{
	open_flash(chip, &path, 1);
	chip->user = mount_at(chip, small.user.addr, small.user.size);
	chip->backup = mount_at(chip, small.backup.addr, small.backup.size);
}

static inline void close_chip(struct chip *chip)
{
	twinfs_volume_unmount(chip->user);
	twinfs_volume_unmount(chip->backup);
	twinfs_flash_free(chip->flash);
	twinfs_image_close(chip->image);
}

static inline int find(struct twinfs_volume *volume, const char *path, struct twinfs_stat *stat)
{
	uint64_t ino;
	int rc = twinfs_volume_walk(volume, path, &ino);

	return rc ? rc : twinfs_volume_stat(volume, ino, stat);
}

static inline void expect_text(struct twinfs_volume *volume, const char *path, const char *text)
{
	char content[1024] = "";
	struct twinfs_stat stat;

	ck_assert_msg(find(volume, path, &stat) == 0, "%s", path);
	ck_assert_int_eq(twinfs_volume_open(volume, stat.ino), 0);
	ck_assert_int_eq(twinfs_volume_read(volume, stat.ino, content, sizeof(content) - 1, 0),
		strlen(text));
	ck_assert_str_eq(content, text);
	twinfs_volume_close(volume, stat.ino);
}

static inline void expect_missing(struct twinfs_volume *volume, const char *path)
{
	struct twinfs_stat stat;

	ck_assert_int_eq(find(volume, path, &stat), -ENOENT);
}

static inline uint64_t used_blocks(struct twinfs_volume *volume)
{
	struct twinfs_statfs statfs;

	ck_assert_int_eq(twinfs_volume_statfs(volume, &statfs), 0);
	return statfs.blocks - statfs.free;
}

/* Entries of the directory @path, hidden ones too. */
static inline unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	ck_assert_int_eq(closedir(dir), 0);
	return count - 2;
}

static inline struct twinfs_factory_options options_of(const char *const *files, size_t count)
{
	return (struct twinfs_factory_options){
		.profile = &small,
		.user_dir = "app",
		.backup_files = files,
		.backup_count = count,
	};
}

static inline void make_image(const struct twinfs_factory_options *options, const char *path)
{
	struct twinfs_error err = {0};
	int rc = twinfs_factory_make_image(options, path, &err);

	ck_assert_msg(rc == 0, "%s: %s", err.file, err.text);
	ck_assert_str_eq(err.file, "");
}

/* A case whose tests each have a directory of their own. */
static inline TCase *factory_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	return tcase;
}

/* All there is of a program of one case. */
static inline int factory_run(TCase *tcase)
{
	Suite *suite = suite_create("factory");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
