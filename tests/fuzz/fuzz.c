/* SPDX-License-Identifier: MIT */
/*
 * fuzz.c - what every fuzz target shares.
 */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

void fuzz_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: %s: ", file, line, condition);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

void fuzz_tell(const char *format, ...)
{
	static int is_told = -1;
	va_list args;

	if (is_told < 0)
		is_told = getenv("TWINFS_FUZZ_TELL") != NULL;
	if (!is_told)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
}

uint8_t fuzz_u8(struct fuzz_bytes *bytes)
{
	if (!bytes->left)
		return 0;
	bytes->left--;
	return *bytes->data++;
}

uint16_t fuzz_u16(struct fuzz_bytes *bytes)
{
	unsigned low = fuzz_u8(bytes);

	return (uint16_t)(low | (unsigned)fuzz_u8(bytes) << 8);
}

uint32_t fuzz_u32(struct fuzz_bytes *bytes)
{
	uint32_t low = fuzz_u16(bytes);

	return low | (uint32_t)fuzz_u16(bytes) << 16;
}

size_t fuzz_take(struct fuzz_bytes *bytes, size_t len, const uint8_t **ret_data)
{
	if (len > bytes->left)
		len = bytes->left;
	*ret_data = bytes->data;
	bytes->data += len;
	bytes->left -= len;
	return len;
}

void fuzz_forbid(const void *start, size_t len)
{
#ifdef HAS_ASAN
	ASAN_POISON_MEMORY_REGION(start, len);
#else
	(void)start;
	(void)len;
#endif
}

void fuzz_allow(const void *start, size_t len)
{
#ifdef HAS_ASAN
	ASAN_UNPOISON_MEMORY_REGION(start, len);
#else
	(void)start;
	(void)len;
#endif
}

uint64_t fuzz_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}
