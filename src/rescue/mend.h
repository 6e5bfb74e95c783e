/* SPDX-License-Identifier: MIT */
/*
 * mend.h - puts single wrong bits of metadata right.
 *
 * A CRC of 32 bits does not only say that something is wrong: as long as it is one bit,
 * in a block of any size that littlefs has, no two bits give the same remainder. So the
 * remainder names the bit. That something else is wrong and looks like one bit happens
 * once in 100,000 damaged blocks (bits of a block against 2^32).
 *
 * A version of the format knows where its checksums are: v1_mend.c, v2_mend.c.
 */
#ifndef TW_RESCUE_MEND_H
#define TW_RESCUE_MEND_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Finds the one bit of a message of @len bytes, its CRC at the end counted in, that gives
 * the remainder @rest, which is not 0. False: it is not one bit.
 */
bool tw_mend_locate(uint32_t rest, uint32_t len, uint32_t *ret_off, uint8_t *ret_mask);

/* Puts right what can be in one block of metadata; returns how many bits that were. */
unsigned tw_v1_mend(uint8_t *block, uint32_t block_size);
unsigned tw_v2_mend(uint8_t *block, uint32_t block_size);

/*
 * Makes a superblock of version 1 where there is none. All that it says is known, but
 * where the root is: formatting puts it into blocks 2 and 3, and there it stays unless
 * one of them goes bad. False: there is one, or no metadata in these blocks.
 */
bool tw_v1_make_superblock(uint8_t *bytes, uint64_t size, uint32_t block_size);

struct twinfs_rescue;

/*
 * Mends all blocks of a volume of the format's @version, at @bytes, but those of files in
 * force that are whole in @rescue, and those of @is_read, by block (NULL: none): what they
 * hold may look like metadata, and is content.
 */
unsigned tw_mend_all(uint8_t *bytes, uint32_t version, const struct twinfs_rescue *rescue,
	const bool *is_read);

#endif
