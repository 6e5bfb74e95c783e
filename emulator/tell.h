/* SPDX-License-Identifier: MIT */
/*
 * tell.h - what goes into .twinfs/events, and when.
 *
 * Threads   tw_emu_tell_fault() runs under the chip's lock, the others take it;
 *           power is held by the caller, or nobody switches it.
 * Source    docs/formats/events.md.
 */
#ifndef TW_EMULATOR_TELL_H
#define TW_EMULATOR_TELL_H

#include <twinfs/fault.h>

#include "state.h"

/* A rule has fired, or the supply begins to fall. */
void tw_emu_tell_fault(struct tw_emu *emu, const struct twinfs_fault_event *event);

/* The module has booted: the boot, and each file that it restored or whose hash it updated. */
void tw_emu_tell_boot(struct tw_emu *emu);

/* The module could not boot, though it has power. */
void tw_emu_tell_boot_failed(struct tw_emu *emu, const char *why);

/* The power was cut, in the middle of a boot or later. */
void tw_emu_tell_cut(struct tw_emu *emu, const char *cause);

/* The module was switched off in good order; for a restart, or to stay off. */
void tw_emu_tell_off(struct tw_emu *emu, bool is_restart);

/* Recording to the file @path began, or ended: @error says why, when not well, else NULL. */
void tw_emu_tell_trace(struct tw_emu *emu, bool is_on, const char *path, const char *error);

#endif
