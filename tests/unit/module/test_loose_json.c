/* SPDX-License-Identifier: MIT */
/*
 * test_loose_json.c - what the module's JSON reader accepts, and what it writes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module/loose_json.h"

#define SYNTAX "syntax error in JSON"

/* @written: the document as the module writes it; NULL: refused with @error. */
struct sample {
	const char *input;
	size_t len;
	const char *written, *error;
};

#define GOOD(input, written)                                                                       \
	{                                                                                          \
		input, sizeof(input) - 1, written, NULL                                            \
	}
#define BAD(input, error)                                                                          \
	{                                                                                          \
		input, sizeof(input) - 1, NULL, error                                              \
	}
#define ENTRY "{\"name\": \"/usr/a\", \"crc32\": \"0x1\"}"
#define ONE   "[" ENTRY "]"
#define FLAG  "{\"enable\": 1}"

static const struct sample samples[] = {
	/* the list may stay open, an entry may not */
	GOOD("[", "[]"),
	GOOD("[\0\0\0", "[]"),
	GOOD("[]", "[]"),
	GOOD("[" ENTRY, ONE),
	GOOD("[" ENTRY ", ", ONE),
	BAD("[" ENTRY ", {", SYNTAX),
	BAD("[" ENTRY ", {\"name\": \"/usr/b\"", SYNTAX),
	BAD("[" ENTRY ", {\"name", SYNTAX),
	GOOD("[{\"name\": \"/usr/a\" \"crc32\": \"0x1\"}]", ONE),
	GOOD("[{\"name\": \"/usr/a\", \"crc32\": \"0x1\"]]", ONE),
	BAD("{{", SYNTAX),
	GOOD(ONE "\0rubbish", ONE),
	BAD("\0\0\0", SYNTAX),
	BAD("\0" ONE, SYNTAX),
	BAD("", SYNTAX),
	BAD("  \t\r\n", SYNTAX),
	GOOD("{\"enable\": 1", FLAG),
	GOOD("{\"enable\" 1]", FLAG),
	GOOD("{\"enable\": 1}\n", FLAG),
	GOOD("{\"enable\": 1} \t\r\n\v\f", FLAG),
	BAD("{\"enable\": 1}x", SYNTAX),
	BAD("{\"enable\": 1}]", SYNTAX),
	BAD("{\"enable\": 1},", SYNTAX),
	GOOD("1", "1"),
	GOOD("\"x\"", "\"x\""),
	BAD("1 2", SYNTAX),
	BAD("\xef\xbb\xbf{\"enable\": 1}", SYNTAX),
	BAD("'x'", SYNTAX),
	BAD("]", SYNTAX),
	BAD("\v[]", SYNTAX),
	GOOD(",:,[1:2,,3]", "[1, 2, 3]"),

	/* words */
	GOOD("[null true false]", "[null, true, false]"),
	GOOD("[nulltruefalse]", "[null, true, false]"),
	BAD("[nul]", SYNTAX),
	BAD("[True]", SYNTAX),
	BAD("tru", SYNTAX),

	/* objects */
	GOOD("{\"a\" 1 \"b\"}", "{\"a\": 1}"),
	GOOD("[{\"a\" 1 \"b\"} {2}]", "[{\"a\": 1}, {\"b\": 2}]"),
	GOOD("[{\"b\"} 7 {2}]", "[{}, 7, {\"b\": 2}]"),
	GOOD("{\"a\": 1, \"b\": 2, \"a\": [3]}", "{\"a\": [3], \"b\": 2}"),
	GOOD("{\"a\": [1, {\"x\": 2}], \"a\": 0, \"a\": {\"y\": 1}, \"b\": 2}",
		"{\"a\": {\"y\": 1}, \"b\": 2}"),
	GOOD("{\"a\": [1], \"b\": 0, \"b\": [2]}", "{\"a\": [1], \"b\": [2]}"),
	GOOD("{1: 2, null: 3, true: 4, 1.5: 5}",
		"{\"1\": 2, \"null\": 3, \"true\": 4, \"1.5\": 5}"),
	BAD("{[]: 1}", SYNTAX),
	BAD("{{}: 1}", SYNTAX),
	GOOD("{\"name\": \"x\", \"size\": 12, \"crc32\": \"0x1\"}",
		"{\"name\": \"x\", \"size\": 12, \"crc32\": \"0x1\"}"),

	/* strings */
	GOOD("\"\\b\\f\\n\\r\\t\"", "\"\\u0008\\u000c\\n\\r\\t\""),
	GOOD("\"\\\"\\\\\\/\\x\"", "\"\\\"\\\\/x\""),
	GOOD("\"\\u0041\\u00e9\\u4f60\"", "\"A\xc3\xa9\xe4\xbd\xa0\""),
	GOOD("\"\\ud83d\\ude00\"", "\"\xed\xa0\xbd\xed\xb8\x80\""),
	GOOD("\"\\u00G0\"", "\"\xc4\x80\""), /* "G" counts as 16 */
	GOOD("\"a\nb\x01\x7f\xff\xfe\"", "\"a\\nb\\u0001\\u007f\xff\xfe\""),
	BAD("\"a\0b\"", SYNTAX),
	BAD("\"abc", SYNTAX),
	BAD("\"abc\\", SYNTAX),
	GOOD("\"a\\\0b\"", "\"a\\u0000b\""),

	/* numbers */
	GOOD("[0 -0 007 -7 -007]", "[0, 0, 7, -7, -7]"),
	GOOD("123456789012345678901234567890", "123456789012345678901234567890"),
	GOOD("[1.5 -2.25e10 1E-3 1e+3]", "[1.5, -2.25e10, 1e-3, 1e3]"),
	GOOD("[1. 1.e5 -. -.5 -e5 00.10]", "[1.0, 1e5, -0.0, -0.5, -0e5, 0.10]"),
	GOOD("3.14159265358979323846264338327950288", "3.14159265358979323846264338327950288"),
	BAD("1-2", "invalid syntax for integer with base 10: '1-2'"),
	BAD("-1-2", "invalid syntax for integer with base 10: '1-2'"),
	BAD("-", "invalid syntax for integer with base 10: ''"),
	BAD("--1", "invalid syntax for integer with base 10: '-1'"),
	BAD("1e", "invalid syntax for number"),
	BAD("1e-", "invalid syntax for number"),
	BAD("1e5e5", "invalid syntax for number"),
	BAD("1.2.3", "invalid syntax for number"),
	BAD("1+2.0", "invalid syntax for number"),
	BAD("+1", SYNTAX),
	BAD(".5", SYNTAX),
	BAD("1x", SYNTAX),
};

static void check_sample(const struct sample *sample)
{
	struct tw_text text = {0};
	struct tw_json *json = NULL;
	char *error = NULL;
	int rc = tw_json_parse(sample->input, sample->len, &json, &error);

	if (sample->error) {
		ck_assert_msg(rc != 0, "%s: accepted", sample->input);
		ck_assert_str_eq(error, sample->error);
	} else {
		ck_assert_msg(rc == 0, "%s: %s", sample->input, error);
		ck_assert_int_eq(tw_json_write(json, &text), 0);
		ck_assert_str_eq(text.data, sample->written);
	}
	tw_json_free(json);
	tw_text_release(&text);
	free(error);
}

START_TEST(samples_are_read_and_written)
{
	check_sample(&samples[_i]);
}
END_TEST

/* What is written reads as the same document. */
START_TEST(writing_is_stable)
{
	const struct sample *sample = &samples[_i];

	if (sample->written)
		check_sample(&(struct sample){
			sample->written, strlen(sample->written), sample->written, NULL});
}
END_TEST

static struct tw_json *parse(const char *text)
{
	struct tw_json *json = NULL;
	char *error = NULL;

	ck_assert_msg(tw_json_parse(text, strlen(text), &json, &error) == 0, "%s: %s", text, error);
	return json;
}

static void expect_print(const char *input, const char *expected)
{
	struct tw_json *json = parse(input);
	struct tw_text text = {0};

	ck_assert_int_eq(tw_json_print(json, &text), 0);
	ck_assert_str_eq(text.data, expected);
	tw_text_release(&text);
	tw_json_free(json);
}

START_TEST(print_shows_python)
{
	expect_print("\"it's \\u00e9\"", "it's \xc3\xa9");
	expect_print("null", "None");
	expect_print("[true, false, null, 12, 1.5, \"a\"]", "[True, False, None, 12, 1.5, 'a']");
	expect_print("{\"a\": {}, 1: []}", "{'a': {}, 1: []}");
	expect_print("[\"it's\", \"a\\\"b\", \"'\\\"\", \"\\\\\\n\\u0001\\u00e9\"]",
		"[\"it's\", 'a\"b', '\\'\"', '\\\\\\n\\x01\\xe9']");
	/* Characters inside a list are shown by their number; bytes that are none, too. */
	expect_print("[\"\xc3\xbf\", \"\xc4\x80\", \"\xe4\xbd\xa0\", \"\xf0\x9f\x98\x80\", "
		     "\"\x7f\"]",
		"['\\xff', '\\u0100', '\\u4f60', '\\U0001f600', '\\x7f']");
	expect_print("[\"\xc3z\", \"\x80z\", \"\xc3\xa9\xa9\"]", "['\\x03z', '\\x00z', '\\u3a69']");
	expect_print("[\"t\x99\xf6\xadl\", \"/\x80\x80\"]", "['t\\u01adl', '/']");
}
END_TEST

START_TEST(values_are_found_and_set)
{
	struct tw_json *json = parse("{\"name\": \"x\", \"crc32\": [1, 2], 1: 3, \"n\": 4}");
	struct tw_text text = {0};

	ck_assert_str_eq(tw_json_get(json, "name")->text, "x");
	ck_assert_str_eq(tw_json_get(json, "n")->text, "4");
	ck_assert_ptr_null(tw_json_get(json, "1"));
	ck_assert_ptr_null(tw_json_get(json, "nam"));
	ck_assert_ptr_null(tw_json_get(tw_json_get(json, "crc32"), "name"));
	ck_assert_int_eq(tw_json_set_string(json, "crc32", "0x5"), 0);
	ck_assert_int_eq(tw_json_set_string(json, "new", "\n"), 0);
	ck_assert_int_eq(tw_json_write(json, &text), 0);
	ck_assert_str_eq(text.data,
		"{\"name\": \"x\", \"crc32\": \"0x5\", \"1\": 3, \"n\": 4, \"new\": \"\\n\"}");
	tw_text_release(&text);
	tw_json_free(json);
}
END_TEST

START_TEST(zero_is_what_python_compares_equal)
{
	static const char *const zeros[] = {
		"0", "-0", "000", "0.0", "-0.000", "0e5", "0.0e-7", "false"};
	static const char *const others[] = {"1", "-1", "10", "0.1", "1e5", "-0.01e3", "true",
		"null", "\"\"", "\"0\"", "[]", "{}"};

	for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++) {
		struct tw_json *json = parse(zeros[i]);

		ck_assert_msg(tw_json_is_zero(json), "%s", zeros[i]);
		tw_json_free(json);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct tw_json *json = parse(others[i]);

		ck_assert_msg(!tw_json_is_zero(json), "%s", others[i]);
		tw_json_free(json);
	}
}
END_TEST

/* Depth and number of keys are chosen by the input: neither may cost stack or square time. */
START_TEST(large_documents_are_harmless)
{
	struct tw_text text = {0};
	struct tw_json *json = NULL;
	char *error = NULL;

	for (size_t i = 0; i < TW_JSON_MAX; i++)
		ck_assert_int_eq(tw_text_add(&text, "[", 1), 0);
	ck_assert_int_ne(tw_json_parse(text.data, text.len, &json, &error), 0);
	ck_assert_str_eq(error, SYNTAX);
	free(error);
	memset(text.data + text.len / 2, ']', text.len - text.len / 2);
	ck_assert_int_eq(tw_json_parse(text.data, text.len, &json, &error), 0);
	tw_json_free(json);

	text.len = 0;
	ck_assert_int_eq(tw_text_add(&text, "{", 1), 0);
	for (unsigned i = 0; text.len < TW_JSON_MAX; i++)
		ck_assert_int_eq(tw_text_addf(&text, "%u 1 ", i), 0);
	ck_assert_int_eq(tw_json_parse(text.data, text.len, &json, &error), 0);
	tw_json_free(json);
	tw_text_release(&text);
}
END_TEST

int main(void)
{
	int count = sizeof(samples) / sizeof(samples[0]), failed;
	Suite *suite = suite_create("loose_json");
	TCase *tcase = tcase_create("loose_json");
	SRunner *runner;

	tcase_add_loop_test(tcase, samples_are_read_and_written, 0, count);
	tcase_add_loop_test(tcase, writing_is_stable, 0, count);
	tcase_add_test(tcase, print_shows_python);
	tcase_add_test(tcase, values_are_found_and_set);
	tcase_add_test(tcase, zero_is_what_python_compares_equal);
	tcase_add_test(tcase, large_documents_are_harmless);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
