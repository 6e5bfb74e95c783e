/* SPDX-License-Identifier: MIT */
/*
 * overlay.h - the union of a writable volume above and a read-only one below.
 *
 * Names of both layers are visible; the upper layer wins; two directories of
 * one name are merged. Writing to a lower file copies it up first. Deleting
 * removes the upper object and hides the lower one, in memory only: it is
 * back at the next boot, just when the device would restore it.
 * With one layer left out the overlay is a plain view of the other.
 *
 * The overlay never writes to the lower volume. Where somebody else does, and
 * @lower_changes says so, what is new there is seen as soon as its name is looked
 * up or listed, and what is gone there is gone; hidden names stay hidden.
 *
 * A file is copied up whole, under the name ".twinfs-copy-up" in its upper
 * directory, and renamed when the copy is on the chip: a power cut leaves the
 * lower file in sight, or the copy. In an overlay of two layers that name is
 * reserved: never seen, refused with -EINVAL for new objects, and what a cut
 * left under it is removed by the first change. A copy takes the user attributes
 * along, but those that the upper volume has no room for, or no attributes at
 * all. Those of a merged directory are those of its upper part.
 *
 * Inode numbers are the overlay's own. They begin at @first_ino, never repeat
 * while the overlay lives, stay the same while the object exists, through
 * copy-up and rename, and belong to one overlay: a number of another one gives
 * -ESTALE.
 *
 * Lifetime  borrows both volumes until twinfs_overlay_free().
 * Threads   all calls may run at once, but new and free.
 * Source    docs/ARCHITECTURE.md.
 */
#ifndef TWINFS_OVERLAY_H
#define TWINFS_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>
#include <twinfs/volume.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_overlay;

enum twinfs_layer {
	TWINFS_LAYER_USER,   /* only in the upper layer */
	TWINFS_LAYER_BACKUP, /* only in the lower layer */
	TWINFS_LAYER_BOTH,   /* a merged directory, or an upper file that hides a lower one */
};

/*
 * The number of links of a directory with a lower part is 1, "unknown", where
 * there are two layers: counting sub-directories would take a listing.
 */
struct twinfs_overlay_stat {
	struct twinfs_stat stat; /* ino is the overlay's */
	enum twinfs_layer layer;
};

struct twinfs_overlay_config {
	struct twinfs_volume *upper; /* writable layer; NULL: the view is read-only */
	struct twinfs_volume *lower; /* read-only layer; NULL: none */
	const char *lower_path;      /* directory of the lower volume laid over; NULL: its root.
				      * Where it is not found, nothing is laid over. Borrowed
				      * like the volumes */
	uint64_t first_ino;          /* number of the root, > 0 */
	bool lower_changes;          /* the lower volume is written to meanwhile, not by us */
};

/* Returns 0, -EINVAL (no volume at all, or no number), -ENOMEM. */
TWINFS_API int twinfs_overlay_new(const struct twinfs_overlay_config *config,
	struct twinfs_overlay **ret_overlay);

/* Closes what is still open. NULL is allowed. */
TWINFS_API void twinfs_overlay_free(struct twinfs_overlay *overlay);

/* One past the highest inode number handed out so far. */
TWINFS_API uint64_t twinfs_overlay_next_ino(struct twinfs_overlay *overlay);

/*
 * lookup counts one reference on the object; forget drops @count of them; the
 * number of a removed object is good until its references are dropped and its
 * handles closed. create and mkdir count one reference as well. Errors as the
 * functions of volume.h of the same name; -EROFS where the upper layer is
 * missing or read-only.
 */
TWINFS_API int twinfs_overlay_lookup(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	struct twinfs_overlay_stat *ret_stat);
TWINFS_API void twinfs_overlay_forget(struct twinfs_overlay *overlay, uint64_t ino, uint64_t count);
TWINFS_API int twinfs_overlay_stat(struct twinfs_overlay *overlay, uint64_t ino,
	struct twinfs_overlay_stat *ret_stat);

/*
 * Writes the path of an object, "/a/b", "" of the root, to @buf of @size bytes.
 * Returns its length; -ESTALE (it is gone, or has no name any more), -ERANGE (it
 * does not fit with its NUL).
 */
TWINFS_API int64_t twinfs_overlay_path(struct twinfs_overlay *overlay, uint64_t ino, char *buf,
	size_t size);

/*
 * Lists @dir: upper entries in on-disk order, then lower ones not hidden.
 * stat->stat.ino is the number the object has or is given; no reference is
 * counted, unless @each returns 1 for it ("keep a reference and go on").
 * A negative result of @each ends the listing and is returned.
 * @each must not call the overlay.
 */
TWINFS_API int twinfs_overlay_list(struct twinfs_overlay *overlay, uint64_t dir,
	int (*each)(void *ctx, const char *name, const struct twinfs_overlay_stat *stat),
	void *ctx);

TWINFS_API int twinfs_overlay_create(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	struct twinfs_overlay_stat *ret_stat);
TWINFS_API int twinfs_overlay_mkdir(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	struct twinfs_overlay_stat *ret_stat);
TWINFS_API int twinfs_overlay_unlink(struct twinfs_overlay *overlay, uint64_t dir,
	const char *name);
TWINFS_API int twinfs_overlay_rmdir(struct twinfs_overlay *overlay, uint64_t dir, const char *name);

/*
 * As twinfs_volume_rename(). A lower file is copied up first. A directory that
 * has a lower part gives -EXDEV, as in overlayfs: programs then copy and delete.
 */
TWINFS_API int twinfs_overlay_rename(struct twinfs_overlay *overlay, uint64_t old_dir,
	const char *old_name, uint64_t new_dir, const char *new_name, unsigned flags);

/*
 * As the functions of volume.h; write and truncate copy a lower file up first,
 * with what that can fail with. The time of an object that is only in the
 * lower layer is kept in memory, and goes up with it.
 */
TWINFS_API int twinfs_overlay_open(struct twinfs_overlay *overlay, uint64_t ino);
TWINFS_API void twinfs_overlay_close(struct twinfs_overlay *overlay, uint64_t ino);
TWINFS_API int64_t twinfs_overlay_write(struct twinfs_overlay *overlay, uint64_t ino,
	const void *buf, size_t len, uint64_t off);
TWINFS_API int twinfs_overlay_truncate(struct twinfs_overlay *overlay, uint64_t ino, uint64_t size);
TWINFS_API int twinfs_overlay_sync(struct twinfs_overlay *overlay, uint64_t ino);
TWINFS_API void twinfs_overlay_discard(struct twinfs_overlay *overlay, uint64_t ino);
TWINFS_API int twinfs_overlay_set_mtime(struct twinfs_overlay *overlay, uint64_t ino,
	int64_t mtime_ns);

/*
 * User attributes, as the functions of volume.h. Setting and removing copies a
 * lower file up first, with what that can fail with, and makes the upper part of
 * a lower directory. -EROFS where there is no upper layer; a change that is
 * refused copies nothing.
 */
TWINFS_API int64_t twinfs_overlay_get_attr(struct twinfs_overlay *overlay, uint64_t ino,
	uint8_t type, void *buf, size_t size);
TWINFS_API int twinfs_overlay_list_attrs(struct twinfs_overlay *overlay, uint64_t ino,
	uint8_t ret_types[256]);
TWINFS_API int twinfs_overlay_set_attr(struct twinfs_overlay *overlay, uint64_t ino, uint8_t type,
	const void *value, size_t len, unsigned flags);
TWINFS_API int twinfs_overlay_remove_attr(struct twinfs_overlay *overlay, uint64_t ino,
	uint8_t type);

/* A view of the layer that holds the content now; release with the same overlay. */
struct twinfs_overlay_view {
	struct twinfs_view view;
	struct twinfs_volume *volume; /* internal */
};
TWINFS_API int twinfs_overlay_view(struct twinfs_overlay *overlay, uint64_t ino, size_t len,
	uint64_t off, struct twinfs_overlay_view *ret_view);
TWINFS_API void twinfs_overlay_release_view(struct twinfs_overlay *overlay,
	struct twinfs_overlay_view *view);

/* Space of the upper layer, or of the lower one when that is all there is. */
TWINFS_API int twinfs_overlay_statfs(struct twinfs_overlay *overlay,
	struct twinfs_statfs *ret_statfs);
TWINFS_API uint32_t twinfs_overlay_block_size(const struct twinfs_overlay *overlay);

#ifdef __cplusplus
}
#endif
#endif
