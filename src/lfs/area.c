/* SPDX-License-Identifier: MIT */
/*
 * area.c - the blocks of a partition.
 */
#include "area.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"

/* Pointers of the longest block list must fit a block (littlefs v1 guide, 15.3). */
#define BLOCK_SIZE_MIN 128u

static int check_sizes(const struct tw_area *area, struct twinfs_error *err)
{
	const struct twinfs_flash_geometry *chip = &twinfs_flash_config(area->flash)->geometry;
	uint32_t size = area->block_size;

	if (size < BLOCK_SIZE_MIN || size % chip->erase_size || area->addr % chip->erase_size)
		return tw_fail(err, TWINFS_P_LFS_GEOMETRY, -EINVAL,
			"block size %u at 0x%llx does not fit an erase size of %u", size,
			(unsigned long long)area->addr, chip->erase_size);
	if (!area->prog_size || size % area->prog_size || area->prog_size % chip->prog_size)
		return tw_fail(err, TWINFS_P_LFS_GEOMETRY, -EINVAL,
			"program size %u does not fit block size %u and the chip's program size %u",
			area->prog_size, size, chip->prog_size);
	return 0;
}

int tw_area_init(struct tw_area *area, struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_error *err)
{
	struct tw_area it = {
		.flash = flash,
		.addr = config->addr,
		.block_size = config->block_size,
		.prog_size = config->prog_size,
	};
	uint64_t blocks;
	int rc;

	if (!config->size || !tw_is_within(config->addr, config->size, twinfs_flash_size(flash)))
		return tw_fail(err, TWINFS_P_LFS_GEOMETRY, -EINVAL,
			"the partition lies outside the chip");
	if (!it.prog_size)
		it.prog_size = twinfs_flash_config(flash)->geometry.prog_size;
	rc = check_sizes(&it, err);
	if (rc)
		return rc;
	blocks = config->size / it.block_size;
	if (blocks > INT32_MAX)
		return tw_fail(err, TWINFS_P_LFS_GEOMETRY, -EOVERFLOW,
			"%llu blocks are more than the format can number",
			(unsigned long long)blocks);
	it.block_count = it.room = (uint32_t)blocks;
	it.alloc_room = it.alloc_count =
		it.block_count -
		(config->spare_blocks < it.block_count ? config->spare_blocks : it.block_count);
	*area = it;
	return 0;
}

int tw_area_read(const struct tw_area *area, uint32_t block, uint32_t off, uint32_t len,
	const uint8_t **ret_data)
{
	if (block >= area->block_count || !tw_is_within(off, len, area->block_size))
		return -EUCLEAN;
	return twinfs_flash_read(area->flash, tw_area_addr(area, block) + off, len, ret_data);
}

/* The result of a write that gave @rc, by what the block holds now from @off on. */
static int read_back(const struct tw_area *area, uint32_t block, uint32_t off,
	const struct iovec *parts, unsigned count, int rc)
{
	if (!twinfs_flash_has_hook(area->flash) || (rc && rc != -EIO))
		return rc;
	rc = 0;
	for (unsigned i = 0; !rc && i < count; i++) {
		uint32_t len = (uint32_t)parts[i].iov_len;
		const uint8_t *written;

		rc = tw_area_read(area, block, off, len, &written);
		if (!rc && len && memcmp(written, parts[i].iov_base, len) != 0)
			rc = -EIO;
		off += len;
	}
	return rc;
}

int tw_area_program(const struct tw_area *area, uint32_t block, uint32_t off, const uint8_t *data,
	uint32_t len)
{
	struct iovec part = {(void *)(uintptr_t)data, len};
	int rc = twinfs_flash_program(area->flash, tw_area_addr(area, block) + off, data, len);

	return read_back(area, block, off, &part, 1, rc);
}

int tw_area_write_block(const struct tw_area *area, uint32_t block, const struct iovec *parts,
	unsigned count)
{
	uint64_t len = 0;
	int rc;

	for (unsigned i = 0; i < count; i++)
		len += parts[i].iov_len;
	len = tw_round_up(len, area->prog_size);
	if (block >= area->block_count || len > area->block_size)
		return -EUCLEAN;
	rc = twinfs_flash_rewrite(area->flash, tw_area_addr(area, block), area->block_size, parts,
		count, (uint32_t)len);
	return read_back(area, block, 0, parts, count, rc);
}
