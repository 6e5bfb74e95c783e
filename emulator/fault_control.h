/* SPDX-License-Identifier: MIT */
/*
 * fault_control.h - the rules of a mount: given with it, and by .twinfs/faults.
 */
#ifndef TW_EMULATOR_FAULT_CONTROL_H
#define TW_EMULATOR_FAULT_CONTROL_H

#include "command_file.h"
#include "state.h"

/* .twinfs/faults; its lines change rules, after which the kernel's cache is outdated. */
extern const struct tw_emu_commands tw_emu_fault_commands;

/*
 * Takes the rules of the options in force, and lets events of the faults be told; before
 * the first boot. 0, -ENOMEM, and as twinfs_faults_add_lines().
 */
int tw_emu_faults_begin(struct tw_emu *emu, struct twinfs_error *err);

/* Whether a rule is in force. With the power held. */
bool tw_emu_has_faults(const struct tw_emu *emu);

#endif
