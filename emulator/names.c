/* SPDX-License-Identifier: MIT */
/*
 * names.c - a search tree of names that is handed over whole.
 */
#include "names.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/*
 * Names of the root directory are few; only a program that asks for names that
 * are not there gets beyond this. Emptying the set costs cached names only.
 */
#define NAMES_MANY 4096u

struct visit {
	void (*each)(void *ctx, const char *name);
	void *ctx;
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void visit_node(const void *node, VISIT which, void *closure)
{
	const struct visit *visit = closure;

	if (which == postorder || which == leaf)
		visit->each(visit->ctx, *(const char *const *)node);
}

void tw_emu_names_init(struct tw_emu_names *names)
{
	*names = (struct tw_emu_names){0};
	(void)pthread_mutex_init(&names->lock, NULL); /* cannot fail with default attributes */
}

void tw_emu_names_release(struct tw_emu_names *names)
{
	tdestroy(names->tree, free);
	names->tree = NULL;
	(void)pthread_mutex_destroy(&names->lock);
}

static int add_locked(struct tw_emu_names *names, const char *name)
{
	char *copy;

	if (tfind(name, &names->tree, compare))
		return 0;
	copy = strdup(name);
	if (!copy || !tsearch(copy, &names->tree, compare)) {
		free(copy);
		return -ENOMEM;
	}
	return ++names->count > NAMES_MANY;
}

int tw_emu_names_add(struct tw_emu_names *names, const char *name)
{
	int rc;

	(void)pthread_mutex_lock(&names->lock);
	rc = add_locked(names, name);
	(void)pthread_mutex_unlock(&names->lock);
	return rc;
}

void tw_emu_names_take(struct tw_emu_names *names, void (*each)(void *ctx, const char *name),
	void *ctx)
{
	struct visit visit = {each, ctx};
	void *tree;

	(void)pthread_mutex_lock(&names->lock);
	tree = names->tree;
	names->tree = NULL;
	names->count = 0;
	(void)pthread_mutex_unlock(&names->lock);

	twalk_r(tree, visit_node, &visit);
	tdestroy(tree, free);
}

bool tw_emu_names_is_empty(struct tw_emu_names *names)
{
	bool is_empty;

	(void)pthread_mutex_lock(&names->lock);
	is_empty = !names->tree;
	(void)pthread_mutex_unlock(&names->lock);
	return is_empty;
}
