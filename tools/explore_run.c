/* SPDX-License-Identifier: MIT */
/*
 * explore_run.c - an exploration that says how far it is, keeps what is done in
 * a file, and can be stopped at any time.
 */
#include "explore.h"

#include <errno.h>
#include <signal.h>

#include "progress.h"
#include "text.h"
#include "tool.h"

#define VERB "explore"

/* Between two stores: little is lost, and little time goes into storing. */
#define CHECKPOINT_SECONDS 1.0

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

unsigned tw_tool_explore_signals(void)
{
	return (unsigned)signals;
}

struct run {
	const struct tw_tool_explore_job *job;
	struct tw_tool_progress line;
	struct tw_tool_checker *checker;
};

/* "890,123", "12.3 M": the line has to fit into 80 columns whatever it says. */
static const char *short_count(double count, char room[TW_TOOL_NUMBER_ROOM])
{
	if (count < 1e6)
		return tw_tool_count_text((uint64_t)count, room);
	snprintf(room, TW_TOOL_NUMBER_ROOM, count < 1e9 ? "%.1f M" : "%.1f G",
		count < 1e9 ? count / 1e6 : count / 1e9);
	return room;
}

static int on_progress(void *ctx, const struct twinfs_explore_progress *progress)
{
	struct run *run = ctx;
	char states[TW_TOOL_NUMBER_ROOM], rate[TW_TOOL_NUMBER_ROOM], text[128];

	snprintf(text, sizeof(text), "%s states, %s/s, %llu wrong",
		short_count((double)progress->states, states), short_count(progress->rate, rate),
		(unsigned long long)progress->findings);
	tw_tool_progress_show(&run->line, progress->operations, progress->operations_total,
		progress->left, text);
	return signals != 0;
}

static int on_checkpoint(void *ctx, const struct twinfs_explore_result *so_far)
{
	struct run *run = ctx;

	return tw_tool_explore_store(run->job->checkpoint, so_far) ? -ECANCELED : 0;
}

static int on_inspect(void *ctx, const struct twinfs_crash *crash, struct twinfs_image *image,
	char *text, size_t size)
{
	struct run *run = ctx;

	return tw_tool_checker_inspect(run->checker, crash, image, text, size);
}

/* 0, -ECANCELED when the message is out, or as twinfs_explore() with @err. */
static int explore(struct run *run, const struct twinfs_explore_result *resume,
	struct twinfs_explore_result **ret_result, struct twinfs_error *err)
{
	struct twinfs_explore_options options = run->job->options;

	options.resume = resume;
	options.progress = on_progress;
	options.checkpoint = run->job->checkpoint ? on_checkpoint : NULL;
	options.checkpoint_seconds = CHECKPOINT_SECONDS;
	options.inspect = run->checker ? on_inspect : NULL;
	options.ctx = run;
	if (run->job->is_one)
		return twinfs_explore_one(&options, &run->job->at, ret_result, err);
	return twinfs_explore(&options, ret_result, err);
}

static int run_and_store(struct run *run, const struct twinfs_explore_result *resume,
	struct twinfs_explore_result **ret_result, struct twinfs_error *err)
{
	int code = explore(run, resume, ret_result, err);

	tw_tool_progress_wipe(&run->line);
	if (code >= 0 && run->job->checkpoint)
		code = on_checkpoint(run, *ret_result);
	return code;
}

/* As run_and_store(), with INT and TERM counted while it runs. */
static int run_with_signals(struct run *run, const struct twinfs_explore_result *resume,
	struct twinfs_explore_result **ret_result, struct twinfs_error *err)
{
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction old_int, old_term;
	int code;

	signals = 0;
	sigaction(SIGINT, &action, &old_int);
	sigaction(SIGTERM, &action, &old_term);
	code = run_and_store(run, resume, ret_result, err);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	return code;
}

static void say_stopped(const struct tw_tool_explore_job *job)
{
	if (job->checkpoint)
		tw_tool_error(VERB, NULL, "stopped; --resume %s goes on from here",
			job->checkpoint);
	else
		tw_tool_error(VERB, NULL,
			"stopped; with --checkpoint FILE it could go on from here later");
}

int tw_tool_explore_run(const struct tw_tool_explore_job *job,
	struct twinfs_explore_result **ret_result)
{
	_cleanup_result_ struct twinfs_explore_result *resume = NULL, *result = NULL;
	struct run run = {.job = job};
	struct twinfs_error err = {0};
	int status = 0, code;

	if (job->resume)
		status = tw_tool_explore_load(job->resume, &resume);
	if (!status && job->command)
		status = tw_tool_checker_new(job, &run.checker);
	if (status)
		return status;
	tw_tool_progress_init(&run.line, job->quiet);
	code = run_with_signals(&run, resume, &result, &err);
	tw_tool_checker_free(run.checker);
	if (code < 0 && code != -ECANCELED)
		return tw_tool_report(VERB, NULL, &err);
	if (code < 0)
		return TW_EXIT_FAILED;
	if (signals && !twinfs_explore_is_complete(result))
		say_stopped(job);
	*ret_result = result;
	result = NULL;
	return 0;
}
