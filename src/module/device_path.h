/* SPDX-License-Identifier: MIT */
/*
 * device_path.h - how the firmware's file layer finds the volume of a path.
 *
 * The working directory during boot is "/", where nothing is mounted but
 * "/usr" and "/bak".
 */
#ifndef TW_MODULE_DEVICE_PATH_H
#define TW_MODULE_DEVICE_PATH_H

#include <stdbool.h>

enum tw_mount {
	TW_MOUNT_NONE, /* below no mount point: error 19 */
	TW_MOUNT_ROOT, /* "" or "/": error 1 */
	TW_MOUNT_USER,
	TW_MOUNT_BACKUP,
};

/*
 * Finds the mount of @path. @ret_inner, only set for a volume, is the path
 * inside it, a part of @path that starts with '/', or "/".
 */
enum tw_mount tw_device_path_mount(const char *path, const char **ret_inner);

/*
 * Resolves a path inside a volume textually, as littlefs does: repeated
 * separators and "." vanish, ".." takes away the component before it and
 * stops at the root.
 *
 * @ret_clean     "a/b", or "" for the root; free() it
 * @ret_trailing  a separator follows the last component
 *
 * Returns 0 or -ENOMEM.
 */
int tw_device_path_clean(const char *inner, char **ret_clean, bool *ret_trailing);

/*
 * What the firmware takes for the directory of @path: all before the last
 * '/', "/" when that is the first byte, "" when there is none. free() it;
 * NULL: out of memory.
 */
char *tw_device_path_dirname(const char *path);

#endif
