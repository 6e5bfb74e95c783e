/* SPDX-License-Identifier: MIT */
/*
 * check_file.c - checks the block list of one file: every pointer, not only
 * those that reading follows.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "ctz.h"

/* The first index with a pointer that does not fit the chain; 0: all fit. */
static int find_wrong_pointer(const struct tw_area *area, const uint32_t *blocks, uint32_t count,
	uint32_t *ret_index)
{
	*ret_index = 0;
	for (uint32_t i = 1; i < count; i++) {
		uint32_t len = tw_ctz_header(i);
		const uint8_t *pointers;
		int rc = tw_area_read(area, blocks[i], 0, len, &pointers);

		if (rc)
			return rc;
		for (uint32_t k = 0; 4 * k < len; k++) {
			if (tw_le32(pointers + 4 * k) != blocks[i - (UINT32_C(1) << k)]) {
				*ret_index = i;
				return 0;
			}
		}
	}
	return 0;
}

/*
 * Whether the chain makes sense when the head is one block further on: the
 * truncate of littlefs 1.x, and of 2.x until 2.5.1, leaves that at sizes that
 * end with a block (v1 guide, section 19.8).
 */
static bool is_truncated_at_boundary(const struct tw_check *check, uint32_t head, uint32_t size,
	uint32_t count)
{
	_cleanup_free_ uint32_t *blocks = NULL;
	uint32_t wrong;

	if (count < 2 || tw_ctz_start(check->area.block_size, count) != size ||
		count >= check->area.block_count)
		return false;
	blocks = malloc((count + 1) * sizeof(*blocks));
	return blocks && tw_ctz_walk(&check->area, head, size + 1, blocks) == 0 &&
	       find_wrong_pointer(&check->area, blocks, count + 1, &wrong) == 0 && !wrong;
}

/*
 * Follows pointer 0 from the head and claims each block. *@ret_is_whole is false
 * when that ends early, with a report. It ends at a block that has an owner, so
 * all files together cost no more than the volume has blocks.
 */
static int claim_chain(struct tw_check *check, const struct tw_checked_file *file, uint32_t *blocks,
	uint32_t count, bool *ret_is_whole)
{
	uint32_t block = file->head, owner = ++check->last_owner;

	*ret_is_whole = false;
	for (uint32_t i = count; i-- > 0;) {
		const uint8_t *pointer;
		uint32_t *its_owner;
		int rc;

		if (!tw_ctz_can_own(&check->area, block)) {
			tw_check_report(check, TWINFS_P_LFS_CHAIN, file->block,
				"file '%.*s': block %u of its list lies outside the volume",
				(int)file->name_len, file->name, i);
			return 0;
		}
		its_owner = tw_sparse_make(&check->owners, block);
		if (!its_owner)
			return -ENOMEM;
		if (*its_owner == owner)
			tw_check_report(check, TWINFS_P_LFS_CHAIN, block,
				"file '%.*s': its list comes back to this block",
				(int)file->name_len, file->name);
		if (*its_owner)
			return tw_check_claim(check, block, owner);
		*its_owner = owner;
		blocks[i] = block;
		if (!i)
			break;
		rc = tw_area_read(&check->area, block, 0, 4, &pointer);
		if (rc)
			return rc;
		block = tw_le32(pointer);
	}
	*ret_is_whole = true;
	return 0;
}

static int check_chain(struct tw_check *check, const struct tw_checked_file *file, uint32_t *blocks,
	uint32_t count)
{
	uint32_t wrong;
	bool is_whole;
	int rc = claim_chain(check, file, blocks, count, &is_whole);

	if (!rc && is_whole)
		rc = find_wrong_pointer(&check->area, blocks, count, &wrong);
	if (rc || !is_whole || !wrong)
		return rc;
	if (is_truncated_at_boundary(check, file->head, file->size, count))
		tw_check_report(check, TWINFS_P_LFS_TRUNCATED, file->block,
			"file '%.*s': head is one block too far for its size %u",
			(int)file->name_len, file->name, file->size);
	else
		tw_check_report(check, TWINFS_P_LFS_CHAIN, blocks[wrong],
			"file '%.*s': a pointer in block %u of its list is wrong",
			(int)file->name_len, file->name, wrong);
	return 0;
}

int tw_check_file(struct tw_check *check, const struct tw_checked_file *file)
{
	uint32_t size = file->size;
	uint32_t count = tw_ctz_blocks(check->area.block_size, size);
	_cleanup_free_ uint32_t *blocks = NULL;

	if (!size) {
		if (file->head != TW_NIL)
			tw_check_report(check, TWINFS_P_LFS_STALE_HEAD, file->block,
				"empty file '%.*s' names block %u", (int)file->name_len, file->name,
				file->head);
		return 0;
	}
	if (size > check->file_max || count > check->area.block_count) {
		tw_check_report(check, TWINFS_P_LFS_SIZE, file->block,
			"file '%.*s': %u bytes do not fit the volume", (int)file->name_len,
			file->name, size);
		return 0;
	}
	blocks = malloc(count * sizeof(*blocks));
	return blocks ? check_chain(check, file, blocks, count) : -ENOMEM;
}
