/* SPDX-License-Identifier: MIT */
/*
 * verb_check.c - twinfs check: every rule of the formats, on the bytes of the
 * chip.
 */
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>

#include "print.h"
#include "repair.h"
#include "session.h"
#include "tool.h"

enum {
	KEY_JSON = TW_OPT_LONG,
	KEY_REPAIR,
	KEY_OUTPUT,
	KEY_KEEP,
	KEY_BACKUP_WRITE,
};

static const struct tw_tool_option options[] = {
	{KEY_REPAIR, "repair", NULL, "make damaged volumes whole again"},
	{'n', "dry-run", NULL, "tell what a repair would do; nothing is written"},
	{KEY_OUTPUT, "output", "FILE",
		"write the repaired image to the new FILE; IMAGE stays as it is"},
	{KEY_KEEP, "keep", "FILE", "keep the old image as FILE, not as IMAGE.before-repair"},
	{KEY_BACKUP_WRITE, "allow-backup-write", NULL, "repair the backup partition, too"},
	{'v', "verbose", NULL, "also name the files that are as they were"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "check",
	.usage = (const char *const[]){"[options] IMAGE", "--repair [options] IMAGE", NULL},
	.about = "Checks both file systems and SecureData: every rule of the formats. Errors are "
		 "never legal; warnings are legal residue of power cuts that the next write "
		 "repairs; notes are normal. Nothing is changed, unless --repair is given: then "
		 "residue is cleared up, and a volume with errors is made anew from all that can "
		 "still be read or found. IMAGE is replaced in one stroke; the old one is kept.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 no errors, or all was repaired and nothing is lost; 1 errors "
		  "were found, or something is lost; 2 the check or the repair could not be done.",
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

/* What a run is about. */
struct job {
	struct tw_tool_repair_args args;
	struct tw_tool_repair repair;
	struct tw_tool_check result;
	bool json;
};

static int check(struct tw_tool_session *session, struct job *job)
{
	struct tw_tool_check *result = &job->result;
	struct twinfs_part_info info;

	for (int i = 0; i < TWINFS_PART_COUNT; i++) {
		struct tw_tool_check_part *part = &result->parts[result->part_count];
		int status;

		twinfs_module_part(session->module, (enum twinfs_part)i, &info);
		if (!info.present)
			continue;
		result->part_count++;
		status = check_part(session, &info, i == TWINFS_PART_SECURE, part);
		if (!status && result->repairs)
			status = tw_tool_repair_part(&job->repair, session, &job->args,
				(enum twinfs_part)i, part);
		if (status)
			return status;
		result->errors += part->errors;
		result->warnings += part->warnings;
		result->notes += part->notes;
	}
	return 0;
}

/* Whether something that was repaired is not where and what it was, or may not be. */
static bool has_losses(const struct tw_tool_check *check)
{
	for (size_t i = 0; i < check->part_count; i++) {
		const struct twinfs_repair_result *repair = check->parts[i].repair;

		if (!repair || repair->kind != TWINFS_REPAIR_REBUILT)
			continue;
		for (size_t j = 0; j < repair->count; j++)
			if (repair->objects[j].fate > TWINFS_FATE_RECOVERED ||
				repair->objects[j].lost_bytes)
				return true;
		if (repair->may_lack)
			return true;
	}
	return false;
}

static int exit_status(const struct job *job)
{
	if (!job->result.repairs)
		return job->result.errors ? TW_EXIT_WRONG : TW_EXIT_OK;
	if (job->repair.has_failed)
		return TW_EXIT_FAILED;
	return has_losses(&job->result) ? TW_EXIT_WRONG : TW_EXIT_OK;
}

static int check_and_print(struct tw_tool_session *session, struct job *job)
{
	int status;

	job->result.image = session->image;
	status = check(session, job);
	if (!status && job->result.repairs)
		status = tw_tool_repair_write(&job->repair, session, &job->args, &job->result);
	if (!status && job->json)
		tw_tool_json_check(&job->result);
	else if (!status)
		tw_tool_print_check(&job->result);
	return status ? status : exit_status(job);
}

static void release(struct job *job)
{
	for (size_t i = 0; i < job->result.part_count; i++)
		free(job->result.parts[i].found);
	for (size_t i = 0; i < TWINFS_IMAGE_FILES; i++)
		free(job->result.files[i].copy);
	tw_tool_repair_end(&job->repair);
}

/* Takes an option of this verb. */
static void take_option(struct job *job, int key, const char *value)
{
	job->json |= key == KEY_JSON;
	job->result.repairs |= key == KEY_REPAIR;
	job->result.verbose |= key == 'v';
	job->args.dry_run |= key == 'n';
	job->args.allow_backup |= key == KEY_BACKUP_WRITE;
	if (key == KEY_OUTPUT)
		job->args.output = value;
	if (key == KEY_KEEP)
		job->args.keep = value;
}

static int judge_options(const struct job *job)
{
	const struct tw_tool_repair_args *args = &job->args;

	if (!job->result.repairs &&
		(args->dry_run || args->output || args->keep || args->allow_backup))
		return tw_tool_usage("check", "%s goes with --repair",
			args->dry_run  ? "--dry-run"
			: args->output ? "--output"
			: args->keep   ? "--keep"
				       : "--allow-backup-write");
	if ((args->output && !*args->output) || (args->keep && !*args->keep))
		return tw_tool_usage("check", "--%s: FILE is empty",
			args->output ? "output" : "keep");
	if (args->output && args->keep)
		return tw_tool_usage("check", "--keep is of no use with --output");
	return 0;
}

static int run(struct tw_tool_args *args, struct job *job)
{
	_cleanup_session_ struct tw_tool_session session = {0};
	int status = judge_options(job);

	if (!status)
		status = tw_tool_take_image(args);
	if (!status)
		status = tw_tool_no_more(args);
	job->args.has_block_size = args->source.block_size != 0;
	job->result.dry_run = job->args.dry_run;
	if (!status && job->result.repairs)
		status = tw_tool_repair_begin(&job->repair, args, &job->args);
	if (!status)
		status = tw_tool_open(&session, args, 0, TWINFS_POLICY_DEVICE);
	return status ? status : check_and_print(&session, job);
}

int tw_tool_verb_check(int argc, char **argv)
{
	struct job job = {0};
	struct tw_tool_args args;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		take_option(&job, key, args.value);
	}
	status = run(&args, &job);
	release(&job);
	return status;
}
