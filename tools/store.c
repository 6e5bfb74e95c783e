/* SPDX-License-Identifier: MIT */
/*
 * store.c - files of the host, read and written as a whole.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "host.h"
#include "tool.h"

/* The directory that @path names its last component in, opened; or -errno. */
static int open_parent(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd;

	if (!dir)
		return -ENOMEM;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_name = slash ? slash + 1 : path;
	return fd;
}

/* Writes the file @name of @dir; @data NULL: only begins to. */
static int store_in(int dir, const char *name, const void *data, size_t len)
{
	struct tw_tool_host_file file = {.fd = -1};
	int code = tw_tool_host_begin(dir, &file);

	if (code >= 0 && data)
		code = tw_tool_host_write(&file, data, len);
	if (code >= 0 && data)
		code = tw_tool_host_commit(&file, name, true);
	tw_tool_host_abandon(&file);
	return code;
}

static int store(const char *verb, const char *path, const void *data, size_t len)
{
	const char *name = path;
	_cleanup_close_ int dir = open_parent(path, &name);
	int code = dir < 0 ? dir : store_in(dir, name, data, len);

	if (code < 0)
		return tw_tool_error(verb, path, "cannot be written: %s",
			code == -ENOENT ? "its directory does not exist"
					: tw_tool_host_reason(code));
	return 0;
}

int tw_tool_store(const char *verb, const char *path, const void *data, size_t len)
{
	return store(verb, path, data, len);
}

int tw_tool_may_store(const char *verb, const char *path)
{
	return store(verb, path, NULL, 0);
}

int tw_tool_store_like(const char *like, const char *path, const void *data, size_t len,
	bool replace)
{
	_cleanup_free_ char *target = replace ? realpath(path, NULL) : NULL;
	struct tw_tool_host_file file = {.fd = -1};
	const char *name = path;
	_cleanup_close_ int dir = open_parent(target ? target : path, &name);
	struct stat stat_buf;
	int code = dir < 0 ? dir : stat(like, &stat_buf) < 0 ? -errno : 0;

	if (!code)
		code = tw_tool_host_begin(dir, &file);
	/* Only root may give files away: for others the owner is right already, or cannot be. */
	if (!code && fchown(file.fd, stat_buf.st_uid, stat_buf.st_gid) < 0 && errno != EPERM)
		code = -errno;
	if (!code && fchmod(file.fd, stat_buf.st_mode & 0777) < 0)
		code = -errno;
	if (!code)
		code = tw_tool_host_write(&file, data, len);
	if (!code)
		code = tw_tool_host_commit(&file, name, replace);
	tw_tool_host_abandon(&file);
	return code;
}

int tw_tool_load(const char *verb, const char *path, struct tw_tool_text *ret_content)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct tw_tool_text content = {0};
	char piece[1 << 12];
	ssize_t got = fd < 0 ? -1 : 1;
	int code = 0;

	while (got > 0 && !code) {
		got = read(fd, piece, sizeof(piece));
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got >= 0)
			code = tw_tool_text_add(&content, piece, (size_t)got);
	}
	if (got < 0)
		code = -errno;
	if (!code) {
		*ret_content = content;
		return 0;
	}
	tw_tool_text_release(&content);
	return tw_tool_error(verb, path, "%s", tw_tool_host_reason(code));
}
