/* SPDX-License-Identifier: MIT */
/*
 * claims.c - the lists of logs and claims.
 */
#include "claims.h"

#include <string.h>

#include "base/array.h"

int tw_log_add(struct twinfs_rescue *rescue, uint32_t block, uint32_t rev, struct tw_log **ret_log)
{
	int rc = tw_array_grow(&rescue->logs, &rescue->log_room, rescue->log_count);

	if (rc)
		return rc;
	*ret_log = &rescue->logs[rescue->log_count++];
	**ret_log = (struct tw_log){
		.block = block,
		.rev = rev,
		.claims = (uint32_t)rescue->claim_count,
		.dir = TW_NONE,
		.heir = TW_NONE,
	};
	rescue->log_at[block] = (uint32_t)rescue->log_count;
	return 0;
}

int tw_claim_add(struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	int rc = tw_array_grow(&rescue->claims, &rescue->claim_room, rescue->claim_count);

	if (rc || rescue->claim_count >= TW_NONE - 1)
		return rc ? rc : -ENOMEM;
	rescue->claims[rescue->claim_count] = *claim;
	rescue->claims[rescue->claim_count].log = (uint32_t)rescue->log_count - 1;
	rescue->claims[rescue->claim_count].dir = TW_NONE;
	rescue->claims[rescue->claim_count++].next = TW_NONE;
	rescue->logs[rescue->log_count - 1].claim_count++;
	return 0;
}

bool tw_name_is_sane(const uint8_t *name, size_t len)
{
	bool is_dots = (len == 1 || len == 2) && name[0] == '.' && name[len - 1] == '.';

	return len && !is_dots && !memchr(name, '\0', len) && !memchr(name, '/', len);
}

bool tw_claims_same_name(const struct twinfs_rescue *rescue, const struct tw_claim *a,
	const struct tw_claim *b)
{
	return a->name_len == b->name_len &&
	       !memcmp(tw_claim_name(rescue, a), tw_claim_name(rescue, b), a->name_len);
}

static const uint8_t *inline_bytes(const struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	return tw_rescue_block(rescue, rescue->logs[claim->log].block) + claim->head;
}

bool tw_claims_same_body(const struct twinfs_rescue *rescue, const struct tw_claim *a,
	const struct tw_claim *b)
{
	if (a->kind != b->kind || a->is_inline != b->is_inline)
		return false;
	if (a->kind == TW_CLAIM_DIR)
		return tw_pair_is_same(tw_claim_pair(a), tw_claim_pair(b));
	if (a->size != b->size)
		return false;
	if (a->is_inline)
		return !memcmp(inline_bytes(rescue, a), inline_bytes(rescue, b), a->size);
	return !a->size || a->head == b->head; /* an empty file may name any block */
}

bool tw_claims_same_attrs(const struct twinfs_rescue *rescue, const struct tw_claim *a,
	const struct tw_claim *b)
{
	const uint8_t *in_a = tw_rescue_block(rescue, rescue->logs[a->log].block);
	const uint8_t *in_b = tw_rescue_block(rescue, rescue->logs[b->log].block);

	if (a->attr_count != b->attr_count)
		return false;
	for (unsigned i = 0; i < a->attr_count; i++) {
		const struct tw_attr *x = &rescue->attrs[a->attrs + i];
		const struct tw_attr *y = &rescue->attrs[b->attrs + i];

		if (x->type != y->type || x->len != y->len ||
			memcmp(in_a + x->off, in_b + y->off, x->len) != 0)
			return false;
	}
	return true;
}
