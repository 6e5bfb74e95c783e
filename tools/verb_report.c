/* SPDX-License-Identifier: MIT */
/*
 * verb_report.c - twinfs report: the result of an exploration as one HTML page
 * that needs nothing else.
 */
#include "verbs.h"

#include <stdio.h>
#include <twinfs/digest.h>
#include <twinfs/image.h>

#include "options.h"
#include "report.h"
#include "store.h"
#include "tool.h"

#define VERB "report"

enum {
	KEY_TRACE = TW_OPT_LONG,
};

static const struct tw_tool_option options[] = {
	{'o', "output", "FILE", "write the page to FILE, not to stdout"},
	{KEY_TRACE, "trace", "FILE", "the trace that was explored, if it is not where it was then"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = VERB,
	.usage = (const char *const[]){"[options] RESULT", NULL},
	.about = "Makes one HTML page of the RESULT of an exploration: what breaks and where, the "
		 "recorded run over time, the wear of each block. The page loads nothing from "
		 "anywhere. Without the trace it has no timeline and no map.",
	.options = options,
	.status = "Exit status: 0 the page is made; 2 it could not be made.",
	.example = "twinfs report result.json -o report.html",
};

struct job {
	const char *result, *trace, *output; /* files; NULL: not given */
};

static void release_result(struct twinfs_explore_result **result)
{
	twinfs_explore_result_free(*result);
}

static void release_trace(struct twinfs_trace **trace)
{
	twinfs_trace_close(*trace);
}

static void release_read(struct tw_tool_report_trace **read)
{
	tw_tool_report_free(*read);
}

static int load(const char *file, struct twinfs_explore_result **ret_result)
{
	_cleanup_(tw_tool_text_release) struct tw_tool_text text = {0};
	struct twinfs_error err = {0};
	int status = tw_tool_load(VERB, file, &text);

	if (!status && twinfs_explore_result_parse(text.data ? text.data : "", text.len, ret_result,
			       &err) < 0)
		status = tw_tool_report(VERB, file, &err);
	return status;
}

static bool is_explored(const char *file, const struct twinfs_explore_result *result)
{
	const struct twinfs_digest *want = &result->request.trace;
	struct twinfs_digest digest;
	struct twinfs_image *image;

	if (twinfs_image_open(&file, 1, 0, &image, NULL) < 0)
		return false;
	digest = twinfs_digest(twinfs_image_bytes(image), (size_t)twinfs_image_size(image));
	twinfs_image_close(image);
	return digest.low == want->low && digest.high == want->high;
}

/* The trace is looked for where the exploration had it; that it is gone is no failure. */
static int find_trace(const struct job *job, const struct twinfs_explore_result *result,
	struct twinfs_trace **ret_trace)
{
	const char *file = job->trace ? job->trace : result->trace;
	_cleanup_(release_trace) struct twinfs_trace *trace = NULL;
	struct twinfs_error err = {0};

	if (!file)
		return 0;
	if (twinfs_trace_open(file, &trace, &err) < 0) {
		(void)tw_tool_report(VERB, file, &err);
	} else if (!is_explored(file, result)) {
		(void)tw_tool_error(VERB, file, "is not the trace that was explored");
	} else {
		*ret_trace = trace;
		trace = NULL;
		return 0;
	}
	if (job->trace)
		return TW_EXIT_FAILED;
	fputs("twinfs report: the page is made without the trace; --trace FILE says where it is\n",
		stderr);
	return 0;
}

static int put_page(const struct job *job, const struct tw_tool_report *report)
{
	_cleanup_(tw_tool_text_release) struct tw_tool_text page = {0};

	if (tw_tool_report_page(report, &page))
		return tw_tool_no_memory(VERB);
	if (job->output)
		return tw_tool_store(VERB, job->output, page.data, page.len);
	fwrite(page.data, 1, page.len, stdout);
	return 0;
}

static int make_report(const struct job *job)
{
	_cleanup_(release_result) struct twinfs_explore_result *result = NULL;
	_cleanup_(release_trace) struct twinfs_trace *trace = NULL;
	_cleanup_(release_read) struct tw_tool_report_trace *read = NULL;
	struct tw_tool_report report;
	int status = load(job->result, &result);

	if (!status)
		status = find_trace(job, result, &trace);
	if (status)
		return status;
	if (trace && tw_tool_report_read(trace, &read))
		return tw_tool_no_memory(VERB);
	report = (struct tw_tool_report){result, trace, read};
	return put_page(job, &report);
}

int tw_tool_verb_report(int argc, char **argv)
{
	struct tw_tool_args args;
	struct job job = {0};
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		if (key == 'o')
			job.output = args.value;
		else
			job.trace = args.value;
	}
	status = tw_tool_need(&args, "RESULT", &job.result);
	if (!status)
		status = tw_tool_no_more(&args);
	return status ? status : make_report(&job);
}
