/* SPDX-License-Identifier: MIT */
/*
 * digest.c - the one place that calls libxxhash.
 */
#include "digest.h"

#include <xxhash.h>

static struct twinfs_digest from_hash(XXH128_hash_t hash)
{
	return (struct twinfs_digest){hash.low64, hash.high64};
}

/* The states of the library are the objects; only their name is ours. */
static XXH3_state_t *state_of(struct tw_digest *digest)
{
	return (XXH3_state_t *)digest;
}

struct twinfs_digest twinfs_digest(const void *data, size_t len)
{
	return from_hash(XXH3_128bits(len ? data : "", len));
}

struct tw_digest *tw_digest_new(void)
{
	XXH3_state_t *state = XXH3_createState();

	if (state)
		(void)XXH3_128bits_reset(state); /* fails for NULL only, as update does */
	return (struct tw_digest *)state;
}

void tw_digest_free(struct tw_digest *digest)
{
	(void)XXH3_freeState(state_of(digest));
}

void tw_digest_add(struct tw_digest *digest, const void *data, size_t len)
{
	if (len)
		(void)XXH3_128bits_update(state_of(digest), data, len);
}

struct twinfs_digest tw_digest_finish(struct tw_digest *digest)
{
	XXH128_hash_t hash = XXH3_128bits_digest(state_of(digest));

	(void)XXH3_128bits_reset(state_of(digest));
	return from_hash(hash);
}
