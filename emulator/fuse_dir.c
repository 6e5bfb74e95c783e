/* SPDX-License-Identifier: MIT */
/*
 * fuse_dir.c - directories are read from a snapshot of names.
 *
 * The snapshot is taken when reading begins, and again after a rewind; an
 * offset is a position in it, so it stays good while entries come and go.
 * readdirplus looks each name up when it is told: what is gone by then is left
 * out, and what does not fit the buffer is forgotten again.
 */
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "fuse_ops.h"

struct entry {
	uint64_t ino;
	mode_t type;
	size_t name; /* offset into names */
};

struct snapshot {
	struct entry *entries;
	char *names;
	size_t count, room;
	size_t names_len, names_room;
};

struct dir {
	pthread_mutex_t lock; /* guards the snapshot; power is locked under it */
	struct snapshot snapshot;
};

static void snapshot_release(struct snapshot *snapshot)
{
	free(snapshot->entries);
	free(snapshot->names);
	*snapshot = (struct snapshot){0};
}

/* Memory at @where grown to hold @need more behind @have. */
static int grow(void **where, size_t have, size_t *room, size_t need, size_t unit)
{
	size_t want = *room ? *room : 64;
	void *more;

	while (want - have < need)
		want *= 2;
	if (want == *room)
		return 0;
	more = reallocarray(*where, want, unit);
	if (!more)
		return -ENOMEM;
	*where = more;
	*room = want;
	return 0;
}

static int snapshot_add(struct snapshot *snapshot, const char *name, uint64_t ino, mode_t type)
{
	size_t len = strlen(name) + 1;
	void *entries = snapshot->entries, *names = snapshot->names;
	int rc;

	rc = grow(&entries, snapshot->count, &snapshot->room, 1, sizeof(struct entry));
	snapshot->entries = entries;
	if (rc < 0)
		return rc;
	rc = grow(&names, snapshot->names_len, &snapshot->names_room, len, 1);
	snapshot->names = names;
	if (rc < 0)
		return rc;
	memcpy(snapshot->names + snapshot->names_len, name, len);
	snapshot->entries[snapshot->count++] = (struct entry){ino, type, snapshot->names_len};
	snapshot->names_len += len;
	return 0;
}

struct listing {
	struct snapshot *snapshot;
	const struct tw_emu_ref *ref;
};

static int add_listed(void *ctx, const char *name, const struct twinfs_overlay_stat *stat)
{
	const struct listing *listing = ctx;

	return snapshot_add(listing->snapshot, name, tw_emu_ref_ino(listing->ref, stat->stat.ino),
		stat->stat.type == TWINFS_DIR ? S_IFDIR : S_IFREG);
}

static int list_tree(struct tw_emu *emu, uint64_t ino, struct snapshot *snapshot)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	struct listing listing = {snapshot, &ref};
	int rc = tw_emu_enter(emu, ino, &ref);

	return rc < 0 ? rc : twinfs_overlay_list(ref.overlay, ref.ino, add_listed, &listing);
}

static int list_fixed(struct tw_emu *emu, uint64_t ino, struct snapshot *snapshot)
{
	const struct tw_emu_fixed *fixed;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (fixed = tw_emu_fixed_at(i)); i++) {
		/* whoever reads all that is there (grep -r) must not wait for events */
		if (fixed->parent == ino && fixed->ino != TW_EMU_INO_EVENTS &&
			tw_emu_fixed_is_present(emu, fixed))
			rc = snapshot_add(snapshot, fixed->name, fixed->ino, fixed->mode & S_IFMT);
	}
	return rc;
}

static int take_snapshot(struct tw_emu *emu, uint64_t ino, struct snapshot *ret_snapshot)
{
	const struct tw_emu_fixed *fixed = tw_emu_fixed_find(ino);
	/* the overlay does not tell the parent; programs take it from the path */
	uint64_t parent = fixed && fixed->parent ? fixed->parent : TW_EMU_INO_ROOT;
	struct snapshot snapshot = {0};
	int rc = snapshot_add(&snapshot, ".", ino, S_IFDIR);

	if (rc == 0)
		rc = snapshot_add(&snapshot, "..", parent, S_IFDIR);
	if (rc == 0)
		rc = tw_emu_ino_tree(ino) == TW_EMU_NO_TREE ? list_fixed(emu, ino, &snapshot)
							    : list_tree(emu, ino, &snapshot);
	if (rc < 0) {
		snapshot_release(&snapshot);
		return rc;
	}
	snapshot_release(ret_snapshot);
	*ret_snapshot = snapshot;
	return 0;
}

static void release_dir(void *own)
{
	struct dir *dir = own;

	snapshot_release(&dir->snapshot);
	(void)pthread_mutex_destroy(&dir->lock);
	free(dir);
}

void tw_emu_op_opendir(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi)
{
	struct dir *dir = calloc(1, sizeof(*dir));
	int rc;

	if (dir)
		(void)pthread_mutex_init(&dir->lock, NULL);
	rc = tw_emu_open_own(tw_emu_of(req), ino, dir, release_dir, fi);
	tw_emu_reply_own(req, rc, fi);
}

void tw_emu_op_releasedir(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	tw_emu_files_remove(&tw_emu_of(req)->files, tw_emu_file_of(fi));
	tw_emu_reply(req, 0);
}

/* ---- entries into a buffer ---- */

struct filling {
	struct fuse_req *req;
	struct tw_emu *emu;
	uint64_t dir;
	const struct snapshot *snapshot;
	char *buf;
	size_t size, used;
};

/* Whether the entry @at still fitted; the next one has offset @at + 1. */
static bool fill_plain(struct filling *filling, size_t at)
{
	const struct entry *entry = &filling->snapshot->entries[at];
	struct stat attr = {.st_ino = entry->ino, .st_mode = entry->type};
	size_t need;

	need = fuse_add_direntry(filling->req, filling->buf + filling->used,
		filling->size - filling->used, filling->snapshot->names + entry->name, &attr,
		(off_t)at + 1);
	if (need > filling->size - filling->used)
		return false;
	filling->used += need;
	return true;
}

/*
 * Looks up one name for readdirplus; its reference is counted. "." and "..",
 * and what cannot be looked up, are told without: number 0 says so. -ENOENT: gone.
 */
static int look_up(const struct filling *filling, size_t at, const struct tw_emu_ref *ref,
	struct fuse_entry_param *ret_entry)
{
	const struct entry *entry = &filling->snapshot->entries[at];
	const char *name = filling->snapshot->names + entry->name;
	const struct tw_emu_fixed *fixed = tw_emu_fixed_find(entry->ino);
	struct twinfs_overlay_stat stat;
	double timeout;
	int rc;

	*ret_entry = (struct fuse_entry_param){
		.attr = {.st_ino = entry->ino, .st_mode = entry->type},
	};
	if (at < 2)
		return 0;
	if (!ref->overlay) {
		tw_emu_fill_fixed(filling->emu, fixed, ret_entry);
		return 0;
	}
	timeout = tw_emu_cache_name(filling->emu, filling->dir, name);
	rc = twinfs_overlay_lookup(ref->overlay, ref->ino, name, &stat);
	if (rc == 0)
		tw_emu_fill_entry(ref, &stat, timeout, ret_entry);
	return rc == -ENOENT ? rc : 0;
}

static bool fill_plus(struct filling *filling, size_t at, const struct tw_emu_ref *ref)
{
	struct fuse_entry_param entry;
	size_t need, left = filling->size - filling->used;
	size_t name = filling->snapshot->entries[at].name;

	if (look_up(filling, at, ref, &entry) < 0)
		return true;
	need = fuse_add_direntry_plus(filling->req, filling->buf + filling->used, left,
		filling->snapshot->names + name, &entry, (off_t)at + 1);
	if (need > left) {
		if (entry.ino && ref->overlay)
			twinfs_overlay_forget(ref->overlay, tw_emu_ino_overlay(entry.ino), 1);
		return false;
	}
	filling->used += need;
	return true;
}

static int fill(struct filling *filling, size_t off, bool plus)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	size_t count = filling->snapshot->count;
	int rc;

	if (!plus) {
		while (off < count && fill_plain(filling, off))
			off++;
		return 0;
	}
	if (tw_emu_ino_tree(filling->dir) != TW_EMU_NO_TREE) {
		rc = tw_emu_enter(filling->emu, filling->dir, &ref);
		if (rc < 0)
			return rc;
	}
	while (off < count && fill_plus(filling, off, &ref))
		off++;
	return 0;
}

static int read_dir(struct filling *filling, struct dir *dir, size_t off, bool plus)
{
	int rc = 0;

	(void)pthread_mutex_lock(&dir->lock);
	if (!off)
		rc = take_snapshot(filling->emu, filling->dir, &dir->snapshot);
	filling->snapshot = &dir->snapshot;
	if (rc == 0)
		rc = fill(filling, off, plus);
	(void)pthread_mutex_unlock(&dir->lock);
	return rc;
}

static void reply_dir(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi, bool plus)
{
	struct filling filling = {
		.req = req,
		.emu = tw_emu_of(req),
		.dir = ino,
		.buf = malloc(size),
		.size = size,
	};
	int rc = -ENOMEM;

	if (filling.buf)
		rc = read_dir(&filling, tw_emu_file_of(fi)->own, (size_t)off, plus);
	if (rc < 0)
		tw_emu_reply_change(req, rc);
	else
		(void)fuse_reply_buf(req, filling.buf, filling.used);
	free(filling.buf);
}

void tw_emu_op_readdir(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	reply_dir(req, ino, size, off, fi, false);
}

void tw_emu_op_readdirplus(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	reply_dir(req, ino, size, off, fi, true);
}
