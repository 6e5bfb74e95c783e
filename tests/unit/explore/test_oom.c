/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - explorations without memory: they end and say so, and never with a result that
 * is only a part of it.
 */
#include <twinfs/explore.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lib/recorded.h"
#include "lib/scarce.h"
#include "lib/tempdir.h"

/* Small, and with boots that restore: each trial explores it anew. */
static const struct recorded_plan plan = {
	.format = 2,
	.user_size = 128 << 10,
	.prog_size = 16,
	.files = 4,
	.work = RECORDED_CHANGES,
	.count = 12,
	.boots = 1,
	.stores = 2,
	.seed = 7,
	.damages = true,
};

static struct twinfs_explore_options make_options(void)
{
	struct twinfs_explore_options options;

	twinfs_explore_defaults(&options);
	options.source = recorded_source();
	options.trace = RECORDED_TRACE;
	options.torn_bytes = 1;
	options.torn_spread = 1;
	options.sample = 3;
	options.workers = 1;
	return options;
}

/* Of all kinds, and true in every state. */
static const char checks[] = "# checks of a small run\n"
			     "not exists /usr/never\n"
			     "if exists /usr/app0.json then size /usr/app0.json < 65536\n"
			     "if exists /usr/never.json then json /usr/never.json has a.b\n"
			     "if slot 3 stored then slot 3 stored\n";

static int explore(void *ctx)
{
	struct twinfs_explore_result *result;
	int rc = twinfs_explore(ctx, &result, NULL);

	if (rc)
		return rc;
	rc = !twinfs_explore_is_complete(result) || result->finding_count;
	twinfs_explore_result_free(result);
	return rc;
}

START_TEST(explores_without_memory)
{
	struct twinfs_explore_options options = make_options();
	const struct scarce_trial trial = {NULL, explore, NULL, &options, true, 24};

	options.depth = _i ? 2 : 1;
	options.checks = "checks";
	ck_assert_int_eq(tw_file_write("checks", checks, sizeof(checks) - 1, 0644, 0), 0);
	recorded_make(&plan);
	(void)scarce_try("explore", &trial);
}
END_TEST

static void remove_made(void *ctx)
{
	(void)ctx;
	(void)unlink("state.img");
	(void)unlink("state.trace");
}

static int reproduce(void *ctx)
{
	const struct twinfs_crash crash = {.cut = {.kind = TWINFS_CUT_BEFORE, .op = 5}};
	const struct twinfs_reproducer reproducer = {"state.img", "state.trace"};

	return twinfs_explore_reproduce(ctx, &crash, &reproducer, NULL);
}

START_TEST(reproduces_without_memory)
{
	struct twinfs_explore_options options = make_options();
	const struct scarce_trial trial = {remove_made, reproduce, NULL, &options, false, 24};

	recorded_make(&plan);
	(void)scarce_try("reproduce", &trial);
}
END_TEST

/* ---- results ---- */

static char subject[] = "/usr/a", sentence[] = "is neither", owner[] = "data /usr/a";
static struct twinfs_explore_example example = {
	.crash = {.cut = {.kind = TWINFS_CUT_BEFORE, .op = 5}},
	.sentence = sentence,
	.owner = owner,
	.again = {.owner = owner},
};
static struct twinfs_explore_finding finding = {TWINFS_FINDING_LOST, subject, 3, &example, 1};
static struct twinfs_explore_range done[] = {{0, 1}, {1, 1}};
static char name[] = "name";

static struct twinfs_explore_result make_result(uint32_t shard)
{
	return (struct twinfs_explore_result){
		.request = {.depth = 1, .shards = 2, .shard = shard, .examples = 8},
		.trace = name,
		.image = name,
		.trace_operations = 100,
		.done = &done[shard],
		.done_count = 1,
		.chunks = 1,
		.operations = 50,
		.states = 500,
		.bad_states = 3,
		.holes = {1, 2},
		.findings = &finding,
		.finding_count = 1,
	};
}

static int write_and_read(void *ctx)
{
	struct twinfs_explore_result result = make_result(0), *back;
	char *json = twinfs_explore_result_json(&result);
	int rc;

	(void)ctx;
	if (!json)
		return -ENOMEM;
	rc = twinfs_explore_result_parse(json, strlen(json), &back, NULL);
	free(json);
	if (rc)
		return rc;
	rc = back->finding_count != 1;
	twinfs_explore_result_free(back);
	return rc;
}

static int merge(void *ctx)
{
	struct twinfs_explore_result a = make_result(0), b = make_result(1), *both;
	const struct twinfs_explore_result *const results[] = {&a, &b};
	int rc = twinfs_explore_merge(results, 2, &both, NULL);

	(void)ctx;
	if (rc)
		return rc;
	rc = both->states != 1000;
	twinfs_explore_result_free(both);
	return rc;
}

START_TEST(results_without_memory)
{
	const struct scarce_trial written = {.body = write_and_read};
	const struct scarce_trial merged = {.body = merge};

	(void)scarce_try("written and read", &written);
	(void)scarce_try("merged", &merged);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oom");
	TCase *tcase = tcase_create("oom");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_test(tcase, results_without_memory);
	tcase_add_test(tcase, reproduces_without_memory);
	tcase_add_loop_test(tcase, explores_without_memory, 0, 2);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
