/* SPDX-License-Identifier: MIT */
/*
 * test_table.c - entries of checksum.json: how hashes compare, how names are found.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "module/table.h"

static struct tw_json *parse(const char *text)
{
	struct tw_json *json = NULL;
	char *error = NULL;

	ck_assert_msg(tw_json_parse(text, strlen(text), &json, &error) == 0, "%s: %s", text, error);
	return json;
}

START_TEST(hashes_compare_as_the_firmware_does)
{
	static const struct {
		const char *entry, *found;
		enum tw_table_match match;
		const char *error;
	} cases[] = {
		{"{\"crc32\": \"0x12cab5bf\"}", "0x12cab5bf", TW_TABLE_EQUAL, NULL},
		{"{\"crc32\": \"12CAB5BF\"}", "0x12cab5bf", TW_TABLE_EQUAL, NULL},
		{"{\"crc32\": \" \\t0X0012cAb5bf\\r\\n\"}", "0x12cab5bf", TW_TABLE_EQUAL, NULL},
		{"{\"crc32\": \"+0x12_cab5bf\"}", "0x12cab5bf", TW_TABLE_EQUAL, NULL},
		{"{\"crc32\": \"-0x12cab5bf\"}", "0x12cab5bf", TW_TABLE_DIFFERENT, NULL},
		{"{\"crc32\": \"-0x0\"}", "0x0", TW_TABLE_EQUAL, NULL},
		{"{\"crc32\": \"0\"}", "0x0", TW_TABLE_EQUAL, NULL},
		{"{\"crc32\": \"0x12cab5be\"}", "0x12cab5bf", TW_TABLE_DIFFERENT, NULL},
		{"{\"crc32\": \"0x112cab5bf\"}", "0x12cab5bf", TW_TABLE_DIFFERENT, NULL},
		{"{\"crc32\": \"0b1\"}", "0xb1", TW_TABLE_EQUAL, NULL},
		{"{\"crc32\": \"zz\"}", "0x1", TW_TABLE_RAISED,
			"invalid syntax for integer with base 16: 'zz'"},
		{"{\"crc32\": \"-0xzz\"}", "0x1", TW_TABLE_RAISED,
			"invalid syntax for integer with base 16: 'zz'"},
		{"{\"crc32\": \"\"}", "0x1", TW_TABLE_RAISED,
			"invalid syntax for integer with base 16: ''"},
		{"{\"crc32\": \"0x\"}", "0x1", TW_TABLE_RAISED,
			"invalid syntax for integer with base 16: ''"},
		{"{\"crc32\": \"1 2\"}", "0x1", TW_TABLE_RAISED,
			"invalid syntax for integer with base 16: '1 2'"},
		{"{\"crc32\": null}", "0x1", TW_TABLE_RAISED,
			"can't convert 'NoneType' object to str implicitly"},
		{"{\"crc32\": 1}", "0x1", TW_TABLE_RAISED,
			"can't convert 'int' object to str implicitly"},
		{"{\"name\": \"x\"}", "0x1", TW_TABLE_RAISED, "crc32"},
		{"{\"sha256\": \"abcd\"}", "abcd", TW_TABLE_EQUAL, NULL},
		{"{\"sha256\": \"ABCD\"}", "abcd", TW_TABLE_DIFFERENT, NULL},
		{"{\"sha256\": \"abcd\", \"crc32\": \"0x1\"}", "0x1", TW_TABLE_EQUAL, NULL},
		{"{\"sha256\": null}", "abcd", TW_TABLE_RAISED,
			"can't convert 'NoneType' object to str implicitly"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_json *entry = parse(cases[i].entry);
		struct tw_text error = {0};
		enum tw_table_match match;

		ck_assert_int_eq(tw_table_compare(entry, cases[i].found, &match, &error), 0);
		ck_assert_msg(match == cases[i].match, "%s", cases[i].entry);
		if (cases[i].error)
			ck_assert_str_eq(error.data, cases[i].error);
		else
			ck_assert_uint_eq(error.len, 0);
		tw_text_release(&error);
		tw_json_free(entry);
	}
}
END_TEST

static const char *find(const struct tw_json *table, const char *name, bool *raised)
{
	struct tw_json *entry = tw_table_find(table, name, strlen(name), raised);

	return entry ? tw_json_get(entry, "name")->text : NULL;
}

START_TEST(names_are_found_ignoring_ascii_case)
{
	struct tw_json *table =
		parse("[{\"name\": \"/usr/A\"}, {\"name\": \"/usr/a\"}, "
		      "{\"name\": \"/usr/\xc3\x89\"}, {\"nam\": 1}, {\"name\": \"/usr/z\"}]");
	bool raised;

	ck_assert_str_eq(find(table, "/usr/a", &raised), "/usr/A");
	ck_assert(!raised);
	ck_assert_str_eq(find(table, "/USR/\xc3\x89", &raised), "/usr/\xc3\x89");
	ck_assert_ptr_null(find(table, "/usr/\xc3\xa9", &raised));
	ck_assert(raised);
	ck_assert_ptr_null(find(table, "/usr/z", &raised));
	ck_assert(raised);
	tw_json_free(table);
	table = parse("[{\"name\": \"/usr/ab\"}]");
	ck_assert_ptr_null(find(table, "/usr/a", &raised));
	ck_assert(!raised);
	tw_json_free(table);
	table = parse("{\"name\": \"/usr/a\"}");
	ck_assert_ptr_null(find(table, "/usr/a", &raised));
	ck_assert(raised);
	tw_json_free(table);
}
END_TEST

START_TEST(the_key_of_an_entry_is_kept)
{
	static const char *const cases[][2] = {
		{"{\"name\": \"x\", \"crc32\": null, \"id\": 7}",
			"{\"name\": \"x\", \"crc32\": \"0x5\", \"id\": 7}"},
		{"{\"sha256\": \"00\", \"name\": \"x\"}", "{\"sha256\": \"0x5\", \"name\": \"x\"}"},
		{"{\"name\": \"x\"}", "{\"name\": \"x\", \"crc32\": \"0x5\"}"},
		{"{\"sha256\": \"00\", \"crc32\": 1}", "{\"sha256\": \"00\", \"crc32\": \"0x5\"}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_json *entry = parse(cases[i][0]);
		struct tw_text text = {0};

		ck_assert_int_eq(tw_table_set(entry, "0x5"), 0);
		ck_assert_int_eq(tw_json_write(entry, &text), 0);
		ck_assert_str_eq(text.data, cases[i][1]);
		tw_text_release(&text);
		tw_json_free(entry);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tcase = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, hashes_compare_as_the_firmware_does);
	tcase_add_test(tcase, names_are_found_ignoring_ascii_case);
	tcase_add_test(tcase, the_key_of_an_entry_is_kept);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
