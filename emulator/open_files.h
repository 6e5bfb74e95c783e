/* SPDX-License-Identifier: MIT */
/*
 * open_files.h - everything that is open: a restart learns whose content the
 * kernel may still hold, and nothing is left when the mount is cut off from its
 * users.
 *
 * Threads   all calls may run at once.
 */
#ifndef TW_EMULATOR_OPEN_FILES_H
#define TW_EMULATOR_OPEN_FILES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One open file or directory; what is not atomic, or a link, never changes. */
struct tw_emu_file {
	struct tw_emu_file *next, **link;
	uint64_t ino;          /* as the kernel knows it */
	bool writable;         /* files of the trees */
	atomic_bool is_spoilt; /* its last write failed: nothing of it is to be committed */
	void *own;             /* of others: what this opener has to himself, else NULL */
	void (*release)(void *own);
};

struct tw_emu_files {
	pthread_mutex_t lock; /* guards the list */
	struct tw_emu_file *first;
};

void tw_emu_files_init(struct tw_emu_files *files);
void tw_emu_files_release(struct tw_emu_files *files);

/* Adds a copy of @file; its links need not be set. NULL: out of memory. */
struct tw_emu_file *tw_emu_files_add(struct tw_emu_files *files, const struct tw_emu_file *file);

/* Removes and frees it, with what is its own. */
void tw_emu_files_remove(struct tw_emu_files *files, struct tw_emu_file *file);

/* Whether somebody has the file @ino open for writing. */
bool tw_emu_files_is_written(struct tw_emu_files *files, uint64_t ino);

/* The numbers of all open files of the trees; free() them. 0 or -ENOMEM. */
int tw_emu_files_inos(struct tw_emu_files *files, uint64_t **ret_inos, size_t *ret_count);

#endif
