/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - packages without memory: what cannot be read is said, and what cannot be
 * written is not there.
 */
#include <twinfs/firmware.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>

#include "base/file.h"
#include "scarce.h"
#include "suite.h"
#include "tempdir.h"
#include "zip_rig.h"

static void write_archive(const char *path, struct rig *rig)
{
	rig_end(rig, "a comment", false);
	ck_assert_int_eq(tw_file_write(path, rig->archive.data, rig->archive.len, 0644, 0), 0);
	rig_release(rig);
}

/* bundle.bin: an archive in an archive; shapes.bin: one with members of every shape. */
static void make_packages(void)
{
	static const char config[] = "{\"platform\": \"ASR1606\"}";
	struct rig rig;
	size_t len;
	char *inner;

	rig_all_shapes(&rig, true);
	ck_assert_int_eq(tw_file_write("shapes.bin", rig.archive.data, rig.archive.len, 0644, 0),
		0);
	rig_release(&rig);
	ck_assert_int_eq(tw_file_read("shapes.bin", 1 << 20, &inner, &len), 0);
	rig = (struct rig){0};
	rig_add(&rig,
		&(struct rig_member){"platform_config.json", config, sizeof(config) - 1, 0, 0});
	rig_add(&rig, &(struct rig_member){"x/inner.zip", inner, len, 0, 0});
	write_archive("bundle.bin", &rig);
	free(inner);
}

/* Entries of the current directory. */
static size_t entries(void)
{
	DIR *dir = opendir(".");
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

/* ---- trials: @ctx is the path of the package ---- */

static int with_package(const char *path, int (*then)(struct twinfs_package *package))
{
	struct twinfs_package *package;
	int rc = twinfs_package_open(path, 0, &package, NULL);

	if (rc)
		return rc;
	rc = then(package);
	twinfs_package_close(package);
	return rc;
}

static int read_image(struct twinfs_package *package)
{
	uint8_t *data;
	size_t len;
	int rc = twinfs_package_read_image(package, TWINFS_FIRMWARE_USER, &data, &len, NULL);

	if (rc)
		return rc;
	free(data);
	return len != 27;
}

static int verify_package(struct twinfs_package *package)
{
	return twinfs_package_verify(package, NULL);
}

static int unpack_package(struct twinfs_package *package)
{
	return twinfs_package_unpack(package, "out", NULL);
}

static int merge_package(struct twinfs_package *package)
{
	const struct twinfs_package_merge merge = {
		.images = {"new user", "new backup"}, .lens = {8, 10}};

	return twinfs_package_write(package, &merge, "merged.bin", NULL);
}

static int read_it(void *ctx)
{
	return with_package(ctx, read_image);
}

static int verify_it(void *ctx)
{
	return with_package(ctx, verify_package);
}

static int unpack_it(void *ctx)
{
	return with_package(ctx, unpack_package);
}

static int merge_it(void *ctx)
{
	return with_package(ctx, merge_package);
}

static void remove_made(void *ctx)
{
	(void)ctx;
	(void)nftw("out", tempdir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	(void)unlink("merged.bin");
}

/* The two packages, main.py, and what was made if it was: no temporary is left. */
static void expect_whole(void *ctx, int rc)
{
	(void)ctx;
	ck_assert_uint_eq(entries(), 2 + 3 + !rc);
}

static int load_project(void *ctx)
{
	struct twinfs_project project;
	int rc = twinfs_project_load("main.py", &project, NULL);

	(void)ctx;
	return rc ? rc : strcmp(project.name, "app") != 0;
}

START_TEST(packages_without_memory)
{
	char path[] = "shapes.bin", bundle[] = "bundle.bin";
	const struct {
		const char *name;
		struct scarce_trial trial;
	} trials[] = {
		{"read", {.body = read_it, .ctx = path}},
		{"read from within", {.body = read_it, .ctx = bundle}},
		{"verify", {.body = verify_it, .ctx = path}},
		{"unpack", {remove_made, unpack_it, expect_whole, path, false, 0}},
		{"merge", {remove_made, merge_it, expect_whole, path, false, 0}},
		{"merge within", {remove_made, merge_it, expect_whole, bundle, false, 0}},
		{"project", {.body = load_project}},
	};
	static const char main_py[] = "PROJECT_NAME = 'app'\nPROJECT_VERSION = '1'\n";

	tempdir_enter();
	make_packages();
	ck_assert_int_eq(tw_file_write("main.py", main_py, sizeof(main_py) - 1, 0644, 0), 0);
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
		(void)scarce_try(trials[i].name, &trials[i].trial);
	tempdir_leave();
}
END_TEST

RUN_CASES("oom", packages_without_memory)
