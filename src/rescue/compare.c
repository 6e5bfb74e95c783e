/* SPDX-License-Identifier: MIT */
/*
 * compare.c - whether a volume holds what the list of repaired objects says.
 */
#include "compare.h"

#include <errno.h>
#include <string.h>

#include "base/digest.h"
#include "base/fail.h"

static int digest_piece(void *ctx, const void *data, size_t len)
{
	tw_digest_add(ctx, data, len);
	return 0;
}

static int compare_file(struct twinfs_volume *volume, const struct tw_repaired *it,
	struct tw_digest *digest)
{
	const struct twinfs_scan scan = {digest_piece, digest};
	uint64_t ino;
	int rc = twinfs_volume_walk(volume, it->shown.path, &ino);

	if (!rc)
		rc = twinfs_volume_scan(volume, ino, &scan);
	if (!rc && !tw_digest_is_same(tw_digest_finish(digest), it->digest))
		rc = -EIO;
	return rc;
}

int tw_compare_files(const struct tw_repaired_list *list, enum twinfs_fate last,
	struct twinfs_volume *volume, struct twinfs_error *err)
{
	struct tw_digest *digest = tw_digest_new();
	int rc = digest ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < list->count; i++) {
		const struct tw_repaired *it = &list->all[i];

		if (!it->is_there || it->shown.type != TWINFS_REG || it->shown.fate > last)
			continue;
		rc = compare_file(volume, it, digest);
		if (rc)
			rc = tw_fail(err, TWINFS_P_LFS_CHAIN, rc == -ENOMEM ? rc : -EIO,
				"the repaired volume has other content in '%s'", it->shown.path);
	}
	tw_digest_free(digest);
	return rc;
}

static bool has_attr(struct twinfs_volume *volume, uint64_t ino, uint8_t type, const void *value,
	int64_t len)
{
	uint8_t other[TWINFS_ATTR_MAX];

	return twinfs_volume_get_attr(volume, ino, type, other, sizeof(other)) == len &&
	       !memcmp(value, other, (size_t)len);
}

static bool has_same_attrs(struct twinfs_volume *fresh, struct twinfs_volume *old, const char *path)
{
	uint8_t types[256], value[TWINFS_ATTR_MAX];
	uint64_t ino, old_ino;
	struct twinfs_stat stat, old_stat;
	int count;

	if (twinfs_volume_walk(fresh, path, &ino) || twinfs_volume_walk(old, path, &old_ino) ||
		twinfs_volume_stat(fresh, ino, &stat) ||
		twinfs_volume_stat(old, old_ino, &old_stat) || stat.type != old_stat.type)
		return false;
	count = twinfs_volume_list_attrs(fresh, ino, types);
	if (count < 0 || twinfs_volume_list_attrs(old, old_ino, types) != count)
		return false;
	for (int i = 0; i < count; i++) {
		int64_t len = twinfs_volume_get_attr(old, old_ino, types[i], value, sizeof(value));

		if (len < 0 || !has_attr(fresh, ino, types[i], value, len))
			return false;
	}
	return true;
}

bool tw_compare_is_same(const struct tw_repaired_list *list, struct twinfs_volume *fresh,
	struct twinfs_volume *old)
{
	struct twinfs_statfs space, old_space;

	if (twinfs_volume_statfs(fresh, &space) || twinfs_volume_statfs(old, &old_space) ||
		space.files != old_space.files || !has_same_attrs(fresh, old, "/") ||
		tw_compare_files(list, TWINFS_FATE_LOST, old, NULL))
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].is_there && !has_same_attrs(fresh, old, list->all[i].shown.path))
			return false;
	return true;
}
