/* SPDX-License-Identifier: MIT */
/*
 * test_random.c - random changes of an overlay, next to a model of it that is
 * three lists of paths: what is above, what is below, and what below is
 * hidden. After each change the seen tree and the upper volume are compared
 * with the model; now and then both volumes are mounted anew, and nothing is
 * hidden any more.
 */
#include "rig.h"

#define MOST  200
#define PATH  120
#define TEXT  1500
#define RUNS  24
#define STEPS 250

struct object {
	char path[PATH]; /* "/a/b" */
	bool is_dir;
	char text[TEXT];
};

struct list {
	struct object objects[MOST];
	size_t count;
};

struct model {
	struct list upper, lower, hidden;
};

/* ---- lists ---- */

static struct object *find(struct list *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->objects[i].path, path))
			return &list->objects[i];
	return NULL;
}

static void set_path(char to[PATH], const char *path)
{
	size_t len = strlen(path);

	ck_assert_uint_lt(len, PATH);
	memmove(to, path, len + 1);
}

static struct object *put(struct list *list, const char *path, bool is_dir, const char *text)
{
	struct object *object = find(list, path);

	if (!object) {
		ck_assert_uint_lt(list->count, MOST);
		object = &list->objects[list->count++];
	}
	set_path(object->path, path);
	object->is_dir = is_dir;
	(void)snprintf(object->text, sizeof(object->text), "%s", text);
	return object;
}

static void take(struct list *list, const char *path)
{
	struct object *object = find(list, path);

	if (object)
		*object = list->objects[--list->count];
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && path[len] == '/';
}

static void parent_of(const char *path, char parent[PATH])
{
	set_path(parent, path);
	*strrchr(parent, '/') = '\0';
}

/* ---- the model ---- */

/* Whether the lower part of the directory @path takes part; "" is the root. */
static bool has_lower_dir(struct model *model, const char *path)
{
	char parent[PATH];
	const struct object *upper, *lower;

	if (!*path)
		return true;
	upper = find(&model->upper, path);
	lower = find(&model->lower, path);
	if (!lower || !lower->is_dir || (upper && !upper->is_dir) || find(&model->hidden, path))
		return false;
	parent_of(path, parent);
	return has_lower_dir(model, parent);
}

/* What is seen at @path. */
static struct object *seen(struct model *model, const char *path)
{
	struct object *upper = find(&model->upper, path);
	char parent[PATH];

	if (upper)
		return upper;
	parent_of(path, parent);
	return has_lower_dir(model, parent) && !find(&model->hidden, path)
		       ? find(&model->lower, path)
		       : NULL;
}

static bool is_seen_dir(struct model *model, const char *path)
{
	const struct object *object = *path ? seen(model, path) : NULL;

	return !*path || (object && object->is_dir);
}

static bool is_empty(struct model *model, const char *dir)
{
	for (size_t i = 0; i < model->upper.count; i++)
		if (is_below(model->upper.objects[i].path, dir))
			return false;
	for (size_t i = 0; i < model->lower.count; i++)
		if (is_below(model->lower.objects[i].path, dir) &&
			seen(model, model->lower.objects[i].path))
			return false;
	return true;
}

static void lift_dirs(struct model *model, const char *path)
{
	char parent[PATH];

	parent_of(path, parent);
	if (!*parent || find(&model->upper, parent))
		return;
	lift_dirs(model, parent);
	put(&model->upper, parent, true, "");
}

static void hide(struct model *model, const char *path)
{
	if (find(&model->lower, path))
		put(&model->hidden, path, false, "");
}

static int model_add(struct model *model, const char *path, bool is_dir)
{
	if (seen(model, path))
		return -EEXIST;
	lift_dirs(model, path);
	put(&model->upper, path, is_dir, "");
	return 0;
}

static int model_remove(struct model *model, const char *path, bool is_dir)
{
	const struct object *object = seen(model, path);

	if (!object)
		return -ENOENT;
	if (object->is_dir != is_dir)
		return is_dir ? -ENOTDIR : -EISDIR;
	if (is_dir && !is_empty(model, path))
		return -ENOTEMPTY;
	take(&model->upper, path);
	hide(model, path);
	return 0;
}

static int check_rename(struct model *model, const char *from, const char *to)
{
	const struct object *object = seen(model, from), *replaced = seen(model, to);

	if (!object)
		return -ENOENT;
	if (is_below(to, from))
		return -EINVAL;
	if (!strcmp(from, to))
		return 0;
	if (replaced && replaced->is_dir != object->is_dir)
		return object->is_dir ? -ENOTDIR : -EISDIR;
	if (replaced && replaced->is_dir && !is_empty(model, to))
		return -ENOTEMPTY;
	return object->is_dir && has_lower_dir(model, from) ? -EXDEV : 0;
}

static int model_rename(struct model *model, const char *from, const char *to)
{
	struct object object;
	int rc = check_rename(model, from, to);

	if (rc || !strcmp(from, to))
		return rc;
	object = *seen(model, from);
	lift_dirs(model, from);
	lift_dirs(model, to);
	take(&model->upper, from);
	hide(model, from);
	put(&model->upper, to, object.is_dir, object.text);
	if (object.is_dir)
		hide(model, to); /* it is not merged with what is below there */
	for (size_t i = 0; i < model->upper.count; i++) {
		char path[2 * PATH], *at = model->upper.objects[i].path;

		if (!is_below(at, from))
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", to, at + strlen(from));
		set_path(at, path);
	}
	return 0;
}

static int model_write(struct model *model, const char *path, const char *text)
{
	const struct object *object = seen(model, path);

	if (!object || object->is_dir)
		return object ? -EISDIR : -ENOENT;
	lift_dirs(model, path);
	put(&model->upper, path, false, text);
	return 0;
}

/* ---- comparing ---- */

struct seen_dir {
	struct model *model;
	const char *path;
	size_t count;
};

static int compare_entry(void *ctx, const char *name, const struct twinfs_overlay_stat *stat)
{
	struct seen_dir *dir = ctx;
	const struct object *object;
	char path[PATH + 256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir->path, name);
	object = seen(dir->model, path);
	ck_assert_msg(object, "%s: %s should not be seen", test_context, path);
	ck_assert_msg(object->is_dir == (stat->stat.type == TWINFS_DIR), "%s: %s: type",
		test_context, path);
	dir->count++;
	return 0;
}

/* Names seen in @dir by the model. */
static size_t count_names(struct model *model, const char *dir)
{
	size_t count = 0;

	for (size_t i = 0; i < model->upper.count + model->lower.count; i++) {
		const char *path = i < model->upper.count
					   ? model->upper.objects[i].path
					   : model->lower.objects[i - model->upper.count].path;
		char parent[PATH];

		parent_of(path, parent);
		if (strcmp(parent, dir) || (i >= model->upper.count && find(&model->upper, path)))
			continue;
		count += seen(model, path) != NULL;
	}
	return count;
}

static void compare_dir(struct rig *rig, struct model *model, const char *path)
{
	struct seen_dir dir = {model, path, 0};

	ck_assert_int_eq(twinfs_overlay_list(rig->overlay, rig_ino(rig, path), compare_entry, &dir),
		0);
	ck_assert_msg(dir.count == count_names(model, path), "%s: '%s' has %zu names, not %zu",
		test_context, path, dir.count, count_names(model, path));
}

static void compare_object(struct rig *rig, struct model *model, const char *path)
{
	const struct object *object = seen(model, path);

	if (!object)
		return;
	if (object->is_dir)
		compare_dir(rig, model, path);
	else
		rig_expect(rig, path, object->text);
}

static int count_entry(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	(void)name;
	(void)stat;
	++*(size_t *)ctx;
	return 0;
}

/* The upper volume holds what the model says, and no more. */
static void compare_upper(struct rig *rig, struct model *model)
{
	size_t count = 0;

	ck_assert_int_eq(twinfs_volume_list(rig->upper, TWINFS_ROOT_INO, count_entry, &count), 0);
	for (size_t i = 0; i < model->upper.count; i++) {
		const struct object *object = &model->upper.objects[i];
		struct twinfs_stat stat;
		uint64_t ino;

		ck_assert_msg(!twinfs_volume_walk(rig->upper, object->path, &ino),
			"%s: %s is not above", test_context, object->path);
		ck_assert_int_eq(twinfs_volume_stat(rig->upper, ino, &stat), 0);
		ck_assert_uint_eq(stat.size, strlen(object->text));
		if (object->is_dir)
			ck_assert_int_eq(twinfs_volume_list(rig->upper, ino, count_entry, &count),
				0);
	}
	ck_assert_msg(count == model->upper.count, "%s: %zu objects above, not %zu", test_context,
		count, model->upper.count);
}

static void compare(struct rig *rig, struct model *model)
{
	compare_dir(rig, model, "");
	for (size_t i = 0; i < model->upper.count; i++)
		compare_object(rig, model, model->upper.objects[i].path);
	for (size_t i = 0; i < model->lower.count; i++)
		compare_object(rig, model, model->lower.objects[i].path);
	compare_upper(rig, model);
}

/* ---- running ---- */

enum kind {
	CREATE,
	MKDIR,
	UNLINK,
	RMDIR,
	RENAME,
	WRITE,
};

/* A name in a directory that is seen; few names, so that they meet. */
static void any_path(struct model *model, uint64_t *random, char path[PATH])
{
	const struct list *list = test_random(random) % 2 ? &model->upper : &model->lower;
	char dir[PATH] = "";
	size_t pick = list->count ? test_random(random) % list->count : 0;

	if (list->count && strlen(list->objects[pick].path) < 12 &&
		is_seen_dir(model, list->objects[pick].path))
		set_path(dir, list->objects[pick].path);
	(void)snprintf(path, PATH, "%.60s/%c", dir, (char)('a' + test_random(random) % 5));
}

static void any_text(uint64_t *random, char text[TEXT])
{
	size_t len = test_random(random) % (test_random(random) % 4 ? 20 : TEXT);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + test_random(random) % 26);
	text[len] = '\0';
}

/* The same change of both; they must agree. */
static void step(struct rig *rig, struct model *model, uint64_t *random)
{
	static const char *const names[] = {
		"create", "mkdir", "unlink", "rmdir", "rename", "write"};
	static const enum kind kinds[] = {
		CREATE, MKDIR, UNLINK, RMDIR, RENAME, RENAME, WRITE, WRITE};
	enum kind kind = kinds[test_random(random) % (sizeof(kinds) / sizeof(kinds[0]))];
	char path[PATH], to[PATH], text[TEXT];
	struct twinfs_overlay_stat stat;
	int want = 0, got = 0;

	any_path(model, random, path);
	any_path(model, random, to);
	any_text(random, text);
	(void)snprintf(test_context + strlen(test_context),
		sizeof(test_context) - strlen(test_context), " %s %s (to %s)", names[kind], path,
		to);
	switch (kind) {
	case CREATE:
	case MKDIR:
		want = model_add(model, path, kind == MKDIR);
		got = rig_add(rig, path, kind == MKDIR);
		break;
	case UNLINK:
		want = model_remove(model, path, false);
		got = rig_unlink(rig, path);
		break;
	case RMDIR:
		want = model_remove(model, path, true);
		got = rig_rmdir(rig, path);
		break;
	case RENAME:
		want = model_rename(model, path, to);
		got = rig_rename(rig, path, to, 0);
		break;
	case WRITE:
		want = model_write(model, path, text);
		got = rig_find(rig, path, &stat);
		if (!got)
			got = rig_write(rig, path, text);
		break;
	}
	ck_assert_msg(got == want, "%s: %d, not %d", test_context, got, want);
}

static void make_lower(struct rig *rig, struct model *model, uint64_t *random)
{
	for (int i = 0; i < 30; i++) {
		bool is_dir = test_random(random) % 2;
		char path[PATH], text[TEXT] = "";

		any_path(model, random, path);
		if (seen(model, path))
			continue;
		if (!is_dir)
			any_text(random, text);
		put(&model->lower, path, is_dir, text);
		rig_put(rig->lower, path, is_dir ? NULL : text);
	}
}

START_TEST(overlay_equals_model)
{
	static struct model model;
	uint64_t seed = test_seed((uint64_t)_i + 1), random = seed;
	struct rig rig;

	model = (struct model){0};
	rig_up(&rig, 600, 400);
	make_lower(&rig, &model, &random);
	rig_start(&rig);
	for (int i = 0; i < STEPS; i++) {
		(void)snprintf(test_context, sizeof(test_context),
			"seed %llu step %d:", (unsigned long long)seed, i);
		step(&rig, &model, &random);
		compare(&rig, &model);
		if (test_random(&random) % 40 == 0) {
			rig_start(&rig);
			model.hidden.count = 0;
			compare(&rig, &model);
		}
	}
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_random");
	TCase *tc = tcase_create("random");

	tcase_add_loop_test(tc, overlay_equals_model, 0, RUNS);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
