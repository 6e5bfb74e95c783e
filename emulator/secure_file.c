/* SPDX-License-Identifier: MIT */
/*
 * secure_file.c - the transaction of one opener, as a stream in each direction.
 *
 * Offsets do not count, because a shell's descriptor has one offset for both
 * directions; only a write at offset 0 does: it starts over. What was stored
 * or read is wiped as soon as it has served.
 */
#include "secure_file.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX 64u /* bytes of a request's first line, with its newline */
#define DIGITS_MAX 9   /* of a number: far more than any valid one has */
#define ANSWER_MAX (16u + TW_EMU_SECURE_DATA_MAX)

enum state {
	IDLE,     /* nothing asked, nothing told */
	FILLING,  /* part of a request is here */
	ANSWERED, /* an answer is here, from @told on not read yet */
};

struct tw_emu_secure_file {
	pthread_mutex_t lock; /* guards all below; power is locked before, SecureData's own after */
	enum state state;
	size_t have;         /* bytes of the request */
	size_t told, answer; /* bytes of the answer: read so far, in all */
	char request[HEADER_MAX + TW_EMU_SECURE_DATA_MAX];
	char reply[ANSWER_MAX];
};

struct request {
	bool stores;
	int64_t index, len;
	size_t data; /* where the bytes to store begin */
};

enum parsed {
	INCOMPLETE,
	MALFORMED,
	COMPLETE,
};

struct tw_emu_secure_file *tw_emu_secure_file_new(void)
{
	struct tw_emu_secure_file *file = calloc(1, sizeof(*file));

	if (file)
		(void)pthread_mutex_init(&file->lock, NULL);
	return file;
}

void tw_emu_secure_file_free(struct tw_emu_secure_file *file)
{
	if (!file)
		return;
	(void)pthread_mutex_destroy(&file->lock);
	explicit_bzero(file, sizeof(*file));
	free(file);
}

static void start_over(struct tw_emu_secure_file *file)
{
	explicit_bzero(file->request, sizeof(file->request));
	explicit_bzero(file->reply, sizeof(file->reply));
	file->state = IDLE;
	file->have = file->told = file->answer = 0;
}

/* Reads a decimal number at *@at, followed by @end, and moves *@at behind both. */
static bool read_number(const char **at, char end, int64_t *ret_value)
{
	const char *c = *at;
	bool negative = *c == '-';
	int64_t value = 0;
	int digits = 0;

	for (c += negative; isdigit((unsigned char)*c); c++) {
		if (++digits > DIGITS_MAX)
			return false;
		value = value * 10 + (*c - '0');
	}
	if (!digits || *c != end)
		return false;
	*ret_value = negative ? -value : value;
	*at = c + 1;
	return true;
}

/* Decodes the first line, which ends with a newline: "STORE <index> <len>" or "READ ...". */
static bool parse_header(const char *line, struct request *ret_request)
{
	struct request request = {0};

	if (!strncmp(line, "STORE ", 6)) {
		request.stores = true;
		line += 6;
	} else if (!strncmp(line, "READ ", 5)) {
		line += 5;
	} else {
		return false;
	}
	if (!read_number(&line, ' ', &request.index) || !read_number(&line, '\n', &request.len))
		return false;
	if (request.len < 0 || request.len > TW_EMU_SECURE_DATA_MAX)
		return false;
	*ret_request = request;
	return true;
}

static enum parsed parse(const struct tw_emu_secure_file *file, struct request *ret_request)
{
	const char *newline = memchr(file->request, '\n', file->have);
	size_t header, want;

	if (!newline)
		return file->have < HEADER_MAX ? INCOMPLETE : MALFORMED;
	header = (size_t)(newline - file->request) + 1;
	if (header > HEADER_MAX || !parse_header(file->request, ret_request))
		return MALFORMED;
	ret_request->data = header;
	want = header + (ret_request->stores ? (size_t)ret_request->len : 0);
	if (file->have == want)
		return COMPLETE;
	return file->have < want ? INCOMPLETE : MALFORMED;
}

/* Puts "<code>\n" and @len bytes of @data where the reader finds them. */
static void answer(struct tw_emu_secure_file *file, int code, const void *data, size_t len)
{
	int head = snprintf(file->reply, sizeof(file->reply), "%d\n", code);

	explicit_bzero(file->request, sizeof(file->request));
	memcpy(file->reply + head, data, len);
	file->have = file->told = 0;
	file->answer = (size_t)head + len;
	file->state = ANSWERED;
}

static void run(struct tw_emu_secure_file *file, struct twinfs_secure *secure,
	const struct request *request)
{
	char data[TW_EMU_SECURE_DATA_MAX];
	int code;

	if (request->stores) {
		code = twinfs_secure_store(secure, request->index, file->request + request->data,
			request->len);
		answer(file, code, "", 0);
		return;
	}
	code = twinfs_secure_read(secure, request->index, data, request->len);
	answer(file, code, data, code > 0 ? (size_t)code : 0);
	explicit_bzero(data, sizeof(data));
}

static int64_t write_locked(struct tw_emu_secure_file *file, struct twinfs_secure *secure,
	const void *data, size_t len, uint64_t off)
{
	struct request request;

	if (file->state == ANSWERED && !file->told && off)
		return -EBUSY;
	if (file->state != FILLING || !off)
		start_over(file);
	file->state = FILLING;
	if (len > sizeof(file->request) - file->have) {
		answer(file, TWINFS_SECURE_BAD, "", 0);
		return (int64_t)len;
	}
	memcpy(file->request + file->have, data, len);
	file->have += len;

	switch (parse(file, &request)) {
	case INCOMPLETE:
		break;
	case MALFORMED:
		answer(file, TWINFS_SECURE_BAD, "", 0);
		break;
	case COMPLETE:
		run(file, secure, &request);
		break;
	}
	return (int64_t)len;
}

int64_t tw_emu_secure_file_write(struct tw_emu_secure_file *file, struct twinfs_secure *secure,
	const void *data, size_t len, uint64_t off)
{
	int64_t rc;

	(void)pthread_mutex_lock(&file->lock);
	rc = write_locked(file, secure, data, len, off);
	(void)pthread_mutex_unlock(&file->lock);
	return rc;
}

/* The slots as text, for people and scripts; what they hold is not said. */
static void list(struct tw_emu_secure_file *file, struct twinfs_secure *secure)
{
	struct twinfs_secure_slot slots[TWINFS_SECURE_SLOTS];
	size_t at = (size_t)snprintf(file->reply, sizeof(file->reply), "# %s %s %s %s\n", "slot",
		"capacity", "length", "generation");

	twinfs_secure_list(secure, slots);
	for (size_t i = 0; i < TWINFS_SECURE_SLOTS; i++) {
		const struct twinfs_secure_slot *slot = &slots[i];
		int len;

		if (slot->stored)
			len = snprintf(file->reply + at, sizeof(file->reply) - at,
				"%6u %8u %6u %10llu\n", slot->index, slot->capacity, slot->length,
				(unsigned long long)slot->generation);
		else
			len = snprintf(file->reply + at, sizeof(file->reply) - at,
				"%6u %8u %6s %10s\n", slot->index, slot->capacity, "-", "-");
		at += (size_t)len; /* 16 lines of at most 52 bytes always fit */
	}
	file->answer = at;
	file->told = 0;
	file->state = ANSWERED;
}

int64_t tw_emu_secure_file_read(struct tw_emu_secure_file *file, struct twinfs_secure *secure,
	void *buf, size_t len)
{
	size_t left;

	(void)pthread_mutex_lock(&file->lock);
	if (file->state == IDLE)
		list(file, secure);
	else if (file->state == FILLING) /* the reader will not wait for the rest */
		answer(file, TWINFS_SECURE_BAD, "", 0);

	left = file->answer - file->told;
	if (len > left)
		len = left;
	memcpy(buf, file->reply + file->told, len);
	file->told += len;
	if (file->told == file->answer)
		explicit_bzero(file->reply, sizeof(file->reply));
	(void)pthread_mutex_unlock(&file->lock);
	return (int64_t)len;
}
