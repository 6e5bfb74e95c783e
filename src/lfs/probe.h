/* SPDX-License-Identifier: MIT */
/*
 * probe.h - opens an area whose block size may have to be found out first.
 */
#ifndef TW_LFS_PROBE_H
#define TW_LFS_PROBE_H

#include "area.h"

/* As tw_area_init(); block_size 0 is probed: -EUCLEAN, -ENOTSUP. */
int tw_probe_area(struct tw_area *area, struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_error *err);

#endif
