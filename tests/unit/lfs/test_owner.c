/* SPDX-License-Identifier: MIT */
/*
 * test_owner.c - whose the blocks of a volume are: asked by the chip's hook in
 * the middle of operations, and at rest.
 */
#include "lib/model.h"
#include "lib/suite.h"
#include "rig2.h"

enum {
	BLOCKS_MAX = 256,
};

static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_0, TWINFS_LFS_2_1};

static const char *const roles[] = {
	[TWINFS_OWNER_NONE] = "nobody",
	[TWINFS_OWNER_SUPERBLOCK] = "superblock",
	[TWINFS_OWNER_DIRECTORY] = "directory",
	[TWINFS_OWNER_DATA] = "data",
};

static bool is_same(struct twinfs_owner a, struct twinfs_owner b)
{
	return a.role == b.role && a.ino == b.ino;
}

/* A chip's hook that notes for whom each block is written. */
struct spy {
	struct rig rig;
	struct twinfs_flash *second; /* on the same image, without a hook */
	struct twinfs_flash_hook hook, inner;
	bool is_written[BLOCKS_MAX];
	struct twinfs_owner subject[BLOCKS_MAX];
	unsigned without_path, of_nobody;
};

static int look(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct spy *spy = ctx;
	struct twinfs_volume *volume = spy->rig.volume;
	uint32_t block = (uint32_t)(op->addr / spy->rig.chip.config.block_size);
	struct twinfs_owner owner;
	char path[MODEL_PATH];

	if (volume && op->kind != TWINFS_FLASH_READ) {
		twinfs_volume_subject(volume, &spy->subject[block]);
		spy->is_written[block] = true;
		spy->of_nobody += spy->subject[block].role == TWINFS_OWNER_NONE;
		if (spy->subject[block].ino &&
			twinfs_volume_path(volume, spy->subject[block].ino, path, sizeof(path)) < 0)
			spy->without_path++;
	}
	/* the hook is asked about reads too: its own chip would lock up here */
	if (volume)
		must(twinfs_volume_owner(volume, spy->second, block, &owner) == 0, "owner");
	return spy->inner.before(spy->inner.ctx, op, done);
}

static void spy_open(struct spy *spy, const struct geometry *geometry, uint32_t version,
	int32_t cycles)
{
	const struct twinfs_flash_config config = {.geometry = {1, 1, geometry->block_size}};

	*spy = (struct spy){0};
	rig_open(&spy->rig, geometry, version, cycles);
	ck_assert_int_eq(twinfs_flash_new(spy->rig.chip.image, &config, &spy->second, NULL), 0);
	spy->inner = spy->rig.chip.hook;
	spy->hook = (struct twinfs_flash_hook){.before = look, .ctx = spy, .reads = true};
	twinfs_flash_set_hook(spy->rig.chip.flash, &spy->hook);
}

static void spy_close(struct spy *spy)
{
	struct twinfs_volume *volume = spy->rig.volume;

	spy->rig.volume = NULL;
	twinfs_volume_unmount(volume);
	verify_format(&spy->rig.chip, false);
	twinfs_flash_free(spy->second);
	chip_release(&spy->rig.chip);
}

static struct twinfs_owner owner_of(struct spy *spy, uint32_t block)
{
	struct twinfs_owner owner;

	twinfs_volume_pause(spy->rig.volume);
	must(twinfs_volume_owner(spy->rig.volume, spy->second, block, &owner) == 0, "owner");
	twinfs_volume_resume(spy->rig.volume);
	return owner;
}

/* ---- at rest ---- */

struct picture {
	struct twinfs_owner owner[BLOCKS_MAX];
	uint32_t count, at[BLOCKS_MAX]; /* in the order they came */
	uint32_t stop_after;
};

static int draw(void *ctx, const struct twinfs_extent *extent)
{
	struct picture *picture = ctx;

	must(extent->addr == (uint64_t)extent->block * extent->len, "place of block %u",
		extent->block);
	must(!picture->owner[extent->block].role, "block %u comes twice", extent->block);
	picture->owner[extent->block] = extent->owner;
	picture->at[picture->count++] = extent->block;
	return picture->count == picture->stop_after ? 77 : 0;
}

/* The map has all that is used, and owner() says the same of each block. */
static void verify_map(struct spy *spy)
{
	struct picture picture = {.stop_after = UINT32_MAX};
	const struct twinfs_extents extents = {draw, &picture};
	struct twinfs_statfs statfs = rig_statfs(&spy->rig);

	twinfs_volume_pause(spy->rig.volume);
	must(twinfs_volume_map(spy->rig.volume, NULL, &extents) == 0, "map");
	twinfs_volume_resume(spy->rig.volume);
	must(picture.count == statfs.blocks - statfs.free, "%u blocks in the map, %u used",
		picture.count, (unsigned)(statfs.blocks - statfs.free));
	for (uint32_t block = 0; block < statfs.blocks; block++) {
		struct twinfs_owner owner = owner_of(spy, block);

		must(is_same(owner, picture.owner[block]), "block %u is of %s", block,
			roles[owner.role]);
	}
}

/* What was written in the last operation, and is still used, is whose the hook saw. */
static void verify_subjects(struct spy *spy, unsigned matches[4])
{
	for (uint32_t block = 0; block < BLOCKS_MAX; block++) {
		struct twinfs_owner subject = spy->subject[block], owner;

		if (!spy->is_written[block])
			continue;
		owner = owner_of(spy, block);
		spy->is_written[block] = false;
		/* the commit that parts the root from its worn superblock is the root's */
		if (owner.role == TWINFS_OWNER_NONE ||
			(owner.role == TWINFS_OWNER_SUPERBLOCK && subject.ino == TWINFS_ROOT_INO))
			continue;
		must(is_same(owner, subject), "block %u was written for %s %llu, and is of %s %llu",
			block, roles[subject.role], (unsigned long long)subject.ino,
			roles[owner.role], (unsigned long long)owner.ino);
		matches[owner.role]++;
	}
}

START_TEST(subjects)
{
	static const struct geometry geometries[] = {{512, 128, 16, 0xff}, {128, 256, 1, 0xff}};
	unsigned matches[4] = {0};
	uint64_t seed = test_seed(1);

	for (unsigned i = 0; i < COUNT(versions) * COUNT(geometries) * 2; i++) {
		uint32_t version = versions[i % COUNT(versions)];
		const struct geometry *geometry = &geometries[i / COUNT(versions) % 2];
		struct model model = {.has_attrs = version != TWINFS_LFS_1_1};
		uint64_t random = seed + i;
		struct spy spy;

		spy_open(&spy, geometry, version, 3);
		if (i >= COUNT(versions) * COUNT(geometries))
			spy.rig.chip.trouble.bad_blocks =
				test_random(&random) & test_random(&random) & ~UINT64_C(3);
		for (unsigned k = 0; k < 150; k++) {
			struct op op;

			op_random(&op, &model, &random, geometry->block_size * 3);
			(void)snprintf(test_context, sizeof(test_context), "run %u, operation %u",
				i, k);
			if (op_on_volume(&op, spy.rig.volume) == 0)
				must(op_on_model(&op, &model) == 0, "model");
			verify_subjects(&spy, matches);
			if (i < COUNT(versions) * COUNT(geometries))
				verify_map(&spy);
		}
		ck_assert_uint_eq(spy.of_nobody, 0);
		spy_close(&spy);
		model_release(&model);
	}
	ck_assert_uint_gt(matches[TWINFS_OWNER_DIRECTORY], 1000);
	ck_assert_uint_gt(matches[TWINFS_OWNER_DATA], 300);
}
END_TEST

/* Residue of power cuts is in use too, until it is repaired, and by one owner. */
START_TEST(residue)
{
	static const struct geometry geometry = {128, 256, 1, 0xff};
	uint64_t seed = test_seed(1);
	unsigned desyncs = 0, orphans = 0;

	for (unsigned i = 0; i < COUNT(versions) * 4; i++) {
		uint32_t version = versions[i % COUNT(versions)];
		struct model model = {.has_attrs = version != TWINFS_LFS_1_1};
		uint64_t random = seed + i;
		struct spy spy;

		spy_open(&spy, &geometry, version, 1);
		for (unsigned k = 0; k < 800; k++) {
			struct trouble *trouble = &spy.rig.chip.trouble;
			struct twinfs_volume *volume = spy.rig.volume;
			struct twinfs_pending pending;
			struct op op;

			(void)snprintf(test_context, sizeof(test_context), "run %u, operation %u",
				i, k);
			op_random(&op, &model, &random, 400);
			trouble->cut_at = trouble->count + 1 + test_random(&random) % 12;
			/* in version 1 pairs move only when a block is bad */
			trouble->bad_blocks =
				test_random(&random) & test_random(&random) & ~UINT64_C(3);
			if (op_on_volume(&op, volume) == 0)
				(void)op_on_model(&op, &model);
			spy.rig.volume = NULL;
			twinfs_volume_unmount(volume);
			chip_heal(&spy.rig.chip);
			spy.rig.volume = chip_mount(&spy.rig.chip);
			twinfs_volume_pending(spy.rig.volume, &pending);
			desyncs += pending.desyncs;
			orphans += pending.orphans;
			verify_map(&spy);
		}
		ck_assert_int_eq(twinfs_volume_repair(spy.rig.volume), 0);
		spy_close(&spy);
		model_release(&model);
	}
	ck_assert_uint_gt(desyncs, 10);
	ck_assert_uint_gt(orphans, 10);
}
END_TEST

/* A pair that moves because its block is bad is written for its directory all the time. */
START_TEST(pair_that_moves)
{
	static const struct geometry geometry = {512, 64, 16, 0xff};

	for (unsigned i = 0; i < COUNT(versions); i++) {
		struct picture before = {.stop_after = UINT32_MAX}, after = before;
		struct twinfs_owner owner;
		unsigned moved = 0;
		struct spy spy;
		uint64_t dir;

		spy_open(&spy, &geometry, versions[i], -1);
		dir = rig_mkdir(&spy.rig, TWINFS_ROOT_INO, "d");
		ck_assert_int_eq(twinfs_volume_blocks(spy.rig.volume, spy.second, dir,
					 &(struct twinfs_extents){draw, &before}),
			0);
		ck_assert_uint_eq(before.count, 2);
		spy.rig.chip.trouble.bad_blocks =
			UINT64_C(1) << before.at[0] | UINT64_C(1) << before.at[1];
		memset(spy.is_written, 0, sizeof(spy.is_written));
		spy.rig.chip.trouble.fails_erase = true;
		rig_wear(&spy.rig, dir, 4);
		ck_assert_int_eq(twinfs_volume_blocks(spy.rig.volume, spy.second, dir,
					 &(struct twinfs_extents){draw, &after}),
			0);
		for (unsigned k = 0; k < 2; k++) {
			uint32_t block = after.at[k];

			owner = (struct twinfs_owner){TWINFS_OWNER_DIRECTORY, dir};
			if (before.owner[block].role)
				continue;
			moved++;
			ck_assert(spy.is_written[block]);
			ck_assert(is_same(spy.subject[block], owner));
		}
		ck_assert_uint_gt(moved, 0);
		twinfs_volume_subject(spy.rig.volume, &owner);
		ck_assert_int_eq(owner.role, TWINFS_OWNER_NONE);
		spy_close(&spy);
	}
}
END_TEST

/* Version 1: the superblock is told of the root's move. */
START_TEST(superblock)
{
	static const struct geometry geometry = {512, 64, 16, 0xff};
	unsigned written = 0;
	struct spy spy;

	spy_open(&spy, &geometry, TWINFS_LFS_1_1, 0);
	ck_assert_int_eq(owner_of(&spy, 2).ino, TWINFS_ROOT_INO);
	spy.rig.chip.trouble.bad_blocks = UINT64_C(0xc);
	(void)rig_create(&spy.rig, TWINFS_ROOT_INO, "f");
	for (uint32_t block = 0; block < 2; block++) {
		ck_assert_int_eq(owner_of(&spy, block).role, TWINFS_OWNER_SUPERBLOCK);
		if (!spy.is_written[block])
			continue;
		written++;
		ck_assert_int_eq(spy.subject[block].role, TWINFS_OWNER_SUPERBLOCK);
	}
	ck_assert_uint_gt(written, 0);
	spy_close(&spy);
}
END_TEST

START_TEST(blocks_of_a_file)
{
	static const struct geometry geometry = {512, 64, 16, 0xff};

	for (unsigned i = 0; i < COUNT(versions); i++) {
		struct picture picture = {.stop_after = UINT32_MAX};
		const struct twinfs_extents extents = {draw, &picture};
		const struct twinfs_owner root = {TWINFS_OWNER_DIRECTORY, TWINFS_ROOT_INO};
		struct twinfs_owner owner;
		struct spy spy;
		uint64_t ino;

		spy_open(&spy, &geometry, versions[i], 0);
		ino = rig_create(&spy.rig, TWINFS_ROOT_INO, "f");
		ck_assert_int_eq(rig_put(&spy.rig, ino, 1500, 5), 0);
		ck_assert_int_eq(twinfs_volume_blocks(spy.rig.volume, NULL, ino, &extents), 0);
		ck_assert_uint_eq(picture.count, 5);
		ck_assert_uint_eq(rig_stat(&spy.rig, ino).blocks, 3);
		/* the first block of the list has no pointers in front of the content */
		ck_assert_uint_eq(chip_bytes(&spy.rig.chip)[picture.at[2] * 512 + 100],
			rig_byte(5, 100));
		for (unsigned k = 0; k < 3; k++) {
			owner = (struct twinfs_owner){TWINFS_OWNER_DATA, ino};
			ck_assert(is_same(picture.owner[picture.at[k]], owner));
		}
		for (unsigned k = 3; k < 5; k++)
			ck_assert(is_same(picture.owner[picture.at[k]], root));
		picture = (struct picture){.stop_after = 2};
		ck_assert_int_eq(twinfs_volume_blocks(spy.rig.volume, NULL, ino, &extents), 77);
		picture = (struct picture){.stop_after = 2};
		ck_assert_int_eq(twinfs_volume_map(spy.rig.volume, NULL, &extents), 77);
		ck_assert_int_eq(twinfs_volume_blocks(spy.rig.volume, NULL, 12345, &extents),
			-ESTALE);
		ck_assert_int_eq(twinfs_volume_owner(spy.rig.volume, NULL, 64, &owner), -EINVAL);
		spy_close(&spy);
	}
}
END_TEST

/* An open file that was removed keeps its blocks, but has no path. */
START_TEST(removed)
{
	static const struct geometry geometry = {512, 64, 16, 0xff};

	for (unsigned i = 0; i < COUNT(versions); i++) {
		struct picture picture = {.stop_after = UINT32_MAX};
		const struct twinfs_extents extents = {draw, &picture};
		struct spy spy;
		struct twinfs_volume *volume;
		uint64_t ino;
		char path[8];

		spy_open(&spy, &geometry, versions[i], 0);
		volume = spy.rig.volume;
		ino = rig_create(&spy.rig, TWINFS_ROOT_INO, "f");
		ck_assert_int_eq(rig_put(&spy.rig, ino, 1500, 5), 0);
		ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
		ck_assert_int_eq(twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "f"), 0);
		ck_assert_int_eq(twinfs_volume_path(volume, ino, path, sizeof(path)), -ESTALE);
		ck_assert_int_eq(twinfs_volume_blocks(volume, NULL, ino, &extents), 0);
		ck_assert_uint_eq(picture.count, 3);
		ck_assert_uint_eq(owner_of(&spy, picture.at[0]).ino, ino);
		twinfs_volume_close(volume, ino);
		ck_assert_int_eq(twinfs_volume_path(volume, ino, path, sizeof(path)), -ESTALE);
		ck_assert_int_eq(owner_of(&spy, picture.at[0]).role, TWINFS_OWNER_NONE);
		spy_close(&spy);
	}
}
END_TEST

START_TEST(paths)
{
	static const struct geometry geometry = {512, 64, 16, 0xff};
	struct spy spy;
	uint64_t dir, ino;
	char path[8] = "";

	spy_open(&spy, &geometry, TWINFS_LFS_2_1, 0);
	dir = rig_mkdir(&spy.rig, TWINFS_ROOT_INO, "abc");
	ino = rig_create(&spy.rig, dir, "d");
	ck_assert_int_eq(twinfs_volume_path(spy.rig.volume, ino, path, 6), 6);
	ck_assert_str_eq(path, "");
	ck_assert_int_eq(twinfs_volume_path(spy.rig.volume, ino, path, 7), 6);
	ck_assert_str_eq(path, "/abc/d");
	ck_assert_int_eq(twinfs_volume_path(spy.rig.volume, dir, path, sizeof(path)), 4);
	ck_assert_str_eq(path, "/abc");
	ck_assert_int_eq(twinfs_volume_path(spy.rig.volume, TWINFS_ROOT_INO, path, 2), 1);
	ck_assert_str_eq(path, "/");
	ck_assert_int_eq(twinfs_volume_path(spy.rig.volume, TWINFS_ROOT_INO, NULL, 0), 1);
	spy_close(&spy);
}
END_TEST

RUN_CASES("owner", subjects, residue, pair_that_moves, superblock, blocks_of_a_file, removed, paths)
