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
 * truncate of littlefs 1.x leaves that at sizes that end with a block (19.8).
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
	return blocks && tw_ctz_walk(&check->area, head, size + 1, blocks, NULL) == 0 &&
	       find_wrong_pointer(&check->area, blocks, count + 1, &wrong) == 0 && !wrong;
}

static int check_chain(struct tw_check *check, const struct tw_checked_file *file, uint32_t *blocks,
	uint32_t count)
{
	uint32_t head = file->head, size = file->size, bad = 0, wrong;
	int rc = tw_ctz_walk(&check->area, head, size, blocks, &bad);

	if (rc == -EUCLEAN) {
		tw_check_report(check, TWINFS_P_LFS_CHAIN, file->block,
			"file '%.*s': block %u of its list lies outside the volume", file->name_len,
			file->name, bad);
		return 0;
	}
	if (!rc)
		rc = find_wrong_pointer(&check->area, blocks, count, &wrong);
	if (rc)
		return rc;
	if (wrong && is_truncated_at_boundary(check, head, size, count))
		tw_check_report(check, TWINFS_P_LFS_TRUNCATED, file->block,
			"file '%.*s': head is one block too far for its size %u", file->name_len,
			file->name, size);
	else if (wrong)
		tw_check_report(check, TWINFS_P_LFS_CHAIN, blocks[wrong],
			"file '%.*s': a pointer in block %u of its list is wrong", file->name_len,
			file->name, wrong);
	check->last_owner++;
	for (uint32_t i = 0; i < count; i++) {
		/* Comparing the pointers with the chain they gave cannot see this. */
		if (check->owner[blocks[i]] == check->last_owner) {
			tw_check_report(check, TWINFS_P_LFS_CHAIN, blocks[i],
				"file '%.*s': its list comes back to this block", file->name_len,
				file->name);
			break;
		}
		tw_check_claim(check, blocks[i], check->last_owner);
	}
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
				"empty file '%.*s' names block %u", file->name_len, file->name,
				file->head);
		return 0;
	}
	if (size > check->file_max || count > check->area.block_count) {
		tw_check_report(check, TWINFS_P_LFS_SIZE, file->block,
			"file '%.*s': %u bytes do not fit the volume", file->name_len, file->name,
			size);
		return 0;
	}
	blocks = malloc(count * sizeof(*blocks));
	return blocks ? check_chain(check, file, blocks, count) : -ENOMEM;
}
