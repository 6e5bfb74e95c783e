/* SPDX-License-Identifier: MIT */
/*
 * v2_disk.h - littlefs version 2 on the chip: tags, commits, logs, and what a
 * log says when it is read to its end. The only place where bytes become fields.
 *
 * A block of a pair is a log:
 *
 *	0x00  4  revision, little-endian
 *	0x04     commits: tags, each combined by XOR with the one before; the last
 *	         of a commit holds a CRC over it all, then padding
 *
 * A tag, big-endian:
 *
 *	bit 31     30..20  19..10  9..0
 *	not valid  type    id      length of the payload behind it; 0x3ff: none,
 *	                           and what the tag names is removed
 *
 * Source: littlefs 2 SPEC.md; sections below are those of the guide in
 * docs/formats/littlefs-v2.md.
 */
#ifndef TW_LFS_V2_DISK_H
#define TW_LFS_V2_DISK_H

#include "state.h"

/* Types of tags (section 6). */
enum {
	TW_V2_NAME = 0x000, /* the low byte says of what: */
	TW_V2_NAME_FILE = 0x01,
	TW_V2_NAME_DIR = 0x02,
	TW_V2_NAME_SUPERBLOCK = 0xff,
	TW_V2_STRUCT = 0x200, /* the low byte says in which form: */
	TW_V2_FORM_DIR = 0x00,
	TW_V2_FORM_INLINE = 0x01,
	TW_V2_FORM_CTZ = 0x02,
	TW_V2_ATTR = 0x300,
	TW_V2_SPLICE = 0x400,
	TW_V2_CREATE = 0x401,
	TW_V2_DELETE = 0x4ff,
	TW_V2_COMMIT = 0x500,
	TW_V2_FCRC = 0x5ff,
	TW_V2_TAIL_SOFT = 0x600,
	TW_V2_TAIL_HARD = 0x601,
	TW_V2_GSTATE = 0x7ff,
};

enum {
	TW_V2_TAG_SIZE = 4,
	TW_V2_REV_SIZE = 4,
	TW_V2_PAIR_ID = 0x3ff,     /* the tag belongs to the pair, not to an entry */
	TW_V2_REMOVED = 0x3ff,     /* as a length */
	TW_V2_PAYLOAD_MAX = 0x3fe, /* bytes behind one tag */
	TW_V2_ENTRIES_MAX = 0x3ff, /* of a pair, when reading */
	TW_V2_RECORD_SIZE = 24,    /* of the superblock */
};

#define TW_V2_INVALID   UINT32_C(0x80000000)
#define TW_V2_FLIP      UINT32_C(0x00100000) /* of a commit: the next tag has bit 31 inverted */
#define TW_V2_RESERVED  UINT32_C(0x000003ff) /* bits of global state that only memory uses */
#define TW_V2_ORPHANS   UINT32_C(0x80000000) /* in global state: the thread may be wrong */
#define TW_V2_MOVE_TYPE UINT32_C(0x7ff00000) /* in global state: not 0: a move is pending */

static inline uint32_t tw_v2_tag(unsigned type, unsigned id, uint32_t len)
{
	return (uint32_t)type << 20 | (uint32_t)id << 10 | len;
}

static inline unsigned tw_v2_type(uint32_t tag)
{
	return tag >> 20 & 0x7ff;
}

static inline unsigned tw_v2_id(uint32_t tag)
{
	return tag >> 10 & 0x3ff;
}

static inline bool tw_v2_is_removed(uint32_t tag)
{
	return (tag & 0x3ff) == TW_V2_REMOVED;
}

/* Bytes behind @tag. */
static inline uint32_t tw_v2_payload(uint32_t tag)
{
	return tw_v2_is_removed(tag) ? 0 : tag & 0x3ff;
}

/* Whether a type closes a commit; the other half of its kind is for more. */
static inline bool tw_v2_is_commit(unsigned type)
{
	return (type & 0x780) == TW_V2_COMMIT;
}

/* The valid part of a block of a pair; lengths and offsets are checked. */
struct tw_v2_log {
	struct tw_pair pair;  /* block[0] holds it */
	const uint8_t *bytes; /* the whole block */
	uint32_t block_size;
	uint32_t rev;
	uint32_t end;          /* offset behind the last valid commit */
	uint32_t chain;        /* what the next tag is combined with */
	uint32_t fcrc_len;     /* erased bytes that the last commit vouches for; 0: it does not */
	uint32_t fcrc;         /* their CRC */
	bool is_tidy;          /* no other commit was begun behind the last */
	bool other_has_commit; /* the other block of the pair holds a log, too */
};

/* Reads the log in @block (section 8); false when it holds no valid commit. Leaves the pair. */
bool tw_v2_scan(const uint8_t *block, uint32_t block_size, struct tw_v2_log *ret_log);

/*
 * Finds the log in force of @pair (section 4). -EUCLEAN when a number is outside
 * the area or both are the same; -EBADMSG when neither block holds a log; or the
 * chip's errors. Only with @looks_at_both is other_has_commit told.
 */
int tw_v2_fetch(const struct tw_area *area, struct tw_pair pair, bool looks_at_both,
	struct tw_v2_log *ret_log);

/* Whether the tag at @off, with @len bytes behind it, closes the commit begun at @start. */
bool tw_v2_closes(const uint8_t *block, uint32_t start, uint32_t off, uint32_t len);

/* Whether the bytes behind the log are as its last commit saw them, still erased. */
bool tw_v2_fcrc_holds(const struct tw_v2_log *log);

/* A tag of a log, decoded. */
struct tw_v2_item {
	uint32_t tag;
	uint32_t off;        /* of the payload in the block */
	uint32_t len;        /* of the payload */
	const uint8_t *data; /* len bytes */
};

/* Where the next tag is; at first TW_V2_BEGIN. */
struct tw_v2_cursor {
	uint32_t off, chain;
};
#define TW_V2_BEGIN ((struct tw_v2_cursor){TW_V2_REV_SIZE, UINT32_MAX})

/* Takes the next tag of the valid commits, those that close them too. False at the end. */
bool tw_v2_next(const struct tw_v2_log *log, struct tw_v2_cursor *cursor,
	struct tw_v2_item *ret_item);

/* One entry of a pair; what it has always lies inside the log. */
struct tw_v2_entry {
	uint8_t kind; /* chunk of the NAME tag */
	bool has_name, has_body;
	uint16_t name_len;
	uint32_t name_off;
	struct tw_body body;
	struct tw_attrs *attrs;
	uint32_t note; /* of who folds item by item; 0 in an entry that has just come */
};

/* What all tags of a log come to (section 9). */
struct tw_v2_content {
	struct tw_v2_entry *entries;
	unsigned count, room;
	struct tw_pair tail; /* nil: none */
	bool more;
	struct tw_gstate share;
};

/* -EUCLEAN (tags that make no sense), -ENOMEM; nothing is to be released then. */
int tw_v2_fold(const struct tw_v2_log *log, struct tw_v2_content *ret_content);

/*
 * Folds one more tag into @content, at first all zero but the tail nil. Entries may be
 * without name or body in between. -EUCLEAN, -ENOMEM; @content is still to be released.
 */
int tw_v2_fold_item(struct tw_v2_content *content, const struct tw_v2_item *item);
void tw_v2_content_release(struct tw_v2_content *content);

/* Sets, or with @is_removed removes, one attribute in a list that may be NULL. -ENOMEM. */
int tw_v2_attrs_put(struct tw_attrs **where, const struct tw_attr *attr, bool is_removed);

/*
 * Reads the superblock record in entry 0 of a pair (section 10). False when there
 * is none; what the record leaves open is filled in.
 */
bool tw_v2_read_record(const struct tw_v2_log *log, const struct tw_v2_content *content,
	struct twinfs_superblock *ret_superblock);

/*
 * Finds the superblock of a volume with blocks of @block_size at @bytes: the last
 * one on the thread. -EUCLEAN: none, or one of another block size; -ENOTSUP: a
 * version other than 2.0 and 2.1, which is filled in; -ENOMEM.
 */
int tw_v2_read_superblock(const uint8_t *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock);

/* The order of names in a directory (section 11): negative when @a comes first. */
int tw_v2_compare_names(const void *a, size_t a_len, const void *b, size_t b_len);

/* Two blocks of a payload of eight bytes; either one NIL makes it the nil pair. */
struct tw_pair tw_v2_read_pair(const uint8_t *bytes);

static inline void tw_v2_add_state(struct tw_gstate *sum, const struct tw_gstate *other)
{
	for (unsigned i = 0; i < 3; i++)
		sum->word[i] ^= other->word[i];
}

static inline bool tw_v2_is_zero(const struct tw_gstate *state)
{
	return !(state->word[0] | state->word[1] | state->word[2]);
}

/* The move that @state has pending; false: none. */
static inline bool tw_v2_pending_move(const struct tw_gstate *state, struct tw_pair *ret_pair,
	unsigned *ret_id)
{
	*ret_pair = (struct tw_pair){{state->word[1], state->word[2]}};
	*ret_id = tw_v2_id(state->word[0]);
	return state->word[0] & TW_V2_MOVE_TYPE;
}

#endif
