/* SPDX-License-Identifier: MIT */
/*
 * trace_recorder.c - writes down what happens to a chip.
 *
 * Everything goes through one buffer under one lock, so the order of records is
 * the order of what happened: operations come under the chip's lock, marks under
 * that of whoever makes them, and the recorder's own is always the last taken.
 *
 * Nothing is refused for the recorder's sake. When the host's disk is full, the
 * recording ends there; the chip goes on, and close says what was lost.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fail.h"
#include "trace_format.h"
#include "trace_out.h"
#include "trace_texts.h"

/* A chunk is written once it has this many bytes. */
#define CHUNK_SIZE (64u << 10)

/* A mark that began and did not end yet, by what names it. */
struct open_mark {
	unsigned kind; /* as it began */
	unsigned change;
	uint64_t path; /* number of the text */
	uint64_t index;
	bool used;
};

struct twinfs_recorder {
	struct twinfs_flash *flash;
	char *path; /* for messages */
	void (*owner)(void *ctx, const struct twinfs_flash_op *op, char *room, size_t size);
	void *ctx;
	struct twinfs_flash_timing timing;
	uint32_t prog_size, erase_size;
	pthread_mutex_t lock; /* guards all below */
	struct tw_out out;
	struct tw_texts texts;
	struct tw_trace_state state;
	struct open_mark open[TW_TRACE_OPEN_MARKS];
	uint8_t *kept; /* a bit for each erase unit: its old bytes are in the trace */
	uint64_t operations, records;
	bool is_off; /* the cut is in the trace, and nothing happened since */
};

/* ---- the header ---- */

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void put_short_text(struct tw_out *out, const char *text)
{
	size_t len = strlen(text);

	tw_out_byte(out, (unsigned)len);
	tw_out_bytes(out, text, len + 1);
}

static int put_header(struct twinfs_recorder *recorder,
	const struct twinfs_recorder_options *options)
{
	const struct twinfs_flash_config *config = twinfs_flash_config(recorder->flash);
	struct tw_out *out = &recorder->out;
	struct twinfs_digest digest;
	int rc = twinfs_image_digest(twinfs_flash_image(recorder->flash), &digest);

	if (rc)
		return rc;
	tw_out_le32(out, TW_TRACE_VERSION);
	tw_out_le32(out, config->geometry.read_size);
	tw_out_le32(out, config->geometry.prog_size);
	tw_out_le32(out, config->geometry.erase_size);
	tw_out_le64(out, twinfs_flash_size(recorder->flash));
	tw_out_le64(out, config->timing.read_ns_per_kib);
	tw_out_le64(out, config->timing.program_page_ns);
	tw_out_le64(out, config->timing.erase_unit_ns);
	tw_out_le64(out, digest.low);
	tw_out_le64(out, digest.high);
	tw_out_le64(out, wall_clock_ns());
	tw_out_le64(out, options->seed);
	tw_out_le64(out, recorder->state.number);
	tw_out_le64(out, recorder->state.time_ns);
	tw_out_le32(out, config->timing.page_size);
	tw_out_byte(out, (unsigned)options->part_count);
	tw_out_bytes(out, (const uint8_t[15]){0}, 15);
	for (size_t i = 0; i < options->part_count; i++) {
		const struct twinfs_trace_part *part = &options->parts[i];

		tw_out_le64(out, part->addr);
		tw_out_le64(out, part->size);
		tw_out_le32(out, part->block_size);
		put_short_text(out, part->name);
		put_short_text(out, part->path);
	}
	tw_out_chunk(out, TW_CHUNK_HEADER);
	return out->rc;
}

/* ---- pieces of records ---- */

/* The number of @text, which is written down when it is new. "" is 0. */
static uint64_t text_number(struct twinfs_recorder *recorder, const char *text)
{
	size_t len = text ? strnlen(text, TWINFS_TRACE_TEXT_MAX) : 0;
	uint64_t number = 0;
	int rc = len ? tw_texts_number(&recorder->texts, text, len, &number) : 0;

	if (rc < 0 && !recorder->out.rc)
		recorder->out.rc = rc;
	if (rc <= 0)
		return number;
	tw_out_byte(&recorder->out, TW_RECORD_TEXT);
	tw_out_varint(&recorder->out, len);
	tw_out_bytes(&recorder->out, text, len);
	tw_out_byte(&recorder->out, 0);
	return number;
}

/* How many of the cells are left when those that are erased at the end are not stored. */
static uint32_t trim(const uint8_t *cells, uint32_t len)
{
	static const uint8_t erased[64] = {[0 ... 63] = 0xff};

	while (len >= sizeof(erased) &&
		!memcmp(cells + len - sizeof(erased), erased, sizeof(erased)))
		len -= (uint32_t)sizeof(erased);
	while (len && cells[len - 1] == 0xff)
		len--;
	return len;
}

static void end_record(struct twinfs_recorder *recorder)
{
	recorder->records++;
	if (tw_out_pending(&recorder->out) >= CHUNK_SIZE)
		tw_out_chunk(&recorder->out, TW_CHUNK_RECORDS);
}

/* Keeps what the erase unit of @addr holds, if nothing has changed it yet. */
static void keep_old(struct twinfs_recorder *recorder, uint64_t addr)
{
	const struct twinfs_image *image = twinfs_flash_image(recorder->flash);
	uint64_t unit = addr / recorder->erase_size, begin = unit * recorder->erase_size;
	uint32_t len = recorder->erase_size, used;
	bool is_short;

	if (recorder->kept[unit / 8] & 1u << unit % 8)
		return;
	recorder->kept[unit / 8] |= (uint8_t)(1u << unit % 8);
	/* The last unit of a file may be cut off; files begin with a whole one. */
	while (!twinfs_image_contains(image, begin, len))
		len--;
	is_short = len < recorder->erase_size;
	used = trim(twinfs_image_bytes(image) + begin, len);
	tw_out_byte(&recorder->out, TW_RECORD_OLD | (is_short ? TW_RECORD_SHORT : 0));
	tw_out_varint(&recorder->out, unit);
	if (is_short)
		tw_out_varint(&recorder->out, len);
	tw_out_varint(&recorder->out, used);
	tw_out_bytes(&recorder->out, twinfs_image_bytes(image) + begin, used);
	end_record(recorder);
}

/* Small for numbers near 0, negative ones too. */
static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static void put_operation(struct twinfs_recorder *recorder, const struct twinfs_trace_record *op,
	uint64_t owner)
{
	const struct tw_trace_state *state = &recorder->state;
	struct tw_out *out = &recorder->out;
	bool is_erase = op->kind == TWINFS_TRACE_ERASE;
	unsigned head = is_erase ? TW_RECORD_ERASE : TW_RECORD_PROGRAM;

	head |= op->number != state->number + 1 ? TW_RECORD_NUMBER : 0;
	head |= op->time_ns != state->time_ns ? TW_RECORD_TIME : 0;
	head |= op->done != op->len || op->result ? TW_RECORD_ODD : 0;
	head |= is_erase && op->cells_len ? TW_RECORD_CELLS : 0;
	tw_out_byte(out, head);
	if (head & TW_RECORD_NUMBER)
		tw_out_varint(out, op->number - state->number - 1);
	if (head & TW_RECORD_TIME)
		tw_out_varint(out, op->time_ns - state->time_ns);
	tw_out_varint(out, owner);
	if (is_erase) {
		tw_out_varint(out, op->addr / recorder->erase_size);
	} else {
		tw_out_varint(out,
			zigzag((int64_t)(op->addr - state->addr) / (int64_t)recorder->prog_size));
		tw_out_varint(out, op->len / recorder->prog_size);
	}
	if (head & TW_RECORD_ODD) {
		tw_out_varint(out, op->done);
		tw_out_varint(out, (uint64_t)-op->result);
	}
	if (!is_erase || head & TW_RECORD_CELLS) {
		tw_out_varint(out, op->cells_len);
		tw_out_bytes(out, op->cells, op->cells_len);
	}
}

static int put_mark(struct twinfs_recorder *recorder, const struct twinfs_trace_mark *mark);

/* ---- the hooks ---- */

static int before(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct twinfs_recorder *recorder = ctx;
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&recorder->lock);

	(void)guard, (void)done;
	for (uint64_t addr = op->addr; addr < op->addr + op->len;
		addr = (addr / recorder->erase_size + 1) * recorder->erase_size)
		keep_old(recorder, addr);
	return 0;
}

static void after(void *ctx, const struct twinfs_flash_op *op, uint32_t done, int rc,
	const uint8_t *cells)
{
	struct twinfs_recorder *recorder = ctx;
	struct twinfs_trace_record record = {
		.kind = op->kind == TWINFS_FLASH_ERASE ? TWINFS_TRACE_ERASE : TWINFS_TRACE_PROGRAM,
		.number = op->seq,
		.time_ns = op->time_ns,
		.addr = op->addr,
		.len = op->len,
		.cells = cells,
		.cells_len = trim(cells, op->len),
		.done = done,
		.result = rc,
	};
	char owner[TWINFS_TRACE_TEXT_MAX + 1];
	_cleanup_unlock_ pthread_mutex_t *guard = NULL;

	owner[0] = '\0';
	if (recorder->owner)
		recorder->owner(recorder->ctx, op, owner, sizeof(owner));
	guard = tw_lock(&recorder->lock);
	put_operation(recorder, &record, text_number(recorder, owner));
	tw_trace_advance(&recorder->state, &recorder->timing, &record);
	recorder->operations++;
	recorder->is_off = false;
	end_record(recorder);
	if (rc == -ESHUTDOWN)
		(void)put_mark(recorder,
			&(struct twinfs_trace_mark){.kind = TWINFS_MARK_POWER_CUT});
}

static void disturbed(void *ctx, uint64_t addr, uint8_t mask)
{
	struct twinfs_recorder *recorder = ctx;
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&recorder->lock);
	const uint8_t *cell = twinfs_image_bytes(twinfs_flash_image(recorder->flash)) + addr;

	(void)guard;
	keep_old(recorder, addr);
	tw_out_byte(&recorder->out, TW_RECORD_FLIP);
	tw_out_varint(&recorder->out, addr);
	tw_out_byte(&recorder->out, *cell ^ mask);
	end_record(recorder);
}

void twinfs_recorder_hooks(struct twinfs_recorder *recorder, struct twinfs_flash_hook *ret_first,
	struct twinfs_flash_hook *ret_last)
{
	*ret_first = (struct twinfs_flash_hook){
		.before = before, .disturbed = disturbed, .ctx = recorder};
	*ret_last = (struct twinfs_flash_hook){.after = after, .ctx = recorder};
}

/* ---- marks ---- */

static struct open_mark *find_open(struct twinfs_recorder *recorder, const struct open_mark *like)
{
	for (unsigned i = 0; i < TW_TRACE_OPEN_MARKS; i++) {
		struct open_mark *it = &recorder->open[i];

		if (it->used == like->used &&
			(!it->used || (it->kind == like->kind && it->change == like->change &&
					      it->path == like->path && it->index == like->index)))
			return it;
	}
	return NULL;
}

static void put_size_and_digest(struct tw_out *out, const struct twinfs_trace_mark *mark)
{
	tw_out_varint(out, mark->size);
	tw_out_le64(out, mark->digest.low);
	tw_out_le64(out, mark->digest.high);
}

static void put_change(struct twinfs_recorder *recorder, const struct twinfs_trace_mark *mark,
	uint64_t path, uint64_t new_path)
{
	struct tw_out *out = &recorder->out;

	tw_out_byte(out, mark->change);
	tw_out_varint(out, path);
	if (mark->change == TWINFS_TRACED_RENAME)
		tw_out_varint(out, new_path);
	if (mark->change == TWINFS_TRACED_ATTR)
		tw_out_varint(out, mark->index);
	if (tw_traced_has_content(mark->change))
		put_size_and_digest(out, mark);
}

/* The mark itself; @open is the place of one that begins or ends. */
static void put_mark_record(struct twinfs_recorder *recorder, const struct twinfs_trace_mark *mark,
	const struct open_mark *open)
{
	struct tw_out *out = &recorder->out;
	/* Texts go in front of the record that needs them. */
	uint64_t path = text_number(recorder, mark->path);
	uint64_t new_path =
		mark->change == TWINFS_TRACED_RENAME ? text_number(recorder, mark->new_path) : 0;

	tw_out_byte(out,
		TW_RECORD_MARK |
			(tw_mark_ends(mark->kind) ? 0 : (mark->flags & 7u) << TW_RECORD_FLAGS));
	tw_out_byte(out, mark->kind);
	if (open)
		tw_out_byte(out, (unsigned)(open - recorder->open));
	switch (mark->kind) {
	case TWINFS_MARK_CHANGE_BEGAN:
		put_change(recorder, mark, path, new_path);
		break;
	case TWINFS_MARK_STORE_BEGAN:
		tw_out_varint(out, mark->index);
		put_size_and_digest(out, mark);
		break;
	case TWINFS_MARK_BOOT_BEGAN:
		tw_out_varint(out, mark->index);
		break;
	case TWINFS_MARK_CHANGE_ENDED:
	case TWINFS_MARK_STORE_ENDED:
	case TWINFS_MARK_BOOT_ENDED:
		tw_out_varint(out, (uint64_t)-mark->result);
		break;
	case TWINFS_MARK_NOTE:
		tw_out_varint(out, path);
		break;
	case TWINFS_MARK_POWER_CUT:
	case TWINFS_MARK_COUNT:
		break;
	}
	end_record(recorder);
}

static bool is_mark(const struct twinfs_trace_mark *mark)
{
	bool is_change =
		mark->kind == TWINFS_MARK_CHANGE_BEGAN || mark->kind == TWINFS_MARK_CHANGE_ENDED;

	return mark->kind < TWINFS_MARK_COUNT && mark->change < TWINFS_TRACED_COUNT &&
	       is_change == (mark->change != TWINFS_TRACED_NONE) && mark->result <= 0;
}

static int put_mark(struct twinfs_recorder *recorder, const struct twinfs_trace_mark *mark)
{
	bool begins = tw_mark_begins(mark->kind), ends = tw_mark_ends(mark->kind);
	struct open_mark key = {
		.kind = ends ? mark->kind - 1u : mark->kind,
		.change = mark->change,
		.index = mark->index,
		.used = true,
	};
	struct open_mark *open = NULL;

	if (!is_mark(mark))
		return -EINVAL;
	if (mark->kind == TWINFS_MARK_POWER_CUT && recorder->is_off)
		return 0;
	if (mark->kind == TWINFS_MARK_POWER_CUT || mark->kind == TWINFS_MARK_BOOT_BEGAN)
		recorder->is_off = mark->kind == TWINFS_MARK_POWER_CUT;
	if (begins || ends)
		key.path = text_number(recorder, mark->path);
	if (begins || ends)
		open = find_open(recorder, ends ? &key : &(struct open_mark){0});
	if ((begins || ends) && !open)
		return ends ? -EINVAL : -EBUSY;
	if (open)
		*open = begins ? key : (struct open_mark){0};
	put_mark_record(recorder, mark, open);
	return recorder->out.rc;
}

int twinfs_recorder_mark(struct twinfs_recorder *recorder, const struct twinfs_trace_mark *mark)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&recorder->lock);

	(void)guard;
	return recorder->out.rc ? recorder->out.rc : put_mark(recorder, mark);
}

/* ---- life ---- */

static void free_recorder(struct twinfs_recorder *recorder)
{
	tw_texts_release(&recorder->texts);
	(void)pthread_mutex_destroy(&recorder->lock);
	free(recorder->kept);
	free(recorder->path);
	free(recorder);
}

static int check_parts(const struct twinfs_flash *flash,
	const struct twinfs_recorder_options *options, struct twinfs_error *err)
{
	if (options->part_count > TWINFS_TRACE_PARTS)
		return tw_fail(err, TWINFS_P_TRACE, -EINVAL, "more than %u partitions",
			TWINFS_TRACE_PARTS);
	for (size_t i = 0; i < options->part_count; i++) {
		const struct twinfs_trace_part *part = &options->parts[i];

		if (!tw_is_within(part->addr, part->size, twinfs_flash_size(flash)) ||
			strlen(part->name) > UINT8_MAX || strlen(part->path) > UINT8_MAX)
			return tw_fail(err, TWINFS_P_TRACE, -EINVAL,
				"partition '%s' is outside of the chip, or its name is too long",
				part->name);
	}
	return 0;
}

static struct twinfs_recorder *new_recorder(struct twinfs_flash *flash, const char *path,
	const struct twinfs_recorder_options *options)
{
	const struct twinfs_flash_config *config = twinfs_flash_config(flash);
	struct twinfs_recorder *recorder = calloc(1, sizeof(*recorder));
	struct twinfs_flash_stats stats;

	if (!recorder)
		return NULL;
	twinfs_flash_stats(flash, &stats);
	recorder->flash = flash;
	recorder->owner = options->owner;
	recorder->ctx = options->ctx;
	recorder->timing = config->timing;
	recorder->prog_size = config->geometry.prog_size;
	recorder->erase_size = config->geometry.erase_size;
	recorder->state = (struct tw_trace_state){stats.seq, stats.busy_ns, 0};
	recorder->kept = calloc(twinfs_flash_units(flash) / 8 + 1, 1);
	recorder->path = strdup(path);
	recorder->out.fd = -1;
	(void)pthread_mutex_init(&recorder->lock, NULL); /* cannot fail with default attributes */
	if (recorder->kept && recorder->path)
		return recorder;
	free_recorder(recorder);
	return NULL;
}

int twinfs_recorder_new(struct twinfs_flash *flash, const char *path,
	const struct twinfs_recorder_options *options, struct twinfs_recorder **ret_recorder,
	struct twinfs_error *err)
{
	struct twinfs_recorder *recorder;
	int rc = check_parts(flash, options, err);

	if (rc)
		return rc;
	recorder = new_recorder(flash, path, options);
	if (!recorder)
		return tw_fail(err, TWINFS_P_TRACE, -ENOMEM, "out of memory");
	rc = tw_out_open(&recorder->out, path);
	if (rc) {
		free_recorder(recorder);
		return tw_fail_file(err, path,
			tw_fail(err, TWINFS_P_TRACE, rc, "cannot be made: %s", tw_make_reason(rc)));
	}
	rc = put_header(recorder, options);
	if (rc) {
		recorder->out.rc = rc;
		(void)unlink(path); /* a trace without a header is of no use */
		return twinfs_recorder_close(recorder, err);
	}
	*ret_recorder = recorder;
	return 0;
}

uint64_t twinfs_recorder_operations(struct twinfs_recorder *recorder)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&recorder->lock);

	(void)guard;
	return recorder->operations;
}

int twinfs_recorder_flush(struct twinfs_recorder *recorder)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&recorder->lock);

	(void)guard;
	tw_out_chunk(&recorder->out, TW_CHUNK_RECORDS);
	return recorder->out.rc;
}

int twinfs_recorder_close(struct twinfs_recorder *recorder, struct twinfs_error *err)
{
	int rc;

	if (!recorder)
		return 0;
	tw_out_chunk(&recorder->out, TW_CHUNK_RECORDS);
	tw_out_le64(&recorder->out, recorder->records);
	tw_out_le64(&recorder->out, recorder->operations);
	tw_out_le64(&recorder->out, recorder->texts.count);
	tw_out_chunk(&recorder->out, TW_CHUNK_END);
	rc = tw_out_close(&recorder->out);
	if (rc)
		(void)tw_fail_file(err, recorder->path,
			tw_fail(err, TWINFS_P_TRACE, rc, "the trace is not complete: %s",
				twinfs_strerror(rc)));
	free_recorder(recorder);
	return rc;
}
