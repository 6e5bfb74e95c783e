/* SPDX-License-Identifier: MIT */
/*
 * package.c - what an open package says, its images, and a new one made from it.
 */
#include "package.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "zip_write.h"

#define LOOSE_MAX (UINT64_C(256) << 20)

const char *twinfs_package_kind_name(enum twinfs_package_kind kind)
{
	switch (kind) {
	case TWINFS_PACKAGE_ZIP:
		return "zip";
	case TWINFS_PACKAGE_ASR:
		return "asr";
	case TWINFS_PACKAGE_BUNDLE:
		return "bundle";
	case TWINFS_PACKAGE_EIGEN:
		return "eigen";
	case TWINFS_PACKAGE_FOLDER:
		return "folder";
	case TWINFS_PACKAGE_LOOSE:
		return "loose";
	}
	return "zip";
}

const char *twinfs_firmware_image_name(enum twinfs_firmware_image image)
{
	return image == TWINFS_FIRMWARE_USER ? "customer_fs.bin" : "customer_backup_fs.bin";
}

void twinfs_package_info(const struct twinfs_package *package, struct twinfs_package_info *ret_info)
{
	struct twinfs_package_info info = {
		.kind = package->kind,
		.platform = package->platform,
		.known = twinfs_platform_find(package->platform),
		.count = package->zip.count,
		.size = package->zip.size,
	};

	if (package->nest != TW_PACKAGE_NONE)
		info.inner = package->zip.members[package->nest].name;
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++) {
		info.images[image] = package->files[image];
		if (package->images[image] != TW_PACKAGE_NONE)
			info.images[image] =
				tw_package_archive(package)->members[package->images[image]].name;
	}
	for (size_t i = 0; i < package->zip.count; i++)
		info.unpacked += package->zip.members[i].size;
	*ret_info = info;
}

void twinfs_package_member(const struct twinfs_package *package, size_t index,
	struct twinfs_package_member *ret_member)
{
	const struct tw_zip_member *member = &package->zip.members[index];

	*ret_member = (struct twinfs_package_member){
		.name = member->name,
		.size = member->size,
		.packed = member->packed,
		.addr = member->addr,
		.crc = member->crc,
		.method = member->method,
		.is_encrypted = tw_zip_is_encrypted(member),
	};
}

int twinfs_package_read_image(const struct twinfs_package *package,
	enum twinfs_firmware_image image, uint8_t **ret_data, size_t *ret_len,
	struct twinfs_error *err)
{
	const struct tw_zip *zip = tw_package_archive(package);
	char *data;
	int rc;

	if (package->files[image]) {
		rc = tw_file_read(package->files[image], LOOSE_MAX, &data, ret_len);
		if (rc)
			(void)tw_fail(err, TWINFS_P_PACKAGE, rc, "cannot be read: %s",
				twinfs_strerror(rc));
		if (rc)
			return tw_fail_file(err, package->files[image], rc);
	} else if (package->bytes && !package->folder) {
		if (err)
			*err = package->why;
		return package->why.code;
	} else if (package->images[image] == TW_PACKAGE_NONE) {
		(void)tw_fail(err, TWINFS_P_PACKAGE, -ENOENT, "there is no %s in it",
			twinfs_firmware_image_name(image));
		return tw_fail_file(err, package->path, -ENOENT);
	} else {
		rc = tw_zip_read(zip, &zip->members[package->images[image]], &data, err);
		if (rc)
			return tw_fail_file(err, package->path, rc);
		*ret_len = zip->members[package->images[image]].size;
	}
	*ret_data = (uint8_t *)data;
	return 0;
}

/* ---- soundness ---- */

static int verify(const struct tw_zip *zip, struct twinfs_error *err)
{
	for (size_t i = 0; i < zip->count; i++) {
		_cleanup_free_ char *data = NULL;
		int rc = tw_zip_read(zip, &zip->members[i], &data, err);

		if (rc)
			return rc;
	}
	return 0;
}

int twinfs_package_verify(const struct twinfs_package *package, struct twinfs_error *err)
{
	int rc = verify(&package->zip, err);

	if (!rc)
		rc = verify(&package->inner, err);
	return rc ? tw_fail_file(err, package->path, rc) : 0;
}

/* ---- a new one ---- */

/* The archive with the images, after the merge. */
static int merge_images(const struct twinfs_package *package,
	const struct twinfs_package_merge *merge, struct tw_text *out, struct twinfs_error *err)
{
	char *names[TWINFS_FIRMWARE_IMAGES] = {NULL};
	struct tw_zip_change changes[TWINFS_FIRMWARE_IMAGES];
	size_t count = 0;
	int rc = 0;

	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++) {
		if (!merge->images[image])
			continue;
		if (asprintf(&names[image], "%s%s", package->folder,
			    twinfs_firmware_image_name(image)) < 0) {
			names[image] = NULL;
			rc = -ENOMEM;
		}
		changes[count++] = (struct tw_zip_change){
			.member = package->images[image],
			.name = names[image],
			.data = merge->images[image],
			.len = merge->lens[image],
		};
	}
	if (rc)
		(void)tw_fail(err, TWINFS_P_PACKAGE, rc, "out of memory");
	else
		rc = tw_zip_rewrite(tw_package_archive(package), changes, count, merge->time, out,
			err);
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++)
		free(names[image]);
	return rc;
}

static int merge_all(const struct twinfs_package *package, const struct twinfs_package_merge *merge,
	struct tw_text *out, struct twinfs_error *err)
{
	_cleanup_(tw_text_release) struct tw_text inner = {0};
	struct tw_zip_change change = {.member = package->nest};
	int rc;

	if (package->nest == TW_PACKAGE_NONE)
		return merge_images(package, merge, out, err);
	rc = merge_images(package, merge, &inner, err);
	change.data = inner.data;
	change.len = inner.len;
	return rc ? rc : tw_zip_rewrite(&package->zip, &change, 1, merge->time, out, err);
}

static int check_base(const struct twinfs_package *package, struct twinfs_error *err)
{
	if (!package->bytes) {
		(void)tw_fail(err, TWINFS_P_PACKAGE, -ENOTSUP,
			"is no zip archive: nothing to be merged with");
		return tw_fail_file(err, package->path, -ENOTSUP);
	}
	if (!package->folder) {
		if (err)
			*err = package->why;
		return package->why.code;
	}
	return twinfs_package_verify(package, err);
}

int twinfs_package_write(const struct twinfs_package *package,
	const struct twinfs_package_merge *merge, const char *path, struct twinfs_error *err)
{
	_cleanup_(tw_text_release) struct tw_text out = {0};
	int rc = check_base(package, err);

	if (rc)
		return rc;
	rc = merge_all(package, merge, &out, err);
	if (rc)
		return tw_fail_file(err, package->path, rc);
	rc = tw_file_write(path, out.data, out.len, 0644, merge->replaces ? 0 : TW_FILE_NEW);
	if (!rc)
		return 0;
	(void)tw_fail(err, TWINFS_P_PACKAGE, rc, "cannot be made: %s", tw_make_reason(rc));
	return tw_fail_file(err, path, rc);
}
