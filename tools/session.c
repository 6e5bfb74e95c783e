/* SPDX-License-Identifier: MIT */
/*
 * session.c - opens the image of a verb and finds paths in it.
 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "text.h"
#include "tool.h"

void tw_tool_hide_memory(const char *key_file)
{
	if (key_file)
		(void)prctl(PR_SET_DUMPABLE, 0);
}

int tw_tool_open(struct tw_tool_session *session, const struct tw_tool_args *args,
	unsigned image_flags, enum twinfs_policy policy)
{
	const struct twinfs_module_options options = {
		.image_flags = image_flags,
		.policy = policy,
		.key_file = args->key_file,
		.keep_wear = image_flags & TWINFS_IMAGE_WRITABLE,
	};
	struct twinfs_error err = {0};
	int code;

	*session = (struct tw_tool_session){
		.verb = args->syntax->verb,
		.image = tw_tool_image_name(args),
		.has_part = args->has_part,
		.part = args->part,
		.writable = image_flags != 0,
	};
	tw_tool_hide_memory(args->key_file);
	code = twinfs_module_open(&args->source, &options, &session->module, &err);
	if (code < 0)
		return tw_tool_report(session->verb, session->image, &err);
	return 0;
}

bool tw_tool_open_to_look(struct tw_tool_session *session, const struct tw_tool_syntax *syntax,
	int argc, char **argv, unsigned image_flags, bool *ret_json, int *ret_status)
{
	struct tw_tool_args args;
	int key;

	*ret_json = false;
	tw_tool_args_init(&args, syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT) {
			*ret_status = args.status;
			return false;
		}
		*ret_json = true;
	}
	*ret_status = tw_tool_take_image(&args);
	if (!*ret_status)
		*ret_status = tw_tool_no_more(&args);
	if (!*ret_status)
		*ret_status = tw_tool_open(session, &args, image_flags, TWINFS_POLICY_DEVICE);
	return !*ret_status;
}

int tw_tool_flush(struct tw_tool_session *session)
{
	struct twinfs_image *image = twinfs_module_image(session->module);
	int code;

	if (!twinfs_flash_is_writable(twinfs_module_flash(session->module)))
		return 0;
	code = twinfs_image_sync(image);
	if (code < 0)
		return tw_tool_error(session->verb, session->image, "cannot be written: %s",
			tw_tool_host_reason(code));
	return 0;
}

void tw_tool_close(struct tw_tool_session *session)
{
	for (size_t i = 0; i < TW_TOOL_VOLUMES; i++)
		twinfs_volume_unmount(session->volumes[i]);
	twinfs_module_close(session->module);
	*session = (struct tw_tool_session){0};
}

bool tw_tool_has_part(const struct tw_tool_session *session, enum twinfs_part part)
{
	struct twinfs_part_info info;

	twinfs_module_part(session->module, part, &info);
	return info.present;
}

int tw_tool_volume(struct tw_tool_session *session, enum twinfs_part part,
	struct twinfs_volume **ret_volume)
{
	struct twinfs_flash *flash = twinfs_module_flash(session->module);
	struct twinfs_part_info info;
	struct twinfs_error err = {0};
	int code;

	if (!session->volumes[part]) {
		twinfs_module_part(session->module, part, &info);
		/* The module never writes its backup partition; who may is the verb's business. */
		if (session->writable)
			info.config.flags &= ~(unsigned)TWINFS_VOLUME_READ_ONLY;
		else
			info.config.flags |= TWINFS_VOLUME_READ_ONLY;
		code = twinfs_volume_mount(flash, &info.config, &session->volumes[part], &err);
		if (code < 0)
			return tw_tool_error(session->verb, info.file ? info.file : session->image,
				"%s: %s", info.name, err.text[0] ? err.text : tw_tool_reason(code));
	}
	*ret_volume = session->volumes[part];
	return 0;
}

/* ---- paths ---- */

/* Appends component [@at, @at + @len) of a path to @clean, or obeys it: "." and "..". */
static int add_component(struct tw_tool_text *clean, const char *at, size_t len)
{
	int code;

	if (len == 1 && at[0] == '.')
		return 0;
	if (len == 2 && at[0] == '.' && at[1] == '.') {
		while (clean->len && clean->data[--clean->len] != '/')
			;
		if (clean->data)
			clean->data[clean->len] = '\0';
		return 0;
	}
	code = tw_tool_text_add(clean, "/", 1);
	return code < 0 ? code : tw_tool_text_add(clean, at, len);
}

/* "a//b/../c/" becomes "/a/c", and what is left empty "/". NULL: out of memory. */
static char *clean_path(const char *path)
{
	struct tw_tool_text clean = {0};

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len && add_component(&clean, path, len) < 0)
			goto no_memory;
		path += len;
		path += strspn(path, "/");
	}
	if (!clean.len && tw_tool_text_add(&clean, "/", 1) < 0)
		goto no_memory;
	return clean.data;
no_memory:
	tw_tool_text_release(&clean);
	return NULL;
}

static const char *const prefixes[TW_TOOL_VOLUMES] = {"/usr", "/bak"};

static bool has_both(const struct tw_tool_session *session)
{
	return tw_tool_has_part(session, TWINFS_PART_USER) &&
	       tw_tool_has_part(session, TWINFS_PART_BACKUP);
}

/* Whether @path is @prefix or below it; then also what is left of it. */
static bool strip_prefix(const char *path, const char *prefix, const char **ret_rest)
{
	size_t len = strlen(prefix);

	if (strncmp(path, prefix, len) || (path[len] && path[len] != '/'))
		return false;
	*ret_rest = path[len] ? path + len : "/";
	return true;
}

static int split_prefix(const struct tw_tool_session *session, const char *clean,
	struct tw_tool_target *target)
{
	const char *rest;

	if (!strcmp(clean, "/")) {
		target->is_top = true;
		return 0;
	}
	for (size_t i = 0; i < TW_TOOL_VOLUMES; i++) {
		if (!strip_prefix(clean, prefixes[i], &rest))
			continue;
		target->part = (enum twinfs_part)i;
		target->prefix = prefixes[i];
		target->path = strdup(rest);
		return target->path ? 0 : tw_tool_no_memory(session->verb);
	}
	return tw_tool_error(session->verb, session->image,
		"'%s': the image has two partitions: write usr%s or bak%s, or use --part", clean,
		clean, clean);
}

int tw_tool_resolve(const struct tw_tool_session *session, const char *path,
	struct tw_tool_target *ret_target)
{
	struct tw_tool_target target = {.prefix = "", .part = session->part};
	char *clean = clean_path(path);
	int status;

	if (!clean)
		return tw_tool_no_memory(session->verb);
	if (!session->has_part && has_both(session)) {
		status = split_prefix(session, clean, &target);
		free(clean);
		if (!status)
			*ret_target = target;
		return status;
	}
	if (!session->has_part)
		target.part = tw_tool_has_part(session, TWINFS_PART_USER) ? TWINFS_PART_USER
									  : TWINFS_PART_BACKUP;
	if (!tw_tool_has_part(session, target.part)) {
		free(clean);
		return tw_tool_error(session->verb, session->image, "there is no %s partition",
			target.part == TWINFS_PART_USER ? "user" : "backup");
	}
	target.path = clean;
	*ret_target = target;
	return 0;
}

void tw_tool_target_release(struct tw_tool_target *target)
{
	free(target->path);
	*target = (struct tw_tool_target){0};
}

int tw_tool_root_of(const struct tw_tool_session *session, enum twinfs_part part,
	struct tw_tool_target *ret_target)
{
	struct tw_tool_target target = {
		.part = part,
		.prefix = !session->has_part && has_both(session) ? prefixes[part] : "",
		.path = strdup("/"),
	};

	if (!target.path)
		return tw_tool_no_memory(session->verb);
	*ret_target = target;
	return 0;
}

int tw_tool_find(struct tw_tool_session *session, const struct tw_tool_target *target,
	struct twinfs_volume **ret_volume, struct twinfs_stat *ret_stat)
{
	struct twinfs_volume *volume;
	uint64_t ino;
	int status, code;

	status = tw_tool_volume(session, target->part, &volume);
	if (status)
		return status;
	code = twinfs_volume_walk(volume, target->path, &ino);
	if (code >= 0)
		code = twinfs_volume_stat(volume, ino, ret_stat);
	if (code < 0)
		return tw_tool_path_error(session, target, target->path, code);
	*ret_volume = volume;
	return 0;
}

int tw_tool_path_error(const struct tw_tool_session *session, const struct tw_tool_target *target,
	const char *path, int code)
{
	const bool at_root = *target->prefix && !strcmp(path, "/");

	return tw_tool_error(session->verb, session->image, "'%s%s': %s", target->prefix,
		at_root ? "" : path, tw_tool_reason(code));
}
