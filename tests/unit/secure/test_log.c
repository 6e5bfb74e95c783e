/* SPDX-License-Identifier: MIT */
/*
 * test_log.c - the log in the long run: it never runs out of room in the
 * smallest area that is accepted, and wears its units evenly.
 */
#include "rig.h"
#include "secure/log.h"

static const struct rig_shape shapes[] = {
	{4096, 1, 3},
	{4096, 16, 3},
	{4096, 32, 3},
	{4096, 64, 4},
	{4096, 256, 4},
	{4096, 512, 6},
	{4096, 1024, 11},
	{4096, 2048, 18},
	{2048, 1, 7},
	{8192, 256, 3},
	{65536, 256, 3},
	{65536, 4096, 3},
};

START_TEST(units_needed)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		ck_assert_uint_eq(tw_log_units_needed(shapes[i].erase_size, shapes[i].prog_size),
			shapes[i].units);
	ck_assert_uint_eq(tw_log_units_needed(1024, 1), 0);
	ck_assert_uint_eq(tw_log_units_needed(4096, 4096), 0);
	ck_assert_uint_eq(tw_log_units_needed(16, 16), 0);
	ck_assert_uint_eq(tw_log_units_needed(1, 1), 0);
	ck_assert_uint_ne(tw_log_units_needed(UINT32_C(1) << 31, 1), 0);
}
END_TEST

/* All slots full in the smallest area, then stores without end, sealed or not. */
static void fill_and_churn(struct rig_shape shape, const char *key_file)
{
	uint64_t random = shape.prog_size;
	struct model model;
	struct rig rig;

	rig_up(&rig, shape);
	rig_open(&rig, key_file);
	model_clear(&model);
	for (int slot = 1; slot <= SLOTS; slot++)
		rig_store(&rig, &model, slot, (int)twinfs_secure_capacity(slot), 1);
	for (int i = 0; i < 400; i++) {
		int slot = 1 + (int)(rig_random(&random) % SLOTS);

		rig_store(&rig, &model, slot, (int)twinfs_secure_capacity(slot), random);
		if (i % 16 == 0)
			rig_open(&rig, key_file);
		rig_verify(&rig, &model);
	}
	ck_assert_int_eq(rig_check(&rig), 0);
	rig_down(&rig);
}

START_TEST(smallest_area_is_enough)
{
	rig_key_file("key", 3);
	fill_and_churn(shapes[_i], NULL);
	fill_and_churn(shapes[_i], "key");
}
END_TEST

START_TEST(wear_is_even)
{
	static const struct rig_shape wide = {4096, 1, 8};
	struct twinfs_flash_stats stats;
	struct model model;
	struct rig rig;

	rig_up(&rig, wide);
	rig_open(&rig, NULL);
	model_clear(&model);
	for (int i = 0; i < 5000; i++)
		rig_store(&rig, &model, 1 + i % 8, 52, (uint64_t)i);
	for (unsigned region = 0; region < 2; region++) {
		uint32_t least = UINT32_MAX, most = 0;

		for (unsigned i = 0; i < wide.units; i++) {
			uint32_t wear = twinfs_flash_wear(rig.flash, region * wide.units + i);

			least = wear < least ? wear : least;
			most = wear > most ? wear : most;
		}
		ck_assert_uint_ge(least, 5000 * 80 / 4096 / wide.units);
		ck_assert_uint_le(most - least, 1);
	}
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(stats.unerased_programs, 0);
	rig_down(&rig);
}
END_TEST

/* The first store formats; one store costs one program a region. */
START_TEST(cost_of_a_store)
{
	struct twinfs_flash_stats stats;
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(stats.seq, 0);
	rig_store(&rig, &model, 1, 52, 1);
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(stats.erases, 2);
	ck_assert_uint_eq(stats.programs, 4);
	rig_store(&rig, &model, 1, 52, 2);
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(stats.erases, 2);
	ck_assert_uint_eq(stats.programs, 6);
	rig_down(&rig);
}
END_TEST

/* A log written with another program size is read, and goes on in the next unit. */
START_TEST(other_program_size)
{
	struct twinfs_flash_config config;
	struct model model;
	struct rig rig;

	rig_up(&rig, (struct rig_shape){4096, 1, 4});
	rig_open(&rig, NULL);
	model_clear(&model);
	for (int slot = 1; slot <= SLOTS; slot++)
		rig_store(&rig, &model, slot, (int)twinfs_secure_capacity(slot), 5);
	for (uint32_t prog_size = 256; prog_size; prog_size /= 16) {
		twinfs_secure_close(rig.secure);
		rig.secure = NULL;
		config = *twinfs_flash_config(rig.flash);
		twinfs_flash_free(rig.flash);
		config.geometry.prog_size = prog_size;
		ck_assert_int_eq(twinfs_flash_new(rig.image, &config, &rig.flash, NULL), 0);
		rig_open(&rig, NULL);
		rig_verify(&rig, &model);
		for (int i = 0; i < 50; i++) {
			rig_store(&rig, &model, 1 + i % SLOTS, i, prog_size);
			rig_verify(&rig, &model);
		}
		ck_assert_int_eq(rig_check(&rig), 0);
	}
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure_log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, tempdir_enter, tempdir_leave);
	tcase_add_test(tc, units_needed);
	tcase_add_loop_test(tc, smallest_area_is_enough, 0, sizeof(shapes) / sizeof(shapes[0]));
	tcase_add_test(tc, wear_is_even);
	tcase_add_test(tc, cost_of_a_store);
	tcase_add_test(tc, other_program_size);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
