/* SPDX-License-Identifier: MIT */
/*
 * command_file.c - commands as text, with an answer on the same descriptor.
 *
 * A call that fails has a number for its program; the sentence for people waits
 * to be read, as "error: ...".
 */
#include "command_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct tw_emu_command_file {
	struct tw_emu *emu;
	const struct tw_emu_commands *commands;
	pthread_mutex_t lock; /* guards all below; power is locked after it */
	char *answer;         /* NULL: nothing was asked */
	size_t len, told;
};

struct tw_emu_command_file *tw_emu_command_file_new(struct tw_emu *emu,
	const struct tw_emu_commands *commands)
{
	struct tw_emu_command_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->emu = emu;
	file->commands = commands;
	(void)pthread_mutex_init(&file->lock, NULL);
	return file;
}

void tw_emu_command_file_free(void *data)
{
	struct tw_emu_command_file *file = data;

	if (file->commands->closed)
		file->commands->closed(file->emu, file);
	(void)pthread_mutex_destroy(&file->lock);
	free(file->answer);
	free(file);
}

/* A stream whose bytes become the new answer. NULL: out of memory. */
static FILE *begin_answer(struct tw_emu_command_file *file)
{
	free(file->answer);
	file->answer = NULL;
	file->len = file->told = 0;
	return open_memstream(&file->answer, &file->len);
}

/* 0 or -ENOMEM: there is no answer then. */
static int end_answer(struct tw_emu_command_file *file, FILE *stream)
{
	bool is_whole = !ferror(stream);

	if (fclose(stream) == 0 && is_whole)
		return 0;
	free(file->answer);
	file->answer = NULL;
	return -ENOMEM;
}

static int run(struct tw_emu_command_file *file, char *text)
{
	struct twinfs_error err = {0};
	FILE *answer = begin_answer(file);
	int rc, ended;

	if (!answer)
		return -ENOMEM;
	rc = file->commands->run(file->emu, file, text, answer, &err);
	ended = end_answer(file, answer);
	if (rc == 0)
		return ended;
	free(file->answer);
	if (asprintf(&file->answer, "error: %s%s%s\n", err.file, *err.file ? ": " : "",
		    *err.text ? err.text : twinfs_strerror(rc)) < 0)
		file->answer = NULL;
	file->len = file->answer ? strlen(file->answer) : 0;
	return rc;
}

int tw_emu_command_file_write(struct tw_emu_command_file *file, const char *data, size_t len)
{
	char *text;
	int rc;

	if (memchr(data, '\0', len))
		return -EINVAL;
	text = strndup(data, len);
	if (!text)
		return -ENOMEM;
	(void)pthread_mutex_lock(&file->lock);
	rc = run(file, text);
	(void)pthread_mutex_unlock(&file->lock);
	free(text);
	return rc;
}

static int list(struct tw_emu_command_file *file)
{
	FILE *stream = begin_answer(file);

	if (!stream)
		return -ENOMEM;
	file->commands->list(file->emu, stream);
	return end_answer(file, stream);
}

ssize_t tw_emu_command_file_read(struct tw_emu_command_file *file, char *buf, size_t len)
{
	int rc = 0;

	(void)pthread_mutex_lock(&file->lock);
	if (!file->answer)
		rc = list(file);
	if (rc == 0) {
		len = len < file->len - file->told ? len : file->len - file->told;
		memcpy(buf, file->answer + file->told, len);
		file->told += len;
	}
	(void)pthread_mutex_unlock(&file->lock);
	return rc < 0 ? rc : (ssize_t)len;
}
