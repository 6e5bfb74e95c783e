/* SPDX-License-Identifier: MIT */
/*
 * log2.c - blocks of version 2 made by hand.
 */
#include "log2.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "chip.h"

enum {
	COMMIT_SIZE = 8,
	FCRC_SIZE = 12,
};

void log2_begin(struct log2 *log, uint8_t *bytes, uint32_t size, uint32_t prog, uint32_t rev)
{
	*log = (struct log2){
		.bytes = bytes,
		.size = size,
		.prog = prog,
		.blank = 0xff,
		.has_fcrc = true,
		.off = 4,
		.chain = UINT32_MAX,
	};
	memset(bytes, 0xff, size);
	tw_put_le32(bytes, rev);
}

static void put_tag(struct log2 *log, uint32_t tag)
{
	uint32_t word = tag ^ log->chain;

	must(log->off + 4 <= log->size, "the log is too long");
	for (unsigned i = 0; i < 4; i++)
		log->bytes[log->off++] = (uint8_t)(word >> (24 - 8 * i));
	log->chain = tag;
}

void log2_tag(struct log2 *log, unsigned type, unsigned id, const void *data, uint32_t len)
{
	put_tag(log, (uint32_t)type << 20 | (uint32_t)id << 10 | len);
	must(log->off + len <= log->size, "the log is too long");
	if (len)
		memcpy(log->bytes + log->off, data, len);
	log->off += len;
}

void log2_words(struct log2 *log, unsigned type, unsigned id, uint32_t first, uint32_t second)
{
	uint8_t data[8];

	tw_put_le32(data, first);
	tw_put_le32(data + 4, second);
	log2_tag(log, type, id, data, sizeof(data));
}

void log2_removed(struct log2 *log, unsigned type, unsigned id)
{
	put_tag(log, (uint32_t)type << 20 | (uint32_t)id << 10 | 0x3ff);
}

void log2_file(struct log2 *log, unsigned id, const char *name, const char *content)
{
	log2_tag(log, 0x001, id, name, (uint32_t)strlen(name));
	log2_tag(log, 0x201, id, content, (uint32_t)strlen(content));
}

void log2_commit(struct log2 *log)
{
	uint32_t room = log->off + FCRC_SIZE + COMMIT_SIZE, end, crc;
	bool flips = log->blank < 0x80;

	end = (room + log->prog - 1) / log->prog * log->prog;
	must(end <= log->size, "the log is too long");
	memset(log->bytes + end, log->blank, log->size - end);
	if (log->has_fcrc && end + log->prog <= log->size)
		log2_words(log, 0x5ff, LOG2_PAIR, log->prog,
			tw_crc32_raw(UINT32_MAX, log->bytes + end, log->prog));
	put_tag(log, (flips ? 0x501u : 0x500u) << 20 | LOG2_PAIR << 10 | (end - log->off - 4));
	crc = tw_crc32_raw(UINT32_MAX, log->bytes + log->start, log->off - log->start);
	tw_put_le32(log->bytes + log->off, crc);
	memset(log->bytes + log->off + 4, 0xff, end - log->off - 4);
	log->chain ^= flips ? UINT32_C(0x80000000) : 0;
	log->start = log->off = end;
}

void log2_superblock(struct log2 *log, uint32_t version, uint32_t block_count,
	const uint32_t limits[3])
{
	uint8_t record[24];

	tw_put_le32(record, version);
	tw_put_le32(record + 4, log->size);
	tw_put_le32(record + 8, block_count);
	for (unsigned i = 0; i < 3; i++)
		tw_put_le32(record + 12 + 4 * i, limits[i]);
	log2_tag(log, 0x0ff, 0, "littlefs", 8);
	log2_tag(log, 0x201, 0, record, sizeof(record));
}
