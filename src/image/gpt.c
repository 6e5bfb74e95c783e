/* SPDX-License-Identifier: MIT */
/*
 * gpt.c - the GUID partition table at the start of an image.
 *
 * libfdisk reads and writes it; this is the one place that calls it. Two
 * things are ours to check, since libfdisk does not: that a table which is
 * consistent with itself (its checksums are right) also has entries of a
 * sensible size and number, before libfdisk allocates and walks them, and
 * that every partition lies inside the file.
 *
 *	0x0000  protective MBR                        1 sector of 512 bytes
 *	0x0200  header                                1 sector
 *	0x0400  128 entries of 128 bytes             32 sectors
 *	0x8000  data area: partitions at multiples of 4096
 *	end     the same, backwards: entries, header  33 sectors
 *
 * Partitions have the type "Linux filesystem data": the table knows none for
 * littlefs, and with this one no host tries to use them as something else.
 */
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libfdisk/libfdisk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"

#define SECTOR          512u
#define ALIGNMENT       4096u
#define EDGE            (UINT64_C(32) << 10) /* free at both ends, see the picture */
#define NAME_CHARS      36
#define FIRST_LBA       34    /* behind the entries */
#define MAX_NEW         128u  /* entries of a table that we make */
#define MAX_READ        1024u /* of one that we read */
#define HEADER_SIZE     92u
#define TYPE_LINUX_DATA "0FC63DAF-8483-4772-8E79-3D69D8477DE4"

static const char magic[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

static void cleanup_context(struct fdisk_context **context)
{
	fdisk_unref_context(*context);
}

static void cleanup_table(struct fdisk_table **table)
{
	fdisk_unref_table(*table);
}

static void cleanup_partition(struct fdisk_partition **partition)
{
	fdisk_unref_partition(*partition);
}

#define _cleanup_context_   _cleanup_(cleanup_context)
#define _cleanup_table_     _cleanup_(cleanup_table)
#define _cleanup_partition_ _cleanup_(cleanup_partition)

/* ---- read ---- */

/* The sector @lba of the image's first file, NULL behind its end. */
static const uint8_t *sector_at(const struct twinfs_image *image, uint64_t lba)
{
	if (lba >= twinfs_image_file_size(image, 0) / SECTOR)
		return NULL;
	return twinfs_image_bytes(image) + lba * SECTOR;
}

static bool is_header_at(const struct twinfs_image *image, uint64_t lba)
{
	const uint8_t *header = sector_at(image, lba);

	return header && !memcmp(header, magic, sizeof(magic));
}

static uint64_t last_lba(const struct twinfs_image *image)
{
	return twinfs_image_file_size(image, 0) / SECTOR - 1;
}

/* Whether sector 0 says that the rest of the disk belongs to a GUID partition table. */
static bool has_protective_mbr(const struct twinfs_image *image)
{
	const uint8_t *mbr = sector_at(image, 0);

	if (!mbr || tw_le16(mbr + 510) != 0xaa55)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (mbr[446 + 16 * i + 4] == 0xee)
			return true;
	return false;
}

bool twinfs_image_has_gpt(const struct twinfs_image *image)
{
	if (twinfs_image_file_size(image, 0) < 3 * SECTOR)
		return false;
	/* The magic alone could be file content; the MBR alone has lost its table. */
	return has_protective_mbr(image) &&
	       (is_header_at(image, 1) || is_header_at(image, last_lba(image)));
}

/* Whether sector @lba has a header that its checksum vouches for. */
static bool is_sound_header_at(const struct twinfs_image *image, uint64_t lba)
{
	static const uint8_t no_crc[4];
	const uint8_t *header = sector_at(image, lba);
	uint32_t crc, size;

	if (!is_header_at(image, lba))
		return false;
	size = tw_le32(header + 12);
	if (size < HEADER_SIZE || size > SECTOR)
		return false;
	crc = tw_crc32(0, header, 16);
	crc = tw_crc32(crc, no_crc, sizeof(no_crc));
	crc = tw_crc32(crc, header + 20, size - 20);
	return crc == tw_le32(header + 16);
}

/*
 * Decides whether libfdisk may see the header in sector @lba. A header whose
 * checksum is wrong is none to libfdisk, so it passes. One whose checksum is
 * right must have entries that libfdisk can index (it trusts their size) and
 * not more of them than anybody makes (it allocates what they ask for).
 */
static int check_header(const struct twinfs_image *image, uint64_t lba, struct twinfs_error *err)
{
	const uint8_t *header = sector_at(image, lba);
	uint32_t entries, entry_size;

	if (!is_sound_header_at(image, lba))
		return 0;
	entries = tw_le32(header + 80);
	entry_size = tw_le32(header + 84);
	if (entries > MAX_READ)
		return tw_fail_at(err, TWINFS_P_IMAGE_TABLE, -EUCLEAN, TWINFS_NO_BLOCK,
			lba * SECTOR, "partition table of %" PRIu32 " entries, at most %u are read",
			entries, MAX_READ);
	if (entry_size < 128 || entry_size > ALIGNMENT || !tw_is_power_of_two(entry_size))
		return tw_fail_at(err, TWINFS_P_IMAGE_TABLE, -EUCLEAN, TWINFS_NO_BLOCK,
			lba * SECTOR,
			"partition table entries of %" PRIu32 " bytes, must be 128 to %u",
			entry_size, ALIGNMENT);
	return 0;
}

/* All places where libfdisk looks for a header. */
static int check_headers(const struct twinfs_image *image, struct twinfs_error *err)
{
	int rc = check_header(image, 1, err);

	if (!rc && is_header_at(image, 1))
		rc = check_header(image, tw_le64(sector_at(image, 1) + 32), err);
	if (!rc)
		rc = check_header(image, last_lba(image), err);
	return rc;
}

/* Copies a name; one of foreign letters that is too long is cut between two of them. */
static void copy_name(char ret_name[40], const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (len > 39)
		for (len = 39; len && (name[len] & 0xc0) == 0x80;)
			len--;
	if (len)
		memcpy(ret_name, name, len);
	ret_name[len] = '\0';
}

/* The partition @from, which must lie inside the file. */
static int decode_partition(const struct twinfs_image *image, struct fdisk_partition *from,
	struct twinfs_partition *ret_partition, struct twinfs_error *err)
{
	uint64_t sectors = twinfs_image_file_size(image, 0) / SECTOR;
	uint64_t start = fdisk_partition_get_start(from);
	uint64_t count = fdisk_partition_get_size(from);

	copy_name(ret_partition->name, fdisk_partition_get_name(from));
	if (!fdisk_partition_has_start(from) || !fdisk_partition_has_size(from) || !count ||
		!tw_is_within(start, count, sectors))
		return tw_fail(err, TWINFS_P_IMAGE_PARTITION, -EUCLEAN,
			"partition '%s' is %" PRIu64 " sectors from sector %" PRIu64
			", the file has %" PRIu64,
			ret_partition->name, count, start, sectors);
	ret_partition->addr = start * SECTOR;
	ret_partition->size = count * SECTOR;
	return 0;
}

static int check_overlap(const struct twinfs_partition *table, size_t count,
	const struct twinfs_partition *partition, struct twinfs_error *err)
{
	for (size_t i = 0; i < count; i++)
		if (partition->addr < table[i].addr + table[i].size &&
			table[i].addr < partition->addr + partition->size)
			return tw_fail_at(err, TWINFS_P_IMAGE_PARTITION, -EUCLEAN, TWINFS_NO_BLOCK,
				partition->addr, "partition '%s' overlaps '%s'", partition->name,
				table[i].name);
	return 0;
}

/* Leaves libfdisk one kind of table to look for: no other prober gets to see a hostile file. */
static void look_for_gpt_only(struct fdisk_context *context)
{
	struct fdisk_label *label = NULL;

	while (fdisk_next_label(context, &label) == 0)
		fdisk_label_set_disabled(label, fdisk_label_get_type(label) != FDISK_DISKLABEL_GPT);
}

/*
 * Attaches libfdisk to @fd, which it neither closes nor (@read_only) writes.
 * It is never detached: that would sync the file, even one only read, and so
 * wait for all that another process has written to it.
 */
static int attach(int fd, const char *path, int read_only, struct fdisk_context **ret_context)
{
	_cleanup_context_ struct fdisk_context *context = fdisk_new_context();
	int rc;

	if (!context)
		return -ENOMEM;
	(void)fdisk_disable_dialogs(context, 1); /* cannot fail with a context */
	look_for_gpt_only(context);
	/* Whatever a block device says: the table belongs to the image, not to its disk. */
	rc = fdisk_save_user_sector_size(context, SECTOR, SECTOR);
	if (!rc)
		rc = fdisk_assign_device_by_fd(context, fd, path, read_only);
	if (rc)
		return rc;
	*ret_context = tw_steal(&context);
	return 0;
}

/* libfdisk found no table: no copy is right, or the second would be behind the file's end. */
static int fail_without_table(const struct twinfs_image *image, struct twinfs_error *err)
{
	uint64_t sectors = twinfs_image_file_size(image, 0) / SECTOR;
	uint64_t last = is_sound_header_at(image, 1) ? tw_le64(sector_at(image, 1) + 32) : 0;

	if (last >= sectors && last < INT64_MAX / SECTOR)
		return tw_fail(err, TWINFS_P_IMAGE_TABLE, -EUCLEAN,
			"is cut short: it has %" PRIu64 " of %" PRIu64 " bytes",
			twinfs_image_file_size(image, 0), (last + 1) * SECTOR);
	return tw_fail(err, TWINFS_P_IMAGE_TABLE, -EUCLEAN,
		"both copies of the partition table are damaged");
}

/* What libfdisk makes of the file. The caller holds the lock of its descriptor. */
static int load_table(const struct twinfs_image *image, struct fdisk_table **ret_table,
	struct twinfs_error *err)
{
	_cleanup_context_ struct fdisk_context *context = NULL;
	int rc = attach(tw_image_fd(image), twinfs_image_path(image, 0), 1, &context);

	if (!rc && !fdisk_is_label(context, GPT))
		return fail_without_table(image, err);
	if (!rc)
		rc = fdisk_get_partitions(context, ret_table);
	if (rc)
		return tw_fail(err, TWINFS_P_IMAGE_TABLE, rc,
			"the partition table cannot be read: %s", twinfs_strerror(rc));
	return 0;
}

/* Decodes @found, of @count entries, into @ret_table. */
static int decode_table(const struct twinfs_image *image, struct fdisk_table *found,
	struct twinfs_partition *ret_table, size_t count, struct twinfs_error *err)
{
	for (size_t i = 0; i < count; i++) {
		int rc = decode_partition(image, fdisk_table_get_partition(found, i), &ret_table[i],
			err);

		if (!rc)
			rc = check_overlap(ret_table, i, &ret_table[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

static int read_table(const struct twinfs_image *image, struct twinfs_partition **ret_table,
	size_t *ret_count, struct twinfs_error *err)
{
	_cleanup_unlock_ pthread_mutex_t *guard = NULL;
	_cleanup_table_ struct fdisk_table *found = NULL;
	_cleanup_free_ struct twinfs_partition *table = NULL;
	size_t count;
	int rc;

	if (!twinfs_image_has_gpt(image))
		return tw_fail(err, TWINFS_P_IMAGE_TABLE, -EUCLEAN, "no GUID partition table");
	guard = tw_lock(tw_image_fd_lock(image));
	rc = check_headers(image, err);
	if (!rc)
		rc = load_table(image, &found, err);
	if (rc)
		return rc;
	count = fdisk_table_get_nents(found);
	table = calloc(count + 1, sizeof(*table));
	if (!table)
		return tw_fail(err, TWINFS_P_IMAGE_TABLE, -ENOMEM, "out of memory");
	rc = decode_table(image, found, table, count, err);
	if (rc)
		return rc;
	*ret_table = tw_steal(&table);
	*ret_count = count;
	return 0;
}

int twinfs_image_read_gpt(const struct twinfs_image *image, struct twinfs_partition *ret_table,
	size_t room, size_t *ret_count, struct twinfs_error *err)
{
	_cleanup_free_ struct twinfs_partition *table = NULL;
	size_t count = 0;
	int rc;

	if (tw_image_fd(image) < 0)
		return tw_fail(err, TWINFS_P_IMAGE_TABLE, -EINVAL,
			"a partition table is read from a single file only");
	rc = read_table(image, &table, &count, err);
	if (rc)
		return tw_fail_file(err, twinfs_image_path(image, 0), rc);
	if (room)
		memcpy(ret_table, table, (count < room ? count : room) * sizeof(*table));
	*ret_count = count;
	return 0;
}

/* ---- create ---- */

/* What twinfs_image_create_gpt() was asked to make. */
struct plan {
	uint64_t size;
	const struct twinfs_partition *table;
	size_t count;
	uint64_t seed;
};

static int fail_argument(struct twinfs_error *err, const char *what, const char *name)
{
	return tw_fail(err, TWINFS_P_IMAGE_PARTITION, -EINVAL, "partition '%.40s' %s", name, what);
}

/* Other names libfdisk leaves out without a word. */
static bool is_writable(const char *name)
{
	for (const char *at = name; *at; at++)
		if ((unsigned char)*at >= 0xf0)
			return false;
	return tw_text_is_utf8(name);
}

static int check_new_partition(const struct twinfs_partition *partition, uint64_t free_from,
	uint64_t chip_size, struct twinfs_error *err)
{
	const char *name = partition->name;

	if (!name[0] || strnlen(name, NAME_CHARS + 1) > NAME_CHARS)
		return fail_argument(err, "needs a name of 1 to 36 characters", name);
	if (!is_writable(name))
		return fail_argument(err, "has a name that is no UTF-8, or beyond U+FFFF", name);
	if (!partition->size || (partition->addr | partition->size) % ALIGNMENT)
		return fail_argument(err, "is not aligned to 4096 bytes", name);
	if (partition->addr < EDGE)
		return fail_argument(err, "overlaps the partition table (the first 32 KiB)", name);
	if (partition->addr < free_from)
		return fail_argument(err, "overlaps the one before it, or is out of order", name);
	if (!tw_is_within(partition->addr, partition->size, chip_size - EDGE))
		return fail_argument(err, "does not end 32 KiB before the end of the chip", name);
	return 0;
}

static int check_plan(const struct plan *plan, struct twinfs_error *err)
{
	uint64_t free_from = 0;

	if (plan->size <= 2 * EDGE || plan->size % ALIGNMENT || plan->size > INT64_MAX)
		return tw_fail(err, TWINFS_P_IMAGE_SIZE, -EINVAL,
			"a chip of %" PRIu64 " bytes: must be a multiple of 4096, over 64 KiB",
			plan->size);
	if (plan->count > MAX_NEW)
		return tw_fail(err, TWINFS_P_IMAGE_TABLE, -EINVAL,
			"%zu partitions, at most %u fit the table", plan->count, MAX_NEW);
	for (size_t i = 0; i < plan->count; i++) {
		const struct twinfs_partition *partition = &plan->table[i];
		int rc = check_new_partition(partition, free_from, plan->size, err);

		if (rc)
			return rc;
		free_from = partition->addr + partition->size;
	}
	return 0;
}

/* SplitMix64: one well mixed number of each state. */
static uint64_t next_number(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The text of the next id; of version 8, "made as its maker likes", for it is not random. */
static void next_guid(uint64_t *state, char ret_text[37])
{
	uint64_t high = next_number(state), low = next_number(state);

	(void)snprintf(ret_text, 37, "%08X-%04X-8%03X-%04X-%012" PRIX64, (unsigned)(high >> 32),
		(unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
		(unsigned)(0x8000 | (low >> 48 & 0x3fff)), low & UINT64_C(0xffffffffffff));
}

static int add_partition(struct fdisk_context *context, struct fdisk_parttype *type, size_t number,
	const struct twinfs_partition *from, const char *guid)
{
	_cleanup_partition_ struct fdisk_partition *partition = fdisk_new_partition();
	int rc;

	if (!partition)
		return -ENOMEM;
	rc = fdisk_partition_set_partno(partition, number);
	if (!rc)
		rc = fdisk_partition_set_start(partition, from->addr / SECTOR);
	if (!rc)
		rc = fdisk_partition_set_size(partition, from->size / SECTOR);
	if (!rc)
		rc = fdisk_partition_size_explicit(partition, 1);
	if (!rc)
		rc = fdisk_partition_set_type(partition, type);
	if (!rc)
		rc = fdisk_partition_set_name(partition, from->name);
	if (!rc)
		rc = fdisk_partition_set_uuid(partition, guid);
	return rc ? rc : fdisk_add_partition(context, partition, NULL);
}

static int build_table(struct fdisk_context *context, const struct plan *plan)
{
	struct fdisk_parttype *type;
	uint64_t seed = plan->seed;
	char guid[37];
	/* By default libfdisk leaves the first MiB free; chips have no MiB to waste. */
	int rc = fdisk_set_first_lba(context, FIRST_LBA) ? -EINVAL : 0;

	if (!rc)
		rc = fdisk_create_disklabel(context, "gpt");
	if (rc)
		return rc;
	type = fdisk_label_get_parttype_from_string(fdisk_get_label(context, NULL),
		TYPE_LINUX_DATA);
	if (!type)
		return -ENOTSUP;
	next_guid(&seed, guid);
	rc = fdisk_set_disklabel_id_from_string(context, guid);
	for (size_t i = 0; !rc && i < plan->count; i++) {
		next_guid(&seed, guid);
		rc = add_partition(context, type, i, &plan->table[i], guid);
	}
	return rc;
}

static int write_table(int fd, const char *path, const struct plan *plan, struct twinfs_error *err)
{
	_cleanup_context_ struct fdisk_context *context = NULL;
	int rc = attach(fd, path, 0, &context);

	if (!rc)
		rc = build_table(context, plan);
	if (!rc)
		rc = fdisk_write_disklabel(context);
	if (rc)
		return tw_fail(err, TWINFS_P_IMAGE_TABLE, rc,
			"the partition table cannot be written: %s", twinfs_strerror(rc));
	return 0;
}

static int fill_erased(int fd, uint64_t size)
{
	const size_t piece = 256 << 10;
	_cleanup_free_ uint8_t *erased = malloc(piece);
	int rc = 0;

	if (!erased)
		return -ENOMEM;
	memset(erased, 0xff, piece);
	for (uint64_t done = 0; !rc && done < size; done += piece)
		rc = tw_write_all(fd, erased, size - done < piece ? size - done : piece);
	return rc;
}

/*
 * Opens a new file beside @path, with the mode that the user's umask gives
 * (mkstemp would ignore it).
 */
static int open_beside(const char *path, char **ret_name)
{
	for (unsigned i = 0; i < 100; i++) {
		_cleanup_free_ char *name = NULL;
		int fd;

		if (asprintf(&name, "%s.%ld-%u.new", path, (long)getpid(), i) < 0)
			return -ENOMEM;
		fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0) {
			*ret_name = tw_steal(&name);
			return fd;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Gives the file @name the name @path, which must be free; it lasts when this returns 0. */
static int publish(const char *name, const char *path)
{
	int rc;

	if (renameat2(AT_FDCWD, name, AT_FDCWD, path, RENAME_NOREPLACE) < 0) {
		/* Some file systems (NFS) cannot; those have links. */
		if (errno != EINVAL && errno != ENOSYS)
			return -errno;
		if (link(name, path) < 0)
			return -errno;
		(void)unlink(name); /* a leftover second name harms nothing */
	}
	rc = tw_fsync_parent(path);
	if (rc)
		(void)unlink(path);
	return rc;
}

/* Fills the new file @name and gives it the name @path. */
static int make_file(int fd, const char *name, const char *path, const struct plan *plan,
	struct twinfs_error *err)
{
	int rc = fill_erased(fd, plan->size);

	if (rc)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, rc, "cannot be written: %s",
			twinfs_strerror(rc));
	rc = write_table(fd, name, plan, err);
	if (rc)
		return rc;
	rc = fsync(fd) < 0 ? -errno : publish(name, path);
	if (rc)
		return tw_fail(err, TWINFS_P_IMAGE_OPEN, rc, "cannot be made: %s",
			tw_make_reason(rc));
	return 0;
}

int twinfs_image_create_gpt(const char *path, uint64_t size, const struct twinfs_partition *table,
	size_t count, uint64_t seed, struct twinfs_error *err)
{
	const struct plan plan = {size, table, count, seed};
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	int rc = check_plan(&plan, err);

	if (rc)
		return tw_fail_file(err, path, rc);
	/* publish() decides; this saves writing a whole image first. */
	fd = lstat(path, &st) == 0 ? -EEXIST : open_beside(path, &name);
	if (fd < 0) {
		rc = tw_fail(err, TWINFS_P_IMAGE_OPEN, fd, "cannot be made: %s",
			tw_make_reason(fd));
		return tw_fail_file(err, path, rc);
	}
	rc = make_file(fd, name, path, &plan, err);
	if (!rc)
		return 0;
	(void)unlink(name);
	return tw_fail_file(err, path, rc);
}
