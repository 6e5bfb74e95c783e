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
#include "compare.h"
#include "lfs/format.h"
#include "mend.h"
#include "rebuild.h"

/* A partition on a chip of its own, in memory. */
struct copy {
	struct twinfs_image *image; /* NULL: there is none */
	struct twinfs_flash *chip;
	struct twinfs_volume_config config; /* of the volume on it */
};

struct twinfs_repair {
	struct copy copy; /* the result; none: there was no need */
	struct tw_repaired_list list;
	struct twinfs_repaired *shown;
	struct twinfs_repair_result result;
};

/* A partition that is looked at. */
struct patient {
	struct twinfs_flash *flash;
	struct twinfs_volume_config config;
	struct copy mended; /* with single wrong bits put right; none: there were none */
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

static uint32_t larger(uint32_t a, uint64_t b)
{
	return b > a ? (uint32_t)b : a;
}

static void copy_release(struct copy *copy)
{
	twinfs_flash_free(copy->chip);
	twinfs_image_close(copy->image);
	*copy = (struct copy){0};
}

/*
 * Makes a copy of the partition for a volume of @config, which is said as on the old chip.
 * @keeps: with its content; else it is erased, up to what lies behind the volume.
 */
static int copy_make(struct copy *copy, const struct patient *patient,
	const struct twinfs_volume_config *config, bool keeps)
{
	struct twinfs_flash_config chip = *twinfs_flash_config(patient->flash);
	uint64_t size = patient->config.size, skip = keeps ? 0 : config->size;
	const uint8_t *old;
	int rc = twinfs_flash_read(patient->flash, patient->config.addr, size, &old);

	if (!rc)
		rc = twinfs_image_memory(size, &copy->image);
	if (rc)
		return rc;
	copy->config = *config;
	copy->config.addr = 0;
	copy->config.flags &= ~(unsigned)TWINFS_VOLUME_READ_ONLY;
	memcpy(twinfs_image_bytes_writable(copy->image) + skip, old + skip, size - skip);
	chip.geometry.erase_size = smaller(chip.geometry.erase_size, config->block_size);
	chip.geometry.prog_size = smaller(chip.geometry.prog_size, config->prog_size);
	chip.geometry.prog_size = smaller(chip.geometry.prog_size, chip.geometry.erase_size);
	chip.geometry.read_size = smaller(chip.geometry.read_size, chip.geometry.erase_size);
	return twinfs_flash_new(copy->image, &chip, &copy->chip, patient->err);
}

/* The result must be without an error, or it is not shown to anybody. */
static int check_result(struct twinfs_repair *repair, struct twinfs_error *err)
{
	struct twinfs_error first = {0};
	int rc = twinfs_volume_check(repair->copy.chip, &repair->copy.config, keep_finding, &first);

	if (rc <= 0)
		return rc;
	return tw_fail(err, first.problem, -EIO, "the repaired volume is not right: %s",
		first.text);
}

/* ---- residue of power cuts ---- */

/* Clears up what is in the copy. */
static int clear_residue(struct twinfs_repair *repair, const struct patient *patient)
{
	struct twinfs_volume *volume;
	int rc =
		twinfs_volume_mount(repair->copy.chip, &repair->copy.config, &volume, patient->err);

	if (rc)
		return rc;
	twinfs_volume_pending(volume, &repair->result.pending);
	rc = twinfs_volume_repair(volume);
	twinfs_volume_unmount(volume);
	return rc ? rc : check_result(repair, patient->err);
}

static int repair_residue(struct twinfs_repair *repair, const struct patient *patient)
{
	int rc = copy_make(&repair->copy, patient, &patient->config, true);

	repair->result.kind = TWINFS_REPAIR_RESIDUE;
	return rc ? rc : clear_residue(repair, patient);
}

static bool has_residue(const struct patient *patient)
{
	struct twinfs_volume_config config = patient->config;
	struct twinfs_pending pending = {0};
	struct twinfs_volume *volume;

	config.flags |= TWINFS_VOLUME_READ_ONLY;
	if (twinfs_volume_mount(patient->flash, &config, &volume, NULL))
		return false;
	twinfs_volume_pending(volume, &pending);
	twinfs_volume_unmount(volume);
	return pending.orphans || pending.desyncs || pending.marks;
}

/* ---- a fresh volume ---- */

/*
 * Limits as the old volume says them, since a device refuses a volume with others than its
 * own; wider only where something in force goes beyond them.
 */
static struct twinfs_superblock plan_limits(const struct twinfs_rescue *rescue)
{
	struct twinfs_superblock limits;

	(void)twinfs_rescue_superblock(rescue, &limits);
	for (size_t i = 0; i < twinfs_rescue_count(rescue); i++) {
		const struct twinfs_version *version = twinfs_rescue_version(rescue, i);

		if (!version->is_current)
			continue;
		limits.name_max = larger(limits.name_max, strlen(strrchr(version->path, '/')) - 1);
		limits.file_max = larger(limits.file_max, version->size);
		for (unsigned k = 0; k < version->attr_count; k++)
			limits.attr_max = larger(limits.attr_max, version->attrs[k].len);
	}
	return limits;
}

/* A smaller volume in the same partition: it ends where spare blocks began, or before. */
static void end_at(struct twinfs_volume_config *config, uint32_t block_count)
{
	uint64_t less = config->size / config->block_size - block_count;

	config->size -= less * config->block_size;
	config->spare_blocks -=
		(uint32_t)(less < config->spare_blocks ? less : config->spare_blocks);
}

/* How the fresh volume is made: as the old one was, as far as that is known. */
static struct twinfs_volume_config plan_volume(const struct patient *patient,
	const struct twinfs_rescue *rescue)
{
	struct twinfs_volume_config config = patient->config;
	struct twinfs_superblock superblock;
	bool is_known = twinfs_rescue_superblock(rescue, &superblock);
	uint64_t size = (uint64_t)superblock.block_count * superblock.block_size;

	config.flags &= ~(unsigned)TWINFS_VOLUME_MTIME; /* files keep the times they have */
	config.block_size = superblock.block_size;
	config.disk_version = superblock.version;
	config.size = patient->config.size / superblock.block_size * superblock.block_size;
	if (!is_known)
		config.prog_size = 0; /* perhaps that of another version */
	/* Version 1 takes its size from the partition, whatever it has stored. */
	if (superblock.version >> 16 == 2) {
		if (!is_known)
			config.spare_blocks = 0;
		if (is_known && size && size < config.size)
			end_at(&config, superblock.block_count);
	}
	return config;
}

/*
 * The volume that files are kept from: the one with mended bits, where the newest commits
 * are seen; else the damaged one.
 */
static struct twinfs_volume *mount_old(const struct patient *patient, uint32_t block_size)
{
	struct twinfs_volume_config config = patient->config;
	struct twinfs_volume *volume;

	if (patient->mended.image &&
		!twinfs_volume_mount(patient->mended.chip, &patient->mended.config, &volume, NULL))
		return volume;
	config.block_size = block_size;
	config.flags |= TWINFS_VOLUME_READ_ONLY;
	return twinfs_volume_mount(patient->flash, &config, &volume, NULL) ? NULL : volume;
}

static int fill(struct twinfs_repair *repair, const struct patient *patient,
	const struct twinfs_rescue *rescue, uint32_t name_max)
{
	struct copy *copy = &repair->copy;
	struct tw_rebuild rebuild = {
		.rescue = rescue,
		.is_mended = patient->mended.image,
		.block_size = copy->config.block_size,
		.name_max = name_max,
		.list = &repair->list,
		.digest = tw_digest_new(),
	};
	int rc;

	if (!rebuild.digest)
		return -ENOMEM;
	rebuild.old = mount_old(patient, copy->config.block_size);
	rc = twinfs_volume_mount(copy->chip, &copy->config, &rebuild.fresh, patient->err);
	if (!rc && rebuild.old)
		rc = tw_rebuild_keep(&rebuild);
	if (rc == -ENOSPC)
		(void)tw_fail(patient->err, TWINFS_P_LFS_CROSS_LINK, rc,
			"what can be read has no room in a fresh volume of %llu blocks",
			(unsigned long long)(copy->config.size / copy->config.block_size));
	if (!rc)
		rc = tw_rebuild_recover(&rebuild);
	repair->result.may_lack = tw_rebuild_lacks_names(&rebuild);
	twinfs_volume_unmount(rebuild.fresh);
	twinfs_volume_unmount(rebuild.old);
	tw_digest_free(rebuild.digest);
	return rc;
}

/* ---- what came out ---- */

/* Whether the files of the list are in the result when that is mounted anew. */
static int compare_result(const struct twinfs_repair *repair, struct twinfs_error *err)
{
	struct twinfs_volume *volume;
	int rc = twinfs_volume_mount(repair->copy.chip, &repair->copy.config, &volume, err);

	if (rc)
		return rc;
	rc = tw_compare_files(&repair->list, TWINFS_FATE_FOUND, volume, err);
	twinfs_volume_unmount(volume);
	return rc;
}

static bool has_something(const struct tw_repaired_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].is_there)
			return true;
	return false;
}

/* ---- single wrong bits ---- */

static int note_content(void *ctx, const struct twinfs_extent *extent)
{
	bool *is_read = ctx;

	is_read[extent->block] |= extent->owner.role == TWINFS_OWNER_DATA;
	return 0;
}

/* By block: what a mount of the damaged volume takes for content. NULL: no memory. */
static bool *read_blocks(const struct patient *patient, const struct twinfs_volume_config *mended)
{
	bool *is_read = calloc(mended->size / mended->block_size + 1, sizeof(*is_read));
	struct twinfs_volume_config config = *mended;
	struct twinfs_volume *volume;

	config.addr = patient->config.addr;
	config.flags |= TWINFS_VOLUME_READ_ONLY;
	if (!is_read || twinfs_volume_mount(patient->flash, &config, &volume, NULL))
		return is_read;
	(void)twinfs_volume_map(volume, NULL, &(struct twinfs_extents){note_content, is_read});
	twinfs_volume_unmount(volume);
	return is_read;
}

/* Makes the copy with mended bits, if there are any to mend. */
static int mend(struct twinfs_repair *repair, struct patient *patient,
	const struct twinfs_rescue *rescue, const struct twinfs_superblock *superblock)
{
	struct twinfs_volume_config config = patient->config;
	struct copy *mended = &patient->mended;
	_cleanup_free_ bool *is_read = NULL;
	uint8_t *bytes;
	int rc;

	config.block_size = superblock->block_size;
	config.size = config.size / config.block_size * config.block_size;
	rc = copy_make(mended, patient, &config, true);
	if (rc)
		return rc;
	is_read = read_blocks(patient, &mended->config);
	if (!is_read)
		return -ENOMEM;
	bytes = twinfs_image_bytes_writable(mended->image);
	repair->result.mended_bits = tw_mend_all(bytes, superblock->version, rescue, is_read);
	if (superblock->version >> 16 == 1)
		repair->result.has_new_superblock =
			tw_v1_make_superblock(bytes, config.size, config.block_size);
	if (!repair->result.mended_bits && !repair->result.has_new_superblock)
		copy_release(mended);
	return 0;
}

/* Whether mending is all that it takes: no error is left. */
static bool is_mending_enough(const struct patient *patient)
{
	const struct copy *mended = &patient->mended;

	return mended->image &&
	       !twinfs_volume_check(mended->chip, &mended->config, ignore_finding, NULL);
}

static int take_mended(struct twinfs_repair *repair, struct patient *patient)
{
	repair->result.kind = TWINFS_REPAIR_MENDED;
	tw_repaired_release(&repair->list);
	copy_release(&repair->copy);
	repair->copy = patient->mended;
	patient->mended = (struct copy){0};
	return clear_residue(repair, patient);
}

/* ---- which of them ---- */

/* Whether the old volume, as it is, shows all that the result holds, and no more. */
static bool is_no_news(const struct twinfs_repair *repair, const struct patient *patient)
{
	struct twinfs_volume_config config = patient->config;
	struct twinfs_volume *fresh, *old;
	bool is_same;

	config.block_size = repair->copy.config.block_size;
	config.flags |= TWINFS_VOLUME_READ_ONLY;
	if (twinfs_volume_mount(repair->copy.chip, &repair->copy.config, &fresh, NULL))
		return false;
	if (twinfs_volume_mount(patient->flash, &config, &old, NULL)) {
		twinfs_volume_unmount(fresh);
		return false;
	}
	is_same = tw_compare_is_same(&repair->list, fresh, old);
	twinfs_volume_unmount(fresh);
	twinfs_volume_unmount(old);
	return is_same;
}

static int leave_alone(struct twinfs_repair *repair)
{
	tw_repaired_release(&repair->list);
	copy_release(&repair->copy);
	repair->result.kind = TWINFS_REPAIR_NOTHING;
	return 0;
}

static int rebuild(struct twinfs_repair *repair, struct patient *patient,
	const struct twinfs_rescue *rescue, bool has_errors)
{
	struct twinfs_volume_config config = plan_volume(patient, rescue);
	struct twinfs_superblock limits = plan_limits(rescue);
	int rc = copy_make(&repair->copy, patient, &config, false);

	repair->result.kind = TWINFS_REPAIR_REBUILT;
	if (!rc)
		rc = tw_format(repair->copy.chip, &repair->copy.config, &limits, patient->err);
	if (!rc)
		rc = fill(repair, patient, rescue, limits.name_max);
	if (!rc && !has_errors && (!is_mending_enough(patient) || is_no_news(repair, patient)))
		return leave_alone(repair);
	if (!rc && is_mending_enough(patient))
		return take_mended(repair, patient);
	if (!rc && !has_something(&repair->list))
		rc = tw_fail(patient->err, TWINFS_P_LFS_MAGIC, -ENODATA,
			"nothing was found that could be saved");
	if (!rc)
		rc = check_result(repair, patient->err);
	return rc ? rc : compare_result(repair, patient->err);
}

static int show(struct twinfs_repair *repair)
{
	struct twinfs_repair_result *result = &repair->result;

	if (repair->copy.image) {
		result->bytes = twinfs_image_bytes(repair->copy.image);
		result->size = twinfs_image_size(repair->copy.image);
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

/* What the chip holds, after single wrong bits have been put right. */
static int look(struct twinfs_repair *repair, struct patient *patient,
	struct twinfs_rescue **ret_rescue)
{
	struct twinfs_superblock superblock;
	struct twinfs_rescue *rescue;
	int rc = twinfs_rescue_open(patient->flash, &patient->config, &rescue, patient->err);

	if (rc)
		return rc;
	(void)twinfs_rescue_superblock(rescue, &superblock); /* or what comes nearest */
	repair->result.version = superblock.version;
	repair->result.block_size = superblock.block_size;
	rc = mend(repair, patient, rescue, &superblock);
	if (!rc && !patient->mended.image) {
		*ret_rescue = rescue;
		return 0;
	}
	twinfs_rescue_close(rescue);
	return rc ? rc
		  : twinfs_rescue_open(patient->mended.chip, &patient->mended.config, ret_rescue,
			    patient->err);
}

/* A block size that is found, and does not fit the chip, is an error like others. */
static int count_errors(const struct patient *patient)
{
	int errors = twinfs_volume_check(patient->flash, &patient->config, ignore_finding, NULL);

	return errors == -EINVAL && !patient->config.block_size ? 1 : errors;
}

static int examine(struct twinfs_repair *repair, struct patient *patient)
{
	int errors = count_errors(patient);
	struct twinfs_rescue *rescue;
	int rc;

	if (errors < 0)
		return errors;
	rc = look(repair, patient, &rescue);
	if (rc)
		return rc;
	if (errors || patient->mended.image)
		rc = rebuild(repair, patient, rescue, errors);
	twinfs_rescue_close(rescue);
	if (!rc && !repair->copy.image && has_residue(patient))
		rc = repair_residue(repair, patient);
	return rc;
}

int twinfs_repair_new(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	struct twinfs_repair **ret_repair, struct twinfs_error *err)
{
	struct patient patient = {.flash = flash, .config = *config, .err = err};
	struct twinfs_repair *repair = calloc(1, sizeof(*repair));
	int rc = repair ? 0 : -ENOMEM;

	if (!rc)
		rc = examine(repair, &patient);
	if (!rc)
		rc = show(repair);
	copy_release(&patient.mended);
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
	copy_release(&repair->copy);
	tw_repaired_release(&repair->list);
	free(repair->shown);
	free(repair);
}

const struct twinfs_repair_result *twinfs_repair_result(const struct twinfs_repair *repair)
{
	return &repair->result;
}
