/* SPDX-License-Identifier: MIT */
/*
 * restore_copy.c - what the steps of the restore share: raising what the
 * firmware's Python would raise, and copying a file.
 */
#include "restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "device_errno.h"

/* Name of a copy that is not complete yet; safe policy only. */
#define BESIDE ".twinfs-restore"

/* ---- exceptions ---- */

bool tw_restore_is_safe(const struct tw_restore *run)
{
	return run->report->policy == TWINFS_POLICY_SAFE;
}

int tw_restore_raised(int rc)
{
	return rc ? rc : TW_RAISED;
}

void tw_restore_clear(struct tw_restore *run)
{
	tw_text_release(&run->raised);
}

int tw_restore_raise_errno(struct tw_restore *run, int code)
{
	if (code >= 0 || tw_device_is_fatal(code))
		return code;
	return tw_restore_raised(tw_device_errno_text(&run->raised, code));
}

int tw_restore_raise_subscript(struct tw_restore *run, const struct tw_json *json)
{
	const char *type = tw_json_type_name(json);

	if (json->kind == TW_JSON_LIST || json->kind == TW_JSON_STRING)
		return tw_restore_raised(tw_text_addf(&run->raised,
			"%s indices must be integers, not str",
			json->kind == TW_JSON_LIST ? type : "string"));
	return tw_restore_raised(tw_text_addf(&run->raised, "'%s' object isn't subscriptable",
		type));
}

/* ---- files ---- */

int tw_restore_read(struct tw_restore *run, struct tw_device_file *file, size_t limit,
	struct tw_text *text, bool *ret_more)
{
	int rc = tw_device_read_text(file, limit, text, ret_more);

	tw_device_drop(file);
	return rc ? tw_restore_raise_errno(run, rc) : 0;
}

/*
 * The firmware gets -1 instead of a file below /bak. It opens the source next,
 * and trips over the number when it writes the first piece, or closes.
 */
static int copy_to_refused(struct tw_restore *run, const char *source)
{
	struct tw_device_file from;
	char byte;
	int64_t got;
	int rc = tw_device_open_read(run->device, source, &from);

	if (rc)
		return tw_restore_raise_errno(run, rc);
	got = twinfs_volume_read(from.volume, from.ino, &byte, 1, 0);
	tw_device_drop(&from);
	if (got < 0)
		return tw_restore_raise_errno(run, (int)got);
	return tw_restore_raised(tw_text_addf(&run->raised, "'int' object has no attribute '%s'",
		got ? "write" : "close"));
}

static int copy_in_place(struct tw_restore *run, const char *target, const char *source)
{
	struct tw_device_file from, to;
	int rc = tw_device_open_write(run->device, target, &to);

	if (rc == -EACCES)
		return copy_to_refused(run, source);
	if (rc)
		return tw_restore_raise_errno(run, rc);
	rc = tw_device_open_read(run->device, source, &from);
	if (!rc) {
		rc = tw_device_copy_content(&from, &to);
		tw_device_drop(&from);
	}
	if (!rc)
		rc = tw_device_close(&to);
	else
		tw_device_drop(&to);
	return tw_restore_raise_errno(run, rc);
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

static int copy_beside(struct tw_restore *run, const char *target, const char *source)
{
	_cleanup_free_ char *path = beside(target);
	int rc, removed;

	if (!path)
		return -ENOMEM;
	rc = copy_in_place(run, path, source);
	if (!rc)
		rc = tw_restore_raise_errno(run, tw_device_rename(run->device, path, target));
	if (rc != TW_RAISED)
		return rc;
	removed = tw_device_remove(run->device, path);
	return tw_device_is_fatal(removed) ? removed : rc;
}

int tw_restore_copy(struct tw_restore *run, const char *target, const char *source)
{
	bool exists = true;
	int rc = 0;

	if (tw_restore_is_safe(run))
		rc = tw_device_exists(run->device, target, &exists);
	if (rc)
		return rc;
	return exists ? copy_in_place(run, target, source) : copy_beside(run, target, source);
}

int tw_restore_sweep(struct tw_restore *run, const char *path)
{
	_cleanup_free_ char *left = tw_restore_is_safe(run) ? beside(path) : NULL;
	int rc;

	if (!tw_restore_is_safe(run))
		return 0;
	if (!left)
		return -ENOMEM;
	rc = tw_device_remove(run->device, left);
	return tw_device_is_fatal(rc) ? rc : 0;
}
