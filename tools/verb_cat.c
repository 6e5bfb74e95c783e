/* SPDX-License-Identifier: MIT */
/*
 * verb_cat.c - twinfs cat: the content of files on stdout.
 */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>

#include "session.h"
#include "tool.h"
#include "tree.h"

static const struct tw_tool_option options[] = {{0}};

static const struct tw_tool_syntax syntax = {
	.verb = "cat",
	.usage = (const char *const[]){"[options] IMAGE PATH...", NULL},
	.about = "Writes the content of the files PATH, one behind the other, to stdout. With both "
		 "partitions, PATH begins with usr/ or bak/.",
	.options = options,
	.groups = TW_TOOL_SOURCE | TW_TOOL_PART,
	.status = "Exit status: 0 all were written; 2 something could not be read.",
	.example = "twinfs cat app.img usr/main.py",
};

/* Not an errno of the volume: the message about stdout is main's. */
#define STDOUT_FAILED 1

static int to_stdout(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	return fwrite(data, 1, len, stdout) == len ? 0 : STDOUT_FAILED;
}

static int cat(struct tw_tool_session *session, const char *path)
{
	_cleanup_target_ struct tw_tool_target target = {0};
	struct twinfs_volume *volume;
	struct twinfs_stat stat;
	int status = tw_tool_resolve(session, path, &target);
	int code;

	if (status)
		return status;
	if (target.is_top)
		return tw_tool_error(session->verb, session->image, "'/': %s",
			tw_tool_reason(-EISDIR));
	status = tw_tool_find(session, &target, &volume, &stat);
	if (status)
		return status;
	code = tw_tool_read_file(volume, stat.ino, to_stdout, NULL);
	if (code < 0)
		return tw_tool_path_error(session, &target, target.path, code);
	return code ? TW_EXIT_FAILED : 0;
}

int tw_tool_verb_cat(int argc, char **argv)
{
	_cleanup_session_ struct tw_tool_session session = {0};
	struct tw_tool_args args;
	const char *path;
	int status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	if (tw_tool_next_option(&args) != TW_OPT_END)
		return args.status; /* no options of its own: this is TW_OPT_EXIT */
	status = tw_tool_take_image(&args);
	if (!status)
		status = tw_tool_need(&args, "PATH", &path);
	if (!status)
		status = tw_tool_open(&session, &args, 0, TWINFS_POLICY_DEVICE);
	if (status)
		return status;
	do {
		if (cat(&session, path))
			status = TW_EXIT_FAILED;
	} while ((path = tw_tool_take(&args)));
	return status;
}
