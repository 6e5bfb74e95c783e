/* SPDX-License-Identifier: MIT */
/*
 * fuzz_lfs_ops.c - any sequence of operations on a fresh volume, and on a model of it.
 *
 * The result of every operation is what the model says, and so is what can be seen
 * after some of them. Meanwhile content may be unsynced, so there are two models: what the volume
 * shows, and what is on the chip. When the power goes in the middle of an operation
 * a new mount shows what was there before it, or all of it.
 *
 *	0x00  1  geometry, bits 0-1; format, bits 2-4; bit 5: with a block that fails
 *	0x01     operations: kind (1), what it needs
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/chip.h"
#include "lib/model.h"
#include "lib/verify.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	OPERATIONS_MAX = 100,
	COMPARES = 8,   /* everything is looked at after so many operations */
	LARGEST = 6000, /* bytes of a file, about */
};

static const struct geometry geometries[] = {
	{128, 64, 1, 0xff}, {512, 32, 16, 0xff}, {256, 12, 64, 0x00}, {1024, 20, 1024, 0xff}};

static const struct {
	uint32_t version;
	int32_t cycles;
	unsigned flags;
} formats[] = {
	{TWINFS_LFS_1_1, 0, 0},
	{TWINFS_LFS_2_1, 2, TWINFS_VOLUME_MTIME},
	{TWINFS_LFS_2_1, -1, 0},
	{TWINFS_LFS_2_0, 3, 0},
};

/* Behind the operations of the model: */
enum {
	FUZZ_WRITE = OP_COUNT, /* content that is not synced */
	FUZZ_CUT_SHORT,        /* the same, of the size */
	FUZZ_SYNC,
	FUZZ_SYNC_ALL,
	FUZZ_DISCARD,
	FUZZ_HOLD, /* opens a file, or lets it go */
	FUZZ_REMOUNT,
	FUZZ_POWER_CUT, /* the power goes at one of the next operations of the flash */
	FUZZ_KINDS,
};

/* One volume, and what is true of it. */
struct run {
	struct chip *chip;
	struct twinfs_volume *volume;
	struct model seen, synced;
	uint64_t held; /* 0: no file */
	struct fuzz_bytes bytes;
};

/* ---- from bytes to operations ---- */

/* Few names, so that they meet, on three levels; a number that is not 0 makes it another. */
static void read_path(struct fuzz_bytes *bytes, char path[MODEL_PATH])
{
	static const char *const dirs[] = {"", "/d0", "/d1", "/d0/d1"};
	static const char *const names[] = {"d0", "d1", "a", "b", "c",
		"a-name-that-is-so-long-that-few-of-them-fill-a-pair", "d0-", "0"};
	unsigned pick = fuzz_u8(bytes);
	char text[MODEL_PATH];

	(void)snprintf(text, sizeof(text), "%s/%s%.0u", dirs[pick >> 3 & 3], names[pick & 7],
		pick >> 5 & 7);
	model_set_path(path, text);
}

static void read_op(struct run *run, struct op *op, unsigned kind)
{
	*op = (struct op){.kind = kind};
	read_path(&run->bytes, op->a);
	switch (kind) {
	case OP_WRITE:
	case OP_REPLACE:
	case FUZZ_WRITE:
		op->kind = kind == OP_REPLACE ? OP_REPLACE : OP_WRITE;
		op->off = kind == OP_REPLACE ? 0 : fuzz_u16(&run->bytes) % LARGEST;
		op->len = fuzz_u16(&run->bytes) % (LARGEST / 2);
		break;
	case OP_TRUNCATE:
	case FUZZ_CUT_SHORT:
		op->kind = OP_TRUNCATE;
		op->off = fuzz_u16(&run->bytes) % LARGEST;
		break;
	case OP_RENAME:
		read_path(&run->bytes, op->b);
		break;
	case OP_SETATTR:
	case OP_REMOVEATTR:
		/* the first type is that of times */
		op->off = 2 + fuzz_u8(&run->bytes) % (MODEL_ATTRS - 1);
		op->len = kind == OP_SETATTR ? fuzz_u8(&run->bytes) % MODEL_ATTR_SIZE : 0;
		break;
	default:
		break;
	}
	op->seed = fuzz_u8(&run->bytes);
}

/* ---- the power ---- */

static void must_show(const struct model *model, struct twinfs_volume *volume)
{
	char why[256] = "";

	fuzz_must(model_equals(model, volume, why, sizeof(why)), "%s", why);
}

static void mount_again(struct run *run)
{
	twinfs_volume_unmount(run->volume);
	run->held = 0;
	run->volume = chip_mount(run->chip);
}

static bool is_content(const struct op *op)
{
	return op->kind == OP_WRITE || op->kind == OP_REPLACE || op->kind == OP_TRUNCATE;
}

/* Makes of @model, which is what is on the chip, what it is when the operation is done. */
static void foresee(const struct run *run, const struct op *op, unsigned kind, struct model *model)
{
	struct model seen = {0};
	struct model_object *object;

	if (kind < OP_COUNT && !is_content(op)) {
		(void)op_on_model(op, model);
	} else if (kind < OP_COUNT || kind == FUZZ_SYNC) {
		model_copy(&seen, &run->seen);
		if (kind < OP_COUNT)
			(void)op_on_model(op, &seen);
		object = model_find(&seen, op->a);
		if (object && kind == FUZZ_SYNC)
			model_set_time(&seen, object, op->seed);
		if (object && !object->is_dir)
			model_copy_object(model, &seen, op->a);
		model_release(&seen);
	}
}

/*
 * Version 1 cannot tell whether a rename of an empty file was cut before or behind
 * its destination: then the file has both names. Makes @done that.
 */
static bool has_twin(const struct run *run, const struct op *op, unsigned kind, struct model *done)
{
	const struct model_object *object = model_find(done, op->b);
	struct op again = {.kind = OP_CREATE};

	if (run->seen.has_attrs || kind != OP_RENAME || !object || object->is_dir || object->len)
		return false;
	model_set_path(again.a, op->a);
	return op_on_model(&again, done) == 0;
}

/* The power went in an operation: it was done wholly, or not at all. */
static void come_back(struct run *run, const struct op *op, unsigned kind)
{
	uint64_t bad = run->chip->trouble.bad_blocks;
	struct model done = {0};
	char why[256] = "";

	fuzz_tell("the power was cut");
	model_copy(&done, &run->synced);
	foresee(run, op, kind, &done);
	chip_heal(run->chip);
	run->chip->trouble.bad_blocks = bad;
	mount_again(run);
	if (model_equals(&done, run->volume, why, sizeof(why)) ||
		(has_twin(run, op, kind, &done) &&
			model_equals(&done, run->volume, why, sizeof(why))))
		model_copy(&run->synced, &done);
	else
		must_show(&run->synced, run->volume);
	model_copy(&run->seen, &run->synced);
	model_release(&done);
}

static bool is_cut(const struct run *run)
{
	return !twinfs_flash_has_power(run->chip->flash);
}

/* ---- operations ---- */

static bool may_fail(int rc)
{
	return rc == -ENOSPC || rc == -ENAMETOOLONG || rc == -EFBIG;
}

static void forget_content(struct run *run, const char *path)
{
	const struct model_object *object = model_find(&run->seen, path);

	if (object && !object->is_dir)
		model_copy_object(&run->seen, &run->synced, path);
}

/* Paths of the model have an end. */
static bool fits_model(const struct op *op, const struct model *model)
{
	for (size_t i = 0; op->kind == OP_RENAME && i < model->count; i++)
		if (strlen(op->b) + strlen(model->list[i].path) >= MODEL_PATH)
			return false;
	return true;
}

/* The volume has said @got, not 0, and has done nothing: the model must say the same. */
static void must_refuse(struct run *run, const struct op *op, int got,
	int (*on_model)(const struct op *op, struct model *model))
{
	struct model after = {0};
	int wanted;

	if (may_fail(got)) {
		model_copy(&after, &run->seen);
		wanted = on_model(op, &after);
		/* behind a bad block clearing up may lack room, before all else is looked at */
		fuzz_must(got == wanted || !wanted || run->chip->trouble.bad_blocks, "%d, not %d",
			got, wanted);
		model_release(&after);
		if (is_content(op))
			forget_content(run, op->a);
		return;
	}
	wanted = on_model(op, &run->seen); /* what it refuses, it leaves as it is */
	fuzz_must(got == wanted, "%d, not %d", got, wanted);
}

/* An operation that is on the chip when it returns. */
static void apply(struct run *run, const struct op *op)
{
	int got, wanted;

	if (!fits_model(op, &run->seen))
		return;
	got = op_on_volume(op, run->volume);
	if (is_cut(run))
		return;
	if (got) {
		must_refuse(run, op, got, op_on_model);
		return;
	}
	wanted = op_on_model(op, &run->seen);
	fuzz_must(!wanted, "0, not %d", wanted);
	if (is_content(op))
		model_copy_object(&run->synced, &run->seen, op->a);
	else
		fuzz_must(op_on_model(op, &run->synced) == 0, "the models differ");
}

static void write_unsynced(struct run *run, const struct op *op)
{
	int got = volume_write(op, run->volume), wanted;

	if (is_cut(run))
		return;
	if (got) {
		must_refuse(run, op, got, model_write);
		return;
	}
	wanted = model_write(op, &run->seen);
	fuzz_must(!wanted, "0, not %d", wanted);
}

/* The file at @path, as a number; 0: it is none. */
static uint64_t find_file(struct run *run, const char *path)
{
	const struct model_object *object = model_find(&run->seen, path);
	uint64_t ino;

	if (!object || object->is_dir)
		return 0;
	fuzz_must(twinfs_volume_walk(run->volume, path, &ino) == 0, "%s is not found", path);
	return ino;
}

static void sync_one(struct run *run, const struct op *op)
{
	uint64_t ino = find_file(run, op->a);
	int rc;

	if (!ino || !model_find(&run->seen, op->a)->is_unsynced)
		return;
	fuzz_must(twinfs_volume_set_mtime(run->volume, ino, op_time(op->seed)) == 0, "set_mtime");
	rc = twinfs_volume_sync(run->volume, ino);
	if (is_cut(run))
		return;
	fuzz_must(rc == 0 || rc == -ENOSPC, "sync: %d", rc);
	if (rc)
		return;
	model_set_time(&run->seen, model_find(&run->seen, op->a), op->seed);
	model_copy_object(&run->synced, &run->seen, op->a);
}

/* All, one after the other; @op is then the last that was tried. */
static void sync_all(struct run *run, struct op *op)
{
	for (size_t i = 0; i < run->seen.count && !is_cut(run); i++) {
		model_set_path(op->a, run->seen.list[i].path);
		sync_one(run, op);
	}
}

static void discard(struct run *run, const struct op *op)
{
	uint64_t ino = find_file(run, op->a);

	if (!ino)
		return;
	twinfs_volume_discard(run->volume, ino);
	forget_content(run, op->a);
}

/* A file that is open lives on when its name is gone. */
static void hold(struct run *run, const struct op *op)
{
	static uint8_t bytes[300];
	int64_t rc;

	if (!run->held) {
		run->held = find_file(run, op->a);
		if (run->held)
			fuzz_must(twinfs_volume_open(run->volume, run->held) == 0, "open");
		return;
	}
	rc = twinfs_volume_read(run->volume, run->held, bytes, sizeof(bytes), op->seed);
	fuzz_must(rc >= 0, "the file that is open: %lld", (long long)rc);
	twinfs_volume_close(run->volume, run->held);
	run->held = 0;
}

static void cut_soon(struct run *run)
{
	struct trouble *trouble = &run->chip->trouble;

	trouble->cut_at = trouble->count + 1 + fuzz_u8(&run->bytes) % 24;
	trouble->torn_eighths = fuzz_u8(&run->bytes) % 9;
	trouble->torn_bytes = fuzz_u8(&run->bytes) % 4;
	trouble->garbles = fuzz_u8(&run->bytes);
}

static void one_operation(struct run *run)
{
	unsigned kind = fuzz_u8(&run->bytes) % FUZZ_KINDS;
	char text[512];
	struct op op;

	read_op(run, &op, kind);
	fuzz_tell("kind %u: %s", kind,
		op.kind < OP_COUNT ? op_text(&op, text, sizeof(text)) : op.a);
	if (kind < OP_COUNT)
		apply(run, &op);
	else if (kind == FUZZ_WRITE || kind == FUZZ_CUT_SHORT)
		write_unsynced(run, &op);
	else if (kind == FUZZ_SYNC)
		sync_one(run, &op);
	else if (kind == FUZZ_SYNC_ALL)
		sync_all(run, &op);
	else if (kind == FUZZ_DISCARD)
		discard(run, &op);
	else if (kind == FUZZ_HOLD)
		hold(run, &op);
	else if (kind == FUZZ_POWER_CUT)
		cut_soon(run);
	if (is_cut(run)) {
		come_back(run, &op, kind == FUZZ_SYNC_ALL ? FUZZ_SYNC : kind);
	} else if (kind == FUZZ_REMOUNT) {
		must_show(&run->seen, run->volume);
		mount_again(run);
		model_copy(&run->seen, &run->synced);
		must_show(&run->seen, run->volume);
	}
}

/* A blank chip of the geometry, which is made once. */
static struct chip *chip_of(unsigned index)
{
	static struct chip chips[COUNT(geometries)];
	struct chip *chip = &chips[index];

	if (!chip->flash)
		chip_init(chip, &geometries[index]);
	chip_heal(chip);
	memset(chip_bytes(chip), geometries[index].fill, chip_size(chip));
	return chip;
}

static void begin(struct run *run)
{
	unsigned first = fuzz_u8(&run->bytes), format = (first >> 2 & 7) % COUNT(formats);
	struct twinfs_volume_config *config;

	run->chip = chip_of(first & 3);
	config = &run->chip->config;
	config->disk_version = formats[format].version;
	config->block_cycles = formats[format].cycles;
	config->flags = formats[format].flags;
	run->seen.has_attrs = formats[format].version >> 16 == 2;
	run->seen.stores_times = formats[format].flags & TWINFS_VOLUME_MTIME;
	model_copy(&run->synced, &run->seen);
	fuzz_must(twinfs_volume_format(run->chip->flash, config, NULL) == 0, "format");
	if (first & 32) /* not of the superblock */
		run->chip->trouble.bad_blocks = UINT64_C(1) << (2 + first % 7);
	run->volume = chip_mount(run->chip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {.bytes = {data, size}};

	begin(&run);
	for (unsigned i = 1; i <= OPERATIONS_MAX && run.bytes.left; i++) {
		one_operation(&run);
		if (i % COMPARES == 0 || !run.bytes.left)
			must_show(&run.seen, run.volume);
	}
	run.chip->trouble.cut_at = 0;
	twinfs_volume_unmount(run.volume);
	verify_format(run.chip, true);
	run.volume = chip_mount(run.chip);
	must_show(&run.synced, run.volume);
	if (!run.chip->trouble.bad_blocks)
		fuzz_must(twinfs_volume_repair(run.volume) == 0, "repair");
	twinfs_volume_unmount(run.volume);
	verify_format(run.chip, run.chip->trouble.bad_blocks);
	model_release(&run.seen);
	model_release(&run.synced);
	return 0;
}
