/* SPDX-License-Identifier: MIT */
/*
 * copy_up.h - gives an object of the lower layer an upper one.
 */
#ifndef TW_OVERLAY_COPY_UP_H
#define TW_OVERLAY_COPY_UP_H

#include "state.h"

/*
 * What every change begins with: refuses where the upper layer cannot be
 * written, and clears what power cuts left. Needs "changing". -EROFS, and as
 * twinfs_volume_repair().
 */
int tw_overlay_begin_change(struct twinfs_overlay *overlay);

/*
 * Makes the upper directories down to @dir, which is not removed. Those made
 * before a failure stay: they are merged, so nothing looks different. Needs
 * "changing" and the table's lock for writing. As twinfs_volume_mkdir().
 */
int tw_overlay_make_upper(struct twinfs_overlay *overlay, struct tw_overlay_node *dir);

/*
 * Copies the file @node up, unless it is an upper one. Its open handles see
 * the copy. On failure it is the lower file still. Needs "changing" and not
 * the table's lock; @node has a name or a reference.
 */
int tw_overlay_copy_up(struct twinfs_overlay *overlay, struct tw_overlay_node *node);

#endif
