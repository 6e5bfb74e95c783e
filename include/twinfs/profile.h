/* SPDX-License-Identifier: MIT */
/*
 * profile.h - what one family of modules looks like: areas, sizes, habits.
 *
 * Profiles are JSON (images/profiles/, described in docs/formats/profile.md).
 * Those that come with twinfs are built into the library.
 *
 * Lifetime  struct twinfs_profile is a plain value.
 * Threads   all functions may run at once.
 */
#ifndef TWINFS_PROFILE_H
#define TWINFS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>
#include <twinfs/flash.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_area {
	uint64_t addr; /* bytes from the start of the chip */
	uint64_t size; /* bytes; 0: the module has no such area */
};

struct twinfs_profile {
	char name[32];
	char modules[256];  /* which modules, for people */
	uint64_t chip_size; /* bytes, of an image with a partition table made from it */
	struct twinfs_area user, backup, secure;
	uint32_t block_size;   /* of the volumes, bytes */
	uint32_t prog_size;    /* bytes the firmware's littlefs 1 writes at once */
	uint32_t spare_blocks; /* at the end of a version 1 partition, never allocated: 1 on
				* generation 1 */
	uint32_t format;       /* littlefs major version that the firmware formats: 1, or 2 where
				* it has no other */
	/* How it mounts version 2, beside version 1 when it formats that: */
	uint32_t v2_prog_size;    /* bytes written at once; 0: not at all */
	uint32_t v2_block_cycles; /* erases of a metadata pair until it moves */
	bool v2_stores_mtime;     /* files get their time */
	bool restores;            /* the boot script runs backup and restore */
	bool applies_updates;     /* it applies updates of user files */
	bool writes_settings;     /* the boot script makes system_config.json */
	struct twinfs_flash_config flash;
};

/*
 * Loads a built-in profile by name, or a file when @name holds a '/' or ends
 * in ".json". NULL is "default".
 *
 * Returns 0, -ENOENT (the text lists the names), -EUCLEAN (wrong JSON, a
 * missing key, areas that overlap or are not aligned), -EOVERFLOW, -ENOMEM.
 */
TWINFS_API int twinfs_profile_load(const char *name, struct twinfs_profile *ret_profile,
	struct twinfs_error *err);

/* Name of built-in profile @index, NULL behind the last. */
TWINFS_API const char *twinfs_profile_name(size_t index);

#ifdef __cplusplus
}
#endif
#endif
