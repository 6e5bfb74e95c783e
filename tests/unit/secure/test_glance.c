/* SPDX-License-Identifier: MIT */
/*
 * test_glance.c - units of SecureData of the same sight cannot be told apart.
 *
 * Stores are torn in many ways. Of two chips that differ in one unit, and there
 * have the same sight, one must tell what the other does: when opened, read and
 * checked, through more stores, and in the sights of all units afterwards.
 */
#include <check.h>
#include <inttypes.h>

#include "rig.h"

#define STORES     60
#define VARIANTS   24 /* of one torn operation */
#define FOLLOW_UPS 12

static const struct rig_shape shape = {4096, 16, 3};

struct tape {
	struct {
		uint64_t addr;
		uint32_t len;
		bool is_erase;
		uint8_t data[1100];
	} list[64];
	unsigned count;
};

static int record(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct tape *tape = ctx;

	(void)done;
	ck_assert_uint_lt(tape->count, 64);
	tape->list[tape->count].addr = op->addr;
	tape->list[tape->count].len = op->len;
	tape->list[tape->count].is_erase = op->kind == TWINFS_FLASH_ERASE;
	if (op->data)
		memcpy(tape->list[tape->count].data, op->data, op->len);
	tape->count++;
	return 0;
}

static void add(uint64_t *sum, uint64_t value)
{
	const uint64_t both[2] = {*sum, value};

	*sum = twinfs_digest(both, sizeof(both)).low;
}

static void add_finding(void *ctx, const struct twinfs_error *finding)
{
	add(ctx, finding->problem);
	add(ctx, finding->addr);
}

static void add_slots(struct rig *rig, uint64_t *sum)
{
	for (int slot = 1; slot <= SLOTS; slot++) {
		uint8_t got[1000] = {0};

		add(sum, (uint64_t)twinfs_secure_read(rig->secure, slot, got, sizeof(got)));
		add(sum, twinfs_digest(got, sizeof(got)).low);
	}
	add(sum, (uint64_t)twinfs_secure_check(rig->secure, add_finding, sum));
}

/* All that the chip at @bytes can be brought to tell. */
static uint64_t tell(struct rig *rig, const uint8_t *bytes, uint64_t seed)
{
	uint64_t sum = 0, random = seed, sight;
	int rc;

	memcpy(rig->bytes, bytes, rig->size);
	rc = rig_try_open(rig, NULL, NULL);
	add(&sum, (uint64_t)rc);
	if (rc)
		return sum;
	add_slots(rig, &sum);
	for (unsigned i = 0; i < FOLLOW_UPS; i++) {
		int slot = 1 + (int)(rig_random(&random) % SLOTS);
		uint8_t content[1000];

		memset(content, (int)rig_random(&random), sizeof(content));
		add(&sum, (uint64_t)twinfs_secure_store(rig->secure, slot, content,
				  rig_random(&random) % (twinfs_secure_capacity(slot) + 1)));
		if (i % 4 == 3)
			add_slots(rig, &sum);
	}
	for (uint64_t addr = 0; addr < rig->size; addr += shape.erase_size) {
		rc = twinfs_secure_glance(rig->flash, addr, &sight);
		add(&sum, rc ? (uint64_t)rc : sight);
	}
	return sum;
}

/* The operation as far as chance lets it get. */
static void tear(const struct tape *tape, unsigned op, uint8_t *bytes, uint64_t *random)
{
	uint8_t *cells = bytes + tape->list[op].addr;
	uint32_t len = tape->list[op].len, done = rig_random(random) % (len + 1);

	for (uint32_t i = 0; i < len; i++) {
		uint8_t now = tape->list[op].is_erase ? 0xff : tape->list[op].data[i] & cells[i];

		if (i < done)
			cells[i] = now;
		else if (i == done || rig_random(random) % 64 == 0)
			cells[i] ^= (uint8_t)((cells[i] ^ now) & rig_random(random));
	}
}

static void apply(const struct tape *tape, unsigned op, uint8_t *bytes)
{
	for (uint32_t i = 0; i < tape->list[op].len; i++) {
		uint8_t *cell = bytes + tape->list[op].addr + i;

		*cell = tape->list[op].is_erase ? 0xff : *cell & tape->list[op].data[i];
	}
}

/* Compares the ways to tear one operation; returns how many pairs there were. */
static unsigned compare(struct rig *rig, const struct tape *tape, unsigned op,
	const uint8_t *before, uint64_t *random)
{
	uint64_t unit = tape->list[op].addr / shape.erase_size * shape.erase_size;
	uint64_t sights[VARIANTS], told[VARIANTS], seed = *random;
	uint8_t *bytes = malloc(rig->size);
	unsigned pairs = 0;

	ck_assert_ptr_nonnull(bytes);
	for (unsigned i = 0; i < VARIANTS; i++) {
		memcpy(bytes, before, rig->size);
		tear(tape, op, bytes, random);
		memcpy(rig->bytes, bytes, rig->size);
		ck_assert_int_eq(twinfs_secure_glance(rig->flash, unit, &sights[i]), 0);
		told[i] = tell(rig, bytes, seed);
		for (unsigned k = 0; k < i; k++) {
			ck_assert_msg(sights[k] != sights[i] || told[k] == told[i],
				"variants %u and %u of an operation look the same, and differ", k,
				i);
			pairs += sights[k] == sights[i];
		}
	}
	free(bytes);
	return pairs;
}

START_TEST(test_equal_sights)
{
	uint64_t random = rig_seed();
	unsigned pairs = 0, operations = 0;
	uint8_t *before, *after;
	struct rig rig;

	rig_up(&rig, shape);
	before = malloc(rig.size);
	after = malloc(rig.size);
	ck_assert(before && after);
	memset(rig.bytes, 0xff, rig.size);
	for (unsigned i = 0; i < STORES; i++) {
		int slot = 1 + (int)(rig_random(&random) % SLOTS);
		uint8_t content[1000];
		struct tape *tape = calloc(1, sizeof(*tape));

		memcpy(before, rig.bytes, rig.size);
		memset(content, (int)i, sizeof(content));
		rig_open(&rig, NULL);
		ck_assert_ptr_nonnull(tape);
		rig_set_hook(&rig, record, tape);
		ck_assert_int_eq(twinfs_secure_store(rig.secure, slot, content,
					 rig_random(&random) % (twinfs_secure_capacity(slot) + 1)),
			TWINFS_SECURE_OK);
		rig_set_hook(&rig, NULL, NULL);
		memcpy(after, rig.bytes, rig.size);
		for (unsigned op = 0; op < tape->count; op++) {
			pairs += compare(&rig, tape, op, before, &random);
			apply(tape, op, before);
			operations++;
		}
		memcpy(rig.bytes, after, rig.size);
		free(tape);
	}
	ck_assert_uint_gt(pairs, 10 * operations);
	rig_down(&rig);
	free(before);
	free(after);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure_glance");
	TCase *tcase = tcase_create("secure_glance");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, test_equal_sights);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
