/* SPDX-License-Identifier: MIT */
/*
 * device_errno.h - the numbers and texts the firmware has for our errors.
 */
#ifndef TW_MODULE_DEVICE_ERRNO_H
#define TW_MODULE_DEVICE_ERRNO_H

#include <stdbool.h>

#include "base/text.h"

/* The firmware's (positive) number for the negative errno @code. */
int tw_device_errno(int code);

/*
 * Appends what the firmware prints for an OSError of that number: "[Errno 2]
 * ENOENT" when its interpreter knows the name, else the bare number. 0 or -ENOMEM.
 */
int tw_device_errno_text(struct tw_text *text, int code);

/*
 * Whether @code is an error of the host or the end of power: something that
 * the firmware has no exception for, and that ends the boot.
 */
bool tw_device_is_fatal(int code);

#endif
