/* SPDX-License-Identifier: MIT */
/*
 * device_vfs.h - the firmware's file calls, on the two volumes at boot.
 *
 * Paths are the device's: "/usr/main.py", "bak/checksum.json". Errors are
 * those of volume.h and, from the layer that picks the volume, -ENODEV (a
 * path below no mount point), -EPERM (the virtual root) and -EACCES
 * (a change below "/bak": the firmware gives back -1 instead of a file).
 * Where a volume is missing, nothing is mounted: -ENODEV.
 */
#ifndef TW_MODULE_DEVICE_VFS_H
#define TW_MODULE_DEVICE_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/boot.h>
#include <twinfs/volume.h>

#include "base/text.h"
#include "module/device_path.h"
#include "module/hash.h"

/* What the firmware reads and writes at once. */
#define TW_DEVICE_READ_SIZE 4096u

/* All borrowed. */
struct tw_device {
	struct twinfs_volume *user, *backup;
	struct twinfs_flash *flash; /* the chip of all that is ever written: the user volume's */
};

struct tw_device_file {
	struct twinfs_volume *volume;
	uint64_t ino;
};

/* Whether stat succeeds: any error counts as missing. 0, or a fatal error (device_errno.h). */
int tw_device_exists(const struct tw_device *device, const char *path, bool *ret_exists);

/* Finds what may be opened: the error is that of opening, but for -EISDIR. */
int tw_device_find(const struct tw_device *device, const char *path,
	struct tw_device_file *ret_file);

/* Opens an existing file for reading; or for update, when the volume repairs itself first. */
int tw_device_open_read(const struct tw_device *device, const char *path,
	struct tw_device_file *ret_file);
int tw_device_open_update(const struct tw_device *device, const char *path,
	struct tw_device_file *ret_file);

/*
 * Opens a file for writing and empties it; a missing one is created, which is
 * on the chip at once. What is written reaches it in tw_device_close().
 */
int tw_device_open_write(const struct tw_device *device, const char *path,
	struct tw_device_file *ret_file);

/* Commits what was written. On failure the file is its old self again. Always closes. */
int tw_device_close(struct tw_device_file *file);

/* Closes without committing. */
void tw_device_drop(struct tw_device_file *file);

/*
 * Appends @from, from its start, to the empty @to. Returns 0 or why @to cannot be
 * written; @ret_unread is 0 or why @from cannot be read, behind what was appended.
 */
int tw_device_copy_content(const struct tw_device_file *from, const struct tw_device_file *to,
	int *ret_unread);

/* Makes @data the content of a file, by way of the calls above. */
int tw_device_replace(const struct tw_device *device, const char *path, const char *data,
	size_t len);

/*
 * Reads at most @limit characters, counted as the firmware counts UTF-8: by
 * first bytes only. @ret_more says whether bytes are left. The text always has
 * a NUL behind it.
 */
int tw_device_read_text(const struct tw_device_file *file, size_t limit, struct tw_text *text,
	bool *ret_more);

/* Makes @dir and the directories above it, as far as they are missing. */
int tw_device_mkdirs(const struct tw_device *device, const char *dir);

int tw_device_rename(const struct tw_device *device, const char *from, const char *to);

/* Removes a file of the user volume; 0 also when there is none. */
int tw_device_remove(const struct tw_device *device, const char *path);

/* Removes a file or an empty directory of the user volume; -ENOENT when there is none. */
int tw_device_delete(const struct tw_device *device, const char *path);

/* Removes a directory of the user volume with all that is in it, in the order on the chip. */
int tw_device_delete_tree(const struct tw_device *device, const char *dir);

/*
 * Hashes a file. One that is missing, empty, a directory or not readable from
 * the start has no hash: @ret_text is NULL and @ret_reason says why. A read
 * error behind the first 4096 bytes gives the hash of the part before it.
 *
 * @ret_text  free() it
 * Returns 0 or a fatal error.
 */
int tw_device_hash(const struct tw_device *device, const char *path, enum tw_hash_kind kind,
	char **ret_text, enum twinfs_reason *ret_reason);

#endif
