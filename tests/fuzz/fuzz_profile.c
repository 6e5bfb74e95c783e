/* SPDX-License-Identifier: MIT */
/*
 * fuzz_profile.c - profiles of modules, as JSON.
 *
 * What is accepted fits together, and can be used: a blank chip of such a module
 * is opened and booted, which formats it, and after that it is sound.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <twinfs/module.h>

#include "anon_file.h"
#include "base/bytes.h"

#define CHIP_MAX (UINT64_C(1) << 20) /* of chips that are booted */

static void check_area(const struct twinfs_profile *profile, const struct twinfs_area *area)
{
	uint32_t unit = profile->flash.geometry.erase_size;

	fuzz_hold(area->addr % unit == 0 && area->size % unit == 0);
	fuzz_hold(tw_is_within(area->addr, area->size, profile->chip_size));
}

static void check_apart(const struct twinfs_area *a, const struct twinfs_area *b)
{
	fuzz_hold(!a->size || !b->size || a->addr + a->size <= b->addr ||
		  b->addr + b->size <= a->addr);
}

static void check_profile(const struct twinfs_profile *profile)
{
	const struct twinfs_flash_geometry *geometry = &profile->flash.geometry;

	fuzz_hold(memchr(profile->name, '\0', sizeof(profile->name)) && profile->name[0]);
	fuzz_hold(memchr(profile->modules, '\0', sizeof(profile->modules)));
	fuzz_hold(geometry->erase_size && geometry->prog_size && geometry->read_size);
	fuzz_hold(profile->block_size % geometry->erase_size == 0);
	fuzz_hold(profile->format == 1 || profile->format == 2);
	fuzz_hold(profile->format == 1 || profile->v2_prog_size);
	fuzz_hold(profile->user.size);
	check_area(profile, &profile->user);
	check_area(profile, &profile->backup);
	check_area(profile, &profile->secure);
	check_apart(&profile->user, &profile->backup);
	check_apart(&profile->user, &profile->secure);
	check_apart(&profile->backup, &profile->secure);
}

static void each_problem(void *ctx, const struct twinfs_error *finding)
{
	(void)ctx;
	fuzz_must(twinfs_problem_severity(finding->problem) != TWINFS_ERROR, "%s", finding->text);
}

static void check_volume(struct twinfs_module *module)
{
	struct twinfs_part_info part;

	twinfs_module_part(module, TWINFS_PART_USER, &part);
	fuzz_hold(part.present);
	(void)twinfs_volume_check(twinfs_module_flash(module), &part.config, each_problem, NULL);
}

/* A chip of so many bytes, blank, in memory. */
static void boot(const char *profile_path, const struct twinfs_profile *profile)
{
	static struct anon_file chip;
	const struct twinfs_module_options options = {.image_flags = TWINFS_IMAGE_SCRATCH};
	struct twinfs_source source = {.profile = profile_path};
	const struct twinfs_boot_report *report;
	struct twinfs_module *module;
	struct twinfs_error err = {0};
	int rc;

	anon_file_set(&chip, "", 0, profile->chip_size);
	source.image = chip.path;
	rc = twinfs_module_open(&source, &options, &module, &err);
	fuzz_must(rc == 0, "open: %s", err.text);
	rc = twinfs_module_power_on(module, &report, &err);
	fuzz_must(rc == 0, "boot: %s", err.text);
	fuzz_hold(report->user_formatted);
	check_volume(module);
	twinfs_module_power_off(module);
	rc = twinfs_module_power_on(module, &report, &err);
	fuzz_must(rc == 0, "second boot: %s", err.text);
	fuzz_hold(!report->user_formatted);
	twinfs_module_close(module);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct anon_file file;
	struct twinfs_profile profile;
	struct twinfs_error err = {0};
	int rc;

	if (size > 16384)
		return -1;
	anon_file_set(&file, data, size, size);
	rc = twinfs_profile_load(file.path, &profile, &err);
	if (rc) {
		fuzz_must(rc == -EUCLEAN || rc == -EOVERFLOW, "%d: %s", rc, err.text);
		fuzz_hold(err.text[0]);
		return 0;
	}
	check_profile(&profile);
	if (profile.chip_size <= CHIP_MAX)
		boot(file.path, &profile);
	return 0;
}
