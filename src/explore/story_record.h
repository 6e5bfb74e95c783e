/* SPDX-License-Identifier: MIT */
/*
 * story_record.h - a story that writes itself down: the operations of a chip in
 * memory. Changes and boots are for the caller to tell.
 *
 * Threads  under the chip's lock; nobody else may add to the story meanwhile.
 */
#ifndef TW_EXPLORE_STORY_RECORD_H
#define TW_EXPLORE_STORY_RECORD_H

#include "story.h"

struct tw_story_recorder {
	struct tw_story *story;
	const struct twinfs_image *image;
	int rc; /* the first failure: the story is not complete then */
	/*
	 * For the chip, chained by the caller who sets their next: the first in front
	 * of every hook that may make an operation fail, the last behind all others.
	 */
	struct twinfs_flash_hook first, last;
};

/* Fills @recorder, which must stay where it is while its hooks are in use. */
void tw_story_record(struct tw_story_recorder *recorder, struct tw_story *story,
	const struct twinfs_flash *flash);

#endif
