/* SPDX-License-Identifier: MIT */
/*
 * rebuild.c - puts objects into a fresh volume; all that the damaged one still reads.
 */
#include "rebuild.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/digest.h"

bool tw_rebuild_has(struct tw_rebuild *rebuild, const char *path, struct twinfs_stat *ret_stat)
{
	uint64_t ino;

	return !twinfs_volume_walk(rebuild->fresh, path, &ino) &&
	       !twinfs_volume_stat(rebuild->fresh, ino, ret_stat);
}

int tw_rebuild_write(struct tw_rebuild *rebuild, uint64_t ino, const void *data, size_t len,
	uint64_t off)
{
	int64_t done = twinfs_volume_write(rebuild->fresh, ino, data, len, off);

	if (done < 0)
		return (int)done;
	tw_digest_add(rebuild->digest, data, len);
	return 0;
}

/* ---- one object ---- */

static int fill_file(struct tw_rebuild *rebuild, const struct tw_rebuild_source *source,
	uint64_t ino)
{
	int rc = twinfs_volume_open(rebuild->fresh, ino);

	if (rc)
		return rc;
	rc = source->copy(rebuild, source->from, ino);
	if (!rc)
		rc = twinfs_volume_sync(rebuild->fresh, ino);
	if (rc)
		twinfs_volume_discard(rebuild->fresh, ino);
	twinfs_volume_close(rebuild->fresh, ino);
	return rc;
}

int tw_rebuild_put(struct tw_rebuild *rebuild, const struct tw_repaired *it,
	const struct tw_rebuild_source *source)
{
	_cleanup_free_ char *parent = strdup(it->shown.path);
	bool is_dir = it->shown.type == TWINFS_DIR;
	struct tw_repaired done = *it;
	uint64_t dir, ino;
	char *name;
	int rc;

	if (!parent)
		return -ENOMEM;
	name = strrchr(parent, '/');
	*name++ = '\0';
	rc = twinfs_volume_walk(rebuild->fresh, parent, &dir);
	if (!rc)
		rc = is_dir ? twinfs_volume_mkdir(rebuild->fresh, dir, name, &ino)
			    : twinfs_volume_create(rebuild->fresh, dir, name, &ino);
	if (rc)
		return rc;
	(void)tw_digest_finish(rebuild->digest); /* of what an earlier failure left */
	rc = is_dir ? 0 : fill_file(rebuild, source, ino);
	if (!rc)
		rc = source->attrs(rebuild, source->from, ino);
	if (rc) {
		/* the failure counts; what cannot be removed either is seen by the last check */
		(void)(is_dir ? twinfs_volume_rmdir(rebuild->fresh, dir, name)
			      : twinfs_volume_unlink(rebuild->fresh, dir, name));
		return rc;
	}
	done.is_there = true;
	done.digest = tw_digest_finish(rebuild->digest);
	return tw_repaired_add(rebuild->list, &done);
}

/* ---- what a mount reads ---- */

struct reading {
	struct tw_rebuild *rebuild;
	uint64_t ino; /* that is written */
	uint64_t off;
	int rc; /* of writing */
};

static int copy_piece(void *ctx, const void *data, size_t len)
{
	struct reading *reading = ctx;

	reading->rc = tw_rebuild_write(reading->rebuild, reading->ino, data, len, reading->off);
	reading->off += len;
	return reading->rc;
}

/* Failures of the damaged volume become -EUCLEAN, whatever they are: the file cannot be read. */
static int copy_kept(struct tw_rebuild *rebuild, const void *from, uint64_t ino)
{
	struct reading reading = {.rebuild = rebuild, .ino = ino};
	const struct twinfs_scan scan = {copy_piece, &reading};
	int rc = twinfs_volume_scan(rebuild->old, *(const uint64_t *)from, &scan);

	if (rc && !reading.rc && rc != -ENOMEM && rc != -ESHUTDOWN)
		rc = -EUCLEAN;
	return rc;
}

static int copy_attrs(struct tw_rebuild *rebuild, const void *from, uint64_t ino)
{
	uint64_t old_ino = *(const uint64_t *)from;
	uint8_t types[256], value[TWINFS_ATTR_MAX];
	int count = twinfs_volume_list_attrs(rebuild->old, old_ino, types);
	int rc = count < 0 ? count : 0;

	for (int i = 0; !rc && i < count; i++) {
		int64_t len = twinfs_volume_get_attr(rebuild->old, old_ino, types[i], value,
			sizeof(value));

		rc = len < 0 ? (int)len
			     : twinfs_volume_set_attr(rebuild->fresh, ino, types[i], value,
				       (size_t)len, 0);
	}
	return rc;
}

/* A directory that is to be read; the root's path is "". */
struct queued {
	char *path;
	uint64_t ino;
};

struct child {
	char *name;
	struct twinfs_stat stat;
};

struct keeper {
	struct tw_rebuild *rebuild;
	struct queued *queue; /* those up to @next are done */
	size_t queue_count, queue_room, next;
	struct child *children; /* of the one in hand */
	size_t child_count, child_room;
};

static int note_child(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct keeper *keeper = ctx;
	int rc = tw_array_grow(&keeper->children, &keeper->child_room, keeper->child_count);
	char *copy = rc ? NULL : strdup(name);

	if (!copy)
		return -ENOMEM;
	keeper->children[keeper->child_count++] = (struct child){copy, *stat};
	return 0;
}

static int enqueue(struct keeper *keeper, const char *path, uint64_t ino)
{
	int rc = tw_array_grow(&keeper->queue, &keeper->queue_room, keeper->queue_count);
	char *copy = rc ? NULL : strdup(path);

	if (!copy)
		return -ENOMEM;
	keeper->queue[keeper->queue_count++] = (struct queued){copy, ino};
	return 0;
}

/* What cannot be read is listed as lost, until something of it is found. */
static int keep_child(struct keeper *keeper, const char *dir, const struct child *child)
{
	const struct tw_rebuild_source source = {copy_kept, copy_attrs, &child->stat.ino};
	_cleanup_free_ char *path = NULL;
	struct tw_repaired it = {
		.shown.type = child->stat.type,
		.shown.size = child->stat.size,
		.shown.fate = TWINFS_FATE_KEPT,
		.shown.sureness = TWINFS_SURE,
	};
	int rc;

	if (asprintf(&path, "%s/%s", dir, child->name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	it.shown.path = path;
	rc = tw_rebuild_put(keeper->rebuild, &it, &source);
	if (!rc)
		return child->stat.type == TWINFS_DIR ? enqueue(keeper, path, child->stat.ino) : 0;
	if (rc != -EUCLEAN && rc != -EBADMSG)
		return rc;
	it.shown.fate = TWINFS_FATE_LOST;
	it.shown.sureness = TWINFS_OVERWRITTEN;
	it.shown.lost_bytes = it.shown.size;
	it.shown.why = "its content cannot be read";
	return tw_repaired_add(keeper->rebuild->list, &it);
}

static int keep_directory(struct keeper *keeper, const char *path, uint64_t ino)
{
	int rc = twinfs_volume_list(keeper->rebuild->old, ino, note_child, keeper);

	/* A damaged directory lists what it can: the rest is for the rescue to find. */
	if (rc == -EUCLEAN || rc == -EBADMSG)
		rc = 0;
	for (size_t i = 0; i < keeper->child_count; i++) {
		if (!rc)
			rc = keep_child(keeper, path, &keeper->children[i]);
		free(keeper->children[i].name);
	}
	keeper->child_count = 0;
	return rc;
}

int tw_rebuild_keep(struct tw_rebuild *rebuild)
{
	struct keeper keeper = {.rebuild = rebuild};
	const uint64_t root = TWINFS_ROOT_INO;
	int rc = copy_attrs(rebuild, &root, root);

	if (rc == -EUCLEAN || rc == -EBADMSG)
		rc = 0; /* the root is damaged */
	if (!rc)
		rc = enqueue(&keeper, "", root);
	while (!rc && keeper.next < keeper.queue_count) {
		const struct queued dir = keeper.queue[keeper.next++];

		rc = keep_directory(&keeper, dir.path, dir.ino);
	}
	for (size_t i = 0; i < keeper.queue_count; i++)
		free(keeper.queue[i].path);
	free(keeper.queue);
	free(keeper.children);
	return rc;
}
