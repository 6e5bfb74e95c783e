/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c - areas full of anything: every call ends, within bounds, and
 * opening and reading change no byte. Run it under sanitizers.
 */
#include "base/bytes.h"
#include "base/crc.h"
#include "rig.h"
#include "secure/record.h"

/* All calls on an area of any content; then stores must work if it opens at all. */
static int exercise(struct rig *rig, const char *key_file, uint8_t *before)
{
	struct twinfs_secure_slot slots[SLOTS];
	struct twinfs_error err = {0};
	uint8_t got[1000];
	int findings = 0;

	memcpy(before, rig->bytes, rig->size);
	if (rig_try_open(rig, key_file, &err)) {
		ck_assert_int_ne(err.problem, TWINFS_P_NONE);
		ck_assert_mem_eq(before, rig->bytes, rig->size);
		return 0;
	}
	for (int slot = 1; slot <= SLOTS; slot++)
		ck_assert_int_ge(twinfs_secure_read(rig->secure, slot, got, 1000), -2);
	twinfs_secure_list(rig->secure, slots);
	ck_assert_int_eq(twinfs_secure_check(rig->secure, rig_count, &findings), 0);
	ck_assert_mem_eq(before, rig->bytes, rig->size);
	for (int i = 0; i < 3; i++)
		if (!twinfs_secure_store(rig->secure, 1 + i, "hostile", 7)) {
			ck_assert_int_eq(twinfs_secure_read(rig->secure, 1 + i, got, 1000), 7);
			ck_assert_mem_eq(got, "hostile", 7);
		}
	return 1;
}

/* A good area, with churn in it, to start mutations from. */
static void make_good(struct rig *rig, const char *key_file)
{
	struct model model;

	memset(rig->bytes, 0xff, rig->size);
	rig_open(rig, NULL);
	model_clear(&model);
	for (int i = 0; i < 40; i++) {
		if (i == 8 && key_file)
			rig_open(rig, key_file);
		rig_store(rig, &model, 1 + 5 * i % SLOTS,
			(int)twinfs_secure_capacity(1 + 5 * i % SLOTS), (uint64_t)i);
	}
}

/* Makes the CRCs right again, so that the fields behind them are what is tested. */
static void mend_crcs(uint8_t *bytes, uint64_t size)
{
	for (uint64_t at = 0; at + 32 <= size; at += 16) {
		uint32_t crc = tw_crc32(0, bytes + at, 16), end;

		if (memcmp(bytes + at, "TdS", 3))
			continue;
		tw_put_le32(bytes + at + 16, crc);
		end = TW_RECORD_HEAD + tw_le16(bytes + at + 6) + (bytes[at + 5] & 1 ? 28 : 0);
		if (bytes[at + 3] == 'R' && tw_is_within(at, end + 4ull, size))
			tw_put_le32(bytes + at + end, tw_crc32(crc, bytes + at + 20, end - 20));
	}
}

static void mutate(uint8_t *bytes, uint64_t size, uint64_t *random)
{
	unsigned count = 1 + rig_random(random) % 40;

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = rig_random(random) % size, from = rig_random(random) % size;
		uint64_t len = rig_random(random) % 64;

		switch (rig_random(random) % 6) {
		case 0:
			bytes[at] ^= (uint8_t)(1u << rig_random(random) % 8);
			break;
		case 1:
			bytes[at] = (uint8_t)rig_random(random);
			break;
		case 2: /* the fields of a record or header */
			at = at / 16 * 16 + 4 + rig_random(random) % 12;
			bytes[at % size] = (uint8_t)rig_random(random);
			break;
		case 3: /* a piece of it elsewhere */
			if (tw_is_within(at / 16 * 16, len, size) && tw_is_within(from, len, size))
				memmove(bytes + at / 16 * 16, bytes + from / 16 * 16, len);
			break;
		case 4: /* a unit elsewhere */
			memmove(bytes + at / 4096 * 4096, bytes + from / 4096 * 4096, 4096);
			break;
		default:
			if (tw_is_within(at, len, size))
				memset(bytes + at, rig_random(random) & 1 ? 0xff : 0, len);
		}
	}
}

static void run_mutations(const char *key_file, unsigned rounds)
{
	uint64_t random = rig_seed();
	uint8_t *good, *before;
	struct rig rig;
	int opened = 0;

	rig_up(&rig, plain_shape);
	good = malloc(rig.size);
	before = malloc(rig.size);
	make_good(&rig, key_file);
	memcpy(good, rig.bytes, rig.size);
	for (unsigned i = 0; i < rounds; i++) {
		memcpy(rig.bytes, good, rig.size);
		mutate(rig.bytes, rig.size, &random);
		if (i & 1)
			mend_crcs(rig.bytes, rig.size);
		opened += exercise(&rig, key_file, before);
	}
	printf("# %u mutations, %d opened\n", rounds, opened);
	ck_assert_int_gt(opened, (int)rounds / 4);
	free(good);
	free(before);
	rig_down(&rig);
}

START_TEST(mutations)
{
	run_mutations(NULL, 4000);
}
END_TEST

START_TEST(mutations_sealed)
{
	rig_key_file("key", 1);
	run_mutations("key", 2000);
}
END_TEST

/* Random bytes behind right headers, and records with random fields behind right CRCs. */
START_TEST(random_bytes)
{
	uint64_t random = rig_seed();
	uint8_t *before;
	struct rig rig;

	rig_up(&rig, plain_shape);
	before = malloc(rig.size);
	for (unsigned round = 0; round < 2000; round++) {
		for (uint64_t i = 0; i < rig.size; i++)
			rig.bytes[i] = (uint8_t)rig_random(&random);
		for (uint64_t at = 0; round % 4 && at < rig.size; at += 4096)
			tw_unit_head_put(rig.bytes + at,
				&(struct tw_unit_head){1, 4096, 16u << rig_random(&random) % 9,
					rig_random(&random)});
		for (unsigned i = 0; round % 4 > 1 && i < 300; i++) {
			uint64_t at = rig_random(&random) % (rig.size - 32) / 16 * 16;

			memcpy(rig.bytes + at, "TdSR", 4);
			if (round % 4 == 3)
				tw_put_le32(rig.bytes + at + 4, 1 + i % SLOTS);
		}
		if (round % 4 > 1)
			mend_crcs(rig.bytes, rig.size);
		(void)exercise(&rig, NULL, before);
	}
	free(before);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure_hostile");
	TCase *tc = tcase_create("hostile");

	tcase_add_checked_fixture(tc, tempdir_enter, tempdir_leave);
	tcase_add_test(tc, mutations);
	tcase_add_test(tc, mutations_sealed);
	tcase_add_test(tc, random_bytes);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
