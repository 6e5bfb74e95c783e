/* SPDX-License-Identifier: MIT */
/*
 * fuse_worker.h - the thread that does what a request cannot: switch the
 * power, take back what the kernel was told, and stop on a signal.
 *
 * Lifetime  tw_emu_worker_start() .. tw_emu_worker_stop().
 * Threads   power and shed may be called by any thread.
 */
#ifndef TW_EMULATOR_FUSE_WORKER_H
#define TW_EMULATOR_FUSE_WORKER_H

#include <signal.h>
#include <stddef.h>

#include "control.h"
#include "state.h"

struct fuse_req;
struct fuse_session;
struct tw_emu_worker;

/*
 * Blocks the signals that end the mount (HUP, INT, TERM) until the worker takes
 * them; call before the mount is made. 0 or a negative errno.
 */
int tw_emu_signals_block(void);

/*
 * Starts the thread; the caller runs the session's loop next, which ends
 * when a signal comes. 0, or a negative errno.
 */
int tw_emu_worker_start(struct tw_emu *emu, struct fuse_session *session);

/* Ends the thread, after the loop; requests still waiting are answered with an error. */
void tw_emu_worker_stop(struct tw_emu *emu);

/* Switches the power, then answers @req, a write of @size bytes. 0 or -ENOMEM: not answered. */
int tw_emu_worker_power(struct tw_emu_worker *worker, struct fuse_req *req, enum tw_emu_word word,
	size_t size);

/* Takes back all names of the root of @tree, which have become too many. */
void tw_emu_worker_shed(struct tw_emu_worker *worker, enum tw_emu_tree_id tree);

#endif
