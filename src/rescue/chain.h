/* SPDX-License-Identifier: MIT */
/*
 * chain.h - the blocks of files: which of them still hold what they held.
 */
#ifndef TW_RESCUE_CHAIN_H
#define TW_RESCUE_CHAIN_H

#include "state.h"

/* Whether the content of a claim is in a chain of blocks. */
static inline bool tw_claim_has_chain(const struct tw_claim *claim)
{
	return claim->kind == TW_CLAIM_FILE && !claim->is_inline && claim->size;
}

/*
 * Pointer @k of @block, which must have that many. False: it leads to no block that a
 * file can have.
 */
bool tw_chain_pointer(const struct twinfs_rescue *rescue, uint32_t block, unsigned k,
	uint32_t *ret_block);

/* Whether the pointers of @block, number @index of a chain, agree with those they lead to. */
bool tw_chain_agrees(const struct twinfs_rescue *rescue, uint32_t block, uint32_t index);

/* Block number @index of the chain whose last one, number @last, is @head. False: none. */
bool tw_chain_find(const struct twinfs_rescue *rescue, uint32_t head, uint32_t last, uint32_t index,
	uint32_t *ret_block);

/*
 * Whether a device reads all of a file in force, though pointers disagree: each block is
 * found by one of them or another, is not erased, and has no other owner.
 */
bool tw_chain_can_read(struct twinfs_rescue *rescue, const struct tw_claim *claim);

/* Judges the content of all claims that have a directory. 0, -ENOMEM. */
int tw_chain_judge(struct twinfs_rescue *rescue);

#endif
