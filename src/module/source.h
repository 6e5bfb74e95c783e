/* SPDX-License-Identifier: MIT */
/*
 * source.h - from what the user named to a chip with areas on it.
 */
#ifndef TW_MODULE_SOURCE_H
#define TW_MODULE_SOURCE_H

#include <twinfs/module.h>

/*
 * Opens the image that @source names and finds its areas. Guarantees for each
 * one present: it lies inside one file, overlaps no other, and a volume has at
 * least two whole blocks.
 *
 * Errors as twinfs_module_open().
 */
int tw_source_open(const struct twinfs_source *source, const struct twinfs_profile *profile,
	unsigned image_flags, struct twinfs_image **ret_image,
	struct twinfs_part_info ret_parts[TWINFS_PART_COUNT], struct twinfs_error *err);

/*
 * Makes the sizes of a chip small enough for the volumes on it: @config is
 * the profile's at first. Checks that every area starts where an erase unit
 * does. Returns 0 or -EUCLEAN.
 */
int tw_source_fit_chip(const struct twinfs_part_info parts[TWINFS_PART_COUNT],
	struct twinfs_flash_config *config, struct twinfs_error *err);

/*
 * Makes the file @path, which must not exist, of @size erased bytes; it
 * appears whole or not at all. 0, -EEXIST, -ENOMEM or another errno.
 */
int tw_source_make_erased(const char *path, uint64_t size, unsigned mode, struct twinfs_error *err);

/* "customer_fs", "customer_backup_fs", "securedata": names in a partition table. */
const char *tw_source_part_name(enum twinfs_part part);

#endif
