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

#include "base/array.h"
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
	tw_boots_release(&outcome->boots);
	tw_shown_release(&outcome->tree);
	tw_verdict_free(outcome->verdict);
	free(outcome->issues);
	tw_boot_ops_release(&outcome->ops);
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

	va_start(args, format);
	len = vasprintf(&issue.text, format, args);
	va_end(args);
	if (len < 0)
		issue.text = NULL; /* is undefined then */
	if (!issue.subject || !issue.text ||
		tw_array_grow(&outcome->issues, &outcome->issue_room, outcome->issue_count)) {
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

/* The volume that @unit is a block of; NULL: none, or blocks are not units. */
static const struct twinfs_volume_config *volume_at(const struct tw_rig *rig, uint64_t addr)
{
	for (int part = TWINFS_PART_USER; part <= TWINFS_PART_BACKUP; part++) {
		const struct twinfs_volume_config *config = &rig->parts[part].config;

		if (rig->parts[part].present && addr >= config->addr &&
			addr - config->addr < config->size)
			return config->block_size == rig->stage.unit_size ? config : NULL;
	}
	return NULL;
}

static bool is_of_secure(const struct tw_rig *rig, uint64_t addr)
{
	const struct twinfs_part_info *part = &rig->parts[TWINFS_PART_SECURE];

	return part->present && addr >= part->addr && addr - part->addr < part->size;
}

static bool glance(void *ctx, uint32_t unit, enum tw_view view, uint64_t *ret_sight)
{
	struct tw_rig *rig = ctx;
	uint64_t addr = (uint64_t)unit * rig->stage.unit_size;
	const struct twinfs_volume_config *config = volume_at(rig, addr);
	uint32_t block;

	if (is_of_secure(rig, addr))
		return !twinfs_secure_glance(rig->stage.flash, addr, ret_sight);
	if (!config)
		return false;
	block = (uint32_t)((addr - config->addr) / config->block_size);
	if (view == TW_VIEW_WHOLE)
		return !twinfs_volume_glance_whole(rig->stage.flash, config, block, ret_sight);
	return !twinfs_volume_glance(rig->stage.flash, config, block, ret_sight);
}

/* The stage's log has the bytes; only the module knows whom they are for, and only now. */
static void after(void *ctx, const struct twinfs_flash_op *op, uint32_t done, int rc,
	const uint8_t *cells)
{
	struct tw_rig *rig = ctx;

	(void)done, (void)rc, (void)cells;
	if (!rig->stage.is_running || !rig->stage.keeps_log || op->kind == TWINFS_FLASH_READ)
		return;
	rc = tw_boot_ops_add(&rig->ops, rig->module, op);
	if (rc && !rig->stage.rc)
		rig->stage.rc = rc;
}

int tw_rig_open(struct tw_rig *rig, const struct tw_trial_terms *terms, struct twinfs_error *err)
{
	struct twinfs_module_options options = terms->options->module;
	int rc;

	*rig = (struct tw_rig){.terms = *terms, .keeps_log = terms->options->depth > 1};
	options.image_flags = TWINFS_IMAGE_SCRATCH;
	options.keep_wear = false;
	rc = twinfs_module_open(&terms->options->source, &options, &rig->module, err);
	if (rc)
		return rc;
	for (int part = 0; part < TWINFS_PART_COUNT; part++)
		twinfs_module_part(rig->module, part, &rig->parts[part]);
	rc = tw_stage_init(&rig->stage, twinfs_module_image(rig->module),
		twinfs_module_flash(rig->module));
	if (!rc) {
		rig->hook = (struct twinfs_flash_hook){.after = after, .ctx = rig};
		rig->stage.hook.next = &rig->hook;
		twinfs_flash_set_hook(rig->stage.flash, &rig->stage.hook);
	}
	rig->stage.glance = glance;
	rig->stage.glance_ctx = rig;
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
	tw_boot_ops_release(&rig->ops);
	*rig = (struct tw_rig){0};
}
