/* SPDX-License-Identifier: MIT */
/*
 * test_glance.c - blocks of the same sight cannot be told apart.
 *
 *	test_glance [SEQUENCES]
 *
 * Random workloads are recorded; each flash operation of them is torn in many
 * ways, so that one block differs from state to state. Two states in which it
 * differs but has the same sight then have to tell the same in all respects: when
 * checked and mounted, during the same random operations, with and without
 * another power cut, and after those, when all blocks must have the same sights
 * again. Sights that leave something out are tried as well: they must be caught.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "lfs/v1_disk.h"
#include "lfs/v2_disk.h"
#include "lib/chip.h"
#include "lib/model.h"
#include "lib/transcript.h"

enum {
	SEQUENCES = 60,
	OPERATIONS = 25,
	TAPE_MAX = 256,
	VARIANTS = 40, /* of one torn operation */
	PAIRS_MAX = 4, /* of them that are compared */
	FOLLOW_UPS = 8,
	BLOCK_MAX = 4096,
};

static const struct geometry geometries[] = {
	{512, 32, 16, 0xff},
	{512, 40, 512, 0x00},
	{4096, 20, 4096, 0xff},
	{128, 96, 1, 0x00},
	{1024, 24, 4, 0xff},
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
	{TWINFS_LFS_2_0, 3, TWINFS_VOLUME_UPGRADE},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* One flash operation, as far as it got. */
struct tape_op {
	enum twinfs_flash_op_kind kind;
	uint64_t addr;
	uint32_t len;
	uint8_t *data; /* of a program */
};

struct run {
	struct chip chip;
	struct twinfs_flash_hook recorder;
	struct tape_op tape[TAPE_MAX];
	unsigned tape_len;
	uint8_t *before, *state; /* the chip before the recorded operation; before a torn one */
	struct model model;
	struct op follow_ups[FOLLOW_UPS];
	uint64_t cut_at; /* of the flash operations of the follow-ups; 0: no cut */
	uint64_t random, bad_blocks;
	/* the sight that is tried */
	uint64_t (*sight)(struct run *run, uint32_t block);
	uint64_t pairs, pairs_of_2, content, metadata, erases, damages, differ;
};

/* ---- sights ---- */

static const uint8_t *bytes_of(struct run *run, uint32_t block)
{
	return chip_bytes(&run->chip) + (uint64_t)block * run->chip.config.block_size;
}

static uint64_t true_sight(struct run *run, uint32_t block)
{
	uint64_t sight;

	must(twinfs_volume_glance(run->chip.flash, &run->chip.config, block, &sight) == 0,
		"glance");
	return sight;
}

/* Nothing but what a valid half or log says now. */
static uint64_t sight_of_valid(struct run *run, uint32_t block)
{
	const uint8_t *bytes = bytes_of(run, block);
	uint32_t size = run->chip.config.block_size, seen = tw_v1_seen(bytes, size);
	struct tw_v2_log log = {0};

	if (run->chip.config.disk_version != TWINFS_LFS_1_1)
		seen = tw_v2_scan(bytes, size, &log) ? log.end : 0;
	return twinfs_digest(bytes, seen).low;
}

/* The same, and the first word, but not what follows the log. */
static uint64_t sight_without_rest(struct run *run, uint32_t block)
{
	return sight_of_valid(run, block) ^ tw_le32(bytes_of(run, block));
}

/* The first word, and what a block with a log might get added. */
static uint64_t sight_of_rest(struct run *run, uint32_t block)
{
	const uint8_t *bytes = bytes_of(run, block);
	uint32_t size = run->chip.config.block_size;
	struct tw_v2_log log = {0};

	if (!tw_v2_scan(bytes, size, &log))
		return tw_le32(bytes);
	return twinfs_digest(bytes + log.end, size - log.end).low;
}

/* ---- two states ---- */

/* NULL when a cut or damage was the end of the volume. */
static struct twinfs_volume *follow_up(struct run *run, struct twinfs_volume *volume, FILE *out)
{
	for (unsigned i = 0; i < FOLLOW_UPS; i++) {
		int rc = op_on_volume(&run->follow_ups[i], volume);

		fprintf(out, "operation %u: %d\n", i, rc);
		if (rc != -ESHUTDOWN)
			continue;
		twinfs_volume_unmount(volume);
		chip_heal(&run->chip);
		run->chip.trouble.bad_blocks = run->bad_blocks;
		rc = twinfs_volume_mount(run->chip.flash, &run->chip.config, &volume, NULL);
		fprintf(out, "mount %d\n", rc);
		if (rc)
			return NULL;
		transcribe_volume(volume, out);
	}
	return volume;
}

/* A volume that cannot be mounted can be formatted. */
static int mount(struct run *run, struct twinfs_volume **ret_volume, FILE *out)
{
	struct twinfs_error err = {0};
	int rc = twinfs_volume_mount(run->chip.flash, &run->chip.config, ret_volume, &err);

	fprintf(out, "mount %d, problem %d\n", rc, rc ? (int)err.problem : 0);
	if (!rc)
		return 0;
	fprintf(out, "format %d\n", twinfs_volume_format(run->chip.flash, &run->chip.config, NULL));
	rc = twinfs_volume_mount(run->chip.flash, &run->chip.config, ret_volume, NULL);
	fprintf(out, "mount %d\n", rc);
	return rc;
}

/* What is told after the follow-ups: as it is mounted, and when it is mounted anew. */
static void tell_end(struct run *run, struct twinfs_volume *volume, FILE *out)
{
	fprintf(out, "%" PRIu64 " flash operations\n", run->chip.trouble.count);
	chip_heal(&run->chip);
	transcribe_volume(volume, out);
	twinfs_volume_unmount(volume);
	transcribe_check(&run->chip, out);
	if (mount(run, &volume, out))
		return;
	transcribe_volume(volume, out);
	transcribe_blocks(&run->chip, volume, out);
	twinfs_volume_unmount(volume);
}

/* All that the image on the chip has to tell; it is changed by that. */
static char *tell(struct run *run)
{
	struct twinfs_volume *volume;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	must(out, "no memory");
	chip_heal(&run->chip);
	transcribe_check(&run->chip, out);
	if (mount(run, &volume, out) == 0) {
		transcribe_volume(volume, out);
		transcribe_blocks(&run->chip, volume, out);
		run->chip.trouble = (struct trouble){
			.cut_at = run->cut_at, .torn_eighths = (unsigned)run->cut_at % 9};
		run->chip.trouble.bad_blocks = run->bad_blocks;
		volume = follow_up(run, volume, out);
		if (volume)
			tell_end(run, volume, out);
	}
	must(fclose(out) == 0, "no memory");
	return text;
}

/* Puts the state before the torn operation on the chip, with another @block. */
static void set_state(struct run *run, uint32_t block, const uint8_t *bytes)
{
	uint32_t size = run->chip.config.block_size;

	memcpy(chip_bytes(&run->chip), run->state, chip_size(&run->chip));
	memcpy(chip_bytes(&run->chip) + (uint64_t)block * size, bytes, size);
}

struct use {
	uint32_t block;
	bool is_content, is_metadata;
};

static int note_use(void *ctx, const struct twinfs_extent *extent)
{
	struct use *use = ctx;

	if (extent->block == use->block && extent->owner.role == TWINFS_OWNER_DATA)
		use->is_content = true;
	else if (extent->block == use->block)
		use->is_metadata = true;
	return 0;
}

/* What the block is used for in the state on the chip. */
static struct use use_of(struct run *run, uint32_t block)
{
	struct use use = {.block = block};
	const struct twinfs_extents extents = {note_use, &use};
	struct twinfs_volume *volume;

	chip_heal(&run->chip);
	use.is_metadata = block < 2;
	if (twinfs_volume_mount(run->chip.flash, &run->chip.config, &volume, NULL))
		return use;
	must(twinfs_volume_map(volume, NULL, &extents) == 0, "map");
	twinfs_volume_unmount(volume);
	return use;
}

static void report(const char *a, const char *b)
{
	size_t at = 0, line = 0;

	for (; a[at] == b[at]; at++)
		line = a[at] == '\n' ? at + 1 : line;
	fprintf(stderr, "one says: %.*s\nother:    %.*s\n",
		(int)(strchrnul(a + line, '\n') - a - line), a + line,
		(int)(strchrnul(b + line, '\n') - b - line), b + line);
}

static void compare(struct run *run, uint32_t block, const uint8_t *one, const uint8_t *other)
{
	struct use use;
	char *a, *b;

	set_state(run, block, one);
	use = use_of(run, block);
	if (use.is_content) { /* all its bytes can be seen */
		run->content++;
		return;
	}
	run->cut_at = test_random(&run->random) % 3 ? 0 : 1 + test_random(&run->random) % 16;
	a = tell(run);
	set_state(run, block, other);
	b = tell(run);
	run->pairs++;
	run->pairs_of_2 += run->chip.config.disk_version != TWINFS_LFS_1_1;
	run->metadata += use.is_metadata;
	if (strcmp(a, b) != 0) {
		run->differ++;
		if (run->sight == true_sight)
			report(a, b);
		must(run->sight != true_sight, "block %u: same sight, but not the same", block);
	}
	free(a);
	free(b);
}

/* ---- torn operations ---- */

static uint8_t any_byte(struct run *run)
{
	return (uint8_t)test_random(&run->random);
}

/* A place in @len bytes, often near one of the ends. */
static uint32_t any_place(struct run *run, uint32_t len)
{
	uint64_t random = test_random(&run->random);
	uint32_t at = (uint32_t)(random >> 8) % (len + 1);

	switch (random % 4) {
	case 0:
		return at % 24 < len ? at % 24 : len;
	case 1:
		return len - (at % 24 < len ? at % 24 : len);
	default:
		return at;
	}
}

/*
 * Whole up to some byte; of some more bytes, some bits. Sometimes without the
 * first bytes: who says in which order cells are programmed.
 */
static void tear_program(struct run *run, const struct tape_op *op, uint8_t *cells)
{
	uint32_t done = any_place(run, op->len), style = any_byte(run) % 4;
	uint32_t garbled = style == 0 ? 0 : style == 1 ? 1 : style == 2 ? 16 : op->len;
	uint32_t first = any_byte(run) % 3 ? 0 : any_place(run, op->len);

	for (uint32_t i = first; i < op->len && i < done + garbled; i++) {
		uint8_t left_out = i < done ? 0 : any_byte(run) & any_byte(run);

		cells[i] &= op->data[i] | left_out;
	}
}

static void tear_erase(struct run *run, const struct tape_op *op, uint8_t *cells)
{
	uint32_t done = any_place(run, op->len), style = any_byte(run) % 4;

	for (uint32_t i = 0; i < op->len; i++) {
		if (style == 3)
			cells[i] = any_byte(run);
		else if (i < done)
			cells[i] = 0xff;
		else if (style == 1)
			cells[i] |= any_byte(run);
		else if (style == 2)
			cells[i] |= any_byte(run) & any_byte(run) & any_byte(run);
	}
}

/* Some bits flip, somewhere in the block. */
static void damage(struct run *run, const struct tape_op *op, uint8_t *cells)
{
	for (unsigned count = 1 + any_byte(run) % 3; count; count--)
		cells[any_place(run, op->len - 1)] ^= (uint8_t)(1u << any_byte(run) % 8);
}

static void change(struct run *run, const struct tape_op *op, uint8_t *cells)
{
	switch (op->kind) {
	case TWINFS_FLASH_PROGRAM:
		tear_program(run, op, cells);
		break;
	case TWINFS_FLASH_ERASE:
		tear_erase(run, op, cells);
		break;
	case TWINFS_FLASH_READ: /* nothing happens, but to the cells */
		damage(run, op, cells);
		break;
	}
}

static void play(struct run *run, const struct tape_op *op)
{
	uint8_t *cells = run->state + op->addr;

	for (uint32_t i = 0; i < op->len; i++)
		cells[i] = op->kind == TWINFS_FLASH_ERASE ? 0xff : cells[i] & op->data[i];
}

static void tear(struct run *run, const struct tape_op *op)
{
	static uint8_t blocks[VARIANTS][BLOCK_MAX];
	static uint64_t sights[VARIANTS];
	uint32_t size = run->chip.config.block_size, block = (uint32_t)(op->addr / size);
	unsigned compared = 0;

	for (unsigned i = 0; i < VARIANTS; i++) {
		uint8_t *cells = blocks[i] + op->addr % size;

		memcpy(blocks[i], run->state + (uint64_t)block * size, size);
		change(run, op, cells);
		set_state(run, block, blocks[i]);
		sights[i] = run->sight(run, block);
	}
	for (unsigned i = 0; i < VARIANTS && compared < PAIRS_MAX; i++) {
		/* with a later one first: those that have many alike are not all there is */
		unsigned k = (unsigned)(test_random(&run->random) % VARIANTS);

		for (unsigned turn = 0; turn < VARIANTS; turn++, k = (k + 1) % VARIANTS) {
			if (sights[i] != sights[k] || !memcmp(blocks[i], blocks[k], size))
				continue;
			compare(run, block, blocks[i], blocks[k]);
			run->erases += op->kind == TWINFS_FLASH_ERASE;
			run->damages += op->kind == TWINFS_FLASH_READ;
			compared++;
			break;
		}
	}
}

/* ---- workloads ---- */

static int record(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct run *run = ctx;
	int rc = run->chip.hook.before(run->chip.hook.ctx, op, done);
	struct tape_op *it = &run->tape[run->tape_len++];

	must(run->tape_len < TAPE_MAX, "the tape is full");
	*it = (struct tape_op){op->kind, op->addr, rc < 0 ? *done : op->len, NULL};
	if (op->kind == TWINFS_FLASH_PROGRAM) {
		it->data = malloc(it->len + 1u);
		must(it->data, "no memory");
		memcpy(it->data, op->data, it->len);
	}
	return rc;
}

static void rewind_tape(struct run *run)
{
	while (run->tape_len)
		free(run->tape[--run->tape_len].data);
}

static void make_follow_ups(struct run *run)
{
	struct model after = {0};

	model_copy(&after, &run->model);
	for (unsigned i = 0; i < FOLLOW_UPS; i++) {
		op_random(&run->follow_ups[i], &after, &run->random,
			run->chip.config.block_size * 2);
		(void)op_on_model(&run->follow_ups[i], &after);
	}
	model_release(&after);
}

/* What comes of @op goes to the tape. The model may drift: it is for names only. */
static void record_op(struct run *run, const struct op *op)
{
	struct twinfs_volume *volume;

	chip_heal(&run->chip);
	memcpy(run->before, chip_bytes(&run->chip), chip_size(&run->chip));
	volume = chip_mount(&run->chip);
	run->chip.trouble.bad_blocks = run->bad_blocks;
	twinfs_flash_set_hook(run->chip.flash, &run->recorder);
	if (op_on_volume(op, volume) == 0)
		(void)op_on_model(op, &run->model);
	twinfs_flash_set_hook(run->chip.flash, &run->chip.hook);
	twinfs_volume_unmount(volume);
}

/* Tears each flash operation of the tape; the workload goes on with all, or some of them. */
static void tear_all(struct run *run)
{
	uint8_t *next = malloc(chip_size(&run->chip));
	unsigned stop = test_random(&run->random) % 3
				? run->tape_len
				: (unsigned)(test_random(&run->random) % (run->tape_len + 1));

	must(next, "no memory");
	memcpy(run->state, run->before, chip_size(&run->chip));
	memcpy(next, run->before, chip_size(&run->chip));
	for (unsigned i = 0; i < run->tape_len; i++) {
		tear(run, &run->tape[i]);
		play(run, &run->tape[i]);
		if (i + 1 == stop)
			memcpy(next, run->state, chip_size(&run->chip));
	}
	memcpy(chip_bytes(&run->chip), next, chip_size(&run->chip));
	free(next);
}

/* Damage of blocks at rest, on a volume that mostly has another one already. */
static void damage_some(struct run *run)
{
	uint32_t size = run->chip.config.block_size;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t blocks = chip_size(&run->chip) / size;
		struct tape_op op = {TWINFS_FLASH_READ,
			test_random(&run->random) % (i % 2 ? blocks : 4) * size, size, NULL};

		memcpy(run->state, run->before, chip_size(&run->chip));
		if (i)
			damage(run, &op, run->state + test_random(&run->random) % blocks * size);
		tear(run, &op);
	}
}

static void one_sequence(struct run *run, uint64_t seed, unsigned number)
{
	const struct geometry *geometry = &geometries[number % COUNT(geometries)];
	unsigned format = number / COUNT(geometries) % COUNT(formats);

	run->random = seed + number;
	chip_init(&run->chip, geometry);
	run->chip.config.disk_version = formats[format].version;
	run->chip.config.block_cycles = formats[format].cycles;
	run->chip.config.flags = formats[format].flags;
	run->recorder = (struct twinfs_flash_hook){.before = record, .ctx = run};
	run->before = malloc(chip_size(&run->chip));
	run->state = malloc(chip_size(&run->chip));
	must(run->before && run->state, "no memory");
	must(twinfs_volume_format(run->chip.flash, &run->chip.config, NULL) == 0, "format");
	model_copy(&run->model, &(struct model){.has_attrs = formats[format].version >> 16 == 2});
	for (unsigned i = 0; i < OPERATIONS && !(run->sight != true_sight && run->differ); i++) {
		struct op op;
		char text[512];

		op_random(&op, &run->model, &run->random, geometry->block_size * 2);
		(void)snprintf(test_context, sizeof(test_context),
			"seed %" PRIu64 ", sequence %u, operation %u, %.100s", seed, number, i,
			op_text(&op, text, sizeof(text)));
		/* in version 1 pairs move only away from bad blocks */
		run->bad_blocks = test_random(&run->random) & test_random(&run->random) &
				  test_random(&run->random) & ~UINT64_C(3);
		if (number % 2)
			run->bad_blocks = 0;
		record_op(run, &op);
		make_follow_ups(run);
		damage_some(run);
		tear_all(run);
		rewind_tape(run);
	}
	free(run->before);
	free(run->state);
	chip_release(&run->chip);
}

static void try_sight(struct run *run, uint64_t (*sight)(struct run *run, uint32_t block),
	uint64_t seed, unsigned sequences)
{
	*run = (struct run){.sight = sight};
	for (unsigned i = 0; i < sequences && !run->differ; i++)
		one_sequence(run, seed, i);
	model_release(&run->model);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		uint64_t (*sight)(struct run *run, uint32_t block);
	} coarse[] = {
		{"without the first word", sight_of_valid},
		{"without what follows a log", sight_without_rest},
		{"without the log", sight_of_rest},
	};
	unsigned sequences = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : SEQUENCES;
	uint64_t seed = test_seed(1);
	static struct run run;

	try_sight(&run, true_sight, seed, sequences);
	printf("%" PRIu64 " pairs of states compared, %" PRIu64 " of them in version 2; %" PRIu64
	       " of torn erases, %" PRIu64 " of damage; in %" PRIu64
	       " the block is metadata in use; %" PRIu64 " left out, since it is content\n",
		run.pairs, run.pairs_of_2, run.erases, run.damages, run.metadata, run.content);
	must(!sequences || run.metadata > 100, "hardly any two states had the same sight");
	for (unsigned i = 0; i < COUNT(coarse); i++) {
		try_sight(&run, coarse[i].sight, seed, SEQUENCES);
		must(run.differ, "a sight %s is not caught", coarse[i].name);
		printf("a sight %s is caught by pair %" PRIu64 "\n", coarse[i].name, run.pairs);
	}
	return 0;
}
