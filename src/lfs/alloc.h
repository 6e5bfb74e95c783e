/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - which blocks are free.
 *
 * The map is built from the tree when it is first needed, once per mount; a
 * volume that is only read never pays for it. A block freed while a view may
 * still read it waits in limbo: it counts as free, but is not reused yet.
 */
#ifndef TW_LFS_ALLOC_H
#define TW_LFS_ALLOC_H

#include "state.h"

void tw_alloc_init(struct twinfs_volume *volume);
void tw_alloc_release(struct twinfs_volume *volume);

/*
 * Builds the map if there is none. -EUCLEAN when the block list of some file
 * is damaged: then no block can be known to be free; also when it has a block of
 * a pair, which counts as damage of the thread. -ENOMEM.
 */
int tw_alloc_prepare(struct twinfs_volume *volume);

/* Forgets the map; the next use builds it again. Only between operations. */
void tw_alloc_forget(struct twinfs_volume *volume);

/* Whether a block from @from on is in use. The map is there. */
bool tw_alloc_is_used_from(const struct twinfs_volume *volume, uint32_t from);

/* Forgets the map when no view can hold a block that is not in the tree. */
void tw_alloc_restart(struct twinfs_volume *volume);

/* Takes a block that is neither used nor reserved. -ENOSPC, or as prepare. */
int tw_alloc_block(struct twinfs_volume *volume, uint32_t *ret_block);

/* Gives a block back; one with two owners, or a bad one, stays taken. */
void tw_alloc_free_block(struct twinfs_volume *volume, uint32_t block);

/* Takes a bad block out of use for the rest of this mount. */
void tw_alloc_retire(struct twinfs_volume *volume, uint32_t block);

/* Changes the promise to unsynced content by @more - @less blocks. -ENOSPC: none made. */
int tw_alloc_reserve(struct twinfs_volume *volume, uint32_t more, uint32_t less);

/* A view begins: returns the epoch to give to tw_pins_leave(). */
unsigned tw_pins_enter(struct tw_pins *pins);
void tw_pins_leave(struct tw_pins *pins, unsigned epoch);

#endif
