/* SPDX-License-Identifier: MIT */
/*
 * module.h - one emulated module: its chip, volumes, SecureData and power.
 *
 * Opening a module finds its areas and touches nothing. Powering it on runs
 * the boot procedure; then its volumes are mounted. Powering off forgets what
 * was not synced, as a real module does.
 *
 * Lifetime  twinfs_module_open() .. twinfs_module_close(). Volumes and
 *           SecureData belong to the module and die with power_off.
 * Threads   power_on, power_off, record, record_stop and close need the module
 *           for themselves.
 * Source    behaviour of the generation 1 firmware, docs/device-differences.md.
 */
#ifndef TWINFS_MODULE_H
#define TWINFS_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/boot.h>
#include <twinfs/error.h>
#include <twinfs/fault.h>
#include <twinfs/flash.h>
#include <twinfs/image.h>
#include <twinfs/profile.h>
#include <twinfs/secure.h>
#include <twinfs/trace.h>
#include <twinfs/volume.h>

#ifdef __cplusplus
extern "C" {
#endif

struct twinfs_module;

/*
 * The three ways to name the areas of a module:
 *  1. @image alone: its GUID partition table says where they are, or the file
 *     is a loose littlefs, which then is the user partition;
 *  2. @image and @profile: a raw dump of a whole chip, areas from the profile
 *     (a file that starts with a superblock is still a loose littlefs, and a
 *     GUID partition table still wins);
 *  3. @user, @backup, @secure: loose partition files; at least one. A @secure
 *     file that does not exist is made (writable modules only).
 */
struct twinfs_source {
	const char *image;
	const char *user, *backup, *secure;
	const char *profile; /* name or file; NULL: "default" */
	uint32_t block_size; /* bytes; 0: detected, else the profile's */
	uint32_t prog_size;  /* bytes; 0: the profile's */
};

struct twinfs_module_options {
	unsigned image_flags; /* TWINFS_IMAGE_*: 0 reads only, SCRATCH is a dry run */
	enum twinfs_policy policy;
	const char *key_file;  /* of SecureData, or NULL */
	bool keep_wear;        /* load and save the wear file beside the image */
	unsigned volume_flags; /* TWINFS_VOLUME_MTIME, TWINFS_VOLUME_UPGRADE */
	int32_t block_cycles;  /* of version 2 volumes; 0: the profile's */
	bool backup_writable;  /* the backup volume can be written; the boot never does */
};

/* Which area. */
enum twinfs_part {
	TWINFS_PART_USER,
	TWINFS_PART_BACKUP,
	TWINFS_PART_SECURE,
	TWINFS_PART_COUNT,
};

/* What open found out about an area, without mounting it. */
struct twinfs_part_info {
	bool present;
	const char *name;     /* "customer_fs", "customer_backup_fs", "securedata" */
	const char *file;     /* host file it lies in */
	uint64_t addr;        /* on the chip */
	uint64_t file_offset; /* bytes into that file */
	uint64_t size;        /* bytes */
	bool has_superblock;  /* volumes: a littlefs was found */
	struct twinfs_superblock superblock;
	struct twinfs_volume_config config; /* volumes: how the module mounts it */
};

/*
 * Opens a module. All sizes are checked; nothing is written (but a missing
 * @secure file made).
 *
 * Returns 0, -EINVAL (@source names nothing, or too much), -EUCLEAN (no
 * partition table, no superblock and no profile; areas outside the file),
 * -ENOTSUP (a littlefs of a version that the firmware of the profile does not mount),
 * -EBUSY, and as twinfs_image_open(), twinfs_profile_load().
 */
TWINFS_API int twinfs_module_open(const struct twinfs_source *source,
	const struct twinfs_module_options *options, struct twinfs_module **ret_module,
	struct twinfs_error *err);

/* Powers off, saves the wear counters, closes all. NULL is allowed. */
TWINFS_API void twinfs_module_close(struct twinfs_module *module);

/*
 * Boots. On success the volumes are mounted and @ret_report says what
 * happened. The damaged user partition is saved beside its file before it is
 * formatted; when that fails, the boot fails and nothing is changed. An
 * unmountable backup partition is never written.
 *
 * Returns 0, -EALREADY (is on), -EIO, -ENOSPC, -EROFS (a read-only module
 * whose boot would have to write: use SCRATCH), -ESHUTDOWN, -ENOMEM.
 *
 * @ret_report  the module's own, as twinfs_module_last_boot(): valid until the
 *              next power_on or close; may be NULL
 *
 * After an emulated power cut the chip has power again.
 */
TWINFS_API int twinfs_module_power_on(struct twinfs_module *module,
	const struct twinfs_boot_report **ret_report, struct twinfs_error *err);

/* Unmounts; what was not synced is lost. Does nothing when off. */
TWINFS_API void twinfs_module_power_off(struct twinfs_module *module);
TWINFS_API bool twinfs_module_is_on(const struct twinfs_module *module);

/*
 * Says in one line what cut the power of the chip, TWINFS_FAULT_CAUSE_MAX bytes at
 * most. False, with "": it has power, also when the module was switched off in
 * good order.
 */
TWINFS_API bool twinfs_module_cause(const struct twinfs_module *module, char *buf, size_t size);

/* Voltage of the supply in mV: 3800, less during a brown-out, 0 when it was cut. */
TWINFS_API unsigned twinfs_module_supply_mv(const struct twinfs_module *module);

/* Report of the newest successful boot; NULL before the first. Owned by the module. */
TWINFS_API const struct twinfs_boot_report *
twinfs_module_last_boot(const struct twinfs_module *module);

/* Boots done since open. */
TWINFS_API uint64_t twinfs_module_boots(const struct twinfs_module *module);

/* NULL while off, or when the module has no such area. */
TWINFS_API struct twinfs_volume *twinfs_module_user(struct twinfs_module *module);
TWINFS_API struct twinfs_volume *twinfs_module_backup(struct twinfs_module *module);

/* Usable from twinfs_module_open() to close, on or off; NULL when the module has no SecureData. */
TWINFS_API struct twinfs_secure *twinfs_module_secure(struct twinfs_module *module);

/*
 * Why an area that is there is not open: it is sealed and no key file was
 * given, or it does not fit the chip. NULL when nothing is wrong.
 */
TWINFS_API const struct twinfs_error *
twinfs_module_secure_error(const struct twinfs_module *module);

TWINFS_API struct twinfs_image *twinfs_module_image(struct twinfs_module *module);
TWINFS_API struct twinfs_flash *twinfs_module_flash(struct twinfs_module *module);
TWINFS_API const struct twinfs_profile *twinfs_module_profile(const struct twinfs_module *module);
TWINFS_API void twinfs_module_part(const struct twinfs_module *module, enum twinfs_part part,
	struct twinfs_part_info *ret_info);

/* ---- recording ---- */

/*
 * Begins to record what happens to the chip, on or off, in the trace @path, which
 * must not exist yet. Recording goes on through boots until it is stopped or
 * the module is closed. Paths in marks begin with /usr and /bak.
 *
 * Returns 0, -EALREADY (is recording), and as twinfs_recorder_new().
 */
TWINFS_API int twinfs_module_record(struct twinfs_module *module, const char *path,
	struct twinfs_error *err);

/*
 * Ends the recording; does nothing when there is none. Returns as
 * twinfs_recorder_close(). Closing the module does it too, but cannot say
 * whether the trace is complete.
 */
TWINFS_API int twinfs_module_record_stop(struct twinfs_module *module, struct twinfs_error *err);
TWINFS_API bool twinfs_module_is_recording(const struct twinfs_module *module);

/* For notes, and to flush; NULL when nothing is recorded. Not to be closed. */
TWINFS_API struct twinfs_recorder *twinfs_module_recorder(const struct twinfs_module *module);

/*
 * The faults of the module's chip, made at the first call and plugged in while
 * there are rules. They outlive power_off, and see the next boot. Paths begin
 * with /usr or /bak; partitions are user, backup and secure, or as they are
 * called on the chip. While the module is off, paths are looked up in what the
 * image holds then. NULL: out of memory.
 */
TWINFS_API struct twinfs_faults *twinfs_module_faults(struct twinfs_module *module);

/*
 * State of the module as JSON: power, boots, policy, profile, partitions,
 * usage, flash operations, virtual time (docs/formats/status.md). free() it.
 */
TWINFS_API char *twinfs_module_status_json(struct twinfs_module *module);

/* Wear per erase unit as JSON (docs/formats/status.md). free() it. */
TWINFS_API char *twinfs_module_wear_json(struct twinfs_module *module);

/* ---- the device's hash ---- */

/*
 * The device's CRC of file content: CRC-32 with the register started at 0 and
 * the result inverted. @crc is 0xffffffff for the first piece, the result of
 * the previous piece after that.
 */
TWINFS_API uint32_t twinfs_device_crc(uint32_t crc, const void *data, size_t len);
#define TWINFS_DEVICE_CRC_INIT UINT32_C(0xffffffff)

/* ---- all hashes of one file, for listings ---- */

struct twinfs_file_hash {
	uint64_t size;       /* bytes hashed */
	uint32_t crc32;      /* the ordinary CRC-32 */
	uint32_t device_crc; /* the device's; of an empty file the device has none */
	char sha256[65];     /* lower-case digits and a NUL */
};

/*
 * Hashes the content of file @ino of @volume, opening and closing it.
 * 0, -ENOMEM, and as twinfs_volume_open() and twinfs_volume_view().
 */
TWINFS_API int twinfs_hash_file(struct twinfs_volume *volume, uint64_t ino,
	struct twinfs_file_hash *ret_hash);

#ifdef __cplusplus
}
#endif
#endif
