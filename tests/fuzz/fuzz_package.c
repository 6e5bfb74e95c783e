/* SPDX-License-Identifier: MIT */
/*
 * fuzz_package.c - firmware packages.
 *
 * What is accepted holds no more than the limit, lies inside the file, unpacks to
 * just what it says, and only below the directory it is told; and written anew with
 * another image it opens as the same package, with just that image changed. The
 * mutator mends the sizes and checksums of members.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <twinfs/firmware.h>

#include "anon_file.h"
#include "base/bytes.h"
#include "base/crc.h"
#include "firmware/zip.h"

#define LIMIT (UINT64_C(1) << 20) /* of what all members unpack to */

enum {
	SIZE_MAX_IN = 1 << 16,
	FILES_MAX = 40, /* members that are written to files */
};

/* ---- the mutator: header, record and content of a member agree ---- */

/* The end record, which has a comment of just the bytes behind it. */
static uint8_t *mend_end(uint8_t *data, size_t size)
{
	for (size_t at = size >= TW_ZIP_END_SIZE ? size - TW_ZIP_END_SIZE + 1 : 0; at-- > 0;) {
		size_t rest = size - at - TW_ZIP_END_SIZE;

		if (tw_le32(data + at) != TW_ZIP_END_SIG || rest > UINT16_MAX)
			continue;
		data[at + 20] = (uint8_t)rest;
		data[at + 21] = (uint8_t)(rest >> 8);
		return data + at;
	}
	return NULL;
}

/* Takes sizes and checksum of a stored member from what lies there. */
static void mend_member(uint8_t *data, size_t size, uint8_t *record)
{
	uint32_t addr = tw_le32(record + 42), packed = tw_le32(record + 20);
	uint64_t at = (uint64_t)addr + TW_ZIP_LOCAL_SIZE;
	uint8_t *header = data + addr;

	if (at > size || tw_le32(header) != TW_ZIP_LOCAL_SIG)
		return;
	at += (uint64_t)tw_le16(header + 26) + tw_le16(header + 28);
	if (at > size || packed > size - at)
		return;
	if (tw_le16(record + 10) == TW_ZIP_STORED) {
		tw_put_le32(record + 24, packed);
		tw_put_le32(record + 16, tw_crc32(0, data + at, packed));
	}
	/* A header may lie in a record. */
	memmove(header + 6, record + 8, 4);    /* flags, method */
	memmove(header + 14, record + 16, 12); /* checksum, sizes */
	if (tw_le16(header + 26) == tw_le16(record + 28) &&
		record + TW_ZIP_RECORD_SIZE + tw_le16(record + 28) <= data + size)
		memmove(header + TW_ZIP_LOCAL_SIZE, record + TW_ZIP_RECORD_SIZE,
			tw_le16(record + 28));
}

static void mend_zip(uint8_t *data, size_t size)
{
	uint8_t *end = mend_end(data, size);
	uint64_t at, behind;
	unsigned count = 0;

	if (!end)
		return;
	behind = (uint64_t)(end - data);
	at = tw_le32(end + 16);
	if (at > behind)
		return;
	tw_put_le32(end + 12, (uint32_t)(behind - at));
	for (; behind - at >= TW_ZIP_RECORD_SIZE && tw_le32(data + at) == TW_ZIP_RECORD_SIG;
		count++) {
		uint8_t *record = data + at;
		uint64_t len = TW_ZIP_RECORD_SIZE + (uint64_t)tw_le16(record + 28) +
			       tw_le16(record + 30) + tw_le16(record + 32);

		if (len > behind - at)
			break;
		mend_member(data, size, record);
		at += len;
	}
	end[8] = end[10] = (uint8_t)count;
	end[9] = end[11] = (uint8_t)(count >> 8);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	size = LLVMFuzzerMutate(data, size, room);
	if (seed % 8)
		mend_zip(data, size);
	return size;
}

/* ---- what must be so ---- */

static struct twinfs_package_info info_of(const struct twinfs_package *package)
{
	struct twinfs_package_info info;

	twinfs_package_info(package, &info);
	return info;
}

static void check_members(const struct twinfs_package *package, size_t size)
{
	struct twinfs_package_info info = info_of(package);
	uint64_t sum = 0;

	fuzz_hold(info.size == size && info.unpacked <= LIMIT && info.platform);
	for (size_t i = 0; i < info.count; i++) {
		struct twinfs_package_member member;

		twinfs_package_member(package, i, &member);
		fuzz_hold(member.name && member.name[0]);
		fuzz_hold(tw_is_within(member.addr, member.packed, size));
		sum += member.size;
	}
	fuzz_hold(sum == info.unpacked);
}

static int check_image(const struct twinfs_package *package, enum twinfs_firmware_image image)
{
	struct twinfs_error err = {0};
	uint8_t *data = NULL;
	size_t len = 0;
	int rc = twinfs_package_read_image(package, image, &data, &len, &err);

	fuzz_must(rc <= 0 && (rc == 0 || err.text[0]), "%d", rc);
	fuzz_hold(rc != 0 || len <= LIMIT);
	free(data);
	return rc;
}

struct sum {
	uint64_t bytes, files;
};

static struct sum unpacked;

static int add_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)path;
	(void)where;
	fuzz_hold(kind == FTW_F || kind == FTW_D);
	if (kind == FTW_F) {
		unpacked.bytes += (uint64_t)st->st_size;
		unpacked.files++;
	}
	return 0;
}

/* All that is in the members is in the files, and nothing else. */
static void check_unpacking(const struct twinfs_package *package, bool is_sound)
{
	struct twinfs_package_info info = info_of(package);
	struct twinfs_error err = {0};
	char room[100];
	const char *dir = anon_path(room, "unpacked");
	int rc;

	if (info.count > FILES_MAX)
		return;
	rc = twinfs_package_unpack(package, dir, &err);
	fuzz_must(rc <= 0 && (rc == 0 || err.text[0]), "%d", rc);
	fuzz_hold(is_sound || rc || info.inner); /* what is in the inner one is not unpacked */
	if (rc) {
		fuzz_hold(access(dir, F_OK) < 0);
		return;
	}
	unpacked = (struct sum){0, 0};
	fuzz_hold(nftw(dir, add_one, 8, FTW_PHYS) == 0);
	fuzz_hold(unpacked.bytes == info.unpacked && unpacked.files <= info.count);
	anon_remove(dir);
}

static void check_same(const struct twinfs_package *old, const struct twinfs_package *new,
	const void *image, size_t len)
{
	struct twinfs_package_info was = info_of(old), is = info_of(new);
	uint8_t *data;
	size_t data_len;

	fuzz_hold(is.kind == was.kind && !strcmp(is.platform, was.platform));
	fuzz_hold(!was.images[TWINFS_FIRMWARE_BACKUP] == !is.images[TWINFS_FIRMWARE_BACKUP]);
	fuzz_hold(was.inner ? is.count == was.count
			    : is.count == was.count + !was.images[TWINFS_FIRMWARE_USER]);
	fuzz_hold(twinfs_package_read_image(new, TWINFS_FIRMWARE_USER, &data, &data_len, NULL) ==
		  0);
	fuzz_hold(data_len == len && !memcmp(data, image, len));
	free(data);
	fuzz_hold(twinfs_package_verify(new, NULL) == 0);
	for (size_t i = 0; i < was.count && !was.inner; i++) {
		struct twinfs_package_member a, b;

		twinfs_package_member(old, i, &a);
		twinfs_package_member(new, i, &b);
		fuzz_hold(!strcmp(a.name, b.name));
		fuzz_hold(a.name == was.images[TWINFS_FIRMWARE_USER] ||
			  (a.crc == b.crc && a.size == b.size && a.packed == b.packed));
	}
}

static void check_writing(const struct twinfs_package *package, bool is_sound)
{
	static const char image[] = "not what was in it before";
	const struct twinfs_package_merge merge = {
		.images = {image}, .lens = {sizeof(image)}, .replaces = true};
	struct twinfs_package *again;
	struct twinfs_error err = {0};
	char room[100];
	const char *path = anon_path(room, "written.zip");
	int rc = twinfs_package_write(package, &merge, path, &err);

	fuzz_must(rc <= 0 && (rc == 0 || err.text[0]), "%d", rc);
	fuzz_hold(is_sound || rc);
	if (rc)
		return;
	rc = twinfs_package_open(path, 2 * LIMIT, &again, &err);
	fuzz_must(rc == 0, "%s", err.text);
	check_same(package, again, image, sizeof(image));
	twinfs_package_close(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct anon_file file;
	struct twinfs_package *package;
	struct twinfs_error err = {0};
	bool is_sound;
	int rc;

	if (size > SIZE_MAX_IN)
		return -1;
	anon_file_set(&file, data, size, size);
	rc = twinfs_package_open(file.path, LIMIT, &package, &err);
	if (rc) {
		fuzz_must(rc == -EUCLEAN || rc == -EBADMSG || rc == -ENOTSUP || rc == -EOVERFLOW,
			"%d: %s", rc, err.text);
		fuzz_hold(err.text[0]);
		return 0;
	}
	check_members(package, size);
	rc = twinfs_package_verify(package, &err);
	is_sound = rc == 0;
	rc = check_image(package, TWINFS_FIRMWARE_USER);
	if (check_image(package, TWINFS_FIRMWARE_BACKUP) == -ENOENT)
		fuzz_hold(!info_of(package).images[TWINFS_FIRMWARE_BACKUP]);
	check_unpacking(package, is_sound);
	check_writing(package, is_sound);
	twinfs_package_close(package);
	return 0;
}
