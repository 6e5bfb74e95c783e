/* SPDX-License-Identifier: MIT */
/*
 * make_seeds.c - makes the seeds of the fuzz targets that begin with healthy images.
 *
 *	make_seeds FOLDER
 *
 * The folder has one for each target, as tests/fuzz/corpus does. Every run makes
 * the same files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image_form.h"
#include "lib/chip.h"
#include "lib/model.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct recipe {
	const char *name;
	uint32_t version;
	uint8_t head[FORM_HEAD]; /* of the form: geometry, and what else it says */
	unsigned operations;
	uint32_t largest; /* bytes of a file, about */
	unsigned cut;     /* the power goes at this operation of the flash; 0: never */
};

static const struct recipe recipes[] = {
	{"empty", TWINFS_LFS_1_1, {0x04, 12, 0xff}, 0, 0, 0},
	{"small", TWINFS_LFS_1_1, {0x04, 12, 0xff}, 12, 300, 0},
	{"files", TWINFS_LFS_1_1, {0x05, 60, 0xff, 1}, 40, 1200, 0},
	{"blank-is-zero", TWINFS_LFS_1_1, {0x02, 28, 0x00}, 25, 2000, 0},
	{"empty", TWINFS_LFS_2_1, {0x04, 12, 0xff}, 0, 0, 0},
	{"small", TWINFS_LFS_2_1, {0x05, 12, 0xff}, 12, 400, 0},
	{"files", TWINFS_LFS_2_1, {0x05, 60, 0xff, 1}, 40, 1200, 0},
	{"old", TWINFS_LFS_2_0, {0x05, 30, 0xff}, 30, 800, 0},
	{"upgraded", TWINFS_LFS_2_0, {0xc5, 30, 0xff}, 30, 800, 0},
	{"blank-is-zero", TWINFS_LFS_2_1, {0x06, 28, 0x00}, 25, 2000, 0},
	{"moves", TWINFS_LFS_2_1, {0x25, 40, 0xff}, 60, 500, 0},
};

/* Some operations of @recipe on a fresh volume. */
static void work(const struct recipe *recipe, struct chip *chip)
{
	struct twinfs_volume *volume;
	struct model model = {.has_attrs = recipe->version >> 16 == 2};
	uint64_t random = 1;

	must(twinfs_volume_format(chip->flash, &chip->config, NULL) == 0, "format");
	chip->trouble.cut_at = recipe->cut ? chip->trouble.count + recipe->cut : 0;
	chip->trouble.torn_eighths = 4;
	volume = chip_mount(chip);
	for (unsigned i = 0; i < recipe->operations; i++) {
		struct model after = {0};
		struct op op;

		op_random(&op, &model, &random, recipe->largest);
		model_copy(&after, &model);
		if (op_on_volume(&op, volume) == 0 && op_on_model(&op, &after) == 0)
			model_copy(&model, &after);
		model_release(&after);
	}
	twinfs_volume_unmount(volume);
	model_release(&model);
}

static void save(const char *folder, const char *target, const char *name, const uint8_t *data,
	size_t len)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	file = fopen(path, "we");
	must(file && fwrite(data, 1, len, file) == len && fclose(file) == 0, "%s", path);
}

enum { RESIDUES = 3 };

/* Whether mounting finds a removed directory, an outdated link, or a rename to finish. */
static bool has_residue(struct chip *chip, unsigned wanted)
{
	struct twinfs_volume *volume = chip_mount(chip);
	struct twinfs_pending pending;

	twinfs_volume_pending(volume, &pending);
	twinfs_volume_unmount(volume);
	return wanted == 0 ? pending.orphans : wanted == 1 ? pending.desyncs : pending.marks;
}

static void count_finding(void *ctx, const struct twinfs_error *finding)
{
	(void)finding;
	++*(unsigned *)ctx;
}

/* Makes the volume and saves it, unless the power was cut and left nothing of @wanted. */
static bool make_seed(const char *folder, const struct recipe *recipe, unsigned wanted)
{
	static uint8_t image[FORM_IMAGE_MAX], data[FORM_IMAGE_MAX + 1000];
	unsigned version = recipe->version >> 16, findings = 0;
	struct image_form form;
	struct geometry geometry;
	struct chip chip;
	bool is_wanted;
	size_t len;

	(void)snprintf(test_context, sizeof(test_context), "%s of version %u", recipe->name,
		version);
	image_form_build(recipe->head, FORM_HEAD, version, &form, image);
	geometry = (struct geometry){form.block_size, form.block_count, form.prog_size, form.fill};
	chip_init(&chip, &geometry);
	chip.config.disk_version = recipe->version;
	chip.config.block_cycles = form.config.block_cycles;
	chip.config.flags = form.config.flags & ~(unsigned)TWINFS_VOLUME_UPGRADE;
	work(recipe, &chip);
	chip_heal(&chip);
	is_wanted = !recipe->cut || has_residue(&chip, wanted);
	if (is_wanted) {
		len = image_form_write(chip_bytes(&chip), recipe->head, version, data,
			sizeof(data));
		must(len, "the form is too long");
		save(folder, version == 1 ? "lfs1_image" : "lfs2_image", recipe->name, data, len);
		/* What is built of it is a volume in good order, too. */
		image_form_build(data, len, version, &form, chip_bytes(&chip));
		must(twinfs_volume_check(chip.flash, &form.config, count_finding, &findings) == 0,
			"it is damaged: %u findings", findings);
	}
	chip_release(&chip);
	return is_wanted;
}

/* Volumes that were cut, one for each kind of what that leaves. */
static void make_cut_seeds(const char *folder, uint32_t version)
{
	static const char *const names[RESIDUES] = {"cut-removal", "cut-move", "cut-rename"};

	for (unsigned wanted = 0; wanted < RESIDUES; wanted++) {
		struct recipe recipe = {
			names[wanted], version, {0x25, 40, 0xff, 0, 3}, 200, 600, 0};
		bool found = false;

		if (version >> 16 == 1 && wanted == 1)
			continue; /* pairs of version 1 move when a block is bad */
		while (!found && recipe.cut++ < 1000)
			found = make_seed(folder, &recipe, wanted);
		must(found, "no cut leaves that");
	}
}

/* ---- modules ---- */

struct seed_file {
	char part; /* u(ser) or b(ackup) */
	const char *path, *content;
};

/* Braces in macros are taken for blocks. */
/* clang-format off */
#define UPDATE "/.updater"
#define ENTRY(name, hash) "{\"name\": \"/usr/" name "\", \"crc32\": \"" hash "\"}"
#define ITEM(name) "{\"name\": \"/usr/" name "\", \"url\": \"u\", \"total_size\": 1}"
#define SWITCHED_ON {'b', "/backup_restore.json", "{\"enable\": 1}"}
#define TABLES(text) {'u', "/checksum.json", text}, {'b', "/checksum.json", text}
#define FACTORY_A {'b', "/usr/a", "a"}

/* The CRC-32 of "a" is 0xc54aae31. */
static const struct module_recipe {
	const char *name;
	uint8_t flags;
	struct seed_file files[12];
} modules[] = {
	{"blank", 0, {{0}}},
	{"intact", 0, {SWITCHED_ON, TABLES("[" ENTRY("a", "0xc54aae31") "]"), {'u', "/a", "a"}, FACTORY_A}},
	{"changed", 1, {SWITCHED_ON, TABLES("[" ENTRY("a", "0xc54aae31") "]"), {'u', "/a", "b"}, FACTORY_A}},
	{"missing", 0, {SWITCHED_ON, TABLES("[" ENTRY("a", "0xc54aae31") ", " ENTRY("lib/b", "0x1") "]"), FACTORY_A}},
	{"no-table", 1, {SWITCHED_ON, {'b', "/checksum.json", "[" ENTRY("a", "0xc54aae31") "]"}, FACTORY_A}},
	{"empty-table", 0, {SWITCHED_ON, TABLES(""), {'u', "/a", "x"}, FACTORY_A}},
	{"switched-off", 0, {{'b', "/backup_restore.json", "{\"enable\": 0}"}, {'u', "/system_config.json", "{\"replFlag\": 0}"}}},
	{"update", 0, {SWITCHED_ON, TABLES("[" ENTRY("a", "0xc54aae31") "]"), {'u', "/a", "a"}, FACTORY_A,
		{'u', UPDATE "/update.flag", ""}, {'u', UPDATE "/download.stat", "[" ITEM("a") ", " ITEM("lib/b") "]"},
		{'u', UPDATE "/usr/a", "hello world"}, {'u', UPDATE "/usr/lib/b", "b"}}},
	{"both-of-version-2", 6, {SWITCHED_ON, TABLES("[" ENTRY("a", "0xc54aae31") "]"), {'u', "/a", "b"}, FACTORY_A}},
	{"read-only", 16, {SWITCHED_ON, TABLES("[" ENTRY("a", "0xc54aae31") "]"), {'u', "/a", "a"}, FACTORY_A}},
	{"no-backup", 8, {{'u', "/a", "a"}}},
};
/* clang-format on */

/* Makes the file, and what directories it needs. */
static void put_file(struct twinfs_volume *volume, const struct seed_file *file)
{
	uint64_t dir = TWINFS_ROOT_INO, ino;
	const char *rest = file->path + 1, *slash;
	size_t len = strlen(file->content);

	for (; (slash = strchr(rest, '/')); rest = slash + 1) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%.*s", (int)(slash - rest), rest);
		if (twinfs_volume_lookup(volume, dir, name, &ino))
			must(twinfs_volume_mkdir(volume, dir, name, &ino) == 0, "mkdir %s", name);
		dir = ino;
	}
	must(twinfs_volume_create(volume, dir, rest, &ino) == 0 &&
			twinfs_volume_open(volume, ino) == 0 &&
			twinfs_volume_write(volume, ino, file->content, len, 0) == (int64_t)len &&
			twinfs_volume_sync(volume, ino) == 0,
		"%s", file->path);
	twinfs_volume_close(volume, ino);
}

/* The form of one partition, at @data; its length. */
static size_t make_part(const struct module_recipe *recipe, char part, unsigned version,
	uint8_t *data, size_t room)
{
	static const uint8_t head[FORM_HEAD] = {0x06, 20, 0xff};
	static const struct geometry geometry = {512, 24, 16, 0xff};
	struct twinfs_volume *volume;
	struct chip chip;
	size_t len;

	chip_init(&chip, &geometry);
	chip.config.disk_version = version == 1 ? TWINFS_LFS_1_1 : TWINFS_LFS_2_1;
	must(twinfs_volume_format(chip.flash, &chip.config, NULL) == 0, "format");
	volume = chip_mount(&chip);
	for (size_t i = 0; i < COUNT(recipe->files); i++)
		if (recipe->files[i].part == part)
			put_file(volume, &recipe->files[i]);
	twinfs_volume_unmount(volume);
	len = image_form_write(chip_bytes(&chip), head, version, data, room);
	must(len, "the form is too long");
	chip_release(&chip);
	return len;
}

static void make_module(const char *folder, const struct module_recipe *recipe)
{
	static uint8_t data[65536];
	size_t user, len = 3;

	(void)snprintf(test_context, sizeof(test_context), "module %s", recipe->name);
	data[0] = recipe->flags;
	user = make_part(recipe, 'u', recipe->flags & 2 ? 2 : 1, data + len, sizeof(data) / 2);
	data[1] = (uint8_t)user;
	data[2] = (uint8_t)(user >> 8);
	len += user;
	len += make_part(recipe, 'b', recipe->flags & 4 ? 2 : 1, data + len, sizeof(data) / 2 - 3);
	save(folder, "module_boot", recipe->name, data, len);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (size_t i = 0; i < COUNT(recipes); i++)
		(void)make_seed(argv[1], &recipes[i], 0);
	make_cut_seeds(argv[1], TWINFS_LFS_1_1);
	make_cut_seeds(argv[1], TWINFS_LFS_2_1);
	for (size_t i = 0; i < COUNT(modules); i++)
		make_module(argv[1], &modules[i]);
	return 0;
}
