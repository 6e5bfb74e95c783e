/* SPDX-License-Identifier: MIT */
/*
 * v2_format.c - makes an empty version 2 volume, and changes its size.
 *
 * Block 0 is what makes the new volume; writing the same to block 1 buries
 * whatever an older one left there (section 17).
 */
#include "v2.h"

#include <errno.h>
#include <stdlib.h>

#include "alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "index.h"
#include "pairs.h"

void tw_v2_put_record(const struct twinfs_volume *volume, uint32_t block_count,
	uint8_t ret_record[TW_V2_RECORD_SIZE])
{
	tw_put_le32(ret_record, volume->version);
	tw_put_le32(ret_record + 4, volume->area.block_size);
	tw_put_le32(ret_record + 8, block_count);
	tw_put_le32(ret_record + 12, volume->name_max);
	tw_put_le32(ret_record + 16, volume->file_max);
	tw_put_le32(ret_record + 20, volume->attr_max);
}

static int make_superblock(struct twinfs_volume *volume, struct tw_node **ret_node)
{
	struct tw_mdir *mdir;
	int rc = tw_node_new(volume, TW_OPAQUE, "littlefs", 8, ret_node);

	if (!rc)
		rc = tw_mdir_new(volume, (struct tw_pair){{1, 0}}, &mdir);
	if (rc)
		return rc;
	mdir->rev = tw_pair_stale_revision(&volume->area, 1);
	volume->superblock = mdir;
	(*ret_node)->tag = TW_V2_NAME_SUPERBLOCK;
	(*ret_node)->body = (struct tw_body){TW_V2_FORM_INLINE, TW_V2_RECORD_SIZE, 0};
	rc = tw_mdir_reserve(mdir, 1);
	if (!rc)
		tw_mdir_append(mdir, *ret_node);
	return rc;
}

int tw_v2_format(struct twinfs_volume *volume)
{
	uint8_t record[TW_V2_RECORD_SIZE];
	struct tw_place place = {record, TW_NIL, sizeof(record)};
	struct tw_v2_edit edit = {.place = &place};
	int rc, second;

	if (volume->area.alloc_count < 2)
		return -ENOSPC;
	rc = make_superblock(volume, &edit.changed);
	if (rc)
		return rc;
	tw_v2_put_record(volume, volume->area.alloc_count, record);
	rc = tw_v2_commit(volume, volume->superblock, &edit);
	if (rc == -EIO) /* one good block is enough */
		volume->superblock->pair = (struct tw_pair){{0, 1}};
	else if (rc)
		return rc;
	volume->superblock->can_append = false;
	second = tw_v2_commit(volume, volume->superblock, &edit);
	return second == -EIO && !rc ? 0 : second;
}

/* ---- size ---- */

/* Whether a block from @from on is in use; what views still hold is not. */
static int check_unused(struct twinfs_volume *volume, uint32_t from)
{
	int rc = tw_alloc_prepare(volume);

	if (rc)
		return rc;
	return tw_alloc_is_used_from(volume, from) ? -EBUSY : 0;
}

/*
 * Whether all directories lie in the volume. One that does not is damage that costs no
 * block; but a larger volume could give away what it would show then.
 */
static int check_named(const struct twinfs_volume *volume)
{
	const struct tw_index *index = &volume->index;

	for (uint32_t i = 0; i < index->slot_count; i++) {
		const struct tw_node *node = index->slots[i].node;

		for (unsigned k = 0; node && node->kind == TW_DIRECTORY && k < 2; k++)
			if (node->dir.pair.block[k] >= volume->area.block_count)
				return -EUCLEAN;
	}
	return 0;
}

static int write_record(struct twinfs_volume *volume, struct tw_mdir *mdir, uint32_t block_count)
{
	uint8_t record[TW_V2_RECORD_SIZE];
	struct tw_place place = {record, TW_NIL, sizeof(record)};
	struct tw_v2_edit edit = {.changed = mdir->entries[0], .place = &place};

	tw_v2_put_record(volume, block_count, record);
	return tw_v2_commit(volume, mdir, &edit);
}

/* From now on only blocks below @count are given out, which must do for what was promised. */
static int limit_blocks(struct twinfs_volume *volume, uint32_t count)
{
	int rc;

	if (count > volume->area.alloc_room)
		count = volume->area.alloc_room;
	tw_alloc_restart(volume);
	volume->area.alloc_count = count;
	rc = tw_alloc_prepare(volume);
	return !rc && volume->alloc.reserved > volume->alloc.free ? -ENOSPC : rc;
}

/*
 * Every pair up to the root's may have a copy of the record, and some readers
 * compare them all; the last one decides.
 */
static int write_records(struct twinfs_volume *volume, uint32_t block_count)
{
	struct tw_mdir *root = volume->root->dir.first;
	int rc = 0;

	for (struct tw_mdir *mdir = volume->superblock; !rc && mdir; mdir = mdir->next) {
		if (mdir->count && mdir->entries[0]->tag == TW_V2_NAME_SUPERBLOCK)
			rc = write_record(volume, mdir, block_count);
		if (mdir == root)
			break;
	}
	return rc;
}

/*
 * A shrinking volume stops using the end before it gives it up: the records
 * may need blocks themselves. A growing one uses it only afterwards.
 */
int tw_v2_resize(struct twinfs_volume *volume, uint32_t block_count)
{
	uint32_t before = volume->area.alloc_count;
	int rc = 0;

	if (block_count < volume->area.block_count)
		rc = check_unused(volume, block_count);
	if (block_count > volume->area.block_count)
		rc = check_named(volume);
	if (!rc && block_count < before)
		rc = limit_blocks(volume, block_count);
	if (!rc)
		rc = write_records(volume, block_count);
	if (rc) {
		if (volume->area.alloc_count != before)
			(void)limit_blocks(volume, before); /* as it was */
		return rc;
	}
	volume->block_count = volume->area.block_count = block_count;
	(void)limit_blocks(volume, block_count); /* without a map the next change makes one */
	return 0;
}
