/* SPDX-License-Identifier: MIT */
/*
 * repair.h - makes a damaged partition whole again, in memory.
 *
 * What only a power cut left behind is repaired as the format wants it. Where single
 * bits of metadata are wrong their checksums say which, and they are put right; when no
 * error is left then, that was all. Other damage is not mended where it is: a fresh
 * volume of the same format and geometry is filled with everything that can be had. First comes
 * what a mount of the damaged one, with bits put right, can read, all of it, byte for byte; then
 * the best tree of rescue.h; then, in /lost+found, what has no name or not all of its content. The
 * result is checked, and every file in it compared with its source, before anybody gets to see it.
 *
 * Nothing is written but memory: the caller has the old bytes and the new ones.
 *
 * Lifetime  borrows the chip while twinfs_repair_new() runs, not longer.
 * Threads   one object belongs to one thread; the chip must not be written meanwhile.
 * Source    docs/recovery.md
 */
#ifndef TWINFS_REPAIR_H
#define TWINFS_REPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>
#include <twinfs/flash.h>
#include <twinfs/rescue.h>
#include <twinfs/volume.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_repair;

enum twinfs_repair_kind {
	TWINFS_REPAIR_NOTHING, /* there is nothing to repair */
	TWINFS_REPAIR_RESIDUE, /* what power cuts left, the format's own way; the tree is the same
				*/
	TWINFS_REPAIR_MENDED,  /* some bits of metadata were wrong, one in each commit or half: the
				* checksums say which. What they had hidden is in force, residue is
				* gone */
	TWINFS_REPAIR_REBUILT, /* a fresh volume was filled */
};

/* "nothing", "residue", "mended", "rebuilt". */
TWINFS_API const char *twinfs_repair_kind_name(enum twinfs_repair_kind kind);

/* What became of an object. */
enum twinfs_fate {
	TWINFS_FATE_KEPT,      /* what was in force, under its name */
	TWINFS_FATE_RECOVERED, /* a version that could not be read before, under its name */
	TWINFS_FATE_FOUND,     /* in /lost+found: no name, or not all of its content */
	TWINFS_FATE_LEFT_OUT,  /* there was no room for it */
	TWINFS_FATE_LOST,      /* it was there, and nothing of its content is left */
};

/* "kept", "recovered", "found", "left_out", "lost". */
TWINFS_API const char *twinfs_fate_name(enum twinfs_fate fate);

struct twinfs_repaired {
	const char *path; /* where it is now; of what is not there, where it was */
	const char *was;  /* where it was, when that is known and another place; else NULL */
	enum twinfs_type type;
	enum twinfs_fate fate;
	enum twinfs_sureness sureness;
	uint64_t size;       /* bytes; files only */
	uint64_t lost_bytes; /* of these, about so many are not the original's */
	const char *why;     /* one line, or "" */
};

struct twinfs_repair_result {
	enum twinfs_repair_kind kind;
	uint32_t version;     /* of the format */
	uint32_t block_size;  /* bytes */
	const uint8_t *bytes; /* the whole partition, repaired; NULL: nothing to repair */
	uint64_t size;
	struct twinfs_pending pending; /* residue that was cleared up */
	bool has_new_superblock;       /* version 1: there was none; all that it says is known */
	bool may_lack; /* of a rebuilt volume: a directory was not readable, and what it held is
			* known as far as it is listed only */
	unsigned mended_bits; /* that were found; with TWINFS_REPAIR_NOTHING they do not matter */
	const struct twinfs_repaired *objects; /* of a rebuilt volume: all */
	size_t count;
	size_t files[TWINFS_FATE_LOST + 1];      /* files of each fate, */
	uint64_t bytes_of[TWINFS_FATE_LOST + 1]; /* and the bytes in them */
};

/*
 * Finds out what is wrong with a partition, and repairs a copy of it.
 *
 * @config      where it lies and how it is written. block_size 0: as
 *              twinfs_rescue_open() finds out; so is the format when the superblock
 *              is gone, and prog_size is then the chip's
 * @ret_repair  set on success only; release with twinfs_repair_free()
 * @err         where and why, set on failure only; may be NULL
 *
 * Returns 0; -ENODATA (damaged, and nothing was found that could be saved);
 * -ENOSPC (what can be read now has no room in a fresh volume, as when files share
 * their blocks); -EIO (the result is not right, which is a defect of this library);
 * -EINVAL, -EUCLEAN (no littlefs at all), -ENOTSUP, -EOVERFLOW, -ESHUTDOWN, -ENOMEM.
 */
TWINFS_API int twinfs_repair_new(struct twinfs_flash *flash,
	const struct twinfs_volume_config *config, struct twinfs_repair **ret_repair,
	struct twinfs_error *err);

/* NULL is allowed. */
TWINFS_API void twinfs_repair_free(struct twinfs_repair *repair);

/* Lives as long as @repair. */
TWINFS_API const struct twinfs_repair_result *
twinfs_repair_result(const struct twinfs_repair *repair);

#ifdef __cplusplus
}
#endif
#endif
