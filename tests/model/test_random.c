/* SPDX-License-Identifier: MIT */
/*
 * test_random.c - random operations on a volume and on a plain model of it.
 *
 *	test_random [SEQUENCES [DIRECTORY]]
 *
 * After every operation the result code is what the model says, the tree is
 * the model's, and a new mount reads the same from the chip and counts the same
 * free blocks; after each sequence the checker finds nothing. With DIRECTORY each
 * sequence leaves NNNN.bin and NNNN.json there, for readers that share no code with
 * us.
 *
 * Meanwhile some files have content that is not synced, so that there are two
 * models: what the volume shows, and what is on the chip. And one file is held
 * open, whatever happens to it: it keeps its content when it loses its name.
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
	unsigned flags;
} formats[] = {
	{TWINFS_LFS_1_1, 0, 0},
	{TWINFS_LFS_2_1, -1, 0},
	{TWINFS_LFS_2_1, 2, TWINFS_VOLUME_MTIME},
	{TWINFS_LFS_2_0, 7, 0},
	{TWINFS_LFS_2_1, 0, TWINFS_VOLUME_MTIME},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* How often each kind of operation worked, and failed. */
struct tally {
	unsigned worked[OP_COUNT], failed[OP_COUNT], full, unsynced, synced, nameless;
};

/* A file that is held open; without a name it is only here what it holds. */
struct held {
	uint64_t ino;
	bool is_held, is_nameless;
	uint8_t *data;
	uint32_t len;
};

/* One volume, and what is true of it. */
struct run {
	struct chip chip;
	struct twinfs_volume *volume;
	struct model seen, synced; /* what the volume shows, and what is on the chip */
	struct held held;
	uint64_t random;
	uint32_t largest; /* bytes of a file, about */
	struct tally *tally;
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

/* ---- operations ---- */

static bool is_content(const struct op *op)
{
	return op->kind == OP_WRITE || op->kind == OP_REPLACE || op->kind == OP_TRUNCATE;
}

/* The operation has been made: what is synced with it is on the chip. */
static void note_done(struct run *run, const struct op *op)
{
	if (is_content(op))
		model_copy_object(&run->synced, &run->seen, op->a);
	else
		must(op_on_model(op, &run->synced) == 0, "the models differ");
}

/* The operation has failed: what its file had that was not synced is forgotten. */
static void note_failed(struct run *run, const struct op *op)
{
	const struct model_object *object = model_find(&run->seen, op->a);

	if (is_content(op) && object && !object->is_dir)
		model_copy_object(&run->seen, &run->synced, op->a);
}

/* One operation on both; the model may not know that the volume is full. */
static void one_operation(struct run *run, const struct op *op)
{
	struct model after = {0};
	char text[512];
	int wanted, got;

	model_copy(&after, &run->seen);
	wanted = op_on_model(op, &after);
	got = op_on_volume(op, run->volume);
	run->tally->full += got == -ENOSPC;
	run->tally->worked[op->kind] += got == 0;
	run->tally->failed[op->kind] += got != 0;
	must(got == wanted || (wanted == 0 && (got == -ENOSPC || got == -ENAMETOOLONG)),
		"%s gives %d, not %d", op_text(op, text, sizeof(text)), got, wanted);
	if (got == 0) {
		model_copy(&run->seen, &after);
		note_done(run, op);
	} else {
		note_failed(run, op);
	}
	model_release(&after);
}

/* ---- content that is not synced ---- */

static const struct model_object *any_file(struct run *run)
{
	for (unsigned tries = 0; run->seen.count && tries < 5; tries++) {
		const struct model_object *object =
			&run->seen.list[test_random(&run->random) % run->seen.count];

		if (!object->is_dir)
			return object;
	}
	return NULL;
}

static void write_unsynced(struct run *run)
{
	const struct model_object *file = any_file(run);
	struct op op = {.kind = test_random(&run->random) % 4 ? OP_WRITE : OP_TRUNCATE};
	int rc;

	if (!file)
		return;
	model_set_path(op.a, file->path);
	op.off = (uint32_t)(test_random(&run->random) % run->largest);
	op.len = op.kind == OP_WRITE ? (uint32_t)(test_random(&run->random) % 600) : 0;
	op.seed = test_random(&run->random);
	rc = volume_write(&op, run->volume);
	must(rc == 0 || rc == -ENOSPC, "writing to %s gives %d", op.a, rc);
	if (rc)
		note_failed(run, &op);
	else
		must(model_write(&op, &run->seen) == 0, "write");
	run->tally->unsynced += rc == 0;
}

static void sync_one(struct run *run)
{
	for (size_t i = 0; i < run->seen.count; i++) {
		struct model_object *object = &run->seen.list[i];
		uint64_t seed = test_random(&run->random), ino;
		int rc;

		if (!object->is_unsynced)
			continue;
		must(twinfs_volume_walk(run->volume, object->path, &ino) == 0, "walk");
		must(twinfs_volume_set_mtime(run->volume, ino, op_time(seed)) == 0, "set_mtime");
		rc = twinfs_volume_sync(run->volume, ino);
		must(rc == 0 || rc == -ENOSPC, "syncing %s gives %d", object->path, rc);
		if (rc)
			return;
		model_set_time(&run->seen, object, seed);
		model_copy_object(&run->synced, &run->seen, object->path);
		run->tally->synced++;
		return;
	}
}

static bool has_unsynced(const struct model *model)
{
	for (size_t i = 0; i < model->count; i++)
		if (model->list[i].is_unsynced)
			return true;
	return false;
}

/* ---- a file that is held open ---- */

static void resize_held(struct held *held, uint32_t len)
{
	held->data = realloc(held->data, len + 1);
	must(held->data, "no memory");
	held->len = len;
}

static void let_go(struct run *run)
{
	if (run->held.is_held)
		twinfs_volume_close(run->volume, run->held.ino);
	free(run->held.data);
	run->held = (struct held){0};
}

static void hold_one(struct run *run)
{
	const struct model_object *file = any_file(run);

	if (!file)
		return;
	must(twinfs_volume_walk(run->volume, file->path, &run->held.ino) == 0, "walk");
	must(twinfs_volume_open(run->volume, run->held.ino) == 0, "open");
	run->held.is_held = true;
}

/* What the held file has under its name, if it has one, before the next operation. */
static void note_held(struct run *run)
{
	struct held *held = &run->held;

	for (size_t i = 0; !held->is_nameless && i < run->seen.count; i++) {
		const struct model_object *object = &run->seen.list[i];
		uint64_t ino;

		if (!object->is_dir && twinfs_volume_walk(run->volume, object->path, &ino) == 0 &&
			ino == held->ino) {
			resize_held(held, object->len);
			memcpy(held->data, object->data, object->len);
		}
	}
}

static void verify_held(struct run *run)
{
	struct held *held = &run->held;
	struct twinfs_stat stat;
	uint8_t *data;

	must(twinfs_volume_stat(run->volume, held->ino, &stat) == 0, "stat");
	if (stat.links)
		return;
	run->tally->nameless += !held->is_nameless;
	held->is_nameless = true;
	data = malloc(held->len + 1);
	must(data, "no memory");
	must(twinfs_volume_read(run->volume, held->ino, data, held->len + 1, 0) == held->len,
		"the file without a name has another size than %u", held->len);
	must(!memcmp(data, held->data, held->len), "the file without a name has changed");
	free(data);
}

/* It can still be written, and nothing of it comes to the chip. */
static void change_nameless(struct run *run)
{
	struct held *held = &run->held;
	uint32_t off = (uint32_t)(test_random(&run->random) % (held->len + 1));
	uint8_t bytes[100];
	uint64_t seed = test_random(&run->random);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)test_random(&seed);
	if (seed % 3 == 0) {
		must(twinfs_volume_truncate(run->volume, held->ino, off) == 0, "truncate");
		held->len = off;
		return;
	}
	must(twinfs_volume_write(run->volume, held->ino, bytes, sizeof(bytes), off) ==
			sizeof(bytes),
		"write");
	must(twinfs_volume_sync(run->volume, held->ino) == 0, "sync");
	if (off + sizeof(bytes) > held->len)
		resize_held(held, off + (uint32_t)sizeof(bytes));
	memcpy(held->data + off, bytes, sizeof(bytes));
}

/* ---- sequences ---- */

static void verify(struct run *run)
{
	char why[256] = "";
	bool counts;

	must(model_equals(&run->seen, run->volume, why, sizeof(why)), "%s", why);
	if (run->held.is_held)
		verify_held(run);
	/* blocks that were bad, are promised or without a name are no others' */
	counts = !run->chip.trouble.bad_blocks && !has_unsynced(&run->seen) &&
		 !run->held.is_nameless;
	verify_fresh_mount(&run->chip, &run->synced, counts ? run->volume : NULL);
}

static void remount(struct run *run)
{
	let_go(run);
	twinfs_volume_unmount(run->volume);
	run->volume = chip_mount(&run->chip);
	model_copy(&run->seen, &run->synced);
}

/* What may happen between two operations. */
static void in_between(struct run *run)
{
	switch (test_random(&run->random) % 16) {
	case 0:
		remount(run);
		break;
	case 1:
	case 2:
		write_unsynced(run);
		break;
	case 3:
	case 4:
		sync_one(run);
		break;
	case 5:
	case 6:
		if (!run->held.is_held)
			hold_one(run);
		else if (run->held.is_nameless)
			change_nameless(run);
		break;
	case 7:
		let_go(run);
		break;
	default:
		return;
	}
	verify(run);
}

static void begin(struct run *run, const struct geometry *geometry, unsigned format)
{
	chip_init(&run->chip, geometry);
	run->chip.config.disk_version = formats[format].version;
	run->chip.config.block_cycles = formats[format].cycles;
	run->chip.config.flags = formats[format].flags;
	run->seen.has_attrs = formats[format].version >> 16 == 2;
	run->seen.stores_times = formats[format].flags & TWINFS_VOLUME_MTIME;
	model_copy(&run->synced, &run->seen);
	run->largest = geometry->block_size * 5;
	must(twinfs_volume_format(run->chip.flash, &run->chip.config, NULL) == 0, "format");
	if (test_random(&run->random) % 4 == 0) {
		run->chip.trouble.bad_blocks =
			test_random(&run->random) & test_random(&run->random) &
			test_random(&run->random) & test_random(&run->random) & ~UINT64_C(3);
		run->chip.trouble.fails_erase = test_random(&run->random) & 1;
	}
	run->volume = chip_mount(&run->chip);
}

static void one_sequence(uint64_t seed, unsigned number, const char *directory, struct tally *tally)
{
	struct run run = {.random = seed + number, .tally = tally};

	begin(&run, &geometries[number % COUNT(geometries)],
		number / COUNT(geometries) % COUNT(formats));
	for (unsigned i = 0; i < OPERATIONS; i++) {
		struct op op;
		char text[200];

		op_random(&op, &run.seen, &run.random, run.largest);
		(void)snprintf(test_context, sizeof(test_context),
			"seed %" PRIu64 ", sequence %u, operation %u, %.150s", seed, number, i,
			op_text(&op, text, sizeof(text)));
		if (run.held.is_held)
			note_held(&run);
		one_operation(&run, &op);
		verify(&run);
		in_between(&run);
	}
	remount(&run);
	verify(&run);
	verify_format(&run.chip, false);
	if (directory)
		save(&run.chip, &run.synced, directory, number);
	twinfs_volume_unmount(run.volume);
	chip_release(&run.chip);
	model_release(&run.seen);
	model_release(&run.synced);
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
	must(!sequences || (tally.unsynced && tally.synced && tally.nameless),
		"nothing in between");
	printf("%u times written without a sync, %u times synced, %u open files without a name\n",
		tally.unsynced, tally.synced, tally.nameless);
	printf("%u sequences of %d operations, %u times full\n", sequences, OPERATIONS, tally.full);
	return 0;
}
