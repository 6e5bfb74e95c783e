/* SPDX-License-Identifier: MIT */
/*
 * volume_change.c - public calls that change a volume.
 *
 * Each begins by repairing what a power cut left, as the format demands before
 * the first allocation (littlefs v1 guide, section 13).
 */
#include "volume_call.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "ctz.h"
#include "content.h"
#include "index.h"
#include "watch.h"

static bool has_pending(const struct twinfs_volume *volume)
{
	return volume->pending.orphans || volume->pending.desyncs || volume->pending.marks ||
	       volume->upgrades || volume->worn;
}

/* What must be true before anything is changed. */
static int begin_change(struct twinfs_volume *volume)
{
	if (!twinfs_flash_has_power(volume->area.flash))
		return -ESHUTDOWN;
	if (volume->is_read_only)
		return -EROFS;
	/*
	 * The map is built from the tree as it is between operations. On a damaged
	 * volume there is none; then only what needs no block can be done, or nothing.
	 * Without memory nothing begins: later it would be built in the middle.
	 */
	if (tw_alloc_prepare(volume) == -ENOMEM)
		return -ENOMEM;
	if (volume->thread_damage)
		return volume->thread_damage;
	return has_pending(volume) ? volume->engine->repair(volume) : 0;
}

static int check_new_name(const struct twinfs_volume *volume, const char *name)
{
	size_t len = strlen(name);

	if (len > volume->name_max)
		return -ENAMETOOLONG;
	return tw_name_is_valid(name, len) ? 0 : -EINVAL;
}

static int add(struct twinfs_volume *volume, uint64_t dir, const char *name, enum tw_kind kind,
	uint64_t *ret_ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_news news = {
		.kind = kind == TW_FILE ? TWINFS_CHANGE_CREATE : TWINFS_CHANGE_MKDIR,
		.name = name,
		.type = kind,
	};
	struct tw_node *parent, *node;
	int rc = check_new_name(volume, name);

	(void)guard;
	if (!rc)
		rc = tw_call_find(volume, dir, name, &parent, &node);
	if (rc != -ENOENT)
		return rc ? rc : -EEXIST;
	if (parent != volume->root && !parent->mdir)
		return -ENOENT; /* removed meanwhile */
	news.dir = parent;
	rc = begin_change(volume) ?: tw_watch_begin(volume, &news);
	if (rc)
		return rc;
	rc = tw_watch_end(volume, volume->engine->add(volume, parent, name, kind, &node));
	if (!rc)
		*ret_ino = node->ino;
	return rc;
}

int twinfs_volume_create(struct twinfs_volume *volume, uint64_t dir, const char *name,
	uint64_t *ret_ino)
{
	return add(volume, dir, name, TW_FILE, ret_ino);
}

int twinfs_volume_mkdir(struct twinfs_volume *volume, uint64_t dir, const char *name,
	uint64_t *ret_ino)
{
	return add(volume, dir, name, TW_DIRECTORY, ret_ino);
}

/* An entry that is hidden counts too: it has content. */
static int check_empty(const struct tw_node *dir)
{
	if (dir->damage)
		return dir->damage;
	return dir->dir.first == dir->dir.last && dir->dir.first->count == 0 ? 0 : -ENOTEMPTY;
}

static int remove_node(struct twinfs_volume *volume, struct tw_node *node)
{
	int rc = tw_watch_begin(volume,
		&(struct tw_news){.kind = TWINFS_CHANGE_REMOVE, .node = node});

	return rc ? rc : tw_watch_end(volume, volume->engine->remove(volume, node));
}

int twinfs_volume_unlink(struct twinfs_volume *volume, uint64_t dir, const char *name)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *parent, *node;
	int rc = tw_call_find(volume, dir, name, &parent, &node);

	(void)guard;
	if (!rc && node->kind != TW_FILE)
		rc = -EISDIR;
	if (!rc)
		rc = begin_change(volume);
	return rc ? rc : remove_node(volume, node);
}

int twinfs_volume_rmdir(struct twinfs_volume *volume, uint64_t dir, const char *name)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *parent, *node;
	int rc = tw_call_find(volume, dir, name, &parent, &node);

	(void)guard;
	if (!rc && node->kind != TW_DIRECTORY)
		rc = -ENOTDIR;
	if (!rc)
		rc = begin_change(volume); /* it may take a void entry out of the directory */
	if (!rc)
		rc = check_empty(node);
	return rc ? rc : remove_node(volume, node);
}

static bool is_inside(const struct tw_node *node, const struct tw_node *dir)
{
	for (; node; node = node->parent)
		if (node == dir)
			return true;
	return false;
}

static int check_replace(const struct tw_node *node, const struct tw_node *replaced, unsigned flags)
{
	if (flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (node->kind == TW_FILE)
		return replaced->kind == TW_FILE ? 0 : -EISDIR;
	return replaced->kind == TW_DIRECTORY ? check_empty(replaced) : -ENOTDIR;
}

/* All checks before the first write: a mark must not be left by a refusal (guide, 19.3). */
static int check_rename(const struct twinfs_volume *volume, const struct tw_node *node,
	const struct tw_node *dir, const struct tw_node *replaced, unsigned flags)
{
	if (flags & ~(unsigned)RENAME_NOREPLACE)
		return -EINVAL;
	if (node->kind == TW_DIRECTORY && node->damage)
		return node->damage;
	if (dir->damage)
		return dir->damage;
	if (dir != volume->root && !dir->mdir)
		return -ENOENT;
	if (is_inside(dir, node))
		return -EINVAL;
	return replaced ? check_replace(node, replaced, flags) : 0;
}

static int move(struct twinfs_volume *volume, struct tw_node *node, struct tw_node *dir,
	const char *name, struct tw_node *replaced)
{
	const struct tw_news news = {.kind = TWINFS_CHANGE_RENAME,
		.node = node,
		.new_dir = dir,
		.new_name = name,
		.replaced = replaced};
	int rc = tw_watch_begin(volume, &news);

	return rc ? rc
		  : tw_watch_end(volume, volume->engine->move(volume, node, dir, name, replaced));
}

int twinfs_volume_rename(struct twinfs_volume *volume, uint64_t old_dir, const char *old_name,
	uint64_t new_dir, const char *new_name, unsigned flags)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *from, *to, *node, *replaced;
	int rc = tw_call_find(volume, old_dir, old_name, &from, &node);

	(void)guard;
	if (!rc)
		rc = check_new_name(volume, new_name);
	if (!rc) {
		rc = tw_call_find(volume, new_dir, new_name, &to, &replaced);
		if (rc == -ENOENT)
			rc = 0;
	}
	if (!rc && node == replaced)
		return flags & RENAME_NOREPLACE ? -EEXIST : 0;
	if (!rc)
		rc = begin_change(volume);
	if (!rc)
		rc = check_rename(volume, node, to, replaced, flags);
	return rc ? rc : move(volume, node, to, new_name, replaced);
}

int twinfs_volume_set_mtime(struct twinfs_volume *volume, uint64_t ino, int64_t mtime_ns)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *node = tw_node_get(volume, ino);

	(void)guard;
	if (!node)
		return -ESTALE;
	node->has_new_time = volume->stores_mtime && node->kind == TW_FILE && node->mdir &&
			     (node->has_new_time || node->mtime_ns != mtime_ns);
	node->mtime_ns = mtime_ns;
	return 0;
}

/* ---- user attributes ---- */

static int check_attr(const struct twinfs_volume *volume, const struct tw_node *node, uint8_t type,
	size_t len, unsigned flags)
{
	bool exists = tw_call_has_attr(node, type);

	if (!volume->engine->set_attr)
		return -ENOTSUP;
	if (len > volume->attr_max)
		return -E2BIG;
	if (!node->mdir)
		return -ENOENT;
	if (flags & TWINFS_ATTR_CREATE && exists)
		return -EEXIST;
	return flags & TWINFS_ATTR_REPLACE && !exists ? -ENODATA : 0;
}

static int change_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type, const void *value,
	size_t len, unsigned flags)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_news news = {
		.kind = TWINFS_CHANGE_ATTR, .attr = type, .value = value, .size = len};
	struct tw_node *node;
	int rc = tw_call_attr_node(volume, ino, &node);

	(void)guard;
	if (!rc)
		rc = check_attr(volume, node, type, len, flags);
	if (!rc)
		rc = begin_change(volume);
	if (rc)
		return rc;
	news.node = tw_node_get(volume, ino);
	rc = tw_watch_begin(volume, &news);
	return rc ? rc
		  : tw_watch_end(volume,
			    volume->engine->set_attr(volume, node, type, value, (uint32_t)len));
}

int twinfs_volume_set_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type,
	const void *value, size_t len, unsigned flags)
{
	return change_attr(volume, ino, type, len ? value : "", len, flags);
}

int twinfs_volume_remove_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type)
{
	return change_attr(volume, ino, type, NULL, 0, TWINFS_ATTR_REPLACE);
}

int twinfs_volume_resize(struct twinfs_volume *volume, uint32_t block_count)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	const struct tw_news news = {
		.kind = TWINFS_CHANGE_RESIZE, .node = volume->root, .size = block_count};
	int rc;

	(void)guard;
	if (!volume->engine->resize)
		return -ENOTSUP;
	if (block_count < 2 || block_count > volume->area.room)
		return -EINVAL;
	rc = begin_change(volume);
	if (!rc)
		rc = tw_watch_begin(volume, &news);
	return rc ? rc : tw_watch_end(volume, volume->engine->resize(volume, block_count));
}

/* ---- files ---- */

int twinfs_volume_open(struct twinfs_volume *volume, uint64_t ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *node;
	int rc = tw_call_file(volume, ino, &node);

	(void)guard;
	return rc ? rc : tw_content_open(volume, node);
}

void twinfs_volume_close(struct twinfs_volume *volume, uint64_t ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *node = tw_node_get(volume, ino);

	(void)guard;
	if (node && node->kind == TW_FILE)
		tw_content_close(volume, node);
}

int64_t twinfs_volume_write(struct twinfs_volume *volume, uint64_t ino, const void *buf, size_t len,
	uint64_t off)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *node;
	int rc = tw_call_open_file(volume, ino, &node);

	(void)guard;
	if (!rc)
		rc = begin_change(volume);
	return rc ? rc : tw_content_write(volume, node, buf, len, off);
}

int twinfs_volume_truncate(struct twinfs_volume *volume, uint64_t ino, uint64_t size)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *node;
	int rc = tw_call_open_file(volume, ino, &node);

	(void)guard;
	if (!rc)
		rc = begin_change(volume);
	return rc ? rc : tw_content_truncate(volume, node, size);
}

static bool is_unsynced(const struct tw_node *node)
{
	return node->file.dirty || node->has_new_time;
}

int twinfs_volume_sync(struct twinfs_volume *volume, uint64_t ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *node;
	int rc = tw_call_file(volume, ino, &node);

	(void)guard;
	if (rc || !is_unsynced(node))
		return rc;
	rc = begin_change(volume);
	return rc ? rc : tw_content_sync(volume, node);
}

int twinfs_volume_sync_all(struct twinfs_volume *volume)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	int first = 0;

	(void)guard;
	for (uint32_t i = 0; i < volume->index.slot_count; i++) {
		struct tw_node *node = volume->index.slots[i].node;
		int rc;

		if (!node || node->kind != TW_FILE || !is_unsynced(node))
			continue;
		rc = begin_change(volume);
		if (!rc)
			rc = tw_content_sync(volume, node);
		first = first ? first : rc;
	}
	return first;
}

void twinfs_volume_discard(struct twinfs_volume *volume, uint64_t ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	struct tw_node *node = tw_node_get(volume, ino);

	(void)guard;
	if (!node || node->kind != TW_FILE)
		return;
	tw_content_discard(volume, node);
	if (!node->file.opens)
		tw_ctz_unload(node);
}

int twinfs_volume_repair(struct twinfs_volume *volume)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);

	(void)guard;
	return begin_change(volume);
}
