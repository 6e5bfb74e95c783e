/* SPDX-License-Identifier: MIT */
/*
 * layers.h - two directories seen as one: finding, describing, listing.
 *
 * All calls need the table's lock: for writing, but where it says reading; and
 * where the lower layer changes, those that find or list need "changing" as well.
 */
#ifndef TW_OVERLAY_LAYERS_H
#define TW_OVERLAY_LAYERS_H

#include "state.h"

/* The directory laid over the root; 0 when there is none that could be read. For reading. */
int tw_overlay_find_lower_root(const struct twinfs_overlay *overlay, uint64_t *ret_ino);

/* The directory @ino. -ESTALE, -ENOTDIR, -ENOMEM. */
int tw_overlay_get_dir(struct twinfs_overlay *overlay, uint64_t ino,
	struct tw_overlay_node **ret_dir);

/* The visible object @name of @dir. As twinfs_volume_lookup(); -ENOENT if @dir is removed. */
int tw_overlay_find(struct twinfs_overlay *overlay, struct tw_overlay_node *dir, const char *name,
	struct tw_overlay_node **ret_node);

/* For reading. As twinfs_volume_stat(). */
int tw_overlay_stat_node(const struct twinfs_overlay *overlay, const struct tw_overlay_node *node,
	struct twinfs_overlay_stat *ret_stat);

/* As twinfs_overlay_list(). */
int tw_overlay_list_dir(struct twinfs_overlay *overlay, struct tw_overlay_node *dir,
	int (*each)(void *ctx, const char *name, const struct twinfs_overlay_stat *stat),
	void *ctx);

/*
 * Whether nothing is to be seen in @dir: 0, -ENOTEMPTY, or why that cannot be
 * told. For reading.
 */
int tw_overlay_check_empty(const struct twinfs_overlay *overlay, const struct tw_overlay_node *dir);

/*
 * A whiteout, not linked yet, for @name of @dir; NULL when the lower layer has
 * no such name. Made before a change, so that hiding after it cannot fail.
 */
int tw_overlay_prepare_whiteout(struct twinfs_overlay *overlay, const struct tw_overlay_node *dir,
	const char *name, struct tw_overlay_node **ret_whiteout);

#endif
