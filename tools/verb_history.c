/* SPDX-License-Identifier: MIT */
/*
 * verb_history.c - twinfs history: what files were before, and what was removed.
 *
 * Nothing is mounted: an image that does not mount has a history, too. Versions have
 * numbers within their path, which do not depend on what is shown.
 */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host.h"
#include "place.h"
#include "print.h"
#include "session.h"
#include "text.h"
#include "tool.h"

enum {
	KEY_ALL = 'a',
	KEY_EXTRACT = TW_OPT_LONG,
	KEY_CHAIN,
	KEY_TO,
	KEY_FORCE,
	KEY_JSON,
};

static const struct tw_tool_option options[] = {
	{KEY_ALL, "all", NULL,
		"also what was certainly written over, guesses, and chains of blocks without a "
		"name"},
	{KEY_EXTRACT, "extract", "N",
		"write version N of the file PATH to a file of this computer; 'all': every version "
		"that is listed, as NAME.N"},
	{KEY_CHAIN, "chain", "BLOCK",
		"write the chain without a name whose last block is BLOCK; no PATH then"},
	{KEY_TO, "to", "DEST",
		"where to: a file, or a directory that is there (default: NAME.N, here)"},
	{KEY_FORCE, "force", NULL, "replace files that exist"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "history",
	.usage = (const char *const[]){"[options] IMAGE [PATH]", NULL},
	.about =
		"Lists the versions of the file or directory PATH, and of all below it (default: "
		"of everything), that are still on the flash, the newest first: what it is now, "
		"what it was, and what was removed. 'sure' is what a mount shows; 'proven' was so; "
		"'likely' may have been written over since, without a trace. Nothing is changed.",
	.options = options,
	.groups = TW_TOOL_SOURCE | TW_TOOL_PART,
	.status = "Exit status: 0 done; 1 no version of PATH is left, or what was extracted is not "
		  "whole; 2 it could not be done.",
	.example = "twinfs history --extract 2 app.img usr/config.json",
};

#define NO_CHAIN UINT64_MAX
#define EVERY    UINT64_MAX /* --extract all */

struct history {
	struct tw_tool_session session;
	struct twinfs_rescue *rescue; /* of the partition that is looked at */
	const struct tw_tool_target *target;
	const char *part; /* its name */
	bool all, force, json, extracts;
	uint64_t number, chain;
	const char *dest;
	size_t shown, hidden;
	int status;
};

/* ---- extracting ---- */

static void host_failed(struct history *it, const char *where, int code)
{
	it->status = tw_tool_error("history", where, "%s%s",
		code == -ENOENT ? "its directory does not exist" : tw_tool_host_reason(code),
		code == -EEXIST ? ": --force replaces it" : "");
}

/* 0 or the host's -errno; trouble with the image is told here. */
static int copy(struct history *it, const struct twinfs_version *version,
	struct tw_tool_host_file *file)
{
	static const size_t piece = 65536;
	_cleanup_free_ char *buf = malloc(piece);
	int64_t len = 1, ns;
	int code = buf ? 0 : -ENOMEM;

	for (uint64_t off = 0; !code && len > 0; off += (uint64_t)len) {
		len = twinfs_rescue_read(it->rescue, version, buf, piece, off);
		if (len < 0)
			return tw_tool_error("history", it->session.image, "cannot be read: %s",
				tw_tool_reason((int)len));
		code = tw_tool_host_write(file, buf, (size_t)len);
	}
	if (!code && tw_tool_history_time(version, &ns))
		code = tw_tool_host_set_mtime(file, ns);
	return code;
}

/* A version that is not whole is written as it is, and that is said. */
static void tell_lost(struct history *it, const struct twinfs_version *version, const char *where)
{
	if (version->sureness != TWINFS_OVERWRITTEN)
		return;
	(void)tw_tool_error("history", where, "not whole: %s; %u of %u blocks are lost",
		version->why, version->lost_blocks, version->block_count);
	if (!it->status)
		it->status = TW_EXIT_WRONG;
}

static void write_version(struct history *it, const struct twinfs_version *version, int dir,
	const char *name, const char *where)
{
	struct tw_tool_host_file file = {.fd = -1};
	int code = tw_tool_host_begin(dir, &file);

	if (!code)
		code = copy(it, version, &file);
	if (!code)
		code = tw_tool_host_commit(&file, name, it->force);
	tw_tool_host_abandon(&file);
	if (code < 0)
		host_failed(it, where, code);
	else if (code > 0)
		it->status = code;
	else
		tell_lost(it, version, where);
}

/* One version, to the place that --to names. */
static void extract_one(struct history *it, const struct twinfs_version *version, const char *name)
{
	_cleanup_place_ struct tw_tool_place place = {.dir = -1};
	int code = tw_tool_find_place(it->dest ? it->dest : ".", name, &place);

	if (code < 0)
		host_failed(it, it->dest, code);
	else
		write_version(it, version, place.dir, place.name, place.shown);
}

/* Opens the host directory of @path below @dir, which it takes, making what is missing. */
static int enter_path(int dir, const char *path)
{
	while (dir >= 0 && *path == '/' && strchr(path + 1, '/')) {
		size_t len = strcspn(++path, "/");
		_cleanup_free_ char *name = strndup(path, len);
		int next = name ? tw_tool_host_enter(dir, name) : -ENOMEM;

		close(dir);
		dir = next;
		path += len;
	}
	return dir;
}

/* One of many: below --to at the path that it has in the image. */
static void extract_below(struct history *it, const struct tw_tool_history *entry)
{
	__attribute__((cleanup(tw_tool_place_release))) struct tw_tool_place place = {.dir = -1};
	_cleanup_free_ char *name = NULL, *where = NULL;
	_cleanup_close_ int dir = -1;
	const char *dest = it->dest ? it->dest : ".";
	/* how much of the path is that of the directory, with the slash behind it */
	size_t above = entry->path ? (size_t)(tw_tool_last_name(entry->path) - entry->path) : 1;
	int code = tw_tool_find_place(dest, "", &place);

	if (code < 0) {
		host_failed(it, dest, code);
		return;
	}
	code = entry->path
		       ? asprintf(&name, "%s.%zu", tw_tool_last_name(entry->path), entry->number)
		       : asprintf(&name, "chain-%u", entry->version->head);
	if (code < 0 || asprintf(&where, "%s%.*s%s", dest, (int)above,
				entry->path ? entry->path : "/", name) < 0) {
		it->status = tw_tool_no_memory("history");
		return;
	}
	dir = place.dir;
	place.dir = -1;
	if (entry->path)
		dir = enter_path(dir, entry->path);
	if (dir < 0)
		host_failed(it, where, dir);
	else
		write_version(it, entry->version, dir, name, where);
}

/* Many files need a directory. 0 or the exit status. */
static int check_dest(const struct history *it)
{
	struct stat stat_buf;

	if (!it->dest || (!stat(it->dest, &stat_buf) && S_ISDIR(stat_buf.st_mode)))
		return 0;
	return tw_tool_error("history", it->dest,
		"is no directory that is there: --extract all needs one, make it first");
}

/* ---- listing ---- */

/* Whether @path is what was asked for, or below it. */
static bool is_wanted(const struct history *it, const char *path)
{
	size_t len = strlen(it->target->path);

	if (!strcmp(it->target->path, "/"))
		return true;
	return !strncmp(path, it->target->path, len) && (!path[len] || path[len] == '/');
}

static bool is_shown(const struct history *it, const struct twinfs_version *version)
{
	return it->all || (version->path && version->sureness <= TWINFS_LIKELY);
}

static void emit(struct history *it, const struct tw_tool_history *entry, bool is_first)
{
	if (it->extracts && entry->version->type == TWINFS_REG)
		extract_below(it, entry);
	else if (!it->extracts && it->json)
		tw_tool_json_history(entry, it->shown);
	else if (!it->extracts)
		tw_tool_print_history(entry, is_first);
	it->shown++;
}

/* All versions of what was asked for. */
static int list(struct history *it)
{
	const char *before = NULL, *printed = NULL;
	size_t number = 0;

	for (size_t i = 0; i < twinfs_rescue_count(it->rescue); i++) {
		const struct twinfs_version *version = twinfs_rescue_version(it->rescue, i);
		bool is_same = i && before == version->path;
		_cleanup_free_ char *path = NULL;

		number = is_same ? number + 1 : 1;
		before = version->path;
		if (version->path ? !is_wanted(it, version->path)
				  : strcmp(it->target->path, "/") != 0)
			continue;
		if (!is_shown(it, version)) {
			it->hidden++;
			continue;
		}
		if (version->path &&
			asprintf(&path, "%s%s", it->target->prefix, version->path) < 0) {
			path = NULL;
			return tw_tool_no_memory("history");
		}
		emit(it, &(struct tw_tool_history){path, it->part, number, version},
			!it->shown || number == 1 || printed != version->path);
		printed = version->path;
	}
	return it->status;
}

/* Of @target there is nothing on the flash. Returns the exit status. */
static int tell_none(const struct history *it, const struct tw_tool_target *target)
{
	bool is_root = target->is_top || !strcmp(target->path, "/");

	(void)tw_tool_error("history", it->session.image, "'%s%s': no version is left%s",
		target->is_top ? "" : target->prefix, target->is_top ? "/" : target->path,
		is_root ? "" : "; without PATH everything that is left is listed");
	return TW_EXIT_WRONG;
}

/* No file has the version that was asked for. Returns the exit status. */
static int tell_no_number(const struct history *it, size_t count)
{
	const struct tw_tool_target *target = it->target;

	return tw_tool_error("history", it->session.image, "'%s%s': no version %llu, only %s%zu",
		target->prefix, target->path, (unsigned long long)it->number,
		count > 1 ? "1 to " : "", count);
}

static int extract_number(struct history *it)
{
	const struct twinfs_version *version = NULL;
	_cleanup_free_ char *name = NULL;
	size_t first, count = twinfs_rescue_find(it->rescue, it->target->path, &first);
	bool is_dir = !strcmp(it->target->path, "/");

	if (it->number <= count) {
		version = twinfs_rescue_version(it->rescue, first + it->number - 1);
		is_dir |= version->type == TWINFS_DIR;
	}
	if (is_dir)
		return tw_tool_error("history", it->session.image,
			"'%s%s': is a directory: --extract all takes the files in it",
			it->target->prefix, it->target->path);
	if (!version)
		return count ? tell_no_number(it, count) : tell_none(it, it->target);
	if (asprintf(&name, "%s.%llu", tw_tool_last_name(it->target->path),
		    (unsigned long long)it->number) < 0) {
		name = NULL;
		return tw_tool_no_memory("history");
	}
	extract_one(it, version, name);
	return it->status;
}

static int extract_chain(struct history *it)
{
	char name[32];

	for (size_t i = twinfs_rescue_count(it->rescue); i-- > 0;) {
		const struct twinfs_version *version = twinfs_rescue_version(it->rescue, i);

		if (version->path)
			break;
		if (version->head != it->chain)
			continue;
		(void)snprintf(name, sizeof(name), "chain-%u", version->head);
		extract_one(it, version, name);
		return it->status;
	}
	return tw_tool_error("history", it->session.image,
		"%s: no chain without a name ends in block %llu: --all lists them", it->part,
		(unsigned long long)it->chain);
}

static int look_at(struct history *it, const struct tw_tool_target *target)
{
	struct twinfs_part_info info;
	struct twinfs_error err = {0};
	int code, status;

	twinfs_module_part(it->session.module, target->part, &info);
	code = twinfs_rescue_open(twinfs_module_flash(it->session.module), &info.config,
		&it->rescue, &err);
	if (code < 0)
		return tw_tool_error("history", info.file ? info.file : it->session.image, "%s: %s",
			info.name, err.text[0] ? err.text : tw_tool_reason(code));
	it->target = target;
	it->part = info.name;
	if (it->chain != NO_CHAIN)
		status = extract_chain(it);
	else if (it->extracts && it->number != EVERY)
		status = extract_number(it);
	else
		status = list(it);
	twinfs_rescue_close(it->rescue);
	return status;
}

/* ---- the command line ---- */

/* Both partitions, one after the other. */
static int look_at_both(struct history *it)
{
	for (int i = 0; i < TW_TOOL_VOLUMES; i++) {
		_cleanup_target_ struct tw_tool_target target = {0};
		int status = tw_tool_root_of(&it->session, (enum twinfs_part)i, &target);

		if (!status)
			status = look_at(it, &target);
		if (status > it->status)
			it->status = status;
	}
	return it->status;
}

static int run(struct history *it, const char *path)
{
	_cleanup_target_ struct tw_tool_target target = {0};
	bool lists = !it->extracts && it->chain == NO_CHAIN;
	int status = tw_tool_resolve(&it->session, path, &target);

	if (!status && it->extracts && it->number == EVERY)
		status = check_dest(it);
	if (status)
		return status;
	if (target.is_top && !lists && it->number != EVERY)
		return tw_tool_error("history", it->session.image,
			"there are two partitions: --part says which, user or backup");
	if (lists && it->json)
		tw_tool_json_history_begin();
	status = target.is_top ? look_at_both(it) : look_at(it, &target);
	if (lists && it->json)
		tw_tool_json_history_end(it->shown);
	else if (lists)
		tw_tool_print_history_end(it->hidden);
	if (status || it->shown || it->hidden || it->chain != NO_CHAIN ||
		(it->extracts && it->number != EVERY))
		return status;
	return tell_none(it, &target);
}

/* 0 or the exit status. */
static int take_option(struct history *it, const struct tw_tool_args *args, int key)
{
	if (key == KEY_EXTRACT) {
		it->extracts = true;
		it->number = EVERY;
		if (strcmp(args->value, "all") &&
			(!tw_tool_parse_size(args->value, UINT32_MAX, &it->number) || !it->number))
			return tw_tool_bad_value(args, "extract", "a number from 1, or 'all'");
	}
	if (key == KEY_CHAIN && !tw_tool_parse_size(args->value, UINT32_MAX, &it->chain))
		return tw_tool_bad_value(args, "chain", "the number of a block");
	if (key == KEY_TO && !*args->value)
		return tw_tool_bad_value(args, "to", "a file or directory");
	it->dest = key == KEY_TO ? args->value : it->dest;
	it->all |= key == KEY_ALL;
	it->force |= key == KEY_FORCE;
	it->json |= key == KEY_JSON;
	return 0;
}

static int check_options(const struct history *it, const char *path)
{
	bool has_chain = it->chain != NO_CHAIN;

	if (it->extracts && has_chain)
		return tw_tool_usage("history", "--extract and --chain exclude each other");
	if (has_chain && path)
		return tw_tool_usage("history", "--chain takes no PATH");
	if (it->extracts && it->number != EVERY && !path)
		return tw_tool_usage("history", "--extract: PATH is missing");
	if (it->json && (it->extracts || has_chain))
		return tw_tool_usage("history", "--json is of no use with --extract or --chain");
	if (!it->extracts && !has_chain && (it->dest || it->force))
		return tw_tool_usage("history", "%s goes with --extract or --chain",
			it->dest ? "--to" : "--force");
	return 0;
}

int tw_tool_verb_history(int argc, char **argv)
{
	struct history it = {.chain = NO_CHAIN};
	struct tw_tool_args args;
	const char *path;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		status = take_option(&it, &args, key);
		if (status)
			return status;
	}
	status = tw_tool_take_image(&args);
	path = tw_tool_take(&args);
	if (!status)
		status = tw_tool_no_more(&args);
	if (!status)
		status = check_options(&it, path);
	if (!status)
		status = tw_tool_open(&it.session, &args, 0, TWINFS_POLICY_DEVICE);
	if (!status)
		status = run(&it, path ? path : "/");
	tw_tool_close(&it.session);
	return status;
}
