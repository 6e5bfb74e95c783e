/* SPDX-License-Identifier: MIT */
/*
 * doubts.h - names that the kernel may know wrongly: a change of them has
 * failed, but may have been made.
 *
 * Threads   all calls may run at once.
 */
#ifndef TW_EMULATOR_DOUBTS_H
#define TW_EMULATOR_DOUBTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct tw_emu_doubt;

struct tw_emu_doubts {
	pthread_mutex_t lock; /* guards what follows; nothing else is locked under it */
	struct tw_emu_doubt *first;
};

void tw_emu_doubts_init(struct tw_emu_doubts *doubts);

/* Forgets all of them. */
void tw_emu_doubts_release(struct tw_emu_doubts *doubts);

/* Whether a change that ended with @rc, 0 or a negative errno, leaves a doubt: no refusal does. */
bool tw_emu_leaves_doubt(int rc);

/* 0 or -ENOMEM. */
int tw_emu_doubts_add(struct tw_emu_doubts *doubts, uint64_t parent, const char *name);

/* Hands each to @each, in no order, and forgets it; @each may be NULL. */
void tw_emu_doubts_take(struct tw_emu_doubts *doubts,
	void (*each)(void *ctx, uint64_t parent, const char *name), void *ctx);

/* Whether there is none. */
bool tw_emu_doubts_is_empty(struct tw_emu_doubts *doubts);

#endif
