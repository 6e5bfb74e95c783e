/* SPDX-License-Identifier: MIT */
/*
 * fuse_reply.c - what the requests of all kinds share: whose they are, how they
 * fail, and what an open file or directory hangs on.
 */
#include <errno.h>
#include <fuse_lowlevel.h>

#include "errno_table.h"
#include "fuse_ops.h"
#include "fuse_worker.h"

struct tw_emu *tw_emu_of(struct fuse_req *req)
{
	return fuse_req_userdata(req);
}

void tw_emu_reply(struct fuse_req *req, int rc)
{
	if (rc == -ESHUTDOWN && tw_emu_worker_hold(tw_emu_of(req)->worker, req))
		return;
	(void)fuse_reply_err(req, tw_emu_errno(rc)); /* fails when nobody waits any more */
}

void tw_emu_reply_change(struct fuse_req *req, int rc)
{
	if (rc == -ESHUTDOWN)
		tw_emu_worker_fail_later(tw_emu_of(req)->worker, req, TW_EMU_HOLDS_DIRECTORY);
	else
		tw_emu_reply(req, rc);
}

struct tw_emu_file *tw_emu_file_of(const struct fuse_file_info *fi)
{
	return (struct tw_emu_file *)(uintptr_t)fi->fh;
}

int tw_emu_open_own(struct tw_emu *emu, uint64_t ino, void *own, void (*release)(void *own),
	struct fuse_file_info *fi)
{
	struct tw_emu_file file = {.ino = ino, .own = own, .release = release}, *added = NULL;

	if (own)
		added = tw_emu_files_add(&emu->files, &file);
	if (own && !added)
		release(own);
	fi->fh = (uintptr_t)added;
	return added ? 0 : -ENOMEM;
}

void tw_emu_reply_own(struct fuse_req *req, int rc, struct fuse_file_info *fi)
{
	struct tw_emu *emu = tw_emu_of(req);

	if (rc < 0)
		tw_emu_reply(req, rc);
	else if (fuse_reply_open(req, fi) < 0)
		tw_emu_files_remove(&emu->files, tw_emu_file_of(fi));
}
