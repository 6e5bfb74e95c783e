/* SPDX-License-Identifier: MIT */
/*
 * errno_table.c - one table, so that a code can never reach the kernel by
 * accident: ENOSYS, for one, would make it stop asking for good.
 */
#include "errno_table.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	int code, kernel;
} table[] = {
	/* said otherwise to programs */
	{ESHUTDOWN, EIO}, /* the power is off: to a program, a disk that is gone */
	{EALREADY, EBUSY},

	/* damage: the codes that other file systems of Linux use */
	{EUCLEAN, EUCLEAN},
	{EBADMSG, EBADMSG},
	{EIO, EIO},

	/* as in POSIX */
	{EAGAIN, EAGAIN},
	{EINTR, EINTR},
	{E2BIG, E2BIG},
	{EACCES, EACCES},
	{EBADF, EBADF},
	{EBUSY, EBUSY},
	{EEXIST, EEXIST},
	{EFBIG, EFBIG},
	{EINVAL, EINVAL},
	{EISDIR, EISDIR},
	{ENAMETOOLONG, ENAMETOOLONG},
	{ENODATA, ENODATA},
	{ENOENT, ENOENT},
	{ENOMEM, ENOMEM},
	{ENOSPC, ENOSPC},
	{ENOTDIR, ENOTDIR},
	{ENOTEMPTY, ENOTEMPTY},
	{ENOTSUP, ENOTSUP},
	{EOVERFLOW, EOVERFLOW},
	{EPERM, EPERM},
	{ERANGE, ERANGE},
	{EROFS, EROFS},
	{ESTALE, ESTALE},
	{EXDEV, EXDEV},
};

int tw_emu_errno(int code)
{
	if (code >= 0)
		return 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].code == -code)
			return table[i].kernel;
	}
	return EIO;
}
