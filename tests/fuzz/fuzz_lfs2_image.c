/* SPDX-License-Identifier: MIT */
/*
 * fuzz_lfs2_image.c - a partition that holds anything, as a littlefs of version 2.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <twinfs/volume.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct twinfs_superblock found;
	struct twinfs_error err = {0};

	if (twinfs_volume_probe(data, size, 128, &found, &err) == 0)
		fuzz_must(found.block_size == 128, "another block size: %u", found.block_size);
	return 0;
}
