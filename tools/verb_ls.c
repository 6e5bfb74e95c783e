/* SPDX-License-Identifier: MIT */
/*
 * verb_ls.c - twinfs ls: lists files.
 *
 * What cannot be read is told on stderr and the rest is still listed: the
 * listing of a damaged image is worth having.
 */
#include "verbs.h"

#include <string.h>

#include "print.h"
#include "session.h"
#include "text.h"
#include "tool.h"
#include "tree.h"

enum {
	KEY_HASH = TW_OPT_LONG,
	KEY_ATTRS,
	KEY_JSON,
};

static const struct tw_tool_option options[] = {
	{'r', "recursive", NULL, "list everything below PATH, with full paths"},
	{'l', "long", NULL, "with sizes, in bytes"},
	{KEY_HASH, "hash", NULL, "with the device's hash and SHA-256 of each file"},
	{KEY_ATTRS, "attrs", NULL, "with the user attributes of littlefs 2: type and value"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "ls",
	.usage = (const char *const[]){"[options] IMAGE [PATH]", NULL},
	.about = "Lists the directory PATH (default: all) of an image or of a file that holds one "
		 "littlefs. With both partitions, PATH begins with usr/ or bak/.",
	.options = options,
	.groups = TW_TOOL_SOURCE | TW_TOOL_PART,
	.status = "Exit status: 0 everything could be read; 2 something could not.",
	.example = "twinfs ls -rl app.img usr",
};

struct ls {
	struct tw_tool_session session;
	unsigned flags; /* TW_TOOL_LIST_* */
	bool recursive, hash, json;
	bool is_top;  /* roots of partitions are entries, too */
	size_t count; /* entries printed */
	int status;   /* TW_EXIT_FAILED once something could not be read */
};

static bool wants_attrs(const struct ls *ls)
{
	return ls->json || ls->flags & TW_TOOL_LIST_ATTRS;
}

static void emit(struct ls *ls, const struct tw_tool_entry *entry)
{
	if (ls->json)
		tw_tool_json_list_entry(entry, ls->count);
	else
		tw_tool_print_entry(entry, ls->flags);
	ls->count++;
}

/* @show: which part of @path text output shows. */
static void emit_node(struct ls *ls, const struct tw_tool_target *target,
	struct twinfs_volume *volume, const struct twinfs_stat *stat, const char *path,
	const char *show)
{
	struct tw_tool_entry entry = {
		.path = path, .name = show, .type = stat->type, .size = stat->size};
	int code = wants_attrs(ls) ? tw_tool_attrs_read(volume, stat->ino, &entry.attrs) : 0;

	if (code < 0)
		ls->status = tw_tool_path_error(&ls->session, target, path + strlen(target->prefix),
			code);

	if (ls->hash && stat->type == TWINFS_REG) {
		code = twinfs_hash_file(volume, stat->ino, &entry.hash);
		entry.has_hash = code >= 0;
		if (code < 0)
			ls->status = tw_tool_path_error(&ls->session, target,
				path + strlen(target->prefix), code);
	}
	emit(ls, &entry);
	tw_tool_attrs_release(&entry.attrs);
}

/* A directory itself is no entry of its tree, but for a root with attributes. */
static bool shows_itself(const struct ls *ls, const struct tw_tool_target *target,
	struct twinfs_volume *volume)
{
	uint8_t types[256];

	if (ls->is_top)
		return true;
	return ls->recursive && wants_attrs(ls) && !strcmp(target->path, "/") &&
	       twinfs_volume_list_attrs(volume, TWINFS_ROOT_INO, types) > 0;
}

static int emit_tree(struct ls *ls, const struct tw_tool_target *target,
	struct twinfs_volume *volume, const struct tw_tool_tree *tree)
{
	__attribute__((cleanup(tw_tool_text_release))) struct tw_tool_text base = {0}, path = {0};

	if (tw_tool_text_add(&base, target->prefix, strlen(target->prefix)) < 0 ||
		((strcmp(target->path, "/") || !base.len) &&
			tw_tool_text_add(&base, target->path, strlen(target->path)) < 0))
		return tw_tool_no_memory(ls->session.verb);
	for (size_t i = 0;;) {
		const struct tw_tool_node *node = &tree->nodes[i];

		if (tw_tool_tree_path(tree, i, base.data, &path) < 0)
			return tw_tool_no_memory(ls->session.verb);
		if (i || shows_itself(ls, target, volume))
			emit_node(ls, target, volume, &node->stat, path.data,
				ls->recursive ? path.data : node->name);
		if (node->error < 0)
			ls->status = tw_tool_path_error(&ls->session, target,
				path.data + strlen(target->prefix), node->error);
		i = tw_tool_tree_next(tree, i);
		if (!i)
			return 0;
	}
}

static int list_target(struct ls *ls, const struct tw_tool_target *target)
{
	_cleanup_tree_ struct tw_tool_tree tree = {0};
	_cleanup_free_ char *path = NULL;
	struct twinfs_volume *volume;
	struct twinfs_stat stat;
	int status = tw_tool_find(&ls->session, target, &volume, &stat);

	if (status)
		return status;
	if (stat.type == TWINFS_REG) {
		if (asprintf(&path, "%s%s", target->prefix, target->path) < 0) {
			path = NULL;
			return tw_tool_no_memory(ls->session.verb);
		}
		emit_node(ls, target, volume, &stat, path, path);
		return ls->status;
	}
	if (tw_tool_tree_read(volume, &stat, ls->recursive, &tree) < 0)
		return tw_tool_no_memory(ls->session.verb);
	status = emit_tree(ls, target, volume, &tree);
	return status ? status : ls->status;
}

/* The directory above both partitions. */
static int list_top(struct ls *ls)
{
	static const char *const names[] = {"usr", "bak"};
	static const char *const paths[] = {"/usr", "/bak"};

	ls->is_top = true;
	for (size_t i = 0; i < TW_TOOL_VOLUMES; i++) {
		_cleanup_target_ struct tw_tool_target target = {0};
		struct tw_tool_entry entry = {.path = paths[i],
			.name = ls->recursive ? paths[i] : names[i],
			.type = TWINFS_DIR};
		size_t before = ls->count;

		if (ls->recursive && (tw_tool_root_of(&ls->session, (enum twinfs_part)i, &target) ||
					     list_target(ls, &target)))
			ls->status = TW_EXIT_FAILED;
		if (ls->count == before) /* not asked for, or it cannot be read */
			emit(ls, &entry);
	}
	return ls->status;
}

static int list(struct ls *ls, const char *path)
{
	_cleanup_target_ struct tw_tool_target target = {0};
	int status = tw_tool_resolve(&ls->session, path, &target);

	if (status)
		return status;
	if (ls->json)
		tw_tool_json_list_begin();
	status = target.is_top ? list_top(ls) : list_target(ls, &target);
	if (ls->json)
		tw_tool_json_list_end(ls->count);
	return status;
}

int tw_tool_verb_ls(int argc, char **argv)
{
	struct tw_tool_args args;
	struct ls ls = {0};
	const char *path;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		ls.recursive |= key == 'r';
		ls.hash |= key == KEY_HASH;
		ls.json |= key == KEY_JSON;
		ls.flags |= key == 'l' ? TW_TOOL_LIST_LONG : 0;
		ls.flags |= key == KEY_HASH ? TW_TOOL_LIST_HASH : 0;
		ls.flags |= key == KEY_ATTRS ? TW_TOOL_LIST_ATTRS : 0;
	}
	status = tw_tool_take_image(&args);
	path = tw_tool_take(&args);
	if (!status)
		status = tw_tool_no_more(&args);
	if (!status)
		status = tw_tool_open(&ls.session, &args, 0, TWINFS_POLICY_DEVICE);
	if (!status)
		status = list(&ls, path ? path : "/");
	tw_tool_close(&ls.session);
	return status;
}
