/* SPDX-License-Identifier: MIT */
/*
 * trace_read.c - a trace, mapped and walked over.
 *
 * Opening decodes every record once, so that whoever walks afterwards meets
 * nothing that can be wrong. Records point into the map: a trace is never
 * copied, and needs memory only for the list of its texts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/fail.h"
#include "trace_decode.h"

struct twinfs_trace {
	uint8_t *data; /* the map */
	uint64_t size;
	struct twinfs_trace_info info;
	struct twinfs_trace_part parts[TWINFS_TRACE_PARTS];
	struct tw_text_list texts;
	uint64_t first; /* offset of the first chunk of records */
	/* where next() is */
	uint64_t chunk; /* offset of the next chunk */
	struct tw_in in;
	struct tw_decoder decoder;
};

struct chunk {
	uint32_t kind;
	struct tw_in in;
	uint64_t next; /* offset behind it */
};

static int fail(struct twinfs_error *err, int code, uint64_t offset, const char *what)
{
	return tw_fail_at(err, TWINFS_P_TRACE, code, TWINFS_NO_BLOCK, offset, "%s", what);
}

/* ---- chunks ---- */

/* False when the file ends before the chunk does. */
static bool get_chunk(const struct twinfs_trace *trace, uint64_t off, struct chunk *ret_chunk)
{
	const uint8_t *head = trace->data + off;
	uint32_t len;

	if (!tw_is_within(off, TW_CHUNK_HEAD, trace->size))
		return false;
	len = tw_le32(head + 4);
	if (!tw_is_within(off + TW_CHUNK_HEAD, len, trace->size))
		return false;
	*ret_chunk = (struct chunk){
		.kind = tw_le32(head),
		.in = {.at = head + TW_CHUNK_HEAD, .end = head + TW_CHUNK_HEAD + len},
		.next = off + TW_CHUNK_HEAD + len,
	};
	return true;
}

static int check_chunk(const struct twinfs_trace *trace, uint64_t off, const struct chunk *chunk,
	struct twinfs_error *err)
{
	const uint8_t *head = trace->data + off;
	size_t len = (size_t)(chunk->in.end - chunk->in.at);
	uint32_t crc = tw_crc32(tw_crc32(0, head, 8), chunk->in.at, len);

	if (crc == tw_le32(head + 8))
		return 0;
	return tw_fail_at(err, TWINFS_P_TRACE, -EBADMSG, TWINFS_NO_BLOCK, off,
		"CRC of the chunk is 0x%08x, computed 0x%08x", tw_le32(head + 8), crc);
}

/* ---- the header ---- */

static void get_sizes(struct twinfs_trace_info *info, struct tw_in *in)
{
	info->geometry.read_size = tw_in_le32(in);
	info->geometry.prog_size = tw_in_le32(in);
	info->geometry.erase_size = tw_in_le32(in);
	info->chip_size = tw_in_le64(in);
	info->timing.read_ns_per_kib = tw_in_le64(in);
	info->timing.program_page_ns = tw_in_le64(in);
	info->timing.erase_unit_ns = tw_in_le64(in);
	info->digest.low = tw_in_le64(in);
	info->digest.high = tw_in_le64(in);
	info->started_ns = tw_in_le64(in);
	info->seed = tw_in_le64(in);
	info->first_number = tw_in_le64(in);
	info->first_time_ns = tw_in_le64(in);
	info->timing.page_size = tw_in_le32(in);
}

static void get_part(const struct twinfs_trace_info *info, struct tw_in *in,
	struct twinfs_trace_part *part)
{
	part->addr = tw_in_le64(in);
	part->size = tw_in_le64(in);
	part->block_size = tw_in_le32(in);
	part->name = tw_in_text(in, tw_in_byte(in));
	part->path = tw_in_text(in, tw_in_byte(in));
	in->bad |= !tw_is_within(part->addr, part->size, info->chip_size);
}

static int get_header(struct twinfs_trace *trace, struct tw_in *in, struct twinfs_error *err)
{
	struct twinfs_trace_info *info = &trace->info;
	const struct twinfs_flash_geometry *geometry = &info->geometry;
	uint32_t version = tw_in_le32(in);

	if (version != TW_TRACE_VERSION)
		return tw_fail_at(err, TWINFS_P_TRACE, -ENOTSUP, TWINFS_NO_BLOCK,
			TW_TRACE_MAGIC_SIZE, "trace of version %u, known is %u", version,
			TW_TRACE_VERSION);
	get_sizes(info, in);
	info->part_count = tw_in_byte(in);
	(void)tw_in_bytes(in, 15); /* reserved */
	if (!geometry->prog_size || !tw_is_power_of_two(geometry->erase_size) ||
		geometry->erase_size % geometry->prog_size || !info->chip_size)
		return fail(err, -EUCLEAN, TW_TRACE_MAGIC_SIZE, "there is no chip of these sizes");
	in->bad |= info->part_count > TWINFS_TRACE_PARTS;
	for (size_t i = 0; !in->bad && i < info->part_count; i++)
		get_part(info, in, &trace->parts[i]);
	if (in->bad || in->at != in->end)
		return fail(err, -EUCLEAN, TW_TRACE_MAGIC_SIZE,
			"the header or its partitions make no sense");
	info->parts = trace->parts;
	return 0;
}

static int open_header(struct twinfs_trace *trace, struct twinfs_error *err)
{
	struct chunk chunk;
	int rc;

	if (trace->size < TW_TRACE_MAGIC_SIZE ||
		memcmp(trace->data, TW_TRACE_MAGIC, TW_TRACE_MAGIC_SIZE))
		return fail(err, -EUCLEAN, 0, "not a trace");
	if (!get_chunk(trace, TW_TRACE_MAGIC_SIZE, &chunk))
		return fail(err, -EUCLEAN, TW_TRACE_MAGIC_SIZE, "the trace ends in its header");
	rc = check_chunk(trace, TW_TRACE_MAGIC_SIZE, &chunk, err);
	if (rc)
		return rc;
	if (chunk.kind != TW_CHUNK_HEADER)
		return fail(err, -EUCLEAN, TW_TRACE_MAGIC_SIZE, "the trace has no header");
	trace->first = chunk.next;
	return get_header(trace, &chunk.in, err);
}

/* ---- records ---- */

static uint64_t offset_of(const struct twinfs_trace *trace, const uint8_t *at)
{
	return (uint64_t)(at - trace->data);
}

static int add_text(struct twinfs_trace *trace, struct tw_in *in)
{
	struct tw_text_list *list = &trace->texts;
	uint64_t len = tw_in_varint(in);
	const char *text = len <= TWINFS_TRACE_TEXT_MAX ? tw_in_text(in, len) : NULL;

	if (!text)
		return -EUCLEAN;
	if (list->count == list->room) {
		uint64_t room = list->room ? 2 * list->room : 64;
		const char **more = realloc(list->texts, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->texts = more;
		list->room = room;
	}
	list->texts[list->count++] = text;
	return 0;
}

static void count_record(struct twinfs_trace_info *info, const struct twinfs_trace_record *record)
{
	info->records++;
	info->operations +=
		record->kind == TWINFS_TRACE_PROGRAM || record->kind == TWINFS_TRACE_ERASE;
	info->marks += record->kind == TWINFS_TRACE_MARK;
}

static int check_records(struct twinfs_trace *trace, struct tw_in *in, struct twinfs_error *err)
{
	struct twinfs_trace_record record;

	while (in->at < in->end) {
		uint64_t offset = offset_of(trace, in->at);
		uint8_t head = tw_in_byte(in);
		const char *wrong;
		int rc;

		if (head == TW_RECORD_TEXT) {
			rc = add_text(trace, in);
			if (rc)
				return fail(err, rc, offset,
					rc == -ENOMEM ? "out of memory" : "a text is too long");
			continue;
		}
		wrong = tw_trace_decode(&trace->decoder, in, head, &record);
		if (wrong)
			return fail(err, -EUCLEAN, offset, wrong);
		count_record(&trace->info, &record);
	}
	return 0;
}

static int check_end(const struct twinfs_trace *trace, struct chunk *chunk,
	struct twinfs_error *err)
{
	uint64_t records = tw_in_le64(&chunk->in), operations = tw_in_le64(&chunk->in);
	uint64_t texts = tw_in_le64(&chunk->in), offset = offset_of(trace, chunk->in.at);

	if (chunk->in.bad || chunk->in.at != chunk->in.end || records != trace->info.records ||
		operations != trace->info.operations || texts != trace->texts.count)
		return fail(err, -EUCLEAN, offset, "the end does not count what is there");
	if (chunk->next != trace->size)
		return fail(err, -EUCLEAN, chunk->next, "there is something behind the end");
	return 0;
}

static int check_all(struct twinfs_trace *trace, struct twinfs_error *err)
{
	uint64_t off = trace->first;
	struct chunk chunk;

	trace->info.is_truncated = true;
	while (trace->info.is_truncated && get_chunk(trace, off, &chunk)) {
		int rc = check_chunk(trace, off, &chunk, err);

		if (!rc && chunk.kind == TW_CHUNK_RECORDS)
			rc = check_records(trace, &chunk.in, err);
		else if (!rc && chunk.kind == TW_CHUNK_END)
			rc = check_end(trace, &chunk, err);
		else if (!rc)
			rc = fail(err, -EUCLEAN, off, "unknown kind of chunk");
		if (rc)
			return rc;
		trace->info.is_truncated = chunk.kind != TW_CHUNK_END;
		off = chunk.next;
	}
	trace->info.end = off;
	trace->info.last_number = trace->decoder.state.number;
	trace->info.last_time_ns = trace->decoder.state.time_ns;
	return 0;
}

/* ---- open and walk ---- */

static int map_file(struct twinfs_trace *trace, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	void *map;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (S_ISDIR(stat.st_mode))
		return -EISDIR;
	if (!S_ISREG(stat.st_mode))
		return -EINVAL;
	trace->info.file_size = trace->size = (uint64_t)stat.st_size;
	if (!trace->size)
		return 0;
	map = mmap(NULL, trace->size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	trace->data = map;
	return 0;
}

int twinfs_trace_open(const char *path, struct twinfs_trace **ret_trace, struct twinfs_error *err)
{
	struct twinfs_trace *trace = calloc(1, sizeof(*trace));
	int rc;

	if (!trace)
		return tw_fail(err, TWINFS_P_TRACE, -ENOMEM, "out of memory");
	rc = map_file(trace, path);
	if (rc)
		(void)tw_fail(err, TWINFS_P_TRACE, rc, "%s", twinfs_strerror(rc));
	if (!rc)
		rc = open_header(trace, err);
	if (!rc) {
		twinfs_trace_rewind(trace);
		rc = check_all(trace, err);
	}
	if (rc) {
		twinfs_trace_close(trace);
		return tw_fail_file(err, path, rc);
	}
	twinfs_trace_rewind(trace);
	*ret_trace = trace;
	return 0;
}

void twinfs_trace_close(struct twinfs_trace *trace)
{
	if (!trace)
		return;
	if (trace->data)
		(void)munmap(trace->data, trace->size); /* what was mapped can be unmapped */
	free(trace->texts.texts);
	free(trace);
}

const struct twinfs_trace_info *twinfs_trace_info(const struct twinfs_trace *trace)
{
	return &trace->info;
}

void twinfs_trace_rewind(struct twinfs_trace *trace)
{
	trace->chunk = trace->first;
	trace->in = (struct tw_in){0};
	trace->decoder = (struct tw_decoder){
		.info = &trace->info,
		.texts = &trace->texts,
		.state = {trace->info.first_number, trace->info.first_time_ns, 0},
	};
}

/* Goes on to the next chunk of records; false at the end. */
static bool next_chunk(struct twinfs_trace *trace)
{
	struct chunk chunk;

	if (trace->chunk >= trace->info.end || !get_chunk(trace, trace->chunk, &chunk) ||
		chunk.kind != TW_CHUNK_RECORDS)
		return false;
	trace->in = chunk.in;
	trace->chunk = chunk.next;
	return true;
}

bool twinfs_trace_next(struct twinfs_trace *trace, struct twinfs_trace_record *ret_record)
{
	struct tw_in *in = &trace->in;

	for (;;) {
		const uint8_t *at = in->at;
		uint8_t head;

		if (at == in->end) {
			if (!next_chunk(trace))
				return false;
			continue;
		}
		head = tw_in_byte(in);
		if (head == TW_RECORD_TEXT) {
			(void)tw_in_text(in, tw_in_varint(in)); /* known since it was opened */
			if (in->bad)
				return false;
			continue;
		}
		/* It was right when it was opened: a file that somebody changes since just ends. */
		if (tw_trace_decode(&trace->decoder, in, head, ret_record))
			return false;
		ret_record->offset = offset_of(trace, at);
		return true;
	}
}
