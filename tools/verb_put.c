/* SPDX-License-Identifier: MIT */
/*
 * verb_put.c - twinfs put: copies a file or tree into an image, offline.
 */
#include "verbs.h"

#include <errno.h>
#include <string.h>

#include "change.h"
#include "put_tree.h"
#include "session.h"
#include "tool.h"

enum {
	KEY_FORCE = TW_OPT_LONG,
	KEY_BACKUP_WRITE,
};

static const struct tw_tool_option options[] = {
	{'p', "parents", NULL, "make the directories that lead to PATH"},
	{KEY_FORCE, "force", NULL, "replace files that exist"},
	{'n', "dry-run", NULL, "print what would be put; nothing is written"},
	{'v', "verbose", NULL, "print what is put"},
	{KEY_BACKUP_WRITE, "allow-backup-write", NULL, "PATH may lie in the backup partition"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "put",
	.usage = (const char *const[]){"[options] IMAGE SOURCE [PATH]", NULL},
	.about =
		"Copies the file or directory SOURCE to PATH of an image that is not mounted, into "
		"PATH when that is a directory (default: the user partition): all of it, or, when "
		"something cannot be copied, nothing. SOURCE/. means the content of SOURCE. With "
		"both partitions, PATH begins with usr/ or bak/. A checksum.json is not updated: "
		"the next boot restores a protected file that differs.",
	.options = options,
	.groups = TW_TOOL_SOURCE | TW_TOOL_PART,
	.status = "Exit status: 0 copied; 2 nothing was.",
	.example = "twinfs put --force app.img main.py usr/main.py",
};

struct put_args {
	const char *source, *path;
	bool parents, force, allow_backup;
};

/* The name of the copy of @source in a directory; "" for "." and "..": its content. */
static const char *name_of(char *source)
{
	char *end = source + strlen(source), *slash;

	while (end > source + 1 && end[-1] == '/')
		*--end = '\0';
	slash = strrchr(source, '/');
	slash = slash ? slash + 1 : source;
	return strcmp(slash, ".") && strcmp(slash, "..") ? slash : "";
}

/* Makes every directory of @path; what is there already is fine. 0 or a negative errno. */
static int make_parents(struct twinfs_volume *volume, char *path)
{
	uint64_t dir = TWINFS_ROOT_INO, ino;
	char *rest = NULL;
	int code = 0;

	for (char *name = strtok_r(path, "/", &rest); name && code >= 0;
		name = strtok_r(NULL, "/", &rest)) {
		code = twinfs_volume_lookup(volume, dir, name, &ino);
		if (code == -ENOENT)
			code = twinfs_volume_mkdir(volume, dir, name, &ino);
		dir = ino;
	}
	return code;
}

/* Cuts @path into its directory and the last name. */
static char *split_last(char *path)
{
	char *slash = strrchr(path, '/');

	*slash = '\0';
	return slash + 1;
}

/* Where the copy goes: a directory of the volume, and the name in it. */
struct where {
	uint64_t dir;
	char *dir_path; /* allocated; @name may point behind its end */
	const char *name;
};

static int find_where(struct tw_tool_put *put, const struct put_args *args, const char *source_name,
	struct where *where)
{
	const char *path = put->target->path;
	const size_t len = args->path ? strlen(args->path) : 0;
	const bool wants_dir = len && args->path[len - 1] == '/';
	_cleanup_free_ char *wanted = strdup(path);
	struct twinfs_stat stat;
	int code;

	where->dir_path = strdup(path);
	if (!wanted || !where->dir_path)
		return -ENOMEM;
	if (!wants_dir)
		*strrchr(wanted, '/') = '\0';
	code = args->parents ? make_parents(put->volume, wanted) : 0;
	if (code >= 0)
		code = twinfs_volume_walk(put->volume, path, &where->dir);
	if (code >= 0)
		code = twinfs_volume_stat(put->volume, where->dir, &stat);
	if (code >= 0 && stat.type == TWINFS_DIR) {
		where->name = source_name;
		return 0;
	}
	if (wants_dir)
		return code < 0 ? code : -ENOTDIR;
	if (code < 0 && code != -ENOENT)
		return code;
	where->name = split_last(where->dir_path);
	return twinfs_volume_walk(put->volume, where->dir_path, &where->dir);
}

static int put_target(struct tw_tool_put *put, const struct put_args *args)
{
	_cleanup_free_ char *source = strdup(args->source);
	const bool wants_dir =
		args->path && *args->path && args->path[strlen(args->path) - 1] == '/';
	struct where where = {0};
	int status, code;

	if (!source)
		return tw_tool_no_memory("put");
	status = tw_tool_volume(put->session, put->target->part, &put->volume);
	if (status)
		return status;
	code = find_where(put, args, name_of(source), &where);
	if (code == -ENOENT)
		status = tw_tool_error("put", put->session->image, "'%s%s': %s; -p makes it",
			put->target->prefix, put->target->path,
			wants_dir ? "no such directory" : "its directory does not exist");
	else if (code < 0)
		status = tw_tool_path_error(put->session, put->target, put->target->path, code);
	else
		status = tw_tool_put_tree(put, args->source, where.dir,
			*where.dir_path ? where.dir_path : "/", where.name);
	free(where.dir_path);
	return status;
}

static int put_source(struct tw_tool_session *session, bool show, void *ctx)
{
	const struct put_args *args = ctx;
	_cleanup_target_ struct tw_tool_target target = {0};
	struct tw_tool_put put = {
		.session = session, .target = &target, .force = args->force, .show = show};
	int status;

	if (args->path || session->has_part)
		status = tw_tool_resolve(session, args->path ? args->path : "/", &target);
	else
		status = tw_tool_root_of(session,
			tw_tool_has_part(session, TWINFS_PART_USER) ? TWINFS_PART_USER
								    : TWINFS_PART_BACKUP,
			&target);
	if (!status)
		status = tw_tool_may_change(session, &target, args->allow_backup);
	return status ? status : put_target(&put, args);
}

int tw_tool_verb_put(int argc, char **argv)
{
	struct put_args put = {0};
	bool dry_run = false, verbose = false;
	struct tw_tool_args args;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		put.parents |= key == 'p';
		put.force |= key == KEY_FORCE;
		put.allow_backup |= key == KEY_BACKUP_WRITE;
		dry_run |= key == 'n';
		verbose |= key == 'v';
	}
	status = tw_tool_take_image(&args);
	if (!status)
		status = tw_tool_need(&args, "SOURCE", &put.source);
	put.path = tw_tool_take(&args);
	if (!status)
		status = tw_tool_no_more(&args);
	return status ? status : tw_tool_change(&args, dry_run, verbose, put_source, &put);
}
