/* SPDX-License-Identifier: MIT */
/*
 * file.h - host files, whole: read all of one, or replace one so that it
 * appears complete or not at all.
 */
#ifndef TW_BASE_FILE_H
#define TW_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads the file @path, of at most @limit bytes, into memory of its own with a
 * NUL behind it. Returns 0, -EFBIG, -ENOMEM or another errno.
 */
int tw_file_read(const char *path, size_t limit, char **ret_data, size_t *ret_len);

/*
 * The same of a file that nobody named: it only lies where ours would. Not
 * followed when it is a symbolic link (-ELOOP), nor waited for when it is a FIFO or
 * the like (-EINVAL): anybody may have put it there.
 */
int tw_file_read_found(const char *path, size_t limit, char **ret_data, size_t *ret_len);

enum {
	TW_FILE_NEW = 1u << 0, /* fail with -EEXIST instead of replacing */
};

/*
 * Writes @len bytes to @path by way of a temporary file beside it, fsync and
 * rename. Returns 0 or a negative errno; on failure @path is as before.
 */
int tw_file_write(const char *path, const void *data, size_t len, unsigned mode, unsigned flags);

/* Writes all of @len bytes to @fd. 0 or a negative errno. */
int tw_write_all(int fd, const void *data, size_t len);

/* fsyncs the directory that holds @path, so that a rename in it lasts. 0 or a negative errno. */
int tw_fsync_parent(const char *path);

#endif
