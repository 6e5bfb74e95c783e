/* SPDX-License-Identifier: MIT */
/*
 * settings.c - system_config.json, which the boot script reads or makes.
 *
 * A power cut while the firmware creates it leaves it empty, and an empty one
 * kills the boot script for good. The safe policy makes it beside and renames,
 * and makes an empty one anew; one with other content is the user's, and stays.
 */
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "device_errno.h"
#include "loose_json.h"
#include "report.h"

#define NAME    "system_config.json"
#define PATH    "/usr/" NAME
#define BESIDE  "/usr/.twinfs-settings"
#define CONTENT "{\"replFlag\": 0}"

struct step {
	const struct tw_device *device;
	struct twinfs_boot_report *report;
};

/* What the interpreter prints for an exception that nobody catches. */
static int print_traceback(struct step *step, const char *type, const char *text)
{
	_cleanup_(tw_text_release) struct tw_text line = {0};
	int rc = tw_text_addf(&line, "%s: %s", type, text);

	if (!rc)
		rc = tw_report_console(step->report, "Traceback (most recent call last):", "", 0);
	return rc ? rc : tw_report_console(step->report, "", line.data, line.len);
}

static int die(struct step *step, const char *type, const char *text)
{
	int rc = print_traceback(step, type, text);

	return rc ? rc
		  : tw_report_hole(step->report, TWINFS_HOLE_SETTINGS, false,
			    NAME ": the boot script dies of '%s: %s'", type, text);
}

static int die_of_errno(struct step *step, int code)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};

	if (tw_device_is_fatal(code))
		return code;
	return tw_device_errno_text(&text, code) ? -ENOMEM : die(step, "OSError", text.data);
}

static int find_settings(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	bool *found = ctx;

	(void)stat;
	*found |= !strcmp(name, NAME);
	return 0;
}

static int write_to(struct step *step, const char *path)
{
	return tw_device_replace(step->device, path, CONTENT, strlen(CONTENT));
}

static int write_beside(struct step *step)
{
	int rc = write_to(step, BESIDE), removed;

	if (!rc)
		rc = tw_device_rename(step->device, BESIDE, PATH);
	if (!rc || tw_device_is_fatal(rc))
		return rc;
	removed = tw_device_remove(step->device, BESIDE);
	return tw_device_is_fatal(removed) ? removed : rc;
}

static int create_settings(struct step *step)
{
	bool safe = step->report->policy == TWINFS_POLICY_SAFE;
	int rc = safe ? write_beside(step) : write_to(step, PATH);

	step->report->settings_created = !rc;
	return rc ? die_of_errno(step, rc) : 0;
}

/* Safe policy: an empty file is what a power cut left of the firmware's own. */
static int mend_empty(struct step *step)
{
	int rc = write_to(step, PATH);

	if (rc)
		return die_of_errno(step, rc);
	step->report->settings_created = true;
	return tw_report_hole(step->report, TWINFS_HOLE_SETTINGS, true,
		NAME " was empty, of which the boot script dies: made anew");
}

static int parse_settings(struct step *step, const struct tw_text *text)
{
	_cleanup_(tw_text_release) struct tw_text message = {0};
	_cleanup_free_ char *error = NULL;
	struct tw_json *json = NULL;
	int rc = tw_json_parse(text->data, text->len, &json, &error);

	if (rc == -EINVAL)
		return die(step, "ValueError", error);
	if (rc)
		return rc;
	if (json->kind != TW_JSON_DICT)
		rc = tw_text_addf(&message, "'%s' object has no attribute 'get'",
			tw_json_type_name(json));
	tw_json_free(json);
	return rc || !message.data ? rc : die(step, "AttributeError", message.data);
}

static int read_settings(struct step *step)
{
	_cleanup_(tw_text_release) struct tw_text text = {0};
	struct tw_device_file file;
	bool more = false;
	int rc = tw_device_open_read(step->device, PATH, &file);

	if (rc)
		return die_of_errno(step, rc);
	rc = tw_device_read_text(&file, TW_JSON_MAX, &text, &more);
	tw_device_drop(&file);
	if (rc)
		return die_of_errno(step, rc);
	if (more)
		return die(step, "MemoryError", "memory allocation failed");
	if (!text.len && step->report->policy == TWINFS_POLICY_SAFE)
		return mend_empty(step);
	return parse_settings(step, &text);
}

int tw_settings_run(const struct tw_device *device, struct twinfs_boot_report *report)
{
	struct step step = {device, report};
	bool found = false;
	int rc = 0;

	if (report->policy == TWINFS_POLICY_SAFE)
		rc = tw_device_remove(device, BESIDE);
	if (tw_device_is_fatal(rc))
		return rc;
	rc = twinfs_volume_list(device->user, TWINFS_ROOT_INO, find_settings, &found);
	if (rc)
		return die_of_errno(&step, rc);
	return found ? read_settings(&step) : create_settings(&step);
}
