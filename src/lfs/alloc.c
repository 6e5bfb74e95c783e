/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - which blocks are free.
 *
 * The search goes on where the last one ended, so a block is reused as late as
 * possible. It starts at a place made from the revisions of the metadata: the
 * same image always gives the same allocations, but not every mount the same
 * blocks, which would wear them out (littlefs v1 guide, section 10).
 *
 * What the map costs follows from what is used, not from the size of the volume:
 * its words are made when a bit in them is set, and the free blocks are counted
 * as they go.
 */
#include "alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctz.h"

static uint64_t word_of(const struct tw_sparse *bits, uint32_t block)
{
	const uint64_t *word = tw_sparse_at(bits, block / 64);

	return word ? *word : 0;
}

static bool is_set(const struct tw_sparse *bits, uint32_t block)
{
	return word_of(bits, block) >> (block % 64) & 1;
}

static int set_bit(struct tw_sparse *bits, uint32_t block)
{
	uint64_t *word = tw_sparse_make(bits, block / 64);

	if (!word)
		return -ENOMEM;
	*word |= UINT64_C(1) << (block % 64);
	return 0;
}

static void clear_bit(struct tw_sparse *bits, uint32_t block)
{
	uint64_t *word = tw_sparse_at(bits, block / 64);

	if (word)
		*word &= ~(UINT64_C(1) << (block % 64));
}

void tw_alloc_init(struct twinfs_volume *volume)
{
	(void)pthread_mutex_init(&volume->pins.mutex, NULL); /* cannot fail without attributes */
	(void)pthread_cond_init(&volume->pins.gone, NULL);
}

void tw_alloc_release(struct twinfs_volume *volume)
{
	tw_alloc_forget(volume);
	free(volume->pins.limbo[0]);
	free(volume->pins.limbo[1]);
	(void)pthread_mutex_destroy(&volume->pins.mutex);
	(void)pthread_cond_destroy(&volume->pins.gone);
}

void tw_alloc_forget(struct twinfs_volume *volume)
{
	tw_sparse_release(&volume->alloc.used);
	tw_sparse_release(&volume->alloc.shared);
	volume->alloc.is_known = false;
}

/* Takes a block that is not in use. */
static int take(struct twinfs_volume *volume, uint32_t block)
{
	int rc = set_bit(&volume->alloc.used, block);

	if (!rc && block < volume->area.alloc_count)
		volume->alloc.free--;
	return rc;
}

/* -EUCLEAN: a pair has the block. What is written to the one changes the other. */
static int claim(struct twinfs_volume *volume, const struct tw_sparse *pairs, uint32_t block)
{
	if (is_set(pairs, block)) {
		volume->thread_damage = -EUCLEAN;
		return -EUCLEAN;
	}
	return is_set(&volume->alloc.used, block) ? set_bit(&volume->alloc.shared, block)
						  : take(volume, block);
}

static int claim_chain(struct twinfs_volume *volume, const struct tw_sparse *pairs,
	struct tw_node *node)
{
	uint32_t count = tw_ctz_blocks_of(volume, node);
	bool was_loaded = node->file.blocks;
	int rc = tw_ctz_load(volume, node);

	for (uint32_t i = 0; !rc && i < count; i++)
		rc = claim(volume, pairs, node->file.blocks[i]);
	/* Only files in use keep their list; it is cheap to load again. */
	if (!was_loaded)
		tw_ctz_unload(node);
	return rc;
}

/* Many name a pair: that alone does not make it shared. */
static int claim_pair(struct twinfs_volume *volume, struct tw_pair pair)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < 2; i++)
		if (pair.block[i] < volume->area.block_count &&
			!is_set(&volume->alloc.used, pair.block[i]))
			rc = take(volume, pair.block[i]);
	return rc;
}

/* Stores in @pairs which blocks commits are written to: not those that only a link names. */
static int claim_pairs(struct twinfs_volume *volume, struct tw_sparse *pairs)
{
	struct tw_index *index = &volume->index;
	struct tw_mdir *mdir;
	int rc = 0;

	for (uint32_t i = 0; !rc && i < index->slot_count; i++) {
		struct tw_node *node = index->slots[i].node;

		if (node && node->kind == TW_DIRECTORY)
			rc = claim_pair(volume, node->dir.pair);
	}
	LIST_FOREACH(mdir, &volume->mdirs, all)
	{
		if (!rc)
			rc = claim_pair(volume, mdir->pair);
		if (!rc)
			rc = claim_pair(volume, mdir->tail);
		for (unsigned i = 0; !rc && i < 2 && !mdir->heir; i++)
			if (mdir->pair.block[i] < volume->area.block_count)
				rc = set_bit(pairs, mdir->pair.block[i]);
	}
	return rc;
}

/* All that the tree and the thread name, also where the two disagree (guide, section 10). */
static int claim_all(struct twinfs_volume *volume)
{
	_cleanup_sparse_ struct tw_sparse pairs = {0};
	struct tw_index *index = &volume->index;
	int rc = tw_sparse_init(&pairs, volume->area.block_count / 64 + 1, sizeof(uint64_t)), one;

	if (!rc)
		rc = claim_pairs(volume, &pairs);
	if (rc)
		return rc;
	/* also behind a file that is damaged, for what one after it may share with a pair */
	for (uint32_t i = 0; i < index->slot_count; i++) {
		struct tw_node *node = index->slots[i].node;

		if (!node || node->kind != TW_FILE || node->is_void)
			continue; /* the content of a void entry is its twin's */
		one = claim_chain(volume, &pairs, node);
		rc = rc ? rc : one;
	}
	return rc;
}

static uint32_t first_cursor(const struct twinfs_volume *volume)
{
	const struct tw_mdir *mdir;
	uint32_t sum = 0;

	LIST_FOREACH(mdir, &volume->mdirs, all)
	sum += mdir->rev * 2654435761u;
	return sum % volume->area.alloc_count;
}

int tw_alloc_prepare(struct twinfs_volume *volume)
{
	struct tw_alloc *alloc = &volume->alloc;
	size_t words = volume->area.block_count / 64 + 1;
	int rc;

	if (alloc->is_known)
		return 0;
	if (volume->thread_damage)
		return volume->thread_damage;
	if (!volume->area.alloc_count)
		return -ENOSPC;
	alloc->free = volume->area.alloc_count;
	rc = tw_sparse_init(&alloc->used, words, sizeof(uint64_t));
	if (!rc)
		rc = tw_sparse_init(&alloc->shared, words, sizeof(uint64_t));
	if (!rc)
		rc = claim_all(volume);
	if (rc) {
		tw_alloc_forget(volume);
		return rc;
	}
	alloc->is_known = true;
	alloc->cursor = first_cursor(volume);
	return 0;
}

/* First clear bit in [@from, @to), or @to. */
static uint32_t find_clear(const struct tw_sparse *bits, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint64_t clear = ~word_of(bits, from) >> (from % 64);

		if (clear) {
			from += (uint32_t)__builtin_ctzll(clear);
			return from < to ? from : to;
		}
		from += 64 - from % 64;
	}
	return to;
}

/* Makes the blocks of one epoch available; no view of it is left. */
static void empty_limbo(struct twinfs_volume *volume, unsigned epoch)
{
	struct tw_pins *pins = &volume->pins;

	if (volume->alloc.is_known)
		for (size_t i = 0; i < pins->limbo_len[epoch]; i++)
			clear_bit(&volume->alloc.used, pins->limbo[epoch][i]);
	pins->limbo_len[epoch] = 0;
}

/*
 * Views of the other epoch saw the tree before the blocks in its limbo were
 * freed; views of this one may have seen it too. So: empty the other limbo once
 * its views are gone, then make it the current one. New views cannot begin
 * meanwhile: they need the volume's lock.
 */
static void reclaim(struct twinfs_volume *volume)
{
	struct tw_pins *pins = &volume->pins;
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&pins->mutex);

	(void)guard;
	for (unsigned turn = 0; turn < 2; turn++) {
		unsigned other = !pins->epoch;

		while (pins->count[other])
			(void)pthread_cond_wait(&pins->gone, &pins->mutex);
		empty_limbo(volume, other);
		pins->epoch = other;
	}
}

int tw_alloc_block(struct twinfs_volume *volume, uint32_t *ret_block)
{
	struct tw_alloc *alloc = &volume->alloc;
	uint32_t limit = volume->area.alloc_count, block = limit;
	int rc = tw_alloc_prepare(volume);

	if (rc)
		return rc;
	if (alloc->free <= alloc->reserved)
		return -ENOSPC;
	for (unsigned turn = 0; block == limit && turn < 2; turn++) {
		if (turn)
			reclaim(volume);
		block = find_clear(&alloc->used, alloc->cursor, limit);
		if (block == limit)
			block = find_clear(&alloc->used, 0, limit);
	}
	if (block == limit)
		return -ENOSPC;
	rc = take(volume, block);
	if (rc)
		return rc;
	alloc->cursor = block + 1 == limit ? 0 : block + 1;
	*ret_block = block;
	return 0;
}

bool tw_alloc_is_used_from(const struct twinfs_volume *volume, uint32_t from)
{
	for (uint32_t i = from; i < volume->area.block_count; i++)
		if (is_set(&volume->alloc.used, i))
			return true;
	return false;
}

void tw_alloc_restart(struct twinfs_volume *volume)
{
	reclaim(volume);
	tw_alloc_forget(volume);
}

static bool put_in_limbo(struct tw_pins *pins, uint32_t block)
{
	size_t *len = &pins->limbo_len[pins->epoch], *room = &pins->limbo_room[pins->epoch];

	if (*len == *room) {
		size_t more_room = *room ? 2 * *room : 64;
		uint32_t *more = reallocarray(pins->limbo[pins->epoch], more_room, sizeof(*more));

		if (!more)
			return false;
		pins->limbo[pins->epoch] = more;
		*room = more_room;
	}
	pins->limbo[pins->epoch][(*len)++] = block;
	return true;
}

void tw_alloc_free_block(struct twinfs_volume *volume, uint32_t block)
{
	struct tw_alloc *alloc = &volume->alloc;
	struct tw_pins *pins = &volume->pins;
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&pins->mutex);

	(void)guard;
	if (!alloc->is_known || block >= volume->area.block_count || is_set(&alloc->shared, block))
		return;
	if (!pins->count[0] && !pins->count[1])
		clear_bit(&alloc->used, block);
	else if (!put_in_limbo(pins, block))
		return; /* without memory the block is lost until the next mount */
	if (block < volume->area.alloc_count)
		alloc->free++;
}

void tw_alloc_retire(struct twinfs_volume *volume, uint32_t block)
{
	/* Without memory it may be tried, and found bad, once more. */
	if (volume->alloc.is_known)
		(void)set_bit(&volume->alloc.shared, block);
}

int tw_alloc_reserve(struct twinfs_volume *volume, uint32_t more, uint32_t less)
{
	struct tw_alloc *alloc = &volume->alloc;
	int rc = more > less ? tw_alloc_prepare(volume) : 0;

	if (rc)
		return rc;
	if (more > less && alloc->reserved + (more - less) > alloc->free)
		return -ENOSPC;
	alloc->reserved += more - less;
	return 0;
}

unsigned tw_pins_enter(struct tw_pins *pins)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&pins->mutex);

	(void)guard;
	pins->count[pins->epoch]++;
	return pins->epoch;
}

void tw_pins_leave(struct tw_pins *pins, unsigned epoch)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&pins->mutex);

	(void)guard;
	if (--pins->count[epoch] == 0)
		(void)pthread_cond_broadcast(&pins->gone);
}
