/* SPDX-License-Identifier: MIT */
/*
 * volume_config.h - which versions of littlefs the firmware of a profile
 * mounts, and how it writes each.
 */
#ifndef TW_MODULE_VOLUME_CONFIG_H
#define TW_MODULE_VOLUME_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <twinfs/profile.h>
#include <twinfs/volume.h>

/* Firmware that has version 1 formats with it: a profile that formats version 2 has no other. */
bool tw_profile_mounts(const struct twinfs_profile *profile, uint32_t major);

/*
 * Sets in @config what follows from the major version: the program size, the
 * blocks left free, the wear levelling, the version that format makes. Its
 * block size is set; @prog_size is what was asked for, 0: the profile's.
 */
void tw_profile_configure(const struct twinfs_profile *profile, uint32_t major, uint32_t prog_size,
	struct twinfs_volume_config *config);

#endif
