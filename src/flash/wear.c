/* SPDX-License-Identifier: MIT */
/*
 * wear.c - erase counters, and the file that keeps them between mounts.
 *
 * The file is a note, not part of the chip: it is written when an image is
 * closed, and an image without it, or with one that does not fit, is as good
 * as new. Layout (little-endian; docs/formats/wear.md):
 *
 *	0   8  "TWFSWEAR"
 *	8   4  version, 1
 *	12  4  erase size in bytes
 *	16  8  number of units n
 *	24  4n erases of each unit
 *	..  4  CRC-32 of all bytes before
 */
#include "chip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/fail.h"
#include "base/file.h"

static const char magic[8] = {'T', 'W', 'F', 'S', 'W', 'E', 'A', 'R'};

enum {
	VERSION = 1,
	HEADER_SIZE = 24,
	CRC_SIZE = 4,
};

static size_t file_size(const struct twinfs_flash *flash)
{
	return HEADER_SIZE + 4 * flash->units + CRC_SIZE;
}

uint64_t twinfs_flash_units(const struct twinfs_flash *flash)
{
	return flash->units;
}

uint32_t twinfs_flash_wear(const struct twinfs_flash *flash, uint64_t unit)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock((pthread_mutex_t *)&flash->lock);

	(void)guard;
	return unit < flash->units ? flash->wear[unit] : 0;
}

static int check_file(const struct twinfs_flash *flash, const uint8_t *data, size_t len,
	struct twinfs_error *err)
{
	if (len < HEADER_SIZE + CRC_SIZE || memcmp(data, magic, sizeof(magic)) ||
		tw_le32(data + 8) != VERSION)
		return tw_fail(err, TWINFS_P_FLASH_WEAR, -EUCLEAN, "not a wear file");
	if (tw_crc32(0, data, len - CRC_SIZE) != tw_le32(data + len - CRC_SIZE))
		return tw_fail(err, TWINFS_P_FLASH_WEAR, -EBADMSG, "wrong checksum");
	if (len != file_size(flash) || tw_le64(data + 16) != flash->units ||
		tw_le32(data + 12) != flash->config.geometry.erase_size)
		return tw_fail(err, TWINFS_P_FLASH_WEAR, -EUCLEAN,
			"made for a chip of another size");
	return 0;
}

int twinfs_flash_load_wear(struct twinfs_flash *flash, const char *path, struct twinfs_error *err)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&flash->lock);
	_cleanup_free_ char *data = NULL;
	size_t len;
	int rc = tw_file_read_found(path, file_size(flash), &data, &len);

	(void)guard;
	if (rc == -EFBIG)
		rc = tw_fail(err, TWINFS_P_FLASH_WEAR, -EUCLEAN, "made for a chip of another size");
	else if (rc)
		rc = tw_fail(err, TWINFS_P_FLASH_WEAR, rc, "%s", twinfs_strerror(rc));
	else
		rc = check_file(flash, (const uint8_t *)data, len, err);
	if (rc)
		return tw_fail_file(err, path, rc);
	for (uint64_t i = 0; i < flash->units; i++)
		flash->wear[i] += tw_le32((const uint8_t *)data + HEADER_SIZE + 4 * i);
	return 0;
}

int twinfs_flash_save_wear(const struct twinfs_flash *flash, const char *path,
	struct twinfs_error *err)
{
	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock((pthread_mutex_t *)&flash->lock);
	_cleanup_free_ uint8_t *data = calloc(1, file_size(flash));
	size_t end = file_size(flash) - CRC_SIZE;
	int rc;

	(void)guard;
	if (!data)
		return -ENOMEM;
	memcpy(data, magic, sizeof(magic));
	tw_put_le32(data + 8, VERSION);
	tw_put_le32(data + 12, flash->config.geometry.erase_size);
	tw_put_le64(data + 16, flash->units);
	for (uint64_t i = 0; i < flash->units; i++)
		tw_put_le32(data + HEADER_SIZE + 4 * i, flash->wear[i]);
	tw_put_le32(data + end, tw_crc32(0, data, end));
	rc = tw_file_write(path, data, file_size(flash), 0644, 0);
	if (rc) {
		(void)tw_fail(err, TWINFS_P_FLASH_WEAR, rc, "%s", twinfs_strerror(rc));
		return tw_fail_file(err, path, rc);
	}
	return 0;
}
