/* SPDX-License-Identifier: MIT */
/*
 * test_layers.c - two trees seen as one: merging, listing, numbers, missing
 * and damaged layers.
 */
#include "rig.h"

START_TEST(trees_are_merged)
{
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/u", "upper u");
	rig_put(rig.upper, "/both", "upper both");
	rig_put(rig.upper, "/dir", NULL);
	rig_put(rig.upper, "/dir/a", "upper a");
	rig_put(rig.lower, "/usr", NULL);
	rig_put(rig.lower, "/usr/both", "lower both");
	rig_put(rig.lower, "/usr/dir", NULL);
	rig_put(rig.lower, "/usr/dir/a", "lower a");
	rig_put(rig.lower, "/usr/dir/b", "lower b");
	rig_put(rig.lower, "/usr/l", "lower l");
	rig_put(rig.lower, "/not-usr", "not laid over");
	rig.lower_path = "usr";
	rig_start(&rig);
	rig_expect_names(&rig, "/", "u both dir l ");
	rig_expect_names(&rig, "/dir", "a b ");
	rig_expect(&rig, "/both", "upper both");
	rig_expect(&rig, "/dir/a", "upper a");
	rig_expect(&rig, "/dir/b", "lower b");
	rig_expect(&rig, "/l", "lower l");
	ck_assert_int_eq(rig_stat(&rig, "/").layer, TWINFS_LAYER_BOTH);
	ck_assert_int_eq(rig_stat(&rig, "/u").layer, TWINFS_LAYER_USER);
	ck_assert_int_eq(rig_stat(&rig, "/l").layer, TWINFS_LAYER_BACKUP);
	rig_down(&rig);
}
END_TEST

/* The path that the overlay gives for what @path leads to. */
static void expect_path(struct rig *rig, const char *path, const char *expected)
{
	char room[64];
	uint64_t ino = rig_stat(rig, path).stat.ino;
	size_t len = strlen(expected);

	ck_assert_int_eq(twinfs_overlay_path(rig->overlay, ino, room, len + 1), (int64_t)len);
	ck_assert_str_eq(room, expected);
	ck_assert_int_eq(twinfs_overlay_path(rig->overlay, ino, room, len), -ERANGE);
}

START_TEST(objects_know_their_paths)
{
	struct rig rig;
	struct twinfs_overlay_stat stat;
	char room[64];

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/dir", NULL);
	rig_put(rig.upper, "/dir/a", "a");
	rig_put(rig.lower, "/l", "lower l");
	rig_start(&rig);
	expect_path(&rig, "/", "");
	expect_path(&rig, "/l", "/l");
	expect_path(&rig, "/dir/a", "/dir/a");
	stat = rig_stat(&rig, "/dir/a");
	ck_assert_int_eq(twinfs_overlay_rename(rig.overlay, rig_stat(&rig, "/dir").stat.ino, "a",
				 rig.root, "b", 0),
		0);
	expect_path(&rig, "/b", "/b");
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, stat.stat.ino), 0);
	ck_assert_int_eq(twinfs_overlay_unlink(rig.overlay, rig.root, "b"), 0);
	ck_assert_int_eq(twinfs_overlay_path(rig.overlay, stat.stat.ino, room, sizeof(room)),
		-ESTALE);
	twinfs_overlay_close(rig.overlay, stat.stat.ino);
	rig_down(&rig);
}
END_TEST

static int keep_even(void *ctx, const char *name, const struct twinfs_overlay_stat *stat)
{
	uint64_t *numbers = ctx;

	numbers[name[0] - 'a'] = stat->stat.ino;
	return stat->stat.ino % 2 == 0;
}

static int stop_at_b(void *ctx, const char *name, const struct twinfs_overlay_stat *stat)
{
	(void)stat;
	++*(int *)ctx;
	return name[0] == 'b' ? -ECANCELED : 0;
}

START_TEST(numbers_stay)
{
	struct rig rig;
	struct twinfs_overlay_stat stat;
	uint64_t numbers[4] = {0}, old_root;
	int count = 0;

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/a", "a");
	rig_put(rig.upper, "/b", "b");
	rig_put(rig.lower, "/c", "c");
	rig_put(rig.lower, "/d", "d");
	rig_start(&rig);
	ck_assert_int_eq(twinfs_overlay_list(rig.overlay, rig.root, keep_even, numbers), 0);
	for (int i = 0; i < 4; i++) {
		char path[] = {'/', (char)('a' + i), '\0'};

		ck_assert_uint_gt(numbers[i], rig.root);
		ck_assert_uint_lt(numbers[i], twinfs_overlay_next_ino(rig.overlay));
		ck_assert_uint_eq(rig_ino(&rig, path), numbers[i]);
		ck_assert_int_eq(rig_unlink(&rig, path), 0);
		/* kept by the listing, but there is no name and no content any more */
		ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, numbers[i], &stat),
			numbers[i] % 2 || i < 2 ? -ESTALE : 0);
		twinfs_overlay_forget(rig.overlay, numbers[i], UINT64_MAX);
		ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, numbers[i], &stat), -ESTALE);
	}
	old_root = rig.root;
	rig_start(&rig);
	ck_assert_uint_gt(rig.root, numbers[3]);
	ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, old_root, &stat), -ESTALE);
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, old_root, "c", &stat), -ESTALE);
	ck_assert_int_eq(rig_add(&rig, "/b", false), 0);
	ck_assert_int_eq(twinfs_overlay_list(rig.overlay, rig.root, stop_at_b, &count), -ECANCELED);
	ck_assert_int_eq(count, 1);
	rig_down(&rig);
}
END_TEST

START_TEST(wrong_objects_are_refused)
{
	struct rig rig;
	struct twinfs_overlay_stat stat;
	struct twinfs_overlay_view view;
	uint64_t file, dir;

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/dir", NULL);
	rig_put(rig.lower, "/file", "lower");
	rig_start(&rig);
	file = rig_ino(&rig, "/file");
	dir = rig_ino(&rig, "/dir");
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, file, "x", &stat), -ENOTDIR);
	ck_assert_int_eq(twinfs_overlay_create(rig.overlay, file, "x", &stat), -ENOTDIR);
	ck_assert_int_eq(twinfs_overlay_unlink(rig.overlay, file, "x"), -ENOTDIR);
	ck_assert_int_eq(twinfs_overlay_list(rig.overlay, file, keep_even, NULL), -ENOTDIR);
	ck_assert_int_eq(twinfs_overlay_list(rig.overlay, 1, keep_even, NULL), -ESTALE);
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, dir), -EISDIR);
	ck_assert_int_eq(twinfs_overlay_open(rig.overlay, 1), -ESTALE);
	ck_assert_int_eq(twinfs_overlay_view(rig.overlay, dir, 1, 0, &view), -EISDIR);
	ck_assert_int_eq(twinfs_overlay_view(rig.overlay, file, 1, 0, &view), -EBADF);
	ck_assert_int_eq(twinfs_overlay_write(rig.overlay, file, "x", 1, 0), -EBADF);
	ck_assert_int_eq(twinfs_overlay_write(rig.overlay, 1, "x", 1, 0), -ESTALE);
	ck_assert_int_eq(twinfs_overlay_truncate(rig.overlay, file, 0), -EBADF);
	ck_assert_int_eq(twinfs_overlay_sync(rig.overlay, 1), -ESTALE);
	ck_assert_int_eq(twinfs_overlay_sync(rig.overlay, dir), 0);
	ck_assert_int_eq(twinfs_overlay_sync(rig.overlay, file), 0);
	ck_assert_int_eq(twinfs_overlay_set_mtime(rig.overlay, 1, 1), -ESTALE);
	twinfs_overlay_close(rig.overlay, 1);
	twinfs_overlay_close(rig.overlay, file);
	twinfs_overlay_forget(rig.overlay, 1, 1);
	rig_down(&rig);
}
END_TEST

/* A directory that is gone, but still somebody's current one. */
START_TEST(removed_directory_is_empty)
{
	struct rig rig;
	struct twinfs_overlay_stat stat;
	const char *const path = _i ? "/upper" : "/lower";
	uint64_t dir;
	int count = 0;

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/upper", NULL);
	rig_put(rig.lower, "/lower", NULL);
	rig_put(rig.lower, "/file", "lower");
	rig_start(&rig);
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, rig.root, path + 1, &stat), 0);
	dir = stat.stat.ino;
	ck_assert_int_eq(rig_rmdir(&rig, path), 0);
	ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, dir, &stat), 0);
	ck_assert_uint_eq(stat.stat.links, 0);
	ck_assert_int_eq(stat.stat.type, TWINFS_DIR);
	ck_assert_int_eq(twinfs_overlay_list(rig.overlay, dir, stop_at_b, &count), 0);
	ck_assert_int_eq(count, 0);
	ck_assert_int_eq(twinfs_overlay_lookup(rig.overlay, dir, "x", &stat), -ENOENT);
	ck_assert_int_eq(twinfs_overlay_create(rig.overlay, dir, "x", &stat), -ENOENT);
	ck_assert_int_eq(twinfs_overlay_rename(rig.overlay, rig.root, "file", dir, "x", 0),
		-ENOENT);
	twinfs_overlay_forget(rig.overlay, dir, 1);
	ck_assert_int_eq(twinfs_overlay_stat(rig.overlay, dir, &stat), -ESTALE);
	rig_down(&rig);
}
END_TEST

/* ---- layers that are missing or read-only ---- */

static void expect_read_only(struct rig *rig)
{
	struct twinfs_overlay_stat stat;
	uint64_t file = rig_ino(rig, "/file");

	ck_assert_int_eq(rig_add(rig, "/new", false), -EROFS);
	ck_assert_int_eq(rig_add(rig, "/new", true), -EROFS);
	ck_assert_int_eq(rig_unlink(rig, "/file"), -EROFS);
	ck_assert_int_eq(rig_rmdir(rig, "/dir"), -EROFS);
	ck_assert_int_eq(rig_rename(rig, "/file", "/new", 0), -EROFS);
	ck_assert_int_eq(twinfs_overlay_open(rig->overlay, file), 0);
	ck_assert_int_eq(twinfs_overlay_write(rig->overlay, file, "x", 1, 0), -EROFS);
	ck_assert_int_eq(twinfs_overlay_truncate(rig->overlay, file, 0), -EROFS);
	twinfs_overlay_close(rig->overlay, file);
	ck_assert_int_eq(twinfs_overlay_stat(rig->overlay, file, &stat), 0);
	ck_assert_int_eq(stat.layer, TWINFS_LAYER_BACKUP);
	rig_expect(rig, "/file", "lower");
}

START_TEST(lower_alone_is_read_only)
{
	struct rig rig;
	struct twinfs_statfs space;

	rig_up(&rig, 64, 32);
	rig_put(rig.lower, "/file", "lower");
	rig_put(rig.lower, "/dir", NULL);
	rig_put(rig.lower, "/" COPY_NAME, "not ours");
	rig.no_upper = true;
	rig_start(&rig);
	expect_read_only(&rig);
	rig_expect(&rig, "/" COPY_NAME, "not ours");
	ck_assert_int_eq(twinfs_overlay_set_mtime(rig.overlay, rig_ino(&rig, "/file"), 1), -EROFS);
	ck_assert_uint_eq(rig_stat(&rig, "/").stat.links, 3);
	ck_assert_int_eq(twinfs_overlay_statfs(rig.overlay, &space), 0);
	ck_assert_uint_eq(space.blocks, 32);
	rig_down(&rig);
}
END_TEST

/* Hiding needs no write, and is refused all the same. */
START_TEST(read_only_upper_refuses_hiding)
{
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/upper", "upper");
	rig_put(rig.lower, "/file", "lower");
	rig_put(rig.lower, "/dir", NULL);
	rig_stop(&rig);
	rig.upper = rig_mount(&rig.upper_chip, TWINFS_VOLUME_READ_ONLY);
	rig.lower = rig_mount(&rig.lower_chip, TWINFS_VOLUME_READ_ONLY);
	rig_make_overlay(&rig);
	expect_read_only(&rig);
	rig_expect_names(&rig, "/", "upper file dir ");
	rig_down(&rig);
}
END_TEST

/* Lower paths that name no directory. */
START_TEST(nothing_is_laid_over)
{
	static const char *const paths[] = {"missing", "file", "file/x"};
	struct twinfs_overlay_config config = {.first_ino = 1};
	struct rig rig;

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/upper", "upper");
	rig_put(rig.lower, "/file", "lower");
	rig.lower_path = paths[_i];
	rig_start(&rig);
	rig_expect_names(&rig, "/", "upper ");
	ck_assert_int_eq(rig_stat(&rig, "/").layer, TWINFS_LAYER_USER);
	ck_assert_uint_eq(rig_stat(&rig, "/").stat.links, 2);
	ck_assert_int_eq(rig_add(&rig, "/dir", true), 0);
	ck_assert_int_eq(rig_rename(&rig, "/dir", "/other", 0), 0);
	rig.no_upper = true;
	rig_start(&rig);
	rig_expect_names(&rig, "/", "");
	ck_assert_int_eq(rig_add(&rig, "/dir", true), -EROFS);
	ck_assert_int_eq(twinfs_overlay_new(&config, &rig.overlay), -EINVAL);
	config.upper = rig.upper;
	config.first_ino = 0;
	ck_assert_int_eq(twinfs_overlay_new(&config, &rig.overlay), -EINVAL);
	rig_down(&rig);
}
END_TEST

/* ---- damage ---- */

/* Wipes the blocks of the directory @name of the root: its entry names them before the name. */
static void damage_dir(struct chip *chip, const char *name)
{
	uint8_t *bytes = chip_bytes(chip), *at = NULL, pair[8];
	uint64_t size = chip_size(chip);

	for (uint64_t i = 12; i + strlen(name) <= size; i++)
		if (!memcmp(bytes + i, name, strlen(name)))
			at = bytes + i;
	ck_assert_ptr_nonnull(at);
	memcpy(pair, at - sizeof(pair), sizeof(pair));
	for (size_t i = 0; i < sizeof(pair); i += 4) {
		ck_assert_uint_lt(pair[i] + 1u, size / chip->config.block_size);
		memset(bytes + pair[i] * chip->config.block_size, 0, chip->config.block_size);
	}
}

START_TEST(damage_below_hides_nothing_above)
{
	struct twinfs_overlay_stat stat;
	struct rig rig;
	struct tw_text names = {0};

	rig_up(&rig, 64, 64);
	rig_put(rig.upper, "/damaged", NULL);
	rig_put(rig.upper, "/damaged/a", "upper a");
	rig_put(rig.upper, "/damaged/b", "upper b");
	rig_put(rig.upper, "/damaged/sub", NULL);
	rig_put(rig.lower, "/damaged", NULL);
	rig_put(rig.lower, "/damaged/a", "lower a");
	rig_put(rig.lower, "/damaged/c", "lower c");
	rig_stop(&rig);
	damage_dir(&rig.lower_chip, "damaged");
	rig_start(&rig);
	rig_expect(&rig, "/damaged/a", "upper a");
	ck_assert_int_eq(rig_stat(&rig, "/damaged/sub").layer, TWINFS_LAYER_USER);
	ck_assert_int_eq(rig_find(&rig, "/damaged/c", &stat), -EBADMSG);
	ck_assert_int_eq(rig_add(&rig, "/damaged/c", false), -EBADMSG);
	ck_assert_int_eq(twinfs_overlay_list(rig.overlay, rig_ino(&rig, "/damaged"),
				 rig_append_name, &names),
		-EBADMSG);
	ck_assert_str_eq(names.data, "a b sub ");
	tw_text_release(&names);
	ck_assert_int_eq(rig_rmdir(&rig, "/damaged/sub"), 0);
	ck_assert_int_eq(rig_rename(&rig, "/damaged/b", "/b", 0), 0);
	ck_assert_int_eq(rig_unlink(&rig, "/damaged/a"), 0);
	rig_expect(&rig, "/damaged/a", NULL);
	ck_assert_int_eq(rig_rmdir(&rig, "/damaged"), -EBADMSG);
	rig_expect(&rig, "/b", "upper b");
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_layers");
	TCase *tc = tcase_create("layers");

	tcase_add_test(tc, trees_are_merged);
	tcase_add_test(tc, objects_know_their_paths);
	tcase_add_test(tc, numbers_stay);
	tcase_add_test(tc, wrong_objects_are_refused);
	tcase_add_loop_test(tc, removed_directory_is_empty, 0, 2);
	tcase_add_test(tc, lower_alone_is_read_only);
	tcase_add_test(tc, read_only_upper_refuses_hiding);
	tcase_add_loop_test(tc, nothing_is_laid_over, 0, 3);
	tcase_add_test(tc, damage_below_hides_nothing_above);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
