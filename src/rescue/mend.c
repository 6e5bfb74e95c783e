/* SPDX-License-Identifier: MIT */
/*
 * mend.c - which bit a wrong CRC speaks of.
 */
#include "mend.h"

#include "state.h"

#define POLYNOMIAL UINT32_C(0xedb88320)

/* What a register of the CRC becomes when a byte of zeros passes through it. */
static uint32_t pass_zeros(uint32_t crc)
{
	for (int i = 0; i < 8; i++)
		crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
	return crc;
}

bool tw_mend_locate(uint32_t rest, uint32_t len, uint32_t *ret_off, uint8_t *ret_mask)
{
	uint32_t rests[8]; /* of each bit of the byte in hand */

	for (unsigned bit = 0; bit < 8; bit++)
		rests[bit] = pass_zeros(UINT32_C(1) << bit);
	for (uint32_t off = len; off-- > 0;) {
		for (unsigned bit = 0; bit < 8; bit++) {
			if (rests[bit] == rest) {
				*ret_off = off;
				*ret_mask = (uint8_t)(1u << bit);
				return true;
			}
			rests[bit] = pass_zeros(rests[bit]);
		}
	}
	return false;
}

static bool is_content(const struct twinfs_rescue *rescue, uint32_t block)
{
	uint32_t owner = rescue->owner[block];
	const struct tw_content *content;

	if (!owner || owner == TW_METADATA)
		return false;
	content = &rescue->claims[owner - 1].content;
	return !content->lost && !content->is_broken;
}

unsigned tw_mend_all(uint8_t *bytes, uint32_t version, const struct twinfs_rescue *rescue,
	const bool *is_read)
{
	unsigned (*mend)(uint8_t * block, uint32_t block_size) =
		version >> 16 == 1 ? tw_v1_mend : tw_v2_mend;
	uint32_t block_size = rescue->area.block_size;
	unsigned bits = 0;

	for (uint32_t block = 0; block < rescue->area.block_count; block++)
		if (!is_content(rescue, block) && (!is_read || !is_read[block]))
			bits += mend(bytes + (size_t)block * block_size, block_size);
	return bits;
}
