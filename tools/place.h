/* SPDX-License-Identifier: MIT */
/*
 * place.h - where on the host something goes that was asked for by a path: into a
 * directory that is there, or under a new name.
 */
#ifndef TW_TOOL_PLACE_H
#define TW_TOOL_PLACE_H

struct tw_tool_place {
	int dir;     /* host directory; of a tree's own when @name is NULL */
	char *name;  /* in it; NULL: the content goes into @dir itself */
	char *shown; /* for messages */
};

/*
 * Finds the place for an object called @name, "" for the root of the only partition:
 * in @dest when that is a directory, else @dest itself is its new name. 0 or -errno;
 * release in any case, and begin with .dir = -1.
 */
int tw_tool_find_place(const char *dest, const char *name, struct tw_tool_place *ret_place);
void tw_tool_place_release(struct tw_tool_place *place);

#define _cleanup_place_ __attribute__((cleanup(tw_tool_place_release)))

/* What follows the last slash. */
const char *tw_tool_last_name(const char *path);

#endif
