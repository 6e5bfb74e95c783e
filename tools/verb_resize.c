/* SPDX-License-Identifier: MIT */
/*
 * verb_resize.c - twinfs resize: a littlefs 2 gets more blocks of its
 * partition, or gives some back.
 */
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "change.h"
#include "print.h"
#include "session.h"
#include "tool.h"

enum {
	KEY_JSON = TW_OPT_LONG,
	KEY_BACKUP_WRITE,
};

static const struct tw_tool_option options[] = {
	{'n', "dry-run", NULL, "tell what would come out; nothing is written"},
	{KEY_JSON, "json", NULL, "print one JSON document"},
	{KEY_BACKUP_WRITE, "allow-backup-write", NULL, "the backup partition may be meant"},
	{0},
};

static const struct tw_tool_syntax syntax = {
	.verb = "resize",
	.usage = (const char *const[]){"[options] IMAGE BLOCKS", "[options] IMAGE SIZE", NULL},
	.about = "Makes the littlefs 2 of a partition as large as that many BLOCKS, or bytes: a "
		 "SIZE ends in K or M; 'max' is the whole partition. The partition stays as it is. "
		 "A volume cannot give back blocks that are in use; nothing is moved. littlefs 1 "
		 "takes its size from the partition.",
	.options = options,
	.groups = TW_TOOL_SOURCE | TW_TOOL_PART,
	.status = "Exit status: 0 resized; 2 it was not.",
	.example = "twinfs resize --user customer_fs.bin max",
};

struct resize {
	const char *size;
	bool allow_backup;
	struct tw_tool_resize result;
};

/* The number of blocks that is asked for. 0 or the exit status. */
static int parse_blocks(const char *size, const struct twinfs_part_info *part, uint32_t *ret_blocks)
{
	uint32_t block_size = part->config.block_size;
	size_t len = strlen(size);
	uint64_t number;

	if (!strcmp(size, "max")) {
		*ret_blocks = (uint32_t)(part->config.size / block_size);
		return 0;
	}
	if (!tw_tool_parse_size(size, UINT64_MAX, &number))
		return tw_tool_usage("resize", "'%s' is no number of blocks, no size and not max",
			size);
	if (strchr("KkMm", size[len - 1])) {
		if (number % block_size)
			return tw_tool_error("resize", part->file,
				"%s: %s is no multiple of the block size %" PRIu32, part->name,
				size, block_size);
		number /= block_size;
	}
	/* too many is the volume's to refuse, which knows the limit */
	*ret_blocks = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
	return 0;
}

static int explain(const struct twinfs_part_info *part, uint32_t blocks, int code)
{
	uint64_t most = part->config.size / part->config.block_size;

	if (code == -ENOTSUP)
		return tw_tool_error("resize", part->file,
			"%s: littlefs 1 takes its size from the partition", part->name);
	if (code == -EINVAL)
		return tw_tool_error("resize", part->file,
			"%s: %" PRIu32 " blocks, must be 2 to %" PRIu64, part->name, blocks, most);
	if (code == -EBUSY)
		return tw_tool_error("resize", part->file,
			"%s: blocks from %" PRIu32 " on are in use", part->name, blocks);
	return tw_tool_error("resize", part->file, "%s: %s", part->name, tw_tool_reason(code));
}

static int resize_volume(struct tw_tool_session *session, struct resize *resize,
	const struct tw_tool_target *target)
{
	struct twinfs_part_info part;
	struct twinfs_volume *volume;
	struct twinfs_statfs before;
	uint32_t blocks = 0;
	int status, code;

	twinfs_module_part(session->module, target->part, &part);
	status = parse_blocks(resize->size, &part, &blocks);
	if (!status)
		status = tw_tool_volume(session, target->part, &volume);
	if (status)
		return status;
	code = twinfs_volume_statfs(volume, &before);
	if (code >= 0)
		code = twinfs_volume_resize(volume, blocks);
	if (code < 0)
		return explain(&part, blocks, code);
	resize->result = (struct tw_tool_resize){
		.name = part.name,
		.block_size = before.block_size,
		.before = before.blocks,
		.after = blocks,
	};
	return 0;
}

static int change(struct tw_tool_session *session, bool show, void *ctx)
{
	_cleanup_target_ struct tw_tool_target target = {0};
	struct resize *resize = ctx;
	enum twinfs_part part = session->part;
	int status;

	(void)show; /* there is one result, told at the end */
	if (!session->has_part)
		part = tw_tool_has_part(session, TWINFS_PART_USER) ? TWINFS_PART_USER
								   : TWINFS_PART_BACKUP;
	if (!tw_tool_has_part(session, part))
		return tw_tool_error("resize", session->image, "there is no %s partition",
			part == TWINFS_PART_USER ? "user" : "backup");
	status = tw_tool_root_of(session, part, &target);
	if (!status)
		status = tw_tool_may_change(session, &target, resize->allow_backup);
	return status ? status : resize_volume(session, resize, &target);
}

int tw_tool_verb_resize(int argc, char **argv)
{
	struct resize resize = {0};
	bool dry_run = false, json = false;
	struct tw_tool_args args;
	int key, status;

	tw_tool_args_init(&args, &syntax, argc, argv);
	while ((key = tw_tool_next_option(&args)) != TW_OPT_END) {
		if (key == TW_OPT_EXIT)
			return args.status;
		dry_run |= key == 'n';
		json |= key == KEY_JSON;
		resize.allow_backup |= key == KEY_BACKUP_WRITE;
	}
	status = tw_tool_take_image(&args);
	if (!status)
		status = tw_tool_need(&args, "BLOCKS", &resize.size);
	if (!status)
		status = tw_tool_no_more(&args);
	if (!status)
		status = tw_tool_change(&args, dry_run, false, change, &resize);
	if (status)
		return status;
	if (json)
		tw_tool_json_resize(&resize.result);
	else
		tw_tool_print_resize(&resize.result);
	return 0;
}
