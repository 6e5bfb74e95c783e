/* SPDX-License-Identifier: MIT */
/*
 * image_form.c - builds images from their form, and writes the form of an image.
 */
#include "image_form.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "fuzz.h"
#include "lfs/v1_disk.h"
#include "lfs/v2_log.h"

static void read_head(struct fuzz_bytes *bytes, struct image_form *form)
{
	static const int32_t cycles[] = {100, -1, 2, 5};
	unsigned first = fuzz_u8(bytes), second = fuzz_u8(bytes);
	const uint32_t progs[] = {1, 16, 64, UINT32_C(128) << (first & 3)};

	*form = (struct image_form){
		.block_size = UINT32_C(128) << (first & 3),
		.block_count = FORM_BLOCKS_MIN + (second & 63),
		.prog_size = progs[first >> 2 & 3],
		.fill = fuzz_u8(bytes),
		.spare = fuzz_u8(bytes),
		.seed = fuzz_u32(bytes),
	};
	form->config = (struct twinfs_volume_config){
		.size = (uint64_t)form->block_size * form->block_count,
		.block_size = second & 64 ? 0 : form->block_size,
		.prog_size = form->prog_size,
		.spare_blocks = second & 128 ? form->block_count / 4 : 0,
		.block_cycles = cycles[first >> 4 & 3],
		.flags = (first & 64 ? TWINFS_VOLUME_MTIME : 0u) |
			 (first & 128 ? TWINFS_VOLUME_UPGRADE : 0u),
	};
}

static void put_raw(struct fuzz_bytes *bytes, const struct image_form *form, uint8_t *block)
{
	const uint8_t *from;
	size_t len = fuzz_take(bytes, form->block_size, &from);

	if (len)
		memcpy(block, from, len);
}

static void put_half(struct fuzz_bytes *bytes, const struct image_form *form, uint8_t *block,
	bool is_spoiled)
{
	uint32_t room = form->block_size - TW_V1_LEN_MIN, rev = fuzz_u32(bytes);
	uint32_t given = fuzz_u32(bytes), len = given & ~TW_V1_MORE, used;
	const uint8_t *from;

	tw_put_le32(block, rev);
	tw_put_le32(block + 8, fuzz_u32(bytes));
	tw_put_le32(block + 12, fuzz_u32(bytes));
	used = (uint32_t)fuzz_take(bytes, room, &from);
	if (used)
		memcpy(block + TW_V1_HEADER_SIZE, from, used);
	if (!len)
		len = TW_V1_LEN_MIN + used;
	tw_put_le32(block + 4, len | (given & TW_V1_MORE));
	if (len >= TW_V1_LEN_MIN && len <= form->block_size)
		tw_put_le32(block + len - 4,
			tw_crc32_raw(UINT32_MAX, block, len - 4) ^ (is_spoiled ? 4u : 0));
}

/* A commit that is closed by just this tag. */
static void put_commit(struct tw_v2_log_writer *log, uint32_t tag)
{
	static const uint8_t nothing[TW_V2_PAYLOAD_MAX];
	uint32_t start = log->start, len = tw_v2_payload(tag) < 4 ? 4 : tw_v2_payload(tag);
	uint32_t at = tw_v2_put(log, tw_v2_type(tag), tw_v2_id(tag), nothing, len);

	if (log->is_full)
		return;
	tw_put_le32(log->bytes + at, tw_crc32_raw(UINT32_MAX, log->bytes + start, at - start));
	log->start = log->off;
	if (tag & TW_V2_FLIP)
		log->chain ^= TW_V2_INVALID;
}

static void put_tag(struct tw_v2_log_writer *log, struct fuzz_bytes *bytes, const uint8_t *behind)
{
	uint32_t tag = fuzz_u32(bytes) & ~TW_V2_INVALID;
	const uint8_t *payload;
	size_t len;

	if (tw_v2_is_commit(tw_v2_type(tag))) {
		log->has_fcrc = tw_v2_type(tag) == FORM_SEAL;
		if (tw_v2_type(tag) <= FORM_SEAL_20)
			tw_v2_seal(log, behind);
		else
			put_commit(log, tag);
	} else if (tw_v2_is_removed(tag)) {
		tw_v2_put_removed(log, tw_v2_type(tag), tw_v2_id(tag));
	} else {
		len = fuzz_take(bytes, tw_v2_payload(tag), &payload);
		(void)tw_v2_put(log, tw_v2_type(tag), tw_v2_id(tag), payload, (uint32_t)len);
	}
}

static void put_log(struct fuzz_bytes *bytes, const struct image_form *form, uint8_t *block,
	bool is_spoiled)
{
	uint8_t built[FORM_BLOCK_MAX] = {0};
	struct tw_v2_log_writer log = {
		.bytes = built,
		.block_size = form->block_size,
		.prog_size = form->prog_size,
		.off = TW_V2_REV_SIZE,
		.chain = UINT32_MAX,
		.has_fcrc = true,
	};

	tw_put_le32(built, fuzz_u32(bytes));
	while (bytes->left && !log.is_full && log.off + TW_V2_COMMIT_SIZE <= form->block_size)
		put_tag(&log, bytes, block);
	if (log.start != log.off && log.off + TW_V2_COMMIT_SIZE <= form->block_size)
		tw_v2_seal(&log, block);
	if (is_spoiled)
		built[log.off - 1] ^= 4;
	memcpy(block, built, log.off);
}

void image_form_build(const uint8_t *data, size_t size, unsigned version,
	struct image_form *ret_form, uint8_t *image)
{
	struct fuzz_bytes bytes = {data, size};

	read_head(&bytes, ret_form);
	memset(image, ret_form->fill, ret_form->config.size);
	while (bytes.left) {
		uint32_t at = fuzz_u8(&bytes) % ret_form->block_count;
		unsigned kind = fuzz_u8(&bytes);
		struct fuzz_bytes record;
		uint8_t *block = image + (size_t)at * ret_form->block_size;

		record.left = fuzz_u16(&bytes);
		record.left = fuzz_take(&bytes, record.left, &record.data);
		if (!(kind & FORM_METADATA))
			put_raw(&record, ret_form, block);
		else if (version == 1)
			put_half(&record, ret_form, block, kind & FORM_SPOILED);
		else
			put_log(&record, ret_form, block, kind & FORM_SPOILED);
	}
}

/* ---- the way back ---- */

struct out {
	uint8_t *data;
	size_t used, room;
};

static void put(struct out *out, const void *data, size_t len)
{
	if (len && out->used + len <= out->room)
		memcpy(out->data + out->used, data, len);
	out->used += len;
}

static void put_u32(struct out *out, uint32_t value)
{
	uint8_t bytes[4];

	tw_put_le32(bytes, value);
	put(out, bytes, sizeof(bytes));
}

static bool write_half(struct out *out, const uint8_t *block, uint32_t block_size)
{
	uint32_t len = tw_le32(block + 4) & ~TW_V1_MORE;

	if (len < TW_V1_LEN_MIN || len > block_size || tw_crc32_raw(UINT32_MAX, block, len) != 0)
		return false;
	put_u32(out, tw_le32(block));
	put_u32(out, tw_le32(block + 4) & TW_V1_MORE);
	put(out, block + 8, len - 8 - TW_V1_CRC_SIZE);
	return true;
}

static bool write_log(struct out *out, const uint8_t *block, uint32_t block_size)
{
	struct tw_v2_cursor cursor = TW_V2_BEGIN;
	struct tw_v2_item item;
	struct tw_v2_log log = {0};
	bool has_fcrc = false;

	if (!tw_v2_scan(block, block_size, &log))
		return false;
	put_u32(out, log.rev);
	while (tw_v2_next(&log, &cursor, &item)) {
		if (tw_v2_is_commit(tw_v2_type(item.tag))) {
			put_u32(out,
				tw_v2_tag(has_fcrc ? FORM_SEAL : FORM_SEAL_20, TW_V2_PAIR_ID, 0));
			has_fcrc = false;
		} else if (tw_v2_type(item.tag) == TW_V2_FCRC) {
			has_fcrc = true;
		} else {
			put_u32(out, item.tag);
			put(out, item.data, item.len);
		}
	}
	return true;
}

static uint32_t without_fill(const uint8_t *block, uint32_t block_size, uint8_t fill)
{
	while (block_size && block[block_size - 1] == fill)
		block_size--;
	return block_size;
}

size_t image_form_write(const uint8_t *image, const uint8_t *head, unsigned version,
	uint8_t *ret_data, size_t room)
{
	struct fuzz_bytes bytes = {head, FORM_HEAD};
	struct out out = {ret_data, 0, room};
	struct image_form form;

	read_head(&bytes, &form);
	put(&out, head, FORM_HEAD);
	for (uint32_t i = 0; i < form.block_count; i++) {
		const uint8_t *block = image + (size_t)i * form.block_size;
		uint32_t len = without_fill(block, form.block_size, form.fill);
		uint8_t record[FORM_RECORD] = {(uint8_t)i, FORM_METADATA};
		size_t start = out.used;

		if (!len)
			continue;
		out.used += FORM_RECORD;
		if (!(version == 1 ? write_half(&out, block, form.block_size)
				   : write_log(&out, block, form.block_size))) {
			record[1] = 0;
			put(&out, block, len);
		}
		tw_put_le16(record + 2, (uint16_t)(out.used - start - FORM_RECORD));
		if (out.used > room)
			return 0;
		memcpy(ret_data + start, record, FORM_RECORD);
	}
	return out.used;
}
