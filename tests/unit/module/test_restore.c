/* SPDX-License-Identifier: MIT */
/*
 * test_restore.c - the restore procedure case by case: what it prints, which
 * holes it names, what it leaves, under both policies.
 *
 * Hashes: "a" is 0xc54aae31, "hello world" 0x99325f96, "123456789" 0xd202d277,
 * "261" 0xd25f4e.
 */
#include "restore_files.h"

/* What a boot leaves, for one policy. */
struct outcome {
	const char *console; /* behind "mount." */
	const char *holes;
	struct rig_file user[4]; /* expected content; content NULL: must be missing */
	int operations;          /* programs and erases; -1: not looked at */
};

struct scenario {
	const char *title;
	struct rig_file user[6], backup[8];
	struct outcome device;
	struct outcome safe; /* console NULL: as the device */
};

static const struct scenario scenarios[] = {
	{
		.title = "all fine",
		.user = {{"checksum.json", TABLE}, {"a", "a"}, {"lib/b", "hello world"}},
		.backup = {FACTORY},
		.device = {"", "", {{"checksum.json", TABLE}}, 0},
	},
	{
		.title = "spelling of hashes does not matter",
		.user = {{"checksum.json", "[{\"name\": \"/usr/a\", \"crc32\": \" 0XC54AAE31\\n\"} "
					   "{\"name\" \"usr/a\" \"crc32\" \"00c54aae31\"}"},
			{"a", "a"}},
		.backup = {FACTORY},
		.device = {"", "", {{"a", "a"}}, 0},
	},
	{
		.title = "no flag",
		.user = {{"a", "x"}},
		.backup = {{"checksum.json", TABLE}},
		.device = {WRONG "'/bak/backup_restore.json not exist'\n", "",
			{{"a", "x"}, {"checksum.json", NULL}}, 0},
	},
	{
		.title = "empty flag",
		.backup = {{"backup_restore.json", ""}},
		.device = {WRONG "'/bak/backup_restore.json is empty'\n", "", {RIG_END}, 0},
	},
	{
		.title = "flag is a directory",
		.backup = {{"backup_restore.json", NULL}},
		.device = {WRONG "[Errno 21] EISDIR\n", "", {RIG_END}, 0},
	},
	{
		.title = "flag without enable",
		.backup = {{"backup_restore.json", "{\"enabled\": 1}"}},
		.device = {WRONG "enable\n", "", {RIG_END}, 0},
	},
	{
		.title = "flag is a list",
		.backup = {{"backup_restore.json", "[{\"enable\": 1}]"}},
		.device = {WRONG "list indices must be integers, not str\n", "", {RIG_END}, 0},
	},
	{
		.title = "flag is a number",
		.backup = {{"backup_restore.json", "1"}},
		.device = {WRONG "'int' object isn't subscriptable\n", "", {RIG_END}, 0},
	},
	{
		.title = "flag behind 64 characters",
		.backup = {{"backup_restore.json",
			"{\"x\": "
			"\"0123456789012345678901234567890123456789012345678901234\"}"
			" {\"enable\": 0}"}},
		.device = {WRONG "enable\n", "", {RIG_END}, 0},
	},
	{
		.title = "64 characters of two bytes are counted as characters",
		.backup = {{"backup_restore.json",
			"{\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
			"\xa9\xc3\xa9\xc3"
			"\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
			"\xa9\xc3\xa9"
			"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
			"\xc3\xa9\": 1, "
			"\"enable\": false}"}},
		.device = {"", "", {RIG_END}, 0},
	},
	{
		.title = "switched off",
		.user = {{"a", "x"}},
		.backup = {{"backup_restore.json", "{\"enable\": 0.0"}, {"checksum.json", TABLE}},
		.device = {"", "", {{"a", "x"}, {"checksum.json", NULL}}, 0},
	},
	{
		.title = "null is on",
		.user = {{"checksum.json", "[]"}},
		.backup = {{"backup_restore.json", "{\"enable\": null}"}},
		.device = {"", "", {RIG_END}, 0},
	},
	{
		.title = "no table anywhere",
		.backup = {ON},
		.device = {WRONG "'/usr/checksum.json not exist'\n", "stopped", {RIG_END}, 0},
	},
	{
		.title = "first boot",
		.backup = {FACTORY},
		.device = {"- restoring /usr/a\n- restoring /usr/lib/b\n- updating "
			   "checksum\n- done\n",
			"", {{"a", "a"}, {"lib/b", "hello world"}, {"checksum.json", TABLE}},
			6 + 6 + 4 + 6 + 4},
		.safe = {"- restoring /usr/a\n- restoring /usr/lib/b\n- updating "
			 "checksum\n- done\n",
			"",
			{{"a", "a"}, {"lib/b", "hello world"}, {"checksum.json", TABLE},
				{".twinfs-restore", NULL}},
			-1},
	},
	{
		.title = "table missing, files fine",
		.user = {{"a", "a"}, {"lib/b", "hello world"}},
		.backup = {FACTORY},
		.device = {"", "", {{"checksum.json", TABLE}}, 6},
		.safe = {"", "", {{"checksum.json", TABLE}}, -1},
	},
	{
		.title = "changed, and the table with it",
		.user = {{"checksum.json", "[{\"name\": \"/usr/a\", \"crc32\": "
					   "\"0xd202d277\", \"x\": 7}]"},
			{"a", "other"}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/a\n- updating checksum\n- done\n", "",
			{{"a", "a"}, {"checksum.json", "[{\"name\": \"/usr/a\", \"crc32\": "
						       "\"0xc54aae31\", \"x\": 7}]"}},
			4 + 4},
	},
	{
		.title = "name without slash: restored, never updated",
		.user = {{"checksum.json", "[{\"name\": \"usr/a\", \"crc32\": \"0x0\"}]"}},
		.backup = {FACTORY},
		.device = {"- restoring usr/a\n- updating checksum\n- done\n", "name",
			{{"a", "a"},
				{"checksum.json", "[{\"name\": \"usr/a\", \"crc32\": \"0x0\"}]"}},
			6},
		.safe = {"- restoring usr/a\n- updating checksum\n- done\n", "name=closed",
			{{"a", "a"}, {"checksum.json", "[{\"name\": \"usr/a\", \"crc32\": "
						       "\"0xc54aae31\"}]"}},
			-1},
	},
	{
		.title = "two names that differ in case share the first entry",
		.user = {{"checksum.json", "[{\"name\": \"/usr/A\", \"crc32\": \"0x0\"}, "
					   "{\"name\": \"/usr/a\", \"crc32\": \"0x1\"}]"}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/A\n~ backup file does not exist: /usr/A\n"
			   "- restoring /usr/a\n- updating checksum\n- done\n",
			"no_backup name",
			{{"checksum.json", "[{\"name\": \"/usr/A\", \"crc32\": "
					   "\"0xc54aae31\"}, "
					   "{\"name\": \"/usr/a\", \"crc32\": \"0x1\"}]"}},
			6 + 4},
		.safe = {"- restoring /usr/A\n~ backup file does not exist: /usr/A\n"
			 "- restoring /usr/a\n- updating checksum\n- done\n",
			"no_backup name=closed",
			{{"checksum.json", "[{\"name\": \"/usr/A\", \"crc32\": \"0x0\"}, "
					   "{\"name\": \"/usr/a\", \"crc32\": \"0xc54aae31\"}]"}},
			-1},
	},
	{
		.title = "same name twice: only the first is updated",
		.user = {{"checksum.json", "[" A ", {\"name\": \"/usr/a\", \"crc32\": \"0x1\"}]"},
			{"a", "a"}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/a\n- updating checksum\n- done\n", "name",
			{{"checksum.json", "[" A ", {\"name\": \"/usr/a\", \"crc32\": \"0x1\"}]"}},
			4 + 4},
		.safe = {"- restoring /usr/a\n- updating checksum\n- done\n", "name=closed",
			{{"checksum.json", "[" A ", " A "]"}}, -1},
	},
	{
		.title = "empty in the factory copy: messages, not one operation",
		.user = {{"checksum.json", "[{\"name\": \"/usr/e\", \"crc32\": null}]"}, {"e", ""}},
		.backup = {ON, {"usr/e", ""}},
		.device = {"- restoring /usr/e\n- updating checksum\n- done\n", "empty_file",
			{{"e", ""}, {"checksum.json", "[{\"name\": \"/usr/e\", "
						      "\"crc32\": null}]"}},
			0},
	},
	{
		.title = "no factory copy",
		.user = {{"checksum.json", TABLE}, {"a", "x"}, {"lib/b", "y"}},
		.backup = {ON, {"usr/lib/b", "hello world"}},
		.device = {"- restoring /usr/a\n~ backup file does not exist: /usr/a\n"
			   "- restoring /usr/lib/b\n- updating checksum\n- done\n",
			"no_backup", {{"a", "x"}, {"lib/b", "hello world"}}, 4 + 4},
	},
	{
		.title = "empty table",
		.user = {{"checksum.json", ""}, {"a", "x"}},
		.backup = {FACTORY},
		.device = {WRONG "'/usr/checksum.json is empty'\n", "table_empty",
			{{"checksum.json", ""}, {"a", "x"}}, 0},
		.safe = {"- restoring /usr/a\n- restoring /usr/lib/b\n- updating "
			 "checksum\n- done\n",
			"table_empty=closed",
			{{"checksum.json", TABLE}, {"a", "a"}, {"lib/b", "hello world"}}, -1},
	},
	{
		.title = "table is not JSON",
		.user = {{"checksum.json", "[" A ", {\"name\": \"/us"}, {"a", "x"}},
		.backup = {FACTORY},
		.device = {WRONG "syntax error in JSON\n", "table_unparsable", {{"a", "x"}}, 0},
		.safe = {"- restoring /usr/a\n- restoring /usr/lib/b\n- updating "
			 "checksum\n- done\n",
			"table_unparsable=closed", {{"checksum.json", TABLE}, {"a", "a"}}, -1},
	},
	{
		.title = "table and factory table are not JSON",
		.user = {{"checksum.json", "x"}},
		.backup = {ON, {"checksum.json", "{\"a\": }"}},
		.device = {WRONG "syntax error in JSON\n", "table_unparsable",
			{{"checksum.json", "x"}}, 0},
	},
	{
		.title = "table is a number",
		.user = {{"checksum.json", "12"}},
		.backup = {ON},
		.device = {WRONG "'int' object isn't iterable\n", "table_unparsable", {RIG_END}, 0},
	},
	{
		.title = "table is an object",
		.user = {{"checksum.json", A}},
		.backup = {ON},
		.device = {WRONG "string indices must be integers, not str\n", "table_unparsable",
			{RIG_END}, 0},
	},
	{
		.title = "table is an empty object: silence",
		.user = {{"checksum.json", "{}"}},
		.backup = {ON},
		.device = {"", "table_unparsable", {RIG_END}, 0},
	},
	{
		.title = "entry without name",
		.user = {{"checksum.json", "[{\"crc32\": \"0x1\"}, " A "]"}, {"a", "x"}},
		.backup = {FACTORY},
		.device = {WRONG "name\n", "stopped", {{"a", "x"}}, 0},
		.safe = {WRONG "name\n- restoring /usr/a\n- updating checksum\n- done\n",
			"stopped=closed", {{"a", "a"}}, -1},
	},
	{
		.title = "entries that are no objects",
		.user = {{"checksum.json", "[[1], \"x\", 3, null]"}},
		.backup = {ON},
		.device = {WRONG "list indices must be integers, not str\n", "stopped", {RIG_END},
			0},
		.safe = {WRONG "list indices must be integers, not str\n" WRONG
			       "string indices must be integers, not str\n" WRONG
			       "'int' object isn't subscriptable\n" WRONG
			       "'NoneType' object isn't subscriptable\n",
			"stopped=closed stopped=closed stopped=closed stopped=closed", {RIG_END},
			0},
	},
	{
		.title = "name is no string",
		.user = {{"checksum.json", "[{\"name\": [\"a\", null]}]"}},
		.backup = {ON},
		.device = {"- restoring ['a', None]\n" WRONG
			   "can't convert 'list' object to str implicitly\n",
			"stopped", {RIG_END}, 0},
		.safe = {"- restoring ['a', None]\n" WRONG
			 "can't convert 'list' object to str implicitly\n",
			"stopped=closed", {RIG_END}, 0},
	},
	{
		.title = "hash is null, file is there: stops; what was copied stays, no "
			 "update",
		.user = {{"checksum.json", "[" B ", {\"name\": \"/usr/a\", \"crc32\": null}]"},
			{"a", "x"}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/lib/b\n" WRONG
			   "can't convert 'NoneType' object to str implicitly\n",
			"stopped", {{"a", "x"}, {"lib/b", "hello world"}}, 4 + 6},
		.safe = {"- restoring /usr/lib/b\n" WRONG
			 "can't convert 'NoneType' object to str implicitly\n"
			 "- updating checksum\n- done\n",
			"stopped=closed", {{"a", "x"}, {"lib/b", "hello world"}}, -1},
	},
	{
		.title = "hash is null, file is missing: not looked at",
		.user = {{"checksum.json", "[{\"name\": \"/usr/a\", \"crc32\": null}]"}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/a\n- updating checksum\n- done\n", "",
			{{"checksum.json", "[" A "]"}}, 6 + 4},
		.safe = {"- restoring /usr/a\n- updating checksum\n- done\n", "",
			{{"checksum.json", "[" A "]"}}, -1},
	},
	{
		.title = "hash is no hexadecimal number",
		.user = {{"checksum.json", "[{\"name\": \"/usr/a\", \"crc32\": \"zz\"}]"},
			{"a", "a"}},
		.backup = {FACTORY},
		.device = {WRONG "invalid syntax for integer with base 16: 'zz'\n", "stopped",
			{RIG_END}, 0},
		.safe = {WRONG "invalid syntax for integer with base 16: 'zz'\n", "stopped=closed",
			{RIG_END}, 0},
	},
	{
		.title = "no hash key, file missing: the update adds one",
		.user = {{"checksum.json", "[{\"name\": \"/usr/a\"}]"}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/a\n- updating checksum\n- done\n", "",
			{{"checksum.json", "[" A "]"}}, 6 + 4},
		.safe = {"- restoring /usr/a\n- updating checksum\n- done\n", "",
			{{"checksum.json", "[" A "]"}}, -1},
	},
	{
		.title = "SHA-256 entries keep their key",
		.user = {{"checksum.json", "[{\"name\": \"/usr/c\", \"sha256\": \"0\"}, "
					   "{\"name\": \"/usr/a\", \"sha256\": "
					   "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4"
					   "e72b9807785afee48bb\"}]"},
			{"a", "a"}, {"c", "x"}},
		.backup = {ON, {"usr/c", "abc"}},
		.device = {"- restoring /usr/c\n- updating checksum\n- done\n", "",
			{{"checksum.json", "[{\"name\": \"/usr/c\", \"sha256\": "
					   "\"ba7816bf8f01cfea414140de5dae2223b00361a396177"
					   "a9cb410ff61f20015ad\"}, "
					   "{\"name\": \"/usr/a\", \"sha256\": "
					   "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4"
					   "e72b9807785afee48bb\"}]"}},
			4 + 4},
	},
	{
		.title = "target is a directory",
		.user = {{"checksum.json", TABLE}, {"a", NULL}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/a\n" WRONG "[Errno 21] EISDIR\n", "stopped",
			{{"lib/b", NULL}}, 0},
		.safe = {"- restoring /usr/a\n" WRONG "[Errno 21] EISDIR\n- restoring /usr/lib/b\n"
			 "- updating checksum\n- done\n",
			"stopped=closed", {{"lib/b", "hello world"}}, -1},
	},
	{
		.title = "factory copy is a directory: an empty target is left behind",
		.user = {{"checksum.json", "[" A "]"}},
		.backup = {ON, {"usr/a", NULL}},
		.device = {"- restoring /usr/a\n" WRONG "[Errno 21] EISDIR\n", "stopped",
			{{"a", ""}}, 2},
		.safe = {"- restoring /usr/a\n" WRONG "[Errno 21] EISDIR\n", "stopped=closed",
			{{"a", NULL}, {".twinfs-restore", NULL}}, -1},
	},
	{
		.title = "factory copy is a directory: the target loses its content",
		.user = {{"checksum.json", "[" A "]"}, {"a", "changed"}},
		.backup = {ON, {"usr/a", NULL}},
		.device = {"- restoring /usr/a\n" WRONG "[Errno 21] EISDIR\n", "stopped",
			{{"a", ""}}, -1},
		.safe = {"- restoring /usr/a\n" WRONG "[Errno 21] EISDIR\n", "stopped=closed",
			{{"a", "changed"}}, 0},
	},
	{
		.title = "a file where a directory should be",
		.user = {{"checksum.json", TABLE}, {"a", "a"}, {"lib", "x"}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/lib/b\n" WRONG "20\n", "stopped", {{"lib", "x"}}, 0},
		.safe = {"- restoring /usr/lib/b\n" WRONG "20\n", "stopped=closed", {{"lib", "x"}},
			0},
	},
	{
		.title = "names outside the mount points",
		.user = {{"checksum.json", "[{\"name\": \"//usr/a\"}]"}},
		.backup = {FACTORY, {"x", "y"}},
		.device = {"- restoring //usr/a\n" WRONG "[Errno 19] ENODEV\n", "stopped",
			{RIG_END}, 0},
		.safe = {"- restoring //usr/a\n" WRONG "[Errno 19] ENODEV\n", "stopped=closed",
			{RIG_END}, 0},
	},
	{
		.title = "relative name outside the mount points",
		.user = {{"checksum.json", "[{\"name\": \"x\"}]"}},
		.backup = {FACTORY, {"x", "y"}},
		.device = {"- restoring x\n" WRONG "[Errno 19] ENODEV\n", "stopped", {RIG_END}, 0},
		.safe = {"- restoring x\n" WRONG "[Errno 19] ENODEV\n", "stopped=closed", {RIG_END},
			0},
	},
	{
		.title = "target in the backup partition",
		.user = {{"checksum.json", "[{\"name\": \"/bak/q\"}]"}},
		.backup = {ON, {"bak/q", "x"}},
		.device = {"- restoring /bak/q\n" WRONG "'int' object has no attribute 'write'\n",
			"stopped", {RIG_END}, 0},
		.safe = {"- restoring /bak/q\n" WRONG "'int' object has no attribute 'write'\n",
			"stopped=closed", {RIG_END}, 0},
	},
	{
		.title = "a name that ends with a slash becomes a directory",
		.user = {{"checksum.json", "[{\"name\": \"/usr/a/\"}]"}},
		.backup = {FACTORY},
		.device = {"- restoring /usr/a/\n" WRONG "[Errno 21] EISDIR\n", "stopped",
			{RIG_END}, 4},
		.safe = {"- restoring /usr/a/\n" WRONG "[Errno 21] EISDIR\n", "stopped=closed",
			{RIG_END}, 4},
	},
	{
		.title = "leftover of a cut safe copy",
		.user = {{"checksum.json", TABLE}, {"a", "a"}, {"lib/b", "hello world"},
			{".twinfs-restore", "x"}, {"lib/.twinfs-restore", "y"}},
		.backup = {FACTORY},
		.device = {"", "", {{".twinfs-restore", "x"}, {"lib/.twinfs-restore", "y"}}, 0},
		.safe = {"", "", {{".twinfs-restore", NULL}, {"lib/.twinfs-restore", NULL}}, 4},
	},
};

static void check_outcome(struct rig *rig, const struct scenario *scenario,
	const struct outcome *outcome)
{
	struct tw_text console = {0};

	ck_assert_int_eq(tw_text_addf(&console, "mount.\n%s", outcome->console), 0);
	rig_expect_console(rig, console.data);
	tw_text_release(&console);
	rig_expect_holes(rig, outcome->holes);
	for (const struct rig_file *file = outcome->user; file < outcome->user + 4 && file->path;
		file++)
		rig_expect(rig, file->path, file->content);
	if (outcome->operations >= 0)
		ck_assert_msg(rig_operations(rig) == (uint64_t)outcome->operations,
			"%s: %d operations", scenario->title, (int)rig_operations(rig));
}

static void run(const struct scenario *scenario, enum twinfs_policy policy)
{
	bool own = policy == TWINFS_POLICY_SAFE && scenario->safe.console;
	struct rig rig;

	rig_open(&rig, scenario->user, scenario->backup);
	ck_assert_int_eq(rig_boot(&rig, policy), 0);
	check_outcome(&rig, scenario, own ? &scenario->safe : &scenario->device);
	rig_close(&rig);
}

START_TEST(device_policy)
{
	run(&scenarios[_i], TWINFS_POLICY_DEVICE);
}
END_TEST

START_TEST(safe_policy)
{
	run(&scenarios[_i], TWINFS_POLICY_SAFE);
}
END_TEST

int main(void)
{
	int count = sizeof(scenarios) / sizeof(scenarios[0]), failed;
	Suite *suite = suite_create("restore");
	TCase *tcase = tcase_create("restore");
	SRunner *runner;

	tcase_add_loop_test(tcase, device_policy, 0, count);
	tcase_add_loop_test(tcase, safe_policy, 0, count);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
