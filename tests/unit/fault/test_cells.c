/* SPDX-License-Identifier: MIT */
/* test_cells.c - each fault of cells, at rest, on reads and by wear, seen firing. */
#include "rig.h"

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

START_TEST(a_bit_sticks_once_however_often_it_is_told)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "stick mask 0x03 on erase in 0+4096");
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(erase(&rig, 0), 0);
	ck_assert_int_eq(program(&rig, 0, 0, 16), 0);
	all_are(cells(&rig, 0), 16, 0x03);
	(void)add(&rig, "stick mask 0x80 in 0x2000+2"); /* there is room for another */
	ck_assert_int_eq(program(&rig, 0x2000, 0, 16), 0);
	all_are(cells(&rig, 0x2000), 2, 0x80);
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

RUN_CASES("cells", bits_flip_at_rest, bits_flip_in_one_direction_only_and_all_of_them_at_most,
	cells_flip_in_what_was_just_programmed_or_read, cells_can_be_filled_and_garbled,
	stuck_bits_stay_stuck, a_bit_sticks_once_however_often_it_is_told,
	loose_bits_read_at_chance_until_they_are_erased, a_cut_can_leave_loose_bits,
	readers_can_be_shown_other_bits, a_read_that_fails_deceives_nobody,
	readers_can_be_shown_a_value_or_noise, units_wear_out, worn_units_have_their_symptom,
	units_do_not_wear_out_all_at_once)
