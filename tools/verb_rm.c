/* SPDX-License-Identifier: MIT */
/*
 * verb_rm.c - twinfs rm: removes files and trees, offline.
 */
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#include "change.h"
#include "session.h"
#include "text.h"
#include "tool.h"
#include "tree.h"

enum {
	KEY_BACKUP_WRITE = TW_OPT_LONG,
};

static const struct tw_tool_option options[] = {
	{'r', "recursive", NULL, "remove directories and all that is in them"},
	{'n', "dry-run", NULL, "print what would be removed; nothing is written"},
	{'v', "verbose", NULL, "print what is removed"},
	{KEY_BACKUP_WRITE, "allow-backup-write", NULL, "PATH may lie in the backup partition"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "rm",
	.usage = (const char *const[]){"[options] IMAGE PATH...", NULL},
	.about = "Removes the files PATH from an image that is not mounted: all of them, or, when "
		 "one "
		 "cannot be, none. With both partitions, PATH begins with usr/ or bak/.",
	.options = options,
	.groups = TW_TOOL_SOURCE | TW_TOOL_PART,
	.status = "Exit status: 0 removed; 2 nothing was.",
	.example = "twinfs rm -r app.img usr/log",
};

struct rm {
	const char **paths;
	size_t path_count;
	bool recursive, allow_backup;
};

/* Removes node @node of @tree: by its parent's number and its own name. */
static int remove_node(struct twinfs_volume *volume, const struct tw_tool_tree *tree, size_t node)
{
	const struct tw_tool_node *it = &tree->nodes[node];
	uint64_t dir = tree->nodes[it->parent].stat.ino;

	if (it->stat.type == TWINFS_DIR)
		return twinfs_volume_rmdir(volume, dir, it->name);
	return twinfs_volume_unlink(volume, dir, it->name);
}

static void show_path(const struct tw_tool_target *target, const char *path)
{
	fputs("removed ", stdout);
	tw_tool_put_name(stdout, target->prefix);
	tw_tool_put_name(stdout, path);
	putchar('\n');
}

/* Everything below a directory, last things first. */
static int empty_dir(struct tw_tool_session *session, const struct tw_tool_target *target,
	struct twinfs_volume *volume, const struct twinfs_stat *stat, bool show)
{
	__attribute__((cleanup(tw_tool_text_release))) struct tw_tool_text path = {0};
	_cleanup_tree_ struct tw_tool_tree tree = {0};

	if (tw_tool_tree_read(volume, stat, true, &tree) < 0)
		return tw_tool_no_memory(session->verb);
	for (size_t i = tree.count; i-- > 0;) {
		int code = tree.nodes[i].error;

		if (tw_tool_tree_path(&tree, i, target->path, &path) < 0)
			return tw_tool_no_memory(session->verb);
		if (code >= 0 && i)
			code = remove_node(volume, &tree, i);
		if (code < 0)
			return tw_tool_path_error(session, target, path.data, code);
		if (show && i)
			show_path(target, path.data);
	}
	return 0;
}

/* The directory that holds the object, and its name there. */
static int remove_last(struct twinfs_volume *volume, char *path, const struct twinfs_stat *stat)
{
	char *slash = strrchr(path, '/');
	uint64_t dir;
	int code;

	*slash = '\0';
	code = twinfs_volume_walk(volume, path, &dir);
	*slash = '/';
	if (code < 0)
		return code;
	if (stat->type == TWINFS_DIR)
		return twinfs_volume_rmdir(volume, dir, slash + 1);
	return twinfs_volume_unlink(volume, dir, slash + 1);
}

static int remove_target(struct tw_tool_session *session, const struct rm *rm,
	const struct tw_tool_target *target, bool show)
{
	struct twinfs_volume *volume;
	struct twinfs_stat stat;
	int status = tw_tool_find(session, target, &volume, &stat), code;

	if (status)
		return status;
	if (!strcmp(target->path, "/"))
		return tw_tool_error(session->verb, session->image,
			"'%s/': the root of a partition cannot be removed", target->prefix);
	if (stat.type == TWINFS_DIR && !rm->recursive)
		return tw_tool_error(session->verb, session->image,
			"'%s%s': is a directory; -r removes it with all that is in it",
			target->prefix, target->path);
	if (stat.type == TWINFS_DIR)
		status = empty_dir(session, target, volume, &stat, show);
	if (status)
		return status;
	code = remove_last(volume, target->path, &stat);
	if (code < 0)
		return tw_tool_path_error(session, target, target->path, code);
	if (show)
		show_path(target, target->path);
	return 0;
}

static int remove_all(struct tw_tool_session *session, bool show, void *ctx)
{
	const struct rm *rm = ctx;
	int status = 0;

	for (size_t i = 0; !status && i < rm->path_count; i++) {
		_cleanup_target_ struct tw_tool_target target = {0};

		status = tw_tool_resolve(session, rm->paths[i], &target);
		if (!status)
			status = tw_tool_may_change(session, &target, rm->allow_backup);
		if (!status)
			status = remove_target(session, rm, &target, show);
	}
	return status;
}

int tw_tool_verb_rm(int argc, char **argv)
{
	_cleanup_free_ const char **paths = calloc((size_t)argc + 1, sizeof(*paths));
	struct rm rm = {.paths = paths};
	bool dry_run = false, verbose = false;
	struct tw_tool_args args;
	int key, status;

	if (!paths)
		return tw_tool_no_memory("rm");
	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		rm.recursive |= key == 'r';
		rm.allow_backup |= key == KEY_BACKUP_WRITE;
		dry_run |= key == 'n';
		verbose |= key == 'v';
	}
	status = tw_tool_take_image(&args);
	if (!status)
		status = tw_tool_need(&args, "PATH", &paths[0]);
	if (status)
		return status;
	while (paths[rm.path_count])
		paths[++rm.path_count] = tw_tool_take(&args);
	return tw_tool_change(&args, dry_run, verbose, remove_all, &rm);
}
