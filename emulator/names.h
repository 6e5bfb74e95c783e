/* SPDX-License-Identifier: MIT */
/*
 * names.h - the set of names that the kernel may have cached in one directory.
 *
 * A restart has to tell the kernel which names to forget, found or not found;
 * names deeper down go with the directory they are in.
 *
 * Threads   all calls but init and release may run at once.
 */
#ifndef TW_EMULATOR_NAMES_H
#define TW_EMULATOR_NAMES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct tw_emu_names {
	pthread_mutex_t lock; /* guards the rest; nothing else is locked under it */
	void *tree;           /* of tsearch(3) */
	size_t count;
};

void tw_emu_names_init(struct tw_emu_names *names);
void tw_emu_names_release(struct tw_emu_names *names);

/*
 * Adds @name before it is told to the kernel. 0, 1 when the set has grown so
 * large that it should be emptied, or -ENOMEM: then the kernel must not cache it.
 */
int tw_emu_names_add(struct tw_emu_names *names, const char *name);

/* Empties the set, calling @each for each name it held; no lock is held meanwhile. */
void tw_emu_names_take(struct tw_emu_names *names, void (*each)(void *ctx, const char *name),
	void *ctx);

/* Whether there is nothing to take. */
bool tw_emu_names_is_empty(struct tw_emu_names *names);

#endif
