/* SPDX-License-Identifier: MIT */
/*
 * source.c - finds the areas of a module in the files the user named.
 *
 * What a file is, is told by its bytes and not by its name: a GUID partition
 * table wins, then a littlefs superblock at the start makes it a loose user
 * partition; only then is it a raw dump, and only if the caller named the
 * profile. The default profile is never guessed for a raw dump: a boot of the
 * wrong range would format it.
 */
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "volume_config.h"

enum {
	TABLE_ROOM = 128, /* entries of a GUID partition table, as every tool makes it */
	BLOCK_SIZE_MIN = 128,
	BLOCK_SIZE_MAX = 1 << 20,
	BLOCKS_MIN = 2,          /* the superblock pair; what else is there, mount finds out */
	SMALL_PROG_SIZE = 16,    /* of chips whose erase unit is below the profile's */
	SECURE_FILE_MODE = 0600, /* it holds secrets */
};

/* What is open while the areas are looked for. */
struct finder {
	const struct twinfs_source *source;
	const struct twinfs_profile *profile;
	const struct twinfs_image *image;
	struct twinfs_part_info *parts;
	bool is_read_only; /* no byte of the image can be changed */
	struct twinfs_error *err;
};

const char *tw_source_part_name(enum twinfs_part part)
{
	static const char *const names[TWINFS_PART_COUNT] = {
		[TWINFS_PART_USER] = "customer_fs",
		[TWINFS_PART_BACKUP] = "customer_backup_fs",
		[TWINFS_PART_SECURE] = "securedata",
	};

	return names[part];
}

/* ---- what was asked for ---- */

static int check_size(uint32_t size, uint32_t min, uint32_t max, const char *what,
	struct twinfs_error *err)
{
	if (!size || (tw_is_power_of_two(size) && size >= min && size <= max))
		return 0;
	return tw_fail(err, TWINFS_P_SOURCE, -EINVAL,
		"%s %" PRIu32 " is not a power of two from %" PRIu32 " to %" PRIu32, what, size,
		min, max);
}

static int check_request(const struct twinfs_source *source, struct twinfs_error *err)
{
	bool is_loose = source->user || source->backup || source->secure;
	int rc;

	if (source->image && is_loose)
		return tw_fail(err, TWINFS_P_SOURCE, -EINVAL,
			"an image and partition files exclude each other");
	if (!source->image && !is_loose)
		return tw_fail(err, TWINFS_P_SOURCE, -EINVAL,
			"name an image, or partition files (--user, --backup, --secure)");
	rc = check_size(source->block_size, BLOCK_SIZE_MIN, BLOCK_SIZE_MAX, "block size", err);
	if (rc)
		return rc;
	return check_size(source->prog_size, 1,
		source->block_size ? source->block_size : BLOCK_SIZE_MAX, "program size", err);
}

/* ---- areas ---- */

/* Whether a littlefs starts at @info, of a version we read or not. */
static int probe(const struct finder *finder, const struct twinfs_part_info *info,
	struct twinfs_superblock *ret_superblock)
{
	return twinfs_volume_probe(twinfs_image_bytes(finder->image) + info->addr, info->size,
		finder->source->block_size, ret_superblock, NULL);
}

static bool is_block_size(uint32_t size)
{
	return tw_is_power_of_two(size) && size >= BLOCK_SIZE_MIN && size <= BLOCK_SIZE_MAX;
}

static uint32_t pick_block_size(const struct finder *finder, const struct twinfs_part_info *info)
{
	if (finder->source->block_size)
		return finder->source->block_size;
	if (info->has_superblock && is_block_size(info->superblock.block_size))
		return info->superblock.block_size;
	return finder->profile->block_size;
}

/* The firmware would format what it cannot mount; who has such an image wants something else. */
static int check_version(const struct finder *finder, const struct twinfs_part_info *info,
	int probed)
{
	uint32_t major = info->superblock.version >> 16;

	if (probed == -ENOMEM)
		return tw_fail(finder->err, TWINFS_P_SOURCE, probed, "out of memory");
	if (probed == -ENOTSUP && major == 2)
		(void)tw_fail(finder->err, TWINFS_P_LFS_VERSION, probed,
			"%s holds littlefs version %" PRIu32 ".%" PRIu32 ", which is not supported",
			info->name, major, info->superblock.version & 0xffff);
	else if (!probed && !tw_profile_mounts(finder->profile, major))
		(void)tw_fail(finder->err, TWINFS_P_LFS_VERSION, -ENOTSUP,
			"%s holds littlefs version %" PRIu32
			", which the firmware of profile '%s' does not mount: name another "
			"(--profile)",
			info->name, major, finder->profile->name);
	else
		return 0;
	return tw_fail_file(finder->err, info->file, -ENOTSUP);
}

static int configure_volume(const struct finder *finder, enum twinfs_part part)
{
	struct twinfs_part_info *info = &finder->parts[part];
	int probed = probe(finder, info, &info->superblock);
	int rc = check_version(finder, info, probed);
	uint32_t block_size;

	if (rc)
		return rc;
	info->has_superblock = !probed;
	block_size = pick_block_size(finder, info);
	if (info->size / block_size < BLOCKS_MIN) {
		rc = tw_fail(finder->err, TWINFS_P_IMAGE_SIZE, -EUCLEAN,
			"%s has %" PRIu64 " bytes, less than %d blocks of %" PRIu32, info->name,
			info->size, BLOCKS_MIN, block_size);
		return tw_fail_file(finder->err, info->file, rc);
	}
	info->config = (struct twinfs_volume_config){
		.addr = info->addr,
		.size = info->size / block_size * block_size,
		.block_size = block_size,
	};
	tw_profile_configure(finder->profile,
		info->has_superblock ? info->superblock.version >> 16 : finder->profile->format,
		finder->source->prog_size, &info->config);
	/* The firmware gives the backup partition to nobody for writing. */
	if (part == TWINFS_PART_BACKUP || finder->is_read_only)
		info->config.flags |= TWINFS_VOLUME_READ_ONLY;
	return 0;
}

/* Makes [@addr, @addr + @size), which lies in file @file, an area. */
static int place(const struct finder *finder, enum twinfs_part part, size_t file, uint64_t addr,
	uint64_t size)
{
	finder->parts[part] = (struct twinfs_part_info){
		.present = true,
		.name = tw_source_part_name(part),
		.file = twinfs_image_path(finder->image, file),
		.addr = addr,
		.file_offset = addr - twinfs_image_file_addr(finder->image, file),
		.size = size,
	};
	return part == TWINFS_PART_SECURE ? 0 : configure_volume(finder, part);
}

static int place_file(const struct finder *finder, enum twinfs_part part, size_t file)
{
	return place(finder, part, file, twinfs_image_file_addr(finder->image, file),
		twinfs_image_file_size(finder->image, file));
}

/* ---- one file ---- */

static int place_table_row(const struct finder *finder, const struct twinfs_partition *row)
{
	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		if (strcmp(row->name, tw_source_part_name(part)))
			continue;
		if (finder->parts[part].present)
			return tw_fail(finder->err, TWINFS_P_IMAGE_TABLE, -EUCLEAN,
				"two partitions are named '%s'", row->name);
		return place(finder, part, 0, row->addr, row->size);
	}
	return 0; /* other partitions of the chip are none of ours */
}

static bool has_parts(const struct finder *finder)
{
	for (int part = 0; part < TWINFS_PART_COUNT; part++)
		if (finder->parts[part].present)
			return true;
	return false;
}

static int find_by_table(const struct finder *finder)
{
	struct twinfs_partition table[TABLE_ROOM];
	size_t count;
	int rc = twinfs_image_read_gpt(finder->image, table, TABLE_ROOM, &count, finder->err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count && i < TABLE_ROOM; i++) {
		rc = place_table_row(finder, &table[i]);
		if (rc)
			return rc;
	}
	if (!has_parts(finder))
		return tw_fail(finder->err, TWINFS_P_IMAGE_TABLE, -EUCLEAN,
			"the partition table names none of %s, %s, %s",
			tw_source_part_name(TWINFS_PART_USER),
			tw_source_part_name(TWINFS_PART_BACKUP),
			tw_source_part_name(TWINFS_PART_SECURE));
	return 0;
}

/* What probe() says of the whole image; -EUCLEAN: it does not start with a littlefs. */
static int probe_whole(const struct finder *finder)
{
	const struct twinfs_part_info whole = {.size = twinfs_image_size(finder->image)};
	struct twinfs_superblock superblock;

	return probe(finder, &whole, &superblock);
}

static int find_by_profile(const struct finder *finder)
{
	const struct twinfs_area areas[TWINFS_PART_COUNT] = {
		[TWINFS_PART_USER] = finder->profile->user,
		[TWINFS_PART_BACKUP] = finder->profile->backup,
		[TWINFS_PART_SECURE] = finder->profile->secure,
	};

	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		int rc;

		if (!areas[part].size)
			continue;
		if (!twinfs_image_contains(finder->image, areas[part].addr, areas[part].size))
			return tw_fail(finder->err, TWINFS_P_IMAGE_PARTITION, -EUCLEAN,
				"%" PRIu64 " bytes, but profile '%s' has %s at 0x%" PRIx64
				" to 0x%" PRIx64,
				twinfs_image_size(finder->image), finder->profile->name,
				tw_source_part_name(part), areas[part].addr,
				areas[part].addr + areas[part].size);
		rc = place(finder, part, 0, areas[part].addr, areas[part].size);
		if (rc)
			return rc;
	}
	if (!has_parts(finder))
		return tw_fail(finder->err, TWINFS_P_IMAGE_PARTITION, -EUCLEAN,
			"profile '%s' has no area with a known place", finder->profile->name);
	return 0;
}

/* Files of ours that are easily taken for an image. */
static int fail_no_image(const struct finder *finder)
{
	const uint8_t *bytes = twinfs_image_bytes(finder->image);
	const bool has_magic = twinfs_image_size(finder->image) >= 8;

	if (has_magic && !memcmp(bytes, "PK\3\4", 4))
		return tw_fail(finder->err, TWINFS_P_SOURCE, -EUCLEAN,
			"is a zip archive, no image; flash, merge and unpack take packages");
	if (has_magic && !memcmp(bytes, "TWFSTRCE", 8))
		return tw_fail(finder->err, TWINFS_P_SOURCE, -EUCLEAN, "is a trace, no image");
	return tw_fail(finder->err, TWINFS_P_SOURCE, -EUCLEAN,
		"no partition table and no littlefs at the start: name the module's profile "
		"(--profile) for a raw dump, or give partition files as --user and --backup");
}

static int find_in_image(const struct finder *finder)
{
	int rc;

	if (twinfs_image_has_gpt(finder->image))
		return find_by_table(finder);
	rc = probe_whole(finder);
	if (rc == -ENOMEM)
		return tw_fail(finder->err, TWINFS_P_SOURCE, rc, "out of memory");
	if (!rc || rc == -ENOTSUP)
		return place_file(finder, TWINFS_PART_USER, 0);
	if (finder->source->profile)
		return find_by_profile(finder);
	return fail_no_image(finder);
}

/* ---- loose files ---- */

int tw_source_make_erased(const char *path, uint64_t size, unsigned mode, struct twinfs_error *err)
{
	_cleanup_free_ uint8_t *erased = malloc(size);
	int rc;

	if (!erased)
		return tw_fail(err, TWINFS_P_SOURCE, -ENOMEM, "no memory for %" PRIu64 " bytes",
			size);
	memset(erased, 0xff, size);
	rc = tw_file_write(path, erased, size, mode, TW_FILE_NEW);
	if (rc)
		(void)tw_fail(err, TWINFS_P_IMAGE_OPEN, rc, "cannot be made: %s",
			tw_make_reason(rc));
	return rc;
}

static bool is_missing(const char *path)
{
	return path && access(path, F_OK) < 0 && errno == ENOENT;
}

/* A SecureData file that does not exist is made, for a module that may be written. */
static int make_secure_file(const char *path, const struct twinfs_profile *profile,
	unsigned image_flags, struct twinfs_error *err)
{
	int rc;

	if (!(image_flags & TWINFS_IMAGE_WRITABLE))
		rc = tw_fail(err, TWINFS_P_SOURCE, -ENOENT,
			"does not exist, and is only made when the module may be written");
	else if (!profile->secure.size)
		rc = tw_fail(err, TWINFS_P_SOURCE, -EINVAL,
			"does not exist, and profile '%s' has no SecureData to make it for",
			profile->name);
	else
		rc = tw_source_make_erased(path, profile->secure.size, SECURE_FILE_MODE, err);
	return rc ? tw_fail_file(err, path, rc) : 0;
}

/* A whole chip is not a partition: the boot would take it for a damaged one and format it. */
static int refuse_table(const struct finder *finder, enum twinfs_part part)
{
	const struct twinfs_part_info *info = &finder->parts[part];
	const uint8_t *bytes = twinfs_image_bytes(finder->image) + info->addr;

	if (info->has_superblock || info->size < 520 || memcmp(bytes + 512, "EFI PART", 8) != 0)
		return 0;
	(void)tw_fail(finder->err, TWINFS_P_SOURCE, -EINVAL,
		"has a partition table: it is a whole image, not the partition %s", info->name);
	return tw_fail_file(finder->err, info->file, -EINVAL);
}

static int find_in_files(const struct finder *finder, const char *const paths[TWINFS_PART_COUNT])
{
	size_t file = 0;

	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		int rc = paths[part] ? place_file(finder, part, file++) : 0;

		if (!rc && paths[part])
			rc = refuse_table(finder, part);
		if (rc)
			return rc;
	}
	return 0;
}

static int open_files(const char *const paths[TWINFS_PART_COUNT],
	const struct twinfs_profile *profile, unsigned image_flags, struct twinfs_image **ret_image,
	struct twinfs_error *err)
{
	const char *secure = paths[TWINFS_PART_SECURE];
	const char *given[TWINFS_PART_COUNT];
	size_t count = 0;

	/* A wrong name of another file leaves no new SecureData behind. */
	if (is_missing(secure) && !is_missing(paths[TWINFS_PART_USER]) &&
		!is_missing(paths[TWINFS_PART_BACKUP])) {
		int rc = make_secure_file(secure, profile, image_flags, err);

		if (rc)
			return rc;
	}
	for (int part = 0; part < TWINFS_PART_COUNT; part++)
		if (paths[part])
			given[count++] = paths[part];
	return twinfs_image_open(given, count, image_flags, ret_image, err);
}

/* ---- all of them ---- */

static int check_overlap(const struct finder *finder)
{
	for (int i = 0; i < TWINFS_PART_COUNT; i++) {
		const struct twinfs_part_info *a = &finder->parts[i];

		for (int j = 0; j < i; j++) {
			const struct twinfs_part_info *b = &finder->parts[j];

			if (!a->present || !b->present || a->addr >= b->addr + b->size ||
				b->addr >= a->addr + a->size)
				continue;
			return tw_fail(finder->err, TWINFS_P_IMAGE_TABLE, -EUCLEAN,
				"%s and %s overlap", b->name, a->name);
		}
	}
	return 0;
}

int tw_source_open(const struct twinfs_source *source, const struct twinfs_profile *profile,
	unsigned image_flags, struct twinfs_image **ret_image,
	struct twinfs_part_info ret_parts[TWINFS_PART_COUNT], struct twinfs_error *err)
{
	const char *const paths[TWINFS_PART_COUNT] = {source->user, source->backup, source->secure};
	struct twinfs_part_info parts[TWINFS_PART_COUNT] = {0};
	struct twinfs_image *image;
	struct finder finder;
	int rc = check_request(source, err);

	if (rc)
		return rc;
	if (source->image)
		rc = twinfs_image_open(&source->image, 1, image_flags, &image, err);
	else
		rc = open_files(paths, profile, image_flags, &image, err);
	if (rc)
		return rc;
	finder = (struct finder){
		source, profile, image, parts, !twinfs_image_bytes_writable(image), err};
	rc = source->image ? find_in_image(&finder) : find_in_files(&finder, paths);
	if (!rc)
		rc = check_overlap(&finder);
	if (rc) {
		(void)tw_fail_file(err, twinfs_image_path(image, 0), rc);
		twinfs_image_close(image);
		return rc;
	}
	memcpy(ret_parts, parts, sizeof(parts));
	*ret_image = image;
	return 0;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

int tw_source_fit_chip(const struct twinfs_part_info parts[TWINFS_PART_COUNT],
	struct twinfs_flash_config *config, struct twinfs_error *err)
{
	struct twinfs_flash_geometry *geometry = &config->geometry;
	uint32_t profile_erase_size = geometry->erase_size;

	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		if (!parts[part].present || part == TWINFS_PART_SECURE)
			continue;
		geometry->erase_size = smaller(geometry->erase_size, parts[part].config.block_size);
		geometry->prog_size = smaller(geometry->prog_size, parts[part].config.prog_size);
	}
	/* Whoever made such small blocks wrote in small units too. */
	if (geometry->erase_size < profile_erase_size)
		geometry->prog_size = smaller(geometry->prog_size, SMALL_PROG_SIZE);
	geometry->read_size = smaller(geometry->read_size, geometry->erase_size);
	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		const struct twinfs_part_info *info = &parts[part];

		if (!info->present || info->addr % geometry->erase_size == 0)
			continue;
		(void)tw_fail(err, TWINFS_P_IMAGE_PARTITION, -EUCLEAN,
			"%s starts at 0x%" PRIx64
			", which is no multiple of the erase size %" PRIu32,
			info->name, info->addr, geometry->erase_size);
		return tw_fail_file(err, info->file, -EUCLEAN);
	}
	return 0;
}
