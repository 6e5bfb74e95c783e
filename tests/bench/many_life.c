/* SPDX-License-Identifier: MIT */
/*
 * many_life.c - a module, made from a seed, that lives for a while.
 *
 * The application does nothing that the firmware would undo: of protected files
 * it changes none by itself, but for those that are damaged before the run, and
 * those that an update brings.
 */
#include "many_life.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <twinfs/factory.h>

#include "base/file.h"
#include "lib/chip.h"

#define FILES_DIR "life.files"
#define USER_ADDR 0x20000u /* behind the partition table */

enum {
	BACKUP_BLOCKS = 48,
	SECURE_SIZE = 65536,
	MOST_FILES = 24,
	MOST_CONTENT = 16384,
};

struct app {
	struct life *life;
	struct twinfs_module *module;
	struct twinfs_volume *volume;
	bool is_armed; /* an update waits for the next boot */
	char *content;
};

static unsigned pick(struct life *life, unsigned count)
{
	return (unsigned)(test_random(&life->random) % count);
}

struct twinfs_source life_source(void)
{
	return (struct twinfs_source){.image = LIFE_IMAGE, .profile = LIFE_PROFILE};
}

void life_remove(void)
{
	(void)unlink(LIFE_IMAGE);
	(void)unlink(LIFE_IMAGE ".damaged-1"); /* what a first boot formatted */
	(void)unlink(LIFE_TRACE);
	(void)unlink(LIFE_PROFILE);
}

void life_plan(struct life *life, uint64_t seed)
{
	static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_0, TWINFS_LFS_2_1};
	static const uint32_t sizes[] = {4096, 4096, 2048, 1024, 512};

	*life = (struct life){.seed = seed, .random = seed};
	life->disk_version = versions[pick(life, 3)];
	life->block_size = sizes[pick(life, 5)];
	life->prog_size = 16u << pick(life, 9);
	if (life->prog_size > life->block_size)
		life->prog_size = life->block_size;
	life->block_cycles = 1 + pick(life, 2) * pick(life, 100);
	life->is_full = pick(life, 4) == 0;
	life->blocks = (life->is_full ? 32 : 48) + pick(life, 80);
	life->blocks &= ~(4096 / life->block_size - 1); /* partitions begin and end at 4 KiB */
	life->files = 4 + pick(life, MOST_FILES - 4);
	life->count = 8 + pick(life, 48);
	/* A boot needs space to restore what is lost, and blocks that a cut leaves take some. */
	life->is_blank = !life->is_full && pick(life, 6) == 0;
	life->is_damaged = !life->is_full && !life->is_blank && pick(life, 3) == 0;
	life->keeps_mtime = life->disk_version != TWINFS_LFS_1_1 && pick(life, 4) == 0;
}

/* ---- the image ---- */

static void write_profile(const struct life *life)
{
	uint64_t user = (uint64_t)life->blocks * life->block_size;
	uint64_t backup = (USER_ADDR + user + 4095) / 4096 * 4096;
	uint64_t secure = (backup + (uint64_t)BACKUP_BLOCKS * life->block_size + 65535) >> 16 << 16;
	char text[2048];

	(void)snprintf(text, sizeof(text),
		"{\"name\": \"life\", \"modules\": \"tests\", \"chip_size\": %" PRIu64 ","
		"\"partitions\": {"
		"\"customer_fs\": {\"addr\": %u, \"size\": %" PRIu64 "},"
		"\"customer_backup_fs\": {\"addr\": %" PRIu64 ", \"size\": %" PRIu32 "},"
		"\"securedata\": {\"addr\": %" PRIu64 ", \"size\": %d}},"
		"\"filesystem\": {\"format\": %d, \"block_size\": %" PRIu32 ","
		" \"prog_size\": %" PRIu32 ", \"spare_blocks\": 1,"
		" \"v2\": {\"prog_size\": %" PRIu32 ", \"block_cycles\": %" PRIu32 ","
		" \"stores_mtime\": %s}},"
		"\"boot\": {\"restores\": true, \"writes_settings\": true},"
		"\"flash\": {\"read_size\": 1, \"prog_size\": 16, \"erase_size\": %" PRIu32 ","
		" \"strict\": true, \"read_ns_per_kib\": 40000, \"page_size\": 256,"
		" \"program_page_ns\": 400000, \"erase_unit_ns\": 45000000}}",
		secure + SECURE_SIZE + 0x20000, USER_ADDR, user, backup,
		BACKUP_BLOCKS * life->block_size, secure, SECURE_SIZE,
		life->disk_version == TWINFS_LFS_1_1 ? 1 : 2, life->block_size, life->prog_size,
		life->prog_size, life->block_cycles, life->keeps_mtime ? "true" : "false",
		life->block_size);
	must(tw_file_write(LIFE_PROFILE, text, strlen(text), 0644, 0) == 0, "profile");
}

static void file_name(unsigned index, char name[32])
{
	(void)snprintf(name, 32, "%s%u.json", index % 4 ? "data" : "app", index);
}

/* Mostly small; now and then of several blocks. */
static size_t make_content(struct app *app)
{
	struct life *life = app->life;
	uint32_t most = pick(life, 6) ? 300 : 4 * life->block_size;
	size_t len = pick(life, most < MOST_CONTENT ? most : MOST_CONTENT);

	for (size_t i = 0; i < len; i++)
		app->content[i] = (char)(' ' + test_random(&life->random) % 90);
	return len;
}

static void make_files(struct app *app)
{
	char name[32], path[64];

	must(mkdir(FILES_DIR, 0755) == 0, "mkdir: %s", strerror(errno));
	for (unsigned i = 0; i < app->life->files; i++) {
		size_t len = 1 + make_content(app) % 600;

		if (i % 4 == 2)
			continue; /* the application makes it */
		app->content[0] = 'x';
		file_name(i, name);
		(void)snprintf(path, sizeof(path), FILES_DIR "/%s", name);
		must(tw_file_write(path, app->content, len, 0644, 0) == 0, "%s", path);
	}
}

static void remove_files(void)
{
	char name[32], path[64];

	for (unsigned i = 0; i < MOST_FILES; i++) {
		file_name(i, name);
		(void)snprintf(path, sizeof(path), FILES_DIR "/%s", name);
		(void)unlink(path);
	}
	(void)rmdir(FILES_DIR);
}

static void make_image(struct app *app)
{
	char names[MOST_FILES][32];
	const char *list[MOST_FILES];
	struct twinfs_profile profile;
	struct twinfs_factory_options options = {.profile = &profile,
		.user_dir = FILES_DIR,
		.backup_files = list,
		.disk_version = app->life->disk_version};
	struct twinfs_error err = {0};

	write_profile(app->life);
	must(twinfs_profile_load(LIFE_PROFILE, &profile, &err) == 0, "%s", err.text);
	remove_files(); /* of a run that was killed */
	make_files(app);
	for (unsigned i = 0; i < app->life->files; i += 4) {
		file_name(i, names[options.backup_count]);
		list[options.backup_count] = names[options.backup_count];
		options.backup_count++;
	}
	must(twinfs_factory_make_image(&options, LIFE_IMAGE, &err) == 0, "%s", err.text);
	remove_files();
}

static void erase_user(const struct life *life)
{
	size_t size = (size_t)life->blocks * life->block_size;
	uint8_t *erased = malloc(size);
	FILE *file = fopen(LIFE_IMAGE, "r+e");

	must(erased && file, "no memory");
	memset(erased, 0xff, size);
	must(fseek(file, USER_ADDR, SEEK_SET) == 0 && fwrite(erased, size, 1, file) == 1 &&
			fclose(file) == 0,
		"erase");
	free(erased);
}

/* ---- what the application does ---- */

/* A call may find no space, or nothing of that name, but never the volume broken. */
static bool is_done(struct app *app, int64_t rc)
{
	must(rc >= 0 || rc == -ENOSPC || rc == -ENOENT || rc == -EEXIST || rc == -EISDIR ||
			rc == -ENOTDIR || rc == -ENOTEMPTY || rc == -EINVAL || rc == -ENODATA ||
			rc == -EFBIG || rc == -E2BIG,
		"the application met %s", twinfs_strerror((int)rc));
	app->life->refused += rc < 0;
	return rc >= 0;
}

/* Writes at @off, behind which the file ends when @cuts. */
static bool write_at(struct app *app, uint64_t ino, uint64_t off, const void *data, size_t len,
	bool cuts)
{
	int64_t rc;

	if (!is_done(app, twinfs_volume_open(app->volume, ino)))
		return false;
	rc = cuts ? twinfs_volume_truncate(app->volume, ino, off) : 0;
	if (rc >= 0)
		rc = twinfs_volume_write(app->volume, ino, data, len, off);
	if (rc >= 0)
		rc = twinfs_volume_sync(app->volume, ino);
	if (rc < 0)
		twinfs_volume_discard(app->volume, ino);
	twinfs_volume_close(app->volume, ino);
	return is_done(app, rc);
}

/* The entry @name of @dir, made when it is missing. */
static bool reach(struct app *app, uint64_t dir, const char *name, bool is_dir, uint64_t *ret_ino)
{
	if (!twinfs_volume_lookup(app->volume, dir, name, ret_ino))
		return true;
	return is_done(app, is_dir ? twinfs_volume_mkdir(app->volume, dir, name, ret_ino)
				   : twinfs_volume_create(app->volume, dir, name, ret_ino));
}

/* The root, or a directory there, or one in that. */
static uint64_t pick_dir(struct app *app)
{
	uint64_t dir = TWINFS_ROOT_INO;
	char name[16];

	for (unsigned depth = pick(app->life, 3); depth; depth--) {
		(void)snprintf(name, sizeof(name), "dir%u", pick(app->life, 3));
		if (!reach(app, dir, name, true, &dir))
			break;
	}
	return dir;
}

/* A name that is not that of a protected file. */
static void pick_name(struct app *app, char name[32])
{
	unsigned index = pick(app->life, app->life->files);

	file_name(index % 4 ? index : index + 1, name);
}

static void save(struct app *app)
{
	char name[32];
	uint64_t ino;

	pick_name(app, name);
	if (reach(app, pick_dir(app), name, false, &ino))
		(void)write_at(app, ino, 0, app->content, make_content(app), true);
}

/* As careful applications do: under another name first. */
static void save_by_rename(struct app *app)
{
	uint64_t dir = pick_dir(app), ino;
	char name[32];

	pick_name(app, name);
	if (!reach(app, dir, "new", false, &ino) ||
		!write_at(app, ino, 0, app->content, make_content(app), true))
		return;
	app->life->renames +=
		is_done(app, twinfs_volume_rename(app->volume, dir, "new", dir, name, 0));
}

/* Somewhere inside of a file, or at its end. */
static void modify(struct app *app)
{
	struct twinfs_stat stat;
	uint64_t ino, off;
	char name[32];
	size_t len;

	pick_name(app, name);
	if (twinfs_volume_lookup(app->volume, pick_dir(app), name, &ino) ||
		!is_done(app, twinfs_volume_stat(app->volume, ino, &stat)) ||
		stat.type != TWINFS_REG)
		return;
	len = make_content(app);
	off = pick(app->life, 2) ? stat.size : pick(app->life, (unsigned)stat.size + 1);
	(void)write_at(app, ino, off, app->content, len, pick(app->life, 4) == 0);
}

static void rename_any(struct app *app)
{
	uint64_t from = pick_dir(app), to = pick_dir(app);
	char name[32], new_name[32];

	pick_name(app, name);
	pick_name(app, new_name);
	if (pick(app->life, 3) == 0) {
		(void)snprintf(name, sizeof(name), "dir%u", pick(app->life, 3));
		(void)snprintf(new_name, sizeof(new_name), "dir%u", pick(app->life, 4));
	}
	app->life->renames +=
		is_done(app, twinfs_volume_rename(app->volume, from, name, to, new_name, 0));
}

static void drop(struct app *app)
{
	uint64_t dir = pick_dir(app);
	char name[32];

	if (pick(app->life, 3)) {
		pick_name(app, name);
		(void)is_done(app, twinfs_volume_unlink(app->volume, dir, name));
		return;
	}
	(void)snprintf(name, sizeof(name), "dir%u", pick(app->life, 4));
	(void)is_done(app, twinfs_volume_rmdir(app->volume, dir, name));
}

static void mark(struct app *app)
{
	uint8_t type = (uint8_t)(pick(app->life, 3) * 7);
	char name[32];
	uint64_t ino;

	if (app->life->disk_version == TWINFS_LFS_1_1)
		return;
	pick_name(app, name);
	if (twinfs_volume_lookup(app->volume, pick_dir(app), name, &ino))
		return;
	if (pick(app->life, 3))
		app->life->attrs += is_done(app, twinfs_volume_set_attr(app->volume, ino, type,
							 app->content, make_content(app) % 40, 0));
	else
		(void)is_done(app, twinfs_volume_remove_attr(app->volume, ino, type));
}

static void store(struct app *app)
{
	struct twinfs_secure *secure = twinfs_module_secure(app->module);
	int64_t slot = 1 + (int64_t)pick(app->life, TWINFS_SECURE_SLOTS);
	uint32_t len = (uint32_t)make_content(app);

	if (!secure)
		return; /* erase units that are too small for a slot */
	if (len > twinfs_secure_capacity(slot))
		len = twinfs_secure_capacity(slot);
	must(twinfs_secure_store(secure, slot, app->content, len) == TWINFS_SECURE_OK, "store");
	app->life->stores++;
}

/* ---- updates ---- */

static bool put(struct app *app, uint64_t dir, const char *name, const void *data, size_t len)
{
	uint64_t ino;

	return reach(app, dir, name, false, &ino) && write_at(app, ino, 0, data, len, true);
}

/* Whether an update can be applied, with what a cut leaves. */
static bool has_space(struct app *app)
{
	struct twinfs_statfs statfs;

	must(twinfs_volume_statfs(app->volume, &statfs) == 0, "statfs");
	return statfs.free >= 24;
}

/* Downloads an update of up to three files, and arms it if there was space for all. */
static void update(struct app *app)
{
	unsigned count = 1 + pick(app->life, 3), first = pick(app->life, app->life->files);
	uint64_t updater, dir;
	char list[1024] = "[", name[32];
	size_t len = 1;

	if (app->is_armed || !has_space(app) ||
		!reach(app, TWINFS_ROOT_INO, ".updater", true, &updater) ||
		!reach(app, updater, "usr", true, &dir))
		return;
	for (unsigned i = 0; i < count; i++) {
		/* One in four is protected; the last one comes into a directory. */
		bool is_deep = i == 2;

		file_name((first + i) % app->life->files, name);
		if ((is_deep && !reach(app, dir, "dir9", true, &dir)) ||
			!put(app, dir, name, app->content, 1 + make_content(app) % 500))
			return;
		len += (size_t)snprintf(list + len, sizeof(list) - len,
			"%s{\"name\": \"/usr/%s%s\", \"total_size\": 1, \"url\": \"u\"}",
			i ? ", " : "", is_deep ? "dir9/" : "", name);
	}
	list[len++] = ']';
	if (put(app, updater, "download.stat", list, len))
		app->is_armed = put(app, updater, "update.flag", "", 0);
	app->life->updates += app->is_armed;
}

/* ---- a life ---- */

static void boot(struct app *app)
{
	struct twinfs_error err = {0};

	twinfs_module_power_off(app->module);
	must(twinfs_module_power_on(app->module, NULL, &err) == 0, "%s", err.text);
	app->volume = twinfs_module_user(app->module);
	app->is_armed = false;
	app->life->boots++;
}

static void change(struct app *app)
{
	if (app->is_armed && !has_space(app)) {
		boot(app);
		return;
	}
	switch (pick(app->life, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		save(app);
		return;
	case 4:
	case 5:
		save_by_rename(app);
		return;
	case 6:
	case 7:
		modify(app);
		return;
	case 8:
	case 9:
		rename_any(app);
		return;
	case 10:
	case 11:
		drop(app);
		return;
	case 12:
		mark(app);
		return;
	case 13:
		store(app);
		return;
	case 14:
		update(app);
		return;
	default:
		boot(app);
	}
}

static void fill(struct app *app)
{
	struct twinfs_statfs before;
	char name[32];
	uint64_t ino;

	must(twinfs_volume_statfs(app->volume, &before) == 0, "statfs");
	for (unsigned i = 0; i < 400; i++) {
		(void)snprintf(name, sizeof(name), "fill%u", i);
		if (!reach(app, TWINFS_ROOT_INO, name, false, &ino) ||
			!write_at(app, ino, 0, app->content, 1 + make_content(app), true))
			break;
	}
	/* Some of it goes again, so that there is space for a few changes. */
	for (unsigned i = 0; i < 1 + pick(app->life, 3); i++) {
		(void)snprintf(name, sizeof(name), "fill%u", i);
		(void)is_done(app, twinfs_volume_unlink(app->volume, TWINFS_ROOT_INO, name));
	}
}

/* Protected files that the first boot of the run has to put back. */
static void damage(struct app *app)
{
	char name[32];
	uint64_t ino;

	for (unsigned i = 0; i < app->life->files; i += 4) {
		unsigned choice = pick(app->life, 4);

		file_name(i, name);
		if (choice == 0)
			(void)is_done(app,
				twinfs_volume_unlink(app->volume, TWINFS_ROOT_INO, name));
		else if (choice < 3 && reach(app, TWINFS_ROOT_INO, name, false, &ino))
			(void)write_at(app, ino, 0, app->content, make_content(app), true);
	}
}

void life_live(struct life *life)
{
	struct twinfs_module_options options = {
		.image_flags = TWINFS_IMAGE_WRITABLE, .policy = TWINFS_POLICY_SAFE};
	struct twinfs_source source = life_source();
	struct app app = {.life = life};
	struct twinfs_error err = {0};

	app.content = calloc(1, MOST_CONTENT);
	must(app.content, "no memory");
	make_image(&app);
	if (life->is_blank)
		erase_user(life);
	must(twinfs_module_open(&source, &options, &app.module, &err) == 0, "%s", err.text);
	if (!life->is_blank)
		boot(&app);
	if (life->is_full)
		fill(&app);
	if (life->is_damaged)
		damage(&app);
	must(twinfs_module_record(app.module, LIFE_TRACE, &err) == 0, "%s", err.text);
	if (life->is_blank || life->is_damaged)
		boot(&app);
	for (unsigned i = 0; i < life->count; i++)
		change(&app);
	must(twinfs_module_record_stop(app.module, &err) == 0, "%s", err.text);
	twinfs_module_close(app.module);
	free(app.content);
}
