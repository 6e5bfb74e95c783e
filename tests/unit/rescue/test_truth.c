/* SPDX-License-Identifier: MIT */
/*
 * test_truth.c - what is called proven was so.
 *
 *	test_truth [SEQUENCES]
 *
 * Random operations on small volumes, with all that each file ever held by name and
 * directory; some end in a power cut. Each version that a rescue calls sure or proven
 * must be one of those, content and attributes alike, and the best tree of a volume
 * that is not damaged must be the volume's.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/rescue.h>

#include "lib/chip.h"
#include "lib/model.h"

enum {
	OPERATIONS = 120,
	SEQUENCES = 20,
	DIRS = 64,
	ROOT = 1,
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct geometry geometries[] = {
	{512, 128, 16, 0xff},
	{512, 40, 16, 0x00},
	{4096, 48, 4096, 0xff},
	{1024, 40, 32, 0xff},
	{128, 200, 1, 0xff},
};

static const struct {
	uint32_t version;
	int32_t cycles;
	unsigned flags;
} formats[] = {
	{TWINFS_LFS_1_1, 0, 0},
	{TWINFS_LFS_2_1, -1, 0},
	{TWINFS_LFS_2_1, 2, TWINFS_VOLUME_MTIME},
	{TWINFS_LFS_2_0, 7, 0},
};

/* A directory keeps its number through renames. */
struct dir {
	char path[MODEL_PATH];
	unsigned id;
};

struct run {
	struct chip chip;
	struct twinfs_volume *volume;
	struct model model;
	struct dir dirs[DIRS];
	unsigned dir_count, last_id;
	uint64_t *truth; /* set of what was: open addressing */
	size_t truth_room, truth_count;
	uint64_t random;
	bool is_over;
};

/* Versions that were looked at, over all sequences. */
static struct {
	unsigned sure, proven, proven_chains, likely, likely_true, guess, overwritten;
} tally;

/* ---- what was ---- */

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

static uint64_t start(unsigned dir, const char *name, bool is_dir)
{
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), &dir, sizeof(dir));

	return mix(mix(hash, name, strlen(name) + 1), &is_dir, sizeof(is_dir));
}

static uint64_t add_attr(uint64_t hash, uint8_t type, const void *value, uint16_t len)
{
	return mix(mix(mix(hash, &type, 1), &len, sizeof(len)), value, len);
}

static uint64_t *slot(const struct run *run, uint64_t hash)
{
	size_t at = hash % run->truth_room;

	while (run->truth[at] && run->truth[at] != hash)
		at = (at + 1) % run->truth_room;
	return &run->truth[at];
}

static void remember(struct run *run, uint64_t hash)
{
	uint64_t *at = slot(run, hash | 1);

	if (*at)
		return;
	must(++run->truth_count < run->truth_room / 2, "the set of truths is full");
	*at = hash | 1;
}

static unsigned dir_id(const struct run *run, const char *path)
{
	char parent[MODEL_PATH];

	model_set_path(parent, path);
	*strrchr(parent, '/') = '\0';
	if (!*parent)
		return ROOT;
	for (unsigned i = 0; i < run->dir_count; i++)
		if (!strcmp(run->dirs[i].path, parent))
			return run->dirs[i].id;
	return 0;
}

static uint64_t object_hash(const struct run *run, const struct model_object *object)
{
	uint64_t hash =
		start(dir_id(run, object->path), strrchr(object->path, '/') + 1, object->is_dir);

	hash = mix(hash, object->data, object->len);
	for (unsigned i = 0; i < MODEL_ATTRS; i++)
		if (object->attrs[i].is_set)
			hash = add_attr(hash, (uint8_t)(i + 1), object->attrs[i].value,
				object->attrs[i].len);
	return hash;
}

static void remember_all(struct run *run, const struct model *model)
{
	for (size_t i = 0; i < model->count; i++)
		remember(run, object_hash(run, &model->list[i]));
}

/* Keeps the numbers of directories as an operation leaves them. */
static void follow_dirs(struct run *run, const struct op *op)
{
	unsigned left = 0;

	if (op->kind == OP_MKDIR) {
		must(run->dir_count < DIRS, "too many directories");
		model_set_path(run->dirs[run->dir_count].path, op->a);
		run->dirs[run->dir_count++].id = ++run->last_id;
	}
	for (unsigned i = 0; i < run->dir_count; i++) {
		struct dir dir = run->dirs[i];
		size_t len = strlen(op->a);
		char path[2 * MODEL_PATH];

		if ((op->kind == OP_RMDIR && !strcmp(dir.path, op->a)) ||
			(op->kind == OP_RENAME && strcmp(op->a, op->b) != 0 &&
				!strcmp(dir.path, op->b)))
			continue;
		if (op->kind == OP_RENAME && !strncmp(dir.path, op->a, len) &&
			(!dir.path[len] || dir.path[len] == '/')) {
			(void)snprintf(path, sizeof(path), "%s%s", op->b, dir.path + len);
			model_set_path(dir.path, path);
		}
		run->dirs[left++] = dir;
	}
	run->dir_count = left;
}

/* ---- what is found ---- */

static uint64_t version_hash(const struct run *run, const struct twinfs_rescue *rescue,
	const struct twinfs_version *version)
{
	uint8_t *data = malloc(version->size + 1);
	uint64_t hash = start(dir_id(run, version->path), strrchr(version->path, '/') + 1,
		version->type == TWINFS_DIR);

	must(data, "no memory");
	if (version->type == TWINFS_REG)
		must(twinfs_rescue_read(rescue, version, data, version->size, 0) ==
				(int64_t)version->size,
			"%s cannot be read", version->path);
	hash = mix(hash, data, version->size);
	free(data);
	for (unsigned i = 0; i < version->attr_count; i++)
		hash = add_attr(hash, version->attrs[i].type, version->attrs[i].value,
			version->attrs[i].len);
	return hash;
}

static void judge(const struct run *run, const struct twinfs_rescue *rescue,
	const struct twinfs_version *version)
{
	/* what is overwritten may say any size */
	bool was = version->size <= chip_size(&run->chip) && version->path &&
		   strlen(version->path) < MODEL_PATH &&
		   *slot(run, version_hash(run, rescue, version) | 1);

	switch (version->sureness) {
	case TWINFS_SURE:
	case TWINFS_PROVEN:
		tally.sure += version->sureness == TWINFS_SURE;
		tally.proven += version->sureness == TWINFS_PROVEN;
		tally.proven_chains += version->sureness == TWINFS_PROVEN && version->block_count;
		must(was,
			"%s, %s, of %" PRIu64
			" bytes with %u attributes never was: block %u, commit %u, head %u",
			version->path, twinfs_sureness_name(version->sureness), version->size,
			version->attr_count, version->block, version->commit, version->head);
		break;
	case TWINFS_LIKELY:
		tally.likely++;
		tally.likely_true += was;
		break;
	case TWINFS_GUESS:
		tally.guess++;
		break;
	case TWINFS_OVERWRITTEN:
		tally.overwritten++;
		break;
	}
}

/* The best tree is the model: nothing is missing, nothing is too much. */
static void compare_tree(const struct run *run, const struct twinfs_rescue *rescue)
{
	must(twinfs_rescue_tree_count(rescue) == run->model.count,
		"the tree has %zu objects, not %zu", twinfs_rescue_tree_count(rescue),
		run->model.count);
	for (size_t i = 0; i < run->model.count; i++) {
		const struct model_object *object = &run->model.list[i];
		const struct twinfs_version *version;
		size_t first;

		must(twinfs_rescue_find(rescue, object->path, &first), "%s is missing",
			object->path);
		for (version = twinfs_rescue_version(rescue, first); !version->is_best; first++)
			version = twinfs_rescue_version(rescue, first);
		must(version->is_current && version->sureness == TWINFS_SURE &&
				version_hash(run, rescue, version) == object_hash(run, object),
			"%s differs", object->path);
	}
}

static void look(const struct run *run)
{
	struct twinfs_rescue *rescue;
	struct twinfs_error err = {0};
	int rc = twinfs_rescue_open(run->chip.flash, &run->chip.config, &rescue, &err);

	must(rc == 0, "open: %d %s", rc, err.text);
	for (size_t i = 0; i < twinfs_rescue_count(rescue); i++)
		judge(run, rescue, twinfs_rescue_version(rescue, i));
	for (size_t i = 0; i < twinfs_rescue_damage_count(rescue); i++)
		must(twinfs_rescue_damage(rescue, i)->kind == TWINFS_DAMAGE_NEWER, "damage: %s",
			twinfs_rescue_damage(rescue, i)->text);
	compare_tree(run, rescue);
	twinfs_rescue_close(rescue);
}

/* ---- sequences ---- */

static void remount(struct run *run)
{
	twinfs_volume_unmount(run->volume);
	run->volume = chip_mount(&run->chip);
}

/* An operation in which the power may go: true when what is there then is the new state. */
static bool cut(struct run *run, const struct op *op, const struct model *after)
{
	char why[256];
	bool is_new;
	int rc;

	run->chip.trouble.count = 0;
	run->chip.trouble.cut_at = 1 + test_random(&run->random) % 6;
	run->chip.trouble.torn_eighths = (unsigned)(test_random(&run->random) % 9);
	rc = op_on_volume(op, run->volume);
	chip_heal(&run->chip);
	if (rc != -ESHUTDOWN)
		return rc == 0;
	remount(run);
	is_new = model_equals(after, run->volume, why, sizeof(why));
	/* an empty file that is renamed may have both names after a cut: no state to go on from */
	run->is_over = !is_new && !model_equals(&run->model, run->volume, why, sizeof(why));
	return is_new;
}

static void step(struct run *run)
{
	struct model after = {0};
	struct op op;
	char text[256];

	op_random(&op, &run->model, &run->random, run->chip.config.block_size * 5);
	if (!run->model.has_attrs && op.kind >= OP_SETATTR)
		return;
	(void)snprintf(test_context, sizeof(test_context), "%s", op_text(&op, text, sizeof(text)));
	model_copy(&after, &run->model);
	if (op_on_model(&op, &after) == 0 &&
		(test_random(&run->random) % 8 ? op_on_volume(&op, run->volume) == 0
					       : cut(run, &op, &after))) {
		model_copy(&run->model, &after);
		follow_dirs(run, &op);
	}
	model_release(&after);
	remember_all(run, &run->model);
	if (test_random(&run->random) % 10 == 0)
		remount(run);
}

static void sequence(uint64_t seed, unsigned number)
{
	struct run run;
	const struct geometry *geometry = &geometries[number % COUNT(geometries)];
	unsigned format = number / COUNT(geometries) % COUNT(formats);

	run = (struct run){.random = seed + number, .last_id = ROOT, .truth_room = 1 << 14};
	chip_init(&run.chip, geometry);
	run.chip.config.disk_version = formats[format].version;
	run.chip.config.block_cycles = formats[format].cycles;
	run.chip.config.flags = formats[format].flags;
	run.model.has_attrs = formats[format].version >> 16 == 2;
	run.model.stores_times = formats[format].flags & TWINFS_VOLUME_MTIME;
	run.truth = calloc(run.truth_room, sizeof(*run.truth));
	must(run.truth, "no memory");
	must(twinfs_volume_format(run.chip.flash, &run.chip.config, NULL) == 0, "format");
	run.volume = chip_mount(&run.chip);
	for (unsigned i = 0; i < OPERATIONS && !run.is_over; i++) {
		step(&run);
		(void)snprintf(test_context, sizeof(test_context),
			"seed %" PRIu64 ", sequence %u, operation %u", seed, number, i);
		if (i % 10 == 9 && !run.is_over)
			look(&run);
	}
	twinfs_volume_unmount(run.volume);
	model_release(&run.model);
	free(run.truth);
	chip_release(&run.chip);
}

int main(int argc, char **argv)
{
	unsigned sequences = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : SEQUENCES;
	uint64_t seed = test_seed(1);

	for (unsigned i = 0; i < sequences; i++)
		sequence(seed, i);
	printf("%u sure, %u proven (%u in blocks), %u likely (%u true), %u guessed, %u "
	       "overwritten\n",
		tally.sure, tally.proven, tally.proven_chains, tally.likely, tally.likely_true,
		tally.guess, tally.overwritten);
	must(tally.proven && tally.proven_chains && tally.likely, "the sequences are too short");
	return 0;
}
