/* SPDX-License-Identifier: MIT */
/*
 * place.h - gives logs their directories.
 */
#ifndef TW_RESCUE_PLACE_H
#define TW_RESCUE_PLACE_H

#include "state.h"

/* Walks the tree as a mount does, as far as it can be read. 0, -ESHUTDOWN, -ENOMEM. */
int tw_place_in_force(struct twinfs_rescue *rescue);

/* Gives a directory to all other logs. -ENOMEM. */
int tw_place_older(struct twinfs_rescue *rescue);

#endif
