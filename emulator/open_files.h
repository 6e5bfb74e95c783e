/* SPDX-License-Identifier: MIT */
/*
 * open_files.h - the open files of the trees, so that a restart knows whose
 * content the kernel may still hold, and a close which boot it belongs to.
 *
 * Threads   all calls may run at once.
 */
#ifndef TW_EMULATOR_OPEN_FILES_H
#define TW_EMULATOR_OPEN_FILES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One open file; all but the links never changes. */
struct tw_emu_file {
	struct tw_emu_file *next, **link;
	uint64_t ino;  /* as the kernel knows it */
	uint64_t boot; /* in which it was opened */
	bool writable;
};

struct tw_emu_files {
	pthread_mutex_t lock; /* guards the list */
	struct tw_emu_file *first;
};

void tw_emu_files_init(struct tw_emu_files *files);
void tw_emu_files_release(struct tw_emu_files *files);

/* Adds an open file. NULL: out of memory. */
struct tw_emu_file *tw_emu_files_add(struct tw_emu_files *files, uint64_t ino, uint64_t boot,
	bool writable);

/* Removes and frees it. */
void tw_emu_files_remove(struct tw_emu_files *files, struct tw_emu_file *file);

/* The numbers of all open files; free() them. 0 or -ENOMEM. */
int tw_emu_files_inos(struct tw_emu_files *files, uint64_t **ret_inos, size_t *ret_count);

#endif
