/* SPDX-License-Identifier: MIT */
/*
 * verb_mk.c - twinfs mk: the image of a new module.
 */
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <twinfs/factory.h>

#include "options.h"
#include "text.h"
#include "tool.h"

enum {
	KEY_PROFILE = TW_OPT_LONG,
	KEY_USER,
	KEY_BACKUP,
	KEY_BACKUP_ALL,
	KEY_PAIR,
	KEY_FORMAT,
	KEY_PROG,
};

static const struct tw_tool_option options[] = {
	{KEY_PROFILE, "profile", "P", "module profile: a name, or a JSON file (default: default)"},
	{KEY_USER, "user", "DIR", "directory whose content becomes the user partition"},
	{KEY_BACKUP, "backup", "FILE", "protect this file, a path below DIR; may be given again"},
	{KEY_BACKUP_ALL, "backup-all", NULL, "protect every file that is not empty"},
	{KEY_PAIR, "pair", "OUTDIR",
		"make customer_fs.bin and customer_backup_fs.bin in OUTDIR "
		"instead of IMAGE"},
	{KEY_FORMAT, "format", "lfs1|lfs2|lfs2.0",
		"file system of both partitions: lfs1, lfs2 (version 2.1) or lfs2.0, "
		"instead of what the firmware formats"},
	{KEY_PROG, "prog", "N", "bytes programmed at once, instead of the profile's"},
	{'q', "quiet", NULL, "no progress, no result line"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "mk",
	.usage = (const char *const[]){"[options] --user DIR IMAGE",
		"[options] --user DIR --pair OUTDIR", NULL},
	.about = "Makes the image of a new module as the vendor's tool does: DIR becomes the user "
		 "partition, copies of the protected files the backup partition, and where there "
		 "are "
		 "some both get their checksum.json. Existing files are never replaced.",
	.options = options,
	.status = "Exit status: 0 made; 2 could not be made, and nothing is left behind.",
	.example = "twinfs mk app.img --user my-app --backup main.py --backup cfg.json",
};

struct mk {
	const char *profile, *pair, *image;
	uint32_t prog_size, disk_version;
	const char **backups;
	size_t backup_count;
	bool backup_all, quiet;
	const char *user_dir;
	size_t done;   /* objects written so far */
	bool is_shown; /* a line of progress is on the terminal */
};

/* A longer path is shown by its end. */
#define PROGRESS_COLUMNS 64

static void show_progress(void *ctx, const char *path, size_t done, size_t total)
{
	struct mk *mk = ctx;

	mk->done = done;
	if (mk->quiet || !isatty(STDERR_FILENO))
		return;
	if (strlen(path) > PROGRESS_COLUMNS)
		path += strlen(path) - PROGRESS_COLUMNS;
	fprintf(stderr, "\r\033[K%3zu %%  ", total ? 100 * done / total : 100);
	tw_tool_put_plain(stderr, path);
	mk->is_shown = true;
}

static void wipe_progress(const struct mk *mk)
{
	if (mk->is_shown)
		fputs("\r\033[K", stderr);
}

/* 0: it is not the name of one. */
static uint32_t find_version(const char *name)
{
	static const struct {
		const char *name;
		uint32_t version;
	} formats[] = {
		{"lfs1", TWINFS_LFS_1_1},
		{"lfs2", TWINFS_LFS_2_1},
		{"lfs2.0", TWINFS_LFS_2_0},
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(name, formats[i].name))
			return formats[i].version;
	return 0;
}

static int parse_option(struct tw_tool_args *args, int key, struct mk *mk)
{
	uint64_t size;

	switch (key) {
	case KEY_PROFILE:
		mk->profile = args->value;
		return 0;
	case KEY_USER:
		mk->user_dir = args->value;
		return 0;
	case KEY_BACKUP:
		mk->backups[mk->backup_count++] = args->value;
		return 0;
	case KEY_BACKUP_ALL:
		mk->backup_all = true;
		return 0;
	case KEY_PAIR:
		mk->pair = args->value;
		return 0;
	case 'q':
		mk->quiet = true;
		return 0;
	case KEY_FORMAT:
		mk->disk_version = find_version(args->value);
		return mk->disk_version ? 0
					: tw_tool_bad_value(args, "format", "lfs1, lfs2 or lfs2.0");
	default:
		if (!tw_tool_parse_size(args->value, UINT32_MAX, &size) || !size)
			return tw_tool_bad_value(args, "prog",
				"a size (such as 4096, 0x1000 or 4K)");
		mk->prog_size = (uint32_t)size;
		return 0;
	}
}

static int make(struct mk *mk)
{
	struct twinfs_factory_options factory = {
		.user_dir = mk->user_dir,
		.backup_files = mk->backups,
		.backup_count = mk->backup_count,
		.backup_all = mk->backup_all,
		.prog_size = mk->prog_size,
		.disk_version = mk->disk_version,
		.progress = show_progress,
		.progress_ctx = mk,
	};
	const char *made = mk->pair ? mk->pair : mk->image;
	struct twinfs_profile profile;
	struct twinfs_error err = {0};
	int code = twinfs_profile_load(mk->profile, &profile, &err);

	if (code < 0)
		return tw_tool_report("mk", mk->profile, &err);
	factory.profile = &profile;
	if (mk->pair)
		code = twinfs_factory_make_pair(&factory, made, &err);
	else
		code = twinfs_factory_make_image(&factory, made, &err);
	wipe_progress(mk);
	if (code < 0)
		return tw_tool_report("mk", made, &err);
	if (!mk->quiet) {
		tw_tool_put_plain(stdout, made);
		printf(": made, profile %s, %zu %s written\n", profile.name, mk->done,
			mk->done == 1 ? "file or directory" : "files and directories");
	}
	return 0;
}

/* The user directory and exactly one of IMAGE and --pair. */
static int take_operands(struct tw_tool_args *args, struct mk *mk)
{
	int status = 0;

	if (!mk->user_dir)
		return tw_tool_usage("mk", "--user DIR is missing");
	if (mk->backup_all && mk->backup_count)
		return tw_tool_usage("mk", "--backup and --backup-all exclude each other");
	if (!mk->pair)
		status = tw_tool_need(args, "IMAGE", &mk->image);
	return status ? status : tw_tool_no_more(args);
}

int tw_tool_verb_mk(int argc, char **argv)
{
	_cleanup_free_ const char **backups = calloc((size_t)argc + 1, sizeof(*backups));
	struct mk mk = {.backups = backups};
	struct tw_tool_args args;
	int key, status;

	if (!backups)
		return tw_tool_no_memory("mk");
	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		status = parse_option(&args, key, &mk);
		if (status)
			return status;
	}
	status = take_operands(&args, &mk);
	return status ? status : make(&mk);
}
