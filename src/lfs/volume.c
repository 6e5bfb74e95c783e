/* SPDX-License-Identifier: MIT */
/*
 * volume.c - mounting, and looking at what is mounted.
 *
 * Public calls take the lock, find the objects and check what is asked; the
 * work is done below, without knowing the format here, without knowing numbers
 * there. Calls that change something are in volume_change.c.
 */
#include "volume_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "ctz.h"
#include "content.h"
#include "format.h"
#include "index.h"
#include "probe.h"
#include "watch.h"

/* Erases until a metadata pair moves, as MicroPython configures it. */
#define BLOCK_CYCLES 100u

static struct twinfs_volume *new_volume(void)
{
	struct twinfs_volume *volume = calloc(1, sizeof(*volume));

	if (!volume)
		return NULL;
	(void)pthread_rwlock_init(&volume->lock, NULL); /* cannot fail with default attributes */
	LIST_INIT(&volume->mdirs);
	TAILQ_INIT(&volume->unsettled);
	tw_alloc_init(volume);
	return volume;
}

/* The ops of a version; NULL: not supported. */
static const struct tw_engine *engine_of(uint32_t version)
{
	if (version == TWINFS_LFS_1_1 || version == TWINFS_LFS_1_0)
		return &tw_v1_engine;
	return version == TWINFS_LFS_2_1 || version == TWINFS_LFS_2_0 ? &tw_v2_engine : NULL;
}

/* What both mounting and formatting begin with; the area is set. */
static int init_volume(struct twinfs_volume *volume, const struct twinfs_volume_config *config,
	const struct twinfs_superblock *superblock, struct twinfs_error *err)
{
	volume->engine = engine_of(superblock->version);
	if (!volume->engine)
		return tw_fail(err, TWINFS_P_LFS_VERSION, -ENOTSUP,
			"littlefs version %u.%u is not 1.1, 2.0 or 2.1", superblock->version >> 16,
			superblock->version & 0xffff);
	volume->version = superblock->version;
	volume->name_max = superblock->name_max;
	volume->file_max = superblock->file_max;
	volume->attr_max = superblock->attr_max;
	volume->stores_mtime = config->flags & TWINFS_VOLUME_MTIME && superblock->attr_max;
	volume->upgrades = config->flags & TWINFS_VOLUME_UPGRADE;
	volume->cycles = config->block_cycles < 0 ? 0
			 : config->block_cycles   ? (uint32_t)config->block_cycles
						  : BLOCK_CYCLES;
	volume->is_read_only = config->flags & TWINFS_VOLUME_READ_ONLY ||
			       !twinfs_flash_is_writable(volume->area.flash);
	volume->scratch = malloc(volume->area.block_size);
	return volume->scratch ? tw_index_init(volume) : -ENOMEM;
}

int twinfs_volume_mount(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	struct twinfs_volume **ret_volume, struct twinfs_error *err)
{
	struct twinfs_volume *volume = new_volume();
	struct twinfs_superblock superblock;
	int rc = volume ? tw_probe_area(&volume->area, flash, config, &superblock, err) : -ENOMEM;

	if (!rc)
		rc = init_volume(volume, config, &superblock, err);
	if (!rc)
		rc = volume->engine->mount(volume, err);
	if (rc) {
		twinfs_volume_unmount(volume);
		return rc;
	}
	*ret_volume = volume;
	return 0;
}

void twinfs_volume_unmount(struct twinfs_volume *volume)
{
	if (!volume)
		return;
	tw_index_release(volume);
	tw_alloc_release(volume);
	tw_watch_free(volume->watch);
	free(volume->scratch);
	(void)pthread_rwlock_destroy(&volume->lock);
	free(volume);
}

int tw_format(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	const struct twinfs_superblock *superblock, struct twinfs_error *err)
{
	struct twinfs_volume *volume;
	int rc;

	if (!config->block_size)
		return tw_fail(err, TWINFS_P_LFS_GEOMETRY, -EINVAL, "no block size to format with");
	volume = new_volume();
	rc = volume ? tw_area_init(&volume->area, flash, config, err) : -ENOMEM;
	if (!rc)
		rc = init_volume(volume, config, superblock, err);
	if (!rc && volume->is_read_only)
		rc = -EROFS;
	if (!rc)
		rc = volume->engine->format(volume);
	if (rc == -ENOSPC)
		(void)tw_fail(err, TWINFS_P_LFS_GEOMETRY, rc,
			"%u blocks, less what is spared, are too few for a volume",
			volume->area.block_count);
	twinfs_volume_unmount(volume);
	return rc;
}

int twinfs_volume_format(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	struct twinfs_error *err)
{
	struct twinfs_superblock superblock = {
		.version = config->disk_version ? config->disk_version : TWINFS_LFS_1_1,
		.name_max = TWINFS_NAME_MAX,
		.file_max = INT32_MAX,
	};

	if (superblock.version >> 16 == 2)
		superblock.attr_max = TW_ATTR_MAX;
	return tw_format(flash, config, &superblock, err);
}

int twinfs_volume_check(struct twinfs_flash *flash, const struct twinfs_volume_config *config,
	void (*found)(void *ctx, const struct twinfs_error *finding), void *ctx)
{
	struct twinfs_superblock superblock;
	struct twinfs_error err;
	struct tw_area area;
	int rc = tw_probe_area(&area, flash, config, &superblock, &err);

	if (rc == -EUCLEAN || rc == -ENOTSUP) {
		found(ctx, &err);
		return 1;
	}
	return rc ? rc : engine_of(superblock.version)->check(&area, found, ctx);
}

/* ---- look ---- */

int tw_call_find(struct twinfs_volume *volume, uint64_t dir, const char *name,
	struct tw_node **ret_dir, struct tw_node **ret_node)
{
	struct tw_node *parent = tw_node_get(volume, dir);
	size_t len = strlen(name);

	if (!parent)
		return -ESTALE;
	if (parent->kind != TW_DIRECTORY)
		return -ENOTDIR;
	if (!twinfs_flash_has_power(volume->area.flash))
		return -ESHUTDOWN;
	*ret_dir = parent;
	*ret_node = tw_node_find(volume, parent, name, len);
	/* The limit is for new names: what has a longer one is found. */
	if (!*ret_node && len > volume->name_max)
		return -ENAMETOOLONG;
	/* In a damaged directory nobody knows what else it holds. */
	if (!*ret_node)
		return parent->damage ? parent->damage : -ENOENT;
	return 0;
}

int twinfs_volume_lookup(struct twinfs_volume *volume, uint64_t dir, const char *name,
	uint64_t *ret_ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	struct tw_node *parent, *node;
	int rc = tw_call_find(volume, dir, name, &parent, &node);

	(void)guard;
	if (!rc)
		*ret_ino = node->ino;
	return rc;
}

/* Takes the last name off @path. */
static void drop_name(char *path, size_t *len)
{
	while (*len && path[*len - 1] != '/')
		--*len;
	if (*len)
		--*len;
}

/*
 * Stores @path without "//", "." and "..", each name with '/' in front, in
 * @clean, which has room for one byte more than @path; "" is the root.
 */
static void normalize(const char *path, char *clean)
{
	size_t len = 0;

	while (*path) {
		size_t name = (size_t)(strchrnul(path, '/') - path);

		if (name == 2 && !memcmp(path, "..", 2)) {
			drop_name(clean, &len);
		} else if (name && !(name == 1 && *path == '.')) {
			clean[len++] = '/';
			memcpy(clean + len, path, name);
			len += name;
		}
		path += name + (path[name] == '/');
	}
	clean[len] = '\0';
}

/* @clean is as normalize() makes it. */
static int walk(struct twinfs_volume *volume, char *clean, uint64_t *ret_ino)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	struct tw_node *dir, *node;
	uint64_t ino = TWINFS_ROOT_INO;
	char *rest = clean, more;
	int rc = 0;

	(void)guard;
	while (!rc && *rest) {
		char *name = rest + 1;

		rest = strchrnul(name, '/');
		more = *rest;
		*rest = '\0';
		rc = tw_call_find(volume, ino, name, &dir, &node);
		*rest = more;
		if (!rc)
			ino = node->ino;
	}
	if (!rc)
		*ret_ino = ino;
	return rc;
}

int twinfs_volume_walk(struct twinfs_volume *volume, const char *path, uint64_t *ret_ino)
{
	size_t room = strlen(path) + 2;
	_cleanup_free_ char *lengthy = NULL;
	char brief[128], *clean = brief;

	if (room > sizeof(brief)) {
		clean = lengthy = malloc(room);
		if (!lengthy)
			return -ENOMEM;
	}
	normalize(path, clean);
	return walk(volume, clean, ret_ino);
}

static void fill_stat(const struct twinfs_volume *volume, const struct tw_node *node,
	struct twinfs_stat *ret_stat)
{
	*ret_stat = (struct twinfs_stat){.ino = node->ino, .mtime_ns = node->mtime_ns};
	if (node->kind == TW_FILE) {
		ret_stat->type = TWINFS_REG;
		ret_stat->size = tw_content_size(node);
		ret_stat->blocks = tw_ctz_blocks_of(volume, node);
		ret_stat->links = node->mdir ? 1 : 0;
	} else {
		ret_stat->type = TWINFS_DIR;
		ret_stat->blocks = 2 * (uint64_t)node->dir.pairs;
		ret_stat->links = 2 + node->dir.subdirs;
	}
}

int twinfs_volume_stat(struct twinfs_volume *volume, uint64_t ino, struct twinfs_stat *ret_stat)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	const struct tw_node *node = tw_node_get(volume, ino);

	(void)guard;
	if (!node)
		return -ESTALE;
	if (!twinfs_flash_has_power(volume->area.flash))
		return -ESHUTDOWN;
	fill_stat(volume, node, ret_stat);
	return 0;
}

static int list_pair(const struct twinfs_volume *volume, const struct tw_mdir *mdir,
	int (*each)(void *ctx, const char *name, const struct twinfs_stat *stat), void *ctx)
{
	for (unsigned i = 0; i < mdir->count; i++) {
		struct twinfs_stat stat;
		int rc;

		if (!mdir->entries[i]->is_visible)
			continue;
		fill_stat(volume, mdir->entries[i], &stat);
		rc = each(ctx, mdir->entries[i]->name, &stat);
		if (rc)
			return rc;
	}
	return 0;
}

int twinfs_volume_list(struct twinfs_volume *volume, uint64_t dir,
	int (*each)(void *ctx, const char *name, const struct twinfs_stat *stat), void *ctx)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	const struct tw_node *node = tw_node_get(volume, dir);
	int rc = 0;

	(void)guard;
	if (!node)
		return -ESTALE;
	if (node->kind != TW_DIRECTORY)
		return -ENOTDIR;
	if (!twinfs_flash_has_power(volume->area.flash))
		return -ESHUTDOWN;
	for (const struct tw_mdir *mdir = node->dir.first; !rc && mdir; mdir = mdir->next) {
		rc = list_pair(volume, mdir, each, ctx);
		if (mdir == node->dir.last)
			break;
	}
	return rc ? rc : node->damage;
}

int twinfs_volume_statfs(struct twinfs_volume *volume, struct twinfs_statfs *ret_statfs)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_write(&volume->lock);
	int rc = tw_alloc_prepare(volume);

	(void)guard;
	if (rc == -ENOMEM || rc == -ESHUTDOWN)
		return rc;
	*ret_statfs = (struct twinfs_statfs){
		.block_size = volume->area.block_size,
		.blocks = volume->area.alloc_count,
		.files = volume->index.visible,
		.version = volume->version,
		.name_max = volume->name_max,
		.attr_max = volume->attr_max,
	};
	/* A damaged volume has no block that is known to be free. */
	if (!rc && volume->alloc.free > volume->alloc.reserved)
		ret_statfs->free = volume->alloc.free - volume->alloc.reserved;
	return 0;
}

uint32_t twinfs_volume_block_size(const struct twinfs_volume *volume)
{
	return volume->area.block_size;
}

void twinfs_volume_pending(struct twinfs_volume *volume, struct twinfs_pending *ret_pending)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);

	(void)guard;
	*ret_pending = volume->pending;
}

/* ---- user attributes ---- */

static const struct tw_attr *find_attr(const struct tw_node *node, uint8_t type)
{
	for (unsigned i = 0; node->attrs && i < node->attrs->count; i++)
		if (node->attrs->list[i].type == type)
			return &node->attrs->list[i];
	return NULL;
}

/* The node that carries the attributes of object @ino; those of the root are the superblock's. */
int tw_call_attr_node(struct twinfs_volume *volume, uint64_t ino, struct tw_node **ret_node)
{
	struct tw_node *node = tw_node_get(volume, ino);

	if (!node)
		return -ESTALE;
	if (!twinfs_flash_has_power(volume->area.flash))
		return -ESHUTDOWN;
	if (node == volume->root && node->dir.first && node->dir.first->count)
		node = node->dir.first->entries[0];
	*ret_node = node;
	return 0;
}

int64_t twinfs_volume_get_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type, void *buf,
	size_t size)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	const struct tw_attr *attr;
	const uint8_t *data;
	struct tw_node *node;
	int rc = tw_call_attr_node(volume, ino, &node);

	(void)guard;
	if (rc)
		return rc;
	attr = find_attr(node, type);
	if (!attr || !node->mdir)
		return -ENODATA;
	rc = tw_area_read(&volume->area, node->mdir->pair.block[0], attr->off, attr->len, &data);
	if (rc)
		return rc;
	if (size && attr->len)
		memcpy(buf, data, attr->len < size ? attr->len : size);
	return attr->len;
}

int twinfs_volume_list_attrs(struct twinfs_volume *volume, uint64_t ino, uint8_t ret_types[256])
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	struct tw_node *node;
	int rc = tw_call_attr_node(volume, ino, &node);
	unsigned count;

	(void)guard;
	if (rc)
		return rc;
	count = node->attrs && node->mdir ? node->attrs->count : 0;
	for (unsigned i = 0; i < count; i++)
		ret_types[i] = node->attrs->list[i].type;
	return (int)count;
}

bool tw_call_has_attr(const struct tw_node *node, uint8_t type)
{
	return find_attr(node, type);
}

/* ---- reading files ---- */

int tw_call_file(struct twinfs_volume *volume, uint64_t ino, struct tw_node **ret_node)
{
	struct tw_node *node = tw_node_get(volume, ino);

	if (!node)
		return -ESTALE;
	if (node->kind != TW_FILE)
		return -EISDIR;
	if (!twinfs_flash_has_power(volume->area.flash))
		return -ESHUTDOWN;
	*ret_node = node;
	return 0;
}

int tw_call_open_file(struct twinfs_volume *volume, uint64_t ino, struct tw_node **ret_node)
{
	struct tw_node *node;
	int rc = tw_call_file(volume, ino, &node);

	if (!rc && !node->file.opens)
		rc = -EBADF;
	if (!rc)
		*ret_node = node;
	return rc;
}

int64_t twinfs_volume_read(struct twinfs_volume *volume, uint64_t ino, void *buf, size_t len,
	uint64_t off)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	struct tw_node *node;
	int rc = tw_call_open_file(volume, ino, &node);

	(void)guard;
	return rc ? rc : tw_content_read(volume, node, buf, len, off);
}

int twinfs_volume_view(struct twinfs_volume *volume, uint64_t ino, size_t len, uint64_t off,
	struct twinfs_view *ret_view)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	struct tw_node *node;
	int rc = tw_call_open_file(volume, ino, &node);

	(void)guard;
	return rc ? rc : tw_content_view(volume, node, len, off, ret_view);
}

int twinfs_volume_scan(struct twinfs_volume *volume, uint64_t ino, const struct twinfs_scan *scan)
{
	_cleanup_rwunlock_ pthread_rwlock_t *guard = tw_lock_read(&volume->lock);
	struct tw_node *node;
	int rc = tw_call_file(volume, ino, &node);

	(void)guard;
	return rc ? rc : tw_content_scan(volume, node, scan);
}

/* Needs no lock of the volume: a writer may be waiting for this view to go. */
void twinfs_volume_release_view(struct twinfs_volume *volume, struct twinfs_view *view)
{
	tw_pins_leave(&volume->pins, view->epoch);
	free(view->iov);
	free(view->copy);
	*view = (struct twinfs_view){0};
}
