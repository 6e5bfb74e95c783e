/* SPDX-License-Identifier: MIT */
/*
 * place.c - where on the host something goes that was asked for by a path.
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "tool.h"

void tw_tool_place_release(struct tw_tool_place *place)
{
	if (place->dir >= 0)
		close(place->dir);
	free(place->name);
	free(place->shown);
}

const char *tw_tool_last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* DEST is no directory yet: it is a new name in the directory above it. */
static int place_at_new_name(const char *dest, struct tw_tool_place *place)
{
	_cleanup_free_ char *above = strdup(dest);
	char *slash, *end;

	if (!above)
		return -ENOMEM;
	for (end = above + strlen(above); end > above + 1 && end[-1] == '/'; end--)
		end[-1] = '\0';
	place->shown = strdup(above);
	place->name = strdup(tw_tool_last_name(above));
	if (!place->shown || !place->name)
		return -ENOMEM;
	if (!tw_tool_host_name_is_safe(place->name))
		return -ENOENT;
	slash = strrchr(above, '/');
	if (slash)
		slash[slash == above] = '\0';
	place->dir = open_dir(slash ? above : ".");
	return place->dir < 0 ? place->dir : 0;
}

static int place_into(const char *dest, const char *name, struct tw_tool_place *place)
{
	const char *slash = dest[strlen(dest) - 1] == '/' ? "" : "/";

	if (*name && !(place->name = strdup(name)))
		return -ENOMEM;
	if (asprintf(&place->shown, "%s%s%s", dest, *name ? slash : "", name) < 0) {
		place->shown = NULL;
		return -ENOMEM;
	}
	return 0;
}

int tw_tool_find_place(const char *dest, const char *name, struct tw_tool_place *place)
{
	place->dir = open_dir(dest);
	if (place->dir >= 0)
		return place_into(dest, name, place);
	if (place->dir != -ENOENT && place->dir != -ENOTDIR)
		return place->dir;
	return place_at_new_name(dest, place);
}
