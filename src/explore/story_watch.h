/* SPDX-License-Identifier: MIT */
/*
 * story_watch.h - a story that writes itself, of a run that takes place in
 * memory: a hook of the chip and a watch for each of its volumes.
 */
#ifndef TW_EXPLORE_STORY_WATCH_H
#define TW_EXPLORE_STORY_WATCH_H

#include <twinfs/image.h>
#include <twinfs/volume.h>

#include "story.h"

/*
 * The chip's part. Its two hooks belong before and behind all others that may
 * make an operation fail; the caller chains them (flash.h).
 */
struct tw_story_recorder {
	struct tw_story *story;
	struct twinfs_image *image; /* of the chip */
	int rc;                     /* the first failure: the story is not complete then */
	struct twinfs_flash_hook first, last;
};

/* Fills @recorder, which must stay where it is while the hooks are in use. */
void tw_story_record(struct tw_story_recorder *recorder, struct tw_story *story,
	struct twinfs_image *image);

/* A volume's part. */
struct tw_story_watcher {
	struct tw_story_recorder *recorder;
	const char *prefix; /* of the volume's paths: "/usr" */
	uint32_t open;      /* the change in flight */
	struct twinfs_volume_watch watch;
};

/* Fills @watcher, which must stay where it is while the watch is in use. */
void tw_story_watch(struct tw_story_watcher *watcher, struct tw_story_recorder *recorder,
	const char *prefix);

#endif
