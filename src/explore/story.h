/* SPDX-License-Identifier: MIT */
/*
 * story.h - a recorded run in memory: what happened on the chip, and what the
 * application was told meanwhile.
 *
 * Operations are in the order in which they took place and are counted from 0;
 * people are shown their number (@seq). A moment of the run is given as the
 * number of operations that are done: at moment n, operations 0 to n - 1 are on
 * the chip whole, and operation n, if it was cut, in part. An event stands at
 * the moment at which it came; events of one moment are in their order.
 *
 * Lifetime  tw_story_new() or tw_story_load() .. tw_story_free(). A story owns
 *           all it points to.
 * Threads   a story that nobody adds to may be read by all.
 */
#ifndef TW_EXPLORE_STORY_H
#define TW_EXPLORE_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/digest.h>
#include <twinfs/error.h>
#include <twinfs/flash.h>
#include <twinfs/image.h>
#include <twinfs/trace.h>

#include "names.h"

#define TW_STORY_NONE UINT32_MAX /* no such phase, no such change */

enum tw_story_op_kind {
	TW_STORY_PROGRAM,
	TW_STORY_ERASE,
	TW_STORY_FLIP, /* cells that changed by themselves: nothing to cut the power in */
};

/* One program, or erase of one unit: what the cells hold afterwards. */
struct tw_story_op {
	enum tw_story_op_kind kind;
	uint32_t len;        /* bytes of the chip it is about */
	uint32_t data_len;   /* bytes at @data; behind them, up to @len, are 0xff */
	uint32_t owner;      /* index into owners */
	uint32_t phase;      /* boot it belongs to: index into phases, or TW_STORY_NONE */
	uint64_t addr;       /* bytes from the start of the chip */
	uint64_t seq;        /* its number on the chip that was recorded */
	uint64_t time_ns;    /* virtual time when it began */
	const uint8_t *data; /* NULL when data_len is 0 */
};

enum tw_story_change_kind {
	TW_STORY_CREATE, /* an empty file */
	TW_STORY_MKDIR,
	TW_STORY_CONTENT,
	TW_STORY_REMOVE,
	TW_STORY_RENAME,  /* with all below it; what has the new name is removed */
	TW_STORY_ATTR,    /* a user attribute is set */
	TW_STORY_NO_ATTR, /* or removed */
	TW_STORY_STORE,   /* of a slot */
	TW_STORY_OTHER,   /* nothing looks different afterwards */
};

/* A change of a volume, or the store of a slot, from its beginning to its end. */
struct tw_story_change {
	enum tw_story_change_kind kind;
	bool has_ended;
	uint8_t attr;
	uint8_t slot;         /* 1 to 16 */
	int rc;               /* of the call, once it has ended */
	uint32_t phase;       /* boot that made it, or TW_STORY_NONE */
	const char *path;     /* "/usr/a"; "" of a store */
	const char *new_path; /* of a rename; "" else */
	uint64_t size;        /* bytes of the new content, value or slot */
	struct twinfs_digest digest;
	uint64_t began, ended; /* moments; ended is UINT64_MAX while it has not */
};

enum tw_story_event_kind {
	TW_STORY_BEGAN, /* change @index */
	TW_STORY_ENDED,
	TW_STORY_BOOT_BEGAN, /* phase @index */
	TW_STORY_BOOT_ENDED,
	TW_STORY_CUT,  /* the power went: what is in flight never ends */
	TW_STORY_NOTE, /* note @index */
};

struct tw_story_event {
	enum tw_story_event_kind kind;
	uint32_t index;
	uint64_t moment;
};

/* A boot that is part of the run. */
struct tw_story_phase {
	bool has_ended;
	int rc;                /* of the boot, once it has ended */
	uint64_t began, ended; /* moments; ended is UINT64_MAX while it has not */
};

/* The bytes of an erase unit before the first operation that touched it. */
struct tw_story_unit {
	uint64_t addr;
	uint32_t len;      /* bytes: less than a unit where a file of the image ends in it */
	uint32_t data_len; /* behind them are 0xff */
	const uint8_t *data;
};

/* An area of the chip. */
struct tw_story_part {
	const char *name, *path; /* "customer_fs", "/usr" */
	uint64_t addr, size;
	uint32_t block_size; /* 0: not known */
};

struct tw_story {
	char *name; /* of the file, or "the run" */
	uint64_t chip_size;
	struct twinfs_flash_geometry geometry;
	struct twinfs_digest before; /* of the whole chip, before the first operation */
	bool has_before;             /* else the digest is not known */
	bool is_whole;               /* else the recorder was killed: its last part is missing */
	struct tw_story_part *parts;
	size_t part_count;

	struct tw_story_op *ops;
	size_t op_count;
	struct tw_story_change *changes;
	size_t change_count;
	struct tw_story_event *events;
	size_t event_count;
	struct tw_story_phase *phases;
	size_t phase_count;
	struct tw_story_unit *units; /* none twice */
	size_t unit_count;
	const char **notes;
	size_t note_count;
	struct tw_names owners;     /* "metadata /usr", "data /usr/a"; number 0 is "" */
	struct twinfs_trace *trace; /* that it was read from: bytes lie there. NULL: it was not */
	struct tw_story_memory *memory; /* internal */
};

/*
 * ---- reading ----
 */

/*
 * Reads a trace file whole.
 *
 * 0, -ENOENT and other errnos of opening, -EUCLEAN (no trace, or damaged in its
 * head), -ENOTSUP (a newer format), -ENOMEM.
 */
int tw_story_load(const char *path, struct tw_story **ret_story, struct twinfs_error *err);

/*
 * Makes the bytes of @image, which must be writable, what they were before the
 * run. They must be so already, or be what they were after it; where the run
 * changed nothing they are compared by the digest of the whole.
 *
 * @file   name of the image, for messages
 *
 * 0, -EUCLEAN (neither of both, or of another size; then nothing is changed),
 * -ENOMEM.
 */
int tw_story_rewind(const struct tw_story *story, struct twinfs_image *image, const char *file,
	struct twinfs_error *err);

/*
 * The same for @bytes of the whole chip that are known to be one or the other:
 * nothing is compared.
 */
void tw_story_put_back(const struct tw_story *story, uint8_t *bytes);

/* Whom an operation was for; "" when that is not known. */
static inline const char *tw_story_owner(const struct tw_story *story, const struct tw_story_op *op)
{
	return story->owners.list[op->owner].text;
}

/* Puts the effect of operation @op on @bytes, which are of the whole chip. */
void tw_story_apply(const struct tw_story_op *op, uint8_t *bytes);

/*
 * ---- making ----
 *
 * All add at the end; 0 or -ENOMEM. Texts are copied, and bytes unless they are
 * those of the story's trace.
 */

/* @name  of the run, for messages. NULL: out of memory. */
struct tw_story *tw_story_new(const char *name, uint64_t chip_size,
	const struct twinfs_flash_geometry *geometry);

/* NULL is allowed. */
void tw_story_free(struct tw_story *story);

int tw_story_add_part(struct tw_story *story, const struct tw_story_part *part);

/*
 * The operation @op (its data_len, owner, phase and data are set here) has left
 * @cells, of which @cells_len bytes are given and the others are 0xff. @owner
 * says whose they are; NULL is nobody.
 */
int tw_story_add_op(struct tw_story *story, const struct tw_story_op *op, const uint8_t *cells,
	uint32_t cells_len, const char *owner);

/*
 * The erase unit at @addr, of which the image has @len bytes, held @data_len
 * bytes @data, and 0xff behind them, before the first operation on it. Does
 * nothing for a unit that is known already.
 */
int tw_story_add_unit(struct tw_story *story, uint64_t addr, uint32_t len, const uint8_t *data,
	uint32_t data_len);

/*
 * @change     kind, attr, slot, texts, size and digest; the rest is set here
 * @ret_index  its number, for tw_story_ended()
 */
int tw_story_began(struct tw_story *story, const struct tw_story_change *change,
	uint32_t *ret_index);
int tw_story_ended(struct tw_story *story, uint32_t index, int rc);

int tw_story_boot_began(struct tw_story *story);
int tw_story_boot_ended(struct tw_story *story, int rc);
int tw_story_cut(struct tw_story *story);
int tw_story_note(struct tw_story *story, const char *text);

#endif
