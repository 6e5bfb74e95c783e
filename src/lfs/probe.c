/* SPDX-License-Identifier: MIT */
/*
 * probe.c - what file system is in some bytes, and with which block size.
 *
 * Block 0 names the block size itself. When it is torn, block 1 does, but where
 * block 1 begins is just what is asked: every size is tried until the one it
 * is found at is the one it names (littlefs v1 guide, section 6.2).
 */
#include "probe.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "v1_disk.h"

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

/* A caller who knows the block size is believed: firmware does not look at the field. */
static int look_with_size(const uint8_t *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock)
{
	int rc = look_at(bytes, size, 0, ret_superblock);

	return rc == -EUCLEAN ? look_at(bytes, size, block_size, ret_superblock) : rc;
}

static int look_everywhere(const uint8_t *bytes, uint64_t size,
	struct twinfs_superblock *ret_superblock)
{
	struct twinfs_superblock found;
	int rc = look_at(bytes, size, 0, &found);

	if (!rc && (!tw_is_power_of_two(found.block_size) || found.block_size < PROBE_MIN ||
			   found.block_size > PROBE_MAX))
		rc = -EUCLEAN;
	for (uint32_t at = PROBE_MIN; rc == -EUCLEAN && at <= PROBE_MAX; at *= 2) {
		rc = look_at(bytes, size, at, &found);
		if (!rc && found.block_size != at)
			rc = -EUCLEAN;
	}
	if (!rc)
		*ret_superblock = found;
	return rc;
}

/* Version 2 has its magic behind the revision and the first tag. */
static bool has_version_2(const uint8_t *bytes, uint64_t size, uint32_t at)
{
	return tw_is_within(at, 16, size) && memcmp(bytes + at + 8, "littlefs", 8) == 0;
}

static int look_for_version_2(const uint8_t *bytes, uint64_t size,
	struct twinfs_superblock *ret_superblock)
{
	bool found = has_version_2(bytes, size, 0);

	for (uint32_t at = PROBE_MIN; !found && at <= PROBE_MAX; at *= 2)
		found = has_version_2(bytes, size, at);
	if (!found)
		return -EUCLEAN;
	*ret_superblock = (struct twinfs_superblock){.version = UINT32_C(2) << 16};
	return -ENOTSUP;
}

int twinfs_volume_probe(const void *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock, struct twinfs_error *err)
{
	int rc = block_size ? look_with_size(bytes, size, block_size, ret_superblock)
			    : look_everywhere(bytes, size, ret_superblock);

	if (rc == -EUCLEAN)
		rc = look_for_version_2(bytes, size, ret_superblock);
	if (rc == -ENOTSUP)
		return tw_fail_at(err, TWINFS_P_LFS_VERSION, rc, TWINFS_NO_BLOCK, 0x24,
			"littlefs version is not 1.0 or 1.1");
	if (rc)
		return tw_fail(err, TWINFS_P_LFS_MAGIC, rc,
			"no littlefs superblock in blocks 0 and 1");
	return 0;
}

int tw_probe_area(struct tw_area *area, struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_error *err)
{
	struct twinfs_volume_config known = *config;
	struct twinfs_superblock superblock;
	const uint8_t *bytes;
	int rc = 0;

	if (!known.block_size) {
		rc = twinfs_flash_read(flash, config->addr, config->size, &bytes);
		if (rc)
			return tw_fail(err, TWINFS_P_LFS_GEOMETRY, rc,
				"the partition cannot be read: %s", twinfs_strerror(rc));
		rc = twinfs_volume_probe(bytes, config->size, 0, &superblock, err);
		if (!rc)
			known.block_size = superblock.block_size;
	}
	return rc ? rc : tw_area_init(area, flash, &known, err);
}
