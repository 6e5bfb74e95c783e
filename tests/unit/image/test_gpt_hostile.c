/* SPDX-License-Identifier: MIT */
/*
 * test_gpt_hostile.c - damaged and foreign partition tables: what is still read, what is refused.
 */
#include "gpt_rig.h"

#include <inttypes.h>

static void break_nothing(uint8_t *bytes)
{
	(void)bytes;
}

static void break_first_header(uint8_t *bytes)
{
	memset(bytes + 512, 0xff, 512);
}

static void break_last_header(uint8_t *bytes)
{
	memset(bytes + LAST, 0, 512);
}

static void break_first_entries(uint8_t *bytes)
{
	bytes[ENTRIES + 3] ^= 1;
}

/* The backup header asks for 512 GiB of entries, but its checksum is wrong: it is none. */
static void break_last_quietly(uint8_t *bytes)
{
	tw_put_le32(bytes + LAST + 80, UINT32_MAX);
}

static void (*const survivable[])(uint8_t *bytes) = {
	break_nothing,
	break_first_header,
	break_last_header,
	break_first_entries,
	break_last_quietly,
};

START_TEST(one_good_copy_is_enough)
{
	struct twinfs_partition table[8];
	struct twinfs_error err = {0};
	uint8_t *bytes;
	size_t count = 0;
	int rc;

	make_chip("chip");
	bytes = load("chip");
	survivable[_i](bytes);
	store("chip", bytes);
	free(bytes);
	rc = read_chip("chip", table, 8, &count, &err);
	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(table[2].name, "securedata");
	ck_assert_uint_eq(table[2].addr, three[2].addr);
}
END_TEST

static void both_headers(uint8_t *bytes)
{
	break_first_header(bytes);
	break_last_header(bytes);
}

static void no_mbr(uint8_t *bytes)
{
	bytes[510] = 0;
}

static void no_protection(uint8_t *bytes)
{
	bytes[446 + 4] = 0x83; /* an ordinary partition instead of 0xee */
}

static void both_checksums(uint8_t *bytes)
{
	bytes[512 + 16] ^= 1;
	bytes[LAST + 16] ^= 1;
}

static void many_entries(uint8_t *bytes)
{
	tw_put_le32(bytes + 512 + 80, 0x1ffffff);
	mend(bytes);
}

static void many_entries_behind(uint8_t *bytes)
{
	tw_put_le32(bytes + LAST + 80, 0x1ffffff);
	mend(bytes);
}

/* The first header is gone, so libfdisk turns to the last sector by itself. */
static void many_entries_in_the_only_copy(uint8_t *bytes)
{
	many_entries_behind(bytes);
	break_first_header(bytes);
}

static void many_entries_elsewhere(uint8_t *bytes)
{
	memcpy(bytes + 0x80000, bytes + LAST, 512);
	tw_put_le64(bytes + 512 + 32, 0x80000 / 512);
	tw_put_le32(bytes + 0x80000 + 80, UINT32_MAX);
	mend_header(bytes, 0x80000, LAST - 128 * ENTRY);
	mend(bytes);
}

static void tiny_entries(uint8_t *bytes)
{
	tw_put_le32(bytes + 512 + 84, 1);
	mend(bytes);
}

static void no_entry_size(uint8_t *bytes)
{
	tw_put_le32(bytes + 512 + 84, 0);
	mend(bytes);
}

static void odd_entries(uint8_t *bytes)
{
	tw_put_le32(bytes + 512 + 84, 129);
	mend(bytes);
}

static void ends_outside(uint8_t *bytes)
{
	tw_put_le64(bytes + ENTRIES + 2 * ENTRY + 40, CHIP / 512);
	mend(bytes);
}

static void starts_outside(uint8_t *bytes)
{
	tw_put_le64(bytes + ENTRIES + 32, UINT64_MAX - 1);
	tw_put_le64(bytes + ENTRIES + 40, UINT64_MAX - 1);
	mend(bytes);
}

static void ends_at_the_top(uint8_t *bytes)
{
	tw_put_le64(bytes + ENTRIES + 32, 0);
	tw_put_le64(bytes + ENTRIES + 40, UINT64_MAX);
	mend(bytes);
}

static void ends_before_it_starts(uint8_t *bytes)
{
	tw_put_le64(bytes + ENTRIES + 40, 1);
	mend(bytes);
}

static void overlap(uint8_t *bytes)
{
	tw_put_le64(bytes + ENTRIES + 40, three[1].addr / 512);
	mend(bytes);
}

static const struct {
	void (*break_it)(uint8_t *bytes);
	enum twinfs_problem problem;
	const char *text; /* part of the error */
} fatal[] = {
	{both_headers, TWINFS_P_IMAGE_TABLE, "no GUID partition table"},
	{no_mbr, TWINFS_P_IMAGE_TABLE, "no GUID partition table"},
	{no_protection, TWINFS_P_IMAGE_TABLE, "no GUID partition table"},
	{both_checksums, TWINFS_P_IMAGE_TABLE, "both copies"},
	{many_entries, TWINFS_P_IMAGE_TABLE, "offset 0x200: partition table of 33554431 entries"},
	{many_entries_behind, TWINFS_P_IMAGE_TABLE, "offset 0xffe00: "},
	{many_entries_in_the_only_copy, TWINFS_P_IMAGE_TABLE, "offset 0xffe00: "},
	{many_entries_elsewhere, TWINFS_P_IMAGE_TABLE, "offset 0x80000: "},
	{tiny_entries, TWINFS_P_IMAGE_TABLE, "entries of 1 bytes"},
	{no_entry_size, TWINFS_P_IMAGE_TABLE, "entries of 0 bytes"},
	{odd_entries, TWINFS_P_IMAGE_TABLE, "entries of 129 bytes"},
	{ends_outside, TWINFS_P_IMAGE_PARTITION, "'securedata' is 257 sectors from sector 1792"},
	{starts_outside, TWINFS_P_IMAGE_PARTITION, "'customer_fs' is 1 sectors"},
	{ends_at_the_top, TWINFS_P_IMAGE_PARTITION, "'customer_fs' is"},
	{ends_before_it_starts, TWINFS_P_IMAGE_PARTITION, "'customer_fs' is"},
	{overlap, TWINFS_P_IMAGE_PARTITION, "'customer_backup_fs' overlaps 'customer_fs'"},
};

START_TEST(hostile_table_is_refused)
{
	struct twinfs_partition table[8];
	struct twinfs_error err = {0};
	uint8_t *bytes;
	size_t count = 77;

	make_chip("chip");
	bytes = load("chip");
	fatal[_i].break_it(bytes);
	store("chip", bytes);
	free(bytes);
	ck_assert_int_eq(read_chip("chip", table, 8, &count, &err), -EUCLEAN);
	ck_assert_msg(strstr(err.text, fatal[_i].text) != NULL, "%s", err.text);
	ck_assert_int_eq(err.problem, fatal[_i].problem);
	ck_assert_str_eq(err.file, "chip");
	ck_assert_uint_eq(count, 77);
}
END_TEST

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Whatever the table says, what comes out lies inside the file. */
START_TEST(random_damage_is_harmless)
{
	const char *text = getenv("TWINFS_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 1;
	struct twinfs_partition table[8];
	uint8_t *good, *bytes = malloc(CHIP);

	(void)printf("TWINFS_SEED=%" PRIu64 "\n", seed);
	make_chip("chip");
	good = load("chip");
	ck_assert_ptr_nonnull(bytes);
	for (unsigned round = 0; round < 500; round++) {
		struct twinfs_error err = {0};
		size_t count = 0;

		memcpy(bytes, good, CHIP);
		for (unsigned i = 0; i < 4; i++) {
			/* Header, alternate header, or the used entries. */
			static const uint64_t from[] = {512, LAST, ENTRIES, ENTRIES};
			static const uint64_t len[] = {92, 92, 3 * ENTRY, 56};
			uint64_t where = next_random(&seed) % 4;
			uint64_t at = from[where] + next_random(&seed) % len[where];

			bytes[at] = (uint8_t)(next_random(&seed) % 2 ? next_random(&seed) : 0xff);
		}
		mend(bytes);
		store("chip", bytes);
		if (read_chip("chip", table, 8, &count, &err))
			continue;
		for (size_t i = 0; i < count && i < 8; i++)
			ck_assert(tw_is_within(table[i].addr, table[i].size, CHIP));
	}
	free(good);
	free(bytes);
}
END_TEST

START_TEST(foreign_names_are_cut_at_a_letter)
{
	struct twinfs_partition table[8];
	struct twinfs_error err = {0};
	uint8_t *bytes;
	size_t count = 0;

	make_chip("chip");
	bytes = load("chip");
	for (size_t i = 0; i < 36; i++)
		tw_put_le16(bytes + ENTRIES + 56 + 2 * i,
			i < 1 ? 'a' : 0x7528); /* three bytes of UTF-8 */
	mend(bytes);
	store("chip", bytes);
	free(bytes);
	ck_assert_int_eq(read_chip("chip", table, 8, &count, &err), 0);
	ck_assert_uint_eq(strlen(table[0].name), 37);
	ck_assert_str_eq(table[0].name + 34, "\xe7\x94\xa8");
}
END_TEST

START_TEST(other_images_have_no_table)
{
	static const char *const two[] = {"chip", "small"};
	struct twinfs_image *image = NULL;
	struct twinfs_error err = {0};
	const char *path = "small";
	size_t count;

	make_chip("chip");
	tempdir_make("small", 1, 0);
	ck_assert_int_eq(twinfs_image_memory(CHIP, &image), 0);
	ck_assert(!twinfs_image_has_gpt(image));
	ck_assert_int_eq(twinfs_image_read_gpt(image, NULL, 0, &count, &err), -EINVAL);
	twinfs_image_close(image);
	ck_assert_int_eq(twinfs_image_open(two, 2, 0, &image, &err), 0);
	ck_assert_int_eq(twinfs_image_read_gpt(image, NULL, 0, &count, &err), -EINVAL);
	twinfs_image_close(image);
	for (size_t len = 1; len <= 4096; len *= 2) {
		tempdir_make("small", len, 0xff);
		ck_assert_int_eq(twinfs_image_open(&path, 1, 0, &image, &err), 0);
		ck_assert(!twinfs_image_has_gpt(image));
		ck_assert_int_eq(twinfs_image_read_gpt(image, NULL, 0, &count, &err), -EUCLEAN);
		twinfs_image_close(image);
	}
}
END_TEST

START_TEST(cut_off_dump_is_refused)
{
	struct twinfs_partition table[8];
	struct twinfs_error err = {0};
	size_t count = 0;

	make_chip("chip");
	ck_assert_int_eq(truncate("chip", 0xe8000), 0);
	ck_assert_int_eq(read_chip("chip", table, 8, &count, &err), -EUCLEAN);
	ck_assert_msg(strstr(err.text, "is cut short: it has 950272 of 1048576 bytes"), "%s",
		err.text);
	ck_assert_int_eq(truncate("chip", 1024), 0);
	ck_assert_int_eq(read_chip("chip", table, 8, &count, &err), -EUCLEAN);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("gpt");

	tcase_add_loop_test(tcase, one_good_copy_is_enough, 0,
		sizeof(survivable) / sizeof(survivable[0]));
	tcase_add_loop_test(tcase, hostile_table_is_refused, 0, sizeof(fatal) / sizeof(fatal[0]));
	tcase_add_test(tcase, random_damage_is_harmless);
	tcase_add_test(tcase, foreign_names_are_cut_at_a_letter);
	tcase_add_test(tcase, other_images_have_no_table);
	tcase_add_test(tcase, cut_off_dump_is_refused);
	return gpt_run(tcase);
}
