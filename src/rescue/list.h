/* SPDX-License-Identifier: MIT */
/*
 * list.h - claims as versions, and the best of them as a tree.
 */
#ifndef TW_RESCUE_LIST_H
#define TW_RESCUE_LIST_H

#include "state.h"

/* Adds a version; only its place in the list is still to come. -ENOMEM. */
int tw_version_add(struct twinfs_rescue *rescue, const struct tw_version *version);

/* Lists all claims that have a directory, ordered by path and age. -ENOMEM. */
int tw_list_claims(struct twinfs_rescue *rescue);

/* Adds the chains of blocks that no version names. -ENOMEM. */
int tw_list_chains(struct twinfs_rescue *rescue);

/* How sure a claim is; the reason is "" or a text of the rescue. -ENOMEM. */
int tw_judge_claim(struct twinfs_rescue *rescue, const struct tw_claim *claim,
	enum twinfs_sureness *ret_sureness, const char **ret_why);

/* Picks the best tree from the list. -ENOMEM. */
int tw_pick_tree(struct twinfs_rescue *rescue);

#endif
