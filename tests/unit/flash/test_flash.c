/* SPDX-License-Identifier: MIT */
/* test_flash.c - what a NOR chip does and refuses. */
#include <errno.h>
#include <string.h>
#include <twinfs/flash.h>

#include "lib/suite.h"

enum {
	SIZE = 64 * 1024,
	UNIT = 4096,
};

struct rig {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
};

static struct rig new_rig(bool strict)
{
	struct twinfs_flash_config config = {
		.geometry = {1, 16, UNIT},
		.timing = {.page_size = 256, .program_page_ns = 500, .erase_unit_ns = 45000},
		.strict = strict,
	};
	struct rig rig;

	ck_assert_int_eq(twinfs_image_memory(SIZE, &rig.image), 0);
	ck_assert_int_eq(twinfs_flash_new(rig.image, &config, &rig.flash, NULL), 0);
	return rig;
}

static void free_rig(struct rig *rig)
{
	twinfs_flash_free(rig->flash);
	twinfs_image_close(rig->image);
}

static const uint8_t *at(struct rig *rig, uint64_t addr)
{
	const uint8_t *data;

	ck_assert_int_eq(twinfs_flash_read(rig->flash, addr, 1, &data), 0);
	return data;
}

START_TEST(programming_clears_bits_and_never_sets_one)
{
	struct rig rig = new_rig(false);
	uint8_t data[16];

	memset(data, 0xf0, sizeof(data));
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 32, data, sizeof(data)), 0);
	ck_assert_uint_eq(*at(&rig, 32), 0xf0);
	memset(data, 0x3c, sizeof(data));
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 32, data, sizeof(data)), 0);
	ck_assert_uint_eq(*at(&rig, 32), 0x30);
	ck_assert_uint_eq(*at(&rig, 31), 0xff);
	ck_assert_uint_eq(*at(&rig, 48), 0xff);
	free_rig(&rig);
}
END_TEST

START_TEST(a_strict_chip_refuses_cells_that_are_not_erased)
{
	struct rig rig = new_rig(true);
	struct twinfs_flash_stats stats;
	uint8_t data[16] = {0};

	ck_assert_int_eq(twinfs_flash_program(rig.flash, 0, data, 16), 0);
	memset(data, 0x01, sizeof(data));
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 0, data, 16), -EIO);
	ck_assert_uint_eq(*at(&rig, 0), 0);
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(stats.unerased_programs, 1);
	ck_assert_uint_eq(stats.programs, 1);
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, 0, UNIT), 0);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 0, data, 16), 0);
	free_rig(&rig);
}
END_TEST

START_TEST(operations_are_numbered_and_timed)
{
	struct rig rig = new_rig(true);
	struct twinfs_flash_stats stats;
	uint8_t data[512] = {0};

	ck_assert_int_eq(twinfs_flash_erase(rig.flash, UNIT, 2 * UNIT), 0);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, UNIT, data, 272), 0);
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(stats.seq, 3);
	ck_assert_uint_eq(stats.erases, 2);
	ck_assert_uint_eq(stats.programs, 1);
	ck_assert_uint_eq(stats.program_bytes, 272);
	ck_assert_uint_eq(stats.busy_ns, 2 * 45000 + 2 * 500);
	ck_assert_uint_eq(twinfs_flash_wear(rig.flash, 0), 0);
	ck_assert_uint_eq(twinfs_flash_wear(rig.flash, 1), 1);
	ck_assert_uint_eq(twinfs_flash_wear(rig.flash, 2), 1);
	ck_assert_uint_eq(twinfs_flash_wear(rig.flash, SIZE), 0);
	ck_assert_uint_eq(twinfs_flash_units(rig.flash), SIZE / UNIT);
	free_rig(&rig);
}
END_TEST

START_TEST(ranges_and_alignment_are_checked)
{
	struct rig rig = new_rig(true);
	const uint8_t *data;
	uint8_t junk[UNIT] = {0};

	ck_assert_int_eq(twinfs_flash_read(rig.flash, SIZE - 1, 2, &data), -EINVAL);
	ck_assert_int_eq(twinfs_flash_read(rig.flash, UINT64_MAX, 2, &data), -EINVAL);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 8, junk, 16), -EINVAL);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 16, junk, 8), -EINVAL);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, SIZE, junk, 16), -EINVAL);
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, 16, UNIT), -EINVAL);
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, 0, UNIT - 16), -EINVAL);
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, SIZE - UNIT, 2 * UNIT), -EINVAL);
	free_rig(&rig);
}
END_TEST

START_TEST(geometries_that_make_no_sense_are_refused)
{
	static const struct twinfs_flash_geometry bad[] = {{1, 16, 0}, {1, 0, 4096}, {0, 16, 4096},
		{1, 16, 3000}, {1, 48, 4096}, {3, 16, 4096}};
	struct twinfs_image *image;
	struct twinfs_flash *flash;

	ck_assert_int_eq(twinfs_image_memory(SIZE, &image), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct twinfs_flash_config config = {.geometry = bad[i]};
		struct twinfs_error err = {0};

		ck_assert_int_eq(twinfs_flash_new(image, &config, &flash, &err), -EINVAL);
		ck_assert_int_eq(err.problem, TWINFS_P_FLASH_GEOMETRY);
	}
	twinfs_image_close(image);
}
END_TEST

struct cut {
	uint64_t seq;
	uint32_t done;
	int code;
};

static int cut_at(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	const struct cut *cut = ctx;

	if (op->seq != cut->seq)
		return 0;
	*done = cut->done;
	return cut->code;
}

START_TEST(a_cut_tears_the_operation_and_ends_the_power)
{
	struct rig rig = new_rig(true);
	struct cut cut = {.seq = 2, .done = 5, .code = -ESHUTDOWN};
	struct twinfs_flash_hook hook = {.before = cut_at, .ctx = &cut};
	const uint8_t *data;
	uint8_t zero[16] = {0};

	twinfs_flash_set_hook(rig.flash, &hook);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 0, zero, 16), 0);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 16, zero, 16), -ESHUTDOWN);
	ck_assert(!twinfs_flash_has_power(rig.flash));
	ck_assert_int_eq(twinfs_flash_read(rig.flash, 0, 1, &data), -ESHUTDOWN);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 64, zero, 16), -ESHUTDOWN);
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, 0, UNIT), -ESHUTDOWN);
	twinfs_flash_set_power(rig.flash, true);
	ck_assert_uint_eq(*at(&rig, 20), 0x00);
	ck_assert_uint_eq(*at(&rig, 21), 0xff);
	ck_assert_uint_eq(*at(&rig, 64), 0xff);
	free_rig(&rig);
}
END_TEST

START_TEST(a_torn_erase_leaves_the_rest)
{
	struct rig rig = new_rig(true);
	struct cut cut = {.seq = 2, .done = 100, .code = -EIO};
	struct twinfs_flash_hook hook = {.before = cut_at, .ctx = &cut};
	uint8_t zero[UNIT] = {0};

	twinfs_flash_set_hook(rig.flash, &hook);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 0, zero, UNIT), 0);
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, 0, UNIT), -EIO);
	ck_assert(twinfs_flash_has_power(rig.flash));
	ck_assert_uint_eq(*at(&rig, 99), 0xff);
	ck_assert_uint_eq(*at(&rig, 100), 0x00);
	free_rig(&rig);
}
END_TEST

/* A hook that lets everything happen, and one that is not there, are the same. */
/* In two parts, which do not end at a program unit. */
static int rewrite(struct twinfs_flash *flash, uint64_t addr, uint64_t size, uint8_t *data,
	uint32_t len)
{
	uint32_t first = len / 3;
	struct iovec parts[2] = {{data, first}, {data + first, len - first}};

	return twinfs_flash_rewrite(flash, addr, size, parts, 2, len);
}

START_TEST(a_rewrite_is_an_erase_and_a_program)
{
	struct cut never = {0};
	struct twinfs_flash_hook hook = {.before = cut_at, .ctx = &never};
	struct twinfs_flash_stats stats[2];
	struct rig rigs[2];
	uint8_t data[UNIT] = {0};

	for (int i = 0; i < 2; i++) {
		rigs[i] = new_rig(true);
		twinfs_flash_set_hook(rigs[i].flash, i ? &hook : NULL);
		memset(data, 0x11, sizeof(data));
		ck_assert_int_eq(twinfs_flash_program(rigs[i].flash, UNIT, data, UNIT), 0);
		memset(data, 0x22, sizeof(data));
		ck_assert_int_eq(rewrite(rigs[i].flash, UNIT, 2 * UNIT, data, 272), 0);
		twinfs_flash_stats(rigs[i].flash, &stats[i]);
		ck_assert_int_eq(rewrite(rigs[i].flash, 7, UNIT, data, 16), -EINVAL);
		ck_assert_int_eq(rewrite(rigs[i].flash, 0, UNIT, data, 15), -EINVAL);
		ck_assert_int_eq(rewrite(rigs[i].flash, 0, 16, data, UNIT), -EINVAL);
		ck_assert_int_eq(rewrite(rigs[i].flash, SIZE, UNIT, data, 16), -EINVAL);
		ck_assert_uint_eq(twinfs_flash_wear(rigs[i].flash, 2), 1);
	}
	ck_assert_mem_eq(&stats[0], &stats[1], sizeof(stats[0]));
	ck_assert_uint_eq(stats[0].seq, 4);
	ck_assert_mem_eq(at(&rigs[0], 0), at(&rigs[1], 0), SIZE);
	ck_assert_uint_eq(*at(&rigs[0], UNIT + 271), 0x22);
	ck_assert_uint_eq(*at(&rigs[0], UNIT + 272), 0xff);
	free_rig(&rigs[0]);
	free_rig(&rigs[1]);
}
END_TEST

START_TEST(a_rewrite_can_be_cut_between)
{
	struct rig rig = new_rig(true);
	struct cut cut = {.seq = 2, .done = 3, .code = -ESHUTDOWN};
	struct twinfs_flash_hook hook = {.before = cut_at, .ctx = &cut};
	uint8_t zero[16] = {0};

	twinfs_flash_set_hook(rig.flash, &hook);
	ck_assert_int_eq(rewrite(rig.flash, 0, UNIT, zero, 16), -ESHUTDOWN);
	ck_assert_int_eq(rewrite(rig.flash, 0, UNIT, zero, 16), -ESHUTDOWN);
	twinfs_flash_set_hook(rig.flash, NULL);
	ck_assert_int_eq(rewrite(rig.flash, 0, UNIT, zero, 16), -ESHUTDOWN);
	twinfs_flash_set_power(rig.flash, true);
	ck_assert_uint_eq(*at(&rig, 2), 0x00);
	ck_assert_uint_eq(*at(&rig, 3), 0xff);
	free_rig(&rig);
}
END_TEST

struct witness {
	struct twinfs_flash *flash;
	unsigned asked, told;
	uint32_t done;
	int rc;
	uint8_t cell;
	uint64_t time_ns;
};

static int count_asked(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct witness *witness = ctx;

	witness->asked++;
	witness->time_ns = op->time_ns;
	*done = op->len; /* means nothing together with 0 */
	return 0;
}

static void note_end(void *ctx, const struct twinfs_flash_op *op, uint32_t done, int rc,
	const uint8_t *cells)
{
	struct witness *witness = ctx;

	(void)op;
	witness->told++;
	witness->done = done;
	witness->rc = rc;
	witness->cell = cells[0];
}

START_TEST(a_hook_may_pretend_and_the_next_one_sees_it)
{
	struct rig rig = new_rig(true);
	struct cut lie = {.seq = 1, .done = 4, .code = TWINFS_FLASH_PRETEND};
	struct witness witness = {0};
	struct twinfs_flash_hook second = {
		.before = count_asked, .after = note_end, .ctx = &witness};
	struct twinfs_flash_hook first = {.before = cut_at, .ctx = &lie, .next = &second};
	uint8_t zero[16] = {0};

	twinfs_flash_set_hook(rig.flash, &first);
	ck_assert(!twinfs_flash_watches_reads(rig.flash));
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 0, zero, 16), 0);
	ck_assert_uint_eq(*at(&rig, 3), 0x00);
	ck_assert_uint_eq(*at(&rig, 4), 0xff);
	ck_assert_uint_eq(witness.asked, 0); /* the first one had decided */
	ck_assert_uint_eq(witness.told, 1);
	ck_assert_uint_eq(witness.done, 4);
	ck_assert_int_eq(witness.rc, 0);
	ck_assert_uint_eq(witness.cell, 0);
	ck_assert_int_eq(twinfs_flash_program(rig.flash, 16, zero, 16), 0);
	ck_assert_uint_eq(witness.asked, 1);
	ck_assert_uint_eq(witness.time_ns, 500);
	ck_assert_uint_eq(witness.done, 16);
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, 0, UNIT), 0);
	ck_assert_uint_eq(witness.told, 3);
	ck_assert_uint_eq(witness.cell, 0xff);
	free_rig(&rig);
}
END_TEST

static const uint8_t other_cells[16] = "something else.";

static const uint8_t *show_other(void *ctx, const struct twinfs_flash_op *op, const uint8_t *cells)
{
	(void)ctx;
	return op->addr == 64 ? other_cells : cells;
}

START_TEST(a_hook_may_show_other_cells)
{
	struct rig rig = new_rig(true);
	struct witness witness = {0};
	struct twinfs_flash_hook second = {.before = count_asked, .ctx = &witness};
	struct twinfs_flash_hook first = {.seen = show_other, .reads = true, .next = &second};

	twinfs_flash_set_hook(rig.flash, &first);
	ck_assert(twinfs_flash_watches_reads(rig.flash));
	ck_assert_uint_eq(*at(&rig, 64), 's');
	ck_assert_uint_eq(*at(&rig, 65), 0xff);
	ck_assert_uint_eq(witness.asked, 0); /* it did not ask for reads */
	twinfs_flash_set_hook(rig.flash, NULL);
	ck_assert_uint_eq(*at(&rig, 64), 0xff);
	free_rig(&rig);
}
END_TEST

/* A defect changes cells, and nothing that is counted. */
START_TEST(cells_can_be_disturbed_and_time_spent)
{
	struct rig rig = new_rig(true);
	struct twinfs_flash_stats stats;

	ck_assert_int_eq(twinfs_flash_disturb(rig.flash, 7, 0x81), 0);
	ck_assert_uint_eq(*at(&rig, 7), 0x7e);
	ck_assert_int_eq(twinfs_flash_disturb(rig.flash, 7, 0x80), 0);
	ck_assert_uint_eq(*at(&rig, 7), 0xfe);
	ck_assert_int_eq(twinfs_flash_disturb(rig.flash, SIZE, 1), -EINVAL);
	twinfs_flash_spend(rig.flash, 12345);
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(stats.seq, 0);
	ck_assert_uint_eq(stats.busy_ns, 12345);
	free_rig(&rig);
}
END_TEST

struct told {
	struct rig *rig;
	unsigned count;
	uint64_t addr;
	uint8_t mask, cell; /* what the cell held when it was told */
};

static void tell_disturbed(void *ctx, uint64_t addr, uint8_t mask)
{
	struct told *told = ctx;

	told->count++;
	told->addr = addr;
	told->mask = mask;
	told->cell = twinfs_image_bytes(told->rig->image)[addr];
}

START_TEST(hooks_are_told_of_a_defect_before_it)
{
	struct rig rig = new_rig(true);
	struct told first = {.rig = &rig}, second = {.rig = &rig};
	struct twinfs_flash_hook behind = {.disturbed = tell_disturbed, .ctx = &second};
	struct twinfs_flash_hook hook = {
		.disturbed = tell_disturbed, .ctx = &first, .next = &behind};

	twinfs_flash_set_hook(rig.flash, &hook);
	ck_assert_int_eq(twinfs_flash_disturb(rig.flash, SIZE, 1), -EINVAL);
	ck_assert_uint_eq(first.count, 0);
	ck_assert_int_eq(twinfs_flash_disturb(rig.flash, 7, 0x81), 0);
	ck_assert_uint_eq(first.count + second.count, 2);
	ck_assert_uint_eq(second.addr, 7);
	ck_assert_uint_eq(second.mask, 0x81);
	ck_assert_uint_eq(second.cell, 0xff);
	free_rig(&rig);
}
END_TEST

RUN_CASES("flash", programming_clears_bits_and_never_sets_one,
	a_strict_chip_refuses_cells_that_are_not_erased, operations_are_numbered_and_timed,
	ranges_and_alignment_are_checked, geometries_that_make_no_sense_are_refused,
	a_cut_tears_the_operation_and_ends_the_power, a_torn_erase_leaves_the_rest,
	a_rewrite_is_an_erase_and_a_program, a_rewrite_can_be_cut_between,
	a_hook_may_pretend_and_the_next_one_sees_it, a_hook_may_show_other_cells,
	cells_can_be_disturbed_and_time_spent, hooks_are_told_of_a_defect_before_it)
