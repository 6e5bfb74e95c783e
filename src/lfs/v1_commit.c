/* SPDX-License-Identifier: MIT */
/*
 * v1_commit.c - writes one metadata pair.
 *
 * A commit erases and programs the half that is not in force; until that is
 * complete the other half counts, so one commit is atomic (section 4.3). When
 * the block is bad the pair moves: first its parent's entry, then the thread
 * must learn its new place, in this order (section 14). Those are commits that
 * may move pairs themselves; a queue instead of recursion works them off.
 */
#include "v1.h"

#include <errno.h>
#include <string.h>

#include "alloc.h"
#include "base/bytes.h"
#include "base/crc.h"
#include "index.h"

static uint32_t entry_len(const struct tw_node *node)
{
	if (node->kind == TW_OPAQUE)
		return node->extra_len;
	return TW_V1_ENTRY_HEAD + TW_V1_PAYLOAD_SIZE + node->extra_len + node->name_len;
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

static bool is_unsettled(const struct tw_mdir *mdir)
{
	return mdir->is_unknown_to_parent || mdir->is_unknown_to_thread;
}

static void remember_move(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	if (!is_unsettled(mdir))
		TAILQ_INSERT_TAIL(&volume->unsettled, mdir, unsettled);
	mdir->is_unknown_to_parent = mdir->is_unknown_to_thread = true;
}

static void forget_move(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	if (is_unsettled(mdir))
		TAILQ_REMOVE(&volume->unsettled, mdir, unsettled);
	mdir->is_unknown_to_parent = mdir->is_unknown_to_thread = false;
}

/* Another block for the half that cannot be written. */
static int move_half(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	uint32_t block;
	int rc;

	if (mdir == volume->superblock)
		return -EUCLEAN; /* it has no other place */
	rc = tw_alloc_block(volume, &block);
	if (rc)
		return rc;
	tw_alloc_retire(volume, mdir->pair.block[1]);
	mdir->pair.block[1] = block;
	remember_move(volume, mdir);
	return 0;
}

static bool holds(const struct twinfs_volume *volume, uint32_t block, uint32_t len)
{
	const uint8_t *bytes;

	return tw_area_read(&volume->area, block, 0, len, &bytes) == 0 &&
	       memcmp(bytes, volume->scratch, len) == 0;
}

/* Writes what is in the scratch block; when its place is bad, somewhere else. */
static int write_half(struct twinfs_volume *volume, struct tw_mdir *mdir, uint32_t len)
{
	bool was_parent = mdir->is_unknown_to_parent, was_thread = mdir->is_unknown_to_thread;
	uint32_t first = mdir->pair.block[1];
	int rc;

	for (;;) {
		rc = tw_area_write_block(&volume->area, mdir->pair.block[1], volume->scratch, len);
		if (!tw_is_bad_block(rc))
			break;
		rc = move_half(volume, mdir);
		if (rc)
			break;
	}
	if (rc && mdir->pair.block[1] != first) {
		tw_alloc_free_block(volume, mdir->pair.block[1]);
		mdir->pair.block[1] = first; /* the pair is where it was */
		if (!was_parent && !was_thread)
			forget_move(volume, mdir);
		mdir->is_unknown_to_parent = was_parent;
		mdir->is_unknown_to_thread = was_thread;
	}
	/* A block may complain and hold everything all the same: the next mount would read it. */
	return rc && holds(volume, first, len) ? 0 : rc;
}

static int write_version(struct twinfs_volume *volume, struct tw_mdir *mdir,
	const struct tw_v1_edit *edit)
{
	uint32_t len, old;
	int rc;

	if (edit->add && tw_mdir_reserve(mdir) < 0)
		return -ENOMEM;
	if (!tw_v1_fits(volume, mdir, edit))
		return -ENOSPC;
	len = build(volume, mdir, edit);
	rc = write_half(volume, mdir, len);
	if (rc)
		return rc;
	old = mdir->pair.block[0];
	mdir->pair.block[0] = mdir->pair.block[1];
	mdir->pair.block[1] = old;
	mdir->rev++;
	mdir->len = len;
	apply(mdir, edit);
	return 0;
}

/* ---- after a relocation ---- */

/* The pair that holds the entry of the directory that begins with @mdir. */
static struct tw_mdir *parent_of(const struct tw_mdir *mdir)
{
	return mdir->dir && mdir->dir->dir.first == mdir ? mdir->dir->mdir : NULL;
}

static int tell_parent(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	struct tw_mdir *parent = parent_of(mdir);
	struct tw_v1_edit edit = {
		.update = mdir->dir,
		.tag = mdir->dir ? mdir->dir->tag : 0,
		.payload = {mdir->pair.block[0], mdir->pair.block[1]},
	};

	mdir->is_unknown_to_parent = false;
	return parent ? write_version(volume, parent, &edit) : 0;
}

static int tell_thread(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	struct tw_v1_edit edit = {
		.sets_tail = true,
		.tail = mdir->pair,
		.more = mdir->prev && mdir->prev->more,
	};

	mdir->is_unknown_to_thread = false;
	return mdir->prev ? write_version(volume, mdir->prev, &edit) : 0;
}

/*
 * Until its parent knows the new place of a pair, the chip still shows the
 * pair through its old place, that is through the half it kept; and that is
 * just the half that its next version would be written to. So nothing may be
 * written to a pair that its own parent does not know: top of the tree first.
 */
static struct tw_mdir *next_for_parent(const struct twinfs_volume *volume)
{
	struct tw_mdir *mdir, *parent;

	TAILQ_FOREACH(mdir, &volume->unsettled, unsettled)
	{
		if (!mdir->is_unknown_to_parent)
			continue;
		while ((parent = parent_of(mdir)) && parent->is_unknown_to_parent)
			mdir = parent;
		return mdir;
	}
	return NULL;
}

static struct tw_mdir *next_for_thread(const struct twinfs_volume *volume)
{
	struct tw_mdir *mdir = TAILQ_FIRST(&volume->unsettled);

	while (mdir->prev && mdir->prev->is_unknown_to_thread)
		mdir = mdir->prev;
	return mdir;
}

/*
 * When this fails the chip still shows the version before the move, and the
 * memory the one after it: nothing more must be written.
 */
static int settle(struct twinfs_volume *volume)
{
	int rc = 0;

	while (!rc && !TAILQ_EMPTY(&volume->unsettled)) {
		struct tw_mdir *mdir = next_for_parent(volume);

		if (mdir) {
			rc = tell_parent(volume, mdir);
		} else {
			mdir = next_for_thread(volume);
			rc = tell_thread(volume, mdir);
		}
		if (!is_unsettled(mdir))
			TAILQ_REMOVE(&volume->unsettled, mdir, unsettled);
	}
	if (rc)
		volume->thread_damage = rc;
	return rc;
}

int tw_v1_commit(struct twinfs_volume *volume, struct tw_mdir *mdir, const struct tw_v1_edit *edit)
{
	int rc = write_version(volume, mdir, edit);

	return rc ? rc : settle(volume);
}

/* The first word of a block that is not used: whatever is there. */
static uint32_t stale_revision(struct twinfs_volume *volume, uint32_t block)
{
	const uint8_t *bytes;

	if (tw_area_read(&volume->area, block, 0, 4, &bytes) < 0)
		return 0;
	return tw_le32(bytes);
}

int tw_v1_new_pair(struct twinfs_volume *volume, const struct tw_v1_edit *edit,
	struct tw_mdir **ret_mdir)
{
	struct tw_pair pair;
	struct tw_mdir *mdir;
	int rc = tw_alloc_block(volume, &pair.block[0]);

	if (rc)
		return rc;
	rc = tw_alloc_block(volume, &pair.block[1]);
	if (!rc)
		rc = tw_mdir_new(volume, pair, &mdir);
	if (rc) {
		tw_alloc_free_block(volume, pair.block[0]);
		return rc;
	}
	/*
	 * The block that is not written may hold an old half with a valid CRC:
	 * the first version must be newer than that.
	 */
	mdir->rev = stale_revision(volume, pair.block[0]) + 1;
	rc = write_version(volume, mdir, edit);
	forget_move(volume, mdir); /* nobody knows the pair yet, so nobody has to be told */
	if (rc) {
		tw_v1_drop_pair(volume, mdir);
		return rc;
	}
	*ret_mdir = mdir;
	return 0;
}

void tw_v1_link_pair(struct tw_mdir *before, struct tw_mdir *mdir)
{
	mdir->next = before->next;
	mdir->prev = before;
	if (mdir->next)
		mdir->next->prev = mdir;
	before->next = mdir;
}

void tw_v1_drop_pair(struct twinfs_volume *volume, struct tw_mdir *mdir)
{
	if (mdir->prev)
		mdir->prev->next = mdir->next;
	if (mdir->next)
		mdir->next->prev = mdir->prev;
	forget_move(volume, mdir);
	tw_alloc_free_block(volume, mdir->pair.block[0]);
	tw_alloc_free_block(volume, mdir->pair.block[1]);
	tw_mdir_free(mdir);
}
