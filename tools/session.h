/* SPDX-License-Identifier: MIT */
/*
 * session.h - the image a verb works on: opened as a module, its volumes
 * mounted one by one when they are needed, and the paths into them.
 *
 * A PATH names a partition and an object in it:
 *  - with --part, it is a path from the root of that partition;
 *  - else, when the module has both partitions, it begins with usr/ or bak/ as
 *    in a mount ("/" is the directory of the two);
 *  - else it is a path from the root of the only partition.
 * A slash in front may be left out; "." and ".." are resolved textually.
 */
#ifndef TW_TOOL_SESSION_H
#define TW_TOOL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/module.h>
#include "options.h"

#define TW_TOOL_VOLUMES 2 /* user and backup: TWINFS_PART_USER, TWINFS_PART_BACKUP */

struct tw_tool_session {
	const char *verb, *image; /* for messages */
	struct twinfs_module *module;
	struct twinfs_volume *volumes[TW_TOOL_VOLUMES]; /* NULL: not mounted */
	bool has_part;
	enum twinfs_part part;
	bool writable; /* volumes are mounted for writing */
};

/*
 * Before a key file is read, which may be NULL: no core dump is made of this
 * process from now on, and no debugger of the same user may look into it.
 */
void tw_tool_hide_memory(const char *key_file);

/*
 * Opens the image that @args names. @image_flags as in twinfs_module_options;
 * anything but 0 also makes the volumes writable. 0 or the exit status, with
 * the message out.
 */
int tw_tool_open(struct tw_tool_session *session, const struct tw_tool_args *args,
	unsigned image_flags, enum twinfs_policy policy);

/*
 * The start of a verb that only looks: its own option is --json, its argument
 * IMAGE. False when the verb is over, with *@ret_status its exit status; that
 * may be 0, after --help.
 */
bool tw_tool_open_to_look(struct tw_tool_session *session, const struct tw_tool_syntax *syntax,
	int argc, char **argv, unsigned image_flags, bool *ret_json, int *ret_status);

/*
 * Waits until changes are on the host's disk. 0 or the exit status. Image not
 * writable: does nothing.
 */
int tw_tool_flush(struct tw_tool_session *session);

/* Nothing opened is fine too. */
void tw_tool_close(struct tw_tool_session *session);

#define _cleanup_session_ __attribute__((cleanup(tw_tool_close)))

/* The volume of @part, mounted now if it was not. 0 or the exit status. */
int tw_tool_volume(struct tw_tool_session *session, enum twinfs_part part,
	struct twinfs_volume **ret_volume);

bool tw_tool_has_part(const struct tw_tool_session *session, enum twinfs_part part);

/* Where a PATH leads. */
struct tw_tool_target {
	bool is_top; /* "/" above both partitions; the rest is unset */
	enum twinfs_part part;
	const char *prefix; /* "/usr" or "/bak" in front of shown paths, or "" */
	char *path;         /* from the root of the volume: "/a/b", or "/" */
};

/* The error message is out on failure: 0 or the exit status. */
int tw_tool_resolve(const struct tw_tool_session *session, const char *path,
	struct tw_tool_target *ret_target);
void tw_tool_target_release(struct tw_tool_target *target);

#define _cleanup_target_ __attribute__((cleanup(tw_tool_target_release)))

/* The target that is the root of @part. As resolve. */
int tw_tool_root_of(const struct tw_tool_session *session, enum twinfs_part part,
	struct tw_tool_target *ret_target);

/* Mounts the volume of @target and finds its object. 0 or the exit status. */
int tw_tool_find(struct tw_tool_session *session, const struct tw_tool_target *target,
	struct twinfs_volume **ret_volume, struct twinfs_stat *ret_stat);

/* "twinfs VERB: IMAGE: 'PATH': reason of @code". Returns TW_EXIT_FAILED. */
int tw_tool_path_error(const struct tw_tool_session *session, const struct tw_tool_target *target,
	const char *path, int code);

#endif
