/* SPDX-License-Identifier: MIT */
/*
 * trace_decode.h - one record of a trace, out of its bytes.
 */
#ifndef TW_FAULT_TRACE_DECODE_H
#define TW_FAULT_TRACE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "trace_format.h"

/* Bytes that are read in order. Past the end everything is 0, and @bad is set. */
struct tw_in {
	const uint8_t *at, *end;
	bool bad;
};

uint8_t tw_in_byte(struct tw_in *in);
uint32_t tw_in_le32(struct tw_in *in);
uint64_t tw_in_le64(struct tw_in *in);
uint64_t tw_in_varint(struct tw_in *in);

/* @len bytes, or NULL. */
const uint8_t *tw_in_bytes(struct tw_in *in, uint64_t len);

/* @len bytes without a NUL, and a NUL behind them; or NULL. */
const char *tw_in_text(struct tw_in *in, uint64_t len);

/* Texts by their number; those of the records so far. */
struct tw_text_list {
	const char **texts;
	uint64_t count, room;
};

/* What is known between two records. */
struct tw_decoder {
	const struct twinfs_trace_info *info;
	const struct tw_text_list *texts;
	struct tw_trace_state state;
	struct twinfs_trace_mark open[TW_TRACE_OPEN_MARKS];
	bool is_open[TW_TRACE_OPEN_MARKS];
};

/*
 * Takes the record that begins with the byte @head, which is taken already and is
 * not that of a text. Afterwards it is well-formed: it lies on the chip, its texts
 * are there, a mark that ends has begun. Returns NULL, or what is wrong with it.
 */
const char *tw_trace_decode(struct tw_decoder *decoder, struct tw_in *in, uint8_t head,
	struct twinfs_trace_record *ret_record);

#endif
