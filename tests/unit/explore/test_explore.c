/* SPDX-License-Identifier: MIT */
/*
 * test_explore.c - explorations as their callers see them: they are the same
 * however they are divided, find what is there to be found, and nothing else.
 */
#include <twinfs/explore.h>

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "lib/chip.h"
#include "lib/recorded.h"
#include "lib/tempdir.h"

/* Several chunks, all kinds of changes, boots that restore, stores. */
static const struct recorded_plan long_plan = {
	.format = 2,
	.user_size = 384 << 10,
	.prog_size = 16,
	.files = 8,
	.work = RECORDED_CHANGES,
	.count = 700,
	.boots = 4,
	.stores = 10,
	.seed = 7,
};

static struct twinfs_explore_options make_options(void)
{
	struct twinfs_explore_options options;

	twinfs_explore_defaults(&options);
	options.source = recorded_source();
	options.trace = RECORDED_TRACE;
	options.torn_bytes = 32;
	options.torn_spread = 2;
	return options;
}

static struct twinfs_explore_result *explore(const struct twinfs_explore_options *options)
{
	struct twinfs_explore_result *result;
	struct twinfs_error err = {0};

	must(twinfs_explore(options, &result, &err) == 0, "%s", err.text);
	return result;
}

static void check_clean(const struct twinfs_explore_result *result)
{
	char text[TWINFS_CRASH_TEXT];

	if (!result->finding_count)
		return;
	twinfs_crash_text(&result->findings[0].examples[0].crash, text);
	must(false, "%zu findings: %s '%s' at %s: %s", result->finding_count,
		twinfs_finding_name(result->findings[0].kind), result->findings[0].subject, text,
		result->findings[0].examples[0].sentence);
}

/* All that a result says, but for what depends on the clock. */
static char *timeless(struct twinfs_explore_result *result)
{
	char *json;

	result->seconds = 0.5;
	result->workers = 1;
	json = twinfs_explore_result_json(result);
	ck_assert_ptr_nonnull(json);
	return json;
}

static void check_same(struct twinfs_explore_result *a, struct twinfs_explore_result *b)
{
	char *x = timeless(a), *y = timeless(b);

	ck_assert_str_eq(x, y);
	free(x);
	free(y);
}

/* ---- divided ---- */

START_TEST(test_workers)
{
	struct twinfs_explore_options options = make_options();
	struct twinfs_explore_result *one, *three;

	recorded_make(&long_plan);
	options.workers = 1;
	one = explore(&options);
	ck_assert(twinfs_explore_is_complete(one));
	ck_assert_uint_gt(one->chunks, 2);
	ck_assert_uint_eq(one->operations, one->trace_operations);
	ck_assert_uint_gt(one->states, 10 * one->operations);
	ck_assert_uint_lt(one->boots.boots, one->states / 4);
	check_clean(one);
	options.workers = 3;
	three = explore(&options);
	check_same(one, three);
	twinfs_explore_result_free(one);
	twinfs_explore_result_free(three);
}
END_TEST

START_TEST(test_shards)
{
	struct twinfs_explore_options options = make_options();
	struct twinfs_explore_result *parts[3], *whole, *merged, *again, *result;
	struct twinfs_error err = {0};

	recorded_make(&long_plan);
	whole = explore(&options);
	options.shards = 3;
	for (unsigned i = 0; i < 3; i++) {
		options.shard = i;
		parts[i] = explore(&options);
		ck_assert(twinfs_explore_is_complete(parts[i]));
		ck_assert_uint_lt(parts[i]->chunks, whole->chunks);
	}
	ck_assert_int_eq(twinfs_explore_merge((const struct twinfs_explore_result *const *)parts, 2,
				 &merged, &err),
		0);
	ck_assert(!twinfs_explore_is_complete(merged));
	ck_assert_int_eq(twinfs_explore_merge((const struct twinfs_explore_result *[]){merged,
						      parts[2]},
				 2, &again, &err),
		0);
	ck_assert(twinfs_explore_is_complete(again));
	check_same(whole, again);
	ck_assert_int_eq(twinfs_explore_merge((const struct twinfs_explore_result *[]){again,
						      parts[2]},
				 2, &result, &err),
		-EEXIST);
	twinfs_explore_result_free(whole);
	twinfs_explore_result_free(merged);
	twinfs_explore_result_free(again);
	options.seed++;
	twinfs_explore_result_free(parts[0]);
	parts[0] = explore(&options);
	ck_assert_int_eq(twinfs_explore_merge((const struct twinfs_explore_result *const *)parts, 2,
				 &result, &err),
		-EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "seed"));
	ck_assert_int_eq(err.problem, TWINFS_P_EXPLORE);
	for (unsigned i = 0; i < 3; i++)
		twinfs_explore_result_free(parts[i]);
}
END_TEST

struct stopping {
	unsigned calls, checkpoints;
	struct twinfs_explore_result *kept;
};

static int stop_at_once(void *ctx, const struct twinfs_explore_progress *progress)
{
	struct stopping *stopping = ctx;

	stopping->calls++;
	ck_assert_uint_le(progress->operations, progress->operations_total);
	return 1;
}

static int keep_checkpoint(void *ctx, const struct twinfs_explore_result *so_far)
{
	struct stopping *stopping = ctx;
	char *json = twinfs_explore_result_json(so_far);

	stopping->checkpoints++;
	twinfs_explore_result_free(stopping->kept);
	ck_assert_int_eq(twinfs_explore_result_parse(json, strlen(json), &stopping->kept, NULL), 0);
	free(json);
	return stopping->kept->done_count && stopping->kept->done[0].count > 1 ? -ECANCELED : 0;
}

/* A run that is stopped goes on from what it had, and comes to the same. */
START_TEST(test_resume)
{
	struct twinfs_explore_options options = make_options();
	struct twinfs_explore_result *whole, *result;
	struct stopping stopping = {0};
	struct twinfs_error err = {0};
	int rc;

	recorded_make(&long_plan);
	whole = explore(&options);
	options.ctx = &stopping;
	options.workers = 1;
	options.checkpoint = keep_checkpoint;
	/* Booting each state makes it long enough to be caught. */
	options.no_memo = true;
	rc = twinfs_explore(&options, &result, &err);
	ck_assert_uint_gt(stopping.checkpoints, 0);
	if (!rc)
		twinfs_explore_result_free(result);
	options.no_memo = false;
	options.checkpoint = NULL;
	options.resume = stopping.kept;
	result = explore(&options);
	ck_assert(twinfs_explore_is_complete(result));
	ck_assert_uint_eq(result->states, whole->states);
	ck_assert_uint_eq(result->operations, whole->operations);
	ck_assert_uint_eq(result->bad_states, whole->bad_states);
	twinfs_explore_result_free(result);
	options.torn_bytes++;
	ck_assert_int_eq(twinfs_explore(&options, &result, &err), -ESTALE);
	options.torn_bytes--;
	options.resume = NULL;
	options.progress = stop_at_once;
	options.no_memo = true;
	result = explore(&options);
	ck_assert_uint_gt(stopping.calls, 0);
	ck_assert(!twinfs_explore_is_complete(result));
	twinfs_explore_result_free(result);
	twinfs_explore_result_free(whole);
	twinfs_explore_result_free(stopping.kept);
}
END_TEST

START_TEST(test_sample)
{
	struct twinfs_explore_options options = make_options();
	struct twinfs_explore_result *sample, *other;

	recorded_make(&long_plan);
	options.sample = 25;
	sample = explore(&options);
	ck_assert_uint_eq(sample->operations, 25);
	ck_assert(twinfs_explore_is_complete(sample));
	options.workers = 3;
	other = explore(&options);
	check_same(sample, other);
	twinfs_explore_result_free(other);
	options.seed = 2;
	other = explore(&options);
	ck_assert_uint_eq(other->operations, 25);
	ck_assert_uint_ne(other->states, sample->states);
	twinfs_explore_result_free(other);
	twinfs_explore_result_free(sample);
}
END_TEST

/* ---- what is found ---- */

static const struct twinfs_explore_finding *find(const struct twinfs_explore_result *result,
	enum twinfs_finding_kind kind, const char *subject)
{
	for (size_t i = 0; i < result->finding_count; i++)
		if (result->findings[i].kind == kind &&
			!strcmp(result->findings[i].subject, subject))
			return &result->findings[i];
	return NULL;
}

/* The hole is a finding, and the figures of both agree. */
static void check_hole(const struct twinfs_explore_result *result, enum twinfs_hole_id id)
{
	const struct twinfs_explore_finding *finding =
		find(result, TWINFS_FINDING_HOLE, twinfs_hole_name(id));

	ck_assert_ptr_nonnull(finding);
	ck_assert_uint_eq(result->holes[id], finding->states);
}

/* The first boot of a blank module: the device has two holes there, and the safe policy none. */
START_TEST(test_first_boot)
{
	struct recorded_plan plan = {
		.format = 1 + _i % 2,
		.user_size = 160 << 10,
		.prog_size = 64,
		.files = 4,
		.first_boot = true,
		.is_blank = true,
		.count = 1,
		.seed = 1,
		.policy = _i < 2 ? TWINFS_POLICY_DEVICE : TWINFS_POLICY_SAFE,
	};
	struct twinfs_explore_options options = make_options();
	struct twinfs_explore_result *result;

	recorded_make(&plan);
	options.module.policy = plan.policy;
	for (options.depth = 1; options.depth <= 2; options.depth++) {
		options.torn_bytes = options.depth == 1 ? 64 : 4;
		result = explore(&options);
		ck_assert_uint_eq(result->states_again > 0, options.depth == 2);
		ck_assert_uint_gt(result->boots.formatting, 0);
		if (plan.policy == TWINFS_POLICY_SAFE) {
			ck_assert_uint_eq(result->finding_count, 0);
		} else {
			check_hole(result, TWINFS_HOLE_TABLE_EMPTY);
			check_hole(result, TWINFS_HOLE_SETTINGS);
			ck_assert_uint_eq(result->finding_count, 2);
		}
		twinfs_explore_result_free(result);
	}
}
END_TEST

/* One cut comes before two, and the operation that the second one is in has a place. */
static bool check_examples(const struct twinfs_explore_finding *finding)
{
	bool is_named = false;

	for (size_t i = 0; i < finding->example_count; i++) {
		const struct twinfs_explore_example *example = &finding->examples[i];
		bool has_again = example->crash.again.kind != TWINFS_CUT_NONE;

		ck_assert(!i || twinfs_crash_compare(&example[-1].crash, &example->crash) < 0);
		ck_assert(!i || has_again || example[-1].crash.again.kind == TWINFS_CUT_NONE);
		ck_assert_int_eq(example->again.owner != NULL, has_again);
		if (!has_again)
			continue;
		ck_assert_uint_gt(example->again.len, 0);
		ck_assert_uint_gt(example->again.addr, 0);
		is_named |= !strcmp(example->again.owner, "data /usr/app0.json");
	}
	return is_named;
}

/* A state that @example is one of, judged alone, has the same to say of the second cut. */
static void check_alone(const struct twinfs_explore_options *options,
	const struct twinfs_explore_example *example)
{
	const struct twinfs_explore_again *again;
	struct twinfs_explore_result *one;

	ck_assert_int_eq(twinfs_explore_one(options, &example->crash, &one, NULL), 0);
	ck_assert_uint_eq(one->finding_count, 1);
	again = &one->findings[0].examples[0].again;
	ck_assert_str_eq(again->owner, example->again.owner);
	ck_assert_uint_eq(again->addr, example->again.addr);
	ck_assert_uint_eq(again->len, example->again.len);
	ck_assert_int_eq(again->is_erase, example->again.is_erase);
	twinfs_explore_result_free(one);
}

START_TEST(test_examples)
{
	static const char checks[] = "size /usr/data1.json > 0\n";
	struct recorded_plan plan = long_plan;
	struct twinfs_explore_options options = make_options();
	struct twinfs_explore_result *result, *copy;
	const struct twinfs_explore_finding *finding;
	char *json;

	plan.count = 60;
	plan.damages = true;
	ck_assert_int_eq(tw_file_write("checks", checks, strlen(checks), 0644, 0), 0);
	recorded_make(&plan);
	options.checks = "checks";
	options.depth = 2;
	options.torn_bytes = options.torn_spread = 1;
	result = explore(&options);
	finding = find(result, TWINFS_FINDING_USER, "size /usr/data1.json > 0");
	ck_assert_ptr_nonnull(finding);
	(void)check_examples(finding);
	ck_assert_int_eq(finding->examples[0].crash.again.kind, TWINFS_CUT_NONE);
	twinfs_explore_result_free(result);
	options.examples = 100000;
	result = explore(&options);
	finding = find(result, TWINFS_FINDING_USER, "size /usr/data1.json > 0");
	ck_assert_ptr_nonnull(finding);
	ck_assert(check_examples(finding));
	check_alone(&options, &finding->examples[finding->example_count - 1]);
	json = twinfs_explore_result_json(result);
	ck_assert_int_eq(twinfs_explore_result_parse(json, strlen(json), &copy, NULL), 0);
	free(json);
	check_same(result, copy);
	twinfs_explore_result_free(copy);
	twinfs_explore_result_free(result);
}
END_TEST

/* What only the application knows is in its checks. */
START_TEST(test_checks)
{
	static const char checks[] = "size /usr/data1.json > 0\n";
	struct recorded_plan plan = long_plan;
	struct twinfs_explore_options options = make_options();
	const struct twinfs_explore_finding *finding;
	struct twinfs_explore_result *result, *one;

	plan.count = 30;
	ck_assert_int_eq(tw_file_write("checks", checks, strlen(checks), 0644, 0), 0);
	recorded_make(&plan);
	options.checks = "checks";
	result = explore(&options);
	/* The workload removes and empties it, now and then. */
	ck_assert_uint_eq(result->finding_count, 1);
	finding = &result->findings[0];
	ck_assert_int_eq(finding->kind, TWINFS_FINDING_USER);
	ck_assert_uint_eq(finding->example_count, options.examples);
	ck_assert_uint_eq(finding->states, result->bad_states);
	for (size_t i = 0; i < finding->example_count; i++) {
		ck_assert_int_eq(twinfs_explore_one(&options, &finding->examples[i].crash, &one,
					 NULL),
			0);
		ck_assert_uint_eq(one->states, 1);
		ck_assert_uint_eq(one->finding_count, 1);
		ck_assert_str_eq(one->findings[0].examples[0].sentence,
			finding->examples[i].sentence);
		twinfs_explore_result_free(one);
	}
	twinfs_explore_result_free(result);
}
END_TEST

static int inspect(void *ctx, const struct twinfs_crash *crash, struct twinfs_image *image,
	char *text, size_t size)
{
	unsigned *calls = ctx;

	ck_assert_ptr_nonnull(twinfs_image_bytes(image));
	++*calls;
	if (crash->cut.op != 0)
		return 0;
	(void)snprintf(text, size, "the beginning is not liked");
	return 1;
}

START_TEST(test_inspect)
{
	struct recorded_plan plan = long_plan;
	struct twinfs_explore_options options = make_options();
	struct twinfs_explore_result *result;
	unsigned calls = 0;

	plan.count = 5;
	recorded_make(&plan);
	options.inspect = inspect;
	options.ctx = &calls;
	result = explore(&options);
	ck_assert_uint_eq(calls, result->boots.boots);
	ck_assert_uint_eq(result->finding_count, 1);
	ck_assert_int_eq(result->findings[0].kind, TWINFS_FINDING_INSPECT);
	ck_assert_str_eq(result->findings[0].examples[0].sentence, "the beginning is not liked");
	twinfs_explore_result_free(result);
}
END_TEST

/* ---- one state again ---- */

/* The files of a state lead to that state, as the last one of a run. */
START_TEST(test_reproduce)
{
	static const char *const words[] = {"40", "41:7", "42:5+1.0", "end", "7:*0"};
	const struct twinfs_reproducer reproducer = {"state.img", "state.trace"};
	struct recorded_plan plan = long_plan;
	struct twinfs_explore_options options = make_options(), other;
	const struct twinfs_crash end = {.cut.kind = TWINFS_CUT_END};
	unsigned made = 0;

	plan.count = 40;
	recorded_make(&plan);
	other = options;
	other.source.image = "state.img";
	other.trace = "state.trace";
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct twinfs_explore_result *one;
		struct twinfs_crash crash;
		struct twinfs_error err = {0};
		int rc;

		ck_assert_int_eq(twinfs_crash_parse(words[i], &crash), 0);
		rc = twinfs_explore_reproduce(&options, &crash, &reproducer, &err);
		must(rc == 0 || rc == -EINVAL, "%s: %s", words[i], err.text);
		if (rc)
			continue;
		made++;
		must(twinfs_explore_one(&other, &end, &one, &err) == 0, "%s: %s", words[i],
			err.text);
		must(one->trace_operations <= crash.cut.op + 1 || crash.cut.kind == TWINFS_CUT_END,
			"%s: the trace is too long", words[i]);
		must(one->finding_count == 0, "%s: %s", words[i],
			one->finding_count ? one->findings[0].examples[0].sentence : "");
		twinfs_explore_result_free(one);
		must(twinfs_explore_reproduce(&options, &crash, &reproducer, &err) == -EEXIST,
			"%s: overwritten", words[i]);
		ck_assert_int_eq(unlink("state.img"), 0);
		ck_assert_int_eq(unlink("state.trace"), 0);
	}
	ck_assert_uint_ge(made, 3);
}
END_TEST

/* ---- refused ---- */

START_TEST(test_refused)
{
	struct twinfs_explore_options options = make_options();
	struct twinfs_explore_result *result;
	struct twinfs_error err = {0};
	struct recorded_plan plan = long_plan;

	plan.count = 3;
	recorded_make(&plan);
	options.depth = 3;
	ck_assert_int_eq(twinfs_explore(&options, &result, &err), -EINVAL);
	options.depth = 1;
	options.shards = options.shard = 2;
	ck_assert_int_eq(twinfs_explore(&options, &result, &err), -EINVAL);
	options.shards = options.shard = 0;
	options.examples = 0;
	ck_assert_int_eq(twinfs_explore(&options, &result, &err), -EINVAL);
	options.examples = 1;
	options.trace = "missing";
	ck_assert_int_eq(twinfs_explore(&options, &result, &err), -ENOENT);
	options.trace = RECORDED_PROFILE;
	ck_assert_int_eq(twinfs_explore(&options, &result, &err), -EUCLEAN);
	ck_assert_uint_ne(strlen(err.text), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explore");
	TCase *tcase = tcase_create("explore");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_test(tcase, test_workers);
	tcase_add_test(tcase, test_shards);
	tcase_add_test(tcase, test_resume);
	tcase_add_test(tcase, test_sample);
	tcase_add_loop_test(tcase, test_first_boot, 0, 4);
	tcase_add_test(tcase, test_examples);
	tcase_add_test(tcase, test_checks);
	tcase_add_test(tcase, test_inspect);
	tcase_add_test(tcase, test_reproduce);
	tcase_add_test(tcase, test_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
