/* SPDX-License-Identifier: MIT */
/*
 * model.c - a file system as plain lists in memory.
 */
#include "model.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "chip.h"

/* ---- the lists ---- */

static void *checked(void *memory)
{
	must(memory, "out of memory");
	return memory;
}

void model_release(struct model *model)
{
	for (size_t i = 0; i < model->count; i++)
		free(model->list[i].data);
	free(model->list);
	*model = (struct model){0};
}

void model_copy(struct model *to, const struct model *from)
{
	model_release(to);
	to->list = checked(calloc(from->room ? from->room : 1, sizeof(*to->list)));
	to->room = from->room;
	to->count = from->count;
	to->has_attrs = from->has_attrs;
	to->stores_times = from->stores_times;
	for (size_t i = 0; i < from->count; i++) {
		to->list[i] = from->list[i];
		to->list[i].data = checked(malloc(from->list[i].len + 1));
		if (from->list[i].len)
			memcpy(to->list[i].data, from->list[i].data, from->list[i].len);
	}
}

void model_set_path(char to[MODEL_PATH], const char *path)
{
	size_t len = strlen(path);

	must(len < MODEL_PATH, "path too long for the model: %s", path);
	memcpy(to, path, len + 1);
}

struct model_object *model_find(const struct model *model, const char *path)
{
	for (size_t i = 0; i < model->count; i++)
		if (!strcmp(model->list[i].path, path))
			return &model->list[i];
	return NULL;
}

void model_copy_object(struct model *to, const struct model *from, const char *path)
{
	struct model_object *target = model_find(to, path);
	const struct model_object *source = model_find(from, path);

	must(target && source, "%s is not there", path);
	free(target->data);
	*target = *source;
	target->data = checked(malloc(source->len + 1));
	memcpy(target->data, source->data, source->len);
	target->is_unsynced = false;
}

static struct model_object *insert(struct model *model, const char *path, bool is_dir)
{
	struct model_object *object;

	if (model->count == model->room) {
		model->room = model->room ? 2 * model->room : 32;
		model->list = checked(realloc(model->list, model->room * sizeof(*model->list)));
	}
	object = &model->list[model->count++];
	*object = (struct model_object){.is_dir = is_dir, .data = checked(malloc(1))};
	model_set_path(object->path, path);
	return object;
}

static void erase(struct model *model, struct model_object *object)
{
	free(object->data);
	*object = model->list[--model->count];
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && path[len] == '/';
}

static bool is_empty(const struct model *model, const char *dir)
{
	for (size_t i = 0; i < model->count; i++)
		if (is_below(model->list[i].path, dir))
			return false;
	return true;
}

/* What looking up the directory of @path says. */
static int check_parent(const struct model *model, const char *path)
{
	char parent[MODEL_PATH];
	const struct model_object *object;

	model_set_path(parent, path);
	*strrchr(parent, '/') = '\0';
	if (!*parent)
		return 0;
	object = model_find(model, parent);
	if (object)
		return object->is_dir ? 0 : -ENOTDIR;
	return check_parent(model, parent) ?: -ENOENT;
}

/* ---- operations on the model ---- */

static int add(struct model *model, const char *path, bool is_dir)
{
	int rc = check_parent(model, path);

	if (rc)
		return rc;
	if (model_find(model, path))
		return -EEXIST;
	insert(model, path, is_dir);
	return 0;
}

static void fill(uint8_t *data, uint32_t len, uint64_t seed)
{
	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)test_random(&seed);
}

static void resize(struct model_object *object, uint32_t len)
{
	object->data = checked(realloc(object->data, len + 1));
	if (len > object->len)
		memset(object->data + object->len, 0, len - object->len);
	object->len = len;
}

int64_t op_time(uint64_t seed)
{
	return (int64_t)(seed >> 2) + 1;
}

void model_set_time(struct model *model, struct model_object *object, uint64_t seed)
{
	struct model_attr *attr = &object->attrs[TWINFS_ATTR_MTIME - 1];

	object->is_unsynced = false;
	if (!model->stores_times)
		return;
	attr->is_set = true;
	attr->len = 8;
	tw_put_le64(attr->value, (uint64_t)op_time(seed));
}

int model_write(const struct op *op, struct model *model)
{
	struct model_object *object = model_find(model, op->a);
	int rc = check_parent(model, op->a);

	if (!object)
		return rc ? rc : -ENOENT;
	if (object->is_dir)
		return -EISDIR;
	if (op->kind == OP_TRUNCATE) {
		resize(object, op->off);
		object->is_unsynced = true;
		return 0;
	}
	if (op->kind == OP_REPLACE)
		resize(object, 0);
	if (op->off + op->len > object->len && op->len)
		resize(object, op->off + op->len);
	fill(object->data + op->off, op->len, op->seed);
	object->is_unsynced = true;
	return 0;
}

static int change(struct model *model, const struct op *op)
{
	int rc = model_write(op, model);

	if (!rc)
		model_set_time(model, model_find(model, op->a), op->seed);
	return rc;
}

static int change_attr(struct model *model, const struct op *op)
{
	struct model_object *object = model_find(model, op->a);
	int rc = check_parent(model, op->a);
	struct model_attr *attr;

	if (!object)
		return rc ? rc : -ENOENT;
	if (!model->has_attrs)
		return -ENOTSUP;
	attr = &object->attrs[op->off - 1];
	if (op->kind == OP_REMOVEATTR && !attr->is_set)
		return -ENODATA;
	*attr = (struct model_attr){.is_set = op->kind == OP_SETATTR, .len = (uint8_t)op->len};
	fill(attr->value, op->len, op->seed);
	return 0;
}

static int take_away(struct model *model, const struct op *op)
{
	struct model_object *object = model_find(model, op->a);
	int rc = check_parent(model, op->a);

	if (!object)
		return rc ? rc : -ENOENT;
	if (op->kind == OP_UNLINK && object->is_dir)
		return -EISDIR;
	if (op->kind == OP_RMDIR && !object->is_dir)
		return -ENOTDIR;
	if (object->is_dir && !is_empty(model, op->a))
		return -ENOTEMPTY;
	erase(model, object);
	return 0;
}

static void move_subtree(struct model *model, const char *from, const char *to)
{
	for (size_t i = 0; i < model->count; i++) {
		struct model_object *object = &model->list[i];
		char path[2 * MODEL_PATH];

		if (strcmp(object->path, from) && !is_below(object->path, from))
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", to, object->path + strlen(from));
		model_set_path(object->path, path);
	}
}

static int rename_object(struct model *model, const struct op *op)
{
	struct model_object *from = model_find(model, op->a), *to = model_find(model, op->b);
	int rc = check_parent(model, op->a);

	if (!from)
		return rc ? rc : -ENOENT;
	rc = check_parent(model, op->b);
	if (rc)
		return rc;
	if (from == to)
		return 0;
	if (from->is_dir && is_below(op->b, op->a))
		return -EINVAL;
	if (to && from->is_dir != to->is_dir)
		return from->is_dir ? -ENOTDIR : -EISDIR;
	if (to && to->is_dir && !is_empty(model, op->b))
		return -ENOTEMPTY;
	if (to)
		erase(model, to);
	move_subtree(model, op->a, op->b);
	return 0;
}

int op_on_model(const struct op *op, struct model *model)
{
	switch (op->kind) {
	case OP_CREATE:
	case OP_MKDIR:
		return add(model, op->a, op->kind == OP_MKDIR);
	case OP_WRITE:
	case OP_REPLACE:
	case OP_TRUNCATE:
		return change(model, op);
	case OP_UNLINK:
	case OP_RMDIR:
		return take_away(model, op);
	case OP_RENAME:
		return rename_object(model, op);
	case OP_SETATTR:
	case OP_REMOVEATTR:
		return change_attr(model, op);
	case OP_COUNT:
		break;
	}
	return -EINVAL;
}

/* ---- the same on a volume ---- */

/* The directory of @path, and its last name. */
static int locate(struct twinfs_volume *volume, const char *path, uint64_t *ret_dir,
	const char **ret_name)
{
	char parent[MODEL_PATH];

	model_set_path(parent, path);
	*strrchr(parent, '/') = '\0';
	*ret_name = strrchr(path, '/') + 1;
	return twinfs_volume_walk(volume, parent, ret_dir);
}

static int write_content(struct twinfs_volume *volume, uint64_t ino, const struct op *op)
{
	uint8_t *data = checked(malloc(op->len + 1));
	int64_t rc = 0;

	fill(data, op->len, op->seed);
	if (op->kind == OP_REPLACE)
		rc = twinfs_volume_truncate(volume, ino, 0);
	/* In pieces of an odd size, as programs do. */
	for (uint32_t at = 0; rc >= 0 && at < op->len; at += 1000)
		rc = twinfs_volume_write(volume, ino, data + at,
			op->len - at < 1000 ? op->len - at : 1000, op->off + at);
	free(data);
	return rc < 0 ? (int)rc : 0;
}

/* With @syncs also the time, in the same commit. */
static int change_on_volume(struct twinfs_volume *volume, const struct op *op, bool syncs)
{
	uint64_t ino;
	int rc = twinfs_volume_walk(volume, op->a, &ino);

	if (!rc)
		rc = twinfs_volume_open(volume, ino);
	if (rc)
		return rc;
	rc = op->kind == OP_TRUNCATE ? twinfs_volume_truncate(volume, ino, op->off)
				     : write_content(volume, ino, op);
	if (!rc && syncs)
		rc = twinfs_volume_set_mtime(volume, ino, op_time(op->seed));
	if (!rc && syncs)
		rc = twinfs_volume_sync(volume, ino);
	if (rc)
		twinfs_volume_discard(volume, ino);
	twinfs_volume_close(volume, ino);
	return rc;
}

int volume_write(const struct op *op, struct twinfs_volume *volume)
{
	return change_on_volume(volume, op, false);
}

static int change_attr_on_volume(struct twinfs_volume *volume, const struct op *op)
{
	uint8_t value[MODEL_ATTR_SIZE];
	uint64_t ino;
	int rc = twinfs_volume_walk(volume, op->a, &ino);

	if (rc)
		return rc;
	if (op->kind == OP_REMOVEATTR)
		return twinfs_volume_remove_attr(volume, ino, (uint8_t)op->off);
	fill(value, op->len, op->seed);
	return twinfs_volume_set_attr(volume, ino, (uint8_t)op->off, value, op->len, 0);
}

int op_on_volume(const struct op *op, struct twinfs_volume *volume)
{
	uint64_t dir, other, ino;
	const char *name, *new_name;
	int rc;

	if (op->kind == OP_WRITE || op->kind == OP_REPLACE || op->kind == OP_TRUNCATE)
		return change_on_volume(volume, op, true);
	if (op->kind == OP_SETATTR || op->kind == OP_REMOVEATTR)
		return change_attr_on_volume(volume, op);
	rc = locate(volume, op->a, &dir, &name);
	if (rc)
		return rc;
	switch (op->kind) {
	case OP_CREATE:
		return twinfs_volume_create(volume, dir, name, &ino);
	case OP_MKDIR:
		return twinfs_volume_mkdir(volume, dir, name, &ino);
	case OP_UNLINK:
		return twinfs_volume_unlink(volume, dir, name);
	case OP_RMDIR:
		return twinfs_volume_rmdir(volume, dir, name);
	case OP_RENAME:
		rc = twinfs_volume_lookup(volume, dir, name, &ino);
		if (!rc)
			rc = locate(volume, op->b, &other, &new_name);
		return rc ? rc : twinfs_volume_rename(volume, dir, name, other, new_name, 0);
	case OP_WRITE:
	case OP_REPLACE:
	case OP_TRUNCATE:
	case OP_SETATTR:
	case OP_REMOVEATTR:
	case OP_COUNT:
		break;
	}
	return -EINVAL;
}

/* ---- random operations ---- */

static const char *any_path(const struct model *model, uint64_t *random)
{
	return model->count ? model->list[test_random(random) % model->count].path : "/none";
}

static void any_new_path(const struct model *model, uint64_t *random, char path[MODEL_PATH])
{
	const struct model_object *object =
		model->count ? &model->list[test_random(random) % model->count] : NULL;
	uint64_t pick = test_random(random);
	char name[48], path_and_name[MODEL_PATH + sizeof(name)];

	/* Few names, so that they meet; some long, so that directories grow. */
	(void)snprintf(name, sizeof(name),
		pick % 5 ? "%c%u" : "%c%u-a-name-of-some-length-that-fills", (char)('a' + pick % 7),
		(unsigned)(pick >> 8) % 9);
	(void)snprintf(path_and_name, sizeof(path_and_name), "%s/%s",
		object && object->is_dir && strlen(object->path) < 60 ? object->path : "", name);
	model_set_path(path, path_and_name);
}

static uint32_t any_size(uint64_t *random, uint32_t largest)
{
	uint64_t pick = test_random(random);

	switch (pick % 4) {
	case 0:
		return (uint32_t)(pick >> 8) % 20;
	case 1:
		return (uint32_t)(pick >> 8) % (largest / 8 + 1);
	default:
		return (uint32_t)(pick >> 8) % (largest + 1);
	}
}

/* Most bytes that a path has behind @dir. */
static size_t longest_below(const struct model *model, const char *dir)
{
	size_t longest = 0;

	for (size_t i = 0; i < model->count; i++)
		if (is_below(model->list[i].path, dir) &&
			strlen(model->list[i].path) - strlen(dir) > longest)
			longest = strlen(model->list[i].path) - strlen(dir);
	return longest;
}

void op_random(struct op *op, const struct model *model, uint64_t *random, uint32_t largest)
{
	static const enum op_kind often[] = {OP_CREATE, OP_CREATE, OP_CREATE, OP_MKDIR, OP_WRITE,
		OP_WRITE, OP_WRITE, OP_REPLACE, OP_REPLACE, OP_TRUNCATE, OP_UNLINK, OP_UNLINK,
		OP_RMDIR, OP_RENAME, OP_RENAME, OP_RENAME, OP_SETATTR, OP_SETATTR, OP_SETATTR,
		OP_REMOVEATTR};
	/* the last of them are for volumes that have attributes */
	size_t count = sizeof(often) / sizeof(*often) - (model->has_attrs ? 0 : 4);

	*op = (struct op){.kind = often[test_random(random) % count]};
	op->seed = test_random(random);
	model_set_path(op->a, any_path(model, random));
	switch (op->kind) {
	case OP_CREATE:
	case OP_MKDIR:
		any_new_path(model, random, op->a);
		break;
	case OP_WRITE:
		op->off = any_size(random, largest);
		op->len = any_size(random, largest / 2);
		break;
	case OP_REPLACE:
		op->len = any_size(random, largest);
		break;
	case OP_TRUNCATE:
		op->off = any_size(random, largest);
		break;
	case OP_RENAME:
		if (test_random(random) % 3)
			any_new_path(model, random, op->b);
		else
			model_set_path(op->b, any_path(model, random));
		if (strlen(op->b) + longest_below(model, op->a) >= MODEL_PATH)
			model_set_path(op->b, "/top"); /* the model's paths have an end */
		break;
	case OP_SETATTR:
	case OP_REMOVEATTR:
		/* the first type is that of times, which are not set by chance */
		op->off = 2 + (uint32_t)(test_random(random) % (MODEL_ATTRS - 1));
		if (op->kind == OP_SETATTR)
			op->len = any_size(random, MODEL_ATTR_SIZE);
		break;
	case OP_UNLINK:
	case OP_RMDIR:
	case OP_COUNT:
		break;
	}
}

const char *op_text(const struct op *op, char *buf, size_t size)
{
	static const char *const names[OP_COUNT] = {"create", "mkdir", "write", "replace",
		"truncate", "unlink", "rmdir", "rename", "setattr", "removeattr"};

	(void)snprintf(buf, size, "%s %s%s%s off %u len %u", names[op->kind], op->a,
		*op->b ? " to " : "", op->b, op->off, op->len);
	return buf;
}
