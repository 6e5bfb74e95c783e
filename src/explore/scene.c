/* SPDX-License-Identifier: MIT */
/*
 * scene.c - all that is known before the first state is tried.
 */
#include "scene.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/random.h"

/* What outcomes may take before they are forgotten, and tried again when they come back. */
#define MOST_HELD ((size_t)64 << 20)

static int no_memory(struct twinfs_error *err)
{
	return tw_fail(err, TWINFS_P_EXPLORE, -ENOMEM, "out of memory");
}

/* ---- the request ---- */

static int check_options(const struct twinfs_explore_options *options, struct twinfs_error *err)
{
	if (!options->trace)
		return tw_fail(err, TWINFS_P_EXPLORE, -EINVAL, "no trace is named");
	if (options->depth < 1 || options->depth > 2)
		return tw_fail(err, TWINFS_P_EXPLORE, -EINVAL, "depth %u is neither 1 nor 2",
			options->depth);
	if (options->shards > 1 && options->shard >= options->shards)
		return tw_fail(err, TWINFS_P_EXPLORE, -EINVAL,
			"there is no shard %u of %u: they are counted from 0", options->shard,
			options->shards);
	if (!options->examples)
		return tw_fail(err, TWINFS_P_EXPLORE, -EINVAL, "no examples would be kept");
	return 0;
}

static int digest_file(const char *path, struct twinfs_digest *ret_digest, struct twinfs_error *err)
{
	struct twinfs_image *file;
	int rc = twinfs_image_open(&path, 1, 0, &file, err);

	if (rc)
		return rc;
	*ret_digest = twinfs_digest(twinfs_image_bytes(file), (size_t)twinfs_image_size(file));
	twinfs_image_close(file);
	return 0;
}

static int make_request(struct tw_scene *scene, struct twinfs_error *err)
{
	const struct twinfs_explore_options *options = scene->options;
	struct twinfs_explore_request *request = &scene->request;
	int rc;

	*request = (struct twinfs_explore_request){
		.policy = options->module.policy,
		.depth = options->depth,
		.torn_bytes = options->torn_bytes,
		.torn_spread = options->torn_spread,
		.outcomes = options->outcomes,
		.seed = options->seed,
		.sample = options->sample,
		.shard = options->shards > 1 ? options->shard : 0,
		.shards = options->shards > 1 ? options->shards : 1,
		.examples = options->examples,
	};
	rc = digest_file(options->trace, &request->trace, err);
	if (!rc && options->checks)
		rc = digest_file(options->checks, &request->checks, err);
	return rc;
}

/* ---- the sample ---- */

/*
 * Chooses exactly so many of the operations, each with the same chance: the
 * next one is taken with the chance of those still wanted among those still left.
 */
static int choose(struct tw_scene *scene)
{
	uint64_t wanted = scene->request.sample, left = scene->story->op_count;

	if (!wanted || wanted >= left)
		return 0;
	scene->chosen = calloc(left + 1, sizeof(*scene->chosen));
	if (!scene->chosen)
		return -ENOMEM;
	for (uint64_t i = 0; wanted; i++, left--) {
		if (tw_random_at(scene->request.seed, i) % left >= wanted)
			continue;
		scene->chosen[i] = true;
		wanted--;
	}
	return 0;
}

/* ---- what was there, uncut ---- */

/* Shows a volume as it is on the chip, without a boot. One that is none shows nothing. */
static int show_volume(struct tw_rig *rig, enum twinfs_part part, const char *dir,
	const char *prefix, struct tw_shown *tree)
{
	struct twinfs_volume_config config = rig->parts[part].config;
	struct twinfs_volume *volume;
	uint64_t ino;
	int rc;

	if (!rig->parts[part].present)
		return 0;
	config.flags |= TWINFS_VOLUME_READ_ONLY;
	rc = twinfs_volume_mount(rig->stage.flash, &config, &volume, NULL);
	if (rc)
		return rc == -ENOMEM ? rc : 0;
	rc = twinfs_volume_walk(volume, dir, &ino);
	rc = rc ? 0 : tw_shown_add_volume(tree, prefix, volume, ino, NULL);
	twinfs_volume_unmount(volume);
	return rc;
}

static int show_slots(struct tw_rig *rig, struct tw_shown *tree)
{
	const struct twinfs_part_info *part = &rig->parts[TWINFS_PART_SECURE];
	struct twinfs_secure *secure;
	int rc;

	/* The module's own object knows the slots as the image had them, maybe after the run. */
	if (!twinfs_module_secure(rig->module))
		return 0;
	rc = twinfs_secure_open(rig->stage.flash, part->addr, part->size,
		rig->terms.options->module.key_file, &secure, NULL);
	if (rc)
		return rc == -ENOMEM ? rc : 0;
	rc = tw_shown_add_slots(tree, secure);
	twinfs_secure_close(secure);
	return rc;
}

/* What the volumes are, or will be once a boot has made them. */
static unsigned expect_flags(const struct tw_rig *rig)
{
	const struct twinfs_part_info *user = &rig->parts[TWINFS_PART_USER];
	uint32_t version =
		user->has_superblock ? user->superblock.version : user->config.disk_version;

	return version >> 16 == 2 ? 0 : TW_EXPECT_VERSION_1;
}

static int make_expectations(struct tw_scene *scene, struct tw_worker *worker)
{
	_cleanup_(tw_shown_release) struct tw_shown before = {0}, factory = {0};
	struct tw_rig *rig = &worker->rig;
	int rc = show_volume(rig, TWINFS_PART_USER, "/", "/usr", &before);

	if (!rc && scene->shows_backup)
		rc = show_volume(rig, TWINFS_PART_BACKUP, "/", "/bak", &before);
	if (!rc)
		rc = show_slots(rig, &before);
	if (!rc)
		rc = show_volume(rig, TWINFS_PART_BACKUP, "/usr", "/usr", &factory);
	return rc ? rc
		  : tw_expect_new(scene->story, &before, &factory, expect_flags(rig),
			    &scene->expect);
}

static int add_name(struct tw_known *known, size_t *room, const char *name)
{
	int rc = tw_array_grow(&known->names, room, known->name_count);

	if (!rc)
		known->names[known->name_count] = strdup(name);
	if (!rc && !known->names[known->name_count])
		rc = -ENOMEM;
	if (!rc)
		known->name_count++;
	return rc;
}

/* What a boot of the uncut chip, as it is now, has wrong. */
static int learn(struct tw_known *known, size_t *room, struct tw_worker *worker)
{
	const struct twinfs_crash uncut = {.cut.kind = TWINFS_CUT_END};
	struct tw_outcome *outcome;
	int rc = tw_trial_boot(&worker->rig, &uncut, &outcome);

	if (rc)
		return rc;
	for (unsigned i = 0; i < TWINFS_HOLE_COUNT; i++)
		known->holes[i] |= outcome->holes[i];
	for (size_t i = 0; !rc && i < outcome->issue_count; i++)
		if (outcome->issues[i].kind == TWINFS_FINDING_PROTECTED)
			rc = add_name(known, room, outcome->issues[i].subject);
	tw_outcome_free(outcome);
	return rc;
}

static int look_at_both_ends(struct tw_scene *scene, struct tw_worker *worker,
	struct tw_known *known)
{
	size_t room = 0;
	int rc = make_expectations(scene, worker);

	if (!rc)
		rc = learn(known, &room, worker);
	tw_worker_go_to(worker, scene->story->op_count);
	return rc ? rc : learn(known, &room, worker);
}

/* Goes through the run once, uncut: what was there before it, and what is wrong all the same. */
static int look_at_run(struct tw_scene *scene, struct twinfs_error *err)
{
	struct twinfs_explore_options plain = *scene->options;
	const struct twinfs_explore_options *options = scene->options;
	struct tw_known known = {0};
	struct tw_worker worker;
	int rc;

	plain.inspect = NULL;
	plain.depth = 1;
	scene->options = &plain;
	rc = tw_worker_open(&worker, scene, err);
	scene->is_checked = !rc;
	if (!rc) {
		rc = look_at_both_ends(scene, &worker, &known);
		if (rc)
			(void)tw_fail(err, TWINFS_P_EXPLORE, rc, "the uncut run: %s",
				twinfs_strerror(rc));
	}
	tw_worker_close(&worker);
	scene->options = options;
	scene->known = known;
	return rc;
}

/* ---- all of it ---- */

/* Whether the run changed a partition of this name. */
static bool changes(const struct tw_story *story, const char *name)
{
	for (size_t i = 0; i < story->part_count; i++) {
		const struct tw_story_part *part = &story->parts[i];

		if (strcmp(part->name, name) != 0)
			continue;
		for (size_t k = 0; k < story->op_count; k++)
			if (story->ops[k].addr >= part->addr &&
				story->ops[k].addr - part->addr < part->size)
				return true;
	}
	return false;
}

static const char *name_of(const struct twinfs_source *source)
{
	return source->image    ? source->image
	       : source->user   ? source->user
	       : source->backup ? source->backup
				: source->secure;
}

int tw_scene_open(struct tw_scene *scene, const struct twinfs_explore_options *options,
	struct twinfs_error *err)
{
	int rc = check_options(options, err);

	*scene = (struct tw_scene){
		.options = options, .image = name_of(&options->source), .most_held = MOST_HELD};
	(void)pthread_mutex_init(&scene->inspect, NULL); /* cannot fail with default attributes */
	if (!rc)
		rc = make_request(scene, err);
	if (!rc)
		rc = tw_story_load(options->trace, &scene->story, err);
	if (!rc && options->checks)
		rc = tw_rules_load(options->checks, &scene->rules, err);
	if (!rc && choose(scene))
		rc = no_memory(err);
	if (rc)
		return rc;
	scene->chunks = (scene->story->op_count + TWINFS_EXPLORE_CHUNK - 1) / TWINFS_EXPLORE_CHUNK;
	scene->chunks += !scene->chunks; /* the end of a run without operations */
	scene->shows_backup = changes(scene->story, "customer_backup_fs");
	return look_at_run(scene, err);
}

void tw_scene_close(struct tw_scene *scene)
{
	tw_expect_free(scene->expect);
	tw_rules_free(scene->rules);
	tw_story_free(scene->story);
	tw_known_release(&scene->known);
	free(scene->chosen);
	(void)pthread_mutex_destroy(&scene->inspect);
}
