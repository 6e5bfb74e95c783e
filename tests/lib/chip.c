/* SPDX-License-Identifier: MIT */
/*
 * chip.c - a small chip in memory for tests.
 */
#include "chip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char test_context[256];

void test_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: %s: not true: %s: ", file, line, test_context, condition);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

uint64_t test_seed(uint64_t fallback)
{
	const char *text = getenv("TWINFS_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : fallback;

	printf("TWINFS_SEED=%" PRIu64 "\n", seed);
	return seed;
}

uint64_t test_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* One byte of a program whose time was too short for all its bits. */
static void garble(struct chip *chip, const struct twinfs_flash_op *op, uint32_t done)
{
	uint64_t random = chip->trouble.garbles;

	if (random && op->kind == TWINFS_FLASH_PROGRAM && done < op->len)
		chip_bytes(chip)[op->addr + done] &=
			(uint8_t)(((const uint8_t *)op->data)[done] | test_random(&random));
}

static int make_trouble(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct chip *chip = ctx;
	struct trouble *trouble = &chip->trouble;
	uint64_t block = op->addr / chip->config.block_size;

	trouble->count++;
	if (trouble->count == trouble->cut_at) {
		*done = (uint32_t)((uint64_t)op->len * trouble->torn_eighths / 8) +
			trouble->torn_bytes;
		garble(chip, op, *done);
		trouble->cut_len = op->kind == TWINFS_FLASH_PROGRAM ? op->len : 0;
		return -ESHUTDOWN;
	}
	if (block < 64 && trouble->bad_blocks >> block & 1 &&
		(op->kind == TWINFS_FLASH_PROGRAM || trouble->fails_erase)) {
		*done = op->len / 2;
		return -EIO;
	}
	return 0;
}

void chip_init(struct chip *chip, const struct geometry *geometry)
{
	struct twinfs_flash_config config = {
		.geometry = {1, 1, geometry->block_size},
		.strict = true,
	};
	uint64_t size = (uint64_t)geometry->block_size * geometry->block_count;

	*chip = (struct chip){
		.config = {.size = size,
			.block_size = geometry->block_size,
			.prog_size = geometry->prog_size},
	};
	must(twinfs_image_memory(size, &chip->image) == 0, "no memory");
	memset(twinfs_image_bytes_writable(chip->image), geometry->fill, size);
	must(twinfs_flash_new(chip->image, &config, &chip->flash, NULL) == 0, "no chip");
	chip->hook = (struct twinfs_flash_hook){.before = make_trouble, .ctx = chip};
	twinfs_flash_set_hook(chip->flash, &chip->hook);
}

void chip_release(struct chip *chip)
{
	twinfs_flash_free(chip->flash);
	twinfs_image_close(chip->image);
}

uint8_t *chip_bytes(struct chip *chip)
{
	return twinfs_image_bytes_writable(chip->image);
}

uint64_t chip_size(const struct chip *chip)
{
	return twinfs_image_size(chip->image);
}

void chip_heal(struct chip *chip)
{
	chip->trouble = (struct trouble){0};
	twinfs_flash_set_power(chip->flash, true);
}

struct twinfs_volume *chip_mount(struct chip *chip)
{
	struct twinfs_volume *volume;
	struct twinfs_error err = {0};
	int rc = twinfs_volume_mount(chip->flash, &chip->config, &volume, &err);

	must(rc == 0, "mount: %s", err.text);
	return volume;
}
