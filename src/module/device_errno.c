/* SPDX-License-Identifier: MIT */
/*
 * device_errno.c - the numbers and texts the firmware has for our errors.
 *
 * The firmware's numbers are Linux's, but for the one that littlefs made up.
 */
#include "device_errno.h"

#include <errno.h>
#include <stddef.h>

/* "Corrupt" in littlefs 1, on Linux the number of EBADE. */
#define DEVICE_CORRUPT 52

struct known {
	int number;
	const char *name;
};

/* The storage errors among those that the firmware's interpreter has names for. */
static const struct known known[] = {
	{EPERM, "EPERM"},
	{ENOENT, "ENOENT"},
	{EIO, "EIO"},
	{EBADF, "EBADF"},
	{EAGAIN, "EAGAIN"},
	{ENOMEM, "ENOMEM"},
	{EACCES, "EACCES"},
	{EEXIST, "EEXIST"},
	{ENODEV, "ENODEV"},
	{EISDIR, "EISDIR"},
	{EINVAL, "EINVAL"},
};

int tw_device_errno(int code)
{
	if (code == -EUCLEAN || code == -EBADMSG)
		return DEVICE_CORRUPT;
	return -code;
}

int tw_device_errno_text(struct tw_text *text, int code)
{
	int number = tw_device_errno(code);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].number == number)
			return tw_text_addf(text, "[Errno %d] %s", number, known[i].name);
	return tw_text_addf(text, "%d", number);
}

bool tw_device_is_fatal(int code)
{
	return code == -ESHUTDOWN || code == -ENOMEM || code == -EROFS;
}
