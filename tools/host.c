/* SPDX-License-Identifier: MIT */
/*
 * host.c - writing trees to the host without leaving the directory named.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Another process may have taken a name; that many in a row it has not. */
#define TEMP_TRIES 1000

bool tw_tool_host_name_is_safe(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..");
}

int tw_tool_host_enter(int dir, const char *name)
{
	int fd;

	if (!tw_tool_host_name_is_safe(name))
		return -EINVAL;
	if (mkdirat(dir, name, 0777) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int tw_tool_host_begin(int dir, struct tw_tool_host_file *ret_file)
{
	struct tw_tool_host_file file = {.dir = dir, .fd = -1};

	for (int i = 0; file.fd < 0 && i < TEMP_TRIES; i++) {
		snprintf(file.temp, sizeof(file.temp), ".twinfs-%ld-%d", (long)getpid(), i);
		file.fd = openat(dir, file.temp,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (file.fd < 0 && errno != EEXIST)
			break;
	}
	if (file.fd < 0)
		return -errno;
	*ret_file = file;
	return 0;
}

int tw_tool_host_write(struct tw_tool_host_file *file, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t put = write(file->fd, at, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

int tw_tool_host_set_mtime(const struct tw_tool_host_file *file, int64_t mtime_ns)
{
	struct timespec times[] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = mtime_ns / 1000000000, .tv_nsec = mtime_ns % 1000000000},
	};

	if (times[1].tv_nsec < 0) { /* before 1970 */
		times[1].tv_sec--;
		times[1].tv_nsec += 1000000000;
	}
	return futimens(file->fd, times) < 0 ? -errno : 0;
}

/* Hard links are the portable way not to replace: some file systems lack RENAME_NOREPLACE. */
static int rename_new(const struct tw_tool_host_file *file, const char *name)
{
	if (!renameat2(file->dir, file->temp, file->dir, name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(file->dir, file->temp, file->dir, name, 0) < 0)
		return -errno;
	(void)unlinkat(file->dir, file->temp,
		0); /* the file has its name: a second one is litter */
	return 0;
}

int tw_tool_host_commit(struct tw_tool_host_file *file, const char *name, bool replace)
{
	int code = 0;

	if (!tw_tool_host_name_is_safe(name))
		return -EINVAL;
	if (fsync(file->fd) < 0)
		return -errno;
	if (!replace)
		code = rename_new(file, name);
	else if (renameat(file->dir, file->temp, file->dir, name) < 0)
		code = -errno;
	if (code < 0)
		return code;
	(void)fsync(file->dir); /* the name lasts; where that is not supported, as long as it can */
	(void)close(file->fd);
	file->fd = -1;
	return 0;
}

void tw_tool_host_abandon(struct tw_tool_host_file *file)
{
	if (file->fd < 0)
		return;
	(void)close(file->fd);
	(void)unlinkat(file->dir, file->temp, 0);
	file->fd = -1;
}
