/* SPDX-License-Identifier: MIT */
/*
 * fuse_events.h - the file .twinfs/events: who has it open, and who waits for
 * the next event.
 *
 * Lifetime  tw_emu_stream_init() before, tw_emu_stream_release() after everything
 *           that may add an event.
 */
#ifndef TW_EMULATOR_FUSE_EVENTS_H
#define TW_EMULATOR_FUSE_EVENTS_H

#include <stddef.h>

#include "state.h"

struct fuse_req;
struct fuse_file_info;

/* The events of @emu, and the stream of them. */
void tw_emu_stream_init(struct tw_emu *emu);
void tw_emu_stream_release(struct tw_emu *emu);

/* Opens the file for @fi. 0 or -ENOMEM. */
int tw_emu_events_open(struct tw_emu *emu, struct fuse_file_info *fi);

/* Answers a read of up to @size bytes, now or when there is something to read. */
void tw_emu_events_answer(struct fuse_req *req, size_t size, struct fuse_file_info *fi);

#endif
