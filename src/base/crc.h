/* SPDX-License-Identifier: MIT */
/*
 * crc.h - CRC-32 with the reflected polynomial 0xedb88320, as zlib computes it.
 */
#ifndef TW_BASE_CRC_H
#define TW_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Continues the ordinary CRC-32 (zlib's crc32) @crc, at first 0, over @len bytes. */
uint32_t tw_crc32(uint32_t crc, const void *data, size_t len);

/* The same without the final inversion: littlefs's. @crc is 0xffffffff at first. */
static inline uint32_t tw_crc32_raw(uint32_t crc, const void *data, size_t len)
{
	return ~tw_crc32(~crc, data, len);
}

#endif
