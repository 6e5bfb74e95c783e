/* SPDX-License-Identifier: MIT */
/*
 * run_python.c - finds an interpreter, and asks it what it is.
 *
 * What is called python3 may be a script that looks for the real one, a link
 * into some other place, or one of a virtual environment. So it is run once,
 * outside of the sandbox and while the module boots, and tells its own file, the
 * directory of its library, and where its shared libraries came from.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "tool.h"

#define VERB TW_RUN_VERB

#define NEEDED "MicroPython 1.19, CPython 3.9, or newer"

/* What an interpreter says is not longer, in bytes. */
#define ANSWER_MAX 65536

/*
 * Understood by both kinds, and by those that are too old. Its own directories
 * of libraries come first: that of the system may have the same, in another version.
 */
static const char question[] =
	"import sys\n"
	"i = sys.implementation\n"
	"print(i.name)\n"
	"print(i.version[0])\n"
	"print(i.version[1])\n"
	"if i.name == 'cpython':\n"
	" import os\n"
	" print(os.readlink('/proc/self/exe'))\n"
	" print(os.path.dirname(os.__file__))\n"
	" print(([os.path.dirname(p) for p in sys.path if p.endswith('/lib-dynload')] + [''])[0])\n"
	" f = {p.split(None, 5)[5].strip() for p in open('/proc/self/maps') if '.so' in p}\n"
	" print('\\n'.join(sorted(f, key=lambda p: ('libpython' not in p, p[:4] == '/usr'))))\n";

/* Tried in this order; what runs the device's language itself comes first. */
static const char *const defaults[] = {"micropython", "python3"};

static const struct {
	const char *name, *shown;
	unsigned major, minor;
} known[] = {
	{"micropython", "MicroPython", 1, 19},
	{"cpython", "CPython", 3, 9},
};

/* ---- asking ---- */

/* Adds why @name cannot be used to the list for the message. */
static void add_tried(struct tw_run_probe *probe, const char *name, const char *why)
{
	size_t len = strlen(probe->tried);

	(void)snprintf(probe->tried + len, sizeof(probe->tried) - len, "%s%s (%s)", len ? ", " : "",
		name, why);
}

/* CPython is asked without what slows it down: what the user has installed for it. */
static bool may_be_cpython(const char *name)
{
	const char *base = strrchr(name, '/');

	return !strstr(base ? base : name, "micropython");
}

static int spawn(const char *name, bool is_bare, int out, pid_t *ret_pid)
{
	const char *const plain[] = {name, "-c", question, NULL};
	const char *const bare[] = {name, "-I", "-S", "-B", "-c", question, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int code;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	/* a group of its own: a script that does not answer is ended with what it has started */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	code = posix_spawnp(ret_pid, name, &files, &attr, (char *const *)(is_bare ? bare : plain),
		environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -code;
}

/* 0 or a negative errno. */
static int ask(struct tw_run_probe *probe, bool is_bare)
{
	int ends[2], code;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	code = spawn(probe->name, is_bare, ends[1], &probe->pid);
	(void)close(ends[1]);
	if (code < 0)
		(void)close(ends[0]);
	else
		probe->answer = ends[0];
	return code;
}

/* Goes on with the next that can be started. */
static void ask_next(struct tw_run_probe *probe)
{
	size_t count = probe->wanted ? 1 : sizeof(defaults) / sizeof(*defaults);
	int code;

	while (probe->next < count) {
		probe->name = probe->wanted ? probe->wanted : defaults[probe->next];
		probe->next++;
		probe->is_bare = may_be_cpython(probe->name);
		code = ask(probe, probe->is_bare);
		if (code >= 0)
			return;
		probe->status = code == -ENOENT ? TW_RUN_NOT_FOUND : TW_RUN_NOT_RUN;
		add_tried(probe, probe->name,
			code == -ENOENT ? "not found" : tw_tool_host_reason(code));
	}
	probe->name = NULL;
}

void tw_run_python_begin(struct tw_run_probe *probe, const char *wanted, int signals)
{
	*probe = (struct tw_run_probe){.wanted = wanted, .signals = signals, .answer = -1};
	ask_next(probe);
}

/* ---- its answer ---- */

/* Takes the next line off @text; NULL: there is none. */
static char *take_line(char **text)
{
	return *text && **text ? strsep(text, "\n") : NULL;
}

/* "/usr/lib/x/libc.so.6": remembers the directory, once; or that it is the dynamic linker. */
static int take_shared(struct tw_run_python *python, char *path)
{
	char *base = strrchr(path, '/');
	size_t count = 0;

	if (!base || *path != '/')
		return 0;
	if (!strncmp(base, "/ld-", 4) || !strncmp(base, "/ld.", 4) || !strncmp(base, "/ld64.", 6)) {
		if (!python->loader)
			python->loader = strdup(path);
		if (!python->loader)
			return -ENOMEM;
	}
	*base = '\0';
	if (strstr(path, "/lib-dynload"))
		return 0; /* modules of the interpreter: found by its own path */
	while (python->shared[count] && strcmp(python->shared[count], path))
		count++;
	if (count < TW_RUN_LIBRARIES && !python->shared[count]) {
		python->shared[count] = strdup(path);
		return python->shared[count] ? 0 : -ENOMEM;
	}
	return 0;
}

static int take_cpython(struct tw_run_python *python, char *text)
{
	const char *program = take_line(&text), *library = take_line(&text),
		   *platform = take_line(&text);
	char *path;
	int code = 0;

	if (!program || !library || !platform)
		return -EINVAL;
	python->program = strdup(program);
	python->library = strdup(library);
	if (*platform && strcmp(platform, library)) {
		python->platform = strdup(platform);
		code = python->platform ? 0 : -ENOMEM;
	}
	if (!python->program || !python->library)
		code = -ENOMEM;
	while (code == 0 && (path = take_line(&text)))
		code = take_shared(python, path);
	return code;
}

/* 0, -ENOTSUP (@why says it), or another negative errno: it is no interpreter that we know. */
static int take_answer(const char *name, char *text, struct tw_run_python *python, char *why,
	size_t size)
{
	const char *kind = take_line(&text), *major = take_line(&text), *minor = take_line(&text);
	size_t i = 0;

	if (!kind || !major || !minor)
		return -EINVAL;
	while (i < sizeof(known) / sizeof(*known) && strcmp(known[i].name, kind))
		i++;
	if (i == sizeof(known) / sizeof(*known))
		return -EINVAL;
	python->major = (unsigned)strtoul(major, NULL, 10);
	python->minor = (unsigned)strtoul(minor, NULL, 10);
	if (python->major != known[i].major || python->minor < known[i].minor) {
		(void)snprintf(why, size, "is %s %u.%u", known[i].shown, python->major,
			python->minor);
		return -ENOTSUP;
	}
	python->is_micropython = i == 0;
	if (!python->is_micropython)
		return take_cpython(python, text);
	python->program = strdup(name);
	return python->program ? 0 : -ENOMEM;
}

/* Until there is something to read. false: a signal has come, which is for us. */
static bool await_answer(struct tw_run_probe *probe)
{
	struct pollfd fds[] = {
		{.fd = probe->answer, .events = POLLIN},
		{.fd = probe->signals, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	while (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0)
		;
	if (!fds[1].revents || read(probe->signals, &info, sizeof(info)) != sizeof(info))
		return true;
	probe->ended_by = (int)info.ssi_signo;
	return false;
}

/* Reads it all, and waits. 0; 1: it ended with an error, or was ended; or a negative errno. */
static int hear(struct tw_run_probe *probe, struct tw_tool_text *text)
{
	char piece[4096];
	ssize_t got;
	int code = 0, status = 0;

	while (await_answer(probe) && (got = read(probe->answer, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || text->len > ANSWER_MAX)
			break;
		code = tw_tool_text_add(text, piece, (size_t)got);
	}
	(void)close(probe->answer);
	probe->answer = -1;
	if (text->len > ANSWER_MAX || probe->ended_by)
		(void)kill(-probe->pid, SIGKILL);
	while (waitpid(probe->pid, &status, 0) < 0 && errno == EINTR)
		;
	return code < 0 ? code : !WIFEXITED(status) || WEXITSTATUS(status);
}

/* Whether the one that was asked can be used; false: why is in @probe. */
static bool judge(struct tw_run_probe *probe, struct tw_run_python *python)
{
	struct tw_tool_text text = {0};
	char why[96] = "is neither MicroPython nor CPython";
	int code = hear(probe, &text);

	if (code > 0 && probe->is_bare &&
		!probe->ended_by) { /* perhaps it does not know these options */
		tw_tool_text_release(&text);
		probe->is_bare = false;
		code = ask(probe, false);
		code = code < 0 ? code : hear(probe, &text);
	}
	if (code == 0)
		code = take_answer(probe->name, text.data ? text.data : (char[]){""}, python, why,
			sizeof(why));
	else if (code > 0)
		(void)snprintf(why, sizeof(why), "runs no Python 3");
	tw_tool_text_release(&text);
	if (code == 0)
		return true;
	tw_run_python_release(python);
	probe->status = TW_RUN_NOT_RUN;
	add_tried(probe, probe->name, why);
	return false;
}

int tw_run_python_end(struct tw_run_probe *probe, struct tw_run_python *ret_python)
{
	*ret_python = (struct tw_run_python){0};
	while (probe->name) {
		if (judge(probe, ret_python))
			return 0;
		if (probe->ended_by)
			return TW_RUN_SIGNAL + probe->ended_by;
		ask_next(probe);
	}
	if (probe->wanted)
		tw_tool_error(VERB, NULL, "--python: %s; " NEEDED " is needed", probe->tried);
	else
		tw_tool_error(VERB, NULL, "no interpreter: %s; name one by --python (" NEEDED ")",
			probe->tried);
	return probe->status;
}

void tw_run_python_release(struct tw_run_python *python)
{
	free(python->program);
	free(python->library);
	free(python->platform);
	free(python->loader);
	for (size_t i = 0; i < TW_RUN_LIBRARIES; i++)
		free(python->shared[i]);
	*python = (struct tw_run_python){0};
}

/* ---- the modules of the device ---- */

/* Those of the source tree for the program in the build tree, else those that were installed. */
char *tw_run_python_modules(void)
{
	_cleanup_free_ char *self = realpath("/proc/self/exe", NULL);
	_cleanup_free_ char *built = realpath(TWINFS_BUILT_PROGRAM, NULL);
	bool is_built = self && built && !strcmp(self, built);
	const char *wanted = is_built ? TWINFS_SOURCE_PYTHON : TWINFS_INSTALLED_PYTHON;
	_cleanup_free_ char *start = NULL;
	char *found;

	if (asprintf(&start, "%s/start.py", wanted) < 0) {
		start = NULL;
		tw_tool_no_memory(VERB);
		return NULL;
	}
	if (access(start, R_OK) < 0) {
		tw_tool_error(VERB, start, "%s; twinfs is not installed whole",
			tw_tool_host_reason(-errno));
		return NULL;
	}
	found = realpath(wanted, NULL);
	if (!found)
		tw_tool_error(VERB, wanted, "%s", tw_tool_host_reason(-errno));
	return found;
}
