/* SPDX-License-Identifier: MIT */
/*
 * v1_scan.c - version 1: halves of pairs as logs of one commit.
 */
#include <errno.h>

#include "claims.h"
#include "lfs/v1_disk.h"
#include "lfs/v1_keys.h"

#include "base/bytes.h"
#include "base/cleanup.h"

static int add_tail(struct twinfs_rescue *rescue, const struct tw_v1_half *half)
{
	return tw_claim_add(rescue, &(struct tw_claim){
					    .kind = TW_CLAIM_TAIL,
					    .last = TW_OPEN_END,
					    .head = half->tail.block[0],
					    .size = half->tail.block[1],
					    .goes_on = half->more,
				    });
}

/* False: it is nothing that has a version. */
static bool read_entry(const struct tw_v1_half *half, const struct tw_v1_entry *entry,
	struct tw_claim *claim)
{
	uint8_t type = entry->type & ~TW_V1_MARK;

	*claim = (struct tw_claim){
		.kind = type == TW_V1_TYPE_FILE  ? TW_CLAIM_FILE
			: type == TW_V1_TYPE_DIR ? TW_CLAIM_DIR
						 : TW_CLAIM_ROOT,
		.last = TW_OPEN_END,
		.entry_off = entry->off,
		.head = entry->payload[0],
		.size = entry->payload[1],
		.is_marked = entry->type & TW_V1_MARK,
	};
	if (entry->type == TW_V1_TYPE_SUPERBLOCK)
		return true;
	if (claim->kind == TW_CLAIM_ROOT || !entry->name ||
		!tw_name_is_sane(entry->name, entry->name_len))
		return false;
	claim->name_off = (uint32_t)(entry->name - half->bytes);
	claim->name_len = entry->name_len;
	return true;
}

/* @is_valid: its checksum is right. Entries of others are taken as long as they make sense. */
static int add_half(struct twinfs_rescue *rescue, uint32_t block, const struct tw_v1_half *half,
	bool is_valid)
{
	uint32_t off = TW_V1_HEADER_SIZE;
	struct tw_v1_entry entry;
	struct tw_claim claim;
	struct tw_log *log;
	int rc = tw_log_add(rescue, block, half->rev, &log);

	if (rc)
		return rc;
	log->commits = 1;
	log->valid = log->is_whole = is_valid;
	if (is_valid)
		rc = add_tail(rescue, half);
	while (!rc && tw_v1_next_entry(half, &off, &entry)) {
		bool is_entry = read_entry(half, &entry, &claim);

		if (!is_entry && !is_valid)
			break;
		claim.is_unchecked = !is_valid;
		rescue->logs[rescue->log_count - 1].entries_first += is_entry;
		if (is_entry)
			rc = tw_claim_add(rescue, &claim);
	}
	return rc;
}

static int scan(struct twinfs_rescue *rescue, uint32_t block)
{
	const uint8_t *bytes = tw_rescue_block(rescue, block);
	struct tw_v1_half half;

	if (!bytes || !tw_v1_read_half(bytes, rescue->area.block_size, &half))
		return 0;
	return add_half(rescue, block, &half, true);
}

static int scan_unchecked(struct twinfs_rescue *rescue, uint32_t block)
{
	const uint8_t *bytes = tw_rescue_block(rescue, block);
	struct tw_v1_half half;

	if (!bytes || tw_v1_read_half(bytes, rescue->area.block_size, &half))
		return 0;
	if (half.len < TW_V1_LEN_MIN || half.len > rescue->area.block_size)
		half.len = rescue->area.block_size;
	return add_half(rescue, block, &half, false);
}

static bool is_newer(uint32_t rev, uint32_t other_rev)
{
	return (int32_t)(rev - other_rev) >= 0;
}

static int find_root(struct twinfs_rescue *rescue, struct tw_pair *ret_pair)
{
	struct tw_v1_half half;
	struct twinfs_superblock superblock;
	int rc = tw_v1_fetch(&rescue->area, (struct tw_pair){{0, 1}}, &half);

	if (!rc)
		rc = tw_v1_read_superblock(half.bytes, half.block_size, &superblock);
	if (rc)
		return -EUCLEAN;
	rescue->superblock = superblock;
	rescue->superblock.block_size = rescue->area.block_size;
	*ret_pair = (struct tw_pair){{tw_le32(half.bytes + 0x14), tw_le32(half.bytes + 0x18)}};
	return 0;
}

/*
 * The first half of a fresh pair is two revisions ahead of what stands in the block
 * that is not written (section 4.4): a distance of one is only between two halves
 * that the same pair wrote.
 */
static bool is_before(const struct twinfs_rescue *rescue, const struct tw_log *older,
	const struct tw_log *newer, bool is_first)
{
	(void)rescue;
	(void)is_first;
	return newer->rev - older->rev == 1;
}

/* A rename is told by marks in the entries themselves. */
static int find_moving(struct twinfs_rescue *rescue)
{
	rescue->moving = (struct tw_pair){{TW_NIL, TW_NIL}};
	return 0;
}

/*
 * A file that is marked as moved is void when an unmarked one has its payload
 * (section 12.1). Marked directories are judged while the tree is walked.
 */
static int hide_moved(struct twinfs_rescue *rescue)
{
	_cleanup_(tw_v1_keys_release) struct tw_v1_keys keys = {0};
	int rc = 0;

	for (size_t i = 0; !rc && i < rescue->claim_count; i++) {
		const struct tw_claim *claim = &rescue->claims[i];

		if (claim->is_current && claim->kind == TW_CLAIM_FILE && !claim->is_marked)
			rc = tw_v1_keys_add(&keys, claim->head, claim->size);
	}
	tw_v1_keys_sort(&keys);
	for (size_t i = 0; !rc && i < rescue->claim_count; i++) {
		struct tw_claim *claim = &rescue->claims[i];

		if (claim->is_current && claim->kind == TW_CLAIM_FILE && claim->is_marked)
			claim->is_current =
				!claim->size || !tw_v1_keys_has(&keys, claim->head, claim->size);
	}
	return rc;
}

const struct tw_rescue_ops tw_rescue_v1 = {
	.scan = scan,
	.scan_unchecked = scan_unchecked,
	.find_root = find_root,
	.is_newer = is_newer,
	.is_before = is_before,
	.find_moving = find_moving,
	.hide_moved = hide_moved,
};
