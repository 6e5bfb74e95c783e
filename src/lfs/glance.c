/* SPDX-License-Identifier: MIT */
/*
 * glance.c - what can ever be seen of a block of metadata, in 64 bits.
 *
 * Which version the volume has depends on other blocks, and probing looks at
 * the first two as both; so a sight has what each version would see. A block of
 * one is next to nothing for the other, so that costs little.
 *
 * Whatever comes to be read of metadata, or of blocks that are not in use, must
 * be part of the sight: tests/powerloss/test_glance.c.
 */
#include <string.h>

#include "base/bytes.h"
#include "v1_disk.h"
#include "v2_disk.h"

/* All that counts, for one digest. No padding. */
struct sight {
	uint32_t first_word;
	uint32_t v1_seen;  /* bytes; 0: no valid half */
	uint32_t v2_seen;  /* bytes; 0: no valid commit */
	uint32_t v2_end;   /* of the log */
	uint32_t v2_flags; /* is_tidy, and whether the FCRC holds */
	uint32_t zero;
	struct twinfs_digest v1, v2; /* of the bytes seen */
};

static void look_as_v1(const uint8_t *bytes, uint32_t block_size, struct sight *sight)
{
	sight->v1_seen = tw_v1_seen(bytes, block_size);
	if (sight->v1_seen)
		sight->v1 = twinfs_digest(bytes, sight->v1_seen);
}

/*
 * A commit is added to a tidy log where the cells are erased; then what follows
 * it goes into its FCRC. Behind a first cell that is not erased nothing counts.
 */
static void look_as_v2(const uint8_t *bytes, uint32_t block_size, struct sight *sight)
{
	struct tw_v2_log log = {0};
	bool goes_on;

	if (!tw_v2_scan(bytes, block_size, &log))
		return;
	goes_on = log.is_tidy && log.end < block_size && bytes[log.end] == 0xff;
	sight->v2_end = log.end;
	sight->v2_flags = (uint32_t)log.is_tidy | (uint32_t)tw_v2_fcrc_holds(&log) << 1;
	sight->v2_seen = goes_on ? block_size : log.end;
	sight->v2 = twinfs_digest(bytes, sight->v2_seen);
}

/* Looks at a block; @ret_first_word gets the word that stands for itself. */
static int look(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	uint32_t block, struct sight *sight, uint32_t *ret_first_word)
{
	struct tw_area area;
	const uint8_t *bytes;
	int rc = config->block_size ? tw_area_init(&area, flash, config, NULL) : -EINVAL;

	if (!rc && block >= area.block_count)
		rc = -EINVAL;
	if (!rc)
		rc = tw_area_read(&area, block, 0, area.block_size, &bytes);
	if (rc)
		return rc;
	*ret_first_word = tw_le32(bytes);
	look_as_v1(bytes, area.block_size, sight);
	look_as_v2(bytes, area.block_size, sight);
	return 0;
}

int twinfs_volume_glance(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	uint32_t block, uint64_t *ret_sight)
{
	struct sight sight = {0};
	int rc = look(flash, config, block, &sight, &sight.first_word);

	if (!rc)
		*ret_sight = twinfs_digest(&sight, sizeof(sight)).low;
	return rc;
}

int twinfs_volume_glance_whole(struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, uint32_t block, uint64_t *ret_sight)
{
	struct sight sight = {0};
	uint32_t first_word;
	int rc = look(flash, config, block, &sight, &first_word);

	if (!rc)
		*ret_sight = twinfs_digest(&sight, sizeof(sight)).low;
	return rc;
}
