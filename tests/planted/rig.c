/* SPDX-License-Identifier: MIT */
/*
 * rig.c - a small module in files, and what an application does with it.
 *
 * The partitions are just large enough: small ones are explored fast, blocks are
 * soon used again, and so are the erase units of SecureData.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <twinfs/factory.h>

#include "base/file.h"
#include "lib/chip.h"

#define FILES   "planted.files"
#define LONGEST 20000u /* bytes of a file */

struct twinfs_source rig_source(void)
{
	return (struct twinfs_source){.image = RIG_IMAGE, .profile = RIG_PROFILE};
}

struct twinfs_module_options rig_options(enum twinfs_policy policy)
{
	return (struct twinfs_module_options){
		.image_flags = TWINFS_IMAGE_WRITABLE, .policy = policy};
}

/* ---- content ---- */

static const char *content(unsigned version, size_t off, size_t len)
{
	static char text[LONGEST];

	must(len <= sizeof(text), "%zu bytes", len);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(' ' + (version * 29 + (off + i) * 7 + (off + i) / 89) % 90);
	return text;
}

/* ---- the image ---- */

static void write_profile(unsigned format)
{
	char text[2048];

	/* Pairs move for wear after a few versions, so that moves are part of every run. */
	(void)snprintf(text, sizeof(text),
		"{\"name\": \"planted\", \"modules\": \"tests\", \"chip_size\": \"2M\","
		"\"partitions\": {"
		"\"customer_fs\": {\"addr\": \"1M\", \"size\": \"192K\"},"
		"\"customer_backup_fs\": {\"addr\": \"1280K\", \"size\": \"96K\"},"
		"\"securedata\": {\"addr\": \"1536K\", \"size\": \"32K\"}},"
		"\"filesystem\": {\"format\": %u, \"block_size\": 4096, \"prog_size\": 4096,"
		" \"spare_blocks\": 1, \"v2\": {\"prog_size\": 256, \"block_cycles\": 2,"
		" \"stores_mtime\": false}},"
		"\"boot\": {\"restores\": true, \"applies_updates\": true,"
		" \"writes_settings\": true},"
		"\"flash\": {\"read_size\": 1, \"prog_size\": 16, \"erase_size\": 4096,"
		" \"strict\": true, \"read_ns_per_kib\": 40000, \"page_size\": 256,"
		" \"program_page_ns\": 400000, \"erase_unit_ns\": 45000000}}",
		format);
	must(tw_file_write(RIG_PROFILE, text, strlen(text), 0644, 0) == 0, "profile");
}

static const struct {
	const char *name;
	size_t len;
} shipped[] = {{"main.py", 1800}, {"net.py", 5000}, {"logo.bin", 9000}, {"config.json", 300}};

static const char *const protected[] = {"main.py", "net.py", "logo.bin"};

void rig_make(unsigned format)
{
	struct twinfs_profile profile;
	const struct twinfs_factory_options options = {.profile = &profile,
		.user_dir = FILES,
		.backup_files = protected,
		.backup_count = sizeof(protected) / sizeof(*protected)};
	struct twinfs_error err = {0};
	char path[64];

	write_profile(format);
	must(twinfs_profile_load(RIG_PROFILE, &profile, &err) == 0, "%s", err.text);
	must(mkdir(FILES, 0755) == 0, "mkdir");
	for (size_t i = 0; i < sizeof(shipped) / sizeof(*shipped); i++) {
		(void)snprintf(path, sizeof(path), FILES "/%s", shipped[i].name);
		must(tw_file_write(path, content((unsigned)i, 0, shipped[i].len), shipped[i].len,
			     0644, 0) == 0,
			"%s", path);
	}
	must(twinfs_factory_make_image(&options, RIG_IMAGE, &err) == 0, "%s", err.text);
}

/* ---- the module ---- */

void rig_boot(struct rig *rig)
{
	struct twinfs_error err = {0};

	twinfs_module_power_off(rig->module);
	must(twinfs_module_power_on(rig->module, NULL, &err) == 0, "%s", err.text);
	rig->user = twinfs_module_user(rig->module);
}

void rig_open(struct rig *rig, enum twinfs_policy policy)
{
	const struct twinfs_module_options options = rig_options(policy);
	const struct twinfs_source source = rig_source();
	struct twinfs_error err = {0};

	must(twinfs_module_open(&source, &options, &rig->module, &err) == 0, "%s", err.text);
	rig_boot(rig);
}

void rig_close(struct rig *rig)
{
	twinfs_module_close(rig->module);
	*rig = (struct rig){0};
}

void rig_empty(struct rig *rig)
{
	struct twinfs_part_info part;
	struct twinfs_error err = {0};

	twinfs_module_power_off(rig->module);
	twinfs_module_part(rig->module, TWINFS_PART_USER, &part);
	must(twinfs_volume_format(twinfs_module_flash(rig->module), &part.config, &err) == 0, "%s",
		err.text);
}

/* ---- what an application does ---- */

/* The directory of "/usr/a/b", and the name in it. */
static uint64_t find_parent(struct rig *rig, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	uint64_t ino = TWINFS_ROOT_INO;
	char dir[300];

	must(strncmp(path, "/usr/", 5) == 0 && slash - path < (ptrdiff_t)sizeof(dir), "%s", path);
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	if (slash > path + 4)
		must(twinfs_volume_walk(rig->user, dir + 5, &ino) == 0, "%s", dir);
	*ret_name = slash + 1;
	return ino;
}

/* Opens a file, made if it is missing. */
static uint64_t open_file(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = find_parent(rig, path, &name), ino;

	if (twinfs_volume_lookup(rig->user, dir, name, &ino))
		must(twinfs_volume_create(rig->user, dir, name, &ino) == 0, "%s", path);
	must(twinfs_volume_open(rig->user, ino) == 0, "%s", path);
	return ino;
}

static void close_file(struct rig *rig, uint64_t ino, const char *path)
{
	must(twinfs_volume_sync(rig->user, ino) == 0, "%s", path);
	twinfs_volume_close(rig->user, ino);
}

static void replace(struct rig *rig, const char *path, const char *data, size_t len)
{
	uint64_t ino = open_file(rig, path);

	must(twinfs_volume_truncate(rig->user, ino, 0) == 0, "%s", path);
	must(twinfs_volume_write(rig->user, ino, data, len, 0) == (int64_t)len, "%s", path);
	close_file(rig, ino, path);
}

void rig_put(struct rig *rig, const char *path, unsigned version, size_t len)
{
	replace(rig, path, content(version, 0, len), len);
}

void rig_put_text(struct rig *rig, const char *path, const char *text)
{
	replace(rig, path, text, strlen(text));
}

void rig_change(struct rig *rig, const char *path, unsigned version, size_t off, size_t len)
{
	uint64_t ino = open_file(rig, path);

	must(twinfs_volume_write(rig->user, ino, content(version, off, len), len, off) ==
			(int64_t)len,
		"%s", path);
	close_file(rig, ino, path);
}

void rig_cut_off(struct rig *rig, const char *path, size_t len)
{
	uint64_t ino = open_file(rig, path);

	must(twinfs_volume_truncate(rig->user, ino, len) == 0, "%s", path);
	close_file(rig, ino, path);
}

void rig_mkdir(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = find_parent(rig, path, &name), ino;

	must(twinfs_volume_mkdir(rig->user, dir, name, &ino) == 0, "%s", path);
}

void rig_rename(struct rig *rig, const char *from, const char *to)
{
	const char *old_name, *new_name;
	uint64_t old_dir = find_parent(rig, from, &old_name);
	uint64_t new_dir = find_parent(rig, to, &new_name);

	must(twinfs_volume_rename(rig->user, old_dir, old_name, new_dir, new_name, 0) == 0,
		"%s to %s", from, to);
}

void rig_unlink(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = find_parent(rig, path, &name);

	must(twinfs_volume_unlink(rig->user, dir, name) == 0, "%s", path);
}

void rig_rmdir(struct rig *rig, const char *path)
{
	const char *name;
	uint64_t dir = find_parent(rig, path, &name);

	must(twinfs_volume_rmdir(rig->user, dir, name) == 0, "%s", path);
}

void rig_store(struct rig *rig, unsigned slot, unsigned version)
{
	uint32_t len = twinfs_secure_capacity(slot);

	must(twinfs_secure_store(twinfs_module_secure(rig->module), slot, content(version, 0, len),
		     len) == TWINFS_SECURE_OK,
		"slot %u", slot);
}
