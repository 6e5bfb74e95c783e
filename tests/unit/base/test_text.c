/* SPDX-License-Identifier: MIT */
/* test_text.c - a string that grows. */
#include "base/text.h"

#include <string.h>

#include "lib/suite.h"

START_TEST(it_grows)
{
	struct tw_text text = {0};

	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(tw_text_addf(&text, "%d,", i), 0);
	ck_assert_uint_eq(text.len, 10 * 2 + 90 * 3 + 900 * 4);
	ck_assert_uint_eq(strlen(text.data), text.len);
	ck_assert_str_eq(text.data + text.len - 8, "998,999,");
	tw_text_release(&text);
	ck_assert_ptr_null(text.data);
}
END_TEST

START_TEST(any_byte_fits)
{
	struct tw_text text = {0};

	ck_assert_int_eq(tw_text_add(&text, "a\0b", 3), 0);
	ck_assert_int_eq(tw_text_add(&text, NULL, 0), 0);
	ck_assert_mem_eq(text.data, "a\0b", 4);
	tw_text_release(&text);
}
END_TEST

/* Overlong forms, surrogates and what is cut off are no UTF-8. */
START_TEST(what_is_no_utf8_is_shown)
{
	struct tw_text text = {0};

	ck_assert_int_eq(tw_text_add_utf8(&text, "a\xc3\xa4\xff"
						 "b\xc0\x80\xed\xa0\x80\xf0\x9f\x98\x80\xe2\x82"),
		0);
	ck_assert_str_eq(text.data, "a\xc3\xa4\\xff"
				    "b\\xc0\\x80\\xed\\xa0\\x80\xf0\x9f\x98\x80\\xe2\\x82");
	tw_text_release(&text);
	ck_assert(tw_text_is_utf8("a\xc3\xa4\xf0\x9f\x98\x80"));
	ck_assert(tw_text_is_utf8(""));
	ck_assert(!tw_text_is_utf8("a\xff"));
	ck_assert(!tw_text_is_utf8("\xed\xa0\x80"));
	ck_assert(!tw_text_is_utf8("\xc3"));
	ck_assert_int_eq(tw_text_add_utf8(&text, ""), 0);
	ck_assert_str_eq(text.data, "");
	tw_text_release(&text);
}
END_TEST

RUN_CASES("text", it_grows, any_byte_fits, what_is_no_utf8_is_shown)
