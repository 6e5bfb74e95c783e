/* SPDX-License-Identifier: MIT */
/*
 * hash_ahead.h - the hashes of all files of a table, made at once before the
 * firmware's procedure asks for them one by one.
 *
 * Only reading is done, and what it finds counts for as long as nothing was
 * written, so the procedure never sees a difference. What cannot be hashed
 * cleanly (missing, empty, unreadable) stays unknown: whoever wants it hashes
 * it then, and gets the error in its turn.
 */
#ifndef TW_MODULE_HASH_AHEAD_H
#define TW_MODULE_HASH_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "module/device_vfs.h"
#include "module/loose_json.h"

struct tw_hashed_file;

/* Zeroed, it knows nothing. */
struct tw_hash_ahead {
	struct tw_hashed_file *files; /* one an entry */
	size_t count;
	uint64_t seq; /* of the chip's last program or erase before it */
};

/*
 * Hashes the files that the list @table names, on as many CPUs as are worth it;
 * no thread is left behind, and @table is not needed afterwards. Hashes nothing when the chip has a
 * hook that sees reads: tests count on their order. Lack of memory makes hashes unknown.
 */
void tw_hash_ahead(struct tw_hash_ahead *ahead, const struct tw_device *device,
	const struct tw_json *table);

/* The same with @threads, from 1 to TW_HASH_THREADS; the caller's is one of them. */
#define TW_HASH_THREADS 4u
void tw_hash_ahead_with(struct tw_hash_ahead *ahead, const struct tw_device *device,
	const struct tw_json *table, unsigned threads);

/* Hash text of the file of entry @index; NULL: unknown, or the chip was written to since. */
const char *tw_hash_ahead_get(const struct tw_hash_ahead *ahead, const struct tw_device *device,
	size_t index);

void tw_hash_ahead_release(struct tw_hash_ahead *ahead);

#endif
