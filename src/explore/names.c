/* SPDX-License-Identifier: MIT */
/*
 * names.c - a hash table with linear probing, at most half full.
 */
#include "names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/digest.h>

#include "base/array.h"
#include "base/cleanup.h"

void tw_names_release(struct tw_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i].text);
	free(names->list);
	free(names->slots);
	*names = (struct tw_names){0};
}

/* The slot that has the text, or the free one where it belongs. */
static uint32_t *probe(const struct tw_names *names, const void *text, size_t len, uint64_t hash)
{
	size_t mask = names->slot_count - 1;

	/* Ends, since half of the slots are free. */
	for (size_t at = (size_t)hash & mask;; at = (at + 1) & mask) {
		const struct tw_name *name;

		if (!names->slots[at])
			return &names->slots[at];
		name = &names->list[names->slots[at] - 1];
		if (name->hash == hash && name->len == len &&
			(len == 0 || memcmp(name->text, text, len) == 0))
			return &names->slots[at];
	}
}

uint32_t tw_names_find(const struct tw_names *names, const void *text, size_t len)
{
	if (!names->count)
		return TW_NAMES_NONE;
	return *probe(names, text, len, twinfs_digest(text, len).low) - 1;
}

static int widen(struct tw_names *names)
{
	size_t count = names->slot_count ? names->slot_count * 2 : 64;
	uint32_t *slots;

	if (names->count < names->slot_count / 2)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(names->slots);
	names->slots = slots;
	names->slot_count = count;
	for (size_t i = 0; i < names->count; i++) {
		const struct tw_name *name = &names->list[i];

		*probe(names, name->text, name->len, name->hash) = (uint32_t)i + 1;
	}
	return 0;
}

int tw_names_add(struct tw_names *names, const void *text, size_t len, uint32_t *ret_number)
{
	uint64_t hash = twinfs_digest(text, len).low;
	_cleanup_free_ char *copy = NULL;
	uint32_t *slot;
	int rc = widen(names);

	if (rc)
		return rc;
	slot = probe(names, text, len, hash);
	if (!*slot) {
		rc = tw_array_grow(&names->list, &names->room, names->count);
		copy = malloc(len + 1);
		if (rc || !copy)
			return -ENOMEM;
		if (len)
			memcpy(copy, text, len);
		copy[len] = '\0';
		names->list[names->count++] = (struct tw_name){tw_steal(&copy), len, hash};
		*slot = (uint32_t)names->count;
	}
	*ret_number = *slot - 1;
	return 0;
}
