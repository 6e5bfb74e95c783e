/* SPDX-License-Identifier: MIT */
/*
 * change.h - how a verb changes volumes offline: all of it, or nothing.
 *
 * The change is first made on a copy in memory. What goes wrong there (no
 * space, a file in the way, a source that cannot be read) leaves the image as
 * it was; only a change that went through is made again on the image itself.
 * A verb killed in the middle of that leaves whole files, old or new.
 */
#ifndef TW_TOOL_CHANGE_H
#define TW_TOOL_CHANGE_H

#include <stdbool.h>
#include "session.h"

/*
 * @change    makes the change in @session; is called twice; says on stdout
 *            what it does if @show. Returns 0 or the exit status.
 * @dry_run   only on the copy, and with @show
 */
int tw_tool_change(const struct tw_tool_args *args, bool dry_run, bool verbose,
	int (*change)(struct tw_tool_session *session, bool show, void *ctx), void *ctx);

/*
 * 0, or the exit status when @target must not be changed: the directory above
 * both partitions; the backup partition unless @allow_backup.
 */
int tw_tool_may_change(const struct tw_tool_session *session, const struct tw_tool_target *target,
	bool allow_backup);

#endif
