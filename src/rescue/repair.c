/* SPDX-License-Identifier: MIT */
/*
 * repair.c - decides what a partition needs, has it done in memory, and believes
 * nothing of the result before it has been looked at.
 */
#include <twinfs/repair.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fail.h"
#include "rebuild.h"

struct twinfs_repair {
	struct twinfs_image *image; /* the partition alone, repaired; NULL: there was no need */
	struct twinfs_flash *chip;  /* of that */
	struct twinfs_volume_config config; /* of the volume on it */
	struct tw_repaired_list list;
	struct twinfs_repaired *shown;
	struct twinfs_repair_result result;
};

/* A partition that is looked at. */
struct patient {
	struct twinfs_flash *flash;
	struct twinfs_volume_config config;
	struct twinfs_error *err;
};

static void ignore_finding(void *ctx, const struct twinfs_error *finding)
{
	(void)ctx;
	(void)finding;
}

static void keep_finding(void *ctx, const struct twinfs_error *finding)
{
	struct twinfs_error *first = ctx;

	if (first->problem == TWINFS_P_NONE &&
		twinfs_problem_severity(finding->problem) == TWINFS_ERROR)
		*first = *finding;
}

/* ---- the copy ---- */

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return b && b < a ? b : a;
}

/* A chip in memory that holds the partition alone: as it is, or erased where a volume goes. */
static int make_chip(struct twinfs_repair *repair, const struct patient *patient, bool erased)
{
	struct twinfs_flash_config chip = *twinfs_flash_config(patient->flash);
	const struct twinfs_volume_config *config = &repair->config;
	uint64_t size = patient->config.size, skip = erased ? config->size : 0;
	const uint8_t *old;
	int rc = twinfs_flash_read(patient->flash, patient->config.addr, size, &old);

	if (!rc)
		rc = twinfs_image_memory(size, &repair->image);
	if (rc)
		return rc;
	memcpy(twinfs_image_bytes_writable(repair->image) + skip, old + skip, size - skip);
	chip.geometry.erase_size = smaller(chip.geometry.erase_size, config->block_size);
	chip.geometry.prog_size = smaller(chip.geometry.prog_size, config->prog_size);
	chip.geometry.prog_size = smaller(chip.geometry.prog_size, chip.geometry.erase_size);
	chip.geometry.read_size = smaller(chip.geometry.read_size, chip.geometry.erase_size);
	return twinfs_flash_new(repair->image, &chip, &repair->chip, patient->err);
}

/* The result must be without an error, or it is not shown to anybody. */
static int check_result(struct twinfs_repair *repair, struct twinfs_error *err)
{
	struct twinfs_error first = {0};
	int rc = twinfs_volume_check(repair->chip, &repair->config, keep_finding, &first);

	if (rc <= 0)
		return rc;
	return tw_fail(err, first.problem, -EIO, "the repaired volume is not right: %s",
		first.text);
}

/* ---- residue of power cuts ---- */

static int repair_residue(struct twinfs_repair *repair, const struct patient *patient)
{
	struct twinfs_volume *volume;
	int rc;

	repair->config = patient->config;
	repair->config.addr = 0;
	repair->config.flags &= ~(unsigned)TWINFS_VOLUME_READ_ONLY;
	rc = make_chip(repair, patient, false);
	if (!rc)
		rc = twinfs_volume_mount(repair->chip, &repair->config, &volume, patient->err);
	if (rc)
		return rc;
	repair->result.kind = TWINFS_REPAIR_RESIDUE;
	twinfs_volume_pending(volume, &repair->result.pending);
	rc = twinfs_volume_repair(volume);
	twinfs_volume_unmount(volume);
	return rc ? rc : check_result(repair, patient->err);
}

static bool has_residue(const struct patient *patient, uint32_t *ret_version)
{
	struct twinfs_volume_config config = patient->config;
	struct twinfs_pending pending = {0};
	struct twinfs_statfs statfs = {0};
	struct twinfs_volume *volume;

	config.flags |= TWINFS_VOLUME_READ_ONLY;
	if (twinfs_volume_mount(patient->flash, &config, &volume, NULL))
		return false;
	twinfs_volume_pending(volume, &pending);
	if (!twinfs_volume_statfs(volume, &statfs))
		*ret_version = statfs.version;
	twinfs_volume_unmount(volume);
	return pending.orphans || pending.desyncs || pending.marks;
}

/* ---- a fresh volume ---- */

/* How the fresh volume is made: as the old one was, as far as that is known. */
static void plan_volume(struct twinfs_repair *repair, const struct patient *patient,
	const struct twinfs_rescue *rescue)
{
	struct twinfs_volume_config *config = &repair->config;
	struct twinfs_superblock superblock;
	bool is_known = twinfs_rescue_superblock(rescue, &superblock);
	uint64_t size = (uint64_t)superblock.block_count * superblock.block_size;

	*config = patient->config;
	config->addr = 0;
	config->flags &= ~(unsigned)(TWINFS_VOLUME_READ_ONLY | TWINFS_VOLUME_MTIME);
	config->block_size = superblock.block_size;
	config->disk_version = superblock.version;
	config->size = patient->config.size / superblock.block_size * superblock.block_size;
	if (!is_known)
		config->prog_size = 0; /* perhaps that of another version */
	/* Version 1 takes its size from the partition, whatever it has stored. */
	if (superblock.version >> 16 == 2) {
		if (!is_known)
			config->spare_blocks = 0;
		if (is_known && size && size < config->size)
			config->size = size;
	}
	repair->result.version = superblock.version;
	repair->result.block_size = superblock.block_size;
}

static int fill(struct twinfs_repair *repair, const struct patient *patient,
	const struct twinfs_rescue *rescue)
{
	struct twinfs_volume_config old_config = patient->config;
	struct tw_rebuild rebuild = {
		.rescue = rescue,
		.block_size = repair->config.block_size,
		.list = &repair->list,
		.digest = tw_digest_new(),
	};
	int rc;

	if (!rebuild.digest)
		return -ENOMEM;
	old_config.block_size = repair->config.block_size;
	old_config.flags |= TWINFS_VOLUME_READ_ONLY;
	if (twinfs_volume_mount(patient->flash, &old_config, &rebuild.old, NULL))
		rebuild.old = NULL;
	rc = twinfs_volume_mount(repair->chip, &repair->config, &rebuild.fresh, patient->err);
	if (!rc && rebuild.old)
		rc = tw_rebuild_keep(&rebuild);
	if (rc == -ENOSPC)
		(void)tw_fail(patient->err, TWINFS_P_LFS_CROSS_LINK, rc,
			"what can be read has no room in a fresh volume of %llu blocks",
			(unsigned long long)(repair->config.size / repair->config.block_size));
	if (!rc)
		rc = tw_rebuild_recover(&rebuild);
	twinfs_volume_unmount(rebuild.fresh);
	twinfs_volume_unmount(rebuild.old);
	tw_digest_free(rebuild.digest);
	return rc;
}

/* ---- what came out ---- */

static int digest_piece(void *ctx, const void *data, size_t len)
{
	tw_digest_add(ctx, data, len);
	return 0;
}

static int compare_file(struct twinfs_volume *volume, const struct tw_repaired *it,
	struct tw_digest *digest)
{
	const struct twinfs_scan scan = {digest_piece, digest};
	uint64_t ino;
	int rc = twinfs_volume_walk(volume, it->shown.path, &ino);

	if (!rc)
		rc = twinfs_volume_scan(volume, ino, &scan);
	if (!rc && !tw_digest_is_same(tw_digest_finish(digest), it->digest))
		rc = -EIO;
	return rc;
}

/* Every file that is said to be there is, byte for byte, after a fresh mount. */
static int compare_all(struct twinfs_repair *repair, struct twinfs_error *err)
{
	struct tw_digest *digest = tw_digest_new();
	struct twinfs_volume *volume = NULL;
	int rc = digest ? 0 : -ENOMEM;

	if (!rc)
		rc = twinfs_volume_mount(repair->chip, &repair->config, &volume, err);
	for (size_t i = 0; !rc && i < repair->list.count; i++) {
		const struct tw_repaired *it = &repair->list.all[i];

		if (!it->is_there || it->shown.type != TWINFS_REG)
			continue;
		rc = compare_file(volume, it, digest);
		if (rc)
			rc = tw_fail(err, TWINFS_P_LFS_CHAIN, rc == -ENOMEM ? rc : -EIO,
				"the repaired volume has other content in '%s'", it->shown.path);
	}
	twinfs_volume_unmount(volume);
	tw_digest_free(digest);
	return rc;
}

static bool has_something(const struct tw_repaired_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].is_there)
			return true;
	return false;
}

static int rebuild(struct twinfs_repair *repair, const struct patient *patient,
	const struct twinfs_rescue *rescue)
{
	int rc;

	repair->result.kind = TWINFS_REPAIR_REBUILT;
	plan_volume(repair, patient, rescue);
	rc = make_chip(repair, patient, true);
	if (!rc)
		rc = twinfs_volume_format(repair->chip, &repair->config, patient->err);
	if (!rc)
		rc = fill(repair, patient, rescue);
	if (!rc && !has_something(&repair->list))
		rc = tw_fail(patient->err, TWINFS_P_LFS_MAGIC, -ENODATA,
			"nothing was found that could be saved");
	if (!rc)
		rc = check_result(repair, patient->err);
	return rc ? rc : compare_all(repair, patient->err);
}

static int show(struct twinfs_repair *repair)
{
	struct twinfs_repair_result *result = &repair->result;

	if (repair->image) {
		result->bytes = twinfs_image_bytes(repair->image);
		result->size = twinfs_image_size(repair->image);
	}
	result->count = repair->list.count;
	repair->shown = calloc(result->count + 1, sizeof(*repair->shown));
	result->objects = repair->shown;
	if (!repair->shown)
		return -ENOMEM;
	for (size_t i = 0; i < result->count; i++) {
		const struct twinfs_repaired *shown = &repair->list.all[i].shown;

		repair->shown[i] = *shown;
		if (shown->type != TWINFS_REG)
			continue;
		result->files[shown->fate]++;
		result->bytes_of[shown->fate] += shown->size;
	}
	return 0;
}

/* ---- public ---- */

static int repair_damage(struct twinfs_repair *repair, const struct patient *patient)
{
	struct twinfs_rescue *rescue;
	int rc = twinfs_rescue_open(patient->flash, &patient->config, &rescue, patient->err);

	if (rc)
		return rc;
	rc = rebuild(repair, patient, rescue);
	twinfs_rescue_close(rescue);
	return rc;
}

static int examine(struct twinfs_repair *repair, const struct patient *patient)
{
	int errors = patient->config.block_size ? twinfs_volume_check(patient->flash,
							  &patient->config, ignore_finding, NULL)
						: 1;

	if (errors < 0)
		return errors;
	if (errors)
		return repair_damage(repair, patient);
	repair->result.block_size = patient->config.block_size;
	return has_residue(patient, &repair->result.version) ? repair_residue(repair, patient) : 0;
}

int twinfs_repair_new(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	struct twinfs_repair **ret_repair, struct twinfs_error *err)
{
	const struct patient patient = {flash, *config, err};
	struct twinfs_repair *repair = calloc(1, sizeof(*repair));
	int rc = repair ? 0 : -ENOMEM;

	if (!rc)
		rc = examine(repair, &patient);
	if (!rc)
		rc = show(repair);
	if (rc) {
		twinfs_repair_free(repair);
		return rc;
	}
	*ret_repair = repair;
	return 0;
}

void twinfs_repair_free(struct twinfs_repair *repair)
{
	if (!repair)
		return;
	twinfs_flash_free(repair->chip);
	twinfs_image_close(repair->image);
	tw_repaired_release(&repair->list);
	free(repair->shown);
	free(repair);
}

const struct twinfs_repair_result *twinfs_repair_result(const struct twinfs_repair *repair)
{
	return &repair->result;
}
