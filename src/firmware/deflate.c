/* SPDX-License-Identifier: MIT */
/*
 * deflate.c - the compression of zip members, by libdeflate.
 */
#include "deflate.h"

#include <errno.h>
#include <stdlib.h>

#include <libdeflate.h>

enum {
	LEVEL = 9, /* higher ones take ten times as long for a percent */
};

int tw_inflate(const void *packed, size_t packed_len, void *data, size_t size)
{
	struct libdeflate_decompressor *it = libdeflate_alloc_decompressor();
	size_t taken = 0, made = 0;
	enum libdeflate_result result;

	if (!it)
		return -ENOMEM;
	result =
		libdeflate_deflate_decompress_ex(it, packed, packed_len, data, size, &taken, &made);
	libdeflate_free_decompressor(it);
	return result == LIBDEFLATE_SUCCESS && taken == packed_len && made == size ? 0 : -EUCLEAN;
}

int tw_deflate(const void *data, size_t len, char **ret_packed, size_t *ret_len)
{
	struct libdeflate_compressor *it = libdeflate_alloc_compressor(LEVEL);
	size_t room, made;
	char *packed;

	if (!it)
		return -ENOMEM;
	room = libdeflate_deflate_compress_bound(it, len);
	packed = malloc(room);
	made = packed ? libdeflate_deflate_compress(it, data, len, packed, room) : 0;
	libdeflate_free_compressor(it);
	if (!packed)
		return -ENOMEM;
	*ret_packed = packed; /* within its bound it always succeeds */
	*ret_len = made;
	return 0;
}
