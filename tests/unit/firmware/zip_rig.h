/* SPDX-License-Identifier: MIT */
/*
 * zip_rig.h - makes zip archives, of every shape that the reader has to know,
 * by the book and not by the writer under test.
 */
#ifndef TEST_UNIT_FIRMWARE_ZIP_RIG_H
#define TEST_UNIT_FIRMWARE_ZIP_RIG_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "base/text.h"
#include "firmware/deflate.h"
#include "firmware/zip.h"

enum {
	RIG_STORED = 1u << 0,     /* not deflated */
	RIG_DESCRIPTOR = 1u << 1, /* sizes behind the data */
	RIG_NO_SIG = 1u << 2,     /* that has no signature */
	RIG_WIDE = 1u << 3,       /* zip64: sizes and address of 64 bits */
	RIG_EXTRA = 1u << 4,      /* extra fields and a comment */
};

struct rig_member {
	const char *name;
	const void *data;
	size_t len;
	unsigned flags;
	uint32_t attributes; /* of Unix */
};

/* The archive is archive.data; directory and comment are put by rig_end(). */
struct rig {
	struct tw_text archive, directory;
	size_t count;
};

static inline void rig_put16(struct tw_text *text, unsigned value)
{
	uint8_t bytes[2];

	tw_put_le16(bytes, (uint16_t)value);
	ck_assert_int_eq(tw_text_add(text, bytes, 2), 0);
}

static inline void rig_put32(struct tw_text *text, uint32_t value)
{
	rig_put16(text, value & 0xffff);
	rig_put16(text, value >> 16);
}

static inline void rig_put64(struct tw_text *text, uint64_t value)
{
	rig_put32(text, (uint32_t)value);
	rig_put32(text, (uint32_t)(value >> 32));
}

static inline void rig_put(struct tw_text *text, const void *data, size_t len)
{
	ck_assert_int_eq(tw_text_add(text, data, len), 0);
}

static inline void rig_extra(struct tw_text *text, const struct rig_member *member,
	const uint64_t *wide, size_t wide_count)
{
	if (member->flags & RIG_EXTRA) { /* a time stamp, as Info-ZIP has it */
		rig_put16(text, 0x5455);
		rig_put16(text, 5);
		rig_put(text, "\1abcd", 5);
	}
	if (!wide_count)
		return;
	rig_put16(text, 1);
	rig_put16(text, (unsigned)(8 * wide_count));
	for (size_t i = 0; i < wide_count; i++)
		rig_put64(text, wide[i]);
}

static inline unsigned rig_extra_len(const struct rig_member *member, size_t wide_count)
{
	return (member->flags & RIG_EXTRA ? 9u : 0u) +
	       (wide_count ? 4 + 8 * (unsigned)wide_count : 0);
}

/* From the version on: what header and record have in common. */
static inline void rig_common(struct tw_text *text, const struct rig_member *member, uint32_t crc,
	uint64_t packed, uint64_t size, size_t wide_count)
{
	bool wide = member->flags & RIG_WIDE;

	rig_put16(text, wide ? 45 : 20);
	rig_put16(text, member->flags & RIG_DESCRIPTOR ? TW_ZIP_DESCRIPTOR : 0);
	rig_put16(text, member->flags & RIG_STORED ? TW_ZIP_STORED : TW_ZIP_DEFLATED);
	rig_put16(text, 0x6a71);
	rig_put16(text, 0x5a3c);
	rig_put32(text, crc);
	rig_put32(text, wide ? UINT32_MAX : (uint32_t)packed);
	rig_put32(text, wide ? UINT32_MAX : (uint32_t)size);
	rig_put16(text, (unsigned)strlen(member->name));
	rig_put16(text, rig_extra_len(member, wide ? wide_count : 0));
}

static inline void rig_descriptor(struct rig *rig, const struct rig_member *member, uint32_t crc,
	size_t packed)
{
	if (!(member->flags & RIG_NO_SIG))
		rig_put32(&rig->archive, 0x08074b50);
	rig_put32(&rig->archive, crc);
	if (member->flags & RIG_WIDE) {
		rig_put64(&rig->archive, packed);
		rig_put64(&rig->archive, member->len);
	} else {
		rig_put32(&rig->archive, (uint32_t)packed);
		rig_put32(&rig->archive, (uint32_t)member->len);
	}
}

static inline void rig_record(struct rig *rig, const struct rig_member *member, uint32_t crc,
	size_t packed, uint64_t addr)
{
	const uint64_t wide[] = {member->len, packed, addr};
	bool is_wide = member->flags & RIG_WIDE;
	size_t comment = member->flags & RIG_EXTRA ? 5 : 0;

	rig_put32(&rig->directory, TW_ZIP_RECORD_SIG);
	rig_put16(&rig->directory, 3 << 8 | 63);
	rig_common(&rig->directory, member, crc, packed, member->len, 3);
	rig_put16(&rig->directory, (unsigned)comment);
	rig_put16(&rig->directory, 0);
	rig_put16(&rig->directory, 1); /* internal attributes: text */
	rig_put32(&rig->directory, member->attributes << 16);
	rig_put32(&rig->directory, is_wide ? UINT32_MAX : (uint32_t)addr);
	rig_put(&rig->directory, member->name, strlen(member->name));
	rig_extra(&rig->directory, member, wide, is_wide ? 3 : 0);
	rig_put(&rig->directory, "notes", comment);
	rig->count++;
}

static inline void rig_add(struct rig *rig, const struct rig_member *member)
{
	uint32_t crc = tw_crc32(0, member->data, member->len);
	bool late = member->flags & RIG_DESCRIPTOR, is_wide = member->flags & RIG_WIDE;
	uint64_t addr = rig->archive.len;
	size_t packed_len = member->len;
	char *packed = NULL;

	if (!(member->flags & RIG_STORED))
		ck_assert_int_eq(tw_deflate(member->data, member->len, &packed, &packed_len), 0);
	const uint64_t wide[] = {late ? 0 : member->len, late ? 0 : packed_len};

	rig_put32(&rig->archive, TW_ZIP_LOCAL_SIG);
	rig_common(&rig->archive, member, late ? 0 : crc, late ? 0 : packed_len,
		late ? 0 : member->len, 2);
	rig_put(&rig->archive, member->name, strlen(member->name));
	rig_extra(&rig->archive, member, wide, is_wide ? 2 : 0);
	rig_put(&rig->archive, packed ? packed : member->data, packed_len);
	if (late)
		rig_descriptor(rig, member, crc, packed_len);
	rig_record(rig, member, crc, packed_len, addr);
	free(packed);
}

static inline void rig_end(struct rig *rig, const char *comment, bool wide)
{
	uint64_t addr = rig->archive.len, len = rig->directory.len;

	rig_put(&rig->archive, rig->directory.data, len);
	if (wide) {
		rig_put32(&rig->archive, 0x06064b50);
		rig_put64(&rig->archive, 44);
		rig_put16(&rig->archive, 45);
		rig_put16(&rig->archive, 45);
		rig_put64(&rig->archive, 0);
		rig_put64(&rig->archive, rig->count);
		rig_put64(&rig->archive, rig->count);
		rig_put64(&rig->archive, len);
		rig_put64(&rig->archive, addr);
		rig_put32(&rig->archive, 0x07064b50);
		rig_put32(&rig->archive, 0);
		rig_put64(&rig->archive, addr + len);
		rig_put32(&rig->archive, 1);
	}
	rig_put32(&rig->archive, TW_ZIP_END_SIG);
	rig_put32(&rig->archive, 0);
	rig_put16(&rig->archive, wide ? UINT16_MAX : (unsigned)rig->count);
	rig_put16(&rig->archive, wide ? UINT16_MAX : (unsigned)rig->count);
	rig_put32(&rig->archive, wide ? UINT32_MAX : (uint32_t)len);
	rig_put32(&rig->archive, wide ? UINT32_MAX : (uint32_t)addr);
	rig_put16(&rig->archive, (unsigned)strlen(comment));
	rig_put(&rig->archive, comment, strlen(comment));
}

static inline void rig_release(struct rig *rig)
{
	tw_text_release(&rig->archive);
	tw_text_release(&rig->directory);
}

static inline uint8_t *rig_bytes(struct rig *rig)
{
	return (uint8_t *)rig->archive.data;
}

/* Members of every shape; the archive has something in front, and a comment. */
static const struct rig_member rig_shapes[] = {
	{"system.img", "system system system system", 27, 0, 0100644},
	{"stored.bin", "as it is", 8, RIG_STORED, 0100600},
	{"late.bin", "known only afterwards, only afterwards", 38, RIG_DESCRIPTOR, 0},
	{"late2.bin", "the same without its signature", 30, RIG_DESCRIPTOR | RIG_NO_SIG, 0},
	{"wide.bin", "more than it needs, needs, needs", 32, RIG_WIDE, 0100644},
	{"wide2.bin", "both, both, both, both", 22, RIG_WIDE | RIG_DESCRIPTOR | RIG_EXTRA, 0},
	{"customer_fs.bin", "the old image the old image", 27, RIG_EXTRA, 0100640},
	{"dir/", "", 0, RIG_STORED, 040755},
	{"dir/empty", "", 0, 0, 0},
	{"dir/last.bin", "last", 4, RIG_STORED | RIG_EXTRA, 0},
};

#define RIG_SHAPES (sizeof(rig_shapes) / sizeof(*rig_shapes))

static inline void rig_all_shapes(struct rig *rig, bool wide)
{
	*rig = (struct rig){0};
	rig_add(rig, &rig_shapes[0]);
	rig_put(&rig->archive, "a gap", 5);
	for (size_t i = 1; i < RIG_SHAPES; i++)
		rig_add(rig, &rig_shapes[i]);
	rig_end(rig, "a comment", wide);
}

#endif
