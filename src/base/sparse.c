/* SPDX-License-Identifier: MIT */
/*
 * sparse.c - large tables of which little is touched.
 */
#include "sparse.h"

#include <stdlib.h>

int tw_sparse_init(struct tw_sparse *table, size_t count, size_t size)
{
	*table = (struct tw_sparse){.count = count, .size = size};
	/* The last page may have no places. */
	table->pages = calloc(count / TW_SPARSE_PAGE + 1, sizeof(struct tw_sparse_page *));
	return table->pages ? 0 : -ENOMEM;
}

void tw_sparse_release(struct tw_sparse *table)
{
	while (table->made) {
		struct tw_sparse_page *page = table->made;

		table->made = page->next;
		free(page);
	}
	free(table->pages);
	*table = (struct tw_sparse){0};
}

static int make_page(struct tw_sparse *table, struct tw_sparse_page **ret_page)
{
	/* The one page of a small table is no longer than the table. */
	size_t places = table->count < TW_SPARSE_PAGE ? table->count : TW_SPARSE_PAGE;
	struct tw_sparse_page *page = calloc(1, sizeof(*page) + places * table->size);

	if (!page)
		return -ENOMEM;
	page->next = table->made;
	table->made = *ret_page = page;
	return 0;
}

void *tw_sparse_make(struct tw_sparse *table, size_t index)
{
	struct tw_sparse_page **page = &table->pages[index / TW_SPARSE_PAGE];

	return *page || !make_page(table, page) ? tw_sparse_at(table, index) : NULL;
}
