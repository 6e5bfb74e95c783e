/* SPDX-License-Identifier: MIT */
/*
 * dirs.h - directories that something leads to, their paths, and damage.
 */
#ifndef TW_RESCUE_DIRS_H
#define TW_RESCUE_DIRS_H

#include "state.h"

/*
 * Adds a directory; its path comes from @claim in directory @parent, or where that is
 * TW_NONE, or the path would be too long, from @block. -ENOMEM.
 */
int tw_dir_add(struct twinfs_rescue *rescue, uint32_t parent, uint32_t claim, uint32_t block,
	uint32_t *ret_dir);

/* Path of an entry, kept as long as the rescue. -ENOMEM. */
int tw_claim_path(struct twinfs_rescue *rescue, const struct tw_claim *claim, char **ret_path);

/* A line of text, kept as long as the rescue; NULL: out of memory. */
const char *tw_rescue_text(struct twinfs_rescue *rescue, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds damage; the text follows @format. -ENOMEM. */
int tw_damage_add(struct twinfs_rescue *rescue, enum twinfs_damage_kind kind, const char *path,
	struct tw_pair pair, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
