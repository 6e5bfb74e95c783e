/* SPDX-License-Identifier: MIT */
/*
 * worker.h - explores chunks of a run on a chip of its own, in rising order.
 *
 * Lifetime  tw_worker_open() .. tw_worker_close().
 * Threads   a worker belongs to one thread; the scene is only read.
 */
#ifndef TW_EXPLORE_WORKER_H
#define TW_EXPLORE_WORKER_H

#include <stdatomic.h>
#include <twinfs/explore.h>

#include "cuts.h"
#include "expect.h"
#include "trial.h"

/* What all workers have in common. */
struct tw_scene {
	const struct twinfs_explore_options *options;
	struct twinfs_explore_request request;
	const char *image; /* name, for messages */
	struct tw_story *story;
	struct tw_expect *expect;
	struct tw_rules *rules; /* NULL: none */
	struct tw_known known;
	pthread_mutex_t inspect;
	bool shows_backup; /* the run changes the backup partition too */
	bool *chosen;      /* operations, and the end; NULL: all */
	uint64_t chunks;
	bool is_checked;  /* the image is known to be that of the run */
	size_t most_held; /* bytes of outcomes a worker knows; then it forgets them */

	/* How far all of them are. */
	atomic_bool is_stopped;
	atomic_uint_fast64_t operations, states, boots, findings;
};

struct tw_worker {
	struct tw_scene *scene;
	struct tw_rig rig;
	struct tw_cuts cuts, cuts_again;
	struct tw_memo boots, slots;
	struct tw_outcome **held; /* all outcomes that the memos know */
	size_t held_count, held_room;
	size_t held_bytes;
	struct tw_outcome **passing; /* of the operation at hand, in no memo */
	size_t passing_count, passing_room;
	struct twinfs_explore_result *result; /* of the chunk at hand */
	struct tw_shown scratch;
	uint64_t at; /* operations that are on the chip */
	bool has_secure;
	struct tw_moment moment;
	uint8_t *sequel; /* what the boot after the first cut wrote */
	size_t sequel_room;
};

/* Opens the image and makes it what it was before the run. Closed in any case. */
int tw_worker_open(struct tw_worker *worker, struct tw_scene *scene, struct twinfs_error *err);
void tw_worker_close(struct tw_worker *worker);

/* Puts operations on the chip up to the @count-th, which is not behind. */
void tw_worker_go_to(struct tw_worker *worker, uint64_t count);

/*
 * Explores chunk @chunk, which lies behind all before. When the scene is stopped
 * meanwhile, *@ret_result is NULL. Errors as tw_trial_boot().
 */
int tw_worker_explore(struct tw_worker *worker, uint64_t chunk,
	struct twinfs_explore_result **ret_result);

/* Explores one state alone. -EINVAL: there is no such state. */
int tw_worker_explore_one(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct twinfs_explore_result **ret_result);

/*
 * Puts up the state of @crash, for good. -EINVAL: there is no such state. Errors
 * as tw_trial_boot().
 *
 * @ret_first  outcome of the boot that the second cut ended, kept by the worker;
 *             NULL: there is none
 */
int tw_worker_put_up(struct tw_worker *worker, const struct twinfs_crash *crash,
	struct tw_outcome **ret_first);

#endif
