/* SPDX-License-Identifier: MIT */
/*
 * events.h - what happened to the module, as lines of JSON: the newest of them,
 * in a ring, for readers who come and go.
 *
 * Lifetime  tw_emu_events_init() .. tw_emu_events_release().
 * Threads   all calls but these two may run at once; tw_emu_events_add() also
 *           from a hook of the chip.
 * Source    docs/formats/events.md.
 */
#ifndef TW_EMULATOR_EVENTS_H
#define TW_EMULATOR_EVENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TW_EMU_EVENTS_KEPT 1000u /* lines that a new reader still gets */

struct tw_emu_events {
	pthread_mutex_t lock;            /* guards the rest; nothing else is locked under it */
	char *lines[TW_EMU_EVENTS_KEPT]; /* number n is at n % TW_EMU_EVENTS_KEPT */
	uint64_t next;                   /* number of the next event; the first is 1 */
	bool is_closed;                  /* none will come */
	void (*wake)(void *ctx);         /* told of each change, with no lock held here; or NULL */
	void *ctx;
};

/* Where one reader is. All zero is before the first event. */
struct tw_emu_place {
	uint64_t next; /* number of the next event */
	char *rest;    /* of a line that did not fit, from @told on; or NULL */
	size_t told;
};

void tw_emu_events_init(struct tw_emu_events *events);
void tw_emu_events_release(struct tw_emu_events *events);

/* Sets who is told; before any other thread is there. */
void tw_emu_events_watch(struct tw_emu_events *events, void (*wake)(void *ctx), void *ctx);

/*
 * Adds the JSON object @text, in one line, with its number put in front of its
 * members. NULL (nobody had the memory for it) counts as an event that is lost.
 */
void tw_emu_events_add(struct tw_emu_events *events, const char *text);

/* There will be no more: readers get the end when they have read all. */
void tw_emu_events_close(struct tw_emu_events *events);

/*
 * Copies what comes next for the reader at @place to @buf: whole lines while they
 * fit, else a part of one. Returns the number of bytes; 0: the end; -EAGAIN: nothing
 * yet; -ENOMEM.
 */
ssize_t tw_emu_events_read(struct tw_emu_events *events, struct tw_emu_place *place, char *buf,
	size_t size);

/* Whether reading would give something, the end included. */
bool tw_emu_events_is_readable(struct tw_emu_events *events, const struct tw_emu_place *place);

void tw_emu_place_release(struct tw_emu_place *place);

#endif
