/* SPDX-License-Identifier: MIT */
/*
 * fuse_events.c - .twinfs/events: reading it waits for the next event.
 *
 * A read that has to wait keeps no thread: its request is put aside, and
 * answered by whoever adds the event, be it from a hook of the chip. That is
 * no trouble, because neither an answer nor a wake-up for poll(2) waits for
 * anything in the kernel.
 *
 * Order of locks: libfuse's of a request, the stream's, those of the events and
 * of libfuse's session. So a request is made interruptible before the stream is locked.
 */
#include "fuse_events.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <stdlib.h>

#include "fuse_ops.h"

#define PIECE_MAX (64u << 10) /* bytes of one answer */

struct waiting {
	struct waiting *next;
	struct fuse_req *req;
	size_t size;
};

/* One opener; the stream's lock guards all of it. */
struct tw_emu_opener {
	struct tw_emu_opener *next, **link;
	struct tw_emu *emu;
	struct tw_emu_place place;
	struct waiting *first; /* the newest: a program that reads in two threads gets either */
	struct fuse_pollhandle *poll;
};

/* ---- answering ---- */

/* Answers with what there is; false: there is nothing yet, or the reader shall wait. */
static bool try_answer(struct tw_emu_opener *opener, struct fuse_req *req, size_t size, bool waits)
{
	struct tw_emu_events *events = &opener->emu->events;
	char *buf;
	ssize_t rc = -ENOMEM;

	size = size < PIECE_MAX ? size : PIECE_MAX;
	buf = malloc(size ? size : 1);
	if (buf)
		rc = tw_emu_events_read(events, &opener->place, buf, size);
	if (rc >= 0)
		(void)fuse_reply_buf(req, buf, (size_t)rc);
	else if (rc != -EAGAIN || !waits)
		tw_emu_reply(req, (int)rc);
	free(buf);
	return rc != -EAGAIN || !waits;
}

static void serve(struct tw_emu_opener *opener)
{
	struct waiting *waiting;

	while ((waiting = opener->first)) {
		if (!try_answer(opener, waiting->req, waiting->size, true))
			break;
		opener->first = waiting->next;
		free(waiting);
	}
	if (opener->poll && tw_emu_events_is_readable(&opener->emu->events, &opener->place)) {
		(void)fuse_lowlevel_notify_poll(opener->poll);
		fuse_pollhandle_destroy(opener->poll);
		opener->poll = NULL;
	}
}

static void serve_all(void *ctx)
{
	struct tw_emu_stream *stream = ctx;

	(void)pthread_mutex_lock(&stream->lock);
	for (struct tw_emu_opener *opener = stream->first; opener; opener = opener->next)
		serve(opener);
	(void)pthread_mutex_unlock(&stream->lock);
}

void tw_emu_stream_init(struct tw_emu *emu)
{
	emu->stream = (struct tw_emu_stream){0};
	(void)pthread_mutex_init(&emu->stream.lock, NULL);
	tw_emu_events_init(&emu->events);
	tw_emu_events_watch(&emu->events, serve_all, &emu->stream);
}

void tw_emu_stream_release(struct tw_emu *emu)
{
	tw_emu_events_release(&emu->events);
	(void)pthread_mutex_destroy(&emu->stream.lock);
}

/* ---- open and close ---- */

static void release_opener(void *own)
{
	struct tw_emu_opener *opener = own;
	struct tw_emu_stream *stream = &opener->emu->stream;

	(void)pthread_mutex_lock(&stream->lock);
	*opener->link = opener->next;
	if (opener->next)
		opener->next->link = opener->link;
	(void)pthread_mutex_unlock(&stream->lock);
	/* nobody waits: a read holds the file open */
	if (opener->poll)
		fuse_pollhandle_destroy(opener->poll);
	tw_emu_place_release(&opener->place);
	free(opener);
}

int tw_emu_events_open(struct tw_emu *emu, struct fuse_file_info *fi)
{
	struct tw_emu_stream *stream = &emu->stream;
	struct tw_emu_opener *opener = calloc(1, sizeof(*opener));

	if (!opener)
		return -ENOMEM;
	opener->emu = emu;
	(void)pthread_mutex_lock(&stream->lock);
	opener->next = stream->first;
	opener->link = &stream->first;
	if (opener->next)
		opener->next->link = &opener->next;
	stream->first = opener;
	(void)pthread_mutex_unlock(&stream->lock);
	fi->nonseekable = 1;
	return tw_emu_open_own(emu, TW_EMU_INO_EVENTS, opener, release_opener, fi);
}

/* ---- read ---- */

/* The program got a signal: the read ends. Called with libfuse's lock of the request. */
static void on_interrupt(struct fuse_req *req, void *data)
{
	struct tw_emu_opener *opener = data;
	struct tw_emu_stream *stream = &opener->emu->stream;
	struct waiting **link, *waiting;

	(void)pthread_mutex_lock(&stream->lock);
	for (link = &opener->first; (waiting = *link); link = &waiting->next)
		if (waiting->req == req)
			break;
	if (waiting) {
		*link = waiting->next;
		tw_emu_reply(req, -EINTR);
	}
	(void)pthread_mutex_unlock(&stream->lock);
	free(waiting);
}

static void put_aside(struct tw_emu_opener *opener, struct fuse_req *req, size_t size)
{
	struct waiting *waiting = NULL;

	if (fuse_req_interrupted(req)) { /* before it could be found in the list */
		tw_emu_reply(req, -EINTR);
		return;
	}
	waiting = malloc(sizeof(*waiting));
	if (!waiting) {
		tw_emu_reply(req, -ENOMEM);
		return;
	}
	*waiting = (struct waiting){opener->first, req, size};
	opener->first = waiting;
}

void tw_emu_events_answer(struct fuse_req *req, size_t size, struct fuse_file_info *fi)
{
	struct tw_emu_opener *opener = tw_emu_file_of(fi)->own;
	struct tw_emu_stream *stream = &opener->emu->stream;
	bool waits = !(fi->flags & O_NONBLOCK);

	fuse_req_interrupt_func(req, on_interrupt, opener);
	(void)pthread_mutex_lock(&stream->lock);
	if (!try_answer(opener, req, size, waits))
		put_aside(opener, req, size);
	(void)pthread_mutex_unlock(&stream->lock);
}

/* ---- poll ---- */

static unsigned poll_events(struct tw_emu_opener *opener, struct fuse_pollhandle *handle)
{
	struct tw_emu_stream *stream = &opener->emu->stream;
	unsigned ready;

	(void)pthread_mutex_lock(&stream->lock);
	ready = tw_emu_events_is_readable(&opener->emu->events, &opener->place)
			? POLLIN | POLLRDNORM
			: 0;
	if (handle) {
		if (opener->poll)
			fuse_pollhandle_destroy(opener->poll);
		opener->poll = handle;
	}
	(void)pthread_mutex_unlock(&stream->lock);
	return ready;
}

/* All other files are always ready, as files are. */
void tw_emu_op_poll(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi,
	struct fuse_pollhandle *handle)
{
	unsigned ready = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	if (ino == TW_EMU_INO_EVENTS)
		ready = poll_events(tw_emu_file_of(fi)->own, handle);
	else if (handle)
		fuse_pollhandle_destroy(handle);
	(void)fuse_reply_poll(req, ready);
}
