/* SPDX-License-Identifier: MIT */
/*
 * attrs.c - the user attributes of an object, read whole.
 */
#include "attrs.h"

#include <errno.h>
#include <stdlib.h>

int tw_tool_attrs_read(struct twinfs_volume *volume, uint64_t ino, struct tw_tool_attrs *ret_attrs)
{
	uint8_t types[256];
	int count = twinfs_volume_list_attrs(volume, ino, types);

	*ret_attrs = (struct tw_tool_attrs){0};
	if (count <= 0)
		return count;
	ret_attrs->list = calloc((size_t)count, sizeof(*ret_attrs->list));
	if (!ret_attrs->list)
		return -ENOMEM;
	for (int i = 0; i < count; i++) {
		struct tw_tool_attr *attr = &ret_attrs->list[i];
		int64_t len = twinfs_volume_get_attr(volume, ino, types[i], attr->value,
			sizeof(attr->value));

		if (len < 0)
			return (int)len;
		attr->type = types[i];
		attr->len = (uint16_t)len;
		ret_attrs->count++;
	}
	return 0;
}

void tw_tool_attrs_release(struct tw_tool_attrs *attrs)
{
	free(attrs->list);
	*attrs = (struct tw_tool_attrs){0};
}
