/* SPDX-License-Identifier: MIT */
/*
 * verb_run.c - twinfs run: an application on a module of its own, through
 * restarts and power cuts.
 *
 * The module boots with the power off for the application: restarts and power
 * cuts only switch off; what was running is killed, and then the module is
 * switched on again and the application begins anew.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "run.h"
#include "tool.h"

#define VERB TW_RUN_VERB

/* Restarts that an application may ask for: one that does so at its start must end some time. */
#define RESTARTS 100

enum {
	KEY_PYTHON = TW_OPT_LONG,
	KEY_SCRIPT,
	KEY_NETWORK,
	KEY_COMPAT,
	KEY_MAX_RESTARTS,
	KEY_SANDBOX,
	KEY_UPDATES,
};

static const struct tw_tool_option options[] = {
	{'i', NULL, NULL, "the interpreter's prompt when the script has ended"},
	{'q', "quiet", NULL, "say nothing of boots, restarts and power cuts"},
	{KEY_PYTHON, "python", "INTERPRETER",
		"MicroPython 1.19, CPython 3.9, or newer; else micropython or python3 of PATH, "
		"whichever is there first"},
	{KEY_SCRIPT, "script", "FILE",
		"a file of this computer that is run in place of /usr/main.py"},
	{KEY_NETWORK, "network", NULL, "the application may reach the network, by HTTP"},
	{KEY_COMPAT, "compat", "port",
		"where documents and firmware differ, do as the firmware does"},
	{KEY_MAX_RESTARTS, "max-restarts", "N", "restarts that the application may ask for (100)"},
	{KEY_SANDBOX, "sandbox", "namespace|bwrap|any",
		"how files of this computer are hidden from CPython: namespace, bwrap, or any "
		"(default)"},
	{KEY_UPDATES, "updates", "DIR",
		"app_fota may fetch files below DIR of this computer, by file:/// URLs"},
	TW_TOOL_SERVE_OPTIONS,
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = VERB,
	.usage = (const char *const[]){"[options] IMAGE [-- ARGUMENT...]",
		"[options] --user FILE --backup FILE [-- ARGUMENT...]", NULL},
	.about = "Boots a module and runs its application, /usr/main.py, in a Python interpreter "
		 "that sees the module's files only; without main.py, the interpreter's prompt. "
		 "A restart starts it anew, and with --auto-restart a power cut does.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 the application ended well, or switched off; else its own; "
		  "128 + N: signal N ended it; 123: more restarts than --max-restarts; 124: the "
		  "power was cut and stays off; 125: it could not be run, or wrong usage; "
		  "126, 127: the interpreter cannot be run, is not there.",
	.example = "twinfs run --fault 'cut at op 40' --auto-restart app.img",
};

/* One line of what happened to the module. */
static void say(const struct tw_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct tw_run *run, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	if (run->is_quiet)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		(void)tw_tool_error(VERB, NULL, "%s", text);
}

/* ---- lives ---- */

/* Values of misc.Power. */
enum {
	ON_RESET = 2,
	ON_SUPPLY = 3,
	DOWN_UNKNOWN = 0,
	DOWN_NORMAL = 1,
	DOWN_UNDER_VOLTAGE = 3,
};

struct reasons {
	unsigned on, down;
};

/* After a switch-on: says what came of it, with what came before, in one line. */
static void say_booted(const struct tw_run *run, const char *before, const char *why)
{
	const struct tw_run_state *state = &run->mount.state;

	if (state->power == TW_RUN_IS_ON)
		say(run, "%s%s; %s", before, why, state->boot);
	else
		say(run, "%s%s", before, why);
}

/* Boots again after what happened. 0; or an exit status: it stays off. */
static int go_on(struct tw_run *run, struct reasons *reasons)
{
	struct tw_run_state *state = &run->mount.state;
	_cleanup_free_ char *why = strdup(state->why ? state->why : "");
	bool is_cut = state->power == TW_RUN_IS_CUT;
	unsigned *left = is_cut ? &run->boots_left : &run->restarts_left;
	int status;

	if (!why)
		return tw_tool_no_memory(VERB);
	if (!*left && is_cut) {
		if (run->serve.daemon.auto_restarts)
			say(run, "power cut: %s; all %u of --auto-restart are used up", why,
				run->serve.daemon.auto_restarts);
		else
			say(run, "power cut: %s", why);
		return TW_RUN_CUT;
	}
	if (!*left) {
		tw_tool_error(VERB, NULL,
			"the application asks for one restart more than --max-restarts allows");
		return TW_RUN_TOO_OFTEN;
	}
	--*left;
	status = tw_run_mount_switch_on(&run->mount);
	if (status)
		return status;
	say_booted(run, is_cut ? "power cut: " : "restart", is_cut ? why : "");
	*reasons = is_cut ? (struct reasons){ON_SUPPLY, DOWN_UNDER_VOLTAGE}
			  : (struct reasons){ON_RESET, DOWN_NORMAL};
	return 0;
}

/* While no application lives, each signal is for us: it may never live again. */
static bool is_ended(struct tw_run *run)
{
	struct signalfd_siginfo info;

	if (read(run->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	run->ended_by = (int)info.ssi_signo;
	run->status = TW_RUN_SIGNAL + run->ended_by;
	return true;
}

/* Until the application ends. 0 with its status in @run, or the exit status. */
static int live_on(struct tw_run *run)
{
	const struct tw_run_state *state = &run->mount.state;
	struct reasons reasons = {ON_SUPPLY, DOWN_UNKNOWN};
	unsigned long long boots;
	int status = 0;

	while (!status) {
		switch (state->power) {
		case TW_RUN_IS_ON:
			boots = state->boots;
			status = tw_run_live(run, reasons.on, reasons.down);
			if (run->ended_by)
				run->status = TW_RUN_SIGNAL + run->ended_by;
			/* somebody else may have switched off, and on again */
			if (run->ended_by ||
				(state->power == TW_RUN_IS_ON && state->boots == boots))
				return status;
			break;
		case TW_RUN_RESTARTS:
		case TW_RUN_IS_CUT:
			if (is_ended(run))
				return TW_EXIT_OK;
			status = go_on(run, &reasons);
			break;
		case TW_RUN_BOOT_FAILED:
			return tw_tool_error(VERB, NULL, "the module does not boot: %s",
				state->why);
		case TW_RUN_IS_OFF:
			run->status = TW_EXIT_OK;
			return TW_EXIT_OK;
		}
	}
	return status;
}

/* ---- from the command line to the first life ---- */

/* Ours wait until there is something to be ended in good order; the rest is the interpreter's. */
static int catch_signals(struct tw_run *run)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t ours, blocked;

	(void)sigemptyset(&ours);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		(void)sigaddset(&ours, numbers[i]);
	blocked = ours;
	(void)sigaddset(&blocked, SIGTTOU); /* the terminal is put right from the background, too */
	(void)sigprocmask(SIG_BLOCK, &blocked, &run->mask);
	(void)sigaction(SIGPIPE, &ignore, NULL); /* an interpreter may be gone */
	run->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signals < 0 ? tw_tool_error(VERB, NULL, "%s", tw_tool_host_reason(-errno)) : 0;
}

/* A file that we open must not become the application's standard input. */
static void open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

/* The module boots while the interpreter is looked for. */
static int prepare(struct tw_run *run)
{
	struct tw_run_probe probe;
	int status = catch_signals(run), found;

	if (status)
		return status;
	run->modules = tw_run_python_modules();
	if (!run->modules)
		return TW_EXIT_FAILED;
	tw_run_python_begin(&probe, run->wanted, run->signals);
	status = tw_run_mount_begin(&run->mount, &run->serve);
	found = tw_run_python_end(&probe, &run->python);
	if (!status)
		status = found;
	if (!status)
		status = tw_run_mount_wait(&run->mount);
	if (!status && !run->python.is_micropython)
		status = tw_run_layout_make(run);
	return status;
}

static int run_it(struct tw_run *run)
{
	int status, ended;

	open_standard();
	status = prepare(run);
	if (!status && run->mount.state.power == TW_RUN_IS_ON)
		say(run, "%s", run->mount.state.boot);
	if (!status)
		status = live_on(run);
	ended = tw_run_mount_end(&run->mount);
	if (!status)
		status = ended;
	if (run->signals >= 0)
		(void)close(run->signals);
	if (run->script_copy >= 0)
		(void)close(run->script_copy);
	tw_run_layout_release(&run->layout);
	tw_run_python_release(&run->python);
	free(run->modules);
	return status;
}

static int take_number(const struct tw_tool_args *args, const char *name, unsigned *ret_number)
{
	uint64_t number;

	if (!tw_tool_parse_size(args->value, INT32_MAX, &number))
		return tw_tool_bad_value(args, name, "a number");
	*ret_number = (unsigned)number;
	return 0;
}

static int take_sandbox(const struct tw_tool_args *args, enum tw_run_sandbox *ret_sandbox)
{
	static const char *const names[] = {
		[TW_RUN_ANY] = "any",
		[TW_RUN_NAMESPACE] = "namespace",
		[TW_RUN_BWRAP] = "bwrap",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(args->value, names[i]))
			continue;
		*ret_sandbox = (enum tw_run_sandbox)i;
		return 0;
	}
	return tw_tool_bad_value(args, "sandbox", "namespace, bwrap or any");
}

static int check_updates(const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? tw_tool_error(VERB, path, "%s", tw_tool_host_reason(-errno)) : 0;
}

static int take_option(const struct tw_tool_args *args, int key, struct tw_run *run)
{
	switch (key) {
	case 'i':
		run->is_inspected = true;
		return 0;
	case 'q':
		run->is_quiet = true;
		return 0;
	case KEY_PYTHON:
		run->wanted = args->value;
		return 0;
	case KEY_SCRIPT:
		run->script = args->value;
		return 0;
	case KEY_NETWORK:
		run->has_network = true;
		return 0;
	case KEY_COMPAT:
		run->compat = args->value;
		return strcmp(args->value, "port") ? tw_tool_bad_value(args, "compat", "port") : 0;
	case KEY_MAX_RESTARTS:
		return take_number(args, "max-restarts", &run->restarts_left);
	case KEY_UPDATES:
		run->updates = args->value;
		return check_updates(run->updates);
	case KEY_SANDBOX:
		return take_sandbox(args, &run->sandbox);
	default:
		return tw_tool_serve_option(args, key, &run->serve);
	}
}

/* Before the module boots: a script that cannot be read shall change nothing. */
static int check_script(const char *path)
{
	struct stat attr;
	int code = 0;

	if (!path)
		return 0;
	if (stat(path, &attr) < 0 || access(path, R_OK) < 0)
		code = -errno;
	else if (S_ISDIR(attr.st_mode))
		code = -EISDIR;
	return code < 0 ? tw_tool_error(VERB, path, "%s", tw_tool_host_reason(code)) : 0;
}

static int run_with(struct tw_tool_args *args, struct tw_run *run)
{
	struct twinfs_error err = {0};
	int status = tw_tool_take_image(args);

	if (!status)
		status = check_script(run->script);
	if (status)
		return status;
	if (twinfs_profile_load(args->source.profile, &run->profile, &err) < 0)
		return tw_tool_report(VERB, args->source.profile, &err);
	run->arguments = args->argv + args->argc - tw_tool_left(args);
	tw_tool_serve_finish(args, &run->serve);
	run->boots_left = run->serve.daemon.auto_restarts;
	return run_it(run);
}

int tw_tool_verb_run(int argc, char **argv)
{
	struct tw_run run = {
		.restarts_left = RESTARTS,
		.mount = {.daemon_fd = -1, .ready = -1, .events = -1},
		.signals = -1,
		.script_copy = -1,
	};
	struct tw_tool_args args;
	int key, status = 0;

	tw_tool_serve_init(&run.serve);
	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		status = key == TW_OPT_EXIT ? args.status : take_option(&args, key, &run);
		if (status || key == TW_OPT_EXIT)
			break;
	}
	if (key == TW_OPT_END)
		status = run_with(&args, &run);
	tw_tool_serve_release(&run.serve);
	if (status == TW_EXIT_FAILED) /* as all verbs say it; an application may mean something */
		return TW_RUN_FAILED;
	return status ? status : run.status;
}
