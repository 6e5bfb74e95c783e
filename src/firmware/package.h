/* SPDX-License-Identifier: MIT */
/*
 * package.h - an open package, for the files of this folder.
 */
#ifndef TW_FIRMWARE_PACKAGE_H
#define TW_FIRMWARE_PACKAGE_H

#include <twinfs/firmware.h>

#include "zip.h"

#define TW_PACKAGE_NONE SIZE_MAX

struct twinfs_package {
	char *path;
	enum twinfs_package_kind kind;
	char platform[40];
	char *bytes; /* the archive; NULL: loose files */
	struct tw_zip zip;
	size_t nest;       /* the member that is the inner archive, or TW_PACKAGE_NONE */
	char *inner_bytes; /* it, unpacked, or NULL */
	struct tw_zip inner;
	size_t images[TWINFS_FIRMWARE_IMAGES]; /* members of the archive that has them */
	char *folder;                          /* in that archive, with '/'; NULL: no firmware */
	char *files[TWINFS_FIRMWARE_IMAGES];   /* loose files, or NULL */
	struct twinfs_error why;               /* @folder is NULL because of this */
};

/* The archive that the images are in. */
static inline const struct tw_zip *tw_package_archive(const struct twinfs_package *package)
{
	return package->nest == TW_PACKAGE_NONE ? &package->zip : &package->inner;
}

#endif
