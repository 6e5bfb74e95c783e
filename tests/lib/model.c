/* SPDX-License-Identifier: MIT */
/*
 * model.c - a file system as plain lists in memory.
 */
#include "model.h"

#include <errno.h>
#include <linux/fs.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

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

static struct model_object *find(const struct model *model, const char *path)
{
	for (size_t i = 0; i < model->count; i++)
		if (!strcmp(model->list[i].path, path))
			return &model->list[i];
	return NULL;
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
	object = find(model, parent);
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
	if (find(model, path))
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

static int change(struct model *model, const struct op *op)
{
	struct model_object *object = find(model, op->a);
	int rc = check_parent(model, op->a);

	if (!object)
		return rc ? rc : -ENOENT;
	if (object->is_dir)
		return -EISDIR;
	if (op->kind == OP_TRUNCATE) {
		resize(object, op->off);
		return 0;
	}
	if (op->kind == OP_REPLACE)
		resize(object, 0);
	if (op->off + op->len > object->len && op->len)
		resize(object, op->off + op->len);
	fill(object->data + op->off, op->len, op->seed);
	return 0;
}

static int take_away(struct model *model, const struct op *op)
{
	struct model_object *object = find(model, op->a);
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
	struct model_object *from = find(model, op->a), *to = find(model, op->b);
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

static int change_on_volume(struct twinfs_volume *volume, const struct op *op)
{
	uint64_t ino;
	int rc = twinfs_volume_walk(volume, op->a, &ino);

	if (!rc)
		rc = twinfs_volume_open(volume, ino);
	if (rc)
		return rc;
	rc = op->kind == OP_TRUNCATE ? twinfs_volume_truncate(volume, ino, op->off)
				     : write_content(volume, ino, op);
	if (!rc)
		rc = twinfs_volume_sync(volume, ino);
	if (rc)
		twinfs_volume_discard(volume, ino);
	twinfs_volume_close(volume, ino);
	return rc;
}

int op_on_volume(const struct op *op, struct twinfs_volume *volume)
{
	uint64_t dir, other, ino;
	const char *name, *new_name;
	int rc;

	if (op->kind == OP_WRITE || op->kind == OP_REPLACE || op->kind == OP_TRUNCATE)
		return change_on_volume(volume, op);
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
		OP_RMDIR, OP_RENAME, OP_RENAME, OP_RENAME};

	*op = (struct op){.kind = often[test_random(random) % (sizeof(often) / sizeof(*often))]};
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
	case OP_UNLINK:
	case OP_RMDIR:
	case OP_COUNT:
		break;
	}
}

const char *op_text(const struct op *op, char *buf, size_t size)
{
	static const char *const names[OP_COUNT] = {
		"create", "mkdir", "write", "replace", "truncate", "unlink", "rmdir", "rename"};

	(void)snprintf(buf, size, "%s %s%s%s off %u len %u", names[op->kind], op->a,
		*op->b ? " to " : "", op->b, op->off, op->len);
	return buf;
}

/* ---- comparing ---- */

struct listing {
	const struct model *model;
	struct twinfs_volume *volume;
	char dir[MODEL_PATH];
	size_t seen;
	char *why;
	size_t why_size;
	uint64_t dirs[64];
	char dir_paths[64][MODEL_PATH];
	size_t dir_count;
	uint64_t files[256];
	const struct model_object *file_objects[256];
	size_t file_count;
};

static int note_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	struct listing *listing = ctx;
	const struct model_object *object;
	char path[2 * MODEL_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", listing->dir, name);
	object = find(listing->model, path);
	if (!object || object->is_dir != (stat->type == TWINFS_DIR) ||
		(!object->is_dir && object->len != stat->size)) {
		(void)snprintf(listing->why, listing->why_size, "%s (%s, %llu bytes) is %s", path,
			stat->type == TWINFS_DIR ? "directory" : "file",
			(unsigned long long)stat->size, object ? "different" : "too many");
		return -EINVAL;
	}
	listing->seen++;
	if (object->is_dir) {
		must(listing->dir_count < 64, "too many directories");
		listing->dirs[listing->dir_count] = stat->ino;
		model_set_path(listing->dir_paths[listing->dir_count++], path);
	} else {
		must(listing->file_count < 256, "too many files");
		listing->files[listing->file_count] = stat->ino;
		listing->file_objects[listing->file_count++] = object;
	}
	return 0;
}

static bool has_content(struct listing *listing, uint64_t ino, const struct model_object *object)
{
	uint8_t *data = checked(malloc(object->len + 1));
	int64_t got = twinfs_volume_open(listing->volume, ino);
	bool same;

	if (!got) {
		got = twinfs_volume_read(listing->volume, ino, data, object->len + 1, 0);
		twinfs_volume_close(listing->volume, ino);
	}
	same = got == object->len && !memcmp(data, object->data, object->len);
	free(data);
	if (!same)
		(void)snprintf(listing->why, listing->why_size, "content of %s differs (%lld)",
			object->path, (long long)got);
	return same;
}

bool model_equals(const struct model *model, struct twinfs_volume *volume, char *why,
	size_t why_size)
{
	struct listing *listing = checked(calloc(1, sizeof(*listing)));
	bool same = true;

	*listing = (struct listing){.model = model,
		.volume = volume,
		.why = why,
		.why_size = why_size,
		.dirs = {TWINFS_ROOT_INO},
		.dir_count = 1};
	for (size_t i = 0; same && i < listing->dir_count; i++) {
		model_set_path(listing->dir, listing->dir_paths[i]);
		same = twinfs_volume_list(volume, listing->dirs[i], note_entry, listing) == 0;
	}
	if (same && listing->seen != model->count) {
		(void)snprintf(why, why_size, "%zu objects, not %zu", listing->seen, model->count);
		same = false;
	}
	for (size_t i = 0; same && i < listing->file_count; i++)
		same = has_content(listing, listing->files[i], listing->file_objects[i]);
	free(listing);
	return same;
}

void model_write_json(const struct model *model, unsigned format,
	const struct twinfs_volume_config *config, uint64_t used_blocks, FILE *file)
{
	fprintf(file, "{\"format\": %u, \"block_size\": %u, \"used_blocks\": %llu, ", format,
		config->block_size, (unsigned long long)used_blocks);
	if (config->prog_size)
		fprintf(file, "\"prog_size\": %u, ", config->prog_size);
	fprintf(file, "\"entries\": [");
	for (size_t i = 0; i < model->count; i++) {
		const struct model_object *object = &model->list[i];
		uint8_t hash[SHA256_DIGEST_LENGTH];

		fprintf(file, "%s\n{\"path\": \"%s\", \"type\": \"%s\"", i ? "," : "", object->path,
			object->is_dir ? "dir" : "reg");
		if (!object->is_dir) {
			SHA256(object->data, object->len, hash);
			fprintf(file, ", \"size\": %u, \"sha256\": \"", object->len);
			for (size_t k = 0; k < sizeof(hash); k++)
				fprintf(file, "%02x", hash[k]);
			fprintf(file, "\"");
		}
		fprintf(file, "}");
	}
	fprintf(file, "]}\n");
}
