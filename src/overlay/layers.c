/* SPDX-License-Identifier: MIT */
/*
 * layers.c - two directories seen as one.
 *
 * The upper entry wins. Two directories of one name are merged; a file over a
 * directory, or the other way round, hides what is below. The table knows
 * better than the layers: a node has its place for good, a whiteout hides the
 * lower name. All names of a directory's upper part that were changed since
 * the overlay was made are in the table, so the layers are only asked for
 * names that nobody asked for before.
 *
 * Unless the lower layer changes. Then each node is compared with it when its
 * name is looked up or listed; a removed directory of it, which is still in the
 * table, holds nothing.
 */
#include "layers.h"

#include <errno.h>
#include <string.h>

struct listing {
	struct twinfs_overlay *overlay;
	struct tw_overlay_node *dir;
	int (*each)(void *ctx, const char *name, const struct twinfs_overlay_stat *stat);
	void *ctx;
};

struct emptiness {
	const struct twinfs_overlay *overlay;
	const struct tw_overlay_node *dir;
};

int tw_overlay_find_lower_root(const struct twinfs_overlay *overlay, uint64_t *ret_ino)
{
	struct twinfs_stat stat = {0};
	uint64_t ino;
	int rc;

	*ret_ino = 0;
	if (!overlay->lower)
		return 0;
	rc = twinfs_volume_walk(overlay->lower, overlay->lower_path, &ino);
	if (!rc)
		rc = twinfs_volume_stat(overlay->lower, ino, &stat);
	if (!rc && stat.type == TWINFS_DIR)
		*ret_ino = ino;
	return rc == -ENOMEM ? rc : 0;
}

int tw_overlay_get_dir(struct twinfs_overlay *overlay, uint64_t ino,
	struct tw_overlay_node **ret_dir)
{
	struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);

	if (!node)
		return -ESTALE;
	if (node->kind != TW_OVERLAY_DIR)
		return -ENOTDIR;
	*ret_dir = node;
	return node == overlay->root && overlay->lower_changes
		       ? tw_overlay_find_lower_root(overlay, &node->lower)
		       : 0;
}

/* ---- describing ---- */

static int lookup_lower(const struct twinfs_overlay *overlay, const struct tw_overlay_node *dir,
	const char *name, uint64_t *ret_ino)
{
	int rc = dir->lower ? twinfs_volume_lookup(overlay->lower, dir->lower, name, ret_ino)
			    : -ENOENT;

	return rc == -ESTALE ? -ENOENT : rc;
}

static enum twinfs_layer layer_of(const struct twinfs_overlay *overlay,
	const struct tw_overlay_node *node)
{
	uint64_t hidden;

	if (!node->upper)
		return TWINFS_LAYER_BACKUP;
	if (node->kind == TW_OVERLAY_DIR)
		return node->lower ? TWINFS_LAYER_BOTH : TWINFS_LAYER_USER;
	if (node->parent && !lookup_lower(overlay, node->parent, node->name, &hidden))
		return TWINFS_LAYER_BOTH;
	return TWINFS_LAYER_USER;
}

static void fill_stat(const struct twinfs_overlay *overlay, const struct tw_overlay_node *node,
	const struct twinfs_stat *from, struct twinfs_overlay_stat *ret_stat)
{
	struct twinfs_overlay_stat stat = {*from, layer_of(overlay, node)};

	stat.stat.ino = node->ino;
	if (node->is_removed)
		stat.stat.links = 0;
	else if (node->kind == TW_OVERLAY_DIR && node->lower && overlay->upper)
		stat.stat.links =
			1; /* unknown: programs that count sub-directories understand it */
	if (node->mtime_ns)
		stat.stat.mtime_ns = node->mtime_ns;
	*ret_stat = stat;
}

int tw_overlay_stat_node(const struct twinfs_overlay *overlay, const struct tw_overlay_node *node,
	struct twinfs_overlay_stat *ret_stat)
{
	struct twinfs_stat stat = {.type = TWINFS_DIR, .links = 2};
	uint64_t ino = tw_overlay_volume_ino(node);
	int rc = 0;

	/* A removed directory has no number below; a root without a layer never had one. */
	if (ino && !(node->is_removed && node->kind == TW_OVERLAY_DIR))
		rc = twinfs_volume_stat(tw_overlay_volume(overlay, node), ino, &stat);
	if (!rc)
		fill_stat(overlay, node, &stat, ret_stat);
	return rc;
}

/* ---- finding ---- */

static int add_node(struct twinfs_overlay *overlay, struct tw_overlay_node *dir, const char *name,
	enum twinfs_type type, struct tw_overlay_node **ret_node)
{
	enum tw_overlay_kind kind = type == TWINFS_DIR ? TW_OVERLAY_DIR : TW_OVERLAY_FILE;
	int rc = tw_overlay_node_new(&overlay->table, kind, name, ret_node);

	if (!rc)
		tw_overlay_node_link(&overlay->table, *ret_node, dir);
	return rc;
}

/* The lower directory merged with the upper directory @name of @dir; 0: none. */
static int find_merged(const struct twinfs_overlay *overlay, const struct tw_overlay_node *dir,
	const char *name, uint64_t *ret_lower)
{
	struct twinfs_stat stat = {0};
	uint64_t ino;
	int rc = lookup_lower(overlay, dir, name, &ino);

	if (!rc)
		rc = twinfs_volume_stat(overlay->lower, ino, &stat);
	/* Damage below must not take away what is above. */
	if (rc && rc != -ENOENT && rc != -EUCLEAN && rc != -EBADMSG)
		return rc;
	*ret_lower = !rc && stat.type == TWINFS_DIR ? ino : 0;
	return 0;
}

/* The node of an upper entry that nobody asked for before. */
static int add_upper(struct twinfs_overlay *overlay, struct tw_overlay_node *dir, const char *name,
	const struct twinfs_stat *stat, struct tw_overlay_node **ret_node)
{
	uint64_t lower = 0;
	int rc = 0;

	if (stat->type == TWINFS_DIR)
		rc = find_merged(overlay, dir, name, &lower);
	if (!rc)
		rc = add_node(overlay, dir, name, stat->type, ret_node);
	if (!rc) {
		(*ret_node)->upper = stat->ino;
		(*ret_node)->lower = lower;
	}
	return rc;
}

static int add_lower(struct twinfs_overlay *overlay, struct tw_overlay_node *dir, const char *name,
	const struct twinfs_stat *stat, struct tw_overlay_node **ret_node)
{
	int rc = add_node(overlay, dir, name, stat->type, ret_node);

	if (!rc)
		(*ret_node)->lower = stat->ino;
	return rc;
}

static int find_upper(struct twinfs_overlay *overlay, struct tw_overlay_node *dir, const char *name,
	struct tw_overlay_node **ret_node)
{
	struct twinfs_stat stat;
	uint64_t ino;
	int rc =
		dir->upper ? twinfs_volume_lookup(overlay->upper, dir->upper, name, &ino) : -ENOENT;

	if (!rc)
		rc = twinfs_volume_stat(overlay->upper, ino, &stat);
	return rc ? rc : add_upper(overlay, dir, name, &stat, ret_node);
}

static int find_lower(struct twinfs_overlay *overlay, struct tw_overlay_node *dir, const char *name,
	struct tw_overlay_node **ret_node)
{
	struct twinfs_stat stat;
	uint64_t ino;
	int rc = lookup_lower(overlay, dir, name, &ino);

	if (!rc)
		rc = twinfs_volume_stat(overlay->lower, ino, &stat);
	return rc ? rc : add_lower(overlay, dir, name, &stat, ret_node);
}

/*
 * Brings a known node up to date with the lower layer. Returns it, or NULL when it
 * is gone there: whatever has the name now is another object.
 */
static struct tw_overlay_node *refresh(struct twinfs_overlay *overlay, struct tw_overlay_node *node)
{
	uint64_t lower = 0;
	int rc;

	if (node->kind == TW_OVERLAY_WHITEOUT || (node->kind == TW_OVERLAY_FILE && node->upper))
		return node;
	if (node->upper) {
		if (!node->is_opaque && !find_merged(overlay, node->parent, node->name, &lower))
			node->lower = lower;
		return node;
	}
	rc = lookup_lower(overlay, node->parent, node->name, &lower);
	if (rc && rc != -ENOENT) /* nothing is known of it, so it stays what it was */
		return node;
	if (!rc && lower == node->lower)
		return node;
	tw_overlay_node_prune(&overlay->table, node);
	return NULL;
}

/* What the table knows under @name, and still holds; maybe a whiteout. */
static struct tw_overlay_node *find_known(struct twinfs_overlay *overlay,
	const struct tw_overlay_node *dir, const char *name)
{
	struct tw_overlay_node *known = tw_overlay_node_child(&overlay->table, dir, name);

	return known && overlay->lower_changes ? refresh(overlay, known) : known;
}

int tw_overlay_find(struct twinfs_overlay *overlay, struct tw_overlay_node *dir, const char *name,
	struct tw_overlay_node **ret_node)
{
	struct tw_overlay_node *known;
	int rc;

	if (strlen(name) > overlay->name_max)
		return -ENAMETOOLONG;
	if (dir->is_removed || tw_overlay_is_reserved(overlay, name))
		return -ENOENT;
	known = find_known(overlay, dir, name);
	if (known) {
		*ret_node = known;
		return known->kind == TW_OVERLAY_WHITEOUT ? -ENOENT : 0;
	}
	rc = find_upper(overlay, dir, name, ret_node);
	return rc == -ENOENT ? find_lower(overlay, dir, name, ret_node) : rc;
}

/* ---- listing ---- */

static int report(const struct listing *listing, struct tw_overlay_node *node,
	const struct twinfs_stat *from)
{
	struct twinfs_overlay_stat stat;
	int rc;

	fill_stat(listing->overlay, node, from, &stat);
	rc = listing->each(listing->ctx, node->name, &stat);
	if (rc < 0)
		return rc;
	if (rc)
		node->refs++;
	return 0;
}

/* Runs inside the upper volume, so it may ask the lower one only. */
static int list_upper(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	const struct listing *listing = ctx;
	struct tw_overlay_node *node;
	int rc = 0;

	if (tw_overlay_is_reserved(listing->overlay, name))
		return 0;
	node = find_known(listing->overlay, listing->dir, name);
	if (!node)
		rc = add_upper(listing->overlay, listing->dir, name, stat, &node);
	return rc ? rc : report(listing, node, stat);
}

/* Runs after the upper part was listed: what that holds is in the table. */
static int list_lower(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	const struct listing *listing = ctx;
	struct tw_overlay_node *node;
	int rc = 0;

	if (tw_overlay_is_reserved(listing->overlay, name))
		return 0;
	node = tw_overlay_node_child(&listing->overlay->table, listing->dir, name);
	if (node && (node->kind == TW_OVERLAY_WHITEOUT || node->upper))
		return 0;
	if (node && node->lower != stat->ino) { /* that one is gone below */
		tw_overlay_node_prune(&listing->overlay->table, node);
		node = NULL;
	}
	if (!node)
		rc = add_lower(listing->overlay, listing->dir, name, stat, &node);
	return rc ? rc : report(listing, node, stat);
}

static int list_in_lower(const struct twinfs_overlay *overlay, const struct tw_overlay_node *dir,
	int (*each)(void *ctx, const char *name, const struct twinfs_stat *stat), void *ctx)
{
	int rc = dir->lower ? twinfs_volume_list(overlay->lower, dir->lower, each, ctx) : 0;

	return rc == -ESTALE ? 0 : rc;
}

int tw_overlay_list_dir(struct twinfs_overlay *overlay, struct tw_overlay_node *dir,
	int (*each)(void *ctx, const char *name, const struct twinfs_overlay_stat *stat), void *ctx)
{
	struct listing listing = {overlay, dir, each, ctx};
	int rc = 0;

	if (dir->is_removed)
		return 0;
	if (dir->upper)
		rc = twinfs_volume_list(overlay->upper, dir->upper, list_upper, &listing);
	if (!rc)
		rc = list_in_lower(overlay, dir, list_lower, &listing);
	return rc;
}

/* ---- what is hidden ---- */

static int see_upper(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	const struct emptiness *emptiness = ctx;

	(void)stat;
	return tw_overlay_is_reserved(emptiness->overlay, name) ? 0 : -ENOTEMPTY;
}

static int see_lower(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	const struct emptiness *emptiness = ctx;
	const struct tw_overlay_node *node;

	(void)stat;
	if (tw_overlay_is_reserved(emptiness->overlay, name))
		return 0;
	node = tw_overlay_node_child(&emptiness->overlay->table, emptiness->dir, name);
	return node && node->kind == TW_OVERLAY_WHITEOUT ? 0 : -ENOTEMPTY;
}

int tw_overlay_check_empty(const struct twinfs_overlay *overlay, const struct tw_overlay_node *dir)
{
	struct emptiness emptiness = {overlay, dir};
	int rc = 0;

	if (dir->upper)
		rc = twinfs_volume_list(overlay->upper, dir->upper, see_upper, &emptiness);
	if (!rc)
		rc = list_in_lower(overlay, dir, see_lower, &emptiness);
	return rc;
}

int tw_overlay_prepare_whiteout(struct twinfs_overlay *overlay, const struct tw_overlay_node *dir,
	const char *name, struct tw_overlay_node **ret_whiteout)
{
	uint64_t lower;

	*ret_whiteout = NULL;
	/* Where the lower layer cannot tell, a whiteout too many does no harm. */
	if (lookup_lower(overlay, dir, name, &lower) == -ENOENT)
		return 0;
	return tw_overlay_node_new(&overlay->table, TW_OVERLAY_WHITEOUT, name, ret_whiteout);
}
