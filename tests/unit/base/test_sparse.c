/* SPDX-License-Identifier: MIT */
/*
 * test_sparse.c - tables that are zero wherever they are looked at.
 */
#include "base/sparse.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

/* Small ones and large ones come from different places. */
static const size_t counts[] = {0, 1, 1000, 65500, 65536, 600000, 1000000};

START_TEST(test_zero)
{
	size_t count = counts[_i];

	/* Used memory is given back in between. */
	for (unsigned round = 0; round < 3; round++) {
		_cleanup_sparse_ uint32_t *table = tw_sparse_new(count, sizeof(*table));
		uint32_t sum = 0;

		ck_assert_ptr_nonnull(table);
		ck_assert_uint_eq((uintptr_t)table % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < count; i++)
			sum |= table[i];
		ck_assert_uint_eq(sum, 0);
		if (count)
			memset(table, 0xff, count * sizeof(*table));
	}
}
END_TEST

START_TEST(test_too_large)
{
	ck_assert_ptr_null(tw_sparse_new(SIZE_MAX / 2, 3));
	ck_assert_ptr_null(tw_sparse_new(SIZE_MAX, 1));
	ck_assert_ptr_null(tw_sparse_new(SIZE_MAX / 4, 1));
	tw_sparse_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sparse");
	TCase *tcase = tcase_create("sparse");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_zero, 0, sizeof(counts) / sizeof(*counts));
	tcase_add_test(tcase, test_too_large);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
