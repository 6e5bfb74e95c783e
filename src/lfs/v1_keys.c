/* SPDX-License-Identifier: MIT */
/*
 * v1_keys.c - a set of file payloads, as a sorted list.
 */
#include "v1_keys.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t key_of(uint32_t head, uint32_t size)
{
	return (uint64_t)head << 32 | size;
}

int tw_v1_keys_add(struct tw_v1_keys *keys, uint32_t head, uint32_t size)
{
	if (keys->count == keys->room) {
		size_t room = keys->room ? 2 * keys->room : 64;
		uint64_t *more = reallocarray(keys->list, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		keys->list = more;
		keys->room = room;
	}
	keys->list[keys->count++] = key_of(head, size);
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void tw_v1_keys_sort(struct tw_v1_keys *keys)
{
	if (keys->count)
		qsort(keys->list, keys->count, sizeof(*keys->list), compare);
}

bool tw_v1_keys_has(const struct tw_v1_keys *keys, uint32_t head, uint32_t size)
{
	uint64_t key = key_of(head, size);

	return keys->count && bsearch(&key, keys->list, keys->count, sizeof(*keys->list), compare);
}

void tw_v1_keys_release(struct tw_v1_keys *keys)
{
	free(keys->list);
	*keys = (struct tw_v1_keys){0};
}
