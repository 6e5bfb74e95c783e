/* SPDX-License-Identifier: MIT */
/*
 * trace.h - what happened to a chip, operation by operation, in a file.
 *
 * A recorder hears of every program and erase, and writes down what the cells
 * hold afterwards: so what a fault tore or flipped is in the trace as it really
 * was. Before the first change of an erase unit its old bytes are kept, so that
 * the image can be had as it was before, and as it is after. Marks in between
 * say what the operations were for: changes of files, stores of slots, boots.
 *
 * A trace grows chunk by chunk, each with its checksum. One whose writer was
 * killed is good up to its last whole chunk, and is known to be cut short.
 *
 * Lifetime  a recorder borrows the chip until twinfs_recorder_close(); a trace
 *           that is read owns what its records point to, until it is closed.
 * Threads   recorder: all calls but _new and _close may run at once. A trace is
 *           read by one thread; several may each open it.
 * Source    ours, docs/formats/trace.md.
 */
#ifndef TWINFS_TRACE_H
#define TWINFS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/digest.h>
#include <twinfs/error.h>
#include <twinfs/flash.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what a trace holds ---- */

/* Limits of the format, in bytes without the NUL. Longer tags and paths are cut off. */
#define TWINFS_TRACE_TEXT_MAX 4095u
#define TWINFS_TRACE_PARTS    16u

/* An area of the chip. */
struct twinfs_trace_part {
	const char *name;    /* "customer_fs" */
	const char *path;    /* what its paths begin with: "/usr", "/bak"; "" if it has no files */
	uint64_t addr, size; /* bytes from the start of the chip; bytes */
	uint32_t block_size; /* bytes; 0: not known, then erase units are its blocks */
};

enum twinfs_trace_kind {
	TWINFS_TRACE_PROGRAM,
	TWINFS_TRACE_ERASE,
	TWINFS_TRACE_FLIP, /* a cell changed by itself: a defect, no operation */
	TWINFS_TRACE_OLD,  /* what an erase unit held before the first of the above */
	TWINFS_TRACE_MARK,
	TWINFS_TRACE_KIND_COUNT,
};

enum twinfs_trace_mark_kind {
	TWINFS_MARK_CHANGE_BEGAN, /* of a volume: @change, @path and what goes with it */
	TWINFS_MARK_CHANGE_ENDED, /* the same with its @result: 0 is an acknowledgement */
	TWINFS_MARK_STORE_BEGAN,  /* of a SecureData slot: @index, @size, @digest */
	TWINFS_MARK_STORE_ENDED,  /* the same with its @result */
	TWINFS_MARK_BOOT_BEGAN,   /* @index: boots of this module before */
	TWINFS_MARK_BOOT_ENDED,   /* with its @result */
	TWINFS_MARK_POWER_CUT,    /* power went: unsynced content is lost */
	TWINFS_MARK_NOTE,         /* @path is a text for people */
	TWINFS_MARK_COUNT,
};

enum twinfs_traced_change {
	TWINFS_TRACED_NONE, /* the mark is not one of a change */
	TWINFS_TRACED_CREATE,
	TWINFS_TRACED_MKDIR,
	TWINFS_TRACED_CONTENT, /* @size and @digest of the whole new content */
	TWINFS_TRACED_REMOVE,
	TWINFS_TRACED_RENAME, /* @path becomes @new_path */
	TWINFS_TRACED_ATTR,   /* @index is the type, @size and @digest are of the value */
	TWINFS_TRACED_RESIZE, /* of a volume, to @size blocks */
	TWINFS_TRACED_COUNT,
};

enum {
	TWINFS_MARK_DIRECTORY = 1u << 0, /* the object is one */
	TWINFS_MARK_REPLACES = 1u << 1,  /* a rename: something at @new_path goes with it */
	TWINFS_MARK_REMOVES = 1u << 2,   /* a user attribute is removed */
};

/* What does not go with a mark's kind is 0, and its texts are "". */
struct twinfs_trace_mark {
	enum twinfs_trace_mark_kind kind;
	enum twinfs_traced_change change;
	unsigned flags;              /* TWINFS_MARK_* of changes */
	const char *path, *new_path; /* from the root of the module: "/usr/config.json" */
	uint64_t index;
	uint64_t size; /* bytes */
	struct twinfs_digest digest;
	int result; /* 0 or a negative errno */
};

/*
 * One record. @cells are what [@addr, @addr + @len) holds afterwards (OLD: held
 * before); the bytes from @cells_len on are 0xff and not stored.
 */
struct twinfs_trace_record {
	enum twinfs_trace_kind kind;
	uint64_t offset;  /* of the record in its file */
	uint64_t number;  /* the chip's, of this operation; others: of the one before */
	uint64_t time_ns; /* virtual time when it begins */
	uint64_t addr;    /* PROGRAM, ERASE, FLIP, OLD: bytes from the start of the chip */
	uint32_t len;     /* bytes; lies in one piece on the chip */
	uint32_t cells_len;
	const uint8_t *cells; /* NULL: @cells_len is 0 */
	uint32_t done;        /* PROGRAM, ERASE: bytes that took place; less than @len: torn */
	int result;           /* what the caller got: 0 or a negative errno */
	const char *owner;    /* PROGRAM, ERASE: "data /usr/a", "slot 3"; "": not known */
	struct twinfs_trace_mark mark; /* MARK */
};

/* Names for --json: "program"; "change_began"; "content"; constants. */
TWINFS_API const char *twinfs_trace_kind_name(enum twinfs_trace_kind kind);
TWINFS_API const char *twinfs_mark_name(enum twinfs_trace_mark_kind kind);
TWINFS_API const char *twinfs_traced_change_name(enum twinfs_traced_change change);

/* ---- write ---- */

struct twinfs_recorder;

struct twinfs_recorder_options {
	const struct twinfs_trace_part *parts; /* copied */
	size_t part_count;                     /* at most TWINFS_TRACE_PARTS */
	uint64_t seed;                         /* of the chance in this run; 0: there was none */
	/*
	 * Whom the operation is for: writes its tag to @room of @size bytes, with a
	 * NUL. Runs under the chip's lock. May be NULL: all tags are "".
	 */
	void (*owner)(void *ctx, const struct twinfs_flash_op *op, char *room, size_t size);
	void *ctx;
};

/*
 * Begins the trace @path, a file that must not exist yet, of a chip as it is
 * now: nothing may write to it until the hooks are in place. Reads the whole
 * chip once, for its digest.
 *
 * Returns 0, -EEXIST and other errnos of making the file, -EINVAL (too many
 * parts, or one outside the chip), -ESHUTDOWN, -ENOMEM.
 */
TWINFS_API int twinfs_recorder_new(struct twinfs_flash *flash, const char *path,
	const struct twinfs_recorder_options *options, struct twinfs_recorder **ret_recorder,
	struct twinfs_error *err);

/*
 * The recorder's two hooks for the chip; to be chained by the caller, who sets
 * their next, and removed before the recorder is closed. The first belongs in
 * front of every hook that may make an operation fail: it keeps the old bytes.
 * The last belongs behind all others: it sees what they made of the operation.
 */
TWINFS_API void twinfs_recorder_hooks(struct twinfs_recorder *recorder,
	struct twinfs_flash_hook *ret_first, struct twinfs_flash_hook *ret_last);

/*
 * Writes a mark down. Operations that a power cut ended are followed by the
 * mark of the cut by themselves; one that is said again before the power is back
 * is left out. May be called under any lock, the chip's too.
 *
 * @mark  of one that ended, only what names it is looked at (kind, change, path,
 *        index) and its result: the rest is as it was when it began
 *
 * Returns 0; -EINVAL (ended, but never began; not a mark), -EBUSY (more than
 * eight went on at once): not written down; or the errno that ended the recording.
 */
TWINFS_API int twinfs_recorder_mark(struct twinfs_recorder *recorder,
	const struct twinfs_trace_mark *mark);

/* Operations in the trace so far. */
TWINFS_API uint64_t twinfs_recorder_operations(struct twinfs_recorder *recorder);

/*
 * Hands what was recorded so far to the host as a whole chunk: readable from
 * now on, whatever becomes of this process. 0, or the errno that ended the
 * recording.
 */
TWINFS_API int twinfs_recorder_flush(struct twinfs_recorder *recorder);

/*
 * Ends the trace, waits until it is on the host's disk, and frees @recorder in
 * any case. NULL is allowed.
 *
 * Returns 0, or why the trace is not complete: what failed first (-ENOSPC,
 * -EIO, -ENOMEM). From there on nothing was recorded, and the chip never
 * noticed. The file stays, good up to its last whole chunk.
 */
TWINFS_API int twinfs_recorder_close(struct twinfs_recorder *recorder, struct twinfs_error *err);

/* ---- read ---- */

struct twinfs_trace;

/* Texts and parts belong to the trace. */
struct twinfs_trace_info {
	uint64_t chip_size; /* bytes */
	struct twinfs_flash_geometry geometry;
	struct twinfs_flash_timing timing;
	struct twinfs_digest digest; /* of the whole chip, before the first record */
	uint64_t started_ns;         /* wall clock when recording began, since 1970 */
	uint64_t seed;
	uint64_t first_number;  /* operations of the chip before the first in the trace */
	uint64_t first_time_ns; /* its virtual time then */
	uint64_t last_number, last_time_ns; /* the same behind the last one */
	const struct twinfs_trace_part *parts;
	size_t part_count;
	uint64_t records, operations, marks;
	uint64_t file_size; /* bytes */
	uint64_t end;       /* bytes that were read; behind them nothing is whole */
	bool is_truncated;  /* the writer never came to close it */
};

/*
 * Opens a trace and checks all of it: afterwards every record is known to be
 * well-formed and to lie on the chip. The file must not be made shorter while
 * it is open; a recorder may go on with it.
 *
 * Returns 0, -EUCLEAN (no trace, or a record is wrong), -EBADMSG (a chunk's
 * checksum), -ENOTSUP (a newer version), -ENOMEM, and errnos of opening a file.
 */
TWINFS_API int twinfs_trace_open(const char *path, struct twinfs_trace **ret_trace,
	struct twinfs_error *err);
TWINFS_API void twinfs_trace_close(struct twinfs_trace *trace);

TWINFS_API const struct twinfs_trace_info *twinfs_trace_info(const struct twinfs_trace *trace);

/* Gives the next record; false at the end. What it points to lives as long as the trace. */
TWINFS_API bool twinfs_trace_next(struct twinfs_trace *trace,
	struct twinfs_trace_record *ret_record);

/* The next record is the first again. */
TWINFS_API void twinfs_trace_rewind(struct twinfs_trace *trace);

/*
 * Puts the cells of @record into @chip, the chip_size bytes of an image; marks
 * do nothing. All PROGRAM, ERASE and FLIP in order lead from the image as it
 * was to the image as it is; all OLD, in any order, lead back.
 */
TWINFS_API void twinfs_trace_apply(const struct twinfs_trace_record *record, uint8_t *chip);

/*
 * The part that @addr lies in, NULL when in none, and the block of it (else the
 * erase unit of the chip).
 */
TWINFS_API const struct twinfs_trace_part *twinfs_trace_locate(const struct twinfs_trace *trace,
	uint64_t addr, uint64_t *ret_block);

/* ---- choose and sum up ---- */

/* All zero chooses everything; what is set must all hold. */
struct twinfs_trace_filter {
	unsigned kinds;   /* bits 1u << TWINFS_TRACE_*; 0: all */
	uint64_t from;    /* number of the first operation */
	uint64_t to;      /* and of the last; 0: no end */
	const char *path; /* for this object or one below it, as owner or in a mark */
	const char *part; /* name of the partition; marks: of a path in it */
	bool has_block;
	uint64_t block; /* touches this block, of @part, or of any partition */
};

TWINFS_API bool twinfs_trace_passes(const struct twinfs_trace *trace,
	const struct twinfs_trace_filter *filter, const struct twinfs_trace_record *record);

/* What was done for one owner. */
struct twinfs_trace_owner {
	const char *owner;
	uint64_t programs, program_bytes, erases;
	uint64_t busy_ns; /* virtual time of these */
};

/* What was said to be done to one file; and to one slot, as "slot 3". */
struct twinfs_trace_file {
	const char *path;
	uint64_t changes;       /* acknowledged */
	uint64_t failed;        /* ended otherwise, or never */
	uint64_t content_bytes; /* that were acknowledged */
};

/* What became of one block, by the operations that begin in it. */
struct twinfs_trace_block {
	const struct twinfs_trace_part *part; /* NULL: outside of all */
	uint64_t block, addr;
	uint64_t erases, programs, program_bytes;
};

/* Owners and files by bytes, blocks by erases: the most first, equal ones by name or address. */
struct twinfs_trace_summary {
	uint64_t programs, program_bytes, erases;
	uint64_t failed;  /* programs and erases that did not end well, or not wholly */
	uint64_t flips;   /* cells */
	uint64_t busy_ns; /* virtual time from the first operation to the end of the last */
	uint64_t marks[TWINFS_MARK_COUNT];
	uint64_t changes[TWINFS_TRACED_COUNT]; /* acknowledged */
	uint64_t content_bytes;                /* acknowledged, of files and slots */
	struct twinfs_trace_owner *owners;
	size_t owner_count;
	struct twinfs_trace_file *files;
	size_t file_count;
	struct twinfs_trace_block *blocks; /* those that were touched */
	size_t block_count;
};

/*
 * Sums up the records that @filter chooses (NULL: all), from the first to the
 * last. @ret_summary points into the trace. 0 or -ENOMEM.
 */
TWINFS_API int twinfs_trace_summarise(struct twinfs_trace *trace,
	const struct twinfs_trace_filter *filter, struct twinfs_trace_summary *ret_summary);
TWINFS_API void twinfs_trace_summary_release(struct twinfs_trace_summary *summary);

#ifdef __cplusplus
}
#endif
#endif
