/* SPDX-License-Identifier: MIT */
/*
 * state.h - the inside of a module, for the files of this folder.
 */
#ifndef TW_MODULE_STATE_H
#define TW_MODULE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <twinfs/module.h>

#include "boot_run.h"
#include "plugs.h"
#include "watch.h"

struct twinfs_module {
	struct twinfs_profile profile;
	enum twinfs_policy policy;
	unsigned image_flags;
	bool backup_writable;
	char *key_file;  /* NULL: SecureData is not sealed */
	char *wear_path; /* NULL: the counters are not kept */
	struct twinfs_image *image;
	struct twinfs_part_info parts[TWINFS_PART_COUNT];
	struct twinfs_flash *flash;
	struct twinfs_secure *secure;
	struct twinfs_error secure_error; /* why there is an area, but no secure */
	struct tw_boot boot;              /* holds the volumes while the module is on */
	bool is_on;
	struct twinfs_boot_report *last_boot;
	uint64_t boots;
	struct tw_plugs plugs;
	struct tw_watched watched[2];     /* user and backup */
	struct tw_recording *recording;   /* NULL: nothing is recorded */
	struct tw_fault_site *fault_site; /* NULL: no faults were ever asked for */
};

#endif
