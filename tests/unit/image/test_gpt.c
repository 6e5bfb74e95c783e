/* SPDX-License-Identifier: MIT */
/*
 * test_gpt.c - partition tables: what is made, what is read, what is refused.
 */
#include <twinfs/image.h>

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "base/file.h"
#include "tempdir.h"

#define CHIP    (UINT64_C(1) << 20)
#define LAST    (CHIP - 512)
#define ENTRIES 1024
#define ENTRY   128

static const struct twinfs_partition three[] = {
	{"customer_fs", 0x8000, 0x20000},
	{"customer_backup_fs", 0x28000, 0x10000},
	{"securedata", 0xe0000, 0x10000},
};

static void make_chip(const char *path)
{
	struct twinfs_error err = {0};
	int rc = twinfs_image_create_gpt(path, CHIP, three, 3, 42, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

static int read_chip(const char *path, struct twinfs_partition *table, size_t room, size_t *count,
	struct twinfs_error *err)
{
	struct twinfs_image *image = NULL;
	int rc;

	ck_assert_int_eq(twinfs_image_open(&path, 1, 0, &image, err), 0);
	rc = twinfs_image_read_gpt(image, table, room, count, err);
	twinfs_image_close(image);
	return rc;
}

/* Reads a file of CHIP bytes; free() the result. */
static uint8_t *load(const char *path)
{
	char *bytes = NULL;
	size_t len = 0;

	ck_assert_int_eq(tw_file_read(path, CHIP, &bytes, &len), 0);
	ck_assert_uint_eq(len, CHIP);
	return (uint8_t *)bytes;
}

static void store(const char *path, const uint8_t *bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(tw_write_all(fd, bytes, CHIP), 0);
	ck_assert_int_eq(close(fd), 0);
}

/* Makes the checksums of the header at @at right again. */
static void mend_header(uint8_t *bytes, uint64_t at, uint64_t entries)
{
	uint8_t *header = bytes + at;
	uint64_t len = (uint64_t)tw_le32(header + 80) * tw_le32(header + 84);
	uint32_t size = tw_le32(header + 12);

	if (len <= CHIP - entries)
		tw_put_le32(header + 88, tw_crc32(0, bytes + entries, len));
	tw_put_le32(header + 16, 0);
	if (size <= 512)
		tw_put_le32(header + 16, tw_crc32(0, header, size));
}

/* Makes both tables consistent with the entries of the first. */
static void mend(uint8_t *bytes)
{
	const uint64_t backup = LAST - 128 * ENTRY;

	memcpy(bytes + backup, bytes + ENTRIES, 128 * ENTRY);
	mend_header(bytes, 512, ENTRIES);
	mend_header(bytes, LAST, backup);
}

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
	ck_assert_msg(strstr(err.text, "the file has 950272 bytes, its partition table is one for "
				       "1048576: the end is missing"),
		"%s", err.text);
	ck_assert_int_eq(truncate("chip", 1024), 0);
	ck_assert_int_eq(read_chip("chip", table, 8, &count, &err), -EUCLEAN);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, reads_what_it_made);
	tcase_add_test(tcase, made_chip_is_erased_and_whole);
	tcase_add_test(tcase, equal_input_gives_equal_bytes);
	tcase_add_test(tcase, existing_file_is_kept);
	tcase_add_test(tcase, mode_follows_the_umask);
	tcase_add_loop_test(tcase, bad_plan_is_refused, 0,
		sizeof(bad_plans) / sizeof(bad_plans[0]));
	tcase_add_test(tcase, places_are_exact_on_a_large_chip);
	tcase_add_test(tcase, largest_plan_is_made);
	tcase_add_loop_test(tcase, one_good_copy_is_enough, 0,
		sizeof(survivable) / sizeof(survivable[0]));
	tcase_add_loop_test(tcase, hostile_table_is_refused, 0, sizeof(fatal) / sizeof(fatal[0]));
	tcase_add_test(tcase, random_damage_is_harmless);
	tcase_add_test(tcase, foreign_names_are_cut_at_a_letter);
	tcase_add_test(tcase, other_images_have_no_table);
	tcase_add_test(tcase, cut_off_dump_is_refused);
}

int main(void)
{
	Suite *suite = suite_create("gpt");
	TCase *tcase = tcase_create("gpt");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
