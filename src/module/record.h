/* SPDX-License-Identifier: MIT */
/*
 * record.h - what the life of a module leaves in a trace, besides what the chip
 * does.
 */
#ifndef TW_MODULE_RECORD_H
#define TW_MODULE_RECORD_H

#include <twinfs/module.h>

/* Marks; they do nothing while nothing is recorded. */
void tw_record_boot_began(struct twinfs_module *module);
void tw_record_boot_ended(struct twinfs_module *module, int rc);
void tw_record_power_off(struct twinfs_module *module);

/* Marks the changes of a volume from now on. 0 or -ENOMEM. */
int tw_record_volume(struct twinfs_module *module, enum twinfs_part part,
	struct twinfs_volume *volume);

#endif
