/* SPDX-License-Identifier: MIT */
/*
 * claims.h - the lists of logs and claims.
 */
#ifndef TW_RESCUE_CLAIMS_H
#define TW_RESCUE_CLAIMS_H

#include "state.h"

/* Begins the log of a block; claims added from now on are its. -ENOMEM. */
int tw_log_add(struct twinfs_rescue *rescue, uint32_t block, uint32_t rev, struct tw_log **ret_log);

/* Adds a claim to the newest log. -ENOMEM. */
int tw_claim_add(struct twinfs_rescue *rescue, const struct tw_claim *claim);

/* Whether @len bytes can be a name: others are no entries that anybody made. */
bool tw_name_is_sane(const uint8_t *name, size_t len);

static inline const uint8_t *tw_claim_name(const struct twinfs_rescue *rescue,
	const struct tw_claim *claim)
{
	return tw_rescue_block(rescue, rescue->logs[claim->log].block) + claim->name_off;
}

/* Whether the claim holds in the state of its log that would be in force. */
static inline bool tw_claim_is_last(const struct twinfs_rescue *rescue,
	const struct tw_claim *claim)
{
	uint32_t valid = rescue->logs[claim->log].valid;

	return valid && claim->first < valid && claim->last >= valid - 1;
}

/* The pair that a directory, a tail or the superblock names. */
static inline struct tw_pair tw_claim_pair(const struct tw_claim *claim)
{
	return (struct tw_pair){{claim->head, claim->size}};
}

bool tw_claims_same_name(const struct twinfs_rescue *rescue, const struct tw_claim *a,
	const struct tw_claim *b);

/* Whether both name the same object of the same content or place. */
bool tw_claims_same_body(const struct twinfs_rescue *rescue, const struct tw_claim *a,
	const struct tw_claim *b);

bool tw_claims_same_attrs(const struct twinfs_rescue *rescue, const struct tw_claim *a,
	const struct tw_claim *b);

#endif
