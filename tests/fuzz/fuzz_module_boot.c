/* SPDX-License-Identifier: MIT */
/*
 * fuzz_module_boot.c - a module whose partitions hold anything is switched on three times.
 *
 * What must be true: every boot ends and says what it did, never writes the backup
 * partition, and formats the user partition once at most. What applications do
 * between the boots is a little writing.
 *
 *	0x00  1  bit 0: policy safe; 1, 2: user, backup partition of version 2; 3: no
 *	         backup partition; 4: cannot be written
 *	0x01  2  bytes of what follows for the user partition; the rest is the backup's
 *	0x03     two images (image_form.h)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <twinfs/module.h>
#include <unistd.h>

#include "base/bytes.h"
#include "fuzz.h"
#include "image_form.h"

enum {
	HEAD = 3,
	BOOTS = 3,
	PART_MAX = 16 << 10, /* bytes of an input for one partition */
};

static const char profile_text[] =
	"{\"name\": \"fuzz\", \"modules\": \"tests\", \"chip_size\": \"4M\","
	"\"partitions\": {"
	"\"customer_fs\": {\"addr\": \"64K\", \"size\": \"64K\"},"
	"\"customer_backup_fs\": {\"addr\": \"128K\", \"size\": \"64K\"},"
	"\"securedata\": {\"addr\": \"192K\", \"size\": \"64K\"}},"
	"\"filesystem\": {\"format\": 1, \"block_size\": 1024, \"prog_size\": 1024,"
	" \"spare_blocks\": 1, \"v2\": {\"prog_size\": 16, \"block_cycles\": 5,"
	" \"stores_mtime\": false}},"
	"\"boot\": {\"restores\": true, \"applies_updates\": true, \"writes_settings\": true},"
	"\"flash\": {\"read_size\": 1, \"prog_size\": 1, \"erase_size\": 128,"
	" \"strict\": false, \"read_ns_per_kib\": 40000, \"page_size\": 256,"
	" \"program_page_ns\": 400000, \"erase_unit_ns\": 45000000}}";

/* Files without a name in any folder, made once: the profile, and two partitions. */
struct file {
	int fd;
	char path[64];
};

static struct file profile, user, backup;

static void make_file(struct file *file, const char *suffix)
{
	file->fd = memfd_create("twinfs-fuzz", MFD_CLOEXEC);
	fuzz_must(file->fd >= 0, "no memory for a file");
	(void)snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d%s", file->fd, suffix);
}

static void fill_file(const struct file *file, const void *bytes, size_t size)
{
	fuzz_must(ftruncate(file->fd, (off_t)size) == 0 &&
			  pwrite(file->fd, bytes, size, 0) == (ssize_t)size,
		"cannot write a file in memory");
}

struct attempt {
	struct twinfs_module *module;
	struct twinfs_part_info backup;
	uint8_t *kept; /* what the backup partition held */
	unsigned formatted;
	bool is_writable;
};

static bool boot_may_say(int rc)
{
	return rc == 0 || rc == -EIO || rc == -ENOSPC || rc == -EROFS || rc == -EINVAL ||
	       rc == -EUCLEAN || rc == -EBADMSG || rc == -ENOTSUP;
}

static void see_report(struct attempt *attempt, const struct twinfs_boot_report *report)
{
	char *json = twinfs_boot_report_json(report), *status;

	fuzz_must(json && *json == '{', "no report");
	fuzz_tell("%s", json);
	free(json);
	status = twinfs_module_status_json(attempt->module);
	fuzz_must(status && *status == '{', "no status");
	free(status);
	attempt->formatted += report->user_formatted;
	fuzz_must(attempt->formatted <= 1, "the user partition is formatted at every boot");
}

/* As an application does it. */
static void use(struct twinfs_volume *volume, unsigned turn)
{
	uint64_t ino;
	char name[16];

	(void)snprintf(name, sizeof(name), "log%u", turn);
	if (!volume || twinfs_volume_create(volume, TWINFS_ROOT_INO, name, &ino))
		return;
	if (twinfs_volume_open(volume, ino))
		return;
	(void)twinfs_volume_write(volume, ino, "something\n", 10, turn * 300);
	(void)twinfs_volume_sync(volume, ino);
	twinfs_volume_close(volume, ino);
}

static void boot(struct attempt *attempt, unsigned turn)
{
	const struct twinfs_boot_report *report = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_module_power_on(attempt->module, &report, &err);

	fuzz_tell("boot %u: %d %s", turn, rc, err.text);
	fuzz_must(boot_may_say(rc), "boot: %d", rc);
	fuzz_must(!rc || err.text[0], "a boot failed without a reason");
	fuzz_must(rc != -EROFS || !attempt->is_writable, "%s", err.text);
	if (!rc) {
		see_report(attempt, report);
		if (attempt->is_writable)
			use(twinfs_module_user(attempt->module), turn);
	}
	twinfs_module_power_off(attempt->module);
	if (attempt->backup.present)
		fuzz_must(!memcmp(attempt->kept,
				  twinfs_image_bytes(twinfs_module_image(attempt->module)) +
					  attempt->backup.addr,
				  attempt->backup.size),
			"the backup partition has been written");
}

/* Builds one partition in its file; how large it is. */
static size_t build(const struct file *file, struct fuzz_bytes part, unsigned version,
	uint8_t *image)
{
	struct image_form form;

	image_form_build(part.data, part.left, version, &form, image);
	fill_file(file, image, form.config.size);
	return form.config.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t image[FORM_IMAGE_MAX], kept[FORM_IMAGE_MAX];
	struct fuzz_bytes bytes = {data, size}, part;
	unsigned flags = fuzz_u8(&bytes);
	struct attempt attempt = {.kept = kept, .is_writable = !(flags & 16)};
	struct twinfs_source source = {.user = user.path, .profile = profile.path};
	struct twinfs_module_options options = {
		.image_flags = flags & 16 ? 0 : TWINFS_IMAGE_SCRATCH,
		.policy = flags & 1 ? TWINFS_POLICY_SAFE : TWINFS_POLICY_DEVICE};
	struct twinfs_error err = {0};
	int rc;

	if (!user.fd) {
		make_file(&profile, "");
		fill_file(&profile, profile_text, sizeof(profile_text) - 1);
		make_file(&user, "");
		make_file(&backup, "");
	}
	part.left = fuzz_u16(&bytes);
	part.left = fuzz_take(&bytes, part.left, &part.data);
	(void)build(&user, part, flags & 2 ? 2 : 1, image);
	if (!(flags & 8)) {
		source.backup = backup.path;
		(void)build(&backup, bytes, flags & 4 ? 2 : 1, kept);
	}
	rc = twinfs_module_open(&source, &options, &attempt.module, &err);
	fuzz_must(!rc || rc == -EUCLEAN || rc == -ENOTSUP || rc == -EINVAL, "open: %d %s", rc,
		err.text);
	if (rc) {
		fuzz_tell("open: %d %s", rc, err.text);
		return 0;
	}
	twinfs_module_part(attempt.module, TWINFS_PART_BACKUP, &attempt.backup);
	for (unsigned turn = 0; turn < BOOTS; turn++)
		boot(&attempt, turn);
	twinfs_module_close(attempt.module);
	return 0;
}

/* One of the two partitions is mutated. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	static uint8_t parts[2][PART_MAX];
	uint64_t random = seed;
	size_t len[2] = {0, 0};
	unsigned which = (unsigned)(fuzz_random(&random) % 2);

	if (size < HEAD || size > PART_MAX || room < HEAD + 64 || fuzz_random(&random) % 16 == 0)
		return LLVMFuzzerMutate(data, size, room);
	len[0] = tw_le16(data + 1) < size - HEAD ? tw_le16(data + 1) : size - HEAD;
	len[1] = size - HEAD - len[0];
	memcpy(parts[0], data + HEAD, len[0]);
	memcpy(parts[1], data + HEAD + len[0], len[1]);
	if (fuzz_random(&random) % 8 == 0)
		data[0] = (uint8_t)fuzz_random(&random);
	room = room - HEAD - len[!which] < PART_MAX ? room - HEAD - len[!which] : PART_MAX;
	len[which] = image_form_mutate(parts[which], len[which], room,
		(unsigned)fuzz_random(&random), data[0] & (2u << which) ? 2 : 1);
	tw_put_le16(data + 1, (uint16_t)len[0]);
	memcpy(data + HEAD, parts[0], len[0]);
	memcpy(data + HEAD + len[0], parts[1], len[1]);
	return HEAD + len[0] + len[1];
}
