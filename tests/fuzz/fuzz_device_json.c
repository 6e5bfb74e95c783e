/* SPDX-License-Identifier: MIT */
/*
 * fuzz_device_json.c - boots of a small module whose JSON files hold anything.
 *
 * The input is a byte of flags, then pieces: 0xff, which file, its content.
 *
 * Whatever they hold, a boot ends well, leaves sound volumes, has a report that is
 * JSON, and does not touch the backup partition; a file that it says to have
 * restored is the factory's; and boots come to rest: the third one after
 * another changes nothing, unless it ends by an error, or an update is stuck.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/image.h>

#include "module/boot_run.h"

enum {
	BLOCK = 512,
	USER_SIZE = 80 * BLOCK,
	BACKUP_SIZE = 40 * BLOCK,
	SIZE = USER_SIZE + BACKUP_SIZE,
	PIECE_MAX = 20000, /* over what the firmware reads of any of its files */
};

enum {
	FLAG_SAFE = 1u << 0,
	FLAG_UPDATE = 1u << 1, /* an update is waiting */
	FLAG_BARE = 1u << 2,   /* no file of the user volume is there yet */
};

/* Bytes of four volumes: of the user with and without an update, bare, and the backup. */
struct module {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_profile profile;
	struct tw_boot boot;
	uint8_t bare[USER_SIZE], full[USER_SIZE], armed[USER_SIZE], backup[BACKUP_SIZE];
};

#define TABLE                                                                                      \
	"[{\"name\": \"/usr/a\", \"crc32\": \"0xc54aae31\"}, "                                     \
	"{\"name\": \"/usr/lib/b\", \"crc32\": \"0x99325f96\"}]"

static uint64_t make_dirs(struct twinfs_volume *volume, const char *path)
{
	uint64_t dir = TWINFS_ROOT_INO, ino;
	char copy[64], *rest = copy, *name;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	while ((name = strsep(&rest, "/"))) {
		if (*name && twinfs_volume_lookup(volume, dir, name, &ino))
			fuzz_hold(twinfs_volume_mkdir(volume, dir, name, &ino) == 0);
		dir = *name ? ino : dir;
	}
	return dir;
}

static void put(struct twinfs_volume *volume, const char *dir_name, const char *name,
	const void *data, size_t len)
{
	uint64_t dir = make_dirs(volume, dir_name), ino;

	if (twinfs_volume_lookup(volume, dir, name, &ino))
		fuzz_hold(twinfs_volume_create(volume, dir, name, &ino) == 0);
	fuzz_hold(twinfs_volume_open(volume, ino) == 0);
	/* What does not fit the volume is left out. */
	if (twinfs_volume_truncate(volume, ino, 0) == 0 &&
		twinfs_volume_write(volume, ino, data, len, 0) >= 0)
		(void)twinfs_volume_sync(volume, ino);
	twinfs_volume_discard(volume, ino);
	twinfs_volume_close(volume, ino);
}

static void put_text(struct twinfs_volume *volume, const char *dir, const char *name,
	const char *text)
{
	put(volume, dir, name, text, strlen(text));
}

static struct twinfs_volume *mount(struct module *module, const struct twinfs_volume_config *config)
{
	struct twinfs_volume *volume;

	fuzz_hold(twinfs_volume_mount(module->flash, config, &volume, NULL) == 0);
	return volume;
}

static void keep(const struct module *module, uint8_t *ret_bytes, uint64_t addr, size_t size)
{
	memcpy(ret_bytes, twinfs_image_bytes(module->image) + addr, size);
}

static void make_user(struct module *module)
{
	struct twinfs_volume *volume;

	fuzz_hold(twinfs_volume_format(module->flash, &module->boot.user, NULL) == 0);
	keep(module, module->bare, 0, USER_SIZE);
	volume = mount(module, &module->boot.user);
	put_text(volume, "", "a", "a");
	put_text(volume, "", "checksum.json", TABLE);
	put_text(volume, "lib", "b", "hello world");
	keep(module, module->full, 0, USER_SIZE);
	put_text(volume, ".updater", "update.flag", "1");
	put_text(volume, ".updater", "download.stat", "[]");
	put_text(volume, ".updater/usr", "a", "123456789");
	put_text(volume, ".updater/usr/n/o", "a", "new");
	keep(module, module->armed, 0, USER_SIZE);
	twinfs_volume_unmount(volume);
}

static void make_backup(struct module *module)
{
	struct twinfs_volume *volume;

	fuzz_hold(twinfs_volume_format(module->flash, &module->boot.backup, NULL) == 0);
	volume = mount(module, &module->boot.backup);
	put_text(volume, "", "backup_restore.json", "{\"enable\": 1}");
	put_text(volume, "", "checksum.json", TABLE);
	put_text(volume, "usr", "a", "a");
	put_text(volume, "usr", "c", "");
	keep(module, module->backup, USER_SIZE, BACKUP_SIZE);
	twinfs_volume_unmount(volume);
}

static struct module *make_module(void)
{
	static const struct twinfs_flash_config flash = {
		.geometry = {.read_size = 1, .prog_size = 1, .erase_size = BLOCK},
		.timing = {.page_size = 256, .program_page_ns = 700000, .erase_unit_ns = 60000000},
		.strict = true,
	};
	struct module *module = calloc(1, sizeof(*module));

	fuzz_hold(module);
	fuzz_hold(twinfs_image_memory(SIZE, &module->image) == 0);
	fuzz_hold(twinfs_flash_new(module->image, &flash, &module->flash, NULL) == 0);
	module->profile = (struct twinfs_profile){
		.block_size = BLOCK,
		.prog_size = BLOCK,
		.spare_blocks = 1,
		.format = 1,
		.restores = true,
		.applies_updates = true,
		.writes_settings = true,
		.flash = flash,
	};
	module->boot = (struct tw_boot){
		.flash = module->flash,
		.profile = &module->profile,
		.user = {.size = USER_SIZE, .block_size = BLOCK, .spare_blocks = 1},
		.backup = {.addr = USER_SIZE,
			.size = BACKUP_SIZE,
			.block_size = BLOCK,
			.spare_blocks = 1},
	};
	make_user(module);
	make_backup(module);
	return module;
}

/* ---- the input ---- */

struct pieces {
	const uint8_t *at, *end;
};

static void put_pieces(struct twinfs_volume *volume, struct pieces pieces, bool is_backup)
{
	static const struct {
		const char *dir, *name;
		bool is_backup;
	} files[] = {
		{"", "checksum.json", false},
		{"", "checksum.json", true},
		{"", "backup_restore.json", true},
		{".updater", "download.stat", false},
		{"", "system_config.json", false},
		{"", "a", false},
	};

	while (pieces.end - pieces.at > 2) {
		unsigned file = pieces.at[1] % (sizeof(files) / sizeof(*files));
		const uint8_t *text = pieces.at + 2;
		const uint8_t *next = memchr(text, 0xff, (size_t)(pieces.end - text));

		pieces.at = next ? next : pieces.end;
		if (files[file].is_backup == is_backup && pieces.at - text <= PIECE_MAX)
			put(volume, files[file].dir, files[file].name, text,
				(size_t)(pieces.at - text));
	}
}

static void fill(struct module *module, unsigned flags, struct pieces pieces)
{
	uint8_t *bytes = twinfs_image_bytes_writable(module->image);
	struct twinfs_volume *volume;

	memcpy(bytes,
		flags & FLAG_UPDATE ? module->armed
		: flags & FLAG_BARE ? module->bare
				    : module->full,
		USER_SIZE);
	memcpy(bytes + USER_SIZE, module->backup, BACKUP_SIZE);
	volume = mount(module, &module->boot.user);
	put_pieces(volume, pieces, false);
	twinfs_volume_unmount(volume);
	volume = mount(module, &module->boot.backup);
	put_pieces(volume, pieces, true);
	twinfs_volume_unmount(volume);
}

/* ---- what must be so ---- */

static void check_report(const struct twinfs_boot_report *report)
{
	struct json_tokener *tokener = json_tokener_new();
	char *json = twinfs_boot_report_json(report);
	struct json_object *object;

	fuzz_hold(json && tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, json, (int)strlen(json) + 1);
	fuzz_hold(json_object_is_type(object, json_type_object));
	fuzz_tell("%s", json);
	json_object_put(object);
	json_tokener_free(tokener);
	free(json);
}

static void each_problem(void *ctx, const struct twinfs_error *finding)
{
	(void)ctx;
	fuzz_hold(twinfs_problem_severity(finding->problem) == TWINFS_NOTE);
}

/* /usr/a is "a" in the factory's copy. */
static void check_restored(struct twinfs_volume *volume, const struct twinfs_boot_report *report)
{
	uint64_t ino;
	char byte[2];

	for (size_t i = 0; i < report->file_count; i++) {
		if (strcmp(report->files[i].name, "/usr/a") ||
			report->files[i].verdict != TWINFS_VERDICT_RESTORED)
			continue;
		fuzz_hold(twinfs_volume_walk(volume, "a", &ino) == 0);
		fuzz_hold(twinfs_volume_open(volume, ino) == 0);
		fuzz_hold(twinfs_volume_read(volume, ino, byte, 2, 0) == 1 && *byte == 'a');
		twinfs_volume_close(volume, ino);
	}
}

/* Whether something was written. */
static bool boot_once(struct module *module, bool *ret_is_stuck)
{
	struct tw_boot *boot = &module->boot;
	struct twinfs_error err = {0};
	bool writes;

	fuzz_hold(tw_boot_run(boot, &err) == 0);
	check_report(boot->report);
	if (!boot->report->update.armed)
		check_restored(boot->user_volume, boot->report);
	writes = boot->report->flash_programs || boot->report->flash_erases;
	/* What ended by an error ends there at every boot, and what came before is done anew. */
	*ret_is_stuck = boot->report->update.armed || boot->report->error;
	/* A table that never learns what it restored restores it at every boot. */
	for (size_t i = 0; i < boot->report->hole_count; i++)
		*ret_is_stuck = *ret_is_stuck || !boot->report->holes[i].closed;
	tw_boot_release(boot);
	twinfs_boot_report_free(boot->report);
	boot->report = NULL;
	fuzz_hold(twinfs_volume_check(module->flash, &boot->user, each_problem, NULL) == 0);
	return writes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct module *module; /* made once: only its bytes are changed */
	static uint8_t before[BACKUP_SIZE];
	bool is_stuck = false, writes = true;

	if (size < 1 || size > 2 * PIECE_MAX)
		return 0;
	if (!module)
		module = make_module();
	fill(module, data[0], (struct pieces){data + 1, data + size});
	keep(module, before, USER_SIZE, BACKUP_SIZE);
	module->boot.policy = data[0] & FLAG_SAFE ? TWINFS_POLICY_SAFE : TWINFS_POLICY_DEVICE;
	for (int i = 0; writes && i < 3; i++)
		writes = boot_once(module, &is_stuck);
	fuzz_hold(!writes || is_stuck);
	fuzz_hold(!memcmp(before, twinfs_image_bytes(module->image) + USER_SIZE, BACKUP_SIZE));
	return 0;
}
