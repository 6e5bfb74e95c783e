/* SPDX-License-Identifier: MIT */
/*
 * test_hash_ahead.c - hashing ahead gives what hashing one by one gives, with
 * any number of threads, and nothing that is out of date.
 */
#include "module/hash_ahead.h"

#include "module/table.h"
#include "module_rig.h"

#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* What the table of a bench names, and its hash; NULL: must be unknown. */
struct expected {
	const char *entry, *text;
};

static const struct expected entries[] = {
	{"{\"name\": \"/usr/a\", \"crc32\": \"0x0\"}", "0xc54aae31"},
	{"{\"name\": \"/usr/lib/b\"}", "0x99325f96"},
	{"{\"name\": \"/usr/abc\", \"sha256\": \"\"}", SHA256_ABC},
	{"{\"name\": \"usr/./x/..//a\", \"crc32\": null}", "0xc54aae31"},
	{"{\"name\": \"/usr/missing\", \"crc32\": \"0x0\"}", NULL},
	{"{\"name\": \"/usr/empty\", \"crc32\": \"0xffffffff\"}", NULL},
	{"{\"name\": \"/usr/lib\", \"crc32\": \"0x0\"}", NULL},
	{"{\"name\": \"/usr/a/\", \"crc32\": \"0x0\"}", "0xc54aae31"},
	{"{\"name\": \"/bak/usr/n\", \"crc32\": \"0x0\"}", "0xd202d277"},
	{"{\"name\": \"/else/a\", \"crc32\": \"0x0\"}", NULL},
	{"{\"name\": \"a\", \"crc32\": \"0x0\"}", NULL},
	{"{\"name\": \"\", \"crc32\": \"0x0\"}", NULL},
	{"{\"name\": 7, \"crc32\": \"0x0\"}", NULL},
	{"{\"crc32\": \"0x0\"}", NULL},
	{"[1]", NULL},
	{"null", NULL},
};

#define ENTRIES (sizeof(entries) / sizeof(entries[0]))
#define REPEATS 20u

static const struct rig_file user_files[] = {
	{"a", "a"}, {"lib/b", "hello world"}, {"abc", "abc"}, {"empty", ""}, RIG_END};
static const struct rig_file backup_files[] = {{"usr/n", "123456789"}, RIG_END};

struct bench {
	struct rig rig;
	struct tw_device device;
	struct tw_json *table;
};

/* All entries, so often that several threads have enough to do. */
static void open_bench(struct bench *bench)
{
	struct tw_text text = {0};
	char *error = NULL;

	rig_open(&bench->rig, user_files, backup_files);
	bench->device = (struct tw_device){rig_mount(&bench->rig, &bench->rig.boot.user),
		rig_mount(&bench->rig, &bench->rig.boot.backup), bench->rig.flash};
	for (unsigned i = 0; i < REPEATS * ENTRIES; i++)
		ck_assert_int_eq(tw_text_addf(&text, "%s%s", i ? ", " : "[",
					 entries[i % ENTRIES].entry),
			0);
	ck_assert_int_eq(tw_text_addf(&text, "]"), 0);
	ck_assert_int_eq(tw_json_parse(text.data, text.len, &bench->table, &error), 0);
	tw_text_release(&text);
}

static void close_bench(struct bench *bench)
{
	tw_json_free(bench->table);
	twinfs_volume_unmount(bench->device.user);
	twinfs_volume_unmount(bench->device.backup);
	rig_close(&bench->rig);
}

static void expect_all(const struct bench *bench, const struct tw_hash_ahead *ahead)
{
	for (unsigned i = 0; i < REPEATS * ENTRIES; i++) {
		const char *text = tw_hash_ahead_get(ahead, &bench->device, i);
		const char *expected = entries[i % ENTRIES].text;

		ck_assert_msg(!text == !expected && (!text || !strcmp(text, expected)), "%s: %s",
			entries[i % ENTRIES].entry, text ? text : "unknown");
	}
	ck_assert_ptr_null(tw_hash_ahead_get(ahead, &bench->device, REPEATS * ENTRIES));
}

START_TEST(any_number_of_threads)
{
	struct tw_hash_ahead ahead;
	struct bench bench;

	open_bench(&bench);
	for (unsigned threads = 1; threads <= TW_HASH_THREADS; threads++) {
		tw_hash_ahead_with(&ahead, &bench.device, bench.table, threads);
		expect_all(&bench, &ahead);
		tw_hash_ahead_release(&ahead);
	}
	tw_hash_ahead(&ahead, &bench.device, bench.table);
	expect_all(&bench, &ahead);
	tw_hash_ahead_release(&ahead);
	close_bench(&bench);
}
END_TEST

START_TEST(as_one_by_one)
{
	struct tw_hash_ahead ahead;
	struct bench bench;
	const struct tw_json *entry;
	size_t i = 0;

	open_bench(&bench);
	tw_hash_ahead_with(&ahead, &bench.device, bench.table, 2);
	for (entry = bench.table->first; entry; entry = entry->next, i++) {
		const char *text = tw_hash_ahead_get(&ahead, &bench.device, i);
		const struct tw_json *name = tw_json_get(entry, "name");
		enum twinfs_reason reason;
		char *single = NULL;

		if (!name || name->kind != TW_JSON_STRING)
			continue;
		ck_assert_int_eq(tw_device_hash(&bench.device, name->text, tw_table_kind(entry),
					 &single, &reason),
			0);
		ck_assert_msg(!text == !single && (!text || !strcmp(text, single)), "%s",
			name->text);
		free(single);
	}
	ck_assert_uint_eq(i, REPEATS * ENTRIES);
	tw_hash_ahead_release(&ahead);
	close_bench(&bench);
}
END_TEST

START_TEST(unknown_after_a_write)
{
	struct tw_hash_ahead ahead;
	struct bench bench;

	open_bench(&bench);
	tw_hash_ahead_with(&ahead, &bench.device, bench.table, 2);
	ck_assert_int_eq(tw_device_mkdirs(&bench.device, "/usr/lib"), 0);
	expect_all(&bench, &ahead); /* it was there: nothing was written */
	ck_assert_int_eq(tw_device_mkdirs(&bench.device, "/usr/new"), 0);
	for (unsigned i = 0; i < REPEATS * ENTRIES; i++)
		ck_assert_ptr_null(tw_hash_ahead_get(&ahead, &bench.device, i));
	tw_hash_ahead_release(&ahead);
	close_bench(&bench);
}
END_TEST

START_TEST(not_where_somebody_watches_the_reads)
{
	struct tw_hash_ahead ahead;
	struct bench bench;

	open_bench(&bench);
	bench.rig.hook.reads = true;
	bench.rig.cut = (struct rig_cut){0};
	tw_hash_ahead(&ahead, &bench.device, bench.table);
	ck_assert_uint_eq(bench.rig.cut.seen, 0);
	ck_assert_ptr_null(tw_hash_ahead_get(&ahead, &bench.device, 0));
	tw_hash_ahead_release(&ahead);
	close_bench(&bench);
}
END_TEST

START_TEST(nothing_without_power)
{
	struct tw_hash_ahead ahead;
	struct bench bench;

	open_bench(&bench);
	twinfs_flash_set_power(bench.rig.flash, false);
	tw_hash_ahead_with(&ahead, &bench.device, bench.table, 2);
	for (unsigned i = 0; i < REPEATS * ENTRIES; i++)
		ck_assert_ptr_null(tw_hash_ahead_get(&ahead, &bench.device, i));
	tw_hash_ahead_release(&ahead);
	close_bench(&bench);
}
END_TEST

/* ---- in a boot ---- */

#define COPIES    200u
#define LONG_SIZE 5000u

/*
 * A table in which one file, damaged, stands twice: with what it is, and with
 * what it becomes. Between them are others enough for several threads.
 */
static char *two_hashes_of_one_file(void)
{
	struct tw_text text = {0};

	ck_assert_int_eq(tw_text_addf(&text, "[{\"name\": \"/usr/x\", \"crc32\": \"0xd202d277\"}"),
		0);
	for (unsigned i = 0; i < COPIES; i++)
		ck_assert_int_eq(tw_text_addf(&text, ", {\"name\": \"/usr/%s\", \"crc32\": \"%s\"}",
					 i % 2 ? "a" : "lib/b",
					 i % 2 ? "0xc54aae31" : "0x99325f96"),
			0);
	ck_assert_int_eq(tw_text_addf(&text,
				 ", {\"name\": \"/usr/x\", \"crc32\": \"0xd202d277\"}]"),
		0);
	return text.data;
}

static void expect_verdicts(const struct twinfs_boot_report *report)
{
	ck_assert_uint_eq(report->file_count, COPIES + 2);
	for (unsigned i = 0; i < report->file_count; i++) {
		const struct twinfs_boot_file *file = &report->files[i];

		ck_assert_msg(file->verdict ==
				      (i ? TWINFS_VERDICT_INTACT : TWINFS_VERDICT_RESTORED),
			"entry %u: %s", i, twinfs_verdict_name(file->verdict));
		ck_assert_int_eq(file->reason, i ? TWINFS_REASON_NONE : TWINFS_REASON_CHANGED);
	}
	ck_assert_str_eq(report->files[0].found, "0xc54aae31");
	ck_assert_str_eq(report->files[COPIES + 1].found, "0xd202d277");
}

START_TEST(a_restored_file_is_hashed_again)
{
	static const struct rig_file user[] = {
		{"a", "a"}, {"lib/b", "hello world"}, {"x", "a"}, RIG_END};
	static const struct rig_file backup[] = {
		{"backup_restore.json", "{\"enable\": 1}"}, {"usr/x", "123456789"}, RIG_END};
	char *table = two_hashes_of_one_file();

	/* ahead, and one by one because of the hook */
	for (unsigned watched = 0; watched < 2; watched++) {
		struct rig rig;

		rig_open(&rig, user, backup);
		rig_change(&rig, &rig.boot.user, "checksum.json", table);
		rig_arm(&rig, 0, 0);
		rig.hook.reads = watched;
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
		expect_verdicts(rig.boot.report);
		rig.hook.reads = false;
		rig_expect(&rig, "x", "123456789");
		rig_close(&rig);
	}
	free(table);
}
END_TEST

/* Points the second block of the file of byte @byte to nowhere. */
static void break_chain(struct rig *rig, uint8_t byte)
{
	uint8_t *bytes = twinfs_image_bytes_writable(rig->image);

	for (uint32_t block = 0; block < RIG_USER_SIZE / RIG_BLOCK; block++) {
		uint8_t *at = bytes + block * RIG_BLOCK;

		if (at[4] == byte && at[5] == byte && at[0] != byte)
			memset(at, 0xff, 4);
	}
}

START_TEST(a_damaged_file_is_unreadable_in_its_turn)
{
	static const struct rig_file backup[] = {
		{"backup_restore.json", "{\"enable\": 1}"}, RIG_END};
	char content[LONG_SIZE + 1] = "";
	struct rig rig;

	memset(content, 'q', LONG_SIZE);
	rig_open(&rig, (const struct rig_file[]){{"q", content}, RIG_END}, backup);
	rig_change(&rig, &rig.boot.user, "checksum.json",
		"[{\"name\": \"/usr/q\", \"crc32\": \"0x0\"}]");
	break_chain(&rig, 'q');
	rig_arm(&rig, 0, 0);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert_int_eq(rig.boot.report->files[0].reason, TWINFS_REASON_UNREADABLE);
	ck_assert_ptr_null(rig.boot.report->files[0].found);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash_ahead");
	TCase *tcase = tcase_create("hash_ahead");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, any_number_of_threads);
	tcase_add_test(tcase, as_one_by_one);
	tcase_add_test(tcase, unknown_after_a_write);
	tcase_add_test(tcase, not_where_somebody_watches_the_reads);
	tcase_add_test(tcase, nothing_without_power);
	tcase_add_test(tcase, a_restored_file_is_hashed_again);
	tcase_add_test(tcase, a_damaged_file_is_unreadable_in_its_turn);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
