/* SPDX-License-Identifier: MIT */
/*
 * record.h - what the life of a module leaves in a trace, besides what the chip
 * does.
 */
#ifndef TW_MODULE_RECORD_H
#define TW_MODULE_RECORD_H

#include <twinfs/module.h>

#include "watch.h"

/* Marks; they do nothing while nothing is recorded. */
void tw_record_boot_began(struct twinfs_module *module);
void tw_record_boot_ended(struct twinfs_module *module, int rc);
void tw_record_power_off(struct twinfs_module *module);

/* A change of a volume, or a store, began or ended. */
void tw_record_change(const struct tw_watched *watched, enum twinfs_trace_mark_kind kind,
	const struct twinfs_volume_change *change, int rc);
void tw_record_store(struct twinfs_module *module, enum twinfs_trace_mark_kind kind,
	const struct twinfs_secure_store *store, int rc);

#endif
