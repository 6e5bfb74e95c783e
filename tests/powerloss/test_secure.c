/* SPDX-License-Identifier: MIT */
/*
 * test_secure.c - cuts the power at every flash operation of a long series of
 * SecureData stores, whole and torn, and looks at what is left.
 *
 * A cut store is run from a copy of the chip as it was before that store, so
 * each cut point costs one store. After each cut: every slot is its old or its
 * new content, in the area and in each region alone; opening and reading
 * change no byte; the next store works and leaves nothing to mend. For a
 * sample of the cuts, that next store is cut at each of its operations, too.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <twinfs/secure.h>
#include <unistd.h>

#include "lib/tempdir.h"

#define SLOTS TWINFS_SECURE_SLOTS

/* How much of the cut operation takes place. */
enum tear {
	TEAR_NOTHING,
	TEAR_ONE_BYTE,
	TEAR_HEAD, /* of a record: the body is missing */
	TEAR_HALF,
	TEAR_ALL_BUT_ONE,
	TEAR_ALL,
	TEAR_GARBAGE, /* bits anywhere in the range */
	TEAR_COUNT,
};

struct cut {
	unsigned at; /* operations to let pass first */
	enum tear tear;
	uint8_t *bytes;
	bool fired;
};

struct state {
	int length[SLOTS + 1]; /* -1: never stored */
	uint8_t salt[SLOTS + 1];
};

struct bench {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	const char *key_file;
	uint8_t *bytes, *scratch, *after_cut, *before_store;
	uint64_t size;
	uint64_t random;
	unsigned long cuts, second_cuts;
};

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

/* ---- the cut ---- */

/* A torn program clears some of its bits, a torn erase leaves anything. */
static void scatter(const struct twinfs_flash_op *op, uint8_t *cells)
{
	uint64_t random = op->seq;

	for (uint32_t i = 0; i < op->len; i++) {
		uint8_t noise = (uint8_t)next_random(&random);

		cells[i] =
			(uint8_t)(op->data ? cells[i] & (op->data[i] | noise) : cells[i] | noise);
	}
}

static int cut_power(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct cut *cut = ctx;

	if (cut->at) {
		cut->at--;
		return 0;
	}
	cut->fired = true;
	switch (cut->tear) {
	case TEAR_NOTHING:
		break;
	case TEAR_ONE_BYTE:
		*done = 1;
		break;
	case TEAR_HEAD:
		*done = 22;
		break;
	case TEAR_HALF:
		*done = op->len / 2;
		break;
	case TEAR_ALL_BUT_ONE:
		*done = op->len - 1;
		break;
	case TEAR_ALL:
		*done = op->len;
		break;
	case TEAR_GARBAGE:
		scatter(op, cut->bytes + op->addr);
		break;
	case TEAR_COUNT:
		abort();
	}
	return -ESHUTDOWN;
}

/* ---- stores and what they should leave ---- */

struct step {
	int slot, length;
	uint8_t salt;
};

static struct step make_step(struct bench *bench, unsigned i)
{
	struct step step = {.salt = (uint8_t)(i + 1)};

	/* First every slot at its capacity, so that the log is as full as it gets. */
	step.slot = i < SLOTS ? (int)i + 1 : 1 + (int)(next_random(&bench->random) % SLOTS);
	step.length = (int)twinfs_secure_capacity(step.slot);
	if (i >= SLOTS && i % 3 == 0)
		step.length = (int)(next_random(&bench->random) % (uint32_t)(step.length + 1));
	return step;
}

static void fill(uint8_t *data, int length, uint8_t salt)
{
	uint64_t random = salt;

	for (int i = 0; i < length; i++)
		data[i] = (uint8_t)next_random(&random);
}

static int store(struct twinfs_secure *secure, struct step step)
{
	uint8_t data[1000];

	fill(data, step.length, step.salt);
	return twinfs_secure_store(secure, step.slot, data, step.length);
}

static void apply(struct state *state, struct step step)
{
	state->length[step.slot] = step.length;
	state->salt[step.slot] = step.salt;
}

static bool holds(struct twinfs_secure *secure, const struct state *state, int slot)
{
	uint8_t expected[1000], got[1000];
	int rc = twinfs_secure_read(secure, slot, got, sizeof(got));

	if (state->length[slot] < 0)
		return rc == TWINFS_SECURE_EMPTY;
	fill(expected, state->length[slot], state->salt[slot]);
	return rc == state->length[slot] && !memcmp(got, expected, (size_t)rc);
}

/* Every slot as in @old or as in @new, all of them; returns whether it is all of @new. */
static bool verify(struct twinfs_secure *secure, const struct state *old, const struct state *new,
	const char *where)
{
	bool is_new = true;

	for (int slot = 1; slot <= SLOTS; slot++) {
		bool now = holds(secure, new, slot);

		ck_assert_msg(now || holds(secure, old, slot), "%s: slot %d is neither old nor new",
			where, slot);
		is_new &= now;
	}
	return is_new;
}

static struct twinfs_secure *open_area(struct bench *bench)
{
	struct twinfs_secure *secure = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_secure_open(bench->flash, 0, bench->size, bench->key_file, &secure, &err);

	ck_assert_msg(!rc, "open: %d: %s", rc, err.text);
	return secure;
}

/* As verify(), on the area opened twice. */
static bool verify_opened(struct bench *bench, const struct state *old, const struct state *new,
	const char *where)
{
	struct twinfs_secure *secure = open_area(bench);
	bool is_new = verify(secure, old, new, where);

	twinfs_secure_close(secure);
	secure = open_area(bench);
	ck_assert_int_eq(verify(secure, old, new, where), is_new);
	twinfs_secure_close(secure);
	return is_new;
}

static void count_finding(void *ctx, const struct twinfs_error *finding)
{
	*(unsigned *)ctx += finding->problem == TWINFS_P_SECURE_MIRROR;
}

/* Each region with the other one erased. @bench->scratch gets the chip as it is. */
static void verify_regions(struct bench *bench, const struct state *old, const struct state *new)
{
	uint64_t half = bench->size / 2;

	memcpy(bench->scratch, bench->bytes, bench->size);
	for (unsigned i = 0; i < 2; i++) {
		memset(bench->bytes + (i ? 0 : half), 0xff, half);
		(void)verify_opened(bench, old, new, i ? "mirror alone" : "primary alone");
		memcpy(bench->bytes, bench->scratch, bench->size);
	}
}

/* A store with the power cut at @cut; returns false when it ended before that. */
static bool run_cut(struct bench *bench, struct twinfs_secure *secure, struct step step,
	struct cut *cut)
{
	const struct twinfs_flash_hook hook = {.before = cut_power, .ctx = cut};
	int rc;

	cut->bytes = bench->bytes;
	twinfs_flash_set_hook(bench->flash, &hook);
	rc = store(secure, step);
	twinfs_flash_set_hook(bench->flash, NULL);
	twinfs_flash_set_power(bench->flash, true);
	ck_assert_int_eq(rc, cut->fired ? TWINFS_SECURE_BAD : TWINFS_SECURE_OK);
	return cut->fired;
}

/* The store after the cut, on the object that lived through it or a new one. */
static void store_after(struct bench *bench, struct twinfs_secure *secure, const struct state *old,
	const struct state *new, struct step step)
{
	struct state old_next = *old, new_next = *new;
	unsigned lagging = 0;

	apply(&old_next, step);
	apply(&new_next, step);
	ck_assert_int_eq(store(secure, step), TWINFS_SECURE_OK);
	(void)verify(secure, &old_next, &new_next, "after the next store");
	ck_assert_int_eq(twinfs_secure_check(secure, count_finding, &lagging), 0);
	ck_assert_uint_eq(lagging, 0);
	verify_regions(bench, &old_next, &new_next);
}

/* Cuts the store after a cut at each of its operations. */
static void cut_again(struct bench *bench, const struct state *old, const struct state *new,
	struct step step)
{
	struct state old_next = *old, new_next = *new;

	apply(&old_next, step);
	apply(&new_next, step);
	for (unsigned at = 0;; at++) {
		struct cut cut = {
			.at = at, .tear = (enum tear)(next_random(&bench->random) % TEAR_COUNT)};
		struct twinfs_secure *secure;
		bool is_cut;

		memcpy(bench->bytes, bench->after_cut, bench->size);
		secure = open_area(bench);
		is_cut = run_cut(bench, secure, step, &cut);
		twinfs_secure_close(secure);
		if (!is_cut)
			return;
		bench->second_cuts++;
		secure = open_area(bench);
		for (int slot = 1; slot <= SLOTS; slot++)
			ck_assert_msg(holds(secure, old, slot) || holds(secure, new, slot) ||
					      holds(secure, &new_next, slot),
				"second cut: slot %d", slot);
		ck_assert_int_eq(store(secure, step), TWINFS_SECURE_OK);
		(void)verify(secure, &old_next, &new_next, "store after the second cut");
		twinfs_secure_close(secure);
		verify_regions(bench, &old_next, &new_next);
	}
}

static void look_after_cut(struct bench *bench, struct twinfs_secure *survivor,
	const struct state *old, const struct state *new)
{
	struct step step = {
		.slot = 1 + (int)(bench->cuts % SLOTS),
		.length = (int)twinfs_secure_capacity(1 + (int)(bench->cuts % SLOTS)),
		.salt = 200,
	};

	bool is_new;

	memcpy(bench->after_cut, bench->bytes, bench->size);
	is_new = verify_opened(bench, old, new, "after the cut");
	ck_assert_int_eq(verify(survivor, old, new, "after the cut, not reopened"), is_new);
	ck_assert_mem_eq(bench->bytes, bench->after_cut, bench->size);
	verify_regions(bench, old, new);
	if (bench->cuts % 2) {
		store_after(bench, survivor, old, new, step);
	} else {
		struct twinfs_secure *secure = open_area(bench);

		store_after(bench, secure, old, new, step);
		twinfs_secure_close(secure);
	}
	if (bench->cuts % 16 == 0)
		cut_again(bench, old, new, step);
}

/* Cuts one store at each of its operations, in every way. */
static void cut_store(struct bench *bench, const struct state *old, struct step step)
{
	struct state new = *old;
	bool is_cut = true;

	apply(&new, step);
	for (unsigned at = 0; is_cut; at++) {
		for (unsigned tear = 0; is_cut && tear < TEAR_COUNT; tear++) {
			struct cut cut = {.at = at, .tear = (enum tear)tear};
			struct twinfs_secure *secure;

			memcpy(bench->bytes, bench->before_store, bench->size);
			secure = open_area(bench);
			is_cut = run_cut(bench, secure, step, &cut);
			if (is_cut) {
				bench->cuts++;
				look_after_cut(bench, secure, old, &new);
			}
			twinfs_secure_close(secure);
		}
	}
}

static const struct {
	uint32_t erase_size, prog_size, units, stores;
	int fill; /* of the area before the first store; 256: noise */
	bool sealed;
} cases[] = {
	{4096, 1, 3, 140, 0xff, false},
	{4096, 1, 3, 100, 256, true},
	{4096, 256, 4, 80, 0x00, false},
	{4096, 16, 4, 200, 0xff, true},
	{2048, 32, 8, 180, 256, false},
};

static void bench_up(struct bench *bench, unsigned i)
{
	struct twinfs_flash_config config = {
		.geometry = {1, cases[i].prog_size, cases[i].erase_size},
		.strict = true,
	};

	*bench = (struct bench){.size = 2ull * cases[i].units * cases[i].erase_size, .random = i};
	ck_assert_int_eq(twinfs_image_memory(bench->size, &bench->image), 0);
	ck_assert_int_eq(twinfs_flash_new(bench->image, &config, &bench->flash, NULL), 0);
	bench->bytes = twinfs_image_bytes_writable(bench->image);
	bench->scratch = malloc(bench->size);
	bench->after_cut = malloc(bench->size);
	bench->before_store = malloc(bench->size);
	for (uint64_t k = 0; k < bench->size; k++)
		bench->bytes[k] = (uint8_t)(cases[i].fill < 256 ? cases[i].fill
								: (int)next_random(&bench->random));
}

static void bench_down(struct bench *bench)
{
	twinfs_flash_free(bench->flash);
	twinfs_image_close(bench->image);
	free(bench->scratch);
	free(bench->after_cut);
	free(bench->before_store);
}

/* The work goes on from the chip as the uncut store left it. */
START_TEST(every_operation_of_every_store)
{
	struct twinfs_flash_stats stats;
	struct bench bench;
	struct state state;
	uint64_t erases = 0;

	bench_up(&bench, (unsigned)_i);
	tempdir_make("key", 32, 42);
	ck_assert_int_eq(chmod("key", 0600), 0);
	bench.key_file = cases[_i].sealed ? "key" : NULL;
	memset(state.length, 0xff, sizeof(state.length));
	for (unsigned i = 0; i < cases[_i].stores; i++) {
		struct step step = make_step(&bench, i);
		struct twinfs_secure *secure;
		uint64_t before;

		memcpy(bench.before_store, bench.bytes, bench.size);
		cut_store(&bench, &state, step);
		memcpy(bench.bytes, bench.before_store, bench.size);
		twinfs_flash_stats(bench.flash, &stats);
		before = stats.erases;
		secure = open_area(&bench);
		ck_assert_int_eq(store(secure, step), TWINFS_SECURE_OK);
		twinfs_secure_close(secure);
		twinfs_flash_stats(bench.flash, &stats);
		erases += stats.erases - before;
		apply(&state, step);
	}
	ck_assert_uint_eq(stats.unerased_programs, 0);
	/* The log has gone around several times. */
	ck_assert_uint_gt(erases, 2ull * 3 * cases[_i].units);
	printf("# case %d: %lu cuts, %lu second cuts, %.1f rounds of the log\n", _i, bench.cuts,
		bench.second_cuts, (double)erases / 2 / cases[_i].units);
	bench_down(&bench);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("powerloss_secure");
	TCase *tc = tcase_create("cuts");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, tempdir_enter, tempdir_leave);
	tcase_add_loop_test(tc, every_operation_of_every_store, 0,
		sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
