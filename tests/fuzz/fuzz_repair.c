/* SPDX-License-Identifier: MIT */
/*
 * fuzz_repair.c - repairs a partition that nobody has vetted.
 *
 * The input is that of fuzz_rescue.c: bit 7 of byte 3 says whether its metadata are of
 * version 2, bit 6 that neither format nor block size is told. Whatever the bytes are:
 * nothing of them changes, a result passes the check, what the mount could read before
 * is the same in it, and there is nothing left for a second repair.
 */
#include <errno.h>
#include <string.h>
#include <twinfs/repair.h>

#include "fuzz.h"
#include "image_form.h"
#include "sight.h"

enum { VERSION_2 = 0x80, UNTOLD = 0x40 };

static uint8_t before[FORM_IMAGE_MAX];
static struct sight first, second;

/* A partition on a chip of its own. */
struct patient {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_volume_config config;
};

static void admit(struct patient *patient, const struct image_form *form, const uint8_t *bytes)
{
	struct twinfs_flash_config chip = {.geometry = {1, 1, form->block_size}};

	fuzz_hold(!twinfs_image_memory(form->config.size, &patient->image));
	memcpy(twinfs_image_bytes_writable(patient->image), bytes, form->config.size);
	fuzz_hold(!twinfs_flash_new(patient->image, &chip, &patient->flash, NULL));
	patient->config = form->config;
	patient->config.block_size = form->spare & UNTOLD ? 0 : form->block_size;
	if (!(form->spare & UNTOLD))
		patient->config.disk_version =
			form->spare & VERSION_2 ? TWINFS_LFS_2_1 : TWINFS_LFS_1_1;
}

static void discharge(struct patient *patient)
{
	twinfs_flash_free(patient->flash);
	twinfs_image_close(patient->image);
}

static void tell_finding(void *ctx, const struct twinfs_error *finding)
{
	fuzz_tell("  %s: %s: %s", (const char *)ctx, twinfs_problem_name(finding->problem),
		finding->text);
}

static int check(const struct patient *patient, const char *when)
{
	return twinfs_volume_check(patient->flash, &patient->config, tell_finding, (void *)when);
}

/* What a mount shows; false: nothing can be mounted. */
static bool see(const struct patient *patient, struct sight *ret_sight)
{
	struct twinfs_volume_config config = patient->config;
	struct twinfs_volume *volume;

	config.flags |= TWINFS_VOLUME_READ_ONLY;
	if (twinfs_volume_mount(patient->flash, &config, &volume, NULL))
		return false;
	sight_take(volume, ret_sight);
	twinfs_volume_unmount(volume);
	return true;
}

static void see_list(const struct twinfs_repair_result *result)
{
	size_t files = 0;

	fuzz_hold(result->count == 0 || result->kind == TWINFS_REPAIR_REBUILT);
	for (size_t i = 0; i < result->count; i++) {
		const struct twinfs_repaired *it = &result->objects[i];

		fuzz_tell("  %s %s, %s: %s", twinfs_fate_name(it->fate), it->path,
			twinfs_sureness_name(it->sureness), it->why);
		fuzz_hold(it->path[0] && it->why && it->lost_bytes <= it->size);
		fuzz_hold(it->fate != TWINFS_FATE_FOUND || !strncmp(it->path, "/lost+found", 11));
		files += it->type == TWINFS_REG;
	}
	for (unsigned i = 0; i <= TWINFS_FATE_LOST; i++)
		files -= result->files[i];
	fuzz_hold(!files);
}

/* A second repair does nothing, and neither does one that is told less. */
static void repair_again(const struct patient *patient)
{
	struct twinfs_repair *repair;
	struct twinfs_error err = {0};
	int rc = twinfs_repair_new(patient->flash, &patient->config, &repair, &err);

	fuzz_must(!rc, "second repair: %d %s", rc, err.text);
	see_list(twinfs_repair_result(repair));
	fuzz_must(twinfs_repair_result(repair)->kind == TWINFS_REPAIR_NOTHING,
		"a second repair does something: %s",
		twinfs_repair_kind_name(twinfs_repair_result(repair)->kind));
	twinfs_repair_free(repair);
}

/* @was_mounted: @first is what could be seen. */
static void see_result(const struct twinfs_repair_result *result, const struct image_form *form,
	bool was_mounted)
{
	struct patient repaired;

	fuzz_hold(result->size == form->config.size);
	admit(&repaired, form, result->bytes);
	repaired.config.block_size = result->block_size;
	fuzz_must(check(&repaired, "after") == 0, "the result does not pass the check");
	fuzz_must(see(&repaired, &second), "the result cannot be mounted");
	fuzz_must(second.is_whole, "the result cannot be read");
	if (was_mounted)
		sight_must_survive(&first, &second);
	repair_again(&repaired);
	discharge(&repaired);
}

static void treat(const struct patient *patient, const struct image_form *form)
{
	int errors = check(patient, "before");
	bool is_mounted = see(patient, &first);
	const struct twinfs_repair_result *result;
	struct twinfs_repair *repair;
	struct twinfs_error err = {0};
	int rc = twinfs_repair_new(patient->flash, &patient->config, &repair, &err);

	fuzz_tell("repair: %d %s", rc, rc ? err.text : "");
	fuzz_must(!rc || rc == -ENODATA || rc == -ENOSPC || rc == -EUCLEAN || rc == -EINVAL ||
			  rc == -ENOTSUP,
		"repair: %d %s", rc, err.text);
	fuzz_must(!rc || errors, "nothing is wrong, and repair fails: %d %s", rc, err.text);
	if (rc) {
		fuzz_must(err.text[0], "refused without a reason: %d", rc);
		return;
	}
	result = twinfs_repair_result(repair);
	fuzz_tell("%s, %zu objects, %u bits", twinfs_repair_kind_name(result->kind), result->count,
		result->mended_bits);
	see_list(result);
	fuzz_hold(!result->bytes == (result->kind == TWINFS_REPAIR_NOTHING));
	fuzz_must(result->bytes || errors <= 0, "%d errors stay", errors);
	if (result->bytes)
		/* mended bits may bring a newer state into force */
		see_result(result, form, is_mounted && !result->mended_bits);
	twinfs_repair_free(repair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned version = size > 3 && data[3] & VERSION_2 ? 2 : 1;
	struct image_form form;
	struct patient patient;

	image_form_build(data, size, version, &form, before);
	admit(&patient, &form, before);
	treat(&patient, &form);
	fuzz_must(!memcmp(before, twinfs_image_bytes(patient.image), form.config.size),
		"repairing has changed the image itself");
	discharge(&patient);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	return image_form_mutate(data, size, room, seed, size > 3 && data[3] & VERSION_2 ? 2 : 1);
}
