/* SPDX-License-Identifier: MIT */
/*
 * judge.c - how sure a claim is, and why not surer: the rules that stand in rescue.h.
 */
#include <errno.h>

#include "chain.h"
#include "claims.h"
#include "dirs.h"
#include "list.h"

struct verdict {
	enum twinfs_sureness sureness;
	const char *why;
};

/* As far as metadata goes: whether the name had what the claim says. */
static struct verdict judge_name(const struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	const struct tw_log *log = &rescue->logs[claim->log];

	if (claim->is_current)
		return (struct verdict){TWINFS_SURE, ""};
	if (claim->is_unchecked && log->valid)
		return (struct verdict){TWINFS_GUESS, "it stands behind the last valid commit"};
	if (claim->is_unchecked)
		return (struct verdict){TWINFS_GUESS, "the checksum over its entry is wrong"};
	switch ((enum tw_log_role)log->role) {
	case TW_LOG_IN_FORCE:
	case TW_LOG_BEFORE:
		return (struct verdict){TWINFS_PROVEN, ""};
	case TW_LOG_BESIDE:
		return (struct verdict){
			TWINFS_LIKELY, "its entry may have been another directory's"};
	case TW_LOG_OLDER:
		return (struct verdict){
			TWINFS_LIKELY, "the block of its entry has been free since"};
	case TW_LOG_LOOSE:
	case TW_LOG_NOWHERE:
		break;
	}
	return (struct verdict){TWINFS_LIKELY, "nothing leads to its directory any more"};
}

static const char *lost_text(struct twinfs_rescue *rescue, const struct tw_content *content)
{
	uint32_t block = content->where;
	bool is_inside = block < rescue->area.block_count;

	if (!content->blocks)
		return "its size is more than the volume can hold";
	if (is_inside && rescue->owner[block] == TW_METADATA)
		return tw_rescue_text(rescue, "block %u holds a directory now", block);
	if (content->is_broken)
		return tw_rescue_text(rescue, "block %u: the pointers of the content do not agree",
			block);
	if (is_inside && rescue->owner[block])
		return tw_rescue_text(rescue, "block %u holds another file now", block);
	return tw_rescue_text(rescue, "block %u was erased or written since", block);
}

/* As far as content goes, which is in blocks; a NULL as reason: out of memory. */
static struct verdict judge_content(struct twinfs_rescue *rescue, const struct tw_claim *claim)
{
	const struct tw_content *content = &claim->content;

	if (content->lost || content->is_broken)
		return (struct verdict){TWINFS_OVERWRITTEN, lost_text(rescue, content)};
	if (content->is_unread)
		return (struct verdict){TWINFS_GUESS, "there is too much to look at its content"};
	if (content->kept == content->blocks)
		return (struct verdict){TWINFS_SURE, ""};
	if (content->is_moved)
		return (struct verdict){
			TWINFS_LIKELY, "its content belongs to a file of another name now"};
	if (content->rival != TW_NONE)
		return (struct verdict){TWINFS_LIKELY,
			tw_rescue_text(rescue, "block %u is named by another version, too",
				content->where)};
	return (struct verdict){TWINFS_LIKELY,
		content->blocks - content->kept == 1
			? tw_rescue_text(rescue, "block %u has been free since", content->where)
			: tw_rescue_text(rescue, "%u blocks have been free since",
				  content->blocks - content->kept)};
}

int tw_judge_claim(struct twinfs_rescue *rescue, const struct tw_claim *claim,
	enum twinfs_sureness *ret_sureness, const char **ret_why)
{
	struct verdict name = judge_name(rescue, claim), content = {TWINFS_SURE, ""};

	if (tw_claim_has_chain(claim))
		content = judge_content(rescue, claim);
	if (!content.why)
		return -ENOMEM;
	if (content.sureness < name.sureness ||
		(content.sureness == name.sureness && !*content.why))
		content = name;
	*ret_sureness = content.sureness;
	*ret_why = content.why;
	return 0;
}
