/* SPDX-License-Identifier: MIT */
/*
 * explore_check.c - a command of the user's judges every state, on a real mount
 * of it.
 *
 * The state becomes image files in a private directory, is mounted there by
 * this very program, and the command runs on the mount. Everything that is
 * started gets a process group of its own: an interrupt from the terminal stops
 * the exploration behind the state that is being checked, and must not look as
 * if the command had failed. A second one ends the command.
 */
#include "explore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <twinfs/module.h>

#include "text.h"
#include "tool.h"
#include "words.h"

#define VERB "explore"

/* Word of the command that stands for the mount. */
#define PLACE "{}"

/* Longest last line of a command that is kept, in bytes. */
#define LINE_MAX_LEN 200

/* How often a command that runs is looked after, in milliseconds. */
#define LOOK_MS 200

struct tw_tool_checker {
	const struct tw_tool_explore_job *job;
	char **words;                 /* of the command, with "{}" and NULL at the end */
	struct twinfs_module *layout; /* where the source's files lie on the chip */
	char *self;                   /* this program */
	char *dir, *mount;            /* private directory; mount point in it */
};

/* The last line of an output that is not empty. */
struct tail {
	char line[LINE_MAX_LEN + 1], last[LINE_MAX_LEN + 1];
	size_t len;
};

static void tail_end_line(struct tail *tail)
{
	tail->line[tail->len] = '\0';
	if (tail->line[strspn(tail->line, " \t\r")])
		memcpy(tail->last, tail->line, tail->len + 1);
	tail->len = 0;
}

static void tail_add(struct tail *tail, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			tail_end_line(tail);
		else if (tail->len < LINE_MAX_LEN && data[i] != '\0')
			tail->line[tail->len++] = data[i];
	}
}

/* ---- running a program ---- */

/* Starts @words with its output in @fd. 0 or -errno. */
static int start(char *const *words, char *const *environment, int fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int code;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, fd, STDERR_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	code = posix_spawnp(ret_pid, words[0], &files, &attr, words, environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -code;
}

/* Reads what @pid says until it has no more to say. */
static void hear(pid_t pid, int fd, struct tail *tail)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	bool is_killed = false;
	char piece[4096];
	ssize_t got = 1;

	while (got > 0 && !is_killed) {
		if (tw_tool_explore_signals() > 1)
			is_killed = !kill(-pid, SIGKILL);
		if (poll(&wait, 1, LOOK_MS) <= 0)
			continue;
		got = read(fd, piece, sizeof(piece));
		if (got > 0)
			tail_add(tail, piece, (size_t)got);
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	tail_end_line(tail);
}

/* Runs @words. 0 with its wait status, or -errno: it could not be started. */
static int run(char *const *words, char *const *environment, struct tail *tail, int *ret_status)
{
	int ends[2], code;
	pid_t pid;

	*tail = (struct tail){0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	code = start(words, environment, ends[1], &pid);
	close(ends[1]);
	if (code >= 0) {
		hear(pid, ends[0], tail);
		while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	return code;
}

static bool has_ended_well(int status)
{
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* ---- one state on a mount ---- */

/* Names of the files, by what they are of; the image of a whole chip first. */
static const char *const file_names[] = {"chip.img", "user.bin", "backup.bin", "secure.bin"};

/* The options and operands of the source, with the files of the state in place of its own. */
static int state_source(const struct tw_tool_checker *checker, char **names,
	struct twinfs_source *ret_source)
{
	struct twinfs_source source = checker->job->options.source;
	const char **fields[] = {&source.image, &source.user, &source.backup, &source.secure};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (!*fields[i])
			continue;
		if (asprintf(&names[i], "%s/%s", checker->dir, file_names[i]) < 0) {
			names[i] = NULL;
			return -ENOMEM;
		}
		*fields[i] = names[i];
	}
	*ret_source = source;
	return 0;
}

/* Where file @path of the source lies on the chip; false: in no file of the image. */
static bool find_file(const struct tw_tool_checker *checker, const char *path, uint64_t *ret_addr,
	uint64_t *ret_size)
{
	const struct twinfs_image *image = twinfs_module_image(checker->layout);

	for (size_t i = 0; i < TWINFS_IMAGE_FILES; i++) {
		const char *name = twinfs_image_path(image, i);

		if (!name || strcmp(name, path))
			continue;
		*ret_addr = twinfs_image_file_addr(image, i);
		*ret_size = twinfs_image_file_size(image, i);
		return true;
	}
	return false;
}

static int write_file(const char *path, const uint8_t *data, uint64_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	while (fd >= 0 && size) {
		ssize_t put = write(fd, data, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		data += put;
		size -= (uint64_t)put;
	}
	return fd < 0 ? -errno : 0;
}

static int write_files(const struct tw_tool_checker *checker, const struct twinfs_image *image,
	const struct twinfs_source *state)
{
	const struct twinfs_source *source = &checker->job->options.source;
	const char *const from[] = {source->image, source->user, source->backup, source->secure};
	const char *const to[] = {state->image, state->user, state->backup, state->secure};
	uint64_t addr, size;
	int code = 0;

	for (size_t i = 0; i < sizeof(from) / sizeof(*from) && code >= 0; i++) {
		if (!from[i] || !find_file(checker, from[i], &addr, &size))
			continue;
		if (addr > twinfs_image_size(image) || size > twinfs_image_size(image) - addr)
			return -EUCLEAN;
		code = write_file(to[i], twinfs_image_bytes(image) + addr, size);
	}
	return code;
}

/* Removes all files of the private directory: also what the mount left beside the image. */
static void remove_files(const struct tw_tool_checker *checker)
{
	DIR *dir = opendir(checker->dir);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_type != DT_DIR)
			(void)unlinkat(dirfd(dir), entry->d_name, 0); /* the next try may do it */
	if (dir)
		closedir(dir);
}

/* Runs this program with the words of @line. As run(); a bad end is -ECANCELED with a message. */
static int run_self(const struct tw_tool_checker *checker, const struct tw_tool_text *line,
	const char *crash, const char *what)
{
	char **words = NULL;
	struct tail tail;
	int status = 0, code = tw_tool_words(line->data, &words);

	if (code < 0)
		return code;
	free(words[0]);
	words[0] = strdup(checker->self);
	code = words[0] ? run(words, environ, &tail, &status) : -ENOMEM;
	tw_tool_words_free(words);
	if (code < 0 || has_ended_well(status))
		return code;
	tw_tool_error(VERB, NULL, "state %s cannot be %s: %s", crash, what,
		tail.last[0] ? tail.last : "no reason given");
	return -ECANCELED;
}

static int mount_state(const struct tw_tool_checker *checker, const struct twinfs_image *image,
	const char *crash)
{
	const struct twinfs_module_options *module = &checker->job->options.module;
	char *names[sizeof(file_names) / sizeof(*file_names)] = {NULL};
	struct tw_tool_text line = {0};
	struct twinfs_source state;
	int code = state_source(checker, names, &state);

	if (code >= 0)
		code = write_files(checker, image, &state);
	if (code >= 0)
		code = tw_tool_text_add(&line, "twinfs mount --policy", 21);
	if (code >= 0)
		code = tw_tool_add_word(&line, twinfs_policy_name(module->policy));
	if (code >= 0)
		code = tw_tool_explore_source_words(&state, module->key_file, &line);
	if (code >= 0)
		code = tw_tool_add_word(&line, checker->mount);
	if (code >= 0)
		code = run_self(checker, &line, crash, "mounted");
	tw_tool_text_release(&line);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		free(names[i]);
	return code;
}

static int unmount_state(const struct tw_tool_checker *checker, const char *crash)
{
	struct tw_tool_text line = {0};
	int code = tw_tool_text_add(&line, "twinfs umount", 13);

	if (code >= 0)
		code = tw_tool_add_word(&line, checker->mount);
	if (code >= 0)
		code = run_self(checker, &line, crash, "unmounted");
	tw_tool_text_release(&line);
	remove_files(checker);
	return code;
}

/* ---- the command ---- */

/* The environment of this process with two more variables; free() the array. */
static char **make_environment(char *mount, char *crash)
{
	size_t count = 0;
	char **list;

	while (environ[count])
		count++;
	list = calloc(count + 3, sizeof(*list));
	if (!list)
		return NULL;
	list[0] = mount;
	list[1] = crash;
	memcpy(list + 2, environ, count * sizeof(*list));
	return list;
}

/* The words with the mount in place of "{}"; free() the array. */
static char **make_words(const struct tw_tool_checker *checker)
{
	size_t count = 0;
	char **list;

	while (checker->words[count])
		count++;
	list = calloc(count + 1, sizeof(*list));
	for (size_t i = 0; list && i < count; i++)
		list[i] = strcmp(checker->words[i], PLACE) ? checker->words[i] : checker->mount;
	return list;
}

/* 0: content; 1: not, @text says why; or -errno. */
static int judge(int status, const struct tail *tail, char *text, size_t size)
{
	if (has_ended_well(status))
		return 0;
	if (WIFSIGNALED(status) && tw_tool_explore_signals() > 1)
		return -EINTR;
	if (WIFSIGNALED(status))
		snprintf(text, size, "the command was ended by signal %d", WTERMSIG(status));
	else if (tail->last[0])
		snprintf(text, size, "%s", tail->last);
	else
		snprintf(text, size, "the command ended with status %d", WEXITSTATUS(status));
	return 1;
}

static int run_command(const struct tw_tool_checker *checker, const char *crash, char *text,
	size_t size)
{
	_cleanup_free_ char *mount_variable = NULL, *crash_variable = NULL;
	_cleanup_free_ char **environment = NULL, **words = make_words(checker);
	struct tail tail;
	int status, code;

	if (asprintf(&mount_variable, "TWINFS_MOUNT=%s", checker->mount) < 0 ||
		asprintf(&crash_variable, "TWINFS_CRASH=%s", crash) < 0)
		return -ENOMEM;
	environment = make_environment(mount_variable, crash_variable);
	if (!environment || !words)
		return -ENOMEM;
	code = run(words, environment, &tail, &status);
	if (code < 0) {
		tw_tool_error(VERB, words[0], "cannot be run: %s", tw_tool_host_reason(code));
		return -ECANCELED;
	}
	return judge(status, &tail, text, size);
}

int tw_tool_checker_inspect(struct tw_tool_checker *checker, const struct twinfs_crash *crash,
	struct twinfs_image *image, char *text, size_t size)
{
	char name[TWINFS_CRASH_TEXT];
	int code, verdict;

	twinfs_crash_text(crash, name);
	code = mount_state(checker, image, name);
	if (code < 0 && code != -ECANCELED) {
		tw_tool_error(VERB, checker->dir, "state %s cannot be written: %s", name,
			tw_tool_host_reason(code));
		code = -ECANCELED;
	}
	if (code < 0)
		return code;
	verdict = run_command(checker, name, text, size);
	code = unmount_state(checker, name);
	return code < 0 ? code : verdict;
}

/* ---- ready, and done ---- */

static int can_mount(void)
{
	_cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return tw_tool_error(VERB, NULL,
			"--check mounts every state, and /dev/fuse cannot be used: %s",
			tw_tool_host_reason(-errno));
	return 0;
}

static int take_command(struct tw_tool_checker *checker)
{
	struct tw_tool_text line = {0};
	bool has_place = false;
	int count;

	if (tw_tool_text_add(&line, checker->job->command, strlen(checker->job->command)) < 0)
		return tw_tool_no_memory(VERB);
	count = tw_tool_words(line.data, &checker->words);
	for (int i = 0; i < count; i++)
		has_place |= !strcmp(checker->words[i], PLACE);
	if (count > 0 && !has_place) {
		tw_tool_words_free(checker->words);
		checker->words = NULL;
		count = tw_tool_text_add(&line, " " PLACE, 3);
		if (count >= 0)
			count = tw_tool_words(line.data, &checker->words);
	}
	tw_tool_text_release(&line);
	if (count == -ENOMEM)
		return tw_tool_no_memory(VERB);
	if (count < 0)
		return tw_tool_usage(VERB, "--check: a quote is not closed");
	return count ? 0 : tw_tool_usage(VERB, "--check: there is no command");
}

/* A directory of nobody else's, with the mount point in it. */
static int make_dir(struct tw_tool_checker *checker)
{
	checker->dir = tw_tool_explore_temp_dir();
	if (!checker->dir)
		return TW_EXIT_FAILED;
	if (asprintf(&checker->mount, "%s/module", checker->dir) < 0) {
		checker->mount = NULL;
		return tw_tool_no_memory(VERB);
	}
	if (mkdir(checker->mount, 0700) < 0)
		return tw_tool_error(VERB, checker->mount, "%s", tw_tool_host_reason(-errno));
	return 0;
}

static int prepare(struct tw_tool_checker *checker)
{
	const struct twinfs_module_options look = {
		.key_file = checker->job->options.module.key_file,
	};
	struct twinfs_error err = {0};
	int status = take_command(checker);

	if (!status)
		status = can_mount();
	if (status)
		return status;
	checker->self = realpath("/proc/self/exe", NULL);
	if (!checker->self)
		return tw_tool_error(VERB, "/proc/self/exe", "%s", tw_tool_host_reason(-errno));
	if (twinfs_module_open(&checker->job->options.source, &look, &checker->layout, &err) < 0)
		return tw_tool_report(VERB, checker->job->image, &err);
	return make_dir(checker);
}

int tw_tool_checker_new(const struct tw_tool_explore_job *job, struct tw_tool_checker **ret_checker)
{
	struct tw_tool_checker *checker = calloc(1, sizeof(*checker));
	int status;

	if (!checker)
		return tw_tool_no_memory(VERB);
	checker->job = job;
	status = prepare(checker);
	if (status)
		tw_tool_checker_free(checker);
	else
		*ret_checker = checker;
	return status;
}

void tw_tool_checker_free(struct tw_tool_checker *checker)
{
	if (!checker)
		return;
	if (checker->dir) {
		remove_files(checker);
		if (checker->mount)
			(void)rmdir(checker->mount); /* fails while something is mounted there */
		(void)rmdir(checker->dir);
	}
	tw_tool_words_free(checker->words);
	twinfs_module_close(checker->layout);
	free(checker->self);
	free(checker->dir);
	free(checker->mount);
	free(checker);
}
