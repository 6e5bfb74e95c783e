/* SPDX-License-Identifier: MIT */
/*
 * v2_mend.c - a log of version 2: each commit has a CRC at its end, which is found by
 * going from tag to tag. Where the wrong bit is in a payload the CRC names it; where it
 * is in a tag the way leads astray, so the bits of the tags on the way are tried.
 */
#include "mend.h"

#include "base/bytes.h"
#include "base/crc.h"
#include "lfs/v2_disk.h"

enum {
	TAGS_MAX = 256, /* that are tried, of one commit: more than it has in 4 KiB */
	TAG_BITS = 32,
	ERASED_BYTES = 16, /* so many with no more than one zero are erased cells */
};

/* The way through a commit, as far as it leads. */
struct way {
	uint32_t start;          /* what the CRC covers begins here */
	uint32_t tags[TAGS_MAX]; /* offsets */
	unsigned count;
	uint32_t crc_off; /* of the tag that closes the commit; 0: none was reached */
};

static void follow(const uint8_t *block, const struct tw_v2_log *log, struct way *way)
{
	uint32_t off = log->end ? log->end : TW_V2_REV_SIZE;
	uint32_t chain = log->end ? log->chain : UINT32_MAX;

	*way = (struct way){.start = log->end};
	while (way->count < TAGS_MAX && off + TW_V2_TAG_SIZE <= log->block_size) {
		uint32_t tag = __builtin_bswap32(tw_le32(block + off)) ^ chain;
		uint32_t len = tw_v2_payload(tag);

		way->tags[way->count++] = off;
		if (tag & TW_V2_INVALID || len > log->block_size - off - TW_V2_TAG_SIZE)
			return;
		if (tw_v2_is_commit(tw_v2_type(tag))) {
			way->crc_off = len >= 4 ? off : 0;
			return;
		}
		chain = tag;
		off += TW_V2_TAG_SIZE + len;
	}
}

/* Whether the log goes further with that bit inverted; then it stays so. */
static bool try_bit(uint8_t *block, const struct tw_v2_log *log, uint32_t off, uint8_t mask)
{
	struct tw_v2_log longer = {0};

	block[off] ^= mask;
	if (tw_v2_scan(block, log->block_size, &longer) && longer.end > log->end)
		return true;
	block[off] ^= mask;
	return false;
}

/* Whether no other commit was begun: a single tag can look like that, but not two. */
static bool is_erased(const uint8_t *block, uint32_t block_size, uint32_t off)
{
	unsigned zeros = 0;

	for (uint32_t i = off; i < block_size && i < off + ERASED_BYTES; i++)
		zeros += (unsigned)__builtin_popcount(block[i] ^ 0xffu);
	return zeros <= 1;
}

/* Puts one bit of the first commit that is wrong right. */
static bool mend_commit(uint8_t *block, const struct tw_v2_log *log)
{
	struct way way;
	uint8_t mask;
	uint32_t off;

	follow(block, log, &way);
	if (!way.count || is_erased(block, log->block_size, way.tags[0]))
		return false;
	if (way.crc_off) {
		uint32_t len = way.crc_off + TW_V2_TAG_SIZE + 4 - way.start;
		uint32_t rest = tw_crc32_raw(UINT32_MAX, block + way.start, len);

		if (rest && tw_mend_locate(rest, len, &off, &mask) &&
			try_bit(block, log, way.start + off, mask))
			return true;
	}
	for (unsigned i = 0; i < way.count; i++)
		for (unsigned bit = 0; bit < TAG_BITS; bit++)
			if (try_bit(block, log, way.tags[i] + bit / 8, (uint8_t)(1u << bit % 8)))
				return true;
	return false;
}

unsigned tw_v2_mend(uint8_t *block, uint32_t block_size)
{
	struct tw_v2_log log = {0};
	unsigned bits = 0;

	/* Each bit makes the log longer, so this ends. */
	do
		if (!tw_v2_scan(block, block_size, &log))
			log = (struct tw_v2_log){.bytes = block, .block_size = block_size};
	while (mend_commit(block, &log) && ++bits);
	return bits;
}
