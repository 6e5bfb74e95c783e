/* SPDX-License-Identifier: MIT */
/*
 * stage.h - the chip that crash states are put up on, one after the other.
 *
 * Whoever puts up a state changes the bytes itself and says so. A trial then
 * runs on it: the stage notes which units it reads, keeps the old bytes of those
 * it writes, and puts everything back afterwards.
 *
 * Lifetime  tw_stage_init() .. tw_stage_release(); borrows the chip, whose only
 *           hook it is meanwhile.
 * Threads   a stage belongs to one thread.
 */
#ifndef TW_EXPLORE_STAGE_H
#define TW_EXPLORE_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/flash.h>

#include "story.h"

/* How the bytes of a unit are looked at, from close to far. Equal sights make no difference. */
enum tw_view {
	TW_VIEW_BYTES,
	TW_VIEW_GLANCE, /* of what is not content */
	TW_VIEW_WHOLE,  /* and whose first word nobody read alone */
	TW_VIEWS,
};

/* An operation of a trial; its bytes lie at @data of the stage's log. */
struct tw_stage_op {
	enum twinfs_flash_op_kind kind;
	uint32_t len;
	uint64_t addr;
	size_t data; /* offset: len bytes, as the cells were afterwards */
};

/*
 * A range that is read as a whole, by who only looks at its first bytes: mounting
 * and checking look for a superblock so. They look at blocks 0 and 1, and at pairs
 * that they read again afterwards, one by one.
 */
struct tw_stage_range {
	uint64_t addr, size, head; /* bytes; size 0: none */
};

struct tw_stage {
	struct twinfs_flash *flash;
	struct twinfs_flash_hook hook;
	uint8_t *bytes; /* of the whole chip */
	uint64_t size;
	uint32_t unit_size, unit_count;
	struct tw_stage_range wide[2];

	/*
	 * What a glance at a unit shows of it, as far as a trial that takes it for
	 * metadata, or for nothing, can see; false: no glance says that. May be NULL.
	 */
	bool (*glance)(void *ctx, uint32_t unit, enum tw_view view, uint64_t *ret_sight);
	void *glance_ctx;
	uint64_t *sights[TW_VIEWS]; /* of units, as known */
	uint8_t *known;             /* bits 1u << view: which of them are */

	/* The trial that runs, or ran last. */
	uint32_t trial;
	uint32_t *read_in, *owned_in, *saved_in; /* by unit: the last trial that did so ... */
	uint32_t *content_in, *word_in; /* ... found content in it, read its first word alone */
	uint32_t *reads;                /* units that it depends on, in order */
	size_t read_count, read_room;
	uint32_t *saved; /* units that it changed; their old bytes are in the order of this list */
	size_t saved_count, saved_room;
	uint8_t *old;
	size_t old_room;
	uint64_t writes; /* programs and erases */
	bool is_running, keeps_log;
	struct tw_stage_op *log;
	size_t log_count, log_room;
	uint8_t *log_data;
	size_t log_len, log_data_room;
	int rc; /* the first failure to note something: the trial is worth nothing then */
};

/* 0 or -ENOMEM; released in any case. */
int tw_stage_init(struct tw_stage *stage, struct twinfs_image *image, struct twinfs_flash *flash);
void tw_stage_release(struct tw_stage *stage);

/* The state that is up now has other bytes here. Not while a trial runs. */
void tw_stage_changed(struct tw_stage *stage, uint64_t addr, uint64_t len);

/* The sight of a unit of the state that is up. Not while a trial runs. */
uint64_t tw_stage_sight(struct tw_stage *stage, uint32_t unit, enum tw_view view);

/* The view in which the last trial saw a unit. */
enum tw_view tw_stage_view(const struct tw_stage *stage, uint32_t unit);

static inline uint32_t tw_stage_unit(const struct tw_stage *stage, uint64_t addr)
{
	return (uint32_t)(addr / stage->unit_size);
}

/* Begins a trial; with @keeps_log its programs and erases are kept, bytes and all. */
void tw_stage_begin(struct tw_stage *stage, bool keeps_log);

/* Keeps no log from here on. */
void tw_stage_stop_log(struct tw_stage *stage);

/* The trial depends on these bytes too, though it did not read them through the chip. */
void tw_stage_read(struct tw_stage *stage, uint64_t addr, uint64_t len);

/* In the state that is up, there is content of a file here. While a trial runs. */
void tw_stage_content(struct tw_stage *stage, uint64_t addr, uint64_t len);

/* Ends a trial: the chip is as it was. 0, or why what was noted is not complete. */
int tw_stage_end(struct tw_stage *stage);

#endif
