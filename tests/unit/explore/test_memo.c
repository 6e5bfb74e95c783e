/* SPDX-License-Identifier: MIT */
/*
 * test_memo.c - a state that is not tried, because one that looks the same was,
 * has the verdict that a trial gives it.
 *
 * Small runs are explored twice, with and without a memo, and must come to the
 * same to the last state. So that there is something to find, operations of the
 * run are left out or spoiled, as an engine would that does not write them.
 */
#include <check.h>
#include <string.h>

#include "explore/memo.h"
#include "explore/result.h"
#include "explore/scene.h"
#include "lib/chip.h"
#include "lib/recorded.h"
#include "lib/tempdir.h"

/* More than any of the runs here has states. */
#define ALL_EXAMPLES 1000000

static struct twinfs_explore_options make_options(const struct recorded_plan *plan)
{
	struct twinfs_explore_options options;

	twinfs_explore_defaults(&options);
	options.source = recorded_source();
	options.trace = RECORDED_TRACE;
	options.module.policy = plan->policy;
	options.torn_bytes = 40;
	options.torn_spread = 3;
	options.examples = ALL_EXAMPLES;
	return options;
}

static void swap_ops(struct tw_story_op *a, struct tw_story_op *b)
{
	struct tw_story_op moved = *a;

	*a = *b;
	*b = moved;
}

/*
 * Spoils some of the operations: they are left out, leave other bytes, or a pair
 * changes places with the next: the content of a file comes after the commit.
 */
static void spoil(struct tw_story *story, unsigned times, uint64_t seed)
{
	static const uint8_t junk[64] = {0xa5, 0x5a};

	for (unsigned i = 0; i < times && story->op_count > 4; i++) {
		struct tw_story_op *op = &story->ops[test_random(&seed) % (story->op_count - 3)];

		switch (test_random(&seed) % 4) {
		case 0:
			op->len = op->data_len = 0;
			break;
		case 1:
			op->data = junk;
			op->data_len = op->data_len > sizeof(junk) ? sizeof(junk) : op->data_len;
			break;
		default:
			swap_ops(op, op + 2);
			swap_ops(op + 1, op + 3);
		}
	}
}

/* With @forgets nothing is known longer than for one operation. */
static struct twinfs_explore_result *explore(const struct twinfs_explore_options *options,
	unsigned spoilt, uint64_t seed, bool forgets)
{
	struct twinfs_explore_result *sum, *result;
	struct twinfs_error err = {0};
	struct tw_worker worker;
	struct tw_scene scene;

	must(tw_scene_open(&scene, options, &err) == 0, "%s", err.text);
	must(tw_worker_open(&worker, &scene, &err) == 0, "%s", err.text);
	spoil(scene.story, spoilt, seed);
	if (forgets)
		scene.most_held = 0;
	sum = tw_result_new(&scene.request);
	for (uint64_t chunk = 0; chunk < scene.chunks; chunk++) {
		must(tw_worker_explore(&worker, chunk, &result) == 0, "chunk");
		must(tw_result_add(sum, result) == 0, "sum");
		twinfs_explore_result_free(result);
	}
	tw_result_sort(sum);
	tw_worker_close(&worker);
	tw_scene_close(&scene);
	return sum;
}

static void compare_findings(const struct twinfs_explore_finding *a,
	const struct twinfs_explore_finding *b)
{
	must(a->kind == b->kind && !strcmp(a->subject, b->subject), "%s '%s' or %s '%s'",
		twinfs_finding_name(a->kind), a->subject, twinfs_finding_name(b->kind), b->subject);
	must(a->states == b->states && a->example_count == b->example_count,
		"%s '%s': %llu states or %llu", twinfs_finding_name(a->kind), a->subject,
		(unsigned long long)a->states, (unsigned long long)b->states);
	for (size_t i = 0; i < a->example_count; i++) {
		char x[TWINFS_CRASH_TEXT], y[TWINFS_CRASH_TEXT];

		twinfs_crash_text(&a->examples[i].crash, x);
		twinfs_crash_text(&b->examples[i].crash, y);
		must(!strcmp(x, y), "%s '%s': %s or %s", twinfs_finding_name(a->kind), a->subject,
			x, y);
		/* A finding of the check names bytes that make no difference. */
		must(a->kind == TWINFS_FINDING_CHECK ||
				!strcmp(a->examples[i].sentence, b->examples[i].sentence),
			"%s: '%s' or '%s'", x, a->examples[i].sentence, b->examples[i].sentence);
	}
}

static void compare_results(const struct twinfs_explore_result *a,
	const struct twinfs_explore_result *b)
{
	must(a->operations == b->operations && a->states == b->states, "states");
	for (unsigned i = 0; i < TWINFS_CUT_COUNT; i++)
		must(a->states_of[i] == b->states_of[i], "%s", twinfs_cut_name(i));
	for (unsigned i = 0; i < TWINFS_HOLE_COUNT; i++)
		must(a->holes[i] == b->holes[i], "hole %s", twinfs_hole_name(i));
	for (size_t i = 0; i < a->finding_count && i < b->finding_count; i++)
		compare_findings(&a->findings[i], &b->findings[i]);
	must(a->finding_count == b->finding_count, "%zu findings or %zu", a->finding_count,
		b->finding_count);
	must(a->bad_states == b->bad_states, "bad states");
}

struct totals {
	uint64_t states, boots, plain_boots, bad_states;
	size_t findings;
};

static void compare_once(const struct recorded_plan *plan, unsigned spoilt, struct totals *totals)
{
	struct twinfs_explore_options options = make_options(plan);
	struct twinfs_explore_result *fast, *forgetful, *plain;

	(void)snprintf(test_context, sizeof(test_context),
		"format %u, seed %llu, %u operations spoilt", plan->format,
		(unsigned long long)plan->seed, spoilt);
	fast = explore(&options, spoilt, plan->seed, false);
	forgetful = explore(&options, spoilt, plan->seed, true);
	options.no_memo = true;
	plain = explore(&options, spoilt, plan->seed, false);
	compare_results(fast, plain);
	compare_results(forgetful, plain);
	must(forgetful->boots.boots > fast->boots.boots, "nothing was forgotten");
	must(plain->boots.boots == plain->states, "without a memo every state is booted");
	totals->states += fast->states;
	totals->boots += fast->boots.boots;
	totals->bad_states += fast->bad_states;
	totals->findings += fast->finding_count;
	twinfs_explore_result_free(fast);
	twinfs_explore_result_free(forgetful);
	twinfs_explore_result_free(plain);
}

static struct recorded_plan small_plan(unsigned format, uint64_t seed)
{
	return (struct recorded_plan){
		.format = format,
		.user_size = seed % 2 ? 96 << 10 : 160 << 10,
		.prog_size = format == 2    ? 16
			     : seed % 4 < 2 ? 4096
					    : 64,
		.files = 6,
		.work = RECORDED_CHANGES,
		.count = 14,
		.boots = 3,
		.stores = 7,
		.damages = seed % 3 == 0,
		.policy = seed % 5 ? TWINFS_POLICY_DEVICE : TWINFS_POLICY_SAFE,
		.seed = seed,
	};
}

START_TEST(memo_gives_the_verdict_of_a_trial)
{
	uint64_t seed = test_seed(1);
	struct totals totals = {0};

	for (uint64_t i = 0; i < 6; i++) {
		struct recorded_plan plan = small_plan(1 + (unsigned)(i % 2), seed + i);

		recorded_make(&plan);
		compare_once(&plan, 0, &totals);
		compare_once(&plan, 6, &totals);
		recorded_remove();
	}
	printf("%llu states, %llu boots, %llu bad states, %zu findings\n",
		(unsigned long long)totals.states, (unsigned long long)totals.boots,
		(unsigned long long)totals.bad_states, totals.findings);
	/* It would prove little if all were booted, or nothing were found. */
	ck_assert_uint_lt(totals.boots, totals.states / 3);
	ck_assert_uint_gt(totals.findings, 0);
}
END_TEST

/*
 * With a second cut states count once for each outcome of the first, so that only
 * what is wrong can be compared, not in how many states.
 */
START_TEST(memo_finds_the_same_after_a_second_cut)
{
	uint64_t seed = test_seed(1);
	uint64_t again = 0;

	for (uint64_t i = 0; i < 4; i++) {
		struct recorded_plan plan = small_plan(1 + (unsigned)(i % 2), seed + i);
		struct twinfs_explore_options options;
		struct twinfs_explore_result *fast, *plain;

		plan.damages = true;
		plan.count = 5;
		recorded_make(&plan);
		options = make_options(&plan);
		options.depth = 2;
		options.torn_bytes = 8;
		options.torn_spread = 1;
		options.examples = 1;
		fast = explore(&options, 2, plan.seed, false);
		options.no_memo = true;
		plain = explore(&options, 2, plan.seed, false);
		must(fast->finding_count == plain->finding_count, "%zu findings or %zu",
			fast->finding_count, plain->finding_count);
		for (size_t k = 0; k < fast->finding_count; k++)
			must(fast->findings[k].kind == plain->findings[k].kind &&
					!strcmp(fast->findings[k].subject,
						plain->findings[k].subject),
				"finding %zu", k);
		must(fast->states - fast->states_again == plain->states - plain->states_again,
			"states of the first cut");
		again += fast->states_again;
		twinfs_explore_result_free(fast);
		twinfs_explore_result_free(plain);
		recorded_remove();
	}
	printf("%llu states after a second cut\n", (unsigned long long)again);
	ck_assert_uint_gt(again, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memo");
	TCase *tcase = tcase_create("memo");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_test(tcase, memo_gives_the_verdict_of_a_trial);
	tcase_add_test(tcase, memo_finds_the_same_after_a_second_cut);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
