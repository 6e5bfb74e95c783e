/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - a module without memory, from the tree on the host to the report of a boot:
 * what fails says so, loses nothing, and leaves files whole or not at all.
 */
#include "small_module.h"

#include <dirent.h>
#include <json-c/json.h>
#include <twinfs/fault.h>

#include "scarce.h"

/* Entries of the current directory. */
static unsigned entries(void)
{
	DIR *dir = opendir(".");
	unsigned count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

/* ---- made ---- */

static void remove_made(void *ctx)
{
	(void)ctx;
	(void)unlink("made.img");
	(void)nftw("made", tempdir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int make_image(void *ctx)
{
	return twinfs_factory_make_image(ctx, "made.img", NULL);
}

static int make_pair(void *ctx)
{
	return twinfs_factory_make_pair(ctx, "made", NULL);
}

/* small.json, app, chip.img, out, and what was made: nothing half done beside it. */
static void expect_whole(void *ctx, int rc)
{
	(void)ctx;
	ck_assert_uint_eq(entries(), 2 + 4 + !rc);
}

START_TEST(made_without_memory)
{
	struct twinfs_factory_options options = *factory_options();
	const struct scarce_trial image = {
		remove_made, make_image, expect_whole, &options, false, 0};
	const struct scarce_trial pair = {remove_made, make_pair, expect_whole, &options, false, 0};

	(void)scarce_try("image", &image);
	(void)scarce_try("pair", &pair);
}
END_TEST

static int load_profile(void *ctx)
{
	struct twinfs_profile profile;

	(void)ctx;
	return twinfs_profile_load("./small.json", &profile, NULL);
}

START_TEST(profiles_without_memory)
{
	const struct scarce_trial trial = {.body = load_profile};

	(void)scarce_try("profile", &trial);
}
END_TEST

/* ---- run ---- */

/* What the module has to say; the caller's, to be freed. -ENOMEM. */
static int say(char *text)
{
	int rc = text ? 0 : -ENOMEM;

	free(text);
	return rc;
}

static int boot(struct twinfs_module *module)
{
	const struct twinfs_boot_report *report;
	int rc = twinfs_module_power_on(module, &report, NULL);

	if (rc)
		return rc;
	rc = say(twinfs_module_status_json(module));
	if (!rc)
		rc = say(twinfs_boot_report_json(report));
	return rc ? rc : say(twinfs_module_wear_json(module));
}

/* A scratch copy boots, restores main.py, and says so. */
static int run(void *ctx)
{
	const struct twinfs_module_options options = {.image_flags = TWINFS_IMAGE_SCRATCH};
	struct twinfs_module *module;
	int rc = twinfs_module_open(ctx, &options, &module, NULL);

	if (rc)
		return rc;
	rc = boot(module);
	if (!rc)
		rc = twinfs_module_last_boot(module)->file_count != 1;
	twinfs_module_close(module);
	return rc;
}

/* The same by the safe policy, with rules, and recorded. */
static int run_watched(void *ctx)
{
	const struct twinfs_module_options options = {
		.image_flags = TWINFS_IMAGE_SCRATCH, .policy = TWINFS_POLICY_SAFE};
	struct twinfs_module *module;
	struct twinfs_faults *faults;
	unsigned id;
	int rc = twinfs_module_open(ctx, &options, &module, NULL), end;

	if (rc)
		return rc;
	faults = twinfs_module_faults(module);
	rc = faults ? twinfs_faults_add(faults, "note on write in /usr/main.py", &id, NULL)
		    : -ENOMEM;
	if (!rc)
		rc = twinfs_module_record(module, "made", NULL);
	if (!rc) {
		rc = boot(module);
		end = twinfs_module_record_stop(module, NULL);
		rc = rc ? rc : end;
	}
	twinfs_module_close(module);
	return rc;
}

/* A changed main.py, and an update that waits. */
static void make_work(void)
{
	struct twinfs_module *module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	struct twinfs_volume *volume;
	uint64_t ino, dir;

	power_on(module);
	volume = twinfs_module_user(module);
	ck_assert_int_eq(twinfs_volume_walk(volume, "main.py", &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, "x", 1, 0), 1);
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
	ck_assert_int_eq(twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "new", &dir), 0);
	twinfs_module_close(module);
}

START_TEST(modules_without_memory)
{
	struct twinfs_source source = _i ? pair_source : chip_source;
	/* Hashes can be computed one after the other, too. */
	const struct scarce_trial running = {.body = run, .ctx = &source, .may_do_without = true};
	const struct scarce_trial watched = {remove_made, run_watched, NULL, &source, true, 40};

	make_work();
	(void)scarce_try("run", &running);
	(void)scarce_try("run, watched", &watched);
}
END_TEST

int main(void)
{
	TCase *tcase = new_case("oom");

	tcase_add_test(tcase, made_without_memory);
	tcase_add_test(tcase, profiles_without_memory);
	tcase_add_loop_test(tcase, modules_without_memory, 0, 2);
	return run_case(tcase);
}
