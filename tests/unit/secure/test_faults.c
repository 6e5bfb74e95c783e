/* SPDX-License-Identifier: MIT */
/*
 * test_faults.c - chips that fail: errors, programs and erases that do
 * nothing, cells that decay. One good region must be enough.
 */
#include "rig.h"
#include "secure/record.h"

struct fault {
	uint64_t addr, end; /* operations in [addr, end) ... */
	bool programs, erases;
	int code; /* ... give this; 0: they do nothing and claim success */
	uint32_t done;
	unsigned after; /* the first so many are spared */
	unsigned fired;
};

static int fail_in_range(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct fault *fault = ctx;

	if (op->addr < fault->addr || op->addr >= fault->end)
		return 0;
	if (op->kind == TWINFS_FLASH_PROGRAM ? !fault->programs : !fault->erases)
		return 0;
	if (fault->after) {
		fault->after--;
		return 0;
	}
	fault->fired++;
	*done = fault->done;
	return fault->code;
}

/* Fills, then lets one region fail in the way of row _i while stores go on; then it heals. */
static const struct {
	bool programs, erases;
	uint32_t done;
} ways[] = {
	{true, true, 0},
	{true, false, 0},
	{false, true, 0},
	{true, false, 10},
	{true, false, 40},
	{true, false, 5000},
	{false, true, 10},
	{false, true, 5000},
};

static void one_region_fails(unsigned way, uint64_t addr)
{
	struct fault fault = {
		.addr = addr,
		.end = addr + 12288,
		.programs = ways[way].programs,
		.erases = ways[way].erases,
		.code = -EIO,
		.done = ways[way].done,
		.after = ways[way].programs ? 5 : 0,
	};
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	for (int slot = 1; slot <= SLOTS; slot++)
		rig_store(&rig, &model, slot, (int)twinfs_secure_capacity(slot), 1);
	rig_set_hook(&rig, fail_in_range, &fault);
	for (int i = 0; i < 60; i++) {
		rig_store(&rig, &model, 1 + 7 * i % SLOTS, 40, (uint64_t)i);
		rig_verify(&rig, &model);
		if (i % 8 == 0)
			rig_open(&rig, NULL);
		rig_verify(&rig, &model);
	}
	ck_assert_uint_gt(fault.fired, 0);
	rig_set_hook(&rig, NULL, NULL);
	for (int i = 0; i < 30; i++) {
		rig_store(&rig, &model, 16, 1000, (uint64_t)i);
		rig_verify(&rig, &model);
	}
	ck_assert_int_eq(rig_check(&rig), 0);
	/* Mended means: the region that failed is enough. */
	memset(rig.bytes + (addr ? 0 : 12288), 0xff, 12288);
	rig_open(&rig, NULL);
	rig_verify(&rig, &model);
	rig_down(&rig);
}

START_TEST(primary_fails)
{
	one_region_fails((unsigned)_i, 0);
}
END_TEST

START_TEST(mirror_fails)
{
	one_region_fails((unsigned)_i, 12288);
}
END_TEST

/* Both fail: -1 and the old content, or, if it is on the chip all the same, success. */
START_TEST(both_fail)
{
	static const uint32_t done[] = {0, 10, 40, 5000};
	struct fault fault = {
		.end = 24576,
		.programs = true,
		.erases = true,
		.code = -EIO,
		.done = done[_i],
	};
	uint8_t data[52] = "new", got[52];
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	rig_set_hook(&rig, fail_in_range, &fault);
	if (done[_i] < 5000) {
		for (int i = 0; i < 10; i++)
			ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, data, 52), -1);
	} else {
		ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, data, 52), 0);
		memcpy(model_at(&model, 1), data, 52);
	}
	rig_verify(&rig, &model);
	rig_set_hook(&rig, NULL, NULL);
	rig_open(&rig, NULL);
	rig_verify(&rig, &model);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, data, 52), 0);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 52), 52);
	ck_assert_mem_eq(got, data, 52);
	rig_down(&rig);
}
END_TEST

/* The primary has the new record although it said it failed, the mirror has nothing: success. */
static int fail_but_land(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	(void)ctx;
	*done = op->addr < 12288 && op->kind == TWINFS_FLASH_PROGRAM ? op->len : 0;
	return -EIO;
}

START_TEST(failed_but_there)
{
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	rig_set_hook(&rig, fail_but_land, NULL);
	rig_store(&rig, &model, 1, 52, 2);
	rig_verify(&rig, &model);
	rig_set_hook(&rig, NULL, NULL);
	rig_open(&rig, NULL);
	rig_verify(&rig, &model);
	rig_down(&rig);
}
END_TEST

/* One program fails in each region: each goes on in its next unit. */
static int fail_once_each(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	unsigned *failed = ctx, region = op->addr < 12288 ? 1 : 2;

	(void)done;
	if (op->kind != TWINFS_FLASH_PROGRAM || *failed & region)
		return 0;
	*failed |= region;
	return -EIO;
}

START_TEST(one_program_fails)
{
	unsigned failed = 0;
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	rig_set_hook(&rig, fail_once_each, &failed);
	rig_store(&rig, &model, 1, 52, 2);
	ck_assert_uint_eq(failed, 3);
	rig_verify(&rig, &model);
	ck_assert_int_eq(rig_check(&rig), 0);
	rig_down(&rig);
}
END_TEST

/* Cells that stay 0: the chip says success, what is read back says otherwise. */
struct weak_cells {
	uint8_t *bytes;
	uint64_t addr, end; /* programs in here come out wrong ... */
	unsigned count;     /* ... so many times */
};

static int clear_a_cell(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct weak_cells *weak = ctx;

	(void)done;
	if (op->kind != TWINFS_FLASH_PROGRAM || op->addr < weak->addr || op->addr >= weak->end ||
		!weak->count)
		return 0;
	weak->count--;
	weak->bytes[op->addr + 21] = 0;
	return 0;
}

START_TEST(chip_lies)
{
	struct weak_cells weak = {.end = 12288, .count = 1};
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	weak.bytes = rig.bytes;
	rig_set_hook(&rig, clear_a_cell, &weak);
	rig_store(&rig, &model, 1, 52, 2);
	ck_assert_uint_eq(weak.count, 0);
	/* The primary noticed, and alone is enough. */
	memset(rig.bytes + 12288, 0xff, 12288);
	rig_open(&rig, NULL);
	rig_verify(&rig, &model);
	weak = (struct weak_cells){.bytes = rig.bytes, .end = 24576, .count = 1000};
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "none", 4), TWINFS_SECURE_BAD);
	rig_verify(&rig, &model);
	rig_open(&rig, NULL);
	rig_verify(&rig, &model);
	rig_down(&rig);
}
END_TEST

/* Both copies of the newest record decay under an open area: the one before it answers. */
START_TEST(both_copies_decay)
{
	struct model model, older;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	older = model;
	rig_store(&rig, &model, 1, 51, 2);
	for (unsigned region = 0; region < 2; region++) {
		uint8_t *at = memmem(rig.bytes + 12288 * region, 12288, model_at(&model, 1), 51);

		ck_assert_ptr_nonnull(at);
		*at ^= 1;
	}
	rig_verify(&rig, &older);
	rig_open(&rig, NULL);
	rig_verify(&rig, &older);
	rig_store(&rig, &older, 1, 50, 3);
	rig_verify(&rig, &older);
	rig_down(&rig);
}
END_TEST

/*
 * A region in which no unit can be reclaimed: each holds what no other does,
 * and none has a clean tail. The other region has it all, so one may go.
 */
START_TEST(nothing_to_reclaim)
{
	uint64_t damaged = _i ? 12288 : 0;
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	for (unsigned unit = 0; unit < 6; unit++) {
		struct tw_record record = {1 + unit % 3, false, 4, 1 + unit % 3};
		uint8_t *cells = rig.bytes + 4096 * unit;

		tw_unit_head_put(cells, &(struct tw_unit_head){1, 4096, 16, unit % 3});
		tw_record_put_head(cells + 32, &record);
		memcpy(cells + 32 + TW_RECORD_HEAD, "text", 4);
		tw_record_put_tail(cells + 32, &record);
		if (unit / 3 == (unsigned)_i)
			cells[4095] = 0;
	}
	rig_open(&rig, NULL);
	model_clear(&model);
	for (int slot = 1; slot <= 3; slot++) {
		model.length[slot] = 4;
		memcpy(model_at(&model, slot), "text", 4);
	}
	rig_verify(&rig, &model);
	for (int i = 0; i < 3; i++)
		rig_store(&rig, &model, 4, 52, (uint64_t)i);
	rig_verify(&rig, &model);
	memset(rig.bytes + 12288 - damaged, 0xff, 12288);
	rig_open(&rig, NULL);
	rig_verify(&rig, &model);
	rig_down(&rig);
}
END_TEST

/* The hook cannot claim success, so a stuck unit is played by cells that never change. */
struct stuck {
	uint8_t *bytes;
	uint64_t addr;
	uint8_t kept[4096];
};

static int restore_stuck(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct stuck *stuck = ctx;

	(void)op;
	(void)done;
	memcpy(stuck->bytes + stuck->addr, stuck->kept, sizeof(stuck->kept));
	return 0;
}

/* A unit forgets what was written as soon as the next operation begins. */
START_TEST(unit_forgets)
{
	struct stuck stuck = {.addr = 4096ull * (unsigned)_i};
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	for (int slot = 1; slot <= SLOTS; slot++)
		rig_store(&rig, &model, slot, (int)twinfs_secure_capacity(slot), 1);
	stuck.bytes = rig.bytes;
	memcpy(stuck.kept, rig.bytes + stuck.addr, sizeof(stuck.kept));
	rig_set_hook(&rig, restore_stuck, &stuck);
	for (int i = 0; i < 60; i++) {
		rig_store(&rig, &model, 1 + 7 * i % SLOTS, 40, (uint64_t)i);
		rig_verify(&rig, &model);
		rig_open(&rig, NULL);
		rig_verify(&rig, &model);
	}
	rig_set_hook(&rig, NULL, NULL);
	rig_down(&rig);
}
END_TEST

/* Decay under an open area: the other region answers, the next store mends. */
START_TEST(cells_decay)
{
	uint64_t random = rig_seed();
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	for (int slot = 1; slot <= SLOTS; slot++)
		rig_store(&rig, &model, slot, (int)twinfs_secure_capacity(slot), 1);
	for (int i = 0; i < 500; i++) {
		uint64_t region = 12288ull * (i & 1);

		for (int bits = 0; bits < 1 << i % 10; bits++)
			rig.bytes[region + rig_random(&random) % 12288] ^=
				(uint8_t)(1u << rig_random(&random) % 8);
		if (i & 2)
			rig_open(&rig, NULL);
		rig_verify(&rig, &model);
		rig_store(&rig, &model, 1 + i % SLOTS, 30, (uint64_t)i);
		rig_verify(&rig, &model);
		memset(rig.bytes + 12288 - region, 0xff, 12288);
		rig_open(&rig, NULL);
		rig_verify(&rig, &model);
		rig_store(&rig, &model, 1, 1, 1);
	}
	rig_down(&rig);
}
END_TEST

static int fail_reads(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	const struct fault *fault = ctx;

	(void)done;
	return op->kind == TWINFS_FLASH_READ && op->addr >= fault->addr && op->addr < fault->end
		       ? fault->code
		       : 0;
}

START_TEST(region_cannot_be_read)
{
	struct fault fault = {.addr = _i ? 12288 : 0, .end = _i ? 24576 : 12288, .code = -EIO};
	struct twinfs_error err = {0};
	struct model model;
	struct rig rig;
	uint8_t got[52];

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	rig_set_hook(&rig, fail_reads, &fault);
	rig.hook.reads = true;
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 52), 52);
	rig_open(&rig, NULL);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 52), 52);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 2, got, 52), TWINFS_SECURE_BAD);
	ck_assert_int_eq(rig_check(&rig), 1);
	rig_store(&rig, &model, 1, 51, 2);
	rig_store(&rig, &model, 2, 50, 3);
	fault = (struct fault){.end = 24576, .code = -EIO};
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 52), TWINFS_SECURE_BAD);
	ck_assert_int_eq(rig_try_open(&rig, NULL, &err), -EIO);
	ck_assert_msg(strstr(err.text, "cannot be read"), "'%s'", err.text);
	rig_set_hook(&rig, NULL, NULL);
	rig_open(&rig, NULL);
	rig_verify(&rig, &model);
	rig_store(&rig, &model, 3, 50, 3);
	ck_assert_int_eq(rig_check(&rig), 0);
	rig_down(&rig);
}
END_TEST

START_TEST(power_off)
{
	struct twinfs_secure_slot slots[SLOTS];
	struct model model;
	struct rig rig;
	uint8_t got[52];
	int count = 0;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	twinfs_flash_set_power(rig.flash, false);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "x", 1), TWINFS_SECURE_BAD);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 52), TWINFS_SECURE_BAD);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 2, got, 52), TWINFS_SECURE_BAD);
	ck_assert_int_eq(twinfs_secure_check(rig.secure, rig_count, &count), -ESHUTDOWN);
	twinfs_secure_list(rig.secure, slots);
	ck_assert_uint_eq(slots[0].length, 52);
	twinfs_flash_set_power(rig.flash, true);
	rig_verify(&rig, &model);
	ck_assert_int_eq(rig_check(&rig), 0);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure_faults");
	TCase *tc = tcase_create("faults");
	int count = sizeof(ways) / sizeof(ways[0]);

	tcase_add_loop_test(tc, primary_fails, 0, count);
	tcase_add_loop_test(tc, mirror_fails, 0, count);
	tcase_add_loop_test(tc, both_fail, 0, 4);
	tcase_add_test(tc, failed_but_there);
	tcase_add_test(tc, one_program_fails);
	tcase_add_test(tc, chip_lies);
	tcase_add_test(tc, both_copies_decay);
	tcase_add_loop_test(tc, nothing_to_reclaim, 0, 2);
	tcase_add_loop_test(tc, unit_forgets, 0, 6);
	tcase_add_test(tc, cells_decay);
	tcase_add_loop_test(tc, region_cannot_be_read, 0, 2);
	tcase_add_test(tc, power_off);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
