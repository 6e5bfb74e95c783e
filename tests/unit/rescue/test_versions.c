/* SPDX-License-Identifier: MIT */
/*
 * test_versions.c - versions of files on volumes that are not damaged.
 */
#include "lib/suite.h"
#include "rig.h"

static const uint32_t formats[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_1, TWINFS_LFS_2_0};

START_TEST(test_content_in_the_entry)
{
	struct rig rig;

	rig_open(&rig, TWINFS_LFS_2_1, -1);
	for (unsigned i = 1; i <= 5; i++)
		rig_write(&rig, "/f", 20 + i, i);
	rig_look(&rig);
	/* the five, and the empty file that was created */
	ck_assert_uint_eq(rig_count(&rig, "/f"), 6);
	for (unsigned i = 1; i <= 5; i++) {
		const struct twinfs_version *version = rig_version(&rig, "/f", i);

		ck_assert(rig_is(&rig, version, 26 - i, 6 - i));
		ck_assert_int_eq(version->sureness, i == 1 ? TWINFS_SURE : TWINFS_PROVEN);
		ck_assert_int_eq(version->change, TWINFS_VERSION_WRITTEN);
		ck_assert(version->is_current == (i == 1) && version->is_best == (i == 1));
		ck_assert_uint_eq(version->block_count, 0);
	}
	ck_assert_int_eq(rig_version(&rig, "/f", 6)->change, TWINFS_VERSION_CREATED);
	rig_close(&rig);
}
END_TEST

/* What is no longer in use may have been written over: it is likely, and right. */
START_TEST(test_content_in_blocks)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct twinfs_version *version;
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", 1400, 1);
		rig_write(&rig, "/f", 1500, 2);
		rig_look(&rig);
		ck_assert_int_eq(rig_version(&rig, "/f", 1)->sureness, TWINFS_SURE);
		ck_assert(rig_is(&rig, rig_version(&rig, "/f", 1), 1500, 2));
		version = rig_version(&rig, "/f", 2);
		ck_assert_int_eq(version->sureness, TWINFS_LIKELY);
		ck_assert(rig_is(&rig, version, 1400, 1));
		ck_assert_uint_eq(version->block_count, 3);
		ck_assert_str_eq(version->why, "3 blocks have been free since");
		rig_close(&rig);
	}
}
END_TEST

START_TEST(test_overwritten)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct twinfs_version *version;
		uint32_t blocks[3];
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", 1400, 1);
		rig_write(&rig, "/f", 1500, 2);
		rig_look(&rig);
		ck_assert_int_eq(twinfs_rescue_blocks(rig.rescue, rig_version(&rig, "/f", 2),
					 blocks, 3),
			3);
		rig_erase(&rig, blocks[1]);
		rig_look(&rig);
		version = rig_version(&rig, "/f", 2);
		ck_assert_int_eq(version->sureness, TWINFS_OVERWRITTEN);
		ck_assert_uint_eq(version->lost_blocks, 1);
		ck_assert(strstr(version->why, "erased"));
		rig_close(&rig);
	}
}
END_TEST

/* Files of others take the free blocks, and in time all of them. */
START_TEST(test_blocks_of_others)
{
	struct rig rig;
	char name[16];
	int rc = 0;

	rig_open(&rig, TWINFS_LFS_2_1, -1);
	rig_mkdir(&rig, "/d");
	rig_write(&rig, "/f", 1400, 1);
	rig_write(&rig, "/f", 1500, 2);
	for (unsigned i = 0; !rc && i < 20; i++) {
		(void)snprintf(name, sizeof(name), "/d/%u", i);
		rc = rig_try(&rig, name, 0, 2000, 10 + i);
	}
	ck_assert_int_eq(rc, -ENOSPC);
	rig_look(&rig);
	ck_assert_int_eq(rig_version(&rig, "/f", 2)->sureness, TWINFS_OVERWRITTEN);
	ck_assert(strstr(rig_version(&rig, "/f", 2)->why, "now"));
	rig_close(&rig);
}
END_TEST

/* A file that only grew: its full blocks are those of today. */
START_TEST(test_blocks_in_use_since)
{
	for (size_t i = 1; i < COUNT(formats); i++) {
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", 1020, 1); /* two full blocks */
		ck_assert_int_eq(rig_try(&rig, "/f", 1020, 1300, 1), 0);
		ck_assert_int_eq(rig_try(&rig, "/f", 1300, 1500, 1), 0);
		rig_look(&rig);
		ck_assert(rig_is(&rig, rig_version(&rig, "/f", 1), 1500, 1));
		ck_assert(rig_is(&rig, rig_version(&rig, "/f", 2), 1300, 1));
		ck_assert(rig_is(&rig, rig_version(&rig, "/f", 3), 1020, 1));
		ck_assert_int_eq(rig_version(&rig, "/f", 2)->sureness, TWINFS_LIKELY);
		ck_assert_int_eq(rig_version(&rig, "/f", 3)->sureness, TWINFS_PROVEN);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(test_removed)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct twinfs_version *version;
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", 700, 1);
		rig_unlink(&rig, "/f");
		rig_look(&rig);
		version = rig_version(&rig, "/f", 1);
		ck_assert(version->is_removed && !version->is_current && !version->is_best);
		ck_assert(rig_is(&rig, version, 700, 1));
		ck_assert_ptr_null(rig_best(&rig, "/f"));
		rig_close(&rig);
	}
}
END_TEST

START_TEST(test_renamed)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/a", 700, 1);
		rig_rename(&rig, "/a", "/b");
		rig_look(&rig);
		ck_assert_int_eq(rig_version(&rig, "/b", 1)->change, TWINFS_VERSION_RENAMED);
		ck_assert(rig_is(&rig, rig_version(&rig, "/b", 1), 700, 1));
		/* the content has not been free for a moment */
		ck_assert_int_eq(rig_version(&rig, "/a", 1)->sureness, TWINFS_PROVEN);
		ck_assert(rig_is(&rig, rig_version(&rig, "/a", 1), 700, 1));
		ck_assert(rig_version(&rig, "/a", 1)->is_removed);
		rig_close(&rig);
	}
}
END_TEST

/* What was in a directory goes by the name that the directory has now. */
START_TEST(test_moved_directory)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_mkdir(&rig, "/old");
		rig_mkdir(&rig, "/top");
		rig_write(&rig, "/old/f", 30, 1);
		rig_write(&rig, "/old/f", 31, 2);
		rig_rename(&rig, "/old", "/top/new");
		rig_look(&rig);
		ck_assert(rig_is(&rig, rig_version(&rig, "/top/new/f", 1), 31, 2));
		ck_assert(rig_is(&rig, rig_version(&rig, "/top/new/f", 2), 30, 1));
		ck_assert_int_eq(rig_version(&rig, "/top/new", 1)->type, TWINFS_DIR);
		ck_assert(rig_version(&rig, "/old", 1)->is_removed);
		ck_assert_uint_eq(rig_count(&rig, "/old/f"), 0);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(test_attributes)
{
	const struct twinfs_version_attr *attrs;
	const struct twinfs_version *version;
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, TWINFS_LFS_2_1, -1);
	rig_write(&rig, "/f", 30, 1);
	ino = rig_find(&rig, "/f");
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 5, "one", 3, 0), 0);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 5, "other", 5, 0), 0);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, TWINFS_ROOT_INO, 7, "root", 4, 0), 0);
	rig_look(&rig);
	version = rig_version(&rig, "/f", 1);
	ck_assert_int_eq(version->change, TWINFS_VERSION_ATTRS);
	ck_assert(version->attr_count == 1 && version->attrs->len == 5 &&
		  !memcmp(version->attrs->value, "other", 5));
	version = rig_version(&rig, "/f", 2);
	ck_assert_int_eq(version->sureness, TWINFS_PROVEN);
	ck_assert(version->attr_count == 1 && version->attrs->type == 5 &&
		  !memcmp(version->attrs->value, "one", 3));
	ck_assert_uint_eq(rig_version(&rig, "/f", 3)->attr_count, 0);
	ck_assert(rig_is(&rig, rig_version(&rig, "/f", 3), 30, 1));
	ck_assert_uint_eq(twinfs_rescue_root_attrs(rig.rescue, &attrs), 1);
	ck_assert(attrs->type == 7 && attrs->len == 4 && !memcmp(attrs->value, "root", 4));
	rig_close(&rig);
}
END_TEST

/* A log that is full is written anew to the other block: the one before is still there. */
START_TEST(test_written_anew)
{
	unsigned last = 0;
	struct rig rig;

	rig_open(&rig, TWINFS_LFS_2_1, -1);
	rig_write(&rig, "/f", 40, 0);
	rig_look(&rig);
	while (last < 40 && rig_version(&rig, "/f", 1)->rev < 4) {
		rig_write(&rig, "/f", 40, ++last);
		rig_look(&rig);
	}
	ck_assert_uint_eq(rig_version(&rig, "/f", 1)->rev, 4);
	ck_assert_uint_ge(rig_count(&rig, "/f"), 4);
	for (unsigned i = 1; i <= rig_count(&rig, "/f"); i++) {
		ck_assert(rig_is(&rig, rig_version(&rig, "/f", i), 40, last + 1 - i));
		ck_assert_int_le(rig_version(&rig, "/f", i)->sureness, TWINFS_PROVEN);
		ck_assert_uint_ge(rig_version(&rig, "/f", i)->rev, 3);
	}
	rig_close(&rig);
}
END_TEST

/* Pairs that move for wear leave blocks behind, which were the directory's. */
START_TEST(test_moved_pairs)
{
	unsigned older = 0;
	struct rig rig;

	rig_open(&rig, TWINFS_LFS_2_1, 2);
	rig_mkdir(&rig, "/d");
	for (unsigned i = 0; i < 60; i++)
		rig_write(&rig, "/d/f", 40, i);
	rig_look(&rig);
	ck_assert(rig_is(&rig, rig_version(&rig, "/d/f", 1), 40, 59));
	for (unsigned i = 1; i <= rig_count(&rig, "/d/f"); i++) {
		const struct twinfs_version *version = rig_version(&rig, "/d/f", i);
		bool was = !version->size;

		for (unsigned k = 0; !was && k < 60; k++)
			was = rig_is(&rig, version, 40, k);
		ck_assert(was);
		older += version->sureness == TWINFS_LIKELY;
	}
	ck_assert_uint_gt(older, 0);
	rig_close(&rig);
}
END_TEST

/*
 * A fresh pair may lie beside an old log of a directory that is no more, one revision
 * before it: what that says was another directory's.
 */
START_TEST(test_beside_an_old_log)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		unsigned met = 0;
		struct rig rig;

		rig_open(&rig, formats[i], -1);
		rig_mkdir(&rig, "/old");
		for (unsigned k = 0; k < 30; k++)
			rig_write(&rig, "/old/f", 30, k);
		rig_unlink(&rig, "/old/f");
		rig_write(&rig, "/old/f", 0, 0); /* no content that could make it less sure */
		rig_unlink(&rig, "/old/f");
		ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "old"), 0);
		for (unsigned k = 0; k < 200; k++) {
			rig_mkdir(&rig, "/new");
			rig_look(&rig);
			for (unsigned n = 1; n <= rig_count(&rig, "/new/f"); n++, met++)
				ck_assert_int_gt(rig_version(&rig, "/new/f", n)->sureness,
					TWINFS_PROVEN);
			ck_assert_int_eq(twinfs_volume_rmdir(rig.volume, TWINFS_ROOT_INO, "new"),
				0);
		}
		ck_assert_uint_gt(met, 0);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(test_chains_without_a_name)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct twinfs_version *version;
		struct rig rig;
		size_t count;

		rig_open(&rig, formats[i], -1);
		rig_write(&rig, "/f", 2000, 1);
		for (unsigned k = 0; k < 20; k++)
			rig_write(&rig, "/g", 40, k); /* the entry of f goes with old states */
		rig_unlink(&rig, "/f");
		for (unsigned k = 0; k < 20; k++)
			rig_write(&rig, "/g", 41, k);
		rig_look(&rig);
		ck_assert_uint_eq(rig_count(&rig, "/f"), 0);
		(void)twinfs_rescue_find(rig.rescue, "/zzz", &count);
		version = twinfs_rescue_version(rig.rescue, count);
		ck_assert_ptr_null(version->path);
		ck_assert_uint_eq(version->block_count, 4);
		ck_assert_int_eq(version->sureness, TWINFS_GUESS);
		ck_assert(rig_is(&rig, version, 2000, 1));
		rig_close(&rig);
	}
}
END_TEST

/* Cut an overwriting everywhere: the old content is always there, as now or as before. */
START_TEST(test_power_cuts)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		bool ended = false;

		for (unsigned at = 1; !ended && at < 50; at++) {
			struct rig rig;
			size_t old;

			rig_open(&rig, formats[i], -1);
			rig_write(&rig, "/f", 1400, 1);
			rig.chip.trouble = (struct trouble){.cut_at = at, .torn_eighths = at % 9};
			ended = rig_try(&rig, "/f", 0, 1500, 2) == 0;
			chip_heal(&rig.chip);
			rig_look(&rig);
			old = rig_seek(&rig, "/f", 1400, 1);
			ck_assert_uint_gt(old, 0);
			ck_assert_int_le(rig_version(&rig, "/f", old)->sureness, TWINFS_LIKELY);
			ck_assert_ptr_nonnull(rig_best(&rig, "/f"));
			ck_assert_int_eq(rig_best(&rig, "/f")->sureness, TWINFS_SURE);
			rig_close(&rig);
		}
		ck_assert(ended);
	}
}
END_TEST

RUN_CASES("versions", test_content_in_the_entry, test_content_in_blocks, test_overwritten,
	test_blocks_of_others, test_blocks_in_use_since, test_removed, test_renamed,
	test_moved_directory, test_attributes, test_written_anew, test_moved_pairs,
	test_beside_an_old_log, test_chains_without_a_name, test_power_cuts)
