/* SPDX-License-Identifier: MIT */
/*
 * zip_write.c - an archive made from another.
 *
 * The members are copied in the order of their bytes, with whatever lies
 * between them; then the directory in its own order.
 */
#include "zip_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/fail.h"
#include "deflate.h"

enum {
	VERSION = 20,                /* of the format: directories and deflate */
	UNIX = 3 << 8,               /* whose attributes are meant */
	FILE_ATTRIBUTES = 0100644,   /* of an added member */
	MEMBERS_MAX = UINT16_MAX - 1 /* UINT16_MAX means "see the zip64 record" */
};

struct writer {
	const struct tw_zip *zip;
	const struct tw_zip_change *changes;
	size_t count;
	uint16_t dos_time, dos_date;
	struct tw_text *out, directory;
	uint64_t *addrs; /* new ones of the members of @zip */
	struct tw_zip_member **sorted;
};

static void release_writer(struct writer *writer)
{
	tw_text_release(&writer->directory);
	free(writer->addrs);
	free(writer->sorted);
}

/* The clock of zip has steps of two seconds, and begins in 1980. */
static void set_time(struct writer *writer, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || tm.tm_year < 80 || tm.tm_year > 207)
		tm = (struct tm){.tm_year = 80, .tm_mday = 1};
	writer->dos_time = (uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
	writer->dos_date = (uint16_t)((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday);
}

/* ---- a member of our own ---- */

/* What header and record of a changed member have in common, from the version on. */
struct entry {
	const char *name;
	uint16_t flags, method;
	uint32_t crc, packed, size;
};

#define COMMON_SIZE 26u

static void put_common(const struct writer *writer, const struct entry *entry, uint8_t *at)
{
	tw_put_le16(at, VERSION);
	tw_put_le16(at + 2, entry->flags);
	tw_put_le16(at + 4, entry->method);
	tw_put_le16(at + 6, writer->dos_time);
	tw_put_le16(at + 8, writer->dos_date);
	tw_put_le32(at + 10, entry->crc);
	tw_put_le32(at + 14, entry->packed);
	tw_put_le32(at + 18, entry->size);
	tw_put_le16(at + 22, (uint16_t)strlen(entry->name));
	tw_put_le16(at + 24, 0); /* no extra fields */
}

static int put_header(struct writer *writer, const struct entry *entry, const void *packed)
{
	uint8_t header[TW_ZIP_LOCAL_SIZE];
	int rc;

	tw_put_le32(header, TW_ZIP_LOCAL_SIG);
	put_common(writer, entry, header + 4);
	rc = tw_text_add(writer->out, header, sizeof(header));
	if (!rc)
		rc = tw_text_add(writer->out, entry->name, strlen(entry->name));
	return rc ? rc : tw_text_add(writer->out, packed, entry->packed);
}

/* @old is the member that was replaced, or NULL. */
static int put_record(struct writer *writer, const struct entry *entry, uint64_t addr,
	const struct tw_zip_member *old)
{
	uint8_t record[TW_ZIP_RECORD_SIZE] = {0};
	const uint8_t *before = old ? writer->zip->bytes + old->record : NULL;
	uint16_t comment_len = before ? tw_le16(before + 32) : 0;
	int rc;

	tw_put_le32(record, TW_ZIP_RECORD_SIG);
	tw_put_le16(record + 4, old ? old->made_by : UNIX | VERSION);
	put_common(writer, entry, record + 6);
	tw_put_le16(record + 32, comment_len);
	tw_put_le32(record + 38, old ? old->attributes : (uint32_t)FILE_ATTRIBUTES << 16);
	tw_put_le32(record + 42, (uint32_t)addr);
	rc = tw_text_add(&writer->directory, record, sizeof(record));
	if (!rc)
		rc = tw_text_add(&writer->directory, entry->name, strlen(entry->name));
	if (!rc && comment_len)
		rc = tw_text_add(&writer->directory, before + old->record_size - comment_len,
			comment_len);
	return rc;
}

/* Appends the member and fills @entry for its record. */
static int put_changed(struct writer *writer, const struct tw_zip_change *change,
	struct entry *entry)
{
	const struct tw_zip_member *old = NULL;
	_cleanup_free_ char *packed = NULL;
	size_t packed_len = change->len;
	int rc = 0;

	if (change->member != TW_ZIP_ADDED)
		old = &writer->zip->members[change->member];
	*entry = (struct entry){
		.name = old ? old->name : change->name,
		.flags = old ? old->flags & TW_ZIP_UTF8 : 0,
		.method = old && old->method == TW_ZIP_STORED ? TW_ZIP_STORED : TW_ZIP_DEFLATED,
		.crc = tw_crc32(0, change->data, change->len),
		.size = (uint32_t)change->len,
	};
	if (entry->method == TW_ZIP_DEFLATED)
		rc = tw_deflate(change->data, change->len, &packed, &packed_len);
	entry->packed = (uint32_t)packed_len;
	return rc ? rc : put_header(writer, entry, packed ? packed : change->data);
}

/* ---- the whole ---- */

static int compare_addr(const void *a, const void *b)
{
	const struct tw_zip_member *const *left = a, *const *right = b;

	return (*left)->addr < (*right)->addr ? -1 : (*left)->addr > (*right)->addr;
}

static const struct tw_zip_change *find_change(const struct writer *writer, size_t member)
{
	for (size_t i = 0; i < writer->count; i++)
		if (writer->changes[i].member == member)
			return &writer->changes[i];
	return NULL;
}

/* All members with what lies between them, up to the directory. @entries: of the changes. */
static int put_members(struct writer *writer, struct entry *entries)
{
	const struct tw_zip *zip = writer->zip;
	uint64_t copied = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < zip->count; i++) {
		const struct tw_zip_member *member = writer->sorted[i];
		size_t index = (size_t)(member - zip->members);
		const struct tw_zip_change *change = find_change(writer, index);
		uint64_t until = change ? member->addr : member->end;

		rc = tw_text_add(writer->out, zip->bytes + copied, until - copied);
		copied = member->end;
		writer->addrs[index] = writer->out->len - (change ? 0 : member->end - member->addr);
		if (!rc && change)
			rc = put_changed(writer, change, &entries[change - writer->changes]);
	}
	return rc ? rc : tw_text_add(writer->out, zip->bytes + copied, zip->directory - copied);
}

/* The old record, but for the address. */
static int copy_record(struct writer *writer, const struct tw_zip_member *member, uint64_t addr)
{
	size_t start = writer->directory.len;
	int rc = tw_text_add(&writer->directory, writer->zip->bytes + member->record,
		member->record_size);
	uint8_t *at;

	if (rc)
		return rc;
	at = (uint8_t *)writer->directory.data + start;
	if (member->addr64_off)
		tw_put_le64(at + member->addr64_off, addr);
	else
		tw_put_le32(at + 42, (uint32_t)addr);
	return 0;
}

static int make_directory(struct writer *writer, const struct entry *entries)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < writer->zip->count; i++) {
		const struct tw_zip_member *member = &writer->zip->members[i];
		const struct tw_zip_change *change = find_change(writer, i);

		if (change)
			rc = put_record(writer, &entries[change - writer->changes],
				writer->addrs[i], member);
		else
			rc = copy_record(writer, member, writer->addrs[i]);
	}
	return rc;
}

static int put_added(struct writer *writer, struct entry *entries, size_t *added)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < writer->count; i++) {
		uint64_t addr = writer->out->len;

		if (writer->changes[i].member != TW_ZIP_ADDED)
			continue;
		rc = put_changed(writer, &writer->changes[i], &entries[i]);
		if (!rc)
			rc = put_record(writer, &entries[i], addr, NULL);
		++*added;
	}
	return rc;
}

static int put_end(struct writer *writer, size_t count)
{
	const struct tw_zip *zip = writer->zip;
	uint8_t end[TW_ZIP_END_SIZE] = {0};
	uint64_t directory = writer->out->len;
	int rc = tw_text_add(writer->out, writer->directory.data, writer->directory.len);

	tw_put_le32(end, TW_ZIP_END_SIG);
	tw_put_le16(end + 8, (uint16_t)count);
	tw_put_le16(end + 10, (uint16_t)count);
	tw_put_le32(end + 12, (uint32_t)writer->directory.len);
	tw_put_le32(end + 16, (uint32_t)directory);
	memcpy(end + 20, zip->bytes + zip->end + 20, 2); /* length of the comment */
	if (!rc)
		rc = tw_text_add(writer->out, end, sizeof(end));
	if (!rc)
		rc = tw_text_add(writer->out, zip->bytes + zip->end + TW_ZIP_END_SIZE,
			zip->size - zip->end - TW_ZIP_END_SIZE);
	return rc;
}

static int write_all(struct writer *writer, struct entry *entries)
{
	size_t count = writer->zip->count;
	int rc = put_members(writer, entries);

	if (!rc)
		rc = make_directory(writer, entries);
	if (!rc)
		rc = put_added(writer, entries, &count);
	if (!rc)
		rc = put_end(writer, count);
	return rc;
}

/* No address of a result within these bounds needs more than 32 bits. */
static bool fits(const struct tw_zip *zip, const struct tw_zip_change *changes, size_t count)
{
	uint64_t size = zip->size;

	for (size_t i = 0; i < count; i++) {
		if (changes[i].len >= UINT32_MAX / 2)
			return false;
		size += changes[i].len + changes[i].len / 1024 + 1024;
	}
	return size < UINT32_MAX && zip->count + count <= MEMBERS_MAX;
}

int tw_zip_rewrite(const struct tw_zip *zip, const struct tw_zip_change *changes, size_t count,
	int64_t time, struct tw_text *out, struct twinfs_error *err)
{
	_cleanup_(release_writer) struct writer writer = {
		.zip = zip, .changes = changes, .count = count, .out = out};
	_cleanup_free_ struct entry *entries = calloc(count + 1, sizeof(*entries));
	int rc = -ENOMEM;

	if (!fits(zip, changes, count))
		return tw_fail(err, TWINFS_P_PACKAGE, -EOVERFLOW,
			"the new package would be larger than a zip archive can be");
	set_time(&writer, time);
	writer.addrs = calloc(zip->count + 1, sizeof(*writer.addrs));
	writer.sorted = calloc(zip->count + 1, sizeof(*writer.sorted));
	if (entries && writer.addrs && writer.sorted) {
		for (size_t i = 0; i < zip->count; i++)
			writer.sorted[i] = &zip->members[i];
		qsort(writer.sorted, zip->count, sizeof(*writer.sorted), compare_addr);
		rc = write_all(&writer, entries);
	}
	return rc ? tw_fail(err, TWINFS_P_PACKAGE, rc, "%s", twinfs_strerror(rc)) : 0;
}
