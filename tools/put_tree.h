/* SPDX-License-Identifier: MIT */
/*
 * put_tree.h - copies a file or tree of the host into a volume.
 */
#ifndef TW_TOOL_PUT_TREE_H
#define TW_TOOL_PUT_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include "session.h"

struct tw_tool_put {
	struct tw_tool_session *session;
	const struct tw_tool_target *target; /* for the partition's prefix in messages */
	struct twinfs_volume *volume;
	bool force; /* replace files that exist */
	bool show;  /* print each object */
};

/*
 * Copies the host file or directory @host to @name in directory @dir of the
 * volume, whose path is @dir_path. With @name "" a directory's content goes
 * into @dir itself. A directory that exists is filled; symbolic links below
 * @host and special files are refused. 0 or the exit status, with the message
 * out.
 */
int tw_tool_put_tree(struct tw_tool_put *put, const char *host, uint64_t dir, const char *dir_path,
	const char *name);

#endif
