/* SPDX-License-Identifier: MIT */
/*
 * script.c - what the steps of the boot script share: raising what the
 * firmware's Python would raise, reading and copying files.
 */
#include "script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "device_errno.h"

/* Name of a copy that is not complete yet; safe policy only. */
#define BESIDE ".twinfs-restore"

/* ---- exceptions ---- */

bool tw_script_is_safe(const struct tw_script *script)
{
	return script->report->policy == TWINFS_POLICY_SAFE;
}

int tw_script_raised(int rc)
{
	return rc ? rc : TW_RAISED;
}

void tw_script_clear(struct tw_script *script)
{
	tw_text_release(&script->raised);
}

int tw_script_raise_errno(struct tw_script *script, int code)
{
	if (code >= 0 || tw_device_is_fatal(code))
		return code;
	return tw_script_raised(tw_device_errno_text(&script->raised, code));
}

int tw_script_raise_subscript(struct tw_script *script, const struct tw_json *json)
{
	const char *type = tw_json_type_name(json);

	if (json->kind == TW_JSON_LIST || json->kind == TW_JSON_STRING)
		return tw_script_raised(tw_text_addf(&script->raised,
			"%s indices must be integers, not str",
			json->kind == TW_JSON_LIST ? type : "string"));
	return tw_script_raised(tw_text_addf(&script->raised, "'%s' object isn't subscriptable",
		type));
}

int tw_script_raise_conversion(struct tw_script *script, const struct tw_json *json)
{
	return tw_script_raised(tw_text_addf(&script->raised,
		"can't convert '%s' object to str implicitly", tw_json_type_name(json)));
}

int tw_script_subscript(struct tw_script *script, const struct tw_json *json, const char *key,
	struct tw_json **ret_value)
{
	if (json->kind != TW_JSON_DICT)
		return tw_script_raise_subscript(script, json);
	*ret_value = tw_json_get(json, key);
	return *ret_value ? 0 : tw_script_raised(tw_text_addf(&script->raised, "%s", key));
}

int tw_script_parse(struct tw_script *script, const struct tw_text *text, struct tw_json **ret_json)
{
	_cleanup_free_ char *error = NULL;
	int rc = tw_json_parse(text->data, text->len, ret_json, &error);

	if (rc != -EINVAL)
		return rc;
	return tw_script_raised(tw_text_addf(&script->raised, "%s", error));
}

/* ---- files ---- */

int tw_script_read(struct tw_script *script, struct tw_device_file *file, size_t limit,
	struct tw_text *text, bool *ret_more)
{
	int rc = tw_device_read_text(file, limit, text, ret_more);

	tw_device_drop(file);
	return rc ? tw_script_raise_errno(script, rc) : 0;
}

/*
 * The firmware gets -1 instead of a file below /bak. It opens the source next,
 * and trips over the number when it writes the first piece, or closes.
 */
static int copy_to_refused(struct tw_script *script, const char *source)
{
	struct tw_device_file from;
	char byte;
	int64_t got;
	int rc = tw_device_open_read(script->device, source, &from);

	if (rc)
		return tw_script_raise_errno(script, rc);
	got = twinfs_volume_read(from.volume, from.ino, &byte, 1, 0);
	tw_device_drop(&from);
	if (got < 0)
		return tw_script_raise_errno(script, (int)got);
	return tw_script_raised(tw_text_addf(&script->raised, "'int' object has no attribute '%s'",
		got ? "write" : "close"));
}

/* Opens @target and copies as much as can be read. 0: it is open, @ret_unread says how it went. */
static int copy_into(struct tw_script *script, const char *target, const char *source,
	struct tw_device_file *ret_to, int *ret_unread)
{
	struct tw_device_file from;
	int rc = tw_device_open_write(script->device, target, ret_to);

	if (rc == -EACCES)
		return copy_to_refused(script, source);
	if (rc)
		return tw_script_raise_errno(script, rc);
	*ret_unread = tw_device_open_read(script->device, source, &from);
	if (*ret_unread)
		return 0;
	rc = tw_device_copy_content(&from, ret_to, ret_unread);
	tw_device_drop(&from);
	if (rc)
		tw_device_drop(ret_to);
	return tw_script_raise_errno(script, rc);
}

/*
 * Where the source fails, the firmware forgets the open target, and its garbage
 * collector closes that: what was written is committed, be it nothing. Where the
 * target could not be written, littlefs commits nothing.
 */
int tw_script_copy_in_place(struct tw_script *script, const char *target, const char *source)
{
	struct tw_device_file to;
	int unread, closed, rc = copy_into(script, target, source, &to, &unread);

	if (rc)
		return rc;
	closed = tw_device_close(&to);
	return tw_script_raise_errno(script,
		unread && !tw_device_is_fatal(closed) ? unread : closed);
}

/* The same, but that the target stays what it was when the source fails. */
static int copy_in_place_safely(struct tw_script *script, const char *target, const char *source)
{
	struct tw_device_file to;
	int unread, rc = copy_into(script, target, source, &to, &unread);

	if (rc)
		return rc;
	if (!unread)
		return tw_script_raise_errno(script, tw_device_close(&to));
	tw_device_drop(&to);
	return tw_script_raise_errno(script, unread);
}

/* The name beside @path, in the same directory; NULL: out of memory. free() it. */
static char *beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(tw_text_release) struct tw_text text = {0};

	if (tw_text_add(&text, path, slash ? (size_t)(slash + 1 - path) : 0) ||
		tw_text_add(&text, BESIDE, strlen(BESIDE)))
		return NULL;
	return tw_steal(&text.data);
}

static int copy_beside(struct tw_script *script, const char *target, const char *source)
{
	_cleanup_free_ char *path = beside(target);
	int rc, removed;

	if (!path)
		return -ENOMEM;
	rc = copy_in_place_safely(script, path, source);
	if (!rc)
		rc = tw_script_raise_errno(script, tw_device_rename(script->device, path, target));
	if (rc != TW_RAISED)
		return rc;
	removed = tw_device_remove(script->device, path);
	return tw_device_is_fatal(removed) ? removed : rc;
}

int tw_script_copy(struct tw_script *script, const char *target, const char *source)
{
	bool exists;
	int rc;

	if (!tw_script_is_safe(script))
		return tw_script_copy_in_place(script, target, source);
	rc = tw_device_exists(script->device, target, &exists);
	if (rc)
		return rc;
	return exists ? copy_in_place_safely(script, target, source)
		      : copy_beside(script, target, source);
}

int tw_script_sweep(struct tw_script *script, const char *path)
{
	_cleanup_free_ char *left = tw_script_is_safe(script) ? beside(path) : NULL;
	int rc;

	if (!tw_script_is_safe(script))
		return 0;
	if (!left)
		return -ENOMEM;
	rc = tw_device_remove(script->device, left);
	return tw_device_is_fatal(rc) ? rc : 0;
}
