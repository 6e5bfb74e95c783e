/* SPDX-License-Identifier: MIT */
/*
 * v1_disk.c - from the bytes of a version 1 pair to checked fields.
 *
 * The bytes may change while they are read, when another program has the image
 * mounted; so every length is copied once, checked, and used from the copy.
 */
#include "v1_disk.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"

/* Longest content that is looked at for a superblock. */
#define LEN_MAX (UINT32_C(1) << 20)

bool tw_v1_read_half(const uint8_t *bytes, uint32_t block_size, struct tw_v1_half *half)
{
	uint32_t size = tw_le32(bytes + 4);

	half->bytes = bytes;
	half->block_size = block_size;
	half->rev = tw_le32(bytes);
	half->len = size & ~TW_V1_MORE;
	half->more = size & TW_V1_MORE;
	half->tail = (struct tw_pair){{tw_le32(bytes + 8), tw_le32(bytes + 12)}};
	return half->len >= TW_V1_LEN_MIN && half->len <= block_size &&
	       tw_crc32_raw(UINT32_MAX, bytes, half->len) == 0;
}

int tw_v1_fetch(const struct tw_area *area, struct tw_pair pair, struct tw_v1_half *ret_half)
{
	struct tw_v1_half best = {0}, half;
	unsigned valid = 0;

	if (pair.block[0] >= area->block_count || pair.block[1] >= area->block_count ||
		pair.block[0] == pair.block[1])
		return -EUCLEAN;
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *bytes;
		int rc = tw_area_read(area, pair.block[i], 0, area->block_size, &bytes);

		if (rc == -ESHUTDOWN)
			return rc;
		if (rc || !tw_v1_read_half(bytes, area->block_size, &half))
			continue;
		/* Serial arithmetic; of two equal revisions the second wins. */
		if (valid++ && (int32_t)(half.rev - best.rev) < 0)
			continue;
		best = half;
		best.pair = (struct tw_pair){{pair.block[i], pair.block[!i]}};
	}
	if (!valid)
		return -EBADMSG;
	best.other_is_valid = valid == 2;
	*ret_half = best;
	return 0;
}

bool tw_v1_next_entry(const struct tw_v1_half *half, uint32_t *off, struct tw_v1_entry *ret_entry)
{
	uint32_t end = half->len - TW_V1_CRC_SIZE, at = *off;
	const uint8_t *raw = half->bytes + at;
	struct tw_v1_entry entry = {.off = at, .raw = raw};

	if (at + TW_V1_ENTRY_HEAD + TW_V1_PAYLOAD_SIZE > end)
		return false;
	entry.type = raw[0];
	entry.payload_len = raw[1];
	entry.attr_len = raw[2];
	entry.name_len = raw[3];
	entry.payload[0] = tw_le32(raw + 4);
	entry.payload[1] = tw_le32(raw + 8);
	entry.len =
		TW_V1_ENTRY_HEAD + (uint32_t)entry.payload_len + entry.attr_len + entry.name_len;
	entry.is_overrun = at + entry.len > end;
	*off = at + entry.len;
	/* Old writers cut the last name short; the rest stands behind the content (19.9). */
	if (at + entry.len > half->block_size) {
		entry.len = half->block_size - at;
	} else if (entry.payload_len >= TW_V1_PAYLOAD_SIZE) {
		entry.extra = raw + TW_V1_ENTRY_HEAD + TW_V1_PAYLOAD_SIZE;
		entry.extra_len = (uint32_t)entry.payload_len - TW_V1_PAYLOAD_SIZE + entry.attr_len;
		entry.name = entry.extra + entry.extra_len;
	}
	*ret_entry = entry;
	return true;
}

uint32_t tw_v1_seen(const uint8_t *bytes, uint32_t block_size)
{
	uint32_t off = TW_V1_HEADER_SIZE;
	struct tw_v1_entry entry;
	struct tw_v1_half half;

	if (!tw_v1_read_half(bytes, block_size, &half))
		return 0;
	while (tw_v1_next_entry(&half, &off, &entry))
		;
	off = off > half.len ? off : half.len;
	return off < block_size ? off : block_size;
}

int tw_v1_read_superblock(const uint8_t *bytes, uint64_t size,
	struct twinfs_superblock *ret_superblock)
{
	struct tw_v1_half half;
	uint32_t version;

	if (size < TW_V1_SUPERBLOCK_LEN)
		return -EUCLEAN;
	/* The block size is not known yet: any length up to the largest is tried. */
	if (!tw_v1_read_half(bytes, size < LEN_MAX ? (uint32_t)size : LEN_MAX, &half) ||
		half.len < TW_V1_SUPERBLOCK_LEN || memcmp(bytes + 0x28, "littlefs", 8) != 0)
		return -EUCLEAN;
	version = tw_le32(bytes + 0x24);
	*ret_superblock = (struct twinfs_superblock){
		.version = version,
		.block_size = tw_le32(bytes + 0x1c),
		.block_count = tw_le32(bytes + 0x20),
		.name_max = TWINFS_NAME_MAX,
		.file_max = INT32_MAX,
	};
	return version >> 16 == 1 && (version & 0xffff) <= 1 ? 0 : -ENOTSUP;
}
