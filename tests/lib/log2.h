/* SPDX-License-Identifier: MIT */
/*
 * log2.h - blocks of version 2 made by hand, from the format alone.
 *
 * The engine's own writer keeps to its habits; this one puts any tag anywhere.
 */
#ifndef TEST_LIB_LOG2_H
#define TEST_LIB_LOG2_H

#include <stdbool.h>
#include <stdint.h>

#define LOG2_PAIR 0x3ffu /* id of tags that belong to the pair */

struct log2 {
	uint8_t *bytes; /* of the block: erased, then written */
	uint32_t size, prog;
	uint8_t blank; /* what erased cells hold */
	bool has_fcrc;
	uint32_t start, off, chain;
};

/* Erases the block at @bytes to 0xff and begins a log of version 2.1 in it. */
void log2_begin(struct log2 *log, uint8_t *bytes, uint32_t size, uint32_t prog, uint32_t rev);

void log2_tag(struct log2 *log, unsigned type, unsigned id, const void *data, uint32_t len);
void log2_words(struct log2 *log, unsigned type, unsigned id, uint32_t first, uint32_t second);
void log2_removed(struct log2 *log, unsigned type, unsigned id);

/* A file with @content in its entry: NAME and STRUCT. */
void log2_file(struct log2 *log, unsigned id, const char *name, const char *content);

/* Closes the commit, padded to the program size. */
void log2_commit(struct log2 *log);

/* Entry 0 of a superblock pair; @limits: of names, files, attributes. */
void log2_superblock(struct log2 *log, uint32_t version, uint32_t block_count,
	const uint32_t limits[3]);

#endif
