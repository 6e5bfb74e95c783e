/* SPDX-License-Identifier: MIT */
/*
 * trace_texts.h - numbers for texts: a text gets one when it is first seen.
 *
 * Only digests are kept: equal digests mean equal texts.
 */
#ifndef TW_FAULT_TRACE_TEXTS_H
#define TW_FAULT_TRACE_TEXTS_H

#include <stddef.h>
#include <twinfs/digest.h>

struct tw_text_slot {
	struct twinfs_digest digest;
	uint64_t number; /* 0: the slot is free */
};

/* All zero is empty. */
struct tw_texts {
	struct tw_text_slot *slots;
	size_t size; /* a power of two, or 0 */
	uint64_t count;
};

/*
 * The number of @text, @len bytes, from 1. Returns 1 when it is new, 0 when it
 * was there, -ENOMEM.
 */
int tw_texts_number(struct tw_texts *texts, const char *text, size_t len, uint64_t *ret_number);
void tw_texts_release(struct tw_texts *texts);

#endif
