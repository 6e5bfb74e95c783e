/* SPDX-License-Identifier: MIT */
/*
 * watch.c - tells somebody of each change.
 *
 * An event is made whole before the change begins: paths as they are then, and
 * the digest of what the application sees, so that a commit that writes
 * something else is found out.
 */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "content.h"
#include "owner.h"

struct tw_watch {
	struct twinfs_volume_watch to;
	struct tw_digest *digest;
	struct twinfs_volume_change change; /* the one that goes on */
	char *path, *new_path;              /* of the change */
};

void tw_watch_free(struct tw_watch *watch)
{
	if (!watch)
		return;
	tw_digest_free(watch->digest);
	free(watch);
}

static int new_watch(const struct twinfs_volume_watch *to, struct tw_watch **ret_watch)
{
	struct tw_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	watch->to = *to;
	watch->digest = tw_digest_new();
	if (!watch->digest) {
		free(watch);
		return -ENOMEM;
	}
	*ret_watch = watch;
	return 0;
}

int twinfs_volume_set_watch(struct twinfs_volume *volume, const struct twinfs_volume_watch *watch)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_watch *fresh = NULL;
	int rc = watch ? new_watch(watch, &fresh) : 0;

	(void)guard;
	if (rc)
		return rc;
	tw_watch_free(volume->watch);
	volume->watch = fresh;
	return 0;
}

/* ---- making an event ---- */

/* The path of @name in @dir, or with NULL of @dir. NULL: out of memory. */
static char *new_path(const struct twinfs_volume *volume, const struct tw_node *dir,
	const char *name)
{
	int64_t len = tw_node_path(volume, dir, name, NULL, 0);
	char *path = len < 0 ? NULL : malloc((size_t)len + 1);

	if (path)
		(void)tw_node_path(volume, dir, name, path, (size_t)len + 1);
	return path;
}

static int add_piece(void *ctx, const void *data, size_t len)
{
	tw_digest_add(ctx, data, len);
	return 0;
}

static int digest_content(struct twinfs_volume *volume, const struct tw_news *news)
{
	struct tw_watch *watch = volume->watch;
	const struct twinfs_scan scan = {add_piece, watch->digest};
	int rc = tw_content_scan(volume, news->node, &scan);

	watch->change.size = tw_content_size(news->node);
	/* in any case, to be ready for the next one */
	watch->change.digest = tw_digest_finish(watch->digest);
	return rc;
}

static int make_paths(const struct twinfs_volume *volume, const struct tw_news *news)
{
	struct tw_watch *watch = volume->watch;

	watch->path = new_path(volume, news->name ? news->dir : news->node, news->name);
	watch->new_path = news->new_dir ? new_path(volume, news->new_dir, news->new_name) : NULL;
	watch->change.path = watch->path;
	watch->change.new_path = watch->new_path;
	return watch->path && (watch->new_path || !news->new_dir) ? 0 : -ENOMEM;
}

static void forget(struct tw_watch *watch)
{
	free(watch->path);
	free(watch->new_path);
	watch->path = watch->new_path = NULL;
}

int tw_watch_tell(struct twinfs_volume *volume, const struct tw_news *news)
{
	struct tw_watch *watch = volume->watch;
	enum tw_kind kind = news->name ? news->type : news->node->kind;
	int rc;

	watch->change = (struct twinfs_volume_change){
		.kind = news->kind,
		.type = kind == TW_FILE ? TWINFS_REG : TWINFS_DIR,
		.replaces = news->replaced,
		.removes_attr = news->kind == TWINFS_CHANGE_ATTR && !news->value,
		.attr = news->attr,
		.size = news->size,
	};
	rc = make_paths(volume, news);
	if (!rc && news->kind == TWINFS_CHANGE_CONTENT)
		rc = digest_content(volume, news);
	else if (!rc && news->value)
		watch->change.digest = twinfs_digest(news->value, news->size);
	if (rc)
		forget(watch);
	else
		watch->to.began(watch->to.ctx, &watch->change);
	return rc;
}

void tw_watch_tell_end(struct twinfs_volume *volume, int rc)
{
	struct tw_watch *watch = volume->watch;

	watch->to.ended(watch->to.ctx, &watch->change, rc);
	forget(watch);
}
