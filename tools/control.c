/* SPDX-License-Identifier: MIT */
/*
 * control.c - opens, writes and reads the files of .twinfs/ of a mount.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tool.h"

static int open_at(int folder, const char *name, int flags)
{
	int fd = openat(folder, name, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int tw_tool_control_open(const char *verb, const char *mount, const char *name, int flags,
	struct tw_tool_control *ret_control)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int folder = -1;
	struct stat attr;
	int fd;

	if (stat(mount, &attr) < 0 && errno != ENOTCONN)
		return tw_tool_error(verb, mount, "%s", tw_tool_host_reason(-errno));
	if (asprintf(&path, "%s/.twinfs", mount) < 0) {
		path = NULL;
		return tw_tool_no_memory(verb);
	}
	folder = open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
	if (folder == -ENOTCONN)
		return tw_tool_error(verb, mount,
			"the daemon of this mount has died; twinfs umount takes it away");
	if (folder < 0)
		return tw_tool_error(verb, mount,
			"is no mounted module; MOUNT is the directory that was given to twinfs "
			"mount");
	fd = open_at(folder, name, flags);
	if (fd < 0)
		return tw_tool_error(verb, mount, ".twinfs/%s: %s", name, tw_tool_host_reason(fd));
	*ret_control = (struct tw_tool_control){verb, mount, fd};
	return 0;
}

void tw_tool_control_close(struct tw_tool_control *control)
{
	if (control->fd >= 0)
		(void)close(control->fd);
	control->fd = -1;
}

/* The sentence that goes with a refusal; "" when there is none. */
static void read_reason(int fd, char *reason, size_t size)
{
	ssize_t got = read(fd, reason, size - 1);
	const char *text = reason;

	reason[got > 0 ? got : 0] = '\0';
	reason[strcspn(reason, "\n")] = '\0';
	if (!strncmp(text, "error: ", 7))
		memmove(reason, text + 7, strlen(text + 7) + 1);
	else
		*reason = '\0';
}

int tw_tool_control_write(const struct tw_tool_control *control, const char *text)
{
	char reason[600];
	ssize_t done = write(control->fd, text, strlen(text));
	int code = done < 0 ? -errno : 0;

	if (!code)
		return 0;
	read_reason(control->fd, reason, sizeof(reason));
	return tw_tool_error(control->verb, control->mount, "%s",
		*reason ? reason : tw_tool_host_reason(code));
}

int tw_tool_control_read(const struct tw_tool_control *control, struct tw_tool_text *text)
{
	char piece[4096];
	ssize_t got;

	while ((got = read(control->fd, piece, sizeof(piece))) > 0)
		if (tw_tool_text_add(text, piece, (size_t)got) < 0)
			return tw_tool_no_memory(control->verb);
	if (got < 0)
		return tw_tool_error(control->verb, control->mount, "%s",
			tw_tool_host_reason(-errno));
	return 0;
}
