/* SPDX-License-Identifier: MIT */
/*
 * test_factory.c - new modules: what is in them.
 */
#include "factory_rig.h"

#include "base/text.h"

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

int main(void)
{
	TCase *tcase = factory_case("made");

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
	tcase_add_test(tcase, small_program_size_makes_a_sound_image);
	return factory_run(tcase);
}
