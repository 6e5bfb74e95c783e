/* SPDX-License-Identifier: MIT */
/*
 * state.h - the inside of an overlay, for the files of this folder.
 *
 * Locks, in this order:
 *   changing    one change of names, or one copy-up, at a time
 *   lock        the table of nodes
 *   the locks of the volumes, upper before lower; only a listing nests them
 *
 * Names, whiteouts and a node's numbers in the layers are written with both
 * locks of ours held: who holds either may read them. New nodes, references
 * and opens need only the table's lock. Content is copied up with "changing"
 * alone: calls that do not change names go on meanwhile. Content is written
 * and synced with neither: the number of an upper object never changes.
 *
 * Releasing a view takes no lock of ours, because a writer of the volume may
 * wait for it with all of them held.
 */
#ifndef TW_OVERLAY_STATE_H
#define TW_OVERLAY_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <twinfs/overlay.h>

#include "base/cleanup.h"
#include "node.h"

/* What a file is called in its upper directory while it is copied up. */
#define TW_OVERLAY_COPY_NAME ".twinfs-copy-up"

struct twinfs_overlay {
	pthread_mutex_t changing;
	pthread_rwlock_t lock;
	struct twinfs_volume *upper, *lower; /* NULL: no such layer */
	struct tw_overlay_table table;
	struct tw_overlay_node *root;
	bool lower_changes;     /* each name is compared with the lower layer again */
	const char *lower_path; /* of the directory laid over */
	bool is_swept;          /* copies that a power cut left are gone */
	uint32_t name_max;      /* bytes of a name in the layer that allows longer ones */
	uint32_t attr_max;      /* bytes of a user attribute of the upper layer; 0: it has none */
};

/*
 * Taken where names are looked up: that may bring the table up to date with the
 * lower layer, which is a change of names.
 */
static inline pthread_mutex_t *tw_overlay_lock_look(struct twinfs_overlay *overlay)
{
	return overlay->lower_changes ? tw_lock(&overlay->changing) : NULL;
}

/* Whether @name is ours: without two layers nothing is copied up. */
static inline bool tw_overlay_is_reserved(const struct twinfs_overlay *overlay, const char *name)
{
	return overlay->upper && overlay->lower && !strcmp(name, TW_OVERLAY_COPY_NAME);
}

/* The volume that holds the content or the attributes of @node, and the number there. */
static inline struct twinfs_volume *tw_overlay_volume(const struct twinfs_overlay *overlay,
	const struct tw_overlay_node *node)
{
	return node->upper ? overlay->upper : overlay->lower;
}

static inline uint64_t tw_overlay_volume_ino(const struct tw_overlay_node *node)
{
	return node->upper ? node->upper : node->lower;
}

#endif
