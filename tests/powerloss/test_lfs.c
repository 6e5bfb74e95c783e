/* SPDX-License-Identifier: MIT */
/*
 * test_lfs.c - cuts the power at every flash operation of random workloads.
 *
 *	test_lfs [SEQUENCES]
 *
 * Each operation of a workload is run again from the same chip for each flash
 * operation it makes, with the power going before it, after it, and in the
 * middle of it: some sequences try every byte of short programs, and bytes of
 * which only some bits are programmed. Then the chip must mount, pass the checker (residue of the
 *cut is allowed), and show the tree as before or as after the operation; the repair must leave no
 *residue and the same tree, also when the power goes during the repair; and the volume must go on
 *working.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chip.h"
#include "lib/model.h"
#include "lib/verify.h"

enum {
	OPERATIONS = 40,
	SEQUENCES = 120,
};

static const struct geometry geometries[] = {
	{512, 96, 16, 0xff},
	{512, 40, 512, 0x00},
	{4096, 32, 4096, 0xff},
	{128, 200, 1, 0x00},
};

/* Each geometry takes its turn with each of these. */
static const struct {
	uint32_t version;
	int32_t cycles;
	unsigned flags;
} formats[] = {
	{TWINFS_LFS_1_1, 0, 0},
	{TWINFS_LFS_2_1, 2, 0},
	{TWINFS_LFS_2_0, -1, 0},
	{TWINFS_LFS_2_1, 5, TWINFS_VOLUME_MTIME},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* How far the operation that is cut gets: in eighths. */
static const unsigned torn[] = {0, 1, 4, 7, 8};

/* Longest program that is torn at every byte, in one of so many sequences. */
#define EVERY_BYTE_OF 256u
#define EVERY_BYTE_IN 5u

struct run {
	struct chip chip;
	uint8_t *start; /* the chip before the operation */
	const struct op *op;
	struct model before, after, both; /* both: a renamed empty file under both names */
	bool has_both;
	uint64_t bad_blocks;
	bool every_byte;
	uint32_t cut_len; /* of the program that was cut last; 0: an erase */
	uint64_t cuts, torn_bytes, repair_cuts;
	uint64_t cuts_of_2; /* of the cuts, in version 2 */
};

static bool is_acceptable(struct run *run, struct twinfs_volume *volume, char *why, size_t size)
{
	return model_equals(&run->before, volume, why, size) ||
	       (run->has_both && model_equals(&run->both, volume, why, size)) ||
	       model_equals(&run->after, volume, why, size);
}

static void verify_repaired(struct run *run)
{
	struct twinfs_volume *volume = chip_mount(&run->chip);
	char why[256] = "";

	must(twinfs_volume_repair(volume) == 0, "repair");
	must(is_acceptable(run, volume, why, sizeof(why)), "after the repair: %s", why);
	twinfs_volume_unmount(volume);
	verify_format(&run->chip, false);
	volume = chip_mount(&run->chip);
	must(is_acceptable(run, volume, why, sizeof(why)), "repaired and mounted: %s", why);
	twinfs_volume_unmount(volume);
}

/* The power goes during the repair too, at each of its operations. */
static void cut_repair(struct run *run)
{
	size_t size = chip_size(&run->chip);
	uint8_t *start = malloc(size);
	int rc = -ESHUTDOWN;

	must(start, "no memory");
	memcpy(start, chip_bytes(&run->chip), size);
	for (uint64_t at = 1; rc == -ESHUTDOWN; at++) {
		struct twinfs_volume *volume;

		memcpy(chip_bytes(&run->chip), start, size);
		chip_heal(&run->chip);
		run->chip.trouble.cut_at = at;
		run->chip.trouble.torn_eighths = (unsigned)(at % 9);
		volume = chip_mount(&run->chip);
		rc = twinfs_volume_repair(volume);
		twinfs_volume_unmount(volume);
		must(rc == 0 || rc == -ESHUTDOWN, "repair gives %d", rc);
		chip_heal(&run->chip);
		run->repair_cuts += rc == -ESHUTDOWN;
		verify_repaired(run);
	}
	free(start);
}

/* Fills the volume: nothing that is in use may be handed out again. */
static void fill_up(struct run *run)
{
	struct twinfs_volume *volume = chip_mount(&run->chip);
	static const uint8_t junk[600];
	struct model now = {0};
	char why[256] = "", name[16];
	int rc = 0;

	model_copy(&now, model_equals(&run->before, volume, why, sizeof(why)) ? &run->before
			 : run->has_both && model_equals(&run->both, volume, why, sizeof(why))
				 ? &run->both
				 : &run->after);
	for (unsigned i = 0; !rc; i++) {
		struct op op = {.kind = OP_CREATE};
		uint64_t ino;

		(void)snprintf(name, sizeof(name), "/fill%u", i);
		model_set_path(op.a, name);
		rc = op_on_volume(&op, volume);
		if (rc)
			break;
		(void)op_on_model(&op, &now);
		must(twinfs_volume_walk(volume, name, &ino) == 0, "walk");
		must(twinfs_volume_open(volume, ino) == 0, "open");
		rc = (int)twinfs_volume_write(volume, ino, junk, sizeof(junk), 0);
		rc = rc < 0 ? rc : twinfs_volume_sync(volume, ino);
		if (rc)
			twinfs_volume_discard(volume, ino);
		twinfs_volume_close(volume, ino);
		if (!rc) {
			now.list[now.count - 1].data =
				realloc(now.list[now.count - 1].data, sizeof(junk) + 1);
			must(now.list[now.count - 1].data, "no memory");
			memcpy(now.list[now.count - 1].data, junk, sizeof(junk));
			now.list[now.count - 1].len = sizeof(junk);
		}
	}
	must(rc == -ENOSPC, "filling ends with %d", rc);
	must(model_equals(&now, volume, why, sizeof(why)), "filled up: %s", why);
	twinfs_volume_unmount(volume);
	verify_fresh_mount(&run->chip, &now, NULL);
	verify_format(&run->chip, false);
	model_release(&now);
}

/* Runs the operation with a cut in @trouble; whether there was one. */
static bool cut_once(struct run *run, struct trouble trouble)
{
	struct twinfs_volume *volume;
	char why[256] = "";
	int rc;

	memcpy(chip_bytes(&run->chip), run->start, chip_size(&run->chip));
	chip_heal(&run->chip);
	volume = chip_mount(&run->chip);
	trouble.bad_blocks = run->bad_blocks;
	run->chip.trouble = trouble;
	rc = op_on_volume(run->op, volume);
	twinfs_volume_unmount(volume);
	if (rc != -ESHUTDOWN)
		return false;
	run->cuts++;
	run->cuts_of_2 += run->chip.config.disk_version != TWINFS_LFS_1_1;
	run->cut_len = run->chip.trouble.cut_len;
	chip_heal(&run->chip);
	verify_format(&run->chip, true);
	volume = chip_mount(&run->chip);
	must(is_acceptable(run, volume, why, sizeof(why)), "neither before nor after: %s", why);
	twinfs_volume_unmount(volume);
	cut_repair(run);
	if ((run->cuts & 15) == 0)
		fill_up(run);
	return true;
}

static bool cut_at(struct run *run, const char *context, const struct trouble *trouble)
{
	char text[512];

	(void)snprintf(test_context, sizeof(test_context),
		"%.80s, %.100s, cut at %" PRIu64 " (%u/8 and %u bytes, garbled %" PRIu64 ")",
		context, op_text(run->op, text, sizeof(text)), trouble->cut_at,
		trouble->torn_eighths, trouble->torn_bytes, trouble->garbles);
	return cut_once(run, *trouble);
}

/* Every byte of the program that flash operation @at is, whole and garbled. */
static void cut_every_byte(struct run *run, const char *context, uint64_t at)
{
	uint32_t len = run->cut_len;

	for (uint32_t k = 0; len <= EVERY_BYTE_OF && k < len; k++) {
		(void)cut_at(run, context, &(struct trouble){.cut_at = at, .torn_bytes = k});
		(void)cut_at(run, context,
			&(struct trouble){.cut_at = at, .torn_bytes = k, .garbles = at * len + k});
		run->torn_bytes += 2;
	}
}

static void cut_everywhere(struct run *run)
{
	char context[sizeof(test_context)];
	bool was_cut = true;

	memcpy(context, test_context, sizeof(context));
	for (uint64_t at = 1; was_cut; at++) {
		for (size_t i = 0; was_cut && i < COUNT(torn); i++)
			was_cut = cut_at(run, context,
				&(struct trouble){.cut_at = at, .torn_eighths = torn[i]});
		if (was_cut && run->every_byte)
			cut_every_byte(run, context, at);
	}
	memcpy(test_context, context, sizeof(context));
}

static const struct model_object *find_empty_file(const struct model *model, const char *path)
{
	for (size_t i = 0; i < model->count; i++)
		if (!strcmp(model->list[i].path, path) && !model->list[i].is_dir &&
			!model->list[i].len)
			return &model->list[i];
	return NULL;
}

/*
 * Renaming an empty file across pairs goes without a mark; in between it has
 * both names (littlefs v1 guide, 12.1).
 */
static void allow_both_names(struct run *run)
{
	struct op create = {.kind = OP_CREATE};

	run->has_both = run->chip.config.disk_version == TWINFS_LFS_1_1 &&
			run->op->kind == OP_RENAME && find_empty_file(&run->before, run->op->a);
	if (!run->has_both)
		return;
	model_copy(&run->both, &run->after);
	model_set_path(create.a, run->op->a);
	(void)op_on_model(&create, &run->both);
}

static void one_sequence(struct run *run, uint64_t seed, unsigned number)
{
	const struct geometry *geometry = &geometries[number % COUNT(geometries)];
	unsigned format = number / COUNT(geometries) % COUNT(formats);
	uint64_t random = seed + number;

	chip_init(&run->chip, geometry);
	run->chip.config.disk_version = formats[format].version;
	run->chip.config.block_cycles = formats[format].cycles;
	run->chip.config.flags = formats[format].flags;
	run->every_byte = number % EVERY_BYTE_IN == 0;
	run->start = malloc(chip_size(&run->chip));
	must(run->start, "no memory");
	must(twinfs_volume_format(run->chip.flash, &run->chip.config, NULL) == 0, "format");
	model_copy(&run->before,
		&(struct model){.has_attrs = formats[format].version >> 16 == 2,
			.stores_times = formats[format].flags & TWINFS_VOLUME_MTIME});
	if (number % 3 == 2)
		run->bad_blocks = test_random(&random) & test_random(&random) &
				  test_random(&random) & ~UINT64_C(3);
	else
		run->bad_blocks = 0;
	for (unsigned i = 0; i < OPERATIONS; i++) {
		struct twinfs_volume *volume;
		struct op op;
		int rc;

		op_random(&op, &run->before, &random, geometry->block_size * 3);
		model_copy(&run->after, &run->before);
		if (op_on_model(&op, &run->after))
			continue;
		run->op = &op;
		allow_both_names(run);
		memcpy(run->start, chip_bytes(&run->chip), chip_size(&run->chip));
		cut_everywhere(run);
		/* The last try was not cut; do it once more on the clean chip. */
		memcpy(chip_bytes(&run->chip), run->start, chip_size(&run->chip));
		chip_heal(&run->chip);
		volume = chip_mount(&run->chip);
		rc = op_on_volume(&op, volume);
		twinfs_volume_unmount(volume);
		must(rc == 0 || rc == -ENOSPC || rc == -ENAMETOOLONG, "result %d", rc);
		if (!rc)
			model_copy(&run->before, &run->after);
	}
	free(run->start);
	chip_release(&run->chip);
}

int main(int argc, char **argv)
{
	unsigned sequences = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : SEQUENCES;
	uint64_t seed = test_seed(1);
	struct run run = {0};

	for (unsigned i = 0; i < sequences; i++) {
		(void)snprintf(test_context, sizeof(test_context), "seed %" PRIu64 ", sequence %u",
			seed, i);
		one_sequence(&run, seed, i);
	}
	printf("%" PRIu64 " cuts, %" PRIu64 " of them in version 2, %" PRIu64
	       " at a byte of a program; %" PRIu64 " more during the repair\n",
		run.cuts, run.cuts_of_2, run.torn_bytes, run.repair_cuts);
	must(!sequences || run.cuts > 100, "hardly any cut was tried");
	model_release(&run.before);
	model_release(&run.after);
	model_release(&run.both);
	return 0;
}
