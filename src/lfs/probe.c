/* SPDX-License-Identifier: MIT */
/*
 * probe.c - what file system is in some bytes, and with which block size.
 *
 * Block 0 names the block size itself. When it is torn, block 1 does, but where
 * block 1 begins is just what is asked: every size is tried until the one it
 * is found at is the one it names (littlefs v1 guide, section 6.2).
 *
 * Block 0 also decides between the versions, since block 1 may be left from a
 * volume that was there before: old formatters of version 2 wrote block 0 only.
 */
#include "probe.h"

#include <errno.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "v1_disk.h"
#include "v2_disk.h"

enum {
	PROBE_MIN = 128,
	PROBE_MAX = 1 << 20,
};

static int look_at(const uint8_t *bytes, uint64_t size, uint32_t at,
	struct twinfs_superblock *ret_superblock)
{
	uint64_t room = at < size ? size - at : 0;

	return tw_v1_read_superblock(bytes + (room ? at : 0), room, ret_superblock);
}

static bool is_block_size(uint32_t size)
{
	return tw_is_power_of_two(size) && size >= PROBE_MIN && size <= PROBE_MAX;
}

/*
 * A version 1 superblock in block 0; a block size that is known is not compared
 * with it, but no content is longer.
 */
static int look_at_first(const uint8_t *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock)
{
	int rc = look_at(bytes, block_size && block_size < size ? block_size : size, 0,
		ret_superblock);

	if (!rc && !block_size && !is_block_size(ret_superblock->block_size))
		return -EUCLEAN;
	return rc;
}

/* A version 1 superblock in block 1, wherever that is. */
static int look_at_second(const uint8_t *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock)
{
	uint64_t end = 2 * (uint64_t)block_size;
	int rc = -EUCLEAN;

	if (block_size)
		return look_at(bytes, size < end ? size : end, block_size, ret_superblock);
	for (uint32_t at = PROBE_MIN; rc == -EUCLEAN && at <= PROBE_MAX; at *= 2) {
		rc = look_at(bytes, size, at, ret_superblock);
		if (!rc && ret_superblock->block_size != at)
			rc = -EUCLEAN;
	}
	return rc;
}

/* Version 2 is recognised by whole commits, which bind the block size they name. */
static int look_for_version_2(const uint8_t *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock)
{
	int rc = -EUCLEAN;

	if (block_size)
		return tw_v2_read_superblock(bytes, size, block_size, ret_superblock);
	for (uint32_t at = PROBE_MIN; rc == -EUCLEAN && at <= PROBE_MAX; at *= 2)
		rc = tw_v2_read_superblock(bytes, size, at, ret_superblock);
	return rc;
}

int twinfs_volume_probe(const void *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock, struct twinfs_error *err)
{
	struct twinfs_superblock found = {0};
	int rc = look_at_first(bytes, size, block_size, &found);

	if (rc == -EUCLEAN)
		rc = look_for_version_2(bytes, size, block_size, &found);
	if (rc == -EUCLEAN)
		rc = look_at_second(bytes, size, block_size, &found);
	if (rc == -EUCLEAN)
		return tw_fail(err, TWINFS_P_LFS_MAGIC, rc,
			"no littlefs superblock in blocks 0 and 1");
	if (rc == -ENOTSUP)
		(void)tw_fail(err, TWINFS_P_LFS_VERSION, rc,
			"littlefs version %u.%u is not 1.0, 1.1, 2.0 or 2.1", found.version >> 16,
			found.version & 0xffff);
	if (!rc || rc == -ENOTSUP)
		*ret_superblock = found;
	return rc;
}

int tw_probe_area(struct tw_area *area, struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_superblock *ret_superblock,
	struct twinfs_error *err)
{
	struct twinfs_volume_config known = *config;
	const uint8_t *bytes;
	int rc = twinfs_flash_read(flash, config->addr, config->size, &bytes);

	if (rc)
		return tw_fail(err, TWINFS_P_LFS_GEOMETRY, rc, "the partition cannot be read: %s",
			twinfs_strerror(rc));
	rc = twinfs_volume_probe(bytes, config->size, known.block_size, ret_superblock, err);
	if (rc)
		return rc;
	if (!known.block_size)
		known.block_size = ret_superblock->block_size;
	return tw_area_init(area, flash, &known, err);
}
