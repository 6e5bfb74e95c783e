/* SPDX-License-Identifier: MIT */
/*
 * test_faults.c - the faults of a module: its paths, slots and partitions, on
 * and off, and what becomes of its power.
 */
#include <twinfs/module.h>

#include <check.h>
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/stat.h>
#include <twinfs/factory.h>

#include "base/file.h"
#include "tempdir.h"

enum {
	FORMATS = 2,
	EVENTS = 64,
	NOTES = 3000, /* bytes: one block, and too many to be kept in the metadata */
};

struct rig {
	struct twinfs_module *module;
	struct twinfs_faults *faults;
	struct twinfs_volume *user;
	unsigned count;
	struct twinfs_fault_event events[EVENTS];
	char owners[EVENTS][64], parts[EVENTS][40];
};

static struct rig rig;

static void write_text(const char *path, const char *text)
{
	ck_assert_int_eq(tw_file_write(path, text, strlen(text), 0644, 0), 0);
}

static void make_image(int format)
{
	static const char *const files[] = {"main.py"};
	struct twinfs_profile profile;
	struct twinfs_factory_options options = {
		.profile = &profile, .user_dir = "app", .backup_files = files, .backup_count = 1};
	char text[NOTES + 1];
	struct twinfs_error err = {0};

	(void)snprintf(text, sizeof(text),
		"{\"name\": \"small\", \"modules\": \"tests\", \"chip_size\": \"1M\","
		"\"partitions\": {"
		"\"customer_fs\": {\"addr\": \"64K\", \"size\": \"256K\"},"
		"\"customer_backup_fs\": {\"addr\": \"512K\", \"size\": \"128K\"},"
		"\"securedata\": {\"addr\": \"384K\", \"size\": \"64K\"}},"
		"\"filesystem\": {\"format\": %d, \"block_size\": 4096, \"prog_size\": 4096,"
		" \"spare_blocks\": 1, \"v2\": {\"prog_size\": 64, \"block_cycles\": 100,"
		" \"stores_mtime\": false}},"
		"\"boot\": {\"restores\": true, \"writes_settings\": true},"
		"\"flash\": {\"read_size\": 1, \"prog_size\": 64, \"erase_size\": 4096,"
		" \"strict\": true, \"read_ns_per_kib\": 20000, \"page_size\": 256,"
		" \"program_page_ns\": 700000, \"erase_unit_ns\": 60000000}}",
		format);
	write_text("small.json", text);
	ck_assert_int_eq(mkdir("app", 0755), 0);
	ck_assert_int_eq(mkdir("app/lib", 0755), 0);
	write_text("app/main.py", "print('hello')\n");
	memset(text, 'n', NOTES);
	text[NOTES] = '\0';
	write_text("app/notes.txt", text);
	write_text("app/lib/other.txt", text);
	ck_assert_msg(!twinfs_profile_load("./small.json", &profile, &err), "%s", err.text);
	ck_assert_msg(!twinfs_factory_make_image(&options, "chip.img", &err), "%s", err.text);
}

static void note_event(void *ctx, const struct twinfs_fault_event *event)
{
	(void)ctx;
	ck_assert_uint_lt(rig.count, EVENTS);
	rig.events[rig.count] = *event;
	(void)snprintf(rig.owners[rig.count], sizeof(rig.owners[0]), "%s", event->owner);
	(void)snprintf(rig.parts[rig.count], sizeof(rig.parts[0]), "%s",
		event->part ? event->part : "");
	rig.count++;
}

/* The module is open, and off. */
static void set_up(int loop)
{
	static const struct twinfs_source source = {.image = "chip.img", .profile = "./small.json"};
	const struct twinfs_module_options options = {.image_flags = TWINFS_IMAGE_WRITABLE};
	struct twinfs_error err = {0};

	memset(&rig, 0, sizeof(rig));
	make_image(loop + 1);
	ck_assert_msg(!twinfs_module_open(&source, &options, &rig.module, &err), "%s", err.text);
	rig.faults = twinfs_module_faults(rig.module);
	ck_assert_ptr_nonnull(rig.faults);
	twinfs_faults_set_sink(rig.faults, note_event, NULL);
}

static void tear_down(void)
{
	twinfs_module_close(rig.module);
}

static int power_on(void)
{
	int rc = twinfs_module_power_on(rig.module, NULL, NULL);

	rig.user = twinfs_module_user(rig.module);
	return rc;
}

static void restart(void)
{
	twinfs_module_power_off(rig.module);
	ck_assert_int_eq(power_on(), 0);
}

static void add(const char *rule)
{
	struct twinfs_error err = {0};

	ck_assert_msg(!twinfs_faults_add(rig.faults, rule, NULL, &err), "'%s': %s", rule, err.text);
}

static uint64_t ino_of(const char *path)
{
	uint64_t ino;

	ck_assert_int_eq(twinfs_volume_walk(rig.user, path, &ino), 0);
	return ino;
}

/* Replaces the content of a file by NOTES bytes of @value. */
static int rewrite(const char *path, char value)
{
	uint64_t ino = ino_of(path);
	char text[NOTES];
	int rc = twinfs_volume_open(rig.user, ino);

	memset(text, value, sizeof(text));
	ck_assert_int_eq(rc, 0);
	rc = twinfs_volume_truncate(rig.user, ino, 0);
	if (!rc && twinfs_volume_write(rig.user, ino, text, sizeof(text), 0) < 0)
		rc = -EIO;
	if (!rc)
		rc = twinfs_volume_sync(rig.user, ino);
	twinfs_volume_close(rig.user, ino);
	return rc;
}

static void file_is(const char *path, char value)
{
	uint64_t ino = ino_of(path);
	char text[NOTES];

	ck_assert_int_eq(twinfs_volume_open(rig.user, ino), 0);
	ck_assert_int_eq(twinfs_volume_read(rig.user, ino, text, sizeof(text), 0), NOTES);
	twinfs_volume_close(rig.user, ino);
	for (unsigned i = 0; i < NOTES; i++)
		ck_assert_int_eq(text[i], value);
}

static unsigned count_owned(const char *owner)
{
	unsigned count = 0;

	for (unsigned i = 0; i < rig.count; i++)
		count += !strcmp(rig.owners[i], owner);
	return count;
}

START_TEST(rules_meet_the_writes_of_a_path)
{
	set_up(_i);
	ck_assert_int_eq(power_on(), 0);
	add("note in data of /usr/notes.txt");
	ck_assert_int_eq(rewrite("/lib/other.txt", 'a'), 0);
	ck_assert_uint_eq(rig.count, 0);
	ck_assert_int_eq(rewrite("/notes.txt", 'b'), 0);
	ck_assert_uint_gt(rig.count, 0);
	ck_assert_uint_eq(count_owned("data /usr/notes.txt"), rig.count);
	ck_assert_str_eq(rig.parts[0], "customer_fs");
	twinfs_faults_clear(rig.faults);
	rig.count = 0;
	add("note in metadata of /usr/lib/other.txt");
	ck_assert_int_eq(rewrite("/notes.txt", 'c'), 0);
	ck_assert_uint_eq(rig.count, 0);
	ck_assert_int_eq(rewrite("/lib/other.txt", 'd'), 0);
	ck_assert_uint_gt(rig.count, 0);
	ck_assert_uint_eq(count_owned("metadata /usr/lib"), rig.count);
	twinfs_faults_clear(rig.faults);
	rig.count = 0;
	add("note in /usr/notes.txt");
	ck_assert_int_eq(rewrite("/notes.txt", 'e'), 0);
	ck_assert_uint_gt(count_owned("data /usr/notes.txt"), 0);
	ck_assert_uint_gt(count_owned("metadata /usr"), 0);
	file_is("/notes.txt", 'e');
	tear_down();
}
END_TEST

/* The volume gets over a block that cannot be programmed: it takes another. */
START_TEST(a_block_that_fails_is_replaced)
{
	set_up(_i);
	ck_assert_int_eq(power_on(), 0);
	add("fail program in data of /usr/notes.txt 2 times");
	ck_assert_int_eq(rewrite("/notes.txt", 'x'), 0);
	ck_assert_uint_eq(rig.count, 2);
	ck_assert_uint_ne(rig.events[0].block, rig.events[1].block);
	ck_assert_int_eq(rig.events[0].code, -EIO);
	restart();
	file_is("/notes.txt", 'x');
	twinfs_faults_clear(rig.faults);
	add("fail program in data of /usr/notes.txt with error ETIMEDOUT");
	ck_assert_int_eq(rewrite("/notes.txt", 'y'), -ETIMEDOUT);
	restart();
	file_is("/notes.txt", 'x');
	tear_down();
}
END_TEST

START_TEST(cells_of_a_path_change_at_rest)
{
	set_up(_i);
	add("fill with 0x51 in data of /usr/notes.txt"); /* while it is off */
	ck_assert_uint_eq(rig.count, 1);
	ck_assert_str_eq(rig.owners[0], "data /usr/notes.txt");
	ck_assert_int_eq(power_on(), 0);
	file_is("/notes.txt", 0x51);
	file_is("/lib/other.txt", 'n');
	add("fill with 0x52 in data of /usr/lib/other.txt"); /* and while it is on */
	file_is("/lib/other.txt", 0x52);
	add("fill with 0x53 in data of /usr/lib/other.txt after 2 writes");
	ck_assert_int_eq(twinfs_secure_store(twinfs_module_secure(rig.module), 1, "x", 1), 0);
	file_is("/lib/other.txt", 0x52); /* that is no operation in which it can be found */
	ck_assert_int_eq(rewrite("/notes.txt", 'z'), 0);
	file_is("/lib/other.txt", 0x53);
	ck_assert_int_eq(twinfs_faults_add(rig.faults, "garble in /usr/nothing", NULL, NULL),
		-ENOENT);
	ck_assert_int_eq(twinfs_faults_add(rig.faults, "garble in /etc", NULL, NULL), -ENOENT);
	tear_down();
}
END_TEST

START_TEST(readers_of_a_path_are_deceived)
{
	set_up(_i);
	ck_assert_int_eq(power_on(), 0);
	add("misread with 0x71 in data of /usr/notes.txt");
	file_is("/notes.txt", 0x71);
	file_is("/lib/other.txt", 'n');
	ck_assert_str_eq(rig.owners[0], "data /usr/notes.txt");
	twinfs_faults_clear(rig.faults);
	file_is("/notes.txt", 'n');
	ck_assert(!twinfs_flash_has_hook(twinfs_module_flash(rig.module)));
	tear_down();
}
END_TEST

START_TEST(slots_have_places_too)
{
	struct twinfs_secure *secure;
	char got[8];

	set_up(_i);
	secure = twinfs_module_secure(rig.module);
	ck_assert_int_eq(twinfs_faults_add(rig.faults, "flip 1 bit in slot 3", NULL, NULL),
		-ENOENT); /* never stored */
	add("note in slot 3");
	ck_assert_int_eq(twinfs_secure_store(secure, 4, "four", 4), 0);
	ck_assert_uint_eq(rig.count, 0);
	ck_assert_int_eq(twinfs_secure_store(secure, 3, "old", 3), 0);
	ck_assert_int_eq(twinfs_secure_store(secure, 3, "three", 5), 0);
	ck_assert_uint_ge(rig.count, 4); /* both regions */
	ck_assert_uint_eq(count_owned("slot 3"), rig.count);
	ck_assert_str_eq(rig.parts[0], "securedata");
	twinfs_faults_clear(rig.faults);
	rig.count = 0;
	add("misread 1 bit in slot 3");
	/* the newest record reads wrong: the one before it is the newest good one */
	ck_assert_int_eq(twinfs_secure_read(secure, 4, got, 4), 4);
	ck_assert_uint_eq(rig.count, 0);
	ck_assert_int_ne(twinfs_secure_read(secure, 3, got, 5), 5);
	ck_assert_uint_gt(rig.count, 0);
	ck_assert_str_eq(rig.owners[0], "slot 3");
	twinfs_faults_clear(rig.faults);
	add("fill with 0 in slot 3");
	ck_assert_int_eq(twinfs_secure_read(secure, 3, got, 5), 3);
	ck_assert_mem_eq(got, "old", 3);
	ck_assert_int_eq(twinfs_secure_read(secure, 4, got, 4), 4);
	tear_down();
}
END_TEST

START_TEST(partitions_go_by_two_names)
{
	static const char *const names[] = {
		"user", "customer_fs", "backup", "customer_backup_fs", "secure", "securedata"};
	char rule[60];

	set_up(_i);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		(void)snprintf(rule, sizeof(rule), "note in %s", names[i]);
		add(rule);
	}
	ck_assert_int_eq(twinfs_faults_add(rig.faults, "note in nothing", NULL, NULL), -ENOENT);
	ck_assert_int_eq(power_on(), 0);
	rig.count = 0;
	ck_assert_int_eq(rewrite("/notes.txt", 'k'), 0);
	for (unsigned i = 0; i < rig.count; i++)
		ck_assert_uint_le(rig.events[i].rule, 2);
	ck_assert_uint_ge(rig.count, 2);
	tear_down();
}
END_TEST

static struct json_object *status(void)
{
	char *text = twinfs_module_status_json(rig.module);
	struct json_object *object = json_tokener_parse(text);

	free(text);
	ck_assert_ptr_nonnull(object);
	return object;
}

static void status_is(const char *power, const char *cause, int supply_mv, int faults)
{
	struct json_object *it = status();
	const char *got = json_object_get_string(json_object_object_get(it, "power_cause"));

	ck_assert_str_eq(json_object_get_string(json_object_object_get(it, "power")), power);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(it, "supply_mv")), supply_mv);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(it, "faults")), faults);
	ck_assert_msg(cause ? got && !strncmp(got, cause, strlen(cause)) : !got, "%s", got);
	ck_assert_int_eq(json_object_put(it), 1);
}

START_TEST(a_cut_is_told_and_healed_by_power_on)
{
	uint64_t ino;

	set_up(_i);
	status_is("off", NULL, 3800, 0);
	ck_assert_int_eq(power_on(), 0);
	status_is("on", NULL, 3800, 0);
	add("cut torn in data of /usr/notes.txt");
	ck_assert_int_eq(rewrite("/notes.txt", 'q'), -ESHUTDOWN);
	ck_assert_uint_eq(rig.count, 1);
	ck_assert_str_eq(rig.owners[0], "data /usr/notes.txt");
	status_is("off", "rule 1: cut torn in data of /usr/notes.txt (", 0, 1);
	ck_assert_int_eq(twinfs_volume_walk(rig.user, "/lib/other.txt", &ino), -ESHUTDOWN);
	restart();
	status_is("on", NULL, 3800, 1);
	file_is("/notes.txt", 'n');
	ck_assert_int_eq(rewrite("/notes.txt", 'q'), 0); /* once */
	tear_down();
}
END_TEST

START_TEST(rules_see_the_next_boot)
{
	uint64_t root = TWINFS_ROOT_INO;

	set_up(_i);
	ck_assert_int_eq(power_on(), 0);
	ck_assert_int_eq(twinfs_volume_unlink(rig.user, root, "main.py"), 0);
	twinfs_module_power_off(rig.module);
	add("cut in /usr/main.py");
	ck_assert_int_eq(power_on(), -ESHUTDOWN); /* while it is restored */
	ck_assert_uint_eq(rig.count, 1);
	ck_assert_uint_eq(count_owned("data /usr/main.py") + count_owned("metadata /usr"), 1);
	ck_assert_int_eq(power_on(), 0);
	(void)ino_of("/main.py");
	tear_down();
}
END_TEST

START_TEST(changes_and_stores_are_calls)
{
	struct twinfs_secure *secure;
	uint64_t root = TWINFS_ROOT_INO, ino;

	set_up(_i);
	secure = twinfs_module_secure(rig.module);
	ck_assert_int_eq(power_on(), 0);
	add("note before commit of /usr/notes.txt");
	add("note after store of slot 5");
	add("note after mkdir of /usr/d");
	add("cut before rename of /usr/e at call 2");
	ck_assert(!twinfs_flash_has_hook(twinfs_module_flash(rig.module)));
	ck_assert_int_eq(rewrite("/lib/other.txt", 'x'), 0);
	ck_assert_uint_eq(rig.count, 0);
	ck_assert_int_eq(rewrite("/notes.txt", 'x'), 0);
	ck_assert_uint_eq(rig.count, 1);
	ck_assert_int_eq(twinfs_secure_store(secure, 4, "x", 1), 0);
	ck_assert_int_eq(twinfs_secure_store(secure, 5, "x", 1), 0);
	ck_assert_int_eq(twinfs_volume_mkdir(rig.user, root, "d", &ino), 0);
	ck_assert_uint_eq(rig.count, 3);
	ck_assert_uint_eq(rig.events[1].rule, 2);
	ck_assert_uint_eq(rig.events[2].rule, 3);
	ck_assert_int_eq(twinfs_volume_rename(rig.user, root, "d", root, "e", 0), 0);
	ck_assert_int_eq(twinfs_volume_rename(rig.user, root, "e", root, "f", 0), -ESHUTDOWN);
	restart();
	(void)ino_of("/e");
	twinfs_faults_clear(rig.faults);
	ck_assert_int_eq(rewrite("/notes.txt", 'y'), 0);
	ck_assert_uint_eq(rig.count, 4);
	tear_down();
}
END_TEST

/* Damage between two boots, in metadata: the volume mounts or is formatted, as on the device. */
START_TEST(metadata_can_be_damaged)
{
	struct twinfs_error err;

	set_up(_i);
	ck_assert_int_eq(twinfs_faults_damage(rig.faults, "garble in superblock of user", 1, NULL,
				 &err),
		0);
	ck_assert_int_eq(power_on(), 0);
	ck_assert(twinfs_module_last_boot(rig.module)->user_formatted);
	tear_down();
}
END_TEST

START_TEST(without_rules_nothing_is_hooked)
{
	set_up(_i);
	ck_assert(!twinfs_flash_has_hook(twinfs_module_flash(rig.module)));
	add("fail erase at op 1000000");
	ck_assert(twinfs_flash_has_hook(twinfs_module_flash(rig.module)));
	ck_assert(!twinfs_flash_watches_reads(twinfs_module_flash(rig.module)));
	add("fail read at read 1000000");
	ck_assert(twinfs_flash_watches_reads(twinfs_module_flash(rig.module)));
	ck_assert_int_eq(twinfs_faults_remove(rig.faults, 2), 0);
	ck_assert(!twinfs_flash_watches_reads(twinfs_module_flash(rig.module)));
	ck_assert_int_eq(twinfs_faults_remove(rig.faults, 1), 0);
	ck_assert(!twinfs_flash_has_hook(twinfs_module_flash(rig.module)));
	tear_down();
}
END_TEST

int main(void)
{
	const TTest *const cases[] = {rules_meet_the_writes_of_a_path,
		a_block_that_fails_is_replaced, cells_of_a_path_change_at_rest,
		readers_of_a_path_are_deceived, slots_have_places_too, partitions_go_by_two_names,
		a_cut_is_told_and_healed_by_power_on, rules_see_the_next_boot,
		changes_and_stores_are_calls, metadata_can_be_damaged,
		without_rules_nothing_is_hooked};
	Suite *suite = suite_create("faults");
	TCase *tcase = tcase_create("faults");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tcase_add_loop_test(tcase, cases[i], 0, FORMATS);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
