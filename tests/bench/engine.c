/* SPDX-License-Identifier: MIT */
/*
 * engine.c - one kind of operation, repeated on a volume in memory.
 *
 * There is no kernel, no daemon and no file below, so that the instructions
 * which callgrind counts are the engine's own. instructions.py runs it with a
 * count and with its double: what both have in common drops out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <twinfs/volume.h>

#define BLOCK_SIZE 4096u
#define BLOCKS     1280u
#define FILES      100 /* in the directory that lookup searches */

struct bench {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_volume *volume;
	uint64_t dir; /* where the files are */
	uint64_t ino; /* of the file that is read or rewritten */
};

static void must(int64_t result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "engine: %s: %s\n", what, strerror((int)-result));
	exit(2);
}

/* A file of @size bytes, committed. */
static uint64_t make_file(struct bench *bench, const char *name, size_t size)
{
	static const uint8_t body[BLOCK_SIZE] = {0x5a, 0xa5};
	uint64_t ino;

	must(twinfs_volume_create(bench->volume, bench->dir, name, &ino), "create");
	must(twinfs_volume_open(bench->volume, ino), "open");
	must(twinfs_volume_write(bench->volume, ino, body, size, 0), "write");
	must(twinfs_volume_sync(bench->volume, ino), "sync");
	twinfs_volume_close(bench->volume, ino);
	return ino;
}

static void name_of(unsigned index, char name[16])
{
	(void)snprintf(name, 16, "f%04u.bin", index);
}

static void prepare_nothing(struct bench *bench)
{
	(void)bench;
}

static void prepare_small(struct bench *bench)
{
	bench->ino = make_file(bench, "settings.json", 512);
}

static void prepare_block(struct bench *bench)
{
	bench->ino = make_file(bench, "table.bin", BLOCK_SIZE);
}

static void prepare_many(struct bench *bench)
{
	char name[16];

	for (unsigned i = 0; i < FILES; i++) {
		name_of(i, name);
		(void)make_file(bench, name, 16);
	}
}

static void create(struct bench *bench, unsigned index)
{
	char name[16];

	name_of(index, name);
	(void)make_file(bench, name, 1024);
}

static void rewrite(struct bench *bench, unsigned index)
{
	uint8_t body[512];

	memset(body, (int)index, sizeof(body));
	must(twinfs_volume_open(bench->volume, bench->ino), "open");
	must(twinfs_volume_truncate(bench->volume, bench->ino, 0), "truncate");
	must(twinfs_volume_write(bench->volume, bench->ino, body, sizeof(body), 0), "write");
	must(twinfs_volume_sync(bench->volume, bench->ino), "sync");
	twinfs_volume_close(bench->volume, bench->ino);
}

static void read_file(struct bench *bench, unsigned index)
{
	uint8_t buf[BLOCK_SIZE];

	(void)index;
	must(twinfs_volume_open(bench->volume, bench->ino), "open");
	must(twinfs_volume_read(bench->volume, bench->ino, buf, sizeof(buf), 0), "read");
	twinfs_volume_close(bench->volume, bench->ino);
}

static void lookup(struct bench *bench, unsigned index)
{
	char name[16];
	uint64_t ino;

	name_of(index % FILES, name);
	must(twinfs_volume_lookup(bench->volume, bench->dir, name, &ino), "lookup");
}

static const struct operation {
	const char *name;
	void (*prepare)(struct bench *bench);
	void (*once)(struct bench *bench, unsigned index);
} operations[] = {
	{"create", prepare_nothing, create},
	{"rewrite", prepare_small, rewrite},
	{"read", prepare_block, read_file},
	{"lookup", prepare_many, lookup},
};

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

static const struct format {
	const char *name;
	uint32_t disk_version;
} formats[] = {
	{"lfs1", 0x00010001},
	{"lfs2.0", 0x00020000},
	{"lfs2", 0x00020001},
};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

static void open_bench(struct bench *bench, uint32_t disk_version, uint32_t prog_size)
{
	const struct twinfs_flash_config chip = {
		.geometry = {.read_size = 1, .prog_size = prog_size, .erase_size = BLOCK_SIZE},
	};
	const struct twinfs_volume_config config = {
		.size = BLOCK_SIZE * BLOCKS,
		.block_size = BLOCK_SIZE,
		.disk_version = disk_version,
	};

	must(twinfs_image_memory(config.size, &bench->image), "image");
	must(twinfs_flash_new(bench->image, &chip, &bench->flash, NULL), "chip");
	must(twinfs_volume_format(bench->flash, &config, NULL), "format");
	must(twinfs_volume_mount(bench->flash, &config, &bench->volume, NULL), "mount");
	must(twinfs_volume_mkdir(bench->volume, TWINFS_ROOT_INO, "dir", &bench->dir), "mkdir");
}

static void close_bench(struct bench *bench)
{
	twinfs_volume_unmount(bench->volume);
	twinfs_flash_free(bench->flash);
	twinfs_image_close(bench->image);
}

static bool parse_count(const char *text, uint32_t *ret_count)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (*end || end == text || !count || count > UINT32_MAX)
		return false;
	*ret_count = (uint32_t)count;
	return true;
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	const struct operation *operation = argc >= 4 ? find_operation(argv[2]) : NULL;
	const struct format *format = argc >= 4 ? find_format(argv[1]) : NULL;
	uint32_t count, prog_size = 16;

	if (!format || !operation || argc > 5 || !parse_count(argv[3], &count) ||
		(argc == 5 && !parse_count(argv[4], &prog_size))) {
		fputs("Usage: engine lfs1|lfs2.0|lfs2 create|rewrite|read|lookup COUNT "
		      "[PROG_SIZE]\n",
			stderr);
		return 2;
	}
	open_bench(&bench, format->disk_version, prog_size);
	operation->prepare(&bench);
	for (unsigned i = 0; i < count; i++)
		operation->once(&bench, i);
	close_bench(&bench);
	return 0;
}
