/* SPDX-License-Identifier: MIT */
/* test_v2_fold.c - what version 2 logs come to: entries, tails, states, the superblock. */
#include "lfs/v2_disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "example2.h"
#include "lib/log2.h"
#include "lib/suite.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	BLOCK = EXAMPLE_BLOCK,
	BLOCKS = 16,
};

static const uint32_t usual[3] = {255, 0x7fffffff, 1022};

static struct tw_v2_log scanned(const uint8_t *block, uint32_t size)
{
	struct tw_v2_log log = {0};

	ck_assert(tw_v2_scan(block, size, &log));
	return log;
}

/* ---- folding ---- */

START_TEST(example_folds)
{
	struct tw_v2_content content = {0};
	uint8_t block[BLOCK];
	struct tw_v2_log log;

	put_example(block, example, sizeof(example));
	log = scanned(block, BLOCK);
	ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
	ck_assert_uint_eq(content.count, 3);
	ck_assert_uint_eq(content.entries[0].kind, TW_V2_NAME_SUPERBLOCK);
	ck_assert_uint_eq(content.entries[1].kind, TW_V2_NAME_DIR);
	ck_assert_uint_eq(content.entries[1].name_off, 0x48);
	ck_assert_uint_eq(content.entries[1].name_len, 3);
	ck_assert_uint_eq(content.entries[1].body.form, TW_V2_FORM_DIR);
	ck_assert_uint_eq(content.entries[1].body.off, 0x4f);
	ck_assert_uint_eq(content.entries[2].kind, TW_V2_NAME_FILE);
	ck_assert_uint_eq(content.entries[2].body.form, TW_V2_FORM_INLINE);
	ck_assert_uint_eq(content.entries[2].body.off, 0xb4);
	ck_assert_uint_eq(content.entries[2].body.len, 13);
	ck_assert_uint_eq(content.tail.block[0], 5);
	ck_assert_uint_eq(content.tail.block[1], 6);
	ck_assert(!content.more);
	ck_assert(tw_v2_is_zero(&content.share));
	tw_v2_content_release(&content);
	put_example(block, example_dir, sizeof(example_dir));
	log = scanned(block, BLOCK);
	ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
	ck_assert_uint_eq(content.count, 1);
	ck_assert_uint_eq(content.entries[0].body.form, TW_V2_FORM_CTZ);
	ck_assert_uint_eq(tw_le32(block + content.entries[0].body.off), 3);
	ck_assert_uint_eq(tw_le32(block + content.entries[0].body.off + 4), 1500);
	ck_assert(tw_pair_is_nil(content.tail));
	tw_v2_content_release(&content);
}
END_TEST

/* An entry, NAME and STRUCT: "n=content". */
#define ENTRY 0x800u

/* A tag of a log; a type of 0 ends the list. */
struct row {
	unsigned type, id;
	const char *data; /* NULL: what the tag names is removed */
};

static int fold_rows(uint8_t block[BLOCK], const struct row *rows, struct tw_v2_content *content)
{
	struct tw_v2_log log;
	struct log2 made;

	log2_begin(&made, block, BLOCK, 1, 1);
	for (; rows->type; rows++) {
		const char *data = rows->data;

		if (rows->type == ENTRY) {
			log2_tag(&made, 0x001, rows->id, data, 1);
			log2_tag(&made, 0x201, rows->id, data + 2, (uint32_t)strlen(data + 2));
		} else if (data) {
			log2_tag(&made, rows->type, rows->id, data, (uint32_t)strlen(data));
		} else {
			log2_removed(&made, rows->type, rows->id);
		}
	}
	log2_commit(&made);
	log = scanned(block, BLOCK);
	*content = (struct tw_v2_content){0};
	return tw_v2_fold(&log, content);
}

/* "name=content " of all entries, with their attributes. */
static void describe(const uint8_t *block, const struct tw_v2_content *content, char text[BLOCK])
{
	FILE *out = fmemopen(text, BLOCK, "w");

	ck_assert_ptr_nonnull(out);
	for (unsigned i = 0; i < content->count; i++) {
		const struct tw_v2_entry *entry = &content->entries[i];

		fprintf(out, "%.*s=%.*s", entry->name_len, (const char *)block + entry->name_off,
			entry->body.len, (const char *)block + entry->body.off);
		for (unsigned k = 0; entry->attrs && k < entry->attrs->count; k++)
			fprintf(out, ",%u:%.*s", entry->attrs->list[k].type,
				entry->attrs->list[k].len,
				(const char *)block + entry->attrs->list[k].off);
		fprintf(out, " ");
	}
	ck_assert_int_eq(fclose(out), 0);
}

START_TEST(what_tags_come_to)
{
	static const struct {
		struct row rows[16];
		const char *wanted;
	} cases[] = {
		/* ids in any order, holes are filled */
		{{{ENTRY, 0, "a=0"}, {ENTRY, 2, "c=2"}, {ENTRY, 1, "b=1"}}, "a=0 b=1 c=2 "},
		{{{0x001, 2, "c"}, {ENTRY, 0, "a=0"}, {0x001, 1, "b"}, {0x201, 2, "2"},
			 {0x201, 1, "1"}},
			"a=0 b=1 c=2 "},
		/* splices, applied from left to right */
		{{{ENTRY, 0, "a=0"}, {ENTRY, 1, "b=1"}, {0x4ff, 0, ""}}, "b=1 "},
		{{{ENTRY, 0, "a=0"}, {0x401, 1, ""}, {ENTRY, 1, "n=2"}}, "a=0 n=2 "},
		{{{ENTRY, 0, "a=0"}, {0x401, 0, ""}, {ENTRY, 0, "n=2"}, {0x201, 1, "3"}},
			"n=2 a=3 "},
		{{{ENTRY, 0, "a=0"}, {ENTRY, 1, "b=1"}, {0x4ff, 0, ""}, {0x401, 0, ""},
			 {ENTRY, 0, "a=1"}, {0x4ff, 1, ""}},
			"a=1 "},
		{{{ENTRY, 0, "a=0"}, {0x4ff, 0, ""}, {0x401, 0, ""}, {0x4ff, 0, ""}}, ""},
		/* attributes, ascending; removed ones, also such as never were */
		{{{ENTRY, 0, "a=0"}, {0x309, 0, "nine"}, {0x301, 0, "one"}, {0x3ff, 0, ""}},
			"a=0,1:one,9:nine,255: "},
		{{{ENTRY, 0, "a=0"}, {0x301, 0, "one"}, {0x302, 0, "two"}, {0x301, 0, NULL},
			 {0x305, 0, NULL}},
			"a=0,2:two "},
		{{{ENTRY, 0, "a=0"}, {0x301, 0, "one"}, {0x301, 0, NULL}, {0x301, 0, "1"}},
			"a=0,1:1 "},
		/* those of an entry go with it, and do not come back */
		{{{ENTRY, 0, "a=0"}, {0x301, 0, "one"}, {0x4ff, 0, ""}, {0x401, 0, ""},
			 {ENTRY, 0, "a=1"}},
			"a=1 "},
		{{{ENTRY, 0, "a=0"}, {0x301, 0, "one"}, {0x401, 0, ""}, {ENTRY, 0, "A=1"}},
			"A=1 a=0,1:one "},
		/* an entry of a kind that nobody knows */
		{{{0x07f, 0, "odd"}, {0x277, 0, "?"}}, "odd=? "},
		/* the latest wins, the form too */
		{{{ENTRY, 0, "a=0"}, {0x002, 0, "b"}, {0x200, 0, "12345678"}}, "b=12345678 "},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tw_v2_content content;
		uint8_t block[BLOCK];
		char text[BLOCK] = "";

		ck_assert_msg(fold_rows(block, cases[i].rows, &content) == 0, "case %zu", i);
		describe(block, &content, text);
		ck_assert_str_eq(text, cases[i].wanted);
		tw_v2_content_release(&content);
	}
}
END_TEST

START_TEST(tags_that_make_no_sense)
{
	static const struct row cases[][6] = {
		{{ENTRY, 0x3ff, "a=0"}}, {{0x001, 0, "a"}}, /* no STRUCT */
		{{ENTRY, 1, "b=1"}},                        /* a hole stays */
		{{0x401, 0, ""}},                           /* an entry without NAME */
		{{0x201, 0, "0"}, {0x001, 0, "a"}},         /* before its NAME */
		{{ENTRY, 0, "a=0"}, {0x301, 1, "1"}},       /* of no entry */
		{{ENTRY, 0, "a=0"}, {0x301, 0x3ff, "1"}}, {{ENTRY, 0, "a=0"}, {0x401, 2, ""}},
		{{ENTRY, 0, "a=0"}, {0x4ff, 1, ""}},
		{{ENTRY, 0, "a=0"}, {0x402, 0, ""}}, /* another splice */
		{{ENTRY, 0, "a=0"}, {0x400, 0, ""}},
		{{ENTRY, 0, "a=0"}, {0x001, 0, NULL}},                   /* NAME removed */
		{{ENTRY, 0, "a=0"}, {0x201, 0, NULL}},                   /* STRUCT removed */
		{{0x600, 0x3ff, "1234567"}},                             /* short TAIL */
		{{0x600, 0x3ff, NULL}}, {{0x7ff, 0x3ff, "12345678901"}}, /* short GSTATE */
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tw_v2_content content;
		uint8_t block[BLOCK];

		ck_assert_msg(fold_rows(block, cases[i], &content) == -EUCLEAN, "case %zu", i);
		ck_assert_ptr_null(content.entries);
	}
}
END_TEST

START_TEST(tails)
{
	static const struct {
		unsigned type;
		uint32_t first, second;
		bool is_nil, more;
	} rows[] = {{0x600, 8, 9, false, false}, {0x601, 8, 9, false, true},
		{0x603, 8, 9, false, true}, {0x601, TW_NIL, 9, true, false},
		{0x601, 8, TW_NIL, true, false}, {0x600, TW_NIL, TW_NIL, true, false}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tw_v2_content content = {0};
		uint8_t block[BLOCK];
		struct tw_v2_log log;
		struct log2 made;

		log2_begin(&made, block, BLOCK, 16, 1);
		log2_words(&made, 0x601, LOG2_PAIR, 4, 7);
		log2_commit(&made);
		log2_words(&made, rows[i].type, LOG2_PAIR, rows[i].first, rows[i].second);
		log2_commit(&made);
		log = scanned(block, BLOCK);
		ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
		ck_assert_msg(tw_pair_is_nil(content.tail) == rows[i].is_nil, "row %zu", i);
		ck_assert_msg(content.more == rows[i].more, "row %zu", i);
		ck_assert(rows[i].is_nil || content.tail.block[1] == rows[i].second);
		tw_v2_content_release(&content);
	}
}
END_TEST

START_TEST(the_newest_share_is_the_whole_share)
{
	static const uint8_t first[12] = {0x00, 0x08, 0xf0, 0x4f, 5, 0, 0, 0, 6, 0, 0, 0};
	static const uint8_t second[12] = {0x00, 0x08, 0xf0, 0xcf, 7, 0, 0, 0, 9, 0, 0, 0};
	struct tw_v2_content content = {0};
	struct tw_pair pair;
	uint8_t block[BLOCK];
	struct tw_v2_log log;
	struct log2 made;
	unsigned id;

	log2_begin(&made, block, BLOCK, 16, 1);
	log2_tag(&made, 0x7ff, LOG2_PAIR, first, sizeof(first));
	log2_tag(&made, 0x7ff, LOG2_PAIR, second, sizeof(second));
	log2_tag(&made, 0x7fe, LOG2_PAIR, "another one", 11);
	log2_commit(&made);
	log = scanned(block, BLOCK);
	ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
	ck_assert(content.share.word[0] & TW_V2_ORPHANS);
	ck_assert(tw_v2_pending_move(&content.share, &pair, &id));
	ck_assert_uint_eq(pair.block[0], 7);
	ck_assert_uint_eq(pair.block[1], 9);
	ck_assert_uint_eq(id, 2);
	tw_v2_add_state(&content.share, &content.share);
	ck_assert(tw_v2_is_zero(&content.share));
	tw_v2_content_release(&content);
}
END_TEST

/* A pair as old writers left them, with all the ids there are. */
START_TEST(as_many_entries_as_there_are_ids)
{
	static uint8_t block[65536];
	struct tw_v2_content content = {0};
	struct tw_v2_log log;
	struct log2 made;

	log2_begin(&made, block, sizeof(block), 16, 1);
	for (unsigned id = 0; id < 0x3ff; id++)
		log2_file(&made, id, "name", "");
	log2_commit(&made);
	log = scanned(block, sizeof(block));
	ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
	ck_assert_uint_eq(content.count, 0x3ff);
	tw_v2_content_release(&content);
	log2_tag(&made, 0x401, 5, NULL, 0);
	log2_file(&made, 5, "name", "");
	log2_commit(&made);
	log = scanned(block, sizeof(block));
	ck_assert_int_eq(tw_v2_fold(&log, &content), -EUCLEAN);
}
END_TEST

/* ---- the superblock ---- */

START_TEST(superblock_of_the_reference)
{
	uint8_t bytes[2 * BLOCK];
	struct twinfs_superblock superblock;

	memset(bytes, 0xff, sizeof(bytes));
	put_example(bytes + BLOCK, example, sizeof(example));
	ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), BLOCK, &superblock), 0);
	ck_assert_uint_eq(superblock.version, TWINFS_LFS_2_1);
	ck_assert_uint_eq(superblock.block_size, 512);
	ck_assert_uint_eq(superblock.block_count, 8);
	ck_assert_uint_eq(superblock.name_max, 255);
	ck_assert_uint_eq(superblock.file_max, 0x7fffffff);
	ck_assert_uint_eq(superblock.attr_max, 1022);
	ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), 256, &superblock), -EUCLEAN);
	ck_assert_int_eq(tw_v2_read_superblock(bytes, 2 * BLOCK - 1, BLOCK, &superblock), -EUCLEAN);
	memset(bytes + BLOCK + 8, 'x', 1);
	ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), BLOCK, &superblock), -EUCLEAN);
}
END_TEST

/* Writes a superblock with a record of @len bytes, and reads it. */
static int read_made(const uint32_t words[6], uint32_t len, const char *magic,
	struct twinfs_superblock *superblock)
{
	uint8_t bytes[2 * BLOCK], record[24];
	struct log2 made;

	memset(bytes, 0, sizeof(bytes));
	for (unsigned i = 0; i < 6; i++)
		tw_put_le32(record + 4 * i, words[i]);
	log2_begin(&made, bytes, BLOCK, 16, 1);
	log2_tag(&made, 0x0ff, 0, magic, (uint32_t)strlen(magic));
	log2_tag(&made, 0x201, 0, record, len);
	log2_commit(&made);
	return tw_v2_read_superblock(bytes, sizeof(bytes), BLOCK, superblock);
}

START_TEST(versions)
{
	static const struct {
		uint32_t version;
		int result;
	} rows[] = {{0x00020000, 0}, {0x00020001, 0}, {0x00020002, -ENOTSUP},
		{0x00030000, -ENOTSUP}, {0x00010001, -ENOTSUP}, {0, -ENOTSUP}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const uint32_t words[] = {rows[i].version, BLOCK, 8, 255, 0x7fffffff, 1022};
		struct twinfs_superblock superblock;

		ck_assert_int_eq(read_made(words, 24, "littlefs", &superblock), rows[i].result);
		ck_assert_uint_eq(superblock.version, rows[i].version);
	}
}
END_TEST

START_TEST(a_short_record_reads_as_if_it_ended_in_zeros)
{
	static const uint32_t words[] = {TWINFS_LFS_2_0, BLOCK, 8, 32, 1000, 50};
	struct twinfs_superblock superblock;

	ck_assert_int_eq(read_made(words, 24, "littlefs", &superblock), 0);
	ck_assert_uint_eq(superblock.name_max, 32);
	ck_assert_uint_eq(superblock.file_max, 1000);
	ck_assert_uint_eq(superblock.attr_max, 50);
	ck_assert_int_eq(read_made(words, 12, "littlefs", &superblock), 0);
	ck_assert_uint_eq(superblock.block_count, 8);
	ck_assert_uint_eq(superblock.name_max, 255);
	ck_assert_uint_eq(superblock.file_max, 0x7fffffff);
	ck_assert_uint_eq(superblock.attr_max, 1022);
	ck_assert_int_eq(read_made(words, 18, "littlefs", &superblock), 0);
	ck_assert_uint_eq(superblock.file_max, 1000); /* its low half is all there is */
	ck_assert_int_eq(read_made(words, 4, "littlefs", &superblock), -EUCLEAN);
	ck_assert_int_eq(read_made(words, 24, "littlefsx", &superblock), -EUCLEAN);
	ck_assert_int_eq(read_made(words, 24, "littlef", &superblock), -EUCLEAN);
}
END_TEST

START_TEST(limits_of_a_record_are_never_more_than_the_format_has)
{
	static const uint32_t words[] = {TWINFS_LFS_2_1, BLOCK, 8, 1023, 0x80000000, UINT32_MAX};
	struct twinfs_superblock superblock;

	ck_assert_int_eq(read_made(words, 24, "littlefs", &superblock), 0);
	ck_assert_uint_eq(superblock.name_max, 1022);
	ck_assert_uint_eq(superblock.file_max, 0x7fffffff);
	ck_assert_uint_eq(superblock.attr_max, 1022);
}
END_TEST

/* Three pairs, {0, 1} to {9, 8} to {4, 5}; those in front have copies if @copies says so. */
static void put_expanded(uint8_t *bytes, const uint32_t copies[2])
{
	static const uint32_t pairs[3][2] = {{1, 0}, {8, 9}, {5, 4}};
	struct log2 made;

	memset(bytes, 0xff, (size_t)BLOCK * BLOCKS);
	for (unsigned i = 0; i < 3; i++) {
		log2_begin(&made, bytes + pairs[i][0] * BLOCK, BLOCK, 16, 7);
		if (i == 2 || copies[i])
			log2_superblock(&made, i == 2 ? TWINFS_LFS_2_1 : TWINFS_LFS_2_0,
				i == 2 ? BLOCKS : copies[i], usual);
		log2_words(&made, i < 2 ? 0x601 : 0x600, LOG2_PAIR, i < 2 ? pairs[i + 1][1] : 10,
			i < 2 ? pairs[i + 1][0] : 11);
		log2_commit(&made);
	}
}

START_TEST(the_last_superblock_of_the_chain_counts)
{
	static const uint32_t copies[][2] = {{16, 16}, {8, 12}, {0, 0}, {0, 8}};
	static uint8_t bytes[BLOCK * BLOCKS];
	struct twinfs_superblock superblock;

	for (size_t i = 0; i < COUNT(copies); i++) {
		put_expanded(bytes, copies[i]);
		ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), BLOCK, &superblock),
			0);
		ck_assert_msg(superblock.version == TWINFS_LFS_2_1, "case %zu", i);
		ck_assert_uint_eq(superblock.block_count, BLOCKS);
		ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), 256, &superblock),
			-EUCLEAN);
		/* a pair in the middle is gone: what is in front of it has to do */
		memset(bytes + 8 * BLOCK, 0xff, 2 * BLOCK);
		ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), BLOCK, &superblock),
			copies[i][0] ? 0 : -EUCLEAN);
	}
}
END_TEST

START_TEST(a_chain_of_superblocks_ends)
{
	static uint8_t bytes[BLOCK * BLOCKS];
	struct twinfs_superblock superblock;
	struct log2 made;

	memset(bytes, 0xff, sizeof(bytes));
	log2_begin(&made, bytes, BLOCK, 16, 1);
	log2_words(&made, 0x601, LOG2_PAIR, 0, 1);
	log2_commit(&made);
	ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), BLOCK, &superblock), -EUCLEAN);
	log2_begin(&made, bytes, BLOCK, 16, 1);
	log2_superblock(&made, TWINFS_LFS_2_1, BLOCKS, usual);
	log2_words(&made, 0x601, LOG2_PAIR, 0, 1);
	log2_commit(&made);
	ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), BLOCK, &superblock), 0);
	log2_begin(&made, bytes, BLOCK, 16, 1);
	log2_words(&made, 0x601, LOG2_PAIR, 2, BLOCKS);
	log2_commit(&made);
	ck_assert_int_eq(tw_v2_read_superblock(bytes, sizeof(bytes), BLOCK, &superblock), -EUCLEAN);
}
END_TEST

RUN_CASES("v2_fold", example_folds, what_tags_come_to, tags_that_make_no_sense, tails,
	the_newest_share_is_the_whole_share, as_many_entries_as_there_are_ids,
	superblock_of_the_reference, versions, a_short_record_reads_as_if_it_ended_in_zeros,
	limits_of_a_record_are_never_more_than_the_format_has,
	the_last_superblock_of_the_chain_counts, a_chain_of_superblocks_ends)
