/* SPDX-License-Identifier: MIT */
/*
 * v2_log.h - builds logs: tags behind each other, closed to commits.
 *
 * What is built stands in memory at the offsets it will have in the block, be
 * it a whole log or a commit behind those that are there.
 */
#ifndef TW_LFS_V2_LOG_H
#define TW_LFS_V2_LOG_H

#include "v2_disk.h"

enum {
	TW_V2_FCRC_SIZE = TW_V2_TAG_SIZE + 8,
	TW_V2_COMMIT_SIZE = TW_V2_TAG_SIZE + 4, /* without padding */
};

struct tw_v2_log_writer {
	uint8_t *bytes; /* a block */
	uint32_t block_size, prog_size;
	uint32_t start; /* offset that the CRC of the commit begins at */
	uint32_t off;   /* where the next tag goes */
	uint32_t chain; /* what it is combined with */
	bool has_fcrc;  /* commits say what follows them: version 2.1 */
	bool is_full;   /* something did not fit, and was left out */
};

/* Begins a new log with revision @rev in @bytes, which has room for a block. */
void tw_v2_begin_log(struct tw_v2_log_writer *writer, const struct twinfs_volume *volume,
	uint32_t rev);

/* Begins a commit that follows the @len bytes of a log whose last tag is @chain. */
void tw_v2_begin_commit(struct tw_v2_log_writer *writer, const struct twinfs_volume *volume,
	uint32_t len, uint32_t chain);

/* Adds a tag with @len bytes at @data as its payload; returns the payload's offset. */
uint32_t tw_v2_put(struct tw_v2_log_writer *writer, unsigned type, unsigned id, const void *data,
	uint32_t len);

/* Adds a tag that removes what it names. */
void tw_v2_put_removed(struct tw_v2_log_writer *writer, unsigned type, unsigned id);

/* Adds a tag with two numbers as its payload. */
void tw_v2_put_words(struct tw_v2_log_writer *writer, unsigned type, unsigned id, uint32_t first,
	uint32_t second);

/*
 * Closes the commit; what was written ends at a multiple of the program size.
 * @behind is the block that it goes to, as it is on the chip; NULL: erased.
 */
void tw_v2_seal(struct tw_v2_log_writer *writer, const uint8_t *behind);

#endif
