/* SPDX-License-Identifier: MIT */
/*
 * plugs.c - what is plugged into the chip of a module.
 */
#include "plugs.h"

void tw_plugs_connect(struct tw_plugs *plugs, struct twinfs_flash *flash)
{
	const struct twinfs_flash_hook *hook = NULL;

	if (plugs->is_recording)
		hook = &plugs->last;
	if (plugs->faults) {
		plugs->faults->next = hook;
		hook = plugs->faults;
	}
	if (plugs->is_recording) {
		plugs->first.next = hook;
		hook = &plugs->first;
	}
	twinfs_flash_set_hook(flash, hook);
}
