/* SPDX-License-Identifier: MIT */
/* test_v2_repair.c - what power cuts and other writers leave on version 2 volumes is mended. */
#include "base/bytes.h"
#include "lib/log2.h"
#include "lib/suite.h"
#include "rig2.h"

static const struct geometry chip_512 = {512, 32, 16, 0xff};
static const uint32_t usual[3] = {255, 0x7fffffff, 1022};

enum {
	FREE_WITH_ONE_DIRECTORY = 32 - 4,
};

#define FLAG UINT32_C(0x80000000)

static void begin(struct rig *rig, struct log2 *log, uint32_t block, uint32_t rev)
{
	log2_begin(log, chip_bytes(&rig->chip) + block * 512, 512, 16, rev);
}

static void put_dir(struct log2 *log, unsigned id, const char *name, uint32_t first,
	uint32_t second)
{
	log2_tag(log, 0x002, id, name, (uint32_t)strlen(name));
	log2_words(log, 0x200, id, first, second);
}

/* A file of 100 bytes in block 10. */
static void put_block_file(struct log2 *log, unsigned id, const char *name)
{
	log2_tag(log, 0x001, id, name, (uint32_t)strlen(name));
	log2_words(log, 0x202, id, 10, 100);
}

static void put_share(struct log2 *log, uint32_t word, uint32_t first, uint32_t second)
{
	uint8_t data[12];

	tw_put_le32(data, word);
	tw_put_le32(data + 4, first);
	tw_put_le32(data + 8, second);
	log2_tag(log, 0x7ff, LOG2_PAIR, data, sizeof(data));
}

static struct twinfs_pending pending(struct rig *rig)
{
	struct twinfs_pending found;

	twinfs_volume_pending(rig->volume, &found);
	return found;
}

/* Repairs; a new mount finds nothing more to do. */
static void repair(struct rig *rig)
{
	struct twinfs_pending left;

	ck_assert_int_eq(twinfs_volume_repair(rig->volume), 0);
	verify_format(&rig->chip, false);
	rig_remount(rig);
	left = pending(rig);
	ck_assert_uint_eq(left.orphans + left.desyncs + left.marks, 0);
}

/*
 * A removed directory of two pairs in front of one that is there. Each has a
 * share that only the sum makes sense of.
 */
START_TEST(an_orphan_of_two_pairs)
{
	struct log2 log;
	struct rig rig;
	uint64_t seq;

	chip_init(&rig.chip, &chip_512);
	begin(&rig, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	put_dir(&log, 1, "d", 6, 7);
	log2_words(&log, 0x600, LOG2_PAIR, 2, 3);
	put_share(&log, FLAG ^ 0x4ff01000 ^ 0x00100400, 17 ^ 4, 9);
	log2_commit(&log);
	begin(&rig, &log, 2, 1);
	log2_file(&log, 0, "gone", "away");
	log2_words(&log, 0x601, LOG2_PAIR, 4, 5);
	put_share(&log, 0x4ff01000, 17, 9);
	log2_commit(&log);
	begin(&rig, &log, 4, 1);
	log2_file(&log, 0, "too", "");
	log2_words(&log, 0x600, LOG2_PAIR, 6, 7);
	put_share(&log, 0x00100400, 4, 0);
	log2_commit(&log);
	begin(&rig, &log, 6, 1);
	log2_file(&log, 0, "f", "content");
	log2_commit(&log);
	rig.volume = chip_mount(&rig.chip);
	ck_assert_uint_eq(pending(&rig).orphans, 1);
	ck_assert_uint_eq(rig_statfs(&rig).files, 2);
	/* looking at it writes nothing */
	seq = rig_seq(&rig);
	(void)rig_find(&rig, "d/f");
	ck_assert_uint_eq(rig_seq(&rig), seq);
	repair(&rig);
	(void)rig_find(&rig, "d/f");
	ck_assert_uint_eq(rig_statfs(&rig).files, 2);
	ck_assert_uint_eq(rig_statfs(&rig).free, FREE_WITH_ONE_DIRECTORY);
	rig_close(&rig);
}
END_TEST

/* A file that has its new name, and is hidden under its old one until that is deleted. */
static void put_rename(struct rig *rig, uint32_t id, uint32_t first, uint32_t second)
{
	struct log2 log;

	chip_init(&rig->chip, &chip_512);
	begin(rig, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	log2_file(&log, 1, "a", "one");
	log2_file(&log, 2, "b", "the file");
	put_dir(&log, 3, "d", 2, 3);
	log2_words(&log, 0x600, LOG2_PAIR, 3, 2);
	log2_commit(&log);
	begin(rig, &log, 2, 1);
	log2_file(&log, 0, "new", "the file");
	put_share(&log, 0x4ff00000 | id << 10, first, second);
	log2_commit(&log);
	rig->volume = chip_mount(&rig->chip);
}

START_TEST(a_rename_is_finished)
{
	struct rig rig;
	uint64_t ino;

	put_rename(&rig, 2, 0, 1);
	ck_assert_uint_eq(pending(&rig).marks, 1);
	for (unsigned turn = 0; turn < 2; turn++) {
		ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, "b", &ino),
			-ENOENT);
		ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "d/new")).size, 8);
		ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "a")).size, 3);
		if (!turn)
			repair(&rig);
	}
	rig_close(&rig);
}
END_TEST

/* The hidden name is free: what is created there is a new file. */
START_TEST(the_name_of_a_hidden_entry_is_free)
{
	struct rig rig;
	uint64_t ino;

	put_rename(&rig, 2, 1, 0);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "b");
	ck_assert_uint_eq(rig_stat(&rig, ino).size, 0);
	rig_remount(&rig);
	ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "b")).size, 0);
	ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "d/new")).size, 8);
	rig_close(&rig);
}
END_TEST

/*
 * Old writers left moves of entries and pairs that do not exist: they hide nothing.
 * Neither does one of the superblock, which nobody can have made by renaming.
 */
START_TEST(stale_moves_are_cleared)
{
	static const uint32_t rows[][3] = {{9, 0, 1}, {2, 20, 21}, {0, 40, 41}, {0, 0, 1}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig rig;

		put_rename(&rig, rows[i][0], rows[i][1], rows[i][2]);
		ck_assert_uint_eq(rig_statfs(&rig).files, 4);
		ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, TWINFS_ROOT_INO, 'a', "1", 1,
					 0),
			0);
		rig_remount(&rig);
		ck_assert_uint_eq(pending(&rig).marks, 0);
		ck_assert_uint_eq(rig_statfs(&rig).files, 4);
		rig_close(&rig);
	}
}
END_TEST

/*
 * The directory has moved from {2, 3} to {4, 3}: its parent knows, the thread
 * does not. @word is what the new version has as its share, besides.
 */
static void put_move(struct rig *rig, uint32_t word)
{
	struct log2 log;

	chip_init(&rig->chip, &chip_512);
	begin(rig, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	log2_file(&log, 1, "a", "one");
	put_dir(&log, 2, "d", 4, 3);
	log2_words(&log, 0x600, LOG2_PAIR, 2, 3);
	put_share(&log, FLAG, 0, 0);
	log2_commit(&log);
	begin(rig, &log, 2, 1);
	log2_commit(&log);
	begin(rig, &log, 3, 2);
	log2_file(&log, 0, "f", "old");
	put_block_file(&log, 1, "g");
	log2_commit(&log);
	begin(rig, &log, 4, 3);
	log2_file(&log, 0, "f", "newer");
	put_block_file(&log, 1, "g");
	if (word)
		put_share(&log, word, 0, 1);
	log2_commit(&log);
	rig->volume = chip_mount(&rig->chip);
}

START_TEST(the_thread_is_told_of_a_move)
{
	/* a share that comes to the thread with the pair: as if "a" had been renamed; no state */
	static const uint32_t shares[] = {0, 0x4ff00400, 0x000003fe};

	for (size_t i = 0; i < COUNT(shares); i++) {
		struct rig rig;

		put_move(&rig, shares[i]);
		ck_assert_uint_eq(pending(&rig).desyncs, 1);
		for (unsigned turn = 0; turn < 2; turn++) {
			ck_assert_uint_eq(rig_statfs(&rig).files, 4);
			ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "d/f")).size, 5);
			(void)rig_find(&rig, "d/g");
			(void)rig_find(&rig, "a");
			if (!turn)
				repair(&rig);
		}
		ck_assert_uint_eq(rig_statfs(&rig).free, FREE_WITH_ONE_DIRECTORY - 1);
		rig_close(&rig);
	}
}
END_TEST

/* What both versions name is the new one's alone. */
START_TEST(blocks_of_an_outdated_pair_have_one_owner)
{
	struct rig rig;
	uint64_t dir;

	put_move(&rig, 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, FREE_WITH_ONE_DIRECTORY - 2);
	dir = rig_find(&rig, "d");
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, dir, "g"), 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, FREE_WITH_ONE_DIRECTORY);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, dir, "f"), 0);
	ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "d"), 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, FREE_WITH_ONE_DIRECTORY + 2);
	rig_close(&rig);
}
END_TEST

/* A block that only the outdated version has may be a file's by now: that is no damage. */
START_TEST(a_file_in_a_block_that_a_pair_has_left)
{
	struct log2 log;
	struct rig rig;

	chip_init(&rig.chip, &chip_512);
	begin(&rig, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	log2_tag(&log, 0x001, 1, "a", 1);
	log2_words(&log, 0x202, 1, 2, 100);
	put_dir(&log, 2, "d", 4, 3);
	log2_words(&log, 0x600, LOG2_PAIR, 2, 3);
	put_share(&log, FLAG, 0, 0);
	log2_commit(&log);
	for (uint32_t i = 0; i < 100; i++)
		chip_bytes(&rig.chip)[2 * 512 + i] = rig_byte(5, i);
	begin(&rig, &log, 3, 2);
	log2_commit(&log);
	begin(&rig, &log, 4, 3);
	log2_file(&log, 0, "f", "newer");
	log2_commit(&log);
	rig.volume = chip_mount(&rig.chip);
	ck_assert_uint_eq(pending(&rig).desyncs, 1);
	repair(&rig);
	(void)rig_create(&rig, rig_find(&rig, "d"), "g");
	rig_expect(&rig, rig_find(&rig, "a"), 100, 5);
	rig_close(&rig);
}
END_TEST

/* Without the flag a pair that no entry names may be somebody's: it stays. */
START_TEST(strangers_on_the_thread_stay)
{
	struct log2 log;
	struct rig rig;

	chip_init(&rig.chip, &chip_512);
	begin(&rig, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	log2_words(&log, 0x600, LOG2_PAIR, 2, 3);
	log2_commit(&log);
	begin(&rig, &log, 2, 1);
	log2_file(&log, 0, "lost", "");
	log2_commit(&log);
	rig.volume = chip_mount(&rig.chip);
	ck_assert_uint_eq(pending(&rig).orphans, 0);
	(void)rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
	ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "d"), 0);
	ck_assert_uint_eq(rig_statfs(&rig).free, FREE_WITH_ONE_DIRECTORY);
	rig_remount(&rig);
	ck_assert_uint_eq(rig_statfs(&rig).free, FREE_WITH_ONE_DIRECTORY);
	twinfs_volume_unmount(rig.volume);
	chip_release(&rig.chip);
}
END_TEST

/* The flag alone: whatever was wrong has been mended already. */
/* With the flag it is garbage, unless a directory that cannot be read may be its parent. */
START_TEST(what_a_damaged_directory_named_stays)
{
	for (unsigned damaged = 0; damaged < 2; damaged++) {
		struct log2 log;
		struct rig rig;

		chip_init(&rig.chip, &chip_512);
		begin(&rig, &log, 0, 1);
		log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
		if (damaged)
			put_dir(&log, 1, "d", 20, 21);
		log2_words(&log, 0x600, LOG2_PAIR, 2, 3);
		put_share(&log, FLAG, 0, 0);
		log2_commit(&log);
		begin(&rig, &log, 2, 1);
		log2_file(&log, 0, "f", "content");
		log2_commit(&log);
		rig.volume = chip_mount(&rig.chip);
		ck_assert_uint_eq(pending(&rig).orphans, !damaged);
		ck_assert_int_eq(twinfs_volume_repair(rig.volume), 0);
		rig_remount(&rig);
		ck_assert_uint_eq(rig_statfs(&rig).free, damaged ? 26 : 30);
		twinfs_volume_unmount(rig.volume);
		chip_release(&rig.chip);
	}
}
END_TEST

START_TEST(a_flag_with_nothing_wrong)
{
	struct log2 log;
	struct rig rig;
	uint64_t seq;

	chip_init(&rig.chip, &chip_512);
	begin(&rig, &log, 1, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	log2_file(&log, 1, "a", "one");
	put_share(&log, FLAG | 0x1ff, 0, 0); /* low bits are nobody's */
	log2_commit(&log);
	rig.volume = chip_mount(&rig.chip);
	(void)rig_create(&rig, TWINFS_ROOT_INO, "b");
	ck_assert_int_eq(twinfs_volume_repair(rig.volume), 0);
	seq = rig_seq(&rig);
	ck_assert_int_eq(twinfs_volume_repair(rig.volume), 0);
	ck_assert_uint_eq(rig_seq(&rig), seq);
	twinfs_volume_unmount(rig.volume);
	chip_release(&rig.chip);
}
END_TEST

RUN_CASES("v2_repair", an_orphan_of_two_pairs, a_rename_is_finished,
	the_name_of_a_hidden_entry_is_free, stale_moves_are_cleared, the_thread_is_told_of_a_move,
	blocks_of_an_outdated_pair_have_one_owner, a_file_in_a_block_that_a_pair_has_left,
	strangers_on_the_thread_stay, what_a_damaged_directory_named_stays,
	a_flag_with_nothing_wrong)
