/* SPDX-License-Identifier: MIT */
/*
 * verb_record.c - twinfs record: a trace of what a command does to a mounted module.
 *
 * The recording is bound to our descriptor of the control file, so it ends with
 * us in any case; the command does not inherit it.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "options.h"
#include "tool.h"

static const struct tw_tool_option options[] = {{0}};

static const struct tw_tool_syntax syntax = {
	.verb = "record",
	.usage = (const char *const[]){"MOUNT FILE -- COMMAND [ARGUMENT...]", NULL},
	.about = "Runs a command, and records in a new trace what happens to the chip of a mounted "
		 "module meanwhile, through power cuts and boots too.",
	.options = options,
	.status = "Exit status: 0 when that of the command is 0, else that; 126 or 127 when it "
		  "cannot be run; 128 + N when "
		  "signal N killed it; 2 when the trace could not be begun, or is not complete and "
		  "the command ended with 0.",
	.example = "twinfs record module run.trace -- ./my-app module/usr",
};

enum {
	EXIT_NOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL = 128,
};

static int begin(const struct tw_tool_control *control, const char *file)
{
	_cleanup_free_ char *directory = *file == '/' ? strdup("") : getcwd(NULL, 0);
	_cleanup_free_ char *command = NULL;

	if (!directory)
		return tw_tool_error("record", file, "%s", tw_tool_host_reason(-errno));
	if (asprintf(&command, "hold %s%s%s", directory, *directory ? "/" : "", file) < 0) {
		command = NULL;
		return tw_tool_no_memory("record");
	}
	return tw_tool_control_write(control, command);
}

/* In the child. @failed hears of it when the command is not run. */
static void run_command(char **command, int failed)
{
	int code;

	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	execvp(command[0], command);
	code = errno;
	tw_tool_error("record", command[0], "%s",
		code == ENOENT ? "there is no such command" : tw_tool_host_reason(-code));
	(void)!write(failed, "", 1);
	_exit(code == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN);
}

/* Whether the child has said so; what it runs does not have the other end of the pipe. */
static bool has_failed(int fd)
{
	char byte;
	ssize_t got;

	do
		got = read(fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	return got > 0;
}

/* Runs it to its end; what a shell would give as its status. */
static int run_and_wait(char **command, bool *ret_is_run)
{
	int pipe_fds[2], status;
	pid_t child;

	*ret_is_run = false;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return tw_tool_error("record", command[0], "%s", tw_tool_host_reason(-errno));

	/* what the terminal sends goes to the command, whose end we want to see */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)fflush(stdout);
	child = fork();
	if (!child)
		run_command(command, pipe_fds[1]);
	(void)close(pipe_fds[1]);
	*ret_is_run = child > 0 && !has_failed(pipe_fds[0]);
	(void)close(pipe_fds[0]);
	if (child < 0)
		return tw_tool_error("record", command[0], "%s", tw_tool_host_reason(-errno));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return tw_tool_error("record", command[0], "%s",
				tw_tool_host_reason(-errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status);
}

static int record(const char *mount, const char *file, char **command)
{
	struct tw_tool_control control;
	int status = tw_tool_control_open("record", mount, "trace", O_RDWR, &control), ended;
	bool is_run;

	if (status)
		return status;
	status = begin(&control, file);
	if (!status) {
		status = run_and_wait(command, &is_run);
		ended = tw_tool_control_write(&control, "stop");
		if (!is_run)
			(void)unlink(file); /* ours, and of nothing */
		status = status ? status : ended;
	}
	tw_tool_control_close(&control);
	return status;
}

int tw_tool_verb_record(int argc, char **argv)
{
	struct tw_tool_args args;
	const char *mount, *file, *command;
	int status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	if (tw_tool_next_option(&args) != TW_OPT_END)
		return args.status; /* no options of its own: this is TW_OPT_EXIT */
	status = tw_tool_need(&args, "MOUNT", &mount);
	if (!status)
		status = tw_tool_need(&args, "FILE", &file);
	if (!status)
		status = tw_tool_need(&args, "COMMAND", &command);
	/* the operands left are the last of argv, and NULL is behind them */
	return status ? status : record(mount, file, argv + argc - tw_tool_left(&args) - 1);
}
