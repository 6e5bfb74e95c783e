/* SPDX-License-Identifier: MIT */
/*
 * run_mount.c - a module mounted for one run, in a private directory.
 *
 * The daemon is a process of its own: the kernel must never wait for us to
 * answer what we ask. It has a session of its own, too, so that Ctrl-C is for
 * the application alone. When we are killed it gets a signal from the kernel,
 * unmounts, and removes the directory in our place.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "control.h"
#include "tool.h"

#define VERB TW_RUN_VERB

static void remove_dir(const struct tw_run_mount *mount)
{
	const char *const dirs[] = {mount->root, mount->view, mount->dir};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (dirs[i]) /* what is not empty is not ours, or still mounted */
			(void)rmdir(dirs[i]);
}

static int make_dir(struct tw_run_mount *mount)
{
	const char *wanted = getenv("TMPDIR");
	_cleanup_free_ char *base = NULL;

	if (!wanted || !*wanted)
		wanted = "/tmp";
	base = realpath(wanted, NULL); /* the daemon leaves our working directory */
	if (!base)
		return tw_tool_error(VERB, wanted, "%s", tw_tool_host_reason(-errno));
	if (asprintf(&mount->dir, "%s/twinfs-run-XXXXXX", base) < 0) {
		mount->dir = NULL;
		return tw_tool_no_memory(VERB);
	}
	if (!mkdtemp(mount->dir)) {
		free(mount->dir);
		mount->dir = NULL;
		return tw_tool_error(VERB, base, "no directory can be made: %s",
			tw_tool_host_reason(-errno));
	}
	if (asprintf(&mount->root, "%s/module", mount->dir) < 0)
		mount->root = NULL;
	if (asprintf(&mount->view, "%s/view", mount->dir) < 0)
		mount->view = NULL;
	if (!mount->root || !mount->view)
		return tw_tool_no_memory(VERB);
	if (mkdir(mount->root, 0700) < 0 || mkdir(mount->view, 0700) < 0)
		return tw_tool_error(VERB, mount->dir, "%s", tw_tool_host_reason(-errno));
	return 0;
}

/* ---- the daemon ---- */

static void tell_ready(void *ctx)
{
	(void)!write(*(const int *)ctx, "", 1); /* who does not read it has ended */
}

/* Its own standard input and output: ours must end when we do. Messages go where ours go. */
static void close_standard(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dup2(fd, STDIN_FILENO);
	(void)dup2(fd, STDOUT_FILENO);
	(void)close(fd);
}

/* In the child. The signals that end a mount are blocked until the daemon takes them. */
static void run_daemon(const struct tw_run_mount *mount, struct tw_tool_serve *serve, int ready,
	pid_t parent)
{
	struct tw_daemon_options options = serve->daemon;
	struct twinfs_error err = {0};
	int code = 0;

	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	close_standard();
	options.mountpoint = mount->root;
	options.foreground = true;
	options.attendant = parent;
	options.quiet = true; /* who reads the events tells more */
	options.verb = VERB;
	options.view = TW_VIEW_DEVICE;
	options.auto_restarts = 0; /* not before the application is dead */
	options.ready = tell_ready;
	options.ctx = &ready;
	options.file_mode = 0666;
	options.dir_mode = 0777;
	if (getppid() == parent)
		code = tw_daemon_run(&options, &err);
	if (code < 0)
		(void)tw_tool_report(VERB, NULL, &err);
	remove_dir(mount);
	_exit(code < 0 ? TW_EXIT_FAILED : TW_EXIT_OK);
}

int tw_run_mount_begin(struct tw_run_mount *mount, struct tw_tool_serve *serve)
{
	pid_t parent = getpid();
	int ends[2], status = make_dir(mount);

	if (status)
		return status;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return tw_tool_error(VERB, NULL, "%s", tw_tool_host_reason(-errno));
	mount->ready = ends[0];
	(void)fflush(NULL);
	mount->daemon = fork();
	if (!mount->daemon) {
		(void)close(ends[0]);
		run_daemon(mount, serve, ends[1], parent);
	}
	(void)close(ends[1]);
	if (mount->daemon > 0)
		mount->daemon_fd = pidfd_open(mount->daemon, 0);
	if (mount->daemon < 0 || mount->daemon_fd < 0)
		return tw_tool_error(VERB, NULL, "no process can be started: %s",
			tw_tool_host_reason(-errno));
	return 0;
}

int tw_run_mount_wait(struct tw_run_mount *mount)
{
	struct tw_tool_control control;
	ssize_t got;
	char byte;
	int status;

	while ((got = read(mount->ready, &byte, 1)) < 0 && errno == EINTR)
		;
	if (got <= 0)
		return TW_EXIT_FAILED; /* its own message is out */
	status = tw_tool_control_open(VERB, mount->root, "events", O_RDONLY | O_NONBLOCK, &control);
	if (status)
		return status;
	mount->events = control.fd;
	return tw_run_mount_update(mount) < 0 ? TW_EXIT_FAILED : 0;
}

/* ---- its power ---- */

/* Takes in the whole lines, and keeps the rest. */
static int take_lines(struct tw_run_mount *mount)
{
	struct tw_tool_text *lines = &mount->lines;
	char *line = lines->data, *end;
	int code = 0;

	while (code == 0 && line && (end = strchr(line, '\n'))) {
		*end = '\0';
		code = tw_run_state_event(&mount->state, line);
		line = end + 1;
	}
	if (line) {
		lines->len = strlen(line);
		memmove(lines->data, line, lines->len + 1);
	}
	return code;
}

static int open_power(const struct tw_run_mount *mount, int flags)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/.twinfs/power", mount->root) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_power(const struct tw_run_mount *mount, char *text, size_t size)
{
	_cleanup_close_ int fd = open_power(mount, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read(fd, text, size - 1);
	if (got < 0)
		return -errno;
	text[got] = '\0';
	return 0;
}

/* There were more events than are kept: the state as it is now. */
static int find_power(struct tw_run_mount *mount)
{
	struct tw_run_state *state = &mount->state;
	char text[TWINFS_FAULT_CAUSE_MAX + 16], *cause;
	int code = read_power(mount, text, sizeof(text));

	if (code < 0)
		return code;
	state->is_lost = false;
	cause = text + strcspn(text, "\n");
	if (!strncmp(text, "off", 3) && cause[0] && cause[1]) {
		state->power = TW_RUN_IS_CUT;
		free(state->why);
		state->why = strndup(cause + 1, strcspn(cause + 1, "\n"));
		return state->why ? 0 : -ENOMEM;
	}
	if (!strncmp(text, "off", 3) && state->power == TW_RUN_IS_ON)
		state->power = TW_RUN_IS_OFF;
	return 0;
}

int tw_run_mount_update(struct tw_run_mount *mount)
{
	char piece[8192];
	ssize_t got;
	int code = 0;

	while (code == 0 && (got = read(mount->events, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return mount->state.is_lost ? find_power(mount) : 0;
		if (got < 0)
			break;
		code = tw_tool_text_add(&mount->lines, piece, (size_t)got);
		if (code == 0)
			code = take_lines(mount);
	}
	mount->is_gone = code == 0;
	return code < 0 ? code : -ENOTCONN;
}

static int write_power(const struct tw_run_mount *mount, const char *word)
{
	_cleanup_close_ int fd = open_power(mount, O_WRONLY);

	if (fd < 0)
		return fd;
	/* a boot that fails, or is cut, is told by the events */
	(void)!write(fd, word, strlen(word));
	return 0;
}

void tw_run_mount_release(const struct tw_run_mount *mount)
{
	(void)write_power(mount, "off"); /* if this fails the mount has ended, and released them */
}

int tw_run_mount_switch_on(struct tw_run_mount *mount)
{
	if (write_power(mount, "on") < 0)
		return TW_EXIT_FAILED; /* it has ended, which its end tells */
	return tw_run_mount_update(mount) < 0 ? TW_EXIT_FAILED : 0;
}

/* ---- the end ---- */

/* After a daemon that did not unmount, which it does unless it is killed. */
static void unmount_by_force(const char *root)
{
	const char *const words[] = {"fusermount3", "-q", "-u", "-z", "--", root, NULL};
	pid_t child;

	if (umount2(root, MNT_DETACH) == 0)
		return;
	child = fork();
	if (!child) {
		execvp(words[0], (char *const *)words);
		_exit(TW_EXIT_FAILED);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static int end_daemon(struct tw_run_mount *mount)
{
	int status;

	if (mount->daemon <= 0)
		return 0;
	(void)kill(mount->daemon, SIGTERM);
	while (waitpid(mount->daemon, &status, 0) < 0)
		if (errno != EINTR)
			return TW_EXIT_FAILED;
	mount->daemon = 0;
	if (WIFSIGNALED(status)) {
		unmount_by_force(mount->root);
		return tw_tool_error(VERB, NULL, "the mount was ended by signal %d",
			WTERMSIG(status));
	}
	if (mount->is_gone && !WEXITSTATUS(status))
		return tw_tool_error(VERB, NULL, "the mount has ended by itself");
	return WEXITSTATUS(status); /* its own message is out */
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int tw_run_mount_end(struct tw_run_mount *mount)
{
	int status;

	close_one(&mount->events);
	close_one(&mount->ready);
	status = end_daemon(mount);
	close_one(&mount->daemon_fd);
	remove_dir(mount);
	tw_tool_text_release(&mount->lines);
	free(mount->state.why);
	free(mount->state.boot);
	free(mount->dir);
	free(mount->root);
	free(mount->view);
	return status;
}
