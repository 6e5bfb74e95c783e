/* SPDX-License-Identifier: MIT */
/*
 * anon_file.h - a file in memory that has a path, for readers that take one; and
 * a directory for what is written.
 */
#ifndef TW_TESTS_FUZZ_ANON_FILE_H
#define TW_TESTS_FUZZ_ANON_FILE_H

#include <ftw.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* All zero before its first use; it lives as long as the process. */
struct anon_file {
	int fd;
	char path[40];
};

/* Makes it @size bytes: @data, and zeros behind its @len bytes. */
static inline void anon_file_set(struct anon_file *file, const void *data, size_t len,
	uint64_t size)
{
	if (!file->path[0]) {
		file->fd = memfd_create("fuzz", MFD_CLOEXEC);
		fuzz_hold(file->fd >= 0);
		(void)snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
	}
	fuzz_hold(ftruncate(file->fd, 0) == 0 && ftruncate(file->fd, (off_t)size) == 0);
	fuzz_hold(pwrite(file->fd, data, len, 0) == (ssize_t)len);
}

static inline int anon_remove_one(const char *path, const struct stat *st, int kind,
	struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

/* Removes @path, be it a file or a directory with all that is in it. */
static inline void anon_remove(const char *path)
{
	(void)nftw(path, anon_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static char anon_dir_path[64];

static inline void anon_dir_end(void)
{
	anon_remove(anon_dir_path);
}

/* A directory of this process's own, in memory where the host has such a place. */
static inline const char *anon_dir(void)
{
	if (anon_dir_path[0])
		return anon_dir_path;
	(void)snprintf(anon_dir_path, sizeof(anon_dir_path), "%s/twinfs-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	fuzz_hold(mkdtemp(anon_dir_path));
	(void)atexit(anon_dir_end);
	return anon_dir_path;
}

/* The path of @name in there. */
static inline const char *anon_path(char room[100], const char *name)
{
	(void)snprintf(room, 100, "%s/%s", anon_dir(), name);
	return room;
}

#endif
