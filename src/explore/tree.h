/* SPDX-License-Identifier: MIT */
/*
 * tree.h - what a module shows: its files, directories, attributes and slots,
 * and one digest that stands for all of them.
 *
 * The digest is a sum of hashes, one for each thing that is there, so the order
 * of things does not matter, two trees are compared at once, and a changed thing
 * changes the sum by a difference that is known without the others
 * (tw_sum_add(), tw_sum_take()).
 *
 * Time stamps of files (attribute 1) do not count: every sync changes them,
 * and nobody was promised one.
 *
 * Threads  a tree belongs to one thread; one that nobody changes may be read by all.
 */
#ifndef TW_EXPLORE_TREE_H
#define TW_EXPLORE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/digest.h>
#include <twinfs/secure.h>
#include <twinfs/volume.h>

enum tw_thing_kind {
	TW_THING_ABSENT, /* never in a tree, but a version like others */
	TW_THING_DIRECTORY,
	TW_THING_FILE,
	TW_THING_ATTR,
	TW_THING_SLOT,
	TW_THING_BROKEN, /* is there, and cannot be read */
};

/* What a thing can be at one moment. Absent ones, directories and broken ones are all zero else. */
struct tw_version {
	enum tw_thing_kind kind;
	uint64_t size; /* bytes */
	struct twinfs_digest digest;
};

/* An attribute is a thing of its own: its path is "/usr/a" and its number 0 to 255. */
#define TW_NOT_ATTR (-1)

struct tw_thing {
	uint32_t path; /* offset of its text in tree->paths */
	uint32_t path_len;
	int32_t attr; /* TW_NOT_ATTR, or the type of an attribute of @path */
	struct tw_version version;
	uint64_t ino; /* in the volume it was read from; 0 for slots */
};

/* All zero is an empty tree. */
struct tw_shown {
	struct tw_thing *things;
	size_t count, room;
	char *paths;
	size_t paths_len, paths_room;
	struct twinfs_digest sum;
	struct tw_digest *digest; /* internal */
};

/* What stands for a thing in a sum: 0 for an absent one. */
struct twinfs_digest tw_sum_of(const char *path, size_t path_len, int32_t attr,
	const struct tw_version *version);

static inline struct twinfs_digest tw_sum_add(struct twinfs_digest a, struct twinfs_digest b)
{
	return (struct twinfs_digest){a.low + b.low, a.high + b.high};
}

static inline struct twinfs_digest tw_sum_take(struct twinfs_digest a, struct twinfs_digest b)
{
	return (struct twinfs_digest){a.low - b.low, a.high - b.high};
}

bool tw_version_is_same(const struct tw_version *a, const struct tw_version *b);

/* Path of a thing, with a NUL behind it; valid until the tree grows. */
const char *tw_shown_path(const struct tw_shown *tree, const struct tw_thing *thing);

/*
 * Knows contents that need not be read again. Whoever knows which blocks are
 * new says which files are as they were.
 */
struct tw_shown_cache {
	/* Whether the content of file @ino, of @size bytes, is known; then its digest. */
	bool (*get)(void *ctx, struct twinfs_volume *volume, uint64_t ino, uint64_t size,
		struct twinfs_digest *ret_digest);
	/* It was read, and has @digest. */
	void (*put)(void *ctx, struct twinfs_volume *volume, uint64_t ino, uint64_t size,
		struct twinfs_digest digest);
	void *ctx;
};

/* Empties a tree and keeps its memory for the next one. */
void tw_shown_clear(struct tw_shown *tree);
void tw_shown_release(struct tw_shown *tree);

/*
 * Adds all objects below directory @dir of @volume, under the names
 * @prefix/...; @dir itself is not one of them. What cannot be read is added as
 * broken.
 *
 * @cache  may be NULL
 *
 * 0, -ENOMEM, -ESHUTDOWN.
 */
int tw_shown_add_volume(struct tw_shown *tree, const char *prefix, struct twinfs_volume *volume,
	uint64_t dir, const struct tw_shown_cache *cache);

/* Adds the slots that are stored, as "slot 1" to "slot 16". 0 or -ENOMEM. */
int tw_shown_add_slots(struct tw_shown *tree, struct twinfs_secure *secure);

/* Adds one thing. 0 or -ENOMEM. */
int tw_shown_add(struct tw_shown *tree, const char *path, int32_t attr,
	const struct tw_version *version);

/* NULL: it is not there. Looks at one after the other. */
const struct tw_thing *tw_shown_find(const struct tw_shown *tree, const char *path, int32_t attr);

#endif
