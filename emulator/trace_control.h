/* SPDX-License-Identifier: MIT */
/*
 * trace_control.h - the recording of a mount: from its beginning, or by .twinfs/trace.
 */
#ifndef TW_EMULATOR_TRACE_CONTROL_H
#define TW_EMULATOR_TRACE_CONTROL_H

#include "command_file.h"
#include "state.h"

/* .twinfs/trace. */
extern const struct tw_emu_commands tw_emu_trace_commands;

/* Begins the trace of the options, if they name one; before the first boot. */
int tw_emu_trace_begin(struct tw_emu *emu, struct twinfs_error *err);

/* Ends what is still recorded; the mount is gone. 0, or why the trace is not complete. */
int tw_emu_trace_end(struct tw_emu *emu, struct twinfs_error *err);

#endif
