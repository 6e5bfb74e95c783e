/* SPDX-License-Identifier: MIT */
/*
 * v1_keys.h - a set of file payloads (head, size), to find the twin of a file
 * that is marked as moved without looking at every file for every mark.
 */
#ifndef TW_LFS_V1_KEYS_H
#define TW_LFS_V1_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is the empty set. */
struct tw_v1_keys {
	uint64_t *list;
	size_t count, room;
};

/* -ENOMEM, then the set is as before. */
int tw_v1_keys_add(struct tw_v1_keys *keys, uint32_t head, uint32_t size);

/* Once, between the last add and the first has. */
void tw_v1_keys_sort(struct tw_v1_keys *keys);
bool tw_v1_keys_has(const struct tw_v1_keys *keys, uint32_t head, uint32_t size);
void tw_v1_keys_release(struct tw_v1_keys *keys);

#endif
