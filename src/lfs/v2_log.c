/* SPDX-License-Identifier: MIT */
/*
 * v2_log.c - tags and commits as bytes (section 7).
 */
#include "v2_log.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"

void tw_v2_begin_log(struct tw_v2_log_writer *writer, const struct twinfs_volume *volume,
	uint32_t rev)
{
	*writer = (struct tw_v2_log_writer){
		.bytes = volume->scratch,
		.block_size = volume->area.block_size,
		.prog_size = volume->area.prog_size,
		.off = TW_V2_REV_SIZE,
		.chain = UINT32_MAX,
		.has_fcrc = volume->version != TWINFS_LFS_2_0,
	};
	tw_put_le32(writer->bytes, rev);
}

void tw_v2_begin_commit(struct tw_v2_log_writer *writer, const struct twinfs_volume *volume,
	uint32_t len, uint32_t chain)
{
	tw_v2_begin_log(writer, volume, 0);
	writer->start = writer->off = len;
	writer->chain = chain;
}

static void put_tag(struct tw_v2_log_writer *writer, uint32_t tag)
{
	tw_put_le32(writer->bytes + writer->off, __builtin_bswap32(tag ^ writer->chain));
	writer->chain = tag;
	writer->off += TW_V2_TAG_SIZE;
}

/* The room that closing the commit needs is kept free. */
static bool fits(struct tw_v2_log_writer *writer, uint32_t len)
{
	uint32_t room = writer->block_size - TW_V2_COMMIT_SIZE;

	if (!writer->is_full)
		writer->is_full = !tw_is_within(writer->off, TW_V2_TAG_SIZE + len, room);
	return !writer->is_full;
}

uint32_t tw_v2_put(struct tw_v2_log_writer *writer, unsigned type, unsigned id, const void *data,
	uint32_t len)
{
	uint32_t off;

	if (!fits(writer, len))
		return 0;
	put_tag(writer, tw_v2_tag(type, id, len));
	off = writer->off;
	if (len)
		memcpy(writer->bytes + off, data, len);
	writer->off += len;
	return off;
}

void tw_v2_put_removed(struct tw_v2_log_writer *writer, unsigned type, unsigned id)
{
	if (fits(writer, 0))
		put_tag(writer, tw_v2_tag(type, id, TW_V2_REMOVED));
}

void tw_v2_put_words(struct tw_v2_log_writer *writer, unsigned type, unsigned id, uint32_t first,
	uint32_t second)
{
	uint8_t data[8];

	tw_put_le32(data, first);
	tw_put_le32(data + 4, second);
	(void)tw_v2_put(writer, type, id, data, sizeof(data));
}

/*
 * Vouches for the program unit that follows the commit, at @end: when it has
 * changed, the next commit was begun and cut, even if no tag of it is seen.
 */
static void put_fcrc(struct tw_v2_log_writer *writer, uint32_t end, const uint8_t *behind)
{
	uint8_t *data;

	if (!behind) { /* the place in memory that the erased unit would have */
		memset(writer->bytes + end, 0xff, writer->prog_size);
		behind = writer->bytes;
	}
	put_tag(writer, tw_v2_tag(TW_V2_FCRC, TW_V2_PAIR_ID, 8));
	data = writer->bytes + writer->off;
	tw_put_le32(data, writer->prog_size);
	tw_put_le32(data + 4, tw_crc32_raw(UINT32_MAX, behind + end, writer->prog_size));
	writer->off += 8;
}

/* The tag that closes a commit, its CRC, and padding up to @end. */
static void close_commit(struct tw_v2_log_writer *writer, uint32_t end, bool flips)
{
	uint32_t tag = tw_v2_tag(TW_V2_COMMIT | (flips ? 1 : 0), TW_V2_PAIR_ID,
		end - writer->off - TW_V2_TAG_SIZE);
	uint32_t crc;

	put_tag(writer, tag);
	crc = tw_crc32_raw(UINT32_MAX, writer->bytes + writer->start, writer->off - writer->start);
	tw_put_le32(writer->bytes + writer->off, crc);
	memset(writer->bytes + writer->off + 4, 0xff, end - writer->off - 4);
	if (flips)
		writer->chain ^= TW_V2_INVALID;
	writer->off = writer->start = end;
}

void tw_v2_seal(struct tw_v2_log_writer *writer, const uint8_t *behind)
{
	const uint32_t closing = TW_V2_FCRC_SIZE + TW_V2_COMMIT_SIZE;
	uint32_t size = writer->block_size, wanted = writer->off + closing;
	uint32_t end = (uint32_t)tw_round_up(wanted < size ? wanted : size, writer->prog_size);

	/* A payload may be too short to pad up to there; then empty commits do. */
	while (writer->off < end) {
		uint32_t most = writer->off + TW_V2_TAG_SIZE + TW_V2_PAYLOAD_MAX;
		uint32_t next = most < end ? most : end;
		bool flips = false;

		if (next < end && next > end - closing)
			next = end - closing;
		if (next == end && end + writer->prog_size <= size) {
			/* what the next tag is made of must read as "not begun" */
			flips = behind && behind[end] < 0x80;
			if (writer->has_fcrc)
				put_fcrc(writer, end, behind);
		}
		close_commit(writer, next, flips);
	}
}
