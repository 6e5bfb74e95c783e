/* SPDX-License-Identifier: MIT */
/*
 * attr.h - what stat(2) says about the objects of a mount.
 *
 * Owner and permissions are those of the mount's options, everywhere alike:
 * littlefs stores none. Its times are those of this mount, or the image's.
 */
#ifndef TW_EMULATOR_ATTR_H
#define TW_EMULATOR_ATTR_H

#include <stdint.h>
#include <sys/stat.h>

#include "node.h"
#include "power.h"
#include "state.h"

/* Attributes of a node that is always there. Takes the power lock. */
void tw_emu_fixed_attr(struct tw_emu *emu, const struct tw_emu_fixed *fixed, struct stat *ret_attr);

/* Attributes of an object of a tree, from what its overlay says. */
void tw_emu_tree_attr(const struct tw_emu_ref *ref, const struct twinfs_overlay_stat *stat,
	struct stat *ret_attr);

/* The same, asking the overlay. 0, or as twinfs_overlay_stat(). */
int tw_emu_ref_attr(const struct tw_emu_ref *ref, struct stat *ret_attr);

/* Whether the module has what the node @fixed stands for. */
bool tw_emu_fixed_is_present(const struct tw_emu *emu, const struct tw_emu_fixed *fixed);

/* The time of day, in nanoseconds since 1970. */
int64_t tw_emu_now_ns(void);

#endif
