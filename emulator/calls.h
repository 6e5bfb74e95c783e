/* SPDX-License-Identifier: MIT */
/*
 * calls.h - tells the faults of the calls that programs make: those that
 * change nothing on the chip by themselves, and so are not seen further down.
 */
#ifndef TW_EMULATOR_CALLS_H
#define TW_EMULATOR_CALLS_H

#include <twinfs/fault.h>

#include "power.h"

/*
 * A call on the object of @ref begins. 0, or -ESHUTDOWN: a rule has cut the power.
 * Costs a test while no rule waits for calls.
 */
int tw_emu_call_begins(const struct tw_emu_ref *ref, enum twinfs_fault_call call);

/* It went well. What a rule does now, the next call sees. */
void tw_emu_call_ended(const struct tw_emu_ref *ref, enum twinfs_fault_call call);

#endif
