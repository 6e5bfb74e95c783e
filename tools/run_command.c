/* SPDX-License-Identifier: MIT */
/*
 * run_command.c - the command line and the environment of an interpreter.
 *
 *	INTERPRETER [-i] start.py ROOT [KEY=VALUE ...] -- [SCRIPT [ARGUMENT ...]]
 */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tool.h"

/* Where the application of a module begins. */
#define MAIN "/usr/main.py"

static void add_interpreter(const struct tw_run *run, struct tw_run_words *words)
{
	const struct tw_run_python *python = &run->python;

	if (python->is_micropython) {
		tw_run_word(words, "%s", python->program);
		return;
	}
	if (python->loader) {
		tw_run_word(words, TW_RUN_INSIDE_LOADER);
		tw_run_word(words, "--library-path");
		tw_run_word(words, "%s", run->layout.path ? run->layout.path : "");
	}
	tw_run_word(words, TW_RUN_INSIDE_PROGRAM);
	tw_run_word(words, "-S"); /* nothing that was installed for this computer's programs */
	tw_run_word(words, "-s");
	tw_run_word(words, "-B"); /* no files of its own in /usr */
	tw_run_word(words, "-u"); /* what was printed before a power cut has been seen */
	tw_run_word(words, "-X");
	tw_run_word(words, "utf8");
}

static void add_settings(const struct tw_run *run, const struct tw_run_start *start,
	struct tw_run_words *words)
{
	tw_run_word(words, "on_reason=%u", start->on_reason);
	tw_run_word(words, "down_reason=%u", start->down_reason);
	tw_run_word(words, "modem=%d,%d", start->modem[0], start->modem[1]);
	if (run->compat)
		tw_run_word(words, "compat=%s", run->compat);
	if (run->has_network)
		tw_run_word(words, "network=1");
	if (run->serve.daemon.module.backup_writable)
		tw_run_word(words, "allow_backup_write=1");
	tw_run_word(words, "profile=%s", run->profile.name);
	tw_run_word(words, "platform=%s", run->profile.name);
	if (start->by_bwrap)
		tw_run_word(words, "interrupts=1");
	if (start->script >= 0)
		tw_run_word(words, "script=%d", start->script);
}

/* The file that is run, by the name that tracebacks show; NULL: none, but the user types. */
static const char *script_of(const struct tw_run *run)
{
	_cleanup_free_ char *path = NULL;

	if (run->script)
		return run->script;
	if (asprintf(&path, "%s" MAIN, run->mount.root) < 0) {
		path = NULL;
		return NULL;
	}
	/* any other error is that of a power which has gone meanwhile */
	return access(path, F_OK) < 0 && errno == ENOENT ? NULL : MAIN;
}

void tw_run_command(const struct tw_run *run, const struct tw_run_start *start,
	struct tw_run_words *words)
{
	const bool is_micropython = run->python.is_micropython;
	const char *script = script_of(run);

	add_interpreter(run, words);
	if (run->is_inspected || !script)
		tw_run_word(words, "-i");
	tw_run_word(words, "%s/start.py", is_micropython ? run->modules : TW_RUN_INSIDE_MODULES);
	tw_run_word(words, "%s", is_micropython ? run->mount.root : TW_RUN_INSIDE_ROOT);
	add_settings(run, start, words);
	tw_run_word(words, "--");
	if (!script)
		return;
	tw_run_word(words, "%s", script);
	for (char **argument = run->arguments; *argument; argument++)
		tw_run_word(words, "%s", *argument);
}

/* The time zone as one that needs no files: "<+0530>-05:30". */
static void add_zone(struct tw_run_words *words)
{
	time_t now = time(NULL);
	struct tm local;
	long east;
	unsigned minutes;

	if (!localtime_r(&now, &local))
		return;
	east = local.tm_gmtoff;
	minutes = (unsigned)((east < 0 ? -east : east) / 60);
	tw_run_word(words, "TZ=<%c%02u%02u>%c%02u:%02u", east < 0 ? '-' : '+', minutes / 60,
		minutes % 60, east < 0 ? '+' : '-', minutes / 60, minutes % 60);
}

/* A device has no environment; these are for the interpreter itself. */
void tw_run_environment(const struct tw_run *run, struct tw_run_words *words)
{
	static const char *const kept[] = {"LANG", "LC_ALL", "LC_CTYPE", "PATH", "TERM"};

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		const char *value = getenv(kept[i]);

		if (value)
			tw_run_word(words, "%s=%s", kept[i], value);
	}
	add_zone(words);
	if (!run->python.is_micropython)
		tw_run_word(words, "PYTHONHOME=" TW_RUN_INSIDE);
}
