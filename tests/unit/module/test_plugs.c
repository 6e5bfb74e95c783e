/* SPDX-License-Identifier: MIT */
/* test_plugs.c - what is plugged into the chip is in the right order, in all combinations. */
#include "module/plugs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/image.h>

/* The letters of who was asked and told, in order. */
static char order[16];

static void note(const char *letter)
{
	(void)strncat(order, letter, sizeof(order) - strlen(order) - 1);
}

static int asked(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	(void)op, (void)done;
	note(ctx);
	return 0;
}

static void told(void *ctx, const struct twinfs_flash_op *op, uint32_t done, int rc,
	const uint8_t *cells)
{
	(void)op, (void)done, (void)rc, (void)cells;
	note(ctx);
}

START_TEST(the_order_is_the_right_one)
{
	static const char *const expected[] = {"", "FF", "rR", "rFFR"};
	char letters[][2] = {"F", "r", "R"};
	static const struct twinfs_flash_config config = {.geometry = {1, 16, 4096}};
	struct twinfs_flash_hook faults = {.before = asked, .after = told, .ctx = letters[0]};
	struct tw_plugs plugs = {
		.first = {.before = asked, .ctx = letters[1]},
		.last = {.after = told, .ctx = letters[2]},
		.is_recording = _i & 2,
		.faults = _i & 1 ? &faults : NULL,
	};
	struct twinfs_image *image;
	struct twinfs_flash *flash;

	ck_assert_int_eq(twinfs_image_memory(8192, &image), 0);
	ck_assert_int_eq(twinfs_flash_new(image, &config, &flash, NULL), 0);
	order[0] = '\0';
	/* twice: a chain that is made anew must not keep what it had */
	tw_plugs_connect(&plugs, flash);
	tw_plugs_connect(&plugs, flash);
	ck_assert_int_eq(twinfs_flash_erase(flash, 0, 4096), 0);
	ck_assert_str_eq(order, expected[_i]);
	ck_assert_int_eq(twinfs_flash_has_hook(flash), _i != 0);
	twinfs_flash_free(flash);
	twinfs_image_close(image);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugs");
	TCase *tcase = tcase_create("plugs");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, the_order_is_the_right_one, 0, 4);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
