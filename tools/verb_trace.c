/* SPDX-License-Identifier: MIT */
/*
 * verb_trace.c - twinfs trace: what happened to a chip, record by record or
 * summed up.
 */
#include "verbs.h"

#include <inttypes.h>
#include <string.h>
#include <twinfs/trace.h>

#include "options.h"
#include "print.h"
#include "tool.h"

enum {
	KEY_SUMMARY = 's',
	KEY_ALL = 'a',
	KEY_PATH = TW_OPT_LONG,
	KEY_PARTITION,
	KEY_BLOCK,
	KEY_FROM,
	KEY_TO,
	KEY_KIND,
	KEY_JSON,
};

static const struct tw_tool_option options[] = {
	{KEY_SUMMARY, "summary", NULL, "sum up: by owner, by file, by block"},
	{KEY_ALL, "all", NULL, "show all rows of a summary, not the first ten of each table"},
	{KEY_PATH, "path", "PATH", "only this file or directory, and what is below it: /usr/log"},
	{KEY_PARTITION, "partition", "NAME", "only this partition, by its name: customer_fs"},
	{KEY_BLOCK, "block", "N", "only this block of its partition"},
	{KEY_FROM, "from", "N", "only from operation N on"},
	{KEY_TO, "to", "N", "only up to operation N"},
	{KEY_KIND, "kind", "program|erase|flip|mark|old",
		"only this kind of record: program, erase, flip, mark or old; may be repeated "
		"(default: all but old)"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "trace",
	.usage = (const char *const[]){"[options] FILE", NULL},
	.about = "Prints a trace: each program and erase of the chip with its place, owner and "
		 "virtual time, and between them what was acknowledged. With several filters a "
		 "record has to pass all of them.",
	.options = options,
	.status = "Exit status: 0 done; 1 done, but the trace is truncated: its end was never "
		  "written; 2 it cannot be read.",
	.example = "twinfs trace --summary --path /usr/config.json run.trace",
};

struct trace {
	const char *file;
	struct twinfs_trace *trace;
	struct twinfs_trace_filter filter;
	bool summary, all, json;
};

static bool parse_kind(const char *text, unsigned *kinds)
{
	for (unsigned kind = 0; kind < TWINFS_TRACE_KIND_COUNT; kind++)
		if (!strcmp(text, twinfs_trace_kind_name((enum twinfs_trace_kind)kind))) {
			*kinds |= 1u << kind;
			return true;
		}
	return false;
}

/* Takes an option; 0 or the exit status. */
static int take_option(struct trace *it, const struct tw_tool_args *args, int key)
{
	struct twinfs_trace_filter *filter = &it->filter;
	bool is_number = true;

	if (key == KEY_BLOCK)
		is_number = tw_tool_parse_size(args->value, UINT64_MAX, &filter->block);
	else if (key == KEY_FROM)
		is_number = tw_tool_parse_size(args->value, UINT64_MAX, &filter->from);
	else if (key == KEY_TO)
		is_number = tw_tool_parse_size(args->value, UINT64_MAX, &filter->to);
	else if (key == KEY_KIND && !parse_kind(args->value, &filter->kinds))
		return tw_tool_bad_value(args, "kind", "program, erase, flip, mark or old");
	if (!is_number)
		return tw_tool_bad_value(args,
			key == KEY_BLOCK  ? "block"
			: key == KEY_FROM ? "from"
					  : "to",
			"a number");
	filter->has_block |= key == KEY_BLOCK;
	filter->path = key == KEY_PATH ? args->value : filter->path;
	filter->part = key == KEY_PARTITION ? args->value : filter->part;
	it->summary |= key == KEY_SUMMARY;
	it->all |= key == KEY_ALL;
	it->json |= key == KEY_JSON;
	return 0;
}

static int check_partition(const struct trace *it)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(it->trace);
	char names[200] = "none";
	size_t len = 0;

	if (!it->filter.part)
		return 0;
	for (size_t i = 0; i < info->part_count; i++) {
		if (!strcmp(info->parts[i].name, it->filter.part))
			return 0;
		if (len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
				len ? ", " : "", info->parts[i].name);
	}
	return tw_tool_error("trace", it->file, "there is no partition '%s', but: %s",
		it->filter.part, names);
}

/* What would choose nothing in any trace. 0 or the exit status. */
static int check_filter(const struct twinfs_trace_filter *filter)
{
	if (filter->path && *filter->path != '/')
		return tw_tool_usage("trace", "--path: '%s' does not begin with /usr or /bak",
			filter->path);
	if (filter->to && filter->from > filter->to)
		return tw_tool_usage("trace", "--from is behind --to");
	return 0;
}

static void print_records(const struct trace *it)
{
	struct twinfs_trace_filter filter = it->filter;
	struct twinfs_trace_record record;
	uint64_t count = 0, operation = 0;

	if (!filter.kinds)
		filter.kinds = ~(1u << TWINFS_TRACE_OLD);
	if (it->json)
		tw_tool_json_trace_begin(it->trace);
	while (twinfs_trace_next(it->trace, &record)) {
		const bool passes = twinfs_trace_passes(it->trace, &filter, &record);

		if (passes && it->json)
			tw_tool_json_trace_record(it->trace, &record, operation, count);
		else if (passes)
			tw_tool_print_trace_record(it->trace, &record, operation);
		count += passes;
		operation += tw_tool_is_traced_operation(&record);
	}
	if (it->json)
		tw_tool_json_trace_end(count);
}

static int print_summary(const struct trace *it)
{
	struct twinfs_trace_summary summary;

	if (twinfs_trace_summarise(it->trace, &it->filter, &summary) < 0)
		return tw_tool_no_memory("trace");
	if (it->json)
		tw_tool_json_trace_summary(it->trace, &summary);
	else
		tw_tool_print_trace_summary(it->trace, &summary, it->all ? SIZE_MAX : 10);
	twinfs_trace_summary_release(&summary);
	return 0;
}

static int print(const struct trace *it)
{
	const struct twinfs_trace_info *info = twinfs_trace_info(it->trace);
	int status = check_partition(it);

	if (!status && it->summary)
		status = print_summary(it);
	else if (!status)
		print_records(it);
	if (status || !info->is_truncated)
		return status;
	(void)tw_tool_error("trace", it->file,
		"truncated: good up to byte %" PRIu64 " of %" PRIu64 ", with %" PRIu64
		" operations",
		info->end, info->file_size, info->operations);
	return TW_EXIT_WRONG;
}

int tw_tool_verb_trace(int argc, char **argv)
{
	struct trace it = {0};
	struct twinfs_error err = {0};
	struct tw_tool_args args;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		status = take_option(&it, &args, key);
		if (status)
			return status;
	}
	status = check_filter(&it.filter);
	if (!status)
		status = tw_tool_need(&args, "FILE", &it.file);
	if (!status)
		status = tw_tool_no_more(&args);
	if (status)
		return status;
	if (twinfs_trace_open(it.file, &it.trace, &err) < 0)
		return tw_tool_report("trace", it.file, &err);
	status = print(&it);
	twinfs_trace_close(it.trace);
	return status;
}
