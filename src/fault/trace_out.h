/* SPDX-License-Identifier: MIT */
/*
 * trace_out.h - the writing end of a trace's file: chunks, and what is in them.
 *
 * The first failure stays: from there on nothing is taken and nothing written.
 *
 * Lifetime  tw_out_open() .. tw_out_close().
 * Threads   none here: the recorder serialises.
 */
#ifndef TW_FAULT_TRACE_OUT_H
#define TW_FAULT_TRACE_OUT_H

#include <stddef.h>
#include <stdint.h>

struct tw_out {
	int fd;
	int rc;        /* what failed first, or 0 */
	uint8_t *data; /* the chunk so far, its head in front */
	size_t len, room;
};

/* Makes the file @path. 0 or a negative errno; then there is nothing to close. */
int tw_out_open(struct tw_out *out, const char *path);

/* Waits until all is on the disk; 0 or what failed first. Frees in any case. */
int tw_out_close(struct tw_out *out);

void tw_out_byte(struct tw_out *out, unsigned byte);
void tw_out_le32(struct tw_out *out, uint32_t value);
void tw_out_le64(struct tw_out *out, uint64_t value);
void tw_out_bytes(struct tw_out *out, const void *data, size_t len);

/* Seven bits a byte, the low ones first; the top bit says that there is more. */
void tw_out_varint(struct tw_out *out, uint64_t value);

/* Writes the chunk to the file, if anything is in it, and begins the next. */
void tw_out_chunk(struct tw_out *out, unsigned kind);

/* Bytes in the chunk, without its head. */
size_t tw_out_pending(const struct tw_out *out);

#endif
