/* SPDX-License-Identifier: MIT */
/*
 * nameless.c - chains of blocks that nothing names any more.
 *
 * Each block of a chain but the first begins with pointers whose number follows from
 * its place, and pointers of blocks agree with each other: a block whose first word is
 * the number of another free one is taken for a link of a chain when all that it must
 * point to is there. A block that is left over alone may be a whole small file, and is
 * a chain of one. The length of the last block is not known: it is taken to end where it
 * is not erased.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "chain.h"
#include "lfs/ctz.h"
#include "list.h"

struct finder {
	struct twinfs_rescue *rescue;
	uint32_t *place; /* by block: number in a chain + 1; 0: not looked at */
	uint32_t *way;   /* blocks on the way to the start of a chain */
	bool *is_led_to; /* a later block of a chain points there */
};

#define ON_THE_WAY UINT32_MAX

static bool is_free(const struct twinfs_rescue *rescue, uint32_t block)
{
	return !rescue->owner[block] && !rescue->log_at[block] && !rescue->taker[block];
}

static bool links_to(const struct twinfs_rescue *rescue, uint32_t block, uint32_t *ret_block)
{
	return is_free(rescue, block) && tw_chain_pointer(rescue, block, 0, ret_block) &&
	       is_free(rescue, *ret_block);
}

/* Finds the place of @block in a chain: that of the block it leads to, and one more. */
static void find_place(struct finder *finder, uint32_t block)
{
	uint32_t depth = 0, next;

	while (!finder->place[block] && links_to(finder->rescue, block, &next)) {
		finder->place[block] = ON_THE_WAY;
		finder->way[depth++] = block;
		block = next;
	}
	/* the first block has no pointers; nor is there one where the way is a circle */
	if (!finder->place[block] || finder->place[block] == ON_THE_WAY)
		finder->place[block] = 1;
	while (depth) {
		uint32_t place = finder->place[block];

		block = finder->way[--depth];
		finder->place[block] =
			tw_chain_agrees(finder->rescue, block, place) ? place + 1 : 1;
	}
}

static void note_links(struct finder *finder)
{
	const struct twinfs_rescue *rescue = finder->rescue;

	for (uint32_t block = 2; block < rescue->area.block_count; block++) {
		uint32_t next;

		if (finder->place[block] > 1 && links_to(rescue, block, &next))
			finder->is_led_to[next] = true;
	}
}

/* Bytes of a block up to the last one that is not erased. */
static uint32_t used_bytes(const uint8_t *bytes, uint32_t size)
{
	while (size && bytes[size - 1] == 0xff)
		size--;
	return size;
}

static int add_chain(struct twinfs_rescue *rescue, uint32_t head, uint32_t last)
{
	uint32_t size = rescue->area.block_size, header = tw_ctz_header(last);
	uint32_t used = used_bytes(tw_rescue_block(rescue, head), size);

	return tw_version_add(rescue,
		&(struct tw_version){
			.claim = TW_NONE,
			.it = {.type = TWINFS_REG,
				.size = tw_ctz_start(size, last) +
					(uint64_t)(used > header ? used - header : 0),
				.sureness = TWINFS_GUESS,
				.change = TWINFS_VERSION_CHAIN,
				.why = "found by its pointers; its name is not known, nor its last "
				       "bytes",
				.block = TWINFS_NO_BLOCK,
				.addr = tw_area_addr(&rescue->area, head),
				.head = head,
				.block_count = last + 1,
				.pair = {TWINFS_NO_BLOCK, TWINFS_NO_BLOCK}},
		});
}

static int longest_first(const void *a, const void *b)
{
	const struct tw_version *x = a, *y = b;

	if (x->it.block_count != y->it.block_count)
		return x->it.block_count < y->it.block_count ? 1 : -1;
	return (x->it.head > y->it.head) - (x->it.head < y->it.head);
}

/* Whether there is something in a block that could be the whole of a file. */
static bool stands_alone(const struct finder *finder, uint32_t block)
{
	const struct twinfs_rescue *rescue = finder->rescue;
	uint32_t size = rescue->area.block_size;
	const uint8_t *bytes = tw_rescue_block(rescue, block);

	return finder->place[block] == 1 && is_free(rescue, block) && bytes &&
	       memcmp(bytes, bytes + 1, size - 1) != 0;
}

static int find_all(struct finder *finder)
{
	struct twinfs_rescue *rescue = finder->rescue;
	uint32_t count = rescue->area.block_count;
	int rc = 0;

	for (uint32_t block = 2; block < count; block++)
		find_place(finder, block);
	note_links(finder);
	for (uint32_t block = 2; !rc && block < count; block++)
		if (!finder->is_led_to[block] &&
			(finder->place[block] > 1 || stands_alone(finder, block)))
			rc = add_chain(rescue, block, finder->place[block] - 1);
	if (rescue->version_count)
		qsort(rescue->versions + rescue->named_count,
			rescue->version_count - rescue->named_count, sizeof(*rescue->versions),
			longest_first);
	return rc;
}

int tw_list_chains(struct twinfs_rescue *rescue)
{
	size_t count = (size_t)rescue->area.block_count + 1;
	_cleanup_free_ uint32_t *place = calloc(count, sizeof(*place));
	_cleanup_free_ uint32_t *way = calloc(count, sizeof(*way));
	_cleanup_free_ bool *is_led_to = calloc(count, sizeof(*is_led_to));

	if (!place || !way || !is_led_to)
		return -ENOMEM;
	return find_all(&(struct finder){rescue, place, way, is_led_to});
}
