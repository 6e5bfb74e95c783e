/* SPDX-License-Identifier: MIT */
/*
 * update.h - the firmware's update of user files at boot (FOTA).
 */
#ifndef TW_MODULE_UPDATE_H
#define TW_MODULE_UPDATE_H

#include <twinfs/boot.h>

#include "module/device_vfs.h"

/*
 * Applies an update that is waiting and reports what it did; its own failures
 * are results. 0, or -ESHUTDOWN, -EROFS (something had to be written), -ENOMEM.
 */
int tw_update_run(const struct tw_device *device, struct twinfs_boot_report *report);

#endif
