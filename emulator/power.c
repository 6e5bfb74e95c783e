/* SPDX-License-Identifier: MIT */
/*
 * power.c - the trees live from power-on to power-off.
 *
 * Each boot gives its objects numbers above all that were used before, so
 * that what the kernel remembers of an earlier boot can only be stale, never
 * another object.
 */
#include "power.h"

#include <errno.h>
#include <stdio.h>

#include "fuse_worker.h"
#include "tell.h"

void tw_emu_leave(struct tw_emu_ref *ref)
{
	struct tw_emu *emu = ref->emu;
	bool is_cut;

	if (!emu)
		return;
	is_cut = ref->overlay && !twinfs_flash_has_power(emu->flash);
	(void)pthread_rwlock_unlock(&emu->power);
	ref->emu = NULL;
	if (is_cut)
		tw_emu_worker_cut(emu->worker);
}

static int map_ino(const struct tw_emu_tree *tree, uint64_t ino, uint64_t *ret_ino)
{
	uint64_t overlay_ino = tw_emu_ino_overlay(ino);

	if (tw_emu_is_tree_root(ino))
		overlay_ino = tree->first_ino;
	else if (overlay_ino <= tree->first_ino)
		return -ESTALE;
	*ret_ino = overlay_ino;
	return 0;
}

int tw_emu_enter(struct tw_emu *emu, uint64_t ino, struct tw_emu_ref *ret_ref)
{
	enum tw_emu_tree_id id = tw_emu_ino_tree(ino);
	struct tw_emu_ref ref = {.emu = emu};
	int rc;

	if (id == TW_EMU_NO_TREE)
		return -EPERM;
	ref.tree = &emu->trees[id];
	(void)pthread_rwlock_rdlock(&emu->power);
	ref.overlay = ref.tree->overlay;
	/* after a cut the trees are there a moment longer, and nobody may see them */
	rc = ref.overlay && twinfs_flash_has_power(emu->flash) ? map_ino(ref.tree, ino, &ref.ino)
							       : -ESHUTDOWN;
	if (rc < 0) {
		tw_emu_leave(&ref);
		return rc;
	}
	*ret_ref = ref;
	return 0;
}

int tw_emu_ref_other(const struct tw_emu_ref *ref, uint64_t ino, uint64_t *ret_ino)
{
	enum tw_emu_tree_id id = tw_emu_ino_tree(ino);

	if (id == TW_EMU_NO_TREE)
		return -EPERM;
	if (&ref->emu->trees[id] != ref->tree)
		return -EXDEV;
	return map_ino(ref->tree, ino, ret_ino);
}

uint64_t tw_emu_ref_ino(const struct tw_emu_ref *ref, uint64_t overlay_ino)
{
	enum tw_emu_tree_id id = (enum tw_emu_tree_id)(ref->tree - ref->emu->trees);

	if (overlay_ino == ref->tree->first_ino)
		return tw_emu_tree_root(id);
	return tw_emu_ino_join(id, overlay_ino);
}

static void close_trees(struct tw_emu *emu)
{
	for (size_t i = 0; i < TW_EMU_TREES; i++) {
		struct tw_emu_tree *tree = &emu->trees[i];

		if (!tree->overlay)
			continue;
		tree->first_ino = twinfs_overlay_next_ino(tree->overlay);
		twinfs_overlay_free(tree->overlay);
		tree->overlay = NULL;
	}
}

static int open_tree(struct tw_emu_tree *tree, struct twinfs_overlay_config *config)
{
	int rc;

	if (!tree->present)
		return 0;
	config->first_ino = tree->first_ino;
	rc = twinfs_overlay_new(config, &tree->overlay);
	if (rc == 0)
		tree->block_size = twinfs_overlay_block_size(tree->overlay);
	return rc;
}

static int open_trees(struct tw_emu *emu)
{
	struct twinfs_volume *backup = twinfs_module_backup(emu->module);
	bool is_writable = emu->options->module.backup_writable;
	struct twinfs_overlay_config usr = {
		.upper = twinfs_module_user(emu->module),
		.lower = emu->options->view == TW_VIEW_OVERLAY ? backup : NULL,
		.lower_path = "/usr",
		.lower_changes = is_writable,
	};
	struct twinfs_overlay_config bak = {
		.upper = is_writable ? backup : NULL,
		.lower = is_writable ? NULL : backup,
	};
	int rc = open_tree(&emu->trees[TW_EMU_USR], &usr);

	return rc < 0 ? rc : open_tree(&emu->trees[TW_EMU_BAK], &bak);
}

/* What a person should know about a boot; all of it is in .twinfs/boot. */
static void log_boot(struct tw_emu *emu)
{
	const struct twinfs_boot_report *report = twinfs_module_last_boot(emu->module);
	size_t restored = 0;

	if (!report)
		return;
	for (size_t i = 0; i < report->file_count; i++)
		restored += report->files[i].verdict == TWINFS_VERDICT_RESTORED;
	tw_emu_log(&emu->log, TW_EMU_INFO, "booted: %zu protected file%s, %zu restored",
		report->file_count, report->file_count == 1 ? "" : "s", restored);
	if (report->user_formatted)
		tw_emu_log(&emu->log, TW_EMU_WARNING,
			"the user partition could not be mounted and was formatted; saved as '%s'",
			report->user_saved ? report->user_saved : "");
	for (size_t i = 0; i < report->hole_count; i++)
		tw_emu_log(&emu->log, TW_EMU_WARNING, "%s%s", report->holes[i].text,
			report->holes[i].closed ? " (mended)" : "");
}

static void tell_cut(struct tw_emu *emu)
{
	char cause[TWINFS_FAULT_CAUSE_MAX];

	(void)twinfs_module_cause(emu->module, cause, sizeof(cause));
	tw_emu_tell_cut(emu, cause);
	tw_emu_log(&emu->log, TW_EMU_WARNING, "power cut: %s", cause);
}

/* -ESHUTDOWN: the power was cut in the middle of the boot. */
static int start(struct tw_emu *emu, struct twinfs_error *err)
{
	int rc = twinfs_module_power_on(emu->module, NULL, err);

	if (rc < 0 && !twinfs_flash_has_power(emu->flash)) {
		tell_cut(emu);
		return -ESHUTDOWN;
	}
	if (rc < 0)
		return rc;
	rc = open_trees(emu);
	if (rc < 0) {
		close_trees(emu);
		twinfs_module_power_off(emu->module);
		*err = (struct twinfs_error){
			.problem = TWINFS_P_BOOT,
			.code = rc,
			.block = TWINFS_NO_BLOCK,
			.addr = TWINFS_NO_ADDR,
			.text = "the volumes cannot be shown",
		};
		return rc;
	}
	log_boot(emu);
	tw_emu_tell_boot(emu);
	return 0;
}

static void stop(struct tw_emu *emu)
{
	close_trees(emu);
	twinfs_module_power_off(emu->module);
}

int tw_emu_power_start(struct tw_emu *emu, struct twinfs_error *err)
{
	struct twinfs_part_info user, backup;
	int rc;

	twinfs_module_part(emu->module, TWINFS_PART_USER, &user);
	twinfs_module_part(emu->module, TWINFS_PART_BACKUP, &backup);
	emu->trees[TW_EMU_USR].present =
		user.present || (backup.present && emu->options->view == TW_VIEW_OVERLAY);
	emu->trees[TW_EMU_BAK].present = backup.present;
	for (size_t i = 0; i < TW_EMU_TREES; i++)
		emu->trees[i].first_ino = TW_EMU_FIRST_INO;
	emu->restarts_left = emu->options->auto_restarts;
	rc = start(emu, err);
	if (rc != -ESHUTDOWN)
		return rc;
	tw_emu_power_recover(emu);
	return 0;
}

static int switch_locked(struct tw_emu *emu, enum tw_emu_word word, struct twinfs_error *err)
{
	bool is_on = twinfs_module_is_on(emu->module);

	if (is_on && word != TW_EMU_ON) {
		stop(emu);
		tw_emu_tell_off(emu, word == TW_EMU_RESTART);
	}
	if (word == TW_EMU_OFF || (is_on && word == TW_EMU_ON))
		return 0;
	if (word == TW_EMU_RESTART && emu->options->attendant)
		return 0;
	return start(emu, err);
}

int tw_emu_power_switch(struct tw_emu *emu, enum tw_emu_word word)
{
	static const char *const texts[] = {
		[TW_EMU_RESTART] = "restart",
		[TW_EMU_OFF] = "power off",
		[TW_EMU_ON] = "power on",
	};
	struct twinfs_error err = {0};
	int rc;

	tw_emu_log(&emu->log, TW_EMU_INFO, "%s", texts[word]);
	(void)pthread_rwlock_wrlock(&emu->power);
	rc = switch_locked(emu, word, &err);
	(void)pthread_rwlock_unlock(&emu->power);
	if (rc < 0 && rc != -ESHUTDOWN) {
		if (!*err.text)
			(void)snprintf(err.text, sizeof(err.text), "%s", twinfs_strerror(rc));
		tw_emu_tell_boot_failed(emu, err.text);
		tw_emu_log(&emu->log, TW_EMU_ERROR, "the module does not boot: %s", err.text);
	}
	return rc;
}

void tw_emu_power_lose(struct tw_emu *emu)
{
	(void)pthread_rwlock_wrlock(&emu->power);
	if (twinfs_module_is_on(emu->module) && !twinfs_flash_has_power(emu->flash)) {
		stop(emu);
		tell_cut(emu);
	}
	(void)pthread_rwlock_unlock(&emu->power);
}

void tw_emu_power_recover(struct tw_emu *emu)
{
	/* on, but without power: a request met the next cut already, and the worker hears of it */
	while (emu->restarts_left && !twinfs_module_is_on(emu->module) &&
		!twinfs_flash_has_power(emu->flash)) {
		emu->restarts_left--;
		(void)tw_emu_power_switch(emu, TW_EMU_ON); /* a cut in the boot comes here again */
	}
	if (emu->options->auto_restarts && !emu->restarts_left &&
		!twinfs_module_is_on(emu->module) && !twinfs_flash_has_power(emu->flash))
		tw_emu_log(&emu->log, TW_EMU_WARNING,
			"all %u of --auto-restart are used up: the power stays off",
			emu->options->auto_restarts);
}

void tw_emu_power_pull(struct tw_emu *emu)
{
	(void)pthread_rwlock_rdlock(&emu->power);
	if (twinfs_module_is_on(emu->module))
		twinfs_flash_set_power(emu->flash, false);
	(void)pthread_rwlock_unlock(&emu->power);
}

static int sync_volume(const struct tw_emu *emu, struct twinfs_volume *volume)
{
	if (!volume || !twinfs_flash_has_power(emu->flash)) /* it is lost, as was said */
		return 0;
	return twinfs_volume_sync_all(volume);
}

int tw_emu_power_stop(struct tw_emu *emu)
{
	int rc = sync_volume(emu, twinfs_module_user(emu->module));

	if (rc == 0 && emu->options->module.backup_writable)
		rc = sync_volume(emu, twinfs_module_backup(emu->module));
	stop(emu);
	return rc;
}
