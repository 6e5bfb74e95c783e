/* SPDX-License-Identifier: MIT */
/*
 * test_refused.c - what cannot be a volume: which error mounting gives, and in which words.
 */
#include "rig2.h"

static const struct geometry geometry = {512, 32, 16, 0xff};

static const struct {
	struct twinfs_volume_config config;
	int code;
	enum twinfs_problem problem;
	const char *text;
} configs[] = {
	{{.size = 0, .block_size = 512}, -EUCLEAN, TWINFS_P_LFS_MAGIC, "no littlefs superblock"},
	{{.addr = 16384, .size = 512, .block_size = 512}, -EINVAL, TWINFS_P_LFS_GEOMETRY,
		"cannot be read: invalid argument"},
	{{.addr = 512, .size = UINT64_MAX, .block_size = 512}, -EINVAL, TWINFS_P_LFS_GEOMETRY,
		"cannot be read: invalid argument"},
	{{.size = 16384, .block_size = 512, .prog_size = 24}, -EINVAL, TWINFS_P_LFS_GEOMETRY,
		"program size 24 does not fit block size 512"},
	{{.size = 16384, .block_size = 512, .prog_size = 1024}, -EINVAL, TWINFS_P_LFS_GEOMETRY,
		"program size 1024 does not fit block size 512"},
};

START_TEST(configurations)
{
	static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_1};
	struct rig rig;

	rig_open(&rig, &geometry, versions[_i], 100);
	for (size_t i = 0; i < COUNT(configs); i++) {
		struct twinfs_volume *volume = NULL;
		struct twinfs_error err = {0};
		int rc = twinfs_volume_mount(rig.chip.flash, &configs[i].config, &volume, &err);

		ck_assert_msg(rc == configs[i].code, "%zu: %d: %s", i, rc, err.text);
		ck_assert_ptr_null(volume);
		ck_assert_int_eq(err.code, rc);
		ck_assert_int_eq(err.problem, configs[i].problem);
		ck_assert_msg(strstr(err.text, configs[i].text) != NULL, "%zu: %s", i, err.text);
	}
	rig_close(&rig);
}
END_TEST

static const struct {
	struct twinfs_volume_config config;
	int code;
	const char *text;
} formats[] = {
	{{.size = 16384, .block_size = 64}, -EINVAL, "block size 64 at 0x0 does not fit"},
	{{.size = 16384, .block_size = 768}, -EINVAL, "block size 768 at 0x0 does not fit"},
	{{.addr = 100, .size = 8192, .block_size = 512}, -EINVAL, "block size 512 at 0x64"},
	{{.size = 16384, .block_size = 512, .prog_size = 24}, -EINVAL, "program size 24"},
	{{.size = 32768, .block_size = 512}, -EINVAL, "outside the chip"},
};

START_TEST(formats_without_a_change)
{
	struct rig rig;
	uint64_t before;

	rig_open(&rig, &geometry, TWINFS_LFS_1_1, 100);
	before = rig_seq(&rig);
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct twinfs_error err = {0};
		int rc = twinfs_volume_format(rig.chip.flash, &formats[i].config, &err);

		ck_assert_msg(rc == formats[i].code, "%zu: %d: %s", i, rc, err.text);
		ck_assert_int_eq(err.problem, TWINFS_P_LFS_GEOMETRY);
		ck_assert_msg(strstr(err.text, formats[i].text) != NULL, "%zu: %s", i, err.text);
	}
	ck_assert_uint_eq(rig_seq(&rig), before);
	rig_close(&rig);
}
END_TEST

START_TEST(a_chip_without_power)
{
	struct twinfs_volume *volume = NULL;
	struct twinfs_error err = {0};
	struct rig rig;

	rig_open(&rig, &geometry, TWINFS_LFS_2_1, 100);
	twinfs_flash_set_power(rig.chip.flash, false);
	ck_assert_int_eq(twinfs_volume_mount(rig.chip.flash, &rig.chip.config, &volume, &err),
		-ESHUTDOWN);
	ck_assert_ptr_null(volume);
	ck_assert_str_eq(err.text, "the partition cannot be read: power is off");
	chip_heal(&rig.chip);
	rig_close(&rig);
}
END_TEST

START_TEST(an_erased_chip)
{
	struct twinfs_volume *volume = NULL;
	struct twinfs_error err = {0};
	struct chip chip;

	chip_init(&chip, &geometry);
	ck_assert_int_eq(twinfs_volume_mount(chip.flash, &chip.config, &volume, &err), -EUCLEAN);
	ck_assert_ptr_null(volume);
	ck_assert_int_eq(err.problem, TWINFS_P_LFS_MAGIC);
	ck_assert_str_eq(err.text, "no littlefs superblock in blocks 0 and 1");
	chip_release(&chip);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("refused");
	TCase *tcase = tcase_create("refused");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, configurations, 0, 2);
	tcase_add_test(tcase, formats_without_a_change);
	tcase_add_test(tcase, a_chip_without_power);
	tcase_add_test(tcase, an_erased_chip);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
