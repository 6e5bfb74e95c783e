/* SPDX-License-Identifier: MIT */
/* test_v2_content.c - content of version 2 files: in the entry, in blocks, and without an entry. */
#include "lib/suite.h"
#include "rig2.h"

/* 64 bytes at most stand in an entry here. */
static const struct geometry chip_512 = {512, 64, 16, 0xff};
enum {
	LIMIT = 64,
};

/* Sets the size of a file, and syncs it. */
static void cut(struct rig *rig, uint64_t ino, uint32_t size)
{
	ck_assert_int_eq(twinfs_volume_open(rig->volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_truncate(rig->volume, ino, size), 0);
	ck_assert_int_eq(twinfs_volume_sync(rig->volume, ino), 0);
	twinfs_volume_close(rig->volume, ino);
}

static void write_at(struct rig *rig, uint64_t ino, uint32_t off, uint32_t len, uint64_t seed)
{
	uint8_t data[1024];

	for (uint32_t i = 0; i < len; i++)
		data[i] = rig_byte(seed, off + i);
	ck_assert_int_eq(twinfs_volume_open(rig->volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig->volume, ino, data, len, off), len);
	ck_assert_int_eq(twinfs_volume_sync(rig->volume, ino), 0);
	twinfs_volume_close(rig->volume, ino);
}

START_TEST(content_stands_in_the_entry_up_to_the_limit)
{
	static const struct {
		uint32_t block, prog, limit;
	} rows[] = {{512, 16, 64}, {512, 1, 64}, {512, 512, 64}, {128, 16, 16}, {4096, 16, 64},
		{4096, 64, 256}, {4096, 256, 512}, {4096, 4096, 512}, {65536, 256, 1022}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct geometry geometry = {rows[i].block, 16, rows[i].prog, 0xff};
		struct rig rig;
		uint64_t ino;

		rig_open(&rig, &geometry, TWINFS_LFS_2_1, -1);
		ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
		ck_assert_int_eq(rig_put(&rig, ino, rows[i].limit, 1), 0);
		ck_assert_msg(rig_stat(&rig, ino).blocks == 0, "row %zu", i);
		ck_assert_int_eq(rig_put(&rig, ino, rows[i].limit + 1, 2), 0);
		ck_assert_uint_ge(rig_stat(&rig, ino).blocks, 1);
		rig_remount(&rig);
		rig_expect(&rig, rig_find(&rig, "f"), rows[i].limit + 1, 2);
		rig_close(&rig);
	}
}
END_TEST

/* Every way over the limit and back; the blocks are given back. */
START_TEST(to_blocks_and_back)
{
	struct rig rig;
	uint64_t free_blocks, ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	free_blocks = rig_statfs(&rig).free;
	write_at(&rig, ino, 0, LIMIT, 3);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
	write_at(&rig, ino, LIMIT, 1, 3);
	ck_assert_uint_eq(rig_stat(&rig, ino).blocks, 1);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks - 1);
	rig_expect(&rig, ino, LIMIT + 1, 3);
	write_at(&rig, ino, LIMIT + 1, 900, 3);
	ck_assert_uint_eq(rig_stat(&rig, ino).blocks, 2);
	rig_expect(&rig, ino, LIMIT + 901, 3);
	cut(&rig, ino, LIMIT + 1);
	ck_assert_uint_eq(rig_stat(&rig, ino).blocks, 1);
	rig_expect(&rig, ino, LIMIT + 1, 3);
	cut(&rig, ino, LIMIT);
	ck_assert_uint_eq(rig_stat(&rig, ino).blocks, 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
	rig_expect(&rig, ino, LIMIT, 3);
	rig_remount(&rig);
	ino = rig_find(&rig, "f");
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
	rig_expect(&rig, ino, LIMIT, 3);
	cut(&rig, ino, 0);
	rig_expect(&rig, ino, 0, 3);
	ck_assert_int_eq(rig_put(&rig, ino, 2000, 4), 0);
	ck_assert_int_eq(rig_put(&rig, ino, 10, 5), 0);
	rig_expect(&rig, ino, 10, 5);
	ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
	rig_close(&rig);
}
END_TEST

START_TEST(a_gap_behind_inline_content_is_zeros)
{
	uint8_t data[200];
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	write_at(&rig, ino, 0, 10, 1);
	cut(&rig, ino, 5);
	write_at(&rig, ino, 150, 10, 1);
	rig_remount(&rig);
	ino = rig_find(&rig, "f");
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_read(rig.volume, ino, data, sizeof(data), 0), 160);
	for (uint32_t i = 0; i < 160; i++)
		ck_assert(data[i] == (i < 5 || i >= 150 ? rig_byte(1, i) : 0));
	twinfs_volume_close(rig.volume, ino);
	rig_close(&rig);
}
END_TEST

/* What has no entry any more is read from memory, and a view of it stays as it was. */
START_TEST(an_open_inline_file_outlives_its_name)
{
	struct twinfs_view view;
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	ck_assert_int_eq(rig_put(&rig, ino, LIMIT, 9), 0);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_view(rig.volume, ino, LIMIT, 0, &view), 0);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "f"), 0);
	rig_wear(&rig, TWINFS_ROOT_INO, 5);
	ck_assert(rig_holds(&rig, ino, LIMIT, 9));
	ck_assert_uint_eq(view.len, LIMIT);
	for (uint32_t i = 0; i < LIMIT; i++)
		ck_assert(((const uint8_t *)view.iov[0].iov_base)[i] == rig_byte(9, i));
	twinfs_volume_release_view(rig.volume, &view);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, 1000), 1);
	ck_assert_uint_eq(rig_stat(&rig, ino).size, 1001);
	ck_assert_int_eq(twinfs_volume_truncate(rig.volume, ino, LIMIT), 0);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	ck_assert(rig_holds(&rig, ino, LIMIT, 9));
	twinfs_volume_close(rig.volume, ino);
	rig_close(&rig);
}
END_TEST

/* Content that is written but not synced stands above what the entry had. */
START_TEST(unsynced_content_outlives_the_name_too)
{
	uint8_t data[LIMIT];
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	ck_assert_int_eq(rig_put(&rig, ino, 40, 9), 0);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "NEW", 3, 10), 3);
	ck_assert_int_eq(twinfs_volume_truncate(rig.volume, ino, 30), 0);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "f"), 0);
	rig_wear(&rig, TWINFS_ROOT_INO, 3);
	ck_assert_int_eq(twinfs_volume_truncate(rig.volume, ino, 50), 0);
	ck_assert_int_eq(twinfs_volume_read(rig.volume, ino, data, sizeof(data), 0), 50);
	for (uint32_t i = 0; i < 50; i++) {
		uint8_t wanted = i < 30 ? rig_byte(9, i) : 0;

		ck_assert(data[i] == (i >= 10 && i < 13 ? (uint8_t) "NEW"[i - 10] : wanted));
	}
	twinfs_volume_close(rig.volume, ino);
	rig_close(&rig);
}
END_TEST

START_TEST(an_open_file_that_is_replaced_keeps_its_content)
{
	static const uint32_t sizes[] = {0, 10, LIMIT, LIMIT + 1, 1500};
	static const char *const sources[] = {"new", "d/new"};

	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		uint32_t size = sizes[i / 2];
		struct rig rig;
		uint64_t old, new, dir, free_blocks;

		rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
		dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
		old = rig_create(&rig, TWINFS_ROOT_INO, "old");
		new = rig_create(&rig, i % 2 ? dir : TWINFS_ROOT_INO, "new");
		free_blocks = rig_statfs(&rig).free;
		ck_assert_int_eq(rig_put(&rig, old, size, 1), 0);
		ck_assert_int_eq(rig_put(&rig, new, 20, 2), 0);
		ck_assert_int_eq(twinfs_volume_open(rig.volume, old), 0);
		ck_assert_int_eq(twinfs_volume_open(rig.volume, new), 0);
		ck_assert_uint_eq(rig_find(&rig, sources[i % 2]), new);
		ck_assert_int_eq(twinfs_volume_rename(rig.volume, i % 2 ? dir : TWINFS_ROOT_INO,
					 "new", TWINFS_ROOT_INO, "old", 0),
			0);
		rig_wear(&rig, TWINFS_ROOT_INO, 3);
		ck_assert_msg(rig_holds(&rig, old, size, 1), "size %u", size);
		ck_assert(rig_holds(&rig, new, 20, 2));
		ck_assert_uint_eq(rig_find(&rig, "old"), new);
		twinfs_volume_close(rig.volume, old);
		twinfs_volume_close(rig.volume, new);
		ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
		rig_remount(&rig);
		rig_expect(&rig, rig_find(&rig, "old"), 20, 2);
		ck_assert_uint_eq(rig_statfs(&rig).free, free_blocks);
		rig_close(&rig);
	}
}
END_TEST

/* The entry moves with every version of its pair, to other pairs too. */
START_TEST(an_open_inline_file_moves_with_its_pair)
{
	struct rig rig;
	uint64_t dir, ino;
	char name[64];

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, 1);
	dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
	ino = rig_create(&rig, dir, "middle");
	ck_assert_int_eq(rig_put(&rig, ino, 50, 7), 0);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	for (unsigned i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "%c-a-name-that-is-longer-than-others-%u",
			i % 2 ? 'a' : 'z', i);
		(void)rig_create(&rig, dir, name);
		ck_assert(rig_holds(&rig, ino, 50, 7));
	}
	ck_assert_uint_gt(rig_stat(&rig, dir).blocks, 4);
	for (unsigned i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "%c-a-name-that-is-longer-than-others-%u",
			i % 2 ? 'a' : 'z', i);
		ck_assert_int_eq(twinfs_volume_unlink(rig.volume, dir, name), 0);
		ck_assert(rig_holds(&rig, ino, 50, 7));
	}
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, dir, "middle", TWINFS_ROOT_INO, "m", 0),
		0);
	rig_wear(&rig, TWINFS_ROOT_INO, 10);
	ck_assert(rig_holds(&rig, ino, 50, 7));
	twinfs_volume_close(rig.volume, ino);
	rig_close(&rig);
}
END_TEST

/* A removal that fails leaves the open file as it was. */
START_TEST(a_removal_that_fails_changes_nothing)
{
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	ck_assert_int_eq(rig_put(&rig, ino, 30, 4), 0);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	rig.chip.trouble = (struct trouble){.cut_at = 1};
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "f"), -ESHUTDOWN);
	chip_heal(&rig.chip);
	ck_assert_uint_eq(rig_find(&rig, "f"), ino);
	ck_assert(rig_holds(&rig, ino, 30, 4));
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, 29), 1);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	ck_assert_uint_eq(rig_stat(&rig, ino).size, 30);
	twinfs_volume_close(rig.volume, ino);
	rig_close(&rig);
}
END_TEST

RUN_CASES("v2_content", content_stands_in_the_entry_up_to_the_limit, to_blocks_and_back,
	a_gap_behind_inline_content_is_zeros, an_open_inline_file_outlives_its_name,
	unsynced_content_outlives_the_name_too, an_open_file_that_is_replaced_keeps_its_content,
	an_open_inline_file_moves_with_its_pair, a_removal_that_fails_changes_nothing)
