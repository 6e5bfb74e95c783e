/* SPDX-License-Identifier: MIT */
/*
 * test_update.c - the update of user files case by case and boot by boot:
 * what it prints, reports and leaves. Both policies do the same.
 *
 * Hashes: "a" is 0xc54aae31, "hello world" 0x99325f96.
 */
#include "module_rig.h"

/* Braces in macros are taken for blocks. */
/* clang-format off */
#define FLAG                {".updater/update.flag", ""}
#define STAT(text)          {".updater/download.stat", text}
#define PAYLOAD(path, text) {".updater" path, text}
#define ITEM(name)          "{\"name\": \"" name "\", \"url\": \"u\", \"total_size\": 1}"
#define PRINTED(name)       "{'name': '" name "', 'url': 'u', 'total_size': 1}"
#define ENTRY(name, crc)    "{\"name\": \"" name "\", \"crc32\": \"" crc "\"}"
#define TWICE(text)         text "\n" text "\n"
#define STUCK_AT(error)     error, "update_stuck", 0
#define GONE                {".updater/update.flag", NULL}, {".updater/download.stat", NULL}
#define SWITCHED_OFF        {"backup_restore.json", "{\"enable\": 0}"}
#define SWITCHED_ON         {"backup_restore.json", "{\"enable\": 1}"}
#define IDLE                {"", "", NULL, "", 0}
/* clang-format on */

/* What one boot does. */
struct turn {
	const char *console; /* behind "mount."; NULL: there is no such turn */
	const char *files;   /* "installed /usr/a+, failed ": + when its hash was updated */
	const char *error;   /* "": none; NULL: no update was waiting */
	const char *holes;
	int operations; /* programs and erases; -1: not looked at */
};

struct scenario {
	const char *title;
	struct rig_file user[9], backup[4];
	struct turn turns[3];
	struct rig_file left[8]; /* content behind the last turn; NULL: must be missing */
};

static const struct scenario scenarios[] = {
	{
		.title = "no flag: nothing is touched",
		.user = {STAT("[" ITEM("/usr/a") "]"), PAYLOAD("/usr/a", "new"), {"a", "old"}},
		.backup = {SWITCHED_OFF},
		.turns = {IDLE},
		.left = {{"a", "old"}, PAYLOAD("/usr/a", "new"), STAT("[" ITEM("/usr/a") "]")},
	},
	{
		.title = "a protected file and a new one in a new directory",
		.user = {FLAG, STAT("[" ITEM("/usr/a") ", " ITEM("/usr/lib/b") "]"),
			PAYLOAD("/usr/a", "hello world"), PAYLOAD("/usr/lib/b", "b"), {"a", "a"},
			{"checksum.json", "[" ENTRY("/usr/a", "0xc54aae31") "]"}},
		.backup = {SWITCHED_ON, {"usr/a", "a"}},
		.turns = {{TWICE("[" PRINTED("/usr/a") ", " PRINTED("/usr/lib/b") "]"),
				  "installed /usr/a+, installed /usr/lib/b", "", "", 46},
			IDLE},
		.left = {{"a", "hello world"}, {"lib/b", "b"},
			{"checksum.json", "[" ENTRY("/usr/a", "0x99325f96") "]"}, GONE},
	},
	{
		.title = "flag without stat",
		.user = {FLAG, PAYLOAD("/usr/a", "new"), {"a", "old"}},
		.backup = {SWITCHED_OFF},
		.turns = {{"", "", STUCK_AT("download.stat does not exist")},
			{"", "", STUCK_AT("download.stat does not exist")},
			{"", "", STUCK_AT("download.stat does not exist")}},
		.left = {FLAG, {"a", "old"}, PAYLOAD("/usr/a", "new")},
	},
	{
		.title = "stat is empty",
		.user = {FLAG, STAT("")},
		.backup = {SWITCHED_OFF},
		.turns = {{"", "", STUCK_AT("download.stat is empty")},
			{"", "", STUCK_AT("download.stat is empty")}},
		.left = {FLAG, STAT("")},
	},
	{
		.title = "stat is not JSON",
		.user = {FLAG, STAT("[" ITEM("/usr/a") ", {"), PAYLOAD("/usr/a", "new")},
		.backup = {SWITCHED_OFF},
		.turns = {{"", "", STUCK_AT("syntax error in JSON")},
			{"", "", STUCK_AT("syntax error in JSON")}},
		.left = {FLAG, {"a", NULL}, PAYLOAD("/usr/a", "new")},
	},
	{
		.title = "stat is a directory",
		.user = {FLAG, STAT(NULL)},
		.backup = {SWITCHED_OFF},
		.turns = {{"", "", STUCK_AT("[Errno 21] EISDIR")}},
		.left = {FLAG},
	},
	{
		.title = "stat is an object: printed once",
		.user = {FLAG, STAT(ITEM("/usr/a")), PAYLOAD("/usr/a", "new")},
		.backup = {SWITCHED_OFF},
		.turns = {{PRINTED("/usr/a") "\n", "", STUCK_AT("download.stat is no list")},
			{PRINTED("/usr/a") "\n", "", STUCK_AT("download.stat is no list")}},
		.left = {FLAG, {"a", NULL}},
	},
	{
		.title = "stat is a string: its characters are no items",
		.user = {FLAG, STAT("\"x\"")},
		.backup = {SWITCHED_OFF},
		.turns = {{"x\nx\n", "", STUCK_AT("string indices must be integers, not str")}},
		.left = {FLAG},
	},
	{
		.title = "stat is an empty string: nothing to do",
		.user = {FLAG, STAT("\"\"")},
		.backup = {SWITCHED_OFF},
		.turns = {{"\n\n", "", "", "", -1}, IDLE},
		.left = {GONE},
	},
	{
		.title = "item without name",
		.user = {FLAG, STAT("[{\"url\": \"u\"}, " ITEM("/usr/a") "]"),
			PAYLOAD("/usr/a", "new")},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[{'url': 'u'}, " PRINTED("/usr/a") "]"),
				  "failed , skipped /usr/a", STUCK_AT("name")},
			{TWICE("[{'url': 'u'}, " PRINTED("/usr/a") "]"), "failed , skipped /usr/a",
				STUCK_AT("name")}},
		.left = {FLAG, {"a", NULL}},
	},
	{
		.title = "item is no object",
		.user = {FLAG, STAT("[1]")},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[1]"), "failed ", STUCK_AT("'int' object isn't subscriptable")}},
		.left = {FLAG},
	},
	{
		.title = "name is no string",
		.user = {FLAG, STAT("[{\"name\": null}]")},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[{'name': None}]"), "failed ",
			STUCK_AT("can't convert 'NoneType' object to str implicitly")}},
		.left = {FLAG},
	},
	{
		.title = "target in the backup partition",
		.user = {FLAG, STAT("[" ITEM("/bak/a") "]"), PAYLOAD("/bak/a", "new")},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/bak/a") "]"), "failed /bak/a",
				  STUCK_AT("'int' object has no attribute 'write'")},
			{TWICE("[" PRINTED("/bak/a") "]"), "failed /bak/a",
				STUCK_AT("'int' object has no attribute 'write'")}},
		.left = {FLAG, PAYLOAD("/bak/a", "new")},
	},
	{
		.title = "target in the virtual root",
		.user = {FLAG, STAT("[" ITEM("/a") "]"), PAYLOAD("/a", "new")},
		.backup = {SWITCHED_OFF},
		.turns =
			{{TWICE("[" PRINTED("/a") "]"), "failed /a", STUCK_AT("[Errno 19] ENODEV")},
				{TWICE("[" PRINTED("/a") "]"), "failed /a",
					STUCK_AT("[Errno 19] ENODEV")}},
		.left = {FLAG, PAYLOAD("/a", "new")},
	},
	{
		.title = "target is a directory",
		.user = {FLAG, STAT("[" ITEM("/usr/d") "]"), PAYLOAD("/usr/d", "new"), {"d", NULL}},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/usr/d") "]"), "failed /usr/d",
			STUCK_AT("[Errno 21] EISDIR")}},
		.left = {FLAG, PAYLOAD("/usr/d", "new")},
	},
	{
		.title = "a file where a directory should be",
		.user = {FLAG, STAT("[" ITEM("/usr/f/x") "]"), PAYLOAD("/usr/f/x", "new"),
			{"f", "file"}},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/usr/f/x") "]"), "failed /usr/f/x", STUCK_AT("20")}},
		.left = {FLAG, {"f", "file"}},
	},
	{
		.title = "new content is a directory: an empty target is left behind",
		.user = {FLAG, STAT("[" ITEM("/usr/d") "]"), PAYLOAD("/usr/d", NULL)},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/usr/d") "]"), "failed /usr/d", "[Errno 21] EISDIR",
				  "update_stuck", 2},
			{TWICE("[" PRINTED("/usr/d") "]"), "failed /usr/d",
				STUCK_AT("[Errno 21] EISDIR")}},
		.left = {FLAG, {"d", ""}},
	},
	{
		.title = "new content is a directory: the target loses its content",
		.user = {FLAG, STAT("[" ITEM("/usr/d") "]"), PAYLOAD("/usr/d", NULL), {"d", "old"}},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/usr/d") "]"), "failed /usr/d", "[Errno 21] EISDIR",
				  "update_stuck", -1},
			{TWICE("[" PRINTED("/usr/d") "]"), "failed /usr/d",
				STUCK_AT("[Errno 21] EISDIR")}},
		.left = {FLAG, {"d", ""}},
	},
	{
		.title = "new content of one item is missing",
		.user = {FLAG, STAT("[" ITEM("/usr/a") ", " ITEM("/usr/b") ", " ITEM("/usr/c") "]"),
			PAYLOAD("/usr/a", "new a"), PAYLOAD("/usr/c", "new c"), {"b", "old b"}},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/usr/a") ", " PRINTED("/usr/b") ", " PRINTED(
				   "/usr/c") "]"),
				  "installed /usr/a, no_payload /usr/b, skipped /usr/c",
				  "[Errno 2] ENOENT", "", -1},
			{TWICE("[" PRINTED("/usr/c") "]"), "installed /usr/c", "", "", -1}, IDLE},
		.left = {{"a", "new a"}, {"b", "old b"}, {"c", "new c"}, GONE},
	},
	{
		.title = "same name twice",
		.user = {FLAG, STAT("[" ITEM("/usr/a") ", " ITEM("/usr/a") "]"),
			PAYLOAD("/usr/a", "new")},
		.backup = {SWITCHED_OFF},
		.turns =
			{{TWICE("[" PRINTED("/usr/a") ", " PRINTED("/usr/a") "]"),
				 "installed /usr/a, no_payload /usr/a", "[Errno 2] ENOENT", "", -1},
				{TWICE("[]"), "", "", "", -1}, IDLE},
		.left = {{"a", "new"}, GONE},
	},
	{
		.title = "nothing in the list",
		.user = {FLAG, STAT("[]"), PAYLOAD("/usr/a", "new")},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[]"), "", "", "", -1}, IDLE},
		.left = {{"a", NULL}, PAYLOAD("/usr/a", NULL), GONE},
	},
	{
		.title = "other files in the updater's directory",
		.user = {FLAG, STAT("[" ITEM("/usr/a") "]"), PAYLOAD("/usr/a", "new"),
			PAYLOAD("/usr/x/y/z", "z"), PAYLOAD("/usr/x/k", "k"), PAYLOAD("/q", "q"),
			PAYLOAD("/empty", NULL), {"x", "kept"}},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/usr/a") "]"), "installed /usr/a", "", "", -1}, IDLE},
		.left = {{"a", "new"}, {"x", "kept"}, PAYLOAD("/usr/x/y/z", NULL),
			PAYLOAD("/usr/x/k", NULL), PAYLOAD("/q", NULL), GONE},
	},
	{
		.title = "target without slash: installed, and its hash updated",
		.user = {FLAG, STAT("[" ITEM("usr/A") "]"), PAYLOAD("/usr/A", "hello world"),
			{"checksum.json", "[" ENTRY("/usr/A", "0xc54aae31") "]"}, {"A", "a"}},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("usr/A") "]"), "installed usr/A+", "", "", -1}, IDLE},
		.left = {{"A", "hello world"},
			{"checksum.json", "[" ENTRY("/usr/A", "0x99325f96") "]"}},
	},
	{
		.title = "the first entry that is equal but for case gets the hash",
		.user = {FLAG, STAT("[" ITEM("/usr/a") "]"), PAYLOAD("/usr/a", "hello world"),
			{"checksum.json",
				"[" ENTRY("/usr/A", "0x1") ", " ENTRY("/usr/a", "0x2") "]"}},
		.backup = {SWITCHED_OFF},
		/* It is read under the name of the target, and that is what is hashed. */
		.turns = {{TWICE("[" PRINTED("/usr/a") "]"), "installed /usr/a+", "", "", -1},
			IDLE},
		.left = {{"checksum.json",
			"[" ENTRY("/usr/A", "0x99325f96") ", " ENTRY("/usr/a", "0x2") "]"}},
	},
	{
		.title = "an entry of the older form keeps its key",
		.user = {FLAG, STAT("[" ITEM("/usr/a") "]"), PAYLOAD("/usr/a", "abc"),
			{"checksum.json", "[{\"name\": \"/usr/a\", \"sha256\": \"0\"}]"}},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/usr/a") "]"), "installed /usr/a+", "", "", -1},
			IDLE},
		.left = {{"checksum.json",
			"[{\"name\": \"/usr/a\", \"sha256\": "
			"\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}]"}},
	},
	{
		.title = "empty new content has no hash: the factory file comes back",
		.user = {FLAG, STAT("[" ITEM("/usr/a") "]"), PAYLOAD("/usr/a", ""), {"a", "a"},
			{"checksum.json", "[" ENTRY("/usr/a", "0xc54aae31") "]"}},
		.backup = {SWITCHED_ON, {"usr/a", "a"}},
		.turns = {{TWICE("[" PRINTED("/usr/a") "]"), "installed /usr/a", "", "", -1},
			{"- restoring /usr/a\n- updating checksum\n- done\n", "", NULL, "", -1}},
		.left = {{"a", "a"}},
	},
	{
		.title = "an unusable table does not stop the update",
		.user = {FLAG, STAT("[" ITEM("/usr/a") "]"), PAYLOAD("/usr/a", "new"),
			{"checksum.json", ""}},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[" PRINTED("/usr/a") "]"), "installed /usr/a", "", "", -1}, IDLE},
		.left = {{"a", "new"}, {"checksum.json", ""}},
	},
	{
		.title = "a missing table comes from the backup, also with the restore off",
		.user = {FLAG, STAT("[" ITEM("/usr/a") "]"), PAYLOAD("/usr/a", "hello world")},
		.backup = {SWITCHED_OFF, {"checksum.json", "[" ENTRY("/usr/a", "0xc54aae31") "]"}},
		.turns = {{TWICE("[" PRINTED("/usr/a") "]"), "installed /usr/a+", "", "", -1},
			IDLE},
		.left = {{"checksum.json", "[" ENTRY("/usr/a", "0x99325f96") "]"},
			{".twinfs-restore", NULL}},
	},
	{
		.title = "a download that had not finished",
		.user = {FLAG, STAT("[{\"name\": \"/usr/a\", \"total_size\": \"unknown\"}]"),
			PAYLOAD("/usr/a", "ne")},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[{'name': '/usr/a', 'total_size': 'unknown'}]"),
				  "installed /usr/a", "", "update_partial", -1},
			IDLE},
		.left = {{"a", "ne"}, GONE},
	},
	{
		.title = "the restore comes first",
		.user = {FLAG, STAT("[" ITEM("/usr/a") "]"), PAYLOAD("/usr/a", "hello world"),
			{"a", "changed"}, {"checksum.json", "[" ENTRY("/usr/a", "0xc54aae31") "]"}},
		.backup = {SWITCHED_ON, {"usr/a", "a"}},
		.turns = {{"- restoring /usr/a\n- updating checksum\n- done\n" TWICE(
				   "[" PRINTED("/usr/a") "]"),
				  "installed /usr/a+", "", "", -1},
			IDLE},
		.left = {{"a", "hello world"}},
	},
	{
		.title = "flag is a directory with something in it: applied, never disarmed",
		.user = {PAYLOAD("/update.flag/x", "x"), STAT("[]")},
		.backup = {SWITCHED_OFF},
		.turns = {{TWICE("[]"), "", STUCK_AT("39")}, {TWICE("[]"), "", STUCK_AT("39")}},
		.left = {STAT("[]")},
	},
};

static void expect_console(const struct rig *rig, const char *behind_mount)
{
	struct tw_text console = {0};

	ck_assert_int_eq(tw_text_addf(&console, "mount.\n%s", behind_mount), 0);
	rig_expect_console(rig, console.data);
	tw_text_release(&console);
}

static void expect_files(const struct twinfs_boot_update *update, const char *expected)
{
	struct tw_text text = {0};

	ck_assert_int_eq(tw_text_add(&text, "", 0), 0);
	for (size_t i = 0; i < update->file_count; i++)
		ck_assert_int_eq(tw_text_addf(&text, "%s%s %s%s", i ? ", " : "",
					 twinfs_update_verdict_name(update->files[i].verdict),
					 update->files[i].name,
					 update->files[i].hash_updated ? "+" : ""),
			0);
	ck_assert_str_eq(text.data, expected);
	tw_text_release(&text);
}

static void expect_no_updater(struct rig *rig)
{
	struct twinfs_volume *volume = rig_mount(rig, &rig->boot.user);
	uint64_t ino;

	ck_assert_int_eq(twinfs_volume_walk(volume, ".updater", &ino), -ENOENT);
	twinfs_volume_unmount(volume);
}

static void check_turn(struct rig *rig, const struct turn *turn)
{
	const struct twinfs_boot_update *update = &rig->boot.report->update;
	bool done = turn->error && !*turn->error;

	expect_console(rig, turn->console);
	ck_assert_int_eq(update->armed, turn->error != NULL);
	expect_files(update, turn->files);
	ck_assert_int_eq(update->applied, done);
	ck_assert_int_eq(update->cleaned_up, done);
	if (done)
		expect_no_updater(rig);
	if (!turn->error || done)
		ck_assert_ptr_null(update->error);
	else
		ck_assert_str_eq(update->error, turn->error);
	rig_expect_holes(rig, turn->holes);
	if (turn->operations >= 0)
		ck_assert_int_eq((int)rig_operations(rig), turn->operations);
}

static void run(const struct scenario *scenario, enum twinfs_policy policy)
{
	struct rig rig;

	rig_open(&rig, scenario->user, scenario->backup);
	for (int i = 0; i < 3 && scenario->turns[i].console; i++) {
		ck_assert_int_eq(rig_boot(&rig, policy), 0);
		check_turn(&rig, &scenario->turns[i]);
	}
	for (const struct rig_file *file = scenario->left; file < scenario->left + 8 && file->path;
		file++)
		rig_expect(&rig, file->path, file->content);
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

/* ---- lists over the limit ---- */

/* Two files; the first item has @len characters. */
static void open_long(struct rig *rig, int len)
{
	static const struct rig_file user[] = {
		FLAG, PAYLOAD("/usr/a", "new a"), PAYLOAD("/usr/b", "new b"), RIG_END};
	static const struct rig_file backup[] = {SWITCHED_OFF, RIG_END};
	struct tw_text text = {0};

	ck_assert_int_eq(tw_text_addf(&text, "[{\"name\": \"/usr/a\", \"url\": \"%*s\"}, %s]",
				 len - 29, "", ITEM("/usr/b")),
		0);
	ck_assert_int_eq((int)(strstr(text.data, "}, {") - text.data), len);
	rig_open(rig, user, backup);
	rig_change(rig, &rig->boot.user, ".updater/download.stat", text.data);
	tw_text_release(&text);
}

START_TEST(long_list_cut_inside_an_item)
{
	struct rig rig;

	open_long(&rig, 16385);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
		rig_expect_console(&rig, "mount.\n");
		rig_expect_holes(&rig, "update_cut update_stuck");
		ck_assert_str_eq(rig.boot.report->update.error, "syntax error in JSON");
		ck_assert_uint_eq(rig_operations(&rig), 0);
	}
	rig_close(&rig);
}
END_TEST

/* The second file is not seen, and its new content is gone with the rest. */
START_TEST(long_list_cut_between_items)
{
	struct rig rig;

	open_long(&rig, 16382);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig_expect_holes(&rig, "update_cut");
	expect_files(&rig.boot.report->update, "installed /usr/a");
	ck_assert(rig.boot.report->update.applied);
	rig_expect(&rig, "a", "new a");
	rig_expect(&rig, "b", NULL);
	rig_expect(&rig, ".updater/usr/b", NULL);
	rig_close(&rig);
}
END_TEST

/* ---- no space ---- */

START_TEST(no_space_keeps_the_old_target_at_every_boot)
{
	static const struct rig_file user[] = {FLAG, STAT("[" ITEM("/usr/a") "]"),
		PAYLOAD("/usr/a", "new"), {"a", "old"}, RIG_END};
	static const struct rig_file backup[] = {SWITCHED_OFF, RIG_END};
	struct rig rig;

	rig_open(&rig, user, backup);
	rig_fill_up(&rig, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
		expect_files(&rig.boot.report->update, "failed /usr/a");
		ck_assert_str_eq(rig.boot.report->update.error, "28");
		ck_assert(!rig.boot.report->update.applied);
		rig_expect_holes(&rig, "update_stuck");
		rig_expect(&rig, "a", "old");
		rig_expect(&rig, ".updater/update.flag", "");
		rig_expect(&rig, ".updater/usr/a", "new");
	}
	rig_close(&rig);
}
END_TEST

/* ---- what is around it ---- */

static const struct rig_file armed[] = {FLAG, STAT("[" ITEM("/usr/a") "]"),
	PAYLOAD("/usr/a", "hello world"), {"a", "a"},
	{"checksum.json", "[" ENTRY("/usr/a", "0xc54aae31") "]"}, RIG_END};
static const struct rig_file factory[] = {SWITCHED_ON, {"usr/a", "a"},
	{"checksum.json", "[" ENTRY("/usr/a", "0xc54aae31") "]"}, RIG_END};

/* The factory copy stays what it was: what gets lost later comes back as that. */
START_TEST(a_later_loss_brings_the_factory_file_back)
{
	struct twinfs_volume *volume;
	struct rig rig;

	rig_open(&rig, armed, factory);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert(rig.boot.report->update.files[0].hash_updated);
	volume = rig_mount(&rig, &rig.boot.user);
	ck_assert_int_eq(twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "checksum.json"), 0);
	twinfs_volume_unmount(volume);
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig_expect(&rig, "a", "a");
	rig_close(&rig);
}
END_TEST

START_TEST(firmware_without_updates_leaves_them_alone)
{
	struct rig rig;

	rig_open(&rig, armed, factory);
	rig.profile.applies_updates = false;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert(!rig.boot.report->update.armed);
	ck_assert_uint_eq(rig_operations(&rig), 0);
	rig_expect(&rig, "a", "a");
	rig_close(&rig);
}
END_TEST

/* Where a restoring firmware misses the backup partition, nothing is mounted; else /usr is. */
START_TEST(without_a_backup_partition)
{
	struct rig rig;

	for (int restores = 0; restores < 2; restores++) {
		rig_open(&rig, armed, NULL);
		rig.boot.backup.size = 0;
		rig.profile.restores = restores;
		ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
		ck_assert_int_eq(rig.boot.report->update.armed, !restores);
		rig_expect(&rig, "a", restores ? "a" : "hello world");
		rig_close(&rig);
	}
}
END_TEST

/* The name leads to a partition that is not there. */
START_TEST(target_in_a_missing_backup_partition)
{
	static const struct rig_file user[] = {
		FLAG, STAT("[" ITEM("/bak/a") "]"), PAYLOAD("/bak/a", "new"), RIG_END};
	struct rig rig;

	rig_open(&rig, user, NULL);
	rig.boot.backup.size = 0;
	rig.profile.restores = false;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	ck_assert_str_eq(rig.boot.report->update.error, "[Errno 19] ENODEV");
	ck_assert_uint_eq(rig_operations(&rig), 0);
	rig_close(&rig);
}
END_TEST

/* A boot that has to write on a read-only volume fails; one that is stuck has nothing to write. */
START_TEST(read_only)
{
	static const struct rig_file stuck[] = {FLAG, STAT("{}"), RIG_END};
	struct rig rig;

	rig_open(&rig, armed, factory);
	rig.boot.user.flags |= TWINFS_VOLUME_READ_ONLY;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), -EROFS);
	rig_close(&rig);
	rig_open(&rig, stuck, factory);
	rig_change(&rig, &rig.boot.user, "checksum.json", "[]");
	rig.boot.user.flags |= TWINFS_VOLUME_READ_ONLY;
	ck_assert_int_eq(rig_boot(&rig, TWINFS_POLICY_DEVICE), 0);
	rig_expect_holes(&rig, "update_stuck");
	rig_close(&rig);
}
END_TEST

int main(void)
{
	int count = sizeof(scenarios) / sizeof(scenarios[0]), failed;
	Suite *suite = suite_create("update");
	TCase *tcase = tcase_create("update");
	SRunner *runner;

	tcase_add_loop_test(tcase, device_policy, 0, count);
	tcase_add_loop_test(tcase, safe_policy, 0, count);
	tcase_add_test(tcase, long_list_cut_inside_an_item);
	tcase_add_test(tcase, long_list_cut_between_items);
	tcase_add_test(tcase, no_space_keeps_the_old_target_at_every_boot);
	tcase_add_test(tcase, a_later_loss_brings_the_factory_file_back);
	tcase_add_test(tcase, firmware_without_updates_leaves_them_alone);
	tcase_add_test(tcase, without_a_backup_partition);
	tcase_add_test(tcase, target_in_a_missing_backup_partition);
	tcase_add_test(tcase, read_only);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
