/* SPDX-License-Identifier: MIT */
/*
 * v1_mend.c - a half of version 1: one CRC, behind as many bytes as its second word
 * says, which may be what is wrong.
 */
#include "mend.h"

#include "base/bytes.h"
#include "base/crc.h"
#include "lfs/v1_disk.h"

enum { LEN_OFF = 4, LEN_BITS = 31 };

static bool is_valid(const uint8_t *block, uint32_t block_size)
{
	return tw_v1_seen(block, block_size) != 0;
}

static bool mend_len(uint8_t *block, uint32_t block_size)
{
	for (unsigned bit = 0; bit < LEN_BITS; bit++) {
		uint8_t *byte = &block[LEN_OFF + bit / 8], mask = (uint8_t)(1u << bit % 8);

		*byte ^= mask;
		if (is_valid(block, block_size))
			return true;
		*byte ^= mask;
	}
	return false;
}

unsigned tw_v1_mend(uint8_t *block, uint32_t block_size)
{
	uint32_t len = tw_le32(block + LEN_OFF) & ~TW_V1_MORE, rest, off;
	uint8_t mask;

	if (is_valid(block, block_size))
		return 0;
	if (len >= TW_V1_LEN_MIN && len <= block_size) {
		rest = tw_crc32_raw(UINT32_MAX, block, len);
		/* A wrong bit of the length itself is none of the message it gives. */
		if (tw_mend_locate(rest, len, &off, &mask)) {
			block[off] ^= mask;
			if (is_valid(block, block_size))
				return 1;
			block[off] ^= mask;
		}
	}
	return mend_len(block, block_size);
}
