/* SPDX-License-Identifier: MIT */
/*
 * verb_boot.c - twinfs boot: the boot procedure, offline.
 *
 * That a file had to be restored, or that the device's procedure ended with an
 * error of its own, is a result and no failure of this verb: the exit status
 * is 0 whenever the module came up.
 */
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>

#include "print.h"
#include "session.h"
#include "text.h"
#include "tool.h"

enum {
	KEY_POLICY = TW_OPT_LONG,
	KEY_JSON,
	KEY_TRACE,
};

static const struct tw_tool_option options[] = {
	{'n', "dry-run", NULL, "boot a copy in memory: nothing is written"},
	{KEY_POLICY, "policy", "device|safe",
		"device: as the module does, with its holes (default); "
		"safe: the holes are closed"},
	{KEY_JSON, "json", NULL, "print the boot report as JSON"},
	{KEY_TRACE, "trace", "FILE", "record what happens to the chip in this new file"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "boot",
	.usage = (const char *const[]){"[options] IMAGE", "[options] --user FILE --backup FILE",
		NULL},
	.about = "Runs the boot procedure of the module: mounts both partitions, compares the "
		 "protected files with checksum.json, restores what is wrong, applies an update "
		 "of user files that is waiting, and says what was done and why.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 the module came up, whether or not something was restored; 2 it "
		  "did not.",
	.example = "twinfs boot --dry-run app.img",
};

/* Powers the module on, recorded in @trace unless that is NULL. 0 or the exit status. */
static int power_on(struct tw_tool_session *session, const char *trace,
	const struct twinfs_boot_report **ret_report)
{
	struct twinfs_error err = {0};
	int status = 0;

	if (trace && twinfs_module_record(session->module, trace, &err) < 0)
		return tw_tool_report(session->verb, trace, &err);
	if (twinfs_module_power_on(session->module, ret_report, &err) < 0)
		status = tw_tool_report(session->verb, session->image, &err);
	/* A boot that failed is worth looking at, too. */
	if (twinfs_module_record_stop(session->module, &err) < 0)
		status = tw_tool_report(session->verb, trace, &err);
	return status;
}

static int boot(struct tw_tool_session *session, const char *trace, bool json, bool dry_run)
{
	const struct twinfs_boot_report *report;
	_cleanup_free_ char *text = NULL;
	int status = power_on(session, trace, &report);

	if (!status)
		status = tw_tool_flush(session);
	if (status)
		return status;
	if (!json) {
		tw_tool_print_boot(report, session->image, dry_run);
		return 0;
	}
	text = twinfs_boot_report_json(report);
	if (!text)
		return tw_tool_no_memory(session->verb);
	tw_tool_put_json(stdout, text);
	putchar('\n');
	return 0;
}

int tw_tool_verb_boot(int argc, char **argv)
{
	_cleanup_session_ struct tw_tool_session session = {0};
	enum twinfs_policy policy = TWINFS_POLICY_DEVICE;
	bool dry_run = false, json = false;
	const char *trace = NULL;
	struct tw_tool_args args;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		if (key == KEY_POLICY && !tw_tool_parse_policy(args.value, &policy))
			return tw_tool_bad_value(&args, "policy", "device or safe");
		dry_run |= key == 'n';
		json |= key == KEY_JSON;
		trace = key == KEY_TRACE ? args.value : trace;
	}
	status = tw_tool_take_image(&args);
	if (!status)
		status = tw_tool_no_more(&args);
	if (!status)
		status = tw_tool_open(&session, &args,
			dry_run ? TWINFS_IMAGE_SCRATCH : TWINFS_IMAGE_WRITABLE, policy);
	return status ? status : boot(&session, trace, json, dry_run);
}
