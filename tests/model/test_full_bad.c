/* SPDX-License-Identifier: MIT */
/*
 * test_full_bad.c - blocks that fail while there is no room to go around them.
 *
 *	test_full_bad
 *
 * Each change is made to a volume that is nearly full, with every block, and every
 * two blocks, failing. When it says that it failed nothing has changed, what the
 * volume shows is what a new mount of the chip shows, it stays so however often the
 * change is tried again, and once the blocks work again it can be made.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chip.h"
#include "lib/model.h"

enum {
	TRIES = 3,
	BLOCKS = 40,
	MOST_FREE = 2, /* blocks that are left free, at most */
};

static const struct geometry geometry = {512, BLOCKS, 16, 0xff};

static const struct {
	uint32_t version;
	int32_t cycles;
} formats[] = {{TWINFS_LFS_1_1, 0}, {TWINFS_LFS_2_1, 1}, {TWINFS_LFS_2_1, -1}};

static const struct op setup[] = {
	{.kind = OP_MKDIR, .a = "/d"},
	{.kind = OP_MKDIR, .a = "/d/e"},
	{.kind = OP_CREATE, .a = "/d/e/empty"},
	{.kind = OP_CREATE, .a = "/d/e/file"},
	{.kind = OP_CREATE, .a = "/file"},
	{.kind = OP_CREATE, .a = "/fill"},
	{.kind = OP_REPLACE, .a = "/d/e/file", .len = 700, .seed = 1},
	{.kind = OP_REPLACE, .a = "/file", .len = 700, .seed = 2},
	{.kind = OP_MKDIR, .a = "/bare"},
	{.kind = OP_CREATE, .a = "/d/empty"},
};

static const struct op changes[] = {
	{.kind = OP_UNLINK, .a = "/d/e/empty"},
	{.kind = OP_UNLINK, .a = "/d/e/file"},
	{.kind = OP_UNLINK, .a = "/file"},
	{.kind = OP_RMDIR, .a = "/bare"},
	{.kind = OP_CREATE, .a = "/d/new"},
	{.kind = OP_MKDIR, .a = "/d/e/dir"},
	{.kind = OP_TRUNCATE, .a = "/d/e/file", .len = 5},
	{.kind = OP_RENAME, .a = "/d/e/file", .b = "/d/e/other"},
	{.kind = OP_RENAME, .a = "/d/e/file", .b = "/moved"},
	{.kind = OP_RENAME, .a = "/file", .b = "/d/e/file"},
	{.kind = OP_RENAME, .a = "/d/e/empty", .b = "/moved"},
	{.kind = OP_RENAME, .a = "/d/empty", .b = "/d/e/empty"},
	{.kind = OP_RENAME, .a = "/d/empty", .b = "/d/e/file"},
	{.kind = OP_RENAME, .a = "/d/e", .b = "/e"},
	{.kind = OP_RENAME, .a = "/bare", .b = "/d/e/bare"},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct run {
	struct chip chip;
	uint8_t *start;  /* the chip before the change */
	uint64_t healed; /* changes that failed, and could be made later */
	const struct op *op;
	struct model before, after, both; /* both: a renamed empty file under both names */
	uint64_t bad;                     /* blocks that fail */
	uint64_t tried, failed;
};

/* A file takes all blocks but @spare. */
static void fill(struct run *run, uint32_t spare)
{
	struct op op = {.kind = OP_REPLACE, .a = "/fill", .seed = 7};
	struct twinfs_statfs space = {0};

	memcpy(run->start, chip_bytes(&run->chip), chip_size(&run->chip));
	for (op.len = BLOCKS * geometry.block_size; op.len; op.len -= 100) {
		struct twinfs_volume *volume = chip_mount(&run->chip);
		int rc = op_on_volume(&op, volume);

		must(twinfs_volume_statfs(volume, &space) == 0, "statfs");
		twinfs_volume_unmount(volume);
		if (!rc && space.free >= spare)
			break;
		memcpy(chip_bytes(&run->chip), run->start, chip_size(&run->chip));
	}
	must(op.len && space.free == spare, "%u blocks are free", (unsigned)space.free);
	must(op_on_model(&op, &run->before) == 0, "fill");
	memcpy(run->start, chip_bytes(&run->chip), chip_size(&run->chip));
}

static void begin(struct run *run, uint32_t version, int32_t cycles, uint32_t spare)
{
	struct twinfs_volume *volume;

	*run = (struct run){.before.has_attrs = version >> 16 == 2};
	chip_init(&run->chip, &geometry);
	run->chip.config.disk_version = version;
	run->chip.config.block_cycles = cycles;
	must(twinfs_volume_format(run->chip.flash, &run->chip.config, NULL) == 0, "format");
	run->start = malloc(chip_size(&run->chip));
	must(run->start, "no memory");
	volume = chip_mount(&run->chip);
	for (unsigned i = 0; i < COUNT(setup); i++) {
		must(op_on_volume(&setup[i], volume) == 0, "setup %u", i);
		must(op_on_model(&setup[i], &run->before) == 0, "setup %u", i);
	}
	twinfs_volume_unmount(volume);
	fill(run, spare);
}

static void end(struct run *run)
{
	chip_release(&run->chip);
	model_release(&run->before);
	free(run->start);
}

/* Which of the trees that are allowed the volume shows. */
static const struct model *shown(struct run *run, struct twinfs_volume *volume, const char *when)
{
	char why[256] = "";

	if (model_equals(&run->after, volume, why, sizeof(why)))
		return &run->after;
	if (run->both.list && (run->bad & (run->bad - 1)) && /* one bad block is gone around */
		model_equals(&run->both, volume, why, sizeof(why)))
		return &run->both;
	must(model_equals(&run->before, volume, why, sizeof(why)), "%s: %s", when, why);
	return &run->before;
}

static void verify_mount(struct run *run, const struct model *expected, const char *when)
{
	size_t size = chip_size(&run->chip);
	uint8_t *now = malloc(size);
	struct twinfs_volume *volume;
	const struct model *found;

	must(now, "no memory");
	memcpy(now, chip_bytes(&run->chip), size);
	volume = chip_mount(&run->chip);
	found = shown(run, volume, when);
	must(found == expected, "%s: mounted again it is as %s the change", when,
		found == &run->before ? "before" : "after");
	twinfs_volume_unmount(volume);
	memcpy(chip_bytes(&run->chip), now, size);
	free(now);
}

/* Number of what a rename is to replace; 0: nothing. */
static uint64_t replaced_by(const struct op *op, struct twinfs_volume *volume)
{
	uint64_t ino;

	return op->kind == OP_RENAME && twinfs_volume_walk(volume, op->b, &ino) == 0 ? ino : 0;
}

static void try_it(struct run *run)
{
	uint64_t replaced;
	struct twinfs_volume *volume;
	const struct model *seen = NULL, *now;
	int rc = -EIO;

	memcpy(chip_bytes(&run->chip), run->start, chip_size(&run->chip));
	chip_heal(&run->chip);
	volume = chip_mount(&run->chip);
	replaced = replaced_by(run->op, volume);
	run->tried++;
	for (unsigned i = 0; i < TRIES && seen != &run->after; i++) {
		run->chip.trouble.bad_blocks = run->bad;
		run->chip.trouble.fails_erase = (run->bad + i) % 2;
		rc = op_on_volume(run->op, volume);
		must(!rc || rc == -ENOSPC || rc == -EIO || rc == -EEXIST, "it gives %d", rc);
		run->failed += rc != 0;
		now = shown(run, volume, "behind it");
		must(rc || now == &run->after, "it succeeded and is not done");
		must(!rc || now != &run->after, "it failed and is done");
		must(!seen || seen == now || !rc, "a call that failed has changed the tree");
		must(now != &run->before || replaced_by(run->op, volume) == replaced,
			"it failed, and another file is there");
		seen = now;
		verify_mount(run, seen, rc ? "it failed" : "it succeeded");
	}
	chip_heal(&run->chip);
	if (seen != &run->after) {
		rc = op_on_volume(run->op, volume);
		must(!rc || rc == -ENOSPC || rc == -EEXIST, "it fails for ever: %d", rc);
		run->healed += !rc;
	}
	seen = shown(run, volume, "with good blocks");
	verify_mount(run, seen, "with good blocks");
	rc = op_on_volume(&(struct op){.kind = OP_UNLINK, .a = "/fill"}, volume);
	must(rc == 0, "nothing can be removed: %d", rc);
	twinfs_volume_unmount(volume);
}

/* Version 1 renames an empty file in two steps that nothing ties together. */
static void allow_both_names(struct run *run)
{
	const struct model_object *object = model_find(&run->before, run->op->a);
	struct op twin = {.kind = OP_CREATE};

	if (run->before.has_attrs || run->op->kind != OP_RENAME || object->is_dir || object->len)
		return;
	model_copy(&run->both, &run->before);
	model_set_path(twin.a, run->op->b);
	if (op_on_model(&twin, &run->both) == -EEXIST) {
		twin.kind = OP_REPLACE;
		must(op_on_model(&twin, &run->both) == 0, "both names");
	}
}

static void try_all(struct run *run, const struct op *op)
{
	run->op = op;
	model_copy(&run->after, &run->before);
	must(op_on_model(op, &run->after) == 0, "the model refuses");
	allow_both_names(run);
	for (unsigned i = 0; i < BLOCKS; i++) {
		for (unsigned j = i; j < BLOCKS; j++) {
			char text[200];
			size_t len = strlen(test_context);

			run->bad = (uint64_t)1 << i | (uint64_t)1 << j;
			(void)snprintf(test_context + len, sizeof(test_context) - len,
				", blocks %u and %u, %s", i, j, op_text(op, text, sizeof(text)));
			try_it(run);
			test_context[len] = '\0';
		}
	}
	model_release(&run->after);
	model_release(&run->both);
	run->after = run->both = (struct model){0};
}

int main(void)
{
	uint64_t tried = 0, failed = 0, healed = 0;

	for (unsigned i = 0; i < COUNT(formats) * (MOST_FREE + 1); i++) {
		uint32_t version = formats[i / (MOST_FREE + 1)].version;
		struct run run;

		(void)snprintf(test_context, sizeof(test_context), "version 0x%x, %u free", version,
			i % (MOST_FREE + 1));
		begin(&run, version, formats[i / (MOST_FREE + 1)].cycles, i % (MOST_FREE + 1));
		for (unsigned j = 0; j < COUNT(changes); j++)
			try_all(&run, &changes[j]);
		tried += run.tried;
		failed += run.failed;
		healed += run.healed;
		end(&run);
	}
	must(healed > 300, "hardly anything failed");
	printf("full_bad: %" PRIu64 " combinations, %" PRIu64 " failures, %" PRIu64 " healed\n",
		tried, failed, healed);
	return 0;
}
