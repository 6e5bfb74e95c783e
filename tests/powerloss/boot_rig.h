/* SPDX-License-Identifier: MIT */
/*
 * boot_rig.h - a module in memory whose power is cut while it boots: at every
 * flash operation, whole or torn, and again in the boot after that.
 */
#ifndef TEST_POWERLOSS_BOOT_RIG_H
#define TEST_POWERLOSS_BOOT_RIG_H

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chip.h"
#include "module/boot_run.h"
#include "module/hash.h"
#include "module/volume_config.h"

enum {
	BLOCK = 4096,
	USER_BLOCKS = 96,
	BACKUP_BLOCKS = 50,
};

struct module {
	struct chip chip;
	struct twinfs_profile profile;
	struct tw_boot boot;
	uint8_t *start;
	uint64_t cuts;
	int (*scene)(struct module *module); /* what runs until the power goes */
	/* Boots after the cut and checks; false: the module is in a hole that the device has. */
	bool (*recovers)(struct module *module);
};

static inline void put_file(struct twinfs_volume *volume, uint64_t dir, const char *name,
	const void *data, size_t len)
{
	uint64_t ino;

	must(twinfs_volume_create(volume, dir, name, &ino) == 0, "create %s", name);
	must(twinfs_volume_open(volume, ino) == 0, "open");
	must(twinfs_volume_write(volume, ino, data, len, 0) == (int64_t)len, "write");
	must(twinfs_volume_sync(volume, ino) == 0, "sync");
	twinfs_volume_close(volume, ino);
}

static inline struct twinfs_volume *mount_part(struct module *module,
	const struct twinfs_volume_config *config)
{
	struct twinfs_volume *volume;

	must(twinfs_volume_mount(module->chip.flash, config, &volume, NULL) == 0, "mount");
	return volume;
}

static inline int boot(struct module *module, struct twinfs_boot_report **ret_report)
{
	struct twinfs_error err = {0};
	int rc = tw_boot_run(&module->boot, &err);

	if (rc)
		return rc;
	tw_boot_release(&module->boot);
	if (ret_report)
		*ret_report = module->boot.report;
	else
		twinfs_boot_report_free(module->boot.report);
	module->boot.report = NULL;
	return 0;
}

static inline int boot_only(struct module *module)
{
	return boot(module, NULL);
}

/* The user partition is formatted, the backup is still to be filled. */
static inline void init_module(struct module *module, uint32_t major, enum twinfs_policy policy)
{
	static const struct geometry geometry = {BLOCK, USER_BLOCKS + BACKUP_BLOCKS, BLOCK, 0xff};
	struct twinfs_volume_config part = {.block_size = BLOCK};

	chip_init(&module->chip, &geometry);
	must(twinfs_profile_load("default", &module->profile, NULL) == 0, "profile");
	module->profile.writes_settings = false; /* only what is tested is counted */
	module->profile.format = major;
	tw_profile_configure(&module->profile, major, 0, &part);
	module->cuts = 0;
	module->scene = boot_only;
	module->boot = (struct tw_boot){
		.flash = module->chip.flash, .profile = &module->profile, .policy = policy};
	module->boot.user = module->boot.backup = part;
	module->boot.user.size = USER_BLOCKS * BLOCK;
	module->boot.backup.addr = USER_BLOCKS * BLOCK;
	module->boot.backup.size = BACKUP_BLOCKS * BLOCK;
	must(twinfs_volume_format(module->chip.flash, &module->boot.user, NULL) == 0, "format");
	must(twinfs_volume_format(module->chip.flash, &module->boot.backup, NULL) == 0, "format");
	module->start = malloc(chip_size(&module->chip));
	must(module->start, "no memory");
}

static inline void keep_start(struct module *module)
{
	memcpy(module->start, chip_bytes(&module->chip), chip_size(&module->chip));
}

static inline void release_module(struct module *module)
{
	free(module->start);
	chip_release(&module->chip);
}

static inline uint64_t operations(const struct module *module)
{
	struct twinfs_flash_stats stats;

	twinfs_flash_stats(module->chip.flash, &stats);
	return stats.seq;
}

/* Plays the scene from the start with a cut; false when it ended before the cut. */
static inline bool boot_with_cut(struct module *module, uint64_t at, unsigned eighths)
{
	memcpy(chip_bytes(&module->chip), module->start, chip_size(&module->chip));
	chip_heal(&module->chip);
	module->chip.trouble = (struct trouble){.cut_at = at, .torn_eighths = eighths};
	if (module->scene(module) != -ESHUTDOWN)
		return false;
	module->cuts++;
	return true;
}

/* Cuts at every operation; the number of those that do not recover, per torn part. */
static inline unsigned cut_everywhere(struct module *module, unsigned eighths, unsigned *ret_points)
{
	unsigned dead = 0, points = 0;

	while (boot_with_cut(module, points + 1, eighths)) {
		points++;
		(void)snprintf(test_context, sizeof(test_context), "%s, cut at %u (%u/8)",
			twinfs_policy_name(module->boot.policy), points, eighths);
		dead += !module->recovers(module);
	}
	*ret_points = points;
	return dead;
}

/*
 * A cut in the first boot, and another one in the second; operations are torn
 * differently, or (@torn false) never.
 */
static inline unsigned cut_twice(struct module *module, bool torn, unsigned *ret_states)
{
	uint8_t *first = malloc(chip_size(&module->chip));
	unsigned dead = 0, states = 0;

	must(first, "no memory");
	for (uint64_t at = 1; boot_with_cut(module, at, torn ? (unsigned)(at % 9) : 0); at++) {
		memcpy(first, chip_bytes(&module->chip), chip_size(&module->chip));
		for (uint64_t again = 1;; again++) {
			memcpy(chip_bytes(&module->chip), first, chip_size(&module->chip));
			chip_heal(&module->chip);
			module->chip.trouble = (struct trouble){.cut_at = again,
				.torn_eighths = torn ? (unsigned)(at + again) % 9 : 0};
			(void)snprintf(test_context, sizeof(test_context),
				"%s, cut at %" PRIu64 ", then at %" PRIu64,
				twinfs_policy_name(module->boot.policy), at, again);
			if (boot(module, NULL) != -ESHUTDOWN)
				break;
			module->cuts++;
			states++;
			dead += !module->recovers(module);
		}
	}
	free(first);
	*ret_states = states;
	return dead;
}

#endif
