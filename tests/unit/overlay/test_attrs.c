/* SPDX-License-Identifier: MIT */
/*
 * test_attrs.c - user attributes of two layers: seen, changed, and taken along
 * when an object goes up.
 */
#include "rig.h"

#define V2 TWINFS_LFS_2_1

static void put_attr(struct twinfs_volume *volume, const char *path, uint8_t type,
	const char *value)
{
	uint64_t ino;

	ck_assert_int_eq(twinfs_volume_walk(volume, path, &ino), 0);
	ck_assert_int_eq(twinfs_volume_set_attr(volume, ino, type, value, strlen(value), 0), 0);
}

/* NULL: there is none. */
static void expect_attr(struct rig *rig, const char *path, uint8_t type, const char *value)
{
	char buf[64] = "";
	int64_t len = twinfs_overlay_get_attr(rig->overlay, rig_ino(rig, path), type, buf,
		sizeof(buf) - 1);

	if (!value) {
		ck_assert_int_eq(len, -ENODATA);
		return;
	}
	ck_assert_int_eq(len, (int64_t)strlen(value));
	ck_assert_str_eq(buf, value);
}

static int set_attr(struct rig *rig, const char *path, uint8_t type, const char *value,
	unsigned flags)
{
	return twinfs_overlay_set_attr(rig->overlay, rig_ino(rig, path), type, value, strlen(value),
		flags);
}

/* Below: /d (attribute 5) with /d/e (none), /d/f (5 and 200). Above: /u (7), /b, hides a lower. */
static void fill(struct rig *rig, uint32_t upper_version)
{
	rig_up_as(rig, 64, upper_version, 64, V2);
	rig_put(rig->lower, "/d", NULL);
	rig_put(rig->lower, "/d/e", NULL);
	rig_put(rig->lower, "/d/e/g", "g");
	rig_put(rig->lower, "/d/f", "content");
	rig_put(rig->lower, "/b", "lower");
	put_attr(rig->lower, "/d", 5, "directory");
	put_attr(rig->lower, "/d/f", 5, "five");
	put_attr(rig->lower, "/d/f", 200, "");
	put_attr(rig->lower, "/b", 9, "lower");
	rig_put(rig->upper, "/u", "upper");
	rig_put(rig->upper, "/b", "upper");
	if (upper_version == V2)
		put_attr(rig->upper, "/u", 7, "seven");
	rig_start(rig);
}

START_TEST(layers_are_seen)
{
	struct rig rig;
	uint8_t types[256];

	fill(&rig, V2);
	expect_attr(&rig, "/d", 5, "directory");
	expect_attr(&rig, "/d/f", 5, "five");
	expect_attr(&rig, "/d/f", 200, "");
	expect_attr(&rig, "/d/f", 7, NULL);
	expect_attr(&rig, "/u", 7, "seven");
	expect_attr(&rig, "/b", 9, NULL); /* the upper file has none */
	expect_attr(&rig, "/", 1, NULL);
	ck_assert_int_eq(twinfs_overlay_list_attrs(rig.overlay, rig_ino(&rig, "/d/f"), types), 2);
	ck_assert_uint_eq(types[0], 5);
	ck_assert_uint_eq(types[1], 200);
	ck_assert_int_eq(twinfs_overlay_list_attrs(rig.overlay, rig_ino(&rig, "/"), types), 0);
	ck_assert_int_eq(twinfs_overlay_list_attrs(rig.overlay, 12345678, types), -ESTALE);
	rig_down(&rig);
}
END_TEST

START_TEST(lower_file_goes_up_to_be_changed)
{
	struct rig rig;

	fill(&rig, V2);
	ck_assert_int_eq(set_attr(&rig, "/d/f", 6, "six", TWINFS_ATTR_CREATE), 0);
	ck_assert_int_eq(rig_stat(&rig, "/d/f").layer, TWINFS_LAYER_BOTH);
	ck_assert_int_eq(twinfs_overlay_remove_attr(rig.overlay, rig_ino(&rig, "/d/f"), 200), 0);
	rig_start(&rig);
	rig_expect(&rig, "/d/f", "content");
	expect_attr(&rig, "/d/f", 5, "five");
	expect_attr(&rig, "/d/f", 6, "six");
	expect_attr(&rig, "/d/f", 200, NULL);
	expect_attr(&rig, "/d", 5, "directory"); /* its directory was made above, as it was */
	rig_expect_names(&rig, "/d", "f e ");
	rig_down(&rig);
}
END_TEST

START_TEST(content_goes_up_with_them)
{
	struct rig rig;

	fill(&rig, V2);
	ck_assert_int_eq(rig_write(&rig, "/d/f", "new"), 0);
	ck_assert_int_eq(rig_rename(&rig, "/d/e/g", "/g", 0), 0);
	rig_start(&rig);
	rig_expect(&rig, "/d/f", "new");
	rig_expect(&rig, "/g", "g");
	expect_attr(&rig, "/d/f", 5, "five");
	expect_attr(&rig, "/d/f", 200, "");
	rig_down(&rig);
}
END_TEST

START_TEST(lower_directory_gets_its_upper_one)
{
	struct rig rig;

	fill(&rig, V2);
	ck_assert_int_eq(set_attr(&rig, "/d/e", 1, "one", 0), 0);
	ck_assert_int_eq(rig_stat(&rig, "/d/e").layer, TWINFS_LAYER_BOTH);
	ck_assert_int_eq(set_attr(&rig, "/", 3, "root", 0), 0);
	rig_start(&rig);
	expect_attr(&rig, "/d/e", 1, "one");
	expect_attr(&rig, "/d", 5, "directory");
	expect_attr(&rig, "/", 3, "root");
	ck_assert(!rig_volume_has(rig.upper, "/" COPY_NAME));
	rig_down(&rig);
}
END_TEST

START_TEST(refused_changes_copy_nothing)
{
	static const char big[TWINFS_ATTR_MAX + 1];
	struct rig rig;
	uint64_t ino;

	fill(&rig, V2);
	ino = rig_ino(&rig, "/d/f");
	ck_assert_int_eq(set_attr(&rig, "/d/f", 5, "", TWINFS_ATTR_CREATE), -EEXIST);
	ck_assert_int_eq(set_attr(&rig, "/d/f", 6, "", TWINFS_ATTR_REPLACE), -ENODATA);
	ck_assert_int_eq(twinfs_overlay_remove_attr(rig.overlay, ino, 6), -ENODATA);
	ck_assert_int_eq(twinfs_overlay_set_attr(rig.overlay, ino, 6, big, sizeof(big), 0), -E2BIG);
	ck_assert_int_eq(twinfs_overlay_set_attr(rig.overlay, 12345678, 6, "", 0, 0), -ESTALE);
	ck_assert_int_eq(rig_stat(&rig, "/d/f").layer, TWINFS_LAYER_BACKUP);
	ck_assert_int_eq(rig_stat(&rig, "/d").layer, TWINFS_LAYER_BACKUP);
	rig_down(&rig);
}
END_TEST

START_TEST(removed_objects_take_none)
{
	struct twinfs_overlay_stat stat;
	struct rig rig;
	uint64_t dir;

	fill(&rig, V2);
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, rig.root, "u", &stat), 0);
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, stat.stat.ino), 0);
	ck_assert_int_eq(rig_unlink(&rig, "/u"), 0);
	ck_assert_int_eq(twinfs_overlay_set_attr(rig.overlay, stat.stat.ino, 7, "", 0, 0), -ENOENT);
	twinfs_overlay_close(rig.overlay, stat.stat.ino);
	ck_assert_int_eq(rig_unlink(&rig, "/d/e/g"), 0);
	dir = rig_ino(&rig, "/d");
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, dir, "e", &stat), 0);
	ck_assert_int_eq(rig_rmdir(&rig, "/d/e"), 0);
	ck_assert_int_eq(twinfs_overlay_get_attr(rig.overlay, stat.stat.ino, 5, NULL, 0), -ENODATA);
	ck_assert_int_eq(twinfs_overlay_set_attr(rig.overlay, stat.stat.ino, 5, "", 0, 0), -ENOENT);
	rig_down(&rig);
}
END_TEST

/* Copies for an upper volume without attributes are made without them. */
START_TEST(version_1_above_has_none)
{
	struct rig rig;

	fill(&rig, 0);
	expect_attr(&rig, "/d/f", 5, "five");
	ck_assert_int_eq(set_attr(&rig, "/d/f", 5, "", 0), -ENOTSUP);
	ck_assert_int_eq(rig_stat(&rig, "/d/f").layer, TWINFS_LAYER_BACKUP);
	ck_assert_int_eq(rig_write(&rig, "/d/f", "new"), 0);
	expect_attr(&rig, "/d/f", 5, NULL);
	expect_attr(&rig, "/d", 5, NULL);
	rig_down(&rig);
}
END_TEST

START_TEST(without_upper_layer_nothing_changes)
{
	struct rig rig;

	fill(&rig, V2);
	rig.no_upper = true;
	rig_start(&rig);
	expect_attr(&rig, "/d/f", 5, "five");
	ck_assert_int_eq(set_attr(&rig, "/d/f", 5, "", 0), -EROFS);
	rig_down(&rig);
}
END_TEST

/* At every cut the directory is below only, or above with its attribute. */
START_TEST(power_cuts)
{
	struct rig rig;
	bool done = false;

	for (uint64_t cut = 1; !done; cut++) {
		struct twinfs_overlay_stat stat;

		fill(&rig, V2);
		rig.upper_chip.trouble = (struct trouble){.cut_at = cut, .torn_eighths = 4};
		done = !set_attr(&rig, "/d/f", 6, "six", 0);
		rig_start(&rig);
		expect_attr(&rig, "/d", 5, "directory");
		expect_attr(&rig, "/d/f", 5, "five");
		rig_expect(&rig, "/d/f", "content");
		ck_assert_int_eq(rig_add(&rig, "/new", false), 0);
		ck_assert(!rig_volume_has(rig.upper, "/" COPY_NAME));
		ck_assert_int_eq(rig_find(&rig, "/d/e/g", &stat), 0);
		rig_down(&rig);
		ck_assert_uint_lt(cut, 1000);
	}
}
END_TEST

/* The time of a stored copy is on the chip with it. */
START_TEST(time_goes_up)
{
	struct rig rig;

	fill(&rig, V2);
	rig.upper_chip.config.flags |= TWINFS_VOLUME_MTIME;
	rig_start(&rig);
	ck_assert_int_eq(twinfs_overlay_set_mtime(rig.overlay, rig_ino(&rig, "/d/f"),
				 1234567890123456789),
		0);
	ck_assert_int_eq(rig_rename(&rig, "/d/f", "/moved", 0), 0);
	ck_assert_int_eq(twinfs_overlay_set_mtime(rig.overlay, rig_ino(&rig, "/u"), 777), 0);
	ck_assert_int_eq(twinfs_overlay_sync(rig.overlay, rig_ino(&rig, "/u")), 0);
	rig_start(&rig);
	ck_assert_int_eq(rig_stat(&rig, "/moved").stat.mtime_ns, 1234567890123456789);
	ck_assert_int_eq(rig_stat(&rig, "/u").stat.mtime_ns, 777);
	expect_attr(&rig, "/moved", 5, "five");
	rig_down(&rig);
}
END_TEST

START_TEST(long_names)
{
	char longest[400] = "";
	struct twinfs_overlay_stat stat;
	struct rig rig;

	fill(&rig, V2);
	memset(longest, 'n', 300);
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, rig.root, longest, &stat),
		-ENAMETOOLONG);
	ck_assert_int_eq(twinfs_overlay_create(rig.overlay, rig.root, longest, &stat),
		-ENAMETOOLONG);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attrs");
	TCase *tcase = tcase_create("attrs");

	tcase_add_test(tcase, layers_are_seen);
	tcase_add_test(tcase, lower_file_goes_up_to_be_changed);
	tcase_add_test(tcase, content_goes_up_with_them);
	tcase_add_test(tcase, lower_directory_gets_its_upper_one);
	tcase_add_test(tcase, refused_changes_copy_nothing);
	tcase_add_test(tcase, removed_objects_take_none);
	tcase_add_test(tcase, version_1_above_has_none);
	tcase_add_test(tcase, without_upper_layer_nothing_changes);
	tcase_add_test(tcase, power_cuts);
	tcase_add_test(tcase, time_goes_up);
	tcase_add_test(tcase, long_names);
	suite_add_tcase(suite, tcase);
	return rig_run(suite);
}
