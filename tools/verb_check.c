/* SPDX-License-Identifier: MIT */
/*
 * verb_check.c - twinfs check: every rule of the formats, on the bytes of the
 * chip.
 */
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>

#include "print.h"
#include "session.h"
#include "tool.h"

static const struct tw_tool_option options[] = {
	{TW_OPT_LONG, "json", NULL, "print one JSON document"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "check",
	.usage = (const char *const[]){"[options] IMAGE", NULL},
	.about = "Checks both file systems and SecureData: every rule of the formats. Errors are "
		 "never legal; warnings are legal residue of power cuts that the next write "
		 "repairs; notes are normal. Nothing is changed.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 no errors; 1 errors were found; 2 the check could not be done.",
	.example = "twinfs check app.img",
};

struct collector {
	struct tw_tool_check_part *part;
	bool no_memory;
};

static void keep(void *ctx, const struct twinfs_error *finding)
{
	struct collector *collector = ctx;
	struct tw_tool_check_part *part = collector->part;

	if (part->count == part->room) {
		size_t room = part->room ? 2 * part->room : 16;
		struct twinfs_error *more = reallocarray(part->found, room, sizeof(*more));

		if (!more) {
			collector->no_memory = true;
			return;
		}
		part->found = more;
		part->room = room;
	}
	part->found[part->count++] = *finding;
	switch (twinfs_problem_severity(finding->problem)) {
	case TWINFS_NOTE:
		part->notes++;
		break;
	case TWINFS_WARNING:
		part->warnings++;
		break;
	case TWINFS_ERROR:
		part->errors++;
		break;
	}
}

static int check_part(struct tw_tool_session *session, const struct twinfs_part_info *info,
	bool is_secure, struct tw_tool_check_part *part)
{
	struct collector collector = {.part = part};
	int code = 0;

	*part = (struct tw_tool_check_part){
		.name = info->name,
		.addr = info->addr,
		.size = info->size,
		.version = info->has_superblock ? info->superblock.version : 0,
	};
	if (is_secure && twinfs_module_secure_error(session->module))
		keep(&collector, twinfs_module_secure_error(session->module));
	else if (is_secure)
		code = twinfs_secure_check(twinfs_module_secure(session->module), keep, &collector);
	else
		code = twinfs_volume_check(twinfs_module_flash(session->module), &info->config,
			keep, &collector);
	if (collector.no_memory)
		code = -ENOMEM;
	if (code < 0)
		return tw_tool_error(session->verb, info->file, "%s: cannot be checked: %s",
			info->name, tw_tool_reason(code));
	return 0;
}

static int check(struct tw_tool_session *session, struct tw_tool_check *result)
{
	struct twinfs_part_info info;

	for (int i = 0; i < TWINFS_PART_COUNT; i++) {
		struct tw_tool_check_part *part = &result->parts[result->part_count];
		int status;

		twinfs_module_part(session->module, (enum twinfs_part)i, &info);
		if (!info.present)
			continue;
		result->part_count++;
		status = check_part(session, &info, i == TWINFS_PART_SECURE, part);
		if (status)
			return status;
		result->errors += part->errors;
		result->warnings += part->warnings;
		result->notes += part->notes;
	}
	return 0;
}

static int check_and_print(struct tw_tool_session *session, bool json)
{
	struct tw_tool_check result = {.image = session->image};
	int status = check(session, &result);

	if (!status && json)
		tw_tool_json_check(&result);
	else if (!status)
		tw_tool_print_check(&result);
	for (size_t i = 0; i < result.part_count; i++)
		free(result.parts[i].found);
	if (status)
		return status;
	return result.errors ? TW_EXIT_WRONG : TW_EXIT_OK;
}

int tw_tool_verb_check(int argc, char **argv)
{
	_cleanup_session_ struct tw_tool_session session = {0};
	bool json;
	int status;

	if (!tw_tool_open_to_look(&session, &syntax, argc, argv, 0, &json, &status))
		return status;
	return check_and_print(&session, json);
}
