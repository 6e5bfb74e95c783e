/* SPDX-License-Identifier: MIT */
/*
 * test_result.c - results that are no parts of one whole are not put together, and the names
 * of what is in a result.
 */
#include <twinfs/explore.h>

#include <check.h>
#include <errno.h>
#include <string.h>

#include "lib/suite.h"

static const struct {
	struct twinfs_explore_request other;
	const char *text;
} differences[] = {
	{{.trace = {1, 2}}, "differ in their trace"},
	{{.checks = {1, 2}}, "differ in their checks"},
	{{.policy = TWINFS_POLICY_SAFE}, "differ in their policy"},
	{{.depth = 2}, "differ in their depth"},
	{{.torn_bytes = 2}, "differ in their places to tear at"},
	{{.torn_spread = 2}, "differ in their places to tear at"},
	{{.outcomes = 2}, "differ in their outcomes of chance"},
	{{.seed = 2}, "differ in their seed"},
	{{.sample = 2}, "differ in their sample"},
	{{.examples = 2}, "differ in their examples"},
};

START_TEST(strangers_are_not_merged)
{
	struct twinfs_explore_result *merged = NULL;
	struct twinfs_explore_result one = {.chunks = 1}, other = {.chunks = 1};
	const struct twinfs_explore_result *const results[] = {&one, &other};
	struct twinfs_error err = {0};

	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		other.request = differences[i].other;
		err = (struct twinfs_error){0};
		ck_assert_int_eq(twinfs_explore_merge(results, 2, &merged, &err), -EINVAL);
		ck_assert_int_eq(err.problem, TWINFS_P_EXPLORE);
		ck_assert_msg(strstr(err.text, differences[i].text) != NULL, "%s", err.text);
		ck_assert_ptr_null(merged);
	}
	ck_assert_int_eq(twinfs_explore_merge(results, 0, &merged, &err), -EINVAL);
	ck_assert_ptr_null(merged);
}
END_TEST

START_TEST(what_is_no_result)
{
	static const struct {
		const char *text;
		int code;
		const char *words;
	} texts[] = {
		{"", -EUCLEAN, "not the result of an exploration"},
		{"[1]", -EUCLEAN, "not the result of an exploration"},
		{"{\"format\": \"other\", \"version\": 1}", -EUCLEAN, "not the result"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct twinfs_explore_result *result = NULL;
		struct twinfs_error err = {0};

		ck_assert_int_eq(twinfs_explore_result_parse(texts[i].text, strlen(texts[i].text),
					 &result, &err),
			texts[i].code);
		ck_assert_ptr_null(result);
		ck_assert_int_eq(err.problem, TWINFS_P_EXPLORE);
		ck_assert_msg(strstr(err.text, texts[i].words) != NULL, "%s", err.text);
	}
}
END_TEST

START_TEST(what_cannot_be_explored)
{
	struct twinfs_explore_options options;
	struct twinfs_explore_result *result = NULL;
	struct twinfs_error err = {0};

	twinfs_explore_defaults(&options);
	ck_assert_int_eq(twinfs_explore(&options, &result, &err), -EINVAL);
	ck_assert_ptr_null(result);
	ck_assert_int_eq(err.problem, TWINFS_P_EXPLORE);
	ck_assert_str_eq(err.text, "no trace is named");
}
END_TEST

START_TEST(names)
{
	static const char *const cuts[] = {
		"none", "before", "torn", "shuffled", "noise", "end", "unknown"};
	const struct twinfs_crash none = {{0}, {0}};
	char text[TWINFS_CRASH_TEXT];

	for (int kind = 0; kind <= TWINFS_CUT_COUNT; kind++)
		ck_assert_str_eq(twinfs_cut_name((enum twinfs_cut_kind)kind), cuts[kind]);
	twinfs_crash_text(&none, text);
	ck_assert_str_eq(text, "none");
}
END_TEST

RUN_CASES("result", strangers_are_not_merged, what_is_no_result, what_cannot_be_explored, names)
