/* SPDX-License-Identifier: MIT */
/* test_wear.c - erase counters survive in their file, and a bad file harms nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/flash.h>
#include <unistd.h>

#include "lib/suite.h"

static struct twinfs_flash *new_chip(uint64_t size, uint32_t unit, struct twinfs_image **ret_image)
{
	struct twinfs_flash_config config = {.geometry = {1, 1, unit}};
	struct twinfs_flash *flash;

	ck_assert_int_eq(twinfs_image_memory(size, ret_image), 0);
	ck_assert_int_eq(twinfs_flash_new(*ret_image, &config, &flash, NULL), 0);
	return flash;
}

static char path[] = "/tmp/twinfs-wear-XXXXXX";

static void new_path(void)
{
	int fd;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

START_TEST(counters_add_up)
{
	struct twinfs_image *image;
	struct twinfs_flash *flash = new_chip(8192, 1024, &image);

	new_path();
	ck_assert_int_eq(twinfs_flash_erase(flash, 1024, 2048), 0);
	ck_assert_int_eq(twinfs_flash_save_wear(flash, path, NULL), 0);
	ck_assert_int_eq(twinfs_flash_load_wear(flash, path, NULL), 0);
	ck_assert_uint_eq(twinfs_flash_wear(flash, 0), 0);
	ck_assert_uint_eq(twinfs_flash_wear(flash, 1), 2);
	ck_assert_uint_eq(twinfs_flash_wear(flash, 2), 2);
	twinfs_flash_free(flash);
	twinfs_image_close(image);
	(void)unlink(path);
}
END_TEST

static void damage(long offset)
{
	FILE *file = fopen(path, "r+b");
	int byte;

	ck_assert_ptr_nonnull(file);
	(void)fseek(file, offset, SEEK_SET);
	byte = fgetc(file);
	(void)fseek(file, offset, SEEK_SET);
	(void)fputc(byte ^ 1, file);
	(void)fclose(file);
}

START_TEST(bad_files_change_nothing)
{
	struct twinfs_image *image, *other_image;
	struct twinfs_flash *flash = new_chip(8192, 1024, &image);
	struct twinfs_flash *other = new_chip(8192, 512, &other_image);
	struct twinfs_error err = {0};

	new_path();
	ck_assert_int_eq(twinfs_flash_load_wear(flash, path, &err), -EUCLEAN);
	ck_assert_str_eq(err.file, path);
	ck_assert_int_eq(twinfs_flash_erase(flash, 0, 1024), 0);
	ck_assert_int_eq(twinfs_flash_save_wear(flash, path, NULL), 0);
	ck_assert_int_eq(twinfs_flash_load_wear(other, path, &err), -EUCLEAN);
	ck_assert_int_eq(twinfs_flash_save_wear(other, path, NULL), 0);
	err = (struct twinfs_error){0};
	ck_assert_int_eq(twinfs_flash_load_wear(flash, path, &err), -EUCLEAN);
	ck_assert_str_eq(err.text, "made for a chip of another size");
	ck_assert_int_eq(twinfs_flash_save_wear(flash, path, NULL), 0);
	damage(26);
	ck_assert_int_eq(twinfs_flash_load_wear(flash, path, &err), -EBADMSG);
	ck_assert_int_eq(truncate(path, 40), 0);
	ck_assert_int_eq(twinfs_flash_load_wear(flash, path, &err), -EBADMSG);
	(void)unlink(path);
	ck_assert_int_eq(twinfs_flash_load_wear(flash, path, &err), -ENOENT);
	err = (struct twinfs_error){0};
	ck_assert_int_eq(twinfs_flash_save_wear(flash, "/nowhere/wear", &err), -ENOENT);
	ck_assert_str_eq(err.file, "/nowhere/wear");
	ck_assert_int_eq(err.problem, TWINFS_P_FLASH_WEAR);
	ck_assert_uint_eq(twinfs_flash_wear(flash, 0), 1);
	ck_assert_uint_eq(twinfs_flash_wear(other, 0), 0);
	twinfs_flash_free(flash);
	twinfs_flash_free(other);
	twinfs_image_close(image);
	twinfs_image_close(other_image);
}
END_TEST

RUN_CASES("wear", counters_add_up, bad_files_change_nothing)
