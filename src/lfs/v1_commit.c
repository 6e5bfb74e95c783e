/* SPDX-License-Identifier: MIT */
/*
 * v1_commit.c - writes one metadata pair.
 *
 * A commit erases and programs the half that is not in force; until that is
 * complete the other half counts, so one commit is atomic (section 4.3). When
 * the block is bad the pair moves first, with what it holds: its parent's entry,
 * then the thread must learn its new place, in this order (section 14).
 */
#include "v1.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "index.h"
#include "pairs.h"

static uint32_t entry_len(const struct tw_node *node)
{
	if (node->kind == TW_OPAQUE)
		return node->extra_len;
	return TW_V1_ENTRY_HEAD + TW_V1_PAYLOAD_SIZE + node->extra_len + node->name_len;
}

/*
 * An entry that says it is longer than its block, of which there is less: whatever
 * came behind it, or stood where it ends now, would be taken for its rest.
 */
static bool has_cut_entry(const struct tw_mdir *mdir)
{
	for (unsigned i = 0; i < mdir->count; i++) {
		const struct tw_node *node = mdir->entries[i];
		const uint8_t *raw = node->extra;

		if (node->kind == TW_OPAQUE &&
			TW_V1_ENTRY_HEAD + (uint32_t)raw[1] + raw[2] + raw[3] > node->extra_len)
			return true;
	}
	return false;
}

bool tw_v1_fits(const struct twinfs_volume *volume, const struct tw_mdir *mdir,
	const struct tw_v1_edit *edit)
{
	uint64_t len = TW_V1_LEN_MIN;

	for (unsigned i = 0; i < mdir->count; i++)
		len += entry_len(mdir->entries[i]);
	if (edit->drop)
		len -= entry_len(edit->drop);
	if (edit->add)
		len += entry_len(edit->add);
	if (edit->old)
		len += (uint64_t)entry_len(edit->new) - entry_len(edit->old);
	return len <= volume->area.block_size;
}

static uint8_t *put_entry(uint8_t *to, const struct tw_node *node, uint8_t tag,
	const uint32_t payload[2])
{
	if (node->kind == TW_OPAQUE) {
		memcpy(to, node->extra, node->extra_len);
		return to + node->extra_len;
	}
	to[0] = tag;
	to[1] = node->payload_len;
	to[2] = node->attr_len;
	to[3] = (uint8_t)node->name_len;
	tw_put_le32(to + 4, payload[0]);
	tw_put_le32(to + 8, payload[1]);
	to += TW_V1_ENTRY_HEAD + TW_V1_PAYLOAD_SIZE;
	if (node->extra_len)
		memcpy(to, node->extra, node->extra_len);
	to += node->extra_len;
	memcpy(to, node->name, node->name_len);
	return to + node->name_len;
}

static uint8_t *put_node(uint8_t *to, const struct tw_node *node)
{
	uint32_t payload[2] = {0, 0};

	if (node->kind != TW_OPAQUE)
		tw_v1_payload(node, payload);
	return put_entry(to, node, node->tag, payload);
}

/* Builds the pair's next version in the scratch block; its length. It fits. */
static uint32_t build(struct twinfs_volume *volume, const struct tw_mdir *mdir,
	const struct tw_v1_edit *edit)
{
	uint8_t *start = volume->scratch, *to = start + TW_V1_HEADER_SIZE;
	struct tw_pair tail = edit->sets_tail ? edit->tail : mdir->tail;
	bool more = edit->sets_tail ? edit->more : mdir->more;
	uint32_t len;

	for (unsigned i = 0; i < mdir->count; i++) {
		const struct tw_node *node = mdir->entries[i];

		if (node == edit->drop)
			continue;
		if (node == edit->update)
			to = put_entry(to, node, edit->tag, edit->payload);
		else
			to = put_node(to, node == edit->old ? edit->new : node);
	}
	if (edit->add)
		to = put_node(to, edit->add);
	len = (uint32_t)(to - start) + TW_V1_CRC_SIZE;
	tw_put_le32(start, mdir->rev + 1);
	tw_put_le32(start + 4, len | (more ? TW_V1_MORE : 0));
	tw_put_le32(start + 8, tail.block[0]);
	tw_put_le32(start + 12, tail.block[1]);
	tw_put_le32(to, tw_crc32_raw(UINT32_MAX, start, len - TW_V1_CRC_SIZE));
	return len;
}

/* The change is on the chip: now it is in memory too. */
static void apply(struct tw_mdir *mdir, const struct tw_v1_edit *edit)
{
	struct tw_node *node = edit->update;

	if (node) {
		node->tag = edit->tag;
		if (node->kind == TW_FILE) {
			node->file.head = edit->payload[0];
			node->file.size = edit->payload[1];
		} else {
			node->dir.pair = (struct tw_pair){{edit->payload[0], edit->payload[1]}};
		}
	}
	if (edit->drop) {
		tw_mdir_take(mdir, edit->drop);
		edit->drop->mdir = NULL;
	}
	if (edit->old) {
		tw_mdir_replace(mdir, edit->old, edit->new);
		edit->old->mdir = NULL;
	}
	if (edit->add)
		tw_mdir_append(mdir, edit->add);
	if (edit->sets_tail) {
		mdir->tail = edit->tail;
		mdir->more = edit->more;
	}
}

/* Nobody knows a pair yet that is not on the thread. */
static bool is_known(const struct twinfs_volume *volume, const struct tw_mdir *mdir)
{
	return mdir == volume->superblock || mdir->prev;
}

/* Writes what is in the scratch block; when its place is bad, the pair has to move. */
static int write_half(struct twinfs_volume *volume, struct tw_mdir *mdir, uint32_t len)
{
	int rc;

	do {
		volume->subject.pair = mdir;
		rc = tw_area_write_block(&volume->area, mdir->pair.block[1],
			&(struct iovec){volume->scratch, len}, 1);
		volume->subject.pair = NULL;
		if (!tw_is_bad_block(rc))
			return rc;
		volume->mover = mdir;
		rc = is_known(volume, mdir) ? TW_PAIR_MOVES : tw_pair_replace_half(volume, mdir);
	} while (!rc);
	return rc;
}

static int write_version(struct twinfs_volume *volume, struct tw_mdir *mdir,
	const struct tw_v1_edit *edit)
{
	uint32_t len;
	int rc;

	if (edit->add && tw_mdir_reserve(mdir, mdir->count + 1) < 0)
		return -ENOMEM;
	if (has_cut_entry(mdir))
		return -EUCLEAN;
	if (!tw_v1_fits(volume, mdir, edit))
		return -ENOSPC;
	len = build(volume, mdir, edit);
	rc = write_half(volume, mdir, len);
	if (rc)
		return rc;
	tw_pair_swap_halves(mdir);
	mdir->rev++;
	mdir->len = len;
	apply(mdir, edit);
	return 0;
}

/* ---- after a relocation ---- */

static int tell_parent(struct twinfs_volume *volume, struct tw_mdir *mdir, struct tw_mdir *parent)
{
	struct tw_v1_edit edit = {
		.update = mdir->dir,
		.tag = mdir->dir->tag,
		.payload = {mdir->pair.block[0], mdir->pair.block[1]},
	};

	return write_version(volume, parent, &edit);
}

static int tell_thread(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	struct tw_v1_edit edit = {
		.sets_tail = true,
		.tail = mdir->pair,
		.more = mdir->prev->more,
	};

	return write_version(volume, mdir->prev, &edit);
}

int tw_v1_commit(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_v1_edit *edit)
{
	static const struct tw_pair_news news = {tell_parent, tell_thread};
	struct tw_v1_edit now = *edit;
	struct tw_node *entry = edit->add ? edit->add : edit->new;
	const struct tw_mdir *next, *child;
	int rc =
		TAILQ_EMPTY(&volume->unsettled) ? write_version(volume, mdir, edit) : TW_PAIR_MOVES;

	while (rc == TW_PAIR_MOVES) {
		next = now.sets_tail ? tw_pair_find(volume, now.tail) : NULL;
		child = entry && entry->kind == TW_DIRECTORY ? tw_pair_find(volume, entry->dir.pair)
							     : NULL;
		rc = TAILQ_EMPTY(&volume->unsettled)
			     ? tw_pair_move(volume, volume->mover, true, &news)
			     : tw_pair_settle(volume, &news);
		if (next)
			now.tail = next->pair;
		if (child)
			entry->dir.pair = child->pair;
		if (now.update && now.update->kind == TW_DIRECTORY)
			tw_v1_payload(now.update, now.payload);
		if (!rc && next && !next->prev && !tw_pair_is_same(next->tail, mdir->tail))
			rc = -EIO; /* what a new pair names as the next has moved */
		if (!rc)
			rc = write_version(volume, mdir, &now);
	}
	return rc;
}

int tw_v1_new_pair(struct twinfs_volume *volume, struct tw_node *dir, const struct tw_v1_edit *edit,
	struct tw_mdir **ret_mdir)
{
	struct tw_mdir *mdir;
	int rc = tw_pair_new(volume, &mdir);

	if (rc)
		return rc;
	mdir->dir = dir;
	rc = write_version(volume, mdir, edit);
	if (rc) {
		tw_pair_drop(volume, mdir);
		return rc;
	}
	*ret_mdir = mdir;
	return 0;
}
