/* SPDX-License-Identifier: MIT */
/*
 * rebuild.h - fills a fresh volume with what can be had of a damaged one.
 *
 * The order is that of trust, so that when room ends it is the least sure that is
 * missing: what a mount reads (tw_rebuild_keep), then what only the rescue finds
 * (tw_rebuild_recover).
 */
#ifndef TW_RESCUE_REBUILD_H
#define TW_RESCUE_REBUILD_H

#include "repaired.h"

struct tw_digest;

struct tw_rebuild {
	struct twinfs_volume *old; /* NULL: it does not mount */
	struct twinfs_volume *fresh;
	const struct twinfs_rescue *rescue;
	bool is_past;   /* in hand is what no state in force, or the last one known, has */
	bool is_mended; /* @rescue looks at bytes in which wrong bits were put right */
	uint32_t block_size, name_max; /* of the fresh volume, bytes */
	struct tw_repaired_list *list;
	struct tw_digest *digest;
};

/*
 * Copies every object that @old can read, with its attributes. -ENOSPC when that has no
 * room, -ENOMEM, -ESHUTDOWN.
 */
int tw_rebuild_keep(struct tw_rebuild *rebuild);

/*
 * Adds what the rescue has found besides; what has no room is left out, and listed so.
 * -ENOMEM, -ESHUTDOWN, or the chip's errors.
 */
int tw_rebuild_recover(struct tw_rebuild *rebuild);

/* Whether names may be lost: a chain without one may have had it until now. */
bool tw_rebuild_lacks_names(const struct tw_rebuild *rebuild);

/* Where an object comes from; both add to the object @ino of the fresh volume. */
struct tw_rebuild_source {
	int (*copy)(struct tw_rebuild *rebuild, const void *from, uint64_t ino); /* content */
	int (*attrs)(struct tw_rebuild *rebuild, const void *from, uint64_t ino);
	const void *from;
};

/*
 * Puts an object into the fresh volume and adds it to the list. Its parent is there. On
 * failure nothing of it is left, and the result is what @source said, or the volume.
 */
int tw_rebuild_put(struct tw_rebuild *rebuild, const struct tw_repaired *it,
	const struct tw_rebuild_source *source);

/* Writes behind the end of the open file @ino, which is @off, and adds to the digest. */
int tw_rebuild_write(struct tw_rebuild *rebuild, uint64_t ino, const void *data, size_t len,
	uint64_t off);

/* Whether something of that path is in the fresh volume. */
bool tw_rebuild_has(struct tw_rebuild *rebuild, const char *path, struct twinfs_stat *ret_stat);

#endif
