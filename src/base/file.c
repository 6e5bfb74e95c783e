/* SPDX-License-Identifier: MIT */
/*
 * file.c - host files, whole.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

static int read_all(int fd, size_t limit, char **ret_data, size_t *ret_len)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0, room = 0;

	for (;;) {
		ssize_t got;

		if (len + 1 >= room) {
			char *more = realloc(data, room = room ? 2 * room : 4096);

			if (!more)
				return -ENOMEM;
			data = more;
		}
		got = read(fd, data + len, room - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
		if (len > limit)
			return -EFBIG;
	}
	data[len] = '\0';
	*ret_data = tw_steal(&data);
	*ret_len = len;
	return 0;
}

int tw_file_read(const char *path, size_t limit, char **ret_data, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_all(fd, limit, ret_data, ret_len);
}

int tw_file_read_found(const char *path, size_t limit, char **ret_data, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat attr;

	if (fd < 0 || fstat(fd, &attr) < 0)
		return -errno;
	return S_ISREG(attr.st_mode) ? read_all(fd, limit, ret_data, ret_len) : -EINVAL;
}

int tw_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t put = write(fd, at, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

int tw_fsync_parent(const char *path)
{
	char copy[PATH_MAX]; /* not allocated: what was made must not fail for that afterwards */
	const size_t size = strlen(path) + 1;
	_cleanup_close_ int fd = -1;

	if (size > sizeof(copy))
		return -ENAMETOOLONG;
	memcpy(copy, path, size);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a directory; their renames last by themselves. */
	if (fsync(fd) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

static int publish(const char *temporary, const char *path, unsigned flags)
{
	if (!(flags & TW_FILE_NEW))
		return rename(temporary, path) < 0 ? -errno : 0;
	if (link(temporary, path) < 0)
		return -errno;
	(void)unlink(temporary); /* a leftover second name harms nothing */
	return 0;
}

int tw_file_write(const char *path, const void *data, size_t len, unsigned mode, unsigned flags)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	int rc;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = tw_write_all(fd, data, len);
	if (!rc && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		rc = -errno;
	if (!rc)
		rc = publish(temporary, path, flags);
	if (rc) {
		(void)unlink(temporary);
		return rc;
	}
	return tw_fsync_parent(path);
}
