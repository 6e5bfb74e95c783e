/* SPDX-License-Identifier: MIT */
/*
 * serve.c - from the options of a verb to those of the daemon.
 */
#include "serve.h"

#include <string.h>

#include "text.h"
#include "tool.h"

/* Boots by itself when no number is given: a rule that cuts every boot must not go on for ever. */
#define AUTO_RESTARTS 100

/* Bytes of a file of rules; more than all rules there can be. */
#define RULES_MAX (1u << 20)

void tw_tool_serve_init(struct tw_tool_serve *serve)
{
	*serve = (struct tw_tool_serve){
		.daemon =
			{
				.module = {.image_flags = TWINFS_IMAGE_WRITABLE, .keep_wear = true},
				.uid = geteuid(),
				.gid = getegid(),
			},
	};
}

void tw_tool_serve_release(struct tw_tool_serve *serve)
{
	for (size_t i = 0; i < serve->rule_count; i++)
		tw_tool_text_release(&serve->texts[i]);
	free(serve->texts);
	free(serve->rules);
}

/* Keeps @text, which is given away. */
static int keep_rules(const char *verb, struct tw_tool_serve *serve, const char *name,
	struct tw_tool_text *text)
{
	size_t count = serve->rule_count;
	struct tw_daemon_rules *rules =
		reallocarray(serve->rules, count + 1, sizeof(*serve->rules));
	struct tw_tool_text *texts;

	serve->rules = rules ? rules : serve->rules;
	texts = rules ? reallocarray(serve->texts, count + 1, sizeof(*serve->texts)) : NULL;
	serve->texts = texts ? texts : serve->texts;
	if (!texts) {
		tw_tool_text_release(text);
		return tw_tool_no_memory(verb);
	}
	rules[count] = (struct tw_daemon_rules){name, text->data ? text->data : ""};
	texts[count] = *text;
	serve->rule_count = count + 1;
	return 0;
}

static int take_rule(const char *verb, struct tw_tool_serve *serve, const char *rule)
{
	struct tw_tool_text text = {0};
	struct twinfs_error err = {0};

	if (twinfs_fault_check(rule, &err) < 0)
		return tw_tool_usage(verb, "--fault: %s", err.text);
	if (tw_tool_text_add(&text, rule, strlen(rule)) < 0)
		return tw_tool_no_memory(verb);
	return keep_rules(verb, serve, "--fault", &text);
}

static int take_rule_file(const char *verb, struct tw_tool_serve *serve, const char *path)
{
	struct tw_tool_text text = {0};
	int rc = tw_tool_text_read(&text, path, RULES_MAX);

	if (rc < 0)
		return tw_tool_error(verb, path, "%s", tw_tool_host_reason(rc));
	return keep_rules(verb, serve, path, &text);
}

int tw_tool_serve_option(const struct tw_tool_args *args, int key, struct tw_tool_serve *serve)
{
	const char *verb = args->syntax->verb;
	struct tw_daemon_options *daemon = &serve->daemon;
	uint64_t cycles, restarts = AUTO_RESTARTS;

	switch (key) {
	case TW_TOOL_SERVE_POLICY:
		if (!tw_tool_parse_policy(args->value, &daemon->module.policy))
			return tw_tool_bad_value(args, "policy", "device or safe");
		return 0;
	case TW_TOOL_SERVE_BLOCK_CYCLES:
		if (!tw_tool_parse_size(args->value, INT32_MAX, &cycles) || !cycles)
			return tw_tool_bad_value(args, "block-cycles", "a number above 0");
		daemon->module.block_cycles = (int32_t)cycles;
		return 0;
	case TW_TOOL_SERVE_AUTO_RESTART:
		if (args->value && (!tw_tool_parse_size(args->value, INT32_MAX, &restarts)))
			return tw_tool_bad_value(args, "auto-restart", "a number");
		daemon->auto_restarts = (unsigned)restarts;
		return 0;
	case TW_TOOL_SERVE_BACKUP_WRITE:
		daemon->module.backup_writable = true;
		return 0;
	case TW_TOOL_SERVE_FAULT:
		return take_rule(verb, serve, args->value);
	case TW_TOOL_SERVE_FAULTS:
		return take_rule_file(verb, serve, args->value);
	case TW_TOOL_SERVE_SEED:
		if (!tw_tool_parse_size(args->value, UINT64_MAX, &daemon->seed))
			return tw_tool_bad_value(args, "seed", "a number");
		return 0;
	default:
		daemon->trace = args->value;
		return 0;
	}
}

void tw_tool_serve_finish(const struct tw_tool_args *args, struct tw_tool_serve *serve)
{
	struct tw_daemon_options *daemon = &serve->daemon;

	daemon->source = args->source;
	daemon->module.key_file = args->key_file;
	daemon->rules = serve->rules;
	daemon->rule_count = serve->rule_count;
}
