/* SPDX-License-Identifier: MIT */
/*
 * error.h - how the library says what went wrong, and where.
 *
 * Every function that can fail returns 0 or a count, else a negative errno.
 * Those that find a fault in something from outside also fill a struct
 * twinfs_error, once, at the place that found it.
 *
 * Meaning of the codes, the same in every layer:
 *   -EUCLEAN    a structure is wrong (range, cycle, type, missing magic)
 *   -EBADMSG    its checksum is wrong
 *   -ENOTSUP    understood, but not supported (a newer version)
 *   -EIO        the chip failed
 *   -ESHUTDOWN  power is off
 *   -EOVERFLOW  a size does not fit
 *   -EINVAL     the caller erred
 *   -EBUSY      somebody else has the image open for writing
 *   others      as in POSIX (-ENOENT, -ENOSPC, -EROFS, -ENOTEMPTY, ...)
 *
 * Lifetime  struct twinfs_error is a plain value and owns nothing.
 * Threads   all functions here may run at once.
 */
#ifndef TWINFS_ERROR_H
#define TWINFS_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TWINFS_API __attribute__((visibility("default")))

/* No block, or no address, goes with the problem. */
#define TWINFS_NO_BLOCK UINT32_MAX
#define TWINFS_NO_ADDR  UINT64_MAX

enum twinfs_severity {
	TWINFS_NOTE,    /* normal, worth knowing */
	TWINFS_WARNING, /* legal residue of a power cut; the next write repairs it */
	TWINFS_ERROR,   /* never legal */
};

/*
 * Every problem the library can report: X(id, name, severity, text).
 * @name is what --json prints and never changes its meaning; @text is for
 * docs and help.
 */
/* clang-format off */
#define TWINFS_PROBLEMS(X) \
	X(NONE, "none", NOTE, "no problem") \
	X(IMAGE_OPEN, "image.open", ERROR, "the file cannot be opened, mapped or written") \
	X(IMAGE_SIZE, "image.size", ERROR, "the file is too small, too large or truncated") \
	X(IMAGE_LOCKED, "image.locked", ERROR, "another program has the image open for writing") \
	X(IMAGE_TABLE, "image.table", ERROR, "no usable partition table") \
	X(IMAGE_PARTITION, "image.partition", ERROR, "a partition is missing or does not fit the image") \
	X(FLASH_GEOMETRY, "flash.geometry", ERROR, "read, program and erase sizes do not fit together") \
	X(FLASH_WEAR, "flash.wear", WARNING, "the wear file cannot be used") \
	X(LFS_MAGIC, "lfs.magic", ERROR, "no littlefs superblock") \
	X(LFS_VERSION, "lfs.version", ERROR, "a littlefs version that is not supported") \
	X(LFS_GEOMETRY, "lfs.geometry", ERROR, "block size or count cannot be used") \
	X(LFS_SUPERBLOCK, "lfs.superblock", ERROR, "a superblock field is wrong") \
	X(LFS_PAIR, "lfs.pair", ERROR, "neither half of a metadata pair is valid") \
	X(LFS_RANGE, "lfs.range", ERROR, "a block number lies outside the volume") \
	X(LFS_CYCLE, "lfs.cycle", ERROR, "metadata pairs form a cycle") \
	X(LFS_THREAD, "lfs.thread", ERROR, "the thread of metadata pairs does not match the tree") \
	X(LFS_ENTRY, "lfs.entry", ERROR, "a directory entry is malformed") \
	X(LFS_NAME, "lfs.name", ERROR, "a name is empty or too long, holds '/' or NUL, or is '.' or '..'") \
	X(LFS_DUPLICATE, "lfs.duplicate", ERROR, "two entries of a directory have one name") \
	X(LFS_ORDER, "lfs.order", ERROR, "the names of a directory are not in order") \
	X(LFS_PARENTS, "lfs.parents", ERROR, "a directory has two parents") \
	X(LFS_EMPTY_PAIR, "lfs.empty_pair", ERROR, "a continuation pair is empty") \
	X(LFS_CHAIN, "lfs.chain", ERROR, "the block list of a file is wrong") \
	X(LFS_SIZE, "lfs.size", ERROR, "a file is larger than its volume or the format allow") \
	X(LFS_CROSS_LINK, "lfs.cross_link", ERROR, "a block has two owners") \
	X(LFS_TRUNCATED, "lfs.truncated", ERROR, "head is one block too far (defect of truncate in littlefs 1.x to 2.5.1)") \
	X(LFS_HALF, "lfs.half", NOTE, "one half of a pair is invalid (normal for a young pair)") \
	X(LFS_SHORT, "lfs.short", NOTE, "the superblock names more blocks than there are") \
	X(LFS_RECORD, "lfs.record", NOTE, "an earlier copy of the superblock differs from the last, which counts") \
	X(LFS_STATE, "lfs.state", ERROR, "the global state makes no sense") \
	X(LFS_ORPHAN, "lfs.orphan", WARNING, "a removed directory is still on the thread") \
	X(LFS_DESYNC, "lfs.desync", WARNING, "the thread names an outdated pair of a directory") \
	X(LFS_MOVING, "lfs.moving", WARNING, "a rename was cut: the source is marked, no destination") \
	X(LFS_MOVED, "lfs.moved", WARNING, "a rename was cut: the destination is there, the source too") \
	X(LFS_STALE_HEAD, "lfs.stale_head", NOTE, "an empty file names a block") \
	X(SECURE_LAYOUT, "secure.layout", ERROR, "the SecureData area is too small or not aligned") \
	X(SECURE_RECORD, "secure.record", WARNING, "a SecureData record is damaged and ignored") \
	X(SECURE_MIRROR, "secure.mirror", WARNING, "the two SecureData regions differ; the next store mends it") \
	X(SECURE_KEY, "secure.key", ERROR, "the SecureData key file is missing, unsafe or wrong") \
	X(FAULT, "fault", ERROR, "a fault rule is wrong, or cannot be carried out") \
	X(PROFILE, "profile", ERROR, "the module profile is missing or wrong") \
	X(TRACE, "trace", ERROR, "the trace is damaged, of another version, or cannot be written") \
	X(CHECKS, "checks", ERROR, "a line of the file of checks is no rule") \
	X(SOURCE, "source", ERROR, "the image cannot be opened the way it was asked for") \
	X(TABLE, "table", ERROR, "checksum.json or backup_restore.json cannot be made or used") \
	X(FACTORY, "factory", ERROR, "the factory image cannot be made") \
	X(PACKAGE, "package", ERROR, "the firmware package is damaged, contradicts itself, or is not supported") \
	X(PROJECT, "project", ERROR, "main.py does not name its project and version in a usable way") \
	X(BOOT, "boot", ERROR, "the module cannot boot") \
	X(EXPLORE, "explore", ERROR, "a recorded run cannot be explored as asked for, or a result not be used") \
	X(MOUNT, "mount", ERROR, "the module cannot be mounted or served")

enum twinfs_problem {
#define TWINFS_PROBLEM_ENUM(id, name, severity, text) TWINFS_P_##id,
	TWINFS_PROBLEMS(TWINFS_PROBLEM_ENUM)
#undef TWINFS_PROBLEM_ENUM
	TWINFS_PROBLEM_COUNT,
};
/* clang-format on */

struct twinfs_error {
	enum twinfs_problem problem;
	int code;       /* the negative errno the call returned */
	uint32_t block; /* block of the volume, or TWINFS_NO_BLOCK */
	uint64_t addr;  /* bytes from the start of the chip or file, or TWINFS_NO_ADDR */
	char file[256]; /* file the problem lies in; empty if the finder knows none */
	char text[256]; /* one line: place, what is, what was expected; no newline */
};

/* Row of the problem table; for an id out of range, the row of "none". */
TWINFS_API const char *twinfs_problem_name(enum twinfs_problem problem);
TWINFS_API const char *twinfs_problem_text(enum twinfs_problem problem);
TWINFS_API enum twinfs_severity twinfs_problem_severity(enum twinfs_problem problem);

/* "error", "warning" or "note". */
TWINFS_API const char *twinfs_severity_name(enum twinfs_severity severity);

/*
 * A sentence fragment for a negative errno of this library ("no space left",
 * "power is off"). Never NULL; the result is a constant.
 */
TWINFS_API const char *twinfs_strerror(int code);

/*
 * The one of @names that @name is a misspelling of, for "did you mean"; NULL when
 * none is near, or @name is one of them.
 */
TWINFS_API const char *twinfs_nearest(const char *name, const char *const *names, size_t count);

#ifdef __cplusplus
}
#endif
#endif
