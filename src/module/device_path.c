/* SPDX-License-Identifier: MIT */
/*
 * device_path.c - how the firmware's file layer finds the volume of a path.
 *
 * It strips exactly one leading slash before it compares mount points, so
 * "//usr/x" is below none. During boot the working directory is the virtual
 * root, so a relative path is looked up among the mount points as well.
 */
#include "device_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool is_below(const char *path, const char *mount, const char **ret_inner)
{
	size_t len = strlen(mount);

	if (strncmp(path, mount, len) || (path[len] && path[len] != '/'))
		return false;
	*ret_inner = path[len] ? path + len : "/";
	return true;
}

enum tw_mount tw_device_path_mount(const char *path, const char **ret_inner)
{
	if (*path == '/')
		path++;
	if (!*path)
		return TW_MOUNT_ROOT;
	if (is_below(path, "usr", ret_inner))
		return TW_MOUNT_USER;
	if (is_below(path, "bak", ret_inner))
		return TW_MOUNT_BACKUP;
	return TW_MOUNT_NONE;
}

/* Takes the last component off the clean path of @len bytes; its new length. */
static size_t drop_last(const char *clean, size_t len)
{
	while (len && clean[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

int tw_device_path_clean(const char *inner, char **ret_clean, bool *ret_trailing)
{
	_cleanup_free_ char *clean = malloc(strlen(inner) + 1);
	size_t len = 0;

	if (!clean)
		return -ENOMEM;
	*ret_trailing = false;
	for (const char *at = inner; *at;) {
		size_t skip = strspn(at, "/"), part = strcspn(at + skip, "/");

		*ret_trailing = !part;
		at += skip;
		if (part == 2 && !memcmp(at, "..", 2)) {
			len = drop_last(clean, len);
		} else if (part && !(part == 1 && *at == '.')) {
			if (len)
				clean[len++] = '/';
			memcpy(clean + len, at, part);
			len += part;
		}
		at += part;
	}
	clean[len] = '\0';
	*ret_clean = tw_steal(&clean);
	return 0;
}

char *tw_device_path_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup("");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}
