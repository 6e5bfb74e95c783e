/* SPDX-License-Identifier: MIT */
/*
 * attrs.h - the user attributes of an object, read whole.
 */
#ifndef TW_TOOL_ATTRS_H
#define TW_TOOL_ATTRS_H

#include <stddef.h>
#include <stdint.h>
#include <twinfs/volume.h>

struct tw_tool_attr {
	uint8_t type;
	uint16_t len; /* bytes of @value */
	uint8_t value[TWINFS_ATTR_MAX];
};

struct tw_tool_attrs {
	struct tw_tool_attr *list; /* by ascending type */
	size_t count;
};

/* 0 or a negative errno of the volume. Release in any case. */
int tw_tool_attrs_read(struct twinfs_volume *volume, uint64_t ino, struct tw_tool_attrs *ret_attrs);
void tw_tool_attrs_release(struct tw_tool_attrs *attrs);

#define _cleanup_attrs_ __attribute__((cleanup(tw_tool_attrs_release)))

#endif
