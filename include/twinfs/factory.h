/* SPDX-License-Identifier: MIT */
/*
 * factory.h - makes the partitions of a new module, as the vendor's tool does.
 *
 * The user partition gets the files of a directory and checksum.json; the
 * backup partition gets checksum.json, backup_restore.json and, under usr/,
 * the protected files.
 *
 * Source    the merge rules of the vendor's tool, docs/device-differences.md.
 */
#ifndef TWINFS_FACTORY_H
#define TWINFS_FACTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>
#include <twinfs/profile.h>
#include <twinfs/volume.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_factory_options {
	const struct twinfs_profile *profile;
	const char *user_dir;            /* host directory whose content becomes /usr */
	const char *const *backup_files; /* paths below user_dir to protect */
	size_t backup_count;
	bool backup_all;       /* protect every non-empty regular file */
	uint32_t prog_size;    /* bytes; 0: the profile's */
	uint32_t disk_version; /* TWINFS_LFS_* of both volumes; 0: as the firmware formats them */
	/* Called after each file or directory; may be NULL. @done of @total objects. */
	void (*progress)(void *ctx, const char *path, size_t done, size_t total);
	void *progress_ctx;
	/*
	 * Called for each thing that the vendor's tool lets pass and the module gets
	 * wrong: an empty protected file, names that differ in case only, a table
	 * over 16,384 characters. It is made nevertheless. NULL: these are errors.
	 */
	void (*warn)(void *ctx, const struct twinfs_error *warning);
	void *warn_ctx;
};

/*
 * Makes the file @path: a chip with a partition table and all areas of the
 * profile. It appears whole or not at all.
 *
 * Only regular files and directories can be stored; the directory must hold no
 * checksum.json, which is made here. Paths to protect are those below it
 * ("lib/m.py"). Equal input gives equal bytes.
 *
 * Returns 0, -EEXIST, -ENOENT (a backup file is not in user_dir), -EISDIR (it
 * is a directory), -ENOSPC (the text says which partition and by how much),
 * -EINVAL (what @options->warn would be told; a symbolic link or special file; a
 * profile without the area), -ENOTSUP (the profile's firmware does not mount that littlefs),
 * -EAGAIN (a file changed meanwhile), -ENAMETOOLONG, -EIO, -ENOMEM.
 */
TWINFS_API int twinfs_factory_make_image(const struct twinfs_factory_options *options,
	const char *path, struct twinfs_error *err);

/*
 * Makes customer_fs.bin and customer_backup_fs.bin in the directory @dir,
 * which is made if missing; the files must not exist. Errors as above.
 */
TWINFS_API int twinfs_factory_make_pair(const struct twinfs_factory_options *options,
	const char *dir, struct twinfs_error *err);

/* The two files in memory; @backup is NULL when the module has no such partition. */
struct twinfs_factory_images {
	uint8_t *user, *backup;
	size_t user_len, backup_len; /* bytes */
};

/* Makes the same two in memory; free() both. Errors as above. */
TWINFS_API int twinfs_factory_make_images(const struct twinfs_factory_options *options,
	struct twinfs_factory_images *ret_images, struct twinfs_error *err);

#ifdef __cplusplus
}
#endif
#endif
