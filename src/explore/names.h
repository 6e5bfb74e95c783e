/* SPDX-License-Identifier: MIT */
/*
 * names.h - numbers for texts: 0, 1, 2, ... in the order in which they came.
 *
 * Threads  a table that is not added to may be read by all.
 */
#ifndef TW_EXPLORE_NAMES_H
#define TW_EXPLORE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define TW_NAMES_NONE UINT32_MAX

struct tw_name {
	char *text; /* with a NUL behind @len bytes */
	size_t len;
	uint64_t hash;
};

/* All zero is an empty table. */
struct tw_names {
	struct tw_name *list; /* by number */
	size_t count, room;
	uint32_t *slots; /* open addressing; number + 1, 0 is free */
	size_t slot_count;
};

void tw_names_release(struct tw_names *names);

/* The number of @len bytes, TW_NAMES_NONE when they are not in. Bytes may be NUL. */
uint32_t tw_names_find(const struct tw_names *names, const void *text, size_t len);

/* The same, and adds what is not in. 0 or -ENOMEM. */
int tw_names_add(struct tw_names *names, const void *text, size_t len, uint32_t *ret_number);

#endif
