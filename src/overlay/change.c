/* SPDX-License-Identifier: MIT */
/*
 * change.c - public calls that change names.
 *
 * Each has the same three steps: look at what is seen and refuse; prepare what
 * can fail (upper directories, copies, memory); then one change of the upper
 * volume, after which only the table is brought up to date, which cannot fail.
 * A name that the lower layer holds, and that is to be gone, gets a whiteout.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "copy_up.h"
#include "layers.h"

/* Whether an object may be called @name. */
static int check_new_name(const struct twinfs_overlay *overlay, const char *name)
{
	if (strlen(name) > overlay->name_max)
		return -ENAMETOOLONG;
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/') ||
		tw_overlay_is_reserved(overlay, name))
		return -EINVAL;
	return 0;
}

/* The directory @dir, in which @name is free and allowed. */
static int find_free(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	struct tw_overlay_node **ret_dir)
{
	struct tw_overlay_node *parent, *node;
	int rc = tw_overlay_get_dir(overlay, dir, &parent);

	if (!rc)
		rc = check_new_name(overlay, name);
	if (!rc)
		rc = tw_overlay_find(overlay, parent, name, &node);
	if (rc != -ENOENT)
		return rc ? rc : -EEXIST;
	if (parent->is_removed)
		return -ENOENT;
	*ret_dir = parent;
	return 0;
}

static int add(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	enum tw_overlay_kind kind, struct twinfs_overlay_stat *ret_stat)
{
	_cleanup_unlock_ pthread_mutex_t *changing = tw_lock(&overlay->changing);
	int rc = tw_overlay_begin_change(overlay);
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *parent, *node = NULL;

	(void)changing;
	(void)guard;
	if (!rc)
		rc = find_free(overlay, dir, name, &parent);
	if (!rc)
		rc = tw_overlay_make_upper(overlay, parent);
	if (!rc)
		rc = tw_overlay_node_new(&overlay->table, kind, name, &node);
	if (rc)
		return rc;
	rc = kind == TW_OVERLAY_DIR
		     ? twinfs_volume_mkdir(overlay->upper, parent->upper, name, &node->upper)
		     : twinfs_volume_create(overlay->upper, parent->upper, name, &node->upper);
	if (rc) {
		tw_overlay_node_free(&overlay->table, node);
		return rc;
	}
	tw_overlay_node_link(&overlay->table, node, parent);
	rc = tw_overlay_stat_node(overlay, node, ret_stat);
	if (!rc)
		node->refs = 1;
	return rc;
}

int twinfs_overlay_create(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	struct twinfs_overlay_stat *ret_stat)
{
	return add(overlay, dir, name, TW_OVERLAY_FILE, ret_stat);
}

int twinfs_overlay_mkdir(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	struct twinfs_overlay_stat *ret_stat)
{
	return add(overlay, dir, name, TW_OVERLAY_DIR, ret_stat);
}

/* ---- removing ---- */

static int check_remove(const struct twinfs_overlay *overlay, const struct tw_overlay_node *node,
	enum tw_overlay_kind kind)
{
	if (node->kind != kind)
		return kind == TW_OVERLAY_DIR ? -ENOTDIR : -EISDIR;
	return kind == TW_OVERLAY_DIR ? tw_overlay_check_empty(overlay, node) : 0;
}

static int remove_upper(const struct twinfs_overlay *overlay, const struct tw_overlay_node *node)
{
	if (!node->upper)
		return 0;
	return node->kind == TW_OVERLAY_DIR
		       ? twinfs_volume_rmdir(overlay->upper, node->parent->upper, node->name)
		       : twinfs_volume_unlink(overlay->upper, node->parent->upper, node->name);
}

static int drop(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	enum tw_overlay_kind kind)
{
	_cleanup_unlock_ pthread_mutex_t *changing = tw_lock(&overlay->changing);
	int rc = tw_overlay_begin_change(overlay);
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *parent, *node, *whiteout = NULL;

	(void)changing;
	(void)guard;
	if (!rc)
		rc = tw_overlay_get_dir(overlay, dir, &parent);
	if (!rc)
		rc = tw_overlay_find(overlay, parent, name, &node);
	if (!rc)
		rc = check_remove(overlay, node, kind);
	if (!rc)
		rc = tw_overlay_prepare_whiteout(overlay, parent, name, &whiteout);
	if (!rc)
		rc = remove_upper(overlay, node);
	if (rc) {
		tw_overlay_node_free(&overlay->table, whiteout);
		return rc;
	}
	tw_overlay_node_remove(&overlay->table, node);
	if (whiteout)
		tw_overlay_node_link(&overlay->table, whiteout, parent);
	return 0;
}

int twinfs_overlay_unlink(struct twinfs_overlay *overlay, uint64_t dir, const char *name)
{
	return drop(overlay, dir, name, TW_OVERLAY_FILE);
}

int twinfs_overlay_rmdir(struct twinfs_overlay *overlay, uint64_t dir, const char *name)
{
	return drop(overlay, dir, name, TW_OVERLAY_DIR);
}

/* ---- renaming ---- */

struct renaming {
	struct twinfs_overlay *overlay;
	struct tw_overlay_node *old_dir, *new_dir;
	struct tw_overlay_node *node;
	struct tw_overlay_node *replaced; /* NULL: the new name is free */
	const char *old_name, *new_name;
};

static bool is_inside(const struct tw_overlay_node *node, const struct tw_overlay_node *dir)
{
	while (node && node != dir)
		node = node->parent;
	return node != NULL;
}

static int check_replace(const struct renaming *renaming, unsigned flags)
{
	if (flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (renaming->node == renaming->replaced)
		return 0;
	if (renaming->node->kind == TW_OVERLAY_FILE)
		return renaming->replaced->kind == TW_OVERLAY_FILE ? 0 : -EISDIR;
	return check_remove(renaming->overlay, renaming->replaced, TW_OVERLAY_DIR);
}

static int check_rename(const struct renaming *renaming, unsigned flags)
{
	const struct tw_overlay_node *node = renaming->node;
	int rc = 0;

	if (is_inside(renaming->new_dir, node))
		return -EINVAL;
	if (renaming->replaced)
		rc = check_replace(renaming, flags);
	if (!rc && node->kind == TW_OVERLAY_DIR && node->lower && node != renaming->replaced)
		rc = -EXDEV;
	return rc;
}

static int find_new(struct renaming *renaming)
{
	int rc = tw_overlay_find(renaming->overlay, renaming->new_dir, renaming->new_name,
		&renaming->replaced);

	if (rc == -ENOENT && !renaming->new_dir->is_removed) {
		renaming->replaced = NULL;
		rc = 0;
	}
	return rc;
}

/* What is renamed may lie in what turns out to be gone below when the new name is found. */
static int find_held(struct renaming *renaming)
{
	struct tw_overlay_node *const held[] = {
		renaming->node, renaming->old_dir, renaming->new_dir};
	bool is_gone = false;
	int rc;

	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		held[i]->refs++;
	rc = find_new(renaming);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		is_gone |= held[i]->is_removed;
		held[i]->refs--;
		tw_overlay_node_settle(&renaming->overlay->table, held[i]);
	}
	return is_gone ? -ENOENT : rc;
}

/* Finds all that takes part, and refuses. */
static int look(struct renaming *renaming, uint64_t old_dir, uint64_t new_dir, unsigned flags)
{
	struct twinfs_overlay *overlay = renaming->overlay;
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	int rc = tw_overlay_get_dir(overlay, old_dir, &renaming->old_dir);

	(void)guard;
	if (!rc)
		rc = tw_overlay_get_dir(overlay, new_dir, &renaming->new_dir);
	if (!rc)
		rc = tw_overlay_find(overlay, renaming->old_dir, renaming->old_name,
			&renaming->node);
	if (!rc)
		rc = check_new_name(overlay, renaming->new_name);
	if (!rc)
		rc = find_held(renaming);
	return rc ? rc : check_rename(renaming, flags);
}

static int rename_upper(struct renaming *renaming)
{
	int rc = tw_overlay_make_upper(renaming->overlay, renaming->new_dir);

	if (rc)
		return rc;
	return twinfs_volume_rename(renaming->overlay->upper, renaming->old_dir->upper,
		renaming->old_name, renaming->new_dir->upper, renaming->new_name, 0);
}

/* The node is an upper one, and upper objects without lower part can move freely. */
static int apply(struct renaming *renaming)
{
	struct tw_overlay_table *table = &renaming->overlay->table;
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&renaming->overlay->lock);
	_cleanup_free_ char *name = strdup(renaming->new_name);
	struct tw_overlay_node *node = renaming->node, *whiteout = NULL;
	int rc = name ? 0 : -ENOMEM;

	(void)guard;
	if (!rc)
		rc = tw_overlay_prepare_whiteout(renaming->overlay, renaming->old_dir,
			renaming->old_name, &whiteout);
	if (!rc)
		rc = rename_upper(renaming);
	if (rc) {
		tw_overlay_node_free(table, whiteout);
		return rc;
	}
	tw_overlay_node_unlink(table, node);
	free(node->name);
	node->name = tw_steal(&name);
	tw_overlay_node_link(table, node, renaming->new_dir); /* removes what it replaces */
	if (whiteout)
		tw_overlay_node_link(table, whiteout, renaming->old_dir);
	return 0;
}

int twinfs_overlay_rename(struct twinfs_overlay *overlay, uint64_t old_dir, const char *old_name,
	uint64_t new_dir, const char *new_name, unsigned flags)
{
	_cleanup_unlock_ pthread_mutex_t *changing = tw_lock(&overlay->changing);
	struct renaming renaming = {
		.overlay = overlay,
		.old_name = old_name,
		.new_name = new_name,
	};
	int rc = flags & ~(unsigned)RENAME_NOREPLACE ? -EINVAL : 0;

	(void)changing;
	if (!rc)
		rc = tw_overlay_begin_change(overlay);
	if (!rc)
		rc = look(&renaming, old_dir, new_dir, flags);
	if (rc || renaming.node == renaming.replaced)
		return rc;
	if (renaming.node->kind == TW_OVERLAY_FILE)
		rc = tw_overlay_copy_up(overlay, renaming.node);
	return rc ? rc : apply(&renaming);
}
