/* SPDX-License-Identifier: MIT */
/*
 * v1_mend.c - a half of version 1: one CRC, behind as many bytes as its second word
 * says, which may be what is wrong.
 */
#include "mend.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "lfs/v1_disk.h"

enum {
	LEN_OFF = 4,
	LEN_BITS = 31,
	ROOT_FIRST = 2, /* blocks that formatting puts the root into: */
	ROOT_SECOND = 3,
	PAYLOAD_LEN = 20, /* of the superblock's entry */
	NAME_LEN = 8,
};

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

/* ---- the superblock ---- */

static void put_superblock(uint8_t *block, uint32_t rev, uint32_t block_size, uint32_t block_count)
{
	uint8_t *entry = block + TW_V1_HEADER_SIZE, *payload = entry + TW_V1_ENTRY_HEAD;

	memset(block, 0xff, block_size);
	tw_put_le32(block, rev);
	tw_put_le32(block + LEN_OFF, TW_V1_SUPERBLOCK_LEN);
	tw_put_le32(block + 8, ROOT_FIRST); /* the thread begins with the root */
	tw_put_le32(block + 12, ROOT_SECOND);
	entry[0] = TW_V1_TYPE_SUPERBLOCK;
	entry[1] = PAYLOAD_LEN;
	entry[2] = 0;
	entry[3] = NAME_LEN;
	tw_put_le32(payload, ROOT_FIRST);
	tw_put_le32(payload + 4, ROOT_SECOND);
	tw_put_le32(payload + 8, block_size);
	tw_put_le32(payload + 12, block_count);
	tw_put_le32(payload + 16, TW_V1_VERSION);
	memcpy(payload + PAYLOAD_LEN, "littlefs", NAME_LEN);
	tw_put_le32(block + TW_V1_SUPERBLOCK_LEN - TW_V1_CRC_SIZE,
		tw_crc32_raw(UINT32_MAX, block, TW_V1_SUPERBLOCK_LEN - TW_V1_CRC_SIZE));
}

bool tw_v1_make_superblock(uint8_t *bytes, uint64_t size, uint32_t block_size)
{
	uint64_t count = size / block_size;
	struct twinfs_superblock superblock;

	if (count <= ROOT_SECOND || count > UINT32_MAX)
		return false;
	for (uint32_t block = 0; block < 2; block++)
		if (!tw_v1_read_superblock(bytes + (size_t)block * block_size, block_size,
			    &superblock))
			return false;
	if (!is_valid(bytes + (size_t)ROOT_FIRST * block_size, block_size) &&
		!is_valid(bytes + (size_t)ROOT_SECOND * block_size, block_size))
		return false;
	put_superblock(bytes, 2, block_size, (uint32_t)count);
	put_superblock(bytes + block_size, 1, block_size, (uint32_t)count);
	return true;
}
