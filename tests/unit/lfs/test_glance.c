/* SPDX-License-Identifier: MIT */
/*
 * test_glance.c - which bytes of a block are part of its sight. That all that
 * count are is shown by tests/powerloss/test_glance.c.
 */
#include "base/bytes.h"
#include "base/crc.h"
#include "lfs/v1_disk.h"
#include "lfs/v2_disk.h"
#include "lib/suite.h"
#include "rig2.h"

enum {
	SIZE = 512,
};

static const struct geometry geometry = {SIZE, 32, 16, 0xff};

static uint64_t glance(struct rig *rig, uint32_t block)
{
	uint64_t sight;

	ck_assert_int_eq(twinfs_volume_glance(rig->chip.flash, &rig->chip.config, block, &sight),
		0);
	return sight;
}

static uint8_t *bytes_of(struct rig *rig, uint32_t block)
{
	return chip_bytes(&rig->chip) + block * SIZE;
}

/* Whether another byte at @off would be seen. */
static bool is_seen(struct rig *rig, uint32_t block, uint32_t off)
{
	uint64_t before = glance(rig, block), after;

	bytes_of(rig, block)[off] ^= 0x01;
	after = glance(rig, block);
	bytes_of(rig, block)[off] ^= 0x01;
	ck_assert_uint_eq(glance(rig, block), before);
	return before != after;
}

/* Bytes [0, @end) are seen, others are not. */
static void expect_seen(struct rig *rig, uint32_t block, uint32_t end)
{
	for (uint32_t off = 0; off < SIZE; off++)
		ck_assert_msg(is_seen(rig, block, off) == (off < end), "block %u, byte %u", block,
			off);
}

/* The pair of the root: the half in force, and the other one. */
static void find_root(struct rig *rig, struct tw_pair pair, struct tw_v1_half *ret_half)
{
	struct tw_area area;

	ck_assert_int_eq(tw_area_init(&area, rig->chip.flash, &rig->chip.config, NULL), 0);
	ck_assert_int_eq(tw_v1_fetch(&area, pair, ret_half), 0);
}

START_TEST(version_1)
{
	struct tw_v1_half half;
	struct rig rig;

	rig_open(&rig, &geometry, TWINFS_LFS_1_1, 0);
	(void)rig_create(&rig, TWINFS_ROOT_INO, "name");
	find_root(&rig, (struct tw_pair){{2, 3}}, &half);
	ck_assert_uint_eq(half.len, 20 + 16);
	expect_seen(&rig, half.pair.block[0], half.len);
	bytes_of(&rig, half.pair.block[0])[20] ^= 0xff; /* no half any more: the revision stays */
	expect_seen(&rig, half.pair.block[0], 4);
	bytes_of(&rig, half.pair.block[0])[20] ^= 0xff;
	rig_close(&rig);
}
END_TEST

static int note_name(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	(void)stat;
	(void)snprintf(ctx, 16, "%s", name);
	return 0;
}

/* Old writers cut the content short; the name goes on behind it, and is seen. */
START_TEST(name_behind_the_content)
{
	struct tw_v1_half half;
	struct rig rig;
	uint8_t *bytes;
	uint32_t len;
	char name[16];

	rig_open(&rig, &geometry, TWINFS_LFS_1_1, 0);
	(void)rig_create(&rig, TWINFS_ROOT_INO, "0123456789");
	find_root(&rig, (struct tw_pair){{2, 3}}, &half);
	bytes = bytes_of(&rig, half.pair.block[0]);
	len = half.len - 8; /* the checksum stands in the name, which ends 4 bytes behind it */
	tw_put_le32(bytes + 4, len);
	tw_put_le32(bytes + len - 4, tw_crc32_raw(UINT32_MAX, bytes, len - 4));
	rig_remount(&rig);
	ck_assert_int_eq(twinfs_volume_list(rig.volume, TWINFS_ROOT_INO, note_name, name), 0);
	ck_assert_mem_eq(name, "01", 2);
	ck_assert_mem_eq(name + 6, "6789", 5);
	expect_seen(&rig, half.pair.block[0], len + 4);
	twinfs_volume_unmount(rig.volume);
	chip_release(&rig.chip);
}
END_TEST

/* What follows a log counts while a commit may be added there. */
START_TEST(version_2)
{
	static const uint32_t versions[] = {TWINFS_LFS_2_0, TWINFS_LFS_2_1};

	for (unsigned i = 0; i < COUNT(versions); i++) {
		struct tw_v2_log log;
		struct tw_area area;
		uint32_t block;
		struct rig rig;

		rig_open(&rig, &geometry, versions[i], 0);
		(void)rig_create(&rig, TWINFS_ROOT_INO, "name");
		ck_assert_int_eq(tw_area_init(&area, rig.chip.flash, &rig.chip.config, NULL), 0);
		ck_assert_int_eq(tw_v2_fetch(&area, (struct tw_pair){{0, 1}}, false, &log), 0);
		block = log.pair.block[0];
		ck_assert_uint_lt(log.end, SIZE);
		expect_seen(&rig, block, SIZE);
		bytes_of(&rig, block)[log.end] = 0; /* a commit begun, and no more */
		for (uint32_t off = log.end + 8; off < SIZE; off++)
			ck_assert(!is_seen(&rig, block, off));
		for (uint32_t off = 0; off < log.end; off++)
			ck_assert(is_seen(&rig, block, off));
		bytes_of(&rig, block)[4] ^= 0xff;
		expect_seen(&rig, block, 4);
		twinfs_volume_unmount(rig.volume);
		chip_release(&rig.chip);
	}
}
END_TEST

START_TEST(errors)
{
	struct twinfs_volume_config config;
	struct rig rig;
	uint64_t sight = 5;

	rig_open(&rig, &geometry, TWINFS_LFS_1_1, 0);
	config = rig.chip.config;
	ck_assert_int_eq(twinfs_volume_glance(rig.chip.flash, &config, 32, &sight), -EINVAL);
	config.block_size = 0;
	ck_assert_int_eq(twinfs_volume_glance(rig.chip.flash, &config, 0, &sight), -EINVAL);
	config.block_size = 500;
	ck_assert_int_eq(twinfs_volume_glance(rig.chip.flash, &config, 0, &sight), -EINVAL);
	twinfs_flash_set_power(rig.chip.flash, false);
	ck_assert_int_eq(twinfs_volume_glance(rig.chip.flash, &rig.chip.config, 0, &sight),
		-ESHUTDOWN);
	ck_assert_uint_eq(sight, 5);
	chip_heal(&rig.chip);
	rig_close(&rig);
}
END_TEST

RUN_CASES("glance", version_1, name_behind_the_content, version_2, errors)
