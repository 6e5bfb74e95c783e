/* SPDX-License-Identifier: MIT */
/*
 * scarce_deflate.c - objects of libdeflate that cannot be had.
 */
#include "scarce_wrap.h"

SCARCE(void *, libdeflate_alloc_compressor, (int level), (level))
SCARCE(void *, libdeflate_alloc_decompressor, (void), ())
