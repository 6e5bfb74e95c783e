/* SPDX-License-Identifier: MIT */
/*
 * run_life.c - one life of the application: its interpreter, from a boot until
 * it ends or the power goes.
 *
 * When the power goes the interpreter is killed, so that it cannot go on with
 * the next boot; that is only after the power is off, so that nothing which it
 * had open is written by closing. It counts as dead when all its processes
 * are: bubblewrap has one more, which may end before.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "tool.h"

#define VERB TW_RUN_VERB

struct life {
	struct tw_run *run;
	struct tw_run_start start;
	struct tw_run_modem *modem;
	struct tw_run_words words, environment;
	unsigned long long boots; /* number of the boot that it began with */
	pid_t pid;
	int pid_fd;
};

/* What a child says before it becomes the interpreter, or does not. */
struct failure {
	bool is_sandbox;
	int code;
	char step[200];
};

/* ---- the child ---- */

static void fail(int fd, bool is_sandbox, int code, const char *step)
{
	struct failure failure = {.is_sandbox = is_sandbox, .code = code};

	(void)snprintf(failure.step, sizeof(failure.step), "%s", step);
	(void)!write(fd, &failure, sizeof(failure)); /* who does not read it has ended */
	_exit(TW_RUN_FAILED);
}

static void keep_open(int fd)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, 0);
}

static void become_interpreter(const struct life *life, int failure, pid_t parent)
{
	const struct tw_run *run = life->run;
	const bool by_bwrap = life->start.by_bwrap;
	struct sigaction usual = {.sa_handler = SIG_DFL};
	const char *step;
	int code;

	if (!by_bwrap && !run->python.is_micropython) {
		code = tw_run_layout_enter(&run->layout, &step);
		if (code < 0)
			fail(failure, true, code, step);
	}
	/* after what changes our rights, which would undo it */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(TW_RUN_FAILED);
	/* nor what those who started us left open, which is not for an application */
	(void)close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	keep_open(life->start.modem[0]);
	keep_open(life->start.modem[1]);
	keep_open(life->start.script);
	(void)sigaction(SIGPIPE, &usual, NULL);
	if (!by_bwrap) /* bubblewrap does it itself, and may need its rights first */
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (by_bwrap) { /* of which a part waits outside, and must not die of it */
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGQUIT, SIG_IGN);
	}
	(void)sigprocmask(SIG_SETMASK, &run->mask, NULL);
	execvpe(life->words.list[0], life->words.list, life->environment.list);
	fail(failure, by_bwrap, -errno, life->words.list[0]);
}

/* ---- its power ---- */

/* Whether the power that it was started with has gone, or the mount. */
static bool has_lost_power(struct life *life)
{
	struct tw_run_mount *mount = &life->run->mount;

	return tw_run_mount_update(mount) < 0 || mount->state.power != TW_RUN_IS_ON ||
	       mount->state.boots != life->boots;
}

/*
 * Kills it. If that is for the power, its calls wait in the mount, also those
 * that close its files; they return when nothing of it can run any more.
 */
static void end(const struct life *life, bool is_off)
{
	struct pollfd wait = {.fd = life->pid_fd, .events = POLLIN};

	(void)kill(life->pid, SIGKILL);
	while (is_off && life->start.by_bwrap && poll(&wait, 1, -1) < 0)
		; /* whose end is what kills the interpreter */
	/* somebody may have switched on again, which let them return, and must stay */
	if (is_off && life->run->mount.state.power != TW_RUN_IS_ON)
		tw_run_mount_release(&life->run->mount);
}

/*
 * Kills what the dead have left: processes whose parent is gone are ours, see
 * PR_SET_CHILD_SUBREAPER. false: there was none.
 */
static bool bury_orphans(pid_t daemon)
{
	FILE *list = fopen("/proc/thread-self/children", "re");
	bool found = false;
	int pid;

	while (list && fscanf(list, "%d", &pid) == 1) {
		if (pid == daemon)
			continue;
		found = true;
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (list)
		(void)fclose(list);
	return found;
}

/* Its exit status as a shell gives it; nothing of it is left, nor of what it has forked. */
static int bury(struct life *life)
{
	int status;

	while (waitpid(life->pid, &status, 0) < 0)
		if (errno != EINTR)
			return TW_RUN_FAILED;
	while (bury_orphans(life->run->mount.daemon))
		;
	if (life->pid_fd >= 0)
		(void)close(life->pid_fd);
	life->pid_fd = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : TW_RUN_SIGNAL + WTERMSIG(status);
}

/* ---- starting ---- */

/*
 * 0: it is the interpreter now, or has been killed; or the exit status, @failure
 * says why, and the child is gone. What it sees is made in the mount, where it
 * waits when the power goes.
 */
static int await_start(struct life *life, int fd, struct failure *failure)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = POLLIN},
		{.fd = life->run->mount.events, .events = POLLIN},
	};
	ssize_t got;

	*failure = (struct failure){0};
	while (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0 || !fds[0].revents) {
		if (!fds[1].revents || !has_lost_power(life))
			continue;
		fds[1].fd = -1;
		end(life, true);
	}
	while ((got = read(fd, failure, sizeof(*failure))) < 0 && errno == EINTR)
		;
	if (got != sizeof(*failure))
		return 0;
	(void)bury(life);
	return failure->code == -ENOENT && !failure->is_sandbox ? TW_RUN_NOT_FOUND : TW_RUN_NOT_RUN;
}

/* 0; or the exit status, and there is none. */
static int fork_child(struct life *life, int failure)
{
	pid_t parent = getpid();

	life->pid = fork();
	if (!life->pid)
		become_interpreter(life, failure, parent);
	life->pid_fd = life->pid > 0 ? pidfd_open(life->pid, 0) : -1;
	if (life->pid_fd >= 0)
		return 0;
	tw_tool_error(VERB, NULL, "no process can be started: %s", tw_tool_host_reason(-errno));
	if (life->pid > 0) {
		(void)kill(life->pid, SIGKILL);
		(void)bury(life);
	}
	return TW_RUN_FAILED;
}

static int start_child(struct life *life, struct failure *failure)
{
	int ends[2], status;

	tw_run_words_release(&life->words);
	if (life->start.by_bwrap)
		tw_run_layout_words(&life->run->layout, &life->words);
	tw_run_command(life->run, &life->start, &life->words);
	if (life->words.is_short || life->environment.is_short)
		return tw_tool_no_memory(VERB);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return tw_tool_error(VERB, NULL, "%s", tw_tool_host_reason(-errno));
	status = fork_child(life, ends[1]);
	(void)close(ends[1]);
	if (!status)
		status = await_start(life, ends[0], failure);
	(void)close(ends[0]);
	return status;
}

/* In the first way that works. 0 or the exit status. */
static int start(struct life *life)
{
	struct tw_run *run = life->run;
	struct failure first = {0}, last = {0};
	int status = TW_RUN_NOT_RUN;

	tw_run_environment(run, &life->environment);
	if (run->python.is_micropython || run->sandbox != TW_RUN_BWRAP) {
		status = start_child(life, &first);
		if (!status || !first.code)
			return status;
		if (!first.is_sandbox) {
			tw_tool_error(VERB, first.step, "cannot be run: %s",
				tw_tool_host_reason(first.code));
			return status;
		}
	}
	if (run->sandbox != TW_RUN_NAMESPACE) {
		life->start.by_bwrap = true;
		status = start_child(life, &last);
		if (!status || !last.code)
			return status;
	}
	if (!first.code) {
		tw_tool_error(VERB, "bwrap", "%s", tw_tool_host_reason(last.code));
		return status;
	}
	tw_tool_error(VERB, NULL,
		"CPython has no sandbox here: %s: %s; allow user namespaces, install bubblewrap, "
		"or use MicroPython",
		first.step, tw_tool_host_reason(first.code));
	return TW_RUN_NOT_RUN;
}

/* ---- while it lives ---- */

/* Takes all that have come. true: one of them ends us. */
static bool take_signals(struct life *life)
{
	struct signalfd_siginfo info;

	while (read(life->run->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP) {
			life->run->ended_by = (int)info.ssi_signo;
			return true;
		}
		/* what the terminal sends reaches the interpreter by itself */
		if (info.ssi_code == SI_USER)
			(void)kill(life->pid, (int)info.ssi_signo);
	}
	return false;
}

/* Waits for its end, and sees to it when there is a reason. */
static void watch(struct life *life)
{
	struct tw_run *run = life->run;
	struct pollfd fds[] = {
		{.fd = life->pid_fd, .events = POLLIN},
		{.fd = run->mount.events, .events = POLLIN},
		{.fd = run->signals, .events = POLLIN},
		{.fd = run->mount.daemon_fd, .events = POLLIN},
	};
	bool is_off = false;

	while (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0 || !fds[0].revents) {
		if (fds[1].revents && !is_off && has_lost_power(life)) {
			is_off = true;
			fds[1].fd = -1; /* what comes now belongs to the next life */
			end(life, true);
		}
		if (fds[2].revents && take_signals(life))
			end(life, false);
		if (fds[3].revents) {
			fds[3].fd = -1;
			end(life, false);
		}
	}
	(void)take_signals(life); /* that were its own, and not the next one's */
}

/* ---- */

/* 0 or a negative errno. */
static int copy_all(int from, int to)
{
	char piece[4096];
	ssize_t got;

	while ((got = read(from, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || write(to, piece, (size_t)got) != got)
			return -errno;
	}
	return 0;
}

/* A pipe can be read only once: later lives have a copy. A descriptor, or a negative errno. */
static int open_again(struct tw_run *run)
{
	struct stat attr;
	int fd, code;

	if (run->script_copy < 0) {
		fd = open(run->script, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (fstat(fd, &attr) == 0 && S_ISREG(attr.st_mode)))
			return fd < 0 ? -errno : fd;
		run->script_copy = memfd_create("script", MFD_CLOEXEC);
		code = run->script_copy < 0 ? -errno : copy_all(fd, run->script_copy);
		(void)close(fd);
		if (code < 0)
			return code;
	}
	if (lseek(run->script_copy, 0, SEEK_SET) < 0)
		return -errno;
	code = fcntl(run->script_copy, F_DUPFD_CLOEXEC, 0);
	return code < 0 ? -errno : code;
}

static int open_script(struct tw_run *run, int *ret_fd)
{
	*ret_fd = -1;
	if (!run->script)
		return 0;
	*ret_fd = open_again(run);
	return *ret_fd < 0 ? tw_tool_error(VERB, run->script, "%s", tw_tool_host_reason(*ret_fd))
			   : 0;
}

static int live(struct life *life)
{
	struct tw_run_start *own = &life->start;
	int status = start(life);

	/* the interpreter has them now, and shall be the only one */
	(void)close(own->modem[0]);
	(void)close(own->modem[1]);
	if (status)
		return status;
	status = tw_run_modem_serve(life->modem);
	if (!status)
		watch(life);
	else
		(void)kill(life->pid, SIGKILL);
	life->run->status = bury(life);
	return status;
}

int tw_run_live(struct tw_run *run, unsigned on_reason, unsigned down_reason)
{
	struct life life = {
		.run = run,
		.boots = run->mount.state.boots,
		.start = {.on_reason = on_reason, .down_reason = down_reason},
	};
	struct termios terminal;
	bool has_terminal = tcgetattr(STDIN_FILENO, &terminal) == 0;
	int status = open_script(run, &life.start.script);

	(void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* older than what else we need of the kernel */
	if (!status)
		status = tw_run_modem_new(run, &life.modem, life.start.modem);
	if (!status)
		status = live(&life);
	tw_run_modem_free(life.modem);
	if (has_terminal) /* one that was killed in the middle of a line has left it as it was then
			   */
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal);
	if (life.start.script >= 0)
		(void)close(life.start.script);
	tw_run_words_release(&life.words);
	tw_run_words_release(&life.environment);
	if (!status && tw_run_mount_update(&run->mount) < 0)
		status = TW_EXIT_FAILED; /* its end tells */
	return status;
}
