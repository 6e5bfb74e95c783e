/* SPDX-License-Identifier: MIT */
/*
 * boot_run.h - the boot procedure of generation 1, from cold chip to mounted
 * volumes.
 */
#ifndef TW_MODULE_BOOT_RUN_H
#define TW_MODULE_BOOT_RUN_H

#include <twinfs/boot.h>
#include <twinfs/module.h>

/* A chip in memory that stands in for an unmountable backup partition. */
struct tw_stand_in {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
};

struct tw_boot {
	/* in */
	struct twinfs_flash *flash;
	const struct twinfs_profile *profile;
	enum twinfs_policy policy;
	struct twinfs_volume_config user, backup; /* size 0: the module has no such partition */
	bool backup_writable; /* for who uses the module; the script never writes to it */
	/* A damaged user partition goes to PREFIX.damaged-N; NULL: kept nowhere. */
	const char *save_prefix;
	/* Told of each volume as soon as it is mounted, before anything is done with it. */
	int (*mounted)(void *ctx, enum twinfs_part part, struct twinfs_volume *volume);
	void *ctx;

	/* out, owned by the caller: release with tw_boot_release() */
	struct twinfs_volume *user_volume, *backup_volume; /* NULL where there is none */
	struct tw_stand_in stand_in;
	struct twinfs_boot_report *report;
};

/*
 * Runs it. A boot that would have to write on a chip that cannot be written
 * fails with -EROFS. On failure everything is released. Errors as
 * twinfs_module_power_on().
 */
int tw_boot_run(struct tw_boot *boot, struct twinfs_error *err);

/* Unmounts and frees what tw_boot_run() gave, but not the report. */
void tw_boot_release(struct tw_boot *boot);

#endif
