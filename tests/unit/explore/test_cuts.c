/* SPDX-License-Identifier: MIT */
/*
 * test_cuts.c - the ways to cut one operation: all different, none of them
 * nothing or all of it, and each between old and new.
 */
#include "explore/cuts.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chip.h"

#define CHIP 8192u

struct cutting {
	uint8_t chip[CHIP], old[CHIP], new[CHIP];
	struct tw_story_op op;
	uint64_t digests[8192];
	unsigned count;
};

static const struct tw_cut_rules rules = {64, 8, 2, 5};

static struct cutting *begin(enum tw_story_op_kind kind, uint32_t addr, uint32_t len, uint64_t seed)
{
	struct cutting *it = calloc(1, sizeof(*it));

	ck_assert_ptr_nonnull(it);
	for (unsigned i = 0; i < CHIP; i++)
		it->chip[i] = kind == TW_STORY_ERASE ? (uint8_t)test_random(&seed) : 0xff;
	memcpy(it->old, it->chip, CHIP);
	it->op = (struct tw_story_op){.kind = kind, .addr = addr, .len = len};
	memcpy(it->new, it->chip, CHIP);
	for (uint32_t i = 0; i < len; i++)
		it->new[addr + i] = kind == TW_STORY_ERASE ? 0xff : (uint8_t)test_random(&seed);
	it->op.data = it->new + addr;
	it->op.data_len = kind == TW_STORY_ERASE ? 0 : len;
	return it;
}

/* Whether each bit is the old or the new one. */
static bool is_between(const struct cutting *it)
{
	for (unsigned i = 0; i < CHIP; i++)
		if ((it->chip[i] ^ it->old[i]) & (it->chip[i] ^ it->new[i]))
			return false;
	return true;
}

static void note(struct cutting *it)
{
	uint64_t digest = twinfs_digest(it->chip, CHIP).low;

	ck_assert(memcmp(it->chip, it->old, CHIP) != 0 && memcmp(it->chip, it->new, CHIP) != 0);
	for (unsigned i = 0; i < it->count; i++)
		ck_assert_msg(it->digests[i] != digest, "states %u and %u are the same", i,
			it->count);
	ck_assert_uint_lt(it->count, 8192);
	it->digests[it->count++] = digest;
}

static void go_through(struct cutting *it, struct tw_cuts *cuts)
{
	struct twinfs_cut cut;

	it->count = 0;
	ck_assert_int_eq(tw_cuts_begin(cuts, &rules, &it->op, 7, it->chip), 0);
	while (tw_cuts_next(cuts, &cut)) {
		ck_assert_uint_eq(cut.op, 7);
		ck_assert(cut.kind == TWINFS_CUT_NOISE || is_between(it));
		if (cut.kind == TWINFS_CUT_TORN && !cut.unit)
			ck_assert(!memcmp(it->chip + it->op.addr, it->new + it->op.addr,
					  cut.done) &&
				  !memcmp(it->chip + it->op.addr + cut.done,
					  it->old + it->op.addr + cut.done, it->op.len - cut.done));
		note(it);
	}
	ck_assert_int_eq(cuts->rc, 0);
	tw_cuts_end(cuts);
	ck_assert(!memcmp(it->chip, it->old, CHIP));
}

static const struct {
	enum tw_story_op_kind kind;
	uint32_t addr, len;
	unsigned least;
} operations[] = {
	{TW_STORY_PROGRAM, 0, 16, 15},
	{TW_STORY_PROGRAM, 4096 + 100, 40, 39},
	{TW_STORY_PROGRAM, 240, 700, 64},
	{TW_STORY_PROGRAM, 0, 4096, 64},
	{TW_STORY_ERASE, 4096, 4096, 12},
	{TW_STORY_ERASE, 0, 512, 12},
};

START_TEST(test_all_different)
{
	struct cutting *it = begin(operations[_i].kind, operations[_i].addr, operations[_i].len, 3);
	struct tw_cuts cuts = {0};
	unsigned count;

	go_through(it, &cuts);
	count = it->count;
	ck_assert_uint_ge(count, operations[_i].least);
	/* Once more, with the memory that there is: the same. */
	go_through(it, &cuts);
	ck_assert_uint_eq(it->count, count);
	tw_cuts_release(&cuts);
	free(it);
}
END_TEST

/* Where nothing changes there is nothing to be torn. */
START_TEST(test_no_change)
{
	struct cutting *it = begin(TW_STORY_PROGRAM, 64, 32, 1);
	struct tw_cuts cuts = {0};
	struct twinfs_cut cut;

	memset(it->new, 0xff, CHIP);
	ck_assert_int_eq(tw_cuts_begin(&cuts, &rules, &it->op, 0, it->chip), 0);
	ck_assert(!tw_cuts_next(&cuts, &cut));
	tw_cuts_end(&cuts);
	/* One byte that changes has no middle but its bits. */
	it->new[64 + 8] = 0x0f;
	ck_assert_int_eq(tw_cuts_begin(&cuts, &rules, &it->op, 0, it->chip), 0);
	while (tw_cuts_next(&cuts, &cut)) {
		ck_assert_int_eq(cut.kind, TWINFS_CUT_TORN);
		ck_assert_uint_gt(cut.unit, 0);
	}
	tw_cuts_end(&cuts);
	it->op.kind = TW_STORY_FLIP;
	ck_assert_int_eq(tw_cuts_begin(&cuts, &rules, &it->op, 0, it->chip), 0);
	ck_assert(!tw_cuts_next(&cuts, &cut));
	tw_cuts_end(&cuts);
	tw_cuts_release(&cuts);
	free(it);
}
END_TEST

START_TEST(test_words)
{
	static const char *const words[] = {"0", "1337", "1337:12", "1337:0+16.3", "12:~256.1",
		"12:*2", "end", "1337:12/4:7", "end/0", "5/6:1+1.0", "18446744073709551615"};
	static const char *const wrong[] = {"", "x", "1:", "1:2+", "1:2+3", "1:*", "1:~2", "-1",
		"1/", "end/", "1 ", " 1", "1:2:3", "18446744073709551616", "1:4294967296", "1/2/3"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct twinfs_crash crash;
		char text[TWINFS_CRASH_TEXT];

		ck_assert_int_eq(twinfs_crash_parse(words[i], &crash), 0);
		twinfs_crash_text(&crash, text);
		ck_assert_str_eq(text, words[i]);
		ck_assert_int_eq(twinfs_crash_compare(&crash, &crash), 0);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct twinfs_crash crash;

		ck_assert_msg(twinfs_crash_parse(wrong[i], &crash) == -EINVAL, "'%s'", wrong[i]);
	}
}
END_TEST

START_TEST(test_order)
{
	static const char *const rising[] = {"0", "0:1", "0:1+1.0", "0:2", "0:~256.0", "0:*0", "1",
		"end", "0/0", "0/1", "0:1/0", "end/0"};
	size_t count = sizeof(rising) / sizeof(*rising);

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < count; k++) {
			struct twinfs_crash a, b;
			int order;

			ck_assert_int_eq(twinfs_crash_parse(rising[i], &a), 0);
			ck_assert_int_eq(twinfs_crash_parse(rising[k], &b), 0);
			order = twinfs_crash_compare(&a, &b);
			ck_assert_msg((order > 0) - (order < 0) == (i > k) - (i < k), "%s, %s",
				rising[i], rising[k]);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cuts");
	TCase *tcase = tcase_create("cuts");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_all_different, 0, sizeof(operations) / sizeof(*operations));
	tcase_add_test(tcase, test_no_change);
	tcase_add_test(tcase, test_words);
	tcase_add_test(tcase, test_order);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
