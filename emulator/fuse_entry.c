/* SPDX-License-Identifier: MIT */
/*
 * fuse_entry.c - names: look up, make, remove, rename.
 *
 * What the kernel is told lasts for ever, also that a name is not there. So
 * every name told about the root of a tree is noted first: the power switch
 * takes back what was said.
 */
#include <errno.h>
#include <fuse_lowlevel.h>
#include <linux/fs.h>

#include "attr.h"
#include "fuse_ops.h"
#include "fuse_worker.h"

void tw_emu_reply_entry(struct fuse_req *req, int rc, const struct fuse_entry_param *entry)
{
	struct tw_emu *emu = tw_emu_of(req);

	if (rc < 0)
		tw_emu_reply_change(req, rc); /* a look-up holds the lock too */
	else if (fuse_reply_entry(req, entry) < 0)
		tw_emu_forget(emu, entry->ino, 1);
}

double tw_emu_cache_name(struct tw_emu *emu, uint64_t parent, const char *name)
{
	enum tw_emu_tree_id tree = tw_emu_ino_tree(parent);
	int rc;

	if (tw_emu_is_uncached(emu, tree))
		return 0;
	if (!tw_emu_is_tree_root(parent))
		return TW_EMU_FOREVER;
	if (emu->options->auto_restarts) /* it boots while requests wait: nothing may be stale */
		return 0;
	rc = tw_emu_names_add(&emu->trees[tree].names, name);
	if (rc > 0)
		tw_emu_worker_shed(emu->worker, tree);
	return rc < 0 ? 0 : TW_EMU_FOREVER;
}

void tw_emu_fill_entry(const struct tw_emu_ref *ref, const struct twinfs_overlay_stat *stat,
	double timeout, struct fuse_entry_param *ret_entry)
{
	struct fuse_entry_param entry = {
		.ino = tw_emu_ref_ino(ref, stat->stat.ino),
		.attr_timeout = timeout,
		.entry_timeout = timeout,
	};

	tw_emu_tree_attr(ref, stat, &entry.attr);
	*ret_entry = entry;
}

void tw_emu_fill_fixed(struct tw_emu *emu, const struct tw_emu_fixed *fixed,
	struct fuse_entry_param *ret_entry)
{
	struct fuse_entry_param entry = {
		.ino = fixed->ino,
		.attr_timeout = TW_EMU_FOREVER,
		.entry_timeout = TW_EMU_FOREVER,
	};

	tw_emu_fixed_attr(emu, fixed, &entry.attr);
	*ret_entry = entry;
}

void tw_emu_touch(const struct tw_emu_ref *ref)
{
	(void)twinfs_overlay_set_mtime(ref->overlay, ref->ino, tw_emu_now_ns());
}

/* ---- look up and forget ---- */

static int lookup_tree(struct tw_emu *emu, uint64_t parent, const char *name,
	struct fuse_entry_param *entry)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	double timeout = tw_emu_cache_name(emu, parent, name);
	struct twinfs_overlay_stat stat;
	int rc = tw_emu_enter(emu, parent, &ref);

	if (rc < 0)
		return rc;
	rc = twinfs_overlay_lookup(ref.overlay, ref.ino, name, &stat);
	if (rc == 0)
		tw_emu_fill_entry(&ref, &stat, timeout, entry);
	else if (rc == -ENOENT) /* number 0: it is not there, and that may be cached */
		*entry = (struct fuse_entry_param){.entry_timeout = timeout};
	return rc == -ENOENT ? 0 : rc;
}

static void lookup_fixed(struct tw_emu *emu, uint64_t parent, const char *name,
	struct fuse_entry_param *entry)
{
	const struct tw_emu_fixed *fixed = tw_emu_fixed_lookup(parent, name);

	if (fixed && tw_emu_fixed_is_present(emu, fixed))
		tw_emu_fill_fixed(emu, fixed, entry);
	else
		*entry = (struct fuse_entry_param){.entry_timeout = TW_EMU_FOREVER};
}

void tw_emu_op_lookup(struct fuse_req *req, uint64_t parent, const char *name)
{
	struct tw_emu *emu = tw_emu_of(req);
	struct fuse_entry_param entry;
	int rc = 0;

	if (tw_emu_ino_tree(parent) == TW_EMU_NO_TREE)
		lookup_fixed(emu, parent, name, &entry);
	else
		rc = lookup_tree(emu, parent, name, &entry);
	tw_emu_reply_entry(req, rc, &entry);
}

void tw_emu_forget(struct tw_emu *emu, uint64_t ino, uint64_t count)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};

	if (tw_emu_is_tree_root(ino) || tw_emu_enter(emu, ino, &ref) < 0)
		return; /* never counted, or gone with an earlier boot */
	twinfs_overlay_forget(ref.overlay, ref.ino, count);
}

void tw_emu_op_forget(struct fuse_req *req, uint64_t ino, uint64_t count)
{
	tw_emu_forget(tw_emu_of(req), ino, count);
	fuse_reply_none(req);
}

void tw_emu_op_forget_multi(struct fuse_req *req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		tw_emu_forget(tw_emu_of(req), forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

/* ---- make ---- */

static int make(struct tw_emu *emu, uint64_t parent, const char *name,
	int (*overlay_make)(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
		struct twinfs_overlay_stat *ret_stat),
	struct fuse_entry_param *ret_entry)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	double timeout = tw_emu_cache_name(emu, parent, name);
	struct twinfs_overlay_stat stat;
	int rc = tw_emu_enter(emu, parent, &ref);

	if (rc < 0)
		return rc;
	rc = overlay_make(ref.overlay, ref.ino, name, &stat);
	if (rc < 0)
		return rc;
	tw_emu_touch(&ref);
	stat.stat.mtime_ns = tw_emu_now_ns();
	(void)twinfs_overlay_set_mtime(ref.overlay, stat.stat.ino, stat.stat.mtime_ns);
	tw_emu_fill_entry(&ref, &stat, timeout, ret_entry);
	return 0;
}

int tw_emu_make_file(struct tw_emu *emu, uint64_t parent, const char *name,
	struct fuse_entry_param *ret_entry)
{
	return make(emu, parent, name, twinfs_overlay_create, ret_entry);
}

/* What littlefs cannot store: as on vfat, it is not permitted. */
static void refuse(struct fuse_req *req, uint64_t parent)
{
	tw_emu_reply(req, tw_emu_is_read_only(tw_emu_of(req), parent) ? -EROFS : -EPERM);
}

void tw_emu_op_mknod(struct fuse_req *req, uint64_t parent, const char *name, mode_t mode,
	dev_t rdev)
{
	struct fuse_entry_param entry;

	(void)rdev;
	if (S_ISREG(mode))
		tw_emu_reply_entry(req, tw_emu_make_file(tw_emu_of(req), parent, name, &entry),
			&entry);
	else
		refuse(req, parent);
}

void tw_emu_op_mkdir(struct fuse_req *req, uint64_t parent, const char *name, mode_t mode)
{
	struct fuse_entry_param entry;
	int rc;

	(void)mode;
	rc = make(tw_emu_of(req), parent, name, twinfs_overlay_mkdir, &entry);
	tw_emu_reply_entry(req, rc, &entry);
}

void tw_emu_op_symlink(struct fuse_req *req, const char *target, uint64_t parent, const char *name)
{
	(void)target;
	(void)name;
	refuse(req, parent);
}

void tw_emu_op_link(struct fuse_req *req, uint64_t ino, uint64_t parent, const char *name)
{
	(void)ino;
	(void)name;
	refuse(req, parent);
}

/* ---- remove and rename ---- */

static int remove_name(struct tw_emu *emu, uint64_t parent, const char *name,
	int (*overlay_remove)(struct twinfs_overlay *overlay, uint64_t dir, const char *name))
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	int rc = tw_emu_enter(emu, parent, &ref);

	if (rc == 0)
		rc = overlay_remove(ref.overlay, ref.ino, name);
	if (rc == 0)
		tw_emu_touch(&ref);
	return rc;
}

void tw_emu_op_unlink(struct fuse_req *req, uint64_t parent, const char *name)
{
	tw_emu_reply_change(req, remove_name(tw_emu_of(req), parent, name, twinfs_overlay_unlink));
}

void tw_emu_op_rmdir(struct fuse_req *req, uint64_t parent, const char *name)
{
	tw_emu_reply_change(req, remove_name(tw_emu_of(req), parent, name, twinfs_overlay_rmdir));
}

static int rename_in_tree(struct tw_emu *emu, uint64_t parent, const char *name,
	uint64_t new_parent, const char *new_name, unsigned flags)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	uint64_t old_dir, new_dir;
	int rc = tw_emu_enter(emu, parent, &ref);

	if (rc == 0)
		rc = tw_emu_ref_other(&ref, new_parent, &new_dir);
	if (rc == 0)
		rc = twinfs_overlay_rename(ref.overlay, ref.ino, name, new_dir, new_name, flags);
	if (rc < 0)
		return rc;
	tw_emu_touch(&ref);
	old_dir = ref.ino;
	ref.ino = new_dir;
	if (new_dir != old_dir)
		tw_emu_touch(&ref);
	return 0;
}

void tw_emu_op_rename(struct fuse_req *req, uint64_t parent, const char *name, uint64_t new_parent,
	const char *new_name, unsigned flags)
{
	struct tw_emu *emu = tw_emu_of(req);
	enum tw_emu_tree_id from = tw_emu_ino_tree(parent), to = tw_emu_ino_tree(new_parent);
	int rc;

	if (flags & ~(unsigned)RENAME_NOREPLACE)
		rc = -EINVAL;
	else if (from == TW_EMU_NO_TREE || to == TW_EMU_NO_TREE)
		rc = -EPERM;
	else if (tw_emu_is_read_only(emu, parent) || tw_emu_is_read_only(emu, new_parent))
		rc = -EROFS;
	else if (tw_emu_cache_name(emu, new_parent, new_name) <= 0 &&
		 !tw_emu_is_uncached(emu, to) && !emu->options->auto_restarts)
		rc = -ENOMEM; /* the kernel moves its entry along with the time it has left */
	else
		rc = rename_in_tree(emu, parent, name, new_parent, new_name, flags);
	tw_emu_reply_change(req, rc);
}
