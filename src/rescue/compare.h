/* SPDX-License-Identifier: MIT */
/*
 * compare.h - whether a volume holds what the list of repaired objects says.
 */
#ifndef TW_RESCUE_COMPARE_H
#define TW_RESCUE_COMPARE_H

#include "repaired.h"

/*
 * Whether every file of the list, up to fate @last, is in @volume, byte for byte. Else
 * -EIO with the first that is not in @err, or -ENOMEM.
 */
int tw_compare_files(const struct tw_repaired_list *list, enum twinfs_fate last,
	struct twinfs_volume *volume, struct twinfs_error *err);

/*
 * Whether @old reads just as @fresh, which was filled from the list: the same objects, with
 * the same content and attributes, and no others. False also when it cannot be told.
 */
bool tw_compare_is_same(const struct tw_repaired_list *list, struct twinfs_volume *fresh,
	struct twinfs_volume *old);

#endif
