/* SPDX-License-Identifier: MIT */
/*
 * refuse.c - the functions that the linker puts in front of the host's.
 */
#include "refuse.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>

static struct {
	const char *call; /* NULL: none */
	unsigned left;
	int error;
} refusal;

void refuse(const char *call, unsigned nth, int error)
{
	refusal.call = call;
	refusal.left = nth;
	refusal.error = error;
}

bool refuse_end(void)
{
	bool was = refusal.call && !refusal.left;

	refusal.call = NULL;
	refusal.left = 0;
	return was;
}

static bool refuses(const char *call)
{
	size_t len = refusal.call ? strlen(refusal.call) : 0;

	/* "mmap" is linked as "mmap64" */
	if (!refusal.left || strncmp(refusal.call, call, len) != 0 ||
		(call[len] && strcmp(call + len, "64") != 0) || --refusal.left)
		return false;
	errno = refusal.error;
	return true;
}

/*
 * @args is the list of parameters, @call the same without types. Calls that know offsets are
 * linked under the name of their 64-bit form, which the build asks for (_FILE_OFFSET_BITS).
 */
#define REFUSE(type, failure, name, args, call)                                                    \
	type __real_##name args;                                                                   \
	type __wrap_##name args;                                                                   \
	type __wrap_##name args                                                                    \
	{                                                                                          \
		return refuses(#name) ? failure : __real_##name call;                              \
	}

REFUSE(int, -1, fallocate64, (int fd, int mode, off_t off, off_t len), (fd, mode, off, len))
REFUSE(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
REFUSE(int, -1, flock, (int fd, int operation), (fd, operation))
REFUSE(int, -1, fstat64, (int fd, struct stat *st), (fd, st))
REFUSE(int, -1, fsync, (int fd), (fd))
REFUSE(int, -1, link, (const char *from, const char *to), (from, to))
REFUSE(void *, MAP_FAILED, mmap64, (void *at, size_t len, int prot, int flags, int fd, off_t off),
	(at, len, prot, flags, fd, off))
REFUSE(int, -1, msync, (void *at, size_t len, int flags), (at, len, flags))
REFUSE(ssize_t, -1, read, (int fd, void *buf, size_t len), (fd, buf, len))
REFUSE(int, -1, renameat2,
	(int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
	(from_dir, from, to_dir, to, flags))
REFUSE(ssize_t, -1, write, (int fd, const void *buf, size_t len), (fd, buf, len))
