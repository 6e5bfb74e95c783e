/* SPDX-License-Identifier: MIT */
/*
 * print_package.h - the printers of what is done with firmware packages:
 * results on stdout, as text for people or as one JSON document.
 */
#ifndef TW_TOOL_PRINT_PACKAGE_H
#define TW_TOOL_PRINT_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/firmware.h>
#include <twinfs/module.h>

/* ---- merge ---- */

struct tw_tool_merge {
	const char *firmware, *output;
	const char *profile; /* its name */
	struct twinfs_package_info base;
	struct twinfs_project project;
	uint64_t sizes[TWINFS_FIRMWARE_IMAGES]; /* bytes of the new images; 0: not changed */
	size_t objects;                         /* files and directories of the user partition */
	struct twinfs_error *warnings;
	size_t warning_count, warning_room;
};

void tw_tool_print_merge(const struct tw_tool_merge *merge);
void tw_tool_json_merge(const struct tw_tool_merge *merge);

/* ---- unpack ---- */

struct tw_tool_unpack {
	const struct twinfs_package *package;
	const char *path; /* of the package */
	struct twinfs_package_info info;
	const char *dir; /* NULL: only listed */
};

void tw_tool_print_unpack(const struct tw_tool_unpack *unpack);
void tw_tool_json_unpack(const struct tw_tool_unpack *unpack);

/* ---- flash ---- */

struct tw_tool_flash_part {
	bool is_flashed;
	struct twinfs_part_info part;
	uint64_t image_len; /* bytes of the image that were used */
	uint32_t version;   /* of the littlefs in it, or 0 */
};

struct tw_tool_flash {
	const char *image, *package;
	struct twinfs_package_info info;
	bool dry_run;
	struct tw_tool_flash_part parts[TWINFS_FIRMWARE_IMAGES];
	bool has_secure, loses_secure;
	struct twinfs_flash_stats stats; /* of the flashing alone */
};

void tw_tool_print_flash(const struct tw_tool_flash *flash);
void tw_tool_json_flash(const struct tw_tool_flash *flash);

#endif
