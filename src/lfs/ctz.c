/* SPDX-License-Identifier: MIT */
/*
 * ctz.c - CTZ lists.
 *
 * The pointers of blocks 1 to n number 2n - popcount(n); from that follow the
 * closed forms below (littlefs v1 guide, section 9.2).
 */
#include "ctz.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"

uint32_t tw_ctz_locate(uint32_t block_size, uint32_t off, uint32_t *ret_in_block)
{
	uint32_t body = block_size - 8, n = off / body;

	if (n == 0) {
		*ret_in_block = off;
		return 0;
	}
	n = (off - 4 * ((uint32_t)__builtin_popcount(n - 1) + 2)) / body;
	*ret_in_block = off - body * n - 4 * (uint32_t)__builtin_popcount(n);
	return n;
}

uint32_t tw_ctz_blocks(uint32_t block_size, uint32_t size)
{
	uint32_t in_block;

	return size ? tw_ctz_locate(block_size, size - 1, &in_block) + 1 : 0;
}

uint32_t tw_ctz_blocks_of(const struct twinfs_volume *volume, const struct tw_node *node)
{
	return node->is_inline ? 0 : tw_ctz_blocks(volume->area.block_size, node->file.size);
}

uint32_t tw_ctz_header(uint32_t index)
{
	return index ? 4 * ((uint32_t)__builtin_ctz(index) + 1) : 0;
}

uint32_t tw_ctz_start(uint32_t block_size, uint32_t index)
{
	if (!index)
		return 0;
	return index * (block_size - 8) + 8 + 4 * (uint32_t)__builtin_popcount(index - 1);
}

bool tw_ctz_can_own(const struct tw_area *area, uint32_t block)
{
	return block >= 2 && block < area->block_count;
}

int tw_ctz_walk(const struct tw_area *area, uint32_t head, uint32_t size, uint32_t *blocks)
{
	uint32_t block = head;

	for (uint32_t i = tw_ctz_blocks(area->block_size, size); i-- > 0;) {
		const uint8_t *pointer;
		int rc;

		if (!tw_ctz_can_own(area, block))
			return -EUCLEAN;
		blocks[i] = block;
		if (i == 0)
			break;
		rc = tw_area_read(area, block, 0, 4, &pointer);
		if (rc)
			return rc;
		block = tw_le32(pointer);
	}
	return 0;
}

int tw_ctz_count(const struct twinfs_volume *volume, const struct tw_node *node,
	uint32_t *ret_count)
{
	uint32_t count = tw_ctz_blocks_of(volume, node);

	/* Such a size must not make us ask for memory. */
	if (node->file.size > TW_FILE_MAX || count > volume->area.block_count)
		return -EUCLEAN;
	*ret_count = count;
	return 0;
}

int tw_ctz_load(struct twinfs_volume *volume, struct tw_node *node)
{
	uint32_t count;
	int rc;

	if (node->file.blocks || node->is_inline)
		return 0;
	rc = tw_ctz_count(volume, node, &count);
	if (rc)
		return rc;
	node->file.blocks = malloc((count ? count : 1) * sizeof(uint32_t));
	if (!node->file.blocks)
		return -ENOMEM;
	rc = tw_ctz_walk(&volume->area, node->file.head, node->file.size, node->file.blocks);
	if (rc)
		tw_ctz_unload(node);
	return rc;
}

void tw_ctz_unload(struct tw_node *node)
{
	free(node->file.blocks);
	node->file.blocks = NULL;
}

uint32_t tw_ctz_put_header(const uint32_t *blocks, uint32_t index, uint8_t *ret_bytes)
{
	uint32_t len = tw_ctz_header(index);

	for (uint32_t k = 0; 4 * k < len; k++)
		tw_put_le32(ret_bytes + 4 * k, blocks[index - (UINT32_C(1) << k)]);
	return len;
}
