/* SPDX-License-Identifier: MIT */
/*
 * package_open.c - recognises a package and finds the images in it.
 *
 * Any zip archive can be unpacked, so that one is no firmware package is not
 * an error of opening it; why it is none is kept for those who need one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/file.h"
#include "package.h"
#include "platform_json.h"

#define FILE_MAX  (UINT64_C(1) << 30)
#define LEAST_MAX (UINT64_C(256) << 20)
#define RATIO     8 /* of real packages it is about 2, of empty images 100 */

#define PLATFORM_NAME "platform_config.json"
#define EIGEN_NAME    "quec_download_config.ini"
#define ASR_NAME      "system.img"

#define PAC_REASON                                                                                 \
	"is a .pac package of the Unisoc tools: only those can open it; take its images out "      \
	"there, and use them as loose files"

static int fail_host(struct twinfs_error *err, const char *path, int code)
{
	(void)tw_fail(err, TWINFS_P_PACKAGE, code, "cannot be read: %s", twinfs_strerror(code));
	return tw_fail_file(err, path, code);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcasecmp(text + len - end_len, end);
}

/* It begins with its version, "BP_R..." in UTF-16. */
static bool is_pac(const void *bytes, uint64_t size)
{
	static const char start[] = "B\0P\0_\0R";

	return size >= sizeof(start) && !memcmp(bytes, start, sizeof(start));
}

/* ---- archives ---- */

/* The member called @base in any folder. -ENOENT, or -EUCLEAN: there are several. */
static int find_base(const struct tw_zip *zip, const char *base, size_t *ret_member,
	struct twinfs_error *err)
{
	size_t found = TW_PACKAGE_NONE;

	for (size_t i = 0; i < zip->count; i++) {
		if (strcmp(base_of(zip->members[i].name), base))
			continue;
		if (found != TW_PACKAGE_NONE)
			return tw_zip_fail(err, -EUCLEAN, zip->members[i].addr, &zip->members[i],
				"there is another %s: which is meant?", base);
		found = i;
	}
	if (found == TW_PACKAGE_NONE)
		return -ENOENT;
	*ret_member = found;
	return 0;
}

/* The images in @zip, and the folder they belong in. -ENOENT: it is no firmware. */
static int locate(struct twinfs_package *package, const struct tw_zip *zip,
	struct twinfs_error *err)
{
	size_t system = TW_PACKAGE_NONE, anchor;
	const char *name;
	int rc;

	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++) {
		rc = find_base(zip, twinfs_firmware_image_name(image), &package->images[image],
			err);
		if (rc && rc != -ENOENT)
			return rc;
	}
	rc = find_base(zip, ASR_NAME, &system, err);
	if (rc && rc != -ENOENT)
		return rc;
	if (!rc && !package->platform[0])
		(void)snprintf(package->platform, sizeof(package->platform), "ASR");
	if (!rc && package->kind == TWINFS_PACKAGE_ZIP)
		package->kind = TWINFS_PACKAGE_ASR;
	anchor = package->images[TWINFS_FIRMWARE_USER];
	if (anchor == TW_PACKAGE_NONE)
		anchor = system;
	if (anchor == TW_PACKAGE_NONE)
		return -ENOENT;
	name = zip->members[anchor].name;
	package->folder = strndup(name, (size_t)(base_of(name) - name));
	return package->folder ? 0 : tw_fail(err, TWINFS_P_PACKAGE, -ENOMEM, "out of memory");
}

static uint64_t limit_of(uint64_t max_bytes, uint64_t size)
{
	return max_bytes ? max_bytes : LEAST_MAX + RATIO * size;
}

/* Whether member @index is the inner package; then its bytes are kept. */
static int try_inner(struct twinfs_package *package, size_t index, struct twinfs_error *err)
{
	const struct tw_zip_member *member = &package->zip.members[index];
	_cleanup_free_ char *data = NULL;
	int rc;

	if (ends_in(member->name, "/"))
		return 0;
	rc = tw_zip_read(&package->zip, member, &data, err);
	if (rc)
		return rc;
	if (is_pac(data, member->size))
		return tw_zip_fail(err, -ENOTSUP, member->addr, member, PAC_REASON);
	if (!tw_zip_is((const uint8_t *)data, member->size))
		return 0;
	if (package->inner_bytes)
		return tw_zip_fail(err, -ENOTSUP, member->addr, member,
			"a second zip archive in it: which is meant?");
	package->inner_bytes = tw_steal(&data);
	package->nest = index;
	return 0;
}

static int open_inner(struct twinfs_package *package, uint64_t max_bytes, struct twinfs_error *err)
{
	uint64_t size;
	int rc = 0;

	for (size_t i = 0; !rc && i < package->zip.count; i++)
		rc = try_inner(package, i, err);
	if (rc)
		return rc;
	if (!package->inner_bytes)
		return -ENOENT;
	size = package->zip.members[package->nest].size;
	rc = tw_zip_open((const uint8_t *)package->inner_bytes, size, limit_of(max_bytes, size),
		&package->inner, err);
	if (rc) {
		tw_zip_release(&package->inner); /* half of it must not pass for all of it */
		return rc;
	}
	return locate(package, &package->inner, err);
}

static int read_platform(struct twinfs_package *package, size_t member, struct twinfs_error *err)
{
	const struct tw_zip_member *config = &package->zip.members[member];
	_cleanup_free_ char *text = NULL;
	int rc = tw_zip_read(&package->zip, config, &text, err);

	package->kind = TWINFS_PACKAGE_BUNDLE;
	if (rc)
		return rc;
	rc = tw_platform_json(text, config->size, package->platform, sizeof(package->platform));
	if (rc)
		return tw_zip_fail(err, rc, config->addr, config,
			"it is no JSON object with a text \"platform\"");
	return 0;
}

static int find_images(struct twinfs_package *package, uint64_t max_bytes, struct twinfs_error *err)
{
	size_t config = TW_PACKAGE_NONE;
	int rc = find_base(&package->zip, PLATFORM_NAME, &config, err);

	if (!rc)
		rc = read_platform(package, config, err);
	if (rc && rc != -ENOENT)
		return rc;
	rc = locate(package, &package->zip, err);
	if (rc == -ENOENT && package->kind == TWINFS_PACKAGE_BUNDLE)
		rc = open_inner(package, max_bytes, err);
	if (rc == -ENOENT)
		return tw_fail(err, TWINFS_P_PACKAGE, -ENOTSUP,
			"is a zip archive, but no firmware package: there is neither %s "
			"nor " ASR_NAME " in it",
			twinfs_firmware_image_name(TWINFS_FIRMWARE_USER));
	return rc;
}

static int open_archive(struct twinfs_package *package, size_t len, uint64_t max_bytes,
	struct twinfs_error *err)
{
	int rc = tw_zip_open((const uint8_t *)package->bytes, len, limit_of(max_bytes, len),
		&package->zip, err);

	if (rc)
		return rc;
	rc = find_images(package, max_bytes, &package->why);
	if (rc == -ENOMEM) /* that says nothing about the package */
		return tw_fail(err, TWINFS_P_PACKAGE, rc, "out of memory");
	if (rc) {
		free(package->folder);
		package->folder = NULL;
		(void)tw_fail_file(&package->why, package->path, 0);
	}
	return 0;
}

/* ---- files and folders ---- */

static int open_file(struct twinfs_package *package, uint64_t max_bytes, struct twinfs_error *err)
{
	const char *base = base_of(package->path);
	size_t len;
	int rc = tw_file_read(package->path, FILE_MAX, &package->bytes, &len);

	if (rc)
		return fail_host(err, package->path, rc);
	if (tw_zip_is((const uint8_t *)package->bytes, len))
		return open_archive(package, len, max_bytes, err);
	package->kind = TWINFS_PACKAGE_LOOSE;
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++) {
		if (strcmp(base, twinfs_firmware_image_name(image)))
			continue;
		package->files[image] = strdup(package->path);
		free(tw_steal(&package->bytes));
		return package->files[image]
			       ? 0
			       : tw_fail(err, TWINFS_P_PACKAGE, -ENOMEM, "out of memory");
	}
	if (is_pac(package->bytes, len))
		return tw_fail(err, TWINFS_P_PACKAGE, -ENOTSUP, PAC_REASON);
	if (ends_in(base, ".binpkg"))
		return tw_fail(err, TWINFS_P_PACKAGE, -ENOTSUP,
			"is a .binpkg of the Eigen tools, whose format is not public; its folder "
			"has the images as loose files");
	if (!len)
		return tw_fail(err, TWINFS_P_PACKAGE, -ENOTSUP, "the file is empty");
	return tw_fail(err, TWINFS_P_PACKAGE, -ENOTSUP,
		"is no zip archive, and no loose image, which would be called %s or %s",
		twinfs_firmware_image_name(TWINFS_FIRMWARE_USER),
		twinfs_firmware_image_name(TWINFS_FIRMWARE_BACKUP));
}

/* The file @name of the folder, or NULL; -ENOMEM. */
static int find_file(const struct twinfs_package *package, const char *name, char **ret_path)
{
	_cleanup_free_ char *path = NULL;
	struct stat stat_buf;

	if (asprintf(&path, "%s/%s", package->path, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	*ret_path = !stat(path, &stat_buf) && S_ISREG(stat_buf.st_mode) ? tw_steal(&path) : NULL;
	return 0;
}

static int open_folder(struct twinfs_package *package, struct twinfs_error *err)
{
	_cleanup_free_ char *config = NULL;
	int rc = find_file(package, EIGEN_NAME, &config);

	for (int image = 0; !rc && image < TWINFS_FIRMWARE_IMAGES; image++)
		rc = find_file(package, twinfs_firmware_image_name(image), &package->files[image]);
	if (rc)
		return tw_fail(err, TWINFS_P_PACKAGE, rc, "out of memory");
	package->kind = config ? TWINFS_PACKAGE_EIGEN : TWINFS_PACKAGE_FOLDER;
	if (config)
		(void)snprintf(package->platform, sizeof(package->platform), "EIGEN");
	if (package->files[TWINFS_FIRMWARE_USER] || package->files[TWINFS_FIRMWARE_BACKUP])
		return 0;
	return tw_fail(err, TWINFS_P_PACKAGE, -ENOTSUP, "is a folder without %s",
		twinfs_firmware_image_name(TWINFS_FIRMWARE_USER));
}

int twinfs_package_open(const char *path, uint64_t max_bytes, struct twinfs_package **ret_package,
	struct twinfs_error *err)
{
	struct twinfs_package *package = calloc(1, sizeof(*package));
	struct stat stat_buf;
	int rc;

	if (!package || !(package->path = strdup(path))) {
		twinfs_package_close(package);
		return fail_host(err, path, -ENOMEM);
	}
	package->nest = TW_PACKAGE_NONE;
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++)
		package->images[image] = TW_PACKAGE_NONE;
	if (stat(path, &stat_buf) < 0)
		rc = fail_host(err, path, -errno);
	else if (S_ISDIR(stat_buf.st_mode))
		rc = open_folder(package, err);
	else
		rc = open_file(package, max_bytes, err);
	if (rc) {
		twinfs_package_close(package);
		return tw_fail_file(err, path, rc);
	}
	*ret_package = package;
	return 0;
}

void twinfs_package_close(struct twinfs_package *package)
{
	if (!package)
		return;
	tw_zip_release(&package->inner);
	tw_zip_release(&package->zip);
	for (int image = 0; image < TWINFS_FIRMWARE_IMAGES; image++)
		free(package->files[image]);
	free(package->folder);
	free(package->inner_bytes);
	free(package->bytes);
	free(package->path);
	free(package);
}
