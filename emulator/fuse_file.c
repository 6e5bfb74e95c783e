/* SPDX-License-Identifier: MIT */
/*
 * fuse_file.c - files of the trees: content comes straight from the chip's
 * map, and is committed when a writer closes, as the device does.
 */
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "calls.h"
#include "fault_control.h"
#include "fuse_ops.h"
#include "fuse_worker.h"

static bool is_tree(uint64_t ino)
{
	return tw_emu_ino_tree(ino) != TW_EMU_NO_TREE;
}

int tw_emu_truncate(const struct tw_emu_ref *ref, uint64_t size)
{
	int rc = tw_emu_call_begins(ref, TWINFS_FAULT_CALL_TRUNCATE);

	if (rc == 0)
		rc = twinfs_overlay_truncate(ref->overlay, ref->ino, size);
	if (rc < 0)
		return rc;
	tw_emu_touch(ref);
	tw_emu_call_ended(ref, TWINFS_FAULT_CALL_TRUNCATE);
	return 0;
}

/* ---- open ---- */

/* Pins the object of @ref and fills @fi. */
static int open_ref(const struct tw_emu_ref *ref, uint64_t ino, struct fuse_file_info *fi)
{
	/* who truncates has something to commit when he closes, also as a reader */
	bool writable = (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
	struct tw_emu_file *file = NULL;
	int rc;

	if (writable && tw_emu_is_read_only(ref->emu, ino))
		return -EROFS;
	rc = tw_emu_call_begins(ref, TWINFS_FAULT_CALL_OPEN);
	if (rc == 0)
		rc = twinfs_overlay_open(ref->overlay, ref->ino);
	if (rc < 0)
		return rc;
	if (fi->flags & O_TRUNC)
		rc = tw_emu_truncate(ref, 0);
	if (rc == 0)
		tw_emu_call_ended(ref, TWINFS_FAULT_CALL_OPEN);
	if (rc == 0)
		file = tw_emu_files_add(&ref->emu->files, &(struct tw_emu_file){
								  .ino = ino,
								  .writable = writable,
							  });
	if (!file) {
		twinfs_overlay_close(ref->overlay, ref->ino);
		return rc < 0 ? rc : -ENOMEM;
	}
	fi->fh = (uintptr_t)file;
	/* faults change cells behind the kernel's back, or what each single read gives */
	fi->keep_cache =
		!tw_emu_has_faults(ref->emu) && !tw_emu_is_uncached(ref->emu, tw_emu_ino_tree(ino));
	fi->direct_io = twinfs_flash_watches_reads(ref->emu->flash) || ref->emu->wants_calls;
	fi->noflush = !writable;
	return 0;
}

static int open_file(struct tw_emu *emu, uint64_t ino, struct fuse_file_info *fi)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	int rc = tw_emu_enter(emu, ino, &ref);

	return rc < 0 ? rc : open_ref(&ref, ino, fi);
}

/* A file of an earlier boot went with its volume; there is nothing left to close. */
static int close_file(struct tw_emu *emu, struct tw_emu_file *file)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	int rc = 0;

	if (tw_emu_enter(emu, file->ino, &ref) == 0) {
		if (atomic_load(&file->is_spoilt))
			twinfs_overlay_discard(ref.overlay, ref.ino);
		else if (file->writable) /* pages of a shared map come after the last flush */
			rc = twinfs_overlay_sync(ref.overlay, ref.ino);
		twinfs_overlay_close(ref.overlay, ref.ino);
	}
	tw_emu_files_remove(&emu->files, file);
	return rc;
}

void tw_emu_op_open(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi)
{
	struct tw_emu *emu = tw_emu_of(req);
	int rc;

	if (!is_tree(ino)) {
		tw_emu_fixed_open(req, ino, fi);
		return;
	}
	rc = open_file(emu, ino, fi);
	if (rc == -ESHUTDOWN && !emu->options->writeback) /* else the size may be locked */
		tw_emu_worker_fail_later(emu->worker, req, TW_EMU_HOLDS_NOTHING);
	else if (rc < 0)
		tw_emu_reply(req, rc);
	else if (fuse_reply_open(req, fi) < 0)
		(void)close_file(emu, tw_emu_file_of(fi));
}

void tw_emu_op_create(struct fuse_req *req, uint64_t parent, const char *name, mode_t mode,
	struct fuse_file_info *fi)
{
	struct tw_emu *emu = tw_emu_of(req);
	struct fuse_entry_param entry;
	int rc;

	(void)mode;
	rc = tw_emu_make_file(emu, parent, name, &entry);
	if (rc == 0) {
		fi->flags &= ~O_TRUNC; /* it is new */
		rc = open_file(emu, entry.ino, fi);
		if (rc < 0)
			tw_emu_forget(emu, entry.ino, 1);
	}
	if (rc < 0) {
		tw_emu_reply_change(req, rc);
	} else if (fuse_reply_create(req, &entry, fi) < 0) {
		(void)close_file(emu, tw_emu_file_of(fi));
		tw_emu_forget(emu, entry.ino, 1);
	}
}

/* ---- read and write ---- */

/*
 * Replies when the view has gone: rules look for the path of the file, and may wait for a
 * change that waits for all views to go. And one reply takes IOV_MAX pieces, its header
 * included; tiny blocks make more of them.
 */
static void reply_copied(struct fuse_req *req, const struct tw_emu_ref *ref,
	struct twinfs_overlay_view *view)
{
	size_t len = view->view.len, at = 0;
	char *copy = malloc(len + 1);

	for (size_t i = 0; copy && i < view->view.count; i++) {
		memcpy(copy + at, view->view.iov[i].iov_base, view->view.iov[i].iov_len);
		at += view->view.iov[i].iov_len;
	}
	twinfs_overlay_release_view(ref->overlay, view);
	tw_emu_call_ended(ref, TWINFS_FAULT_CALL_READ);
	if (copy)
		(void)fuse_reply_buf(req, copy, at);
	else
		tw_emu_reply(req, -ENOMEM);
	free(copy);
}

void tw_emu_op_read(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	struct twinfs_overlay_view view;
	int rc;

	if (!is_tree(ino)) {
		tw_emu_fixed_read(req, ino, size, off, fi);
		return;
	}
	rc = tw_emu_enter(tw_emu_of(req), ino, &ref);
	if (rc == 0)
		rc = tw_emu_call_begins(&ref, TWINFS_FAULT_CALL_READ);
	if (rc == 0)
		rc = twinfs_overlay_view(ref.overlay, ref.ino, size, (uint64_t)off, &view);
	if (rc < 0) {
		tw_emu_leave(&ref);
		tw_emu_reply(req, rc);
		return;
	}
	if (ref.emu->wants_calls || view.view.count >= IOV_MAX) {
		reply_copied(req, &ref, &view);
		return;
	}
	/* the power is held: the pieces lie in the chip's map (state.h) */
	(void)fuse_reply_iov(req, view.view.iov, (int)view.view.count);
	twinfs_overlay_release_view(ref.overlay, &view);
}

/*
 * In the module's own view a file is as its littlefs has it: once a write has
 * failed, closing commits nothing, and the old content is there again. Programs
 * on a PC expect that what was written before is kept.
 */
static void note_written(const struct tw_emu *emu, struct tw_emu_file *file, int64_t rc)
{
	if (emu->options->view == TW_VIEW_DEVICE && !emu->options->writeback)
		atomic_store(&file->is_spoilt, rc < 0 && rc != -ESHUTDOWN);
}

static int64_t write_file(struct tw_emu *emu, uint64_t ino, const char *buf, size_t size,
	uint64_t off)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	int64_t rc = tw_emu_enter(emu, ino, &ref);

	if (rc == 0)
		rc = tw_emu_call_begins(&ref, TWINFS_FAULT_CALL_WRITE);
	if (rc == 0)
		rc = twinfs_overlay_write(ref.overlay, ref.ino, buf, size, off);
	if (rc > 0) {
		tw_emu_touch(&ref);
		tw_emu_call_ended(&ref, TWINFS_FAULT_CALL_WRITE);
	}
	return rc;
}

void tw_emu_op_write(struct fuse_req *req, uint64_t ino, const char *buf, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	int64_t rc;

	if (!is_tree(ino)) {
		tw_emu_fixed_write(req, ino, buf, size, off, fi);
		return;
	}
	rc = write_file(tw_emu_of(req), ino, buf, size, (uint64_t)off);
	note_written(tw_emu_of(req), tw_emu_file_of(fi), rc);
	if (rc < 0)
		tw_emu_reply(req, (int)rc);
	else
		(void)fuse_reply_write(req, (size_t)rc);
}

/* ---- commit ---- */

static int sync_file(struct tw_emu *emu, uint64_t ino)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	int rc = tw_emu_enter(emu, ino, &ref);

	return rc < 0 ? rc : twinfs_overlay_sync(ref.overlay, ref.ino);
}

/* The same when a program asks for it: closing a file is none of its fsyncs. */
static int fsync_file(struct tw_emu *emu, uint64_t ino)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	int rc = tw_emu_enter(emu, ino, &ref);

	if (rc == 0)
		rc = tw_emu_call_begins(&ref, TWINFS_FAULT_CALL_FSYNC);
	if (rc == 0)
		rc = twinfs_overlay_sync(ref.overlay, ref.ino);
	if (rc == 0)
		tw_emu_call_ended(&ref, TWINFS_FAULT_CALL_FSYNC);
	return rc;
}

static void reply_sync(struct fuse_req *req, int rc)
{
	if (rc == -ESHUTDOWN)
		tw_emu_worker_fail_later(tw_emu_of(req)->worker, req, TW_EMU_HOLDS_NOTHING);
	else
		tw_emu_reply(req, rc);
}

/* The kernel has seen the size that is no more. */
static void close_spoilt(struct fuse_req *req, uint64_t ino)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	struct tw_emu *emu = tw_emu_of(req);

	if (tw_emu_enter(emu, ino, &ref) == 0)
		twinfs_overlay_discard(ref.overlay, ref.ino);
	tw_emu_leave(&ref);
	if (tw_emu_worker_refresh_closed(emu->worker, req, ino) < 0)
		tw_emu_reply(req, -ENOMEM);
}

void tw_emu_op_flush(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi)
{
	int rc = 0;

	if (is_tree(ino) && atomic_load(&tw_emu_file_of(fi)->is_spoilt)) {
		close_spoilt(req, ino);
		return;
	}
	if (is_tree(ino) && tw_emu_file_of(fi)->writable)
		rc = sync_file(tw_emu_of(req), ino);
	reply_sync(req, rc);
}

void tw_emu_op_fsync(struct fuse_req *req, uint64_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)datasync;
	if (is_tree(ino) && atomic_load(&tw_emu_file_of(fi)->is_spoilt))
		tw_emu_reply(req, 0);
	else
		reply_sync(req, is_tree(ino) ? fsync_file(tw_emu_of(req), ino) : 0);
}

void tw_emu_op_release(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi)
{
	struct tw_emu *emu = tw_emu_of(req);
	int rc = 0;

	if (is_tree(ino))
		rc = close_file(emu, tw_emu_file_of(fi));
	else
		tw_emu_files_remove(&emu->files, tw_emu_file_of(fi));
	/* nobody else hears of it: the kernel drops what release returns; of a cut all hear */
	if (rc < 0 && rc != -ESHUTDOWN)
		tw_emu_log(&emu->log, TW_EMU_ERROR, "file %llu cannot be committed: %s",
			(unsigned long long)ino, twinfs_strerror(rc));
	tw_emu_reply(req, rc);
}

/* ---- allocate ---- */

static int allocate(struct tw_emu *emu, uint64_t ino, uint64_t end)
{
	_cleanup_leave_ struct tw_emu_ref ref = {0};
	struct twinfs_overlay_stat stat;
	int rc = tw_emu_enter(emu, ino, &ref);

	if (rc == 0)
		rc = twinfs_overlay_stat(ref.overlay, ref.ino, &stat);
	if (rc < 0 || end <= stat.stat.size)
		return rc;
	/* cannot shrink what a write just grew: the kernel locks out writes meanwhile */
	return tw_emu_truncate(&ref, end);
}

void tw_emu_op_fallocate(struct fuse_req *req, uint64_t ino, int mode, off_t off, off_t len,
	struct fuse_file_info *fi)
{
	(void)fi;
	if (mode || !is_tree(ino))
		tw_emu_reply(req, -EOPNOTSUPP);
	else
		tw_emu_reply(req, allocate(tw_emu_of(req), ino, (uint64_t)off + (uint64_t)len));
}
