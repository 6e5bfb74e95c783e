/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - a chip without memory: it is not made, or does nothing.
 */
#include <twinfs/flash.h>

#include <check.h>
#include <string.h>
#include <sys/uio.h>

#include "lib/chip.h"
#include "lib/scarce.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

static const struct geometry geometry = {512, 8, 16, 0xff};

static int make(void *ctx)
{
	struct chip *chip = ctx;
	struct twinfs_flash *flash;
	int rc = twinfs_flash_new(chip->image, twinfs_flash_config(chip->flash), &flash, NULL);

	if (!rc)
		twinfs_flash_free(flash);
	return rc;
}

/* With a hook it gathers what it programs. */
static int rewrite(void *ctx)
{
	struct chip *chip = ctx;
	char text[16] = "fifteen letters";
	const struct iovec part = {text, sizeof(text)};

	return twinfs_flash_rewrite(chip->flash, 512, 512, &part, 1, 16);
}

static int keep_wear(void *ctx)
{
	struct chip *chip = ctx;
	int rc = twinfs_flash_save_wear(chip->flash, "wear", NULL);

	return rc ? rc : twinfs_flash_load_wear(chip->flash, "wear", NULL);
}

static void fill(void *ctx)
{
	struct chip *chip = ctx;

	memset(chip_bytes(chip) + 512, 0, 512);
}

/* The block was not even erased. */
static void expect_kept(void *ctx, int rc)
{
	struct chip *chip = ctx;

	ck_assert_int_eq(chip_bytes(chip)[512], rc ? 0 : 'f');
	ck_assert_int_eq(chip_bytes(chip)[512 + 100], rc ? 0 : 0xff);
}

START_TEST(chips_without_memory)
{
	struct chip chip;
	const struct scarce_trial making = {.body = make, .ctx = &chip};
	const struct scarce_trial rewriting = {fill, rewrite, expect_kept, &chip, false, 0};
	const struct scarce_trial keeping = {.body = keep_wear, .ctx = &chip};

	tempdir_enter();
	chip_init(&chip, &geometry);
	ck_assert_uint_eq(scarce_try("make", &making), 4);
	ck_assert_uint_eq(scarce_try("rewrite", &rewriting), 2);
	(void)scarce_try("wear", &keeping);
	chip_release(&chip);
	tempdir_leave();
}
END_TEST

RUN_CASES("oom", chips_without_memory)
