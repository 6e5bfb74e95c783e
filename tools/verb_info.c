/* SPDX-License-Identifier: MIT */
/*
 * verb_info.c - twinfs info: what an image is and in which state.
 *
 * The state of the protected files is what a boot says about them. It boots on
 * a copy in memory, after everything else was asked for.
 */
#include "verbs.h"

#include <errno.h>
#include <string.h>

#include "print.h"
#include "session.h"
#include "tool.h"

static const struct tw_tool_option options[] = {
	{TW_OPT_LONG, "json", NULL, "print one JSON document"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "info",
	.usage = (const char *const[]){"[options] IMAGE", NULL},
	.about =
		"Tells what an image holds: partitions, geometry, formats, usage, which SecureData "
		"slots are stored (never their content), and what a boot would find wrong with the "
		"protected files. Nothing is changed.",
	.options = options,
	.groups = TW_TOOL_SOURCE,
	.status = "Exit status: 0 the image could be opened; 2 it could not.",
	.example = "twinfs info app.img",
};

/* The volume stays mounted no longer than its figures take: the boot wants it too. */
static int look_at_volume(struct twinfs_flash *flash, struct tw_tool_info_part *part)
{
	struct twinfs_volume_config config = part->part.config;
	struct twinfs_volume *volume;
	int code;

	config.flags |= TWINFS_VOLUME_READ_ONLY;
	code = twinfs_volume_mount(flash, &config, &volume, &part->error);
	if (code == -ENOMEM)
		return code;
	if (code < 0)
		return 0;
	part->mounted = true;
	twinfs_volume_pending(volume, &part->pending);
	code = twinfs_volume_statfs(volume, &part->statfs);
	twinfs_volume_unmount(volume);
	return code;
}

static int look(struct twinfs_module *module, struct tw_tool_info *info)
{
	struct twinfs_image *image = twinfs_module_image(module);
	struct twinfs_flash *flash = twinfs_module_flash(module);
	struct twinfs_secure *secure = twinfs_module_secure(module);
	int code = 0;

	for (const char *path; info->file_count < TWINFS_IMAGE_FILES &&
			       (path = twinfs_image_path(image, info->file_count));
		info->file_count++)
		info->files[info->file_count] = (struct tw_tool_info_file){
			.path = path,
			.addr = twinfs_image_file_addr(image, info->file_count),
			.size = twinfs_image_file_size(image, info->file_count),
		};
	info->has_gpt = twinfs_image_has_gpt(image);
	info->profile = twinfs_module_profile(module)->name;
	info->geometry = twinfs_flash_config(flash)->geometry;
	info->has_secure = secure != NULL;
	info->secure_error = twinfs_module_secure_error(module);
	if (secure)
		twinfs_secure_list(secure, info->slots);
	for (int i = 0; code >= 0 && i < TWINFS_PART_COUNT; i++) {
		struct tw_tool_info_part *part = &info->parts[i];

		twinfs_module_part(module, (enum twinfs_part)i, &part->part);
		if (part->part.present && i != TWINFS_PART_SECURE)
			code = look_at_volume(flash, part);
	}
	return code;
}

static int try_boot(struct twinfs_module *module, struct tw_tool_info *info,
	struct twinfs_error *err)
{
	int code;

	if (!info->parts[TWINFS_PART_USER].part.present ||
		!info->parts[TWINFS_PART_BACKUP].part.present) {
		info->no_boot = "that takes both partitions";
		return 0;
	}
	code = twinfs_module_power_on(module, &info->boot, err);
	if (code == -ENOMEM)
		return code;
	if (code < 0)
		info->no_boot = err->text;
	return 0;
}

int tw_tool_verb_info(int argc, char **argv)
{
	_cleanup_session_ struct tw_tool_session session = {0};
	struct tw_tool_info info = {0};
	struct twinfs_error err = {0};
	bool json;
	int status;

	if (!tw_tool_open_to_look(&session, &syntax, argc, argv, TWINFS_IMAGE_SCRATCH, &json,
		    &status))
		return status;
	if (look(session.module, &info) < 0 || try_boot(session.module, &info, &err) < 0)
		return tw_tool_no_memory("info");
	if (json)
		tw_tool_json_info(&info);
	else
		tw_tool_print_info(&info);
	return 0;
}
