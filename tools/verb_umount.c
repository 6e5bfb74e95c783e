/* SPDX-License-Identifier: MIT */
/*
 * verb_umount.c - twinfs umount: "fusermount3 -u", and then waiting until the
 * daemon has let go of the image.
 *
 * The kernel says "unmounted" while the daemon is still closing. A script that
 * goes on with the image at once would find it locked; so this verb returns
 * when the lock is gone.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "options.h"
#include "tool.h"

static const struct tw_tool_option options[] = {{0}};

static const struct tw_tool_syntax syntax = {
	.verb = "umount",
	.usage = (const char *const[]){"MOUNTPOINT", NULL},
	.about = "Unmounts a module and returns when its image is free for others. Fails while a "
		 "program uses the mount.",
	.options = options,
	.status = "Exit status: 0 unmounted; 2 not.",
	.example = "twinfs umount module",
};

/* Closing takes milliseconds; somebody else's lock is not worth more waiting. */
#define WAIT_SECONDS 10

/*
 * Whether a module is mounted there, as far as can be told; and its image, opened,
 * or -1: nothing to wait for.
 */
static bool find_mount(const char *where, int *ret_image)
{
	FILE *table = setmntent("/proc/self/mounts", "re");
	const struct mntent *entry;
	bool is_found = !table;
	int fd = -1;

	while (table && (entry = getmntent(table))) {
		if (strcmp(entry->mnt_dir, where))
			continue;
		is_found = !strcmp(entry->mnt_type, "fuse.twinfs");
		if (fd >= 0)
			close(fd);
		/* The last mount on a directory is the one that counts. */
		fd = !is_found ? -1 : open(entry->mnt_fsname, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (table)
		endmntent(table);
	*ret_image = fd;
	return is_found;
}

static void on_alarm(int sig)
{
	(void)sig; /* it is there to interrupt flock */
}

static void wait_for_release(int fd)
{
	const struct sigaction action = {.sa_handler = on_alarm};

	sigaction(SIGALRM, &action, NULL);
	alarm(WAIT_SECONDS);
	(void)flock(fd, LOCK_SH); /* given up with our exit; not getting it is no failure */
	alarm(0);
}

/* In the child: its words go into @words. */
static _Noreturn void run_fusermount(const char *mountpoint, int words)
{
	const char *const line[] = {"fusermount3", "-u", "--", mountpoint, NULL};

	(void)dup2(words, STDERR_FILENO);
	(void)setenv("LC_ALL", "C", 1);
	execvp(line[0], (char *const *)line);
	dprintf(words, "%s",
		errno == ENOENT ? "fusermount3 is not installed: it is in the package fuse3"
				: tw_tool_host_reason(-errno));
	_exit(TW_EXIT_FAILED);
}

static int fail_busy(const char *mountpoint)
{
	return tw_tool_error("umount", mountpoint,
		"is in use: a program has a file open there, or works in it "
		"(fuser -vm tells which)");
}

static int fail_unmount(const char *mountpoint, char *words)
{
	static const char own[] = "fusermount3: ";

	words[strcspn(words, "\n")] = '\0';
	if (strstr(words, "busy"))
		return fail_busy(mountpoint);
	return tw_tool_error("umount", mountpoint, "%s",
		strncmp(words, own, strlen(own)) ? words : words + strlen(own));
}

/* What fusermount3 says, before it ends. */
static void read_words(int fd, char *words, size_t size)
{
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, words + len, size - 1 - len);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	words[len] = '\0';
}

/* By the program that may do it for a user. */
static int ask_fusermount(const char *mountpoint)
{
	char words[512];
	int pipe_fds[2], status;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return tw_tool_error("umount", mountpoint, "%s", tw_tool_host_reason(-errno));
	child = fork();
	if (!child)
		run_fusermount(mountpoint, pipe_fds[1]);
	(void)close(pipe_fds[1]);
	if (child > 0)
		read_words(pipe_fds[0], words, sizeof(words));
	(void)close(pipe_fds[0]);
	if (child < 0)
		return tw_tool_error("umount", mountpoint, "%s", tw_tool_host_reason(-errno));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return tw_tool_error("umount", mountpoint, "%s",
				tw_tool_host_reason(-errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail_unmount(mountpoint, words);
	return 0;
}

/* Root needs nobody's help, and so no program that is looked for in its path. */
static int unmount_as_root(const char *where, const char *mountpoint)
{
	if (!umount2(where, UMOUNT_NOFOLLOW))
		return 0;
	if (errno == EBUSY)
		return fail_busy(mountpoint);
	return tw_tool_error("umount", mountpoint, "%s", tw_tool_host_reason(-errno));
}

static int unmount(const char *mountpoint)
{
	_cleanup_free_ char *where = realpath(mountpoint, NULL);
	_cleanup_close_ int image = -1;
	int status;

	/* of a mount whose daemon was killed the kernel says that it is not connected */
	if (!where && errno != ENOTCONN)
		return tw_tool_error("umount", mountpoint, "%s", tw_tool_host_reason(-errno));
	if (where && !find_mount(where, &image))
		return tw_tool_error("umount", mountpoint, "no module is mounted there");
	status = geteuid() ? ask_fusermount(mountpoint)
			   : unmount_as_root(where ? where : mountpoint, mountpoint);
	if (status)
		return status;
	if (image >= 0)
		wait_for_release(image);
	return TW_EXIT_OK;
}

int tw_tool_verb_umount(int argc, char **argv)
{
	struct tw_tool_args args;
	const char *mountpoint;
	int status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	if (tw_tool_next_option(&args) != TW_OPT_END)
		return args.status; /* no options of its own: this is TW_OPT_EXIT */
	status = tw_tool_need(&args, "MOUNTPOINT", &mountpoint);
	if (!status)
		status = tw_tool_no_more(&args);
	return status ? status : unmount(mountpoint);
}
