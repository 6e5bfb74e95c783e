/* SPDX-License-Identifier: MIT */
/*
 * content.c - the content of files.
 *
 * Syncing follows the format's order: all data blocks first, in fresh blocks,
 * then one commit that names them; only then the blocks they replace are free
 * (littlefs v1 guide, sections 9.5 and 11). Blocks in front of the first
 * changed byte are kept.
 */
#include "content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "ctz.h"
#include "dirty.h"
#include "index.h"
#include "watch.h"

struct old_content {
	struct twinfs_volume *volume;
	struct tw_node *node;
};

uint32_t tw_content_size(const struct tw_node *node)
{
	return node->file.dirty ? node->file.dirty->size : node->file.size;
}

int tw_content_open(struct twinfs_volume *volume, struct tw_node *node)
{
	int rc = tw_ctz_load(volume, node);

	if (!rc)
		node->file.opens++;
	return rc;
}

static void free_blocks(struct twinfs_volume *volume, const uint32_t *blocks, uint32_t from,
	uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		tw_alloc_free_block(volume, blocks[i]);
}

/* Whether content of @size bytes goes into the entry itself. */
static bool is_for_entry(const struct twinfs_volume *volume, const struct tw_node *node,
	uint32_t size)
{
	return volume->engine->entry_room && size <= volume->engine->entry_room(volume, node);
}

/* Blocks of content of @size bytes when it is committed. */
static uint32_t blocks_of(const struct twinfs_volume *volume, const struct tw_node *node,
	uint32_t size)
{
	return is_for_entry(volume, node, size) ? 0 : tw_ctz_blocks(volume->area.block_size, size);
}

static void free_removed(struct twinfs_volume *volume, struct tw_node *node)
{
	tw_content_discard(volume, node);
	/* Without a readable chain nobody knows the blocks: count them anew later. */
	if (tw_ctz_load(volume, node) == 0)
		free_blocks(volume, node->file.blocks, 0, tw_ctz_blocks_of(volume, node));
	else
		tw_alloc_forget(volume);
	tw_node_free(volume, node);
}

void tw_content_removed(struct twinfs_volume *volume, struct tw_node *node)
{
	if (!node->file.opens)
		free_removed(volume, node);
}

void tw_content_close(struct twinfs_volume *volume, struct tw_node *node)
{
	if (!node->file.opens || --node->file.opens)
		return;
	if (!node->mdir)
		free_removed(volume, node);
	else if (!node->file.dirty)
		tw_ctz_unload(node);
}

/* ---- reading ---- */

/* The piece of committed content at @off that lies in one block. */
static int piece_at(const struct twinfs_volume *volume, const struct tw_node *node, uint32_t off,
	uint32_t len, const uint8_t **ret_data, uint32_t *ret_len)
{
	uint32_t in_block, index, room;

	if (node->is_inline) {
		if (!node->mdir)
			return -ESTALE; /* its entry is gone, and so is what it held */
		*ret_len = len;
		return tw_area_read(&volume->area, node->mdir->pair.block[0], node->body.off + off,
			len, ret_data);
	}
	index = tw_ctz_locate(volume->area.block_size, off, &in_block);
	room = volume->area.block_size - in_block;
	*ret_len = len < room ? len : room;
	return tw_area_read(&volume->area, node->file.blocks[index], in_block, *ret_len, ret_data);
}

static int read_old(void *ctx, uint32_t off, uint8_t *buf, uint32_t len)
{
	const struct old_content *old = ctx;
	int rc = 0;

	while (!rc && len) {
		const uint8_t *data;
		uint32_t piece;

		rc = piece_at(old->volume, old->node, off, len, &data, &piece);
		if (!rc)
			memcpy(buf, data, piece);
		buf += piece;
		off += piece;
		len -= piece;
	}
	return rc;
}

static int read_any(struct twinfs_volume *volume, struct tw_node *node, uint32_t off, uint8_t *buf,
	uint32_t len)
{
	struct old_content old = {volume, node};

	return node->file.dirty ? tw_dirty_read(node->file.dirty, off, buf, len, read_old, &old)
				: read_old(&old, off, buf, len);
}

/* @len cut at the end of the file. */
static uint32_t readable(const struct tw_node *node, size_t len, uint64_t off)
{
	uint32_t size = tw_content_size(node);

	if (off >= size)
		return 0;
	return len < size - off ? (uint32_t)len : (uint32_t)(size - off);
}

int64_t tw_content_read(struct twinfs_volume *volume, struct tw_node *node, void *buf, size_t len,
	uint64_t off)
{
	uint32_t count = readable(node, len, off);
	int rc = read_any(volume, node, (uint32_t)off, buf, count);

	return rc ? rc : (int64_t)count;
}

static int view_copy(struct twinfs_volume *volume, struct tw_node *node, uint32_t len, uint32_t off,
	struct twinfs_view *view)
{
	int rc;

	view->iov = malloc(sizeof(*view->iov));
	view->copy = malloc(len);
	if (!view->iov || !view->copy)
		return -ENOMEM;
	rc = read_any(volume, node, off, view->copy, len);
	view->iov[0] = (struct iovec){view->copy, len};
	view->count = 1;
	view->len = len;
	return rc;
}

/* Pieces of blocks that follow each other on the chip are one piece. */
static void add_piece(struct twinfs_view *view, const uint8_t *data, uint32_t len)
{
	struct iovec *last = view->count ? &view->iov[view->count - 1] : NULL;

	if (last && (const uint8_t *)last->iov_base + last->iov_len == data)
		last->iov_len += len;
	else
		view->iov[view->count++] = (struct iovec){(void *)(uintptr_t)data, len};
	view->len += len;
}

static int view_pieces(struct twinfs_volume *volume, struct tw_node *node, uint32_t len,
	uint32_t off, struct twinfs_view *view)
{
	uint32_t most = len / (volume->area.block_size / 2) + 2;
	int rc = 0;

	view->iov = malloc(most * sizeof(*view->iov));
	if (!view->iov)
		return -ENOMEM;
	while (!rc && view->len < len) {
		const uint8_t *data;
		uint32_t piece;

		rc = piece_at(volume, node, off + (uint32_t)view->len, len - (uint32_t)view->len,
			&data, &piece);
		if (!rc)
			add_piece(view, data, piece);
	}
	return rc;
}

int tw_content_view(struct twinfs_volume *volume, struct tw_node *node, size_t len, uint64_t off,
	struct twinfs_view *ret_view)
{
	struct twinfs_view view = {0};
	uint32_t count = readable(node, len, off);
	int rc = 0;

	/* content of entries moves when a pair is rewritten, and no view keeps that back */
	if (count && (node->file.dirty || node->is_inline))
		rc = view_copy(volume, node, count, (uint32_t)off, &view);
	else if (count)
		rc = view_pieces(volume, node, count, (uint32_t)off, &view);
	if (rc) {
		free(view.iov);
		free(view.copy);
		return rc;
	}
	view.epoch = tw_pins_enter(&volume->pins);
	*ret_view = view;
	return 0;
}

/* ---- scanning ---- */

/* Chains up to this long are followed without asking for memory. */
#define SHORT_CHAIN 64u

static int scan_chain(struct twinfs_volume *volume, const struct tw_node *node,
	const uint32_t *blocks, const struct twinfs_scan *scan)
{
	uint32_t left = node->file.size;
	int rc = 0;

	for (uint32_t index = 0; !rc && left; index++) {
		uint32_t in_block = tw_ctz_header(index);
		uint32_t piece = volume->area.block_size - in_block;
		const uint8_t *data;

		piece = left < piece ? left : piece;
		rc = tw_area_read(&volume->area, blocks[index], in_block, piece, &data);
		if (!rc)
			rc = scan->each(scan->ctx, data, piece);
		left -= piece;
	}
	return rc;
}

static int scan_entry(struct twinfs_volume *volume, const struct tw_node *node,
	const struct twinfs_scan *scan)
{
	const uint8_t *data;
	uint32_t len = node->file.size;
	int rc = piece_at(volume, node, 0, len, &data, &len);

	return rc || !len ? rc : scan->each(scan->ctx, data, len);
}

static int scan_dirty(struct twinfs_volume *volume, struct tw_node *node,
	const struct twinfs_scan *scan)
{
	uint32_t size = tw_content_size(node), piece;
	uint8_t buf[4096];
	int rc = 0;

	for (uint32_t off = 0; !rc && off < size; off += piece) {
		piece = size - off < sizeof(buf) ? size - off : (uint32_t)sizeof(buf);
		rc = read_any(volume, node, off, buf, piece);
		if (!rc)
			rc = scan->each(scan->ctx, buf, piece);
	}
	return rc;
}

int tw_content_scan(struct twinfs_volume *volume, struct tw_node *node,
	const struct twinfs_scan *scan)
{
	uint32_t few[SHORT_CHAIN], *blocks = few, count;
	_cleanup_free_ uint32_t *many = NULL;
	int rc;

	if (node->file.dirty)
		return scan_dirty(volume, node, scan);
	if (node->is_inline)
		return scan_entry(volume, node, scan);
	if (node->file.blocks)
		return scan_chain(volume, node, node->file.blocks, scan);
	rc = tw_ctz_count(volume, node, &count);
	if (!rc && count > SHORT_CHAIN) {
		blocks = many = malloc(count * sizeof(*many));
		rc = many ? 0 : -ENOMEM;
	}
	if (!rc)
		rc = tw_ctz_walk(&volume->area, node->file.head, node->file.size, blocks);
	return rc ? rc : scan_chain(volume, node, blocks, scan);
}

/* ---- changing ---- */

/* Blocks that a sync has to write when bytes from @keep on of @size are new. */
static uint32_t blocks_to_write(const struct twinfs_volume *volume, const struct tw_node *node,
	uint32_t keep, uint32_t size)
{
	uint32_t in_block, count = blocks_of(volume, node, size);

	if (node->is_inline || !count)
		return count;
	if (keep >= size)
		return 0;
	return count - tw_ctz_locate(volume->area.block_size, keep, &in_block);
}

static int begin(struct tw_node *node)
{
	if (!node->file.dirty)
		node->file.dirty = tw_dirty_new(node->file.size);
	return node->file.dirty ? 0 : -ENOMEM;
}

/* Moves the promise of blocks from what the content needed to what it will need. */
static int reserve(struct twinfs_volume *volume, struct tw_node *node, uint32_t keep, uint32_t size)
{
	struct tw_dirty *dirty = node->file.dirty;
	uint32_t need = node->mdir ? blocks_to_write(volume, node, keep, size) : 0;
	int rc = tw_alloc_reserve(volume, need, dirty->reserved);

	if (!rc)
		dirty->reserved = need;
	return rc;
}

int64_t tw_content_write(struct twinfs_volume *volume, struct tw_node *node, const void *buf,
	size_t len, uint64_t off)
{
	struct old_content old = {volume, node};
	struct tw_dirty *dirty;
	uint32_t keep, end;
	int rc;

	if (!len)
		return 0;
	if (off > volume->file_max || len > volume->file_max - off)
		return -EFBIG;
	rc = begin(node);
	if (rc)
		return rc;
	dirty = node->file.dirty;
	end = (uint32_t)(off + len);
	keep = tw_dirty_keep_after(dirty, (uint32_t)off);
	rc = reserve(volume, node, keep, end > dirty->size ? end : dirty->size);
	if (!rc)
		rc = tw_dirty_write(dirty, (uint32_t)off, buf, (uint32_t)len, read_old, &old);
	if (rc) {
		(void)reserve(volume, node, dirty->keep, dirty->size); /* it was granted before */
		if (!tw_dirty_is_change(dirty, node->file.size))
			tw_content_discard(volume, node);
		return rc;
	}
	return (int64_t)len;
}

int tw_content_truncate(struct twinfs_volume *volume, struct tw_node *node, uint64_t size)
{
	struct tw_dirty *dirty;
	uint32_t keep;
	int rc;

	if (size > volume->file_max)
		return -EFBIG;
	if (size == tw_content_size(node))
		return 0;
	rc = begin(node);
	if (rc)
		return rc;
	dirty = node->file.dirty;
	keep = tw_dirty_keep_after(dirty, (uint32_t)size);
	rc = reserve(volume, node, keep, (uint32_t)size);
	if (!rc)
		tw_dirty_truncate(dirty, (uint32_t)size);
	else if (!tw_dirty_is_change(dirty, node->file.size))
		tw_content_discard(volume, node);
	return rc;
}

int tw_content_keep(struct twinfs_volume *volume, struct tw_node *node)
{
	struct old_content old = {volume, node};
	uint8_t data[TW_INLINE_MAX];
	uint32_t size = tw_content_size(node);
	int rc = 0;

	if (!node->is_inline || !node->file.opens)
		return 0;
	/* What is written once more is in memory. */
	if (size > node->file.size)
		size = node->file.size;
	rc = read_any(volume, node, 0, data, size);
	if (!rc)
		rc = begin(node);
	return rc ? rc : tw_dirty_write(node->file.dirty, 0, data, size, read_old, &old);
}

void tw_content_discard(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_dirty *dirty = node->file.dirty;

	if (!dirty)
		return;
	(void)tw_alloc_reserve(volume, 0, dirty->reserved); /* giving back cannot fail */
	tw_dirty_free(dirty);
	node->file.dirty = NULL;
}

/* ---- syncing ---- */

/*
 * The content of block @index: where it stands on the chip already, when nothing
 * of it has changed, for then it stands at the same place in the old block;
 * else gathered in the scratch block behind @used bytes.
 */
static int content_of_block(struct twinfs_volume *volume, struct tw_node *node, uint32_t index,
	uint32_t used, struct iovec *ret_part)
{
	const struct tw_area *area = &volume->area;
	uint32_t start = tw_ctz_start(area->block_size, index), size = node->file.dirty->size;
	uint32_t room = area->block_size - used, len = size - start < room ? size - start : room;
	const uint8_t *data = volume->scratch + used;
	int rc;

	if (!node->is_inline && tw_dirty_is_kept(node->file.dirty, start, len))
		rc = tw_area_read(area, node->file.blocks[index], used, len, &data);
	else
		rc = read_any(volume, node, start, volume->scratch + used, len);
	*ret_part = (struct iovec){(void *)(uintptr_t)data, len};
	return rc;
}

/* Writes block @index of the new content into a fresh block, another one if that is bad. */
static int write_data_block(struct twinfs_volume *volume, struct tw_node *node, uint32_t *blocks,
	uint32_t index)
{
	uint32_t used = tw_ctz_put_header(blocks, index, volume->scratch);
	struct iovec parts[2] = {{volume->scratch, used}};
	int rc = content_of_block(volume, node, index, used, &parts[1]);

	if (rc)
		return rc;
	do {
		rc = tw_alloc_block(volume, &blocks[index]);
		if (rc)
			return rc;
		volume->subject.file = node;
		rc = tw_area_write_block(&volume->area, blocks[index], parts, 2);
		volume->subject.file = NULL;
		if (tw_is_bad_block(rc))
			tw_alloc_retire(volume, blocks[index]);
		else if (rc)
			tw_alloc_free_block(volume, blocks[index]);
	} while (tw_is_bad_block(rc));
	return rc;
}

/* The new chain: kept blocks, then fresh ones from index @first. */
static int write_chain(struct twinfs_volume *volume, struct tw_node *node, uint32_t first,
	uint32_t **ret_blocks)
{
	uint32_t count = blocks_of(volume, node, node->file.dirty->size);
	_cleanup_free_ uint32_t *blocks = malloc((count ? count : 1) * sizeof(*blocks));

	if (!blocks)
		return -ENOMEM;
	if (first)
		memcpy(blocks, node->file.blocks, first * sizeof(*blocks));
	for (uint32_t i = first; i < count; i++) {
		int rc = write_data_block(volume, node, blocks, i);

		if (rc) {
			free_blocks(volume, blocks, first, i);
			return rc;
		}
	}
	*ret_blocks = tw_steal(&blocks);
	return 0;
}

static int sync_to_blocks(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_dirty *dirty = node->file.dirty;
	uint32_t old_count = tw_ctz_blocks_of(volume, node);
	uint32_t count = blocks_of(volume, node, dirty->size);
	uint32_t first = count - blocks_to_write(volume, node, dirty->keep, dirty->size);
	struct tw_place place = {.head = TW_NIL, .size = dirty->size};
	uint32_t *blocks = NULL;
	int rc = write_chain(volume, node, first, &blocks);

	if (rc)
		return rc;
	if (count)
		place.head = blocks[count - 1];
	rc = volume->engine->publish(volume, node, &place);
	if (rc) {
		free_blocks(volume, blocks, first, count);
		free(blocks);
		return rc;
	}
	free_blocks(volume, node->file.blocks, first, old_count);
	free(node->file.blocks);
	node->file.blocks = blocks;
	return 0;
}

static int sync_to_entry(struct twinfs_volume *volume, struct tw_node *node)
{
	uint32_t old_count = tw_ctz_blocks_of(volume, node);
	uint8_t data[TW_INLINE_MAX];
	struct tw_place place = {data, TW_NIL, node->file.dirty->size};
	int rc = read_any(volume, node, 0, data, place.size);

	if (!rc)
		rc = volume->engine->publish(volume, node, &place);
	if (rc)
		return rc;
	free_blocks(volume, node->file.blocks, 0, old_count);
	tw_ctz_unload(node);
	return 0;
}

/* Only the time is new. */
static int sync_time(struct twinfs_volume *volume, struct tw_node *node)
{
	uint8_t time[8];
	const struct tw_news news = {.kind = TWINFS_CHANGE_ATTR,
		.node = node,
		.attr = TWINFS_ATTR_MTIME,
		.value = time,
		.size = sizeof(time)};
	int rc;

	tw_put_le64(time, (uint64_t)node->mtime_ns);
	rc = tw_watch_begin(volume, &news);
	if (rc)
		return rc;
	rc = tw_watch_end(volume,
		volume->engine->set_attr(volume, node, TWINFS_ATTR_MTIME, time, sizeof(time)));
	if (!rc)
		node->has_new_time = false;
	return rc;
}

static int sync_content(struct twinfs_volume *volume, struct tw_node *node)
{
	int rc = is_for_entry(volume, node, node->file.dirty->size) ? sync_to_entry(volume, node)
								    : sync_to_blocks(volume, node);

	if (!rc)
		node->has_new_time = false;
	return rc;
}

int tw_content_sync(struct twinfs_volume *volume, struct tw_node *node)
{
	struct tw_dirty *dirty = node->file.dirty;
	uint32_t reserved;
	int rc;

	if (!node->mdir)
		return 0;
	if (dirty && !tw_dirty_is_change(dirty, node->file.size)) {
		tw_content_discard(volume, node);
		dirty = NULL;
	}
	if (!dirty)
		return node->has_new_time ? sync_time(volume, node) : 0;
	rc = tw_watch_begin(volume, &(struct tw_news){.kind = TWINFS_CHANGE_CONTENT, .node = node});
	if (rc)
		return rc;
	reserved = dirty->reserved;
	(void)tw_alloc_reserve(volume, 0, reserved); /* the blocks it was promised are taken now */
	dirty->reserved = 0;
	rc = tw_watch_end(volume, sync_content(volume, node));
	if (rc) {
		/* Blocks that went bad meanwhile may be missing; then the next sync says so. */
		if (tw_alloc_reserve(volume, reserved, 0) == 0)
			dirty->reserved = reserved;
		return rc;
	}
	tw_content_discard(volume, node);
	if (!node->file.opens)
		tw_ctz_unload(node);
	return 0;
}
