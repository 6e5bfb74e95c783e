/* SPDX-License-Identifier: MIT */
/*
 * put_tree.c - copies a file or tree of the host into a volume.
 *
 * Directories wait in a queue instead of on the stack. Entries go in sorted by
 * name, so that equal trees give equal images.
 */
#include "put_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"
#include "tool.h"

#define PIECE (128u << 10)

/* A directory on both sides. */
struct pair {
	char *host, *path;
	uint64_t ino;
};

struct queue {
	struct pair *items;
	size_t count, room;
};

static void release_queue(struct queue *queue)
{
	for (size_t i = 0; i < queue->count; i++) {
		free(queue->items[i].host);
		free(queue->items[i].path);
	}
	free(queue->items);
}

static int no_memory(const struct tw_tool_put *put)
{
	return tw_tool_no_memory(put->session->verb);
}

static int host_error(const struct tw_tool_put *put, const char *host, int code)
{
	return tw_tool_error(put->session->verb, host, "%s", tw_tool_host_reason(code));
}

static int volume_error(const struct tw_tool_put *put, const char *path, int code)
{
	return tw_tool_path_error(put->session, put->target, path, code);
}

/* "@dir/@name", "/@name" for the root. NULL: out of memory. */
static char *join(const char *dir, const char *name)
{
	size_t len = strlen(dir);
	char *path;

	if (asprintf(&path, "%s%s%s", dir, len && dir[len - 1] == '/' ? "" : "/", name) < 0)
		return NULL;
	return path;
}

static void show(const struct tw_tool_put *put, const char *path, bool is_dir)
{
	if (!put->show)
		return;
	fputs("put ", stdout);
	tw_tool_put_name(stdout, put->target->prefix);
	tw_tool_put_name(stdout, path);
	puts(is_dir ? "/" : "");
}

/* ---- one file ---- */

/* Only the volume's errors are negative; @ret_host is the host's. */
static int copy_content(const struct tw_tool_put *put, int in, uint64_t ino, int64_t mtime_ns,
	int *ret_host)
{
	_cleanup_free_ char *piece = malloc(PIECE);
	uint64_t off = 0;
	int code = piece ? twinfs_volume_truncate(put->volume, ino, 0) : -ENOMEM;

	while (code >= 0) {
		ssize_t got = read(in, piece, PIECE);
		int64_t done;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			*ret_host = got < 0 ? -errno : 0;
			break;
		}
		done = twinfs_volume_write(put->volume, ino, piece, (size_t)got, off);
		code = done < 0 ? (int)done : 0;
		off += (uint64_t)got;
	}
	if (code >= 0 && !*ret_host)
		code = twinfs_volume_set_mtime(put->volume, ino, mtime_ns);
	if (code >= 0 && !*ret_host)
		code = twinfs_volume_sync(put->volume, ino);
	return code < 0 ? code : 0;
}

/* Finds the file, or creates it. A new one that cannot be filled is removed again. */
static int open_target(const struct tw_tool_put *put, uint64_t dir, const char *name,
	const char *path, uint64_t *ret_ino, bool *ret_is_new)
{
	struct twinfs_stat stat;
	int code = twinfs_volume_lookup(put->volume, dir, name, ret_ino);

	*ret_is_new = code == -ENOENT;
	if (*ret_is_new)
		code = twinfs_volume_create(put->volume, dir, name, ret_ino);
	else if (code >= 0)
		code = twinfs_volume_stat(put->volume, *ret_ino, &stat);
	if (code >= 0 && !*ret_is_new && stat.type == TWINFS_DIR)
		code = -EISDIR;
	if (code >= 0 && !*ret_is_new && !put->force)
		return tw_tool_error(put->session->verb, put->session->image,
			"'%s%s': exists; --force replaces it", put->target->prefix, path);
	if (code >= 0)
		code = twinfs_volume_open(put->volume, *ret_ino);
	return code < 0 ? volume_error(put, path, code) : 0;
}

/*
 * The volume's time of a file of the host, the nearest that it can have; 0 there
 * means that none is known.
 */
static int64_t mtime_of(const struct stat *stat)
{
	const struct timespec *time = &stat->st_mtim;
	int64_t ns;

	if (__builtin_mul_overflow(time->tv_sec, INT64_C(1000000000), &ns) ||
		__builtin_add_overflow(ns, time->tv_nsec, &ns))
		return time->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns ? ns : 1;
}

static int put_file(const struct tw_tool_put *put, int in, const char *host,
	const struct stat *stat, uint64_t dir, const char *name, const char *path)
{
	int status, code, host_code = 0;
	bool is_new;
	uint64_t ino;

	status = open_target(put, dir, name, path, &ino, &is_new);
	if (status)
		return status;
	code = copy_content(put, in, ino, mtime_of(stat), &host_code);
	if (code < 0 || host_code)
		twinfs_volume_discard(put->volume, ino);
	twinfs_volume_close(put->volume, ino);
	if (code >= 0 && !host_code) {
		show(put, path, false);
		return 0;
	}
	if (is_new)
		(void)twinfs_volume_unlink(put->volume, dir, name); /* the failure before counts */
	return host_code ? host_error(put, host, host_code) : volume_error(put, path, code);
}

/* ---- directories ---- */

static int enter_dir(const struct tw_tool_put *put, uint64_t dir, const char *name,
	const char *path, uint64_t *ret_ino)
{
	struct twinfs_stat stat;
	int code = twinfs_volume_lookup(put->volume, dir, name, ret_ino);

	if (code == -ENOENT) {
		code = twinfs_volume_mkdir(put->volume, dir, name, ret_ino);
		if (code >= 0)
			show(put, path, true);
	} else if (code >= 0) {
		code = twinfs_volume_stat(put->volume, *ret_ino, &stat);
		if (code >= 0 && stat.type != TWINFS_DIR)
			code = -ENOTDIR;
	}
	return code < 0 ? volume_error(put, path, code) : 0;
}

/* Takes over @host and @path on success. */
static int enqueue(struct queue *queue, char *host, char *path, uint64_t ino)
{
	if (queue->count == queue->room) {
		size_t room = queue->room ? 2 * queue->room : 16;
		struct pair *more = reallocarray(queue->items, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		queue->items = more;
		queue->room = room;
	}
	queue->items[queue->count++] = (struct pair){host, path, ino};
	return 0;
}

/* Both strings are ours: handed on to the queue, or freed. */
static int put_object(const struct tw_tool_put *put, struct queue *queue, char *host, char *path,
	uint64_t dir, const char *name, int follow)
{
	_cleanup_close_ int in = -1;
	int status = 0;
	struct stat stat;
	uint64_t ino = dir;

	if (!host || !path)
		status = no_memory(put);
	else if ((in = open(host, O_RDONLY | O_NONBLOCK | O_CLOEXEC | follow)) < 0)
		status = errno == ELOOP && follow ? tw_tool_error(put->session->verb, host,
							    "a symbolic link: littlefs has none")
						  : host_error(put, host, -errno);
	else if (fstat(in, &stat) < 0)
		status = host_error(put, host, -errno);
	else if (S_ISREG(stat.st_mode))
		status = *name ? put_file(put, in, host, &stat, dir, name, path)
			       : host_error(put, host, -ENOTDIR);
	else if (!S_ISDIR(stat.st_mode))
		status = tw_tool_error(put->session->verb, host, "neither a file nor a directory");
	else {
		if (*name)
			status = enter_dir(put, dir, name, path, &ino);
		if (!status && enqueue(queue, host, path, ino) < 0)
			status = no_memory(put);
		else if (!status)
			return 0;
	}
	free(host);
	free(path);
	return status;
}

static int is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int put_children(const struct tw_tool_put *put, struct queue *queue, struct pair dir)
{
	struct dirent **entries = NULL;
	int count = scandir(dir.host, &entries, is_entry, by_bytes);
	int status = 0;

	if (count < 0)
		return host_error(put, dir.host, -errno);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (!status)
			status = put_object(put, queue, join(dir.host, name), join(dir.path, name),
				dir.ino, name, O_NOFOLLOW);
		free(entries[i]);
	}
	free(entries);
	return status;
}

int tw_tool_put_tree(struct tw_tool_put *put, const char *host, uint64_t dir, const char *dir_path,
	const char *name)
{
	__attribute__((cleanup(release_queue))) struct queue queue = {0};
	int status = put_object(put, &queue, strdup(host),
		*name ? join(dir_path, name) : strdup(dir_path), dir, name, 0);

	for (size_t i = 0; !status && i < queue.count; i++)
		status = put_children(put, &queue, queue.items[i]);
	return status;
}
