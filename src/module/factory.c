/* SPDX-License-Identifier: MIT */
/*
 * factory.c - makes the image, or the partition files, of a new module.
 *
 * Everything that can be known to be wrong is found out before the first byte
 * is written; then the files are made in a directory of their own beside the
 * target, and get their names when they are complete.
 */
#include <twinfs/factory.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/fail.h"
#include "base/file.h"
#include "factory_fill.h"
#include "factory_space.h"
#include "factory_table.h"
#include "source.h"
#include "volume_config.h"

#define CHIP_NAME   "chip.bin"
#define USER_NAME   "customer_fs.bin"
#define BACKUP_NAME "customer_backup_fs.bin"

enum {
	FILE_MODE = 0644,
};

static int fail_host(const char *path, int code, struct twinfs_error *err)
{
	(void)tw_fail(err, TWINFS_P_FACTORY, code, "cannot be made: %s", tw_make_reason(code));
	return tw_fail_file(err, path, code);
}

/* ---- what is to be made ---- */

static uint32_t major_of(const struct twinfs_factory_options *options)
{
	return options->disk_version ? options->disk_version >> 16 : options->profile->format;
}

static int check_options(const struct twinfs_factory_options *options, struct twinfs_error *err)
{
	const struct twinfs_profile *profile = options->profile;
	bool wants_backup = options->backup_all || options->backup_count;

	if (!profile->user.size)
		return tw_fail(err, TWINFS_P_FACTORY, -EINVAL,
			"profile '%s' has no user partition of known place and size",
			profile->name);
	if (wants_backup && !profile->backup.size)
		return tw_fail(err, TWINFS_P_FACTORY, -EINVAL,
			"profile '%s' has no backup partition to protect files with",
			profile->name);
	if (!tw_profile_mounts(profile, major_of(options)))
		return tw_fail(err, TWINFS_P_FACTORY, -ENOTSUP,
			"the firmware of profile '%s' does not mount littlefs version %" PRIu32,
			profile->name, major_of(options));
	if (options->prog_size && (!tw_is_power_of_two(options->prog_size) ||
					  options->prog_size > profile->block_size))
		return tw_fail(err, TWINFS_P_FACTORY, -EINVAL,
			"program size %" PRIu32
			" is not a power of two up to the block size %" PRIu32,
			options->prog_size, profile->block_size);
	return 0;
}

static struct twinfs_volume_config configure(const struct twinfs_factory_options *options,
	const struct twinfs_area *area)
{
	uint32_t block_size = options->profile->block_size;
	struct twinfs_volume_config config = {
		.addr = area->addr,
		.size = area->size / block_size * block_size,
		.block_size = block_size,
	};

	tw_profile_configure(options->profile, major_of(options), options->prog_size, &config);
	if (options->disk_version)
		config.disk_version = options->disk_version;
	return config;
}

/* @needed is 0 when there was no memory to count. */
static int check_space(const char *name, uint64_t needed, const struct twinfs_volume_config *config,
	struct twinfs_error *err)
{
	uint64_t blocks = config->size / config->block_size;
	uint64_t room = blocks > config->spare_blocks ? blocks - config->spare_blocks : 0;

	if (!needed)
		return tw_fail(err, TWINFS_P_FACTORY, -ENOMEM, "out of memory");
	if (needed <= room)
		return 0;
	return tw_fail(err, TWINFS_P_FACTORY, -ENOSPC,
		"%s: %s%" PRIu64 " blocks of %" PRIu32 " bytes needed, %" PRIu64 " there: %" PRIu64
		" too few",
		name, config->disk_version >> 16 == 2 ? "at least " : "", needed,
		config->block_size, room, needed - room);
}

static int check_spaces(const struct tw_factory *factory, struct twinfs_error *err)
{
	size_t table_len = factory->table.len;
	int rc = check_space("user partition",
		tw_factory_user_blocks(&factory->tree, table_len, &factory->user), &factory->user,
		err);

	if (!rc && factory->backup.size)
		rc = check_space("backup partition",
			tw_factory_backup_blocks(&factory->tree, table_len, &factory->backup),
			&factory->backup, err);
	return rc;
}

/* Reads and checks all that goes into the partitions. Release @factory in any case. */
static int prepare(const struct twinfs_factory_options *options, struct tw_factory *factory,
	struct twinfs_error *err)
{
	int rc;

	*factory = (struct tw_factory){.options = options, .tree.fd = -1};
	rc = check_options(options, err);
	if (rc)
		return rc;
	factory->user = configure(options, &options->profile->user);
	factory->backup = configure(options, &options->profile->backup);
	rc = tw_tree_scan(options->user_dir, &factory->tree, err);
	if (!rc)
		rc = tw_factory_mark(&factory->tree, options, err);
	if (!rc)
		rc = tw_factory_make_table(&factory->tree, options, factory->user.size,
			&factory->table, err);
	if (!rc)
		rc = check_spaces(factory, err);
	return rc ? tw_fail_file(err, options->user_dir, rc) : 0;
}

static void release(struct tw_factory *factory)
{
	tw_tree_release(&factory->tree);
	tw_text_release(&factory->table);
}

/* ---- the directory it is made in ---- */

/* @dir and the files that may be in it; all NULL at first. */
struct workplace {
	char *dir, *chip, *user, *backup;
};

static int open_workplace(struct workplace *place, const char *beside, const char *suffix,
	struct twinfs_error *err)
{
	_cleanup_free_ char *dir = NULL;

	if (asprintf(&dir, "%s%s.XXXXXX", beside, suffix) < 0) {
		dir = NULL;
		return fail_host(beside, -ENOMEM, err);
	}
	if (!mkdtemp(dir))
		return fail_host(beside, -errno, err);
	place->dir = tw_steal(&dir);
	if (asprintf(&place->chip, "%s/" CHIP_NAME, place->dir) < 0)
		place->chip = NULL;
	if (asprintf(&place->user, "%s/" USER_NAME, place->dir) < 0)
		place->user = NULL;
	if (asprintf(&place->backup, "%s/" BACKUP_NAME, place->dir) < 0)
		place->backup = NULL;
	if (!place->chip || !place->user || !place->backup)
		return fail_host(beside, -ENOMEM, err);
	return 0;
}

static void remove_and_free(char *path)
{
	if (path)
		(void)unlink(path); /* most often it was never made, or has moved away */
	free(path);
}

static void close_workplace(struct workplace *place)
{
	remove_and_free(place->chip);
	remove_and_free(place->user);
	remove_and_free(place->backup);
	if (place->dir)
		(void)rmdir(place->dir);
	free(place->dir);
}

#define _cleanup_workplace_ _cleanup_(close_workplace)

/* Errors speak of the file the user asked for, not of one he never sees. */
static int name_target(const struct workplace *place, const char *target, int rc,
	struct twinfs_error *err)
{
	if (!rc)
		return 0;
	if (err && place->dir && !strncmp(err->file, place->dir, strlen(place->dir)))
		err->file[0] = '\0';
	return tw_fail_file(err, target, rc);
}

/* Gives a complete file its name, which must be free. */
static int publish(const char *from, const char *path, struct twinfs_error *err)
{
	int rc = 0;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, path, RENAME_NOREPLACE) < 0) {
		rc = -errno;
		/* Some file systems cannot do that; most of those can make links. */
		if (rc == -EINVAL || rc == -ENOSYS)
			rc = link(from, path) < 0 ? -errno : 0;
	}
	return rc ? fail_host(path, rc, err) : 0;
}

/* ---- making ---- */

static void cleanup_image(struct twinfs_image **image)
{
	twinfs_image_close(*image);
}

static void cleanup_flash(struct twinfs_flash **flash)
{
	twinfs_flash_free(*flash);
}

static int new_chip(const struct tw_factory *factory, struct twinfs_image *image,
	struct twinfs_flash **ret_flash, struct twinfs_error *err)
{
	struct twinfs_flash_config config = factory->options->profile->flash;
	const struct twinfs_part_info parts[TWINFS_PART_COUNT] = {
		[TWINFS_PART_USER] = {.present = true,
			.name = "user partition",
			.addr = factory->user.addr,
			.config = factory->user},
		[TWINFS_PART_BACKUP] = {.present = factory->backup.size != 0,
			.name = "backup partition",
			.addr = factory->backup.addr,
			.config = factory->backup},
	};
	int rc = tw_source_fit_chip(parts, &config, err);

	return rc ? rc : twinfs_flash_new(image, &config, ret_flash, err);
}

/* Fills the partitions on @image and sees them on the host's disk. */
static int fill_image(const struct tw_factory *factory, struct twinfs_image *image,
	struct twinfs_error *err)
{
	_cleanup_(cleanup_flash) struct twinfs_flash *flash = NULL;
	int rc = new_chip(factory, image, &flash, err);

	if (!rc)
		rc = tw_factory_fill(factory, flash, err);
	if (rc)
		return rc;
	rc = twinfs_image_sync(image);
	return rc ? fail_host(twinfs_image_path(image, 0), rc, err) : 0;
}

static int compare_addr(const void *a, const void *b)
{
	const struct twinfs_partition *left = a, *right = b;

	return left->addr < right->addr ? -1 : left->addr > right->addr;
}

static int create_chip(const struct twinfs_profile *profile, const char *path,
	struct twinfs_error *err)
{
	const struct twinfs_area *const areas[TWINFS_PART_COUNT] = {
		[TWINFS_PART_USER] = &profile->user,
		[TWINFS_PART_BACKUP] = &profile->backup,
		[TWINFS_PART_SECURE] = &profile->secure,
	};
	struct twinfs_partition table[TWINFS_PART_COUNT];
	size_t count = 0;

	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		if (!areas[part]->size)
			continue;
		table[count] = (struct twinfs_partition){
			.addr = areas[part]->addr,
			.size = areas[part]->size,
		};
		(void)snprintf(table[count].name, sizeof(table[count].name), "%s",
			tw_source_part_name(part));
		count++;
	}
	qsort(table, count, sizeof(table[0]), compare_addr);
	return twinfs_image_create_gpt(path, profile->chip_size, table, count,
		tw_crc32(0, profile->name, strlen(profile->name)), err);
}

static int make_chip(const struct tw_factory *factory, const char *path, struct twinfs_error *err)
{
	_cleanup_(cleanup_image) struct twinfs_image *image = NULL;
	int rc = create_chip(factory->options->profile, path, err);

	if (!rc)
		rc = twinfs_image_open(&path, 1, TWINFS_IMAGE_WRITABLE, &image, err);
	return rc ? rc : fill_image(factory, image, err);
}

int twinfs_factory_make_image(const struct twinfs_factory_options *options, const char *path,
	struct twinfs_error *err)
{
	_cleanup_workplace_ struct workplace place = {0};
	_cleanup_(release) struct tw_factory factory;
	struct stat stat;
	int rc = prepare(options, &factory, err);

	if (rc)
		return rc;
	/* publish() decides; this saves the work. */
	if (lstat(path, &stat) == 0)
		return fail_host(path, -EEXIST, err);
	rc = open_workplace(&place, path, "", err);
	if (!rc)
		rc = make_chip(&factory, place.chip, err);
	if (!rc)
		rc = publish(place.chip, path, err);
	if (!rc && (rc = tw_fsync_parent(path))) {
		(void)fail_host(path, rc, err);
		(void)unlink(path);
	}
	return name_target(&place, path, rc, err);
}

/* ---- loose files ---- */

static int fill_pair(struct tw_factory *factory, const char *const *paths, size_t count,
	struct twinfs_error *err)
{
	_cleanup_(cleanup_image) struct twinfs_image *image = NULL;
	int rc = twinfs_image_open(paths, count, TWINFS_IMAGE_WRITABLE, &image, err);

	if (rc)
		return rc;
	factory->user.addr = twinfs_image_file_addr(image, 0);
	factory->backup.addr = twinfs_image_file_addr(image, 1);
	return fill_image(factory, image, err);
}

static int make_pair(struct tw_factory *factory, const struct workplace *place,
	struct twinfs_error *err)
{
	const struct twinfs_profile *profile = factory->options->profile;
	const char *const paths[] = {place->user, place->backup};
	size_t count = profile->backup.size ? 2 : 1;
	int rc = tw_source_make_erased(place->user, profile->user.size, FILE_MODE, err);

	if (!rc && count == 2)
		rc = tw_source_make_erased(place->backup, profile->backup.size, FILE_MODE, err);
	return rc ? rc : fill_pair(factory, paths, count, err);
}

/* Both files get their names, or neither. */
static int publish_pair(const struct tw_factory *factory, const struct workplace *place,
	const char *dir, struct twinfs_error *err)
{
	_cleanup_free_ char *user = NULL, *backup = NULL;
	int rc;

	if (asprintf(&user, "%s/" USER_NAME, dir) < 0)
		user = NULL;
	if (asprintf(&backup, "%s/" BACKUP_NAME, dir) < 0)
		backup = NULL;
	if (!user || !backup)
		return fail_host(dir, -ENOMEM, err);
	rc = publish(place->user, user, err);
	if (rc)
		return rc;
	if (factory->backup.size)
		rc = publish(place->backup, backup, err);
	if (!rc && (rc = tw_fsync_parent(user))) {
		(void)fail_host(dir, rc, err);
		if (factory->backup.size)
			(void)unlink(backup);
	}
	if (rc)
		(void)unlink(user);
	return rc;
}

static int make_pair_in(struct tw_factory *factory, const char *dir, struct twinfs_error *err)
{
	_cleanup_workplace_ struct workplace place = {0};
	int rc = open_workplace(&place, dir, "/.twinfs", err);

	if (!rc)
		rc = make_pair(factory, &place, err);
	if (!rc)
		rc = publish_pair(factory, &place, dir, err);
	return name_target(&place, dir, rc, err);
}

int twinfs_factory_make_pair(const struct twinfs_factory_options *options, const char *dir,
	struct twinfs_error *err)
{
	_cleanup_(release) struct tw_factory factory;
	bool is_new;
	int rc = prepare(options, &factory, err);

	if (rc)
		return rc;
	is_new = mkdir(dir, 0777) == 0;
	if (!is_new && errno != EEXIST)
		return fail_host(dir, -errno, err);
	rc = make_pair_in(&factory, dir, err);
	if (rc && is_new)
		(void)rmdir(dir);
	return rc;
}

/* ---- in memory ---- */

static uint8_t *copy_bytes(const uint8_t *bytes, uint64_t len)
{
	uint8_t *copy = malloc(len);

	return copy ? memcpy(copy, bytes, len) : NULL;
}

int twinfs_factory_make_images(const struct twinfs_factory_options *options,
	struct twinfs_factory_images *ret_images, struct twinfs_error *err)
{
	_cleanup_(cleanup_image) struct twinfs_image *image = NULL;
	_cleanup_(release) struct tw_factory factory;
	struct twinfs_factory_images images = {0};
	int rc = prepare(options, &factory, err);

	if (rc)
		return rc;
	images.user_len = options->profile->user.size;
	images.backup_len = options->profile->backup.size;
	factory.user.addr = 0;
	factory.backup.addr = images.user_len;
	if (twinfs_image_memory(images.user_len + images.backup_len, &image))
		return fail_host(options->user_dir, -ENOMEM, err);
	rc = fill_image(&factory, image, err);
	if (rc)
		return rc;
	images.user = copy_bytes(twinfs_image_bytes(image), images.user_len);
	if (images.backup_len)
		images.backup =
			copy_bytes(twinfs_image_bytes(image) + images.user_len, images.backup_len);
	if (!images.user || (images.backup_len && !images.backup)) {
		free(images.user);
		free(images.backup);
		return fail_host(options->user_dir, -ENOMEM, err);
	}
	*ret_images = images;
	return 0;
}
