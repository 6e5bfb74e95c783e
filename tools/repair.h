/* SPDX-License-Identifier: MIT */
/*
 * repair.h - what a repair does with the files of the host.
 *
 * A damaged image is the only copy of something. So it is not written to: the
 * repaired one is made in memory, the old one copied to a name of its own, and only
 * then replaced, by one rename. Whoever kills the program finds the old or the new.
 */
#ifndef TW_TOOL_REPAIR_H
#define TW_TOOL_REPAIR_H

#include "print.h"
#include "session.h"

struct tw_tool_repair_args {
	bool dry_run, allow_backup;
	bool has_block_size; /* the user knows it */
	const char *output;  /* file for the result; the image stays. NULL: the image is replaced */
	const char *keep;    /* file for the old image; NULL: IMAGE.before-repair */
};

/* All that a repair holds; what @check points to dies with it. */
struct tw_tool_repair {
	struct twinfs_repair *parts[TWINFS_PART_COUNT];
	struct twinfs_image *lock; /* keeps writers away from the files */
	bool has_failed;           /* a partition could not be repaired */
};

/*
 * Before the image is opened: takes its lock, unless it is not to be written. 0 or the
 * exit status.
 */
int tw_tool_repair_begin(struct tw_tool_repair *repair, const struct tw_tool_args *args,
	const struct tw_tool_repair_args *repair_args);

/* Repairs partition @part in memory, if its findings ask for it, and tells @result. */
int tw_tool_repair_part(struct tw_tool_repair *repair, const struct tw_tool_session *session,
	const struct tw_tool_repair_args *args, enum twinfs_part part,
	struct tw_tool_check_part *result);

/* Writes what was repaired, and tells @check where. 0 or the exit status. */
int tw_tool_repair_write(struct tw_tool_repair *repair, const struct tw_tool_session *session,
	const struct tw_tool_repair_args *args, struct tw_tool_check *check);

void tw_tool_repair_end(struct tw_tool_repair *repair);

#endif
