/* SPDX-License-Identifier: MIT */
/*
 * trial.c - what trials work on, and what they find out.
 */
#include "trial.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

void tw_known_release(struct tw_known *known)
{
	for (size_t i = 0; i < known->name_count; i++)
		free(known->names[i]);
	free(known->names);
	*known = (struct tw_known){0};
}

/* ---- outcomes ---- */

void tw_outcome_drop_issues(struct tw_outcome *outcome)
{
	for (size_t i = 0; i < outcome->issue_count; i++) {
		free(outcome->issues[i].subject);
		free(outcome->issues[i].text);
	}
	outcome->issue_count = 0;
}

void tw_outcome_free(struct tw_outcome *outcome)
{
	if (!outcome)
		return;
	tw_outcome_drop_issues(outcome);
	for (size_t i = 0; i < outcome->report_count; i++)
		twinfs_boot_report_free(outcome->reports[i]);
	tw_shown_release(&outcome->tree);
	tw_verdict_free(outcome->verdict);
	free(outcome->issues);
	free(outcome->steps);
	free(outcome->relapses);
	free(outcome);
}

int tw_outcome_add(struct tw_outcome *outcome, enum twinfs_finding_kind kind, const char *subject,
	const char *format, ...)
{
	struct tw_issue issue = {.kind = kind, .subject = strdup(subject)};
	va_list args;
	int len;

	if (outcome->issue_count == outcome->issue_room) {
		size_t room = outcome->issue_room ? 2 * outcome->issue_room : 4;
		struct tw_issue *more = reallocarray(outcome->issues, room, sizeof(*more));

		if (more) {
			outcome->issues = more;
			outcome->issue_room = room;
		}
	}
	va_start(args, format);
	len = vasprintf(&issue.text, format, args);
	va_end(args);
	if (len < 0)
		issue.text = NULL; /* is undefined then */
	if (!issue.subject || !issue.text || outcome->issue_count == outcome->issue_room) {
		free(issue.subject);
		free(issue.text);
		return -ENOMEM;
	}
	outcome->issues[outcome->issue_count++] = issue;
	return 0;
}

/* ---- the rig ---- */

/* What mounting and checking read at once of a volume, though they look at its head only. */
static void set_wide(struct tw_rig *rig, unsigned which, enum twinfs_part part)
{
	const struct twinfs_volume_config *config = &rig->parts[part].config;

	if (rig->parts[part].present)
		rig->stage.wide[which] = (struct tw_stage_range){
			config->addr, config->size, 2ull * config->block_size};
}

int tw_rig_open(struct tw_rig *rig, const struct tw_trial_terms *terms, struct twinfs_error *err)
{
	struct twinfs_module_options options = terms->options->module;
	int rc;

	*rig = (struct tw_rig){.terms = *terms};
	options.image_flags = TWINFS_IMAGE_SCRATCH;
	options.keep_wear = false;
	rc = twinfs_module_open(&terms->options->source, &options, &rig->module, err);
	if (rc)
		return rc;
	for (int part = 0; part < TWINFS_PART_COUNT; part++)
		twinfs_module_part(rig->module, part, &rig->parts[part]);
	rc = tw_stage_init(&rig->stage, twinfs_module_image(rig->module),
		twinfs_module_flash(rig->module));
	set_wide(rig, 0, TWINFS_PART_USER);
	set_wide(rig, 1, TWINFS_PART_BACKUP);
	return rc;
}

void tw_rig_close(struct tw_rig *rig)
{
	if (rig->module)
		twinfs_module_power_off(rig->module);
	tw_stage_release(&rig->stage);
	twinfs_module_close(rig->module);
	tw_shown_release(&rig->scratch);
	*rig = (struct tw_rig){0};
}
