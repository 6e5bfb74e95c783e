/* SPDX-License-Identifier: MIT */
/*
 * fuse_fixed.c - SecureData and the files of .twinfs/.
 *
 * All are read past the kernel's cache: each opener gets its own content,
 * whose length nobody knows before.
 */
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault_control.h"
#include "fuse_events.h"
#include "fuse_ops.h"
#include "fuse_worker.h"
#include "secure_file.h"
#include "trace_control.h"

/* Longest word for power is far below; a longer write is not one. */
#define WORD_MAX_BYTES 64

static struct tw_emu_secure_file *secure_of(const struct fuse_file_info *fi)
{
	return tw_emu_file_of(fi)->own;
}

static void release_secure(void *own)
{
	tw_emu_secure_file_free(own);
}

static bool is_command_file(uint64_t ino)
{
	return ino == TW_EMU_INO_FAULTS || ino == TW_EMU_INO_TRACE;
}

static int open_commands(struct tw_emu *emu, uint64_t ino, struct fuse_file_info *fi)
{
	const struct tw_emu_commands *commands =
		ino == TW_EMU_INO_FAULTS ? &tw_emu_fault_commands : &tw_emu_trace_commands;

	return tw_emu_open_own(emu, ino, tw_emu_command_file_new(emu, commands),
		tw_emu_command_file_free, fi);
}

/*
 * A trace is a new file of this computer, at a path that the writer chooses, with
 * content that he chose before, and made with our rights. So it is for those who
 * have these: not for who was let in by allow_other and uid=, nor for an
 * application, whose sandbox would be open. Who opens is asked, not who writes:
 * that may be a program with more rights, which prints what it was told to.
 */
static bool may_record(const struct tw_emu *emu, uid_t uid)
{
	return !emu->options->attendant && (!uid || uid == geteuid());
}

static int open_fixed(struct tw_emu *emu, uint64_t ino, uid_t uid, struct fuse_file_info *fi)
{
	const bool is_written = (fi->flags & O_ACCMODE) != O_RDONLY;
	char *text;
	int rc;

	fi->direct_io = 1;
	if (ino == TW_EMU_INO_TRACE && is_written && !may_record(emu, uid))
		return -EPERM;
	if (ino == TW_EMU_INO_SECURE)
		return tw_emu_open_own(emu, ino, tw_emu_secure_file_new(), release_secure, fi);
	if (is_command_file(ino))
		return open_commands(emu, ino, fi);
	if (ino != TW_EMU_INO_POWER && is_written)
		return -EACCES;
	if (ino == TW_EMU_INO_EVENTS)
		return tw_emu_events_open(emu, fi);
	rc = tw_emu_control_text(emu, ino, &text);
	return rc < 0 ? rc : tw_emu_open_own(emu, ino, text, free, fi);
}

void tw_emu_fixed_open(struct fuse_req *req, uint64_t ino, struct fuse_file_info *fi)
{
	const uid_t uid = fuse_req_ctx(req)->uid;

	tw_emu_reply_own(req, open_fixed(tw_emu_of(req), ino, uid, fi), fi);
}

/* ---- SecureData ---- */

/* Reads or writes while the power is on; @off counts for writing only. */
static int64_t transfer(struct tw_emu *emu, struct fuse_file_info *fi, void *in, const void *out,
	size_t size, uint64_t off)
{
	struct twinfs_secure *secure = twinfs_module_secure(emu->module);
	bool is_on, is_cut;
	int64_t rc = -ESHUTDOWN;

	(void)pthread_rwlock_rdlock(&emu->power);
	is_on = twinfs_module_is_on(emu->module);
	if (is_on && twinfs_flash_has_power(emu->flash))
		rc = out ? tw_emu_secure_file_write(secure_of(fi), secure, out, size, off)
			 : tw_emu_secure_file_read(secure_of(fi), secure, in, size);
	is_cut = is_on && !twinfs_flash_has_power(emu->flash);
	(void)pthread_rwlock_unlock(&emu->power);
	if (is_cut)
		tw_emu_worker_cut(emu->worker);
	return is_cut ? -ESHUTDOWN : rc;
}

static void reply_failed(struct fuse_req *req, int rc)
{
	if (rc == -ESHUTDOWN)
		tw_emu_worker_fail_later(tw_emu_of(req)->worker, req, TW_EMU_HOLDS_NOTHING);
	else
		tw_emu_reply(req, rc);
}

static void read_secure(struct fuse_req *req, size_t size, struct fuse_file_info *fi)
{
	char buf[TW_EMU_SECURE_DATA_MAX];
	int64_t rc;

	if (size > sizeof(buf))
		size = sizeof(buf); /* a short read: the reader comes again */
	rc = transfer(tw_emu_of(req), fi, buf, NULL, size, 0);
	if (rc < 0)
		reply_failed(req, (int)rc);
	else
		(void)fuse_reply_buf(req, buf, (size_t)rc);
	explicit_bzero(buf, sizeof(buf));
}

/* ---- files that take commands ---- */

static void read_commands(struct fuse_req *req, size_t size, struct fuse_file_info *fi)
{
	char buf[4096];
	ssize_t rc;

	size = size < sizeof(buf) ? size : sizeof(buf); /* a short read: the reader comes again */
	rc = tw_emu_command_file_read(tw_emu_file_of(fi)->own, buf, size);
	if (rc < 0)
		tw_emu_reply(req, (int)rc);
	else
		(void)fuse_reply_buf(req, buf, (size_t)rc);
}

static void write_commands(struct fuse_req *req, const char *buf, size_t size,
	struct fuse_file_info *fi)
{
	int rc = tw_emu_command_file_write(tw_emu_file_of(fi)->own, buf, size);

	if (rc == 0)
		rc = tw_emu_worker_refresh(tw_emu_of(req)->worker, req, size);
	if (rc < 0)
		tw_emu_reply(req, rc);
}

/* ---- read and write ---- */

/* From a copy: once the answer is out, the reader may close and another thread free the text. */
static void read_text(struct fuse_req *req, const char *text, size_t size, size_t at)
{
	size_t len = strlen(text);
	char *copy;

	if (at > len)
		at = len;
	if (size > len - at)
		size = len - at;
	copy = strndup(text + at, size);
	if (copy)
		(void)fuse_reply_buf(req, copy, size);
	else
		tw_emu_reply(req, -ENOMEM);
	free(copy);
}

void tw_emu_fixed_read(struct fuse_req *req, uint64_t ino, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	if (ino == TW_EMU_INO_SECURE)
		read_secure(req, size, fi);
	else if (ino == TW_EMU_INO_EVENTS)
		tw_emu_events_answer(req, size, fi);
	else if (is_command_file(ino))
		read_commands(req, size, fi);
	else
		read_text(req, tw_emu_file_of(fi)->own, size, (size_t)off);
}

void tw_emu_fixed_write(struct fuse_req *req, uint64_t ino, const char *buf, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	struct tw_emu *emu = tw_emu_of(req);
	enum tw_emu_word word;
	int64_t rc;

	if (is_command_file(ino)) {
		write_commands(req, buf, size, fi);
		return;
	}
	if (ino == TW_EMU_INO_SECURE) {
		rc = transfer(emu, fi, NULL, buf, size, (uint64_t)off);
		explicit_bzero((char *)(uintptr_t)buf,
			size); /* libfuse's memory, reused after this */
		if (rc < 0)
			reply_failed(req, (int)rc);
		else
			(void)fuse_reply_write(req, (size_t)rc);
		return;
	}
	rc = size > WORD_MAX_BYTES ? -EINVAL : tw_emu_control_parse(buf, size, &word);
	if (rc == 0 && word == TW_EMU_CUT) {
		tw_emu_power_pull(emu);
		tw_emu_worker_cut(emu->worker);
	}
	if (rc == 0)
		rc = tw_emu_worker_power(emu->worker, req, word, size);
	if (rc < 0)
		tw_emu_reply(req, (int)rc);
}
