/* SPDX-License-Identifier: MIT */
/*
 * script.h - what the steps of the boot script share: raising what the
 * firmware's Python would raise, reading and copying files.
 *
 * What Python of the firmware would raise is "raised" here: the text is kept,
 * TW_RAISED is returned, and whoever the firmware has an "except" in handles
 * it. Negative results are errors that the firmware knows nothing of.
 */
#ifndef TW_MODULE_SCRIPT_H
#define TW_MODULE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <twinfs/boot.h>

#include "base/text.h"
#include "module/device_vfs.h"
#include "module/loose_json.h"

/* The result of a call in which the firmware would have raised an exception. */
#define TW_RAISED 1

struct tw_script {
	const struct tw_device *device;
	struct twinfs_boot_report *report; /* its policy is the script's */
	struct tw_text raised;             /* text of the exception */
};

bool tw_script_is_safe(const struct tw_script *script);

/* ---- exceptions ---- */

/* Ends "return": TW_RAISED when the text of the exception could be kept (@rc is 0), else @rc. */
int tw_script_raised(int rc);

/* Forgets the exception. */
void tw_script_clear(struct tw_script *script);

/* Raises the exception of a failed file call; 0 and fatal errors are returned as they are. */
int tw_script_raise_errno(struct tw_script *script, int code);

/* Raises what value[key] gives on something that has no keys. */
int tw_script_raise_subscript(struct tw_script *script, const struct tw_json *json);

/* Raises what joining a path and something that is no string gives. */
int tw_script_raise_conversion(struct tw_script *script, const struct tw_json *json);

/* json[key]. */
int tw_script_subscript(struct tw_script *script, const struct tw_json *json, const char *key,
	struct tw_json **ret_value);

/* Reads one document of the loose JSON. */
int tw_script_parse(struct tw_script *script, const struct tw_text *text,
	struct tw_json **ret_json);

/* ---- files ---- */

/* Reads at most @limit characters of a file opened for reading, or for update; closes it. */
int tw_script_read(struct tw_script *script, struct tw_device_file *file, size_t limit,
	struct tw_text *text, bool *ret_more);

/*
 * Copies @source over @target, whose directory exists. In place, as the
 * firmware does: an existing target is its old or its new self after a power
 * cut, but a missing one may be left empty.
 */
int tw_script_copy_in_place(struct tw_script *script, const char *target, const char *source);

/* The same; but the safe policy makes a missing target beside and renames it. */
int tw_script_copy(struct tw_script *script, const char *target, const char *source);

/* Safe policy: removes what a cut copy left in the directory of @path. 0 or a fatal error. */
int tw_script_sweep(struct tw_script *script, const char *path);

#endif
