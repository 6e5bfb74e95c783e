/* SPDX-License-Identifier: MIT */
/* test_kinds.c - each kind of fault, seen firing: what it does to the operation and the cells. */
#include "rig.h"

static void expect(const struct rig *rig, unsigned index, enum twinfs_fault_kind kind,
	const char *what)
{
	ck_assert_uint_lt(index, rig->event_count);
	ck_assert_int_eq(rig->events[index].fault, kind);
	ck_assert_str_eq(rig->events[index].what, what);
}

/* ---- cut ---- */

START_TEST(a_cut_before_leaves_the_cells)
{
	static struct rig rig;
	char cause[200];

	rig_init(&rig, 1);
	(void)add(&rig, "cut at op 2");
	ck_assert_int_eq(program(&rig, 6 * UNIT, 0x11, 16), 0);
	ck_assert_int_eq(program(&rig, 6 * UNIT + 64, 0x22, 16), -ESHUTDOWN);
	ck_assert(!twinfs_flash_has_power(rig.flash));
	all_are(cells(&rig, 6 * UNIT + 64), 16, 0xff);
	ck_assert_int_eq(program(&rig, 0, 0, 16), -ESHUTDOWN);
	ck_assert_uint_eq(rig.event_count, 1);
	expect(&rig, 0, TWINFS_FAULT_CUT, "power cut in the program");
	ck_assert_uint_eq(rig.events[0].seq, 2);
	ck_assert_uint_eq(rig.events[0].addr, 6 * UNIT + 64);
	ck_assert_uint_eq(rig.events[0].len, 16);
	ck_assert_uint_eq(rig.events[0].done, 0);
	ck_assert_uint_eq(rig.events[0].time_ns, PROGRAM_NS);
	ck_assert_uint_eq(rig.events[0].block, 1); /* of user, whose blocks are two units */
	ck_assert_str_eq(rig.events[0].part, "user");
	ck_assert_str_eq(rig.owners[0], "data of /usr/a");
	ck_assert_str_eq(rig.texts[0], "cut at op 2");
	ck_assert(rig.events[0].cuts_power && rig.events[0].has_op);
	ck_assert(twinfs_faults_cause(rig.faults, cause, sizeof(cause)));
	ck_assert_str_eq(cause, "rule 1: cut at op 2 (program of 0x6040, operation 2)");
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 0);
	heal(&rig);
	ck_assert(!twinfs_faults_cause(rig.faults, cause, sizeof(cause)));
	ck_assert_str_eq(cause, "");
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 3800);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0); /* once */
	ck_assert_int_eq(rule(&rig, 0).state, TWINFS_FAULT_DONE);
	rig_release(&rig);
}
END_TEST

START_TEST(a_cut_after_finds_all_of_it_done)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "cut after, on erase");
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	ck_assert_int_eq(erase(&rig, 0), -ESHUTDOWN);
	all_are(cells(&rig, 0), UNIT, 0xff);
	expect(&rig, 0, TWINFS_FAULT_CUT, "power cut in the erase, all of it done");
	rig_release(&rig);
}
END_TEST

START_TEST(a_cut_can_tear_at_a_byte)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "cut torn 17");
	ck_assert_int_eq(program(&rig, 0, 0x00, 64), -ESHUTDOWN);
	all_are(cells(&rig, 0), 17, 0x00);
	all_are(cells(&rig, 17), 47, 0xff);
	expect(&rig, 0, TWINFS_FAULT_CUT, "power cut in the program, torn at byte 17 of 64");
	ck_assert_uint_eq(rig.events[0].done, 17);
	heal(&rig);
	(void)add(&rig, "cut torn 25% on erase");
	memset(cells(&rig, UNIT), 0x5a, UNIT);
	ck_assert_int_eq(erase(&rig, UNIT), -ESHUTDOWN);
	all_are(cells(&rig, UNIT), 1024, 0xff);
	all_are(cells(&rig, UNIT + 1024), UNIT - 1024, 0x5a);
	rig_release(&rig);
}
END_TEST

START_TEST(a_cut_can_tear_anywhere)
{
	static struct rig rig;
	bool seen[64] = {0};
	unsigned different = 0;

	rig_init(&rig, 3);
	(void)add(&rig, "cut torn until cleared");
	for (unsigned i = 0; i < 200; i++) {
		ck_assert_int_eq(program(&rig, 64 * i, 0, 64), -ESHUTDOWN);
		ck_assert_uint_lt(rig.events[i].done, 64);
		all_are(cells(&rig, 64 * i), rig.events[i].done, 0);
		all_are(cells(&rig, 64 * i + rig.events[i].done), 64 - rig.events[i].done, 0xff);
		different += !seen[rig.events[i].done];
		seen[rig.events[i].done] = true;
		heal(&rig);
	}
	ck_assert_uint_gt(different, 40);
	rig_release(&rig);
}
END_TEST

/* Bits of the unit that was being programmed are old or new; those behind it are old. */
START_TEST(a_torn_program_leaves_a_mixed_unit)
{
	static struct rig rig;
	unsigned left;

	rig_init(&rig, 1);
	memset(cells(&rig, 0), 0x3f, 64);
	(void)add(&rig, "cut torn 20 mixed");
	ck_assert_int_eq(program(&rig, 0, 0xf0, 64), -ESHUTDOWN);
	all_are(cells(&rig, 0), 20, 0x30);
	for (unsigned i = 20; i < 32; i++)
		ck_assert_uint_eq(*cells(&rig, i) & 0xf0, 0x30);
	left = ones(cells(&rig, 20), 12) - 2 * 12;
	ck_assert_uint_gt(left, 0);
	ck_assert_uint_lt(left, 4 * 12);
	all_are(cells(&rig, 32), 32, 0x3f);
	expect(&rig, 0, TWINFS_FAULT_CUT,
		"power cut in the program, torn at byte 20 of 64, the rest mixed");
	rig_release(&rig);
}
END_TEST

START_TEST(a_torn_erase_leaves_mixed_cells_or_garbage)
{
	static struct rig rig;
	unsigned count;

	rig_init(&rig, 1);
	memset(cells(&rig, 0), 0x0f, 2 * UNIT);
	(void)add(&rig, "cut torn 100 mixed");
	ck_assert_int_eq(erase(&rig, 0), -ESHUTDOWN);
	all_are(cells(&rig, 0), 100, 0xff);
	for (unsigned i = 100; i < UNIT; i++)
		ck_assert_uint_eq(*cells(&rig, i) & 0x0f, 0x0f);
	count = ones(cells(&rig, 100), UNIT - 100) - 4 * (UNIT - 100);
	ck_assert_uint_gt(count, 7000); /* of 15984 */
	ck_assert_uint_lt(count, 9000);
	heal(&rig);
	(void)add(&rig, "cut torn 0 garbage on erase");
	ck_assert_int_eq(erase(&rig, UNIT), -ESHUTDOWN);
	count = ones(cells(&rig, UNIT), UNIT);
	ck_assert_uint_gt(count, 15500); /* of 32768 */
	ck_assert_uint_lt(count, 17300);
	all_are(cells(&rig, 2 * UNIT), UNIT, 0xff);
	rig_release(&rig);
}
END_TEST

START_TEST(a_torn_operation_can_keep_pieces)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "cut torn keep 4+4 32+100");
	ck_assert_int_eq(program(&rig, 0, 0, 48), -ESHUTDOWN);
	all_are(cells(&rig, 0), 4, 0xff);
	all_are(cells(&rig, 4), 4, 0x00);
	all_are(cells(&rig, 8), 24, 0xff);
	all_are(cells(&rig, 32), 16, 0x00);
	all_are(cells(&rig, 48), 200, 0xff);
	expect(&rig, 0, TWINFS_FAULT_CUT, "power cut in the program, in pieces");
	rig_release(&rig);
}
END_TEST

/* The first phase of a real erase clears all bits, and begins at the end. */
START_TEST(a_torn_erase_can_leave_zeros)
{
	static struct rig rig;

	rig_init(&rig, 1);
	memset(cells(&rig, 0), 0x77, UNIT);
	(void)add(&rig, "cut torn zeros 1000 on erase");
	ck_assert_int_eq(erase(&rig, 0), -ESHUTDOWN);
	all_are(cells(&rig, 0), UNIT - 1000, 0x77);
	all_are(cells(&rig, UNIT - 1000), 1000, 0);
	rig_release(&rig);
}
END_TEST

START_TEST(a_budget_of_bytes_ends_in_the_middle)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "cut torn here on program after 100 bytes");
	ck_assert_int_eq(program(&rig, 0, 0, 64), 0);
	ck_assert_int_eq(erase(&rig, UNIT), 0); /* is not counted */
	ck_assert_int_eq(program(&rig, 64, 0, 32), 0);
	ck_assert_int_eq(rule(&rig, 0).state, TWINFS_FAULT_WAITING);
	ck_assert_int_eq(program(&rig, 96, 0, 64), -ESHUTDOWN);
	all_are(cells(&rig, 0), 100, 0);
	all_are(cells(&rig, 100), 100, 0xff);
	rig_release(&rig);
}
END_TEST

/* ---- fail, skip ---- */

START_TEST(operations_can_fail)
{
	static struct rig rig;
	const uint8_t *data;

	rig_init(&rig, 1);
	(void)add(&rig, "fail program in 0+4096");
	(void)add(&rig, "fail erase with error ETIMEDOUT in block 1");
	(void)add(&rig, "fail read with error EBADMSG in 0x2000+16");
	ck_assert_int_eq(program(&rig, 0, 0, 16), -EIO);
	ck_assert_int_eq(program(&rig, 0, 0, 16), -EIO); /* until cleared */
	all_are(cells(&rig, 0), 16, 0xff);
	memset(cells(&rig, UNIT), 0, UNIT);
	ck_assert_int_eq(erase(&rig, UNIT), -ETIMEDOUT);
	all_are(cells(&rig, UNIT), UNIT, 0);
	ck_assert_int_eq(look(&rig, 0x2000, 4, &data), -EBADMSG);
	ck_assert_int_eq(look(&rig, 0x2010, 4, &data), 0);
	ck_assert(twinfs_flash_has_power(rig.flash));
	expect(&rig, 0, TWINFS_FAULT_FAIL, "program fails with EIO");
	expect(&rig, 2, TWINFS_FAULT_FAIL, "erase fails with ETIMEDOUT");
	expect(&rig, 3, TWINFS_FAULT_FAIL, "read fails with EBADMSG");
	ck_assert_int_eq(rig.events[3].op_kind, TWINFS_FLASH_READ);
	rig_release(&rig);
}
END_TEST

START_TEST(a_failure_may_lie)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "fail erase done");
	(void)add(&rig, "fail program torn 5");
	memset(cells(&rig, 0), 0, UNIT);
	ck_assert_int_eq(erase(&rig, 0), -EIO);
	all_are(cells(&rig, 0), UNIT, 0xff);
	ck_assert_int_eq(program(&rig, 0, 0, 16), -EIO);
	all_are(cells(&rig, 0), 5, 0);
	all_are(cells(&rig, 5), 11, 0xff);
	expect(&rig, 0, TWINFS_FAULT_FAIL, "erase fails with EIO, all of it done");
	rig_release(&rig);
}
END_TEST

START_TEST(operations_can_be_skipped_in_silence)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "skip program once");
	(void)add(&rig, "skip erase");
	(void)add(&rig, "skip program torn 3");
	memset(cells(&rig, UNIT), 0, UNIT);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	all_are(cells(&rig, 0), 16, 0xff);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	all_are(cells(&rig, 0), 3, 0);
	all_are(cells(&rig, 3), 13, 0xff);
	ck_assert_int_eq(erase(&rig, UNIT), 0);
	all_are(cells(&rig, UNIT), UNIT, 0);
	expect(&rig, 0, TWINFS_FAULT_SKIP, "program skipped, and reported as done");
	expect(&rig, 1, TWINFS_FAULT_SKIP,
		"program skipped, and reported as done, torn at byte 3 of 16");
	rig_release(&rig);
}
END_TEST

START_TEST(a_chip_can_be_read_only)
{
	static struct rig rig;
	const uint8_t *data;

	rig_init(&rig, 1);
	(void)add(&rig, "read only in user");
	(void)add(&rig, "read only silently in bak");
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	ck_assert_int_eq(program(&rig, 4 * UNIT, 0, 16), -EROFS);
	ck_assert_int_eq(erase(&rig, 11 * UNIT), -EROFS);
	ck_assert_int_eq(program(&rig, 12 * UNIT, 0, 16), 0);
	all_are(cells(&rig, 4 * UNIT), 12 * UNIT, 0xff);
	ck_assert_int_eq(look(&rig, 4 * UNIT, 16, &data), 0);
	expect(&rig, 0, TWINFS_FAULT_READ_ONLY, "program fails with EROFS");
	twinfs_faults_clear(rig.faults);
	(void)add(&rig, "read only");
	ck_assert_int_eq(erase(&rig, 0), -EROFS);
	rig_release(&rig);
}
END_TEST

/* ---- cells ---- */

START_TEST(bits_flip_at_rest)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "flip 3 bits in 0x1000+256");
	ck_assert_uint_eq(ones(cells(&rig, 0), SIZE), 8 * SIZE - 3);
	ck_assert_uint_eq(ones(cells(&rig, 0x1000), 256), 8 * 256 - 3);
	expect(&rig, 0, TWINFS_FAULT_FLIP, "3 bits of the cells changed");
	ck_assert_uint_eq(rig.events[0].bits, 3);
	ck_assert(!rig.events[0].has_op);
	ck_assert_uint_ge(rig.events[0].addr, 0x1000);
	ck_assert_uint_le(rig.events[0].addr + rig.events[0].len, 0x1100);
	ck_assert_int_eq(rule(&rig, 0).state, TWINFS_FAULT_DONE);
	ck_assert(!twinfs_flash_has_hook(rig.flash)); /* nothing to wait for */
	(void)add(&rig, "flip mask 0x81 in 0x2000+2");
	all_are(cells(&rig, 0x2000), 2, 0x7e);
	all_are(cells(&rig, 0x2002), 2, 0xff);
	rig_release(&rig);
}
END_TEST

START_TEST(bits_flip_in_one_direction_only_and_all_of_them_at_most)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "flip 100 bits to 1"); /* there is none to set */
	all_are(cells(&rig, 0), SIZE, 0xff);
	ck_assert_uint_eq(rig.events[0].bits, 0);
	memset(cells(&rig, 0), 0xf0, 8);
	(void)add(&rig, "flip 5 bits to 1 in 0+8");
	ck_assert_uint_eq(ones(cells(&rig, 0), 8), 37);
	for (unsigned i = 0; i < 8; i++)
		ck_assert_uint_eq(*cells(&rig, i) & 0xf0, 0xf0);
	(void)add(&rig, "flip 1000 bits to 0 in 0+8");
	all_are(cells(&rig, 0), 8, 0);
	(void)add(&rig, "flip 64 bits in 0+8");
	all_are(cells(&rig, 0), 8, 0xff); /* no bit was picked twice */
	rig_release(&rig);
}
END_TEST

START_TEST(cells_flip_in_what_was_just_programmed_or_read)
{
	static struct rig rig;
	const uint8_t *data;

	rig_init(&rig, 1);
	(void)add(&rig, "flip 1 bit on program in 0+4096 2 times");
	(void)add(&rig, "flip 1 bit on read in 0x4000+4096");
	ck_assert_int_eq(program(&rig, 64, 0, 32), 0);
	ck_assert_uint_eq(ones(cells(&rig, 64), 32), 1);
	ck_assert_int_eq(program(&rig, UNIT, 0, 32), 0); /* elsewhere */
	all_are(cells(&rig, UNIT), 32, 0);
	ck_assert_int_eq(program(&rig, 128, 0, 32), 0);
	ck_assert_uint_eq(ones(cells(&rig, 128), 32), 1);
	ck_assert_int_eq(program(&rig, 256, 0, 32), 0);
	all_are(cells(&rig, 256), 32, 0); /* twice is enough */
	ck_assert_int_eq(look(&rig, 0x4000, 8, &data), 0);
	ck_assert_uint_eq(ones(data, 8), 63); /* a read that disturbs: the reader sees it too */
	ck_assert_ptr_eq(data, cells(&rig, 0x4000));
	ck_assert_uint_eq(rig.events[0].addr, 64);
	ck_assert_uint_eq(rig.events[0].len, 32);
	rig_release(&rig);
}
END_TEST

START_TEST(cells_can_be_filled_and_garbled)
{
	static struct rig rig;
	unsigned count;

	rig_init(&rig, 1);
	(void)add(&rig, "fill with 0x42 in 0x1000+16");
	all_are(cells(&rig, 0x1000), 16, 0x42);
	all_are(cells(&rig, 0x1010), 16, 0xff);
	(void)add(&rig, "garble in block 2");
	count = ones(cells(&rig, 2 * UNIT), UNIT);
	ck_assert_uint_gt(count, 15500);
	ck_assert_uint_lt(count, 17300);
	all_are(cells(&rig, 3 * UNIT), UNIT, 0xff);
	(void)add(&rig, "fill with random in block 3 after 1 write");
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	all_are(cells(&rig, 3 * UNIT), UNIT, 0xff);
	ck_assert_int_eq(program(&rig, 16, 0, 16), 0); /* the second one: anywhere on the chip */
	count = ones(cells(&rig, 3 * UNIT), UNIT);
	ck_assert_uint_gt(count, 15500);
	ck_assert_uint_lt(count, 17300);
	rig_release(&rig);
}
END_TEST

START_TEST(stuck_bits_stay_stuck)
{
	static struct rig rig;
	unsigned id;

	rig_init(&rig, 1);
	id = add(&rig, "stick 2 bits to 0 in 0+16");
	ck_assert_uint_eq(ones(cells(&rig, 0), 16), 126);
	(void)add(&rig, "stick mask 0x01 in 0x20+1"); /* to what it is */
	expect(&rig, 0, TWINFS_FAULT_STICK, "2 bits stick");
	expect(&rig, 1, TWINFS_FAULT_STICK, "1 bits stick");
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_uint_eq(ones(cells(&rig, 0), UNIT), 8 * UNIT - 2);
	ck_assert_int_eq(program(&rig, 0x20, 0, 16), 0);
	ck_assert_uint_eq(*cells(&rig, 0x20), 0x01);
	all_are(cells(&rig, 0x21), 15, 0);
	ck_assert_int_eq(program(&rig, 0x20, 0, 16), 0);
	ck_assert_uint_eq(*cells(&rig, 0x20), 0x01);
	ck_assert_int_eq(twinfs_faults_remove(rig.faults, id), 0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	all_are(cells(&rig, 0), UNIT, 0xff);
	twinfs_faults_clear(rig.faults);
	ck_assert(!twinfs_flash_has_hook(rig.flash));
	rig_release(&rig);
}
END_TEST

START_TEST(loose_bits_read_at_chance_until_they_are_erased)
{
	static struct rig rig;
	const uint8_t *data;
	unsigned low = 0, count;

	rig_init(&rig, 1);
	(void)add(&rig, "loosen 8 bits in 0+16");
	all_are(cells(&rig, 0), 16, 0xff);
	for (unsigned i = 0; i < 50; i++) {
		ck_assert_int_eq(look(&rig, 0, 32, &data), 0);
		count = ones(data, 32);
		ck_assert_uint_ge(count, 256 - 8);
		low += 256 - count;
		all_are(data + 16, 16, 0xff);
	}
	ck_assert_uint_gt(low, 120); /* of 400 */
	ck_assert_uint_lt(low, 280);
	ck_assert_int_eq(look(&rig, 16, 16, &data), 0);
	ck_assert_ptr_eq(data, cells(&rig, 16)); /* nothing loose in it */
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(look(&rig, 0, 32, &data), 0);
	ck_assert_ptr_eq(data, cells(&rig, 0));
	rig_release(&rig);
}
END_TEST

START_TEST(a_cut_can_leave_loose_bits)
{
	static struct rig rig;
	const uint8_t *data;
	uint8_t first[32], differs = 0;

	rig_init(&rig, 1);
	(void)add(&rig, "cut torn 0 loose");
	memset(cells(&rig, 0), 0x0f, UNIT);
	ck_assert_int_eq(erase(&rig, 0), -ESHUTDOWN);
	heal(&rig);
	ck_assert_int_eq(look(&rig, 0, 32, &data), 0);
	memcpy(first, data, 32);
	for (unsigned round = 0; round < 8; round++) {
		ck_assert_int_eq(look(&rig, 0, 32, &data), 0);
		for (unsigned i = 0; i < 32; i++) {
			ck_assert_uint_eq(data[i] & 0x0f, 0x0f);
			differs |= data[i] ^ first[i];
		}
	}
	ck_assert_uint_eq(differs, 0xf0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(look(&rig, 0, 32, &data), 0);
	all_are(data, 32, 0xff);
	rig_release(&rig);
}
END_TEST

/* ---- reads ---- */

START_TEST(readers_can_be_shown_other_bits)
{
	static struct rig rig;
	const uint8_t *first, *data;

	rig_init(&rig, 1);
	ck_assert(!twinfs_flash_watches_reads(rig.flash));
	(void)add(&rig, "misread 2 bits in 0x1000+16 once");
	ck_assert(twinfs_flash_watches_reads(rig.flash));
	ck_assert_int_eq(look(&rig, 0x2000, 64, &data), 0);
	ck_assert_ptr_eq(data, cells(&rig, 0x2000));
	ck_assert_int_eq(look(&rig, 0xff0, 64, &first), 0);
	ck_assert_uint_eq(ones(first, 64), 510);
	ck_assert_uint_eq(ones(first + 16, 16), 126); /* in the place, not in all that was read */
	all_are(cells(&rig, 0), SIZE, 0xff);
	expect(&rig, 0, TWINFS_FAULT_MISREAD, "2 bits read wrong");
	ck_assert_int_eq(look(&rig, 0x1000, 64, &data), 0);
	all_are(data, 64, 0xff);
	/* what was read stays readable, and shows what becomes of the cells */
	ck_assert_int_eq(program(&rig, 0xff0, 0, 32), 0);
	all_are(first, 32, 0);
	twinfs_faults_clear(rig.faults);
	all_are(first, 32, 0);
	rig_release(&rig);
}
END_TEST

/* A reader that gets an error sees nothing, and the cells have nothing to do with it. */
START_TEST(a_read_that_fails_deceives_nobody)
{
	static struct rig rig;
	const uint8_t *data;

	rig_init(&rig, 1);
	(void)add(&rig, "misread 9 bits");
	(void)add(&rig, "fail read once");
	ck_assert_int_eq(look(&rig, 0, 16, &data), -EIO);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	all_are(cells(&rig, 0), 16, 0);
	all_are(cells(&rig, 16), SIZE - 16, 0xff);
	ck_assert_uint_eq(rig.event_count, 1);
	rig_release(&rig);
}
END_TEST

START_TEST(readers_can_be_shown_a_value_or_noise)
{
	static struct rig rig;
	const uint8_t *data;

	rig_init(&rig, 1);
	(void)program(&rig, 0, 0x11, 256);
	(void)add(&rig, "misread with 0xff in metadata");
	(void)add(&rig, "misread with random in 0+64 after 2 reads");
	(void)add(&rig, "misread mask 0x80 in 0x40+64");
	(void)program(&rig, 4 * UNIT, 0x11, 256);
	ck_assert_int_eq(look(&rig, 4 * UNIT, 64, &data), 0);
	all_are(data, 64, 0xff);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(look(&rig, 0, 64, &data), 0);
		all_are(data, 64, 0x11);
	}
	ck_assert_int_eq(look(&rig, 0, 64, &data), 0);
	ck_assert_uint_gt(ones(data, 64), 200); /* of 512; the cells have 128 */
	ck_assert_int_eq(look(&rig, 0x40, 64, &data), 0);
	all_are(data, 64, 0x91);
	all_are(cells(&rig, 0), 256, 0x11);
	rig_release(&rig);
}
END_TEST

/* ---- wear ---- */

START_TEST(units_wear_out)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)erase(&rig, 0); /* before the rule: counts too */
	(void)add(&rig, "wear out after 3 cycles with erase error");
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	ck_assert_int_eq(erase(&rig, 0), -EIO);
	ck_assert_int_eq(erase(&rig, 0), -EIO);
	all_are(cells(&rig, 0), 16, 0);
	ck_assert_int_eq(erase(&rig, UNIT), 0); /* another unit */
	expect(&rig, 0, TWINFS_FAULT_WEAR_OUT, "worn out: erase fails with EIO");
	twinfs_faults_clear(rig.faults);
	(void)add(&rig, "wear out after 1 more cycles with program error");
	ck_assert_int_eq(program(&rig, 64, 0, 16), 0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(program(&rig, 64, 0, 16), -EIO);
	ck_assert_int_eq(erase(&rig, 0), 0);
	rig_release(&rig);
}
END_TEST

struct symptom {
	const char *rule;
	int erase, program;
	uint8_t erased, programmed;
};

START_TEST(worn_units_have_their_symptom)
{
	static const struct symptom symptoms[] = {
		{"wear out after 0 cycles", -EIO, 0, 0x0f, 0x00},
		{"wear out after 0 cycles with erase error done", -EIO, 0, 0xff, 0xf0},
		{"wear out after 0 cycles with erase skip", 0, 0, 0x0f, 0x0f},
		{"wear out after 0 cycles with program error", 0, -EIO, 0xff, 0xff},
		{"wear out after 0 cycles with program error done", 0, -EIO, 0xff, 0xf0},
		{"wear out after 0 cycles with program skip", 0, 0, 0xff, 0xff},
	};
	static struct rig rig;
	const uint8_t *data;

	for (size_t i = 0; i < sizeof(symptoms) / sizeof(*symptoms); i++) {
		rig_init(&rig, 1);
		memset(cells(&rig, 0), 0x0f, UNIT);
		(void)add(&rig, symptoms[i].rule);
		ck_assert_int_eq(erase(&rig, 0), symptoms[i].erase);
		all_are(cells(&rig, 0), UNIT, symptoms[i].erased);
		ck_assert_int_eq(program(&rig, 0, 0xf0, UNIT), symptoms[i].program);
		all_are(cells(&rig, 0), UNIT, symptoms[i].programmed);
		rig_release(&rig);
	}
	rig_init(&rig, 1);
	(void)add(&rig, "wear out in block 0 after 0 cycles with read error");
	(void)add(&rig, "wear out in block 1 after 0 cycles with read flip");
	(void)add(&rig, "wear out in block 2 after 0 cycles with program flip");
	ck_assert_int_eq(look(&rig, 0, 16, &data), -EIO);
	ck_assert_int_eq(look(&rig, UNIT, 16, &data), 0);
	ck_assert_uint_eq(ones(data, 16), 127);
	ck_assert_int_eq(program(&rig, 2 * UNIT, 0, 16), 0);
	ck_assert_uint_eq(ones(cells(&rig, 2 * UNIT), 16), 1);
	expect(&rig, 1, TWINFS_FAULT_WEAR_OUT, "worn out: 1 bits wrong");
	rig_release(&rig);
}
END_TEST

START_TEST(units_do_not_wear_out_all_at_once)
{
	static struct rig rig;
	unsigned ends[10] = {0};

	rig_init(&rig, 5);
	(void)add(&rig, "wear out after 3..8 cycles");
	for (unsigned unit = 0; unit < UNITS; unit++) {
		unsigned cycles = 0;

		while (!erase(&rig, unit * UNIT))
			cycles++;
		ck_assert_uint_ge(cycles, 3);
		ck_assert_uint_le(cycles, 8);
		ends[cycles]++;
	}
	for (unsigned i = 3, kinds = 0; i <= 8; i++) {
		kinds += ends[i] != 0;
		ck_assert(i < 8 || kinds >= 3);
	}
	rig_release(&rig);
}
END_TEST

/* ---- time ---- */

START_TEST(operations_can_be_slow)
{
	static struct rig rig;
	struct twinfs_flash_stats stats;

	rig_init(&rig, 1);
	(void)add(&rig, "slow erase by 5 ms");
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	twinfs_flash_stats(rig.flash, &stats);
	ck_assert_uint_eq(stats.busy_ns, PROGRAM_NS + ERASE_NS + 5000000);
	expect(&rig, 0, TWINFS_FAULT_SLOW, "erase takes longer by 5 ms");
	rig_release(&rig);
}
END_TEST

START_TEST(a_brown_out_warns_and_then_cuts)
{
	static struct rig rig;
	char cause[200];

	rig_init(&rig, 1);
	(void)add(&rig, "brown-out torn 4 after 1 write for 200 us from 4000 mV to 3000 mV");
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 3800);
	ck_assert_int_eq(erase(&rig, 0), 0); /* begins at 50 us */
	ck_assert_uint_eq(rig.event_count, 1);
	ck_assert_int_eq(rig.events[0].kind, TWINFS_FAULT_WARNING);
	expect(&rig, 0, TWINFS_FAULT_BROWN_OUT, "the supply falls, the power is cut in 200000 ns");
	ck_assert_uint_eq(rig.events[0].in_ns, 200000);
	ck_assert(!rig.events[0].cuts_power);
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 3750);
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 3500);
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(erase(&rig, 0), 0); /* begins at 200 us: in time */
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 3000);
	ck_assert_int_eq(program(&rig, 0, 0, 16), -ESHUTDOWN);
	all_are(cells(&rig, 0), 4, 0);
	all_are(cells(&rig, 4), 12, 0xff);
	ck_assert_uint_eq(rig.event_count, 2);
	expect(&rig, 1, TWINFS_FAULT_BROWN_OUT, "power cut in the program, torn at byte 4 of 16");
	ck_assert(rig.events[1].cuts_power);
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 0);
	ck_assert(twinfs_faults_cause(rig.faults, cause, sizeof(cause)));
	heal(&rig);
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 3800);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	rig_release(&rig);
}
END_TEST

START_TEST(the_brown_out_of_a_rule_that_is_removed_ends)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "brown-out now for 1 ms");
	ck_assert_int_eq(rig.events[0].kind, TWINFS_FAULT_WARNING);
	ck_assert(twinfs_flash_has_hook(rig.flash));
	(void)erase(&rig, 0);
	ck_assert_uint_lt(twinfs_faults_supply_mv(rig.faults), 3800);
	twinfs_faults_clear(rig.faults);
	ck_assert_uint_eq(twinfs_faults_supply_mv(rig.faults), 3800);
	ck_assert_int_eq(twinfs_faults_pass(rig.faults, 10000000), 0);
	rig_release(&rig);
}
END_TEST

START_TEST(a_note_does_nothing)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "note on erase");
	ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	ck_assert_uint_eq(rig.event_count, 1);
	expect(&rig, 0, TWINFS_FAULT_NOTE, "noted");
	rig_release(&rig);
}
END_TEST

RUN_CASES("kinds", a_cut_before_leaves_the_cells, a_cut_after_finds_all_of_it_done,
	a_cut_can_tear_at_a_byte, a_cut_can_tear_anywhere, a_torn_program_leaves_a_mixed_unit,
	a_torn_erase_leaves_mixed_cells_or_garbage, a_torn_operation_can_keep_pieces,
	a_torn_erase_can_leave_zeros, a_budget_of_bytes_ends_in_the_middle, operations_can_fail,
	a_failure_may_lie, operations_can_be_skipped_in_silence, a_chip_can_be_read_only,
	bits_flip_at_rest, bits_flip_in_one_direction_only_and_all_of_them_at_most,
	cells_flip_in_what_was_just_programmed_or_read, cells_can_be_filled_and_garbled,
	stuck_bits_stay_stuck, loose_bits_read_at_chance_until_they_are_erased,
	a_cut_can_leave_loose_bits, readers_can_be_shown_other_bits,
	a_read_that_fails_deceives_nobody, readers_can_be_shown_a_value_or_noise, units_wear_out,
	worn_units_have_their_symptom, units_do_not_wear_out_all_at_once, operations_can_be_slow,
	a_brown_out_warns_and_then_cuts, the_brown_out_of_a_rule_that_is_removed_ends,
	a_note_does_nothing)
