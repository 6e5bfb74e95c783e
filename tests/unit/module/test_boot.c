/* SPDX-License-Identifier: MIT */
/*
 * test_boot.c - the boot script around the restore: mounting, formatting, what
 * is saved first, the settings file, power cuts, and the report.
 */
#include "module_rig.h"

#include <json-c/json.h>

#include "base/file.h"
#include "tempdir.h"

#define SETTINGS "{\"replFlag\": 0}"

/* 5000 bytes: two blocks. */
static char big[5001];

#define TABLE_OF_FOUR                                                                              \
	"[{\"name\": \"/usr/a\", \"crc32\": \"0xc54aae31\"}, "                                     \
	"{\"name\": \"/usr/b\", \"crc32\": \"0x99325f96\"}, "                                      \
	"{\"name\": \"/usr/c\", \"crc32\": \"0xd202d277\"}, "                                      \
	"{\"name\": \"/usr/big\", \"crc32\": \"0x27c10171\"}]"

static const struct rig_file factory[] = {
	{"backup_restore.json", "{\"enable\": 1}"},
	{"checksum.json", TABLE_OF_FOUR},
	{"usr/a", "a"},
	{"usr/b", "hello world"},
	{"usr/c", "123456789"},
	{"usr/big", big},
	RIG_END,
};

#define FIRST_RESTORE 36u

static void setup(void)
{
	tempdir_enter();
	memset(big, 'x', sizeof(big) - 1);
}

static void expect_factory(struct rig *rig)
{
	rig_expect(rig, "a", "a");
	rig_expect(rig, "b", "hello world");
	rig_expect(rig, "c", "123456789");
	rig_expect(rig, "big", big);
	rig_expect(rig, "checksum.json", TABLE_OF_FOUR);
}

/* ---- restoring, and cuts ---- */

START_TEST(first_restore_costs_what_it_costs_the_device)
{
	struct rig rig;

	rig_open(&rig, NULL, factory);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert_uint_eq(rig_operations(&rig), FIRST_RESTORE);
	ck_assert_uint_eq(rig.boot.report->flash_programs, FIRST_RESTORE / 2);
	ck_assert_uint_eq(rig.boot.report->flash_ns,
		FIRST_RESTORE / 2 * (16 * UINT64_C(700000) + UINT64_C(60000000)));
	ck_assert(rig.boot.report->table_copied && rig.boot.report->table_rewritten);
	ck_assert(rig.boot.report->restore_ran && rig.boot.report->restore_enabled);
	expect_factory(&rig);
	rig_expect_holes(&rig, "");

	/* Nothing is left to do: not a bit changes. */
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert_uint_eq(rig_operations(&rig), 0);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_SAFE), 0);
	ck_assert_uint_eq(rig_operations(&rig), 0);
	rig_close(&rig);
}
END_TEST

/* Cuts the first restore at operation @cut_at; whether the cut came to pass. */
static bool cut_first_restore(struct rig *rig, enum twinfs_policy policy, uint64_t cut_at,
	uint32_t torn)
{
	int rc;

	rig_open(rig, NULL, factory);
	rig_arm(rig, cut_at, torn);
	rc = rig_boot(rig, policy);
	ck_assert(!rc || rc == -ESHUTDOWN);
	rig_arm(rig, 0, 0);
	return rc;
}

static bool is_dead(const struct rig *rig)
{
	return rig->boot.report->error &&
	       !strcmp(rig->boot.report->error, "'/usr/checksum.json is empty'");
}

/* The four operations between creating the copy of the table and its close kill restore for good.
 */
START_TEST(device_policy_has_one_hole_of_four_points)
{
	static const uint32_t tears[] = {0, 1, 100, 4095};

	for (size_t i = 0; i < sizeof(tears) / sizeof(tears[0]); i++) {
		struct rig rig;
		uint64_t cut_at, dead = 0;

		for (cut_at = 1; cut_first_restore(&rig, TWINFS_POLICY_DEVICE, cut_at, tears[i]);
			cut_at++) {
			for (int boot = 0; boot < 2; boot++)
				ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
			dead += is_dead(&rig);
			if (is_dead(&rig))
				rig_expect_holes(&rig, "table_empty");
			else
				expect_factory(&rig);
			rig_close(&rig);
		}
		rig_close(&rig);
		ck_assert_uint_eq(cut_at, FIRST_RESTORE + 1);
		ck_assert_msg(dead >= 3 && dead <= 4, "torn after %u: %d dead", tears[i],
			(int)dead);
		ck_assert(tears[i] || dead == 4);
	}
}
END_TEST

START_TEST(safe_policy_survives_every_pair_of_cuts)
{
	struct rig rig;

	for (uint64_t first = 1; cut_first_restore(&rig, TWINFS_POLICY_SAFE, first, 100); first++) {
		rig_close(&rig);
		for (uint64_t second = 1;; second++) {
			int rc;

			(void)cut_first_restore(&rig, TWINFS_POLICY_SAFE, first, 0);
			rig_arm(&rig, second, 0);
			rc = rig_boot(&rig, TWINFS_POLICY_SAFE);
			rig_arm(&rig, 0, 0);
			ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_SAFE), 0);
			expect_factory(&rig);
			rig_expect(&rig, ".twinfs-restore", NULL);
			rig_expect_holes(&rig, "");
			rig_close(&rig);
			if (!rc)
				break;
		}
	}
	rig_close(&rig);
}
END_TEST

/* Whatever the device left, the safe policy brings right. */
START_TEST(safe_policy_heals_what_the_device_left)
{
	struct rig rig;

	for (uint64_t cut_at = 1; cut_first_restore(&rig, TWINFS_POLICY_DEVICE, cut_at, 0);
		cut_at++) {
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_SAFE), 0);
		expect_factory(&rig);
		rig_close(&rig);
	}
	rig_close(&rig);
}
END_TEST

/* ---- partitions that cannot be mounted ---- */

static void destroy(struct rig *rig, const struct twinfs_volume_config *config)
{
	ck_assert_int_eq(twinfs_flash_erase(rig->flash, config->addr, 2 * RIG_BLOCK), 0);
}

static const uint8_t *bytes_of(struct rig *rig, const struct twinfs_volume_config *config)
{
	return twinfs_image_bytes(rig->image) + config->addr;
}

START_TEST(damaged_user_partition_is_saved_then_formatted)
{
	struct rig rig;
	char *saved, *copy = malloc(RIG_USER_SIZE);
	size_t len;

	rig_open(&rig, NULL, factory);
	rig_change(&rig, &rig.boot.user, "mine", "precious");
	rig.boot.save_prefix = "user.bin";
	for (int number = 1; number <= 2; number++) {
		char name[32];

		destroy(&rig, &rig.boot.user);
		memcpy(copy, bytes_of(&rig, &rig.boot.user), RIG_USER_SIZE);
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
		ck_assert(rig.boot.report->user_formatted);
		(void)snprintf(name, sizeof(name), "user.bin.damaged-%d", number);
		ck_assert_str_eq(rig.boot.report->user_saved, name);
		ck_assert_int_eq(tw_file_read(name, RIG_USER_SIZE, &saved, &len), 0);
		ck_assert_uint_eq(len, RIG_USER_SIZE);
		ck_assert_int_eq(memcmp(saved, copy, len), 0);
		free(saved);
		ck_assert_uint_eq(rig_operations(&rig), 6 + FIRST_RESTORE);
		expect_factory(&rig);
		rig_expect(&rig, "mine", NULL);
	}
	free(copy);
	rig_close(&rig);
}
END_TEST

static uint32_t version_after_boot(struct rig *rig)
{
	struct twinfs_volume *volume;
	struct twinfs_statfs statfs;

	destroy(rig, &rig->boot.user);
	ck_assert_int_eq(rig_boot(rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert(rig->boot.report->user_formatted);
	expect_factory(rig);
	volume = rig_mount(rig, &rig->boot.user);
	ck_assert_int_eq(twinfs_volume_statfs(volume, &statfs), 0);
	twinfs_volume_unmount(volume);
	return statfs.version;
}

START_TEST(firmware_formats_the_version_it_prefers)
{
	struct rig rig;

	rig_open(&rig, NULL, factory);
	rig.profile.v2_prog_size = 32;
	rig.boot.user.disk_version = TWINFS_LFS_2_0; /* as one that was mounted until now */
	ck_assert_uint_eq(version_after_boot(&rig), TWINFS_LFS_1_1);
	rig.profile.format = 2;
	rig.boot.user.disk_version = TWINFS_LFS_1_1;
	ck_assert_uint_eq(version_after_boot(&rig), TWINFS_LFS_2_0);
	rig_close(&rig);
}
END_TEST

START_TEST(what_cannot_be_saved_is_not_formatted)
{
	struct rig rig;
	uint8_t *copy = malloc(RIG_USER_SIZE);

	rig_open(&rig, NULL, factory);
	destroy(&rig, &rig.boot.user);
	memcpy(copy, bytes_of(&rig, &rig.boot.user), RIG_USER_SIZE);
	rig.boot.save_prefix = "missing/user.bin";
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), -ENOENT);
	ck_assert_int_eq(memcmp(copy, bytes_of(&rig, &rig.boot.user), RIG_USER_SIZE), 0);

	/* Nor what is read-only; nothing is saved then. */
	rig.boot.save_prefix = "user.bin";
	rig.boot.user.flags = TWINFS_VOLUME_READ_ONLY;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), -EROFS);
	ck_assert_int_eq(memcmp(copy, bytes_of(&rig, &rig.boot.user), RIG_USER_SIZE), 0);
	ck_assert_int_ne(access("user.bin.damaged-1", F_OK), 0);
	free(copy);
	rig_close(&rig);
}
END_TEST

START_TEST(nothing_is_kept_without_a_name)
{
	struct rig rig;

	rig_open(&rig, NULL, factory);
	destroy(&rig, &rig.boot.user);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert(rig.boot.report->user_formatted);
	ck_assert_ptr_null(rig.boot.report->user_saved);
	rig_close(&rig);
}
END_TEST

START_TEST(cut_format_is_done_again)
{
	for (uint64_t cut_at = 1; cut_at <= 6; cut_at++) {
		struct rig rig;

		rig_open(&rig, NULL, factory);
		destroy(&rig, &rig.boot.user);
		rig_arm(&rig, cut_at, 10);
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), -ESHUTDOWN);
		rig_arm(&rig, 0, 0);
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
		expect_factory(&rig);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(damaged_backup_partition_is_left_alone)
{
	struct rig rig;
	uint8_t *copy = malloc(RIG_BACKUP_SIZE);

	rig_open(&rig, NULL, factory);
	destroy(&rig, &rig.boot.backup);
	memcpy(copy, bytes_of(&rig, &rig.boot.backup), RIG_BACKUP_SIZE);
	rig.boot.backup.block_size = 0; /* as probed: there is nothing to probe */
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert(rig.boot.report->backup_replaced);
	ck_assert_uint_eq(rig_operations(&rig), 0);
	ck_assert_int_eq(memcmp(copy, bytes_of(&rig, &rig.boot.backup), RIG_BACKUP_SIZE), 0);
	rig_expect_holes(&rig, "backup_wiped");
	rig_expect_console(&rig,
		"mount.\n"
		"x backup restore procedure error: '/bak/backup_restore.json not exist'\n");
	free(copy);
	rig_close(&rig);
}
END_TEST

START_TEST(read_only_boots_when_nothing_is_to_be_done)
{
	struct rig rig;

	rig_open(&rig, NULL, factory);
	rig.boot.user.flags = TWINFS_VOLUME_READ_ONLY;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), -EROFS);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_SAFE), -EROFS);
	rig.boot.user.flags = 0;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig.boot.user.flags = TWINFS_VOLUME_READ_ONLY;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_SAFE), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(missing_partitions_fail_the_boot_step)
{
	struct rig rig;

	rig_open(&rig, NULL, factory);
	rig.profile.writes_settings = true;
	rig.boot.backup.size = 0;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig_expect_console(&rig, "error ocurs in boot step.\n");
	rig.boot.backup = rig_backup();
	rig.boot.user.size = 0;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig_expect_console(&rig, "error ocurs in boot step.\n");
	ck_assert_uint_eq(rig_operations(&rig), 0);

	/* A firmware that does not restore does not need a backup. */
	rig.boot.user = rig_user();
	rig.boot.backup.size = 0;
	rig.profile.restores = false;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig_expect_console(&rig, "mount.\n");
	rig_close(&rig);
}
END_TEST

/* The root directory is in blocks 2 and 3 of a new volume. */
START_TEST(damaged_root_is_never_mended)
{
	struct rig rig;

	rig_open(&rig, NULL, factory);
	rig.profile.writes_settings = true;
	ck_assert_int_eq(twinfs_flash_erase(rig.flash, 2 * RIG_BLOCK, 2 * RIG_BLOCK), 0);
	for (int policy = TWINFS_POLICY_DEVICE; policy <= TWINFS_POLICY_SAFE; policy++) {
		ck_assert_int_eq(rig_boot(&rig, (enum twinfs_policy)policy), 0);
		ck_assert(!rig.boot.report->user_formatted);
		rig_expect_console(&rig, "mount.\n"
					 "x backup restore procedure error: 52\n"
					 "Traceback (most recent call last):\n"
					 "OSError: 52\n");
		rig_expect_holes(&rig, "root_damaged stopped settings");
		ck_assert_uint_eq(rig_operations(&rig), 0);
	}
	rig_close(&rig);
}
END_TEST

/* ---- the settings file ---- */

static const struct rig_file off[] = {{"backup_restore.json", "{\"enable\": 0}"}, RIG_END};

START_TEST(settings_are_made_once)
{
	struct rig rig;

	for (int policy = TWINFS_POLICY_DEVICE; policy <= TWINFS_POLICY_SAFE; policy++) {
		rig_open(&rig, NULL, off);
		rig.profile.writes_settings = true;
		ck_assert_int_eq(rig_boot(&rig, (enum twinfs_policy)policy), 0);
		ck_assert(rig.boot.report->settings_created);
		ck_assert(policy || rig_operations(&rig) == 6);
		rig_expect(&rig, "system_config.json", SETTINGS);
		rig_expect(&rig, ".twinfs-settings", NULL);
		rig_expect_console(&rig, "mount.\n");
		ck_assert_int_eq(rig_boot(&rig, (enum twinfs_policy)policy), 0);
		ck_assert(!rig.boot.report->settings_created);
		ck_assert_uint_eq(rig_operations(&rig), 0);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(settings_that_kill_the_boot_script)
{
	static const struct {
		const char *content, *last;
	} cases[] = {
		{"", "ValueError: syntax error in JSON"},
		{"{\"replFlag\": ", NULL},
		{"{\"replFlag\": 1, \"x\": [", "ValueError: syntax error in JSON"},
		{"{\"replFlag\": 1-1}",
			"ValueError: invalid syntax for integer with base 10: '1-1'"},
		{"[]", "AttributeError: 'list' object has no attribute 'get'"},
		{"7", "AttributeError: 'int' object has no attribute 'get'"},
		{NULL, "OSError: [Errno 21] EISDIR"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rig_file user[] = {{"system_config.json", cases[i].content}, RIG_END};
		const struct twinfs_boot_report *report;
		struct rig rig;

		rig_open(&rig, user, off);
		rig.profile.writes_settings = true;
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
		report = rig.boot.report;
		ck_assert_str_eq(report->console[report->console_count - 1],
			cases[i].last ? cases[i].last : "mount.");
		rig_expect_holes(&rig, cases[i].last ? "settings" : "");
		ck_assert_uint_eq(rig_operations(&rig), 0);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(empty_settings_are_mended_when_safe)
{
	static const struct rig_file user[] = {{"system_config.json", ""}, RIG_END};
	struct rig rig;

	rig_open(&rig, user, off);
	rig.profile.writes_settings = true;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_SAFE), 0);
	rig_expect_holes(&rig, "settings=closed");
	rig_expect_console(&rig, "mount.\n");
	rig_expect(&rig, "system_config.json", SETTINGS);
	rig_close(&rig);
}
END_TEST

START_TEST(cut_settings)
{
	for (int policy = TWINFS_POLICY_DEVICE; policy <= TWINFS_POLICY_SAFE; policy++) {
		uint64_t dead = 0;
		int rc = -1;

		for (uint64_t cut_at = 1; rc; cut_at++) {
			struct rig rig;

			rig_open(&rig, NULL, off);
			rig.profile.writes_settings = true;
			rig_arm(&rig, cut_at, 0);
			rc = rig_boot(&rig, (enum twinfs_policy)policy);
			rig_arm(&rig, 0, 0);
			ck_assert_int_eq(rig_boot(&rig, (enum twinfs_policy)policy), 0);
			dead += rig.boot.report->hole_count;
			rig_expect(&rig, "system_config.json",
				rig.boot.report->hole_count ? "" : SETTINGS);
			rig_expect(&rig, ".twinfs-settings", NULL);
			rig_close(&rig);
		}
		ck_assert_uint_eq(dead, policy == TWINFS_POLICY_DEVICE ? 4 : 0);
	}
}
END_TEST

/* ---- the report ---- */

static struct json_object *report_json(const struct rig *rig)
{
	char *text = twinfs_boot_report_json(rig->boot.report);
	struct json_object *json = json_tokener_parse(text);

	ck_assert_msg(json != NULL, "%s", text);
	free(text);
	return json;
}

static const char *string_at(struct json_object *json, const char *key)
{
	struct json_object *value;

	ck_assert_msg(json_object_object_get_ex(json, key, &value), "%s", key);
	return json_object_get_string(value);
}

START_TEST(report_is_json)
{
	static const char *const keys[] = {"policy", "user_formatted", "user_saved",
		"backup_replaced", "restore_ran", "restore_enabled", "table_copied",
		"table_rewritten", "settings_created", "error", "files", "update", "holes",
		"console", "repaired_user", "repaired_backup", "flash", "host_ns"};
	static const struct rig_file user[] = {
		{"checksum.json",
			"[{\"name\": \"/usr/\xff\\u00001\xc3\xa9\", \"crc32\": \"0x1\"}]"},
		RIG_END};
	struct json_object *json, *file, *files;
	struct rig rig;

	rig_open(&rig, user, factory);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	json = report_json(&rig);
	ck_assert_int_eq(json_object_object_length(json), sizeof(keys) / sizeof(keys[0]));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		ck_assert_msg(json_object_object_get_ex(json, keys[i], NULL), "%s", keys[i]);
	ck_assert_str_eq(string_at(json, "policy"), "device");
	ck_assert_ptr_null(string_at(json, "error"));
	ck_assert(json_object_object_get_ex(json, "files", &files));
	ck_assert_uint_eq(json_object_array_length(files), 1);
	file = json_object_array_get_idx(files, 0);
	ck_assert_str_eq(string_at(file, "name"), "/usr/\\xff\\x001\xc3\xa9");
	ck_assert_str_eq(string_at(file, "verdict"), "no_backup");
	ck_assert_str_eq(string_at(file, "reason"), "missing");
	ck_assert_str_eq(string_at(file, "expected"), "0x1");
	ck_assert_ptr_null(string_at(file, "found"));
	ck_assert_str_eq(rig.boot.report->console[1], "- restoring /usr/\xff\\x001\xc3\xa9");
	json_object_put(json);
	rig_close(&rig);
}
END_TEST

START_TEST(names_are_all_there)
{
	for (int id = 0; id < TWINFS_HOLE_COUNT; id++)
		ck_assert_str_ne(twinfs_hole_name((enum twinfs_hole_id)id), "unknown");
	ck_assert_str_eq(twinfs_hole_name(TWINFS_HOLE_COUNT), "unknown");
	ck_assert_str_eq(twinfs_verdict_name(TWINFS_VERDICT_NO_BACKUP), "no_backup");
	ck_assert_str_eq(twinfs_reason_name(TWINFS_REASON_DIRECTORY), "directory");
	ck_assert_str_eq(twinfs_policy_name(TWINFS_POLICY_SAFE), "safe");
	twinfs_boot_report_free(NULL);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, first_restore_costs_what_it_costs_the_device);
	tcase_add_test(tcase, device_policy_has_one_hole_of_four_points);
	tcase_add_test(tcase, safe_policy_survives_every_pair_of_cuts);
	tcase_add_test(tcase, safe_policy_heals_what_the_device_left);
	tcase_add_test(tcase, damaged_user_partition_is_saved_then_formatted);
	tcase_add_test(tcase, firmware_formats_the_version_it_prefers);
	tcase_add_test(tcase, what_cannot_be_saved_is_not_formatted);
	tcase_add_test(tcase, nothing_is_kept_without_a_name);
	tcase_add_test(tcase, cut_format_is_done_again);
	tcase_add_test(tcase, damaged_backup_partition_is_left_alone);
	tcase_add_test(tcase, read_only_boots_when_nothing_is_to_be_done);
	tcase_add_test(tcase, missing_partitions_fail_the_boot_step);
	tcase_add_test(tcase, damaged_root_is_never_mended);
	tcase_add_test(tcase, settings_are_made_once);
	tcase_add_test(tcase, settings_that_kill_the_boot_script);
	tcase_add_test(tcase, empty_settings_are_mended_when_safe);
	tcase_add_test(tcase, cut_settings);
	tcase_add_test(tcase, report_is_json);
	tcase_add_test(tcase, names_are_all_there);
}

int main(void)
{
	Suite *suite = suite_create("boot");
	TCase *tcase = tcase_create("boot");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, tempdir_leave);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
