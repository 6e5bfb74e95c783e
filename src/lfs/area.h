/* SPDX-License-Identifier: MIT */
/*
 * area.h - the blocks of a partition: the only way of this layer to the chip.
 *
 * Every block number comes from an image and is checked here.
 */
#ifndef TW_LFS_AREA_H
#define TW_LFS_AREA_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <twinfs/flash.h>
#include <twinfs/volume.h>

struct tw_area {
	struct twinfs_flash *flash;
	uint64_t addr; /* of block 0, bytes from the start of the chip */
	uint32_t block_size;
	uint32_t room;        /* blocks of the partition */
	uint32_t block_count; /* readable blocks; not more than there is room for */
	uint32_t alloc_count; /* blocks a writer may use: without the spare ones */
	uint32_t alloc_room;  /* the same of the partition */
	uint32_t prog_size;
};

/*
 * Takes the geometry from @config, whose block_size is not 0. Returns 0,
 * -EINVAL, -EOVERFLOW.
 */
int tw_area_init(struct tw_area *area, struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_error *err);

static inline uint64_t tw_area_addr(const struct tw_area *area, uint32_t block)
{
	return area->addr + (uint64_t)block * area->block_size;
}

/* Points at @len bytes at @off of @block. -EUCLEAN outside the area, or the chip's errors. */
int tw_area_read(const struct tw_area *area, uint32_t block, uint32_t off, uint32_t len,
	const uint8_t **ret_data);

/*
 * Programs @len bytes, a multiple of the program size, at @off of @block, and
 * reads them back; -EIO when the block does not hold them. A block that
 * complains but holds them is good.
 */
int tw_area_program(const struct tw_area *area, uint32_t block, uint32_t off, const uint8_t *data,
	uint32_t len);

/*
 * Erases @block and programs the parts behind each other, padded with 0xff to
 * the program size. Reads back as tw_area_program().
 */
int tw_area_write_block(const struct tw_area *area, uint32_t block, const struct iovec *parts,
	unsigned count);

/* Whether @code says that one block is bad, so that another may be tried. */
static inline bool tw_is_bad_block(int code)
{
	return code == -EIO; /* power loss and misuse have codes of their own */
}

#endif
