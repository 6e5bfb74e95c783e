/* SPDX-License-Identifier: MIT */
/*
 * model.h - a file system as plain lists in memory: what a volume should be.
 *
 * Operations are by path, random ones come from a seed, and the same
 * operation is applied to the model and to a volume.
 */
#ifndef TEST_LIB_MODEL_H
#define TEST_LIB_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <twinfs/volume.h>

#define MODEL_PATH 160

#define MODEL_ATTRS     5  /* types from 1: that of times, and others */
#define MODEL_ATTR_SIZE 64 /* bytes of a value, at most */

struct model_attr {
	bool is_set;
	uint8_t len, value[MODEL_ATTR_SIZE];
};

struct model_object {
	char path[MODEL_PATH]; /* "/a/b" */
	bool is_dir;
	bool is_unsynced; /* data is what is to come; see model_write() */
	uint8_t *data;
	uint32_t len;
	struct model_attr attrs[MODEL_ATTRS]; /* user attributes by type, from 1 */
};

struct model {
	struct model_object *list;
	size_t count, room;
	bool has_attrs;    /* version 2: there are user attributes, */
	bool stores_times; /* and one that every sync of a file sets */
};

/* Copies a path; one that does not fit ends the test. */
void model_set_path(char to[MODEL_PATH], const char *path);

void model_release(struct model *model);
void model_copy(struct model *to, const struct model *from);

/* Makes the object @path of @to what it is in @from, content that is synced. */
void model_copy_object(struct model *to, const struct model *from, const char *path);

/* NULL when there is none. */
struct model_object *model_find(const struct model *model, const char *path);

enum op_kind {
	OP_CREATE,
	OP_MKDIR,
	OP_WRITE,   /* some bytes at an offset, synced */
	OP_REPLACE, /* truncate to nothing, then new content in pieces, synced */
	OP_TRUNCATE,
	OP_UNLINK,
	OP_RMDIR,
	OP_RENAME,
	OP_SETATTR,
	OP_REMOVEATTR,
	OP_COUNT,
};

struct op {
	enum op_kind kind;
	char a[MODEL_PATH], b[MODEL_PATH];
	uint32_t off, len; /* of an attribute, off is the type */
	uint64_t seed;     /* of the bytes written; the time of the file */
};

/* A random operation, mostly on objects that exist. @largest: bytes of a file, about. */
void op_random(struct op *op, const struct model *model, uint64_t *random, uint32_t largest);

/* Both return 0 or the negative errno that POSIX wants. */
int op_on_model(const struct op *op, struct model *model);
int op_on_volume(const struct op *op, struct twinfs_volume *volume);

/*
 * Parts of OP_WRITE: new content that is not synced, and what a sync makes of
 * the object besides. Errors as above.
 */
int model_write(const struct op *op, struct model *model);
int volume_write(const struct op *op, struct twinfs_volume *volume);
void model_set_time(struct model *model, struct model_object *object, uint64_t seed);

/* The time that comes from a seed, ns since 1970. */
int64_t op_time(uint64_t seed);

/* Text of an operation, in a buffer of the caller. */
const char *op_text(const struct op *op, char *buf, size_t size);

/* Whether the volume holds exactly what the model does; @ret_why says what differs. */
bool model_equals(const struct model *model, struct twinfs_volume *volume, char *why,
	size_t why_size);

/*
 * Writes the tree, and how many blocks it uses, as the JSON that the interop
 * readers compare with. @format is the version of littlefs, 1 or 2. With a program
 * size of 0 a reader does not ask for what a careful writer does.
 */
void model_write_json(const struct model *model, unsigned format,
	const struct twinfs_volume_config *config, uint64_t used_blocks, FILE *file);

#endif
