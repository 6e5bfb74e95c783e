/* SPDX-License-Identifier: MIT */
/*
 * guess.c - which format and block size a partition without a superblock has.
 *
 * Metadata that begins where blocks of one size do also begins where smaller ones do, and
 * by chance where larger ones do. But pairs name each other by number, and a number leads
 * to metadata with the right size only: so what counts first is how many do.
 */
#include "guess.h"

#include <stdbool.h>

#include "base/bytes.h"
#include "lfs/v1_disk.h"
#include "lfs/v2_disk.h"

enum { BLOCK_LEAST = 128, BLOCK_MOST = 1 << 20 };

struct look {
	const uint8_t *bytes;
	uint64_t len;
	uint32_t size; /* of a block */
	unsigned major;
};

struct score {
	uint64_t hits; /* numbers of pairs that lead to metadata */
	uint64_t logs; /* blocks that hold metadata */
};

static bool is_better(struct score a, struct score b)
{
	return a.hits != b.hits ? a.hits > b.hits : a.logs > b.logs;
}

static bool is_log(const struct look *look, uint64_t block)
{
	const uint8_t *bytes = look->bytes + block * look->size;
	struct tw_v1_half half;
	struct tw_v2_log log = {0};

	if (block >= look->len / look->size)
		return false;
	return look->major == 1 ? tw_v1_read_half(bytes, look->size, &half)
				: tw_v2_scan(bytes, look->size, &log);
}

static unsigned count_hit(const struct look *look, struct tw_pair pair)
{
	return pair.block[0] != pair.block[1] &&
	       (is_log(look, pair.block[0]) || is_log(look, pair.block[1]));
}

static void add_v1(const struct look *look, const uint8_t *bytes, struct score *score)
{
	uint32_t off = TW_V1_HEADER_SIZE;
	struct tw_v1_entry entry;
	struct tw_v1_half half;

	if (!tw_v1_read_half(bytes, look->size, &half))
		return;
	score->logs++;
	score->hits += count_hit(look, half.tail);
	while (tw_v1_next_entry(&half, &off, &entry))
		if (tw_v1_is_directory(entry.type))
			score->hits += count_hit(look,
				(struct tw_pair){{entry.payload[0], entry.payload[1]}});
}

static void add_v2(const struct look *look, const uint8_t *bytes, struct score *score)
{
	struct tw_v2_cursor cursor = TW_V2_BEGIN;
	struct tw_v2_log log = {0};
	struct tw_v2_item item;

	if (!tw_v2_scan(bytes, look->size, &log))
		return;
	score->logs++;
	while (tw_v2_next(&log, &cursor, &item)) {
		unsigned type = tw_v2_type(item.tag);

		if (item.len == 8 && (type == TW_V2_STRUCT || type == TW_V2_TAIL_SOFT ||
					     type == TW_V2_TAIL_HARD))
			score->hits += count_hit(look, tw_v2_read_pair(item.data));
	}
}

static struct score judge(const uint8_t *bytes, uint64_t len, uint32_t size, unsigned major)
{
	const struct look look = {bytes, len, size, major};
	struct score score = {0};

	for (uint64_t at = 0; at + size <= len; at += size) {
		if (major == 1)
			add_v1(&look, bytes + at, &score);
		else
			add_v2(&look, bytes + at, &score);
	}
	return score;
}

unsigned tw_guess_format(const uint8_t *bytes, uint64_t len, uint32_t size)
{
	return is_better(judge(bytes, len, size, 2), judge(bytes, len, size, 1)) ? 2 : 1;
}

uint32_t tw_guess_block_size(const uint8_t *bytes, uint64_t len, uint32_t least)
{
	struct score best = {0};
	uint32_t best_size = 0;

	for (uint32_t size = BLOCK_MOST; size >= least && size >= BLOCK_LEAST; size /= 2) {
		for (unsigned major = 1; major <= 2; major++) {
			struct score score = judge(bytes, len, size, major);

			if (is_better(score, best)) {
				best = score;
				best_size = size;
			}
		}
	}
	return best_size;
}
