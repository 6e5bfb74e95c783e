/* SPDX-License-Identifier: MIT */
/*
 * test_gpt.c - partition tables: what is made, what is read, which plans are refused.
 */
#include "gpt_rig.h"

START_TEST(reads_what_it_made)
{
	struct twinfs_partition table[8];
	struct twinfs_error err = {0};
	size_t count = 0;

	make_chip("chip");
	ck_assert_int_eq(read_chip("chip", table, 8, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(table[i].name, three[i].name);
		ck_assert_uint_eq(table[i].addr, three[i].addr);
		ck_assert_uint_eq(table[i].size, three[i].size);
	}
	memset(table, 0, sizeof(table));
	ck_assert_int_eq(read_chip("chip", table, 1, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(table[0].name, three[0].name);
	ck_assert_str_eq(table[1].name, "");
	ck_assert_int_eq(read_chip("chip", NULL, 0, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
}
END_TEST

START_TEST(made_chip_is_erased_and_whole)
{
	uint64_t at = ENTRIES + 128 * ENTRY;
	uint8_t *bytes;

	make_chip("chip");
	bytes = load("chip");
	while (at < LAST - 128 * ENTRY && bytes[at] == 0xff)
		at++;
	ck_assert_uint_eq(at, LAST - 128 * ENTRY);
	ck_assert_int_eq(memcmp(bytes + 512, "EFI PART", 8), 0);
	ck_assert_int_eq(memcmp(bytes + LAST, "EFI PART", 8), 0);
	ck_assert_uint_eq(tw_le64(bytes + 512 + 32), LAST / 512);
	free(bytes);
}
END_TEST

START_TEST(equal_input_gives_equal_bytes)
{
	uint8_t *first, *second;
	struct twinfs_error err = {0};

	make_chip("a");
	make_chip("b");
	first = load("a");
	second = load("b");
	ck_assert_mem_eq(first, second, CHIP);
	free(second);
	ck_assert_int_eq(twinfs_image_create_gpt("c", CHIP, three, 3, 43, &err), 0);
	second = load("c");
	ck_assert_mem_ne(first + 512 + 56, second + 512 + 56, 16);         /* disk */
	ck_assert_mem_ne(first + ENTRIES + 16, second + ENTRIES + 16, 16); /* partition 1 */
	ck_assert_mem_ne(first + ENTRIES + 16, first + ENTRIES + ENTRY + 16, 16);
	free(first);
	free(second);
}
END_TEST

START_TEST(existing_file_is_kept)
{
	struct twinfs_error err = {0};

	tempdir_make("chip", 3, 'x');
	ck_assert_int_eq(twinfs_image_create_gpt("chip", CHIP, three, 3, 0, &err), -EEXIST);
	ck_assert_str_eq(err.file, "chip");
	ck_assert_int_eq(tempdir_byte("chip", 2), 'x');
	ck_assert_int_eq(tempdir_byte("chip", 3), -1);
	ck_assert_int_eq(symlink("nowhere", "link"), 0);
	ck_assert_int_eq(twinfs_image_create_gpt("link", CHIP, three, 3, 0, &err), -EEXIST);
	ck_assert_int_eq(twinfs_image_create_gpt("no/chip", CHIP, three, 3, 0, &err), -ENOENT);
}
END_TEST

START_TEST(mode_follows_the_umask)
{
	struct stat st;

	(void)umask(0027);
	make_chip("chip");
	ck_assert_int_eq(stat("chip", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
}
END_TEST

static const struct {
	uint64_t size;
	struct twinfs_partition table[2];
	const char *text; /* part of the error */
} bad_plans[] = {
	{CHIP + 512, {{"a", 0x8000, 0x1000}}, "multiple of 4096"},
	{0x10000, {{"a", 0x8000, 0x1000}}, "multiple of 4096"},
	{0, {{"a", 0x8000, 0x1000}}, "multiple of 4096"},
	{CHIP, {{"a", 0x7000, 0x1000}}, "'a' overlaps the partition table"},
	{CHIP, {{"a", 0x8000, 0}}, "'a' is not aligned"},
	{CHIP, {{"a", 0x8000, 0x800}}, "'a' is not aligned"},
	{CHIP, {{"a", 0x8800, 0x1000}}, "'a' is not aligned"},
	{CHIP, {{"", 0x8000, 0x1000}}, "1 to 36 characters"},
	{CHIP, {{"a\xff", 0x8000, 0x1000}}, "no UTF-8"},
	{CHIP, {{"\xf0\x9f\x98\x80", 0x8000, 0x1000}}, "no UTF-8"},
	{CHIP, {{"\xed\xa1\xa9", 0x8000, 0x1000}}, "no UTF-8"},
	{CHIP, {{"a23456789012345678901234567890123456x", 0x8000, 0x1000}}, "1 to 36 characters"},
	{CHIP, {{"a", 0x8000, CHIP - 0xf000}}, "'a' does not end 32 KiB before"},
	{CHIP, {{"a", UINT64_MAX - 0xfff, 0x1000}}, "'a' does not end"},
	{CHIP, {{"a", 0x8000, UINT64_MAX - 0xfff}}, "'a' does not end"},
	{CHIP, {{"a", 0x8000, 0x2000}, {"b", 0x9000, 0x1000}}, "'b' overlaps the one before"},
	{CHIP, {{"a", 0x9000, 0x1000}, {"b", 0x8000, 0x1000}}, "'b' overlaps the one before"},
};

START_TEST(bad_plan_is_refused)
{
	struct twinfs_error err = {0};
	size_t count = bad_plans[_i].table[1].name[0] ? 2 : 1;

	ck_assert_int_eq(twinfs_image_create_gpt("chip", bad_plans[_i].size, bad_plans[_i].table,
				 count, 0, &err),
		-EINVAL);
	ck_assert_msg(strstr(err.text, bad_plans[_i].text) != NULL, "%s", err.text);
	ck_assert_int_eq(access("chip", F_OK), -1);
}
END_TEST

/* On a chip of some MiB libfdisk would start at 1 MiB and round sizes, if it were let. */
START_TEST(places_are_exact_on_a_large_chip)
{
	static const struct twinfs_partition table[] = {
		{"customer_fs", 0x8000, 0x4ff000},
		{"customer_backup_fs", 0x507000, 204800},
		{"securedata", 0x540000, 0x10000},
	};
	struct twinfs_partition found[8];
	struct twinfs_error err = {0};
	size_t count = 0;
	int rc = twinfs_image_create_gpt("chip", 8 << 20, table, 3, 1, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_int_eq(read_chip("chip", found, 8, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(found[i].addr, table[i].addr);
		ck_assert_uint_eq(found[i].size, table[i].size);
	}
}
END_TEST

START_TEST(largest_plan_is_made)
{
	struct twinfs_partition table[129], found[129];
	struct twinfs_error err = {0};
	size_t count = 0;

	for (size_t i = 0; i < 129; i++) {
		table[i] = (struct twinfs_partition){.addr = 0x8000 + i * 4096, .size = 4096};
		(void)snprintf(table[i].name, sizeof(table[i].name), "%036zu", i);
	}
	ck_assert_int_eq(twinfs_image_create_gpt("chip", CHIP, table, 129, 0, &err), -EINVAL);
	ck_assert_int_eq(twinfs_image_create_gpt("chip", CHIP, table, 128, 0, &err), 0);
	ck_assert_int_eq(read_chip("chip", found, 129, &count, &err), 0);
	ck_assert_uint_eq(count, 128);
	ck_assert_str_eq(found[127].name, table[127].name);
	ck_assert_uint_eq(found[127].addr, table[127].addr);
	/* None at all, and one that fills the chip between the tables. */
	table[0].size = CHIP - 0x10000;
	ck_assert_int_eq(twinfs_image_create_gpt("full", CHIP, table, 1, 0, &err), 0);
	ck_assert_int_eq(read_chip("full", found, 129, &count, &err), 0);
	ck_assert_uint_eq(found[0].size, CHIP - 0x10000);
	ck_assert_int_eq(twinfs_image_create_gpt("none", CHIP, NULL, 0, 0, &err), 0);
	ck_assert_int_eq(read_chip("none", NULL, 0, &count, &err), 0);
	ck_assert_uint_eq(count, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("gpt");

	tcase_add_test(tcase, reads_what_it_made);
	tcase_add_test(tcase, made_chip_is_erased_and_whole);
	tcase_add_test(tcase, equal_input_gives_equal_bytes);
	tcase_add_test(tcase, existing_file_is_kept);
	tcase_add_test(tcase, mode_follows_the_umask);
	tcase_add_loop_test(tcase, bad_plan_is_refused, 0,
		sizeof(bad_plans) / sizeof(bad_plans[0]));
	tcase_add_test(tcase, places_are_exact_on_a_large_chip);
	tcase_add_test(tcase, largest_plan_is_made);
	return gpt_run(tcase);
}
