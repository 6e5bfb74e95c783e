/* SPDX-License-Identifier: MIT */
/* test_v2_log.c - what is built as a log is read back as it was meant. */
#include "lfs/v2_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "lib/chip.h"
#include "lib/suite.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	uint32_t block, prog;
} sizes[] = {{512, 1}, {512, 16}, {512, 512}, {4096, 16}, {4096, 512}, {8192, 2048}, {4096, 2048},
	{16384, 4096}, {4096, 4096}, {512, 256}};

/* As much of a volume as the writer looks at, with a block for it and one that it goes to. */
struct bench {
	struct twinfs_volume volume;
	uint8_t *block; /* on the chip */
};

static void open_bench(struct bench *bench, uint32_t block, uint32_t prog, uint32_t version)
{
	*bench = (struct bench){
		.volume = {.version = version, .area = {.block_size = block, .prog_size = prog}}};
	bench->volume.scratch = malloc(block);
	bench->block = malloc(block);
	ck_assert(bench->volume.scratch && bench->block);
	memset(bench->block, 0xff, block);
}

static void close_bench(struct bench *bench)
{
	free(bench->volume.scratch);
	free(bench->block);
}

/* Moves what was built, from @from on, to the block it was built for. */
static void program(struct bench *bench, const struct tw_v2_log_writer *writer, uint32_t from)
{
	memcpy(bench->block + from, writer->bytes + from, writer->off - from);
}

static struct tw_v2_log scan(const struct bench *bench)
{
	struct tw_v2_log log = {0};

	ck_assert(tw_v2_scan(bench->block, bench->volume.area.block_size, &log));
	return log;
}

/* Whether the log is as @writer left it, and may be added to if there is room. */
static void check_log(const struct bench *bench, const struct tw_v2_log_writer *writer,
	uint32_t rev)
{
	const struct tw_area *area = &bench->volume.area;
	bool has_room = writer->off + area->prog_size <= area->block_size;
	bool has_fcrc = has_room && bench->volume.version != TWINFS_LFS_2_0;
	struct tw_v2_log log = scan(bench);

	ck_assert_uint_eq(log.rev, rev);
	ck_assert_uint_eq(log.end, writer->off);
	ck_assert_uint_eq(log.end % area->prog_size, 0);
	ck_assert_uint_eq(log.chain, writer->chain);
	ck_assert_uint_eq(log.fcrc_len, has_fcrc ? area->prog_size : 0);
	ck_assert(tw_v2_fcrc_holds(&log) == has_fcrc);
	ck_assert(!has_room || log.is_tidy);
}

/* Counts the tags that are not part of closing a commit, and those that close one. */
static void count_tags(const struct bench *bench, unsigned *ret_tags, unsigned *ret_commits)
{
	struct tw_v2_cursor cursor = TW_V2_BEGIN;
	struct tw_v2_log log = scan(bench);
	struct tw_v2_item item;

	*ret_tags = *ret_commits = 0;
	while (tw_v2_next(&log, &cursor, &item)) {
		unsigned type = tw_v2_type(item.tag);

		*ret_commits += tw_v2_is_commit(type);
		*ret_tags += !tw_v2_is_commit(type) && type != TW_V2_FCRC;
	}
	ck_assert_uint_eq(cursor.off, log.end);
}

START_TEST(a_log_is_read_back)
{
	static const uint32_t versions[] = {TWINFS_LFS_2_0, TWINFS_LFS_2_1};

	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct tw_v2_content content = {0};
		struct tw_v2_log_writer writer;
		struct bench bench;
		struct tw_v2_log log;
		uint32_t off;

		open_bench(&bench, sizes[i / 2].block, sizes[i / 2].prog, versions[i % 2]);
		tw_v2_begin_log(&writer, &bench.volume, 77);
		(void)tw_v2_put(&writer, TW_V2_NAME | TW_V2_NAME_FILE, 0, "name", 4);
		off = tw_v2_put(&writer, TW_V2_STRUCT | TW_V2_FORM_INLINE, 0, "content", 7);
		tw_v2_put_removed(&writer, TW_V2_ATTR | 5, 0);
		tw_v2_put_words(&writer, TW_V2_TAIL_HARD, TW_V2_PAIR_ID, 8, 9);
		tw_v2_seal(&writer, NULL);
		ck_assert(!writer.is_full);
		program(&bench, &writer, 0);
		check_log(&bench, &writer, 77);
		log = scan(&bench);
		ck_assert_int_eq(tw_v2_fold(&log, &content), 0);
		ck_assert_uint_eq(content.count, 1);
		ck_assert_uint_eq(content.entries[0].body.off, off);
		ck_assert_mem_eq(bench.block + off, "content", 7);
		ck_assert(content.more && content.tail.block[1] == 9);
		tw_v2_content_release(&content);
		close_bench(&bench);
	}
}
END_TEST

/* A payload has an end, so long program units are filled up with empty commits. */
START_TEST(empty_commits_fill_a_program_unit)
{
	static const struct {
		uint32_t block, prog;
		unsigned commits;
	} rows[] = {{8192, 512, 1}, {8192, 1007, 1}, {8192, 2048, 2}, {16384, 4096, 4},
		{4096, 4096, 4}, {4096, 2048, 2}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tw_v2_log_writer writer;
		unsigned tags, commits;
		struct bench bench;

		open_bench(&bench, rows[i].block, rows[i].prog, TWINFS_LFS_2_1);
		tw_v2_begin_log(&writer, &bench.volume, 1);
		(void)tw_v2_put(&writer, TW_V2_NAME | TW_V2_NAME_FILE, 0, "name", 4);
		tw_v2_seal(&writer, NULL);
		ck_assert_uint_eq(writer.off, rows[i].prog);
		program(&bench, &writer, 0);
		check_log(&bench, &writer, 1);
		count_tags(&bench, &tags, &commits);
		ck_assert_uint_eq(tags, 1);
		ck_assert_msg(commits == rows[i].commits, "row %zu: %u", i, commits);
		close_bench(&bench);
	}
}
END_TEST

/* However much of a unit is left: the last commit has room for what it says. */
START_TEST(the_last_commit_of_a_unit_has_room)
{
	static const uint8_t data[TW_V2_PAYLOAD_MAX];

	for (uint32_t len = 900; len <= TW_V2_PAYLOAD_MAX; len++) {
		struct tw_v2_log_writer writer;
		unsigned tags, commits;
		struct bench bench;

		open_bench(&bench, 8192, 2048, TWINFS_LFS_2_1);
		tw_v2_begin_log(&writer, &bench.volume, 1);
		(void)tw_v2_put(&writer, TW_V2_ATTR, 0, data, len);
		tw_v2_seal(&writer, NULL);
		ck_assert_msg(writer.off == 2048, "len %u", len);
		program(&bench, &writer, 0);
		check_log(&bench, &writer, 1);
		count_tags(&bench, &tags, &commits);
		ck_assert_uint_eq(tags, 1);
		close_bench(&bench);
	}
}
END_TEST

/* Commits behind each other, of every length, until the block is full. */
START_TEST(commits_follow_each_other)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint8_t data[40] = {0};
		struct tw_v2_log_writer writer;
		unsigned put = 0, tags, commits;
		struct bench bench;

		open_bench(&bench, sizes[i].block, sizes[i].prog, TWINFS_LFS_2_1);
		tw_v2_begin_log(&writer, &bench.volume, 5);
		tw_v2_seal(&writer, NULL);
		program(&bench, &writer, 0);
		for (;;) {
			uint32_t from = writer.off, chain = writer.chain;

			tw_v2_begin_commit(&writer, &bench.volume, from, chain);
			(void)tw_v2_put(&writer, TW_V2_ATTR, 0, data, put % sizeof(data));
			if (writer.is_full)
				break;
			tw_v2_seal(&writer, bench.block);
			program(&bench, &writer, from);
			check_log(&bench, &writer, 5);
			put++;
		}
		count_tags(&bench, &tags, &commits);
		ck_assert_uint_eq(tags, put);
		ck_assert_uint_ge(commits, put + 1);
		close_bench(&bench);
	}
}
END_TEST

/* Near the end of the block a commit runs up to it, and there is nothing to vouch for. */
START_TEST(the_end_of_the_block)
{
	for (uint32_t len = 400; len < 512; len++) {
		uint8_t data[512] = {0};
		struct tw_v2_log_writer writer;
		struct bench bench;

		open_bench(&bench, 512, 16, TWINFS_LFS_2_1);
		tw_v2_begin_log(&writer, &bench.volume, 1);
		(void)tw_v2_put(&writer, TW_V2_ATTR, 0, data, len);
		/* revision, tag, payload, and room for the smallest commit */
		ck_assert_msg(writer.is_full == (len > 512 - 4 - 4 - 8), "len %u", len);
		if (!writer.is_full) {
			tw_v2_seal(&writer, NULL);
			ck_assert_uint_le(writer.off, 512);
			program(&bench, &writer, 0);
			check_log(&bench, &writer, 1);
		}
		close_bench(&bench);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_left_out)
{
	uint8_t data[512] = {0};
	struct tw_v2_log_writer writer;
	unsigned tags, commits;
	struct bench bench;

	open_bench(&bench, 512, 16, TWINFS_LFS_2_1);
	tw_v2_begin_log(&writer, &bench.volume, 1);
	(void)tw_v2_put(&writer, TW_V2_ATTR, 0, data, 400);
	ck_assert_uint_eq(tw_v2_put(&writer, TW_V2_ATTR, 0, data, 200), 0);
	ck_assert(writer.is_full);
	/* nor does what comes after it, although it would */
	ck_assert_uint_eq(tw_v2_put(&writer, TW_V2_ATTR, 0, data, 1), 0);
	tw_v2_put_removed(&writer, TW_V2_ATTR, 0);
	tw_v2_put_words(&writer, TW_V2_TAIL_SOFT, TW_V2_PAIR_ID, 1, 2);
	ck_assert_uint_eq(writer.off, 4 + 4 + 400);
	tw_v2_seal(&writer, NULL);
	program(&bench, &writer, 0);
	count_tags(&bench, &tags, &commits);
	ck_assert_uint_eq(tags, 1);
	close_bench(&bench);
}
END_TEST

/*
 * Cells behind a commit that are not erased to ones: what follows reads as not
 * begun, and the commit vouches for what is there.
 */
START_TEST(other_erased_cells)
{
	static const uint8_t fills[] = {0x00, 0x7f, 0x80, 0xff};

	for (size_t i = 0; i < sizeof(fills); i++) {
		struct tw_v2_log_writer writer;
		struct bench bench;
		struct tw_v2_log log;
		uint32_t from;

		open_bench(&bench, 512, 16, TWINFS_LFS_2_1);
		memset(bench.block, fills[i], 512);
		tw_v2_begin_log(&writer, &bench.volume, 3);
		tw_v2_seal(&writer, bench.block);
		program(&bench, &writer, 0);
		check_log(&bench, &writer, 3);
		log = scan(&bench);
		ck_assert_uint_eq(log.fcrc,
			tw_crc32_raw(UINT32_MAX, bench.block + log.end, log.fcrc_len));
		from = writer.off;
		tw_v2_begin_commit(&writer, &bench.volume, from, log.chain);
		(void)tw_v2_put(&writer, TW_V2_ATTR, 0, "abc", 3);
		/* a tag that was begun is seen as such */
		memcpy(bench.block + from, writer.bytes + from, 4);
		ck_assert(!scan(&bench).is_tidy);
		memset(bench.block + from, fills[i], 4);
		tw_v2_seal(&writer, bench.block);
		program(&bench, &writer, from);
		check_log(&bench, &writer, 3);
		close_bench(&bench);
	}
}
END_TEST

RUN_CASES("v2_log", a_log_is_read_back, empty_commits_fill_a_program_unit,
	the_last_commit_of_a_unit_has_room, commits_follow_each_other, the_end_of_the_block,
	what_does_not_fit_is_left_out, other_erased_cells)
