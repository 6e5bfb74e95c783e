/* SPDX-License-Identifier: MIT */
/*
 * settings.h - system_config.json, which the boot script reads or makes.
 */
#ifndef TW_MODULE_SETTINGS_H
#define TW_MODULE_SETTINGS_H

#include <twinfs/boot.h>

#include "module/device_vfs.h"

/*
 * Runs that step and reports what it did. Nothing in the firmware catches its
 * exceptions: they end the boot script with a traceback, which is a hole. 0,
 * or -ESHUTDOWN, -EROFS, -ENOMEM.
 */
int tw_settings_run(const struct tw_device *device, struct twinfs_boot_report *report);

#endif
