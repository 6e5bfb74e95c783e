/* SPDX-License-Identifier: MIT */
/*
 * dirty.c - the unsynced content of one file.
 */
#include "dirty.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

struct tw_dirty *tw_dirty_new(uint32_t size)
{
	struct tw_dirty *dirty = calloc(1, sizeof(*dirty));

	if (dirty)
		dirty->size = dirty->keep = dirty->old_valid = size;
	return dirty;
}

void tw_dirty_free(struct tw_dirty *dirty)
{
	if (!dirty)
		return;
	for (uint32_t i = 0; i < dirty->chunk_count; i++)
		free(dirty->chunks[i]);
	free(dirty->chunks);
	free(dirty);
}

int tw_dirty_is_change(const struct tw_dirty *dirty, uint32_t old_size)
{
	return dirty->size != old_size || dirty->keep != old_size;
}

uint32_t tw_dirty_keep_after(const struct tw_dirty *dirty, uint32_t off)
{
	return least(dirty->keep, least(off, dirty->size));
}

/* Bytes that no chunk holds: committed ones, then zeros. */
static int read_below(const struct tw_dirty *dirty, uint32_t off, uint8_t *buf, uint32_t len,
	tw_read_old *read_old, void *ctx)
{
	uint32_t old = off < dirty->old_valid ? least(len, dirty->old_valid - off) : 0;
	int rc = old ? read_old(ctx, off, buf, old) : 0;

	memset(buf + old, 0, len - old);
	return rc;
}

static int grow(struct tw_dirty *dirty, uint32_t count)
{
	uint8_t **more;

	if (count <= dirty->chunk_count)
		return 0;
	count += count / 2; /* a file written from the front grows it a few times only */
	more = reallocarray(dirty->chunks, count, sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + dirty->chunk_count, 0, (count - dirty->chunk_count) * sizeof(*more));
	dirty->chunks = more;
	dirty->chunk_count = count;
	return 0;
}

static int make_chunk(struct tw_dirty *dirty, uint32_t index, tw_read_old *read_old, void *ctx)
{
	uint8_t *chunk;
	int rc;

	if (dirty->chunks[index])
		return 0;
	chunk = malloc(TW_CHUNK_SIZE);
	if (!chunk)
		return -ENOMEM;
	rc = read_below(dirty, index * TW_CHUNK_SIZE, chunk, TW_CHUNK_SIZE, read_old, ctx);
	if (rc) {
		free(chunk);
		return rc;
	}
	dirty->chunks[index] = chunk;
	return 0;
}

static void free_all(uint8_t **chunks, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(chunks[i]);
	free(chunks);
}

/* Chunks [@from, @to) that are not there, not filled: all of them, or none. */
static int make_empty_chunks(struct tw_dirty *dirty, uint32_t from, uint32_t to)
{
	uint8_t **made;
	uint32_t count = 0;

	if (from >= to)
		return 0;
	made = calloc(to - from, sizeof(*made));
	if (!made)
		return -ENOMEM;
	for (uint32_t i = from; i < to; i++) {
		if (dirty->chunks[i])
			continue;
		made[count] = malloc(TW_CHUNK_SIZE);
		if (!made[count]) {
			free_all(made, count);
			return -ENOMEM;
		}
		count++;
	}
	for (uint32_t i = to; count; i--)
		if (!dirty->chunks[i - 1])
			dirty->chunks[i - 1] = made[--count];
	free(made);
	return 0;
}

/* The chunks that [@off, @end) touches; those inside are not filled before they are replaced. */
static int make_chunks(struct tw_dirty *dirty, uint32_t off, uint32_t end, tw_read_old *read_old,
	void *ctx)
{
	uint32_t first = off / TW_CHUNK_SIZE, last = (end - 1) / TW_CHUNK_SIZE;
	uint32_t from = first + (off % TW_CHUNK_SIZE != 0), to = last + (end % TW_CHUNK_SIZE == 0);
	int rc = grow(dirty, last + 1);

	if (!rc && from > first)
		rc = make_chunk(dirty, first, read_old, ctx);
	if (!rc && to <= last)
		rc = make_chunk(dirty, last, read_old, ctx);
	return rc ? rc : make_empty_chunks(dirty, from, to);
}

int tw_dirty_write(struct tw_dirty *dirty, uint32_t off, const void *buf, uint32_t len,
	tw_read_old *read_old, void *ctx)
{
	uint32_t end = off + len;
	const uint8_t *from = buf;
	int rc;

	if (!len)
		return 0;
	/* All memory first: after that nothing can fail half-way. */
	rc = make_chunks(dirty, off, end, read_old, ctx);
	if (rc)
		return rc;
	dirty->keep = tw_dirty_keep_after(dirty, off);
	if (end > dirty->size)
		dirty->size = end;
	while (off < end) {
		uint32_t in = off % TW_CHUNK_SIZE, piece = least(TW_CHUNK_SIZE - in, end - off);

		memcpy(dirty->chunks[off / TW_CHUNK_SIZE] + in, from, piece);
		from += piece;
		off += piece;
	}
	return 0;
}

void tw_dirty_truncate(struct tw_dirty *dirty, uint32_t size)
{
	if (size < dirty->size) {
		uint32_t first = size / TW_CHUNK_SIZE;

		dirty->old_valid = least(dirty->old_valid, size);
		if (first < dirty->chunk_count && dirty->chunks[first])
			memset(dirty->chunks[first] + size % TW_CHUNK_SIZE, 0,
				TW_CHUNK_SIZE - size % TW_CHUNK_SIZE);
		for (uint32_t i = first + 1; i < dirty->chunk_count; i++) {
			free(dirty->chunks[i]);
			dirty->chunks[i] = NULL;
		}
		dirty->keep = least(dirty->keep, size);
	} else {
		dirty->keep = least(dirty->keep, dirty->size);
	}
	dirty->size = size;
}

bool tw_dirty_is_kept(const struct tw_dirty *dirty, uint32_t off, uint32_t len)
{
	if (off > dirty->old_valid || len > dirty->old_valid - off)
		return false;
	for (uint32_t i = off / TW_CHUNK_SIZE; i < dirty->chunk_count; i++) {
		if (i > (off + len) / TW_CHUNK_SIZE)
			break;
		if (dirty->chunks[i])
			return false;
	}
	return true;
}

int tw_dirty_read(const struct tw_dirty *dirty, uint32_t off, uint8_t *buf, uint32_t len,
	tw_read_old *read_old, void *ctx)
{
	int rc = 0;

	while (len && !rc) {
		uint32_t index = off / TW_CHUNK_SIZE, in = off % TW_CHUNK_SIZE;
		uint32_t piece = least(TW_CHUNK_SIZE - in, len);

		if (index < dirty->chunk_count && dirty->chunks[index])
			memcpy(buf, dirty->chunks[index] + in, piece);
		else
			rc = read_below(dirty, off, buf, piece, read_old, ctx);
		buf += piece;
		off += piece;
		len -= piece;
	}
	return rc;
}
