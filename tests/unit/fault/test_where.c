/* SPDX-License-Identifier: MIT */
/* test_where.c - the places of rules, damage at rest, and chips that are not there. */
#include <twinfs/image.h>

#include "rig.h"

struct place {
	const char *where;
	unsigned units; /* bit n: unit n is in it */
};

static const struct place places[] = {
	{"0x0+0x10000", 0xffff},
	{"0x1fff-0x3001", 0x000e},
	{"block 5", 0x0020},
	{"block 5+3", 0x00e0},
	{"block user:0", 0x0030},
	{"block user:1+2", 0x03c0},
	{"user", 0x0ff0},
	{"bak", 0xf000},
	{"/usr/a", 0x0170},
	{"data of /usr/a", 0x0140},
	{"metadata of /usr/a", 0x0030},
	{"superblock", 0x0010},
	{"metadata", 0x0030},
	{"data of user", 0x0140},
	{"data of bak", 0x0000},
	{"slot 3", 0x4000},
};

START_TEST(operations_are_met_in_their_place)
{
	static struct rig rig;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char text[100];

		rig_init(&rig, 1);
		(void)snprintf(text, sizeof(text), "fail erase in %s", places[i].where);
		(void)add(&rig, text);
		for (unsigned unit = 0; unit < UNITS; unit++)
			ck_assert_msg(erase(&rig, unit * UNIT) ==
					      (places[i].units >> unit & 1 ? -EIO : 0),
				"'%s', unit %u", text, unit);
		rig_release(&rig);
	}
}
END_TEST

START_TEST(cells_are_changed_in_their_place)
{
	static struct rig rig;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char text[100];
		int rc;

		rig_init(&rig, 1);
		(void)snprintf(text, sizeof(text), "fill with 0 in %s", places[i].where);
		rc = twinfs_faults_add(rig.faults, text, NULL, NULL);
		ck_assert_int_eq(rc, places[i].units ? 0 : -ENOENT);
		for (unsigned unit = 0; unit < UNITS; unit++) {
			bool is_in = places[i].units >> unit & 1;

			ck_assert_msg((ones(cells(&rig, unit * UNIT), UNIT) < 8 * UNIT) == is_in,
				"'%s', unit %u", text, unit);
		}
		rig_release(&rig);
	}
	rig_init(&rig, 1);
	(void)add(&rig, "fill with 0 in 0x1fff-0x3001");
	all_are(cells(&rig, 0), 0x1fff, 0xff);
	all_are(cells(&rig, 0x1fff), 0x1002, 0);
	all_are(cells(&rig, 0x3001), 0x1000, 0xff);
	rig_release(&rig);
}
END_TEST

START_TEST(what_cannot_be_found_now_is_changed_with_the_next_operation)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "fill with 0 in data of /usr/a after 1 write");
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(erase(&rig, 0), 0);
	all_are(cells(&rig, 6 * UNIT), UNIT, 0xff);
	ck_assert_uint_eq(rig.event_count, 0);
	ck_assert_int_eq(erase(&rig, 4 * UNIT), 0);
	all_are(cells(&rig, 6 * UNIT), UNIT, 0);
	ck_assert_int_eq(erase(&rig, 6 * UNIT), 0);
	all_are(cells(&rig, 6 * UNIT), UNIT, 0xff); /* once */
	ck_assert_uint_eq(rig.event_count, 1);
	ck_assert_uint_eq(rig.events[0].seq, 4);
	rig_release(&rig);
}
END_TEST

/* Many bits of a place in pieces: in all of them, each as likely. */
START_TEST(bits_are_spread_over_all_pieces)
{
	static struct rig rig;
	unsigned first, second;

	rig_init(&rig, 1);
	(void)add(&rig, "flip 4000 bits in data of /usr/a");
	first = 8 * UNIT - ones(cells(&rig, 6 * UNIT), UNIT);
	second = 8 * UNIT - ones(cells(&rig, 8 * UNIT), UNIT);
	ck_assert_uint_eq(first + second, 4000);
	ck_assert_uint_gt(first, 1800);
	ck_assert_uint_lt(first, 2200);
	rig_release(&rig);
}
END_TEST

static void count_change(void *ctx, const struct twinfs_fault_change *change)
{
	unsigned *bits = ctx;

	*bits += (unsigned)__builtin_popcount(change->was ^ change->is);
}

START_TEST(damage_is_done_once_and_told_byte_by_byte)
{
	static struct rig rig, other;
	unsigned bits = 0;
	struct twinfs_fault_changes changes = {count_change, &bits};

	rig_init(&rig, 4);
	rig_init(&other, 4);
	ck_assert_int_eq(twinfs_faults_damage(rig.faults, "flip 9 bits in user", 1, &changes, NULL),
		0);
	ck_assert_uint_eq(bits, 9);
	ck_assert_uint_eq(twinfs_faults_count(rig.faults), 0);
	(void)add(&other, "flip 9 bits in user");
	ck_assert_mem_eq(cells(&rig, 0), cells(&other, 0), SIZE);
	bits = 0;
	ck_assert_int_eq(twinfs_faults_damage(rig.faults, "stick mask 0x0f to 0 in 0+16", 2,
				 &changes, NULL),
		0);
	ck_assert_uint_eq(bits, 64);
	all_are(cells(&rig, 0), 16, 0xf0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	all_are(cells(&rig, 0), 16, 0xff); /* the defect is not kept */
	rig_release(&rig);
	rig_release(&other);
}
END_TEST

START_TEST(what_is_no_damage_at_rest_is_refused)
{
	static const char *const texts[] = {"cut now", "flip 1 bit after 3 writes", "loosen 1 bit",
		"misread 1 bit", "note", "garble on program"};
	static struct rig rig;
	struct twinfs_error err;

	rig_init(&rig, 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		ck_assert_int_eq(twinfs_faults_damage(rig.faults, texts[i], 1, NULL, &err),
			-ENOTSUP);
		ck_assert_ptr_nonnull(strstr(err.text, "is no damage at rest"));
	}
	ck_assert_int_eq(twinfs_faults_damage(rig.faults, "flip 1 bit in slot 9", 1, NULL, &err),
		-ENOENT);
	all_are(cells(&rig, 0), SIZE, 0xff);
	ck_assert(twinfs_flash_has_power(rig.flash));
	rig_release(&rig);
}
END_TEST

START_TEST(without_a_site_nothing_has_a_name)
{
	struct twinfs_flash_config config = {.geometry = {1, PROG, UNIT}};
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_faults *faults;
	struct twinfs_error err;

	ck_assert_int_eq(twinfs_image_memory(SIZE, &image), 0);
	ck_assert_int_eq(twinfs_flash_new(image, &config, &flash, NULL), 0);
	ck_assert_int_eq(twinfs_faults_new(flash, image, NULL, 1, &faults), 0);
	ck_assert_int_eq(twinfs_faults_add(faults, "cut in user", NULL, &err), -ENOENT);
	ck_assert_int_eq(twinfs_faults_add(faults, "flip 1 bit in /a", NULL, &err), -ENOENT);
	ck_assert_int_eq(twinfs_faults_add(faults, "fail in /a", NULL, &err), 0);
	twinfs_flash_set_hook(flash, twinfs_faults_hook(faults));
	ck_assert_int_eq(twinfs_flash_erase(flash, 0, UNIT), 0);
	ck_assert_int_eq(twinfs_faults_add(faults, "fail", NULL, &err), 0);
	ck_assert_int_eq(twinfs_flash_erase(flash, 0, UNIT), -EIO);
	twinfs_flash_set_hook(flash, NULL);
	twinfs_faults_free(faults);
	twinfs_faults_free(NULL);
	twinfs_flash_free(flash);
	twinfs_image_close(image);
}
END_TEST

/* Damage to thousands of cells is remembered only up to a bound. */
START_TEST(defects_are_bounded)
{
	static struct rig rig;

	rig_init(&rig, 1);
	(void)add(&rig, "stick mask 1 to 0 in 0+0x10000");
	ck_assert_uint_eq(rig.events[0].bits, SIZE);
	(void)add(&rig, "stick mask 2 to 1 in 0+0x1000");
	ck_assert_uint_eq(rig.events[1].bits, 0);
	ck_assert_int_eq(erase(&rig, 0), 0);
	all_are(cells(&rig, 0), UNIT, 0xfe);
	rig_release(&rig);
}
END_TEST

RUN_CASES("where", operations_are_met_in_their_place, cells_are_changed_in_their_place,
	what_cannot_be_found_now_is_changed_with_the_next_operation,
	bits_are_spread_over_all_pieces, damage_is_done_once_and_told_byte_by_byte,
	what_is_no_damage_at_rest_is_refused, without_a_site_nothing_has_a_name,
	defects_are_bounded)
