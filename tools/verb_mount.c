/* SPDX-License-Identifier: MIT */
/*
 * verb_mount.c - twinfs mount: serves a module over FUSE.
 *
 * Of the words of -o some are ours, the others are libfuse's and the kernel's.
 * "ro" is both: the boot then happens on a copy in memory, so that a module
 * which needs restoring can be looked at without changing its image.
 */
#include "verbs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"
#include "serve.h"
#include "text.h"
#include "tool.h"

static const struct tw_tool_option options[] = {
	{'f', "foreground", NULL, "stay in the foreground"},
	{'d', "debug", NULL, "in the foreground, and log every request"},
	TW_TOOL_SERVE_OPTIONS,
	{'o', NULL, "OPTIONS",
		"comma list: view=device (bare user partition instead of the union), "
		"view=overlay, uid=N, gid=N, umask=OCTAL, quiet (chmod and chown succeed and "
		"change nothing), ro (the image stays as it is), mtime (littlefs 2 stores the time "
		"of every file written), upgrade (littlefs 2.0 becomes 2.1 with the first change), "
		"writeback (collect writes; a full disk is reported by fsync or close), and "
		"options "
		"of FUSE"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "mount",
	.usage = (const char *const[]){"[options] IMAGE MOUNTPOINT",
		"[options] --user FILE --backup FILE MOUNTPOINT", NULL},
	.about =
		"Boots a module (check and restore) and mounts it: usr/ is the user partition over "
		"the backup, bak/ the backup partition, read-only; SecureData and .twinfs/ are "
		"control files.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 mounted (with -f: mounted and unmounted again); 2 could not be "
		  "mounted.",
	.example = "twinfs mount app.img module",
};

struct mount {
	struct tw_tool_serve serve;
	struct tw_tool_text fuse; /* words that are not ours */
	mode_t umask;
};

/* "uid=1000" with name "uid": the number, in @base. */
static bool parse_number(const char *word, const char *name, int base, uint64_t max,
	uint64_t *ret_number)
{
	const char *digits = word + strlen(name) + 1;
	uint64_t number = 0;

	if (!*digits)
		return false;
	for (; *digits; digits++) {
		unsigned digit = (unsigned)(*digits - '0');

		if (*digits < '0' || digit >= (unsigned)base)
			return false;
		number = number * (unsigned)base + digit;
		if (number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

static bool has_name(const char *word, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(word, name, len) && word[len] == '=';
}

static int keep_for_fuse(struct mount *mount, const char *word)
{
	if ((mount->fuse.len && tw_tool_text_add(&mount->fuse, ",", 1) < 0) ||
		tw_tool_text_add(&mount->fuse, word, strlen(word)) < 0)
		return tw_tool_no_memory("mount");
	return 0;
}

static int take_word(struct mount *mount, const char *word)
{
	struct tw_daemon_options *daemon = &mount->serve.daemon;
	uint64_t number = 0;
	bool is_right = true;

	if (has_name(word, "view")) {
		daemon->view = strcmp(word, "view=device") ? TW_VIEW_OVERLAY : TW_VIEW_DEVICE;
		is_right = daemon->view == TW_VIEW_DEVICE || !strcmp(word, "view=overlay");
	} else if (has_name(word, "uid")) {
		is_right = parse_number(word, "uid", 10, UINT32_MAX - 1, &number);
		daemon->uid = (uid_t)number;
	} else if (has_name(word, "gid")) {
		is_right = parse_number(word, "gid", 10, UINT32_MAX - 1, &number);
		daemon->gid = (gid_t)number;
	} else if (has_name(word, "umask")) {
		is_right = parse_number(word, "umask", 8, 0777, &number);
		mount->umask = (mode_t)number;
	} else if (!strcmp(word, "mtime")) {
		daemon->module.volume_flags |= TWINFS_VOLUME_MTIME;
	} else if (!strcmp(word, "upgrade")) {
		daemon->module.volume_flags |= TWINFS_VOLUME_UPGRADE;
	} else if (!strcmp(word, "writeback")) {
		daemon->writeback = true;
	} else if (!strcmp(word, "quiet")) {
		daemon->keeps_owners = true;
	} else {
		if (!strcmp(word, "ro"))
			daemon->module.image_flags = TWINFS_IMAGE_SCRATCH;
		return keep_for_fuse(mount, word);
	}
	return is_right ? 0 : tw_tool_usage("mount", "-o: '%s' has a wrong value", word);
}

static int take_words(struct mount *mount, const char *list)
{
	_cleanup_free_ char *words = strdup(list);
	char *rest = NULL, *word;
	int status = 0;

	if (!words)
		return tw_tool_no_memory("mount");
	for (word = strtok_r(words, ",", &rest); word && !status; word = strtok_r(NULL, ",", &rest))
		status = take_word(mount, word);
	return status;
}

static int take_option(struct tw_tool_args *args, int key, struct mount *mount)
{
	struct tw_daemon_options *daemon = &mount->serve.daemon;

	switch (key) {
	case 'f':
		daemon->foreground = true;
		return 0;
	case 'd':
		daemon->foreground = daemon->debug = true;
		return 0;
	case 'o':
		return take_words(mount, args->value);
	default:
		return tw_tool_serve_option(args, key, &mount->serve);
	}
}

static int run(struct tw_tool_args *args, struct mount *mount)
{
	struct tw_daemon_options *daemon = &mount->serve.daemon;
	struct twinfs_error err = {0};
	int status = tw_tool_take_image(args);

	if (!status)
		status = tw_tool_need(args, "MOUNTPOINT", &daemon->mountpoint);
	if (!status)
		status = tw_tool_no_more(args);
	if (status)
		return status;
	tw_tool_serve_finish(args, &mount->serve);
	daemon->fuse_options = mount->fuse.data;
	daemon->file_mode = 0666 & ~mount->umask;
	daemon->dir_mode = 0777 & ~mount->umask;
	if (tw_daemon_run(daemon, &err) < 0)
		return tw_tool_report("mount", tw_tool_image_name(args), &err);
	return 0;
}

int tw_tool_verb_mount(int argc, char **argv)
{
	struct mount mount = {.umask = umask(0)};
	struct tw_tool_args args;
	int key, status = 0;

	umask(mount.umask);
	tw_tool_serve_init(&mount.serve);
	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		status = key == TW_OPT_EXIT ? args.status : take_option(&args, key, &mount);
		if (status || key == TW_OPT_EXIT)
			break;
	}
	if (key == TW_OPT_END)
		status = run(&args, &mount);
	tw_tool_text_release(&mount.fuse);
	tw_tool_serve_release(&mount.serve);
	return status;
}
