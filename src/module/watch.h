/* SPDX-License-Identifier: MIT */
/*
 * watch.h - who is told of what happens in the volumes and slots of a module:
 * the recorder, and faults that wait for it.
 */
#ifndef TW_MODULE_WATCH_H
#define TW_MODULE_WATCH_H

#include <twinfs/module.h>

/* What a volume's watch is called with. */
struct tw_watched {
	struct twinfs_module *module;
	enum twinfs_part part;
};

/* Watches @volume from now on, if somebody wants to be told. 0 or -ENOMEM. */
int tw_watch_volume(struct twinfs_module *module, enum twinfs_part part,
	struct twinfs_volume *volume);

/* To be called when who wants to be told has changed: for all that is mounted. 0 or -ENOMEM. */
int tw_watch_all(struct twinfs_module *module);

/* The path of @inner, a path in the volume, as it is called from outside: written to @room. */
const char *tw_watch_path(enum twinfs_part part, const char *inner, char *room, size_t size);

#endif
