/* SPDX-License-Identifier: MIT */
/*
 * user_table.h - the user's checksum.json during a boot: found, copied, read,
 * written back.
 */
#ifndef TW_MODULE_USER_TABLE_H
#define TW_MODULE_USER_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "module/loose_json.h"
#include "module/script.h"

#define TW_USER_TABLE   "/usr/checksum.json"
#define TW_BACKUP_TABLE "/bak/checksum.json"

/* How one reading of a table went, beside its result. */
struct tw_reading {
	bool too_long; /* for the firmware's limit */
	bool cut;      /* characters behind the limit that was used were not read */
	bool empty, unparsable;
};

/* Reads and parses the table at @path, one of the above. */
int tw_user_table_read(struct tw_script *script, const char *path, struct tw_reading *ret_reading,
	struct tw_json **ret_table);

/* Reads the user's table as the firmware does: a missing one is copied from the backup first. */
int tw_user_table_check(struct tw_script *script, struct tw_reading *ret_reading,
	struct tw_json **ret_table);

/* Writes the user's table back; @reading is how it was read. */
int tw_user_table_write(struct tw_script *script, const struct tw_json *table,
	const struct tw_reading *reading);

/* The name that the firmware compares with those of the table: with a '/' in front. */
int tw_user_table_name(const char *name, size_t len, struct tw_text *ret_name);

/*
 * Stores the hash of file @name, if the user's table lists it and it has one:
 * the firmware's checksum.update(). Exceptions are swallowed.
 */
int tw_user_table_update(struct tw_script *script, const char *name, size_t len, bool *ret_updated);

#endif
