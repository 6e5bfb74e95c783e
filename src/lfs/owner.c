/* SPDX-License-Identifier: MIT */
/*
 * owner.c - whose a block is: of those in use, and of the one being written.
 *
 * Runs in the middle of operations, so it takes no lock, changes nothing, not
 * even what is kept to be faster, and asks for no memory. Owners are found as
 * the allocator finds what is in use: every pair, then every block list.
 */
#include "owner.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "ctz.h"
#include "index.h"

void twinfs_volume_pause(struct twinfs_volume *volume)
{
	(void)tw_lock_read(&volume->lock);
}

void twinfs_volume_resume(struct twinfs_volume *volume)
{
	(void)pthread_rwlock_unlock(&volume->lock);
}

/* ---- paths ---- */

/* Puts '/' and a name in front of what ends at @end. */
static size_t put_name(char *buf, size_t end, const char *name, size_t len)
{
	memcpy(buf + end - len, name, len);
	buf[end - len - 1] = '/';
	return end - len - 1;
}

int64_t tw_node_path(const struct twinfs_volume *volume, const struct tw_node *dir,
	const char *name, char *buf, size_t size)
{
	size_t name_len = name ? strlen(name) : 0, len = name ? name_len + 1 : 0, end;
	const struct tw_node *node = dir;

	for (; node && node != volume->root; node = node->parent)
		len += node->name_len + 1u;
	if (!node)
		return -ESTALE;
	end = len = len ? len : 1;
	if (size <= len)
		return (int64_t)len;
	buf[0] = '/';
	buf[len] = '\0';
	if (name)
		end = put_name(buf, end, name, name_len);
	for (node = dir; node != volume->root; node = node->parent)
		end = put_name(buf, end, node->name, node->name_len);
	return (int64_t)len;
}

int64_t twinfs_volume_path(const struct twinfs_volume *volume, uint64_t ino, char *buf, size_t size)
{
	const struct tw_node *node = tw_node_get(volume, ino);

	return node ? tw_node_path(volume, node, NULL, buf, size) : -ESTALE;
}

/* ---- who owns ---- */

static struct twinfs_owner owner_of_directory(const struct tw_node *dir)
{
	return (struct twinfs_owner){TWINFS_OWNER_DIRECTORY, dir ? dir->ino : 0};
}

/* Pairs in front of the root's hold a superblock each, and no directory. */
static bool is_superblock(const struct twinfs_volume *volume, const struct tw_mdir *mdir)
{
	const struct tw_mdir *at = volume->superblock;

	while (at && at != mdir && !at->dir)
		at = at->next;
	return at == mdir && !mdir->dir;
}

static struct twinfs_owner owner_of_pair(const struct twinfs_volume *volume,
	const struct tw_mdir *mdir)
{
	if (is_superblock(volume, mdir))
		return (struct twinfs_owner){TWINFS_OWNER_SUPERBLOCK, 0};
	return owner_of_directory(mdir->heir ? mdir->heir->dir : mdir->dir);
}

void twinfs_volume_subject(const struct twinfs_volume *volume, struct twinfs_owner *ret_owner)
{
	const struct tw_subject *subject = &volume->subject;

	*ret_owner = (struct twinfs_owner){TWINFS_OWNER_NONE, 0};
	if (subject->pair)
		*ret_owner = owner_of_pair(volume, subject->pair);
	else if (subject->file)
		*ret_owner = (struct twinfs_owner){TWINFS_OWNER_DATA, subject->file->ino};
}

/* ---- going over blocks ---- */

struct tour {
	const struct twinfs_volume *volume;
	struct tw_area area; /* with the chip that is read */
	const struct twinfs_extents *extents;
};

static struct tour begin_tour(const struct twinfs_volume *volume, struct twinfs_flash *flash,
	const struct twinfs_extents *extents)
{
	struct tour tour = {volume, volume->area, extents};

	if (flash)
		tour.area.flash = flash;
	return tour;
}

static int show_block(const struct tour *tour, uint32_t block, struct twinfs_owner owner)
{
	struct twinfs_extent extent = {
		block, tour->area.block_size, tw_area_addr(&tour->area, block), owner};

	if (block >= tour->area.block_count)
		return 0;
	return tour->extents->each(tour->extents->ctx, &extent);
}

static int show_pair(const struct tour *tour, struct tw_pair pair, struct twinfs_owner owner)
{
	int rc = show_block(tour, pair.block[0], owner);

	return rc ? rc : show_block(tour, pair.block[1], owner);
}

static bool is_in_pair(const struct twinfs_volume *volume, uint32_t block)
{
	const struct tw_mdir *mdir;

	LIST_FOREACH(mdir, &volume->mdirs, all)
	if (mdir->pair.block[0] == block || mdir->pair.block[1] == block)
		return true;
	return false;
}

/*
 * The blocks of a pair that something names, but for those of pairs that are
 * there. Others it names when a pair has moved, or could not be read. @pair is
 * mostly @known, which is one that is there, or NULL.
 */
static int show_named(const struct tour *tour, struct tw_pair pair, const struct tw_mdir *known,
	struct twinfs_owner owner)
{
	int rc = 0;

	if (known && tw_pair_is_same(pair, known->pair))
		return 0;
	for (unsigned i = 0; !rc && i < 2; i++)
		if (pair.block[i] < tour->area.block_count &&
			!is_in_pair(tour->volume, pair.block[i]))
			rc = show_block(tour, pair.block[i], owner);
	return rc;
}

/*
 * Follows a block list from its end, on the chip: it need not be in memory.
 * *@ret_damage is set when that does not get to its beginning.
 */
static int show_content(const struct tour *tour, const struct tw_node *node, int *ret_damage)
{
	struct twinfs_owner owner = {TWINFS_OWNER_DATA, node->ino};
	uint32_t block = node->file.head, count;
	int rc = 0;

	*ret_damage = node->is_inline ? 0 : tw_ctz_count(tour->volume, node, &count);
	if (*ret_damage || node->is_inline)
		return 0;
	while (!rc && count--) {
		const uint8_t *pointer;

		if (!tw_ctz_can_own(&tour->area, block)) {
			*ret_damage = -EUCLEAN;
			return 0;
		}
		rc = show_block(tour, block, owner);
		if (!rc && count)
			rc = tw_area_read(&tour->area, block, 0, 4, &pointer);
		if (!rc && count)
			block = tw_le32(pointer);
	}
	return rc;
}

/* An outdated pair shares a block with what it has become. */
static int show_mdir(const struct tour *tour, const struct tw_mdir *mdir)
{
	struct twinfs_owner owner = owner_of_pair(tour->volume, mdir);
	int rc = 0;

	for (unsigned i = 0; !rc && i < 2; i++) {
		uint32_t block = mdir->pair.block[i];

		if (!mdir->heir ||
			(block != mdir->heir->pair.block[0] && block != mdir->heir->pair.block[1]))
			rc = show_block(tour, block, owner);
	}
	return rc;
}

static int show_metadata(const struct tour *tour)
{
	const struct twinfs_volume *volume = tour->volume;
	const struct tw_mdir *mdir;
	int rc = 0;

	LIST_FOREACH(mdir, &volume->mdirs, all)
	{
		const struct tw_mdir *next = mdir->next;

		rc = show_mdir(tour, mdir);
		if (!rc)
			rc = show_named(tour, mdir->tail, next,
				next ? owner_of_pair(volume, next) : owner_of_directory(NULL));
		if (rc)
			return rc;
	}
	return rc;
}

/* Pairs of a directory that could not be loaded are in use all the same. */
static int show_node(const struct tour *tour, const struct tw_node *node)
{
	int damage;

	if (node->kind == TW_FILE && !node->is_void)
		return show_content(tour, node, &damage);
	if (node->kind == TW_DIRECTORY && !node->is_void)
		return show_named(tour, node->dir.pair, node->dir.first, owner_of_directory(node));
	return 0;
}

int twinfs_volume_map(const struct twinfs_volume *volume, struct twinfs_flash *flash,
	const struct twinfs_extents *extents)
{
	const struct tour tour = begin_tour(volume, flash, extents);
	int rc = show_metadata(&tour);

	for (uint32_t i = 0; !rc && i < volume->index.slot_count; i++)
		if (volume->index.slots[i].node)
			rc = show_node(&tour, volume->index.slots[i].node);
	return rc;
}

static int show_directory(const struct tour *tour, const struct tw_node *dir)
{
	const struct tw_mdir *mdir = dir->dir.first;
	int rc = 0;

	for (; !rc && mdir; mdir = mdir->next) {
		rc = show_pair(tour, mdir->pair, owner_of_directory(dir));
		if (mdir == dir->dir.last)
			break;
	}
	return rc ? rc : dir->damage;
}

int twinfs_volume_blocks(const struct twinfs_volume *volume, struct twinfs_flash *flash,
	uint64_t ino, const struct twinfs_extents *extents)
{
	const struct tour tour = begin_tour(volume, flash, extents);
	const struct tw_node *node = tw_node_get(volume, ino);
	int rc, damage;

	if (!node)
		return -ESTALE;
	if (node->kind != TW_FILE)
		return show_directory(&tour, node);
	rc = show_content(&tour, node, &damage);
	if (!rc && node->mdir)
		rc = show_pair(&tour, node->mdir->pair, owner_of_pair(volume, node->mdir));
	return rc ? rc : damage;
}

/* ---- one block ---- */

#define FOUND 1

struct search {
	uint32_t block;
	struct twinfs_owner owner;
};

static int compare(void *ctx, const struct twinfs_extent *extent)
{
	struct search *search = ctx;

	if (extent->block != search->block)
		return 0;
	search->owner = extent->owner;
	return FOUND;
}

int twinfs_volume_owner(const struct twinfs_volume *volume, struct twinfs_flash *flash,
	uint32_t block, struct twinfs_owner *ret_owner)
{
	struct search search = {.block = block};
	const struct twinfs_extents extents = {compare, &search};
	int rc;

	if (block >= volume->area.block_count)
		return -EINVAL;
	rc = twinfs_volume_map(volume, flash, &extents);
	if (rc < 0)
		return rc;
	*ret_owner = search.owner;
	return 0;
}
