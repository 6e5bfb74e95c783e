/* SPDX-License-Identifier: MIT */
/*
 * crc.c - the one place that calls zlib.
 */
#include "crc.h"

#include <zlib.h>

uint32_t tw_crc32(uint32_t crc, const void *data, size_t len)
{
	return (uint32_t)crc32_z(crc, data, len);
}
