/* SPDX-License-Identifier: MIT */
/*
 * test_factory.c - new modules: what is in them, what is refused, and that a
 * failure leaves nothing behind.
 */
#include <twinfs/factory.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <twinfs/image.h>
#include <twinfs/module.h>

#include "base/file.h"
#include "base/text.h"
#include "module/factory_space.h"
#include "module/factory_table.h"
#include "module/factory_tree.h"
#include "tempdir.h"

#define KIB UINT64_C(1024)

static const struct twinfs_profile small = {
	.name = "small",
	.chip_size = 1024 * KIB,
	.user = {.addr = 64 * KIB, .size = 256 * KIB},
	.backup = {.addr = 512 * KIB, .size = 128 * KIB},
	.secure = {.addr = 384 * KIB, .size = 32 * KIB},
	.block_size = 4096,
	.prog_size = 4096,
	.spare_blocks = 1,
	.format = 1,
	.restores = true,
	.flash =
		{
			.geometry = {.read_size = 1, .prog_size = 1, .erase_size = 4096},
			.timing = {.page_size = 256,
				.program_page_ns = 700000,
				.erase_unit_ns = 60000000},
			.strict = true,
		},
};

static void write_text(const char *path, const char *text)
{
	ck_assert_int_eq(tw_file_write(path, text, strlen(text), 0644, 0), 0);
}

static void make_tree(void)
{
	ck_assert_int_eq(mkdir("app", 0755), 0);
	ck_assert_int_eq(mkdir("app/lib", 0755), 0);
	ck_assert_int_eq(mkdir("app/data", 0755), 0);
	write_text("app/main.py", "a");
	write_text("app/lib/m.py", "123456789");
	write_text("app/lib.txt", "sorts between lib and lib/m.py");
	write_text("app/data/empty", "");
	tempdir_make("app/data/large", 20000, 'x');
}

/* ---- reading back ---- */

struct chip {
	struct twinfs_image *image;
	struct twinfs_flash *flash;
	struct twinfs_volume *user, *backup;
};

static struct twinfs_volume *mount_at(struct chip *chip, uint64_t addr, uint64_t size)
{
	const struct twinfs_volume_config config = {
		.addr = addr, .size = size, .spare_blocks = 1, .flags = TWINFS_VOLUME_READ_ONLY};
	struct twinfs_volume *volume = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_volume_mount(chip->flash, &config, &volume, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	return volume;
}

static void open_flash(struct chip *chip, const char *const *paths, size_t count)
{
	ck_assert_int_eq(twinfs_image_open(paths, count, 0, &chip->image, NULL), 0);
	ck_assert_int_eq(twinfs_flash_new(chip->image, &small.flash, &chip->flash, NULL), 0);
}

static void open_chip(struct chip *chip, const char *path)
{
	open_flash(chip, &path, 1);
	chip->user = mount_at(chip, small.user.addr, small.user.size);
	chip->backup = mount_at(chip, small.backup.addr, small.backup.size);
}

static void close_chip(struct chip *chip)
{
	twinfs_volume_unmount(chip->user);
	twinfs_volume_unmount(chip->backup);
	twinfs_flash_free(chip->flash);
	twinfs_image_close(chip->image);
}

static int find(struct twinfs_volume *volume, const char *path, struct twinfs_stat *stat)
{
	uint64_t ino;
	int rc = twinfs_volume_walk(volume, path, &ino);

	return rc ? rc : twinfs_volume_stat(volume, ino, stat);
}

static void expect_text(struct twinfs_volume *volume, const char *path, const char *text)
{
	char content[1024] = "";
	struct twinfs_stat stat;

	ck_assert_msg(find(volume, path, &stat) == 0, "%s", path);
	ck_assert_int_eq(twinfs_volume_open(volume, stat.ino), 0);
	ck_assert_int_eq(twinfs_volume_read(volume, stat.ino, content, sizeof(content) - 1, 0),
		strlen(text));
	ck_assert_str_eq(content, text);
	twinfs_volume_close(volume, stat.ino);
}

static void expect_missing(struct twinfs_volume *volume, const char *path)
{
	struct twinfs_stat stat;

	ck_assert_int_eq(find(volume, path, &stat), -ENOENT);
}

static uint64_t used_blocks(struct twinfs_volume *volume)
{
	struct twinfs_statfs statfs;

	ck_assert_int_eq(twinfs_volume_statfs(volume, &statfs), 0);
	return statfs.blocks - statfs.free;
}

/* Entries of the directory @path, hidden ones too. */
static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	ck_assert_int_eq(closedir(dir), 0);
	return count - 2;
}

static struct twinfs_factory_options options_of(const char *const *files, size_t count)
{
	return (struct twinfs_factory_options){
		.profile = &small,
		.user_dir = "app",
		.backup_files = files,
		.backup_count = count,
	};
}

static void make_image(const struct twinfs_factory_options *options, const char *path)
{
	struct twinfs_error err = {0};
	int rc = twinfs_factory_make_image(options, path, &err);

	ck_assert_msg(rc == 0, "%s: %s", err.file, err.text);
	ck_assert_str_eq(err.file, "");
}

/* ---- what is made ---- */

#define TABLE                                                                                      \
	"[{\"name\": \"/usr/lib/m.py\", \"crc32\": \"0xd202d277\"}, "                              \
	"{\"name\": \"/usr/main.py\", \"crc32\": \"0xc54aae31\"}]"

START_TEST(image_holds_tree_and_backup)
{
	static const char *const files[] = {"main.py", "./lib/m.py"};
	const struct twinfs_factory_options options = options_of(files, 2);
	struct twinfs_stat stat;
	struct chip chip;

	make_tree();
	make_image(&options, "chip.img");
	ck_assert_uint_eq(count_entries("."), 2);
	open_chip(&chip, "chip.img");
	expect_text(chip.user, "main.py", "a");
	expect_text(chip.user, "lib/m.py", "123456789");
	expect_text(chip.user, "lib.txt", "sorts between lib and lib/m.py");
	expect_text(chip.user, "data/empty", "");
	expect_text(chip.user, "checksum.json", TABLE);
	ck_assert_int_eq(find(chip.user, "data/large", &stat), 0);
	ck_assert_uint_eq(stat.size, 20000);
	expect_missing(chip.user, "backup_restore.json");
	expect_missing(chip.user, "usr");

	expect_text(chip.backup, "checksum.json", TABLE);
	expect_text(chip.backup, "backup_restore.json", "{\"enable\": 1}");
	expect_text(chip.backup, "usr/main.py", "a");
	expect_text(chip.backup, "usr/lib/m.py", "123456789");
	expect_missing(chip.backup, "usr/lib.txt");
	expect_missing(chip.backup, "usr/data");
	close_chip(&chip);
}
END_TEST

START_TEST(image_has_a_partition_table)
{
	const struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_partition table[4];
	struct chip chip;
	size_t count;

	make_tree();
	make_image(&options, "chip.img");
	open_chip(&chip, "chip.img");
	ck_assert_uint_eq(twinfs_image_size(chip.image), small.chip_size);
	ck_assert_int_eq(twinfs_image_read_gpt(chip.image, table, 4, &count, NULL), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(table[0].name, "customer_fs");
	ck_assert_uint_eq(table[0].addr, small.user.addr);
	ck_assert_str_eq(table[1].name, "securedata");
	ck_assert_uint_eq(table[1].size, small.secure.size);
	ck_assert_str_eq(table[2].name, "customer_backup_fs");
	ck_assert_uint_eq(table[2].size, small.backup.size);
	close_chip(&chip);
}
END_TEST

START_TEST(superblock_has_the_devices_block_count)
{
	const struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_superblock superblock;
	struct chip chip;

	make_tree();
	make_image(&options, "chip.img");
	open_chip(&chip, "chip.img");
	ck_assert_int_eq(twinfs_volume_probe(twinfs_image_bytes(chip.image) + small.user.addr,
				 small.user.size, 0, &superblock, NULL),
		0);
	ck_assert_uint_eq(superblock.version, 0x00010001);
	ck_assert_uint_eq(superblock.block_size, 4096);
	ck_assert_uint_eq(superblock.block_count, 63);
	close_chip(&chip);
}
END_TEST

START_TEST(nothing_protected_is_an_empty_backup)
{
	const struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_statfs statfs;
	struct chip chip;

	make_tree();
	make_image(&options, "chip.img");
	open_chip(&chip, "chip.img");
	expect_missing(chip.user, "checksum.json");
	ck_assert_int_eq(twinfs_volume_statfs(chip.backup, &statfs), 0);
	ck_assert_uint_eq(statfs.files, 0);
	ck_assert_uint_eq(statfs.blocks - statfs.free, 4);
	close_chip(&chip);
}
END_TEST

START_TEST(backup_all_takes_what_is_not_empty)
{
	struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_stat stat;
	struct chip chip;

	options.backup_all = true;
	make_tree();
	make_image(&options, "chip.img");
	open_chip(&chip, "chip.img");
	expect_text(chip.backup, "usr/lib.txt", "sorts between lib and lib/m.py");
	ck_assert_int_eq(find(chip.backup, "usr/data/large", &stat), 0);
	expect_missing(chip.backup, "usr/data/empty");
	close_chip(&chip);
}
END_TEST

START_TEST(pair_is_two_files)
{
	static const char *const files[] = {"main.py"};
	static const char *const paths[] = {"out/customer_fs.bin", "out/customer_backup_fs.bin"};
	const struct twinfs_factory_options options = options_of(files, 1);
	struct chip chip;

	make_tree();
	ck_assert_int_eq(twinfs_factory_make_pair(&options, "out", NULL), 0);
	ck_assert_uint_eq(count_entries("out"), 2);
	open_flash(&chip, paths, 2);
	ck_assert_uint_eq(twinfs_image_file_size(chip.image, 0), small.user.size);
	ck_assert_uint_eq(twinfs_image_file_size(chip.image, 1), small.backup.size);
	chip.user = mount_at(&chip, 0, small.user.size);
	chip.backup = mount_at(&chip, twinfs_image_file_addr(chip.image, 1), small.backup.size);
	expect_text(chip.user, "main.py", "a");
	expect_text(chip.backup, "usr/main.py", "a");
	close_chip(&chip);
}
END_TEST

START_TEST(profile_without_backup_gives_one_file)
{
	struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_profile profile = small;

	profile.backup = (struct twinfs_area){0};
	options.profile = &profile;
	make_tree();
	ck_assert_int_eq(twinfs_factory_make_pair(&options, "out", NULL), 0);
	ck_assert_uint_eq(count_entries("out"), 1);
	make_image(&options, "chip.img");
}
END_TEST

START_TEST(equal_input_gives_equal_bytes)
{
	static const char *const files[] = {"main.py"};
	const struct twinfs_factory_options options = options_of(files, 1);
	char *first, *second;
	size_t first_len, second_len;

	make_tree();
	make_image(&options, "1.img");
	make_image(&options, "2.img");
	ck_assert_int_eq(tw_file_read("1.img", small.chip_size, &first, &first_len), 0);
	ck_assert_int_eq(tw_file_read("2.img", small.chip_size, &second, &second_len), 0);
	ck_assert_uint_eq(first_len, second_len);
	ck_assert_mem_eq(first, second, first_len);
	free(first);
	free(second);
}
END_TEST

START_TEST(odd_names_are_escaped_as_the_module_does)
{
	static const char *const files[] = {"a\"b\\\n\xc3\xa9"};
	const struct twinfs_factory_options options = options_of(files, 1);
	struct chip chip;

	ck_assert_int_eq(mkdir("app", 0755), 0);
	write_text("app/a\"b\\\n\xc3\xa9", "a");
	make_image(&options, "chip.img");
	open_chip(&chip, "chip.img");
	expect_text(chip.user, "checksum.json",
		"[{\"name\": \"/usr/a\\\"b\\\\\\n\xc3\xa9\", \"crc32\": \"0xc54aae31\"}]");
	close_chip(&chip);
}
END_TEST

struct seen {
	struct tw_text paths;
	size_t calls, last, total;
};

static void note_progress(void *ctx, const char *path, size_t done, size_t total)
{
	struct seen *seen = ctx;

	ck_assert_uint_eq(done, ++seen->calls);
	ck_assert_int_eq(tw_text_addf(&seen->paths, "%s ", path), 0);
	seen->total = total;
}

START_TEST(progress_goes_in_order)
{
	struct twinfs_factory_options options = options_of(NULL, 0);
	struct seen seen = {0};

	options.progress = note_progress;
	options.progress_ctx = &seen;
	make_tree();
	make_image(&options, "chip.img");
	ck_assert_str_eq(seen.paths.data,
		"data data/empty data/large lib lib.txt lib/m.py main.py ");
	ck_assert_uint_eq(seen.calls, seen.total);
	tw_text_release(&seen.paths);
}
END_TEST

/* ---- space ---- */

/* Many long names: directories of several pairs; and a file with long pointers. */
static void make_wide_tree(void)
{
	char path[320];

	ck_assert_int_eq(mkdir("app", 0755), 0);
	ck_assert_int_eq(mkdir("app/wide", 0755), 0);
	ck_assert_int_eq(mkdir("app/wide/deep", 0755), 0);
	for (int i = 0; i < 25; i++) {
		(void)snprintf(path, sizeof(path), "app/wide/%0200d", i);
		write_text(path, i % 5 ? "" : "x");
	}
	/* With blocks of 512 bytes a pair has room for 492: just filled, and one byte too much. */
	ck_assert_int_eq(mkdir("app/filled", 0755), 0);
	ck_assert_int_eq(mkdir("app/over", 0755), 0);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "app/filled/%0234d", i);
		write_text(path, "");
		(void)snprintf(path, sizeof(path), i ? "app/over/%0235d" : "app/over/%0234d", i);
		write_text(path, "");
	}
	tempdir_make("app/wide/deep/large", 70000, 'y');
	tempdir_make("app/wide/deep/block", 4096, 'z');
	tempdir_make("app/wide/deep/over", 4097, 'z');
}

/* What is counted beforehand is what the volumes then take. */
static void check_count(uint32_t block_size)
{
	struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_profile profile = small;
	struct tw_tree tree;
	struct tw_text table = {0};
	const struct twinfs_volume_config config = {
		.block_size = block_size, .disk_version = TWINFS_LFS_1_1};
	struct chip chip;

	profile.block_size = block_size;
	profile.backup.size = profile.user.size;
	options.profile = &profile;
	options.backup_all = true;
	make_image(&options, "chip.img");
	ck_assert_int_eq(tw_tree_scan("app", &tree, NULL), 0);
	ck_assert_int_eq(tw_factory_mark(&tree, &options, NULL), 0);
	ck_assert_int_eq(tw_factory_make_table(&tree, &options, small.user.size, &table, NULL), 0);
	open_flash(&chip, (const char *const[]){"chip.img"}, 1);
	twinfs_flash_free(chip.flash);
	profile.flash.geometry.erase_size = block_size < 4096 ? block_size : 4096;
	ck_assert_int_eq(twinfs_flash_new(chip.image, &profile.flash, &chip.flash, NULL), 0);
	chip.user = mount_at(&chip, small.user.addr, small.user.size);
	chip.backup = mount_at(&chip, profile.backup.addr, profile.backup.size);
	ck_assert_uint_eq(tw_factory_user_blocks(&tree, table.len, &config),
		used_blocks(chip.user));
	ck_assert_uint_eq(tw_factory_backup_blocks(&tree, table.len, &config),
		used_blocks(chip.backup));
	close_chip(&chip);
	tw_text_release(&table);
	tw_tree_release(&tree);
}

START_TEST(blocks_are_counted_exactly)
{
	static const uint32_t sizes[] = {512, 1024, 4096};

	make_wide_tree();
	check_count(sizes[_i]);
}
END_TEST

/* Of version 2 only what is needed at least is known beforehand. */
START_TEST(blocks_of_version_2_are_counted_from_below)
{
	struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_profile profile = small;
	struct twinfs_volume_config config = {
		.addr = small.user.addr,
		.size = small.user.size,
		.block_size = 4096,
		.prog_size = 16,
		.disk_version = TWINFS_LFS_2_1,
	};
	struct twinfs_statfs statfs;
	struct tw_tree tree;
	struct chip chip;
	uint64_t counted;

	make_wide_tree();
	profile.v2_prog_size = 16;
	profile.v2_block_cycles = 100;
	options.profile = &profile;
	options.disk_version = TWINFS_LFS_2_1;
	make_image(&options, "chip.img");
	ck_assert_int_eq(tw_tree_scan("app", &tree, NULL), 0);
	counted = tw_factory_user_blocks(&tree, 0, &config);
	open_flash(&chip, (const char *const[]){"chip.img"}, 1);
	ck_assert_int_eq(twinfs_volume_mount(chip.flash, &config, &chip.user, NULL), 0);
	ck_assert_int_eq(twinfs_volume_statfs(chip.user, &statfs), 0);
	ck_assert_uint_eq(statfs.version, TWINFS_LFS_2_1);
	ck_assert_uint_eq(statfs.blocks, 64);
	ck_assert_uint_le(counted, statfs.blocks - statfs.free);
	/* 5 directories with the root, and the blocks of three files: 18, 1 and 2. */
	ck_assert_uint_eq(counted, 2 * 5 + 18 + 1 + 2);
	chip.backup = NULL;
	close_chip(&chip);
	tw_tree_release(&tree);
}
END_TEST

/* The user partition has 63 blocks, of which an empty volume takes 4. */
START_TEST(last_block_can_be_used)
{
	const struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_error err = {0};
	char path[32];

	ck_assert_int_eq(mkdir("app", 0755), 0);
	for (int i = 0; i < 59; i++) {
		(void)snprintf(path, sizeof(path), "app/%d", i);
		write_text(path, "x");
	}
	make_image(&options, "full.img");
	write_text("app/one more", "x");
	ck_assert_int_eq(twinfs_factory_make_image(&options, "over.img", &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.text,
		"user partition: 64 blocks of 4096 bytes needed, 63 there: 1 too few"));
	ck_assert_uint_eq(count_entries("."), 2);
}
END_TEST

/* ---- what is refused ---- */

struct refusal {
	const char *what;
	void (*prepare)(void);
	const char *protect; /* NULL: nothing */
	bool protect_all;
	int code;
	const char *file, *text; /* pieces of the error */
};

static void prepare_link(void)
{
	ck_assert_int_eq(symlink("/etc/passwd", "app/lib/link"), 0);
}

static void prepare_dir_link(void)
{
	ck_assert_int_eq(symlink("/etc", "app/etc"), 0);
}

static void prepare_pipe(void)
{
	ck_assert_int_eq(mkfifo("app/pipe", 0600), 0);
}

static void prepare_table(void)
{
	write_text("app/checksum.json", "[]");
}

static void prepare_case(void)
{
	write_text("app/lib/M.PY", "other");
}

static void prepare_case_of_dir(void)
{
	ck_assert_int_eq(mkdir("app/LIB", 0755), 0);
	write_text("app/LIB/m.py", "other");
}

static void prepare_target(void)
{
	write_text("chip.img", "precious");
}

static void prepare_large(void)
{
	tempdir_make("app/huge", 300 * KIB, 'x');
}

static void prepare_large_protected(void)
{
	tempdir_make("app/huge", 130 * KIB, 'x');
}

/* 20-character names and 10-character hashes: the 288th is too much (287 fit). */
static void prepare_many(void)
{
	char path[64];

	for (int i = 0; i < 330; i++) {
		(void)snprintf(path, sizeof(path), "app/%015d", i);
		write_text(path, "123456789");
	}
}

static void prepare_nothing(void)
{
}

static const struct refusal refusals[] = {
	{"missing", prepare_nothing, "none.py", false, -ENOENT, "app/none.py", "no such file"},
	{"outside", prepare_nothing, "../app/main.py", false, -ENOENT, "main.py", "no such file"},
	{"directory", prepare_nothing, "lib", false, -EISDIR, "app/lib", "files only"},
	{"empty", prepare_nothing, "data/empty", false, -EINVAL, "app/data/empty", "is empty"},
	{"link", prepare_link, NULL, false, -EINVAL, "app/lib/link", "symbolic link"},
	{"link to directory", prepare_dir_link, NULL, false, -EINVAL, "app/etc", "symbolic link"},
	{"pipe", prepare_pipe, NULL, false, -EINVAL, "app/pipe", "neither a file nor"},
	{"table", prepare_table, NULL, false, -EINVAL, "app/checksum.json", "made by twinfs"},
	{"case", prepare_case, "lib/m.py", false, -EINVAL, "app", "one name"},
	{"case of a directory", prepare_case_of_dir, NULL, true, -EINVAL, "app", "one name"},
	{"target exists", prepare_target, NULL, false, -EEXIST, "chip.img", "exist"},
	{"large", prepare_large, NULL, false, -ENOSPC, "app", "user partition: "},
	{"large for the backup", prepare_large_protected, "huge", false, -ENOSPC, "app",
		"backup partition: "},
	{"large and protected", prepare_large, "huge", false, -ENOSPC, "app/huge", "partition"},
	{"long table", prepare_many, NULL, true, -EINVAL, "app", "16384"},
};

START_TEST(refusals_name_the_reason)
{
	const struct refusal *refusal = &refusals[_i];
	struct twinfs_factory_options options =
		options_of(&refusal->protect, refusal->protect ? 1 : 0);
	struct twinfs_error err = {0};
	unsigned before;

	options.backup_all = refusal->protect_all;
	make_tree();
	refusal->prepare();
	before = count_entries(".");
	ck_assert_msg(twinfs_factory_make_image(&options, "chip.img", &err) == refusal->code,
		"%s: code %d, %s", refusal->what, err.code, err.text);
	ck_assert_int_eq(err.code, refusal->code);
	ck_assert_msg(strstr(err.file, refusal->file) && strstr(err.text, refusal->text),
		"%s: %s: %s", refusal->what, err.file, err.text);
	ck_assert_uint_eq(count_entries("."), before);
	ck_assert_int_eq(twinfs_factory_make_image(&options, "chip.img", NULL), refusal->code);
}
END_TEST

START_TEST(names_that_differ_in_case_may_stay_unprotected)
{
	static const char *const files[] = {"main.py"};
	const struct twinfs_factory_options options = options_of(files, 1);

	make_tree();
	prepare_case();
	make_image(&options, "chip.img");
}
END_TEST

START_TEST(wrong_profiles_are_refused)
{
	static const char *const files[] = {"main.py"};
	struct twinfs_factory_options options = options_of(files, 1);
	struct twinfs_profile profile = small;

	make_tree();
	options.profile = &profile;
	options.prog_size = 24;
	ck_assert_int_eq(twinfs_factory_make_image(&options, "chip.img", NULL), -EINVAL);
	options.prog_size = 8192;
	ck_assert_int_eq(twinfs_factory_make_image(&options, "chip.img", NULL), -EINVAL);
	options.prog_size = 0;
	options.disk_version = TWINFS_LFS_2_0;
	ck_assert_int_eq(twinfs_factory_make_image(&options, "chip.img", NULL), -ENOTSUP);
	options.disk_version = TWINFS_LFS_1_1;
	profile.format = 2;
	profile.v2_prog_size = 32;
	ck_assert_int_eq(twinfs_factory_make_image(&options, "chip.img", NULL), -ENOTSUP);
	options.disk_version = 0;
	profile.format = 1;
	profile.backup.size = 0;
	ck_assert_int_eq(twinfs_factory_make_image(&options, "chip.img", NULL), -EINVAL);
	profile.user.size = 0;
	ck_assert_int_eq(twinfs_factory_make_image(&options, "chip.img", NULL), -EINVAL);
	ck_assert_uint_eq(count_entries("."), 1);
}
END_TEST

START_TEST(small_program_size_makes_a_sound_image)
{
	struct twinfs_factory_options options = options_of(NULL, 0);
	struct chip chip;

	make_tree();
	options.prog_size = 16;
	make_image(&options, "chip.img");
	open_chip(&chip, "chip.img");
	expect_text(chip.user, "lib/m.py", "123456789");
	close_chip(&chip);
}
END_TEST

/* ---- failures half way ---- */

static void truncate_next(void *ctx, const char *path, size_t done, size_t total)
{
	(void)path;
	(void)done;
	(void)total;
	ck_assert_int_eq(truncate(ctx, 1), 0);
}

static void replace_next(void *ctx, const char *path, size_t done, size_t total)
{
	(void)path;
	(void)done;
	(void)total;
	tempdir_make(ctx, 9, 'z');
}

START_TEST(changing_file_leaves_nothing_behind)
{
	static const char *const files[] = {"lib/m.py"};
	struct twinfs_factory_options options = options_of(files, 1);
	struct twinfs_error err = {0};
	char path[] = "app/lib/m.py";

	make_tree();
	options.progress = _i ? truncate_next : replace_next;
	options.progress_ctx = path;
	ck_assert_int_eq(twinfs_factory_make_image(&options, "chip.img", &err), -EAGAIN);
	ck_assert_str_eq(err.file, path);
	ck_assert_uint_eq(count_entries("."), 1);
	write_text(path, "123456789");
	ck_assert_int_eq(twinfs_factory_make_pair(&options, "out", NULL), -EAGAIN);
	ck_assert_uint_eq(count_entries("."), 1);
}
END_TEST

START_TEST(pair_is_both_or_none)
{
	const struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_error err = {0};

	make_tree();
	ck_assert_int_eq(mkdir("out", 0755), 0);
	write_text("out/customer_backup_fs.bin", "precious");
	ck_assert_int_eq(twinfs_factory_make_pair(&options, "out", &err), -EEXIST);
	ck_assert_str_eq(err.file, "out/customer_backup_fs.bin");
	ck_assert_uint_eq(count_entries("out"), 1);
	ck_assert_int_eq(tempdir_byte("out/customer_backup_fs.bin", 0), 'p');
}
END_TEST

START_TEST(no_directory_for_the_target)
{
	const struct twinfs_factory_options options = options_of(NULL, 0);
	struct twinfs_error err = {0};

	make_tree();
	ck_assert_int_eq(twinfs_factory_make_image(&options, "none/chip.img", &err), -ENOENT);
	ck_assert_str_eq(err.file, "none/chip.img");
	ck_assert_int_eq(twinfs_factory_make_pair(&options, "none/out", &err), -ENOENT);
	ck_assert_str_eq(err.file, "none/out");
}
END_TEST

static TCase *made_case(void)
{
	TCase *tcase = tcase_create("made");

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_test(tcase, image_holds_tree_and_backup);
	tcase_add_test(tcase, image_has_a_partition_table);
	tcase_add_test(tcase, superblock_has_the_devices_block_count);
	tcase_add_test(tcase, nothing_protected_is_an_empty_backup);
	tcase_add_test(tcase, backup_all_takes_what_is_not_empty);
	tcase_add_test(tcase, pair_is_two_files);
	tcase_add_test(tcase, profile_without_backup_gives_one_file);
	tcase_add_test(tcase, equal_input_gives_equal_bytes);
	tcase_add_test(tcase, odd_names_are_escaped_as_the_module_does);
	tcase_add_test(tcase, progress_goes_in_order);
	tcase_add_loop_test(tcase, blocks_are_counted_exactly, 0, 3);
	tcase_add_test(tcase, blocks_of_version_2_are_counted_from_below);
	tcase_add_test(tcase, last_block_can_be_used);
	tcase_add_test(tcase, small_program_size_makes_a_sound_image);
	return tcase;
}

static TCase *refused_case(void)
{
	TCase *tcase = tcase_create("refused");

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_loop_test(tcase, refusals_name_the_reason, 0,
		sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(tcase, names_that_differ_in_case_may_stay_unprotected);
	tcase_add_test(tcase, wrong_profiles_are_refused);
	tcase_add_loop_test(tcase, changing_file_leaves_nothing_behind, 0, 2);
	tcase_add_test(tcase, pair_is_both_or_none);
	tcase_add_test(tcase, no_directory_for_the_target);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("factory");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, made_case());
	suite_add_tcase(suite, refused_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
