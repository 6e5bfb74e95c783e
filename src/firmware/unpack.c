/* SPDX-License-Identifier: MIT */
/*
 * unpack.c - writes the members of an archive to the host.
 *
 * All names are judged before anything is written. Then everything goes into a
 * new directory beside the one that was asked for, which nobody else knows and
 * which gets its name at the end. Nothing but directories and regular files is
 * ever made in it, and every step down is one openat of one name that follows
 * no link, so there is no way out.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "package.h"

enum {
	NAME_MAX_BYTES = 1024, /* of a whole path: every place for the rest of it has room */
	STAGE_TRIES = 1000,
	OPEN_DIRS = 16,
	UNIX = 3, /* systems whose attributes have a mode */
	MAC = 19,
};

/* ---- names ---- */

/* Why a component of a path must not be used, or NULL. */
static const char *judge_component(const char *at, size_t len)
{
	if (!len)
		return "its name begins with '/', or holds an empty part";
	if ((len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
		return "its name holds '.' or '..': it could lead out of the directory";
	return NULL;
}

static const char *judge_name(const char *name)
{
	const char *at = name, *why;

	if (strlen(name) > NAME_MAX_BYTES)
		return "its name has more than 1024 bytes";
	if (!tw_text_is_utf8(name))
		return "its name is not UTF-8";
	if (isalpha((unsigned char)name[0]) && name[1] == ':')
		return "its name begins with a drive letter";
	for (const char *c = name; *c; c++)
		if (*c == '\\' || iscntrl((unsigned char)*c))
			return "its name holds a backslash or a control character";
	do {
		size_t len = strcspn(at, "/");

		why = judge_component(at, len);
		at += len;
		at += *at == '/';
	} while (!why && *at);
	return why;
}

static bool is_dir(const struct tw_zip_member *member)
{
	return member->name[strlen(member->name) - 1] == '/';
}

static const char *judge_type(const struct tw_zip_member *member)
{
	unsigned system = member->made_by >> 8;
	unsigned type = system == UNIX || system == MAC ? (member->attributes >> 16) & S_IFMT : 0;

	if (is_dir(member) && member->size)
		return "it is a directory with content";
	if (type == S_IFLNK)
		return "it is a symbolic link";
	if (type && type != S_IFREG && (type != S_IFDIR || !is_dir(member)))
		return "it is neither a file nor a directory";
	return NULL;
}

static int judge_members(const struct tw_zip *zip, struct twinfs_error *err)
{
	for (size_t i = 0; i < zip->count; i++) {
		const struct tw_zip_member *member = &zip->members[i];
		const char *why = judge_name(member->name);

		if (!why)
			why = judge_type(member);
		if (why)
			return tw_zip_fail(err, -EUCLEAN, member->addr, member, "%s", why);
	}
	return 0;
}

/* ---- writing ---- */

/* Goes down into @name below @dir, making it; takes over @dir. A descriptor or -errno. */
static int enter(int dir, const char *name)
{
	_cleanup_close_ int from = dir;
	int fd;

	if (mkdirat(from, name, 0777) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int write_file(int dir, const char *name, const char *data, size_t len)
{
	_cleanup_close_ int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

	return fd < 0 ? -errno : tw_write_all(fd, data, len);
}

/* Makes the directories that lead to the member, and it. */
static int write_at(int stage, const char *path, const char *data, size_t len)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int dir = fcntl(stage, F_DUPFD_CLOEXEC, 0);
	char *name = copy, *slash;

	if (!copy)
		return -ENOMEM;
	if (dir < 0)
		return -errno;
	for (; (slash = strchr(name, '/')); name = slash + 1) {
		int below;

		*slash = '\0';
		below = enter(tw_steal_fd(&dir), name);
		if (below < 0)
			return below;
		dir = below;
	}
	return *name ? write_file(dir, name, data, len) : 0;
}

static int write_members(const struct tw_zip *zip, int stage, struct twinfs_error *err)
{
	for (size_t i = 0; i < zip->count; i++) {
		const struct tw_zip_member *member = &zip->members[i];
		_cleanup_free_ char *data = NULL;
		int rc = tw_zip_read(zip, member, &data, err);

		if (rc)
			return rc;
		rc = write_at(stage, member->name, data, member->size);
		if (rc)
			return tw_zip_fail(err, rc, member->addr, member, "cannot be written: %s",
				twinfs_strerror(rc));
	}
	return 0;
}

/* ---- the directory beside ---- */

static int remove_one(const char *path, const struct stat *stat_buf, int type, struct FTW *where)
{
	(void)stat_buf;
	(void)type;
	(void)where;
	return remove(path);
}

/* A new directory beside @dir. 0 or -errno. */
static int make_stage(const char *dir, char **ret_stage)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	for (int i = 0; i < STAGE_TRIES; i++) {
		_cleanup_free_ char *stage = NULL;

		if (asprintf(&stage, "%.*s.twinfs-%ld-%d", (int)len, dir, (long)getpid(), i) < 0) {
			stage = NULL;
			return -ENOMEM;
		}
		if (!mkdir(stage, 0777)) {
			*ret_stage = tw_steal(&stage);
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Gives the directory its name. An empty one of that name is replaced. 0 or -errno. */
static int publish(int fd, const char *stage, const char *dir)
{
	if (syncfs(fd) < 0 || rename(stage, dir) < 0)
		return -errno;
	return tw_fsync_parent(dir);
}

static int unpack_beside(const struct tw_zip *zip, const char *dir, const char *stage,
	struct twinfs_error *err)
{
	_cleanup_close_ int fd = open(stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;

	if (!rc) {
		rc = write_members(zip, fd, err);
		if (rc)
			return rc;
		rc = publish(fd, stage, dir);
	}
	if (!rc)
		return 0;
	(void)tw_fail(err, TWINFS_P_PACKAGE, rc, "cannot be made: %s", tw_make_reason(rc));
	return tw_fail_file(err, dir, rc);
}

int twinfs_package_unpack(const struct twinfs_package *package, const char *dir,
	struct twinfs_error *err)
{
	_cleanup_free_ char *stage = NULL;
	int rc;

	if (!package->bytes) {
		(void)tw_fail(err, TWINFS_P_PACKAGE, -ENOTSUP,
			"is no zip archive: nothing to unpack");
		return tw_fail_file(err, package->path, -ENOTSUP);
	}
	rc = judge_members(&package->zip, err);
	if (rc)
		return tw_fail_file(err, package->path, rc);
	rc = make_stage(dir, &stage);
	if (rc) {
		(void)tw_fail(err, TWINFS_P_PACKAGE, rc, "cannot be made: %s", tw_make_reason(rc));
		return tw_fail_file(err, dir, rc);
	}
	rc = unpack_beside(&package->zip, dir, stage, err);
	if (rc)
		(void)nftw(stage, remove_one, OPEN_DIRS, FTW_DEPTH | FTW_PHYS);
	return rc ? tw_fail_file(err, package->path, rc) : 0;
}
