/* SPDX-License-Identifier: MIT */
/*
 * image_mutate.c - mutations of images that keep their records and tags in step.
 *
 * Bytes are mutated as libFuzzer does it, but within one record, whose length
 * follows; and numbers become those that matter: blocks of the image, the edges of
 * ranges, types there are.
 */
#include <string.h>

#include "base/bytes.h"
#include "fuzz.h"
#include "image_form.h"
#include "lfs/v1_disk.h"
#include "lfs/v2_disk.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { RECORDS_MAX = 2 * FORM_BLOCKS_MAX };

/* An input under change. */
struct change {
	uint8_t *data;
	size_t size, room;
	uint64_t random;
	unsigned version;
	size_t starts[RECORDS_MAX + 1]; /* of the records, and the end of the last */
	size_t count;
};

static uint64_t pick(struct change *change, uint64_t below)
{
	return below ? fuzz_random(&change->random) % below : 0;
}

static void find_records(struct change *change)
{
	size_t at = FORM_HEAD;

	change->count = 0;
	while (at + FORM_RECORD <= change->size && change->count < RECORDS_MAX) {
		size_t end = at + FORM_RECORD + tw_le16(change->data + at + 2);

		change->starts[change->count++] = at;
		at = end < change->size ? end : change->size;
	}
	change->starts[change->count] = at;
}

/* Gives the bytes [@at, @at + @len) another length; false: no room for them. */
static bool resize(struct change *change, size_t at, size_t len, size_t new_len)
{
	if (change->size - len + new_len > change->room)
		return false;
	memmove(change->data + at + new_len, change->data + at + len, change->size - at - len);
	if (new_len > len)
		memset(change->data + at + len, 0, new_len - len);
	change->size = change->size - len + new_len;
	return true;
}

/* The same within record @i, which says how long it is. */
static bool resize_in(struct change *change, size_t i, size_t at, size_t len, size_t new_len)
{
	size_t start = change->starts[i];
	size_t now = change->starts[i + 1] - start - FORM_RECORD - len + new_len;

	if (now > UINT16_MAX || !resize(change, at, len, new_len))
		return false;
	tw_put_le16(change->data + start + 2, (uint16_t)now);
	return true;
}

static uint32_t edge(struct change *change)
{
	uint32_t block_size = UINT32_C(128) << (change->data[0] & 3);
	uint32_t blocks = FORM_BLOCKS_MIN + (change->data[1] & 63u);
	const uint32_t edges[] = {0, 1, 2, blocks - 1, blocks, UINT32_MAX, UINT32_MAX - 1,
		0x80000000, 0x7fffffff, 0x7ffffffe, block_size, block_size - 8, blocks * block_size,
		TWINFS_LFS_1_0, TWINFS_LFS_1_1, TWINFS_LFS_2_0, TWINFS_LFS_2_1, 0x00020002,
		0x00030000, 0x4ff00000, 0x80000000 | 0x4ff00000};

	return pick(change, 2) ? (uint32_t)pick(change, blocks) : edges[pick(change, COUNT(edges))];
}

static void change_word(struct change *change, size_t start, size_t end)
{
	size_t at = start + pick(change, end - start);

	if (pick(change, 4))
		at = start + (at - start) / 4 * 4;
	if (at + 4 > end)
		return;
	if (pick(change, 4))
		tw_put_le32(change->data + at, edge(change));
	else
		tw_put_le32(change->data + at,
			tw_le32(change->data + at) + (pick(change, 2) ? 1u : UINT32_MAX));
}

static void change_bytes(struct change *change, size_t i, size_t at, size_t len)
{
	uint8_t bytes[4096];
	size_t made;

	if (len > sizeof(bytes) - 64)
		return;
	memcpy(bytes, change->data + at, len);
	made = LLVMFuzzerMutate(bytes, len, len + 64);
	if (resize_in(change, i, at, len, made))
		memcpy(change->data + at, bytes, made);
}

static uint32_t any_tag(struct change *change, uint32_t tag)
{
	static const unsigned types[] = {0x001, 0x002, 0x0ff, 0x003, 0x100, 0x200, 0x201, 0x202,
		0x203, 0x301, 0x302, 0x3ff, 0x400, 0x401, 0x4ff, 0x402, FORM_SEAL, FORM_SEAL_20,
		FORM_COMMIT, FORM_COMMIT_FLIP, 0x57f, 0x580, 0x5ff, 0x600, 0x601, 0x6ff, 0x7ff,
		0x700};
	unsigned type = tw_v2_type(tag), id = tw_v2_id(tag);
	uint32_t len = tag & 0x3ff;

	switch (pick(change, 4)) {
	case 0:
		type = types[pick(change, COUNT(types))];
		break;
	case 1:
		id = (unsigned)(pick(change, 4) ? pick(change, 8) : 0x3fc + pick(change, 4));
		break;
	case 2:
		id = id + (pick(change, 2) ? 1 : 0x3ff);
		break;
	default:
		len = pick(change, 3) ? (uint32_t)pick(change, 28)
				      : TW_V2_REMOVED - (uint32_t)pick(change, 2);
	}
	return tw_v2_tag(type, id & 0x3ff, len);
}

/* Payload behind the tag at @at, as far as the record has it. */
static size_t payload_of(const struct change *change, size_t at, size_t end)
{
	uint32_t tag = tw_le32(change->data + at);
	size_t len = tw_v2_is_commit(tw_v2_type(tag)) ? 0 : tw_v2_payload(tag);

	return at + 4 + len < end ? len : end - at - 4;
}

/* One tag of the log in record @i: another type, other bytes, twice, or gone. */
static void change_tag(struct change *change, size_t i)
{
	size_t at = change->starts[i] + FORM_RECORD + 4, end = change->starts[i + 1], len;
	size_t places[256], count = 0;

	for (; at + 4 <= end && count < COUNT(places); at += 4 + len) {
		places[count++] = at;
		len = payload_of(change, at, end);
	}
	if (!count)
		return;
	at = places[pick(change, count)];
	len = payload_of(change, at, end);
	switch (pick(change, 6)) {
	case 0:
	case 1: { /* the payload goes along with a new length */
		uint32_t tag = any_tag(change, tw_le32(change->data + at));

		tw_put_le32(change->data + at, tag);
		if (!tw_v2_is_commit(tw_v2_type(tag)))
			(void)resize_in(change, i, at + 4, len, tw_v2_payload(tag));
		break;
	}
	case 2:
	case 3:
		change_word(change, at + 4, at + 4 + len);
		break;
	case 4: { /* once more, somewhere behind */
		size_t to = places[pick(change, count)];
		uint8_t copy[4 + TW_V2_PAYLOAD_MAX];

		memcpy(copy, change->data + at, 4 + len);
		if (resize_in(change, i, to, 0, 4 + len))
			memcpy(change->data + to, copy, 4 + len);
		break;
	}
	default:
		(void)resize_in(change, i, at, 4 + len, 0);
	}
}

/* A record again for another block, as one half is for the other, or a stale copy. */
static void copy_record(struct change *change, size_t i)
{
	size_t start = change->starts[i], len = change->starts[i + 1] - start, end = change->size;

	if (end + len > change->room)
		return;
	memcpy(change->data + end, change->data + start, len);
	change->size += len;
	change->data[end] = (uint8_t)pick(change, FORM_BLOCKS_MIN + (change->data[1] & 63u));
	if (pick(change, 2) && len >= FORM_RECORD + 4)
		tw_put_le32(change->data + end + FORM_RECORD,
			tw_le32(change->data + end + FORM_RECORD) +
				(pick(change, 2) ? 1u : UINT32_MAX));
}

static void change_record(struct change *change)
{
	size_t i = pick(change, change->count);
	size_t start = change->starts[i], end = change->starts[i + 1];
	size_t body = start + FORM_RECORD;
	bool is_log = change->version == 2 && change->data[start + 1] & FORM_METADATA;

	switch (pick(change, 12)) {
	case 0:
		change->data[start] = (uint8_t)edge(change);
		break;
	case 1:
		change->data[start + 1] ^= pick(change, 3) ? FORM_SPOILED : FORM_METADATA;
		break;
	case 2:
		copy_record(change, i);
		break;
	case 3:
		(void)resize(change, start, end - start, 0);
		break;
	case 4:
	case 5:
		change_bytes(change, i, body, end - body);
		break;
	case 6:
		change_word(change, 0, FORM_HEAD);
		break;
	default:
		if (is_log && pick(change, 8))
			change_tag(change, i);
		else
			change_word(change, body, end);
	}
}

size_t image_form_mutate(uint8_t *data, size_t size, size_t room, unsigned seed, unsigned version)
{
	struct change change = {
		.data = data, .size = size, .room = room, .random = seed, .version = version};

	for (uint64_t i = 0, times = 1 + pick(&change, 4); i < times; i++) {
		find_records(&change);
		if (!change.count || pick(&change, 10) == 0)
			change.size = LLVMFuzzerMutate(data, change.size, room);
		else
			change_record(&change);
	}
	return change.size;
}
