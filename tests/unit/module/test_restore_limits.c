/* SPDX-License-Identifier: MIT */
/*
 * test_restore_limits.c - the restore procedure with tables that are too long, and without space.
 */
#include "restore_files.h"

/* ---- tables over the limit ---- */

#define LONG_ENTRIES 400

/* A table of entries "/usr/f000", names padded with @pad blanks. free() it. */
static char *long_table(int pad)
{
	struct tw_text text = {0};

	for (unsigned i = 0; i < LONG_ENTRIES; i++)
		ck_assert_int_eq(tw_text_addf(&text,
					 "%s{\"name\": \"/usr/f%03u%*s\", \"crc32\": "
					 "\"0xc54aae31\"}",
					 i ? ", " : "[", i, pad, ""),
			0);
	ck_assert_int_eq(tw_text_addf(&text, "]"), 0);
	return text.data;
}

/* Only the first file of the table is in the backup. */
static void open_long(struct rig *rig, int pad)
{
	char *table = long_table(pad), name[64];

	rig_open(rig, NULL, NULL);
	rig_change(rig, &rig->boot.user, "checksum.json", table);
	rig_change(rig, &rig->boot.backup, "backup_restore.json", "{\"enable\": 1}");
	(void)snprintf(name, sizeof(name), "usr/f000%*s", pad, "");
	rig_change(rig, &rig->boot.backup, name, "b");
	free(table);
}

static bool has_hole(const struct rig *rig, enum twinfs_hole_id id, bool closed)
{
	for (size_t i = 0; i < rig->boot.report->hole_count; i++)
		if (rig->boot.report->holes[i].id == id)
			return rig->boot.report->holes[i].closed == closed;
	return false;
}

/* Entries of the user's table, by their closing braces. */
static size_t count_entries(struct rig *rig)
{
	char *table = rig_get(rig, &rig->boot.user, "checksum.json");
	size_t count = 0;

	for (const char *at = table; (at = strchr(at, '}')); at++)
		count++;
	free(table);
	return count;
}

START_TEST(long_table_cut_inside_an_entry)
{
	struct rig rig;

	open_long(&rig, 12);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig_expect_console(&rig, "mount.\n" WRONG "syntax error in JSON\n");
	rig_expect_holes(&rig, "table_too_long");
	ck_assert_uint_eq(rig_operations(&rig), 0);
	rig_close(&rig);
}
END_TEST

/* Entries of 64 bytes: the limit falls behind the 256th. The others are forgotten, then gone. */
START_TEST(long_table_cut_between_entries)
{
	struct rig rig;

	open_long(&rig, 18);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert_uint_eq(rig.boot.report->file_count, 256);
	ck_assert_ptr_null(rig.boot.report->error);
	ck_assert(has_hole(&rig, TWINFS_HOLE_TABLE_TOO_LONG, false));
	ck_assert(has_hole(&rig, TWINFS_HOLE_TABLE_SHORTENED, false));
	ck_assert(rig.boot.report->files[0].hash_updated);
	ck_assert(!rig.boot.report->files[1].hash_updated);
	ck_assert_uint_eq(count_entries(&rig), 256);
	rig_close(&rig);
}
END_TEST

START_TEST(long_table_is_read_whole_when_safe)
{
	static const int pads[] = {12, 18};
	struct rig rig;

	for (size_t i = 0; i < 2; i++) {
		open_long(&rig, pads[i]);
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_SAFE), 0);
		ck_assert_uint_eq(rig.boot.report->file_count, LONG_ENTRIES);
		ck_assert(has_hole(&rig, TWINFS_HOLE_TABLE_TOO_LONG, true));
		ck_assert(!has_hole(&rig, TWINFS_HOLE_TABLE_SHORTENED, false));
		ck_assert_int_eq(rig.boot.report->files[0].verdict, TWINFS_VERDICT_RESTORED);
		ck_assert_uint_eq(count_entries(&rig), LONG_ENTRIES);
		rig_close(&rig);
	}
}
END_TEST

/* ---- no space ---- */

START_TEST(no_space_ends_the_procedure_and_keeps_the_old_file)
{
	static const struct rig_file user[] = {{"checksum.json", TABLE}, {"a", "old"}, RIG_END};
	static const struct rig_file backup[] = {FACTORY, RIG_END};
	struct rig rig;

	rig_open(&rig, user, backup);
	rig_fill_up(&rig, 0);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig_expect_console(&rig, "mount.\n- restoring /usr/a\n" WRONG "28\n");
	rig_expect_holes(&rig, "stopped");
	ck_assert_str_eq(rig.boot.report->error, "28");
	ck_assert_int_eq(rig.boot.report->files[0].verdict, TWINFS_VERDICT_FAILED);
	ck_assert_int_eq(rig.boot.report->files[0].reason, TWINFS_REASON_CHANGED);
	ck_assert_int_eq(rig.boot.report->files[1].verdict, TWINFS_VERDICT_SKIPPED);
	rig_expect(&rig, "a", "old");
	rig_close(&rig);
}
END_TEST

/* One block is enough for the copy, and is free again for the table. */
START_TEST(one_free_block_is_enough)
{
	static const struct rig_file user[] = {{"checksum.json", "[" A "]"}, {"a", "old"}, RIG_END};
	static const struct rig_file backup[] = {FACTORY, RIG_END};
	struct rig rig;

	for (int policy = TWINFS_POLICY_DEVICE; policy <= TWINFS_POLICY_SAFE; policy++) {
		rig_open(&rig, user, backup);
		rig_fill_up(&rig, 1);
		ck_assert_int_eq(rig_boot(&rig, (enum twinfs_policy)policy), 0);
		rig_expect_holes(&rig, "");
		ck_assert(rig.boot.report->table_rewritten);
		rig_expect(&rig, "a", "a");
		rig_close(&rig);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("restore_limits");
	TCase *tcase = tcase_create("restore_limits");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, long_table_cut_inside_an_entry);
	tcase_add_test(tcase, long_table_cut_between_entries);
	tcase_add_test(tcase, long_table_is_read_whole_when_safe);
	tcase_add_test(tcase, no_space_ends_the_procedure_and_keeps_the_old_file);
	tcase_add_test(tcase, one_free_block_is_enough);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
