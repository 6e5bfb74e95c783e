/* SPDX-License-Identifier: MIT */
/*
 * overlay.c - public calls that look, and those on one object.
 *
 * Finding and listing is done in layers.c, copying up in copy_up.c, changing
 * names in change.c. What is here finds the object, picks the volume that
 * holds it, and calls that.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "copy_up.h"
#include "layers.h"

/* ---- making and freeing ---- */

static int read_limits(struct twinfs_overlay *overlay)
{
	struct twinfs_volume *const layers[] = {overlay->lower, overlay->upper};
	struct twinfs_statfs statfs = {0};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(layers) / sizeof(layers[0]); i++) {
		statfs.attr_max = 0;
		if (layers[i])
			rc = twinfs_volume_statfs(layers[i], &statfs);
		if (statfs.name_max > overlay->name_max)
			overlay->name_max = statfs.name_max;
	}
	overlay->attr_max = statfs.attr_max;
	return rc;
}

static int make_root(struct twinfs_overlay *overlay)
{
	uint64_t lower;
	int rc = tw_overlay_find_lower_root(overlay, &lower);

	if (!rc)
		rc = tw_overlay_node_new(&overlay->table, TW_OVERLAY_DIR, "", &overlay->root);
	if (rc)
		return rc;
	overlay->root->upper = overlay->upper ? TWINFS_ROOT_INO : 0;
	overlay->root->lower = lower;
	return 0;
}

int twinfs_overlay_new(const struct twinfs_overlay_config *config,
	struct twinfs_overlay **ret_overlay)
{
	struct twinfs_overlay *overlay;
	int rc;

	if ((!config->upper && !config->lower) || !config->first_ino)
		return -EINVAL;
	overlay = calloc(1, sizeof(*overlay));
	if (!overlay)
		return -ENOMEM;
	(void)pthread_mutex_init(&overlay->changing, NULL); /* neither can fail: default */
	(void)pthread_rwlock_init(&overlay->lock, NULL);    /* attributes */
	overlay->upper = config->upper;
	overlay->lower = config->lower;
	overlay->lower_path = config->lower_path ? config->lower_path : "";
	overlay->lower_changes = config->lower && config->lower_changes;
	rc = tw_overlay_table_init(&overlay->table, config->first_ino);
	if (!rc)
		rc = read_limits(overlay);
	if (!rc)
		rc = make_root(overlay);
	if (rc) {
		twinfs_overlay_free(overlay);
		return rc;
	}
	*ret_overlay = overlay;
	return 0;
}

static void unpin(const struct twinfs_overlay *overlay, const struct tw_overlay_node *node)
{
	twinfs_volume_close(tw_overlay_volume(overlay, node), tw_overlay_volume_ino(node));
}

void twinfs_overlay_free(struct twinfs_overlay *overlay)
{
	const struct tw_overlay_node *node;

	if (!overlay)
		return;
	LIST_FOREACH(node, &overlay->table.all, all)
	if (node->opens)
		unpin(overlay, node);
	tw_overlay_table_release(&overlay->table);
	(void)pthread_rwlock_destroy(&overlay->lock);
	(void)pthread_mutex_destroy(&overlay->changing);
	free(overlay);
}

uint64_t twinfs_overlay_next_ino(struct twinfs_overlay *overlay)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&overlay->lock);

	(void)guard;
	return overlay->table.next_ino;
}

/* ---- looking ---- */

int twinfs_overlay_lookup(struct twinfs_overlay *overlay, uint64_t dir, const char *name,
	struct twinfs_overlay_stat *ret_stat)
{
	_cleanup_unlock_ pthread_mutex_t *changing = tw_overlay_lock_look(overlay);
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *parent, *node;
	int rc = tw_overlay_get_dir(overlay, dir, &parent);

	(void)changing;
	(void)guard;
	if (!rc)
		rc = tw_overlay_find(overlay, parent, name, &node);
	if (!rc)
		rc = tw_overlay_stat_node(overlay, node, ret_stat);
	if (!rc)
		node->refs++;
	return rc;
}

void twinfs_overlay_forget(struct twinfs_overlay *overlay, uint64_t ino, uint64_t count)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);

	(void)guard;
	if (!node)
		return;
	node->refs -= count < node->refs ? count : node->refs;
	tw_overlay_node_settle(&overlay->table, node);
}

int twinfs_overlay_stat(struct twinfs_overlay *overlay, uint64_t ino,
	struct twinfs_overlay_stat *ret_stat)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&overlay->lock);
	const struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);

	(void)guard;
	return node ? tw_overlay_stat_node(overlay, node, ret_stat) : -ESTALE;
}

/* The length of the path of @node, or -ESTALE when it hangs in the air. */
static int64_t path_length(const struct twinfs_overlay *overlay, const struct tw_overlay_node *node)
{
	size_t len = 0;

	for (; node && node != overlay->root; node = node->parent)
		len += 1 + strlen(node->name);
	return node ? (int64_t)len : -ESTALE;
}

int64_t twinfs_overlay_path(struct twinfs_overlay *overlay, uint64_t ino, char *buf, size_t size)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&overlay->lock);
	const struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);
	int64_t len = node ? path_length(overlay, node) : -ESTALE;
	char *at;

	(void)guard;
	if (len < 0)
		return len;
	if ((size_t)len >= size)
		return -ERANGE;
	at = buf + len;
	*at = '\0';
	for (; node != overlay->root; node = node->parent) {
		size_t name_len = strlen(node->name);

		at -= name_len;
		memcpy(at, node->name, name_len);
		*--at = '/';
	}
	return len;
}

int twinfs_overlay_list(struct twinfs_overlay *overlay, uint64_t dir,
	int (*each)(void *ctx, const char *name, const struct twinfs_overlay_stat *stat), void *ctx)
{
	_cleanup_unlock_ pthread_mutex_t *changing = tw_overlay_lock_look(overlay);
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *node;
	int rc = tw_overlay_get_dir(overlay, dir, &node);

	(void)changing;
	(void)guard;
	return rc ? rc : tw_overlay_list_dir(overlay, node, each, ctx);
}

int twinfs_overlay_statfs(struct twinfs_overlay *overlay, struct twinfs_statfs *ret_statfs)
{
	return twinfs_volume_statfs(overlay->upper ? overlay->upper : overlay->lower, ret_statfs);
}

uint32_t twinfs_overlay_block_size(const struct twinfs_overlay *overlay)
{
	return twinfs_volume_block_size(overlay->upper ? overlay->upper : overlay->lower);
}

/* ---- files ---- */

int twinfs_overlay_open(struct twinfs_overlay *overlay, uint64_t ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);
	int rc = 0;

	(void)guard;
	if (!node)
		return -ESTALE;
	if (node->kind != TW_OVERLAY_FILE)
		return -EISDIR;
	if (!node->opens)
		rc = twinfs_volume_open(tw_overlay_volume(overlay, node),
			tw_overlay_volume_ino(node));
	if (!rc)
		node->opens++;
	return rc;
}

void twinfs_overlay_close(struct twinfs_overlay *overlay, uint64_t ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);

	(void)guard;
	if (!node || !node->opens || --node->opens)
		return;
	unpin(overlay, node);
	tw_overlay_node_settle(&overlay->table, node);
}

/* The open file @ino. Needs the table's lock. */
static int get_open(const struct twinfs_overlay *overlay, uint64_t ino,
	struct tw_overlay_node **ret_node)
{
	struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);

	if (!node)
		return -ESTALE;
	if (node->kind != TW_OVERLAY_FILE)
		return -EISDIR;
	if (!node->opens)
		return -EBADF;
	*ret_node = node;
	return 0;
}

/* The view keeps what it shows: the file may be copied up or closed under it. */
int twinfs_overlay_view(struct twinfs_overlay *overlay, uint64_t ino, size_t len, uint64_t off,
	struct twinfs_overlay_view *ret_view)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&overlay->lock);
	struct twinfs_overlay_view view;
	struct tw_overlay_node *node;
	int rc = get_open(overlay, ino, &node);

	(void)guard;
	if (rc)
		return rc;
	view.volume = tw_overlay_volume(overlay, node);
	rc = twinfs_volume_view(view.volume, tw_overlay_volume_ino(node), len, off, &view.view);
	if (!rc)
		*ret_view = view;
	return rc;
}

void twinfs_overlay_release_view(struct twinfs_overlay *overlay, struct twinfs_overlay_view *view)
{
	(void)overlay;
	twinfs_volume_release_view(view->volume, &view->view);
}

/* A reference for the time of a copy-up: a handle of another thread may close meanwhile. */
static int hold_open(struct twinfs_overlay *overlay, uint64_t ino,
	struct tw_overlay_node **ret_node)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	int rc = get_open(overlay, ino, ret_node);

	(void)guard;
	if (!rc)
		(*ret_node)->refs++;
	return rc;
}

static int copy_up_open(struct twinfs_overlay *overlay, uint64_t ino, uint64_t *ret_upper)
{
	_cleanup_unlock_ pthread_mutex_t *changing = tw_lock(&overlay->changing);
	struct tw_overlay_node *node;
	int rc = tw_overlay_begin_change(overlay);

	(void)changing;
	if (!rc)
		rc = hold_open(overlay, ino, &node);
	if (rc)
		return rc;
	rc = tw_overlay_copy_up(overlay, node);
	if (!rc)
		*ret_upper = node->upper;
	twinfs_overlay_forget(overlay, ino, 1);
	return rc;
}

/* Number of the upper file of the open file @ino, which is made if there is none. */
static int get_upper(struct twinfs_overlay *overlay, uint64_t ino, uint64_t *ret_upper)
{
	struct tw_overlay_node *node;
	uint64_t upper = 0;
	int rc;

	if (!overlay->upper)
		return -EROFS;
	{
		_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&overlay->lock);

		(void)guard;
		rc = get_open(overlay, ino, &node);
		if (!rc)
			upper = node->upper;
	}
	if (!rc && !upper)
		rc = copy_up_open(overlay, ino, &upper);
	if (!rc)
		*ret_upper = upper;
	return rc;
}

int64_t twinfs_overlay_write(struct twinfs_overlay *overlay, uint64_t ino, const void *buf,
	size_t len, uint64_t off)
{
	uint64_t upper;
	int rc = get_upper(overlay, ino, &upper);

	return rc ? rc : twinfs_volume_write(overlay->upper, upper, buf, len, off);
}

int twinfs_overlay_truncate(struct twinfs_overlay *overlay, uint64_t ino, uint64_t size)
{
	uint64_t upper;
	int rc = get_upper(overlay, ino, &upper);

	return rc ? rc : twinfs_volume_truncate(overlay->upper, upper, size);
}

/* Number of the upper file of @ino, which is 0 when there is nothing that could be committed. */
static int get_committable(struct twinfs_overlay *overlay, uint64_t ino, uint64_t *ret_upper)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&overlay->lock);
	const struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);

	(void)guard;
	if (!node)
		return -ESTALE;
	*ret_upper = node->kind == TW_OVERLAY_FILE && !node->is_removed ? node->upper : 0;
	return 0;
}

int twinfs_overlay_sync(struct twinfs_overlay *overlay, uint64_t ino)
{
	uint64_t upper;
	int rc = get_committable(overlay, ino, &upper);

	return rc || !upper ? rc : twinfs_volume_sync(overlay->upper, upper);
}

void twinfs_overlay_discard(struct twinfs_overlay *overlay, uint64_t ino)
{
	uint64_t upper;

	if (!get_committable(overlay, ino, &upper) && upper)
		twinfs_volume_discard(overlay->upper, upper);
}

int twinfs_overlay_set_mtime(struct twinfs_overlay *overlay, uint64_t ino, int64_t mtime_ns)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&overlay->lock);
	struct tw_overlay_node *node = tw_overlay_node_get(&overlay->table, ino);

	(void)guard;
	if (!node)
		return -ESTALE;
	if (!overlay->upper)
		return -EROFS;
	if (node->upper)
		return twinfs_volume_set_mtime(overlay->upper, node->upper, mtime_ns);
	node->mtime_ns = mtime_ns;
	return 0;
}
