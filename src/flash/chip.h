/* SPDX-License-Identifier: MIT */
/*
 * chip.h - the inside of a chip, for the files of this folder.
 */
#ifndef TW_FLASH_CHIP_H
#define TW_FLASH_CHIP_H

#include <pthread.h>
#include <stdatomic.h>
#include <twinfs/flash.h>

struct twinfs_flash {
	struct twinfs_image *image;
	struct twinfs_flash_config config;
	const struct twinfs_flash_hook *hook; /* the first of them, or NULL */
	atomic_bool powered;
	pthread_mutex_t lock; /* guards programs, erases, stats and wear */
	struct twinfs_flash_stats stats;
	uint32_t *wear; /* erases, one a unit */
	uint64_t units;
};

#endif
