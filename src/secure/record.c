/* SPDX-License-Identifier: MIT */
/*
 * record.c - encodes and decodes unit headers and records.
 *
 * A record has two checksums. That of the head lets a scan step over a record
 * whose body was torn. It never looks for records anywhere else: the content
 * of a slot may well look like a record, and must not become one when the
 * record around it was torn.
 */
#include "record.h"

#include <errno.h>

#include "base/bytes.h"
#include "base/crc.h"

#define UNIT_MAGIC   0x55536454u /* "TdSU" */
#define RECORD_MAGIC 0x52536454u /* "TdSR" */

enum {
	FLAG_SEALED = 1u << 0,
};

uint32_t twinfs_secure_capacity(int64_t index)
{
	if (index < 1 || index > TWINFS_SECURE_SLOTS)
		return 0;
	if (index <= 8)
		return 52;
	if (index <= 12)
		return 100;
	return index <= 14 ? 500 : TW_SLOT_MAX;
}

uint32_t tw_record_body_size(const struct tw_record *record)
{
	return record->length + (record->sealed ? TW_RECORD_NONCE + TW_RECORD_TAG : 0);
}

uint32_t tw_record_size(const struct tw_record *record)
{
	return TW_RECORD_HEAD + tw_record_body_size(record) + TW_RECORD_TAIL;
}

uint32_t tw_record_room(unsigned slot, uint32_t align)
{
	struct tw_record largest = {
		.slot = slot,
		.sealed = true,
		.length = twinfs_secure_capacity(slot),
	};

	return (uint32_t)tw_round_up(tw_record_size(&largest), align);
}

void tw_record_put_head(uint8_t *bytes, const struct tw_record *record)
{
	tw_put_le32(bytes, RECORD_MAGIC);
	bytes[4] = (uint8_t)record->slot;
	bytes[5] = record->sealed ? FLAG_SEALED : 0;
	tw_put_le16(bytes + 6, (uint16_t)record->length);
	tw_put_le64(bytes + 8, record->generation);
	tw_put_le32(bytes + 16, tw_crc32(0, bytes, TW_RECORD_FIELDS));
}

/*
 * The CRC of the body goes on from that of the fields. Run over the stored
 * head, its CRC included, it would always have the same value there, and any
 * right head would go with any right body.
 */
static uint32_t crc_of(const uint8_t *bytes, uint32_t body_size)
{
	uint32_t crc = tw_crc32(0, bytes, TW_RECORD_FIELDS);

	return tw_crc32(crc, bytes + TW_RECORD_HEAD, body_size);
}

void tw_record_put_tail(uint8_t *bytes, const struct tw_record *record)
{
	uint32_t body_size = tw_record_body_size(record);

	tw_put_le32(bytes + TW_RECORD_HEAD + body_size, crc_of(bytes, body_size));
}

int tw_record_decode(const uint8_t *bytes, uint32_t room, struct tw_record *ret_record)
{
	struct tw_record record;
	uint32_t body_size;

	if (room < TW_RECORD_HEAD + TW_RECORD_TAIL || tw_le32(bytes) != RECORD_MAGIC)
		return -EUCLEAN;
	if (tw_le32(bytes + 16) != tw_crc32(0, bytes, TW_RECORD_FIELDS))
		return -EUCLEAN;
	if (bytes[5] & ~FLAG_SEALED)
		return -EUCLEAN;
	record.slot = bytes[4];
	record.sealed = bytes[5] & FLAG_SEALED;
	record.length = tw_le16(bytes + 6);
	record.generation = tw_le64(bytes + 8);
	if (record.slot < 1 || record.slot > TWINFS_SECURE_SLOTS)
		return -EUCLEAN;
	if (record.length > twinfs_secure_capacity(record.slot) || !record.generation)
		return -EUCLEAN;
	if (tw_record_size(&record) > room)
		return -EUCLEAN;
	*ret_record = record;
	body_size = tw_record_body_size(&record);
	if (tw_le32(bytes + TW_RECORD_HEAD + body_size) != crc_of(bytes, body_size))
		return -EBADMSG;
	return 0;
}

void tw_unit_head_put(uint8_t *bytes, const struct tw_unit_head *head)
{
	tw_put_le32(bytes, UNIT_MAGIC);
	tw_put_le16(bytes + 4, head->version);
	bytes[6] = (uint8_t)__builtin_ctz(head->unit_size);
	bytes[7] = (uint8_t)__builtin_ctz(head->align);
	tw_put_le64(bytes + 8, head->sequence);
	tw_put_le32(bytes + 16, tw_crc32(0, bytes, 16));
}

int tw_unit_head_decode(const uint8_t *bytes, struct tw_unit_head *ret_head)
{
	if (tw_le32(bytes) != UNIT_MAGIC)
		return -EUCLEAN;
	if (tw_le32(bytes + 16) != tw_crc32(0, bytes, 16))
		return -EBADMSG;
	if (bytes[6] > 31 || bytes[7] > bytes[6] || 1u << bytes[7] < TW_ALIGN_MIN)
		return -EUCLEAN;
	*ret_head = (struct tw_unit_head){
		.version = tw_le16(bytes + 4),
		.unit_size = 1u << bytes[6],
		.align = 1u << bytes[7],
		.sequence = tw_le64(bytes + 8),
	};
	return 0;
}
