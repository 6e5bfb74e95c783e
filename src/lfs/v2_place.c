/* SPDX-License-Identifier: MIT */
/*
 * v2_place.c - where a name belongs among the pairs of a directory (section 11).
 *
 * The order of names goes on across the pairs. A table of the pairs that hold
 * any names makes the search binary; it is built when it is needed and
 * forgotten when a pair comes or goes, which happens once in many entries.
 *
 * On an image whose names are out of order the place found is just some place.
 */
#include "v2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first entries of the root's pair is the superblock, outside the order. */
static unsigned first_named(const struct tw_mdir *mdir)
{
	return mdir->count && mdir->entries[0]->tag == TW_V2_NAME_SUPERBLOCK ? 1 : 0;
}

static bool comes_before(const struct tw_node *node, const char *name, size_t len)
{
	return tw_v2_compare_names(node->name, node->name_len, name, len) < 0;
}

void tw_v2_forget_order(struct tw_node *dir)
{
	free(dir->dir.order);
	dir->dir.order = NULL;
	dir->dir.order_count = 0;
}

static int build_order(struct tw_node *dir)
{
	unsigned count = 0;

	if (dir->dir.order)
		return 0;
	for (struct tw_mdir *mdir = dir->dir.first; mdir; mdir = mdir->next) {
		count++;
		if (mdir == dir->dir.last)
			break;
	}
	dir->dir.order = reallocarray(NULL, count, sizeof(*dir->dir.order));
	if (!dir->dir.order)
		return -ENOMEM;
	for (struct tw_mdir *mdir = dir->dir.first; mdir; mdir = mdir->next) {
		if (mdir->count > first_named(mdir))
			dir->dir.order[dir->dir.order_count++] = mdir;
		if (mdir == dir->dir.last)
			break;
	}
	return 0;
}

/* The last pair whose first name comes before @name, or the first pair that has names. */
static struct tw_mdir *find_pair(const struct tw_node *dir, const char *name, size_t len)
{
	unsigned low = 0, high = dir->dir.order_count;

	if (!high)
		return dir->dir.last;
	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;
		const struct tw_mdir *mdir = dir->dir.order[middle];

		if (comes_before(mdir->entries[first_named(mdir)], name, len))
			low = middle;
		else
			high = middle;
	}
	return dir->dir.order[low];
}

int tw_v2_find_place(struct tw_node *dir, const char *name, struct tw_mdir **ret_mdir,
	unsigned *ret_at)
{
	size_t len = strlen(name);
	struct tw_mdir *mdir;
	unsigned low, high;
	int rc = build_order(dir);

	if (rc)
		return rc;
	mdir = find_pair(dir, name, len);
	low = first_named(mdir);
	high = mdir->count;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (comes_before(mdir->entries[middle], name, len))
			low = middle + 1;
		else
			high = middle;
	}
	*ret_mdir = mdir;
	*ret_at = low;
	return 0;
}
