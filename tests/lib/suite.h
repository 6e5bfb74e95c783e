/* SPDX-License-Identifier: MIT */
/*
 * suite.h - runs the cases of one test program with Check.
 */
#ifndef TEST_LIB_SUITE_H
#define TEST_LIB_SUITE_H

#include <check.h>
#include <stddef.h>

/* Runs @cases, prints Check's closing line; the exit status of main. */
static inline int run_cases(const char *name, const TTest *const *cases, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, cases[i]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

#define RUN_CASES(name, ...)                                                                       \
	int main(void)                                                                             \
	{                                                                                          \
		const TTest *const cases[] = {__VA_ARGS__};                                        \
                                                                                                   \
		return run_cases(name, cases, sizeof(cases) / sizeof(*cases));                     \
	}

#endif
