/* SPDX-License-Identifier: MIT */
/*
 * boot_run.c - the boot script of generation 1: mount both volumes, restore,
 * apply an update of user files, make the settings file.
 *
 * Two things differ from the firmware, under every policy: the bytes of an
 * unmountable user partition are saved before it is formatted, and an
 * unmountable backup partition is not formatted at all; the boot goes on with
 * an empty one in memory, as the module would with the one it just made.
 */
#include "boot_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "report.h"
#include "restore.h"
#include "settings.h"
#include "update.h"
#include "volume_config.h"

/* More damaged copies than this are not kept beside one image. */
#define MOST_SAVED 10000

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* ---- the user partition ---- */

/* Whether mount failed in the way that makes the firmware format. */
static bool is_unmountable(int rc)
{
	return rc == -EUCLEAN || rc == -EBADMSG || rc == -ENOTSUP;
}

/* Writes @bytes to a new file PREFIX.damaged-N, with the first number that is free. */
static int save_numbered(const char *prefix, const uint8_t *bytes, uint64_t size, char **ret_path)
{
	for (int number = 1; number <= MOST_SAVED; number++) {
		_cleanup_free_ char *path = NULL;
		int rc;

		if (asprintf(&path, "%s.damaged-%d", prefix, number) < 0) {
			path = NULL; /* is undefined then */
			return -ENOMEM;
		}
		if (!faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW))
			continue;
		rc = tw_file_write(path, bytes, size, 0600, TW_FILE_NEW);
		if (rc == -EEXIST)
			continue;
		if (!rc)
			*ret_path = tw_steal(&path);
		return rc;
	}
	return -EEXIST;
}

static int save_user(struct tw_boot *boot, struct twinfs_error *err)
{
	const uint8_t *bytes;
	int rc = twinfs_flash_read(boot->flash, boot->user.addr, boot->user.size, &bytes);

	if (!rc)
		rc = save_numbered(boot->save_prefix, bytes, boot->user.size,
			&boot->report->user_saved);
	if (!rc)
		return 0;
	return tw_fail(err, TWINFS_P_BOOT, rc,
		"the damaged user partition cannot be saved as '%s.damaged-N', so it is not "
		"formatted: %s",
		boot->save_prefix, twinfs_strerror(rc));
}

static struct twinfs_volume_config format_config(const struct tw_boot *boot,
	const struct twinfs_volume_config *config)
{
	struct twinfs_volume_config it = *config;

	if (!it.block_size)
		it.block_size = boot->profile->block_size;
	/* What was there may have been of the version that the firmware only mounts. */
	if (it.disk_version >> 16 != boot->profile->format)
		tw_profile_configure(boot->profile, boot->profile->format, 0, &it);
	return it;
}

static int format_user(struct tw_boot *boot, struct twinfs_error *err)
{
	struct twinfs_volume_config config = format_config(boot, &boot->user);
	int rc;

	if (!twinfs_flash_is_writable(boot->flash) || config.flags & TWINFS_VOLUME_READ_ONLY)
		return tw_fail(err, TWINFS_P_BOOT, -EROFS,
			"the user partition has no file system and cannot be formatted: read-only");
	rc = boot->save_prefix ? save_user(boot, err) : 0;
	if (!rc)
		rc = twinfs_volume_format(boot->flash, &config, err);
	if (rc)
		return rc;
	boot->report->user_formatted = true;
	return twinfs_volume_mount(boot->flash, &config, &boot->user_volume, err);
}

static int mount_user(struct tw_boot *boot, struct twinfs_error *err)
{
	struct twinfs_error why;
	int rc = twinfs_volume_mount(boot->flash, &boot->user, &boot->user_volume, &why);

	if (is_unmountable(rc))
		return format_user(boot, err);
	if (rc)
		*err = why;
	return rc;
}

/* ---- the backup partition ---- */

static int mount_stand_in(struct tw_boot *boot, struct twinfs_error *err)
{
	struct twinfs_volume_config config = format_config(boot, &boot->backup);
	int rc = twinfs_image_memory(config.size, &boot->stand_in.image);

	config.addr = 0;
	config.flags &= ~(unsigned)TWINFS_VOLUME_READ_ONLY;
	if (!rc)
		rc = twinfs_flash_new(boot->stand_in.image, twinfs_flash_config(boot->flash),
			&boot->stand_in.flash, err);
	if (!rc)
		rc = twinfs_volume_format(boot->stand_in.flash, &config, err);
	config.flags |= TWINFS_VOLUME_READ_ONLY;
	if (!rc)
		rc = twinfs_volume_mount(boot->stand_in.flash, &config, &boot->backup_volume, err);
	if (rc)
		return rc;
	boot->report->backup_replaced = true;
	return tw_report_hole(boot->report, TWINFS_HOLE_BACKUP_WIPED, false,
		"the backup partition cannot be mounted: the device formats it, and no file is "
		"ever restored again; here it is kept as it is");
}

static int mount_backup(struct tw_boot *boot, struct twinfs_error *err)
{
	struct twinfs_volume_config config = boot->backup;
	struct twinfs_error why;
	int rc;

	if (boot->backup_writable && twinfs_flash_is_writable(boot->flash))
		config.flags &= ~(unsigned)TWINFS_VOLUME_READ_ONLY;
	else
		config.flags |= TWINFS_VOLUME_READ_ONLY;
	rc = twinfs_volume_mount(boot->flash, &config, &boot->backup_volume, &why);
	if (is_unmountable(rc))
		return mount_stand_in(boot, err);
	if (rc)
		*err = why;
	return rc;
}

/* ---- the script ---- */

static unsigned count_pending(struct twinfs_volume *volume)
{
	struct twinfs_pending pending;

	twinfs_volume_pending(volume, &pending);
	return pending.orphans + pending.desyncs + pending.marks;
}

static int each_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	(void)ctx, (void)name, (void)stat;
	return 0;
}

/* The firmware's mount does not look at the root: the volume is there, all calls fail. */
static int check_root(struct tw_boot *boot)
{
	int rc = twinfs_volume_list(boot->user_volume, TWINFS_ROOT_INO, each_entry, NULL);

	if (rc != -EUCLEAN && rc != -EBADMSG)
		return rc == -ESHUTDOWN || rc == -ENOMEM ? rc : 0;
	return tw_report_hole(boot->report, TWINFS_HOLE_ROOT_DAMAGED, false,
		"the root directory of the user partition is damaged: the device mounts it, fails "
		"at every call and never formats it");
}

static int tell_mounted(struct tw_boot *boot, enum twinfs_part part, struct twinfs_volume *volume)
{
	return boot->mounted && volume ? boot->mounted(boot->ctx, part, volume) : 0;
}

static int mount_both(struct tw_boot *boot, struct twinfs_error *err)
{
	int rc = 0;

	if (boot->user.size)
		rc = mount_user(boot, err);
	if (!rc)
		rc = tell_mounted(boot, TWINFS_PART_USER, boot->user_volume);
	if (!rc && boot->user_volume) {
		boot->report->repaired_user = count_pending(boot->user_volume);
		rc = check_root(boot);
	}
	if (!rc && boot->backup.size)
		rc = mount_backup(boot, err);
	if (!rc)
		rc = tell_mounted(boot, TWINFS_PART_BACKUP, boot->backup_volume);
	if (!rc && boot->backup_volume)
		boot->report->repaired_backup = count_pending(boot->backup_volume);
	return rc;
}

/*
 * A firmware that restores opens both partitions before it attaches either:
 * where one is missing, its boot step fails and neither is there. The emulator
 * serves the one that exists all the same.
 */
static int run_script(struct tw_boot *boot)
{
	struct tw_device device = {boot->user_volume, boot->backup_volume, boot->flash};
	bool both = device.user && device.backup, mounted = both || !boot->profile->restores;
	int rc = tw_report_console(boot->report, mounted ? "mount." : "error ocurs in boot step.",
		"", 0);

	if (!rc && both && boot->profile->restores)
		rc = tw_restore_run(&device, boot->report);
	if (!rc && mounted && device.user && boot->profile->applies_updates)
		rc = tw_update_run(&device, boot->report);
	if (!rc && both && boot->profile->writes_settings)
		rc = tw_settings_run(&device, boot->report);
	return rc;
}

static void count_flash(const struct tw_boot *boot, const struct twinfs_flash_stats *before)
{
	struct twinfs_flash_stats after;

	twinfs_flash_stats(boot->flash, &after);
	boot->report->flash_programs = after.programs - before->programs;
	boot->report->flash_erases = after.erases - before->erases;
	boot->report->flash_ns = after.busy_ns - before->busy_ns;
}

/* Errors of the script come without a text of their own. */
static int fail_script(int rc, struct twinfs_error *err)
{
	if (rc == -EROFS)
		return tw_fail(err, TWINFS_P_BOOT, rc,
			"the boot has to write, but the image was opened read-only");
	return tw_fail(err, TWINFS_P_BOOT, rc, "the boot ended: %s", twinfs_strerror(rc));
}

int tw_boot_run(struct tw_boot *boot, struct twinfs_error *err)
{
	struct twinfs_error why = {0};
	uint64_t begun = now_ns();
	struct twinfs_flash_stats before;
	int rc;

	boot->user_volume = boot->backup_volume = NULL;
	boot->stand_in = (struct tw_stand_in){0};
	boot->report = tw_report_new(boot->policy);
	if (!boot->report)
		return tw_fail(err, TWINFS_P_BOOT, -ENOMEM, "out of memory");
	twinfs_flash_stats(boot->flash, &before);
	rc = mount_both(boot, &why);
	if (!rc)
		rc = run_script(boot);
	if (rc) {
		if (!why.code)
			(void)fail_script(rc, &why);
		if (err)
			*err = why;
		tw_boot_release(boot);
		twinfs_boot_report_free(tw_steal(&boot->report));
		return rc;
	}
	count_flash(boot, &before);
	boot->report->host_ns = now_ns() - begun;
	return 0;
}

void tw_boot_release(struct tw_boot *boot)
{
	twinfs_volume_unmount(tw_steal(&boot->user_volume));
	twinfs_volume_unmount(tw_steal(&boot->backup_volume));
	twinfs_flash_free(tw_steal(&boot->stand_in.flash));
	twinfs_image_close(tw_steal(&boot->stand_in.image));
}
