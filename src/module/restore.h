/* SPDX-License-Identifier: MIT */
/*
 * restore.h - the firmware's check-and-restore procedure, and its safe variant.
 */
#ifndef TW_MODULE_RESTORE_H
#define TW_MODULE_RESTORE_H

#include <twinfs/boot.h>

#include "module/device_vfs.h"
#include "module/hash_ahead.h"
#include "module/loose_json.h"
#include "module/script.h"

struct tw_restore {
	struct tw_script script;
	struct tw_json *table;
	struct tw_hash_ahead ahead; /* of the files of the table */
};

/*
 * Runs the procedure on two mounted volumes and reports what it did. 0, or
 * -ESHUTDOWN, -EROFS (something had to be written), -ENOMEM.
 */
int tw_restore_run(const struct tw_device *device, struct twinfs_boot_report *report);

/* ---- between the files of the procedure ---- */

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
