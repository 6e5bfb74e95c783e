/* SPDX-License-Identifier: MIT */
/*
 * rescue.h - what is still on the flash: older versions of files, removed ones,
 * and what damaged metadata held.
 *
 * Every block of a partition is read as it lies there, whether or not it mounts
 * and whether or not anything leads to the block. Each state that a metadata pair
 * went through and that is still written somewhere gives versions of what it
 * names; chains of blocks that nothing names any more are found by their pointers.
 * Nothing is ever written.
 *
 * What is said of a version is never better than what the bytes prove: littlefs
 * has no checksum over content, so a block that was free for some time may have
 * been written since without a trace. The rules stand at enum twinfs_sureness.
 *
 * Lifetime  borrows the chip until twinfs_rescue_close(); all that is handed out
 *           lives as long. The partition must not be written meanwhile.
 * Threads   all calls but open and close only read, and may run at once.
 * Source    the on-disk formats, as in volume.h; docs/ARCHITECTURE.md.
 */
#ifndef TWINFS_RESCUE_H
#define TWINFS_RESCUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>
#include <twinfs/volume.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_flash;
struct twinfs_rescue;

/* How far a version can be trusted; the least of what holds for its name and its content. */
enum twinfs_sureness {
	/* In force now, and it can be read: what a mount shows. */
	TWINFS_SURE,
	/*
	 * It was in force: a commit with a right checksum says so, in a log that belongs
	 * to the directory without doubt (see the file comment of src/rescue/place.c). Its
	 * content stands in that commit, or in blocks that have been in use without a
	 * break ever since, which all its pointers confirm.
	 */
	TWINFS_PROVEN,
	/*
	 * A commit with a right checksum says so, and nothing speaks against it; but the
	 * blocks of its content have been free since, or the log may once have belonged to
	 * another directory. @why says which.
	 */
	TWINFS_LIKELY,
	/*
	 * Nothing vouches for it: an entry whose checksum is wrong or that stands behind a
	 * damaged commit, or a chain of blocks without a name.
	 */
	TWINFS_GUESS,
	/* It was there; but its content, or a part of it, has certainly been written over. */
	TWINFS_OVERWRITTEN,
};

/* "sure", "proven", "likely", "guess", "overwritten". */
TWINFS_API const char *twinfs_sureness_name(enum twinfs_sureness sureness);

/* What a commit did to make a version. */
enum twinfs_version_change {
	TWINFS_VERSION_FOUND,   /* not known: it stands in the oldest state that is left */
	TWINFS_VERSION_CREATED, /* the name came */
	TWINFS_VERSION_WRITTEN, /* other content */
	TWINFS_VERSION_RENAMED, /* the name came, the content was under another one before */
	TWINFS_VERSION_ATTRS,   /* user attributes only */
	TWINFS_VERSION_PLACE,   /* a directory: other blocks */
	TWINFS_VERSION_CHAIN,   /* no commit: a chain of blocks without a name */
};

/* "found", "created", "written", "renamed", "attributes", "place", "chain". */
TWINFS_API const char *twinfs_version_change_name(enum twinfs_version_change change);

/* A user attribute of a version (littlefs 2). */
struct twinfs_version_attr {
	uint8_t type;
	uint16_t len;         /* bytes */
	const uint8_t *value; /* in the chip's map */
};

/* One version of one object. */
struct twinfs_version {
	/*
	 * From the root: "/a/b". A directory whose place is not known stands directly
	 * below the root as "?12", after the block that its entries were found in. NULL: a
	 * chain of blocks without a name. Names hold any byte but '/' and NUL.
	 */
	const char *path;
	bool is_placed;  /* the path begins at the true root, not in a "?12" */
	bool is_current; /* what a mount shows under that path, be it readable or not */
	bool is_removed; /* the newest version of a path that has since been removed */
	bool is_best;    /* part of the best tree: twinfs_rescue_tree() */
	enum twinfs_type type;
	uint64_t size; /* bytes; of a chain without a name, up to its last byte not erased */
	enum twinfs_sureness sureness;
	enum twinfs_version_change change;
	const char *why; /* why it is not surer: one line; "" where nothing is to be said */

	/* Where it is said: the first commit that does. Chains: TWINFS_NO_BLOCK, and zeros. */
	uint32_t block; /* of the volume */
	uint64_t addr;  /* of the entry: bytes from the start of the chip; of a chain, its head's */
	uint32_t rev;   /* revision of that block */
	uint32_t commit; /* number of the commit in the block, from 0; always 0 in version 1 */

	/* Where the content is. */
	uint32_t head;        /* last block of the chain; TWINFS_NO_BLOCK: none, or in the entry */
	uint32_t block_count; /* blocks of the chain */
	uint32_t lost_blocks; /* of those, certainly written over, or not to be found */
	uint32_t pair[2];     /* directories: first pair */

	const struct twinfs_version_attr *attrs; /* ascending by type */
	unsigned attr_count;
};

/*
 * Looks through a partition.
 *
 * @flash       borrowed until twinfs_rescue_close()
 * @config      where it lies. block_size 0: as the superblock says, else the one that
 *              most metadata agrees with. disk_version 0: as the superblock says, else
 *              the format that more metadata is found in
 * @ret_rescue  set on success only; release with twinfs_rescue_close()
 * @err         where and why, set on failure only; may be NULL
 *
 * A partition in which nothing is found is no failure: there are no versions then,
 * but the damage says so. Time and memory are bounded by the size of the partition.
 *
 * Returns 0, -EINVAL (config), -EOVERFLOW, -EUCLEAN (block size 0, and there is no
 * metadata at all), -ESHUTDOWN, -ENOMEM.
 */
TWINFS_API int twinfs_rescue_open(struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_rescue **ret_rescue,
	struct twinfs_error *err);

/* Releases everything; writes nothing. NULL is allowed. */
TWINFS_API void twinfs_rescue_close(struct twinfs_rescue *rescue);

/*
 * What the superblock says. Where none is readable the answer is false: version and
 * block size are those that were taken, block_count is the partition's, limits are the
 * usual ones.
 */
TWINFS_API bool twinfs_rescue_superblock(const struct twinfs_rescue *rescue,
	struct twinfs_superblock *ret_superblock);

/* ---- versions ---- */

/*
 * All versions: ordered by path, bytewise, of each path the newest first; then chains
 * without a name, the longest first: those of one block may be small files, or the
 * rest of something else. The order is certain where both are said
 * by the blocks of one pair. The same object said again, by a later commit or a
 * copy of the pair, is one version. The root has none.
 */
TWINFS_API size_t twinfs_rescue_count(const struct twinfs_rescue *rescue);

/* Number @index of them; @index is less than the count. */
TWINFS_API const struct twinfs_version *twinfs_rescue_version(const struct twinfs_rescue *rescue,
	size_t index);

/* Finds the versions of exactly @path: the first is number *@ret_first. Returns how many. */
TWINFS_API size_t twinfs_rescue_find(const struct twinfs_rescue *rescue, const char *path,
	size_t *ret_first);

/*
 * Reads up to @len bytes at @off of the content of a file into @buf; returns the number
 * read, 0 at the end. Bytes of blocks that are written over are read as they are now;
 * a block that cannot be found reads as zeros.
 *
 * -EISDIR, -ESHUTDOWN, or the chip's errors.
 */
TWINFS_API int64_t twinfs_rescue_read(const struct twinfs_rescue *rescue,
	const struct twinfs_version *version, void *buf, size_t len, uint64_t off);

/*
 * Stores the first @room blocks of a file's chain, by index in the chain, in @ret_blocks;
 * TWINFS_NO_BLOCK for one that cannot be found. Returns version->block_count, or the
 * chip's errors.
 */
TWINFS_API int64_t twinfs_rescue_blocks(const struct twinfs_rescue *rescue,
	const struct twinfs_version *version, uint32_t *ret_blocks, uint32_t room);

/* ---- the best tree ---- */

/*
 * One version for each path that should be there: what is in force, where that can be
 * read; else the best older version of it. Where a directory itself is damaged, what it
 * last held as far as that is known. Directories whose place is not known are in it as
 * "/?12". What was removed in good order is not in it, nor are chains. Parents come
 * before what they hold; each parent is itself in the tree.
 *
 * A file of which no version has its whole content is in it with the version that has
 * most: look at sureness and lost_blocks.
 */
TWINFS_API size_t twinfs_rescue_tree_count(const struct twinfs_rescue *rescue);
TWINFS_API const struct twinfs_version *twinfs_rescue_tree(const struct twinfs_rescue *rescue,
	size_t index);

/* The user attributes of the root, as version->attrs; returns how many. */
TWINFS_API unsigned twinfs_rescue_root_attrs(const struct twinfs_rescue *rescue,
	const struct twinfs_version_attr **ret_attrs);

/* ---- damage ---- */

enum twinfs_damage_kind {
	TWINFS_DAMAGE_SUPERBLOCK, /* there is none that can be read */
	TWINFS_DAMAGE_PAIR,       /* neither block of a pair in force can be read */
	TWINFS_DAMAGE_NEWER,      /* a newer state of a pair in force begins, but is not valid:
				   * damage, or the residue of a power cut */
	TWINFS_DAMAGE_FILE,       /* the content of a file in force cannot be read wholly */
	TWINFS_DAMAGE_SHARED,     /* two objects in force own one block */
	TWINFS_DAMAGE_UNREACHED,  /* a pair holds entries, and nothing in force leads to it: seen
				   * only where a pair in force is damaged */
};

/* "superblock", "pair", "newer", "file", "shared", "unreached". */
TWINFS_API const char *twinfs_damage_kind_name(enum twinfs_damage_kind kind);

struct twinfs_damage {
	enum twinfs_damage_kind kind;
	const char *path;  /* of the directory or file: "/a"; the superblock's is "/" */
	uint32_t block[2]; /* the pair, or the block and TWINFS_NO_BLOCK */
	const char *text;  /* one line */
};

TWINFS_API size_t twinfs_rescue_damage_count(const struct twinfs_rescue *rescue);
TWINFS_API const struct twinfs_damage *twinfs_rescue_damage(const struct twinfs_rescue *rescue,
	size_t index);

#ifdef __cplusplus
}
#endif
#endif
