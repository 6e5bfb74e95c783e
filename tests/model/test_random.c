/* SPDX-License-Identifier: MIT */
/*
 * test_random.c - random operations on a volume and on a plain model of it.
 *
 *	test_random [SEQUENCES [DIRECTORY]]
 *
 * After every operation the result code is what the model says, the tree is
 * the model's, and a new mount reads the same from the chip and counts the same
 * free blocks; after each sequence the checker finds nothing. With DIRECTORY each sequence leaves
 * NNNN.bin and NNNN.json there, for readers that share no code with us.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/chip.h"
#include "lib/model.h"
#include "lib/verify.h"

enum {
	OPERATIONS = 60,
	SEQUENCES = 2000,
};

static const struct geometry geometries[] = {
	{512, 128, 16, 0xff},
	{512, 64, 512, 0x00},
	{4096, 48, 4096, 0xff},
	{1024, 64, 32, 0xff},
	{128, 256, 1, 0x00},
	{4096, 24, 256, 0xff},
};

/* Each geometry takes its turn with each of these. */
static const struct {
	uint32_t version;
	int32_t cycles;
} formats[] = {
	{TWINFS_LFS_1_1, 0},
	{TWINFS_LFS_2_1, -1},
	{TWINFS_LFS_2_1, 2},
	{TWINFS_LFS_2_0, 7},
	{TWINFS_LFS_2_1, 0},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* How often each kind of operation worked, and failed. */
struct tally {
	unsigned worked[OP_COUNT], failed[OP_COUNT], full;
};

static uint64_t count_used(struct chip *chip)
{
	struct twinfs_volume *volume = chip_mount(chip);
	struct twinfs_statfs space;

	must(twinfs_volume_statfs(volume, &space) == 0, "statfs");
	twinfs_volume_unmount(volume);
	return space.blocks - space.free;
}

static void save(struct chip *chip, const struct model *model, const char *directory,
	unsigned number)
{
	struct twinfs_volume_config config = chip->config;
	char path[512];
	FILE *file;

	if (chip->trouble.bad_blocks)
		config.prog_size = 0; /* what a bad block leaves need not be aligned to it */

	(void)snprintf(path, sizeof(path), "%s/%04u.bin", directory, number);
	file = fopen(path, "wb");
	must(file && fwrite(chip_bytes(chip), 1, chip_size(chip), file) == chip_size(chip),
		"cannot write %s", path);
	(void)fclose(file);
	(void)snprintf(path, sizeof(path), "%s/%04u.json", directory, number);
	file = fopen(path, "w");
	must(file, "cannot write %s", path);
	model_write_json(model, config.disk_version >> 16, &config, count_used(chip), file);
	must(fclose(file) == 0, "cannot write %s", path);
}

/* One operation on both; the model may not know that the volume is full. */
static void one_operation(const struct op *op, struct model *model, struct twinfs_volume *volume,
	struct tally *tally)
{
	struct model after = {0};
	char why[256] = "", text[512];
	int wanted, got;

	model_copy(&after, model);
	wanted = op_on_model(op, &after);
	got = op_on_volume(op, volume);
	tally->full += got == -ENOSPC;
	tally->worked[op->kind] += got == 0;
	tally->failed[op->kind] += got != 0;
	if (got == 0 && wanted == 0)
		model_copy(model, &after);
	else
		must(got == wanted || (got == -ENOSPC && wanted == 0) ||
				(got == -ENAMETOOLONG && wanted == 0),
			"%s gives %d, not %d", op_text(op, text, sizeof(text)), got, wanted);
	must(model_equals(model, volume, why, sizeof(why)), "after %s: %s",
		op_text(op, text, sizeof(text)), why);
	model_release(&after);
}

static void one_sequence(uint64_t seed, unsigned number, const char *directory, struct tally *tally)
{
	const struct geometry *geometry = &geometries[number % COUNT(geometries)];
	unsigned format = number / COUNT(geometries) % COUNT(formats);
	uint64_t random = seed + number;
	struct twinfs_volume *volume;
	struct model model = {0};
	struct chip chip;

	chip_init(&chip, geometry);
	chip.config.disk_version = formats[format].version;
	chip.config.block_cycles = formats[format].cycles;
	must(twinfs_volume_format(chip.flash, &chip.config, NULL) == 0, "format");
	if (test_random(&random) % 4 == 0) {
		chip.trouble.bad_blocks = test_random(&random) & test_random(&random) &
					  test_random(&random) & test_random(&random) &
					  ~UINT64_C(3);
		chip.trouble.fails_erase = test_random(&random) & 1;
	}
	volume = chip_mount(&chip);
	for (unsigned i = 0; i < OPERATIONS; i++) {
		struct op op;
		char text[200];

		op_random(&op, &model, &random, geometry->block_size * 5);
		(void)snprintf(test_context, sizeof(test_context),
			"seed %" PRIu64 ", sequence %u, operation %u, %.150s", seed, number, i,
			op_text(&op, text, sizeof(text)));
		one_operation(&op, &model, volume, tally);
		/* Bad blocks that were met stay out of use until the next mount. */
		verify_fresh_mount(&chip, &model, chip.trouble.bad_blocks ? NULL : volume);
		if (test_random(&random) % 16 == 0) {
			twinfs_volume_unmount(volume);
			volume = chip_mount(&chip);
		}
	}
	verify_format(&chip, false);
	if (directory)
		save(&chip, &model, directory, number);
	twinfs_volume_unmount(volume);
	chip_release(&chip);
	model_release(&model);
}

int main(int argc, char **argv)
{
	unsigned sequences = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : SEQUENCES;
	uint64_t seed = test_seed(1);
	struct tally tally = {0};

	for (unsigned i = 0; i < sequences; i++)
		one_sequence(seed, i, argc > 2 ? argv[2] : NULL, &tally);
	for (enum op_kind kind = 0; kind < OP_COUNT; kind++) {
		struct op op = {.kind = kind};
		char text[64];

		printf("%7u worked %7u failed: %s\n", tally.worked[kind], tally.failed[kind],
			op_text(&op, text, sizeof(text)));
		must(!sequences || tally.worked[kind], "no operation of this kind worked");
	}
	printf("%u sequences of %d operations, %u times full\n", sequences, OPERATIONS, tally.full);
	return 0;
}
