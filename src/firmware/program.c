/* SPDX-License-Identifier: MIT */
/*
 * program.c - writes the image of a partition to the chip, as production does.
 */
#include <twinfs/firmware.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fail.h"

#define ERASED 0xff

static bool is_filled(const uint8_t *bytes, uint64_t len, uint8_t value)
{
	return !len || (bytes[0] == value && !memcmp(bytes, bytes + 1, len - 1));
}

int twinfs_firmware_fit(const void *image, uint64_t len, uint64_t size, uint64_t *ret_len,
	struct twinfs_error *err)
{
	const uint8_t *bytes = image;

	/* Tools that make images leave unused blocks as zeros. */
	if (len > size && !is_filled(bytes + size, len - size, ERASED) &&
		!is_filled(bytes + size, len - size, 0))
		return tw_fail(err, TWINFS_P_PACKAGE, -EOVERFLOW,
			"the image has %" PRIu64 " bytes, the partition %" PRIu64
			", and what would be cut off is not blank",
			len, size);
	*ret_len = len < size ? len : size;
	return 0;
}

int twinfs_firmware_program(struct twinfs_flash *flash, uint64_t addr, uint64_t size,
	const void *image, uint64_t len)
{
	const uint32_t unit = twinfs_flash_config(flash)->geometry.erase_size;
	const uint8_t *bytes = image;
	_cleanup_free_ uint8_t *last = malloc(unit);
	int rc;

	if (!last)
		return -ENOMEM;
	if (len > size)
		return -EINVAL;
	rc = twinfs_flash_erase(flash, addr, size);
	for (uint64_t off = 0; !rc && off < len; off += unit) {
		uint64_t left = len - off;
		const uint8_t *data = bytes + off;

		if (left < unit) {
			memset(last, ERASED, unit);
			memcpy(last, data, left);
			data = last;
		}
		if (!is_filled(data, unit, ERASED))
			rc = twinfs_flash_program(flash, addr + off, data, unit);
	}
	return rc;
}
