/* SPDX-License-Identifier: MIT */
/*
 * repaired.c - the list of what became of each object.
 */
#include "repaired.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

const char *twinfs_repair_kind_name(enum twinfs_repair_kind kind)
{
	switch (kind) {
	case TWINFS_REPAIR_NOTHING:
		return "nothing";
	case TWINFS_REPAIR_RESIDUE:
		return "residue";
	case TWINFS_REPAIR_MENDED:
		return "mended";
	case TWINFS_REPAIR_REBUILT:
		return "rebuilt";
	}
	return "nothing";
}

const char *twinfs_fate_name(enum twinfs_fate fate)
{
	switch (fate) {
	case TWINFS_FATE_KEPT:
		return "kept";
	case TWINFS_FATE_RECOVERED:
		return "recovered";
	case TWINFS_FATE_FOUND:
		return "found";
	case TWINFS_FATE_LEFT_OUT:
		return "left_out";
	case TWINFS_FATE_LOST:
		return "lost";
	}
	return "lost";
}

static void release_texts(struct twinfs_repaired *shown)
{
	free((char *)shown->path);
	free((char *)shown->was);
	free((char *)shown->why);
}

int tw_repaired_add(struct tw_repaired_list *list, const struct tw_repaired *it)
{
	struct tw_repaired copy = *it;
	int rc = tw_array_grow(&list->all, &list->room, list->count);

	if (rc)
		return rc;
	copy.shown.path = strdup(it->shown.path);
	copy.shown.was = it->shown.was ? strdup(it->shown.was) : NULL;
	copy.shown.why = strdup(it->shown.why ? it->shown.why : "");
	if (!copy.shown.path || !copy.shown.why || (it->shown.was && !copy.shown.was)) {
		release_texts(&copy.shown);
		return -ENOMEM;
	}
	list->all[list->count++] = copy;
	return 0;
}

void tw_repaired_drop(struct tw_repaired_list *list, size_t index)
{
	release_texts(&list->all[index].shown);
	memmove(&list->all[index], &list->all[index + 1],
		(--list->count - index) * sizeof(*list->all));
}

void tw_repaired_release(struct tw_repaired_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		release_texts(&list->all[i].shown);
	free(list->all);
	*list = (struct tw_repaired_list){0};
}
