/* SPDX-License-Identifier: MIT */
/*
 * profile.c - finding a module profile, and whether its figures fit together.
 *
 * What passes here can be used without further checks: areas lie in the chip,
 * apart from each other, on whole erase units, and hold at least the blocks
 * that a file system or SecureData needs.
 */
#include <twinfs/profile.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "module/profile_json.h"

#define MAX_FILE     (64u << 10) /* bytes of a profile */
#define LEAST_BLOCKS 4           /* that a file system can be made of: two pairs */
#define LEAST_UNITS  6           /* of SecureData: two regions of three erase units */

#define fail(err, code, ...) tw_fail(err, TWINFS_P_PROFILE, code, __VA_ARGS__)

static int check_flash(const struct twinfs_flash_config *flash, struct twinfs_error *err)
{
	const struct twinfs_flash_geometry *geometry = &flash->geometry;

	if (!tw_is_power_of_two(geometry->erase_size))
		return fail(err, -EUCLEAN, "key 'flash.erase_size' is %" PRIu32 ", no power of two",
			geometry->erase_size);
	if (geometry->erase_size % geometry->prog_size)
		return fail(err, -EUCLEAN,
			"key 'flash.prog_size' is %" PRIu32
			", does not divide 'flash.erase_size' %" PRIu32,
			geometry->prog_size, geometry->erase_size);
	if (geometry->erase_size % geometry->read_size)
		return fail(err, -EUCLEAN,
			"key 'flash.read_size' is %" PRIu32
			", does not divide 'flash.erase_size' %" PRIu32,
			geometry->read_size, geometry->erase_size);
	if (!tw_is_power_of_two(flash->timing.page_size))
		return fail(err, -EUCLEAN, "key 'flash.page_size' is %" PRIu32 ", no power of two",
			flash->timing.page_size);
	return 0;
}

static int check_prog_size(const struct twinfs_profile *profile, const char *path, uint32_t size,
	struct twinfs_error *err)
{
	uint32_t unit = profile->flash.geometry.prog_size;

	if (size % unit == 0 && profile->block_size % size == 0)
		return 0;
	return fail(err, -EUCLEAN,
		"key '%s' is %" PRIu32 ", must be a multiple of 'flash.prog_size' %" PRIu32
		" that divides 'filesystem.block_size' %" PRIu32,
		path, size, unit, profile->block_size);
}

static int check_filesystem(const struct twinfs_profile *profile, struct twinfs_error *err)
{
	const struct twinfs_flash_geometry *geometry = &profile->flash.geometry;
	int rc;

	if (profile->block_size % geometry->erase_size)
		return fail(err, -EUCLEAN,
			"key 'filesystem.block_size' is %" PRIu32
			", no multiple of 'flash.erase_size' %" PRIu32,
			profile->block_size, geometry->erase_size);
	if (profile->format == 2 && !profile->v2_prog_size)
		return fail(err, -EUCLEAN,
			"key 'filesystem.v2' is missing, which 'filesystem.format' 2 needs");
	rc = check_prog_size(profile, "filesystem.prog_size", profile->prog_size, err);
	if (!rc && profile->v2_prog_size)
		rc = check_prog_size(profile, "filesystem.v2.prog_size", profile->v2_prog_size,
			err);
	return rc;
}

/* An area by the path of its object. */
struct named_area {
	const char *path;
	const struct twinfs_area *area;
};

static int check_area(const struct twinfs_profile *profile, const struct named_area *named,
	struct twinfs_error *err)
{
	const struct twinfs_area *area = named->area;
	uint32_t unit = profile->flash.geometry.erase_size;

	if (area->addr % unit)
		return fail(err, -EUCLEAN,
			"key '%s.addr' is 0x%" PRIx64
			", no multiple of 'flash.erase_size' %" PRIu32,
			named->path, area->addr, unit);
	if (area->size % unit)
		return fail(err, -EUCLEAN,
			"key '%s.size' is %" PRIu64 ", no multiple of 'flash.erase_size' %" PRIu32,
			named->path, area->size, unit);
	if (!tw_is_within(area->addr, area->size, profile->chip_size))
		return fail(err, -EUCLEAN,
			"key '%s' ends at 0x%" PRIx64 ", behind 'chip_size' 0x%" PRIx64,
			named->path, area->addr + area->size, profile->chip_size);
	return 0;
}

static int check_volume(const struct twinfs_profile *profile, const struct named_area *named,
	struct twinfs_error *err)
{
	uint64_t blocks = named->area->size / profile->block_size;

	if (blocks < LEAST_BLOCKS + (uint64_t)profile->spare_blocks)
		return fail(err, -EUCLEAN,
			"key '%s.size' is %" PRIu64 ", needs %u blocks of %" PRIu32 " and %" PRIu32
			" spare",
			named->path, named->area->size, LEAST_BLOCKS, profile->block_size,
			profile->spare_blocks);
	return 0;
}

static int check_secure(const struct twinfs_profile *profile, const struct named_area *named,
	struct twinfs_error *err)
{
	/* Two regions of one size, each of whole erase units. */
	uint64_t unit = profile->flash.geometry.erase_size;

	if (named->area->size < LEAST_UNITS * unit || named->area->size % (2 * unit))
		return fail(err, -EUCLEAN,
			"key '%s.size' is %" PRIu64 ", must be a multiple of %" PRIu64
			", at least %" PRIu64,
			named->path, named->area->size, 2 * unit, LEAST_UNITS * unit);
	return 0;
}

static int check_apart(const struct named_area *a, const struct named_area *b,
	struct twinfs_error *err)
{
	if (!a->area->size || !b->area->size || a->area->addr >= b->area->addr + b->area->size ||
		b->area->addr >= a->area->addr + a->area->size)
		return 0;
	return fail(err, -EUCLEAN, "key '%s' overlaps '%s'", b->path, a->path);
}

static int check_areas(const struct twinfs_profile *profile, struct twinfs_error *err)
{
	const struct named_area user = {"partitions.customer_fs", &profile->user};
	const struct named_area backup = {"partitions.customer_backup_fs", &profile->backup};
	const struct named_area secure = {"partitions.securedata", &profile->secure};
	int rc = check_area(profile, &user, err);

	if (!rc)
		rc = check_volume(profile, &user, err);
	if (!rc && profile->backup.size)
		rc = check_area(profile, &backup, err);
	if (!rc && profile->backup.size)
		rc = check_volume(profile, &backup, err);
	if (!rc && profile->secure.size)
		rc = check_area(profile, &secure, err);
	if (!rc && profile->secure.size)
		rc = check_secure(profile, &secure, err);
	if (!rc)
		rc = check_apart(&user, &backup, err);
	if (!rc)
		rc = check_apart(&user, &secure, err);
	if (!rc)
		rc = check_apart(&backup, &secure, err);
	return rc;
}

static int load_text(const char *text, size_t len, struct twinfs_profile *ret_profile,
	struct twinfs_error *err)
{
	struct twinfs_profile profile;
	int rc = tw_profile_parse(text, len, &profile, err);

	if (!rc)
		rc = check_flash(&profile.flash, err);
	if (!rc)
		rc = check_filesystem(&profile, err);
	if (!rc)
		rc = check_areas(&profile, err);
	if (rc)
		return rc;
	*ret_profile = profile;
	return 0;
}

static int load_file(const char *path, struct twinfs_profile *ret_profile, struct twinfs_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int rc = tw_file_read(path, MAX_FILE, &text, &len);

	if (rc == -EFBIG)
		return fail(err, -EOVERFLOW, "a profile has at most %u bytes", MAX_FILE);
	if (rc)
		return fail(err, rc, "cannot be read: %s", twinfs_strerror(rc));
	return load_text(text, len, ret_profile, err);
}

#define PROFILES_MAX 32 /* among those that are compared with a misspelt name */

static int fail_unknown(const char *name, struct twinfs_error *err)
{
	const char *list[PROFILES_MAX], *meant;
	struct tw_text names = {0};
	size_t count = 0;
	int rc = 0;

	for (const struct tw_profile_text *at = tw_profile_texts; !rc && at->name; at++) {
		rc = tw_text_addf(&names, "%s%s", names.len ? ", " : "", at->name);
		if (count < PROFILES_MAX)
			list[count++] = at->name;
	}
	meant = twinfs_nearest(name, list, count);
	rc = fail(err, -ENOENT,
		"no profile '%s'%s%s%s; there are %s, or give the path of a file%s%s", name,
		meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "",
		rc ? "others" : names.data, access(name, F_OK) ? "" : ": ./",
		access(name, F_OK) ? "" : name);
	tw_text_release(&names);
	return rc;
}

static bool is_path(const char *name)
{
	size_t len = strlen(name);

	return strchr(name, '/') || (len >= 5 && !strcmp(name + len - 5, ".json"));
}

int twinfs_profile_load(const char *name, struct twinfs_profile *ret_profile,
	struct twinfs_error *err)
{
	int rc;

	if (!name)
		name = "default";
	if (is_path(name)) {
		rc = load_file(name, ret_profile, err);
		return rc ? tw_fail_file(err, name, rc) : 0;
	}
	for (const struct tw_profile_text *at = tw_profile_texts; at->name; at++)
		if (!strcmp(at->name, name))
			return load_text(at->json, strlen(at->json), ret_profile, err);
	return fail_unknown(name, err);
}

const char *twinfs_profile_name(size_t index)
{
	for (size_t i = 0; tw_profile_texts[i].name; i++)
		if (i == index)
			return tw_profile_texts[i].name;
	return NULL;
}
