/* SPDX-License-Identifier: MIT */
/*
 * v1_disk.h - littlefs version 1 on the chip: halves of pairs, entries, the
 * superblock. The only place where bytes become fields.
 *
 * A half, little-endian:
 *
 *	0x00  4    revision
 *	0x04  4    length L with header and CRC; bit 31: the directory goes on
 *	0x08  8    tail: next pair of the thread
 *	0x10  L-20 entries
 *	L-4   4    CRC of all before
 *
 * An entry: type, payload length, attribute length, name length (1 byte each),
 * payload (8 bytes: head and size of a file, first pair of a directory; more
 * in the superblock), attributes, name.
 *
 * Source: littlefs v1 SPEC.md; sections below are those of the guide in
 * docs/formats/littlefs-v1.md.
 */
#ifndef TW_LFS_V1_DISK_H
#define TW_LFS_V1_DISK_H

#include "state.h"

enum {
	TW_V1_TYPE_FILE = 0x11,
	TW_V1_TYPE_DIR = 0x22,
	TW_V1_TYPE_SUPERBLOCK = 0x2e,
	TW_V1_MARK = 0x80,   /* being moved */
	TW_V1_STRUCT = 0x70, /* how the payload is to be read: */
	TW_V1_STRUCT_CTZ = 0x10,
	TW_V1_STRUCT_DIR = 0x20,

	TW_V1_HEADER_SIZE = 16,
	TW_V1_CRC_SIZE = 4,
	TW_V1_LEN_MIN = TW_V1_HEADER_SIZE + TW_V1_CRC_SIZE,
	TW_V1_ENTRY_HEAD = 4,
	TW_V1_PAYLOAD_SIZE = 8,
	TW_V1_SUPERBLOCK_LEN = 52,
};

#define TW_V1_MORE    UINT32_C(0x80000000)
#define TW_V1_VERSION UINT32_C(0x00010001)

/* The newest valid half of a pair, as copied from the chip. */
struct tw_v1_half {
	struct tw_pair pair;  /* block[0] holds it */
	const uint8_t *bytes; /* the whole block */
	uint32_t block_size;
	uint32_t rev, len; /* len: 20 .. block size, checked */
	bool more;
	bool other_is_valid; /* the older half is valid too */
	struct tw_pair tail;
};

/*
 * Reads the half that @bytes, a whole block, may be. False: it is not valid; all is
 * filled in but the pair, and the length may be any number.
 */
bool tw_v1_read_half(const uint8_t *bytes, uint32_t block_size, struct tw_v1_half *ret_half);

/*
 * Reads the newest valid half of @pair (section 4.2). -EUCLEAN when a number is
 * outside the area, nil, or both are the same; -EBADMSG when no half is valid;
 * or the chip's errors.
 */
int tw_v1_fetch(const struct tw_area *area, struct tw_pair pair, struct tw_v1_half *ret_half);

/* An entry; everything it points to lies inside the block. */
struct tw_v1_entry {
	uint32_t off, len; /* in the half, with head */
	uint8_t type, payload_len, attr_len, name_len;
	uint32_t payload[2];
	const uint8_t *raw;   /* len bytes */
	const uint8_t *extra; /* payload behind the first 8 bytes, then attributes */
	uint32_t extra_len;
	const uint8_t *name; /* name_len bytes; NULL: lengths that make no sense */
	bool is_overrun;     /* it does not end inside the content */
};

/*
 * Takes the entry at *@off, at first TW_V1_HEADER_SIZE, and moves *@off behind it
 * (section 5.2). False behind the last one.
 */
bool tw_v1_next_entry(const struct tw_v1_half *half, uint32_t *off, struct tw_v1_entry *ret_entry);

/*
 * How many bytes of a block can be seen through a half that it holds: its content,
 * and what entries that run past it take from behind. 0: it holds no valid half.
 */
uint32_t tw_v1_seen(const uint8_t *bytes, uint32_t block_size);

/*
 * Reads a superblock from a half that starts at @bytes. -EUCLEAN: none there;
 * -ENOTSUP: a version other than 1.0 and 1.1, which is filled in.
 */
int tw_v1_read_superblock(const uint8_t *bytes, uint64_t size,
	struct twinfs_superblock *ret_superblock);

static inline bool tw_v1_is_chain(uint8_t type)
{
	return (type & TW_V1_STRUCT) == TW_V1_STRUCT_CTZ;
}

static inline bool tw_v1_is_directory(uint8_t type)
{
	return (type & TW_V1_STRUCT) == TW_V1_STRUCT_DIR;
}

#endif
