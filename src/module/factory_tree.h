/* SPDX-License-Identifier: MIT */
/*
 * factory_tree.h - the host directory a module's files come from, as a list.
 */
#ifndef TW_MODULE_FACTORY_TREE_H
#define TW_MODULE_FACTORY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>

struct tw_tree_entry {
	char *path;    /* below the directory, without a '/' in front */
	uint64_t size; /* bytes when it was looked at; 0 for directories */
	bool is_dir;
	bool in_backup; /* a protected file, or a directory above one */
	uint32_t crc;   /* the device's, of a protected file once it was read */
};

/* All zero but @fd, which is -1, is the tree of nothing. */
struct tw_tree {
	const char *dir; /* as the caller named it; borrowed */
	int fd;
	struct tw_tree_entry *entries; /* sorted by path, so that parents come first */
	size_t count, room;
};

/*
 * Lists everything below @dir. What is neither a regular file nor a directory
 * is an error that names it; nothing outside @dir is ever reached.
 *
 * @tree  to be released in any case
 *
 * Returns 0, -ENOENT, -ENOTDIR, -EINVAL (a special file or symbolic link),
 * -ENAMETOOLONG, -ENOMEM, or an errno of the host.
 */
int tw_tree_scan(const char *dir, struct tw_tree *tree, struct twinfs_error *err);

void tw_tree_release(struct tw_tree *tree);

/* The entry of @path, or NULL. */
struct tw_tree_entry *tw_tree_find(const struct tw_tree *tree, const char *path);

/*
 * Reads the @entry->size bytes of a file; free() @ret_data. A file that has
 * another size by now is an error, and so is one over @limit bytes. Returns 0,
 * -ENOSPC (over the limit), -EAGAIN (it changed), and as scan.
 */
int tw_tree_read(const struct tw_tree *tree, const struct tw_tree_entry *entry, uint64_t limit,
	char **ret_data, struct twinfs_error *err);

/* Says that @path below the directory is wrong; the error's file is its host path. */
int tw_tree_fail(const struct tw_tree *tree, const char *path, int code, const char *text,
	struct twinfs_error *err);

#endif
