/* SPDX-License-Identifier: MIT */
/*
 * factory_tree.c - lists a host directory, and reads files of it, without
 * ever leaving it.
 *
 * Every path is walked from the directory's descriptor, one name at a time
 * and following no symbolic link, so that somebody who swaps a directory for
 * a link meanwhile gets an error and not a file from elsewhere. The list grows
 * breadth first and is its own queue: no recursion, however deep the tree.
 */
#include "factory_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <twinfs/volume.h>

#include "base/cleanup.h"
#include "base/fail.h"

int tw_tree_fail(const struct tw_tree *tree, const char *path, int code, const char *text,
	struct twinfs_error *err)
{
	_cleanup_free_ char *full = NULL;

	(void)tw_fail(err, TWINFS_P_FACTORY, code, "%s", text);
	if (asprintf(&full, "%s/%s", tree->dir, path) < 0)
		full = NULL;
	return tw_fail_file(err, full ? full : path, code);
}

static int fail_errno(const struct tw_tree *tree, const char *path, int code,
	struct twinfs_error *err)
{
	return tw_tree_fail(tree, path, code, twinfs_strerror(code), err);
}

/* ---- descriptors ---- */

/*
 * Opens @path below @dir_fd. A symbolic link anywhere in it gives -ELOOP or
 * -ENOTDIR; a pipe in place of a file is not waited for. Returns the
 * descriptor or a negative errno.
 */
static int open_below(int dir_fd, const char *path, int flags)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int at = -1;
	char *name = copy, *slash;
	int fd;

	if (!copy)
		return -ENOMEM;
	while ((slash = strchr(name, '/'))) {
		*slash = '\0';
		fd = openat(at < 0 ? dir_fd : at, name,
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		tw_cleanup_close(&at);
		at = fd;
		name = slash + 1;
	}
	fd = openat(at < 0 ? dir_fd : at, *name ? name : ".",
		flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* ---- the list ---- */

/* Takes over @path. */
static int append(struct tw_tree *tree, char *path, const struct stat *stat)
{
	if (tree->count == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 64;
		struct tw_tree_entry *more = reallocarray(tree->entries, room, sizeof(*more));

		if (!more) {
			free(path);
			return -ENOMEM;
		}
		tree->entries = more;
		tree->room = room;
	}
	tree->entries[tree->count++] = (struct tw_tree_entry){
		.path = path,
		.size = S_ISDIR(stat->st_mode) ? 0 : (uint64_t)stat->st_size,
		.is_dir = S_ISDIR(stat->st_mode),
	};
	return 0;
}

static int check_kind(const struct tw_tree *tree, const char *path, const struct stat *stat,
	struct twinfs_error *err)
{
	if (S_ISREG(stat->st_mode) || S_ISDIR(stat->st_mode))
		return 0;
	return tw_tree_fail(tree, path, -EINVAL,
		S_ISLNK(stat->st_mode)
			? "is a symbolic link, which littlefs cannot store"
			: "is neither a file nor a directory, so littlefs cannot store it",
		err);
}

static int add(struct tw_tree *tree, int dir_fd, const char *parent, const char *name,
	struct twinfs_error *err)
{
	_cleanup_free_ char *path = NULL;
	struct stat stat;
	int rc;

	if (asprintf(&path, "%s%s%s", parent, *parent ? "/" : "", name) < 0) {
		path = NULL;
		return fail_errno(tree, name, -ENOMEM, err);
	}
	if (strlen(name) > TWINFS_NAME_MAX)
		return tw_tree_fail(tree, path, -ENAMETOOLONG, "name is longer than 255 bytes",
			err);
	if (fstatat(dir_fd, name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(tree, path, -errno, err);
	rc = check_kind(tree, path, &stat, err);
	if (rc)
		return rc;
	return append(tree, tw_steal(&path), &stat);
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static int scan_one(struct tw_tree *tree, const char *path, struct twinfs_error *err)
{
	_cleanup_(close_dir) DIR *dir = NULL;
	struct dirent *entry;
	int fd = open_below(tree->fd, path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fail_errno(tree, path, fd, err);
	dir = fdopendir(fd);
	if (!dir) {
		int rc = -errno;

		(void)close(fd);
		return fail_errno(tree, path, rc, err);
	}
	while (errno = 0, (entry = readdir(dir))) {
		int rc = is_dot(entry->d_name) ? 0 : add(tree, fd, path, entry->d_name, err);

		if (rc)
			return rc;
	}
	return errno ? fail_errno(tree, path, -errno, err) : 0;
}

static int compare_paths(const void *a, const void *b)
{
	const struct tw_tree_entry *left = a, *right = b;

	return strcmp(left->path, right->path);
}

int tw_tree_scan(const char *dir, struct tw_tree *tree, struct twinfs_error *err)
{
	int rc;

	*tree = (struct tw_tree){.dir = dir, .fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	if (tree->fd < 0) {
		rc = -errno;
		(void)tw_fail(err, TWINFS_P_FACTORY, rc, "%s", twinfs_strerror(rc));
		return tw_fail_file(err, dir, rc);
	}
	rc = scan_one(tree, "", err);
	for (size_t i = 0; !rc && i < tree->count; i++)
		if (tree->entries[i].is_dir)
			rc = scan_one(tree, tree->entries[i].path, err);
	if (!rc && tree->count)
		qsort(tree->entries, tree->count, sizeof(*tree->entries), compare_paths);
	return rc;
}

void tw_tree_release(struct tw_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->entries[i].path);
	free(tree->entries);
	tw_cleanup_close(&tree->fd);
	*tree = (struct tw_tree){.fd = -1};
}

struct tw_tree_entry *tw_tree_find(const struct tw_tree *tree, const char *path)
{
	const struct tw_tree_entry wanted = {.path = (char *)path};

	if (!tree->count)
		return NULL;
	return bsearch(&wanted, tree->entries, tree->count, sizeof(wanted), compare_paths);
}

/* ---- content ---- */

/* Reads to the end of the file, but at most @len bytes; the number, or a negative errno. */
static int64_t read_all(int fd, char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = read(fd, data + done, len - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

int tw_tree_read(const struct tw_tree *tree, const struct tw_tree_entry *entry, uint64_t limit,
	char **ret_data, struct twinfs_error *err)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_close_ int fd = -1;
	int64_t got;

	if (entry->size > limit)
		return tw_tree_fail(tree, entry->path, -ENOSPC, "is larger than its partition",
			err);
	fd = open_below(tree->fd, entry->path, O_RDONLY);
	if (fd < 0)
		return fail_errno(tree, entry->path, fd, err);
	/* One byte more than there should be tells whether the file grew. */
	data = malloc(entry->size + 1);
	if (!data)
		return fail_errno(tree, entry->path, -ENOMEM, err);
	got = read_all(fd, data, entry->size + 1);
	if (got < 0)
		return fail_errno(tree, entry->path, (int)got, err);
	if ((uint64_t)got != entry->size)
		return tw_tree_fail(tree, entry->path, -EAGAIN, "changed while it was read", err);
	*ret_data = tw_steal(&data);
	return 0;
}
