/* SPDX-License-Identifier: MIT */
/*
 * volume_config.c - which versions of littlefs the firmware of a profile
 * mounts, and how it writes each.
 *
 * A version 2 volume says itself how many blocks it has, so none is left free.
 * What such firmware formats is version 2.0: it is older than 2.1.
 */
#include "volume_config.h"

bool tw_profile_mounts(const struct twinfs_profile *profile, uint32_t major)
{
	return major == 2 ? profile->v2_prog_size != 0 : profile->format == major;
}

static void configure_v2(const struct twinfs_profile *profile, struct twinfs_volume_config *config)
{
	config->prog_size = profile->v2_prog_size;
	config->spare_blocks = 0;
	config->disk_version = TWINFS_LFS_2_0;
	config->block_cycles = (int32_t)profile->v2_block_cycles;
	if (profile->v2_stores_mtime)
		config->flags |= TWINFS_VOLUME_MTIME;
}

void tw_profile_configure(const struct twinfs_profile *profile, uint32_t major, uint32_t prog_size,
	struct twinfs_volume_config *config)
{
	config->prog_size = profile->prog_size;
	config->spare_blocks = profile->spare_blocks;
	config->disk_version = TWINFS_LFS_1_1;
	if (major == 2)
		configure_v2(profile, config);
	if (prog_size)
		config->prog_size = prog_size;
	if (config->prog_size > config->block_size)
		config->prog_size = config->block_size;
}
