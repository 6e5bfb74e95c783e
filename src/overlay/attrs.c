/* SPDX-License-Identifier: MIT */
/*
 * attrs.c - public calls on user attributes.
 *
 * They are read from the volume that holds the object. A change needs it above;
 * so that one that the volume would refuse costs no copy, it is looked at first.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "copy_up.h"
#include "layers.h"

/* Where the attributes of @ino are. Needs the table's lock. */
static int find_holder(const struct twinfs_overlay *overlay, uint64_t ino,
	struct twinfs_volume **ret_volume, uint64_t *ret_ino)
{
	const struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);

	if (!node)
		return -ESTALE;
	/* A removed directory has no number below; a root without a layer never had one. */
	if (!tw_overlay_volume_ino(node) || (node->is_removed && node->kind == TW_OVERLAY_DIR))
		return -ENODATA;
	*ret_volume = tw_overlay_volume(overlay, node);
	*ret_ino = tw_overlay_volume_ino(node);
	return 0;
}

int64_t twinfs_overlay_get_attr(struct twinfs_overlay *overlay, uint64_t ino, uint8_t type,
	void *buf, size_t size)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&overlay->lock);
	struct twinfs_volume *volume;
	uint64_t holder;
	int rc = find_holder(overlay, ino, &volume, &holder);

	(void)guard;
	return rc ? rc : twinfs_volume_get_attr(volume, holder, type, buf, size);
}

int twinfs_overlay_list_attrs(struct twinfs_overlay *overlay, uint64_t ino, uint8_t ret_types[256])
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&overlay->lock);
	struct twinfs_volume *volume;
	uint64_t holder;
	int rc = find_holder(overlay, ino, &volume, &holder);

	(void)guard;
	if (rc == -ENODATA)
		return 0;
	return rc ? rc : twinfs_volume_list_attrs(volume, holder, ret_types);
}

/* ---- changing ---- */

static int check_change(struct twinfs_overlay *overlay, uint64_t ino, uint8_t type, size_t len,
	unsigned flags)
{
	int64_t now;

	if (!overlay->attr_max)
		return -ENOTSUP;
	if (len > overlay->attr_max)
		return -E2BIG;
	now = twinfs_overlay_get_attr(overlay, ino, type, NULL, 0);
	if (now < 0 && now != -ENODATA)
		return (int)now;
	if (flags & TWINFS_ATTR_CREATE && now >= 0)
		return -EEXIST;
	return flags & TWINFS_ATTR_REPLACE && now < 0 ? -ENODATA : 0;
}

/* The object with a reference that the caller forgets; a directory has its upper part then. */
static int prepare(struct twinfs_overlay *overlay, uint64_t ino, struct tw_overlay_node **ret_node)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);
	int rc = 0;

	(void)guard;
	if (!node)
		return -ESTALE;
	if (node->is_removed)
		return -ENOENT;
	if (node->kind == TW_OVERLAY_DIR)
		rc = tw_overlay_make_upper(overlay, node);
	if (!rc)
		node->refs++;
	*ret_node = node;
	return rc;
}

static int find_upper(struct twinfs_overlay *overlay, uint64_t ino, uint64_t *ret_upper)
{
	struct tw_overlay_node *node;
	int rc = prepare(overlay, ino, &node);

	if (rc)
		return rc;
	if (node->kind == TW_OVERLAY_FILE)
		rc = tw_overlay_copy_up(overlay, node);
	*ret_upper = node->upper;
	twinfs_overlay_forget(overlay, ino, 1);
	return rc;
}

/* @value NULL removes it. */
static int change(struct twinfs_overlay *overlay, uint64_t ino, uint8_t type, const void *value,
	size_t len, unsigned flags)
{
	_cleanup_unlock_ pthread_mutex_t *changing = tw_lock(&overlay->changing);
	int rc = overlay->upper ? check_change(overlay, ino, type, len, flags) : -EROFS;
	uint64_t upper;

	(void)changing;
	if (!rc)
		rc = tw_overlay_begin_change(overlay);
	if (!rc)
		rc = find_upper(overlay, ino, &upper);
	if (rc)
		return rc;
	return value ? twinfs_volume_set_attr(overlay->upper, upper, type, value, len, flags)
		     : twinfs_volume_remove_attr(overlay->upper, upper, type);
}

int twinfs_overlay_set_attr(struct twinfs_overlay *overlay, uint64_t ino, uint8_t type,
	const void *value, size_t len, unsigned flags)
{
	return change(overlay, ino, type, len ? value : "", len, flags);
}

int twinfs_overlay_remove_attr(struct twinfs_overlay *overlay, uint64_t ino, uint8_t type)
{
	return change(overlay, ino, type, NULL, 0, TWINFS_ATTR_REPLACE);
}
