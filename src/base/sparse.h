/* SPDX-License-Identifier: MIT */
/*
 * sparse.h - large tables of which little is touched, and which do not live long:
 * one place for each block of a volume, say.
 *
 * They cost what is touched, not what they could hold. calloc() clears all of a
 * table that it takes from memory used before, and gives the memory of large
 * ones back to the kernel each time.
 */
#ifndef TW_BASE_SPARSE_H
#define TW_BASE_SPARSE_H

#include <stddef.h>

#include "cleanup.h"

/* @count elements of @size bytes, all zero. NULL: out of memory. */
void *tw_sparse_new(size_t count, size_t size);

/* NULL is allowed. */
void tw_sparse_free(void *table);

static inline void tw_cleanup_sparse(void *where)
{
	tw_sparse_free(*(void **)where);
}

#define _cleanup_sparse_ _cleanup_(tw_cleanup_sparse)

#endif
