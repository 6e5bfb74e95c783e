/* SPDX-License-Identifier: MIT */
/*
 * verb_umount.c - twinfs umount: unmounting, for users by "fusermount3 -u", and
 * then waiting until the daemon has let go of the image.
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
 * The image that is mounted at @where, opened; -1 when that cannot be told, as of
 * a mount whose daemon was killed: nothing to wait for.
 */
static int open_image(const char *where, bool *ret_is_twinfs)
{
	FILE *table = where ? setmntent("/proc/self/mounts", "re") : NULL;
	const struct mntent *entry;
	int fd = -1;

	*ret_is_twinfs = false;
	if (!table)
		return -1;
	while ((entry = getmntent(table))) {
		if (strcmp(entry->mnt_dir, where))
			continue;
		if (fd >= 0)
			close(fd);
		/* The last mount on a directory is the one that counts. */
		*ret_is_twinfs = !strcmp(entry->mnt_type, "fuse.twinfs");
		fd = *ret_is_twinfs ? open(entry->mnt_fsname, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
				    : -1;
	}
	endmntent(table);
	return fd;
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

/* By the program that may do it for a user. 0 or the exit status. */
static int ask_fusermount(const char *mountpoint)
{
	const char *const words[] = {"fusermount3", "-u", "--", mountpoint, NULL};
	pid_t child = fork();
	int status;

	if (child < 0)
		return tw_tool_error("umount", mountpoint, "%s", tw_tool_host_reason(-errno));
	if (!child) {
		execvp(words[0], (char *const *)words);
		tw_tool_error("umount", words[0], "%s", tw_tool_host_reason(-errno));
		_exit(TW_EXIT_FAILED);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return tw_tool_error("umount", mountpoint, "%s",
				tw_tool_host_reason(-errno));
	return !WIFEXITED(status) || WEXITSTATUS(status) ? TW_EXIT_FAILED : 0; /* it has told */
}

/* Root needs nobody's help, and so no program that is looked for in its path. */
static int unmount(const char *mountpoint)
{
	_cleanup_free_ char *where = realpath(mountpoint, NULL);
	bool is_missing = !where && errno == ENOENT, is_twinfs;
	_cleanup_close_ int image = open_image(where, &is_twinfs);
	int status = 0;

	if (is_missing)
		return tw_tool_error("umount", mountpoint, "%s", tw_tool_host_reason(-ENOENT));
	if (where && !is_twinfs)
		return tw_tool_error("umount", mountpoint, "is no mounted module");
	if (geteuid() || !where)
		status = ask_fusermount(mountpoint);
	else if (umount2(where, UMOUNT_NOFOLLOW) < 0)
		status = tw_tool_error("umount", mountpoint, "%s", tw_tool_host_reason(-errno));
	if (!status && image >= 0)
		wait_for_release(image);
	return status;
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
