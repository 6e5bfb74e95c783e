/* SPDX-License-Identifier: MIT */
/*
 * digest.h - a short stand-in for content: equal digests mean equal bytes.
 *
 * 128 bits that no two contents share by accident. They are no protection
 * against somebody who makes contents to that end.
 *
 * Source    XXH3, 128 bits, seed 0 (xxhash.com).
 */
#ifndef TWINFS_DIGEST_H
#define TWINFS_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_digest {
	uint64_t low, high;
};

/* The digest of @len bytes; @data may be NULL when @len is 0. */
TWINFS_API struct twinfs_digest twinfs_digest(const void *data, size_t len);

#ifdef __cplusplus
}
#endif
#endif
