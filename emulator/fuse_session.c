/* SPDX-License-Identifier: MIT */
/*
 * fuse_session.c - the ladder of one mount: session, open, boot, mount,
 * background, loop, and the same down again.
 */
#include "daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <malloc.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <syslog.h>
#include <unistd.h>

#include "fault_control.h"
#include "fuse_events.h"
#include "fuse_ops.h"
#include "fuse_sentry.h"
#include "fuse_turn.h"
#include "fuse_worker.h"
#include "trace_control.h"

/* Writers of a volume take turns anyway; this many let readers run beside them. */
#define THREADS_MAX    8
#define KEPT_BYTES     (8 << 20) /* memory that is not given back to the kernel */
#define BACKGROUND_MAX 64        /* requests that nobody waits for, such as read-ahead */

/* ---- what libfuse says ---- */

/*
 * libfuse logs through one function without context, so this, alone, is one
 * per process: where its words go.
 */
static struct {
	const struct tw_emu_log *log;
	char first[200]; /* the first line of error, until the mount is up: for the caller */
	bool is_up;
} words;

static void take_words(enum fuse_log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void take_words(enum fuse_log_level level, const char *format, va_list args)
{
	enum tw_emu_level at = level <= FUSE_LOG_ERR       ? TW_EMU_ERROR
			       : level == FUSE_LOG_WARNING ? TW_EMU_WARNING
			       : level == FUSE_LOG_DEBUG   ? TW_EMU_DEBUG
							   : TW_EMU_INFO;

	if (!words.is_up && at == TW_EMU_ERROR) {
		size_t len = strlen(words.first);

		if (!memchr(words.first, '\n', len)) /* a message may come in pieces */
			(void)vsnprintf(words.first + len, sizeof(words.first) - len, format, args);
		return;
	}
	if (at <= words.log->level)
		tw_emu_log_writev(words.log, at, format, args);
}

static int fail(struct twinfs_error *err, const char *file, int code, const char *text)
{
	const char *why = *words.first ? words.first : text;

	if (!strncmp(why, "fuse: ", 6))
		why += 6;
	*err = (struct twinfs_error){
		.problem = TWINFS_P_MOUNT,
		.code = code,
		.block = TWINFS_NO_BLOCK,
		.addr = TWINFS_NO_ADDR,
	};
	(void)snprintf(err->file, sizeof(err->file), "%s", file);
	(void)snprintf(err->text, sizeof(err->text), "%.*s", (int)strcspn(why, "\n"), why);
	return code;
}

/* ---- the session ---- */

static void init(void *userdata, struct fuse_conn_info *conn)
{
	const struct tw_emu *emu = userdata;

	/* content changes through this mount only: no change of a time means new content */
	conn->want &= ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA;
	conn->want |= conn->capable & FUSE_CAP_EXPLICIT_INVAL_DATA;
	/* only when asked for: a full disk should be reported by write, not by close */
	if (emu->options->writeback)
		conn->want |= conn->capable & FUSE_CAP_WRITEBACK_CACHE;
	conn->max_background = BACKGROUND_MAX;
}

static const struct fuse_lowlevel_ops ops = {
	.init = init,
	.lookup = tw_emu_op_lookup,
	.forget = tw_emu_op_forget,
	.forget_multi = tw_emu_op_forget_multi,
	.getattr = tw_emu_op_getattr,
	.access = tw_emu_op_access,
	.setattr = tw_emu_op_setattr,
	.mknod = tw_emu_op_mknod,
	.mkdir = tw_emu_op_mkdir,
	.unlink = tw_emu_op_unlink,
	.rmdir = tw_emu_op_rmdir,
	.rename = tw_emu_op_rename,
	.symlink = tw_emu_op_symlink,
	.link = tw_emu_op_link,
	.open = tw_emu_op_open,
	.create = tw_emu_op_create,
	.read = tw_emu_op_read,
	.write = tw_emu_op_write,
	.flush = tw_emu_op_flush,
	.release = tw_emu_op_release,
	.fsync = tw_emu_op_fsync,
	.fallocate = tw_emu_op_fallocate,
	.poll = tw_emu_op_poll,
	.opendir = tw_emu_op_opendir,
	.readdir = tw_emu_op_readdir,
	.readdirplus = tw_emu_op_readdirplus,
	.releasedir = tw_emu_op_releasedir,
	/* no fsyncdir: names are on the chip when the call that made them returns */
	.statfs = tw_emu_op_statfs,
	.setxattr = tw_emu_op_setxattr,
	.getxattr = tw_emu_op_getxattr,
	.listxattr = tw_emu_op_listxattr,
	.removexattr = tw_emu_op_removexattr,
};

/* What the mount table names as the device. */
static const char *image_name(const struct twinfs_source *source)
{
	return source->image    ? source->image
	       : source->user   ? source->user
	       : source->backup ? source->backup
				: "twinfs";
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t next = strcspn(list, ",");

		if (next == len && !memcmp(list, word, len))
			return true;
		list += next + (list[next] == ',');
	}
	return false;
}

/*
 * Whether permissions cannot make a difference: the kernel lets in root alone,
 * or the owner of everything, who may do everything. Then it need not check
 * them, for which it would fetch the attributes of a directory again after
 * each change in it.
 */
static bool is_private(const struct tw_daemon_options *options)
{
	if (has_word(options->fuse_options, "allow_other") ||
		has_word(options->fuse_options, "allow_root"))
		return false;
	return !geteuid() || (options->uid == geteuid() && (options->dir_mode & 0700) == 0700 &&
				     (options->file_mode & 0600) == 0600);
}

static int add_options(const struct tw_emu *emu, struct fuse_args *args)
{
	bool bad = fuse_opt_add_arg(args, "twinfs") < 0;
	char *name = NULL, *list = NULL;

	/* the path may hold commas, which end an option */
	bad = bad || asprintf(&name, "fsname=%s", image_name(&emu->options->source)) < 0 ||
	      fuse_opt_add_opt_escaped(&list, name) < 0 ||
	      fuse_opt_add_opt(&list, "subtype=twinfs") < 0 ||
	      (!is_private(emu->options) && fuse_opt_add_opt(&list, "default_permissions") < 0) ||
	      fuse_opt_add_arg(args, "-o") < 0 || fuse_opt_add_arg(args, list) < 0;
	if (emu->options->fuse_options && *emu->options->fuse_options)
		bad = bad || fuse_opt_add_arg(args, "-o") < 0 ||
		      fuse_opt_add_arg(args, emu->options->fuse_options) < 0;
	/* the last word counts: root may mount what a stranger has made, by "suid" in fstab, too */
	bad = bad || fuse_opt_add_arg(args, "-onosuid,nodev") < 0;
	if (emu->options->debug)
		bad = bad || fuse_opt_add_arg(args, "-odebug") < 0;
	free(name);
	free(list);
	return bad ? -ENOMEM : 0;
}

/* libfuse says "unknown option(s): `-o WORD'" of what nobody knows. */
static int fail_options(struct twinfs_error *err, int code)
{
	static const char *const names[] = {"view", "uid", "gid", "umask", "quiet", "ro", "rw",
		"mtime", "upgrade", "writeback", "allow_other", "allow_root", "auto_unmount"};
	const char *word = strstr(words.first, "`-o "), *meant;
	char name[64], text[160];

	if (!word)
		return fail(err, "", code, "these mount options cannot be used");
	word += strlen("`-o ");
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "=,'\n"), word);
	meant = twinfs_nearest(name, names, sizeof(names) / sizeof(*names));
	(void)snprintf(text, sizeof(text), "'%.*s' is not an option of a mount%s%s%s",
		(int)strcspn(word, "'\n"), word, meant ? " (did you mean " : "", meant ? meant : "",
		meant ? "?)" : "");
	words.first[0] = '\0';
	return fail(err, "-o", code, text);
}

static int new_session(struct tw_emu *emu, struct fuse_session **ret_session,
	struct twinfs_error *err)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	int rc = add_options(emu, &args);

	if (rc == 0) {
		*ret_session = fuse_session_new(&args, &ops, sizeof(ops), emu);
		if (!*ret_session)
			rc = -EINVAL;
	}
	fuse_opt_free_args(&args);
	return rc < 0 ? fail_options(err, rc) : 0;
}

static int loop(struct tw_emu *emu, struct fuse_session *session)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int rc;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(config, 1);
	fuse_loop_cfg_set_max_threads(config, THREADS_MAX);
	rc = tw_emu_turn_take(session);
	if (rc == 0)
		rc = tw_emu_worker_start(emu, session);
	if (rc == 0) {
		rc = fuse_session_loop_mt(session, config);
		tw_emu_events_close(&emu->events); /* before the session goes: readers wait in it */
		tw_emu_worker_stop(emu);
	}
	fuse_loop_cfg_destroy(config);
	return rc < 0 ? rc : 0;
}

/* From here on nobody but the log hears of errors, unless the daemon is in the foreground. */
static int serve(struct tw_emu *emu, struct fuse_session *session, struct twinfs_error *err)
{
	const struct tw_daemon_options *options = emu->options;
	const char *what = "the mount ended with an error";
	char text[160];
	int rc, stopped, synced;

	tw_emu_log(&emu->log, TW_EMU_INFO, "mounted on '%s'%s", options->mountpoint,
		emu->hides_files ? "; the files that are in it are hidden meanwhile" : "");
	if (fuse_daemonize(options->foreground) < 0)
		return fail(err, options->mountpoint, -EAGAIN, "cannot go into the background");
	words.is_up = true;
	if (options->ready)
		options->ready(options->ctx);
	if (!options->foreground) {
		openlog("twinfs", LOG_PID, LOG_DAEMON);
		emu->log.to_syslog = true;
	}
	rc = tw_emu_sentry_start(emu, session);
	if (rc < 0)
		return fail(err, options->mountpoint, rc, "signals cannot be handled");
	rc = loop(emu, session);
	fuse_session_unmount(session);

	stopped = tw_emu_power_stop(emu);
	synced = twinfs_image_sync(twinfs_module_image(emu->module));
	tw_emu_sentry_stop();
	if (rc == 0 && stopped < 0) {
		rc = stopped;
		what = "not all files could be committed at the end";
	} else if (rc == 0 && synced < 0) {
		rc = synced;
		what = "the host's disk has failed: what changed in the image may not be on it";
	}
	(void)snprintf(text, sizeof(text), "%s: %s", what, twinfs_strerror(rc));
	if (rc < 0 && emu->log.to_syslog)
		tw_emu_log(&emu->log, TW_EMU_ERROR, "%s", text);
	tw_emu_log(&emu->log, TW_EMU_INFO, "unmounted");
	return rc < 0 ? fail(err, options->mountpoint, rc, text) : 0;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	if (dir)
		(void)closedir(dir);
	return !count;
}

static bool has_fusermount(void)
{
	const char *dirs = getenv("PATH");
	char name[512]; /* longer ones are no folders of programs */

	for (int len; dirs && *dirs; dirs += len + (dirs[len] == ':')) {
		len = (int)strcspn(dirs, ":");
		(void)snprintf(name, sizeof(name), "%.*s/fusermount3", len, dirs);
		if (access(name, X_OK) == 0)
			return true;
	}
	return access("/usr/bin/fusermount3", X_OK) == 0; /* libfuse knows where it is */
}

/* What every mount takes, and containers often lack. libfuse says it without what to do. */
static int check_device(struct twinfs_error *err)
{
	const int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	const int code = fd < 0 ? -errno : 0;

	if (fd >= 0)
		(void)close(fd);
	if (code == -ENOENT || code == -ENODEV || code == -ENXIO)
		return fail(err, "/dev/fuse", code,
			"is not there: load the module fuse (modprobe fuse), or give the "
			"container the device");
	if (code < 0)
		return fail(err, "/dev/fuse", code,
			"permission denied: only who may open it can mount");
	if (geteuid() && !has_fusermount())
		return fail(err, "fusermount3", -ENOENT,
			"is not installed, and users mount by it: it is in the package fuse3");
	return 0;
}

static int mount_and_serve(struct tw_emu *emu, struct fuse_session *session,
	struct twinfs_error *err)
{
	int rc = tw_emu_signals_block();

	if (rc < 0)
		return fail(err, "", rc, "signals cannot be handled");
	emu->hides_files = !is_empty(emu->options->mountpoint);
	if (fuse_session_mount(session, emu->options->mountpoint) < 0)
		return fail(err, emu->options->mountpoint, -EIO, "cannot mount here");
	rc = serve(emu, session, err);
	fuse_session_unmount(session); /* does nothing when serve has done it */
	return rc;
}

/* ---- the module ---- */

static void emu_init(struct tw_emu *emu, const struct tw_daemon_options *options)
{
	pthread_rwlockattr_t attr;

	*emu = (struct tw_emu){
		.options = options,
		.log =
			{
				.level = options->debug   ? TW_EMU_DEBUG
					 : options->quiet ? TW_EMU_ERROR
							  : TW_EMU_INFO,
				.verb = options->verb ? options->verb : "mount",
			},
	};
	/* no thread holds the power twice, and the switch must not wait for ever */
	(void)pthread_rwlockattr_init(&attr);
	(void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	(void)pthread_rwlock_init(&emu->power, &attr);
	(void)pthread_rwlockattr_destroy(&attr);
	tw_emu_stream_init(emu);
	tw_emu_files_init(&emu->files);
	tw_emu_turn_init(&emu->turn);
	for (size_t i = 0; i < TW_EMU_TREES; i++)
		tw_emu_names_init(&emu->trees[i].names);
}

static void emu_release(struct tw_emu *emu)
{
	for (size_t i = 0; i < TW_EMU_TREES; i++)
		tw_emu_names_release(&emu->trees[i].names);
	tw_emu_turn_release(&emu->turn);
	tw_emu_files_release(&emu->files);
	tw_emu_stream_release(emu);
	(void)pthread_rwlock_destroy(&emu->power);
}

static int boot_and_mount(struct tw_emu *emu, struct fuse_session *session,
	struct twinfs_error *err)
{
	int rc = tw_emu_faults_begin(emu, err), ended;

	if (rc == 0)
		rc = tw_emu_trace_begin(emu, err);
	if (rc == 0)
		rc = tw_emu_power_start(emu, err);
	if (rc < 0) {
		(void)tw_emu_trace_end(emu, &(struct twinfs_error){0});
		return rc;
	}
	emu->mtime_ns = twinfs_image_mtime_ns(twinfs_module_image(emu->module));
	rc = mount_and_serve(emu, session, err);
	if (twinfs_module_is_on(emu->module)) { /* the mount never came up: nothing to commit */
		(void)tw_emu_power_stop(emu);
		(void)twinfs_image_sync(twinfs_module_image(emu->module)); /* but the boot wrote */
	}
	ended = tw_emu_trace_end(emu, rc < 0 ? &(struct twinfs_error){0} : err);
	return rc < 0 ? rc : ended;
}

/* A mount without the slots that the module has would show an application another module. */
static int check_secure(struct tw_emu *emu, struct twinfs_error *err)
{
	const struct twinfs_error *why = twinfs_module_secure_error(emu->module);

	if (!why)
		return 0;
	*err = *why;
	return why->code;
}

/* Neither a core dump nor a debugger of the same user shall show the key, or what it seals. */
static void hide_memory(const struct twinfs_module_options *options)
{
	if (options->key_file)
		(void)prctl(PR_SET_DUMPABLE, 0);
}

/* The session comes first: a wrong option must not cost a boot, which may write. */
static int run(struct tw_emu *emu, struct twinfs_error *err)
{
	struct fuse_session *session = NULL;
	int rc = new_session(emu, &session, err);

	if (rc < 0)
		return rc;
	hide_memory(&emu->options->module);
	rc = twinfs_module_open(&emu->options->source, &emu->options->module, &emu->module, err);
	if (rc == 0) {
		emu->flash = twinfs_module_flash(emu->module);
		rc = check_secure(emu, err);
		if (rc == 0)
			rc = check_device(err);
		if (rc == 0)
			rc = boot_and_mount(emu, session, err);
		twinfs_module_close(emu->module);
	}
	fuse_session_destroy(session);
	return rc;
}

/*
 * Unsynced content comes and goes in pieces of a block. The C library would
 * fetch them from the kernel one at a time, and give them back at each sync.
 */
static void keep_memory(void)
{
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_TOP_PAD, KEPT_BYTES / 8);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

static int run_daemon(const struct tw_daemon_options *options, struct twinfs_error *err)
{
	struct tw_emu emu;
	int rc;

	keep_memory();
	emu_init(&emu, options);
	words.log = &emu.log;
	words.first[0] = '\0';
	words.is_up = false;
	fuse_set_log_func(take_words);
	rc = run(&emu, err);
	fuse_set_log_func(NULL);
	emu_release(&emu);
	return rc;
}

/* ---- paths ---- */

/* Paths are used long after the daemon has left the caller's directory. */
static int make_absolute(const char *directory, const char **path, char **ret_copy)
{
	if (!*path || **path == '/')
		return 0;
	if (asprintf(ret_copy, "%s/%s", directory, *path) < 0) {
		*ret_copy = NULL;
		return -ENOMEM;
	}
	*path = *ret_copy;
	return 0;
}

/* Whether a module is mounted at @path, which is absolute. */
static bool is_taken(const char *path)
{
	FILE *table = setmntent("/proc/self/mounts", "re");
	const struct mntent *entry;
	bool found = false;

	while (table && !found && (entry = getmntent(table)))
		found = !strcmp(entry->mnt_dir, path) && !strcmp(entry->mnt_type, "fuse.twinfs");
	if (table)
		endmntent(table);
	return found;
}

/*
 * libfuse would mount a directory on a file, which nobody can enter, and a module
 * over another. The caller frees *@ret_path, also when this fails.
 */
static int check_mountpoint(const char *path, char **ret_path, struct twinfs_error *err)
{
	const char *real = *ret_path = realpath(path, NULL);
	struct statvfs use;
	struct stat attr;
	int code = 0;

	/* statvfs: the kernel may know the attributes of what is gone */
	if (!real || stat(real, &attr) < 0 || statvfs(real, &use) < 0)
		code = -errno;
	if (code == -ENOTCONN)
		return fail(err, path, code,
			"a mount whose daemon has died is still there; twinfs umount takes it "
			"away");
	if (code)
		return fail(err, path, code, twinfs_strerror(code));
	if (!S_ISDIR(attr.st_mode))
		return fail(err, path, -ENOTDIR, twinfs_strerror(-ENOTDIR));
	if (is_taken(real))
		return fail(err, path, -EBUSY, "a module is mounted there already");
	return 0;
}

enum { PATHS = 5 };

int tw_daemon_run(const struct tw_daemon_options *options, struct twinfs_error *err)
{
	struct tw_daemon_options absolute = *options;
	struct twinfs_source *source = &absolute.source;
	const char **paths[] = {
		&source->image, &source->user, &source->backup, &source->secure, &absolute.trace};
	char *copies[PATHS] = {NULL}, *mountpoint = NULL;
	char *directory = getcwd(NULL, 0);
	struct twinfs_error ignored;
	int rc = directory ? 0 : -errno;

	if (!err)
		err = &ignored;
	for (size_t i = 0; rc == 0 && i < PATHS; i++)
		rc = make_absolute(directory, paths[i], &copies[i]);
	words.first[0] = '\0';
	if (rc < 0) {
		fail(err, "", rc, "the current directory is not known");
	} else if ((rc = check_mountpoint(options->mountpoint, &mountpoint, err)) == 0) {
		absolute.mountpoint = mountpoint;
		rc = run_daemon(&absolute, err);
	}
	for (size_t i = 0; i < PATHS; i++)
		free(copies[i]);
	free(mountpoint);
	free(directory);
	return rc;
}
