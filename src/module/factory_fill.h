/* SPDX-License-Identifier: MIT */
/*
 * factory_fill.h - formats the partitions of a new module and fills them.
 */
#ifndef TW_MODULE_FACTORY_FILL_H
#define TW_MODULE_FACTORY_FILL_H

#include <twinfs/factory.h>
#include <twinfs/flash.h>
#include <twinfs/volume.h>

#include "base/text.h"
#include "factory_tree.h"

/* What a new module gets. */
struct tw_factory {
	const struct twinfs_factory_options *options;
	struct tw_tree tree;
	struct tw_text table;                     /* checksum.json; empty: nothing is protected */
	struct twinfs_volume_config user, backup; /* size 0: no such partition */
};

/*
 * Makes both volumes on the erased chip @flash. Errors as
 * twinfs_factory_make_image().
 */
int tw_factory_fill(const struct tw_factory *factory, struct twinfs_flash *flash,
	struct twinfs_error *err);

#endif
