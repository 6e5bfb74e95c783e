/* SPDX-License-Identifier: MIT */
/*
 * copy_up.c - gives an object of the lower layer an upper one.
 *
 * A power cut must leave the file as it was or as it is to be. So the copy is
 * made under the name TW_OVERLAY_COPY_NAME in the upper directory of the file,
 * committed whole, and then renamed, which within one directory is one commit.
 * Cut before that, the lower file is still what is seen, and the leftover is
 * hidden until the first change through a later overlay removes it.
 *
 * The content is copied even when the next call cuts the file to nothing. A
 * rewrite on the device keeps the old content until close; an upper file made
 * empty would lose it to a cut in between. The price, one more write of the
 * file, is what restoring it at boot would have cost.
 *
 * A directory that has user attributes gets them under that name as well, and
 * its own name after that: no cut leaves it above without them.
 *
 * A file that was unlinked while open is copied to one that is unlinked, too:
 * it needs no commit, since nobody will find it after a cut.
 */
#include "copy_up.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "layers.h"

#define COPY_PIECE ((size_t)64 << 10) /* bytes copied at once */

/* ---- leftovers ---- */

struct sweep {
	uint64_t *dirs; /* upper directories, in the order they were found */
	size_t count, room;
	bool has_leftover; /* in the one just listed */
};

static int push_dir(struct sweep *sweep, uint64_t ino)
{
	if (sweep->count == sweep->room) {
		size_t room = sweep->room ? sweep->room * 2 : 32;
		uint64_t *dirs = reallocarray(sweep->dirs, room, sizeof(*dirs));

		if (!dirs)
			return -ENOMEM;
		sweep->dirs = dirs;
		sweep->room = room;
	}
	sweep->dirs[sweep->count++] = ino;
	return 0;
}

static int sweep_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct sweep *sweep = ctx;

	if (!strcmp(name, TW_OVERLAY_COPY_NAME))
		sweep->has_leftover = true;
	else if (stat->type == TWINFS_DIR)
		return push_dir(sweep, stat->ino);
	return 0;
}

/* It is a file, or a directory that nothing was put into yet. */
static int drop_leftover(struct twinfs_volume *volume, uint64_t dir)
{
	int rc = twinfs_volume_unlink(volume, dir, TW_OVERLAY_COPY_NAME);

	return rc == -EISDIR ? twinfs_volume_rmdir(volume, dir, TW_OVERLAY_COPY_NAME) : rc;
}

/*
 * Removes the leftovers of all directories, as well as that can be done: one
 * that stays is hidden, and in the way only of removing its directory.
 */
static void sweep_leftovers(struct twinfs_overlay *overlay)
{
	struct sweep sweep = {0};
	int rc = push_dir(&sweep, TWINFS_ROOT_INO);

	for (size_t i = 0; rc != -ENOMEM && i < sweep.count; i++) {
		sweep.has_leftover = false;
		rc = twinfs_volume_list(overlay->upper, sweep.dirs[i], sweep_entry, &sweep);
		if (sweep.has_leftover)
			(void)drop_leftover(overlay->upper, sweep.dirs[i]);
	}
	overlay->is_swept = rc != -ENOMEM;
	free(sweep.dirs);
}

int tw_overlay_begin_change(struct twinfs_overlay *overlay)
{
	int rc = overlay->upper ? twinfs_volume_repair(overlay->upper) : -EROFS;

	if (!rc && overlay->lower && !overlay->is_swept)
		sweep_leftovers(overlay);
	return rc;
}

/* ---- attributes ---- */

/* The object @to of the upper volume gets those of @from of the lower one that it has room for. */
static int copy_attrs(const struct twinfs_overlay *overlay, uint64_t from, uint64_t to)
{
	uint8_t types[256], value[TWINFS_ATTR_MAX];
	int count = overlay->attr_max ? twinfs_volume_list_attrs(overlay->lower, from, types) : 0;

	for (int i = 0; i < count; i++) {
		int64_t len = twinfs_volume_get_attr(overlay->lower, from, types[i], value,
			sizeof(value));
		int rc;

		if (len < 0)
			return (int)len;
		if (len > overlay->attr_max)
			continue;
		rc = twinfs_volume_set_attr(overlay->upper, to, types[i], value, (size_t)len, 0);
		if (rc)
			return rc;
	}
	return count < 0 ? count : 0;
}

/* ---- directories ---- */

/* A new directory under the name that nobody looks at. */
static int make_hidden_dir(struct twinfs_overlay *overlay, uint64_t parent, uint64_t *ret_ino)
{
	int rc = twinfs_volume_mkdir(overlay->upper, parent, TW_OVERLAY_COPY_NAME, ret_ino);

	if (rc == -EEXIST) {
		rc = drop_leftover(overlay->upper, parent);
		if (!rc)
			rc = twinfs_volume_mkdir(overlay->upper, parent, TW_OVERLAY_COPY_NAME,
				ret_ino);
	}
	return rc;
}

static int make_dir_with_attrs(struct twinfs_overlay *overlay, const struct tw_overlay_node *dir,
	uint64_t *ret_ino)
{
	uint64_t parent = dir->parent->upper;
	int rc = make_hidden_dir(overlay, parent, ret_ino);

	if (rc)
		return rc;
	rc = copy_attrs(overlay, dir->lower, *ret_ino);
	if (!rc)
		rc = twinfs_volume_rename(overlay->upper, parent, TW_OVERLAY_COPY_NAME, parent,
			dir->name, 0);
	if (rc && drop_leftover(overlay->upper, parent))
		overlay->is_swept = false;
	return rc;
}

static int make_dir(struct twinfs_overlay *overlay, const struct tw_overlay_node *dir,
	uint64_t *ret_ino)
{
	uint8_t types[256];
	int count =
		overlay->attr_max ? twinfs_volume_list_attrs(overlay->lower, dir->lower, types) : 0;

	if (count < 0)
		return count;
	if (count)
		return make_dir_with_attrs(overlay, dir, ret_ino);
	return twinfs_volume_mkdir(overlay->upper, dir->parent->upper, dir->name, ret_ino);
}

static int make_one(struct twinfs_overlay *overlay, struct tw_overlay_node *dir)
{
	struct twinfs_overlay_stat stat;
	uint64_t upper;
	int rc = tw_overlay_stat_node(overlay, dir, &stat);

	if (!rc)
		rc = make_dir(overlay, dir, &upper);
	if (rc)
		return rc;
	(void)twinfs_volume_set_mtime(overlay->upper, upper, stat.stat.mtime_ns);
	dir->upper = upper;
	dir->mtime_ns = 0;
	return 0;
}

int tw_overlay_make_upper(struct twinfs_overlay *overlay, struct tw_overlay_node *dir)
{
	int rc = 0;

	while (!rc && !dir->upper) {
		struct tw_overlay_node *top = dir;

		while (!top->parent->upper)
			top = top->parent;
		rc = make_one(overlay, top);
	}
	return rc;
}

/* ---- files ---- */

struct copy {
	const struct twinfs_overlay *overlay;
	struct twinfs_volume *from_volume, *to_volume;
	uint64_t from, to; /* numbers of the two files */
	uint64_t dir;      /* upper directory that the copy is made in */
	int64_t mtime_ns;  /* of the file when it began */
	bool is_anonymous; /* the copy needs no name */
	bool has_name;     /* the copy is in the directory now */
	bool is_open;      /* the copy is pinned */
};

static int write_view(const struct copy *copy, const struct twinfs_view *view, uint64_t off)
{
	for (size_t i = 0; i < view->count; i++) {
		int64_t done = twinfs_volume_write(copy->to_volume, copy->to, view->iov[i].iov_base,
			view->iov[i].iov_len, off);

		if (done < 0)
			return (int)done;
		off += view->iov[i].iov_len;
	}
	return 0;
}

static int copy_content(const struct copy *copy)
{
	uint64_t off = 0;
	size_t len;
	int rc;

	do {
		struct twinfs_view view;

		rc = twinfs_volume_view(copy->from_volume, copy->from, COPY_PIECE, off, &view);
		if (rc)
			return rc;
		len = view.len;
		rc = write_view(copy, &view, off);
		twinfs_volume_release_view(copy->from_volume, &view);
		off += len;
	} while (!rc && len);
	return rc;
}

static int make_file(struct copy *copy)
{
	int rc = twinfs_volume_create(copy->to_volume, copy->dir, TW_OVERLAY_COPY_NAME, &copy->to);

	if (rc == -EEXIST) { /* a leftover that could not be removed before */
		rc = drop_leftover(copy->to_volume, copy->dir);
		if (!rc)
			rc = twinfs_volume_create(copy->to_volume, copy->dir, TW_OVERLAY_COPY_NAME,
				&copy->to);
	}
	copy->has_name = !rc;
	if (!rc)
		rc = twinfs_volume_open(copy->to_volume, copy->to);
	copy->is_open = !rc;
	return rc;
}

static int drop_name(struct copy *copy)
{
	int rc = twinfs_volume_unlink(copy->to_volume, copy->dir, TW_OVERLAY_COPY_NAME);

	copy->has_name = rc != 0;
	return rc;
}

/* The whole work on content; the copy is pinned afterwards. */
static int fill(struct copy *copy)
{
	int rc = make_file(copy);

	if (!rc && !copy->is_anonymous)
		rc = copy_attrs(copy->overlay, copy->from, copy->to);
	if (!rc && copy->is_anonymous)
		rc = drop_name(copy);
	if (!rc)
		rc = twinfs_volume_open(copy->from_volume, copy->from);
	if (rc)
		return rc;
	rc = copy_content(copy);
	twinfs_volume_close(copy->from_volume, copy->from);
	(void)twinfs_volume_set_mtime(copy->to_volume, copy->to, copy->mtime_ns);
	return rc || copy->is_anonymous ? rc : twinfs_volume_sync(copy->to_volume, copy->to);
}

static int begin(struct twinfs_overlay *overlay, struct tw_overlay_node *node,
	struct copy *ret_copy)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *dir = node->is_removed ? overlay->root : node->parent;
	struct twinfs_overlay_stat stat = {0};
	int rc = tw_overlay_stat_node(overlay, node, &stat);

	(void)guard;
	if (!rc)
		rc = tw_overlay_make_upper(overlay, dir);
	*ret_copy = (struct copy){
		.overlay = overlay,
		.from_volume = overlay->lower,
		.to_volume = overlay->upper,
		.from = node->lower,
		.dir = dir->upper,
		.mtime_ns = stat.stat.mtime_ns,
		.is_anonymous = node->is_removed,
	};
	return rc;
}

/* Makes the copy what is seen, and hands it the pin of the open handles. */
static int publish(struct twinfs_overlay *overlay, struct tw_overlay_node *node, struct copy *copy)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct twinfs_overlay_stat stat;
	int rc = tw_overlay_stat_node(overlay, node, &stat);

	(void)guard;
	if (!rc && !copy->is_anonymous)
		rc = twinfs_volume_rename(copy->to_volume, copy->dir, TW_OVERLAY_COPY_NAME,
			copy->dir, node->name, 0);
	if (rc)
		return rc;
	(void)twinfs_volume_set_mtime(copy->to_volume, copy->to, stat.stat.mtime_ns);
	if (node->opens)
		twinfs_volume_close(copy->from_volume, copy->from);
	else
		twinfs_volume_close(copy->to_volume, copy->to);
	node->upper = copy->to;
	node->lower = 0;
	node->mtime_ns = 0;
	return 0;
}

int tw_overlay_copy_up(struct twinfs_overlay *overlay, struct tw_overlay_node *node)
{
	struct copy copy;
	int rc;

	if (node->upper)
		return 0;
	rc = begin(overlay, node, &copy);
	if (!rc)
		rc = fill(&copy);
	if (!rc)
		rc = publish(overlay, node, &copy);
	if (!rc)
		return 0;
	if (copy.is_open)
		twinfs_volume_close(copy.to_volume, copy.to);
	if (copy.has_name && drop_name(&copy))
		overlay->is_swept = false;
	return rc;
}
