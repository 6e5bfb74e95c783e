/* SPDX-License-Identifier: MIT */
/*
 * fuse_turn.h - how threads read requests and send answers: whose turn it is.
 *
 * Lifetime  tw_emu_turn_init() .. tw_emu_turn_release(), around the loop.
 * Threads   those of the loop share one object.
 */
#ifndef TW_EMULATOR_FUSE_TURN_H
#define TW_EMULATOR_FUSE_TURN_H

#include <semaphore.h>
#include <stdatomic.h>

struct fuse_session;

struct tw_emu_turn {
	atomic_uintptr_t keeper; /* the thread that reads always; 0: none yet */
	atomic_int crowd;        /* points: how much the requests of several programs mix */
	atomic_uint last;        /* program, or thread of one, that sent the last request */
	sem_t help;              /* where the other threads wait */
	atomic_bool is_greeted;  /* the answer to INIT was sent */
};

void tw_emu_turn_init(struct tw_emu_turn *turn);
void tw_emu_turn_release(struct tw_emu_turn *turn);

/*
 * Lets the requests of @session, which is mounted, go through emu->turn; call
 * before its loop. 0 or a negative errno.
 */
int tw_emu_turn_take(struct fuse_session *session);

#endif
