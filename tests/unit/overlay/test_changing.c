/* SPDX-License-Identifier: MIT */
/*
 * test_changing.c - a lower layer that somebody else writes to: what is new is
 * seen, what is gone is gone, what is hidden stays hidden.
 */
#include "rig.h"

/* Lower: /a/b/file, /f. Everything was looked up once. */
static void begin(struct rig *rig)
{
	rig_up(rig, 64, 64);
	rig_put(rig->lower, "/a", NULL);
	rig_put(rig->lower, "/a/b", NULL);
	rig_put(rig->lower, "/a/b/file", "lower");
	rig_put(rig->lower, "/f", "lower f");
	rig->lower_changes = true;
	rig_start(rig);
	rig_expect(rig, "/a/b/file", "lower");
	rig_expect(rig, "/f", "lower f");
}

static int rename_below(struct rig *rig, const char *from, const char *to)
{
	const char *name, *new_name;
	uint64_t dir = rig_parent(rig->lower, from, &name);
	uint64_t new_dir = rig_parent(rig->lower, to, &new_name);

	return twinfs_volume_rename(rig->lower, dir, name, new_dir, new_name, 0);
}

static void unlink_below(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = rig_parent(rig->lower, path, &name);

	ck_assert_int_eq(twinfs_volume_unlink(rig->lower, dir, name), 0);
}

START_TEST(names_come_and_go)
{
	struct rig rig;

	begin(&rig);
	rig_expect(&rig, "/new", NULL);
	rig_put(rig.lower, "/new", "lower new");
	rig_expect(&rig, "/new", "lower new");
	rig_expect_names(&rig, "/", "a f new ");
	unlink_below(&rig, "/new");
	rig_expect(&rig, "/new", NULL);
	rig_expect_names(&rig, "/", "a f ");
	ck_assert_int_eq(rename_below(&rig, "/a", "/c"), 0);
	rig_expect_names(&rig, "/", "f c ");
	rig_expect(&rig, "/a/b/file", NULL);
	rig_expect(&rig, "/c/b/file", "lower");
	rig_down(&rig);
}
END_TEST

START_TEST(another_object_has_another_number)
{
	struct rig rig;
	struct twinfs_overlay_stat stat;
	uint64_t ino;

	begin(&rig);
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, rig.root, "f", &stat), 0);
	ino = stat.stat.ino;
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, ino), 0);
	unlink_below(&rig, "/f");
	rig_put(rig.lower, "/f", "another");
	rig_expect(&rig, "/f", "another");
	ck_assert(rig_ino(&rig, "/f") != ino);
	rig_expect_ino(&rig, ino, "lower f"); /* who has it open keeps it */
	twinfs_overlay_close(rig.overlay, ino);
	twinfs_overlay_forget(rig.overlay, ino, 1);
	ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, ino, &stat), -ESTALE);
	rig_expect_names(&rig, "/", "a f ");
	rig_down(&rig);
}
END_TEST

START_TEST(directories_are_merged_later)
{
	struct rig rig;

	begin(&rig);
	ck_assert_int_eq(rig_add(&rig, "/d", true), 0);
	ck_assert_int_eq(rig_add(&rig, "/d/mine", false), 0);
	rig_put(rig.lower, "/d", NULL);
	rig_put(rig.lower, "/d/theirs", "lower");
	rig_expect(&rig, "/d/theirs", "lower");
	rig_expect_names(&rig, "/d", "mine theirs ");
	ck_assert_int_eq(rename_below(&rig, "/d", "/e"), 0);
	rig_expect_names(&rig, "/d", "mine ");
	rig_expect(&rig, "/d/theirs", NULL);
	rig_expect(&rig, "/e/theirs", "lower");
	rig_down(&rig);
}
END_TEST

/* What was removed above hides the name below for good, whatever comes there. */
START_TEST(hidden_names_stay_hidden)
{
	struct rig rig;

	begin(&rig);
	ck_assert_int_eq(rig_unlink(&rig, "/a/b/file"), 0);
	ck_assert_int_eq(rig_rmdir(&rig, "/a/b"), 0);
	ck_assert_int_eq(rig_rmdir(&rig, "/a"), 0);
	ck_assert_int_eq(rig_unlink(&rig, "/f"), 0);
	ck_assert_int_eq(rig_add(&rig, "/a", true), 0);
	rig_put(rig.lower, "/a/new", "lower");
	unlink_below(&rig, "/f");
	rig_put(rig.lower, "/f", "again");
	rig_expect(&rig, "/f", NULL);
	rig_expect(&rig, "/a/new", NULL);
	rig_expect_names(&rig, "/", "a ");
	rig_expect_names(&rig, "/a", "");
	rig_down(&rig);
}
END_TEST

/* The new name is found after the old one, and may take it away. */
START_TEST(rename_out_of_what_is_gone)
{
	struct rig rig;
	struct twinfs_overlay_stat stat;
	uint64_t dir;

	begin(&rig);
	dir = rig_ino(&rig, "/a/b");
	ck_assert_int_eq(rename_below(&rig, "/a", "/c"), 0);
	ck_assert_int_eq(twinfs_overlay_rename(rig.overlay, dir, "file", rig.root, "a", 0),
		-ENOENT);
	ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, dir, &stat), -ESTALE);
	ck_assert_int_eq(rig_rename(&rig, "/c/b/file", "/a", 0), 0);
	rig_expect(&rig, "/a", "lower");
	rig_expect(&rig, "/c/b/file", NULL);
	rig_down(&rig);
}
END_TEST

START_TEST(copy_up_keeps_the_file)
{
	struct rig rig;

	begin(&rig);
	ck_assert_int_eq(rig_write(&rig, "/f", "upper f"), 0);
	unlink_below(&rig, "/f");
	unlink_below(&rig, "/a/b/file");
	rig_expect(&rig, "/f", "upper f");
	ck_assert_int_eq(rig_stat(&rig, "/f").layer, TWINFS_LAYER_USER);
	ck_assert_int_eq(rig_rmdir(&rig, "/a/b"), 0);
	rig_expect_names(&rig, "/a", "");
	rig_down(&rig);
}
END_TEST

/* The directory laid over comes late, and goes. */
START_TEST(root_appears)
{
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig.lower_path = "/usr";
	rig.lower_changes = true;
	rig_start(&rig);
	rig_expect_names(&rig, "/", "");
	rig_put(rig.lower, "/usr", NULL);
	rig_put(rig.lower, "/usr/f", "lower");
	rig_expect(&rig, "/f", "lower");
	ck_assert_int_eq(rename_below(&rig, "/usr", "/away"), 0);
	rig_expect_names(&rig, "/", "");
	rig_expect(&rig, "/f", NULL);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_changing");
	TCase *tc = tcase_create("changing");

	tcase_add_test(tc, names_come_and_go);
	tcase_add_test(tc, another_object_has_another_number);
	tcase_add_test(tc, directories_are_merged_later);
	tcase_add_test(tc, hidden_names_stay_hidden);
	tcase_add_test(tc, rename_out_of_what_is_gone);
	tcase_add_test(tc, copy_up_keeps_the_file);
	tcase_add_test(tc, root_appears);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
