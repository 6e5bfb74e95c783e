/* SPDX-License-Identifier: MIT */
/*
 * repair.c - what a repair does with the files of the host.
 */
#include "repair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store.h"
#include "tool.h"

#define COPY_TRIES 1000 /* so many copies of older repairs may lie beside an image */

/* ---- before ---- */

/* The files that the image consists of; returns how many. */
static size_t list_files(const struct tw_tool_args *args, const char *paths[TWINFS_IMAGE_FILES])
{
	const struct twinfs_source *source = &args->source;
	const char *const all[] = {source->image, source->user, source->backup, source->secure};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i])
			paths[count++] = all[i];
	return count;
}

static bool is_device(const char *path)
{
	struct stat stat_buf;

	return !stat(path, &stat_buf) && S_ISBLK(stat_buf.st_mode);
}

/* Whether the file that the user names can be made. 0 or the exit status. */
static int check_new(const char *path)
{
	struct stat stat_buf;

	if (!lstat(path, &stat_buf))
		return tw_tool_error("check", path, "cannot be made: exists already");
	return tw_tool_may_store("check", path);
}

int tw_tool_repair_begin(struct tw_tool_repair *repair, const struct tw_tool_args *args,
	const struct tw_tool_repair_args *repair_args)
{
	const char *paths[TWINFS_IMAGE_FILES];
	size_t count = list_files(args, paths);
	const char *new_name = repair_args->output ? repair_args->output : repair_args->keep;
	int status = 0;
	struct twinfs_error err = {0};

	if (new_name && count > 1)
		return tw_tool_usage("check", "--%s names one file: repair one at a time",
			repair_args->output ? "output" : "keep");
	if (new_name)
		status = check_new(new_name);
	if (status)
		return status;
	if (repair_args->dry_run || repair_args->output)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (is_device(paths[i]))
			return tw_tool_error("check", paths[i],
				"is a device, which cannot be replaced in one stroke: give "
				"--output FILE");
	if (twinfs_image_open(paths, count, TWINFS_IMAGE_WRITABLE, &repair->lock, &err) < 0)
		return tw_tool_report("check", tw_tool_image_name(args), &err);
	return 0;
}

void tw_tool_repair_end(struct tw_tool_repair *repair)
{
	for (size_t i = 0; i < TWINFS_PART_COUNT; i++)
		twinfs_repair_free(repair->parts[i]);
	twinfs_image_close(repair->lock);
	*repair = (struct tw_tool_repair){0};
}

/* ---- one partition ---- */

static void set_unrepaired(struct tw_tool_check_part *result, const char *why)
{
	snprintf(result->unrepaired, sizeof(result->unrepaired), "%s", why);
}

/* SecureData is two copies of a log, which stores mend: nobody else knows better. */
static void judge_secure(struct tw_tool_repair *repair, struct tw_tool_check_part *result)
{
	if (result->errors)
		set_unrepaired(result, "SecureData is never changed by a repair");
	else if (result->warnings)
		set_unrepaired(result, "the next store mends SecureData");
	repair->has_failed |= result->errors != 0;
}

int tw_tool_repair_part(struct tw_tool_repair *repair, const struct tw_tool_session *session,
	const struct tw_tool_repair_args *args, enum twinfs_part part,
	struct tw_tool_check_part *result)
{
	struct twinfs_part_info info;
	struct twinfs_error err = {0};
	int code;

	if (part == TWINFS_PART_SECURE) {
		judge_secure(repair, result);
		return 0;
	}
	if (part == TWINFS_PART_BACKUP && !args->allow_backup) {
		if (result->errors || result->warnings)
			set_unrepaired(result, "the backup partition is read-only; "
					       "--allow-backup-write lifts that");
		repair->has_failed |= result->errors != 0;
		return 0;
	}
	twinfs_module_part(session->module, part, &info);
	if (!info.has_superblock) {
		info.config.disk_version = 0; /* the profile's are only what a format would make */
		if (!args->has_block_size)
			info.config.block_size = 0;
	}
	code = twinfs_repair_new(twinfs_module_flash(session->module), &info.config,
		&repair->parts[part], &err);
	if (code == -ENOMEM)
		return tw_tool_no_memory(session->verb);
	if (code < 0) {
		set_unrepaired(result, err.text[0] ? err.text : tw_tool_reason(code));
		repair->has_failed = true;
		return 0;
	}
	result->repair = twinfs_repair_result(repair->parts[part]);
	return 0;
}

/* ---- the files ---- */

/* A copy of file @index with all that was repaired in it; free() it. @ret_changed: anything. */
static uint8_t *repaired_file(const struct tw_tool_repair *repair,
	const struct tw_tool_session *session, size_t index, bool *ret_changed)
{
	const struct twinfs_image *image = twinfs_module_image(session->module);
	uint64_t addr = twinfs_image_file_addr(image, index);
	uint64_t size = twinfs_image_file_size(image, index);
	uint8_t *bytes = malloc(size);

	*ret_changed = false;
	if (!bytes)
		return NULL;
	memcpy(bytes, twinfs_image_bytes(image) + addr, size);
	for (int part = 0; part < TWINFS_PART_COUNT; part++) {
		const struct twinfs_repair_result *result =
			repair->parts[part] ? twinfs_repair_result(repair->parts[part]) : NULL;
		struct twinfs_part_info info;

		twinfs_module_part(session->module, (enum twinfs_part)part, &info);
		if (!result || !result->bytes || info.addr < addr || info.addr >= addr + size)
			continue;
		memcpy(bytes + (info.addr - addr), result->bytes, result->size);
		*ret_changed = true;
	}
	return bytes;
}

/* Copies file @index as it is to a name that is not taken. 0 or the exit status. */
static int keep_old(const struct tw_tool_session *session, const struct tw_tool_repair_args *args,
	size_t index, char **ret_copy)
{
	const struct twinfs_image *image = twinfs_module_image(session->module);
	const char *path = twinfs_image_path(image, index);
	const uint8_t *bytes = twinfs_image_bytes(image) + twinfs_image_file_addr(image, index);
	uint64_t size = twinfs_image_file_size(image, index);

	for (int i = 0; i < COPY_TRIES; i++) {
		char number[16] = "", *copy;
		int code;

		if (i)
			snprintf(number, sizeof(number), ".%d", i);
		if (asprintf(&copy, "%s%s%s", args->keep ? args->keep : path,
			    args->keep ? "" : ".before-repair", number) < 0)
			return tw_tool_no_memory(session->verb);
		code = tw_tool_store_like(path, copy, bytes, size, false);
		if (!code) {
			*ret_copy = copy;
			return 0;
		}
		if (code != -EEXIST || args->keep) {
			int status = tw_tool_error(session->verb, copy, "cannot be made: %s%s",
				tw_tool_host_reason(code),
				args->keep ? "" : "; --output takes the result somewhere else");

			free(copy);
			return status;
		}
		free(copy);
	}
	return tw_tool_error(session->verb, path,
		"there are %d copies of earlier repairs: remove "
		"some",
		COPY_TRIES);
}

static int write_file(const struct tw_tool_session *session, const struct tw_tool_repair_args *args,
	size_t index, const uint8_t *bytes, struct tw_tool_check *check)
{
	const struct twinfs_image *image = twinfs_module_image(session->module);
	const char *path = twinfs_image_path(image, index);
	struct tw_tool_check_file *file = &check->files[check->file_count];
	uint64_t size = twinfs_image_file_size(image, index);
	const char *to = args->output ? args->output : path;
	int status = args->output ? 0 : keep_old(session, args, index, &file->copy);
	int code;

	if (status)
		return status;
	code = tw_tool_store_like(path, to, bytes, size, !args->output);
	if (code < 0)
		return tw_tool_error(session->verb, to, "cannot be written: %s",
			tw_tool_host_reason(code));
	if (args->output)
		check->output = args->output;
	else
		file->path = path;
	check->file_count += !args->output;
	return 0;
}

int tw_tool_repair_write(struct tw_tool_repair *repair, const struct tw_tool_session *session,
	const struct tw_tool_repair_args *args, struct tw_tool_check *check)
{
	const struct twinfs_image *image = twinfs_module_image(session->module);
	int status = 0;

	for (size_t i = 0; !status && i < TWINFS_IMAGE_FILES && twinfs_image_path(image, i); i++) {
		bool changed;
		_cleanup_free_ uint8_t *bytes = repaired_file(repair, session, i, &changed);

		if (!bytes)
			return tw_tool_no_memory(session->verb);
		if (changed && !args->dry_run)
			status = write_file(session, args, i, bytes, check);
	}
	return status;
}
