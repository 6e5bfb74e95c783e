/* SPDX-License-Identifier: MIT */
/*
 * file_hash.c - all hashes of a file of a volume in one pass over the chip's
 * own map, nothing copied.
 */
#include <twinfs/module.h>

#include <errno.h>

#include "base/cleanup.h"
#include "base/crc.h"
#include "hash.h"

/* Small enough that a release lets the volume reuse blocks soon. */
#define PIECE (1u << 20)

static int add_view(const struct twinfs_view *view, struct twinfs_file_hash *hash,
	struct tw_hash *sha256)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < view->count; i++) {
		const struct iovec *iov = &view->iov[i];

		hash->crc32 = tw_crc32(hash->crc32, iov->iov_base, iov->iov_len);
		hash->device_crc = twinfs_device_crc(hash->device_crc, iov->iov_base, iov->iov_len);
		rc = tw_hash_update(sha256, iov->iov_base, iov->iov_len);
	}
	hash->size += view->len;
	return rc;
}

static int add_content(struct twinfs_volume *volume, uint64_t ino, struct twinfs_file_hash *hash,
	struct tw_hash *sha256)
{
	struct twinfs_view view;
	size_t got;
	int rc;

	do {
		rc = twinfs_volume_view(volume, ino, PIECE, hash->size, &view);
		if (rc < 0)
			return rc;
		got = view.len;
		rc = add_view(&view, hash, sha256);
		twinfs_volume_release_view(volume, &view);
	} while (!rc && got);
	return rc;
}

int twinfs_hash_file(struct twinfs_volume *volume, uint64_t ino, struct twinfs_file_hash *ret_hash)
{
	struct twinfs_file_hash hash = {.device_crc = TWINFS_DEVICE_CRC_INIT};
	_cleanup_(tw_hash_release) struct tw_hash sha256 = {0};
	int rc = tw_hash_init(&sha256, TW_HASH_SHA256);

	if (!rc)
		rc = twinfs_volume_open(volume, ino);
	if (rc)
		return rc;
	rc = add_content(volume, ino, &hash, &sha256);
	twinfs_volume_close(volume, ino);
	if (!rc)
		rc = tw_hash_text(&sha256, hash.sha256);
	if (!rc)
		*ret_hash = hash;
	return rc;
}
