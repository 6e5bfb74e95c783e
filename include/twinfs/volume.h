/* SPDX-License-Identifier: MIT */
/*
 * volume.h - a littlefs in a range of a chip, addressed by inode.
 *
 * Objects are named by an inode number that stays the same while the volume
 * is mounted, through renames too; TWINFS_ROOT_INO is the root. A number whose
 * object is gone gives -ESTALE. New content of a file lives in memory, with
 * its blocks reserved, until twinfs_volume_sync() commits it: then it is on
 * the chip wholly; after a power cut the file is its old or its new self.
 * Creating, removing and renaming are on the chip when the call returns.
 *
 * Lifetime  borrows the chip until twinfs_volume_unmount().
 * Threads   all calls on one volume may run at once, but mount and unmount.
 *           Readers of a volume run in parallel, writers one at a time.
 * Source    the littlefs on-disk formats: SPEC.md of littlefs 1.7 (version
 *           1.1) and of littlefs 2.11 (versions 2.0 and 2.1); behaviour of the
 *           device: docs/device-differences.md.
 */
#ifndef TWINFS_VOLUME_H
#define TWINFS_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <twinfs/digest.h>
#include <twinfs/error.h>
#include <twinfs/flash.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TWINFS_ROOT_INO UINT64_C(1)
#define TWINFS_NAME_MAX 255u /* bytes, without the NUL; a version 2 volume may set another */

/* Versions of the format, major << 16 | minor, as superblocks have them. */
#define TWINFS_LFS_1_0 UINT32_C(0x00010000)
#define TWINFS_LFS_1_1 UINT32_C(0x00010001)
#define TWINFS_LFS_2_0 UINT32_C(0x00020000)
#define TWINFS_LFS_2_1 UINT32_C(0x00020001)

struct twinfs_volume;

/* What a superblock says. */
struct twinfs_superblock {
	uint32_t version;     /* major << 16 | minor: 0x00010001 */
	uint32_t block_size;  /* bytes */
	uint32_t block_count; /* as stored; may differ from the partition */
	uint32_t name_max;    /* bytes of a name */
	uint32_t file_max;    /* bytes of a file */
	uint32_t attr_max;    /* bytes of a user attribute; 0 in version 1, which has none */
};

/*
 * Looks for a littlefs superblock at the start of @bytes.
 *
 * @size        bytes readable at @bytes
 * @block_size  only try this block size; 0 tries 128 to 1 MiB
 *
 * Returns 0, -EUCLEAN (none), -ENOTSUP (a version this library cannot read:
 * ret_superblock->version says which, of version 2 only the major number),
 * -ENOMEM without an error filled in.
 */
TWINFS_API int twinfs_volume_probe(const void *bytes, uint64_t size, uint32_t block_size,
	struct twinfs_superblock *ret_superblock, struct twinfs_error *err);

enum {
	TWINFS_VOLUME_READ_ONLY = 1u << 0, /* nothing is ever written; changes give -EROFS */
	TWINFS_VOLUME_MTIME = 1u << 1,     /* version 2: write times of files, as MicroPython
					    * does, also where the volume has none yet */
	TWINFS_VOLUME_UPGRADE = 1u << 2,   /* version 2.0 becomes 2.1 with the first change; old
					    * firmware cannot mount it then */
};

struct twinfs_volume_config {
	uint64_t addr;         /* of the partition: bytes from the start of the chip */
	uint64_t size;         /* of the partition, in bytes */
	uint32_t block_size;   /* bytes, a multiple of the chip's erase size; 0: as probed */
	uint32_t prog_size;    /* bytes written at once; 0: the chip's */
	uint32_t spare_blocks; /* blocks at the end that are readable but never allocated */
	uint32_t disk_version; /* format makes this one, 0: 1.1; mount finds it out */
	int32_t block_cycles;  /* version 2: erases of a metadata pair until it moves to
				* another block; 0: 100, negative: it never moves */
	unsigned flags;        /* TWINFS_VOLUME_* */
};

/*
 * Mounts; reads metadata only, writes nothing. Geometry comes from the
 * partition; a version 2 superblock may make it smaller, never larger. A volume
 * whose root or other directory is damaged mounts, as on the device; calls
 * that need the damaged part fail.
 *
 * Returns 0, -EUCLEAN (no superblock), -ENOTSUP (version), -EINVAL
 * (config), -EOVERFLOW, -ESHUTDOWN, -ENOMEM.
 */
TWINFS_API int twinfs_volume_mount(struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_volume **ret_volume,
	struct twinfs_error *err);

/* Forgets everything that was not synced; writes nothing. NULL is allowed. */
TWINFS_API void twinfs_volume_unmount(struct twinfs_volume *volume);

/*
 * Makes an empty littlefs. @config->block_size must not be 0. Not atomic: a
 * cut in the middle leaves the old volume, none, or the new one.
 *
 * Returns 0, -EINVAL, -ENOTSUP (disk_version), -ENOSPC (under 4 blocks), -EIO,
 * -EROFS, -ESHUTDOWN.
 */
TWINFS_API int twinfs_volume_format(struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_error *err);

/* ---- look ---- */

enum twinfs_type {
	TWINFS_REG = 1,
	TWINFS_DIR = 2,
};

struct twinfs_stat {
	uint64_t ino;
	enum twinfs_type type;
	uint64_t size;    /* bytes, with what is not yet synced; 0 for directories */
	uint64_t blocks;  /* blocks of the volume it owns, committed content only */
	uint32_t links;   /* 0 once removed; directories: 2 + sub-directories */
	int64_t mtime_ns; /* since 1970; 0 = unknown. Kept in memory only, but for files of
			   * version 2 volumes that store times */
};

struct twinfs_statfs {
	uint32_t block_size;
	uint64_t blocks;   /* the device's count: without spare blocks */
	uint64_t free;     /* less what unsynced content has reserved */
	uint64_t files;    /* files and directories */
	uint32_t version;  /* on-disk version, as in the superblock */
	uint32_t name_max; /* bytes of a name */
	uint32_t attr_max; /* bytes of a user attribute; 0: there are none */
};

/* -ENOENT, -ENOTDIR, -ENAMETOOLONG, -EUCLEAN/-EBADMSG (the directory is damaged), -ESTALE. */
TWINFS_API int twinfs_volume_lookup(struct twinfs_volume *volume, uint64_t dir, const char *name,
	uint64_t *ret_ino);

/*
 * Finds a path: separators may repeat, "." is skipped, ".." is resolved
 * textually and stops at the root, as littlefs does; "" and "/" are the root.
 * Errors as twinfs_volume_lookup().
 */
TWINFS_API int twinfs_volume_walk(struct twinfs_volume *volume, const char *path,
	uint64_t *ret_ino);

TWINFS_API int twinfs_volume_stat(struct twinfs_volume *volume, uint64_t ino,
	struct twinfs_stat *ret_stat);

/*
 * Sets the time that stat reports. On a version 2 volume that stores times (it
 * has some already, or TWINFS_VOLUME_MTIME) the next sync of the file stores it;
 * elsewhere it is forgotten at unmount. -ESTALE.
 */
TWINFS_API int twinfs_volume_set_mtime(struct twinfs_volume *volume, uint64_t ino,
	int64_t mtime_ns);

/*
 * Calls @each for every entry of @dir in on-disk order, without "." and "..".
 * A non-zero result of @each ends the listing and is returned. @each must not
 * call the volume.
 *
 * Returns 0, -ENOTDIR, -EUCLEAN/-EBADMSG (after the readable entries), -ESTALE.
 */
TWINFS_API int twinfs_volume_list(struct twinfs_volume *volume, uint64_t dir,
	int (*each)(void *ctx, const char *name, const struct twinfs_stat *stat), void *ctx);

/* Counts the free blocks, which the first time means to look at the block lists of all files. */
TWINFS_API int twinfs_volume_statfs(struct twinfs_volume *volume, struct twinfs_statfs *ret_statfs);

/* The one figure of statfs that is known without counting, in bytes. */
TWINFS_API uint32_t twinfs_volume_block_size(const struct twinfs_volume *volume);

/*
 * ---- change the tree; on the chip when they return 0 ----
 *
 * After an error nothing has changed, but after -ESHUTDOWN: then one call may have been
 * done. One more exception is of version 1: an empty file that takes the place of another by
 * a rename may be there under both names when two blocks fail.
 */

/*
 * Creates an empty file. -EEXIST, -ENOENT, -ENOTDIR, -ENAMETOOLONG, -EINVAL
 * (name empty, ".", "..", or with '/'), -ENOSPC, -EROFS, -EUCLEAN (the volume
 * is too damaged to be written safely), -EIO, -ESHUTDOWN.
 */
TWINFS_API int twinfs_volume_create(struct twinfs_volume *volume, uint64_t dir, const char *name,
	uint64_t *ret_ino);
TWINFS_API int twinfs_volume_mkdir(struct twinfs_volume *volume, uint64_t dir, const char *name,
	uint64_t *ret_ino);

/* -EISDIR for a directory. An open file lives on, without a name, until its last close. */
TWINFS_API int twinfs_volume_unlink(struct twinfs_volume *volume, uint64_t dir, const char *name);

/* -ENOTEMPTY, -ENOTDIR. */
TWINFS_API int twinfs_volume_rmdir(struct twinfs_volume *volume, uint64_t dir, const char *name);

/*
 * Renames as POSIX does: replaces a file by a file, an empty directory by a
 * directory; onto itself is a no-op. -EISDIR, -ENOTDIR, -ENOTEMPTY, -EINVAL
 * (a directory into itself), and as create.
 * @flags  0, or RENAME_NOREPLACE of <linux/fs.h> (1): -EEXIST
 */
TWINFS_API int twinfs_volume_rename(struct twinfs_volume *volume, uint64_t old_dir,
	const char *old_name, uint64_t new_dir, const char *new_name, unsigned flags);

/* ---- files ---- */

/*
 * Pins a file: it can be read and written, and lives on if it is removed.
 * Calls nest. -EISDIR, -ESTALE, -EUCLEAN (its block list is damaged), -ENOMEM.
 */
TWINFS_API int twinfs_volume_open(struct twinfs_volume *volume, uint64_t ino);

/* Undoes one open; syncs nothing. Unsynced content stays with the file. */
TWINFS_API void twinfs_volume_close(struct twinfs_volume *volume, uint64_t ino);

/*
 * Reads up to @len bytes at @off of an open file into @buf; returns the
 * number read, 0 at the end. -EBADF (not open), -ESTALE, -EUCLEAN, -ESHUTDOWN.
 */
TWINFS_API int64_t twinfs_volume_read(struct twinfs_volume *volume, uint64_t ino, void *buf,
	size_t len, uint64_t off);

/*
 * The same without copying: pieces of the chip's own map. Blocks they lie in
 * are not reused until twinfs_volume_release_view().
 */
struct twinfs_view {
	struct iovec *iov; /* pieces, in order */
	size_t count;
	size_t len;     /* bytes in all; less than asked for at the end of the file */
	void *copy;     /* internal: memory of content that is not on the chip yet */
	unsigned epoch; /* internal */
};

TWINFS_API int twinfs_volume_view(struct twinfs_volume *volume, uint64_t ino, size_t len,
	uint64_t off, struct twinfs_view *ret_view);
TWINFS_API void twinfs_volume_release_view(struct twinfs_volume *volume, struct twinfs_view *view);

/*
 * All of a file, open or not, piece by piece in order: nothing is copied, but
 * what is not on the chip yet. Changes of the volume wait until it is done, so
 * @each has to be quick and must not change the volume. A result of @each other
 * than 0 ends the scan and is returned.
 *
 * Returns 0, -ESTALE, -EISDIR, -EUCLEAN (its block list is damaged), -ENOMEM,
 * -ESHUTDOWN.
 */
struct twinfs_scan {
	int (*each)(void *ctx, const void *data, size_t len);
	void *ctx;
};

TWINFS_API int twinfs_volume_scan(struct twinfs_volume *volume, uint64_t ino,
	const struct twinfs_scan *scan);

/*
 * Writes @len bytes at @off of an open file; a gap behind the end is filled
 * with zeros. All or nothing. Returns @len, or -EBADF, -EFBIG, -ENOSPC, -EROFS,
 * -EUCLEAN, -ENOMEM, -ESHUTDOWN.
 */
TWINFS_API int64_t twinfs_volume_write(struct twinfs_volume *volume, uint64_t ino, const void *buf,
	size_t len, uint64_t off);

/* Sets the size of an open file; new bytes are zero. Errors as write. */
TWINFS_API int twinfs_volume_truncate(struct twinfs_volume *volume, uint64_t ino, uint64_t size);

/*
 * Commits the content of a file (open or not). Does nothing, and touches no
 * flash, when nothing changed or the file was removed. On failure the old
 * content stays on the chip and the new one in memory.
 */
TWINFS_API int twinfs_volume_sync(struct twinfs_volume *volume, uint64_t ino);

/* Commits every file; the first error is returned, the others are still tried. */
TWINFS_API int twinfs_volume_sync_all(struct twinfs_volume *volume);

/* Forgets the unsynced content of a file: it is again what the chip holds. */
TWINFS_API void twinfs_volume_discard(struct twinfs_volume *volume, uint64_t ino);

/* ---- user attributes (version 2) ---- */

#define TWINFS_ATTR_MAX   1022u /* bytes of a value, whatever the superblock says */
#define TWINFS_ATTR_MTIME 1u    /* type of MicroPython's time stamp: 8 bytes, ns since 1970 */

/*
 * Files and directories have up to 256 user attributes, named by a type from 0
 * to 255. They are on the chip when the call that sets them returns.
 *
 * Copies up to @size bytes of the value to @buf and returns its true length.
 * -ENODATA (no such attribute; always so in version 1), -ESTALE, -EUCLEAN,
 * -ESHUTDOWN.
 */
TWINFS_API int64_t twinfs_volume_get_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type,
	void *buf, size_t size);

/* Stores the types there are in @ret_types, ascending; returns how many. -ESTALE, -ESHUTDOWN. */
TWINFS_API int twinfs_volume_list_attrs(struct twinfs_volume *volume, uint64_t ino,
	uint8_t ret_types[256]);

enum {
	TWINFS_ATTR_CREATE = 1u << 0,  /* -EEXIST when it is there */
	TWINFS_ATTR_REPLACE = 1u << 1, /* -ENODATA when it is not */
};

/* -ENOTSUP (version 1), -E2BIG (over attr_max), and as create. */
TWINFS_API int twinfs_volume_set_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type,
	const void *value, size_t len, unsigned flags);

/* -ENODATA, -ENOTSUP (version 1), and as create. */
TWINFS_API int twinfs_volume_remove_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type);

/* ---- size ---- */

/*
 * Changes the number of blocks that the volume says it has (version 2; version
 * 1 takes it from the partition). Old or new at every power cut. -ENOTSUP
 * (version 1), -EINVAL (under 2, or more than the partition has), -EBUSY (a
 * block beyond the new end is in use), -EUCLEAN (it would grow over a block that
 * damage names already), and as create.
 */
TWINFS_API int twinfs_volume_resize(struct twinfs_volume *volume, uint32_t block_count);

/* ---- repair and check ---- */

/* What the format's repair of cut operations has to do. */
struct twinfs_pending {
	unsigned orphans, desyncs, marks;
};

/* Counts residue of power cuts found at mount and not repaired yet. */
TWINFS_API void twinfs_volume_pending(struct twinfs_volume *volume,
	struct twinfs_pending *ret_pending);

/*
 * Repairs that residue now; every changing call does it by itself first. The
 * visible tree stays the same. Errors as create.
 */
TWINFS_API int twinfs_volume_repair(struct twinfs_volume *volume);

/*
 * Checks every rule of the format on the bytes of the chip, independently of
 * the mounted state; unsynced content is not looked at.
 *
 * @found  called for each finding, in order of discovery; must not call the volume
 *
 * Returns the number of findings of severity TWINFS_ERROR, or a negative
 * errno when the check itself failed (-ENOMEM, -ESHUTDOWN).
 */
TWINFS_API int twinfs_volume_check(struct twinfs_flash *flash,
	const struct twinfs_volume_config *config,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx);

/*
 * Sums up, in 64 bits, all that can ever be seen of a block that holds metadata
 * or nothing: for telling apart states of a chip without mounting each.
 *
 * Two images that differ in one block only, and in which that block has the same
 * sight, cannot be told apart by any call of this header that is given @config:
 * mounting, the tree and its content, what is pending, the ids of findings (texts
 * may differ), and the result of every change, after which all blocks have the
 * same sights again, or the same bytes. Nor when the power goes meanwhile.
 *
 * That holds because of such a block no more is read than: its first word, which
 * makes the revision of a new pair newer than what is left in its blocks; the half
 * of version 1 that it holds, if length and CRC are right, with the names that
 * reach behind its content; the commits of version 2 that it holds, and whether
 * another may follow them, for which the erased rest counts; all this whichever
 * version the volume has. Everything else is erased before it is used.
 *
 * It does not hold for a block that has content of a file (of a damaged volume:
 * that any block list leads to), nor for calls with a block size of 0, which look
 * for superblocks anywhere. Left to chance is that two sights are equal by accident,
 * one in 2^64, and that garbage gets a right CRC, one in 2^32, which on a device
 * is the same chance.
 *
 * @config  as for mounting; block_size must not be 0
 *
 * Costs about as much as the CRC of the block and its digest. Returns 0, -EINVAL
 * (config, no such block), -EOVERFLOW, -ESHUTDOWN, or what the hook of the chip says.
 */
TWINFS_API int twinfs_volume_glance(struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, uint32_t block, uint64_t *ret_sight);

/*
 * The same without the first word, where that is no part of a valid half or
 * commit. Calls cannot tell states of the same such sight apart, unless they read
 * from the chip that word alone (of a block that they have not erased before): who
 * makes a pair of it does that.
 */
TWINFS_API int twinfs_volume_glance_whole(struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, uint32_t block, uint64_t *ret_sight);

/* ---- watch ---- */

enum twinfs_change_kind {
	TWINFS_CHANGE_CREATE, /* an empty file */
	TWINFS_CHANGE_MKDIR,
	TWINFS_CHANGE_CONTENT, /* unsynced content is committed */
	TWINFS_CHANGE_REMOVE,
	TWINFS_CHANGE_RENAME,
	TWINFS_CHANGE_ATTR,   /* a user attribute is set or removed; a time that is synced alone */
	TWINFS_CHANGE_RESIZE, /* of the volume: path is "/" */
};

/* One change of the tree or of committed content. */
struct twinfs_volume_change {
	enum twinfs_change_kind kind;
	enum twinfs_type type; /* of the object */
	const char *path;      /* "/a/b" within the volume; of a rename, the old one */
	const char *new_path;  /* of a rename; NULL else */
	bool replaces;         /* a rename: new_path is there, and is removed with it */
	bool removes_attr;
	uint8_t attr;                /* type of the attribute */
	uint64_t size;               /* bytes of the content, or value; of a resize, blocks */
	struct twinfs_digest digest; /* of the content, or value; all zero when there is none */
};

/*
 * Is told of each change: by @began just before its first flash operation, by
 * @ended just after its last one, before the call that makes it returns. What a
 * power cut left is repaired before @began, since that changes nothing that can
 * be seen. No event is made by what is refused without trying, by a sync that
 * has nothing to commit, nor by content of a file that has lost its name.
 *
 * @rc is what the call returns. After a failure the tree is as before, or as
 * after the change when only what follows its commit has failed.
 *
 * Size and digest of content come from what reading the file gives, and are
 * taken before anything is written.
 *
 * Both run in the thread that makes the change, and hold the volume's lock:
 * they must not call the volume, but for the calls below that take no lock.
 * Events do not nest. The change is the volume's, until @ended returns.
 */
struct twinfs_volume_watch {
	void (*began)(void *ctx, const struct twinfs_volume_change *change);
	void (*ended)(void *ctx, const struct twinfs_volume_change *change, int rc);
	void *ctx;
};

/*
 * Replaces the watch, which is copied; NULL removes it. With a watch a sync
 * reads what it commits once more, and a change can fail for want of memory for
 * its event, before it has begun. 0 or -ENOMEM: the watch is as before.
 */
TWINFS_API int twinfs_volume_set_watch(struct twinfs_volume *volume,
	const struct twinfs_volume_watch *watch);

/* ---- whose blocks are they ---- */

/*
 * The calls of this section take no lock, so that they can be made in the
 * middle of an operation: by the chip's hook (flash.h) when it is asked about a
 * block of this volume, and by a watch. Anybody else makes them between
 * twinfs_volume_pause() and twinfs_volume_resume().
 *
 * They show the tree as it is committed. What an operation has written, but not
 * committed yet, belongs to nobody; twinfs_volume_subject() knows it. A
 * directory on its way to another name has no path meanwhile.
 *
 * Block lists of files are read through the chip @flash: a hook must not call
 * its own chip, so it needs another one, without a hook, on the same image.
 * NULL is the volume's own.
 */

/* Changes of the volume wait until the same thread calls resume. Pauses do not nest. */
TWINFS_API void twinfs_volume_pause(struct twinfs_volume *volume);
TWINFS_API void twinfs_volume_resume(struct twinfs_volume *volume);

enum twinfs_owner_role {
	TWINFS_OWNER_NONE,
	TWINFS_OWNER_SUPERBLOCK, /* a pair that holds a superblock, and no directory */
	TWINFS_OWNER_DIRECTORY,  /* a metadata pair of directory @ino; 0: one that was removed */
	TWINFS_OWNER_DATA,       /* content of file @ino */
};

/* In version 2 the superblock shares its pair with the root directory, until that wears out. */
struct twinfs_owner {
	enum twinfs_owner_role role;
	uint64_t ino; /* 0 unless DIRECTORY or DATA */
};

/*
 * What the program or erase in progress is for (and the read that verifies it);
 * TWINFS_OWNER_NONE while nothing is written. Only for the hook of the volume's
 * chip, asked about a block of this volume: elsewhere it may change meanwhile.
 */
TWINFS_API void twinfs_volume_subject(const struct twinfs_volume *volume,
	struct twinfs_owner *ret_owner);

/*
 * Writes the path of an object, "/a/b", to @buf, if it fits with its NUL.
 * Returns its length in bytes, without the NUL, fitting or not; -ESTALE (it is
 * gone, or has no name any more).
 */
TWINFS_API int64_t twinfs_volume_path(const struct twinfs_volume *volume, uint64_t ino, char *buf,
	size_t size);

/*
 * Says whose block @block of the volume is; when none's, the role is
 * TWINFS_OWNER_NONE. Of two owners, which only a damaged volume has, it names
 * one. May have to follow the block lists of all files.
 *
 * Returns 0, -EINVAL (no block of the volume), -ESHUTDOWN.
 */
TWINFS_API int twinfs_volume_owner(const struct twinfs_volume *volume, struct twinfs_flash *flash,
	uint32_t block, struct twinfs_owner *ret_owner);

/* A block in use. */
struct twinfs_extent {
	uint32_t block; /* number in the volume */
	uint32_t len;   /* bytes */
	uint64_t addr;  /* bytes from the start of the chip */
	struct twinfs_owner owner;
};

struct twinfs_extents {
	/* A result other than 0 ends the listing and is returned. */
	int (*each)(void *ctx, const struct twinfs_extent *extent);
	void *ctx;
};

/*
 * Lists the blocks that hold an object: of a file those of its content, from the
 * last to the first, then the metadata pair that holds its entry; of a directory
 * its pairs. -ESTALE, -EUCLEAN (the list is damaged: after those that could be
 * reached), -EBADMSG (a pair of the directory is damaged: likewise), -ESHUTDOWN.
 */
TWINFS_API int twinfs_volume_blocks(const struct twinfs_volume *volume, struct twinfs_flash *flash,
	uint64_t ino, const struct twinfs_extents *extents);

/*
 * Lists all blocks in use, in no particular order: first metadata, then content.
 * A block with two owners comes twice, and in the middle of an operation one that
 * a pair has just left may; what follows a damage in a block list is left out.
 * Returns 0, -ESHUTDOWN, or what @extents says.
 */
TWINFS_API int twinfs_volume_map(const struct twinfs_volume *volume, struct twinfs_flash *flash,
	const struct twinfs_extents *extents);

#ifdef __cplusplus
}
#endif
#endif
