/* SPDX-License-Identifier: MIT */
/*
 * deflate.h - the compression of zip members, whole buffers at a time.
 */
#ifndef TW_FIRMWARE_DEFLATE_H
#define TW_FIRMWARE_DEFLATE_H

#include <stddef.h>

/*
 * Unpacks all of @packed, to just @size bytes of @data. 0, -ENOMEM, or -EUCLEAN:
 * it is no deflate, it is more or less than that, or something is behind it.
 */
int tw_inflate(const void *packed, size_t packed_len, void *data, size_t size);

/* Packs @len bytes; free() @ret_packed. 0 or -ENOMEM. */
int tw_deflate(const void *data, size_t len, char **ret_packed, size_t *ret_len);

#endif
