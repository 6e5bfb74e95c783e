/* SPDX-License-Identifier: MIT */
/*
 * tree.c - reads what a module shows.
 *
 * The list of things is the list of what is still to be looked at, too: each
 * directory adds its entries at the end, so an image cannot make this recurse.
 */
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/digest.h"

bool tw_version_is_same(const struct tw_version *a, const struct tw_version *b)
{
	return a->kind == b->kind && a->size == b->size && tw_digest_is_same(a->digest, b->digest);
}

/* The digest of the path, then that of all else: no hash of text twice as long as it is. */
struct twinfs_digest tw_sum_of(const char *path, size_t path_len, int32_t attr,
	const struct tw_version *version)
{
	struct twinfs_digest name = twinfs_digest(path, path_len);
	uint8_t packed[48];

	if (version->kind == TW_THING_ABSENT)
		return (struct twinfs_digest){0};
	tw_put_le64(packed, name.low);
	tw_put_le64(packed + 8, name.high);
	tw_put_le32(packed + 16, (uint32_t)attr);
	tw_put_le32(packed + 20, (uint32_t)version->kind);
	tw_put_le64(packed + 24, version->size);
	tw_put_le64(packed + 32, version->digest.low);
	tw_put_le64(packed + 40, version->digest.high);
	return twinfs_digest(packed, sizeof(packed));
}

const char *tw_shown_path(const struct tw_shown *tree, const struct tw_thing *thing)
{
	return tree->paths + thing->path;
}

void tw_shown_clear(struct tw_shown *tree)
{
	tree->count = 0;
	tree->paths_len = 0;
	tree->sum = (struct twinfs_digest){0};
}

void tw_shown_release(struct tw_shown *tree)
{
	free(tree->things);
	free(tree->paths);
	tw_digest_free(tree->digest);
	*tree = (struct tw_shown){0};
}

static int widen_paths(struct tw_shown *tree, size_t more)
{
	size_t room = tree->paths_room ? tree->paths_room : 1024;
	char *paths;

	if (more > UINT32_MAX - tree->paths_len)
		return -ENOMEM; /* offsets have 32 bits */
	while (room - tree->paths_len < more)
		room *= 2;
	if (room == tree->paths_room)
		return 0;
	paths = realloc(tree->paths, room);
	if (!paths)
		return -ENOMEM;
	tree->paths = paths;
	tree->paths_room = room;
	return 0;
}

/*
 * Adds a thing with the path of @parent and, unless it is NULL, "/" and @name.
 * Its version is not known yet, so the sum is as before.
 */
static int add_thing(struct tw_shown *tree, const char *parent, size_t parent_len, const char *name,
	struct tw_thing **ret_thing)
{
	size_t name_len = name ? strlen(name) + 1 : 0, off = tree->paths_len;
	ptrdiff_t own = parent && tree->paths && parent >= tree->paths &&
					parent < tree->paths + tree->paths_len
				? parent - tree->paths
				: -1;
	int rc = tw_array_grow(&tree->things, &tree->room, tree->count);
	char *to;

	rc = rc ?: widen_paths(tree, parent_len + name_len + 1);
	if (rc)
		return rc;
	to = tree->paths + off;
	if (parent_len)
		memcpy(to, own < 0 ? parent : tree->paths + own, parent_len);
	if (name) {
		to[parent_len] = '/';
		memcpy(to + parent_len + 1, name, name_len - 1);
	}
	to[parent_len + name_len] = '\0';
	tree->paths_len += parent_len + name_len + 1;
	*ret_thing = &tree->things[tree->count++];
	**ret_thing = (struct tw_thing){.path = (uint32_t)off,
		.path_len = (uint32_t)(parent_len + name_len),
		.attr = TW_NOT_ATTR};
	return 0;
}

/* The version of a thing is known now. */
static void count_in(struct tw_shown *tree, struct tw_thing *thing,
	const struct tw_version *version)
{
	thing->version = *version;
	tree->sum = tw_sum_add(tree->sum,
		tw_sum_of(tw_shown_path(tree, thing), thing->path_len, thing->attr, version));
}

int tw_shown_add(struct tw_shown *tree, const char *path, int32_t attr,
	const struct tw_version *version)
{
	struct tw_thing *thing;
	int rc = add_thing(tree, path, strlen(path), NULL, &thing);

	if (rc)
		return rc;
	thing->attr = attr;
	count_in(tree, thing, version);
	return 0;
}

const struct tw_thing *tw_shown_find(const struct tw_shown *tree, const char *path, int32_t attr)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < tree->count; i++) {
		const struct tw_thing *thing = &tree->things[i];

		if (thing->path_len == len && thing->attr == attr &&
			memcmp(tw_shown_path(tree, thing), path, len) == 0)
			return thing;
	}
	return NULL;
}

/* ---- volumes ---- */

struct reading {
	struct tw_shown *tree;
	struct twinfs_volume *volume;
	const struct tw_shown_cache *cache;
	const char *prefix;
	size_t prefix_len;
	size_t dir; /* place in the list of the directory that is listed */
	bool is_root;
	int rc;
};

static int add_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct reading *reading = ctx;
	struct tw_shown *tree = reading->tree;
	const struct tw_thing *dir = reading->is_root ? NULL : &tree->things[reading->dir];
	struct tw_thing *thing;

	reading->rc = add_thing(tree, dir ? tw_shown_path(tree, dir) : reading->prefix,
		dir ? dir->path_len : reading->prefix_len, name, &thing);
	if (reading->rc)
		return reading->rc;
	thing->ino = stat->ino;
	thing->version.kind = stat->type == TWINFS_DIR ? TW_THING_DIRECTORY : TW_THING_FILE;
	thing->version.size = stat->size;
	return 0;
}

/* Whether the failure is of the image, and so a fact about the thing. */
static bool is_damage(int rc)
{
	return rc && rc != -ENOMEM && rc != -ESHUTDOWN;
}

/* Lists a directory; one that cannot be listed wholly is broken. */
static int list(struct reading *reading, uint64_t ino, struct tw_version *version)
{
	int rc = twinfs_volume_list(reading->volume, ino, add_entry, reading);

	if (reading->rc)
		return reading->rc;
	*version =
		(struct tw_version){.kind = is_damage(rc) ? TW_THING_BROKEN : TW_THING_DIRECTORY};
	return is_damage(rc) ? 0 : rc;
}

/* What comes in one piece is digested at one stroke, which is faster for small files. */
struct pieces {
	struct tw_digest *digest;
	const void *first;
	size_t first_len;
	bool is_many;
};

static int add_piece(void *ctx, const void *data, size_t len)
{
	struct pieces *pieces = ctx;

	if (!pieces->first && !pieces->is_many) {
		pieces->first = data;
		pieces->first_len = len;
		return 0;
	}
	if (!pieces->is_many)
		tw_digest_add(pieces->digest, pieces->first, pieces->first_len);
	pieces->is_many = true;
	tw_digest_add(pieces->digest, data, len);
	return 0;
}

static int digest_file(struct reading *reading, uint64_t ino, struct twinfs_digest *ret_digest)
{
	struct tw_shown *tree = reading->tree;
	struct pieces pieces = {.digest = tree->digest};
	const struct twinfs_scan scan = {add_piece, &pieces};
	int rc = twinfs_volume_scan(reading->volume, ino, &scan);

	if (pieces.is_many)
		*ret_digest = tw_digest_finish(tree->digest);
	else
		*ret_digest = twinfs_digest(pieces.first, pieces.first_len);
	return rc;
}

static int read_file(struct reading *reading, uint64_t ino, uint64_t size,
	struct tw_version *version)
{
	const struct tw_shown_cache *cache = reading->cache;
	int rc;

	*version = (struct tw_version){.kind = TW_THING_FILE, .size = size};
	if (cache && cache->get(cache->ctx, reading->volume, ino, size, &version->digest))
		return 0;
	rc = digest_file(reading, ino, &version->digest);
	if (is_damage(rc))
		*version = (struct tw_version){.kind = TW_THING_BROKEN};
	else if (rc)
		return rc;
	else if (cache)
		cache->put(cache->ctx, reading->volume, ino, size, version->digest);
	return 0;
}

static int read_attr(struct reading *reading, size_t of, uint8_t type)
{
	struct tw_shown *tree = reading->tree;
	const struct tw_thing *owner = &tree->things[of];
	uint64_t ino = owner->ino;
	uint8_t value[TWINFS_ATTR_MAX];
	struct tw_version version = {.kind = TW_THING_ATTR};
	struct tw_thing *thing;
	int64_t len = twinfs_volume_get_attr(reading->volume, ino, type, value, sizeof(value));
	int rc;

	if (len < 0 && !is_damage((int)len))
		return (int)len;
	rc = add_thing(tree, tw_shown_path(tree, owner), owner->path_len, NULL, &thing);
	if (rc)
		return rc;
	thing->attr = type;
	thing->ino = ino;
	version.size = (uint64_t)len;
	if (len < 0)
		version = (struct tw_version){.kind = TW_THING_BROKEN};
	else
		version.digest = twinfs_digest(value,
			(size_t)len < sizeof(value) ? (size_t)len : sizeof(value));
	count_in(tree, thing, &version);
	return 0;
}

static int read_attrs(struct reading *reading, size_t of)
{
	uint8_t types[256];
	int count = twinfs_volume_list_attrs(reading->volume, reading->tree->things[of].ino, types);

	if (count < 0)
		return is_damage(count) ? 0 : count;
	for (int i = 0; i < count; i++) {
		int rc = types[i] == TWINFS_ATTR_MTIME ? 0 : read_attr(reading, of, types[i]);

		if (rc)
			return rc;
	}
	return 0;
}

/* Finds out what the object at place @at of the list is; may add more behind all. */
static int read_thing(struct reading *reading, size_t at)
{
	struct tw_shown *tree = reading->tree;
	struct tw_thing thing = tree->things[at];
	struct tw_version version;
	int rc;

	reading->dir = at;
	if (thing.version.kind == TW_THING_DIRECTORY)
		rc = list(reading, thing.ino, &version);
	else
		rc = read_file(reading, thing.ino, thing.version.size, &version);
	if (rc)
		return rc;
	count_in(tree, &tree->things[at], &version);
	return 0;
}

int tw_shown_add_volume(struct tw_shown *tree, const char *prefix, struct twinfs_volume *volume,
	uint64_t dir, const struct tw_shown_cache *cache)
{
	struct reading reading = {.tree = tree,
		.volume = volume,
		.cache = cache,
		.prefix = prefix,
		.prefix_len = strlen(prefix),
		.is_root = true};
	size_t first = tree->count;
	struct tw_version root;
	int rc;

	if (!tree->digest)
		tree->digest = tw_digest_new();
	if (!tree->digest)
		return -ENOMEM;
	rc = list(&reading, dir, &root);
	if (!rc && root.kind == TW_THING_BROKEN)
		rc = tw_shown_add(tree, prefix, TW_NOT_ATTR, &root);
	reading.is_root = false;
	/* The format has no directory twice, so the list ends; a volume has not more objects. */
	for (size_t i = first; !rc && i < tree->count; i++) {
		if (tree->things[i].attr != TW_NOT_ATTR || !tree->things[i].ino)
			continue;
		rc = read_thing(&reading, i);
		rc = rc ?: read_attrs(&reading, i);
	}
	return rc;
}

/* ---- slots ---- */

int tw_shown_add_slots(struct tw_shown *tree, struct twinfs_secure *secure)
{
	struct twinfs_secure_slot slots[TWINFS_SECURE_SLOTS];
	uint8_t content[1024];

	twinfs_secure_list(secure, slots);
	for (unsigned i = 0; i < TWINFS_SECURE_SLOTS; i++) {
		struct tw_version version = {.kind = TW_THING_SLOT, .size = slots[i].length};
		char name[16];
		int rc;

		if (!slots[i].stored)
			continue;
		if (slots[i].length && twinfs_secure_read(secure, slots[i].index, content,
					       sizeof(content)) != (int)slots[i].length)
			version = (struct tw_version){.kind = TW_THING_BROKEN};
		else
			version.digest = twinfs_digest(content, slots[i].length);
		(void)snprintf(name, sizeof(name), "slot %u", slots[i].index);
		rc = tw_shown_add(tree, name, TW_NOT_ATTR, &version);
		if (rc)
			return rc;
	}
	return 0;
}
