/* SPDX-License-Identifier: MIT */
/*
 * verb_events.c - twinfs events: what happened to a mounted module.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "control.h"
#include "options.h"
#include "print.h"
#include "text.h"
#include "tool.h"

enum {
	KEY_JSON = TW_OPT_LONG,
	KEY_FOLLOW,
	KEY_ONCE,
};

static const struct tw_tool_option options[] = {
	{KEY_FOLLOW, "follow", NULL, "go on with those that come, until the mount ends"},
	{KEY_ONCE, "once", NULL, "only what is there already (default)"},
	{KEY_JSON, "json", NULL, "the lines as the mount has them, one JSON object each"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "events",
	.usage = (const char *const[]){"[options] MOUNT", NULL},
	.about = "Prints what happened to a mounted module, with the virtual time: faults that "
		 "fired, power cuts, boots, restored files.",
	.options = options,
	.status = "Exit status: 0 done, or the mount has ended; 2 could not be done.",
	.example = "twinfs events --follow module",
};

/* Prints the whole lines at the beginning of @text and keeps the rest. */
static void print_lines(struct tw_tool_text *text, bool json)
{
	char *line = text->data, *end;
	size_t rest;

	while (line && (end = strchr(line, '\n'))) {
		*end = '\0';
		if (json) {
			tw_tool_put_json(stdout, line);
			putchar('\n');
		} else {
			tw_tool_print_event(line);
		}
		line = end + 1;
	}
	if (!line)
		return;
	rest = strlen(line);
	memmove(text->data, line, rest + 1);
	text->len = rest;
}

/* The mount has ended before its last answer could be given, or while it was. */
static bool is_gone(int number)
{
	return number == ENOTCONN || number == ECONNABORTED || number == ENODEV;
}

static int copy(const struct tw_tool_control *control, bool json)
{
	struct tw_tool_text text = {0};
	char piece[8192];
	ssize_t got;
	int status = 0;

	while (!status && (got = read(control->fd, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		if (tw_tool_text_add(&text, piece, (size_t)got) < 0)
			status = tw_tool_no_memory("events");
		print_lines(&text, json);
		if (fflush(stdout)) /* main says so; there is no use in going on */
			break;
	}
	if (!status && got < 0 && errno != EAGAIN && !is_gone(errno))
		status = tw_tool_error("events", control->mount, "%s", tw_tool_host_reason(-errno));
	tw_tool_text_release(&text);
	return status;
}

int tw_tool_verb_events(int argc, char **argv)
{
	struct tw_tool_control control;
	struct tw_tool_args args;
	bool json = false, follow = false, once = false;
	const char *mount;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		json |= key == KEY_JSON;
		follow |= key == KEY_FOLLOW;
		once |= key == KEY_ONCE;
	}
	if (follow && once)
		return tw_tool_usage("events", "--follow and --once exclude each other");
	status = tw_tool_need(&args, "MOUNT", &mount);
	if (!status)
		status = tw_tool_no_more(&args);
	if (!status)
		status = tw_tool_control_open("events", mount, "events",
			O_RDONLY | (follow ? 0 : O_NONBLOCK), &control);
	if (status)
		return status;
	status = copy(&control, json);
	tw_tool_control_close(&control);
	return status;
}
