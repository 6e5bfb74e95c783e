/* SPDX-License-Identifier: MIT */
/* test_v2_attrs.c - user attributes and stored times of version 2 volumes. */
#include "base/bytes.h"
#include "lib/suite.h"
#include "rig2.h"

static const struct geometry chip_512 = {512, 64, 16, 0xff};
static const struct geometry chip_4096 = {4096, 32, 16, 0xff};

static int set(struct rig *rig, uint64_t ino, uint8_t type, const char *value)
{
	return twinfs_volume_set_attr(rig->volume, ino, type, value, strlen(value), 0);
}

/* Whether attribute @type is @value; NULL: there is none. */
static bool has(struct rig *rig, uint64_t ino, uint8_t type, const char *value)
{
	char buf[TWINFS_ATTR_MAX + 1];
	int64_t len = twinfs_volume_get_attr(rig->volume, ino, type, buf, sizeof(buf));

	if (!value)
		return len == -ENODATA;
	return len == (int64_t)strlen(value) && !memcmp(buf, value, (size_t)len);
}

static int count(struct rig *rig, uint64_t ino)
{
	uint8_t types[256];

	return twinfs_volume_list_attrs(rig->volume, ino, types);
}

/* ---- the calls ---- */

START_TEST(set_get_list_remove)
{
	static const uint8_t order[] = {200, 0, 7, 255, 1};
	static const uint8_t sorted[] = {0, 1, 7, 200, 255};
	uint8_t types[256];
	struct rig rig;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	for (unsigned turn = 0; turn < 3; turn++) {
		uint64_t ino = turn == 0   ? rig_create(&rig, TWINFS_ROOT_INO, "f")
			       : turn == 1 ? rig_mkdir(&rig, TWINFS_ROOT_INO, "d")
					   : TWINFS_ROOT_INO;

		ck_assert_int_eq(count(&rig, ino), 0);
		ck_assert(has(&rig, ino, 7, NULL));
		for (size_t i = 0; i < COUNT(order); i++)
			ck_assert_int_eq(set(&rig, ino, order[i], "value"), 0);
		ck_assert_int_eq(set(&rig, ino, 7, "another value"), 0);
		ck_assert_int_eq(set(&rig, ino, 255, ""), 0);
		ck_assert_int_eq(twinfs_volume_list_attrs(rig.volume, ino, types), 5);
		ck_assert_mem_eq(types, sorted, sizeof(sorted));
		ck_assert(has(&rig, ino, 7, "another value") && has(&rig, ino, 255, ""));
		ck_assert_int_eq(twinfs_volume_remove_attr(rig.volume, ino, 200), 0);
		ck_assert_int_eq(twinfs_volume_remove_attr(rig.volume, ino, 200), -ENODATA);
		ck_assert_int_eq(count(&rig, ino), 4);
	}
	rig_remount(&rig);
	for (unsigned turn = 0; turn < 3; turn++) {
		uint64_t ino = turn == 0   ? rig_find(&rig, "f")
			       : turn == 1 ? rig_find(&rig, "d")
					   : TWINFS_ROOT_INO;

		ck_assert_int_eq(count(&rig, ino), 4);
		ck_assert(has(&rig, ino, 0, "value") && has(&rig, ino, 1, "value"));
		ck_assert(has(&rig, ino, 7, "another value") && has(&rig, ino, 255, ""));
		ck_assert(has(&rig, ino, 200, NULL));
	}
	rig_close(&rig);
}
END_TEST

START_TEST(flags_and_limits)
{
	static char value[TWINFS_ATTR_MAX + 2];
	char buf[4] = "????";
	uint64_t ino, seq;
	struct rig rig;

	rig_open(&rig, &chip_4096, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	memset(value, 'v', TWINFS_ATTR_MAX + 1);
	seq = rig_seq(&rig);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 5, value, TWINFS_ATTR_MAX + 1, 0),
		-E2BIG);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 5, "v", 1, TWINFS_ATTR_REPLACE),
		-ENODATA);
	ck_assert_int_eq(twinfs_volume_remove_attr(rig.volume, ino, 5), -ENODATA);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, 12345, 5, "v", 1, 0), -ESTALE);
	ck_assert_int_eq(count(&rig, 12345), -ESTALE);
	ck_assert_uint_eq(rig_seq(&rig), seq);
	value[TWINFS_ATTR_MAX] = '\0';
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 5, value, TWINFS_ATTR_MAX,
				 TWINFS_ATTR_CREATE),
		0);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 5, "v", 1, TWINFS_ATTR_CREATE),
		-EEXIST);
	ck_assert(has(&rig, ino, 5, value));
	/* a buffer that is too small gets what it has room for, and the true length */
	ck_assert_int_eq(twinfs_volume_get_attr(rig.volume, ino, 5, buf, 2), TWINFS_ATTR_MAX);
	ck_assert_mem_eq(buf, "vv??", 4);
	ck_assert_int_eq(twinfs_volume_get_attr(rig.volume, ino, 5, NULL, 0), TWINFS_ATTR_MAX);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, 5, "new", 3, TWINFS_ATTR_REPLACE),
		0);
	ck_assert(has(&rig, ino, 5, "new"));
	rig_close(&rig);
}
END_TEST

/* An entry with all that it has fits one block, or nothing is changed. */
START_TEST(an_entry_fits_a_block)
{
	char value[301];
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	memset(value, 'v', 300);
	value[300] = '\0';
	ck_assert_int_eq(set(&rig, ino, 1, value), 0);
	ck_assert_int_eq(set(&rig, ino, 2, value), -ENOSPC);
	ck_assert(has(&rig, ino, 1, value) && has(&rig, ino, 2, NULL));
	ck_assert_int_eq(set(&rig, ino, 1, "short"), 0);
	ck_assert_int_eq(set(&rig, ino, 2, value), 0);
	ck_assert_int_eq(set(&rig, TWINFS_ROOT_INO, 2, value), 0);
	ck_assert_int_eq(set(&rig, TWINFS_ROOT_INO, 3, value), -ENOSPC);
	rig_remount(&rig);
	ino = rig_find(&rig, "f");
	ck_assert(has(&rig, ino, 1, "short") && has(&rig, ino, 2, value));
	ck_assert(has(&rig, TWINFS_ROOT_INO, 2, value));
	rig_close(&rig);
}
END_TEST

/*
 * Content has a place in blocks, so what attributes leave of the entry does not
 * limit it; the time that comes with the content needs room there, too.
 */
START_TEST(content_beside_large_attributes)
{
	static const unsigned flags[] = {0, TWINFS_VOLUME_MTIME};
	char value[411];

	memset(value, 'v', 410);
	value[410] = '\0';
	for (size_t i = 0; i < COUNT(flags); i++) {
		struct rig rig;
		uint64_t ino;

		rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
		rig.chip.config.flags = flags[i];
		rig_remount(&rig);
		for (uint32_t len = 0; len < 80; len++) {
			ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
			ck_assert_int_eq(set(&rig, ino, 9, value), 0);
			ck_assert_int_eq(twinfs_volume_set_mtime(rig.volume, ino, 5), 0);
			ck_assert_msg(rig_put(&rig, ino, len, len) == 0, "len %u", len);
			rig_remount(&rig);
			ino = rig_find(&rig, "f");
			rig_expect(&rig, ino, len, len);
			ck_assert(has(&rig, ino, 9, value));
			ck_assert_int_eq(twinfs_volume_unlink(rig.volume, TWINFS_ROOT_INO, "f"), 0);
		}
		rig_close(&rig);
	}
}
END_TEST

START_TEST(version_1_has_none)
{
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_1_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	ck_assert_int_eq(set(&rig, ino, 1, "v"), -ENOTSUP);
	ck_assert_int_eq(twinfs_volume_remove_attr(rig.volume, ino, 1), -ENOTSUP);
	ck_assert(has(&rig, ino, 1, NULL));
	ck_assert_int_eq(count(&rig, ino), 0);
	ck_assert_uint_eq(rig_statfs(&rig).attr_max, 0);
	rig_close(&rig);
}
END_TEST

/* ---- what they go through ---- */

/* A pair of a directory splits, moves, is written anew; every entry keeps what it has. */
START_TEST(they_survive_all_that_happens_to_a_pair)
{
	static const int32_t cycles[] = {-1, 1, 3};
	char name[32], value[32];

	for (size_t k = 0; k < COUNT(cycles); k++) {
		struct rig rig;
		uint64_t dir, other;

		rig_open(&rig, &chip_512, TWINFS_LFS_2_1, cycles[k]);
		dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
		other = rig_mkdir(&rig, TWINFS_ROOT_INO, "other");
		ck_assert_int_eq(set(&rig, dir, 3, "of the directory"), 0);
		ck_assert_int_eq(set(&rig, TWINFS_ROOT_INO, 3, "of the root"), 0);
		for (unsigned i = 0; i < 40; i++) {
			uint64_t ino;

			(void)snprintf(name, sizeof(name), "file-%u", i * 7 % 40);
			(void)snprintf(value, sizeof(value), "value of %u", i * 7 % 40);
			ino = rig_create(&rig, dir, name);
			ck_assert_int_eq(set(&rig, ino, 2, value), 0);
			ck_assert_int_eq(rig_put(&rig, ino, i * 3, i), 0);
			ck_assert_int_eq(set(&rig, ino, 4, "gone"), 0);
			ck_assert_int_eq(twinfs_volume_remove_attr(rig.volume, ino, 4), 0);
		}
		rig_wear(&rig, dir, 12);
		rig_wear(&rig, TWINFS_ROOT_INO, 12);
		for (unsigned i = 0; i < 40; i += 2) { /* to other pairs */
			(void)snprintf(name, sizeof(name), "file-%u", i);
			ck_assert_int_eq(twinfs_volume_rename(rig.volume, dir, name, other, name,
						 0),
				0);
		}
		for (unsigned turn = 0; turn < 2; turn++) {
			for (unsigned i = 0; i < 40; i++) {
				uint64_t ino;

				(void)snprintf(name, sizeof(name), "%s/file-%u",
					i % 2 ? "d" : "other", i);
				(void)snprintf(value, sizeof(value), "value of %u", i);
				ino = rig_find(&rig, name);
				ck_assert_msg(has(&rig, ino, 2, value), "%s", name);
				ck_assert(has(&rig, ino, 4, NULL) && count(&rig, ino) == 1);
			}
			ck_assert(has(&rig, rig_find(&rig, "d"), 3, "of the directory"));
			ck_assert(has(&rig, TWINFS_ROOT_INO, 3, "of the root"));
			rig_remount(&rig);
		}
		rig_close(&rig);
	}
}
END_TEST

START_TEST(what_is_replaced_takes_its_own_along)
{
	struct rig rig;
	uint64_t a, b, dir;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	a = rig_create(&rig, TWINFS_ROOT_INO, "a");
	b = rig_create(&rig, TWINFS_ROOT_INO, "b");
	dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
	ck_assert_int_eq(set(&rig, a, 1, "of a"), 0);
	ck_assert_int_eq(set(&rig, b, 2, "of b"), 0);
	ck_assert_int_eq(twinfs_volume_open(rig.volume, b), 0);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "a", TWINFS_ROOT_INO,
				 "b", 0),
		0);
	ck_assert(has(&rig, a, 1, "of a") && has(&rig, a, 2, NULL));
	/* a file without a name has none */
	ck_assert_int_eq(set(&rig, b, 2, "again"), -ENOENT);
	ck_assert(has(&rig, b, 2, NULL));
	ck_assert_int_eq(count(&rig, b), 0);
	twinfs_volume_close(rig.volume, b);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "b", dir, "c", 0), 0);
	ck_assert_int_eq(twinfs_volume_unlink(rig.volume, dir, "c"), 0);
	a = rig_create(&rig, dir, "c");
	ck_assert_int_eq(count(&rig, a), 0);
	rig_remount(&rig);
	ck_assert_int_eq(count(&rig, rig_find(&rig, "d/c")), 0);
	rig_close(&rig);
}
END_TEST

/* ---- times ---- */

#define TIME INT64_C(1700000000123456789)

static int64_t stored_time(struct rig *rig, uint64_t ino)
{
	uint8_t buf[8];
	int64_t len = twinfs_volume_get_attr(rig->volume, ino, TWINFS_ATTR_MTIME, buf, sizeof(buf));

	return len == 8 ? (int64_t)tw_le64(buf) : len;
}

static void write_with_time(struct rig *rig, uint64_t ino, int64_t time)
{
	ck_assert_int_eq(twinfs_volume_open(rig->volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(rig->volume, ino, "text", 4, 0), 4);
	ck_assert_int_eq(twinfs_volume_set_mtime(rig->volume, ino, time), 0);
	ck_assert_int_eq(twinfs_volume_sync(rig->volume, ino), 0);
	twinfs_volume_close(rig->volume, ino);
}

START_TEST(a_volume_without_times_gets_none)
{
	struct rig rig;
	uint64_t ino, seq;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	write_with_time(&rig, ino, TIME);
	ck_assert_int_eq(rig_stat(&rig, ino).mtime_ns, TIME);
	ck_assert_int_eq(stored_time(&rig, ino), -ENODATA);
	seq = rig_seq(&rig);
	ck_assert_int_eq(twinfs_volume_set_mtime(rig.volume, ino, TIME + 1), 0);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_sync_all(rig.volume), 0);
	ck_assert_uint_eq(rig_seq(&rig), seq);
	rig_remount(&rig);
	ck_assert_int_eq(rig_stat(&rig, rig_find(&rig, "f")).mtime_ns, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(times_are_stored_when_asked_for)
{
	struct rig rig;
	uint64_t file, other, dir, seq;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	file = rig_create(&rig, TWINFS_ROOT_INO, "f");
	rig.chip.config.flags = TWINFS_VOLUME_MTIME;
	rig_remount(&rig);
	file = rig_find(&rig, "f");
	dir = rig_mkdir(&rig, TWINFS_ROOT_INO, "d");
	write_with_time(&rig, file, TIME);
	ck_assert_int_eq(stored_time(&rig, file), TIME);
	/* a time alone is stored by the next sync, once */
	ck_assert_int_eq(twinfs_volume_set_mtime(rig.volume, file, TIME + 5), 0);
	ck_assert_int_eq(stored_time(&rig, file), TIME);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, file), 0);
	ck_assert_int_eq(stored_time(&rig, file), TIME + 5);
	seq = rig_seq(&rig);
	ck_assert_int_eq(twinfs_volume_sync(rig.volume, file), 0);
	ck_assert_int_eq(twinfs_volume_set_mtime(rig.volume, file, TIME + 5), 0);
	ck_assert_int_eq(twinfs_volume_set_mtime(rig.volume, dir, TIME), 0);
	ck_assert_int_eq(twinfs_volume_sync_all(rig.volume), 0);
	ck_assert_uint_eq(rig_seq(&rig), seq);
	ck_assert_int_eq(stored_time(&rig, dir), -ENODATA);
	ck_assert_int_eq(rig_put(&rig, file, 1000, 1), 0);
	ck_assert_int_eq(stored_time(&rig, file), TIME + 5);
	/* the volume has times now: nobody has to ask any more */
	rig.chip.config.flags = 0;
	rig_remount(&rig);
	file = rig_find(&rig, "f");
	ck_assert_int_eq(rig_stat(&rig, file).mtime_ns, TIME + 5);
	ck_assert_int_eq(rig_stat(&rig, rig_find(&rig, "d")).mtime_ns, 0);
	rig_expect(&rig, file, 1000, 1);
	other = rig_create(&rig, TWINFS_ROOT_INO, "o");
	write_with_time(&rig, other, TIME + 9);
	ck_assert_int_eq(stored_time(&rig, other), TIME + 9);
	ck_assert_int_eq(twinfs_volume_rename(rig.volume, TWINFS_ROOT_INO, "o", rig_find(&rig, "d"),
				 "o", 0),
		0);
	rig_remount(&rig);
	ck_assert_int_eq(rig_stat(&rig, rig_find(&rig, "d/o")).mtime_ns, TIME + 9);
	rig_close(&rig);
}
END_TEST

/* As an attribute a time can be anything; only eight bytes are one. */
START_TEST(other_lengths_are_no_times)
{
	static const char *const values[] = {"", "1234567", "123456789"};
	uint8_t time[8];
	struct rig rig;
	uint64_t ino;

	rig_open(&rig, &chip_512, TWINFS_LFS_2_1, -1);
	ino = rig_create(&rig, TWINFS_ROOT_INO, "f");
	for (size_t i = 0; i < COUNT(values); i++) {
		ck_assert_int_eq(set(&rig, ino, TWINFS_ATTR_MTIME, values[i]), 0);
		ck_assert_int_eq(rig_stat(&rig, ino).mtime_ns, 0);
		rig_remount(&rig);
		ino = rig_find(&rig, "f");
		ck_assert_int_eq(rig_stat(&rig, ino).mtime_ns, 0);
		ck_assert(has(&rig, ino, TWINFS_ATTR_MTIME, values[i]));
		/* nor is the volume one that has times */
		write_with_time(&rig, ino, TIME);
		ck_assert(has(&rig, ino, TWINFS_ATTR_MTIME, values[i]));
	}
	tw_put_le64(time, TIME);
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, ino, TWINFS_ATTR_MTIME, time, 8, 0), 0);
	ck_assert_int_eq(rig_stat(&rig, ino).mtime_ns, TIME);
	write_with_time(&rig, ino, TIME + 1);
	ck_assert_int_eq(stored_time(&rig, ino), TIME + 1);
	ck_assert_int_eq(twinfs_volume_remove_attr(rig.volume, ino, TWINFS_ATTR_MTIME), 0);
	ck_assert_int_eq(rig_stat(&rig, ino).mtime_ns, 0);
	/* the root's and a directory's are attributes like any other */
	ck_assert_int_eq(twinfs_volume_set_attr(rig.volume, TWINFS_ROOT_INO, TWINFS_ATTR_MTIME,
				 time, 8, 0),
		0);
	ck_assert_int_eq(rig_stat(&rig, TWINFS_ROOT_INO).mtime_ns, 0);
	rig_close(&rig);
}
END_TEST

RUN_CASES("v2_attrs", set_get_list_remove, flags_and_limits, an_entry_fits_a_block,
	content_beside_large_attributes, version_1_has_none,
	they_survive_all_that_happens_to_a_pair, what_is_replaced_takes_its_own_along,
	a_volume_without_times_gets_none, times_are_stored_when_asked_for,
	other_lengths_are_no_times)
