/* SPDX-License-Identifier: MIT */
/*
 * trace_texts.c - numbers for texts: a hash table with open addressing, less
 * than half full.
 */
#include "trace_texts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/digest.h"

static struct tw_text_slot *find(const struct tw_texts *texts, struct twinfs_digest digest)
{
	size_t at = (size_t)digest.low & (texts->size - 1);

	while (texts->slots[at].number && !tw_digest_is_same(texts->slots[at].digest, digest))
		at = (at + 1) & (texts->size - 1);
	return &texts->slots[at];
}

static int grow(struct tw_texts *texts)
{
	struct tw_texts larger = {
		.size = texts->size ? 2 * texts->size : 64, .count = texts->count};

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < texts->size; i++)
		if (texts->slots[i].number)
			*find(&larger, texts->slots[i].digest) = texts->slots[i];
	free(texts->slots);
	*texts = larger;
	return 0;
}

int tw_texts_number(struct tw_texts *texts, const char *text, size_t len, uint64_t *ret_number)
{
	struct twinfs_digest digest = twinfs_digest(text, len);
	struct tw_text_slot *slot;
	int is_new = 0;

	if (2 * (texts->count + 1) > texts->size && grow(texts))
		return -ENOMEM;
	slot = find(texts, digest);
	if (!slot->number) {
		*slot = (struct tw_text_slot){digest, ++texts->count};
		is_new = 1;
	}
	*ret_number = slot->number;
	return is_new;
}

void tw_texts_release(struct tw_texts *texts)
{
	free(texts->slots);
	*texts = (struct tw_texts){0};
}
