/* SPDX-License-Identifier: MIT */
/*
 * platform.c - the platforms that packages name.
 */
#include <twinfs/firmware.h>

#include <strings.h>

/* Sources as of the profiles; where documents and port differ, the documents count. */
static const struct twinfs_platform platforms[] = {
	{"ASR", "asr1601", TWINFS_PLATFORM_KEEPS},
	{"ASR1601", "asr1601", TWINFS_PLATFORM_KEEPS},
	{"ASR1606", "asr1603", TWINFS_PLATFORM_KEEPS},
	{"unisoc", "unisoc8910", TWINFS_PLATFORM_KEEPS},
	{"unisoc8910", "unisoc8910", TWINFS_PLATFORM_KEEPS},
	{"unisoc8850", "unisoc8910", TWINFS_PLATFORM_KEEPS},
	{"EIGEN", NULL, TWINFS_PLATFORM_KEEPS}, /* only the package says where its areas are */
	{"ASR1803S", NULL, TWINFS_PLATFORM_LOSES},
	{"MDM9X05", NULL, TWINFS_PLATFORM_LOSES},
	{"RDA8908A", NULL, TWINFS_PLATFORM_LOSES},
};

const struct twinfs_platform *twinfs_platform_find(const char *name)
{
	for (size_t i = 0; i < sizeof(platforms) / sizeof(*platforms); i++)
		if (!strcasecmp(platforms[i].name, name))
			return &platforms[i];
	return NULL;
}
