/* SPDX-License-Identifier: MIT */
/* test_cuts.c - each way in which the power goes, seen happening: what becomes of the operation. */
#include "rig.h"

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

RUN_CASES("cuts", a_cut_before_leaves_the_cells, a_cut_after_finds_all_of_it_done,
	a_cut_can_tear_at_a_byte, a_cut_can_tear_anywhere, a_torn_program_leaves_a_mixed_unit,
	a_torn_erase_leaves_mixed_cells_or_garbage, a_torn_operation_can_keep_pieces,
	a_torn_erase_can_leave_zeros, a_budget_of_bytes_ends_in_the_middle)
