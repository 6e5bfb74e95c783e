/* SPDX-License-Identifier: MIT */
/*
 * scarce_xxhash.c - objects of xxhash that cannot be had.
 */
#include "scarce_wrap.h"

SCARCE(void *, XXH3_createState, (void), ())
