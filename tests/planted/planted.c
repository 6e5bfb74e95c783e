/* SPDX-License-Identifier: MIT */
/*
 * planted.c - explores a run of a twinfs with one planted bug, and sees whether
 * the bug is found and explained.
 *
 *	planted SCENE DEPTH nothing          nothing may be found
 *	planted SCENE DEPTH KIND WORDS...    a finding of this kind, all WORDS in its line
 *
 * The planted source is linked into this program in place of its original, so the
 * application, the explored boots and the checks all have the bug.
 */
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <twinfs/explore.h>

#include "lib/chip.h"
#include "scenes.h"

#define LINE 2048u

struct wanted {
	const char *kind;
	char **words;
	int count;
};

/* ---- the run ---- */

static void record(const struct scene *scene)
{
	struct twinfs_error err = {0};
	struct rig rig = {0};

	rig_make(scene->format);
	rig_open(&rig, scene->policy);
	if (scene->prepare)
		scene->prepare(&rig);
	must(twinfs_module_record(rig.module, RIG_TRACE, &err) == 0, "%s", err.text);
	scene->run(&rig);
	must(twinfs_module_record_stop(rig.module, &err) == 0, "%s", err.text);
	rig_close(&rig);
}

/* @depth  cuts in a row */
static struct twinfs_explore_result *explore(const struct scene *scene, unsigned depth)
{
	struct twinfs_explore_options options;
	struct twinfs_explore_result *result;
	struct twinfs_error err = {0};

	twinfs_explore_defaults(&options);
	options.source = rig_source();
	options.trace = RIG_TRACE;
	options.module = rig_options(scene->policy);
	options.depth = depth;
	options.torn_bytes = depth > 1 ? 12 : 40;
	options.torn_spread = depth > 1 ? 3 : 6;
	options.workers = 1;
	must(twinfs_explore(&options, &result, &err) == 0, "%s", err.text);
	must(twinfs_explore_is_complete(result), "not all was explored");
	return result;
}

/* ---- what was found ---- */

/* What an explanation consists of: where the power went, in which operation for whom, what broke.
 */
static void put_line(const struct twinfs_explore_finding *finding,
	const struct twinfs_explore_example *example, char line[LINE])
{
	char crash[TWINFS_CRASH_TEXT], operation[300] = "", again[300] = "";

	twinfs_crash_text(&example->crash, crash);
	if (example->crash.cut.kind != TWINFS_CUT_END)
		(void)snprintf(operation, sizeof(operation), " %s of %" PRIu32 " bytes, %s",
			example->is_erase ? "erase" : "program", example->len,
			example->owner ? example->owner : "nobody");
	if (example->again.owner)
		(void)snprintf(again, sizeof(again), ", again %s of %" PRIu32 " bytes, %s",
			example->again.is_erase ? "erase" : "program", example->again.len,
			example->again.owner);
	(void)snprintf(line, LINE, "%s: cut %s%s%s: %s", twinfs_finding_name(finding->kind), crash,
		operation, again, example->sentence);
}

static bool has_words(const struct wanted *wanted, const char *line)
{
	for (int i = 0; i < wanted->count; i++)
		if (!strstr(line, wanted->words[i]))
			return false;
	return true;
}

/* Whether the finding is the one; then @line is what is said of it. */
static bool is_wanted(const struct wanted *wanted, const struct twinfs_explore_finding *finding,
	char line[LINE])
{
	if (strcmp(twinfs_finding_name(finding->kind), wanted->kind) != 0)
		return false;
	for (size_t i = 0; i < finding->example_count; i++) {
		put_line(finding, &finding->examples[i], line);
		if (has_words(wanted, line))
			return true;
	}
	return false;
}

static void print_all(const struct twinfs_explore_result *result)
{
	char line[LINE];

	for (size_t i = 0; i < result->finding_count; i++) {
		const struct twinfs_explore_finding *finding = &result->findings[i];

		for (size_t k = 0; k < finding->example_count; k++) {
			put_line(finding, &finding->examples[k], line);
			(void)printf("%s\n", line);
		}
		(void)printf("\t(%" PRIu64 " states)\n", finding->states);
	}
}

static bool judge(const struct twinfs_explore_result *result, const struct wanted *wanted)
{
	char line[LINE];

	if (!strcmp(wanted->kind, "nothing"))
		return !result->bad_states;
	for (size_t i = 0; i < result->finding_count; i++)
		if (is_wanted(wanted, &result->findings[i], line)) {
			(void)printf("%s\n", line);
			return true;
		}
	return false;
}

/* ---- a directory to work in ---- */

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
	(void)stat, (void)kind, (void)where;
	return remove(path);
}

static void enter_directory(char path[300])
{
	const char *parent = getenv("TMPDIR");

	(void)snprintf(path, 300, "%s/twinfs-planted-XXXXXX", parent && *parent ? parent : "/tmp");
	must(mkdtemp(path) && chdir(path) == 0, "%s: %s", path, strerror(errno));
}

static void leave_directory(const char *path)
{
	must(chdir("/") == 0, "chdir");
	must(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0, "%s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
	const struct scene *scene = NULL;
	struct twinfs_explore_result *result;
	struct wanted wanted;
	char path[300];
	bool is_right;

	must(argc >= 4, "usage: planted SCENE DEPTH KIND WORDS...");
	for (size_t i = 0; i < scene_count; i++)
		if (!strcmp(scenes[i].name, argv[1]))
			scene = &scenes[i];
	must(scene, "no scene '%s'", argv[1]);
	wanted = (struct wanted){argv[3], argv + 4, argc - 4};
	enter_directory(path);
	record(scene);
	result = explore(scene, (unsigned)strtoul(argv[2], NULL, 10));
	is_right = judge(result, &wanted);
	if (!is_right) {
		(void)printf("%s: not what was planted. What was found:\n", scene->name);
		print_all(result);
	}
	(void)printf("%s: %" PRIu64 " operations, %" PRIu64 " states, %" PRIu64 " bad, %.1f s\n",
		scene->name, result->trace_operations, result->states, result->bad_states,
		result->seconds);
	twinfs_explore_result_free(result);
	leave_directory(path);
	return is_right ? 0 : 1;
}
