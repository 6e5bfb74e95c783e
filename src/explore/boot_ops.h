/* SPDX-License-Identifier: MIT */
/*
 * boot_ops.h - what a boot wrote, and for whom: a second cut is named by it.
 */
#ifndef TW_EXPLORE_BOOT_OPS_H
#define TW_EXPLORE_BOOT_OPS_H

#include <stdbool.h>
#include <twinfs/flash.h>
#include <twinfs/module.h>

#include "names.h"

struct tw_boot_op {
	uint64_t addr; /* bytes from the start of the chip */
	uint32_t len;
	uint32_t owner; /* a name */
	bool is_erase;
};

/* All zero is none. */
struct tw_boot_ops {
	struct tw_boot_op *list;
	size_t count, room;
	struct tw_names owners; /* "data /usr/a", as the recorder calls them */
};

/* From the hook of the chip, for a program or an erase. 0 or -ENOMEM. */
int tw_boot_ops_add(struct tw_boot_ops *ops, const struct twinfs_module *module,
	const struct twinfs_flash_op *op);

/* Bytes that it takes, about. */
size_t tw_boot_ops_weight(const struct tw_boot_ops *ops);
void tw_boot_ops_release(struct tw_boot_ops *ops);

#endif
