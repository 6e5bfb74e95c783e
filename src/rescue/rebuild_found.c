/* SPDX-License-Identifier: MIT */
/*
 * rebuild_found.c - what only the rescue finds, put into the fresh volume.
 *
 * A version with all its content gets its own name back, and so does what a device can
 * read, though pointers of its block list disagree. What is not whole, or whose directory
 * is not known, goes to /lost+found: under a name of ours, so that no program takes half
 * a file for the file.
 */
#include "rebuild.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"

#define LOST_FOUND "/lost+found"

enum {
	PIECE = 1 << 16,
	NUMBERS = 48,      /* bytes that our names have behind that of the file */
	NAME_TRIES = 1000, /* so many objects may have one name of ours */
};

/* ---- names ---- */

/* Whether every component of an absolute path names something: rescued ones may be anything. */
static bool is_plain(const struct tw_rebuild *rebuild, const char *path)
{
	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if (!len || len > rebuild->name_max || (len == 1 && path[0] == '.') ||
			(len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
	}
	return !*path;
}

/* Bytes of the content that are not the original's, at most. */
static uint64_t lost_bytes(const struct tw_rebuild *rebuild, const struct twinfs_version *version)
{
	uint64_t lost = (uint64_t)version->lost_blocks * rebuild->block_size;

	if (version->sureness == TWINFS_OVERWRITTEN && !lost)
		return version->size;
	return lost < version->size ? lost : version->size;
}

/*
 * Whether each block of a file in force can be found, by one pointer or another: then a
 * device reads the file, without looking at the others.
 */
static bool can_device_read(const struct tw_rebuild *rebuild, const struct twinfs_version *version)
{
	_cleanup_free_ uint32_t *blocks = calloc(version->block_count + 1, sizeof(*blocks));

	if (!blocks || !version->is_current || !version->block_count ||
		twinfs_rescue_blocks(rebuild->rescue, version, blocks, version->block_count) < 0)
		return false;
	for (uint32_t i = 0; i < version->block_count; i++)
		if (blocks[i] == TWINFS_NO_BLOCK)
			return false;
	return true;
}

/* Whether the content may stand under the name of the file. */
static bool is_whole(const struct tw_rebuild *rebuild, const struct twinfs_version *version)
{
	if (!version->path)
		return false;
	if (!lost_bytes(rebuild, version) && version->sureness != TWINFS_OVERWRITTEN)
		return true;
	return can_device_read(rebuild, version);
}

/* A name of ours in /lost+found, which says where the content was found. NULL: no memory. */
static char *made_name(const struct tw_rebuild *rebuild, const struct twinfs_version *version)
{
	int room = rebuild->name_max > NUMBERS ? (int)(rebuild->name_max - NUMBERS) : 0;
	const char *name = version->path ? strrchr(version->path, '/') + 1 : "chain";
	uint32_t block = version->head == TWINFS_NO_BLOCK ? version->block : version->head;
	char *path;

	if (asprintf(&path, LOST_FOUND "/%.*s-block%" PRIu32 "-size%" PRIu64, room, name, block,
		    version->size) < 0)
		return NULL;
	return path;
}

/* "/?12/a" is "/lost+found/block12/a". NULL: no memory. */
static char *unplaced_name(const struct twinfs_version *version)
{
	char *path;

	if (asprintf(&path, LOST_FOUND "/block%s", version->path + strlen("/?")) < 0)
		return NULL;
	return path;
}

static char *wanted_name(const struct tw_rebuild *rebuild, const struct twinfs_version *version)
{
	if (!version->path || !is_plain(rebuild, version->path) ||
		(version->type == TWINFS_REG && !is_whole(rebuild, version)))
		return made_name(rebuild, version);
	if (!version->is_placed && !strncmp(version->path, "/?", 2))
		return unplaced_name(version);
	return strdup(version->path);
}

/* Makes *@path one that is not taken. 0, -EEXIST, -ENOMEM. */
static int make_unique(struct tw_rebuild *rebuild, char **path)
{
	_cleanup_free_ char *base = tw_steal(path);
	struct twinfs_stat stat;

	for (int i = 1; i < NAME_TRIES; i++) {
		char *next;

		if (asprintf(&next, i > 1 ? "%s.%d" : "%s", base, i) < 0)
			return -ENOMEM;
		if (!tw_rebuild_has(rebuild, next, &stat)) {
			*path = next;
			return 0;
		}
		free(next);
	}
	return -EEXIST;
}

/* Makes every directory that leads to @path. */
static int make_parents(struct tw_rebuild *rebuild, const char *path)
{
	_cleanup_free_ char *copy = strdup(path + 1);
	uint64_t dir = TWINFS_ROOT_INO;
	char *rest = copy, *slash;
	int rc = copy ? 0 : -ENOMEM;

	while (!rc && (slash = strchr(rest, '/'))) {
		uint64_t ino;

		*slash = '\0';
		rc = twinfs_volume_lookup(rebuild->fresh, dir, rest, &ino);
		if (rc == -ENOENT)
			rc = twinfs_volume_mkdir(rebuild->fresh, dir, rest, &ino);
		dir = ino;
		rest = slash + 1;
	}
	return rc;
}

/* ---- content ---- */

static int copy_found(struct tw_rebuild *rebuild, const void *from, uint64_t ino)
{
	_cleanup_free_ uint8_t *piece = malloc(PIECE);
	const struct twinfs_version *version = from;
	uint64_t off = 0;

	if (!piece)
		return -ENOMEM;
	while (off < version->size) {
		int64_t got = twinfs_rescue_read(rebuild->rescue, version, piece, PIECE, off);
		int rc = got <= 0 ? (int)got
				  : tw_rebuild_write(rebuild, ino, piece, (size_t)got, off);

		if (rc || !got)
			return rc;
		off += (uint64_t)got;
	}
	return 0;
}

static int set_attrs(struct tw_rebuild *rebuild, const struct twinfs_version_attr *attrs,
	unsigned count, uint64_t ino)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < count; i++)
		rc = twinfs_volume_set_attr(rebuild->fresh, ino, attrs[i].type, attrs[i].value,
			attrs[i].len, 0);
	return rc;
}

static int attrs_found(struct tw_rebuild *rebuild, const void *from, uint64_t ino)
{
	const struct twinfs_version *version = from;

	return set_attrs(rebuild, version->attrs, version->attr_count, ino);
}

/* ---- one version ---- */

/* What was listed as lost is not, now that the version of its path is somewhere. */
static void forget_lost(struct tw_rebuild *rebuild, const char *path)
{
	struct tw_repaired_list *list = rebuild->list;

	for (size_t i = 0; path && i < list->count; i++)
		if (list->all[i].shown.fate == TWINFS_FATE_LOST &&
			!strcmp(list->all[i].shown.path, path)) {
			tw_repaired_drop(list, i);
			return;
		}
}

static enum twinfs_fate fate_of(const struct twinfs_version *version, const char *path)
{
	if (!version->path || strcmp(version->path, path) != 0)
		return TWINFS_FATE_FOUND;
	return version->is_current && version->sureness == TWINFS_SURE ? TWINFS_FATE_KEPT
								       : TWINFS_FATE_RECOVERED;
}

/* Lists a version that is nowhere in the fresh volume. */
static int list_missing(struct tw_rebuild *rebuild, struct tw_repaired *it, const char *path,
	enum twinfs_fate fate, const char *why)
{
	it->shown.path = path;
	it->shown.was = NULL;
	it->shown.fate = fate;
	if (*why)
		it->shown.why = why;
	return tw_repaired_add(rebuild->list, it);
}

/* Puts @version at *@path, or beside what is there: then *@path says where. */
static int put_at(struct tw_rebuild *rebuild, const struct twinfs_version *version,
	struct tw_repaired *it, char **path)
{
	const struct tw_rebuild_source source = {copy_found, attrs_found, version};
	int rc = make_unique(rebuild, path);

	if (!rc)
		rc = make_parents(rebuild, *path);
	if (rc)
		return rc;
	it->shown.path = *path;
	it->shown.fate = fate_of(version, *path);
	if (it->shown.fate == TWINFS_FATE_FOUND && version->is_placed)
		it->shown.was = version->path;
	return tw_rebuild_put(rebuild, it, &source);
}

/* That it was there once is certain; not that it still was. */
static void doubt(struct tw_repaired *it)
{
	if (it->shown.sureness < TWINFS_LIKELY)
		it->shown.sureness = TWINFS_LIKELY;
	it->shown.why = "it may have been removed before its directory was damaged";
}

/* Puts @version at *@path, which it may change. 0 also when it is left out, and listed so. */
static int put_or_list(struct tw_rebuild *rebuild, const struct twinfs_version *version,
	char **path)
{
	struct tw_repaired it = {
		.shown.type = version->type,
		.shown.size = version->type == TWINFS_REG ? version->size : 0,
		.shown.sureness = version->sureness,
		.shown.lost_bytes = lost_bytes(rebuild, version),
		.shown.why = version->why,
	};
	int rc;

	if (rebuild->is_past)
		doubt(&it);
	rc = put_at(rebuild, version, &it, path);
	if (rc == -ENOTDIR) { /* a file is where its directory should be */
		free(*path);
		*path = made_name(rebuild, version);
		rc = *path ? put_at(rebuild, version, &it, path) : -ENOMEM;
	}
	if (rc == -ENOMEM || rc == -ESHUTDOWN)
		return rc;
	forget_lost(rebuild, version->path);
	if (!rc)
		return 0;
	return list_missing(rebuild, &it, version->path ? version->path : "(no name)",
		TWINFS_FATE_LEFT_OUT,
		rc == -ENOSPC || rc == -EFBIG ? "there is no room for it" : twinfs_strerror(rc));
}

/* Whether the content of @version is that of the list's file at @path. */
static int has_content(struct tw_rebuild *rebuild, const char *path,
	const struct twinfs_version *version, bool *ret_has)
{
	_cleanup_free_ uint8_t *piece = malloc(PIECE);
	struct twinfs_digest digest;
	int64_t got = 1;

	if (!piece)
		return -ENOMEM;
	(void)tw_digest_finish(rebuild->digest);
	for (uint64_t off = 0; got > 0; off += (uint64_t)got) {
		got = twinfs_rescue_read(rebuild->rescue, version, piece, PIECE, off);
		if (got > 0)
			tw_digest_add(rebuild->digest, piece, (size_t)got);
	}
	digest = tw_digest_finish(rebuild->digest);
	*ret_has = false;
	for (size_t i = 0; i < rebuild->list->count; i++) {
		const struct tw_repaired *it = &rebuild->list->all[i];

		if (it->is_there && !strcmp(it->shown.path, path))
			*ret_has = tw_digest_is_same(it->digest, digest);
	}
	return got < 0 ? (int)got : 0;
}

/*
 * There is something of the path of @version already: what the mount could read, which
 * goes before. Whether that is all, and *@ret_done; an error else. Mended metadata may
 * tell of another content, though, and a name may be a file here and a directory there.
 */
static int judge_taken(struct tw_rebuild *rebuild, const struct twinfs_version *version,
	const char *path, enum twinfs_type type, bool *ret_done)
{
	*ret_done = version->is_placed && type == version->type;
	if (!*ret_done || !rebuild->is_mended || type == TWINFS_DIR || !version->is_current)
		return 0;
	return has_content(rebuild, path, version, ret_done);
}

static int put_version(struct tw_rebuild *rebuild, const struct twinfs_version *version)
{
	_cleanup_free_ char *path = wanted_name(rebuild, version);
	struct twinfs_stat stat;
	bool done;
	int rc;

	if (!path)
		return -ENOMEM;
	if (version->path && tw_rebuild_has(rebuild, path, &stat)) {
		rc = judge_taken(rebuild, version, path, stat.type, &done);
		if (rc || done)
			return rc;
		free(path);
		path = made_name(rebuild, version);
		if (!path)
			return -ENOMEM;
	}
	return put_or_list(rebuild, version, &path);
}

/* ---- all of them ---- */

/* Whether all of a file's content is gone: then a name is all that could be put anywhere. */
static bool is_gone(const struct tw_rebuild *rebuild, const struct twinfs_version *version)
{
	return version->type == TWINFS_REG && version->size &&
	       lost_bytes(rebuild, version) == version->size && !is_whole(rebuild, version);
}

static int put_directories(struct tw_rebuild *rebuild)
{
	size_t count = twinfs_rescue_tree_count(rebuild->rescue);
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		const struct twinfs_version *version = twinfs_rescue_tree(rebuild->rescue, i);

		if (version->type == TWINFS_DIR)
			rc = put_version(rebuild, version);
	}
	return rc;
}

/* The files of the best tree that are @whole and of @sureness. */
static int put_files(struct tw_rebuild *rebuild, bool whole, enum twinfs_sureness sureness)
{
	size_t count = twinfs_rescue_tree_count(rebuild->rescue);
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		const struct twinfs_version *version = twinfs_rescue_tree(rebuild->rescue, i);

		if (version->type == TWINFS_REG && version->sureness == sureness &&
			is_whole(rebuild, version) == whole && !is_gone(rebuild, version))
			rc = put_version(rebuild, version);
	}
	return rc;
}

/* What an older version stands for: what is left of it, or that nothing is. */
static int put_replaced(struct tw_rebuild *rebuild)
{
	size_t count = twinfs_rescue_count(rebuild->rescue);
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		const struct twinfs_version *version = twinfs_rescue_version(rebuild->rescue, i);
		struct tw_repaired it = {
			.shown.type = version->type,
			.shown.size = version->size,
			.shown.sureness = version->sureness,
			.shown.lost_bytes = version->size,
		};

		if (version->type != TWINFS_REG || !version->is_current || version->is_best)
			continue;
		if (is_gone(rebuild, version))
			rc = list_missing(rebuild, &it, version->path, TWINFS_FATE_LOST,
				"the newest content is gone, an older one is in its place");
		else
			rc = put_version(rebuild, version);
	}
	return rc;
}

/* What the tree names, but has no content any more. */
static int list_gone(struct tw_rebuild *rebuild)
{
	size_t count = twinfs_rescue_tree_count(rebuild->rescue);
	struct twinfs_stat stat;
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		const struct twinfs_version *version = twinfs_rescue_tree(rebuild->rescue, i);
		struct tw_repaired it = {
			.shown.type = version->type,
			.shown.size = version->size,
			.shown.sureness = version->sureness,
			.shown.lost_bytes = version->size,
			.shown.why = version->why,
		};

		if (!is_gone(rebuild, version) || tw_rebuild_has(rebuild, version->path, &stat))
			continue;
		forget_lost(rebuild, version->path);
		rc = list_missing(rebuild, &it, version->path, TWINFS_FATE_LOST, "");
	}
	return rc;
}

bool tw_rebuild_lacks_names(const struct tw_rebuild *rebuild)
{
	size_t count = twinfs_rescue_damage_count(rebuild->rescue);

	for (size_t i = 0; i < count; i++) {
		switch (twinfs_rescue_damage(rebuild->rescue, i)->kind) {
		case TWINFS_DAMAGE_SUPERBLOCK:
		case TWINFS_DAMAGE_PAIR:
		case TWINFS_DAMAGE_UNREACHED:
			return true;
		case TWINFS_DAMAGE_NEWER:
		case TWINFS_DAMAGE_FILE:
		case TWINFS_DAMAGE_SHARED:
			break;
		}
	}
	return false;
}

/* Whether @path lies in a directory other than the root that itself cannot be read. */
static bool is_below_damage(const struct tw_rebuild *rebuild, const char *path)
{
	size_t count = twinfs_rescue_damage_count(rebuild->rescue);

	for (size_t i = 0; i < count; i++) {
		const struct twinfs_damage *damage = twinfs_rescue_damage(rebuild->rescue, i);
		size_t len = strlen(damage->path);

		if (damage->kind == TWINFS_DAMAGE_PAIR && len > 1 &&
			!strncmp(damage->path, path, len) && path[len] == '/')
			return true;
	}
	return false;
}

/*
 * What a damaged directory held in a place that it seems to have left: when its entry leads
 * astray, nothing was removed, whatever it looks like. Of each path the newest that is whole.
 */
static int put_left_behind(struct tw_rebuild *rebuild)
{
	size_t count = twinfs_rescue_count(rebuild->rescue);
	struct twinfs_stat stat;
	int rc = 0;

	rebuild->is_past = true;
	for (size_t i = 0; !rc && i < count; i++) {
		const struct twinfs_version *version = twinfs_rescue_version(rebuild->rescue, i);

		if (version->path && version->is_placed &&
			is_below_damage(rebuild, version->path) &&
			(version->type == TWINFS_DIR || is_whole(rebuild, version)) &&
			!tw_rebuild_has(rebuild, version->path, &stat))
			rc = put_version(rebuild, version);
	}
	rebuild->is_past = false;
	return rc;
}

static int put_chains(struct tw_rebuild *rebuild)
{
	size_t count = twinfs_rescue_count(rebuild->rescue);
	int rc = 0;

	if (!tw_rebuild_lacks_names(rebuild))
		return 0;
	for (size_t i = 0; !rc && i < count; i++) {
		const struct twinfs_version *version = twinfs_rescue_version(rebuild->rescue, i);

		if (!version->path && version->size && !is_gone(rebuild, version))
			rc = put_version(rebuild, version);
	}
	return rc;
}

int tw_rebuild_recover(struct tw_rebuild *rebuild)
{
	static const enum twinfs_sureness order[] = {
		TWINFS_SURE, TWINFS_PROVEN, TWINFS_LIKELY, TWINFS_GUESS, TWINFS_OVERWRITTEN};
	const struct twinfs_version_attr *attrs;
	unsigned attr_count = twinfs_rescue_root_attrs(rebuild->rescue, &attrs);
	int rc = rebuild->old ? 0 : set_attrs(rebuild, attrs, attr_count, TWINFS_ROOT_INO);

	if (!rc)
		rc = put_directories(rebuild);
	for (size_t i = 0; !rc && i < sizeof(order) / sizeof(*order); i++)
		rc = put_files(rebuild, true, order[i]);
	if (!rc)
		rc = put_left_behind(rebuild);
	for (size_t i = 0; !rc && i < sizeof(order) / sizeof(*order); i++)
		rc = put_files(rebuild, false, order[i]);
	if (!rc)
		rc = put_replaced(rebuild);
	if (!rc)
		rc = put_chains(rebuild);
	return rc ? rc : list_gone(rebuild);
}
