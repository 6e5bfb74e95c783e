/* SPDX-License-Identifier: MIT */
/*
 * host.h - writing trees to the host without ever leaving the directory that
 * was named.
 *
 * Names come from an image that may be hostile. Every step down is one openat
 * with O_NOFOLLOW of one checked name, so neither "..", nor "/" in a name, nor
 * a symbolic link that already lies there leads out.
 */
#ifndef TW_TOOL_HOST_H
#define TW_TOOL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether @name names an entry of the directory it is used in, and nothing else. */
bool tw_tool_host_name_is_safe(const char *name);

/* Makes the directory @name below @dir unless it is there; opens it. A descriptor, or -errno. */
int tw_tool_host_enter(int dir, const char *name);

/*
 * A file that appears under its name whole or not at all. All zero but @fd -1
 * is none.
 */
struct tw_tool_host_file {
	int dir; /* borrowed */
	int fd;
	char temp[40];
};

/* Begins a file in @dir; nothing is seen but a temporary name. 0 or -errno. */
int tw_tool_host_begin(int dir, struct tw_tool_host_file *ret_file);

/* 0 or -errno; then abandon. */
int tw_tool_host_write(struct tw_tool_host_file *file, const void *data, size_t len);

/* Gives it the time of its original, nanoseconds since 1970. 0 or -errno. */
int tw_tool_host_set_mtime(const struct tw_tool_host_file *file, int64_t mtime_ns);

/*
 * Gives it its name. -EEXIST when there is something of that name already and
 * not @replace; another negative errno when it cannot be done; then abandon.
 */
int tw_tool_host_commit(struct tw_tool_host_file *file, const char *name, bool replace);

/* Removes the temporary file; after a commit, or with none begun, does nothing. */
void tw_tool_host_abandon(struct tw_tool_host_file *file);

#endif
