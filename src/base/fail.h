/* SPDX-License-Identifier: MIT */
/*
 * fail.h - fills a struct twinfs_error, once, where a fault is found.
 */
#ifndef TW_BASE_FAIL_H
#define TW_BASE_FAIL_H

#include <twinfs/error.h>

/*
 * Fills @err (which may be NULL) and returns @code, a negative errno, so that
 * a finder ends with "return tw_fail(...)". The text is one lower-case line
 * without full stop or newline; control bytes in it are escaped.
 */
int tw_fail(struct twinfs_error *err, enum twinfs_problem problem, int code, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/*
 * The same for a place on the chip; the text gets "block B (0xADDR): " in
 * front, or "offset 0xADDR: " when @block is TWINFS_NO_BLOCK.
 */
int tw_fail_at(struct twinfs_error *err, enum twinfs_problem problem, int code, uint32_t block,
	uint64_t addr, const char *format, ...) __attribute__((format(printf, 6, 7)));

/*
 * Why a new file could not be made: as twinfs_strerror(), but what does not
 * exist is its directory.
 */
const char *tw_make_reason(int code);

/* Names the file of an error that has none yet. Returns @code. */
int tw_fail_file(struct twinfs_error *err, const char *path, int code);

#endif
