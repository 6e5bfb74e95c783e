/* SPDX-License-Identifier: MIT */
/*
 * repaired.h - the list of what became of each object.
 */
#ifndef TW_RESCUE_REPAIRED_H
#define TW_RESCUE_REPAIRED_H

#include <twinfs/digest.h>
#include <twinfs/repair.h>

struct tw_repaired {
	struct twinfs_repaired shown; /* its texts belong to the list */
	bool is_there;                /* in the new volume */
	struct twinfs_digest digest;  /* of a file that is there */
};

struct tw_repaired_list {
	struct tw_repaired *all;
	size_t count, room;
};

/* Appends a copy of @it, with texts of its own. 0 or -ENOMEM. */
int tw_repaired_add(struct tw_repaired_list *list, const struct tw_repaired *it);

/* Takes out number @index; the others keep their order. */
void tw_repaired_drop(struct tw_repaired_list *list, size_t index);
void tw_repaired_release(struct tw_repaired_list *list);

#endif
