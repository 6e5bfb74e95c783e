/* SPDX-License-Identifier: MIT */
/*
 * fuse_attr.c - attributes: what littlefs stores is changed, what it cannot
 * store may only be set to what it is already, as on vfat.
 */
#include <errno.h>
#include <fuse_lowlevel.h>
#include <twinfs/volume.h>
#include <unistd.h>

#include "attr.h"
#include "fuse_ops.h"

#define ANY_BLOCK 4096 /* block size told where there is no volume */

static int get_attr(struct tw_emu *emu, uint64_t ino, struct stat *ret_attr)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	const struct tw_emu_fixed *fixed = tw_emu_fixed_find(ino);
	int rc;

	if (fixed) {
		tw_emu_fixed_attr(emu, fixed, ret_attr);
		return 0;
	}
	rc = tw_emu_enter(emu, ino, &ref);
	return rc < 0 ? rc : tw_emu_ref_attr(&ref, ret_attr);
}

static void reply_attr(struct fuse_req *req, uint64_t ino, int rc, const struct stat *attr)
{
	bool is_cached = !tw_emu_is_uncached(tw_emu_of(req), tw_emu_ino_tree(ino));

	if (rc < 0)
		tw_emu_reply(req, rc);
	else
		(void)fuse_reply_attr(req, attr, is_cached ? TW_EMU_FOREVER : 0);
}

void tw_emu_op_getattr(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi)
{
	struct stat attr;
	int rc;

	(void)fi;
	rc = get_attr(tw_emu_of(req), ino, &attr);
	reply_attr(req, ino, rc, &attr);
}

/*
 * Only asked where the kernel does not check permissions itself: all users are
 * then root or the owner (fuse_session.c).
 */
static int check_access(const struct stat *attr, int mask, uid_t uid)
{
	mode_t granted = uid ? attr->st_mode >> 6 : R_OK | W_OK | X_OK;

	if (!uid && S_ISREG(attr->st_mode) && !(attr->st_mode & 0111))
		granted &= ~(mode_t)X_OK;
	return (mode_t)mask & ~granted & (R_OK | W_OK | X_OK) ? -EACCES : 0;
}

void tw_emu_op_access(struct fuse_req *req, uint64_t ino, int mask)
{
	struct stat attr;
	int rc = get_attr(tw_emu_of(req), ino, &attr);

	if (rc == 0)
		rc = check_access(&attr, mask, fuse_req_ctx(req)->uid);
	if (rc == 0 && (mask & W_OK) && tw_emu_is_read_only(tw_emu_of(req), ino))
		rc = -EROFS;
	tw_emu_reply(req, rc);
}

/* ---- set ---- */

/*
 * Whether owner and permissions would stay what they are for everything here, or
 * those who set them, such as cp -a, shall not hear that they do.
 */
static bool is_allowed(const struct tw_emu *emu, const struct stat *now, const struct stat *attr,
	int to_set)
{
	if (emu->options->keeps_owners)
		return true;
	if ((to_set & FUSE_SET_ATTR_MODE) && (attr->st_mode & 07777) != (now->st_mode & 07777))
		return false;
	if ((to_set & FUSE_SET_ATTR_UID) && attr->st_uid != now->st_uid)
		return false;
	return !(to_set & FUSE_SET_ATTR_GID) || attr->st_gid == now->st_gid;
}

/* A file that is not open is committed at once: nobody is there to close it. */
static int set_size(const struct tw_emu_ref *ref, uint64_t size, bool is_open)
{
	int rc = twinfs_overlay_open(ref->overlay, ref->ino);

	if (rc < 0)
		return rc;
	rc = tw_emu_truncate(ref, size);
	if (rc == 0 && !is_open)
		rc = twinfs_overlay_sync(ref->overlay, ref->ino);
	twinfs_overlay_close(ref->overlay, ref->ino);
	return rc;
}

/* A time too far away to be counted in nanoseconds is the nearest that is not. */
static int64_t count_ns(const struct timespec *time)
{
	int64_t ns;

	if (__builtin_mul_overflow(time->tv_sec, INT64_C(1000000000), &ns) ||
		__builtin_add_overflow(ns, time->tv_nsec, &ns))
		return time->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

/* While somebody writes the file, its time is committed with what he wrote. */
static int set_mtime(const struct tw_emu_ref *ref, uint64_t ino, const struct stat *attr,
	int to_set)
{
	int rc;
	int64_t ns = count_ns(&attr->st_mtim);

	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		ns = tw_emu_now_ns();
	else if (!(to_set & FUSE_SET_ATTR_MTIME))
		return 0;
	if (!ns)
		ns = 1; /* 0 means that no time is known */
	rc = twinfs_overlay_set_mtime(ref->overlay, ref->ino, ns);
	if (rc == 0 && !tw_emu_files_is_written(&ref->emu->files, ino))
		rc = twinfs_overlay_sync(ref->overlay, ref->ino);
	return rc;
}

static int set_tree_attr(const struct tw_emu_ref *ref, uint64_t ino, const struct stat *attr,
	int to_set, bool is_open, struct stat *ret_attr)
{
	struct stat now;
	int rc = tw_emu_ref_attr(ref, &now);

	if (rc < 0)
		return rc;
	if (!is_allowed(ref->emu, &now, attr, to_set))
		return -EPERM;
	if (to_set & FUSE_SET_ATTR_SIZE) {
		rc = set_size(ref, (uint64_t)attr->st_size, is_open);
		if (rc < 0)
			return rc;
	}
	rc = set_mtime(ref, ino, attr, to_set);
	return rc < 0 ? rc : tw_emu_ref_attr(ref, ret_attr);
}

static int set_attr(struct tw_emu *emu, uint64_t ino, const struct stat *attr, int to_set,
	bool is_open, struct stat *ret_attr)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	enum tw_emu_tree_id tree = tw_emu_ino_tree(ino);
	int rc;

	if (tw_emu_is_read_only(emu, ino))
		return -EROFS;
	if (tree != TW_EMU_NO_TREE) {
		rc = tw_emu_enter(emu, ino, &ref);
		return rc < 0 ? rc : set_tree_attr(&ref, ino, attr, to_set, is_open, ret_attr);
	}
	/* sizes and times of the fixed files mean nothing: "> power" sets both */
	rc = get_attr(emu, ino, ret_attr);
	if (rc < 0)
		return rc;
	if ((to_set & FUSE_SET_ATTR_SIZE) && S_ISREG(ret_attr->st_mode) &&
		!(ret_attr->st_mode & 0222))
		return -EACCES;
	return is_allowed(emu, ret_attr, attr, to_set) ? 0 : -EPERM;
}

void tw_emu_op_setattr(struct fuse_req *req, uint64_t ino, struct stat *attr, int to_set,
	struct fuse_file_info *fi)
{
	struct stat now;
	int rc = set_attr(tw_emu_of(req), ino, attr, to_set, fi != NULL, &now);

	reply_attr(req, ino, rc, &now);
}

/* ---- space ---- */

static int get_space(struct tw_emu *emu, uint64_t ino, struct twinfs_statfs *ret_space)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	bool is_fixed = tw_emu_ino_tree(ino) == TW_EMU_NO_TREE;
	int rc;

	/* the mount as a whole has the space of usr/ */
	rc = tw_emu_enter(emu, is_fixed ? TW_EMU_INO_USR : ino, &ref);
	if (rc == 0)
		rc = twinfs_overlay_statfs(ref.overlay, ret_space);
	if (rc < 0 && is_fixed) {
		*ret_space = (struct twinfs_statfs){
			.block_size = ANY_BLOCK,
			.name_max = TWINFS_NAME_MAX,
		};
		return 0;
	}
	return rc;
}

void tw_emu_op_statfs(struct fuse_req *req, uint64_t ino)
{
	struct twinfs_statfs space;
	struct statvfs out = {0};
	int rc = get_space(tw_emu_of(req), ino, &space);

	if (rc < 0) {
		tw_emu_reply(req, rc);
		return;
	}
	out.f_bsize = out.f_frsize = space.block_size;
	out.f_blocks = space.blocks;
	out.f_bfree = out.f_bavail = space.free;
	/* a file takes at least an entry; free blocks are the nearest there is to a limit */
	out.f_files = space.files + space.free;
	out.f_ffree = out.f_favail = space.free;
	out.f_namemax = space.name_max;
	(void)fuse_reply_statfs(req, &out);
}
