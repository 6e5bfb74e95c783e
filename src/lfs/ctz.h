/* SPDX-License-Identifier: MIT */
/*
 * ctz.h - CTZ lists: how both versions of littlefs keep the content of a file.
 *
 * Content is cut over blocks of index 0, 1, 2, ...; block n > 0 begins with
 * ctz(n) + 1 pointers to the blocks of index n - 1, n - 2, n - 4, ... The
 * directory names the last block and the size.
 */
#ifndef TW_LFS_CTZ_H
#define TW_LFS_CTZ_H

#include "state.h"

#define TW_FILE_MAX UINT32_C(0x7fffffff)

/* Index of the block that holds byte @off, and where in that block it is. */
uint32_t tw_ctz_locate(uint32_t block_size, uint32_t off, uint32_t *ret_in_block);

/* Blocks of a file of @size bytes. */
uint32_t tw_ctz_blocks(uint32_t block_size, uint32_t size);

/* Blocks of the committed content of @node, a file. */
uint32_t tw_ctz_blocks_of(const struct twinfs_volume *volume, const struct tw_node *node);

/* The same, or -EUCLEAN when the size is more than the volume can hold. */
int tw_ctz_count(const struct twinfs_volume *volume, const struct tw_node *node,
	uint32_t *ret_count);

/* Bytes of pointers at the start of block @index. */
uint32_t tw_ctz_header(uint32_t index);

/* Offset in the file of the first data byte of block @index. */
uint32_t tw_ctz_start(uint32_t block_size, uint32_t index);

/* Whether a file can own @block: 0 and 1 are the superblock's. */
bool tw_ctz_can_own(const struct tw_area *area, uint32_t block);

/*
 * Follows pointer 0 from @head down to index 0 and stores the chain in
 * @blocks, which has room for tw_ctz_blocks() of them. Every number is checked.
 * -EUCLEAN when one is out of range.
 */
int tw_ctz_walk(const struct tw_area *area, uint32_t head, uint32_t size, uint32_t *blocks);

/*
 * Loads the chain of a file into node->file.blocks if it is not there, and the
 * file has one. -EUCLEAN, -ENOMEM.
 */
int tw_ctz_load(struct twinfs_volume *volume, struct tw_node *node);
void tw_ctz_unload(struct tw_node *node);

/* Writes the pointers of block @index, whose chain is @blocks, to @ret_bytes; their length. */
uint32_t tw_ctz_put_header(const uint32_t *blocks, uint32_t index, uint8_t *ret_bytes);

#endif
