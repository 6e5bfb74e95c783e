/* SPDX-License-Identifier: MIT */
/*
 * test_factory_space.c - the blocks of a new module: counted beforehand, and no more than fit.
 */
#include "factory_rig.h"

#include "base/text.h"
#include "module/factory_space.h"
#include "module/factory_table.h"
#include "module/factory_tree.h"

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

int main(void)
{
	TCase *tcase = factory_case("space");

	tcase_add_loop_test(tcase, blocks_are_counted_exactly, 0, 3);
	tcase_add_test(tcase, blocks_of_version_2_are_counted_from_below);
	tcase_add_test(tcase, last_block_can_be_used);
	return factory_run(tcase);
}
