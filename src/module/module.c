/* SPDX-License-Identifier: MIT */
/*
 * module.c - the life of one emulated module: opened, powered on and off,
 * closed.
 *
 * The chip and SecureData live as long as the module is open; the volumes
 * only while it is on, because a boot mounts them and forgets nothing more
 * surely than a real module forgets its memory.
 */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "fault_site.h"
#include "record.h"
#include "source.h"
#include "watch.h"

static int no_memory(struct twinfs_error *err)
{
	return tw_fail(err, TWINFS_P_SOURCE, -ENOMEM, "out of memory");
}

static int open_chip(struct twinfs_module *module, const struct twinfs_source *source,
	struct twinfs_error *err)
{
	int rc = tw_source_open(source, &module->profile, module->image_flags, &module->image,
		module->parts, err);

	if (rc)
		return rc;
	/* What the profile says of the chip becomes what this chip really is. */
	rc = tw_source_fit_chip(module->parts, &module->profile.flash, err);
	if (rc)
		return rc;
	rc = twinfs_flash_new(module->image, &module->profile.flash, &module->flash, err);
	return rc ? tw_fail_file(err, twinfs_image_path(module->image, 0), rc) : 0;
}

/* What the profile does not say of the volumes, because the user does. */
static void adjust_volumes(struct twinfs_module *module,
	const struct twinfs_module_options *options)
{
	for (int part = TWINFS_PART_USER; part <= TWINFS_PART_BACKUP; part++) {
		struct twinfs_volume_config *config = &module->parts[part].config;

		config->flags |= options->volume_flags;
		if (options->block_cycles)
			config->block_cycles = options->block_cycles;
	}
}

static int open_secure(struct twinfs_module *module, struct twinfs_error *err)
{
	const struct twinfs_part_info *info = &module->parts[TWINFS_PART_SECURE];
	int rc;

	if (!info->present)
		return 0;
	rc = twinfs_secure_open(module->flash, info->addr, info->size, module->key_file,
		&module->secure, &module->secure_error);
	if (!rc)
		return 0;
	(void)tw_fail_file(&module->secure_error, info->file, rc);
	/* Files can be looked at without the key of the slots; a wrong key is a mistake. */
	if (!module->key_file && (rc == -EACCES || rc == -EINVAL))
		return 0;
	if (err)
		*err = module->secure_error;
	return rc;
}

/* The counters lie beside the first file; without them all units count as new. */
static int load_wear(struct twinfs_module *module, struct twinfs_error *err)
{
	if (asprintf(&module->wear_path, "%s.wear", twinfs_image_path(module->image, 0)) < 0) {
		module->wear_path = NULL;
		return no_memory(err);
	}
	(void)twinfs_flash_load_wear(module->flash, module->wear_path, NULL);
	return 0;
}

static int open_parts(struct twinfs_module *module, const struct twinfs_source *source,
	const struct twinfs_module_options *options, struct twinfs_error *err)
{
	int rc = twinfs_profile_load(source->profile, &module->profile, err);

	if (rc)
		return rc;
	module->policy = options->policy;
	module->backup_writable = options->backup_writable;
	module->image_flags = options->image_flags;
	if (options->key_file) {
		module->key_file = strdup(options->key_file);
		if (!module->key_file)
			return no_memory(err);
	}
	rc = open_chip(module, source, err);
	adjust_volumes(module, options);
	if (!rc)
		rc = open_secure(module, err);
	if (!rc && options->keep_wear)
		rc = load_wear(module, err);
	return rc;
}

int twinfs_module_open(const struct twinfs_source *source,
	const struct twinfs_module_options *options, struct twinfs_module **ret_module,
	struct twinfs_error *err)
{
	struct twinfs_module *module = calloc(1, sizeof(*module));
	int rc;

	if (!module)
		return no_memory(err);
	rc = open_parts(module, source, options, err);
	if (rc) {
		twinfs_module_close(module);
		return rc;
	}
	*ret_module = module;
	return 0;
}

/* Losing the counters is harmless, so a failure has nobody to tell. */
static void save_wear(const struct twinfs_module *module)
{
	struct twinfs_flash_stats stats;

	if (!module->wear_path || !(module->image_flags & TWINFS_IMAGE_WRITABLE))
		return;
	twinfs_flash_stats(module->flash, &stats);
	if (stats.erases)
		(void)twinfs_flash_save_wear(module->flash, module->wear_path, NULL);
}

void twinfs_module_close(struct twinfs_module *module)
{
	if (!module)
		return;
	twinfs_module_power_off(module);
	(void)twinfs_module_record_stop(module, NULL); /* who wants to know has stopped it */
	tw_fault_site_close(module);
	save_wear(module);
	twinfs_secure_close(module->secure);
	twinfs_flash_free(module->flash);
	twinfs_image_close(module->image);
	twinfs_boot_report_free(module->last_boot);
	free(module->wear_path);
	free(module->key_file);
	free(module);
}

static int mounted(void *ctx, enum twinfs_part part, struct twinfs_volume *volume)
{
	return tw_watch_volume(ctx, part, volume);
}

int twinfs_module_power_on(struct twinfs_module *module,
	const struct twinfs_boot_report **ret_report, struct twinfs_error *err)
{
	const struct twinfs_part_info *user = &module->parts[TWINFS_PART_USER];
	bool is_scratch = module->image_flags & TWINFS_IMAGE_SCRATCH;
	int rc;

	if (module->is_on)
		return tw_fail(err, TWINFS_P_BOOT, -EALREADY, "the module is on already");
	/* It may have gone in an emulated power cut. SecureData looks again by itself. */
	twinfs_flash_set_power(module->flash, true);
	tw_fault_site_power_on(module);
	module->boot = (struct tw_boot){
		.flash = module->flash,
		.profile = &module->profile,
		.policy = module->policy,
		.user = user->config,
		.backup = module->parts[TWINFS_PART_BACKUP].config,
		.backup_writable = module->backup_writable,
		.save_prefix = is_scratch ? NULL : user->file,
		.mounted = mounted,
		.ctx = module,
	};
	tw_record_boot_began(module);
	rc = tw_boot_run(&module->boot, err);
	tw_record_boot_ended(module, rc);
	if (rc)
		return tw_fail_file(err, twinfs_image_path(module->image, 0), rc);
	module->is_on = true;
	module->boots++;
	twinfs_boot_report_free(module->last_boot);
	module->last_boot = tw_steal(&module->boot.report);
	if (ret_report)
		*ret_report = module->last_boot;
	return 0;
}

void twinfs_module_power_off(struct twinfs_module *module)
{
	if (!module->is_on)
		return;
	tw_record_power_off(module);
	tw_boot_release(&module->boot);
	module->is_on = false;
}

bool twinfs_module_is_on(const struct twinfs_module *module)
{
	return module->is_on;
}

bool twinfs_module_cause(const struct twinfs_module *module, char *buf, size_t size)
{
	const struct twinfs_faults *faults = tw_fault_site_faults(module);
	bool is_cut = !twinfs_flash_has_power(module->flash);

	if (!is_cut || !faults || !twinfs_faults_cause(faults, buf, size))
		(void)snprintf(buf, size, "%s", is_cut ? "the plug was pulled" : "");
	return is_cut;
}

unsigned twinfs_module_supply_mv(const struct twinfs_module *module)
{
	const struct twinfs_faults *faults = tw_fault_site_faults(module);

	if (!twinfs_flash_has_power(module->flash))
		return 0;
	return faults ? twinfs_faults_supply_mv(faults) : TWINFS_FAULT_SUPPLY_MV;
}

const struct twinfs_boot_report *twinfs_module_last_boot(const struct twinfs_module *module)
{
	return module->last_boot;
}

uint64_t twinfs_module_boots(const struct twinfs_module *module)
{
	return module->boots;
}

struct twinfs_volume *twinfs_module_user(struct twinfs_module *module)
{
	return module->is_on ? module->boot.user_volume : NULL;
}

struct twinfs_volume *twinfs_module_backup(struct twinfs_module *module)
{
	return module->is_on ? module->boot.backup_volume : NULL;
}

struct twinfs_secure *twinfs_module_secure(struct twinfs_module *module)
{
	return module->secure;
}

const struct twinfs_error *twinfs_module_secure_error(const struct twinfs_module *module)
{
	return module->secure_error.code ? &module->secure_error : NULL;
}

struct twinfs_image *twinfs_module_image(struct twinfs_module *module)
{
	return module->image;
}

struct twinfs_flash *twinfs_module_flash(struct twinfs_module *module)
{
	return module->flash;
}

const struct twinfs_profile *twinfs_module_profile(const struct twinfs_module *module)
{
	return &module->profile;
}

void twinfs_module_part(const struct twinfs_module *module, enum twinfs_part part,
	struct twinfs_part_info *ret_info)
{
	*ret_info = module->parts[part];
}
