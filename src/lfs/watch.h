/* SPDX-License-Identifier: MIT */
/*
 * watch.h - tells somebody of each change, before it begins and when it is made.
 *
 * Every change of the tree or of committed content stands between tw_watch_begin()
 * and tw_watch_end(). Without a watch these are one test each.
 */
#ifndef TW_LFS_WATCH_H
#define TW_LFS_WATCH_H

#include "state.h"

/* What is about to change. An object that is there is @node, else it is @name in @dir. */
struct tw_news {
	enum twinfs_change_kind kind;
	struct tw_node *node; /* of content, its unsynced content is what is committed */
	const struct tw_node *dir;
	const char *name;
	enum tw_kind type;              /* with name */
	const struct tw_node *new_dir;  /* of a rename, and */
	const char *new_name;           /* the name there, which */
	const struct tw_node *replaced; /* this one has, or NULL */
	uint8_t attr;
	const void *value; /* of the attribute; NULL: it is removed */
	uint64_t size;     /* of the value in bytes, or of the volume in blocks */
};

/* -ENOMEM, or what reading the content gives: then nothing is to be changed. */
int tw_watch_tell(struct twinfs_volume *volume, const struct tw_news *news);
void tw_watch_tell_end(struct twinfs_volume *volume, int rc);

static inline int tw_watch_begin(struct twinfs_volume *volume, const struct tw_news *news)
{
	return volume->watch ? tw_watch_tell(volume, news) : 0;
}

/* The change that was begun came to @rc, which is returned. */
static inline int tw_watch_end(struct twinfs_volume *volume, int rc)
{
	if (volume->watch)
		tw_watch_tell_end(volume, rc);
	return rc;
}

/* NULL is allowed. */
void tw_watch_free(struct tw_watch *watch);

#endif
