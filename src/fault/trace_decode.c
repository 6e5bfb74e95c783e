/* SPDX-License-Identifier: MIT */
/*
 * trace_decode.c - one record of a trace, out of its bytes: the only way in.
 */
#include "trace_decode.h"

#include <string.h>

#include "base/bytes.h"

/* Errnos end here (<linux/err.h>). */
#define ERRNO_MAX 4095

/* ---- bytes ---- */

const uint8_t *tw_in_bytes(struct tw_in *in, uint64_t len)
{
	const uint8_t *bytes = in->at;

	if (in->bad || len > (uint64_t)(in->end - in->at)) {
		in->bad = true;
		return NULL;
	}
	in->at += len;
	return bytes;
}

uint8_t tw_in_byte(struct tw_in *in)
{
	const uint8_t *bytes = tw_in_bytes(in, 1);

	return bytes ? *bytes : 0;
}

uint32_t tw_in_le32(struct tw_in *in)
{
	const uint8_t *bytes = tw_in_bytes(in, 4);

	return bytes ? tw_le32(bytes) : 0;
}

uint64_t tw_in_le64(struct tw_in *in)
{
	const uint8_t *bytes = tw_in_bytes(in, 8);

	return bytes ? tw_le64(bytes) : 0;
}

uint64_t tw_in_varint(struct tw_in *in)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = tw_in_byte(in);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			in->bad |= shift == 63 && byte > 1; /* over 64 bits */
			return value;
		}
	}
	in->bad = true;
	return 0;
}

const char *tw_in_text(struct tw_in *in, uint64_t len)
{
	const uint8_t *bytes = len < UINT64_MAX ? tw_in_bytes(in, len + 1) : NULL;

	if (!bytes || memchr(bytes, '\0', len + 1) != bytes + len) {
		in->bad = true;
		return NULL;
	}
	return (const char *)bytes;
}

/* ---- pieces ---- */

static const char *get_text(const struct tw_decoder *decoder, struct tw_in *in)
{
	uint64_t number = tw_in_varint(in);

	if (number > decoder->texts->count) {
		in->bad = true;
		return "";
	}
	return number ? decoder->texts->texts[number - 1] : "";
}

static int get_result(struct tw_in *in)
{
	uint64_t code = tw_in_varint(in);

	in->bad |= code > ERRNO_MAX;
	return in->bad ? 0 : -(int)code;
}

static void get_cells(struct tw_in *in, struct twinfs_trace_record *record)
{
	uint64_t len = tw_in_varint(in);

	in->bad |= len > record->len;
	record->cells = tw_in_bytes(in, len);
	record->cells_len = in->bad ? 0 : (uint32_t)len;
}

/* Where the unit @unit lies; @len bytes of it are meant. */
static void get_unit(const struct tw_decoder *decoder, struct tw_in *in, uint64_t unit,
	uint64_t len, struct twinfs_trace_record *record)
{
	uint32_t size = decoder->info->geometry.erase_size;

	if (unit > decoder->info->chip_size / size || len > size ||
		!tw_is_within(unit * size, len, decoder->info->chip_size)) {
		in->bad = true;
		return;
	}
	record->addr = unit * size;
	record->len = (uint32_t)len;
}

static int64_t unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (~(value & 1) + 1));
}

/* ---- operations ---- */

static void get_program_place(const struct tw_decoder *decoder, struct tw_in *in,
	struct twinfs_trace_record *record)
{
	uint32_t prog_size = decoder->info->geometry.prog_size;
	int64_t delta = unzigzag(tw_in_varint(in));
	uint64_t count = tw_in_varint(in), len;

	/* May wrap: then it is not on the chip, or it is where it is said to be. */
	record->addr = decoder->state.addr + (uint64_t)delta * prog_size;
	if (__builtin_mul_overflow(count, prog_size, &len) || len > UINT32_MAX ||
		!tw_is_within(record->addr, len, decoder->info->chip_size)) {
		in->bad = true;
		return;
	}
	record->len = (uint32_t)len;
}

static void get_operation(struct tw_decoder *decoder, struct tw_in *in, uint8_t head,
	struct twinfs_trace_record *record)
{
	struct tw_trace_state *state = &decoder->state;
	bool is_erase = record->kind == TWINFS_TRACE_ERASE;
	uint64_t skipped = head & TW_RECORD_NUMBER ? tw_in_varint(in) : 0;
	uint64_t later = head & TW_RECORD_TIME ? tw_in_varint(in) : 0;

	in->bad |= __builtin_add_overflow(state->number, skipped, &record->number) ||
		   __builtin_add_overflow(record->number, 1, &record->number) ||
		   __builtin_add_overflow(state->time_ns, later, &record->time_ns);
	record->owner = get_text(decoder, in);
	if (is_erase)
		get_unit(decoder, in, tw_in_varint(in), decoder->info->geometry.erase_size, record);
	else
		get_program_place(decoder, in, record);
	record->done = record->len;
	if (head & TW_RECORD_ODD) {
		uint64_t done = tw_in_varint(in);

		in->bad |= done > record->len;
		record->done = (uint32_t)done;
		record->result = get_result(in);
	}
	if (!is_erase || head & TW_RECORD_CELLS)
		get_cells(in, record);
	if (!in->bad)
		tw_trace_advance(state, &decoder->info->timing, record);
}

static void get_flip(const struct tw_decoder *decoder, struct tw_in *in,
	struct twinfs_trace_record *record)
{
	record->addr = tw_in_varint(in);
	record->len = 1;
	record->cells_len = 1;
	record->cells = tw_in_bytes(in, 1);
	in->bad |= record->addr >= decoder->info->chip_size;
}

static void get_old(const struct tw_decoder *decoder, struct tw_in *in, uint8_t head,
	struct twinfs_trace_record *record)
{
	uint64_t unit = tw_in_varint(in);
	uint64_t len =
		head & TW_RECORD_SHORT ? tw_in_varint(in) : decoder->info->geometry.erase_size;

	get_unit(decoder, in, unit, len, record);
	get_cells(in, record);
}

/* ---- marks ---- */

static void get_content(struct tw_in *in, struct twinfs_trace_mark *mark)
{
	mark->size = tw_in_varint(in);
	mark->digest.low = tw_in_le64(in);
	mark->digest.high = tw_in_le64(in);
}

static void get_change(const struct tw_decoder *decoder, struct tw_in *in,
	struct twinfs_trace_mark *mark)
{
	uint8_t change = tw_in_byte(in);

	if (change == TWINFS_TRACED_NONE || change >= TWINFS_TRACED_COUNT) {
		in->bad = true;
		return;
	}
	mark->change = change;
	mark->path = get_text(decoder, in);
	if (change == TWINFS_TRACED_RENAME)
		mark->new_path = get_text(decoder, in);
	if (change == TWINFS_TRACED_ATTR)
		mark->index = tw_in_varint(in);
	if (tw_traced_has_content(change))
		get_content(in, mark);
}

/* The end of what began at @place: all it said, and the result. */
static void get_end(struct tw_decoder *decoder, struct tw_in *in, uint8_t place,
	struct twinfs_trace_mark *mark)
{
	enum twinfs_trace_mark_kind kind = mark->kind;

	if (place >= TW_TRACE_OPEN_MARKS || !decoder->is_open[place] ||
		decoder->open[place].kind + 1u != kind) {
		in->bad = true;
		return;
	}
	*mark = decoder->open[place];
	mark->kind = kind;
	mark->result = get_result(in);
	decoder->is_open[place] = false;
}

static void get_beginning(struct tw_decoder *decoder, struct tw_in *in, uint8_t place,
	struct twinfs_trace_mark *mark)
{
	if (mark->kind == TWINFS_MARK_CHANGE_BEGAN)
		get_change(decoder, in, mark);
	else
		mark->index = tw_in_varint(in);
	if (mark->kind == TWINFS_MARK_STORE_BEGAN)
		get_content(in, mark);
	if (in->bad || place >= TW_TRACE_OPEN_MARKS || decoder->is_open[place]) {
		in->bad = true;
		return;
	}
	decoder->open[place] = *mark;
	decoder->is_open[place] = true;
}

static void get_mark(struct tw_decoder *decoder, struct tw_in *in, uint8_t head,
	struct twinfs_trace_mark *mark)
{
	uint8_t kind = tw_in_byte(in);

	if (kind >= TWINFS_MARK_COUNT) {
		in->bad = true;
		return;
	}
	mark->kind = kind;
	mark->flags = head >> TW_RECORD_FLAGS & 7u;
	if (tw_mark_begins(kind))
		get_beginning(decoder, in, tw_in_byte(in), mark);
	else if (tw_mark_ends(kind))
		get_end(decoder, in, tw_in_byte(in), mark);
	else if (kind == TWINFS_MARK_NOTE)
		mark->path = get_text(decoder, in);
}

/* ---- all ---- */

/* Which flags a kind of record may have. */
static unsigned flags_of(unsigned kind)
{
	static const uint8_t flags[8] = {
		[TW_RECORD_PROGRAM] = TW_RECORD_NUMBER | TW_RECORD_TIME | TW_RECORD_ODD,
		[TW_RECORD_ERASE] =
			TW_RECORD_NUMBER | TW_RECORD_TIME | TW_RECORD_ODD | TW_RECORD_CELLS,
		[TW_RECORD_OLD] = TW_RECORD_SHORT,
		[TW_RECORD_MARK] = 7u << TW_RECORD_FLAGS,
	};

	return flags[kind & TW_RECORD_KIND];
}

const char *tw_trace_decode(struct tw_decoder *decoder, struct tw_in *in, uint8_t head,
	struct twinfs_trace_record *ret_record)
{
	unsigned kind = head & TW_RECORD_KIND;
	struct twinfs_trace_record record = {
		.number = decoder->state.number,
		.time_ns = decoder->state.time_ns,
		.owner = "",
		.mark = {.path = "", .new_path = ""},
	};

	if (head & ~(flags_of(kind) | TW_RECORD_KIND))
		return "unknown flags of a record";
	if (kind == TW_RECORD_PROGRAM || kind == TW_RECORD_ERASE) {
		record.kind = kind == TW_RECORD_ERASE ? TWINFS_TRACE_ERASE : TWINFS_TRACE_PROGRAM;
		get_operation(decoder, in, head, &record);
	} else if (kind == TW_RECORD_FLIP) {
		record.kind = TWINFS_TRACE_FLIP;
		get_flip(decoder, in, &record);
	} else if (kind == TW_RECORD_OLD) {
		record.kind = TWINFS_TRACE_OLD;
		get_old(decoder, in, head, &record);
	} else if (kind == TW_RECORD_MARK) {
		record.kind = TWINFS_TRACE_MARK;
		get_mark(decoder, in, head, &record.mark);
	} else {
		return "unknown kind of record";
	}
	if (in->bad)
		return record.kind == TWINFS_TRACE_MARK
			       ? "a mark that makes no sense"
			       : "an operation outside of the chip or its chunk";
	*ret_record = record;
	return NULL;
}
