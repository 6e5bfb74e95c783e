/* SPDX-License-Identifier: MIT */
/*
 * trace_format.h - the bytes of a trace: what its writer and its reader share.
 * docs/formats/trace.md draws them.
 */
#ifndef TW_FAULT_TRACE_FORMAT_H
#define TW_FAULT_TRACE_FORMAT_H

#include <stdint.h>
#include <twinfs/trace.h>

#define TW_TRACE_MAGIC      "TWFSTRCE"
#define TW_TRACE_MAGIC_SIZE 8u
#define TW_TRACE_VERSION    1u

/* A chunk: kind, length of what follows its head, CRC-32 of these two and of that. */
#define TW_CHUNK_HEAD 12u

enum {
	TW_CHUNK_HEADER = 1,
	TW_CHUNK_RECORDS = 2,
	TW_CHUNK_END = 3,
};

/* The low three bits of a record's first byte; the others are its flags. */
enum {
	TW_RECORD_TEXT = 0,
	TW_RECORD_PROGRAM = 1,
	TW_RECORD_ERASE = 2,
	TW_RECORD_FLIP = 3,
	TW_RECORD_OLD = 4,
	TW_RECORD_MARK = 5,

	TW_RECORD_KIND = 0x07,
	TW_RECORD_NUMBER = 0x08, /* operations: the number is not the next one */
	TW_RECORD_TIME = 0x10,   /* operations: the time is not what follows from the last one */
	TW_RECORD_ODD = 0x20,    /* operations: torn, or failed */
	TW_RECORD_CELLS = 0x40,  /* erases: not all cells are 0xff */
	TW_RECORD_SHORT = 0x08,  /* old bytes: of less than an erase unit */
	TW_RECORD_FLAGS = 3,     /* marks: shift of TWINFS_MARK_* */
};

/* Marks that began and did not end. */
#define TW_TRACE_OPEN_MARKS 8u

/* What both sides know of the records before, and a record is told relative to. */
struct tw_trace_state {
	uint64_t number;  /* of the last operation */
	uint64_t time_ns; /* when it ends, going by the chip's timing */
	uint64_t addr;    /* where the next program is expected */
};

/* A mark has an end for each beginning. */
static inline bool tw_mark_begins(unsigned kind)
{
	return kind == TWINFS_MARK_CHANGE_BEGAN || kind == TWINFS_MARK_STORE_BEGAN ||
	       kind == TWINFS_MARK_BOOT_BEGAN;
}

static inline bool tw_mark_ends(unsigned kind)
{
	return kind == TWINFS_MARK_CHANGE_ENDED || kind == TWINFS_MARK_STORE_ENDED ||
	       kind == TWINFS_MARK_BOOT_ENDED;
}

/* Whether size and digest go with a change. */
static inline bool tw_traced_has_content(unsigned change)
{
	return change == TWINFS_TRACED_CONTENT || change == TWINFS_TRACED_ATTR ||
	       change == TWINFS_TRACED_RESIZE;
}

/* Goes on behind an operation, as the chip's own clock and count do. */
static inline void tw_trace_advance(struct tw_trace_state *state,
	const struct twinfs_flash_timing *timing, const struct twinfs_trace_record *op)
{
	uint64_t pages = timing->page_size
				 ? ((uint64_t)op->len + timing->page_size - 1) / timing->page_size
				 : 0;

	state->number = op->number;
	state->time_ns = op->time_ns;
	state->addr = op->kind == TWINFS_TRACE_ERASE ? op->addr : op->addr + op->len;
	if (op->result < 0)
		return; /* the chip's clock stands still */
	state->time_ns += op->kind == TWINFS_TRACE_ERASE ? timing->erase_unit_ns
							 : pages * timing->program_page_ns;
}

#endif
