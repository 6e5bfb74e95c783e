/* SPDX-License-Identifier: MIT */
/*
 * firmware.h - firmware packages: what the vendor's tools flash modules with.
 *
 * A package brings the images of the user and the backup partition, among many
 * other things that are carried along and never interpreted. Packages are
 * recognised by content: zip archives, zip archives in a zip archive, folders.
 *
 * Nothing in a package is believed: what contradicts itself, or would take
 * more memory or disk than its size justifies, is refused.
 *
 * Lifetime  twinfs_package_open() .. twinfs_package_close(); names and members
 *           belong to the package.
 * Threads   one thread a package.
 * Source    docs/formats/package.md; zip: PKWARE's APPNOTE 6.3.
 */
#ifndef TWINFS_FIRMWARE_H
#define TWINFS_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/error.h>
#include <twinfs/flash.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- platforms ---- */

/* What the firmware of a platform does about SecureData. */
enum twinfs_platform_secure {
	TWINFS_PLATFORM_UNKNOWN,
	TWINFS_PLATFORM_KEEPS, /* it has the feature: the area outlives flashing */
	TWINFS_PLATFORM_LOSES, /* it has not: what lies there may be overwritten */
};

struct twinfs_platform {
	const char *name;
	const char *profile; /* a built-in one, or NULL: there is none for it */
	enum twinfs_platform_secure secure;
};

/* The platform called @name, case aside. NULL: not known. */
TWINFS_API const struct twinfs_platform *twinfs_platform_find(const char *name);

/* ---- packages ---- */

struct twinfs_package;

enum twinfs_package_kind {
	TWINFS_PACKAGE_ZIP,    /* a zip archive; whether it is firmware is not known */
	TWINFS_PACKAGE_ASR,    /* one with system.img in it */
	TWINFS_PACKAGE_BUNDLE, /* one with platform_config.json, and the platform's own package
				* in it */
	TWINFS_PACKAGE_EIGEN,  /* a folder with quec_download_config.ini */
	TWINFS_PACKAGE_FOLDER, /* another folder with the images as loose files */
	TWINFS_PACKAGE_LOOSE,  /* the image of one partition */
};

/* The images that a package brings. */
enum twinfs_firmware_image {
	TWINFS_FIRMWARE_USER,   /* customer_fs.bin */
	TWINFS_FIRMWARE_BACKUP, /* customer_backup_fs.bin */
	TWINFS_FIRMWARE_IMAGES,
};

struct twinfs_package_info {
	enum twinfs_package_kind kind;
	const char *platform; /* as the package says, or as its kind implies; "": unknown */
	const struct twinfs_platform *known;        /* what that is, or NULL */
	const char *inner;                          /* the member that the images are in, or NULL */
	const char *images[TWINFS_FIRMWARE_IMAGES]; /* members or files, or NULL */
	size_t count;                               /* of members; 0 of folders */
	uint64_t size, unpacked; /* bytes, of the archive and of all its members */
};

struct twinfs_package_member {
	const char *name;      /* any bytes; a directory's ends with '/' */
	uint64_t size, packed; /* bytes */
	uint64_t addr;         /* of its header in the archive */
	uint32_t crc;
	uint16_t method; /* 0 stored, 8 deflated */
	bool is_encrypted;
};

/* "zip", "asr", "bundle", "eigen", "folder", "loose". */
TWINFS_API const char *twinfs_package_kind_name(enum twinfs_package_kind kind);

/* "customer_fs.bin", "customer_backup_fs.bin". */
TWINFS_API const char *twinfs_firmware_image_name(enum twinfs_firmware_image image);

/*
 * Opens a package and reads its directory; of a bundle also the package in it.
 *
 * @path       a file of at most 1 GiB, or a folder
 * @max_bytes  most that all members together may unpack to, those of an inner
 *             package counted anew; 0: 256 MiB and 8 times the file's size
 *
 * Returns 0, -EUCLEAN (truncated, contradictory), -EBADMSG, -ENOTSUP (of a kind,
 * or with a feature, that is not supported), -EOVERFLOW (over @max_bytes),
 * -EFBIG, -ENOMEM, or an errno of the host.
 */
TWINFS_API int twinfs_package_open(const char *path, uint64_t max_bytes,
	struct twinfs_package **ret_package, struct twinfs_error *err);

/* NULL is allowed. */
TWINFS_API void twinfs_package_close(struct twinfs_package *package);

TWINFS_API void twinfs_package_info(const struct twinfs_package *package,
	struct twinfs_package_info *ret_info);

/* Member @index < info.count, in the order of the directory. */
TWINFS_API void twinfs_package_member(const struct twinfs_package *package, size_t index,
	struct twinfs_package_member *ret_member);

/*
 * Unpacks an image; free() @ret_data. Returns 0, -ENOENT (the package has none),
 * -EUCLEAN, -EBADMSG, -ENOTSUP, -EFBIG, -ENOMEM, or an errno of the host.
 */
TWINFS_API int twinfs_package_read_image(const struct twinfs_package *package,
	enum twinfs_firmware_image image, uint8_t **ret_data, size_t *ret_len,
	struct twinfs_error *err);

/* Unpacks every member and drops it: whether all are sound. Errors as of read_image. */
TWINFS_API int twinfs_package_verify(const struct twinfs_package *package,
	struct twinfs_error *err);

/*
 * Unpacks all members into the directory @dir, which must not exist or be
 * empty. It appears whole or not at all. Regular files and directories only;
 * no name can lead out of it.
 *
 * Returns 0, -EUCLEAN (a name that leads out, is no UTF-8, holds a backslash,
 * a control character or a drive; a symbolic link), -ENOTEMPTY, -EEXIST (it is a
 * file), -EBADMSG, -ENOTSUP, -ENOMEM, or an errno of the host.
 */
TWINFS_API int twinfs_package_unpack(const struct twinfs_package *package, const char *dir,
	struct twinfs_error *err);

struct twinfs_package_merge {
	const void *images[TWINFS_FIRMWARE_IMAGES]; /* NULL: that of the package stays */
	size_t lens[TWINFS_FIRMWARE_IMAGES];
	int64_t time;  /* of the changed members, seconds since 1970; 0: 1980-01-01 */
	bool replaces; /* @path may exist */
};

/*
 * Writes @path: the package with the images replaced or added, every other
 * member as it is, byte for byte. It appears whole or not at all. All members
 * are verified first.
 *
 * Returns 0, -EEXIST, -ENOTSUP (not a zip archive, or no firmware package),
 * -EOVERFLOW, -ENOMEM, or an errno of the host, and as twinfs_package_verify().
 */
TWINFS_API int twinfs_package_write(const struct twinfs_package *package,
	const struct twinfs_package_merge *merge, const char *path, struct twinfs_error *err);

/* ---- the name of a project ---- */

struct twinfs_project {
	char name[128], version[128]; /* PROJECT_NAME, PROJECT_VERSION: UTF-8 */
};

/*
 * Finds PROJECT_NAME and PROJECT_VERSION in @text, a main.py: assignments of
 * string constants at the top level; the last one counts. Nothing is executed.
 *
 * Returns 0, -ENOENT (one of them is not assigned), -EINVAL (something else is,
 * or the text cannot be part of a file name; the error names the line).
 */
TWINFS_API int twinfs_project_parse(const char *text, size_t len,
	struct twinfs_project *ret_project, struct twinfs_error *err);

/* The same of the file @path, of at most 16 MiB. And an errno of the host. */
TWINFS_API int twinfs_project_load(const char *path, struct twinfs_project *ret_project,
	struct twinfs_error *err);

/* ---- flashing ---- */

/*
 * Bytes of @image that matter to a partition of @size bytes: at most @size, when
 * all behind that is blank (0xff or 0x00 throughout). -EOVERFLOW when it is not:
 * it would be cut off.
 */
TWINFS_API int twinfs_firmware_fit(const void *image, uint64_t len, uint64_t size,
	uint64_t *ret_len, struct twinfs_error *err);

/*
 * Erases the partition [@addr, @addr + @size) of the chip, then programs the
 * @len bytes of @image, at most @size, in rising order. Erase units that are
 * all 0xff are not programmed. A power cut leaves a partition that is partly
 * old, erased, or new; doing it again makes it right.
 *
 * Returns 0, -EINVAL (range, alignment, @len), and as the chip's erase and program.
 */
TWINFS_API int twinfs_firmware_program(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const void *image, uint64_t len);

#ifdef __cplusplus
}
#endif
#endif
