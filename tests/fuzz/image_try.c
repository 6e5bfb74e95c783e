/* SPDX-License-Identifier: MIT */
/*
 * image_try.c - checks, mounts, looks at, changes and mounts again what may be damaged.
 *
 * What must be true of every image: calls say what volume.h lists; looking changes
 * no byte; a change leaves alone what it is not about; a new mount shows
 * what could be read. Of an image that passes the check: all of it can be read and changed,
 * and it passes again.
 */
#include "image_try.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "image_form.h"
#include "sight.h"

enum { CHANGES = 8 };

struct attempt {
	struct image_form form;
	struct twinfs_flash *flash;
	uint8_t *bytes; /* of the chip */
	bool is_clean;  /* the check has found nothing */
	uint64_t random;
};

static uint8_t before[FORM_IMAGE_MAX];
static struct sight first, now, again;

static uint64_t pick(struct attempt *attempt, uint64_t below)
{
	return below ? fuzz_random(&attempt->random) % below : 0;
}

static void see_finding(void *ctx, const struct twinfs_error *finding)
{
	(void)ctx;
	fuzz_must(finding->text[0], "a finding without text");
	fuzz_tell("  %s: %s", twinfs_problem_name(finding->problem), finding->text);
}

static int check(const struct attempt *attempt)
{
	int errors = twinfs_volume_check(attempt->flash, &attempt->form.config, see_finding, NULL);

	/* the block size that the image names may be less than the chip erases */
	fuzz_must(errors >= 0 || (errors == -EINVAL && !attempt->form.config.block_size),
		"check: %d", errors);
	return errors;
}

static struct twinfs_volume *mount(const struct attempt *attempt, unsigned flags)
{
	struct twinfs_volume_config config = attempt->form.config;
	struct twinfs_volume *volume = NULL;
	struct twinfs_error err = {0};
	int rc;

	config.flags |= flags;
	rc = twinfs_volume_mount(attempt->flash, &config, &volume, &err);
	fuzz_must(!rc || rc == -EUCLEAN || rc == -ENOTSUP || rc == -EINVAL, "mount: %d", rc);
	fuzz_must(!rc || err.text[0], "refused without a reason");
	fuzz_must(!rc || !attempt->is_clean, "passes the check, but not mounted: %s", err.text);
	return volume;
}

struct map {
	const struct attempt *attempt;
	uint32_t blocks;
};

static int see_extent(void *ctx, const struct twinfs_extent *extent)
{
	const struct map *map = ctx;

	fuzz_must(extent->block < map->blocks &&
			  extent->addr == (uint64_t)extent->block * extent->len,
		"extent of block %u", extent->block);
	return 0;
}

static void look_at_blocks(const struct attempt *attempt, struct twinfs_volume *volume)
{
	struct map map = {attempt, attempt->form.block_count};
	const struct twinfs_extents extents = {see_extent, &map};
	struct twinfs_owner owner;
	struct twinfs_statfs space;
	struct twinfs_pending pending;
	int rc = twinfs_volume_statfs(volume, &space);

	fuzz_must(sight_may_say(rc), "statfs: %d", rc);
	fuzz_must(rc || space.free <= space.blocks, "%llu of %llu blocks free",
		(unsigned long long)space.free, (unsigned long long)space.blocks);
	twinfs_volume_pending(volume, &pending);
	rc = twinfs_volume_map(volume, NULL, &extents);
	fuzz_must(!rc, "map: %d", rc);
	rc = twinfs_volume_owner(volume, NULL, (uint32_t)(attempt->form.seed % map.blocks), &owner);
	fuzz_must(!rc || rc == -EINVAL, "owner: %d", rc);
	for (size_t i = 0; i < first.count && i < 8; i++) {
		rc = twinfs_volume_blocks(volume, NULL, first.list[i].ino, &extents);
		fuzz_must(sight_may_say(rc), "blocks: %d", rc);
	}
}

/* Everything that changes nothing. False: it cannot be mounted. */
static bool look(struct attempt *attempt)
{
	struct twinfs_superblock found;
	struct twinfs_error err = {0};
	struct twinfs_volume *volume;
	uint64_t sight;
	int rc = twinfs_volume_probe(attempt->bytes, attempt->form.config.size,
		attempt->form.config.block_size, &found, &err);

	fuzz_must(!rc || rc == -EUCLEAN || rc == -ENOTSUP, "probe: %d", rc);
	if (attempt->form.config.block_size) {
		rc = twinfs_volume_glance(attempt->flash, &attempt->form.config,
			(uint32_t)(attempt->form.seed % attempt->form.block_count), &sight);
		fuzz_must(!rc, "glance: %d", rc);
	}
	attempt->is_clean = check(attempt) == 0;
	volume = mount(attempt, TWINFS_VOLUME_READ_ONLY);
	if (volume) {
		sight_take_twice(volume, &first);
		fuzz_must(!attempt->is_clean || first.is_whole,
			"passes the check, but cannot be read");
		look_at_blocks(attempt, volume);
		twinfs_volume_unmount(volume);
	}
	fuzz_must(!memcmp(before, attempt->bytes, attempt->form.config.size),
		"looking has changed the image");
	return volume;
}

static void judge(const struct attempt *attempt, const char *call, int64_t rc)
{
	fuzz_tell("%s: %lld", call, (long long)rc);
	fuzz_must(sight_change_may_say(rc), "%s: %lld", call, (long long)rc);
	fuzz_must(!attempt->is_clean || (rc != -EUCLEAN && rc != -EBADMSG),
		"%s: %lld, though the check has found nothing", call, (long long)rc);
}

static void write_file(struct attempt *attempt, struct twinfs_volume *volume, uint64_t ino)
{
	static const uint8_t data[1500] = "some bytes, and zeros behind them";
	size_t len = pick(attempt, pick(attempt, 2) ? 40 : sizeof(data));
	int64_t rc = twinfs_volume_open(volume, ino);

	judge(attempt, "open", rc);
	if (rc)
		return;
	if (pick(attempt, 3) == 0)
		judge(attempt, "truncate",
			twinfs_volume_truncate(volume, ino, pick(attempt, sizeof(data))));
	judge(attempt, "write",
		twinfs_volume_write(volume, ino, data, len, pick(attempt, sizeof(data))));
	if (pick(attempt, 8))
		judge(attempt, "sync", twinfs_volume_sync(volume, ino));
	twinfs_volume_close(volume, ino);
}

/* Where an object is: its directory, and its name in @name. False: too far down. */
static bool locate(struct twinfs_volume *volume, uint64_t ino, uint64_t *ret_dir, char name[4096])
{
	static char path[4096];
	int64_t len = twinfs_volume_path(volume, ino, path, sizeof(path));
	char *slash;

	if (len <= 1 || len >= (int64_t)sizeof(path))
		return false;
	slash = strrchr(path, '/');
	memcpy(name, slash + 1, strlen(slash));
	*slash = '\0';
	return twinfs_volume_walk(volume, path, ret_dir) == 0;
}

static void change_object(struct attempt *attempt, struct twinfs_volume *volume, struct seen *seen)
{
	static char name[4096];
	uint64_t dir, to = first.list[pick(attempt, first.count)].ino;
	int rc;

	if (!locate(volume, seen->ino, &dir, name))
		return;
	switch (pick(attempt, 6)) {
	case 0:
		rc = twinfs_volume_unlink(volume, dir, name);
		judge(attempt, "unlink", rc);
		seen->is_changed = seen->is_changed || !rc;
		break;
	case 1:
		rc = twinfs_volume_rmdir(volume, dir, name);
		judge(attempt, "rmdir", rc);
		seen->is_changed = seen->is_changed || !rc;
		break;
	case 2:
	case 3:
		rc = twinfs_volume_rename(volume, dir, name, to, pick(attempt, 2) ? "new0" : "0",
			0);
		judge(attempt, "rename", rc == -ESTALE ? 0 : rc);
		break;
	default:
		seen->is_changed = true;
		if (seen->type == TWINFS_REG)
			write_file(attempt, volume, seen->ino);
	}
}

static void change_attr(struct attempt *attempt, struct twinfs_volume *volume, struct seen *seen)
{
	static const uint8_t value[64] = "value";
	uint8_t type = (uint8_t)pick(attempt, 4);
	int rc = pick(attempt, 3) ? twinfs_volume_set_attr(volume, seen->ino, type, value,
					    pick(attempt, sizeof(value)), 0)
				  : twinfs_volume_remove_attr(volume, seen->ino, type);

	judge(attempt, "attribute", rc == -ESTALE ? 0 : rc);
	seen->is_changed = true;
}

static void change(struct attempt *attempt, struct twinfs_volume *volume)
{
	struct seen *seen = &first.list[pick(attempt, first.count)];
	uint64_t dir = pick(attempt, 2) ? TWINFS_ROOT_INO : seen->ino, ino;
	static const char *const names[] = {"new0", "new1", "a", "0"};
	const char *name = names[pick(attempt, 4)];
	int rc = 0;

	switch (pick(attempt, 8)) {
	case 0:
	case 1:
		rc = twinfs_volume_create(volume, dir, name, &ino);
		judge(attempt, "create", rc == -ESTALE ? 0 : rc);
		if (!rc)
			write_file(attempt, volume, ino);
		break;
	case 2:
		rc = twinfs_volume_mkdir(volume, dir, name, &ino);
		judge(attempt, "mkdir", rc == -ESTALE ? 0 : rc);
		break;
	case 3:
		change_attr(attempt, volume, seen);
		break;
	case 4:
		judge(attempt, "resize",
			twinfs_volume_resize(volume,
				attempt->form.block_count - (uint32_t)pick(attempt, 3)));
		break;
	default:
		change_object(attempt, volume, seen);
	}
}

/* What replacing a file by renaming has removed is changed on purpose, too. */
static void forgive_replaced(struct twinfs_volume *volume)
{
	struct twinfs_stat stat;

	for (size_t i = 0; i < first.count; i++)
		if (twinfs_volume_stat(volume, first.list[i].ino, &stat) == -ESTALE)
			first.list[i].is_changed = true;
}

static void try_changes(struct attempt *attempt)
{
	struct twinfs_volume *volume = mount(attempt, 0);
	int rc;

	fuzz_must(volume, "mounted for reading, but not for writing");
	/* a superblock that says another size than was found is not found again */
	attempt->form.config.block_size = twinfs_volume_block_size(volume);
	sight_take(volume, &now);
	sight_must_equal(&first, &now);
	first = now;
	if (pick(attempt, 4) == 0) {
		rc = twinfs_volume_repair(volume);
		judge(attempt, "repair", rc);
		sight_take(volume, &now);
		if (attempt->is_clean)
			sight_must_equal(&first, &now);
		else
			sight_must_survive(&first, &now);
	}
	for (unsigned i = 0; i < CHANGES; i++)
		change(attempt, volume);
	rc = twinfs_volume_sync_all(volume);
	judge(attempt, "sync_all", rc);
	forgive_replaced(volume);
	sight_take(volume, &now);
	sight_must_keep(&first, &now);
	twinfs_volume_unmount(volume);
	if (rc) /* what could not be synced is lost, and meant to be */
		return;
	fuzz_must(!attempt->is_clean || check(attempt) == 0, "changes have broken it");
	volume = mount(attempt, 0);
	fuzz_must(volume, "cannot be mounted after changes");
	sight_take(volume, &again);
	if (attempt->is_clean)
		sight_must_equal(&now, &again);
	else /* what was damaged may be readable now, and what stood twice shows its other self */
		sight_must_survive(&now, &again);
	twinfs_volume_unmount(volume);
	(void)check(attempt);
}

void image_try(const uint8_t *data, size_t size, unsigned version)
{
	static struct twinfs_image *image;
	struct twinfs_flash_config config = {.geometry = {1, 1, 1}};
	struct attempt attempt = {0};
	uint8_t *bytes;

	if (!image)
		fuzz_must(twinfs_image_memory(FORM_IMAGE_MAX, &image) == 0, "no memory");
	bytes = twinfs_image_bytes_writable(image);
	fuzz_allow(bytes, FORM_IMAGE_MAX);
	image_form_build(data, size, version, &attempt.form, bytes);
	fuzz_forbid(bytes + attempt.form.config.size, FORM_IMAGE_MAX - attempt.form.config.size);
	memcpy(before, bytes, attempt.form.config.size);
	attempt.bytes = bytes;
	attempt.random = attempt.form.seed;
	config.geometry.erase_size = attempt.form.block_size;
	config.strict = attempt.form.spare & 1;
	fuzz_must(twinfs_flash_new(image, &config, &attempt.flash, NULL) == 0, "no chip");
	if (look(&attempt))
		try_changes(&attempt);
	twinfs_flash_free(attempt.flash);
}
