/* SPDX-License-Identifier: MIT */
/*
 * plugs.h - what is plugged into the chip of a module, in the one right order.
 *
 *	recorder (keeps old bytes) -> faults -> recorder (sees what they made of it)
 */
#ifndef TW_MODULE_PLUGS_H
#define TW_MODULE_PLUGS_H

#include <twinfs/flash.h>

/* All zero is nothing. */
struct tw_plugs {
	struct twinfs_flash_hook first, last; /* the recorder's */
	bool is_recording;                    /* those two count */
	struct twinfs_flash_hook *faults;     /* borrowed; NULL: none */
};

/* Chains what there is, and gives it to the chip. No operation may run. */
void tw_plugs_connect(struct tw_plugs *plugs, struct twinfs_flash *flash);

#endif
