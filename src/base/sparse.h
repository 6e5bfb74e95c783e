/* SPDX-License-Identifier: MIT */
/*
 * sparse.h - large tables of which little is touched: one place for each block
 * of a volume, say.
 *
 * A directory leads to pages, and a page is made when the first of its places is
 * touched: a table costs what is touched, and hardly anything for what it could
 * hold. All of it is small pieces from malloc(). One table in pages of the
 * kernel's own would be simpler to use; but to map them, to fault them in and to
 * unmap them costs more than what the short-lived ones are for, and threads that do
 * it wait for each other.
 */
#ifndef TW_BASE_SPARSE_H
#define TW_BASE_SPARSE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

/* Places of a page: few, for tables of which a place here and there is touched. */
#define TW_SPARSE_PAGE 256u

struct tw_sparse_page {
	struct tw_sparse_page *next; /* of those that were made */
	max_align_t places[];
};

struct tw_sparse {
	struct tw_sparse_page **pages; /* NULL: none of its places was touched */
	struct tw_sparse_page *made;
	size_t count; /* places of the table */
	size_t size;  /* bytes of a place */
};

/* @count places of @size bytes, all zero. 0 or -ENOMEM. */
int tw_sparse_init(struct tw_sparse *table, size_t count, size_t size);

/* A table that was never made, with all bytes zero, is allowed. */
void tw_sparse_release(struct tw_sparse *table);

/* The place for @index, or NULL: it holds zeros. */
static inline void *tw_sparse_at(const struct tw_sparse *table, size_t index)
{
	struct tw_sparse_page *page = table->pages[index / TW_SPARSE_PAGE];

	return page ? (uint8_t *)page->places + index % TW_SPARSE_PAGE * table->size : NULL;
}

/* The place for @index, to be written. NULL: out of memory. */
void *tw_sparse_make(struct tw_sparse *table, size_t index);

/* ---- tables of pointers ---- */

static inline void *tw_sparse_get(const struct tw_sparse *table, size_t index)
{
	void **place = tw_sparse_at(table, index);

	return place ? *place : NULL;
}

/* 0 or -ENOMEM. */
static inline int tw_sparse_put(struct tw_sparse *table, size_t index, void *pointer)
{
	void **place = tw_sparse_make(table, index);

	if (!place)
		return -ENOMEM;
	*place = pointer;
	return 0;
}

#define _cleanup_sparse_ _cleanup_(tw_sparse_release)

#endif
