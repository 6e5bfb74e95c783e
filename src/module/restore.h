/* SPDX-License-Identifier: MIT */
/*
 * restore.h - the firmware's check-and-restore procedure, and its safe variant.
 *
 * What Python of the firmware would raise is "raised" here: the text is kept,
 * TW_RAISED is returned, and whoever the firmware has an "except" in handles
 * it. Negative results are errors that the firmware knows nothing of.
 */
#ifndef TW_MODULE_RESTORE_H
#define TW_MODULE_RESTORE_H

#include <stdbool.h>
#include <twinfs/boot.h>

#include "base/text.h"
#include "module/device_vfs.h"
#include "module/hash_ahead.h"
#include "module/loose_json.h"

#define TW_USER_TABLE   "/usr/checksum.json"
#define TW_BACKUP_TABLE "/bak/checksum.json"

/* The result of a call in which the firmware would have raised an exception. */
#define TW_RAISED 1

struct tw_restore {
	const struct tw_device *device;
	struct twinfs_boot_report *report; /* its policy is the procedure's */
	struct tw_text raised;             /* text of the exception */
	struct tw_json *table;
	struct tw_hash_ahead ahead; /* of the files of the table */
};

/*
 * Runs the procedure on two mounted volumes and reports what it did. 0, or
 * -ESHUTDOWN, -EROFS (something had to be written), -ENOMEM.
 */
int tw_restore_run(const struct tw_device *device, struct twinfs_boot_report *report);

/* ---- between the files of the procedure ---- */

bool tw_restore_is_safe(const struct tw_restore *run);

/* Raises the exception of a failed file call; 0 and fatal errors are returned as they are. */
int tw_restore_raise_errno(struct tw_restore *run, int code);

/* Ends "return": TW_RAISED when the text of the exception could be kept (@rc is 0), else @rc. */
int tw_restore_raised(int rc);

/* Forgets the exception. */
void tw_restore_clear(struct tw_restore *run);

/* Raises what value[key] gives on something that has no keys. */
int tw_restore_raise_subscript(struct tw_restore *run, const struct tw_json *json);

/* Reads at most @limit characters of a file opened for reading, or for update. */
int tw_restore_read(struct tw_restore *run, struct tw_device_file *file, size_t limit,
	struct tw_text *text, bool *ret_more);

/*
 * Copies @source over @target, whose directory exists. In place, as the
 * firmware does: an existing target is its old or its new self after a power
 * cut, but a missing one may be left empty. The safe policy therefore makes a
 * missing target beside and renames it.
 */
int tw_restore_copy(struct tw_restore *run, const char *target, const char *source);

/* Safe policy: removes what a cut copy left in the directory of @path. 0 or a fatal error. */
int tw_restore_sweep(struct tw_restore *run, const char *path);

/*
 * Loads the user's table, for the first time, into @run->table: copies it from
 * the backup if it is missing, and notes the holes it falls into.
 */
int tw_restore_load_table(struct tw_restore *run);

/*
 * Stores the new hashes of all restored files in the user's table, which is
 * read and written again for that. Exceptions are swallowed.
 */
int tw_restore_update_table(struct tw_restore *run);

#endif
