/* SPDX-License-Identifier: MIT */
/*
 * verb_explore.c - twinfs explore: cuts the power everywhere in a recorded run.
 *
 * An exploration that was stopped, or is one part of several, has not shown
 * that nothing is wrong: without findings its exit status is 2, not 0.
 */
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "explore.h"
#include "options.h"
#include "session.h"
#include "store.h"
#include "text.h"
#include "tool.h"

enum {
	KEY_POLICY = TW_OPT_LONG,
	KEY_DEPTH,
	KEY_TORN_BYTES,
	KEY_TORN_SPREAD,
	KEY_OUTCOMES,
	KEY_SEED,
	KEY_SAMPLE,
	KEY_SHARD,
	KEY_WORKERS,
	KEY_EXAMPLES,
	KEY_CHECKS,
	KEY_CHECK,
	KEY_NO_MEMO,
	KEY_AT,
	KEY_REPRODUCERS,
	KEY_CHECKPOINT,
	KEY_RESUME,
	KEY_JUNIT,
	KEY_JSON,
	KEY_MERGE,
};

static const struct tw_tool_option options[] = {
	{KEY_POLICY, "policy", "device|safe", "boot as the module does: device (default); or safe"},
	{KEY_DEPTH, "depth", "N", "2: cut the boot that follows as well, everywhere (default: 1)"},
	{KEY_TORN_BYTES, "torn-bytes", "N",
		"tear programs behind each of their first N bytes (default: 256)"},
	{KEY_TORN_SPREAD, "torn-spread", "N",
		"tear their rest, and erases, at N places (default: 16)"},
	{KEY_OUTCOMES, "outcomes", "N",
		"of bits that a cut leaves between old and new, try N outcomes (default: 1)"},
	{KEY_SEED, "seed", "S", "all chance comes from it (default: 1)"},
	{KEY_SAMPLE, "sample", "N", "explore N operations only, chosen by the seed"},
	{KEY_SHARD, "shard", "I/N", "do part I of N; --merge joins the results"},
	{KEY_WORKERS, "workers", "N", "threads (default: one a CPU)"},
	{KEY_EXAMPLES, "examples", "N", "states kept of each thing that is wrong (default: 8)"},
	{KEY_CHECKS, "checks", "FILE", "expressions that have to be true of every state"},
	{KEY_CHECK, "check", "COMMAND",
		"run COMMAND on a mount of every distinct state with nothing else wrong; its last "
		"word, or the word {}, is the directory. Anything but exit status 0 is a finding"},
	{KEY_NO_MEMO, "no-memo", NULL, "boot every single state: slow, tests the explorer itself"},
	{KEY_AT, "at", "CRASH",
		"judge one state and say all about it, such as 1337:12: operation @1337 of what "
		"trace prints, behind 12 bytes"},
	{KEY_REPRODUCERS, "reproducers", "DIR",
		"for each finding, an image at that state and how to see it, in DIR"},
	{KEY_CHECKPOINT, "checkpoint", "FILE", "keep what is done in FILE, which must not exist"},
	{KEY_RESUME, "resume", "FILE", "go on from FILE, and keep what is done there"},
	{'o', "output", "FILE", "the result as JSON in FILE"},
	{KEY_JUNIT, "junit", "FILE", "the result as JUnit XML in FILE, for CI systems"},
	{KEY_JSON, "json", NULL, "print the result as JSON"},
	{'q', "quiet", NULL, "no progress, no summary"},
	{KEY_MERGE, "merge", NULL, "join results of shards, or of one that was stopped"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "explore",
	.usage = (const char *const[]){"[options] IMAGE [TRACE]",
		"[options] --user FILE --backup FILE [TRACE]", "--merge [options] RESULT...", NULL},
	.about = "Cuts the power at every operation of a recorded run, whole and torn, boots each "
		 "state in memory, and says where something is lost that was promised. IMAGE is "
		 "the image before the run, or after it; it is not changed. Without TRACE the "
		 "run is the next boot of IMAGE.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 all was explored, and nothing is wrong; 1 something is wrong; 2 "
		  "it could not be done, or was stopped before anything wrong was found.",
	.example = "twinfs explore app.img app.trace",
};

/* A command line being taken apart. */
struct explore {
	struct tw_tool_args args;
	struct tw_tool_explore_job job;
	bool is_merge;
	const char *run_option;  /* an option given that --merge has no use for, or NULL */
	const char *many_option; /* one that --at has no use for, or NULL */
};

/* ---- options ---- */

static bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		const unsigned digit = (unsigned)(unsigned char)*text - '0';

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return false;
		number = 10 * number + digit;
	}
	*ret_number = number;
	return number >= min && number <= max;
}

/* People count parts from 1. */
static bool parse_shard(const char *text, struct twinfs_explore_options *to)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *first = slash ? strndup(text, (size_t)(slash - text)) : NULL;
	uint64_t shard, shards;

	if (!first || !parse_number(slash + 1, 1, UINT32_MAX, &shards) ||
		!parse_number(first, 1, shards, &shard))
		return false;
	to->shard = (uint32_t)(shard - 1);
	to->shards = (uint32_t)shards;
	return true;
}

/* A row for each option that is a number: where it goes, and what it may be. */
static int take_number(struct explore *explore, int key)
{
	struct twinfs_explore_options *to = &explore->job.options;
	const struct {
		int key;
		const char *name, *expected;
		uint64_t min, max;
		uint32_t *to;
	} rows[] = {
		{KEY_DEPTH, "depth", "1 or 2", 1, 2, &to->depth},
		{KEY_TORN_BYTES, "torn-bytes", "a number", 0, UINT32_MAX, &to->torn_bytes},
		{KEY_TORN_SPREAD, "torn-spread", "a number", 0, UINT32_MAX, &to->torn_spread},
		{KEY_OUTCOMES, "outcomes", "a number", 0, UINT32_MAX, &to->outcomes},
		{KEY_WORKERS, "workers", "a number from 1 to 1024", 1, 1024, &to->workers},
		{KEY_EXAMPLES, "examples", "a number above 0", 1, UINT32_MAX, &to->examples},
	};
	uint64_t number;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].key != key)
			continue;
		if (!parse_number(explore->args.value, rows[i].min, rows[i].max, &number))
			return tw_tool_bad_value(&explore->args, rows[i].name, rows[i].expected);
		*rows[i].to = (uint32_t)number;
	}
	return 0;
}

static int take_choice(struct explore *explore, int key)
{
	const struct tw_tool_args *args = &explore->args;
	struct twinfs_explore_options *to = &explore->job.options;

	switch (key) {
	case KEY_POLICY:
		if (!tw_tool_parse_policy(args->value, &to->module.policy))
			return tw_tool_bad_value(args, "policy", "device or safe");
		return 0;
	case KEY_SEED:
		if (!parse_number(args->value, 0, UINT64_MAX, &to->seed))
			return tw_tool_bad_value(args, "seed", "a number");
		return 0;
	case KEY_SAMPLE:
		if (!parse_number(args->value, 1, UINT64_MAX, &to->sample))
			return tw_tool_bad_value(args, "sample", "a number above 0");
		return 0;
	case KEY_SHARD:
		if (!parse_shard(args->value, to))
			return tw_tool_bad_value(args, "shard", "I/N, with I from 1 to N");
		return 0;
	case KEY_AT:
		if (twinfs_crash_parse(args->value, &explore->job.at) < 0)
			return tw_tool_bad_value(args, "at",
				"a crash state (such as 1337, 1337:12 or end)");
		explore->job.is_one = true;
		return 0;
	default:
		return take_number(explore, key);
	}
}

/* Keeps a text or flag; false: the option is another. */
static bool take_text(struct explore *explore, int key)
{
	struct tw_tool_explore_job *job = &explore->job;
	const struct {
		int key;
		const char **text;
		bool *flag;
	} rows[] = {
		{KEY_CHECKS, &job->options.checks, NULL},
		{KEY_CHECK, &job->command, NULL},
		{KEY_REPRODUCERS, &job->reproducers, NULL},
		{KEY_CHECKPOINT, &job->checkpoint, NULL},
		{KEY_RESUME, &job->resume, NULL},
		{KEY_JUNIT, &job->junit, NULL},
		{'o', &job->output, NULL},
		{KEY_JSON, NULL, &job->json},
		{'q', NULL, &job->quiet},
		{KEY_MERGE, NULL, &explore->is_merge},
		{KEY_NO_MEMO, NULL, &job->options.no_memo},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].key != key)
			continue;
		if (rows[i].text)
			*rows[i].text = explore->args.value;
		else
			*rows[i].flag = true;
		return true;
	}
	return false;
}

static const char *name_of(int key)
{
	for (const struct tw_tool_option *option = options; option->key; option++)
		if (option->key == key)
			return option->name;
	return NULL;
}

/* Notes an option that goes with exploring all states only. */
static void note_use(struct explore *explore, int key)
{
	static const int everywhere[] = {'o', 'q', KEY_JSON, KEY_JUNIT, KEY_MERGE};
	static const int many[] = {KEY_DEPTH, KEY_TORN_BYTES, KEY_TORN_SPREAD, KEY_OUTCOMES,
		KEY_SAMPLE, KEY_SHARD, KEY_WORKERS, KEY_EXAMPLES, KEY_NO_MEMO, KEY_CHECKPOINT,
		KEY_RESUME, KEY_JUNIT};
	bool is_everywhere = false;

	for (size_t i = 0; i < sizeof(everywhere) / sizeof(*everywhere); i++)
		is_everywhere |= everywhere[i] == key;
	if (!is_everywhere)
		explore->run_option = name_of(key);
	for (size_t i = 0; i < sizeof(many) / sizeof(*many); i++)
		if (many[i] == key)
			explore->many_option = name_of(key);
}

/* ---- results ---- */

static int store_junit(const char *file, const struct tw_tool_explore *view)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return tw_tool_no_memory(syntax.verb);
	tw_tool_junit_explore(out, view);
	if (fclose(out))
		return tw_tool_no_memory(syntax.verb);
	return tw_tool_store(syntax.verb, file, text, len);
}

static int print_json(const struct twinfs_explore_result *result)
{
	_cleanup_free_ char *text = twinfs_explore_result_json(result);

	if (!text)
		return tw_tool_no_memory(syntax.verb);
	tw_tool_put_json(stdout, text);
	if (!*text || text[strlen(text) - 1] != '\n')
		putchar('\n');
	return 0;
}

/* Prints and stores. 0 or the exit status. */
static int give_all(const struct tw_tool_explore_job *job, const struct tw_tool_explore *view)
{
	int status = 0;

	if (job->output)
		status = tw_tool_explore_store(job->output, view->result);
	if (!status && job->junit)
		status = store_junit(job->junit, view);
	if (!status && job->reproducers)
		status = tw_tool_explore_reproduce(job, view);
	if (!status && job->json)
		return print_json(view->result);
	if (!status && !job->quiet && job->is_one)
		tw_tool_print_explore_one(view, &job->at);
	else if (!status && !job->quiet)
		tw_tool_print_explore(view);
	return status;
}

static int give(const struct tw_tool_explore_job *job, const struct twinfs_explore_result *result,
	bool is_complete)
{
	_cleanup_free_ char *replay = tw_tool_explore_replay(job);
	struct tw_tool_explore view = {
		.result = result,
		.replay = replay,
		.has_command = job->command != NULL,
		.is_complete = is_complete,
	};
	struct twinfs_error err;
	int status;

	/* Of a result that comes from elsewhere the trace may not be here. */
	if (job->options.trace)
		(void)twinfs_trace_open(job->options.trace, &view.trace, &err);
	status = give_all(job, &view);
	twinfs_trace_close(view.trace);
	if (status)
		return status;
	if (result->finding_count)
		return TW_EXIT_WRONG;
	return is_complete ? TW_EXIT_OK : TW_EXIT_FAILED;
}

/* ---- the ways to use it ---- */

static int merge(struct explore *explore)
{
	_cleanup_result_ struct twinfs_explore_result *result = NULL;
	struct tw_tool_explore_job *job = &explore->job;
	const size_t count = tw_tool_left(&explore->args);
	int status;

	if (tw_tool_image_name(&explore->args))
		return tw_tool_usage(syntax.verb, "--merge takes results, and no image");
	if (explore->run_option)
		return tw_tool_usage(syntax.verb, "--merge and --%s exclude each other",
			explore->run_option);
	if (!count)
		return tw_tool_usage(syntax.verb, "RESULT is missing");
	status = tw_tool_explore_merge(explore->args.argv + (explore->args.argc - (int)count),
		count, &result);
	if (status)
		return status;
	job->options.source.image = result->image;
	job->options.trace = result->trace;
	job->options.module.policy = result->request.policy;
	job->options.seed = result->request.seed;
	return give(job, result, tw_tool_explore_is_whole(result));
}

/* Whether all results have a place to go; 0 or the exit status. */
static int check_places(const struct tw_tool_explore_job *job)
{
	const char *const places[] = {
		job->output, job->junit, job->checkpoint, job->resume, job->reproducers};
	int status = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !status; i++)
		if (places[i])
			status = tw_tool_may_store(syntax.verb, places[i]);
	return status;
}

/* What is wrong with the options together; 0 or the exit status. */
static int check_options(const struct tw_tool_explore_job *job, const char *many_option)
{
	struct stat st;

	if (job->is_one && many_option)
		return tw_tool_usage(syntax.verb, "--at and --%s exclude each other", many_option);
	if (job->resume && job->checkpoint)
		return tw_tool_usage(syntax.verb,
			"--resume keeps what is done in its file: --checkpoint is one too many");
	if (job->checkpoint && !stat(job->checkpoint, &st))
		return tw_tool_error(syntax.verb, job->checkpoint,
			"exists already; --resume goes on from it");
	return check_places(job);
}

/* Takes the operands. 0 or the exit status. */
static int take_operands(struct explore *explore)
{
	struct tw_tool_explore_job *job = &explore->job;
	int status = tw_tool_take_image(&explore->args);

	job->options.trace = tw_tool_take(&explore->args);
	job->is_boot = !job->options.trace;
	if (!status)
		status = tw_tool_no_more(&explore->args);
	if (!status && job->is_boot && (job->checkpoint || job->resume || job->options.shards > 1))
		return tw_tool_usage(syntax.verb,
			"TRACE is missing: without one there is only a boot to explore, in one go");
	return status ? status : check_options(job, explore->many_option);
}

/* The name of a recording that nobody else will see is no part of the result. */
static int forget_trace_name(struct twinfs_explore_result *result)
{
	free(result->trace);
	result->trace = strdup("");
	return result->trace ? 0 : tw_tool_no_memory(syntax.verb);
}

static int explore_image(struct explore *explore)
{
	_cleanup_result_ struct twinfs_explore_result *result = NULL;
	struct tw_tool_explore_job *job = &explore->job;
	char *boot = NULL;
	int status = take_operands(explore);

	if (status)
		return status;
	job->options.source = explore->args.source;
	job->options.module.key_file = explore->args.key_file;
	tw_tool_hide_memory(explore->args.key_file);
	job->image = tw_tool_image_name(&explore->args);
	if (job->resume)
		job->checkpoint = job->resume;
	if (job->is_boot) {
		status = tw_tool_explore_record_boot(job, &boot);
		job->options.trace = boot;
	}
	if (!status)
		status = tw_tool_explore_run(job, &result);
	if (!status && job->is_boot)
		status = forget_trace_name(result);
	if (!status)
		status = give(job, result, job->is_one || twinfs_explore_is_complete(result));
	tw_tool_explore_forget_boot(boot);
	return status;
}

int tw_tool_verb_explore(int argc, char **argv)
{
	struct explore explore = {0};
	int key, status;

	twinfs_explore_defaults(&explore.job.options);
	tw_tool_args_init(&explore.args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&explore.args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return explore.args.status;
		note_use(&explore, key);
		status = take_text(&explore, key) ? 0 : take_choice(&explore, key);
		if (status)
			return status;
	}
	return explore.is_merge ? merge(&explore) : explore_image(&explore);
}
