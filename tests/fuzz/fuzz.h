/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what every fuzz target shares: the entry points, and how it complains.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One input. Returns 0, or -1: it is not worth keeping in the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Optional: makes another input of the @size bytes at @data, which has room for
 * @room; its size.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

/* Mutates bytes without knowing what they mean; comes from libFuzzer, or replay.c. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

/* Ends the program, as a find, with a message unless @condition. */
#define fuzz_must(condition, ...)                                                                  \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                    \
	} while (0)

/* The same where the condition says it all. */
#define fuzz_hold(condition) fuzz_must(condition, "must hold")

void fuzz_fail(const char *file, int line, const char *condition, const char *format, ...)
	__attribute__((noreturn, format(printf, 4, 5)));

/* Says what the target is doing, for people, when TWINFS_FUZZ_TELL is set. */
void fuzz_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * An input read from its start; behind its end everything is 0. So whatever the
 * bytes are, a target can make of them what it needs.
 */
struct fuzz_bytes {
	const uint8_t *data;
	size_t left;
};

uint8_t fuzz_u8(struct fuzz_bytes *bytes);
uint16_t fuzz_u16(struct fuzz_bytes *bytes);
uint32_t fuzz_u32(struct fuzz_bytes *bytes);

/* Up to @len bytes where they lie; how many there are. */
size_t fuzz_take(struct fuzz_bytes *bytes, size_t len, const uint8_t **ret_data);

/* Memory that is reached though it must not be is a find under the address sanitizer. */
void fuzz_forbid(const void *start, size_t len);
void fuzz_allow(const void *start, size_t len);

/* Next number of a seeded sequence. */
uint64_t fuzz_random(uint64_t *state);

#endif
