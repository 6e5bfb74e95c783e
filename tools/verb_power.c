/* SPDX-License-Identifier: MIT */
/*
 * verb_power.c - twinfs power: switches a mounted module, or pulls its plug.
 */
#include "verbs.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "options.h"
#include "print.h"
#include "tool.h"

enum { KEY_JSON = TW_OPT_LONG };

static const struct tw_tool_option options[] = {
	{KEY_JSON, "json", NULL, "print the state as JSON"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "power",
	.usage =
		(const char *const[]){"[options] MOUNT [status]", "MOUNT off|on|restart|cut", NULL},
	.about = "Says whether a mounted module has power, and why not; or switches it: off, on, "
		 "restart; or cuts it in the middle of whatever goes on.",
	.options = options,
	.status =
		"Exit status: 0 done, or the power is on; 1 status: the power is off; 2 could not "
		"be done.",
	.example = "twinfs power module restart",
};

static int read_file(const char *mount, const char *name, struct tw_tool_text *text)
{
	struct tw_tool_control control;
	int status = tw_tool_control_open("power", mount, name, O_RDONLY, &control);

	if (status)
		return status;
	status = tw_tool_control_read(&control, text);
	tw_tool_control_close(&control);
	return status;
}

static int show(const char *mount, bool json)
{
	struct tw_tool_text power = {0}, supply = {0};
	int status = read_file(mount, "power", &power);

	if (!status)
		status = read_file(mount, "supply", &supply);
	if (!status) {
		char *rest = power.data, *word = strsep(&rest, "\n"), *cause = strsep(&rest, "\n");
		struct tw_tool_power it = {
			.is_on = word && !strcmp(word, "on"),
			.cause = cause && *cause ? cause : NULL,
			.supply_mv = supply.data ? strtoull(supply.data, NULL, 10) : 0,
		};

		if (json)
			tw_tool_json_power(&it);
		else
			tw_tool_print_power(&it);
		status = it.is_on ? TW_EXIT_OK : TW_EXIT_WRONG;
	}
	tw_tool_text_release(&power);
	tw_tool_text_release(&supply);
	return status;
}

static int switch_power(const char *mount, const char *word)
{
	struct tw_tool_control control;
	int status = tw_tool_control_open("power", mount, "power", O_WRONLY, &control);

	if (status)
		return status;
	status = tw_tool_control_write(&control, word);
	tw_tool_control_close(&control);
	return status;
}

static int run(struct tw_tool_args *args, bool json)
{
	static const char *const words[] = {"off", "on", "restart", "cut"};
	const char *mount, *word;
	int status = tw_tool_need(args, "MOUNT", &mount);

	if (status)
		return status;
	word = tw_tool_take(args);
	status = tw_tool_no_more(args);
	if (status)
		return status;
	for (size_t i = 0; !word && i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(mount, words[i]) && access(mount, F_OK) < 0)
			return tw_tool_usage("power", "MOUNT is missing before '%s'", mount);
	if (!word || !strcmp(word, "status"))
		return show(mount, json);
	if (json)
		return tw_tool_usage("power", "--json goes with status");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(word, words[i]))
			return switch_power(mount, word);
	return tw_tool_usage("power", "'%s' is not status, off, on, restart or cut", word);
}

int tw_tool_verb_power(int argc, char **argv)
{
	struct tw_tool_args args;
	bool json = false;
	int key;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		json = true;
	}
	return run(&args, json);
}
