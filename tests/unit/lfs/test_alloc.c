/* SPDX-License-Identifier: MIT */
/* test_alloc.c - blocks that a view still reads are not reused. */
#include "lfs/alloc.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "lib/chip.h"
#include "lib/suite.h"

static const struct geometry small = {512, 16, 16, 0xff};

static uint64_t new_file(struct twinfs_volume *volume, const char *name, size_t len, int byte)
{
	static uint8_t data[8192];
	uint64_t ino;

	memset(data, byte, len);
	ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, name, &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, data, len, 0), (int64_t)len);
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	return ino;
}

START_TEST(a_view_keeps_its_blocks)
{
	struct twinfs_volume *volume;
	struct twinfs_view view;
	struct twinfs_statfs space;
	struct chip chip;
	uint64_t ino;

	chip_init(&chip, &small);
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	volume = chip_mount(&chip);
	ino = new_file(volume, "a", 1000, 'a');
	ck_assert_int_eq(twinfs_volume_view(volume, ino, 5000, 0, &view), 0);
	ck_assert_uint_eq(view.len, 1000);
	twinfs_volume_close(volume, ino);
	ck_assert_int_eq(twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "a"), 0);
	/* Freed at once as far as space is counted ... */
	ck_assert_int_eq(twinfs_volume_statfs(volume, &space), 0);
	ck_assert_uint_eq(space.free, 12);
	/* ... but what else is written goes elsewhere. */
	(void)new_file(volume, "b", 4000, 'b');
	for (size_t i = 0; i < view.count; i++)
		for (size_t k = 0; k < view.iov[i].iov_len; k++)
			ck_assert_int_eq(((const char *)view.iov[i].iov_base)[k], 'a');
	twinfs_volume_release_view(volume, &view);
	twinfs_volume_unmount(volume);
	chip_release(&chip);
}
END_TEST

struct helper {
	struct twinfs_volume *volume;
	struct twinfs_view view;
};

static void *release_later(void *arg)
{
	struct helper *helper = arg;

	twinfs_volume_release_view(helper->volume, &helper->view);
	return NULL;
}

START_TEST(a_writer_waits_for_the_last_blocks)
{
	struct helper helper;
	struct chip chip;
	pthread_t thread;
	uint64_t ino;

	chip_init(&chip, &small);
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	helper.volume = chip_mount(&chip);
	ino = new_file(helper.volume, "a", 3000, 'a');
	ck_assert_int_eq(twinfs_volume_view(helper.volume, ino, 3000, 0, &helper.view), 0);
	twinfs_volume_close(helper.volume, ino);
	ck_assert_int_eq(twinfs_volume_unlink(helper.volume, TWINFS_ROOT_INO, "a"), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, release_later, &helper), 0);
	/* Needs more than was free while the view lived. */
	(void)new_file(helper.volume, "b", 5500, 'b');
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	twinfs_volume_unmount(helper.volume);
	chip_release(&chip);
}
END_TEST

START_TEST(promised_blocks_are_not_given_away)
{
	struct twinfs_volume *volume;
	static uint8_t data[5000];
	struct twinfs_statfs space;
	struct chip chip;
	uint64_t ino, dir;

	chip_init(&chip, &small);
	ck_assert_int_eq(twinfs_volume_format(chip.flash, &chip.config, NULL), 0);
	volume = chip_mount(&chip);
	ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, "a", &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, data, 5000, 0), 5000);
	ck_assert_int_eq(twinfs_volume_statfs(volume, &space), 0);
	ck_assert_uint_eq(space.free, 2);
	ck_assert_int_eq(twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "d", &dir), 0);
	ck_assert_int_eq(twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "e", &dir), -ENOSPC);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, data, 1000, 5000), -ENOSPC);
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_discard(volume, ino);
	twinfs_volume_close(volume, ino);
	ck_assert_int_eq(twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "a"), 0);
	ck_assert_int_eq(twinfs_volume_statfs(volume, &space), 0);
	ck_assert_uint_eq(space.free, 10);
	twinfs_volume_unmount(volume);
	chip_release(&chip);
}
END_TEST

RUN_CASES("alloc", a_view_keeps_its_blocks, a_writer_waits_for_the_last_blocks,
	promised_blocks_are_not_given_away)
