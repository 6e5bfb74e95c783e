/* SPDX-License-Identifier: MIT */
/*
 * power.h - the power of the emulated module, and who may use its volumes when.
 */
#ifndef TW_EMULATOR_POWER_H
#define TW_EMULATOR_POWER_H

#include <stdint.h>

#include "control.h"
#include "state.h"

/* An object of a tree, with the power held on. All zero holds nothing. */
struct tw_emu_ref {
	struct tw_emu *emu;
	struct tw_emu_tree *tree;
	struct twinfs_overlay *overlay;
	uint64_t ino; /* the overlay's number */
};

/*
 * Holds the power as it is and finds the object that the kernel knows as
 * @ino. On success leave with tw_emu_leave().
 *
 * Returns 0, -EPERM (not in a tree), -ESHUTDOWN, -ESTALE (of an earlier boot).
 */
int tw_emu_enter(struct tw_emu *emu, uint64_t ino, struct tw_emu_ref *ret_ref);
void tw_emu_leave(struct tw_emu_ref *ref);

/* Leaves when the variable goes out of scope. */
#define _cleanup_leave_ __attribute__((cleanup(tw_emu_leave)))

/* The overlay's number of another object in the same tree; errors as tw_emu_enter(), -EXDEV. */
int tw_emu_ref_other(const struct tw_emu_ref *ref, uint64_t ino, uint64_t *ret_ino);

/* The number for the kernel of the object @overlay_ino in the tree of @ref. */
uint64_t tw_emu_ref_ino(const struct tw_emu_ref *ref, uint64_t overlay_ino);

/*
 * Boots for the first time; no other thread is there yet. A power cut in the
 * boot is no failure: the mount then begins with the power off. Else as
 * twinfs_module_power_on().
 */
int tw_emu_power_start(struct tw_emu *emu, struct twinfs_error *err);

/*
 * Does what the word says, but for "cut"; "on" when it is on, and "off" when it
 * is off, are done already. Needs the power for itself: the caller holds no lock. After a
 * failure the power is off; it is logged. Returns 0 or as power_on.
 */
int tw_emu_power_switch(struct tw_emu *emu, enum tw_emu_word word);

/*
 * The chip has lost its power: forgets what was not on it, as a module does.
 * Does nothing when that is done already. For the worker, which holds no lock.
 */
void tw_emu_power_lose(struct tw_emu *emu);

/*
 * Boots again, while the power is off because of a cut and boots by itself are
 * granted. For the worker, which holds no lock.
 */
void tw_emu_power_recover(struct tw_emu *emu);

/* Pulls the plug, whatever goes on. The worker notices by what fails, or when told. */
void tw_emu_power_pull(struct tw_emu *emu);

/* Commits all files, then powers off; the mount is gone. 0 or a negative errno. */
int tw_emu_power_stop(struct tw_emu *emu);

#endif
