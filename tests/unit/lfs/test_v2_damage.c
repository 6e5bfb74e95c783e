/* SPDX-License-Identifier: MIT */
/* test_v2_damage.c - version 2 volumes with damage: what is refused, and what still works. */
#include "lib/log2.h"
#include "lib/suite.h"
#include "rig2.h"

static const struct geometry chip_512 = {512, 32, 16, 0xff};
static const uint32_t usual[3] = {255, 0x7fffffff, 1022};

static void begin(struct chip *chip, struct log2 *log, uint32_t block, uint32_t rev)
{
	log2_begin(log, chip_bytes(chip) + block * 512, 512, 16, rev);
}

/* A root with one file, whose thread goes on to a pair that this leaves to the caller. */
static void put_root(struct chip *chip, uint32_t block_count, uint32_t first, uint32_t second)
{
	struct log2 log;

	chip_init(chip, &chip_512);
	begin(chip, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, block_count, usual);
	log2_file(&log, 1, "a", "content");
	log2_words(&log, 0x600, LOG2_PAIR, first, second);
	log2_commit(&log);
}

START_TEST(a_broken_thread_is_refused)
{
	static const struct {
		uint32_t block_count, first, second;
		enum twinfs_problem problem;
	} rows[] = {{32, 2, 3, TWINFS_P_LFS_PAIR}, /* nothing there */
		{32, 2, 32, TWINFS_P_LFS_THREAD}, {32, 2, 2, TWINFS_P_LFS_THREAD},
		{32, 0, 1, TWINFS_P_LFS_THREAD}, {32, 1, 0, TWINFS_P_LFS_THREAD},
		/* a good pair behind the end of the volume */
		{5, 4, 5, TWINFS_P_LFS_THREAD}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct twinfs_volume *volume;
		struct twinfs_error err;
		struct chip chip;
		struct log2 log;

		put_root(&chip, rows[i].block_count, rows[i].first, rows[i].second);
		begin(&chip, &log, 4, 1);
		log2_commit(&log);
		ck_assert_int_eq(twinfs_volume_mount(chip.flash, &chip.config, &volume, &err),
			-EUCLEAN);
		ck_assert_msg(err.problem == rows[i].problem, "row %zu: %s", i, err.text);
		chip_release(&chip);
	}
}
END_TEST

START_TEST(another_block_size_is_refused)
{
	struct twinfs_volume *volume;
	struct twinfs_error err;
	struct chip chip;

	put_root(&chip, 32, UINT32_MAX, UINT32_MAX);
	chip.config.block_size = 1024;
	chip.config.prog_size = 16;
	ck_assert_int_eq(twinfs_volume_mount(chip.flash, &chip.config, &volume, &err), -EUCLEAN);
	ck_assert_int_eq(err.problem, TWINFS_P_LFS_MAGIC);
	chip_release(&chip);
}
END_TEST

/* A directory that cannot be read, on a thread that can. */
START_TEST(a_damaged_directory)
{
	static const struct {
		uint32_t first, second;
		int code;
	} rows[] = {{20, 21, -EBADMSG}, {20, 99, -EUCLEAN}, {0, 1, -EUCLEAN}, {4, 4, -EUCLEAN}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct log2 log;
		struct rig rig;
		uint64_t ino, dir;

		chip_init(&rig.chip, &chip_512);
		begin(&rig.chip, &log, 0, 1);
		log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
		log2_file(&log, 1, "a", "content");
		log2_tag(&log, 0x002, 2, "d", 1);
		log2_words(&log, 0x200, 2, rows[i].first, rows[i].second);
		log2_commit(&log);
		rig.volume = chip_mount(&rig.chip);
		ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "a")).size, 7);
		dir = rig_find(&rig, "d");
		ck_assert_int_eq(twinfs_volume_lookup(rig.volume, dir, "x", &ino), rows[i].code);
		ck_assert_int_eq(twinfs_volume_create(rig.volume, dir, "x", &ino), rows[i].code);
		ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "d"),
			rows[i].code);
		ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "d",
					 TWINFS_ROOT_INO, "e", 0),
			rows[i].code);
		ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", dir, "a",
					 0),
			rows[i].code);
		twinfs_volume_unmount(rig.volume);
		chip_release(&rig.chip);
	}
}
END_TEST

/* The limit is for new names; what has a longer one is found by it. */
START_TEST(a_name_longer_than_the_limit)
{
	static const uint32_t limits[3] = {1, 0x7fffffff, 1022};
	struct log2 log;
	struct rig rig;
	uint64_t ino;

	chip_init(&rig.chip, &chip_512);
	begin(&rig.chip, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, limits);
	log2_file(&log, 1, "ab", "content");
	log2_commit(&log);
	rig.volume = chip_mount(&rig.chip);
	ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "ab")).size, 7);
	ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, "ac", &ino),
		-ENAMETOOLONG);
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, "ab", &ino),
		-ENAMETOOLONG);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "ab"), 0);
	rig_close(&rig);
}
END_TEST

/* A block that two files have is given back by neither. */
START_TEST(a_block_with_two_owners)
{
	static const char *const names[] = {"a", "b"};
	struct log2 log;
	struct rig rig;
	uint64_t ino;
	int rc = 0;

	chip_init(&rig.chip, &chip_512);
	begin(&rig.chip, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	for (unsigned i = 0; i < 2; i++) {
		log2_tag(&log, 0x001, 1 + i, names[i], 1);
		log2_words(&log, 0x202, 1 + i, 10, 300);
	}
	log2_commit(&log);
	for (uint32_t i = 0; i < 300; i++)
		chip_bytes(&rig.chip)[10 * 512 + i] = rig_byte(5, i);
	rig.volume = chip_mount(&rig.chip);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "a"), 0);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "c");
	for (uint32_t len = 400; !rc; len += 500)
		rc = rig_put(&rig, ino, len, 6);
	ck_assert_int_eq(rc, -ENOSPC);
	rig_expect(&rig, rig_find(&rig, "b"), 300, 5);
	rig_close(&rig);
}
END_TEST

/*
 * When the other owner is a directory, whatever is written to the one changes the
 * other: nothing is written. Nor when another file cannot be read.
 */
START_TEST(a_block_of_a_file_and_a_directory)
{
	for (unsigned damaged = 0; damaged < 2; damaged++) {
		struct log2 log;
		struct rig rig;
		uint64_t ino, seq;

		chip_init(&rig.chip, &chip_512);
		begin(&rig.chip, &log, 0, 1);
		log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
		log2_tag(&log, 0x001, 1, "a", 1);
		log2_words(&log, 0x202, 1, damaged ? 99 : 7, 300);
		log2_tag(&log, 0x001, 2, "b", 1);
		log2_words(&log, 0x202, 2, 5, 300);
		log2_tag(&log, 0x002, 3, "d", 1);
		log2_words(&log, 0x200, 3, 4, 5);
		log2_words(&log, 0x600, LOG2_PAIR, 4, 5);
		log2_commit(&log);
		begin(&rig.chip, &log, 4, 1);
		log2_commit(&log);
		for (uint32_t i = 0; i < 300; i++)
			chip_bytes(&rig.chip)[5 * 512 + i] = rig_byte(5, i);
		rig.volume = chip_mount(&rig.chip);
		seq = rig_seq(&rig);
		ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "b"), -EUCLEAN);
		ck_assert_int_eq(twinfs_volume_create(rig.volume, rig_find(&rig, "d"), "f", &ino),
			-EUCLEAN);
		ck_assert_uint_eq(rig_seq(&rig), seq);
		rig_expect(&rig, rig_find(&rig, "b"), 300, 5);
		twinfs_volume_unmount(rig.volume);
		chip_release(&rig.chip);
	}
}
END_TEST

/* What is written to one pair would be read as the other. */
START_TEST(a_thread_with_two_pairs_in_a_block)
{
	static const uint32_t rows[][2] = {{2, 0}, {1, 2}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct log2 log;
		struct rig rig;
		uint64_t ino;

		put_root(&rig.chip, 32, rows[i][0], rows[i][1]);
		begin(&rig.chip, &log, 2, 5);
		log2_commit(&log);
		rig.volume = chip_mount(&rig.chip);
		ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "a")).size, 7);
		ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, "b", &ino),
			-EUCLEAN);
		ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "a"), -EUCLEAN);
		rig_remount(&rig);
		ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, "a")).size, 7);
		twinfs_volume_unmount(rig.volume);
		chip_release(&rig.chip);
	}
}
END_TEST

/* Mounts, and is not written. Releases the chip. */
static void expect_refusal(struct rig *rig)
{
	uint64_t ino;

	rig->volume = chip_mount(&rig->chip);
	ck_assert_int_eq(twinfs_volume_create(rig->volume, TWINFS_ROOT_INO, "h", &ino), -EUCLEAN);
	ck_assert_int_eq(twinfs_volume_repair(rig->volume), -EUCLEAN);
	twinfs_volume_unmount(rig->volume);
	chip_release(&rig->chip);
}

static void ignore(void *ctx, const struct twinfs_error *finding)
{
	(void)ctx;
	(void)finding;
}

/* A root with the directory {4, 3}, which the thread still comes by as {2, 3}. */
static void put_moved(struct chip *chip)
{
	static const uint8_t flag[12] = {[3] = 0x80};
	struct log2 log;

	chip_init(chip, &chip_512);
	begin(chip, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	log2_tag(&log, 0x002, 1, "d", 1);
	log2_words(&log, 0x200, 1, 4, 3);
	log2_words(&log, 0x600, LOG2_PAIR, 2, 3);
	log2_tag(&log, 0x7ff, LOG2_PAIR, flag, sizeof(flag));
	log2_commit(&log);
}

/*
 * The directory {4, 3} was {2, 3} before it moved. That it was {4, 5} as well cannot be:
 * then three pairs have its blocks.
 */
START_TEST(a_directory_that_was_two_pairs)
{
	for (int i = 0; i < 2; i++) {
		struct chip chip;
		struct log2 log;

		put_moved(&chip);
		begin(&chip, &log, 3, 2);
		if (i)
			log2_words(&log, 0x600, LOG2_PAIR, 4, 5);
		log2_commit(&log);
		begin(&chip, &log, 4, 3);
		log2_commit(&log);
		ck_assert_int_eq(twinfs_volume_check(chip.flash, &chip.config, ignore, NULL) > 0,
			i);
		chip_release(&chip);
	}
}
END_TEST

/* The directory {4, 3} goes on in {2, 5}, though the thread still comes by {2, 3}. */
START_TEST(a_directory_that_goes_on_in_what_it_was)
{
	struct log2 log;
	struct rig rig;

	put_moved(&rig.chip);
	begin(&rig.chip, &log, 2, 7);
	log2_file(&log, 0, "g", "behind");
	log2_commit(&log);
	begin(&rig.chip, &log, 4, 3);
	log2_file(&log, 0, "f", "first");
	log2_words(&log, 0x601, LOG2_PAIR, 2, 5);
	log2_commit(&log);
	ck_assert_int_gt(twinfs_volume_check(rig.chip.flash, &rig.chip.config, ignore, NULL), 0);
	expect_refusal(&rig);
}
END_TEST

/* Nobody knows which of two entries a pending move is of: both are hidden, none is deleted. */
START_TEST(a_move_out_of_two_pairs)
{
	static const uint8_t share[12] = {0x00, 0x00, 0xf0, 0x4f, 3, 0, 0, 0, 4, 0, 0, 0};
	struct log2 log;
	struct rig rig;

	chip_init(&rig.chip, &chip_512);
	begin(&rig.chip, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	log2_tag(&log, 0x002, 1, "d", 1);
	log2_words(&log, 0x200, 1, 2, 3);
	log2_tag(&log, 0x002, 2, "e", 1);
	log2_words(&log, 0x200, 2, 4, 5);
	log2_file(&log, 3, "f", "one");
	log2_file(&log, 4, "g", "another");
	log2_words(&log, 0x600, LOG2_PAIR, 2, 3);
	log2_tag(&log, 0x7ff, LOG2_PAIR, share, sizeof(share));
	log2_commit(&log);
	for (uint32_t block = 2; block < 6; block += 2) {
		begin(&rig.chip, &log, block, 1);
		log2_file(&log, 0, block == 2 ? "f" : "g", block == 2 ? "one" : "another");
		if (block == 2)
			log2_words(&log, 0x600, LOG2_PAIR, 4, 5);
		log2_commit(&log);
	}
	ck_assert_int_gt(twinfs_volume_check(rig.chip.flash, &rig.chip.config, ignore, NULL), 0);
	expect_refusal(&rig);
}
END_TEST

/* When the root splits it would be the first of a pair, which is taken for the root then. */
START_TEST(a_second_superblock_in_the_root)
{
	struct log2 log;
	struct rig rig;

	chip_init(&rig.chip, &chip_512);
	begin(&rig.chip, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 32, usual);
	log2_tag(&log, 0x0ff, 1, "littlefs", 8);
	log2_tag(&log, 0x201, 1, "", 0);
	log2_commit(&log);
	expect_refusal(&rig);
}
END_TEST

/* What lies behind the end could be given away before anybody knows what it holds. */
START_TEST(no_growth_over_what_is_named)
{
	struct log2 log;
	struct rig rig;

	chip_init(&rig.chip, &chip_512);
	begin(&rig.chip, &log, 0, 1);
	log2_superblock(&log, TWINFS_LFS_2_1, 20, usual);
	log2_tag(&log, 0x002, 1, "d", 1);
	log2_words(&log, 0x200, 1, 25, 24);
	log2_commit(&log);
	rig.volume = chip_mount(&rig.chip);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 32), -EUCLEAN);
	ck_assert_int_eq(twinfs_volume_resize(rig.volume, 19), 0);
	ck_assert_uint_eq(rig_statfs(&rig).blocks, 19);
	twinfs_volume_unmount(rig.volume);
	chip_release(&rig.chip);
}
END_TEST

/* One of the two blocks of the superblock is enough. */
START_TEST(bad_blocks_at_the_beginning)
{
	for (unsigned i = 0; i < 8; i++) {
		struct rig rig;
		int rc;

		chip_init(&rig.chip, &chip_512);
		rig.chip.config.disk_version = TWINFS_LFS_2_1;
		rig.chip.trouble = (struct trouble){.bad_blocks = i % 4, .fails_erase = i / 4};
		rc = twinfs_volume_format(rig.chip.flash, &rig.chip.config, NULL);
		ck_assert_msg(rc == (i % 4 == 3 ? -EIO : 0), "case %u: %d", i, rc);
		if (!rc) {
			rig.volume = chip_mount(&rig.chip);
			(void)rig_create(&rig, TWINFS_ROOT_INO, "f");
			rig_remount(&rig);
			(void)rig_find(&rig, "f");
			rig_close(&rig);
		} else {
			chip_release(&rig.chip);
		}
	}
}
END_TEST

/* Open or not. */
START_TEST(every_file_is_synced)
{
	static const uint8_t data[600];
	uint64_t inos[6];
	char name[2] = "a";
	struct rig rig;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	for (unsigned i = 0; i < COUNT(inos); i++, name[0]++) {
		inos[i] = rig_create(&rig, TWINFS_ROOT_INO, name);
		ck_assert_int_eq(twinfs_volume_open(rig.volume, inos[i]), 0);
		ck_assert_int_eq(twinfs_volume_write(rig.volume, inos[i], data, i * 100, 0),
			i * 100);
	}
	twinfs_volume_close(rig.volume, inos[3]);
	ck_assert_int_eq(twinfs_volume_sync_all(rig.volume), 0);
	rig_remount(&rig);
	name[0] = 'a';
	for (unsigned i = 0; i < COUNT(inos); i++, name[0]++)
		ck_assert_uint_eq(rig_stat(&rig, rig_find(&rig, name)).size, i * 100);
	rig_close(&rig);
}
END_TEST

RUN_CASES("v2_damage", a_broken_thread_is_refused, another_block_size_is_refused,
	a_damaged_directory, a_name_longer_than_the_limit, a_block_with_two_owners,
	a_block_of_a_file_and_a_directory, a_thread_with_two_pairs_in_a_block,
	a_directory_that_was_two_pairs, a_directory_that_goes_on_in_what_it_was,
	a_move_out_of_two_pairs, a_second_superblock_in_the_root, no_growth_over_what_is_named,
	bad_blocks_at_the_beginning, every_file_is_synced)
