/* SPDX-License-Identifier: MIT */
/* test_zip.c - reading archives, what is refused, and rewriting without loss. */
#include "zip_rig.h"

#include <errno.h>

#include "firmware/zip_write.h"
#include "suite.h"

#define LIMIT (UINT64_C(1) << 20)

static void open_rig(struct rig *rig, struct tw_zip *zip)
{
	struct twinfs_error err = {0};
	int rc = tw_zip_open(rig_bytes(rig), rig->archive.len, LIMIT, zip, &err);

	ck_assert_msg(!rc, "%s", err.text);
}

static void check_content(const struct tw_zip *zip, size_t member, const void *data, size_t len)
{
	struct twinfs_error err = {0};
	char *read = NULL;
	int rc = tw_zip_read(zip, &zip->members[member], &read, &err);

	ck_assert_msg(!rc, "%s", err.text);
	ck_assert_uint_eq(zip->members[member].size, len);
	ck_assert_mem_eq(read, data, len);
	free(read);
}

START_TEST(every_shape_is_read)
{
	for (int wide = 0; wide < 2; wide++) {
		struct tw_zip zip;
		struct rig rig;

		rig_all_shapes(&rig, wide);
		open_rig(&rig, &zip);
		ck_assert_uint_eq(zip.count, RIG_SHAPES);
		for (size_t i = 0; i < RIG_SHAPES; i++) {
			ck_assert_str_eq(zip.members[i].name, rig_shapes[i].name);
			check_content(&zip, i, rig_shapes[i].data, rig_shapes[i].len);
		}
		tw_zip_release(&zip);
		rig_release(&rig);
	}
}
END_TEST

START_TEST(an_empty_archive)
{
	struct rig rig = {0};
	struct tw_zip zip;

	rig_end(&rig, "", false);
	ck_assert(tw_zip_is(rig_bytes(&rig), rig.archive.len));
	open_rig(&rig, &zip);
	ck_assert_uint_eq(zip.count, 0);
	tw_zip_release(&zip);
	rig_release(&rig);
}
END_TEST

/* ---- refusals ---- */

/* Opening the bytes, or reading all members, fails with @code and a text with @saying. */
static void refuse(const uint8_t *bytes, size_t len, int code, const char *saying)
{
	struct twinfs_error err = {0};
	struct tw_zip zip;
	int rc = tw_zip_open(bytes, len, LIMIT, &zip, &err);

	for (size_t i = 0; !rc && i < zip.count; i++) {
		char *data;

		rc = tw_zip_read(&zip, &zip.members[i], &data, &err);
		if (!rc)
			free(data);
	}
	tw_zip_release(&zip);
	ck_assert_msg(rc == code, "%d: %s", rc, err.text);
	ck_assert_int_eq(err.problem, TWINFS_P_PACKAGE);
	ck_assert_msg(strstr(err.text, saying), "%s", err.text);
	ck_assert_msg(strstr(err.text, "offset 0x"), "%s", err.text);
}

enum {
	TO_HEADER,
	TO_RECORD,
	TO_END,
};

/* One change of an archive with the members "first" and "second". */
static const struct lie {
	unsigned where, off, width;
	uint64_t value;
	int code;
	const char *saying;
} lies[] = {
	{TO_END, 0, 1, 0, -EUCLEAN, "no end of a zip archive"},
	{TO_END, 4, 2, 1, -ENOTSUP, "several disks"},
	{TO_END, 8, 4, 0x00010001, -EUCLEAN, "more than its 1 members"},
	{TO_END, 8, 4, 0x00030003, -EUCLEAN, "3 members cannot be"},
	{TO_END, 8, 4, 0xfffefffe, -EUCLEAN, "65534 members cannot be"},
	{TO_END, 8, 4, 0xffffffff, -ENOTSUP, "65535 members"},
	{TO_END, 12, 4, 1000, -EUCLEAN, "the directory is said"},
	{TO_END, 16, 4, 0x7fffffff, -EUCLEAN, "the directory is said"},
	{TO_END, 20, 2, 1, -EUCLEAN, "no end of a zip archive"},
	{TO_RECORD, 0, 1, 0, -EUCLEAN, "no record of the directory"},
	{TO_RECORD, 8, 2, TW_ZIP_ENCRYPTED, -EUCLEAN, "header and the directory differ"},
	{TO_RECORD, 10, 2, 12, -EUCLEAN, "header and the directory differ"},
	{TO_RECORD, 16, 4, 1, -EUCLEAN, "differ in sizes or checksum"},
	{TO_RECORD, 20, 4, 70000, -EUCLEAN, "reach beyond the directory"},
	{TO_RECORD, 24, 4, 1, -EUCLEAN, "differ in sizes or checksum"},
	{TO_RECORD, 24, 4, 0xffffffff, -EUCLEAN, "zip64 sizes are missing"},
	{TO_RECORD, 28, 2, 0, -EUCLEAN, "name of a member is empty"},
	{TO_RECORD, 28, 2, 60000, -EUCLEAN, "is cut"},
	{TO_RECORD, 30, 2, 60000, -EUCLEAN, "is cut"},
	{TO_RECORD, 32, 2, 60000, -EUCLEAN, "is cut"},
	{TO_RECORD, 42, 4, 1, -EUCLEAN, "no header there"},
	{TO_RECORD, 42, 4, 0x7ffffff0, -EUCLEAN, "no header there"},
	{TO_RECORD, 42, 4, 0xffffffff, -EUCLEAN, "zip64 sizes are missing"},
	{TO_RECORD, 46, 1, 'x', -EUCLEAN, "header and the directory differ"},
	{TO_RECORD, 47, 1, 0, -EUCLEAN, "holds a NUL byte"},
	{TO_HEADER, 0, 1, 0, -EUCLEAN, "no header there"},
	{TO_HEADER, 6, 2, TW_ZIP_DESCRIPTOR, -EUCLEAN, "header and the directory differ"},
	{TO_HEADER, 26, 2, 4, -EUCLEAN, "header and the directory differ"},
	{TO_HEADER, 28, 2, 60000, -EUCLEAN, "reach beyond the directory"},
	{TO_HEADER, 28, 2, 4, -EUCLEAN, "overlaps the member before"},
	{TO_HEADER, 35, 1, 0x07, -EUCLEAN, "does not unpack"},
};

static void two_members(struct rig *rig, size_t *ret_record)
{
	static const struct rig_member members[] = {
		{"first", "abcabcabcabc", 12, 0, 0}, {"second", "defdef", 6, RIG_STORED, 0}};

	*rig = (struct rig){0};
	rig_add(rig, &members[0]);
	rig_add(rig, &members[1]);
	*ret_record = rig->archive.len;
	rig_end(rig, "", false);
}

START_TEST(lies_are_found)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		size_t record;
		struct rig rig;
		uint8_t *at;

		two_members(&rig, &record);
		at = rig_bytes(&rig) + lies[i].off;
		at += lies[i].where == TO_RECORD ? record
		      : lies[i].where == TO_END  ? rig.archive.len - TW_ZIP_END_SIZE
						 : 0;
		for (unsigned byte = 0; byte < lies[i].width; byte++)
			at[byte] = (uint8_t)(lies[i].value >> 8 * byte);
		refuse(rig_bytes(&rig), rig.archive.len, lies[i].code, lies[i].saying);
		rig_release(&rig);
	}
}
END_TEST

START_TEST(a_truncated_archive)
{
	struct rig rig;

	rig_all_shapes(&rig, true);
	for (size_t len = 0; len < rig.archive.len; len++) {
		struct tw_zip zip;

		ck_assert_int_eq(tw_zip_open(rig_bytes(&rig), len, LIMIT, &zip, NULL), -EUCLEAN);
		tw_zip_release(&zip);
	}
	refuse(rig_bytes(&rig), 21, -EUCLEAN, "no end of a zip archive");
	rig_release(&rig);
}
END_TEST

static void refuse_members(const struct rig_member *members, size_t count, int code,
	const char *saying)
{
	struct rig rig = {0};

	for (size_t i = 0; i < count; i++)
		rig_add(&rig, &members[i]);
	rig_end(&rig, "", false);
	refuse(rig_bytes(&rig), rig.archive.len, code, saying);
	rig_release(&rig);
}

START_TEST(bombs_and_doubles)
{
	char *zeros = calloc(1, LIMIT + 1);
	const struct rig_member bomb[] = {{"a", "", 0, 0, 0}, {"zeros", zeros, LIMIT + 1, 0, 0}};
	const struct rig_member together[] = {{"half", zeros, LIMIT / 2, 0, 0},
		{"other half", zeros, LIMIT / 2, 0, 0}, {"one more", "1", 1, RIG_STORED, 0}};
	const struct rig_member twice[] = {
		{"a", "1", 1, RIG_STORED, 0}, {"b", "", 0, 0, 0}, {"a", "2", 1, RIG_STORED, 0}};

	ck_assert_ptr_nonnull(zeros);
	refuse_members(bomb, 2, -EOVERFLOW, "member 'zeros': with its 1048577 bytes");
	refuse_members(together, 3, -EOVERFLOW, "member 'one more': with its 1 bytes");
	refuse_members(twice, 3, -EUCLEAN, "member 'a': there are two of that name");
	free(zeros);
}
END_TEST

/* A size that deflate cannot reach is a lie, before anything is unpacked. */
START_TEST(impossible_ratio)
{
	size_t record;
	struct rig rig;

	two_members(&rig, &record);
	for (int copy = 0; copy < 2; copy++)
		tw_put_le32(rig_bytes(&rig) + (copy ? record + 24 : 22), 900000);
	refuse(rig_bytes(&rig), rig.archive.len, -EUCLEAN, "900000 bytes cannot be packed into");
	rig_release(&rig);
}
END_TEST

/* Changes of header and record alike: consistent, and still not to be read. */
START_TEST(what_cannot_be_read)
{
	static const struct {
		unsigned off, value;
		int code;
		const char *saying;
	} both[] = {
		{6, TW_ZIP_ENCRYPTED, -ENOTSUP, "it is encrypted"},
		{6, TW_ZIP_STRONG, -ENOTSUP, "it is encrypted"},
		{8, 12, -ENOTSUP, "packed by method 12"},
		{14, 0x1234, -EBADMSG, "checksum is 0x"},
		{22, 13, -EUCLEAN, "does not unpack to just the 13 bytes"},
		{22, 11, -EUCLEAN, "does not unpack to just the 11 bytes"},
	};

	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++) {
		size_t record;
		struct rig rig;

		two_members(&rig, &record);
		tw_put_le16(rig_bytes(&rig) + both[i].off, (uint16_t)both[i].value);
		tw_put_le16(rig_bytes(&rig) + record + both[i].off + 2, (uint16_t)both[i].value);
		refuse(rig_bytes(&rig), rig.archive.len, both[i].code, both[i].saying);
		rig_release(&rig);
	}
}
END_TEST

/* ---- rewriting ---- */

/* Everything of a member that is in the archive, header to descriptor. */
static void check_same_bytes(const struct tw_zip *a, const struct tw_zip_member *left,
	const struct tw_zip *b, const struct tw_zip_member *right)
{
	struct tw_text records[2] = {{0}};

	ck_assert_uint_eq(left->end - left->addr, right->end - right->addr);
	ck_assert_mem_eq(a->bytes + left->addr, b->bytes + right->addr, left->end - left->addr);
	rig_put(&records[0], a->bytes + left->record, left->record_size);
	rig_put(&records[1], b->bytes + right->record, right->record_size);
	ck_assert_uint_eq(records[0].len, records[1].len);
	for (int i = 0; i < 2; i++) { /* but for the address */
		if (left->addr64_off)
			tw_put_le64((uint8_t *)records[i].data + left->addr64_off, 0);
		else
			tw_put_le32((uint8_t *)records[i].data + 42, 0);
	}
	ck_assert_mem_eq(records[0].data, records[1].data, records[0].len);
	tw_text_release(&records[0]);
	tw_text_release(&records[1]);
}

static void check_rewritten(const struct tw_zip *zip, const struct tw_text *out,
	const struct tw_zip_change *changes)
{
	struct tw_zip again;

	ck_assert_int_eq(tw_zip_open((const uint8_t *)out->data, out->len, LIMIT, &again, NULL), 0);
	ck_assert_uint_eq(again.count, zip->count + 1);
	for (size_t i = 0; i < zip->count; i++) {
		ck_assert_str_eq(again.members[i].name, zip->members[i].name);
		if (i != changes[0].member)
			check_same_bytes(zip, &zip->members[i], &again, &again.members[i]);
	}
	check_content(&again, changes[0].member, changes[0].data, changes[0].len);
	check_content(&again, zip->count, changes[1].data, changes[1].len);
	ck_assert_uint_eq(again.members[changes[0].member].attributes,
		zip->members[changes[0].member].attributes);
	ck_assert_str_eq(again.members[zip->count].name, changes[1].name);
	/* the gap is where it was, and so is the comment */
	ck_assert_mem_eq(out->data + again.members[0].end, zip->bytes + zip->members[0].end, 5);
	ck_assert_mem_eq(out->data + out->len - 9, "a comment", 9);
	tw_zip_release(&again);
}

/* Whichever member is replaced, all others stay. */
START_TEST(rewriting_keeps_the_rest)
{
	for (size_t member = 0; member < RIG_SHAPES; member++) {
		const struct tw_zip_change changes[] = {
			{member, NULL, "quite another content, content", 30},
			{TW_ZIP_ADDED, "new.bin", "newnewnewnew", 12}};
		struct tw_text out = {0}, again = {0};
		struct tw_zip zip;
		struct rig rig;

		if (rig_shapes[member].name[strlen(rig_shapes[member].name) - 1] == '/')
			continue;
		rig_all_shapes(&rig, member % 2);
		open_rig(&rig, &zip);
		ck_assert_int_eq(tw_zip_rewrite(&zip, changes, 2, 0, &out, NULL), 0);
		check_rewritten(&zip, &out, changes);
		ck_assert_int_eq(tw_zip_rewrite(&zip, changes, 2, 0, &again, NULL), 0);
		ck_assert_uint_eq(out.len, again.len);
		ck_assert_mem_eq(out.data, again.data, out.len);
		tw_text_release(&out);
		tw_text_release(&again);
		tw_zip_release(&zip);
		rig_release(&rig);
	}
}
END_TEST

/* The order of the directory need not be that of the members. */
START_TEST(directory_in_another_order)
{
	for (size_t member = 0; member < 2; member++) {
		const struct tw_zip_change changes[] = {
			{member, NULL, "other", 5}, {TW_ZIP_ADDED, "new", "new", 3}};
		struct tw_zip zip, again;
		struct tw_text out = {0}, records = {0};
		struct rig rig = {0};
		size_t first;

		rig_add(&rig, &rig_shapes[0]);
		first = rig.directory.len;
		rig_add(&rig, &rig_shapes[2]);
		rig_put(&records, rig.directory.data + first, rig.directory.len - first);
		rig_put(&records, rig.directory.data, first);
		memcpy(rig.directory.data, records.data, records.len);
		rig_end(&rig, "", false);
		open_rig(&rig, &zip);
		ck_assert_str_eq(zip.members[0].name, rig_shapes[2].name);
		ck_assert_int_eq(tw_zip_rewrite(&zip, changes, 2, 0, &out, NULL), 0);
		ck_assert_int_eq(tw_zip_open((const uint8_t *)out.data, out.len, LIMIT, &again,
					 NULL),
			0);
		check_content(&again, member, "other", 5);
		check_same_bytes(&zip, &zip.members[!member], &again, &again.members[!member]);
		check_content(&again, 2, "new", 3);
		tw_zip_release(&again);
		tw_zip_release(&zip);
		tw_text_release(&records);
		tw_text_release(&out);
		rig_release(&rig);
	}
}
END_TEST

/* 2026-11-24 12:34:57 UTC has an odd second, which the clock of zip has not. */
START_TEST(time_of_changed_members)
{
	static const struct {
		int64_t time;
		uint16_t time16, date16;
	} times[] = {
		{1795523697, 12 << 11 | 34 << 5 | 28, 46 << 9 | 11 << 5 | 24},
		{0, 0, 1 << 5 | 1},
		{-5, 0, 1 << 5 | 1},
		{INT64_MAX, 0, 1 << 5 | 1},
	};
	const struct tw_zip_change change = {TW_ZIP_ADDED, "new", "x", 1};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		struct tw_text out = {0};
		struct tw_zip zip, again;
		struct rig rig;

		rig_all_shapes(&rig, false);
		open_rig(&rig, &zip);
		ck_assert_int_eq(tw_zip_rewrite(&zip, &change, 1, times[i].time, &out, NULL), 0);
		ck_assert_int_eq(tw_zip_open((const uint8_t *)out.data, out.len, LIMIT, &again,
					 NULL),
			0);
		ck_assert_uint_eq(again.members[RIG_SHAPES].time, times[i].time16);
		ck_assert_uint_eq(again.members[RIG_SHAPES].date, times[i].date16);
		tw_text_release(&out);
		tw_zip_release(&again);
		tw_zip_release(&zip);
		rig_release(&rig);
	}
}
END_TEST

RUN_CASES("zip", every_shape_is_read, an_empty_archive, lies_are_found, a_truncated_archive,
	bombs_and_doubles, impossible_ratio, what_cannot_be_read, rewriting_keeps_the_rest,
	directory_in_another_order, time_of_changed_members)
