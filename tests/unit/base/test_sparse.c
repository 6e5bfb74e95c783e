/* SPDX-License-Identifier: MIT */
/*
 * test_sparse.c - tables that are zero wherever they are looked at, and hold
 * what is put into them.
 */
#include "base/sparse.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

/* None, part of a page, just one, one more, many. */
static const size_t counts[] = {
	0, 1, TW_SPARSE_PAGE - 1, TW_SPARSE_PAGE, TW_SPARSE_PAGE + 1, 100000};

static void check_all(const struct tw_sparse *table, bool is_put)
{
	for (size_t i = 0; i < table->count; i++) {
		const uint32_t *place = tw_sparse_at(table, i);

		ck_assert_uint_eq(place ? *place : 0, is_put ? i + 1 : 0);
	}
}

START_TEST(test_places)
{
	/* Used memory is given back in between. */
	for (unsigned round = 0; round < 3; round++) {
		_cleanup_sparse_ struct tw_sparse table = {0};

		ck_assert_int_eq(tw_sparse_init(&table, counts[_i], sizeof(uint32_t)), 0);
		check_all(&table, false);
		for (size_t i = counts[_i]; i-- > 0;) {
			uint32_t *place = tw_sparse_make(&table, i);

			ck_assert_ptr_nonnull(place);
			ck_assert_uint_eq(*place, 0);
			*place = (uint32_t)i + 1;
			ck_assert_ptr_eq(tw_sparse_make(&table, i), place);
		}
		check_all(&table, true);
	}
}
END_TEST

START_TEST(test_one_page)
{
	_cleanup_sparse_ struct tw_sparse table = {0};
	const size_t touched = 10 * TW_SPARSE_PAGE + 3;

	ck_assert_int_eq(tw_sparse_init(&table, 1 << 20, sizeof(uint64_t)), 0);
	ck_assert_ptr_nonnull(tw_sparse_make(&table, touched));
	ck_assert_ptr_nonnull(tw_sparse_at(&table, 11 * TW_SPARSE_PAGE - 1));
	ck_assert_ptr_null(tw_sparse_at(&table, 10 * TW_SPARSE_PAGE - 1));
	ck_assert_ptr_null(tw_sparse_at(&table, 11 * TW_SPARSE_PAGE));
}
END_TEST

START_TEST(test_pointers)
{
	_cleanup_sparse_ struct tw_sparse table = {0};
	int it;

	ck_assert_int_eq(tw_sparse_init(&table, 1000, sizeof(void *)), 0);
	ck_assert_ptr_null(tw_sparse_get(&table, 999));
	ck_assert_int_eq(tw_sparse_put(&table, 999, &it), 0);
	ck_assert_ptr_eq(tw_sparse_get(&table, 999), &it);
	ck_assert_ptr_null(tw_sparse_get(&table, 998));
}
END_TEST

START_TEST(test_never_made)
{
	struct tw_sparse table = {0};

	tw_sparse_release(&table);
	ck_assert_int_eq(tw_sparse_init(&table, 1, 1), 0);
	tw_sparse_release(&table);
	tw_sparse_release(&table);
	ck_assert_ptr_null(table.pages);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sparse");
	TCase *tcase = tcase_create("sparse");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_places, 0, sizeof(counts) / sizeof(*counts));
	tcase_add_test(tcase, test_one_page);
	tcase_add_test(tcase, test_pointers);
	tcase_add_test(tcase, test_never_made);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
