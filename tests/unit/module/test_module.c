/* SPDX-License-Identifier: MIT */
/*
 * test_module.c - a module that is open: its slots and its power.
 */
#include "small_module.h"

static struct twinfs_module *open_with_key(const char *key_file, int code)
{
	const struct twinfs_module_options options = {
		.image_flags = TWINFS_IMAGE_WRITABLE, .key_file = key_file};
	struct twinfs_module *module = NULL;

	ck_assert_int_eq(twinfs_module_open(&chip_source, &options, &module, NULL), code);
	return module;
}

static void make_key(const char *path, int value)
{
	tempdir_make(path, 32, value);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

/* Files do not need the key of the slots; but a wrong key is a mistake. */
START_TEST(sealed_slots_do_not_lock_the_files)
{
	struct twinfs_module *module;

	make_key("key", 'k');
	make_key("other", 'o');
	module = open_with_key("key", 0);
	ck_assert_ptr_null(twinfs_module_secure_error(module));
	ck_assert_int_eq(twinfs_secure_store(twinfs_module_secure(module), 1, "abc", 3), 0);
	twinfs_module_close(module);
	module = open_with_key(NULL, 0);
	ck_assert_ptr_null(twinfs_module_secure(module));
	ck_assert_ptr_nonnull(twinfs_module_secure_error(module));
	ck_assert_int_eq(twinfs_module_secure_error(module)->code, -EACCES);
	ck_assert_str_eq(twinfs_module_secure_error(module)->file, "chip.img");
	power_on(module);
	twinfs_module_close(module);
	(void)open_with_key("other", -EBADMSG);
}
END_TEST

START_TEST(secure_survives_power)
{
	struct twinfs_module *module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	char content[3];

	ck_assert_int_eq(twinfs_secure_store(twinfs_module_secure(module), 16, "abc", 3), 0);
	power_on(module);
	twinfs_module_power_off(module);
	ck_assert_int_eq(twinfs_secure_read(twinfs_module_secure(module), 16, content, 3), 3);
	twinfs_flash_set_power(twinfs_module_flash(module), false);
	ck_assert_int_eq(twinfs_secure_read(twinfs_module_secure(module), 16, content, 3),
		TWINFS_SECURE_BAD);
	power_on(module);
	ck_assert_int_eq(twinfs_secure_read(twinfs_module_secure(module), 16, content, 3), 3);
	ck_assert_mem_eq(content, "abc", 3);
	twinfs_module_close(module);
}
END_TEST

/* ---- power ---- */

START_TEST(power_mounts_and_unmounts)
{
	struct twinfs_module *module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	const struct twinfs_boot_report *report = NULL;

	ck_assert(!twinfs_module_is_on(module));
	ck_assert_ptr_null(twinfs_module_user(module));
	ck_assert_ptr_null(twinfs_module_last_boot(module));
	twinfs_module_power_off(module);
	ck_assert_int_eq(twinfs_module_power_on(module, &report, NULL), 0);
	ck_assert(twinfs_module_is_on(module));
	ck_assert_ptr_eq(report, twinfs_module_last_boot(module));
	ck_assert_uint_eq(report->file_count, 1);
	ck_assert_int_eq(report->files[0].verdict, TWINFS_VERDICT_INTACT);
	ck_assert_ptr_nonnull(twinfs_module_user(module));
	ck_assert_int_eq(twinfs_module_power_on(module, NULL, NULL), -EALREADY);
	twinfs_module_power_off(module);
	ck_assert_ptr_null(twinfs_module_user(module));
	ck_assert_ptr_null(twinfs_module_backup(module));
	ck_assert_ptr_nonnull(twinfs_module_last_boot(module));
	power_on(module);
	ck_assert_uint_eq(twinfs_module_boots(module), 2);
	twinfs_module_close(module);
	twinfs_module_close(NULL);
}
END_TEST

START_TEST(restart_restores_and_forgets)
{
	struct twinfs_module *module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	struct twinfs_volume *user;
	uint64_t ino;

	power_on(module);
	user = twinfs_module_user(module);
	ck_assert_int_eq(twinfs_volume_unlink(user, TWINFS_ROOT_INO, "main.py"), 0);
	ck_assert_int_eq(twinfs_volume_walk(user, "notes.txt", &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(user, ino), 0);
	ck_assert_int_eq(twinfs_volume_write(user, ino, "unsynced", 8, 0), 8);
	twinfs_module_power_off(module);
	power_on(module);
	user = twinfs_module_user(module);
	ck_assert_int_eq(twinfs_module_last_boot(module)->files[0].verdict,
		TWINFS_VERDICT_RESTORED);
	ck_assert(has_file(user, "main.py"));
	ck_assert_int_eq(twinfs_volume_walk(user, "notes.txt", &ino), 0);
	ck_assert_int_eq(twinfs_volume_open(user, ino), 0);
	ck_assert_int_eq(twinfs_volume_read(user, ino, (char[8]){0}, 1, 0), 1);
	twinfs_module_close(module);
}
END_TEST

static int cut(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	(void)ctx;
	(void)op;
	(void)done;
	return -ESHUTDOWN;
}

START_TEST(cut_boot_fails_and_the_next_one_works)
{
	const struct twinfs_flash_hook hook = {.before = cut};
	struct twinfs_module *module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	struct twinfs_error err = {0};

	/* The first boot creates system_config.json, so it writes. */
	twinfs_flash_set_hook(twinfs_module_flash(module), &hook);
	ck_assert_int_eq(twinfs_module_power_on(module, NULL, &err), -ESHUTDOWN);
	ck_assert_str_eq(err.file, "chip.img");
	ck_assert(!twinfs_module_is_on(module));
	ck_assert_uint_eq(twinfs_module_boots(module), 0);
	twinfs_flash_set_hook(twinfs_module_flash(module), NULL);
	power_on(module);
	ck_assert(has_file(twinfs_module_user(module), "system_config.json"));
	twinfs_module_close(module);
}
END_TEST

static void damage_user(void)
{
	for (unsigned i = 0; i < 64; i++) {
		set_byte("chip.img", USER_ADDR + i, 0);
		set_byte("chip.img", USER_ADDR + 4096 + i, 0);
	}
}

START_TEST(damaged_user_partition_is_saved_and_formatted)
{
	struct twinfs_module *module;

	damage_user();
	module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	ck_assert(!part_of(module, TWINFS_PART_USER).has_superblock);
	power_on(module);
	ck_assert(twinfs_module_last_boot(module)->user_formatted);
	ck_assert_str_eq(twinfs_module_last_boot(module)->user_saved, "chip.img.damaged-1");
	ck_assert_int_eq(access("chip.img.damaged-1", F_OK), 0);
	ck_assert(has_file(twinfs_module_user(module), "main.py"));
	ck_assert(!has_file(twinfs_module_user(module), "notes.txt"));
	twinfs_module_close(module);
}
END_TEST

START_TEST(scratch_keeps_nothing)
{
	const struct twinfs_module_options options = {
		.image_flags = TWINFS_IMAGE_SCRATCH, .keep_wear = true};
	struct twinfs_module *module = NULL;
	char *before, *after;
	size_t len;

	damage_user();
	ck_assert_int_eq(tw_file_read("chip.img", CHIP_SIZE, &before, &len), 0);
	ck_assert_int_eq(twinfs_module_open(&chip_source, &options, &module, NULL), 0);
	power_on(module);
	ck_assert(twinfs_module_last_boot(module)->user_formatted);
	twinfs_module_close(module);
	ck_assert_int_eq(tw_file_read("chip.img", CHIP_SIZE, &after, &len), 0);
	ck_assert_mem_eq(before, after, len);
	ck_assert_int_eq(access("chip.img.damaged-1", F_OK), -1);
	ck_assert_int_eq(access("chip.img.wear", F_OK), -1);
	free(before);
	free(after);
}
END_TEST

START_TEST(read_only_module_boots_only_what_writes_nothing)
{
	struct twinfs_module *module = open_module(&chip_source, 0);

	ck_assert_int_eq(twinfs_module_power_on(module, NULL, NULL), -EROFS);
	twinfs_module_close(module);
	module = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	power_on(module);
	twinfs_module_close(module);
	module = open_module(&chip_source, 0);
	power_on(module);
	ck_assert_int_eq(twinfs_volume_unlink(twinfs_module_user(module), TWINFS_ROOT_INO,
				 "main.py"),
		-EROFS);
	twinfs_module_close(module);
}
END_TEST

START_TEST(two_modules_in_one_process)
{
	struct twinfs_module *one = open_module(&chip_source, TWINFS_IMAGE_WRITABLE);
	struct twinfs_module *two = open_module(&pair_source, TWINFS_IMAGE_WRITABLE);

	power_on(one);
	power_on(two);
	ck_assert_int_eq(twinfs_volume_unlink(twinfs_module_user(one), TWINFS_ROOT_INO,
				 "notes.txt"),
		0);
	ck_assert(has_file(twinfs_module_user(two), "notes.txt"));
	twinfs_module_power_off(one);
	ck_assert(twinfs_module_is_on(two));
	twinfs_module_close(one);
	twinfs_module_close(two);
}
END_TEST

static TCase *power_case(void)
{
	TCase *tcase = new_case("power");

	tcase_add_test(tcase, secure_survives_power);
	tcase_add_test(tcase, sealed_slots_do_not_lock_the_files);
	tcase_add_test(tcase, power_mounts_and_unmounts);
	tcase_add_test(tcase, restart_restores_and_forgets);
	tcase_add_test(tcase, cut_boot_fails_and_the_next_one_works);
	tcase_add_test(tcase, damaged_user_partition_is_saved_and_formatted);
	tcase_add_test(tcase, scratch_keeps_nothing);
	tcase_add_test(tcase, read_only_module_boots_only_what_writes_nothing);
	tcase_add_test(tcase, two_modules_in_one_process);
	return tcase;
}

int main(void)
{
	return run_case(power_case());
}
