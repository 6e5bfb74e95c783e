/* SPDX-License-Identifier: MIT */
/*
 * events.c - a ring of lines. A reader who falls behind finds a "lost" event
 * where lines are missing, and goes on behind the gap: nobody waits for readers.
 */
#include "events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tw_emu_events_init(struct tw_emu_events *events)
{
	*events = (struct tw_emu_events){.next = 1};
	(void)pthread_mutex_init(&events->lock, NULL); /* cannot fail with default attributes */
}

void tw_emu_events_release(struct tw_emu_events *events)
{
	for (size_t i = 0; i < TW_EMU_EVENTS_KEPT; i++)
		free(events->lines[i]);
	(void)pthread_mutex_destroy(&events->lock);
}

void tw_emu_events_watch(struct tw_emu_events *events, void (*wake)(void *ctx), void *ctx)
{
	events->wake = wake;
	events->ctx = ctx;
}

static void wake(const struct tw_emu_events *events)
{
	if (events->wake)
		events->wake(events->ctx);
}

void tw_emu_events_add(struct tw_emu_events *events, const char *text)
{
	char **where, *line = NULL;

	(void)pthread_mutex_lock(&events->lock);
	where = &events->lines[events->next % TW_EMU_EVENTS_KEPT];
	if (text && asprintf(&line, "{\"event\":%llu,%s\n", (unsigned long long)events->next,
			    text + strspn(text, "{ ")) < 0)
		line = NULL; /* then its number is missing, and readers are told so */
	free(*where);
	*where = line;
	events->next++;
	(void)pthread_mutex_unlock(&events->lock);
	wake(events);
}

void tw_emu_events_close(struct tw_emu_events *events)
{
	(void)pthread_mutex_lock(&events->lock);
	events->is_closed = true;
	(void)pthread_mutex_unlock(&events->lock);
	wake(events);
}

static const char *line_at(const struct tw_emu_events *events, uint64_t number)
{
	return events->lines[number % TW_EMU_EVENTS_KEPT];
}

/* The line that comes next, a copy; @place moves behind it. NULL: out of memory. */
static char *take_line(const struct tw_emu_events *events, struct tw_emu_place *place)
{
	uint64_t oldest = events->next > TW_EMU_EVENTS_KEPT ? events->next - TW_EMU_EVENTS_KEPT : 1;
	uint64_t from = place->next ? place->next : 1, at = from < oldest ? oldest : from;
	char *line;

	while (at < events->next && !line_at(events, at))
		at++;
	if (at > from) {
		if (asprintf(&line, "{\"kind\":\"lost\",\"lost\":%llu}\n",
			    (unsigned long long)(at - from)) < 0)
			return NULL;
		place->next = at;
		return line;
	}
	line = strdup(line_at(events, at));
	if (line)
		place->next = at + 1;
	return line;
}

static bool has_line(const struct tw_emu_events *events, const struct tw_emu_place *place)
{
	return (place->next ? place->next : 1) < events->next;
}

static ssize_t read_locked(const struct tw_emu_events *events, struct tw_emu_place *place,
	char *buf, size_t size)
{
	size_t used = 0, len;

	while (used < size) {
		if (!place->rest) {
			if (!has_line(events, place))
				break;
			place->rest = take_line(events, place);
			place->told = 0;
			if (!place->rest)
				return used ? (ssize_t)used : -ENOMEM;
		}
		len = strlen(place->rest + place->told);
		if (used && len > size - used)
			break; /* the next read gets it in one piece */
		len = len < size - used ? len : size - used;
		memcpy(buf + used, place->rest + place->told, len);
		used += len;
		place->told += len;
		if (!place->rest[place->told])
			tw_emu_place_release(place);
	}
	if (!used && size && !events->is_closed)
		return -EAGAIN;
	return (ssize_t)used;
}

ssize_t tw_emu_events_read(struct tw_emu_events *events, struct tw_emu_place *place, char *buf,
	size_t size)
{
	ssize_t rc;

	(void)pthread_mutex_lock(&events->lock);
	rc = read_locked(events, place, buf, size);
	(void)pthread_mutex_unlock(&events->lock);
	return rc;
}

bool tw_emu_events_is_readable(struct tw_emu_events *events, const struct tw_emu_place *place)
{
	bool is_readable;

	(void)pthread_mutex_lock(&events->lock);
	is_readable = place->rest || has_line(events, place) || events->is_closed;
	(void)pthread_mutex_unlock(&events->lock);
	return is_readable;
}

void tw_emu_place_release(struct tw_emu_place *place)
{
	free(place->rest);
	place->rest = NULL;
}
