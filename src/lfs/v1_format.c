/* SPDX-License-Identifier: MIT */
/*
 * v1_format.c - makes an empty version 1 volume.
 *
 * The order is the device's: root directory, then the superblock into block
 * 1, then into block 0 (section 6.3).
 */
#include "v1.h"

#include <errno.h>

#include "index.h"
#include "pairs.h"

static int new_pair_at(struct twinfs_volume *volume, uint32_t first, struct tw_mdir **ret_mdir)
{
	int rc = tw_mdir_new(volume, (struct tw_pair){{first, first + 1}}, ret_mdir);

	/* Newer than whatever stands in the half that is not written. */
	if (!rc)
		(*ret_mdir)->rev = tw_pair_stale_revision(&volume->area, first) + 1;
	return rc;
}

/* One good half is enough. */
static int write_superblock(struct twinfs_volume *volume, struct tw_pair root)
{
	struct tw_v1_edit edit = {.sets_tail = true, .tail = root};
	struct tw_mdir *mdir = volume->superblock;
	int first = tw_v1_commit(volume, mdir, &edit), second;

	if (first == -EIO)
		mdir->pair = (struct tw_pair){{1, 0}};
	else if (first)
		return first;
	second = tw_v1_commit(volume, mdir, &edit);
	return second == -EIO && !first ? 0 : second;
}

int tw_v1_format(struct twinfs_volume *volume)
{
	struct twinfs_superblock superblock = {
		.version = TW_V1_VERSION,
		.block_size = volume->area.block_size,
		.block_count = volume->area.alloc_count,
	};
	struct tw_v1_edit empty = {0};
	struct tw_mdir *root;
	int rc;

	if (volume->area.alloc_count < 4)
		return -ENOSPC;
	rc = new_pair_at(volume, 0, &volume->superblock);
	if (!rc)
		rc = new_pair_at(volume, 2, &root);
	if (!rc)
		rc = tw_v1_commit(volume, root, &empty);
	if (!rc)
		rc = tw_v1_new_root(volume, root->pair, &superblock, &volume->root);
	if (!rc)
		rc = tw_mdir_reserve(volume->superblock, volume->superblock->count + 1);
	if (rc)
		return rc;
	tw_mdir_append(volume->superblock, volume->root);
	return write_superblock(volume, root->pair);
}
