/* SPDX-License-Identifier: MIT */
/*
 * sparse.c - large tables of which little is touched.
 *
 * Small ones are calloc()'s, which is faster then. A table of either kind has its
 * length in front of it: 0 for those of calloc().
 */
#include "sparse.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Bytes from which on pages of their own are cheaper than clearing all. */
#define LARGE ((size_t)256 << 10)

/* Those of the kernel. */
#define HUGE_PAGE ((size_t)2 << 20)

union head {
	size_t mapped; /* bytes, with the head */
	max_align_t align;
};

void *tw_sparse_new(size_t count, size_t size)
{
	union head *head;
	size_t len;

	if (__builtin_mul_overflow(count, size, &len) ||
		__builtin_add_overflow(len, sizeof(*head), &len))
		return NULL;
	if (len < LARGE) {
		head = calloc(1, len);
		return head ? head + 1 : NULL;
	}
	head = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (head == MAP_FAILED)
		return NULL;
	/* A huge page would be cleared whole for the first byte. */
	if (len >= HUGE_PAGE)
		(void)madvise(head, len, MADV_NOHUGEPAGE);
	head->mapped = len;
	return head + 1;
}

void tw_sparse_free(void *table)
{
	union head *head = table;

	if (!head)
		return;
	if (head[-1].mapped)
		(void)munmap(head - 1, head[-1].mapped);
	else
		free(head - 1);
}
