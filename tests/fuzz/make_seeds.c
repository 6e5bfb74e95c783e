/* SPDX-License-Identifier: MIT */
/*
 * make_seeds.c - makes the seeds of the fuzz targets that begin with healthy images.
 *
 *	make_seeds FOLDER
 *
 * The folder has one for each target, as tests/fuzz/corpus does. Every run makes
 * the same files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image_form.h"
#include "lib/chip.h"
#include "lib/model.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct recipe {
	const char *name;
	uint32_t version;
	uint8_t head[FORM_HEAD]; /* of the form: geometry, and what else it says */
	unsigned operations;
	uint32_t largest; /* bytes of a file, about */
	unsigned cut;     /* the power goes at this operation of the flash; 0: never */
};

static const struct recipe recipes[] = {
	{"empty", TWINFS_LFS_1_1, {0x04, 12, 0xff}, 0, 0, 0},
	{"small", TWINFS_LFS_1_1, {0x04, 12, 0xff}, 12, 300, 0},
	{"files", TWINFS_LFS_1_1, {0x05, 60, 0xff, 1}, 40, 1200, 0},
	{"blank-is-zero", TWINFS_LFS_1_1, {0x02, 28, 0x00}, 25, 2000, 0},
	{"cut", TWINFS_LFS_1_1, {0x04, 40, 0xff}, 60, 600, 90},
	{"cut-later", TWINFS_LFS_1_1, {0x04, 40, 0xff}, 60, 600, 151},
	{"empty", TWINFS_LFS_2_1, {0x04, 12, 0xff}, 0, 0, 0},
	{"small", TWINFS_LFS_2_1, {0x05, 12, 0xff}, 12, 400, 0},
	{"files", TWINFS_LFS_2_1, {0x05, 60, 0xff, 1}, 40, 1200, 0},
	{"old", TWINFS_LFS_2_0, {0x05, 30, 0xff}, 30, 800, 0},
	{"upgraded", TWINFS_LFS_2_0, {0xc5, 30, 0xff}, 30, 800, 0},
	{"blank-is-zero", TWINFS_LFS_2_1, {0x06, 28, 0x00}, 25, 2000, 0},
	{"moves", TWINFS_LFS_2_1, {0x25, 40, 0xff}, 60, 500, 0},
	{"cut", TWINFS_LFS_2_1, {0x25, 40, 0xff}, 200, 600, 60},
	{"cut-later", TWINFS_LFS_2_1, {0x25, 40, 0xff}, 200, 600, 93},
};

/* Some operations of @recipe on a fresh volume. */
static void work(const struct recipe *recipe, struct chip *chip)
{
	struct twinfs_volume *volume;
	struct model model = {.has_attrs = recipe->version >> 16 == 2};
	uint64_t random = 1;

	must(twinfs_volume_format(chip->flash, &chip->config, NULL) == 0, "format");
	chip->trouble.cut_at = recipe->cut ? chip->trouble.count + recipe->cut : 0;
	chip->trouble.torn_eighths = 4;
	volume = chip_mount(chip);
	for (unsigned i = 0; i < recipe->operations; i++) {
		struct model after = {0};
		struct op op;

		op_random(&op, &model, &random, recipe->largest);
		model_copy(&after, &model);
		if (op_on_volume(&op, volume) == 0 && op_on_model(&op, &after) == 0)
			model_copy(&model, &after);
		model_release(&after);
	}
	must(!recipe->cut || !twinfs_flash_has_power(chip->flash), "the power was not cut");
	twinfs_volume_unmount(volume);
	model_release(&model);
}

static void save(const char *folder, const struct recipe *recipe, const uint8_t *data, size_t len)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/lfs%u_image/%s", folder, recipe->version >> 16,
		recipe->name);
	file = fopen(path, "we");
	must(file && fwrite(data, 1, len, file) == len && fclose(file) == 0, "%s", path);
}

static void count_finding(void *ctx, const struct twinfs_error *finding)
{
	(void)finding;
	++*(unsigned *)ctx;
}

static void make_seed(const char *folder, const struct recipe *recipe)
{
	static uint8_t image[FORM_IMAGE_MAX], data[FORM_IMAGE_MAX + 1000];
	unsigned version = recipe->version >> 16;
	struct image_form form;
	struct geometry geometry;
	struct chip chip;
	unsigned findings = 0;
	size_t len;

	(void)snprintf(test_context, sizeof(test_context), "%s of version %u", recipe->name,
		version);
	image_form_build(recipe->head, FORM_HEAD, version, &form, image);
	geometry = (struct geometry){form.block_size, form.block_count, form.prog_size, form.fill};
	chip_init(&chip, &geometry);
	chip.config.disk_version = recipe->version;
	chip.config.block_cycles = form.config.block_cycles;
	chip.config.flags = form.config.flags & ~(unsigned)TWINFS_VOLUME_UPGRADE;
	work(recipe, &chip);
	len = image_form_write(chip_bytes(&chip), recipe->head, version, data, sizeof(data));
	must(len, "the form is too long");
	save(folder, recipe, data, len);

	/* What is built of it is a volume in good order, too. */
	image_form_build(data, len, version, &form, chip_bytes(&chip));
	chip_heal(&chip);
	must(twinfs_volume_check(chip.flash, &form.config, count_finding, &findings) == 0,
		"it is damaged: %u findings", findings);
	chip_release(&chip);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (size_t i = 0; i < COUNT(recipes); i++)
		make_seed(argv[1], &recipes[i]);
	return 0;
}
