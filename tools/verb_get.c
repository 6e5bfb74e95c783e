/* SPDX-License-Identifier: MIT */
/*
 * verb_get.c - twinfs get: copies a file or tree out of an image.
 *
 * What cannot be read is told and left out, the rest is copied: that is what
 * one wants of a damaged image.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "host.h"
#include "place.h"
#include "session.h"
#include "text.h"
#include "tool.h"
#include "tree.h"

enum {
	KEY_FORCE = TW_OPT_LONG,
};

static const struct tw_tool_option options[] = {
	{KEY_FORCE, "force", NULL, "replace files that exist"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "get",
	.usage = (const char *const[]){"[options] IMAGE PATH [DEST]", NULL},
	.about = "Copies the file or tree PATH to DEST, into DEST when that is a directory "
		 "(default: "
		 "the current one); the root of an only partition is copied as its content. With "
		 "both partitions, PATH begins with usr/ or bak/. Files that exist are not "
		 "replaced, and "
		 "no symbolic link below DEST is followed.",
	.options = options,
	.groups = TW_TOOL_SOURCE | TW_TOOL_PART,
	.status = "Exit status: 0 all was copied; 2 something was not.",
	.example = "twinfs get app.img usr/lib saved-lib",
};

struct get {
	struct tw_tool_session session;
	bool force;
	int status; /* TW_EXIT_FAILED once something was not copied */
};

/* A file on its way out: either side may fail. */
struct copy {
	struct tw_tool_host_file file;
	int host_error;
};

static int to_host(void *ctx, const void *data, size_t len)
{
	struct copy *copy = ctx;

	copy->host_error = tw_tool_host_write(&copy->file, data, len);
	return copy->host_error < 0; /* positive: no error of the volume */
}

static void host_failed(struct get *get, const char *where, int code)
{
	get->status = tw_tool_error("get", where, "%s%s", tw_tool_host_reason(code),
		code == -EEXIST ? ": --force replaces it" : "");
}

/* @where: what messages call the host file. */
static void get_file(struct get *get, const struct tw_tool_target *target,
	struct twinfs_volume *volume, const struct twinfs_stat *stat, const char *path, int dir,
	const char *name, const char *where)
{
	struct copy copy = {.file.fd = -1};
	int code;

	copy.host_error = tw_tool_host_begin(dir, &copy.file);
	if (!copy.host_error) {
		code = tw_tool_read_file(volume, stat->ino, to_host, &copy);
		if (code < 0)
			get->status = tw_tool_path_error(&get->session, target, path, code);
		if (!code && stat->mtime_ns)
			copy.host_error = tw_tool_host_set_mtime(&copy.file, stat->mtime_ns);
		if (!code && !copy.host_error)
			copy.host_error = tw_tool_host_commit(&copy.file, name, get->force);
		tw_tool_host_abandon(&copy.file);
	}
	if (copy.host_error < 0)
		host_failed(get, where, copy.host_error);
}

/*
 * Opens the host directory of node @node, below @base which is node 0's,
 * component by component. A descriptor to be closed, or -errno.
 */
static int enter_node(const struct tw_tool_tree *tree, size_t node, int base)
{
	_cleanup_free_ size_t *way = NULL;
	size_t depth = 0;
	int dir;

	for (size_t i = node; i; i = tree->nodes[i].parent)
		depth++;
	way = calloc(depth + 1, sizeof(*way));
	if (!way)
		return -ENOMEM;
	dir = fcntl(base, F_DUPFD_CLOEXEC, 0);
	if (dir < 0)
		return -errno;
	for (size_t i = node, at = depth; i; i = tree->nodes[i].parent)
		way[--at] = i;
	for (size_t at = 0; at < depth && dir >= 0; at++) {
		int next = tw_tool_host_enter(dir, tree->nodes[way[at]].name);

		close(dir);
		dir = next;
	}
	return dir;
}

/* The files of one directory; its sub-directories get their turn as nodes. */
static int get_dir(struct get *get, const struct tw_tool_target *target,
	struct twinfs_volume *volume, const struct tw_tool_tree *tree, size_t node, int base,
	const char *dest)
{
	__attribute__((cleanup(tw_tool_text_release))) struct tw_tool_text path = {0}, where = {0};
	const struct tw_tool_node *dir = &tree->nodes[node];
	_cleanup_close_ int fd = enter_node(tree, node, base);

	if (tw_tool_tree_path(tree, node, target->path, &path) < 0 ||
		tw_tool_tree_path(tree, node, dest, &where) < 0)
		return tw_tool_no_memory("get");
	if (dir->error < 0)
		get->status = tw_tool_path_error(&get->session, target, path.data, dir->error);
	if (fd < 0) {
		host_failed(get, where.data, fd);
		return 0;
	}
	for (size_t i = dir->children; i < dir->children + dir->count; i++) {
		const struct tw_tool_node *child = &tree->nodes[i];

		if (child->stat.type == TWINFS_DIR)
			continue;
		if (tw_tool_tree_path(tree, i, target->path, &path) < 0 ||
			tw_tool_tree_path(tree, i, dest, &where) < 0)
			return tw_tool_no_memory("get");
		get_file(get, target, volume, &child->stat, path.data, fd, child->name, where.data);
	}
	return 0;
}

static int get_tree(struct get *get, const struct tw_tool_target *target,
	struct twinfs_volume *volume, const struct twinfs_stat *stat, int base, const char *dest)
{
	_cleanup_tree_ struct tw_tool_tree tree = {0};
	int status = 0;

	if (tw_tool_tree_read(volume, stat, true, &tree) < 0)
		return tw_tool_no_memory("get");
	for (size_t i = 0; !status && i < tree.count; i++)
		if (tree.nodes[i].stat.type == TWINFS_DIR)
			status = get_dir(get, target, volume, &tree, i, base, dest);
	return status;
}

static int get_target(struct get *get, const struct tw_tool_target *target, const char *name,
	const char *dest)
{
	_cleanup_place_ struct tw_tool_place place = {.dir = -1};
	_cleanup_close_ int own_dir = -1;
	struct twinfs_volume *volume;
	struct twinfs_stat stat;
	int status = tw_tool_find(&get->session, target, &volume, &stat);
	int code, base;

	if (status)
		return status;
	code = tw_tool_find_place(dest, name, &place);
	if (code < 0)
		return tw_tool_error("get", dest, "%s",
			code == -ENOENT ? "its directory does not exist"
					: tw_tool_host_reason(code));
	if (stat.type == TWINFS_REG) {
		get_file(get, target, volume, &stat, target->path, place.dir, place.name,
			place.shown);
		return get->status;
	}
	base = place.dir;
	if (place.name)
		base = own_dir = tw_tool_host_enter(place.dir, place.name);
	if (base < 0)
		return tw_tool_error("get", place.shown, "%s", tw_tool_host_reason(base));
	status = get_tree(get, target, volume, &stat, base, place.shown);
	return status ? status : get->status;
}

/* Both partitions: usr and bak below DEST, which is made. */
static int get_top(struct get *get, const char *dest)
{
	if (mkdir(dest, 0777) < 0 && errno != EEXIST)
		return tw_tool_error("get", dest, "%s", tw_tool_host_reason(-errno));
	for (int i = 0; i < TW_TOOL_VOLUMES; i++) {
		_cleanup_target_ struct tw_tool_target target = {0};

		if (tw_tool_root_of(&get->session, (enum twinfs_part)i, &target) ||
			get_target(get, &target, target.prefix + 1, dest))
			get->status = TW_EXIT_FAILED;
	}
	return get->status;
}

static int get(struct get *get, const char *path, const char *dest)
{
	_cleanup_target_ struct tw_tool_target target = {0};
	int status = tw_tool_resolve(&get->session, path, &target);

	if (status)
		return status;
	if (target.is_top)
		return get_top(get, dest);
	if (*target.prefix && !strcmp(target.path, "/"))
		return get_target(get, &target, target.prefix + 1, dest);
	return get_target(get, &target, tw_tool_last_name(target.path), dest);
}

int tw_tool_verb_get(int argc, char **argv)
{
	const char *path = NULL, *dest;
	struct tw_tool_args args;
	struct get state = {0};
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		state.force = true;
	}
	status = tw_tool_take_image(&args);
	if (!status)
		status = tw_tool_need(&args, "PATH", &path);
	dest = tw_tool_take(&args);
	if (!status && dest && !*dest)
		status = tw_tool_usage("get", "DEST is empty");
	if (!status)
		status = tw_tool_no_more(&args);
	if (!status)
		status = tw_tool_open(&state.session, &args, 0, TWINFS_POLICY_DEVICE);
	if (!status)
		status = get(&state, path, dest ? dest : ".");
	tw_tool_close(&state.session);
	return status;
}
