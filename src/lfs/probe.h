/* SPDX-License-Identifier: MIT */
/*
 * probe.h - opens an area whose format and block size have to be found out first.
 */
#ifndef TW_LFS_PROBE_H
#define TW_LFS_PROBE_H

#include "area.h"

/* As tw_area_init(), for what twinfs_volume_probe() finds: -EUCLEAN, -ENOTSUP. */
int tw_probe_area(struct tw_area *area, struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_superblock *ret_superblock,
	struct twinfs_error *err);

#endif
