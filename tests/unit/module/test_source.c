/* SPDX-License-Identifier: MIT */
/*
 * test_source.c - opening a module in each of the three ways: which areas there
 * are, what fits them, what is refused.
 */
#include "small_module.h"

static void expect_chip_parts(const struct twinfs_module *module, const char *file)
{
	struct twinfs_part_info user = part_of(module, TWINFS_PART_USER);
	struct twinfs_part_info backup = part_of(module, TWINFS_PART_BACKUP);
	struct twinfs_part_info secure = part_of(module, TWINFS_PART_SECURE);

	ck_assert(user.present && backup.present && secure.present);
	ck_assert_str_eq(user.name, "customer_fs");
	ck_assert_str_eq(user.file, file);
	ck_assert_uint_eq(user.addr, USER_ADDR);
	ck_assert_uint_eq(user.file_offset, USER_ADDR);
	ck_assert_uint_eq(user.size, USER_SIZE);
	ck_assert(user.has_superblock);
	ck_assert_uint_eq(user.superblock.block_count, 63);
	ck_assert_uint_eq(user.config.block_size, 4096);
	ck_assert_uint_eq(user.config.spare_blocks, 1);
	ck_assert_str_eq(backup.name, "customer_backup_fs");
	ck_assert_uint_eq(backup.config.addr, BACKUP_ADDR);
	ck_assert_uint_eq(backup.config.size, BACKUP_SIZE);
	ck_assert_uint_eq(backup.config.flags, TWINFS_VOLUME_READ_ONLY);
	ck_assert_str_eq(secure.name, "securedata");
	ck_assert_uint_eq(secure.addr, SECURE_ADDR);
	ck_assert_uint_eq(secure.size, SECURE_SIZE);
}

START_TEST(partition_table_gives_the_areas)
{
	struct twinfs_module *module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);

	expect_chip_parts(module, "chip.img");
	ck_assert_uint_eq(part_of(module, TWINFS_PART_USER).config.flags, 0);
	ck_assert_ptr_nonnull(twinfs_module_secure(module));
	twinfs_module_close(module);
}
END_TEST

START_TEST(partition_table_wins_over_the_profile)
{
	const struct twinfs_source source = {.image = "chip.img"};
	struct twinfs_module *module = open_module(&source, 0);

	expect_chip_parts(module, "chip.img");
	ck_assert_uint_eq(part_of(module, TWINFS_PART_USER).config.flags, TWINFS_VOLUME_READ_ONLY);
	twinfs_module_close(module);
}
END_TEST

START_TEST(partition_table_of_something_else)
{
	static const struct twinfs_partition table[] = {{"system", 64 * KIB, 64 * KIB}};
	const struct twinfs_source source = {.image = "other.img"};

	ck_assert_int_eq(twinfs_image_create_gpt("other.img", CHIP_SIZE, table, 1, 1, NULL), 0);
	expect_failure(&source, 0, -EUCLEAN, "other.img", "names none of customer_fs");
}
END_TEST

START_TEST(partition_named_twice)
{
	static const struct twinfs_partition table[] = {
		{"customer_fs", 64 * KIB, 64 * KIB},
		{"customer_fs", 128 * KIB, 64 * KIB},
	};
	const struct twinfs_source source = {.image = "twice.img"};

	ck_assert_int_eq(twinfs_image_create_gpt("twice.img", CHIP_SIZE, table, 2, 1, NULL), 0);
	expect_failure(&source, 0, -EUCLEAN, "twice.img", "two partitions are named 'customer_fs'");
}
END_TEST

START_TEST(partition_of_one_block)
{
	static const struct twinfs_partition table[] = {{"customer_fs", 64 * KIB, 4 * KIB}};
	const struct twinfs_source source = {.image = "tiny.img"};

	ck_assert_int_eq(twinfs_image_create_gpt("tiny.img", CHIP_SIZE, table, 1, 1, NULL), 0);
	expect_failure(&source, 0, -EUCLEAN, "tiny.img", "customer_fs has 4096 bytes, less than");
}
END_TEST

START_TEST(partition_inside_an_erase_unit)
{
	static const struct twinfs_partition table[] = {{"customer_fs", 68 * KIB, 64 * KIB}};
	const struct twinfs_source source = {.image = "odd.img", .profile = "./large.json"};

	write_profile("large.json", 8192);
	ck_assert_int_eq(twinfs_image_create_gpt("odd.img", CHIP_SIZE, table, 1, 1, NULL), 0);
	expect_failure(&source, 0, -EUCLEAN, "odd.img",
		"customer_fs starts at 0x11000, which is no multiple of the erase size 8192");
}
END_TEST

START_TEST(profile_gives_the_areas_of_a_dump)
{
	const struct twinfs_source source = {.image = "dump.bin", .profile = "./small.json"};
	struct twinfs_module *module;

	make_dump("dump.bin", BACKUP_ADDR + BACKUP_SIZE);
	module = open_module(&source, TWINFS_IMAGE_WRITABLE);
	expect_chip_parts(module, "dump.bin");
	power_on(module);
	ck_assert(has_file(twinfs_module_user(module), "main.py"));
	twinfs_module_close(module);
}
END_TEST

START_TEST(short_dump_is_refused)
{
	const struct twinfs_source source = {.image = "dump.bin", .profile = "./small.json"};

	make_dump("dump.bin", BACKUP_ADDR + BACKUP_SIZE - 1);
	expect_failure(&source, 0, -EUCLEAN, "dump.bin",
		"655359 bytes, but profile 'small' has customer_backup_fs at 0x80000 to 0xa0000");
}
END_TEST

START_TEST(profile_is_never_guessed)
{
	const struct twinfs_source source = {.image = "dump.bin"};

	make_dump("dump.bin", CHIP_SIZE);
	expect_failure(&source, 0, -EUCLEAN, "dump.bin", "name the module's profile");
}
END_TEST

START_TEST(lone_file_is_the_user_partition)
{
	static const struct twinfs_source sources[] = {
		{.image = "out/customer_fs.bin"},
		{.image = "out/customer_fs.bin", .profile = "./small.json"},
		{.user = "out/customer_fs.bin"},
	};
	struct twinfs_module *module = open_module(&sources[_i], TWINFS_IMAGE_SCRATCH);
	struct twinfs_part_info user = part_of(module, TWINFS_PART_USER);

	ck_assert(user.present && user.has_superblock);
	ck_assert(!part_of(module, TWINFS_PART_BACKUP).present);
	ck_assert(!part_of(module, TWINFS_PART_SECURE).present);
	ck_assert_uint_eq(user.size, USER_SIZE);
	ck_assert_ptr_null(twinfs_module_secure(module));
	power_on(module);
	ck_assert(has_file(twinfs_module_user(module), "notes.txt"));
	ck_assert_ptr_null(twinfs_module_backup(module));
	twinfs_module_close(module);
}
END_TEST

/* Sets the version in both superblocks of a loose file, CRCs included. */
static void set_version(const char *path, uint32_t version)
{
	char *bytes;
	size_t len;

	ck_assert_int_eq(tw_file_read(path, USER_SIZE, &bytes, &len), 0);
	for (unsigned block = 0; block < 2; block++) {
		uint8_t *half = (uint8_t *)bytes + 4096 * (size_t)block;

		tw_put_le32(half + 36, version);
		tw_put_le32(half + 48, tw_crc32_raw(UINT32_MAX, half, 48));
	}
	ck_assert_int_eq(tw_file_write(path, bytes, len, 0644, 0), 0);
	free(bytes);
}

/* It is known for what it is, and left for mount to refuse. */
START_TEST(lone_file_of_a_newer_version)
{
	const struct twinfs_source source = {.image = "out/customer_fs.bin"};
	struct twinfs_module *module;

	set_version("out/customer_fs.bin", 0x00010002);
	module = open_module(&source, 0);
	ck_assert(part_of(module, TWINFS_PART_USER).present);
	ck_assert(!part_of(module, TWINFS_PART_USER).has_superblock);
	twinfs_module_close(module);
}
END_TEST

START_TEST(loose_files_are_one_chip)
{
	struct twinfs_module *module = open_module(&pair_source, TWINFS_IMAGE_WRITABLE);
	struct twinfs_part_info backup = part_of(module, TWINFS_PART_BACKUP);

	ck_assert_str_eq(backup.file, "out/customer_backup_fs.bin");
	ck_assert_uint_eq(backup.addr, TWINFS_IMAGE_ALIGN);
	ck_assert_uint_eq(backup.file_offset, 0);
	power_on(module);
	ck_assert(has_file(twinfs_module_user(module), "checksum.json"));
	ck_assert(has_file(twinfs_module_backup(module), "usr/main.py"));
	twinfs_module_close(module);
}
END_TEST

START_TEST(backup_alone)
{
	const struct twinfs_source source = {.backup = "out/customer_backup_fs.bin"};
	struct twinfs_module *module = open_module(&source, 0);

	power_on(module);
	ck_assert_ptr_null(twinfs_module_user(module));
	ck_assert(has_file(twinfs_module_backup(module), "checksum.json"));
	twinfs_module_close(module);
}
END_TEST

/* A file that lost its end in the middle of a block still mounts. */
START_TEST(cut_off_file_counts_whole_blocks)
{
	const struct twinfs_source source = {.user = "out/customer_fs.bin"};
	struct twinfs_module *module;

	ck_assert_int_eq(truncate("out/customer_fs.bin", USER_SIZE - 1000), 0);
	module = open_module(&source, TWINFS_IMAGE_SCRATCH);
	ck_assert_uint_eq(part_of(module, TWINFS_PART_USER).size, USER_SIZE - 1000);
	ck_assert_uint_eq(part_of(module, TWINFS_PART_USER).config.size, USER_SIZE - 4096);
	power_on(module);
	twinfs_module_close(module);
}
END_TEST

/* ---- geometry ---- */

static void make_volume(const char *path, uint32_t block_size, uint32_t disk_version)
{
	const struct twinfs_flash_config config = {
		.geometry = {.read_size = 1, .prog_size = 1, .erase_size = block_size},
	};
	const struct twinfs_volume_config volume = {.size = 64 * KIB,
		.block_size = block_size,
		.prog_size = 16,
		.disk_version = disk_version};
	struct twinfs_image *image;
	struct twinfs_flash *flash;

	tempdir_make(path, 64 * KIB, 0xff);
	ck_assert_int_eq(twinfs_image_open(&path, 1, TWINFS_IMAGE_WRITABLE, &image, NULL), 0);
	ck_assert_int_eq(twinfs_flash_new(image, &config, &flash, NULL), 0);
	ck_assert_int_eq(twinfs_volume_format(flash, &volume, NULL), 0);
	twinfs_flash_free(flash);
	twinfs_image_close(image);
}

static const struct {
	uint32_t user, backup; /* block sizes of the files */
	uint32_t asked_block, asked_prog;
	uint32_t block, prog; /* of the mounted user volume */
	uint32_t chip_erase, chip_prog;
} geometries[] = {
	{4096, 4096, 0, 0, 4096, 4096, 4096, 64},
	{512, 4096, 0, 0, 512, 512, 512, 16},
	{4096, 512, 0, 0, 4096, 4096, 512, 16},
	{512, 512, 0, 8, 512, 8, 512, 8},
	{4096, 4096, 0, 32, 4096, 32, 4096, 32},
	{8192, 4096, 0, 0, 8192, 4096, 4096, 64},
	{4096, 4096, 4096, 4096, 4096, 4096, 4096, 64},
};

START_TEST(chip_fits_the_volumes)
{
	const struct twinfs_source source = {
		.user = "user.bin",
		.backup = "backup.bin",
		.profile = "./small.json",
		.block_size = geometries[_i].asked_block,
		.prog_size = geometries[_i].asked_prog,
	};
	const struct twinfs_flash_geometry *chip;
	struct twinfs_volume_config config;
	struct twinfs_module *module;
	uint64_t ino;

	make_volume("user.bin", geometries[_i].user, TWINFS_LFS_1_1);
	make_volume("backup.bin", geometries[_i].backup, TWINFS_LFS_1_1);
	module = open_module(&source, TWINFS_IMAGE_WRITABLE);
	config = part_of(module, TWINFS_PART_USER).config;
	ck_assert_uint_eq(config.block_size, geometries[_i].block);
	ck_assert_uint_eq(config.prog_size, geometries[_i].prog);
	chip = &twinfs_flash_config(twinfs_module_flash(module))->geometry;
	ck_assert_uint_eq(chip->erase_size, geometries[_i].chip_erase);
	ck_assert_uint_eq(chip->prog_size, geometries[_i].chip_prog);
	power_on(module);
	ck_assert_int_eq(twinfs_volume_create(twinfs_module_user(module), TWINFS_ROOT_INO, "new",
				 &ino),
		0);
	twinfs_module_close(module);
}
END_TEST

static const struct {
	uint32_t block_size, prog_size;
	const char *text;
} wrong_sizes[] = {
	{100, 0, "block size 100 is not a power of two"},
	{64, 0, "block size 64"},
	{2 << 20, 0, "block size 2097152"},
	{0, 24, "program size 24"},
	{512, 1024, "program size 1024"},
};

START_TEST(wrong_sizes_are_refused)
{
	const struct twinfs_source source = {
		.user = "out/customer_fs.bin",
		.block_size = wrong_sizes[_i].block_size,
		.prog_size = wrong_sizes[_i].prog_size,
	};

	expect_failure(&source, 0, -EINVAL, "", wrong_sizes[_i].text);
}
END_TEST

/* ---- wrong requests ---- */

START_TEST(wrong_requests)
{
	static const struct {
		struct twinfs_source source;
		int code;
		const char *file, *text;
	} cases[] = {
		{{0}, -EINVAL, "", "name an image"},
		{{.image = "chip.img", .user = "out/customer_fs.bin"}, -EINVAL, "", "exclude"},
		{{.image = "chip.img", .secure = "secure.bin"}, -EINVAL, "", "exclude"},
		{{.user = "out/customer_fs.bin", .backup = "out/../out/customer_fs.bin"}, -EINVAL,
			"out/../out/customer_fs.bin", "same file"},
		{{.image = "none.img"}, -ENOENT, "none.img", "no such file"},
		{{.user = "none.bin"}, -ENOENT, "none.bin", "no such file"},
		{{.image = "app"}, -EISDIR, "app", "directory"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_failure(&cases[i].source, 0, cases[i].code, cases[i].file, cases[i].text);
}
END_TEST

START_TEST(unknown_profile)
{
	const struct twinfs_source source = {.image = "chip.img", .profile = "none"};
	const struct twinfs_module_options options = {0};
	struct twinfs_module *module = NULL;

	ck_assert_int_eq(twinfs_module_open(&source, &options, &module, NULL), -ENOENT);
}
END_TEST

START_TEST(second_writer_is_refused)
{
	struct twinfs_module *module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);

	expect_failure(&chip_source, TWINFS_IMAGE_WRITABLE, -EBUSY, "chip.img", "locked");
	twinfs_module_close(module);
	twinfs_module_close(open_module(&chip_source, TWINFS_IMAGE_WRITABLE));
}
END_TEST

/* ---- SecureData ---- */

START_TEST(secure_file_is_made)
{
	struct twinfs_source source = pair_source;
	struct twinfs_module *module;
	struct stat stat_buf;

	source.secure = "secure.bin";
	expect_failure(&source, 0, -ENOENT, "secure.bin", "only made when");
	expect_failure(&source, TWINFS_IMAGE_SCRATCH, -ENOENT, "secure.bin", "only made when");
	module = open_module(&source, TWINFS_IMAGE_WRITABLE);
	ck_assert_int_eq(stat("secure.bin", &stat_buf), 0);
	ck_assert_int_eq(stat_buf.st_size, SECURE_SIZE);
	ck_assert_int_eq(stat_buf.st_mode & 0777, 0600);
	ck_assert_int_eq(tempdir_byte("secure.bin", SECURE_SIZE - 1), 0xff);
	ck_assert_int_eq(twinfs_secure_store(twinfs_module_secure(module), 1, "abc", 3), 0);
	twinfs_module_close(module);
	module = open_module(&source, 0);
	ck_assert_uint_eq(twinfs_secure_read(twinfs_module_secure(module), 1, (char[3]){0}, 3), 3);
	twinfs_module_close(module);
}
END_TEST

START_TEST(secure_file_is_not_made_in_vain)
{
	const struct twinfs_source source = {
		.user = "none.bin", .secure = "secure.bin", .profile = "./small.json"};

	expect_failure(&source, TWINFS_IMAGE_WRITABLE, -ENOENT, "none.bin", "no such file");
	ck_assert_int_eq(access("secure.bin", F_OK), -1);
}
END_TEST

/* Whoever mixes the two up must not find a formatted partition table. */
START_TEST(a_whole_image_is_no_partition)
{
	const struct twinfs_source as_user = {.user = "chip.img", .profile = "./small.json"};
	const struct twinfs_source as_backup = {.backup = "chip.img", .profile = "./small.json"};

	expect_failure(&as_user, TWINFS_IMAGE_WRITABLE, -EINVAL, "chip.img", "partition table");
	expect_failure(&as_backup, 0, -EINVAL, "chip.img", "partition table");
}
END_TEST

/* The boot of firmware that has no version 2 would format it. */
START_TEST(littlefs_2_needs_firmware_that_has_it)
{
	const struct twinfs_source as_user = {.user = "v2.bin", .profile = "./small.json"},
				   alone = {.image = "v2.bin", .profile = "unisoc8910"};

	make_volume("v2.bin", 4096, TWINFS_LFS_2_0);
	expect_failure(&as_user, TWINFS_IMAGE_WRITABLE, -ENOTSUP, "v2.bin", "--profile");
	expect_failure(&alone, 0, -ENOTSUP, "v2.bin", "'unisoc8910' does not mount");
}
END_TEST

START_TEST(littlefs_1_needs_firmware_that_has_it)
{
	const struct twinfs_source alone = {.image = "out/customer_fs.bin", .profile = "eigen718"};

	expect_failure(&alone, 0, -ENOTSUP, "out/customer_fs.bin", "littlefs version 1");
}
END_TEST

/* The default profile stands for no module, and mounts all there is. */
START_TEST(littlefs_2_is_mounted_as_its_superblock_says)
{
	static const uint32_t sizes[] = {128, 4096, 32768};
	const struct twinfs_source alone = {.image = "v2.bin"};
	struct twinfs_module *module;
	struct twinfs_statfs statfs;
	struct twinfs_part_info info;

	make_volume("v2.bin", sizes[_i], TWINFS_LFS_2_0);
	module = open_module(&alone, TWINFS_IMAGE_WRITABLE);
	info = part_of(module, TWINFS_PART_USER);
	ck_assert_uint_eq(info.superblock.version, TWINFS_LFS_2_0);
	ck_assert_uint_eq(info.config.prog_size, 32);
	ck_assert_uint_eq(info.config.spare_blocks, 0);
	power_on(module);
	ck_assert_int_eq(twinfs_volume_statfs(twinfs_module_user(module), &statfs), 0);
	ck_assert_uint_eq(statfs.version, TWINFS_LFS_2_0);
	ck_assert_uint_eq(statfs.blocks, 65536 / sizes[_i]);
	ck_assert(!twinfs_module_last_boot(module)->user_formatted);
	twinfs_module_close(module);
}
END_TEST

START_TEST(options_reach_the_volumes)
{
	const struct twinfs_source alone = {.image = "v2.bin"};
	const struct twinfs_module_options options = {
		.volume_flags = TWINFS_VOLUME_MTIME | TWINFS_VOLUME_UPGRADE, .block_cycles = 7};
	struct twinfs_module *module;
	struct twinfs_part_info info;

	make_volume("v2.bin", 4096, TWINFS_LFS_2_0);
	ck_assert_int_eq(twinfs_module_open(&alone, &options, &module, NULL), 0);
	info = part_of(module, TWINFS_PART_USER);
	ck_assert_uint_eq(info.config.flags & options.volume_flags, options.volume_flags);
	ck_assert_int_eq(info.config.block_cycles, 7);
	twinfs_module_close(module);
	module = open_module(&alone, 0);
	info = part_of(module, TWINFS_PART_USER);
	ck_assert_uint_eq(info.config.flags & options.volume_flags, 0);
	ck_assert_int_eq(info.config.block_cycles, 100);
	twinfs_module_close(module);
}
END_TEST

static TCase *source_case(void)
{
	TCase *tcase = new_case("source");

	tcase_add_test(tcase, partition_table_gives_the_areas);
	tcase_add_test(tcase, partition_table_wins_over_the_profile);
	tcase_add_test(tcase, partition_table_of_something_else);
	tcase_add_test(tcase, partition_named_twice);
	tcase_add_test(tcase, partition_of_one_block);
	tcase_add_test(tcase, partition_inside_an_erase_unit);
	tcase_add_test(tcase, profile_gives_the_areas_of_a_dump);
	tcase_add_test(tcase, short_dump_is_refused);
	tcase_add_test(tcase, profile_is_never_guessed);
	tcase_add_loop_test(tcase, lone_file_is_the_user_partition, 0, 3);
	tcase_add_test(tcase, lone_file_of_a_newer_version);
	tcase_add_test(tcase, loose_files_are_one_chip);
	tcase_add_test(tcase, backup_alone);
	tcase_add_test(tcase, cut_off_file_counts_whole_blocks);
	tcase_add_loop_test(tcase, chip_fits_the_volumes, 0,
		sizeof(geometries) / sizeof(geometries[0]));
	tcase_add_loop_test(tcase, wrong_sizes_are_refused, 0,
		sizeof(wrong_sizes) / sizeof(wrong_sizes[0]));
	tcase_add_test(tcase, wrong_requests);
	tcase_add_test(tcase, unknown_profile);
	tcase_add_test(tcase, second_writer_is_refused);
	tcase_add_test(tcase, secure_file_is_made);
	tcase_add_test(tcase, secure_file_is_not_made_in_vain);
	tcase_add_test(tcase, a_whole_image_is_no_partition);
	tcase_add_test(tcase, littlefs_2_needs_firmware_that_has_it);
	tcase_add_test(tcase, littlefs_1_needs_firmware_that_has_it);
	tcase_add_loop_test(tcase, littlefs_2_is_mounted_as_its_superblock_says, 0, 3);
	tcase_add_test(tcase, options_reach_the_volumes);
	return tcase;
}

int main(void)
{
	return run_case(source_case());
}
