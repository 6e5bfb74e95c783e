/* SPDX-License-Identifier: MIT */
/*
 * scene.h - all that is known before the first state is tried: the run, what it
 * promised, and what is wrong without any cut.
 */
#ifndef TW_EXPLORE_SCENE_H
#define TW_EXPLORE_SCENE_H

#include "worker.h"

/* Fills @scene, which borrows @options. Errors as twinfs_explore(); closed in any case. */
int tw_scene_open(struct tw_scene *scene, const struct twinfs_explore_options *options,
	struct twinfs_error *err);
void tw_scene_close(struct tw_scene *scene);

/* Whether a chunk is of the shard that was asked for. */
static inline bool tw_scene_has(const struct tw_scene *scene, uint64_t chunk)
{
	uint32_t shards = scene->request.shards;

	return shards <= 1 || chunk % shards == scene->request.shard;
}

#endif
