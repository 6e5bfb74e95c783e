/* SPDX-License-Identifier: MIT */
/*
 * digest.h - digests of content that comes in pieces.
 *
 * Lifetime  tw_digest_new() .. tw_digest_free(); one object serves many contents.
 */
#ifndef TW_BASE_DIGEST_H
#define TW_BASE_DIGEST_H

#include <stdbool.h>
#include <twinfs/digest.h>

struct tw_digest;

/* NULL: out of memory. Ready for the first content. */
struct tw_digest *tw_digest_new(void);
void tw_digest_free(struct tw_digest *digest);

void tw_digest_add(struct tw_digest *digest, const void *data, size_t len);

/* The digest of all that was added; the object is then ready for the next content. */
struct twinfs_digest tw_digest_finish(struct tw_digest *digest);

static inline bool tw_digest_is_same(struct twinfs_digest a, struct twinfs_digest b)
{
	return a.low == b.low && a.high == b.high;
}

#endif
