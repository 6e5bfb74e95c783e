/* SPDX-License-Identifier: MIT */
/*
 * test_promises.c - random histories of a volume: what the explorer accepts at
 * each moment, against a plain model of it.
 *
 *	test_promises [HISTORIES]
 *
 * Chip and volume are recorded while random operations run on the volume. Then the power
 * is cut before every operation of the chip, and in the middle of it: what a mount
 * shows is accepted. And of each such tree, of the trees of other moments, and of
 * mutations of both, exactly those are accepted that the model has at that moment.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "explore/expect.h"
#include "explore/story_record.h"
#include "lib/chip.h"
#include "lib/model.h"

enum {
	OPERATIONS = 40,
	HISTORIES = 40,
	MUTATIONS = 6, /* of each tree */
};

static const struct geometry geometries[] = {
	{512, 128, 16, 0xff},
	{4096, 48, 4096, 0xff},
	{1024, 64, 32, 0xff},
};

static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_1};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* What the model says of one operation that worked. */
struct promise {
	uint64_t began, ended;    /* moments */
	struct twinfs_digest sum; /* of the tree behind it */
	bool has_both;            /* may leave an empty file under two names: then the sum is */
	struct twinfs_digest both;
};

struct run {
	struct chip chip;
	struct twinfs_volume *volume;
	struct model model;
	uint64_t random;
	uint8_t *before; /* bytes of the chip */
	struct tw_story *story;
	uint32_t index; /* of the change in flight */
	struct tw_story_recorder recorder;
	struct twinfs_flash_hook hooks[3];
	struct tw_expect *expect;
	struct twinfs_digest first; /* sum of the tree before all */
	struct promise promises[OPERATIONS];
	size_t promise_count;
	struct tw_shown trees[OPERATIONS + 1]; /* of the model */
};

struct tally {
	uint64_t states, accepted, refused;
};

/* ---- the model as a tree ---- */

static void add_object(struct tw_shown *tree, const struct model_object *object)
{
	struct tw_version version = {.kind = object->is_dir ? TW_THING_DIRECTORY : TW_THING_FILE};
	char path[MODEL_PATH + 8];

	(void)snprintf(path, sizeof(path), "/usr%s", object->path);
	if (!object->is_dir) {
		version.size = object->len;
		version.digest = twinfs_digest(object->data, object->len);
	}
	must(tw_shown_add(tree, path, TW_NOT_ATTR, &version) == 0, "no memory");
	for (int i = 0; i < MODEL_ATTRS; i++) {
		const struct model_attr *attr = &object->attrs[i];

		if (!attr->is_set || i + 1 == TWINFS_ATTR_MTIME)
			continue;
		version = (struct tw_version){
			TW_THING_ATTR, attr->len, twinfs_digest(attr->value, attr->len)};
		must(tw_shown_add(tree, path, i + 1, &version) == 0, "no memory");
	}
}

static void model_tree(const struct model *model, struct tw_shown *tree)
{
	tw_shown_clear(tree);
	for (size_t i = 0; i < model->count; i++)
		add_object(tree, &model->list[i]);
}

/* ---- the run ---- */

static enum tw_story_change_kind kind_of(const struct twinfs_volume_change *change)
{
	switch (change->kind) {
	case TWINFS_CHANGE_CREATE:
		return TW_STORY_CREATE;
	case TWINFS_CHANGE_MKDIR:
		return TW_STORY_MKDIR;
	case TWINFS_CHANGE_CONTENT:
		return TW_STORY_CONTENT;
	case TWINFS_CHANGE_REMOVE:
		return TW_STORY_REMOVE;
	case TWINFS_CHANGE_RENAME:
		return TW_STORY_RENAME;
	case TWINFS_CHANGE_ATTR:
		return change->removes_attr ? TW_STORY_NO_ATTR : TW_STORY_ATTR;
	case TWINFS_CHANGE_RESIZE:
		break;
	}
	return TW_STORY_OTHER;
}

static void change_began(void *ctx, const struct twinfs_volume_change *change)
{
	struct run *run = ctx;
	char path[MODEL_PATH + 8], new_path[MODEL_PATH + 8];
	const struct tw_story_change told = {.kind = kind_of(change),
		.attr = change->attr,
		.path = path,
		.new_path = new_path,
		.size = change->size,
		.digest = change->digest};

	(void)snprintf(path, sizeof(path), "/usr%s", change->path);
	(void)snprintf(new_path, sizeof(new_path), "/usr%s", change->new_path ?: "");
	must(tw_story_began(run->story, &told, &run->index) == 0, "no memory");
}

static void change_ended(void *ctx, const struct twinfs_volume_change *change, int rc)
{
	struct run *run = ctx;

	(void)change;
	must(tw_story_ended(run->story, run->index, rc) == 0, "no memory");
}

/* Version 1 renames an empty file in two steps. */
static void allow_both_names(const struct run *run, const struct op *op, const char *path,
	struct promise *promise)
{
	const struct tw_version empty = {TW_THING_FILE, 0, twinfs_digest(NULL, 0)};
	const struct model_object *object = model_find(&run->model, op->a);

	promise->has_both = !run->model.has_attrs && op->kind == OP_RENAME && !object->is_dir &&
			    !object->len && strcmp(op->a, op->b) != 0;
	promise->both = tw_sum_of(path, strlen(path), TW_NOT_ATTR, &empty);
}

static void do_one(struct run *run)
{
	struct model after = {0};
	char path[MODEL_PATH + 8];
	struct promise *promise = &run->promises[run->promise_count];
	struct op op;

	op_random(&op, &run->model, &run->random, 3 * run->chip.config.block_size);
	model_copy(&after, &run->model);
	if (op_on_model(&op, &after)) {
		model_release(&after);
		return;
	}
	(void)snprintf(path, sizeof(path), "/usr%s", op.a);
	promise->began = run->story->op_count;
	allow_both_names(run, &op, path, promise);
	must(op_on_volume(&op, run->volume) == 0, "the volume is too small for this test");
	promise->ended = run->story->op_count;
	run->promise_count++;
	model_release(&run->model);
	run->model = after;
	model_tree(&run->model, &run->trees[run->promise_count]);
	promise->sum = run->trees[run->promise_count].sum;
	promise->both = tw_sum_add(promise->both, promise->sum);
}

static void record(struct run *run)
{
	const struct twinfs_volume_watch watch = {change_began, change_ended, run};

	must(twinfs_volume_set_watch(run->volume, &watch) == 0, "no memory");
	tw_story_record(&run->recorder, run->story, run->chip.flash);
	run->hooks[0] = run->recorder.first;
	run->hooks[1] = run->chip.hook;
	run->hooks[2] = run->recorder.last;
	run->hooks[0].next = &run->hooks[1];
	run->hooks[1].next = &run->hooks[2];
	twinfs_flash_set_hook(run->chip.flash, run->hooks);
}

static void begin(struct run *run, const struct geometry *geometry, uint32_t version)
{
	struct op op;

	chip_init(&run->chip, geometry);
	run->chip.config.disk_version = version;
	must(twinfs_volume_format(run->chip.flash, &run->chip.config, NULL) == 0, "format");
	run->volume = chip_mount(&run->chip);
	run->model.has_attrs = version >> 16 == 2;
	for (int i = 0; i < 10; i++) {
		op_random(&op, &run->model, &run->random, run->chip.config.block_size);
		if (op_on_model(&op, &run->model) == 0)
			must(op_on_volume(&op, run->volume) == 0, "before the run");
	}
	model_tree(&run->model, &run->trees[0]);
	run->first = run->trees[0].sum;
	run->before = malloc(chip_size(&run->chip));
	run->story = tw_story_new("the run", chip_size(&run->chip),
		&twinfs_flash_config(run->chip.flash)->geometry);
	must(run->before && run->story, "no memory");
	memcpy(run->before, chip_bytes(&run->chip), chip_size(&run->chip));
	record(run);
}

static void end(struct run *run)
{
	for (size_t i = 0; i < COUNT(run->trees); i++)
		tw_shown_release(&run->trees[i]);
	tw_expect_free(run->expect);
	tw_story_free(run->story);
	model_release(&run->model);
	free(run->before);
	chip_release(&run->chip);
}

/* ---- what the model allows ---- */

static bool is_allowed(const struct run *run, uint64_t done, struct twinfs_digest sum)
{
	struct twinfs_digest base = run->first;
	bool in_flight = false;

	for (size_t i = 0; i < run->promise_count; i++) {
		const struct promise *promise = &run->promises[i];

		if (promise->ended <= done)
			base = promise->sum;
		else if (promise->began <= done)
			in_flight |= tw_digest_is_same(promise->sum, sum) ||
				     (promise->has_both && tw_digest_is_same(promise->both, sum));
	}
	return in_flight || tw_digest_is_same(base, sum);
}

static void ignore(void *ctx, const struct tw_finding *finding)
{
	must(*finding->text && finding->path, "a finding without words");
	++*(int *)ctx;
}

static void say(void *ctx, const struct tw_finding *finding)
{
	(void)ctx;
	fprintf(stderr, "%s\n", finding->text);
}

static void judge(struct run *run, uint64_t done, const struct tw_shown *tree, struct tally *tally)
{
	struct tw_moment moment = tw_expect_at(run->expect, done);
	bool right = is_allowed(run, done, tree->sum);
	bool accepted = tw_expect_accepts(run->expect, moment, tree, NULL);
	int said = 0, count = tw_expect_explain(run->expect, moment, tree, NULL, ignore, &said);

	if (accepted && !right)
		tw_expect_explain(run->expect, moment, tree, NULL, say, NULL);
	must(accepted == right, "operation %" PRIu64 ": %s", done,
		accepted ? "accepted, and wrong" : "refused, and right");
	must(count == said && (count == 0) == right, "operation %" PRIu64 ": %d findings", done,
		count);
	tally->accepted += accepted;
	tally->refused += !accepted;
}

/* ---- mutations ---- */

/* Copies @from, and does to thing @at what @how says. */
static void mutate(struct tw_shown *to, const struct tw_shown *from, size_t at, uint64_t how,
	const struct tw_shown *other)
{
	const struct tw_version odd = {TW_THING_FILE, 3, twinfs_digest("odd", 3)};

	tw_shown_clear(to);
	for (size_t i = 0; i < from->count; i++) {
		const struct tw_thing *thing = &from->things[i], *then = NULL;
		const char *path = tw_shown_path(from, thing);
		const struct tw_version *version = &thing->version;

		if (i == at && how % 5 == 0)
			continue; /* lost */
		if (i == at && how % 5 == 1)
			version = &odd;
		if (i == at && how % 5 == 2)
			then = tw_shown_find(other, path, thing->attr); /* of another moment */
		must(tw_shown_add(to, path, thing->attr, then ? &then->version : version) == 0,
			"no memory");
	}
	if (how % 5 == 3)
		must(tw_shown_add(to, "/usr/nobody", TW_NOT_ATTR, &odd) == 0, "no memory");
	if (how % 5 == 4 && other->count) {
		const struct tw_thing *thing = &other->things[(how >> 32) % other->count];
		const char *path = tw_shown_path(other, thing);

		if (!tw_shown_find(from, path, thing->attr)) /* back, or too early */
			must(tw_shown_add(to, path, thing->attr, &thing->version) == 0,
				"no memory");
	}
}

static void judge_mutations(struct run *run, uint64_t done, const struct tw_shown *tree,
	struct tally *tally)
{
	struct tw_shown mutant = {0};

	for (int i = 0; i < MUTATIONS; i++) {
		uint64_t how = test_random(&run->random), pick = test_random(&run->random);
		const struct tw_shown *other = &run->trees[pick % (run->promise_count + 1)];

		judge(run, done, other, tally);
		mutate(&mutant, tree, tree->count ? (how >> 16) % tree->count : 0, how, other);
		judge(run, done, &mutant, tally);
	}
	tw_shown_release(&mutant);
}

/* ---- states ---- */

/* Mounts what is on the chip now. */
static void judge_state(struct run *run, uint64_t done, struct tally *tally)
{
	struct tw_shown tree = {0};
	struct twinfs_volume *volume = chip_mount(&run->chip);

	must(tw_shown_add_volume(&tree, "/usr", volume, TWINFS_ROOT_INO, NULL) == 0, "reading");
	twinfs_volume_unmount(volume);
	if (!is_allowed(run, done, tree.sum))
		(void)tw_expect_explain(run->expect, tw_expect_at(run->expect, done), &tree, NULL,
			say, NULL);
	must(is_allowed(run, done, tree.sum), "operation %" PRIu64 ": the volume is wrong", done);
	judge(run, done, &tree, tally);
	judge_mutations(run, done, &tree, tally);
	tw_shown_release(&tree);
	tally->states++;
}

static void tear(struct run *run, const struct tw_story_op *op, uint64_t done, struct tally *tally)
{
	uint8_t *bytes = chip_bytes(&run->chip) + op->addr, *kept = malloc(op->len);

	must(kept, "no memory");
	memcpy(kept, bytes, op->len);
	if (op->data_len)
		memcpy(bytes, op->data, op->data_len / 2);
	else
		memset(bytes, 0xff, op->len / 2);
	judge_state(run, done, tally);
	memcpy(bytes, kept, op->len);
	free(kept);
}

static void cut_everywhere(struct run *run, struct tally *tally)
{
	twinfs_flash_set_hook(run->chip.flash, &run->chip.hook);
	memcpy(chip_bytes(&run->chip), run->before, chip_size(&run->chip));
	for (uint64_t done = 0; done <= run->story->op_count; done++) {
		judge_state(run, done, tally);
		if (done == run->story->op_count)
			break;
		tear(run, &run->story->ops[done], done, tally);
		tw_story_apply(&run->story->ops[done], chip_bytes(&run->chip));
	}
}

static void history(uint64_t seed, unsigned number, struct tally *tally)
{
	static const struct tw_shown no_factory;
	struct run *run = calloc(1, sizeof(*run));

	must(run, "no memory");
	run->random = seed + number;
	(void)snprintf(test_context, sizeof(test_context), "seed %" PRIu64 ", history %u", seed,
		number);
	begin(run, &geometries[number % COUNT(geometries)],
		versions[number / COUNT(geometries) % COUNT(versions)]);
	for (int i = 0; i < OPERATIONS; i++)
		do_one(run);
	twinfs_volume_unmount(run->volume);
	must(run->recorder.rc == 0, "no memory");
	must(tw_expect_new(run->story, &run->trees[0], &no_factory,
		     run->model.has_attrs ? 0 : TW_EXPECT_VERSION_1, &run->expect) == 0,
		"no memory");
	cut_everywhere(run, tally);
	end(run);
	free(run);
}

int main(int argc, char **argv)
{
	unsigned histories = argc > 1 ? (unsigned)atoi(argv[1]) : HISTORIES;
	uint64_t seed = test_seed(1);
	struct tally tally = {0};

	for (unsigned i = 0; i < histories; i++)
		history(seed, i, &tally);
	printf("%" PRIu64 " states, %" PRIu64 " trees accepted, %" PRIu64 " refused\n",
		tally.states, tally.accepted, tally.refused);
	must(tally.refused > tally.accepted / 2, "too few trees are wrong");
	return 0;
}
