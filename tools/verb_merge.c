/* SPDX-License-Identifier: MIT */
/*
 * verb_merge.c - twinfs merge: a production package from a base package and
 * the files of an application.
 */
#include "verbs.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <twinfs/factory.h>

#include "options.h"
#include "print_package.h"
#include "tool.h"

enum {
	KEY_FIRMWARE = TW_OPT_LONG,
	KEY_USER,
	KEY_BACKUP,
	KEY_BACKUP_ALL,
	KEY_NO_BACKUP,
	KEY_PROFILE,
	KEY_FORCE,
	KEY_STRICT,
	KEY_JSON,
	KEY_MAX_SIZE,
};

static const struct tw_tool_option options[] = {
	{KEY_FIRMWARE, "firmware", "BASE", "the package to begin with"},
	{KEY_USER, "user", "DIR", "directory whose content becomes the user partition"},
	{KEY_BACKUP, "backup", "FILE", "protect this file, a path below DIR; may be given again"},
	{KEY_BACKUP_ALL, "backup-all", NULL, "protect every file that is not empty"},
	{KEY_NO_BACKUP, "no-backup", NULL,
		"protect nothing, whatever --backup says, as with the box 'backup' not ticked"},
	{KEY_PROFILE, "profile", "P",
		"module profile: a name, or a JSON file (default: that of the platform of BASE)"},
	{'o', "output", "OUT",
		"the new package; a directory: PROJECT_NAME_PROJECT_VERSION.zip in it "
		"(default: the current one)"},
	{KEY_FORCE, "force", NULL, "replace a file that exists"},
	{KEY_STRICT, "strict", NULL, "what is warned of is an error"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{KEY_MAX_SIZE, "max-size", "N",
		"bytes that all members of BASE together may have "
		"(256 MiB and 8 times its size)"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "merge",
	.usage = (const char *const[]){"[options] --firmware BASE --user DIR", NULL},
	.about = "Makes a production package as the vendor's tool does: BASE with "
		 "customer_fs.bin and customer_backup_fs.bin made anew from DIR and the protected "
		 "files, every other member as it is. main.py has to define PROJECT_NAME and "
		 "PROJECT_VERSION. What the module would get wrong is warned of.",
	.options = options,
	.status = "Exit status: 0 made; 2 could not be made, and nothing is left behind.",
	.example = "twinfs merge --firmware base.zip --user my-app --backup main.py",
};

struct merge_args {
	const char *firmware, *user, *profile, *output;
	const char **backups;
	size_t backup_count;
	uint64_t max_size;
	bool backup_all, no_backup, force, strict, json;
};

/* What is released in the end. */
struct merge {
	const struct merge_args *args;
	struct twinfs_package *package;
	struct twinfs_profile profile;
	struct twinfs_factory_images images;
	struct tw_tool_merge result;
	char *output;
	bool no_memory;
};

static void release(struct merge *merge)
{
	twinfs_package_close(merge->package);
	free(merge->images.user);
	free(merge->images.backup);
	free(merge->result.warnings);
	free(merge->output);
}

/* ---- warnings ---- */

static void keep_warning(void *ctx, const struct twinfs_error *warning)
{
	struct merge *merge = ctx;
	struct tw_tool_merge *result = &merge->result;

	if (result->warning_count == result->warning_room) {
		size_t room = result->warning_room ? 2 * result->warning_room : 4;
		struct twinfs_error *more =
			reallocarray(result->warnings, room, sizeof(*result->warnings));

		if (!more) {
			merge->no_memory = true;
			return;
		}
		result->warnings = more;
		result->warning_room = room;
	}
	result->warnings[result->warning_count++] = *warning;
}

/* A base whose image has another size was made for another layout. */
static int compare_sizes(struct merge *merge)
{
	const uint64_t sizes[] = {merge->profile.user.size, merge->profile.backup.size};

	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++) {
		struct twinfs_error err = {0};
		uint8_t *data;
		size_t len;
		int code = twinfs_package_read_image(merge->package, image, &data, &len, &err);

		if (code == -ENOENT)
			continue;
		if (code < 0)
			return tw_tool_report("merge", merge->args->firmware, &err);
		free(data);
		if (!sizes[image] || len == sizes[image])
			continue;
		err = (struct twinfs_error){.problem = TWINFS_P_PACKAGE, .code = -EINVAL};
		(void)snprintf(err.file, sizeof(err.file), "%s", merge->args->firmware);
		(void)snprintf(err.text, sizeof(err.text),
			"%s has %zu bytes, the partition of profile %s %" PRIu64
			": is it the right profile?",
			twinfs_firmware_image_name(image), len, merge->profile.name, sizes[image]);
		if (merge->args->strict)
			return tw_tool_report("merge", merge->args->firmware, &err);
		keep_warning(merge, &err);
	}
	return 0;
}

/* ---- the steps ---- */

static int load_profile(struct merge *merge)
{
	const struct merge_args *args = merge->args;
	const struct twinfs_package_info *base = &merge->result.base;
	const char *name = args->profile;
	struct twinfs_error err = {0};

	if (!name && base->known)
		name = base->known->profile;
	if (!name && base->platform[0])
		return tw_tool_error("merge", args->firmware,
			"the partitions of platform '%s' are not known: give them with --profile",
			base->platform);
	if (!name)
		return tw_tool_error("merge", args->firmware,
			"does not say for which platform it is: --profile has to");
	if (twinfs_profile_load(name, &merge->profile, &err) < 0)
		return tw_tool_report("merge", name, &err);
	merge->result.profile = merge->profile.name;
	return 0;
}

static int open_base(struct merge *merge)
{
	const struct merge_args *args = merge->args;
	struct twinfs_error err = {0};
	uint8_t *data;
	size_t len;
	int code = twinfs_package_open(args->firmware, args->max_size, &merge->package, &err);

	if (code < 0)
		return tw_tool_report("merge", args->firmware, &err);
	twinfs_package_info(merge->package, &merge->result.base);
	/* that it is no firmware comes before what it does not say */
	code = twinfs_package_read_image(merge->package, TWINFS_FIRMWARE_USER, &data, &len, &err);
	if (code < 0 && code != -ENOENT)
		return tw_tool_report("merge", args->firmware, &err);
	if (!code)
		free(data);
	return 0;
}

/* What is written is a zip archive, made of one. */
static int check_base(const struct merge *merge)
{
	switch (merge->result.base.kind) {
	case TWINFS_PACKAGE_FOLDER:
	case TWINFS_PACKAGE_EIGEN:
	case TWINFS_PACKAGE_LOOSE:
		return tw_tool_error("merge", merge->args->firmware,
			"is no zip archive: nothing to be merged with");
	case TWINFS_PACKAGE_ZIP:
	case TWINFS_PACKAGE_ASR:
	case TWINFS_PACKAGE_BUNDLE:
		break;
	}
	return 0;
}

static int load_project(struct merge *merge)
{
	_cleanup_free_ char *path = NULL;
	struct twinfs_error err = {0};
	struct stat attr;

	if (stat(merge->args->user, &attr) < 0)
		return tw_tool_error("merge", merge->args->user, "%s", tw_tool_host_reason(-errno));
	if (asprintf(&path, "%s/main.py", merge->args->user) < 0) {
		path = NULL;
		return tw_tool_no_memory("merge");
	}
	if (twinfs_project_load(path, &merge->result.project, &err) < 0)
		return tw_tool_report("merge", path, &err);
	return 0;
}

static int find_output(struct merge *merge)
{
	const struct twinfs_project *project = &merge->result.project;
	const char *wanted = merge->args->output ? merge->args->output : "";
	size_t len = strlen(wanted);
	bool has_slash = len && wanted[len - 1] == '/';
	struct stat stat_buf;

	if (len && !has_slash && (stat(wanted, &stat_buf) < 0 || !S_ISDIR(stat_buf.st_mode)))
		merge->output = strdup(wanted);
	else if (asprintf(&merge->output, "%s%s%s_%s.zip", wanted, !len || has_slash ? "" : "/",
			 project->name, project->version) < 0)
		merge->output = NULL;
	merge->result.output = merge->output;
	return merge->output ? 0 : tw_tool_no_memory("merge");
}

static void count_object(void *ctx, const char *path, size_t done, size_t total)
{
	struct merge *merge = ctx;

	(void)path;
	(void)total;
	merge->result.objects = done;
}

static int make_images(struct merge *merge)
{
	const struct merge_args *args = merge->args;
	const struct twinfs_factory_options factory = {
		.profile = &merge->profile,
		.user_dir = args->user,
		.backup_files = args->backups,
		.backup_count = args->no_backup ? 0 : args->backup_count,
		.backup_all = args->backup_all && !args->no_backup,
		.progress = count_object,
		.progress_ctx = merge,
		.warn = args->strict ? NULL : keep_warning,
		.warn_ctx = merge,
	};
	struct twinfs_error err = {0};

	if (twinfs_factory_make_images(&factory, &merge->images, &err) < 0)
		return tw_tool_report("merge", args->user, &err);
	merge->result.sizes[TWINFS_FIRMWARE_USER] = merge->images.user_len;
	merge->result.sizes[TWINFS_FIRMWARE_BACKUP] = merge->images.backup_len;
	return merge->no_memory ? tw_tool_no_memory("merge") : 0;
}

/* The time that reproducible builds are told to have, as of reproducible-builds.org. */
static int read_epoch(int64_t *ret_time)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;

	*ret_time = 0;
	if (!text || !*text)
		return 0;
	errno = 0;
	*ret_time = strtoll(text, &end, 10);
	if (errno || *end || !isdigit((unsigned char)*text))
		return tw_tool_error("merge", NULL, "SOURCE_DATE_EPOCH is '%s', not seconds", text);
	return 0;
}

static int write_package(struct merge *merge)
{
	struct twinfs_package_merge it = {
		.images = {merge->images.user, merge->images.backup},
		.lens = {merge->images.user_len, merge->images.backup_len},
		.replaces = merge->args->force,
	};
	struct twinfs_error err = {0};
	int status = read_epoch(&it.time);

	if (status)
		return status;
	if (twinfs_package_write(merge->package, &it, merge->output, &err) < 0)
		return tw_tool_report("merge", merge->output, &err);
	return 0;
}

static int merge_all(struct merge *merge)
{
	int status = open_base(merge);

	if (!status)
		status = check_base(merge);
	if (!status)
		status = load_project(merge);
	if (!status)
		status = load_profile(merge);
	if (!status)
		status = compare_sizes(merge);
	if (!status)
		status = find_output(merge);
	if (!status)
		status = make_images(merge);
	if (!status)
		status = write_package(merge);
	if (status)
		return status;
	for (size_t i = 0; i < merge->result.warning_count; i++)
		(void)tw_tool_error("merge", merge->result.warnings[i].file, "warning: %s",
			merge->result.warnings[i].text);
	if (merge->args->json)
		tw_tool_json_merge(&merge->result);
	else
		tw_tool_print_merge(&merge->result);
	return 0;
}

/* ---- the command line ---- */

static int parse_option(struct tw_tool_args *args, int key, struct merge_args *merge)
{
	switch (key) {
	case KEY_FIRMWARE:
		merge->firmware = args->value;
		return 0;
	case KEY_USER:
		merge->user = args->value;
		return 0;
	case KEY_BACKUP:
		merge->backups[merge->backup_count++] = args->value;
		return 0;
	case KEY_PROFILE:
		merge->profile = args->value;
		return 0;
	case 'o':
		merge->output = args->value;
		return 0;
	case KEY_MAX_SIZE:
		if (!tw_tool_parse_size(args->value, UINT64_MAX, &merge->max_size) ||
			!merge->max_size)
			return tw_tool_bad_value(args, "max-size", "a size (such as 1024M)");
		return 0;
	default:
		merge->backup_all |= key == KEY_BACKUP_ALL;
		merge->no_backup |= key == KEY_NO_BACKUP;
		merge->force |= key == KEY_FORCE;
		merge->strict |= key == KEY_STRICT;
		merge->json |= key == KEY_JSON;
		return 0;
	}
}

int tw_tool_verb_merge(int argc, char **argv)
{
	_cleanup_free_ const char **backups = calloc((size_t)argc + 1, sizeof(*backups));
	struct merge_args merge_args = {.backups = backups};
	struct merge merge = {.args = &merge_args};
	struct tw_tool_args args;
	int key, status;

	if (!backups)
		return tw_tool_no_memory("merge");
	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		status = parse_option(&args, key, &merge_args);
		if (status)
			return status;
	}
	status = tw_tool_no_more(&args);
	if (status)
		return status;
	if (!merge_args.firmware)
		return tw_tool_usage("merge", "--firmware BASE is missing");
	if (!merge_args.user)
		return tw_tool_usage("merge", "--user DIR is missing");
	if (merge_args.backup_all && merge_args.backup_count)
		return tw_tool_usage("merge", "--backup and --backup-all exclude each other");
	merge.result.firmware = merge_args.firmware;
	status = merge_all(&merge);
	release(&merge);
	return status;
}
