/* SPDX-License-Identifier: MIT */
/*
 * area.h - the inside of an open SecureData area, for the files of this folder.
 */
#ifndef TW_SECURE_AREA_H
#define TW_SECURE_AREA_H

#include <pthread.h>

#include "log.h"
#include "seal.h"

enum {
	TW_REGIONS = 2, /* primary and mirror */
};

struct twinfs_secure {
	pthread_mutex_t lock; /* guards all below; the chip's own lock is taken under it */
	struct twinfs_flash *flash;
	struct tw_seal *seal; /* NULL: content is not sealed */
	struct tw_log_judge judge;
	struct tw_log logs[TW_REGIONS];
	uint64_t generation;   /* the largest seen or given */
	uint64_t first_sealed; /* the smallest of a sealed record; 0: none */
	bool stale;            /* the chip may hold something else than the logs know */
	unsigned subject;      /* slot of the store that is being written; 0: none */
	struct twinfs_secure_watch watch;
};

/* Whether a record with right checksums is what a store with our key wrote. */
bool tw_secure_accepts(const struct twinfs_secure *secure, const struct tw_record *record,
	const uint8_t *bytes);

/* Learns anew what the chip holds. 0 when at least one region can be used. */
int tw_secure_refresh(struct twinfs_secure *secure);

#endif
