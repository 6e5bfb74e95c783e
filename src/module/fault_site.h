/* SPDX-License-Identifier: MIT */
/*
 * fault_site.h - what the faults of a module know of it.
 */
#ifndef TW_MODULE_FAULT_SITE_H
#define TW_MODULE_FAULT_SITE_H

#include <twinfs/module.h>

/* NULL: nobody has asked for them yet. */
const struct twinfs_faults *tw_fault_site_faults(const struct twinfs_module *module);

/* As twinfs_faults_wants_calls() and twinfs_faults_call(). */
bool tw_fault_site_wants_calls(const struct twinfs_module *module);
void tw_fault_site_call(struct twinfs_module *module, enum twinfs_fault_call call, bool has_ended,
	const char *path, const char *new_path);

/* The power comes back: the supply is whole, and the volumes are the boot's to mount. */
void tw_fault_site_power_on(struct twinfs_module *module);

/* Unplugs and frees the faults, if there are any. */
void tw_fault_site_close(struct twinfs_module *module);

#endif
