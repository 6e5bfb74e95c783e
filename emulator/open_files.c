/* SPDX-License-Identifier: MIT */
/*
 * open_files.c - a list under a lock.
 */
#include "open_files.h"

#include <errno.h>
#include <stdlib.h>

void tw_emu_files_init(struct tw_emu_files *files)
{
	*files = (struct tw_emu_files){0};
	(void)pthread_mutex_init(&files->lock, NULL);
}

void tw_emu_files_release(struct tw_emu_files *files)
{
	while (files->first)
		tw_emu_files_remove(files, files->first);
	(void)pthread_mutex_destroy(&files->lock);
}

struct tw_emu_file *tw_emu_files_add(struct tw_emu_files *files, const struct tw_emu_file *file)
{
	struct tw_emu_file *added = malloc(sizeof(*added));

	if (!added)
		return NULL;
	*added = *file;
	(void)pthread_mutex_lock(&files->lock);
	added->next = files->first;
	added->link = &files->first;
	if (added->next)
		added->next->link = &added->next;
	files->first = added;
	(void)pthread_mutex_unlock(&files->lock);
	return added;
}

void tw_emu_files_remove(struct tw_emu_files *files, struct tw_emu_file *file)
{
	(void)pthread_mutex_lock(&files->lock);
	*file->link = file->next;
	if (file->next)
		file->next->link = file->link;
	(void)pthread_mutex_unlock(&files->lock);
	if (file->own)
		file->release(file->own);
	free(file);
}

bool tw_emu_files_is_written(struct tw_emu_files *files, uint64_t ino)
{
	const struct tw_emu_file *file;

	(void)pthread_mutex_lock(&files->lock);
	for (file = files->first; file; file = file->next)
		if (file->ino == ino && file->writable)
			break;
	(void)pthread_mutex_unlock(&files->lock);
	return file != NULL;
}

int tw_emu_files_inos(struct tw_emu_files *files, uint64_t **ret_inos, size_t *ret_count)
{
	const struct tw_emu_file *file;
	size_t count = 0;
	uint64_t *inos;

	(void)pthread_mutex_lock(&files->lock);
	for (file = files->first; file; file = file->next)
		count++;
	inos = calloc(count + 1, sizeof(*inos)); /* never of size 0, whose result may be NULL */
	count = 0;
	for (file = files->first; inos && file; file = file->next) {
		if (!file->own)
			inos[count++] = file->ino;
	}
	(void)pthread_mutex_unlock(&files->lock);
	if (!inos)
		return -ENOMEM;
	*ret_inos = inos;
	*ret_count = count;
	return 0;
}
