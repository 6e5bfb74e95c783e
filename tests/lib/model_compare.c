/* SPDX-License-Identifier: MIT */
/*
 * model_compare.c - a volume against the model of it, and the model as text.
 */
#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "chip.h"
#include "model.h"

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
	object = model_find(listing->model, path);
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
	uint8_t *data = malloc(object->len + 1);
	int64_t got = twinfs_volume_open(listing->volume, ino);
	bool same;

	must(data, "out of memory");
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

static bool has_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type,
	const struct model_attr *attr)
{
	uint8_t value[MODEL_ATTR_SIZE];
	int64_t len = twinfs_volume_get_attr(volume, ino, type, value, sizeof(value));

	return len == attr->len && !memcmp(value, attr->value, attr->len);
}

/* @object is NULL for the root, which has none. */
static bool has_attrs(struct listing *listing, uint64_t ino, const struct model_object *object)
{
	uint8_t types[256];
	int count = twinfs_volume_list_attrs(listing->volume, ino, types), wanted = 0;
	bool same = true;

	for (uint8_t i = 0; object && i < MODEL_ATTRS; i++) {
		if (!object->attrs[i].is_set)
			continue;
		wanted++;
		same = same && has_attr(listing->volume, ino, i + 1, &object->attrs[i]);
	}
	if (same && count == wanted)
		return true;
	(void)snprintf(listing->why, listing->why_size, "attributes of %s differ: %d, not %d",
		object ? object->path : "/", count, wanted);
	return false;
}

bool model_equals(const struct model *model, struct twinfs_volume *volume, char *why,
	size_t why_size)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	bool same = true;

	must(listing, "out of memory");
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
		same = has_content(listing, listing->files[i], listing->file_objects[i]) &&
		       has_attrs(listing, listing->files[i], listing->file_objects[i]);
	for (size_t i = 0; same && i < listing->dir_count; i++)
		same = has_attrs(listing, listing->dirs[i],
			model_find(model, listing->dir_paths[i]));
	free(listing);
	return same;
}

static void write_attrs(const struct model_object *object, FILE *file)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MODEL_ATTRS; i++) {
		const struct model_attr *attr = &object->attrs[i];

		if (!attr->is_set)
			continue;
		fprintf(file, "%s{\"type\": %u, \"hex\": \"", count++ ? ", " : ", \"attrs\": [",
			i + 1);
		for (unsigned k = 0; k < attr->len; k++)
			fprintf(file, "%02x", attr->value[k]);
		fprintf(file, "\"}");
	}
	if (count)
		fprintf(file, "]");
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
		write_attrs(object, file);
		fprintf(file, "}");
	}
	fprintf(file, "]}\n");
}
