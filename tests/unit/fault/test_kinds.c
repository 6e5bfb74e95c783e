/* SPDX-License-Identifier: MIT */
/* test_kinds.c - the other kinds of fault - errors, silence, time - seen firing. */
#include "rig.h"

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

RUN_CASES("kinds", operations_can_fail, a_failure_may_lie, operations_can_be_skipped_in_silence,
	a_chip_can_be_read_only, operations_can_be_slow, a_brown_out_warns_and_then_cuts,
	the_brown_out_of_a_rule_that_is_removed_ends, a_note_does_nothing)
