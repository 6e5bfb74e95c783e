/* SPDX-License-Identifier: MIT */
/*
 * verb_fault.c - twinfs fault: the faults of a mounted module.
 */
#include "verbs.h"

#include <fcntl.h>
#include <string.h>

#include "control.h"
#include "options.h"
#include "print.h"
#include "text.h"
#include "tool.h"

enum {
	KEY_JSON = TW_OPT_LONG,
	KEY_SEED,
};

static const struct tw_tool_option options[] = {
	{KEY_JSON, "json", NULL, "list: print JSON"},
	{KEY_SEED, "seed", "N", "add: of the chance in these rules and those after them"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "fault",
	.usage = (const char *const[]){"[--seed N] MOUNT add RULE...", "[--json] MOUNT list",
		"MOUNT clear [ID...]", "MOUNT pass MS", NULL},
	.about = "Adds faults to the chip of a mounted module, lists them with how often they "
		 "fired, or removes them: those with a number given, or all. Of several rules "
		 "all are added, or none; add prints their numbers. pass lets milliseconds of "
		 "virtual time go by, in which nothing happens on the chip.",
	.options = options,
	.status =
		"Exit status: 0 done; 2 could not be done: a rule is wrong, or there is none with "
		"that number.",
	.example = "twinfs fault module add 'cut torn at op 1337'",
};

struct fault {
	bool json;
	const char *seed;
	struct tw_tool_control control;
	struct tw_tool_text command, answer;
};

static int add_text(struct fault *fault, const char *before, const char *text, const char *after)
{
	if (tw_tool_text_add(&fault->command, before, strlen(before)) < 0 ||
		tw_tool_text_add(&fault->command, text, strlen(text)) < 0 ||
		tw_tool_text_add(&fault->command, after, strlen(after)) < 0)
		return tw_tool_no_memory("fault");
	return 0;
}

/* Each rule is checked by itself: the message then names it, not a line. */
static int add_rule(struct fault *fault, const char *rule)
{
	struct twinfs_error err = {0};

	if (strchr(rule, '\n') || twinfs_fault_check(rule, &err) < 0)
		return tw_tool_rule_error("fault", rule,
			*err.text ? err.text : "a rule is one line");
	return add_text(fault, "add ", rule, "\n");
}

static int run_command(struct fault *fault)
{
	int status = tw_tool_control_write(&fault->control, fault->command.data);

	return status ? status : tw_tool_control_read(&fault->control, &fault->answer);
}

static int add(struct tw_tool_args *args, struct fault *fault)
{
	const char *rule;
	int status = tw_tool_need(args, "RULE", &rule);

	if (!status && fault->seed)
		status = add_text(fault, "seed ", fault->seed, "\n");
	for (; !status && rule; rule = tw_tool_take(args))
		status = add_rule(fault, rule);
	if (!status)
		status = run_command(fault);
	if (!status && fault->answer.data)
		tw_tool_put_lines(stdout, fault->answer.data);
	return status;
}

static int clear(struct tw_tool_args *args, struct fault *fault)
{
	const char *id;
	int status = add_text(fault, "clear", "", "");

	while (!status && (id = tw_tool_take(args)))
		status = strpbrk(id, " \n") ? tw_tool_usage("fault", "'%s' is not a number", id)
					    : add_text(fault, " ", id, "");
	return status ? status : run_command(fault);
}

static int pass(struct tw_tool_args *args, struct fault *fault)
{
	const char *ms;
	int status = tw_tool_need(args, "MS", &ms);

	if (!status)
		status = tw_tool_no_more(args);
	if (!status && strspn(ms, "0123456789") != strlen(ms))
		return tw_tool_usage("fault", "'%s' is not a number", ms);
	if (!status)
		status = add_text(fault, "pass ", ms, "\n");
	return status ? status : run_command(fault);
}

static int list(struct tw_tool_args *args, struct fault *fault)
{
	int status = tw_tool_no_more(args);

	if (!status)
		status = tw_tool_control_read(&fault->control, &fault->answer);
	if (status)
		return status;
	if (fault->json)
		tw_tool_json_faults(fault->answer.data);
	else
		tw_tool_put_lines(stdout, fault->answer.data);
	return TW_EXIT_OK;
}

static int run(struct tw_tool_args *args, struct fault *fault)
{
	const char *mount, *word;
	int (*act)(struct tw_tool_args * args, struct fault * fault);
	int status = tw_tool_need(args, "MOUNT", &mount);

	if (!status)
		status = tw_tool_need(args, "add, list, clear or pass", &word);
	if (status)
		return status;
	act = !strcmp(word, "add")     ? add
	      : !strcmp(word, "list")  ? list
	      : !strcmp(word, "clear") ? clear
	      : !strcmp(word, "pass")  ? pass
				       : NULL;
	if (!act)
		return tw_tool_usage("fault", "'%s' is not add, list, clear or pass", word);
	if (fault->json && act != list)
		return tw_tool_usage("fault", "--json goes with list");
	if (fault->seed && act != add)
		return tw_tool_usage("fault", "--seed goes with add");
	status = tw_tool_control_open("fault", mount, "faults", act == list ? O_RDONLY : O_RDWR,
		&fault->control);
	if (status)
		return status;
	status = act(args, fault);
	tw_tool_control_close(&fault->control);
	return status;
}

int tw_tool_verb_fault(int argc, char **argv)
{
	struct fault fault = {.control = {.fd = -1}};
	struct tw_tool_args args;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		uint64_t seed;

		if (key == TW_OPT_EXIT)
			return args.status;
		if (key == KEY_JSON) {
			fault.json = true;
			continue;
		}
		if (!tw_tool_parse_size(args.value, UINT64_MAX, &seed))
			return tw_tool_bad_value(&args, "seed", "a number");
		fault.seed = args.value;
	}
	status = run(&args, &fault);
	tw_tool_text_release(&fault.command);
	tw_tool_text_release(&fault.answer);
	return status;
}
