/* SPDX-License-Identifier: MIT */
/*
 * fuse_sentry.h - the end of a mount whose image cannot be reached any more: its
 * file was cut short by somebody else, or the host's disk under it has failed.
 *
 * Lifetime  one at a time in a process.
 */
#ifndef TW_EMULATOR_FUSE_SENTRY_H
#define TW_EMULATOR_FUSE_SENTRY_H

#include "state.h"

struct fuse_session;

/* Watches over the image of @emu, mounted by @session, until the stop. 0 or a negative errno. */
int tw_emu_sentry_start(struct tw_emu *emu, struct fuse_session *session);
void tw_emu_sentry_stop(void);

#endif
