/* SPDX-License-Identifier: MIT */
/*
 * zip.c - reads the directory of a zip archive, and believes none of it.
 *
 * What is checked here is relied on elsewhere. The ranges of members matter
 * most: with members apart from each other and claims below what deflate can
 * reach, an archive cannot hold more than some thousand times its own size.
 */
#include "zip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/fail.h"
#include "deflate.h"

#define END64_SIG      UINT32_C(0x06064b50)
#define LOCATOR_SIG    UINT32_C(0x07064b50)
#define DESCRIPTOR_SIG UINT32_C(0x08074b50)

enum {
	END64_SIZE = 56,
	LOCATOR_SIZE = 20,
	MEMBERS_MAX = 65534, /* one more means "see the zip64 record" */
	EXTRA_ZIP64 = 1,
	RATIO_MAX = 1032, /* bytes that one byte of deflate can stand for at most */
	SHOWN = 90,       /* bytes of a name in messages */
};

int tw_zip_fail(struct twinfs_error *err, int code, uint64_t addr,
	const struct tw_zip_member *member, const char *format, ...)
{
	char reason[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args); /* cut is fine */
	va_end(args);
	if (!member)
		return tw_fail_at(err, TWINFS_P_PACKAGE, code, TWINFS_NO_BLOCK, addr, "%s", reason);
	return tw_fail_at(err, TWINFS_P_PACKAGE, code, TWINFS_NO_BLOCK, addr, "member '%.*s%s': %s",
		SHOWN, member->name, strlen(member->name) > SHOWN ? "..." : "", reason);
}

bool tw_zip_is(const uint8_t *bytes, uint64_t size)
{
	return size >= TW_ZIP_END_SIZE &&
	       (tw_le32(bytes) == TW_ZIP_LOCAL_SIG || tw_le32(bytes) == TW_ZIP_END_SIG);
}

bool tw_zip_is_encrypted(const struct tw_zip_member *member)
{
	return member->flags & (TW_ZIP_ENCRYPTED | TW_ZIP_STRONG | TW_ZIP_MASKED);
}

/* ---- the end record ---- */

/* What the end of the archive says about its directory. */
struct end {
	uint64_t count, size, addr;
	uint64_t behind; /* where the directory has to end */
};

/* The last record whose comment reaches just to the end of the archive. */
static int find_end(struct tw_zip *zip, struct twinfs_error *err)
{
	uint64_t last = zip->size - TW_ZIP_END_SIZE;
	uint64_t first = last > UINT16_MAX ? last - UINT16_MAX : 0;

	for (uint64_t addr = last + 1; zip->size >= TW_ZIP_END_SIZE && addr-- > first;) {
		const uint8_t *at = zip->bytes + addr;

		if (tw_le32(at) == TW_ZIP_END_SIG && tw_le16(at + 20) == last - addr) {
			zip->end = addr;
			return 0;
		}
	}
	return tw_zip_fail(err, -EUCLEAN, zip->size, NULL,
		"no end of a zip archive: truncated, or something is behind it");
}

static int read_end64(const struct tw_zip *zip, struct end *end, struct twinfs_error *err)
{
	const uint8_t *locator, *at;
	uint64_t addr;

	if (zip->end < LOCATOR_SIZE)
		return 0;
	locator = zip->bytes + zip->end - LOCATOR_SIZE;
	if (tw_le32(locator) != LOCATOR_SIG)
		return 0;
	addr = tw_le64(locator + 8);
	if (!tw_is_within(addr, END64_SIZE, zip->end - LOCATOR_SIZE) ||
		tw_le32(zip->bytes + addr) != END64_SIG)
		return tw_zip_fail(err, -EUCLEAN, zip->end - LOCATOR_SIZE, NULL,
			"no zip64 end record at 0x%" PRIx64, addr);
	at = zip->bytes + addr;
	if (tw_le32(at + 16) || tw_le32(at + 20))
		return tw_zip_fail(err, -ENOTSUP, addr, NULL, "an archive of several disks");
	if (tw_le64(at + 4) != zip->end - LOCATOR_SIZE - addr - 12)
		return tw_zip_fail(err, -EUCLEAN, addr, NULL,
			"the zip64 end record does not end in front of its locator");
	if (end->count == UINT16_MAX)
		end->count = tw_le64(at + 32);
	if (end->size == UINT32_MAX)
		end->size = tw_le64(at + 40);
	if (end->addr == UINT32_MAX)
		end->addr = tw_le64(at + 48);
	end->behind = addr;
	return 0;
}

static int read_end(struct tw_zip *zip, struct end *end, struct twinfs_error *err)
{
	const uint8_t *at;
	int rc = find_end(zip, err);

	if (rc)
		return rc;
	at = zip->bytes + zip->end;
	if (tw_le16(at + 4) || tw_le16(at + 6) || tw_le16(at + 8) != tw_le16(at + 10))
		return tw_zip_fail(err, -ENOTSUP, zip->end, NULL, "an archive of several disks");
	*end = (struct end){
		.count = tw_le16(at + 10),
		.size = tw_le32(at + 12),
		.addr = tw_le32(at + 16),
		.behind = zip->end,
	};
	rc = read_end64(zip, end, err);
	if (rc)
		return rc;
	if (end->addr > end->behind || end->size != end->behind - end->addr)
		return tw_zip_fail(err, -EUCLEAN, zip->end, NULL,
			"the directory is said to be 0x%" PRIx64 " bytes at 0x%" PRIx64
			", but has to end at 0x%" PRIx64,
			end->size, end->addr, end->behind);
	if (end->count > MEMBERS_MAX)
		return tw_zip_fail(err, -ENOTSUP, zip->end, NULL,
			"%" PRIu64 " members, supported are %d", end->count, MEMBERS_MAX);
	if (end->count > end->size / TW_ZIP_RECORD_SIZE)
		return tw_zip_fail(err, -EUCLEAN, zip->end, NULL,
			"%" PRIu64 " members cannot be in a directory of %" PRIu64 " bytes",
			end->count, end->size);
	zip->directory = end->addr;
	return 0;
}

/* ---- records of the directory ---- */

/* The next 64-bit value of a zip64 field, for a value that did not fit 32 bits. */
static bool take64(const uint8_t **at, uint32_t *left, uint64_t *value)
{
	if (*value != UINT32_MAX)
		return true;
	if (*left < 8)
		return false;
	*value = tw_le64(*at);
	*at += 8;
	*left -= 8;
	return true;
}

/* The zip64 field in [@at, @at + @len); NULL: there is none, or the fields are no fields. */
static const uint8_t *find_zip64(const uint8_t *at, uint32_t len, uint32_t *ret_len)
{
	while (len >= 4) {
		uint32_t size = tw_le16(at + 2);

		if (size > len - 4)
			return NULL;
		if (tw_le16(at) == EXTRA_ZIP64) {
			*ret_len = size;
			return at + 4;
		}
		at += 4 + size;
		len -= 4 + size;
	}
	return NULL;
}

static bool read_sizes64(struct tw_zip_member *member, const uint8_t *record, const uint8_t *extra,
	uint32_t extra_len)
{
	bool is_wide = member->addr == UINT32_MAX;
	uint32_t left = 0;
	const uint8_t *at = find_zip64(extra, extra_len, &left);

	if (!at)
		return member->size != UINT32_MAX && member->packed != UINT32_MAX && !is_wide;
	if (!take64(&at, &left, &member->size) || !take64(&at, &left, &member->packed))
		return false;
	if (is_wide)
		member->addr64_off = (uint32_t)(at - record);
	return take64(&at, &left, &member->addr);
}

/* Reads the record at @addr, all of which has to lie in front of @behind. */
static int read_record(const struct tw_zip *zip, uint64_t addr, uint64_t behind,
	struct tw_zip_member *member, struct twinfs_error *err)
{
	const uint8_t *at = zip->bytes + addr;
	uint32_t name_len, extra_len;

	if (!tw_is_within(addr, TW_ZIP_RECORD_SIZE, behind) || tw_le32(at) != TW_ZIP_RECORD_SIG)
		return tw_zip_fail(err, -EUCLEAN, addr, NULL, "no record of the directory");
	name_len = tw_le16(at + 28);
	extra_len = tw_le16(at + 30);
	*member = (struct tw_zip_member){
		.made_by = tw_le16(at + 4),
		.flags = tw_le16(at + 8),
		.method = tw_le16(at + 10),
		.time = tw_le16(at + 12),
		.date = tw_le16(at + 14),
		.crc = tw_le32(at + 16),
		.packed = tw_le32(at + 20),
		.size = tw_le32(at + 24),
		.attributes = tw_le32(at + 38),
		.addr = tw_le32(at + 42),
		.record = addr,
		.record_size = TW_ZIP_RECORD_SIZE + name_len + extra_len + tw_le16(at + 32),
	};
	if (!tw_is_within(addr, member->record_size, behind))
		return tw_zip_fail(err, -EUCLEAN, addr, NULL, "a record of the directory is cut");
	at += TW_ZIP_RECORD_SIZE;
	if (!name_len || memchr(at, '\0', name_len))
		return tw_zip_fail(err, -EUCLEAN, addr, NULL,
			"the name of a member is empty or holds a NUL byte");
	member->name = strndup((const char *)at, name_len);
	if (!member->name)
		return tw_fail(err, TWINFS_P_PACKAGE, -ENOMEM, "out of memory");
	if (!read_sizes64(member, zip->bytes + addr, at + name_len, extra_len))
		return tw_zip_fail(err, -EUCLEAN, addr, member, "its zip64 sizes are missing");
	return 0;
}

/* ---- headers of members ---- */

/* Whether the descriptor at @at has the member's values, sizes being of @width bytes. */
static bool is_descriptor(const struct tw_zip_member *member, const uint8_t *at, unsigned width)
{
	uint64_t packed = width == 8 ? tw_le64(at + 4) : tw_le32(at + 4);
	uint64_t size = width == 8 ? tw_le64(at + 4 + width) : tw_le32(at + 4 + width);

	return tw_le32(at) == member->crc && packed == member->packed && size == member->size;
}

/* Finds the descriptor behind the data: with or without a signature, sizes wide or not. */
static int find_descriptor(const struct tw_zip *zip, struct tw_zip_member *member,
	struct twinfs_error *err)
{
	static const uint8_t widths[] = {4, 8};

	for (unsigned sig = 8; sig; sig -= 4) {
		for (size_t i = 0; i < sizeof(widths); i++) {
			uint64_t at = member->end + sig - 4, len = 4 + 2 * (uint64_t)widths[i];

			if (!tw_is_within(at, len, zip->directory) ||
				(sig == 8 && tw_le32(zip->bytes + member->end) != DESCRIPTOR_SIG) ||
				!is_descriptor(member, zip->bytes + at, widths[i]))
				continue;
			member->end = at + len;
			return 0;
		}
	}
	return tw_zip_fail(err, -EUCLEAN, member->end, member,
		"no descriptor with the sizes of the directory is behind its data");
}

/* The sizes in a member's own header, which may stay 0 when a descriptor has them. */
static bool has_sizes(const struct tw_zip_member *member, const uint8_t *at, const uint8_t *extra,
	uint32_t extra_len)
{
	uint64_t packed = tw_le32(at + 18), size = tw_le32(at + 22);
	uint32_t left = 0;
	const uint8_t *wide = find_zip64(extra, extra_len, &left);
	bool may_be_zero = member->flags & TW_ZIP_DESCRIPTOR;

	if (wide && (!take64(&wide, &left, &size) || !take64(&wide, &left, &packed)))
		return false;
	if (may_be_zero && !packed && !size && !tw_le32(at + 14))
		return true;
	return packed == member->packed && size == member->size && tw_le32(at + 14) == member->crc;
}

static int check_header(const struct tw_zip *zip, struct tw_zip_member *member,
	struct twinfs_error *err)
{
	const uint8_t *at;
	size_t name_len = strlen(member->name);
	uint32_t extra_len;

	if (!tw_is_within(member->addr, TW_ZIP_LOCAL_SIZE + name_len, zip->directory) ||
		tw_le32(zip->bytes + member->addr) != TW_ZIP_LOCAL_SIG)
		return tw_zip_fail(err, -EUCLEAN, member->addr, member, "it has no header there");
	at = zip->bytes + member->addr;
	extra_len = tw_le16(at + 28);
	if (tw_le16(at + 26) != name_len ||
		memcmp(at + TW_ZIP_LOCAL_SIZE, member->name, name_len) ||
		tw_le16(at + 6) != member->flags || tw_le16(at + 8) != member->method)
		return tw_zip_fail(err, -EUCLEAN, member->addr, member,
			"its header and the directory differ");
	member->data = member->addr + TW_ZIP_LOCAL_SIZE + name_len + extra_len;
	if (!tw_is_within(member->data, member->packed, zip->directory))
		return tw_zip_fail(err, -EUCLEAN, member->addr, member,
			"its %" PRIu64 " bytes reach beyond the directory", member->packed);
	if (!has_sizes(member, at, at + TW_ZIP_LOCAL_SIZE + name_len, extra_len))
		return tw_zip_fail(err, -EUCLEAN, member->addr, member,
			"its header and the directory differ in sizes or checksum");
	member->end = member->data + member->packed;
	return member->flags & TW_ZIP_DESCRIPTOR ? find_descriptor(zip, member, err) : 0;
}

/* ---- members against each other ---- */

static int compare_addr(const void *a, const void *b)
{
	const struct tw_zip_member *const *left = a, *const *right = b;

	return (*left)->addr < (*right)->addr ? -1 : (*left)->addr > (*right)->addr;
}

static int compare_name(const void *a, const void *b)
{
	const struct tw_zip_member *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static int check_apart(const struct tw_zip *zip, struct twinfs_error *err)
{
	_cleanup_free_ const struct tw_zip_member **sorted =
		calloc(zip->count + 1, sizeof(*sorted));

	if (!sorted)
		return tw_fail(err, TWINFS_P_PACKAGE, -ENOMEM, "out of memory");
	for (size_t i = 0; i < zip->count; i++)
		sorted[i] = &zip->members[i];
	qsort(sorted, zip->count, sizeof(*sorted), compare_addr);
	for (size_t i = 1; i < zip->count; i++)
		if (sorted[i]->addr < sorted[i - 1]->end)
			return tw_zip_fail(err, -EUCLEAN, sorted[i]->addr, sorted[i],
				"it overlaps the member before it");
	qsort(sorted, zip->count, sizeof(*sorted), compare_name);
	for (size_t i = 1; i < zip->count; i++)
		if (!compare_name(&sorted[i], &sorted[i - 1]))
			return tw_zip_fail(err, -EUCLEAN, sorted[i]->addr, sorted[i],
				"there are two of that name");
	return 0;
}

static int check_size(const struct tw_zip_member *member, uint64_t *left, uint64_t max_bytes,
	struct twinfs_error *err)
{
	bool is_lie = member->method == TW_ZIP_STORED && !tw_zip_is_encrypted(member)
			      ? member->size != member->packed
			      : member->size / RATIO_MAX > member->packed;

	if (is_lie)
		return tw_zip_fail(err, -EUCLEAN, member->addr, member,
			"%" PRIu64 " bytes cannot be packed into %" PRIu64, member->size,
			member->packed);
	if (member->size > *left)
		return tw_zip_fail(err, -EOVERFLOW, member->addr, member,
			"with its %" PRIu64
			" bytes the package holds more than the limit of %" PRIu64,
			member->size, max_bytes);
	*left -= member->size;
	return 0;
}

static int read_members(struct tw_zip *zip, const struct end *end, uint64_t max_bytes,
	struct twinfs_error *err)
{
	uint64_t addr = zip->directory, left = max_bytes;

	zip->members = calloc(end->count + 1, sizeof(*zip->members));
	if (!zip->members)
		return tw_fail(err, TWINFS_P_PACKAGE, -ENOMEM, "out of memory");
	while (zip->count < end->count) {
		struct tw_zip_member *member = &zip->members[zip->count++];
		int rc = read_record(zip, addr, end->behind, member, err);

		if (!rc)
			rc = check_header(zip, member, err);
		if (!rc)
			rc = check_size(member, &left, max_bytes, err);
		if (rc)
			return rc;
		addr += member->record_size;
	}
	if (addr != end->behind)
		return tw_zip_fail(err, -EUCLEAN, addr, NULL,
			"the directory has more than its %zu members", zip->count);
	return check_apart(zip, err);
}

int tw_zip_open(const uint8_t *bytes, uint64_t size, uint64_t max_bytes, struct tw_zip *zip,
	struct twinfs_error *err)
{
	struct end end = {0};
	int rc;

	*zip = (struct tw_zip){.bytes = bytes, .size = size};
	rc = read_end(zip, &end, err);
	return rc ? rc : read_members(zip, &end, max_bytes, err);
}

void tw_zip_release(struct tw_zip *zip)
{
	for (size_t i = 0; i < zip->count; i++)
		free(zip->members[i].name);
	free(zip->members);
	*zip = (struct tw_zip){0};
}

/* ---- content ---- */

int tw_zip_read(const struct tw_zip *zip, const struct tw_zip_member *member, char **ret_data,
	struct twinfs_error *err)
{
	const uint8_t *packed = zip->bytes + member->data;
	_cleanup_free_ char *data = NULL;
	int rc = 0;

	if (tw_zip_is_encrypted(member))
		return tw_zip_fail(err, -ENOTSUP, member->addr, member, "it is encrypted");
	if (member->method != TW_ZIP_STORED && member->method != TW_ZIP_DEFLATED)
		return tw_zip_fail(err, -ENOTSUP, member->addr, member,
			"it is packed by method %u; stored and deflated are supported",
			member->method);
	data = malloc(member->size + 1);
	if (!data)
		return tw_zip_fail(err, -ENOMEM, member->addr, member, "out of memory");
	data[member->size] = '\0';
	if (member->method == TW_ZIP_STORED)
		memcpy(data, packed, member->size);
	else
		rc = tw_inflate(packed, member->packed, data, member->size);
	if (rc)
		return tw_zip_fail(err, rc, member->data, member,
			"its data does not unpack to just the %" PRIu64 " bytes it claims",
			member->size);
	if (tw_crc32(0, data, member->size) != member->crc)
		return tw_zip_fail(err, -EBADMSG, member->data, member,
			"checksum is 0x%08" PRIx32 ", expected 0x%08" PRIx32,
			tw_crc32(0, data, member->size), member->crc);
	*ret_data = tw_steal(&data);
	return 0;
}
