/* SPDX-License-Identifier: MIT */
/* test_volume.c - the calls of volume.h at their edges. */
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <twinfs/volume.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "lib/chip.h"
#include "lib/suite.h"

static const struct geometry device = {4096, 64, 4096, 0xff};

struct rig {
	struct chip chip;
	struct twinfs_volume *volume;
};

static void open_rig(struct rig *rig)
{
	chip_init(&rig->chip, &device);
	ck_assert_int_eq(twinfs_volume_format(rig->chip.flash, &rig->chip.config, NULL), 0);
	rig->volume = chip_mount(&rig->chip);
}

static void close_rig(struct rig *rig)
{
	twinfs_volume_unmount(rig->volume);
	chip_release(&rig->chip);
}

static void remount(struct rig *rig)
{
	twinfs_volume_unmount(rig->volume);
	rig->volume = chip_mount(&rig->chip);
}

static uint64_t create(struct rig *rig, const char *name)
{
	uint64_t ino;

	ck_assert_int_eq(twinfs_volume_create(rig->volume, TWINFS_ROOT_INO, name, &ino), 0);
	return ino;
}

START_TEST(names)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "/"};
	char longest[257];
	struct rig rig;
	uint64_t ino;

	open_rig(&rig);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, bad[i], &ino),
			-EINVAL);
	memset(longest, 'x', 256);
	longest[256] = '\0';
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, longest, &ino),
		-ENAMETOOLONG);
	ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, longest, &ino),
		-ENAMETOOLONG);
	longest[255] = '\0';
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, longest, &ino), 0);
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, longest, &ino), -EEXIST);
	(void)create(&rig, "...");
	(void)create(&rig, "\xff\x01 not UTF-8");
	remount(&rig);
	ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, longest, &ino), 0);
	ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, "\xff\x01 not UTF-8",
				 &ino),
		0);
	close_rig(&rig);
}
END_TEST

START_TEST(paths_are_resolved_as_text)
{
	struct rig rig;
	uint64_t dir, file, ino;

	open_rig(&rig);
	ck_assert_int_eq(twinfs_volume_mkdir(rig.volume, TWINFS_ROOT_INO, "d", &dir), 0);
	ck_assert_int_eq(twinfs_volume_create(rig.volume, dir, "f", &file), 0);
	for (size_t i = 0; i < 6; i++) {
		static const char *const paths[] = {
			"/d/f", "d//f", "./d/./f", "missing/../d/f", "../../d/f", "/d/f/"};

		ck_assert_int_eq(twinfs_volume_walk(rig.volume, paths[i], &ino), 0);
		ck_assert_uint_eq(ino, file);
	}
	ck_assert_int_eq(twinfs_volume_walk(rig.volume, "/", &ino), 0);
	ck_assert_uint_eq(ino, TWINFS_ROOT_INO);
	ck_assert_int_eq(twinfs_volume_walk(rig.volume, "", &ino), 0);
	ck_assert_int_eq(twinfs_volume_walk(rig.volume, "/d/f/x", &ino), -ENOTDIR);
	ck_assert_int_eq(twinfs_volume_walk(rig.volume, "/x/f", &ino), -ENOENT);
	close_rig(&rig);
}
END_TEST

START_TEST(numbers_of_the_dead_are_stale)
{
	struct twinfs_stat stat;
	struct rig rig;
	uint64_t old, ino;

	open_rig(&rig);
	old = create(&rig, "a");
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "a"), 0);
	ck_assert_int_eq(twinfs_volume_stat(rig.volume, old, &stat), -ESTALE);
	ino = create(&rig, "a");
	ck_assert_uint_ne(ino, old);
	ck_assert_int_eq(twinfs_volume_stat(rig.volume, old, &stat), -ESTALE);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, old), -ESTALE);
	ck_assert_int_eq(twinfs_volume_stat(rig.volume, UINT64_MAX, &stat), -ESTALE);
	ck_assert_int_eq(twinfs_volume_stat(rig.volume, 0, &stat), -ESTALE);
	close_rig(&rig);
}
END_TEST

START_TEST(a_removed_file_lives_until_its_last_close)
{
	struct twinfs_stat stat;
	struct twinfs_statfs full, empty;
	char buf[8];
	struct rig rig;
	uint64_t ino;

	open_rig(&rig);
	ck_assert_int_eq(twinfs_volume_statfs(rig.volume, &empty), 0);
	ino = create(&rig, "a");
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "content", 7, 0), 7);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "a"), 0);
	ck_assert_int_eq(twinfs_volume_stat(rig.volume, ino, &stat), 0);
	ck_assert_uint_eq(stat.links, 0);
	ck_assert_int_eq(twinfs_volume_read(rig.volume, ino, buf, 8, 0), 7);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "CON", 3, 0), 3);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_read(rig.volume, ino, buf, 8, 0), 7);
	ck_assert_mem_eq(buf, "CONtent", 7);
	ck_assert_int_eq(twinfs_volume_statfs(rig.volume, &full), 0);
	ck_assert_uint_lt(full.free, empty.free);
	twinfs_volume_close(rig.volume, ino);
	ck_assert_int_eq(twinfs_volume_statfs(rig.volume, &full), 0);
	ck_assert_uint_eq(full.free, empty.free);
	ck_assert_int_eq(twinfs_volume_stat(rig.volume, ino, &stat), -ESTALE);
	close_rig(&rig);
}
END_TEST

START_TEST(content_is_committed_by_sync_only)
{
	struct twinfs_stat stat;
	struct rig rig;
	uint64_t ino;

	open_rig(&rig);
	ino = create(&rig, "a");
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "old", 3, 0), 3);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_truncate(rig.volume, ino, 0), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "newer", 5, 0), 5);
	ck_assert_int_eq(twinfs_volume_stat(rig.volume, ino, &stat), 0);
	ck_assert_uint_eq(stat.size, 5);
	remount(&rig);
	ck_assert_int_eq(twinfs_volume_walk(rig.volume, "a", &ino), 0);
	ck_assert_int_eq(twinfs_volume_stat(rig.volume, ino, &stat), 0);
	ck_assert_uint_eq(stat.size, 3);
	close_rig(&rig);
}
END_TEST

START_TEST(sizes_have_an_end)
{
	struct rig rig;
	uint64_t ino;

	open_rig(&rig);
	ino = create(&rig, "a");
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, 0), -EBADF);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, UINT64_C(0x7fffffff)),
		-EFBIG);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, UINT64_MAX), -EFBIG);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, 0x7ffffffe), -ENOSPC);
	ck_assert_int_eq(twinfs_volume_truncate(rig.volume, ino, UINT64_C(0x80000000)), -EFBIG);
	ck_assert_int_eq(twinfs_volume_truncate(rig.volume, ino, 0x7fffffff), -ENOSPC);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, 0), 1);
	close_rig(&rig);
}
END_TEST

START_TEST(a_read_only_volume_writes_nothing)
{
	struct twinfs_flash_stats before, after;
	struct rig rig;
	uint64_t ino;

	open_rig(&rig);
	(void)create(&rig, "a");
	rig.chip.config.flags = TWINFS_VOLUME_READ_ONLY;
	remount(&rig);
	twinfs_flash_stats(rig.chip.flash, &before);
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, "b", &ino), -EROFS);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "a"), -EROFS);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", TWINFS_ROOT_INO,
				 "b", 0),
		-EROFS);
	ck_assert_int_eq(twinfs_volume_walk(rig.volume, "a", &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "x", 1, 0), -EROFS);
	ck_assert_int_eq(twinfs_volume_truncate(rig.volume, ino, 0), -EROFS);
	ck_assert_int_eq(twinfs_volume_repair(rig.volume), -EROFS);
	twinfs_flash_stats(rig.chip.flash, &after);
	ck_assert_uint_eq(after.seq, before.seq);
	close_rig(&rig);
}
END_TEST

START_TEST(renames)
{
	struct rig rig;
	uint64_t dir, sub, a, ino;

	open_rig(&rig);
	a = create(&rig, "a");
	(void)create(&rig, "b");
	ck_assert_int_eq(twinfs_volume_mkdir(rig.volume, TWINFS_ROOT_INO, "d", &dir), 0);
	ck_assert_int_eq(twinfs_volume_mkdir(rig.volume, dir, "s", &sub), 0);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", TWINFS_ROOT_INO,
				 "b", RENAME_NOREPLACE),
		-EEXIST);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", TWINFS_ROOT_INO,
				 "b", RENAME_EXCHANGE),
		-EINVAL);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", TWINFS_ROOT_INO,
				 "a", 0),
		0);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "d", sub, "x", 0),
		-EINVAL);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", TWINFS_ROOT_INO,
				 "d", 0),
		-EISDIR);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "d", TWINFS_ROOT_INO,
				 "a", 0),
		-ENOTDIR);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", TWINFS_ROOT_INO,
				 "b", 0),
		0);
	ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, "b", &ino), 0);
	ck_assert_uint_eq(ino, a);
	close_rig(&rig);
}
END_TEST

/* A volume whose root is gone mounts, as on the device; nothing in it works. */
START_TEST(a_damaged_root_mounts)
{
	struct twinfs_statfs space;
	struct rig rig;
	uint64_t ino;

	open_rig(&rig);
	(void)create(&rig, "a");
	memset(chip_bytes(&rig.chip) + 2 * 4096, 0xff, 2 * 4096);
	remount(&rig);
	ck_assert_int_eq(twinfs_volume_walk(rig.volume, "a", &ino), -EBADMSG);
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, "b", &ino), -EBADMSG);
	ck_assert_int_eq(twinfs_volume_statfs(rig.volume, &space), 0);
	ck_assert_uint_eq(space.free, 0);
	close_rig(&rig);
}
END_TEST

/* Blocks at the end that the device never uses: readable, not allocated. */
/* Writes the pair that directory "d" is in, as the root of a young volume says it, anew. */
static void lead_astray(struct rig *rig)
{
	uint8_t *root = chip_bytes(&rig->chip) + 2 * (size_t)device.block_size, *block;
	uint32_t len;

	for (unsigned half = 0; half < 2; half++) {
		block = root + half * device.block_size;
		len = tw_le32(block + 4);
		if (len <= 20 || len > device.block_size)
			continue;
		ck_assert_uint_eq(block[16], 0x22);
		tw_put_le32(block + 20, 40);
		tw_put_le32(block + 24, 41);
		tw_put_le32(block + len - 4, tw_crc32_raw(UINT32_MAX, block, len - 4));
	}
}

/* A directory that nothing names is not removed while one that may do so cannot be read. */
START_TEST(what_a_damaged_directory_named_stays)
{
	struct twinfs_pending pending;
	struct twinfs_flash_stats before, after;
	struct rig rig;
	uint64_t dir;

	open_rig(&rig);
	ck_assert_int_eq(twinfs_volume_mkdir(rig.volume, TWINFS_ROOT_INO, "d", &dir), 0);
	lead_astray(&rig);
	remount(&rig);
	ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, "d", &dir), 0);
	ck_assert_int_eq(twinfs_volume_mkdir(rig.volume, dir, "e", &dir), -EBADMSG);
	twinfs_volume_pending(rig.volume, &pending);
	ck_assert_uint_eq(pending.orphans, 0);
	twinfs_flash_stats(rig.chip.flash, &before);
	ck_assert_int_eq(twinfs_volume_repair(rig.volume), 0);
	twinfs_flash_stats(rig.chip.flash, &after);
	ck_assert_uint_eq(before.seq, after.seq);
	close_rig(&rig);
}
END_TEST

/* A marked entry whose name another has is not shown, and is not, once it could be. */
START_TEST(a_marked_entry_whose_name_is_taken)
{
	static const struct geometry small = {128, 16, 1, 0xff};
	struct twinfs_stat stat;
	struct rig rig;
	uint64_t ino;
	uint8_t *block;

	chip_init(&rig.chip, &small);
	ck_assert_int_eq(twinfs_volume_format(rig.chip.flash, &rig.chip.config, NULL), 0);
	rig.volume = chip_mount(&rig.chip);
	(void)create(&rig, "a");
	ino = create(&rig, "b");
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, "content", 7, 0), 7);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	twinfs_volume_close(rig.volume, ino);
	block = chip_bytes(&rig.chip) + 2 * small.block_size;
	if (tw_le32(block) < tw_le32(block + small.block_size))
		block += small.block_size;
	block[16] |= 0x80;         /* the first entry is marked, */
	block[16 + 13 + 12] = 'a'; /* and the second has its name */
	tw_put_le32(block + tw_le32(block + 4) - 4,
		tw_crc32_raw(UINT32_MAX, block, tw_le32(block + 4) - 4));
	for (unsigned i = 0; i < 3; i++) {
		remount(&rig);
		ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, "a", &ino), 0);
		ck_assert_int_eq(twinfs_volume_stat(rig.volume, ino, &stat), 0);
		ck_assert_uint_eq(stat.size, 7);
		ck_assert_int_eq(twinfs_volume_repair(rig.volume), 0);
	}
	twinfs_volume_unmount(rig.volume);
	chip_release(&rig.chip);
}
END_TEST

/*
 * Where the last entry says that it is longer than its block, whatever is written
 * behind it would be taken for a part of it.
 */
START_TEST(an_entry_longer_than_its_block)
{
	static const struct geometry small = {128, 16, 1, 0xff};
	struct rig rig;
	uint64_t ino;

	chip_init(&rig.chip, &small);
	ck_assert_int_eq(twinfs_volume_format(rig.chip.flash, &rig.chip.config, NULL), 0);
	rig.volume = chip_mount(&rig.chip);
	(void)create(&rig, "a");
	(void)create(&rig, "b");
	for (unsigned half = 2; half < 4; half++) {
		uint8_t *block = chip_bytes(&rig.chip) + half * (size_t)small.block_size;

		ck_assert_uint_eq(tw_le32(block + 4), half == 2 ? 20 + 13 : 20 + 26);
		block[16 + (half == 2 ? 0 : 13) + 3] = 200;
		tw_put_le32(block + tw_le32(block + 4) - 4,
			tw_crc32_raw(UINT32_MAX, block, tw_le32(block + 4) - 4));
	}
	remount(&rig);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "a"), -EUCLEAN);
	ck_assert_int_eq(twinfs_volume_create(rig.volume, TWINFS_ROOT_INO, "c", &ino), -EUCLEAN);
	remount(&rig);
	ck_assert_int_eq(twinfs_volume_lookup(rig.volume, TWINFS_ROOT_INO, "a", &ino), 0);
	close_rig(&rig);
}
END_TEST

START_TEST(spare_blocks)
{
	struct twinfs_statfs space;
	static uint8_t data[59 * 4096];
	struct rig rig;
	uint64_t ino;

	open_rig(&rig);
	rig.chip.config.spare_blocks = 1;
	remount(&rig);
	ck_assert_int_eq(twinfs_volume_statfs(rig.volume, &space), 0);
	ck_assert_uint_eq(space.blocks, 63);
	ck_assert_uint_eq(space.free, 59);
	ino = create(&rig, "a");
	ck_assert_int_eq(twinfs_volume_open(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, data, sizeof(data), 0), -ENOSPC);
	ck_assert_int_eq(twinfs_volume_write(rig.volume, ino, data, 58 * 4096, 0), 58 * 4096);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	ck_assert_uint_eq(chip_bytes(&rig.chip)[63 * 4096], 0xff);
	close_rig(&rig);
}
END_TEST

/* ---- scanning ---- */

struct collected {
	uint8_t bytes[600000];
	size_t len, calls, stop_at;
};

static int collect(void *ctx, const void *data, size_t len)
{
	struct collected *collected = ctx;

	memcpy(collected->bytes + collected->len, data, len);
	collected->len += len;
	return ++collected->calls == collected->stop_at ? 42 : 0;
}

static void expect_scan(struct rig *rig, uint64_t ino, const uint8_t *content, size_t len)
{
	static struct collected collected;
	const struct twinfs_scan scan = {collect, &collected};

	collected.len = collected.calls = collected.stop_at = 0;
	ck_assert_int_eq(twinfs_volume_scan(rig->volume, ino, &scan), 0);
	ck_assert_uint_eq(collected.len, len);
	ck_assert_int_eq(memcmp(collected.bytes, content, len), 0);
	if (collected.calls < 2)
		return;
	collected.len = collected.calls = 0;
	collected.stop_at = 2;
	ck_assert_int_eq(twinfs_volume_scan(rig->volume, ino, &scan), 42);
	ck_assert_uint_eq(collected.calls, 2);
}

static void scan_file(struct rig *rig, const uint8_t *content, size_t len)
{
	uint64_t ino = create(rig, "f");

	ck_assert_int_eq(twinfs_volume_open(rig->volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig->volume, ino, content, len, 0), (int64_t)len);
	expect_scan(rig, ino, content, len);
	ck_assert_int_eq(twinfs_volume_sync(rig->volume, ino), 0);
	expect_scan(rig, ino, content, len);
	twinfs_volume_close(rig->volume, ino);
	expect_scan(rig, ino, content, len);
	ck_assert_int_eq(twinfs_volume_unlink(rig->volume, TWINFS_ROOT_INO, "f"), 0);
}

/* Not yet on the chip, open, closed; in an entry, in no block, in few, in many. */
START_TEST(a_scan_gives_the_content)
{
	static const struct geometry large = {4096, 256, 16, 0xff};
	static const size_t sizes[] = {0, 1, 300, 4096, 4097, 20000, 262000, 400000};
	static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_1};
	static uint8_t content[400000];
	struct rig rig;

	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t v = 0; v < 2; v++) {
		chip_init(&rig.chip, &large);
		rig.chip.config.disk_version = versions[v];
		ck_assert_int_eq(twinfs_volume_format(rig.chip.flash, &rig.chip.config, NULL), 0);
		rig.volume = chip_mount(&rig.chip);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			scan_file(&rig, content, sizes[i]);
		close_rig(&rig);
	}
}
END_TEST

START_TEST(what_cannot_be_scanned)
{
	static struct collected collected;
	const struct twinfs_scan scan = {collect, &collected};
	struct rig rig;
	uint64_t ino;

	open_rig(&rig);
	ino = create(&rig, "f");
	ck_assert_int_eq(twinfs_volume_scan(rig.volume, TWINFS_ROOT_INO, &scan), -EISDIR);
	twinfs_flash_set_power(rig.chip.flash, false);
	ck_assert_int_eq(twinfs_volume_scan(rig.volume, ino, &scan), -ESHUTDOWN);
	twinfs_flash_set_power(rig.chip.flash, true);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "f"), 0);
	ck_assert_int_eq(twinfs_volume_scan(rig.volume, ino, &scan), -ESTALE);
	ck_assert_uint_eq(collected.calls, 0);
	close_rig(&rig);
}
END_TEST

RUN_CASES("volume", names, paths_are_resolved_as_text, numbers_of_the_dead_are_stale,
	a_removed_file_lives_until_its_last_close, content_is_committed_by_sync_only,
	sizes_have_an_end, a_read_only_volume_writes_nothing, renames, a_damaged_root_mounts,
	what_a_damaged_directory_named_stays, a_marked_entry_whose_name_is_taken,
	an_entry_longer_than_its_block, spare_blocks, a_scan_gives_the_content,
	what_cannot_be_scanned)
