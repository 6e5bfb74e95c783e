/* SPDX-License-Identifier: MIT */
/*
 * chain.c - the blocks of files: which of them still hold what they held.
 *
 * Content has no checksum. A block holds what a version wrote there as long as no
 * other file or pair was given the block; and while a version in force names it, none
 * is. So a block is certain when each version of the file from then to now names it in
 * the same place: that is counted from the version in force backwards (kept). A block
 * that was free in between may have been written since, without any trace; what can be
 * said then is only that nothing speaks against it: no owner now, not erased, no log
 * in it, pointers that agree, no newer version of anything that names it.
 *
 * All steps along chains are counted: many claims of a hostile image can name one long
 * chain.
 */
#include "chain.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "claims.h"
#include "dirs.h"
#include "lfs/ctz.h"

bool tw_chain_pointer(const struct twinfs_rescue *rescue, uint32_t block, unsigned k,
	uint32_t *ret_block)
{
	const uint8_t *pointer;

	if (tw_area_read(&rescue->area, block, 4 * k, 4, &pointer))
		return false;
	*ret_block = tw_le32(pointer);
	return tw_ctz_can_own(&rescue->area, *ret_block) && *ret_block != block;
}

bool tw_chain_agrees(const struct twinfs_rescue *rescue, uint32_t block, uint32_t index)
{
	uint32_t shorter, longer, over;

	if (!index)
		return true;
	if (!tw_chain_pointer(rescue, block, 0, &shorter))
		return false;
	for (unsigned k = 1; k <= (unsigned)__builtin_ctz(index); k++) {
		/* two steps of half the length lead to the same block */
		if (!tw_chain_pointer(rescue, block, k, &longer) ||
			!tw_chain_pointer(rescue, shorter, k - 1, &over) || over != longer)
			return false;
		shorter = longer;
	}
	return true;
}

bool tw_chain_find(const struct twinfs_rescue *rescue, uint32_t head, uint32_t last, uint32_t index,
	uint32_t *ret_block)
{
	uint32_t block = head;

	if (!tw_ctz_can_own(&rescue->area, block))
		return false;
	while (last > index) {
		unsigned most = 31 - (unsigned)__builtin_clz(last - index);
		unsigned has = (unsigned)__builtin_ctz(last), k = has < most ? has : most;

		if (!tw_chain_pointer(rescue, block, k, &block))
			return false;
		last -= UINT32_C(1) << k;
	}
	*ret_block = block;
	return true;
}

static bool spend(struct twinfs_rescue *rescue, struct tw_content *content)
{
	if (!rescue->effort) {
		content->is_unread = true;
		return false;
	}
	rescue->effort--;
	return true;
}

/* Blocks of the chain; 0: there cannot be so many. */
static uint32_t count_blocks(const struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	uint32_t count =
		claim->size > TW_FILE_MAX ? 0 : tw_ctz_blocks(rescue->area.block_size, claim->size);

	return count < rescue->area.block_count ? count : 0;
}

/* The first block that is lost is the one to be told of. */
static void lose(struct tw_content *content, uint32_t block, uint32_t count)
{
	if (!content->lost)
		content->where = block;
	content->lost += count;
}

/* ---- files in force ---- */

static int tell_shared(struct twinfs_rescue *rescue, const struct tw_claim *claim, uint32_t block)
{
	char *path;
	int rc = tw_claim_path(rescue, claim, &path);

	return rc ? rc
		  : tw_damage_add(rescue, TWINFS_DAMAGE_SHARED, path,
			    (struct tw_pair){{block, TW_NIL}}, "block %u has another owner, too",
			    block);
}

/* Takes one block of a file in force; *@ret_shared: it has another owner. */
static void own(struct twinfs_rescue *rescue, uint32_t claim, uint32_t block, uint32_t index,
	bool *ret_shared)
{
	struct tw_content *content = &rescue->claims[claim].content;

	if (rescue->owner[block] && !*ret_shared) {
		*ret_shared = true;
		lose(content, block, 1);
	}
	if (!rescue->owner[block])
		rescue->owner[block] = claim + 1;
	if (!tw_chain_agrees(rescue, block, index)) {
		content->is_broken = true;
		lose(content, block, 1);
	}
}

/*
 * Goes along pointer 0; where that leads astray longer ones may lead to the next block, as
 * they do for a device that reads there.
 */
static int judge_current(struct twinfs_rescue *rescue, uint32_t index)
{
	struct tw_claim *claim = &rescue->claims[index];
	struct tw_content *content = &claim->content;
	uint32_t block = claim->head, count = count_blocks(rescue, claim);
	bool is_shared = false, is_linked = tw_ctz_can_own(&rescue->area, block);

	content->where = content->rival = TW_NONE;
	content->blocks = content->kept = count;
	content->is_broken = !count || !is_linked;
	if (!is_linked)
		lose(content, block, count);
	for (uint32_t i = content->lost ? 0 : count; i-- > 0 && spend(rescue, content);) {
		if (!is_linked && !tw_chain_find(rescue, claim->head, count - 1, i, &block)) {
			lose(content, block, 1);
			continue;
		}
		own(rescue, index, block, i, &is_shared);
		is_linked = i && tw_chain_pointer(rescue, block, 0, &block);
		content->is_broken |= i && !is_linked;
	}
	if (content->lost > count)
		content->lost = count;
	return is_shared ? tell_shared(rescue, claim, content->where) : 0;
}

static bool is_erased(const uint8_t *bytes, uint32_t len)
{
	return bytes[0] == 0xff && !memcmp(bytes, bytes + 1, len - 1);
}

static bool is_owned_as(const struct twinfs_rescue *rescue, uint32_t block,
	const struct tw_claim *claim)
{
	uint32_t owner = rescue->owner[block];
	const struct tw_claim *other;

	if (!owner || owner == TW_METADATA)
		return false;
	other = &rescue->claims[owner - 1];
	return other->head == claim->head && other->size == claim->size;
}

bool tw_chain_can_read(struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	uint32_t count = claim->content.blocks, block;

	if (!count || claim->content.is_unread || rescue->effort < count)
		return false;
	rescue->effort -= count;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *bytes;

		if (!tw_chain_find(rescue, claim->head, count - 1, i, &block) ||
			!is_owned_as(rescue, block, claim))
			return false;
		bytes = tw_rescue_block(rescue, block);
		if (!bytes || is_erased(bytes, rescue->area.block_size))
			return false;
	}
	return true;
}

/* ---- versions that are not in force ---- */

/* Blocks, from the first on, that two chains have in common. */
static uint32_t common(struct twinfs_rescue *rescue, const struct tw_claim *a,
	const struct tw_claim *b)
{
	uint32_t least =
		a->content.blocks < b->content.blocks ? a->content.blocks : b->content.blocks;
	uint32_t x = 0, y = 0;

	for (uint32_t i = least; i-- > 0;) {
		if (i == least - 1 &&
			(!tw_chain_find(rescue, a->head, a->content.blocks - 1, i, &x) ||
				!tw_chain_find(rescue, b->head, b->content.blocks - 1, i, &y)))
			return 0;
		if (x == y)
			return i + 1;
		if (!rescue->effort)
			return 0;
		rescue->effort--;
		if (i && (!tw_chain_pointer(rescue, x, 0, &x) ||
				 !tw_chain_pointer(rescue, y, 0, &y)))
			return 0;
	}
	return 0;
}

/* What this version has in common with the next, and what has been in use ever since. */
static void count_kept(struct twinfs_rescue *rescue, struct tw_claim *claim)
{
	const struct tw_claim *next = claim->next == TW_NONE ? NULL : &rescue->claims[claim->next];
	uint32_t kept;

	if (!next || !tw_claim_has_chain(next))
		return;
	claim->content.shared = common(rescue, claim, next);
	claim->content.rival = claim->content.shared ? next->content.rival : TW_NONE;
	kept = next->content.kept;
	if (!rescue->logs[next->log].is_whole || next->content.lost)
		kept = 0;
	claim->content.kept = claim->content.shared < kept ? claim->content.shared : kept;
}

/* Whether all of the chain belongs to a file in force: then it was moved there. */
static bool is_moved(const struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	return claim->head < rescue->area.block_count && is_owned_as(rescue, claim->head, claim) &&
	       !rescue->claims[rescue->owner[claim->head] - 1].content.lost;
}

/* Whether @newer was surely said after @claim was no more. */
static bool is_after(const struct twinfs_rescue *rescue, const struct tw_claim *claim,
	const struct tw_claim *newer)
{
	if (newer->log == claim->log)
		return newer->first > claim->first;
	return rescue->logs[claim->log].heir == newer->log;
}

/* Takes one block of a version that is not in force; false: it is not to be had. */
static bool take(struct twinfs_rescue *rescue, uint32_t index, uint32_t block, uint32_t number)
{
	struct tw_claim *claim = &rescue->claims[index];
	struct tw_content *content = &claim->content;
	const uint8_t *bytes = tw_rescue_block(rescue, block);
	uint32_t taker = rescue->taker[block];

	if (!bytes || rescue->owner[block] || rescue->log_at[block] ||
		is_erased(bytes, rescue->area.block_size))
		return false;
	if (taker && taker != index + 1 && number >= content->shared) {
		if (is_after(rescue, claim, &rescue->claims[taker - 1]))
			return false;
		if (content->rival == TW_NONE) {
			content->rival = taker - 1;
			content->where = block;
		}
	} else if (!taker && !claim->is_unchecked) {
		rescue->taker[block] = index + 1;
	}
	return true;
}

/* Whether a block that pointers lead to may still be what it was. */
static bool may_be(const struct twinfs_rescue *rescue, uint32_t block)
{
	const uint8_t *bytes = tw_rescue_block(rescue, block);

	return bytes && !rescue->owner[block] && !rescue->log_at[block] &&
	       !is_erased(bytes, rescue->area.block_size);
}

/* Block number @index of a chain, over blocks that may still be what they were. */
static bool find_around(const struct twinfs_rescue *rescue, const struct tw_claim *claim,
	uint32_t index, uint32_t *ret_block)
{
	uint32_t last = claim->content.blocks - 1, block = claim->head;

	while (tw_ctz_can_own(&rescue->area, block) && last > index && may_be(rescue, block)) {
		unsigned most = 31 - (unsigned)__builtin_clz(last - index);
		unsigned has = (unsigned)__builtin_ctz(last), k = has < most ? has : most;

		if (!tw_chain_pointer(rescue, block, k, &block))
			return false;
		last -= UINT32_C(1) << k;
	}
	*ret_block = block;
	return last == index && tw_ctz_can_own(&rescue->area, block);
}

/* Whether the pointers of a block disagree because of what one of them leads to. */
static bool leads_to_lost(const struct twinfs_rescue *rescue, uint32_t block, uint32_t index)
{
	for (unsigned k = 0; index && k <= (unsigned)__builtin_ctz(index); k++) {
		uint32_t next;

		if (!tw_chain_pointer(rescue, block, k, &next))
			return false;
		if (!may_be(rescue, next))
			return true;
	}
	return false;
}

/*
 * Looks at the blocks that were free since, from the last one down: along pointer 0 as
 * long as all is well, and around what is lost by longer ones.
 */
static void look_at_free(struct twinfs_rescue *rescue, uint32_t index)
{
	struct tw_claim *claim = &rescue->claims[index];
	struct tw_content *content = &claim->content;
	uint32_t block = claim->head;
	bool is_linked = tw_ctz_can_own(&rescue->area, block), is_wrong;

	for (uint32_t i = content->blocks; i-- > content->kept && spend(rescue, content);) {
		if (!is_linked && !find_around(rescue, claim, i, &block)) {
			content->is_broken = true;
			lose(content, block, 1);
			continue;
		}
		is_linked = take(rescue, index, block, i);
		if (is_linked && !tw_chain_agrees(rescue, block, i)) {
			is_linked = false;
			is_wrong = !leads_to_lost(rescue, block, i);
			content->is_broken |= is_wrong;
		} else {
			is_wrong = !is_linked;
		}
		if (is_wrong) {
			lose(content, block, 1);
			continue;
		}
		if (!content->lost && content->where == TW_NONE)
			content->where = block;
		if (i && is_linked)
			(void)tw_chain_pointer(rescue, block, 0, &block);
	}
}

static void judge_older(struct twinfs_rescue *rescue, uint32_t index)
{
	struct tw_claim *claim = &rescue->claims[index];
	struct tw_content *content = &claim->content;

	content->where = content->rival = TW_NONE;
	content->blocks = count_blocks(rescue, claim);
	if (!content->blocks) {
		content->is_broken = true;
		content->where = claim->head;
		return;
	}
	count_kept(rescue, claim);
	if (content->kept == content->blocks)
		return;
	content->is_moved = is_moved(rescue, claim);
	if (!content->is_moved)
		look_at_free(rescue, index);
}

/* Newest first: what a claim says of a block goes before what an older one says. */
static void judge_log(struct twinfs_rescue *rescue, const struct tw_log *log)
{
	for (uint32_t i = log->claims + log->claim_count; i-- > log->claims;) {
		const struct tw_claim *claim = &rescue->claims[i];

		if (tw_claim_has_chain(claim) && !claim->is_current)
			judge_older(rescue, i);
	}
}

int tw_chain_judge(struct twinfs_rescue *rescue)
{
	static const enum tw_log_role order[] = {
		TW_LOG_IN_FORCE, TW_LOG_BEFORE, TW_LOG_BESIDE, TW_LOG_OLDER, TW_LOG_LOOSE};
	int rc = 0;

	for (size_t i = 0; !rc && i < rescue->claim_count; i++)
		if (rescue->claims[i].is_current && tw_claim_has_chain(&rescue->claims[i]))
			rc = judge_current(rescue, (uint32_t)i);
	for (size_t turn = 0; !rc && turn < sizeof(order) / sizeof(*order); turn++)
		for (size_t i = 0; i < rescue->log_count; i++)
			if (rescue->logs[i].role == order[turn])
				judge_log(rescue, &rescue->logs[i]);
	return rc;
}
