/* SPDX-License-Identifier: MIT */
/*
 * format.h - a fresh volume with the limits of another one.
 */
#ifndef TW_LFS_FORMAT_H
#define TW_LFS_FORMAT_H

#include <twinfs/volume.h>

/*
 * As twinfs_volume_format(), with version and limits of @superblock: a device refuses a
 * volume whose limits are above its own.
 */
int tw_format(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	const struct twinfs_superblock *superblock, struct twinfs_error *err);

#endif
