/* SPDX-License-Identifier: MIT */
/*
 * test_promises.c - a recorded run of a whole module, cut everywhere, booted, and
 * compared with what had been promised.
 *
 * The run has a first boot, an application that writes in all the ways there
 * are, an update of user files that a restart applies, and more of the
 * application. Nothing may be wrong at any moment, but for what one scene does
 * on purpose: it changes a protected file and not its hash, so that from then on
 * a boot puts the factory copy back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <twinfs/factory.h>
#include <twinfs/module.h>

#include "explore/expect.h"
#include "lib/chip.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

struct scene {
	const char *name;
	bool is_careless; /* a protected file is changed, and its hash is not */
	uint32_t disk_version;
};

static const struct scene scenes[] = {
	{"version 1", false, TWINFS_LFS_1_1},
	{"version 2", false, TWINFS_LFS_2_1},
	{"careless", true, TWINFS_LFS_1_1},
};

/* What came of the states of a scene. */
struct tally {
	uint64_t states, restored, installed, reverted, wrong;
	char first[512]; /* sentence */
};

/* ---- making the run ---- */

static void put(struct twinfs_volume *volume, const char *dir, const char *name, const char *text)
{
	uint64_t parent, ino;
	int rc;

	must(twinfs_volume_walk(volume, dir, &parent) == 0, "%s", dir);
	rc = twinfs_volume_lookup(volume, parent, name, &ino);
	if (rc == -ENOENT)
		rc = twinfs_volume_create(volume, parent, name, &ino);
	must(rc == 0 && twinfs_volume_open(volume, ino) == 0, "%s", name);
	must(twinfs_volume_truncate(volume, ino, 0) == 0, "%s", name);
	must(twinfs_volume_write(volume, ino, text, strlen(text), 0) == (int64_t)strlen(text), "%s",
		name);
	must(twinfs_volume_sync(volume, ino) == 0, "%s", name);
	twinfs_volume_close(volume, ino);
}

static void make_dir(struct twinfs_volume *volume, const char *dir, const char *name)
{
	uint64_t parent, ino;

	must(twinfs_volume_walk(volume, dir, &parent) == 0, "%s", dir);
	must(twinfs_volume_mkdir(volume, parent, name, &ino) == 0, "%s", name);
}

static void replace(struct twinfs_volume *volume, const char *name, const char *text)
{
	put(volume, "/", "temporary", text);
	must(twinfs_volume_rename(volume, TWINFS_ROOT_INO, "temporary", TWINFS_ROOT_INO, name, 0) ==
			0,
		"%s", name);
}

static void arm_update(struct twinfs_volume *volume)
{
	make_dir(volume, "/", ".updater");
	make_dir(volume, "/.updater", "usr");
	make_dir(volume, "/.updater/usr", "new");
	put(volume, "/.updater/usr", "main.py", "print('updated')");
	put(volume, "/.updater/usr/new", "file.py", "pass");
	put(volume, "/.updater", "download.stat",
		"[{\"name\": \"/usr/main.py\", \"url\": \"\", \"total_size\": 16}, "
		"{\"name\": \"/usr/new/file.py\", \"url\": \"\", \"total_size\": 4}]");
	put(volume, "/.updater", "update.flag", "");
}

static void run_application(struct twinfs_module *module, const struct scene *scene)
{
	struct twinfs_volume *volume = twinfs_module_user(module);
	struct twinfs_secure *secure = twinfs_module_secure(module);

	put(volume, "/", "config.json", "{\"a\": 1}");
	put(volume, "/", "config.json", "{\"a\": 22}");
	replace(volume, "config.json", "{\"a\": 333}");
	make_dir(volume, "/", "log");
	put(volume, "/log", "today", "some lines\n");
	must(twinfs_volume_rename(volume, TWINFS_ROOT_INO, "log", TWINFS_ROOT_INO, "old", 0) == 0,
		"rename");
	if (secure) {
		must(twinfs_secure_store(secure, 3, "key", 3) == TWINFS_SECURE_OK, "store");
		must(twinfs_secure_store(secure, 3, "other key", 9) == TWINFS_SECURE_OK, "store");
	}
	if (scene->is_careless)
		put(volume, "/", "lib.py", "changed by the application");
	else
		arm_update(volume);
	put(volume, "/", "config.json", "{\"a\": 4444}");
}

static struct twinfs_module *open_module(unsigned flags)
{
	const struct twinfs_source source = {.image = "app.img"};
	const struct twinfs_module_options options = {
		.image_flags = flags, .policy = TWINFS_POLICY_DEVICE};
	struct twinfs_error err = {0};
	struct twinfs_module *module;

	must(twinfs_module_open(&source, &options, &module, &err) == 0, "%s", err.text);
	return module;
}

static void make_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	must(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", path);
}

static void make_image(const struct scene *scene)
{
	static const char *const protected[] = {"main.py", "lib.py"};
	struct twinfs_factory_options options = {
		.user_dir = "user", .backup_files = protected, .backup_count = 2};
	struct twinfs_profile profile;
	struct twinfs_error err = {0};

	must(mkdir("user", 0755) == 0, "mkdir");
	make_file("user/main.py", "import lib\n");
	make_file("user/lib.py", "def f(): pass\n");
	make_file("user/config.json", "{}");
	must(twinfs_profile_load("default", &profile, &err) == 0, "%s", err.text);
	options.profile = &profile;
	options.disk_version = scene->disk_version;
	must(twinfs_factory_make_image(&options, "app.img", &err) == 0, "%s", err.text);
}

/* Both boots are in the trace, as changes that are the boots' own. */
static void record_run(const struct scene *scene)
{
	struct twinfs_error err = {0};
	struct twinfs_module *module;

	make_image(scene);
	module = open_module(TWINFS_IMAGE_WRITABLE);
	must(twinfs_module_record(module, "run.trace", &err) == 0, "%s", err.text);
	must(twinfs_module_power_on(module, NULL, &err) == 0, "%s", err.text);
	run_application(module, scene);
	twinfs_module_power_off(module);
	must(twinfs_module_power_on(module, NULL, &err) == 0, "%s", err.text);
	put(twinfs_module_user(module), "/", "config.json", "{}");
	twinfs_module_power_off(module);
	must(twinfs_module_record_stop(module, &err) == 0, "%s", err.text);
	twinfs_module_close(module);
}

/* ---- states ---- */

struct bench {
	const struct scene *scene;
	struct tw_story *story;
	struct tw_expect *expect;
	uint8_t *chip; /* bytes with the operations so far */
	struct tally tally;
};

static void show_part(struct twinfs_module *module, enum twinfs_part part, const char *dir,
	const char *prefix, struct tw_shown *tree)
{
	struct twinfs_part_info info;
	struct twinfs_volume *volume;
	uint64_t ino;

	twinfs_module_part(module, part, &info);
	must(twinfs_volume_mount(twinfs_module_flash(module), &info.config, &volume, NULL) == 0,
		"mount");
	must(twinfs_volume_walk(volume, dir, &ino) == 0, "%s", dir);
	must(tw_shown_add_volume(tree, prefix, volume, ino, NULL) == 0, "reading");
	twinfs_volume_unmount(volume);
}

/* The module's own object knows the slots as they were when it was opened. */
static void show_slots(struct twinfs_module *module, struct tw_shown *tree)
{
	struct twinfs_part_info info;
	struct twinfs_secure *secure;

	twinfs_module_part(module, TWINFS_PART_SECURE, &info);
	if (!info.present)
		return;
	must(twinfs_secure_open(twinfs_module_flash(module), info.addr, info.size, NULL, &secure,
		     NULL) == 0,
		"SecureData");
	must(tw_shown_add_slots(tree, secure) == 0, "no memory");
	twinfs_secure_close(secure);
}

static void begin(struct bench *bench)
{
	struct twinfs_module *module = open_module(TWINFS_IMAGE_SCRATCH);
	struct tw_shown before = {0}, factory = {0};
	struct twinfs_error err = {0};

	must(tw_story_load("run.trace", &bench->story, &err) == 0, "%s", err.text);
	must(tw_story_rewind(bench->story, twinfs_module_image(module), "app.img", &err) == 0, "%s",
		err.text);
	bench->chip = malloc(bench->story->chip_size);
	must(bench->chip, "no memory");
	memcpy(bench->chip, twinfs_image_bytes(twinfs_module_image(module)),
		bench->story->chip_size);
	show_part(module, TWINFS_PART_USER, "/", "/usr", &before);
	show_slots(module, &before);
	show_part(module, TWINFS_PART_BACKUP, "/usr", "/usr", &factory);
	must(tw_expect_new(bench->story, &before, &factory,
		     bench->scene->disk_version == TWINFS_LFS_1_1 ? TW_EXPECT_VERSION_1 : 0,
		     &bench->expect) == 0,
		"no memory");
	tw_shown_release(&before);
	tw_shown_release(&factory);
	twinfs_module_close(module);
}

static void count(void *ctx, const struct tw_finding *finding)
{
	struct tally *tally = ctx;

	if (finding->kind == TW_FINDING_REVERTED)
		tally->reverted++;
	else
		tally->wrong++;
	if (!*tally->first)
		(void)snprintf(tally->first, sizeof(tally->first), "%s", finding->text);
}

/* Boots the bytes and judges what is there then. */
static void try_state(struct bench *bench, uint64_t done)
{
	struct twinfs_module *module = open_module(TWINFS_IMAGE_SCRATCH);
	const struct twinfs_boot_report *report;
	struct tw_shown tree = {0};
	struct tw_boots boots = {0};
	struct twinfs_error err = {0};

	memcpy(twinfs_image_bytes_writable(twinfs_module_image(module)), bench->chip,
		bench->story->chip_size);
	must(twinfs_module_power_on(module, &report, &err) == 0, "%s", err.text);
	must(tw_boots_add(&boots, report) == 0, "no memory");
	must(tw_shown_add_volume(&tree, "/usr", twinfs_module_user(module), TWINFS_ROOT_INO,
		     NULL) == 0,
		"reading");
	show_slots(module, &tree);
	must(tw_expect_explain(bench->expect, tw_expect_at(bench->expect, done), &tree, &boots,
		     count, &bench->tally) >= 0,
		"no memory");
	for (size_t i = 0; i < boots.count; i++) {
		bench->tally.restored += boots.deeds[i].kind == TW_DEED_RESTORED;
		bench->tally.installed += boots.deeds[i].kind == TW_DEED_INSTALLED;
	}
	bench->tally.states++;
	tw_boots_release(&boots);
	tw_shown_release(&tree);
	twinfs_module_close(module);
}

/* Before each operation; in the middle of it; and behind the last. */
static void cut_everywhere(struct bench *bench)
{
	uint8_t *kept = malloc(bench->story->geometry.erase_size);

	must(kept, "no memory");
	for (uint64_t done = 0; done <= bench->story->op_count; done++) {
		const struct tw_story_op *op = &bench->story->ops[done];
		uint32_t part;

		try_state(bench, done);
		if (done == bench->story->op_count)
			break;
		part = op->data_len ? op->data_len / 2 : op->len / 2;
		memcpy(kept, bench->chip + op->addr, op->len);
		if (op->data_len)
			memcpy(bench->chip + op->addr, op->data, part);
		else
			memset(bench->chip + op->addr, 0xff, part);
		try_state(bench, done);
		memcpy(bench->chip + op->addr, kept, op->len);
		tw_story_apply(op, bench->chip);
	}
	free(kept);
}

static void play(const struct scene *scene)
{
	struct bench bench = {.scene = scene};
	const struct tally *tally = &bench.tally;

	(void)snprintf(test_context, sizeof(test_context), "%s", scene->name);
	tempdir_enter();
	record_run(scene);
	begin(&bench);
	cut_everywhere(&bench);
	printf("%s: %" PRIu64 " states, %" PRIu64 " restored, %" PRIu64 " installed, %" PRIu64
	       " reverted\n",
		scene->name, tally->states, tally->restored, tally->installed, tally->reverted);
	must(tally->wrong == 0, "%" PRIu64 " findings: %s", tally->wrong, tally->first);
	if (scene->is_careless) {
		must(tally->reverted, "nothing was reverted");
		must(strstr(tally->first, "/usr/lib.py is the factory copy again: version 2 was "
					  "acknowledged in operation "),
			"%s", tally->first);
	} else {
		must(!tally->reverted, "%s", tally->first);
		must(tally->installed > 10, "the update was hardly cut");
	}
	tw_expect_free(bench.expect);
	tw_story_free(bench.story);
	free(bench.chip);
	tempdir_leave();
}

START_TEST(test_scenes)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++)
		play(&scenes[i]);
}
END_TEST

RUN_CASES("promises", test_scenes)
