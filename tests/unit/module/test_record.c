/* SPDX-License-Identifier: MIT */
/*
 * test_record.c - a module that is recorded: what its trace says is what
 * happened, through boots, changes, stores and a power cut.
 */
#include <twinfs/module.h>

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <twinfs/factory.h>
#include <twinfs/trace.h>

#include "base/digest.h"
#include "base/file.h"
#include "module/state.h"
#include "tempdir.h"

#define KIB       UINT64_C(1024)
#define CHIP_SIZE (1024 * KIB)

/* Chips to record: version of the volumes, bytes of a block and erase unit, loose files or one. */
static const struct {
	unsigned format, size, prog_size;
	bool is_loose;
} chips[] = {
	{1, 4096, 4096, false},
	{1, 8192, 64, false},
	{1, 2048, 2048, false},
	{1, 4096, 64, true},
	{2, 4096, 64, false},
	{2, 8192, 256, true},
	{2, 2048, 64, false},
};
#define CHIPS (sizeof(chips) / sizeof(*chips))

struct rig {
	struct twinfs_source source;
	struct twinfs_module *module;
	uint8_t *before; /* the chip when recording began */
	uint64_t cut_at; /* number of the operation in which the power goes */
	struct twinfs_flash_hook fault;
};

static void write_text(const char *path, const char *text)
{
	ck_assert_int_eq(tw_file_write(path, text, strlen(text), 0644, 0), 0);
}

static void write_profile(int chip)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
		"{\"name\": \"small\", \"modules\": \"tests\", \"chip_size\": \"1M\","
		"\"partitions\": {"
		"\"customer_fs\": {\"addr\": \"64K\", \"size\": \"256K\"},"
		"\"customer_backup_fs\": {\"addr\": \"512K\", \"size\": \"128K\"},"
		"\"securedata\": {\"addr\": \"384K\", \"size\": \"64K\"}},"
		"\"filesystem\": {\"format\": %u, \"block_size\": %u, \"prog_size\": %u,"
		" \"spare_blocks\": 1, \"v2\": {\"prog_size\": %u, \"block_cycles\": 100,"
		" \"stores_mtime\": false}},"
		"\"boot\": {\"restores\": true, \"writes_settings\": true},"
		"\"flash\": {\"read_size\": 1, \"prog_size\": 64, \"erase_size\": %u,"
		" \"strict\": true, \"read_ns_per_kib\": 20000, \"page_size\": 256,"
		" \"program_page_ns\": 700000, \"erase_unit_ns\": 60000000}}",
		chips[chip].format, chips[chip].size, chips[chip].prog_size, chips[chip].prog_size,
		chips[chip].size);
	write_text("small.json", text);
}

static void make_images(int chip, struct rig *rig)
{
	static const char *const files[] = {"main.py"};
	struct twinfs_profile profile;
	struct twinfs_factory_options options = {
		.profile = &profile, .user_dir = "app", .backup_files = files, .backup_count = 1};
	struct twinfs_error err = {0};
	int rc;

	write_profile(chip);
	ck_assert_int_eq(mkdir("app", 0755), 0);
	write_text("app/main.py", "print('hello')\n");
	write_text("app/notes.txt", "not protected\n");
	ck_assert_msg(!twinfs_profile_load("./small.json", &profile, &err), "%s", err.text);
	rig->source = chips[chip].is_loose ? (struct twinfs_source){.user = "out/customer_fs.bin",
						     .backup = "out/customer_backup_fs.bin",
						     .secure = "out/secure.bin"}
					   : (struct twinfs_source){.image = "chip.img"};
	rig->source.profile = "./small.json";
	rc = chips[chip].is_loose ? twinfs_factory_make_pair(&options, "out", &err)
				  : twinfs_factory_make_image(&options, "chip.img", &err);
	ck_assert_msg(!rc, "%s", err.text);
}

static void open_module(struct rig *rig)
{
	const struct twinfs_module_options options = {.image_flags = TWINFS_IMAGE_WRITABLE};
	struct twinfs_error err = {0};

	ck_assert_msg(!twinfs_module_open(&rig->source, &options, &rig->module, &err), "%s: %s",
		err.file, err.text);
}

static void power_on(struct rig *rig)
{
	struct twinfs_error err = {0};

	ck_assert_msg(!twinfs_module_power_on(rig->module, NULL, &err), "%s", err.text);
}

static void put(struct twinfs_volume *volume, const char *name, const void *data, size_t len)
{
	uint64_t ino;

	if (twinfs_volume_lookup(volume, TWINFS_ROOT_INO, name, &ino))
		ck_assert_int_eq(twinfs_volume_create(volume, TWINFS_ROOT_INO, name, &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(volume, ino), 0);
	ck_assert_int_eq(twinfs_volume_truncate(volume, ino, 0), 0);
	ck_assert_int_eq(twinfs_volume_write(volume, ino, data, len, 0), (int64_t)len);
	ck_assert_int_eq(twinfs_volume_sync(volume, ino), 0);
	twinfs_volume_close(volume, ino);
}

static int before(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	const struct rig *rig = ctx;

	if (op->seq != rig->cut_at)
		return 0;
	*done = op->len / 2;
	return -ESHUTDOWN;
}

/* The bytes of the chip with 0 in its gaps; free() them. */
static uint8_t *copy_chip(const struct rig *rig)
{
	const struct twinfs_image *image = twinfs_module_image(rig->module);
	uint8_t *bytes = calloc(1, twinfs_image_size(image));

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < TWINFS_IMAGE_FILES; i++)
		memcpy(bytes + twinfs_image_file_addr(image, i),
			twinfs_image_bytes(image) + twinfs_image_file_addr(image, i),
			twinfs_image_file_size(image, i));
	return bytes;
}

static void change_files(struct rig *rig)
{
	struct twinfs_volume *user = twinfs_module_user(rig->module);
	char *large = malloc(20000);
	uint64_t dir;

	ck_assert_ptr_nonnull(large);
	memset(large, 'x', 20000);
	ck_assert_int_eq(twinfs_volume_mkdir(user, TWINFS_ROOT_INO, "log", &dir), 0);
	put(user, "large.bin", large, 20000);
	put(user, "config.json", "{\"a\": 1}", 8);
	put(user, "config.json", "{\"a\": 2}", 8);
	ck_assert_int_eq(twinfs_volume_rename(user, TWINFS_ROOT_INO, "config.json", dir, "old.json",
				 0),
		0);
	ck_assert_int_eq(twinfs_volume_unlink(user, TWINFS_ROOT_INO, "notes.txt"), 0);
	free(large);
}

/* A boot that restores, changes, a store, a restart, and a cut in the middle of a change. */
static void run(int chip, struct rig *rig)
{
	struct twinfs_error err = {0};
	struct twinfs_flash_stats stats;
	uint64_t ino;

	*rig = (struct rig){0};
	tempdir_enter();
	make_images(chip, rig);
	open_module(rig);
	power_on(rig);
	put(twinfs_module_user(rig->module), "main.py", "broken", 6);
	twinfs_module_power_off(rig->module);
	rig->before = copy_chip(rig);
	ck_assert_msg(!twinfs_module_record(rig->module, "t", &err), "%s", err.text);
	power_on(rig);
	change_files(rig);
	ck_assert_int_eq(twinfs_secure_store(twinfs_module_secure(rig->module), 3, "key", 3), 0);
	twinfs_module_power_off(rig->module);
	power_on(rig);
	rig->fault = (struct twinfs_flash_hook){.before = before, .ctx = rig};
	rig->module->plugs.faults = &rig->fault;
	tw_plugs_connect(&rig->module->plugs, rig->module->flash);
	twinfs_flash_stats(rig->module->flash, &stats);
	rig->cut_at = stats.seq + 1;
	ck_assert_int_eq(twinfs_volume_create(twinfs_module_user(rig->module), TWINFS_ROOT_INO,
				 "late", &ino),
		-ESHUTDOWN);
	twinfs_module_power_off(rig->module);
	power_on(rig);
	ck_assert_msg(!twinfs_module_record_stop(rig->module, &err), "%s", err.text);
}

static void end(struct rig *rig)
{
	twinfs_module_close(rig->module);
	free(rig->before);
	tempdir_leave();
}

static struct twinfs_trace *open_trace(void)
{
	struct twinfs_trace *trace = NULL;
	struct twinfs_error err = {0};

	ck_assert_msg(!twinfs_trace_open("t", &trace, &err), "%s", err.text);
	ck_assert(!twinfs_trace_info(trace)->is_truncated);
	return trace;
}

/* The trace leads from the image as it is to what it was before, and back. */
static void expect_image(const struct rig *rig)
{
	struct twinfs_trace *trace = open_trace();
	uint64_t size = twinfs_trace_info(trace)->chip_size;
	uint8_t *after = copy_chip(rig), *chip = malloc(size);
	struct twinfs_trace_record record;

	ck_assert_uint_eq(size, twinfs_image_size(twinfs_module_image(rig->module)));
	ck_assert_ptr_nonnull(chip);
	memcpy(chip, after, size);
	while (twinfs_trace_next(trace, &record))
		if (record.kind == TWINFS_TRACE_OLD)
			twinfs_trace_apply(&record, chip);
	ck_assert(!memcmp(chip, rig->before, size));
	twinfs_trace_rewind(trace);
	while (twinfs_trace_next(trace, &record))
		if (record.kind != TWINFS_TRACE_OLD)
			twinfs_trace_apply(&record, chip);
	ck_assert(!memcmp(chip, after, size));
	free(chip);
	free(after);
	twinfs_trace_close(trace);
}

START_TEST(operations_make_the_image_what_it_is)
{
	struct rig rig;

	run(_i, &rig);
	expect_image(&rig);
	end(&rig);
}
END_TEST

/* Replaces a file as often as it can, whatever comes of it. */
static void try_to_write(struct rig *rig, unsigned times)
{
	struct twinfs_volume *user = twinfs_module_user(rig->module);
	char text[3000];
	uint64_t ino;

	memset(text, 'w', sizeof(text));
	for (unsigned i = 0; i < times; i++) {
		if (twinfs_volume_walk(user, "/notes.txt", &ino) || twinfs_volume_open(user, ino))
			return;
		(void)twinfs_volume_truncate(user, ino, 0);
		(void)twinfs_volume_write(user, ino, text, sizeof(text), 0);
		(void)twinfs_volume_sync(user, ino);
		twinfs_volume_close(user, ino);
	}
}

START_TEST(what_faults_do_is_in_the_trace)
{
	static const char *const rules[] = {
		"flip 3 bits in backup",
		"flip 2 bits in data of /usr/notes.txt on program",
		"stick 5 bits to 0 in user after 1 write",
		"fail program in data of /usr/notes.txt torn 50% every 3 programs",
		"fill with 0x33 in data of /usr/notes.txt after 6 writes",
		"cut torn 40% mixed in user at write 14",
		"cut torn 10 garbage in user on erase after 14 writes",
	};
	struct twinfs_faults *faults;
	struct rig rig = {0};

	tempdir_enter();
	make_images(_i, &rig);
	open_module(&rig);
	power_on(&rig);
	rig.before = copy_chip(&rig);
	ck_assert_int_eq(twinfs_module_record(rig.module, "t", NULL), 0);
	faults = twinfs_module_faults(rig.module);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		ck_assert_int_eq(twinfs_faults_add(faults, rules[i], NULL, NULL), 0);
	for (unsigned boot = 0; boot < 3; boot++) {
		try_to_write(&rig, 12);
		twinfs_module_power_off(rig.module);
		(void)twinfs_module_power_on(rig.module, NULL, NULL);
	}
	for (unsigned i = 0; i < twinfs_faults_count(faults); i++) {
		struct twinfs_fault_rule rule;

		ck_assert_int_eq(twinfs_faults_get(faults, i, &rule), 0);
		ck_assert_msg(rule.fired, "'%s' has not fired", rule.text);
	}
	ck_assert_int_eq(twinfs_module_record_stop(rig.module, NULL), 0);
	expect_image(&rig);
	end(&rig);
}
END_TEST

/* The marks of the trace but those of began, as text. */
static void tell(const struct twinfs_trace_mark *mark, char *text, size_t size)
{
	size_t used = strlen(text);

	if (mark->kind == TWINFS_MARK_CHANGE_ENDED)
		(void)snprintf(text + used, size - used, "%s %s%s%s%s\n",
			twinfs_traced_change_name(mark->change), mark->path,
			*mark->new_path ? " " : "", mark->new_path, mark->result ? " failed" : "");
	else if (mark->kind == TWINFS_MARK_STORE_ENDED || mark->kind == TWINFS_MARK_BOOT_ENDED)
		(void)snprintf(text + used, size - used, "%s %u\n", twinfs_mark_name(mark->kind),
			(unsigned)mark->index);
	else if (mark->kind == TWINFS_MARK_POWER_CUT)
		(void)snprintf(text + used, size - used, "cut\n");
}

START_TEST(marks_tell_the_story)
{
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_trace_record record;
	char text[4096] = "";
	uint64_t size = 0;

	run(_i, &rig);
	trace = open_trace();
	while (twinfs_trace_next(trace, &record)) {
		if (record.kind != TWINFS_TRACE_MARK)
			continue;
		tell(&record.mark, text, sizeof(text));
		if (record.mark.kind == TWINFS_MARK_CHANGE_ENDED &&
			!strcmp(record.mark.path, "/usr/large.bin"))
			size = record.mark.size;
		if (record.mark.kind == TWINFS_MARK_STORE_ENDED)
			ck_assert(tw_digest_is_same(record.mark.digest, twinfs_digest("key", 3)));
	}
	ck_assert_uint_eq(size, 20000);
	/* what the boots restore is there too */
	ck_assert_ptr_nonnull(strstr(text, "content /usr/main.py\n"));
	ck_assert_str_eq(strstr(text, "mkdir /usr/log"),
		"mkdir /usr/log\n"
		"create /usr/large.bin\n"
		"content /usr/large.bin\n"
		"create /usr/config.json\n"
		"content /usr/config.json\n"
		"content /usr/config.json\n"
		"rename /usr/config.json /usr/log/old.json\n"
		"remove /usr/notes.txt\n"
		"store_ended 3\n"
		"cut\n"
		"boot_ended 2\n"
		"cut\n"
		"create /usr/late failed\n"
		"boot_ended 3\n");
	twinfs_trace_close(trace);
	end(&rig);
}
END_TEST

START_TEST(operations_know_whom_they_are_for)
{
	static const char *const owners[] = {"data /usr/main.py", "data /usr/large.bin",
		"metadata /usr", "metadata /usr/log", "slot 3"};
	struct rig rig;
	struct twinfs_trace *trace;
	struct twinfs_trace_summary summary;

	run(_i, &rig);
	trace = open_trace();
	ck_assert_int_eq(twinfs_trace_summarise(trace, NULL, &summary), 0);
	for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++) {
		bool is_there = false;

		for (size_t n = 0; n < summary.owner_count; n++)
			is_there |= !strcmp(summary.owners[n].owner, owners[i]);
		ck_assert_msg(is_there || (chips[_i].format == 2 && !i), "%s", owners[i]);
	}
	for (size_t n = 0; n < summary.owner_count; n++)
		ck_assert_str_ne(summary.owners[n].owner, "");
	twinfs_trace_summary_release(&summary);
	twinfs_trace_close(trace);
	end(&rig);
}
END_TEST

START_TEST(recording_begins_once_and_ends_with_the_module)
{
	struct rig rig = {0};
	struct twinfs_trace *trace;
	struct twinfs_error err = {0};

	tempdir_enter();
	make_images(0, &rig);
	open_module(&rig);
	ck_assert(!twinfs_module_is_recording(rig.module));
	ck_assert_ptr_null(twinfs_module_recorder(rig.module));
	ck_assert_int_eq(twinfs_module_record_stop(rig.module, &err), 0);
	ck_assert_int_eq(twinfs_module_record(rig.module, "app", &err), -EEXIST);
	ck_assert_int_eq(err.problem, TWINFS_P_TRACE);
	ck_assert(!twinfs_flash_has_hook(rig.module->flash));
	power_on(&rig);
	ck_assert_int_eq(twinfs_module_record(rig.module, "t", &err), 0);
	ck_assert(twinfs_module_is_recording(rig.module));
	ck_assert_int_eq(twinfs_module_record(rig.module, "u", &err), -EALREADY);
	put(twinfs_module_user(rig.module), "a", "b", 1);
	ck_assert_uint_gt(twinfs_recorder_operations(twinfs_module_recorder(rig.module)), 1);
	end(&rig);
	tempdir_enter();
	make_images(0, &rig);
	open_module(&rig);
	power_on(&rig);
	ck_assert_int_eq(twinfs_module_record(rig.module, "t", &err), 0);
	put(twinfs_module_user(rig.module), "a", "b", 1);
	twinfs_module_close(rig.module);
	rig.module = NULL;
	trace = open_trace();
	/* create and content, begun and ended, and the power going */
	ck_assert_uint_eq(twinfs_trace_info(trace)->marks, 5);
	twinfs_trace_close(trace);
	end(&rig);
}
END_TEST

/* A change that is made when nothing is recorded any more must find nothing of the recorder. */
START_TEST(after_the_end_nothing_is_marked)
{
	struct rig rig = {0};
	struct twinfs_trace *trace;

	tempdir_enter();
	make_images(4, &rig);
	open_module(&rig);
	power_on(&rig);
	ck_assert_int_eq(twinfs_module_record(rig.module, "t", NULL), 0);
	ck_assert_int_eq(twinfs_module_record_stop(rig.module, NULL), 0);
	ck_assert(!twinfs_flash_has_hook(rig.module->flash));
	put(twinfs_module_user(rig.module), "a", "b", 1);
	ck_assert_int_eq(twinfs_secure_store(twinfs_module_secure(rig.module), 3, "key", 3), 0);
	trace = open_trace();
	ck_assert_uint_eq(twinfs_trace_info(trace)->records, 0);
	twinfs_trace_close(trace);
	end(&rig);
}
END_TEST

static int cut_reads(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	(void)ctx, (void)done;
	return op->kind == TWINFS_FLASH_READ ? -ESHUTDOWN : 0;
}

/* The recorder hears of no reads. */
START_TEST(a_cut_in_a_read_is_marked_once)
{
	struct rig rig = {0};
	struct twinfs_trace *trace;
	const uint8_t *bytes;

	tempdir_enter();
	make_images(0, &rig);
	open_module(&rig);
	power_on(&rig);
	rig.fault = (struct twinfs_flash_hook){.before = cut_reads, .reads = true};
	rig.module->plugs.faults = &rig.fault;
	ck_assert_int_eq(twinfs_module_record(rig.module, "t", NULL), 0);
	ck_assert_int_eq(twinfs_flash_read(rig.module->flash, 0, 1, &bytes), -ESHUTDOWN);
	twinfs_module_power_off(rig.module);
	rig.fault.reads = false;
	power_on(&rig);
	ck_assert_int_eq(twinfs_module_record_stop(rig.module, NULL), 0);
	trace = open_trace();
	ck_assert_uint_eq(twinfs_trace_info(trace)->marks, 3);
	twinfs_trace_close(trace);
	end(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("record");
	TCase *tcase = tcase_create("record");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, operations_make_the_image_what_it_is, 0, CHIPS);
	tcase_add_loop_test(tcase, what_faults_do_is_in_the_trace, 0, CHIPS);
	tcase_add_loop_test(tcase, marks_tell_the_story, 0, CHIPS);
	tcase_add_loop_test(tcase, operations_know_whom_they_are_for, 0, CHIPS);
	tcase_add_test(tcase, recording_begins_once_and_ends_with_the_module);
	tcase_add_test(tcase, after_the_end_nothing_is_marked);
	tcase_add_test(tcase, a_cut_in_a_read_is_marked_once);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
