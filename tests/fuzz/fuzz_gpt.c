/* SPDX-License-Identifier: MIT */
/*
 * fuzz_gpt.c - chips whose partition table holds anything.
 *
 * The input is short, and laid out where a table has its parts:
 *
 *	0    flags      see below
 *	1    sectors    of the file, less 40, in units of 4
 *	2    header     92 bytes, for sector 1
 *	94   header     92 bytes, for the last sector, or where the first one says
 *	186  entries    128 bytes each, for where the headers say
 *
 * Partitions that are read lie in the file, apart from each other; the file is
 * not changed; and a new table made of them is read as the same.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <twinfs/image.h>
#include <twinfs/module.h>

#include "anon_file.h"
#include "base/bytes.h"
#include "base/crc.h"

enum {
	SECTOR = 512,
	HEADER = 92,
	ENTRY = 128,
	LEAST = 40, /* sectors of a file */
	MOST = LEAST + 4 * 255,
	ROOM = 64, /* partitions that are looked at */
};

enum {
	FLAG_FIRST_CRC = 1u << 0, /* the checksums of the first header are mended */
	FLAG_LAST_CRC = 1u << 1,
	FLAG_FIRST = 1u << 2, /* there is a first header */
	FLAG_LAST = 1u << 3,
	FLAG_NO_MBR = 1u << 4,
	FLAG_ELSEWHERE = 1u << 5, /* the other header is where the first one says */
	FLAG_AGAIN = 1u << 6,     /* a new table is made */
	FLAG_MODULE = 1u << 7,    /* it is opened as a module */
};

struct chip {
	uint8_t bytes[MOST * SECTOR];
	uint64_t sectors;
};

static void put_mbr(struct chip *chip)
{
	chip->bytes[446 + 4] = 0xee;
	tw_put_le32(chip->bytes + 446 + 8, 1);
	tw_put_le32(chip->bytes + 446 + 12, (uint32_t)chip->sectors - 1);
	tw_put_le16(chip->bytes + 510, 0xaa55);
}

static void put_entries(struct chip *chip, const uint8_t *header, struct fuzz_bytes in)
{
	uint64_t lba = tw_le64(header + 72);
	const uint8_t *entries;
	size_t len = fuzz_take(&in, in.left, &entries);

	if (lba < chip->sectors && len <= (chip->sectors - lba) * SECTOR)
		memcpy(chip->bytes + lba * SECTOR, entries, len);
}

static void mend(const struct chip *chip, uint8_t *header)
{
	uint64_t lba = tw_le64(header + 72);
	uint64_t len = (uint64_t)tw_le32(header + 80) * tw_le32(header + 84);
	uint32_t size = tw_le32(header + 12);

	memcpy(header, "EFI PART", 8);
	if (lba < chip->sectors && len <= (chip->sectors - lba) * SECTOR)
		tw_put_le32(header + 88, tw_crc32(0, chip->bytes + lba * SECTOR, len));
	tw_put_le32(header + 16, 0);
	if (size <= SECTOR)
		tw_put_le32(header + 16, tw_crc32(0, header, size));
}

static void lay_out(struct chip *chip, struct fuzz_bytes in)
{
	unsigned flags = fuzz_u8(&in);
	const uint8_t *first, *last;
	uint8_t *here, *there;
	uint64_t lba;

	chip->sectors = LEAST + 4 * (uint64_t)fuzz_u8(&in);
	memset(chip->bytes, 0, chip->sectors * SECTOR);
	if (!(flags & FLAG_NO_MBR))
		put_mbr(chip);
	if (fuzz_take(&in, HEADER, &first) < HEADER || fuzz_take(&in, HEADER, &last) < HEADER)
		return;
	lba = tw_le64(first + 32);
	if (!(flags & FLAG_ELSEWHERE) || lba < 2 || lba >= chip->sectors)
		lba = chip->sectors - 1;
	here = chip->bytes + SECTOR;
	there = chip->bytes + lba * SECTOR;
	if (flags & FLAG_FIRST)
		put_entries(chip, first, in);
	if (flags & FLAG_LAST)
		put_entries(chip, last, in);
	if (flags & FLAG_FIRST)
		memcpy(here, first, HEADER);
	if (flags & FLAG_LAST)
		memcpy(there, last, HEADER);
	if (flags & FLAG_FIRST_CRC)
		mend(chip, here);
	if (flags & FLAG_LAST_CRC)
		mend(chip, there);
}

/* ---- what must be so ---- */

static void check_table(const struct chip *chip, const struct twinfs_partition *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fuzz_hold(memchr(table[i].name, '\0', sizeof(table[i].name)));
		fuzz_hold(table[i].size && table[i].size % SECTOR == 0);
		fuzz_hold(table[i].addr % SECTOR == 0);
		fuzz_hold(tw_is_within(table[i].addr, table[i].size, chip->sectors * SECTOR));
		for (size_t j = 0; j < i; j++)
			fuzz_hold(table[i].addr >= table[j].addr + table[j].size ||
				  table[j].addr >= table[i].addr + table[i].size);
	}
}

static void read_again(const char *path, const struct twinfs_partition *table, size_t count)
{
	struct twinfs_partition again[ROOM];
	struct twinfs_image *image;
	size_t found;

	fuzz_hold(twinfs_image_open(&path, 1, 0, &image, NULL) == 0);
	fuzz_hold(twinfs_image_read_gpt(image, again, ROOM, &found, NULL) == 0 && found == count);
	for (size_t i = 0; i < count; i++) {
		fuzz_must(!strcmp(again[i].name, table[i].name), "'%s', not '%s'", again[i].name,
			table[i].name);
		fuzz_hold(again[i].addr == table[i].addr && again[i].size == table[i].size);
	}
	twinfs_image_close(image);
}

/* A table of ours has its partitions in order, aligned, and with names. */
static void make_again(const struct chip *chip, const struct twinfs_partition *table, size_t count)
{
	struct twinfs_error err = {0};
	char room[100];
	const char *path = anon_path(room, "chip");
	int rc = twinfs_image_create_gpt(path, chip->sectors * SECTOR, table, count, 1, &err);

	fuzz_must(rc == 0 || (rc == -EINVAL && err.text[0]), "%d: %s", rc, err.text);
	if (rc)
		return;
	read_again(path, table, count);
	fuzz_hold(unlink(path) == 0);
}

static void check_module(const char *path)
{
	static const struct twinfs_module_options options;
	const struct twinfs_source source = {.image = path};
	struct twinfs_module *module;
	struct twinfs_error err = {0};
	int rc = twinfs_module_open(&source, &options, &module, &err);

	fuzz_must(rc == 0 || rc == -EUCLEAN || rc == -ENOTSUP, "%d: %s", rc, err.text);
	fuzz_hold(rc == 0 || err.text[0]);
	if (rc == 0)
		twinfs_module_close(module);
}

static void read_table(const struct chip *chip, const struct twinfs_image *image, unsigned flags)
{
	struct twinfs_partition table[ROOM];
	struct twinfs_error err = {0};
	size_t count;
	int rc = twinfs_image_read_gpt(image, table, ROOM, &count, &err);

	fuzz_must(rc == 0 || (rc == -EUCLEAN && err.text[0]), "%d: %s", rc, err.text);
	if (rc)
		return;
	fuzz_hold(twinfs_image_has_gpt(image));
	if (count > ROOM)
		return;
	check_table(chip, table, count);
	if (flags & FLAG_AGAIN)
		make_again(chip, table, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct chip chip;
	static struct anon_file file;
	const char *path = file.path;
	struct twinfs_image *image;
	unsigned flags = size ? *data : 0;
	size_t bytes;

	lay_out(&chip, (struct fuzz_bytes){data, size});
	bytes = chip.sectors * SECTOR;
	anon_file_set(&file, chip.bytes, bytes, bytes);
	fuzz_hold(twinfs_image_open(&path, 1, 0, &image, NULL) == 0);
	read_table(&chip, image, flags);
	if (flags & FLAG_MODULE)
		check_module(path);
	fuzz_hold(!memcmp(twinfs_image_bytes(image), chip.bytes, bytes));
	twinfs_image_close(image);
	return 0;
}
