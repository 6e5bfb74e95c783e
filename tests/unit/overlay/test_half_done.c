/* SPDX-License-Identifier: MIT */
/*
 * test_half_done.c - changes of names that fail in the middle: what the upper
 * volume has done by then is what the overlay shows, and what it has not, not.
 */
#include "rig.h"

#include <twinfs/flash.h>

enum {
	UPPER_BLOCKS = 40,
	FAILS_MAX = 12, /* longer than any of the changes goes on */
	CHANGES = 6,
};

struct breaker {
	int left; /* operations until all of them fail */
};

static int fail_late(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct breaker *breaker = ctx;

	(void)op;
	(void)done;
	return breaker->left-- > 0 ? 0 : -EIO;
}

static int make_change(struct rig *rig, int change)
{
	switch (change) {
	case 0:
		return rig_rename(rig, "/a/file", "/b/new", 0);
	case 1:
		return rig_rename(rig, "/a/file", "/b/old", 0);
	case 2:
		return rig_rename(rig, "/a/dir", "/b/emptied", 0);
	case 3:
		return rig_unlink(rig, "/b/old");
	case 4:
		return rig_rmdir(rig, "/a/dir");
	default:
		return rig_add(rig, "/b/hidden", true);
	}
}

/* Both views have the same: nothing, a directory, or a file that can be read. */
static void compare(struct rig *rig, const char *path)
{
	struct twinfs_overlay_stat seen;
	struct twinfs_stat stat;
	uint64_t ino;
	char text[100];
	int there = twinfs_volume_walk(rig->upper, path, &ino);
	int rc = rig_find(rig, path, &seen);
	int64_t len;

	ck_assert_msg(rc == there, "%s: %d in the overlay, %d in the volume", path, rc, there);
	if (rc)
		return;
	ck_assert_int_eq(twinfs_volume_stat(rig->upper, ino, &stat), 0);
	ck_assert_int_eq(seen.stat.type, stat.type);
	if (stat.type == TWINFS_DIR)
		return;
	ck_assert_int_eq(twinfs_volume_open(rig->upper, ino), 0);
	len = twinfs_volume_read(rig->upper, ino, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(len, 0);
	twinfs_volume_close(rig->upper, ino);
	text[len] = '\0';
	rig_expect(rig, path, text);
}

static void up(struct rig *rig, uint32_t version)
{
	rig_up_as(rig, UPPER_BLOCKS, version, UPPER_BLOCKS, version);
	rig_put(rig->lower, "/b", NULL);
	rig_put(rig->lower, "/b/hidden", "below");
	rig_put(rig->upper, "/a", NULL);
	rig_put(rig->upper, "/a/file", "first");
	rig_put(rig->upper, "/a/dir", NULL);
	rig_put(rig->upper, "/b", NULL);
	rig_put(rig->upper, "/b/old", "second");
	rig_put(rig->upper, "/b/emptied", NULL);
	rig_start(rig);
	ck_assert_int_eq(rig_unlink(rig, "/b/hidden"), 0);
	/* all of it is known by name */
	compare(rig, "/a/file");
	compare(rig, "/b/old");
	compare(rig, "/a/dir");
	compare(rig, "/b/emptied");
}

/* _i: after how many operations of the change the chip begins to fail. */
static void half_done(uint32_t version, int fails_after)
{
	static const char *const paths[] = {
		"/a", "/a/file", "/a/dir", "/b", "/b/new", "/b/old", "/b/emptied", "/b/hidden"};

	for (int change = 0; change < CHANGES; change++) {
		struct breaker breaker = {fails_after};
		const struct twinfs_flash_hook hook = {.before = fail_late, .ctx = &breaker};
		struct rig rig;

		up(&rig, version);
		twinfs_flash_set_hook(rig.upper_chip.flash, &hook);
		(void)make_change(&rig, change); /* whatever it says */
		twinfs_flash_set_hook(rig.upper_chip.flash, NULL);
		for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
			compare(&rig, paths[i]);
		rig_down(&rig);
	}
}

START_TEST(version_1)
{
	half_done(0, _i);
}
END_TEST

START_TEST(version_2)
{
	half_done(0x00020001, _i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_half_done");
	TCase *tc = tcase_create("half_done");

	tcase_add_loop_test(tc, version_1, 0, FAILS_MAX);
	tcase_add_loop_test(tc, version_2, 0, FAILS_MAX);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
