/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - little-endian integers in bytes, and arithmetic that cannot wrap.
 */
#ifndef TW_BASE_BYTES_H
#define TW_BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

static inline uint16_t tw_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t tw_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t tw_le64(const uint8_t *p)
{
	return (uint64_t)tw_le32(p) | (uint64_t)tw_le32(p + 4) << 32;
}

static inline void tw_put_le16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void tw_put_le32(uint8_t *p, uint32_t value)
{
	tw_put_le16(p, (uint16_t)value);
	tw_put_le16(p + 2, (uint16_t)(value >> 16));
}

static inline void tw_put_le64(uint8_t *p, uint64_t value)
{
	tw_put_le32(p, (uint32_t)value);
	tw_put_le32(p + 4, (uint32_t)(value >> 32));
}

/* Whether [@off, @off + @len) lies inside [0, @size), without wrapping. */
static inline bool tw_is_within(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

static inline bool tw_is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* @value rounded up to a multiple of @unit; the caller knows it cannot wrap. */
static inline uint64_t tw_round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

#endif
