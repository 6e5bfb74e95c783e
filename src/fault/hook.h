/* SPDX-License-Identifier: MIT */
/*
 * hook.h - the hook of a set of rules.
 */
#ifndef TW_FAULT_HOOK_H
#define TW_FAULT_HOOK_H

#include "state.h"

void tw_hook_init(struct twinfs_faults *faults);

/* Tells what was decided about an operation, of which @done bytes took place. */
void tw_hook_tell(struct twinfs_faults *faults, const struct twinfs_flash_op *op, uint32_t done,
	int rc);

#endif
