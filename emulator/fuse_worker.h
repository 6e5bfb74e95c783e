/* SPDX-License-Identifier: MIT */
/*
 * fuse_worker.h - the thread that does what a request cannot: switch the
 * power, clear up after a power cut, take back what the kernel was told, and
 * stop on a signal.
 *
 * Lifetime  tw_emu_worker_start() .. tw_emu_worker_stop().
 * Threads   power, refresh, cut, fail_later, hold and shed may be called by any thread.
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

/*
 * Takes back the content that the kernel has, because the chip's may have changed
 * without it; then answers @req, a write of @size bytes. 0 or -ENOMEM: not answered.
 */
int tw_emu_worker_refresh(struct tw_emu_worker *worker, struct fuse_req *req, size_t size);

/* The same of one file, for the request that closes it, which it answers with 0. */
int tw_emu_worker_refresh_closed(struct tw_emu_worker *worker, struct fuse_req *req, uint64_t ino);

/* Takes back the content that the kernel has, soon. From any thread, under any lock. */
void tw_emu_worker_forget(struct tw_emu_worker *worker);

/* A request found the chip without power; to be told before it is answered. */
void tw_emu_worker_cut(struct tw_emu_worker *worker);

/* What the kernel holds while a request waits for its answer. */
enum tw_emu_holding {
	TW_EMU_HOLDS_DIRECTORY, /* the lock of a directory */
	TW_EMU_HOLDS_NOTHING,   /* nothing that a notification would wait for */
};

/*
 * Answers @req with the error of a power that is off. While the worker clears
 * up after a cut, that is not before the kernel has forgotten what it had (of a
 * request that holds a directory: the content only), and the module is on again
 * if it boots by itself. So who has seen a call fail sees nothing stale after it.
 * Not for requests that hold pages or the size of a file (read, write, setattr).
 */
void tw_emu_worker_fail_later(struct tw_emu_worker *worker, struct fuse_req *req,
	enum tw_emu_holding holding);

/*
 * Keeps @req, which found the power off, until the next word of who attends the
 * mount. false: nobody does, or the word has come; then the caller answers.
 */
bool tw_emu_worker_hold(struct tw_emu_worker *worker, struct fuse_req *req);

/* Takes back all names of the root of @tree, which have become too many. */
void tw_emu_worker_shed(struct tw_emu_worker *worker, enum tw_emu_tree_id tree);

#endif
