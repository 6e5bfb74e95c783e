/* SPDX-License-Identifier: MIT */
/*
 * fault_site.h - what the faults of a module know of it.
 */
#ifndef TW_MODULE_FAULT_SITE_H
#define TW_MODULE_FAULT_SITE_H

#include <twinfs/module.h>

struct tw_fault_site;

/* NULL: nobody has asked for them yet. */
const struct twinfs_faults *tw_fault_site_faults(const struct twinfs_module *module);

/* The power comes back: the supply is whole, and the volumes are the boot's to mount. */
void tw_fault_site_power_on(struct twinfs_module *module);

/* Unplugs and frees the faults, if there are any. */
void tw_fault_site_close(struct twinfs_module *module);

#endif
