/* SPDX-License-Identifier: MIT */
/*
 * record.h - the two things a SecureData region is made of: the header of an
 * erase unit and the record of one store, as bytes (docs/formats/securedata.md).
 *
 * Decoding is the only way in for bytes of the chip: what it accepts is in
 * range, and nothing behind it checks again.
 */
#ifndef TW_SECURE_RECORD_H
#define TW_SECURE_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <twinfs/secure.h>

enum {
	TW_SLOT_MAX = 1000,    /* capacity of the largest slot */
	TW_RECORD_FIELDS = 16, /* fields of a record: what a seal authenticates */
	TW_RECORD_HEAD = 20,   /* the fields and their CRC */
	TW_RECORD_NONCE = 12,  /* sealed: in front of the content */
	TW_RECORD_TAG = 16,    /* sealed: behind the content */
	TW_RECORD_TAIL = 4,    /* CRC over fields and body */
	TW_BODY_MAX = TW_RECORD_NONCE + TW_SLOT_MAX + TW_RECORD_TAG,
	TW_RECORD_MAX = TW_RECORD_HEAD + TW_BODY_MAX + TW_RECORD_TAIL,
	TW_UNIT_HEAD = 20,
	TW_ALIGN_MIN = 16, /* bytes; records and headers are padded to this at least */
};

struct tw_unit_head {
	uint16_t version;
	uint32_t unit_size; /* bytes, a power of two */
	uint32_t align;     /* bytes, a power of two, TW_ALIGN_MIN to unit_size */
	uint64_t sequence;
};

struct tw_record {
	unsigned slot; /* 1 to TWINFS_SECURE_SLOTS */
	bool sealed;
	uint32_t length;     /* bytes of content, at most the slot's capacity */
	uint64_t generation; /* not 0 */
};

/* Bytes of content as kept on the chip, and of the whole record without padding. */
uint32_t tw_record_body_size(const struct tw_record *record);
uint32_t tw_record_size(const struct tw_record *record);

/* Bytes of the largest record of @slot, sealed, padded to @align. */
uint32_t tw_record_room(unsigned slot, uint32_t align);

/* Writes the first TW_RECORD_HEAD bytes of @record. */
void tw_record_put_head(uint8_t *bytes, const struct tw_record *record);

/* Writes the CRC behind head and body, which are complete. */
void tw_record_put_tail(uint8_t *bytes, const struct tw_record *record);

/*
 * Decodes the record at @bytes, of which @room may be looked at.
 *
 * Returns 0; -EUCLEAN (no record starts here: where the next one would is
 * unknown); -EBADMSG (the head is right but not the body: @ret_record is set
 * and the record can be stepped over).
 */
int tw_record_decode(const uint8_t *bytes, uint32_t room, struct tw_record *ret_record);

/* Writes TW_UNIT_HEAD bytes. */
void tw_unit_head_put(uint8_t *bytes, const struct tw_unit_head *head);

/*
 * Decodes the header of an erase unit from TW_UNIT_HEAD bytes. Version and
 * unit size may differ from ours: it is for the caller to refuse them.
 *
 * Returns 0, -EUCLEAN (not a header, or a field out of range), -EBADMSG (CRC).
 */
int tw_unit_head_decode(const uint8_t *bytes, struct tw_unit_head *ret_head);

#endif
