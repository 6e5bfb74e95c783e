/* SPDX-License-Identifier: MIT */
/*
 * factory_fill.c - formats the partitions of a new module and fills them.
 *
 * The order is fixed (paths sorted, the table last), so the same directory
 * gives the same bytes.
 */
#include "factory_fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <twinfs/module.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "factory_table.h"

/* A volume that is being filled. */
struct sink {
	struct twinfs_volume *volume; /* NULL: the module has none */
	const char *name;             /* "user partition" */
	const char *prefix;           /* in front of paths of the tree: "usr/" in the backup */
	struct twinfs_error *err;
};

static void close_sink(struct sink *sink)
{
	twinfs_volume_unmount(sink->volume);
}

static int fail(const struct sink *sink, const char *path, int code)
{
	return tw_fail(sink->err, TWINFS_P_FACTORY, code, "%s: '%s': %s", sink->name, path,
		twinfs_strerror(code));
}

static int open_sink(struct sink *sink, struct twinfs_flash *flash,
	const struct twinfs_volume_config *config)
{
	int rc;

	if (!config->size)
		return 0;
	rc = twinfs_volume_format(flash, config, sink->err);
	if (!rc)
		rc = twinfs_volume_mount(flash, config, &sink->volume, sink->err);
	return rc;
}

/* ---- one object ---- */

/* The directory @path is to be made in, and its name there. */
static int find_parent(const struct sink *sink, const char *path, uint64_t *ret_dir,
	const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);

	if (!parent)
		return -ENOMEM;
	*ret_name = slash ? slash + 1 : path;
	return twinfs_volume_walk(sink->volume, parent, ret_dir);
}

static int put_dir(const struct sink *sink, const char *path)
{
	uint64_t dir, ino;
	const char *name;
	int rc = find_parent(sink, path, &dir, &name);

	if (!rc)
		rc = twinfs_volume_mkdir(sink->volume, dir, name, &ino);
	return rc ? fail(sink, path, rc) : 0;
}

static int write_content(const struct sink *sink, uint64_t ino, const char *data, size_t len)
{
	int64_t put;
	int rc = twinfs_volume_open(sink->volume, ino);

	if (rc)
		return rc;
	put = twinfs_volume_write(sink->volume, ino, data, len, 0);
	rc = put < 0 ? (int)put : twinfs_volume_sync(sink->volume, ino);
	twinfs_volume_close(sink->volume, ino);
	return rc;
}

static int put_file(const struct sink *sink, const char *path, const char *data, size_t len)
{
	uint64_t dir, ino;
	const char *name;
	int rc = find_parent(sink, path, &dir, &name);

	if (!rc)
		rc = twinfs_volume_create(sink->volume, dir, name, &ino);
	if (!rc && len)
		rc = write_content(sink, ino, data, len);
	return rc ? fail(sink, path, rc) : 0;
}

/* ---- the tree ---- */

static int put_entry(const struct sink *sink, const struct tw_tree_entry *entry, const char *data)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s", sink->prefix, entry->path) < 0) {
		path = NULL;
		return fail(sink, entry->path, -ENOMEM);
	}
	return entry->is_dir ? put_dir(sink, path) : put_file(sink, path, data, entry->size);
}

/* The bytes of a protected file are still those that its table entry tells of. */
static int check_content(const struct tw_factory *factory, const struct tw_tree_entry *entry,
	const char *data, struct twinfs_error *err)
{
	if (!entry->in_backup ||
		twinfs_device_crc(TWINFS_DEVICE_CRC_INIT, data, entry->size) == entry->crc)
		return 0;
	return tw_tree_fail(&factory->tree, entry->path, -EAGAIN, "changed while it was read", err);
}

static int copy_entry(const struct tw_factory *factory, const struct tw_tree_entry *entry,
	const struct sink *user, const struct sink *backup)
{
	_cleanup_free_ char *data = NULL;
	int rc = 0;

	if (!entry->is_dir) {
		rc = tw_tree_read(&factory->tree, entry, factory->user.size, &data, user->err);
		if (!rc)
			rc = check_content(factory, entry, data, user->err);
	}
	if (!rc)
		rc = put_entry(user, entry, data);
	if (!rc && entry->in_backup)
		rc = put_entry(backup, entry, data);
	return rc;
}

static int copy_tree(const struct tw_factory *factory, const struct sink *user,
	const struct sink *backup)
{
	const struct twinfs_factory_options *options = factory->options;

	for (size_t i = 0; i < factory->tree.count; i++) {
		const struct tw_tree_entry *entry = &factory->tree.entries[i];
		int rc = copy_entry(factory, entry, user, backup);

		if (rc)
			return rc;
		if (options->progress)
			options->progress(options->progress_ctx, entry->path, i + 1,
				factory->tree.count);
	}
	return 0;
}

static int put_tables(const struct tw_factory *factory, const struct sink *user,
	const struct sink *backup)
{
	const struct tw_text *table = &factory->table;
	int rc = put_file(user, TW_FACTORY_TABLE_NAME, table->data, table->len);

	if (!rc)
		rc = put_file(backup, TW_FACTORY_TABLE_NAME, table->data, table->len);
	if (!rc)
		rc = put_file(backup, TW_FACTORY_FLAG_NAME, TW_FACTORY_FLAG_TEXT,
			strlen(TW_FACTORY_FLAG_TEXT));
	return rc;
}

int tw_factory_fill(const struct tw_factory *factory, struct twinfs_flash *flash,
	struct twinfs_error *err)
{
	_cleanup_(close_sink) struct sink user = {NULL, "user partition", "", err};
	_cleanup_(close_sink) struct sink backup = {NULL, "backup partition", "usr/", err};
	int rc = open_sink(&user, flash, &factory->user);

	if (!rc)
		rc = open_sink(&backup, flash, &factory->backup);
	if (!rc && factory->table.len)
		rc = put_dir(&backup, "usr");
	if (!rc)
		rc = copy_tree(factory, &user, &backup);
	if (!rc && factory->table.len)
		rc = put_tables(factory, &user, &backup);
	return rc;
}
