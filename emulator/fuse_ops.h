/* SPDX-License-Identifier: MIT */
/*
 * fuse_ops.h - the FUSE requests that are served, and what their files share.
 *
 * A request is answered exactly once. Errors are negative errnos up to
 * tw_emu_reply(), which turns them into what the kernel gets.
 */
#ifndef TW_EMULATOR_FUSE_OPS_H
#define TW_EMULATOR_FUSE_OPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "power.h"
#include "state.h"

struct fuse_req;
struct fuse_file_info;
struct fuse_entry_param;
struct fuse_forget_data;
struct fuse_pollhandle;

/* Seconds for which the kernel may keep what it is told: nobody else changes it. */
#define TW_EMU_FOREVER (365.0 * 24 * 3600)

/* The daemon that serves @req. */
struct tw_emu *tw_emu_of(struct fuse_req *req);

/* Answers with 0 or a negative errno of the library. */
void tw_emu_reply(struct fuse_req *req, int rc);

/* The same for a request that changes or reads a directory, whose lock the kernel holds. */
void tw_emu_reply_change(struct fuse_req *req, int rc);

/* Answers with the entry when @rc is 0; gives its reference back if nobody took it. */
void tw_emu_reply_entry(struct fuse_req *req, int rc, const struct fuse_entry_param *entry);

/*
 * Notes that the kernel may cache @name in @parent; called before the
 * answer. Returns the seconds it may do so.
 */
double tw_emu_cache_name(struct tw_emu *emu, uint64_t parent, const char *name);

/* The entry for an object whose reference was just counted. */
void tw_emu_fill_entry(const struct tw_emu_ref *ref, const struct twinfs_overlay_stat *stat,
	double timeout, struct fuse_entry_param *ret_entry);
void tw_emu_fill_fixed(struct tw_emu *emu, const struct tw_emu_fixed *fixed,
	struct fuse_entry_param *ret_entry);

/* Makes a file; its entry holds a reference. 0, or as twinfs_overlay_create(). */
int tw_emu_make_file(struct tw_emu *emu, uint64_t parent, const char *name,
	struct fuse_entry_param *ret_entry);

/* Drops @count references on @ino. */
void tw_emu_forget(struct tw_emu *emu, uint64_t ino, uint64_t count);

/* The open file or directory that @fi stands for. */
struct tw_emu_file *tw_emu_file_of(const struct fuse_file_info *fi);

/*
 * Opens something with @own for this opener, released by @release in the end,
 * also on failure. 0 or -ENOMEM, as when @own is NULL.
 */
int tw_emu_open_own(struct tw_emu *emu, uint64_t ino, void *own, void (*release)(void *own),
	struct fuse_file_info *fi);

/* Answers with the opened @fi when @rc is 0; closes what has @own if nobody took it. */
void tw_emu_reply_own(struct fuse_req *req, int rc, struct fuse_file_info *fi);

/* Gives an open file of a tree another size. 0, or as twinfs_overlay_truncate(). */
int tw_emu_truncate(const struct tw_emu_ref *ref, uint64_t size);

/* Sets the time of change of an object of a tree to now; in memory, so it cannot fail. */
void tw_emu_touch(const struct tw_emu_ref *ref);

/* fuse_entry.c: names */
void tw_emu_op_lookup(struct fuse_req *req, uint64_t parent, const char *name);
void tw_emu_op_forget(struct fuse_req *req, uint64_t ino, uint64_t count);
void tw_emu_op_forget_multi(struct fuse_req *req, size_t count, struct fuse_forget_data *forgets);
void tw_emu_op_mknod(struct fuse_req *req, uint64_t parent, const char *name, mode_t mode,
	dev_t rdev);
void tw_emu_op_mkdir(struct fuse_req *req, uint64_t parent, const char *name, mode_t mode);
void tw_emu_op_unlink(struct fuse_req *req, uint64_t parent, const char *name);
void tw_emu_op_rmdir(struct fuse_req *req, uint64_t parent, const char *name);
void tw_emu_op_rename(struct fuse_req *req, uint64_t parent, const char *name, uint64_t new_parent,
	const char *new_name, unsigned flags);
void tw_emu_op_symlink(struct fuse_req *req, const char *target, uint64_t parent, const char *name);
void tw_emu_op_link(struct fuse_req *req, uint64_t ino, uint64_t parent, const char *name);

/* fuse_attr.c: attributes */
void tw_emu_op_getattr(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi);
void tw_emu_op_setattr(struct fuse_req *req, uint64_t ino, struct stat *attr, int to_set,
	struct fuse_file_info *fi);
void tw_emu_op_access(struct fuse_req *req, uint64_t ino, int mask);
void tw_emu_op_statfs(struct fuse_req *req, uint64_t ino);

/* fuse_xattr.c: extended attributes */
void tw_emu_op_setxattr(struct fuse_req *req, uint64_t ino, const char *name, const char *value,
	size_t size, int flags);
void tw_emu_op_getxattr(struct fuse_req *req, uint64_t ino, const char *name, size_t size);
void tw_emu_op_listxattr(struct fuse_req *req, uint64_t ino, size_t size);
void tw_emu_op_removexattr(struct fuse_req *req, uint64_t ino, const char *name);

/* fuse_dir.c: directories */
void tw_emu_op_opendir(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi);
void tw_emu_op_readdir(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi);
void tw_emu_op_readdirplus(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi);
void tw_emu_op_releasedir(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi);

/* fuse_file.c: files of the trees, and the way to the others */
void tw_emu_op_open(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi);
void tw_emu_op_create(struct fuse_req *req, uint64_t parent, const char *name, mode_t mode,
	struct fuse_file_info *fi);
void tw_emu_op_read(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi);
void tw_emu_op_write(struct fuse_req *req, uint64_t ino, const char *buf, size_t size, off_t off,
	struct fuse_file_info *fi);
void tw_emu_op_flush(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi);
void tw_emu_op_release(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi);
void tw_emu_op_fsync(struct fuse_req *req, uint64_t ino, int datasync, struct fuse_file_info *fi);
void tw_emu_op_fallocate(struct fuse_req *req, uint64_t ino, int mode, off_t off, off_t len,
	struct fuse_file_info *fi);

/* fuse_events.c: waiting for files */
void tw_emu_op_poll(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi,
	struct fuse_pollhandle *handle);

/* fuse_fixed.c: SecureData and the files of .twinfs/, by their fixed number */
void tw_emu_fixed_open(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi);
void tw_emu_fixed_read(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi);
void tw_emu_fixed_write(struct fuse_req *req, uint64_t ino, const char *buf, size_t size, off_t off,
	struct fuse_file_info *fi);

#endif
