/* SPDX-License-Identifier: MIT */
/*
 * scarce_fdisk.c - objects of libfdisk that cannot be had.
 */
#include "scarce_wrap.h"

SCARCE(void *, fdisk_new_context, (void), ())
SCARCE(void *, fdisk_new_partition, (void), ())
