/* SPDX-License-Identifier: MIT */
/*
 * test_names.c - numbers for texts.
 */
#include "explore/names.h"

#include <stdio.h>
#include <string.h>

#include "lib/suite.h"

START_TEST(test_numbers)
{
	struct tw_names names = {0};
	uint32_t number;

	ck_assert_uint_eq(tw_names_find(&names, "x", 1), TW_NAMES_NONE);
	/* Enough of them for the table to be made anew several times. */
	for (uint32_t i = 0; i < 2000; i++) {
		char text[16];
		int len = snprintf(text, sizeof(text), "name %u", i / 2);

		ck_assert_int_eq(tw_names_add(&names, text, (size_t)len, &number), 0);
		ck_assert_uint_eq(number, i / 2);
	}
	ck_assert_uint_eq(names.count, 1000);
	ck_assert_uint_eq(tw_names_find(&names, "name 777", 8), 777);
	ck_assert_uint_eq(tw_names_find(&names, "name 7777", 9), TW_NAMES_NONE);
	ck_assert_str_eq(names.list[999].text, "name 999");
	tw_names_release(&names);
}
END_TEST

/* Bytes are told apart by all of them and by their number. */
START_TEST(test_bytes)
{
	struct tw_names names = {0};
	uint32_t a, b, c;

	ck_assert_int_eq(tw_names_add(&names, "", 0, &a), 0);
	ck_assert_int_eq(tw_names_add(&names, "\0", 1, &b), 0);
	ck_assert_int_eq(tw_names_add(&names, "\0\0", 2, &c), 0);
	ck_assert_uint_eq(a, 0);
	ck_assert_uint_eq(b, 1);
	ck_assert_uint_eq(c, 2);
	ck_assert_uint_eq(tw_names_find(&names, "\0", 1), 1);
	tw_names_release(&names);
}
END_TEST

RUN_CASES("names", test_numbers, test_bytes)
