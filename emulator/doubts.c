/* SPDX-License-Identifier: MIT */
/*
 * doubts.c - a list, and the question who gets into it.
 */
#include "doubts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tw_emu_doubt {
	struct tw_emu_doubt *next;
	uint64_t parent;
	char name[];
};

void tw_emu_doubts_init(struct tw_emu_doubts *doubts)
{
	doubts->first = NULL;
	(void)pthread_mutex_init(&doubts->lock, NULL); /* cannot fail without attributes */
}

void tw_emu_doubts_release(struct tw_emu_doubts *doubts)
{
	tw_emu_doubts_take(doubts, NULL, NULL);
	(void)pthread_mutex_destroy(&doubts->lock);
}

/*
 * What is refused was looked at and not begun. All else comes from the chip, or
 * from a disk that is full, where the second of two steps may have found no room.
 * After a power cut the kernel forgets everything anyway.
 */
bool tw_emu_leaves_doubt(int rc)
{
	switch (-rc) {
	case 0:
	case EEXIST:
	case EINVAL:
	case EISDIR:
	case ENAMETOOLONG:
	case ENOENT:
	case ENOTDIR:
	case ENOTEMPTY:
	case EPERM:
	case ESHUTDOWN:
	case ESTALE:
	case EXDEV:
		return false;
	default:
		return true;
	}
}

int tw_emu_doubts_add(struct tw_emu_doubts *doubts, uint64_t parent, const char *name)
{
	size_t size = strlen(name) + 1;
	struct tw_emu_doubt *doubt = malloc(sizeof(*doubt) + size);

	if (!doubt)
		return -ENOMEM;
	doubt->parent = parent;
	memcpy(doubt->name, name, size);
	(void)pthread_mutex_lock(&doubts->lock);
	doubt->next = doubts->first;
	doubts->first = doubt;
	(void)pthread_mutex_unlock(&doubts->lock);
	return 0;
}

void tw_emu_doubts_take(struct tw_emu_doubts *doubts,
	void (*each)(void *ctx, uint64_t parent, const char *name), void *ctx)
{
	struct tw_emu_doubt *doubt, *next;

	(void)pthread_mutex_lock(&doubts->lock);
	doubt = doubts->first;
	doubts->first = NULL;
	(void)pthread_mutex_unlock(&doubts->lock);
	for (; doubt; doubt = next) {
		next = doubt->next;
		if (each)
			each(ctx, doubt->parent, doubt->name);
		free(doubt);
	}
}

bool tw_emu_doubts_is_empty(struct tw_emu_doubts *doubts)
{
	bool is_empty;

	(void)pthread_mutex_lock(&doubts->lock);
	is_empty = !doubts->first;
	(void)pthread_mutex_unlock(&doubts->lock);
	return is_empty;
}
