/* SPDX-License-Identifier: MIT */
/*
 * change.c - offline changes: tried on a copy in memory, then made.
 */
#include "change.h"

#include "tool.h"

static int change_once(const struct tw_tool_args *args, unsigned image_flags, bool show,
	int (*change)(struct tw_tool_session *session, bool show, void *ctx), void *ctx)
{
	_cleanup_session_ struct tw_tool_session session = {0};
	int status = tw_tool_open(&session, args, image_flags, TWINFS_POLICY_DEVICE);

	if (!status)
		status = change(&session, show, ctx);
	return status ? status : tw_tool_flush(&session);
}

int tw_tool_change(const struct tw_tool_args *args, bool dry_run, bool verbose,
	int (*change)(struct tw_tool_session *session, bool show, void *ctx), void *ctx)
{
	int status = change_once(args, TWINFS_IMAGE_SCRATCH, dry_run, change, ctx);

	if (status || dry_run)
		return status;
	return change_once(args, TWINFS_IMAGE_WRITABLE, verbose, change, ctx);
}

int tw_tool_may_change(const struct tw_tool_session *session, const struct tw_tool_target *target,
	bool allow_backup)
{
	if (target->is_top)
		return tw_tool_error(session->verb, session->image,
			"'/': the image has two partitions: name one with usr/ or bak/");
	if (target->part == TWINFS_PART_BACKUP && !allow_backup)
		return tw_tool_error(session->verb, session->image,
			"'%s%s': the backup partition is read-only; --allow-backup-write lifts "
			"that",
			target->prefix, target->path);
	return 0;
}
