/* SPDX-License-Identifier: MIT */
/*
 * small_module.h - a small module in the forms that one can be opened from, made
 * anew for each test, and helpers to open it.
 */
#ifndef TEST_UNIT_MODULE_SMALL_MODULE_H
#define TEST_UNIT_MODULE_SMALL_MODULE_H

#include <twinfs/module.h>

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <twinfs/factory.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "base/file.h"
#include "tempdir.h"

#define KIB         UINT64_C(1024)
#define CHIP_SIZE   (1024 * KIB)
#define USER_ADDR   (64 * KIB)
#define USER_SIZE   (256 * KIB)
#define BACKUP_ADDR (512 * KIB)
#define BACKUP_SIZE (128 * KIB)
#define SECURE_ADDR (384 * KIB)
#define SECURE_SIZE (64 * KIB)

static inline void write_text(const char *path, const char *text)
{
	ck_assert_int_eq(tw_file_write(path, text, strlen(text), 0644, 0), 0);
}

/* The chip of these tests, small so that many can be made; @size is of blocks and erase units. */
static inline void write_profile(const char *path, unsigned size)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
		"{\"name\": \"small\", \"modules\": \"tests\", \"chip_size\": \"1M\","
		"\"partitions\": {"
		"\"customer_fs\": {\"addr\": \"64K\", \"size\": \"256K\"},"
		"\"customer_backup_fs\": {\"addr\": \"512K\", \"size\": \"128K\"},"
		"\"securedata\": {\"addr\": \"384K\", \"size\": \"64K\"}},"
		"\"filesystem\": {\"format\": 1, \"block_size\": %u, \"prog_size\": 4096,"
		" \"spare_blocks\": 1},"
		"\"boot\": {\"restores\": true, \"writes_settings\": true},"
		"\"flash\": {\"read_size\": 1, \"prog_size\": 64, \"erase_size\": %u,"
		" \"strict\": true, \"read_ns_per_kib\": 20000, \"page_size\": 256,"
		" \"program_page_ns\": 700000, \"erase_unit_ns\": 60000000}}",
		size, size);
	write_text(path, text);
}

static inline const struct twinfs_factory_options *factory_options(void)
{
	static const char *const files[] = {"main.py"};
	static struct twinfs_profile profile;
	static struct twinfs_factory_options options;
	struct twinfs_error err = {0};

	ck_assert_msg(twinfs_profile_load("./small.json", &profile, &err) == 0, "%s", err.text);
	options = (struct twinfs_factory_options){
		.profile = &profile,
		.user_dir = "app",
		.backup_files = files,
		.backup_count = 1,
	};
	return &options;
}

/* chip.img, and out/customer_fs.bin, out/customer_backup_fs.bin with the same content. */
static inline void set_up(void)
{
	tempdir_enter();
	write_profile("small.json", 4096);
	ck_assert_int_eq(mkdir("app", 0755), 0);
	write_text("app/main.py", "print('hello')\n");
	write_text("app/notes.txt", "not protected\n");
	ck_assert_int_eq(twinfs_factory_make_image(factory_options(), "chip.img", NULL), 0);
	ck_assert_int_eq(twinfs_factory_make_pair(factory_options(), "out", NULL), 0);
}

/* The chip's bytes without the partition table: what a programmer reads off. */
static inline void make_dump(const char *path, size_t size)
{
	char *bytes;
	size_t len;

	ck_assert_int_eq(tw_file_read("chip.img", CHIP_SIZE, &bytes, &len), 0);
	memset(bytes, 0xff, 32 * KIB);
	memset(bytes + len - 32 * KIB, 0xff, 32 * KIB);
	ck_assert_int_eq(tw_file_write(path, bytes, size, 0644, 0), 0);
	free(bytes);
}

static inline void set_byte(const char *path, off_t off, int value)
{
	FILE *file = fopen(path, "r+e");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseeko(file, off, SEEK_SET), 0);
	ck_assert_int_ne(fputc(value, file), EOF);
	ck_assert_int_eq(fclose(file), 0);
}

static const struct twinfs_source chip_source = {.image = "chip.img", .profile = "./small.json"};
static const struct twinfs_source pair_source = {
	.user = "out/customer_fs.bin",
	.backup = "out/customer_backup_fs.bin",
	.profile = "./small.json",
};

static inline struct twinfs_module *open_module(const struct twinfs_source *source, unsigned flags)
{
	const struct twinfs_module_options options = {.image_flags = flags};
	struct twinfs_module *module = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_module_open(source, &options, &module, &err);

	ck_assert_msg(rc == 0, "%s: %s", err.file, err.text);
	ck_assert_str_eq(err.file, "");
	return module;
}

static inline void power_on(struct twinfs_module *module)
{
	struct twinfs_error err = {0};
	int rc = twinfs_module_power_on(module, NULL, &err);

	ck_assert_msg(rc == 0, "%s: %s", err.file, err.text);
}

/* Opening must fail with @code, and the error must name @file and hold @text. */
static inline void expect_failure(const struct twinfs_source *source, unsigned flags, int code,
	const char *file, const char *text)
{
	const struct twinfs_module_options options = {.image_flags = flags};
	struct twinfs_module *module = NULL;
	struct twinfs_error err = {0};

	ck_assert_int_eq(twinfs_module_open(source, &options, &module, &err), code);
	ck_assert_ptr_null(module);
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.file, file);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
	ck_assert_int_eq(twinfs_module_open(source, &options, &module, NULL), code);
}

static inline struct twinfs_part_info part_of(const struct twinfs_module *module,
	enum twinfs_part part)
{
	struct twinfs_part_info info;

	twinfs_module_part(module, part, &info);
	return info;
}

static inline bool has_file(struct twinfs_volume *volume, const char *path)
{
	uint64_t ino;

	return twinfs_volume_walk(volume, path, &ino) == 0;
}

/* A case whose tests each begin with new files. */
static inline TCase *new_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set_up, tempdir_leave);
	return tcase;
}

/* All there is of a program of one case. */
static inline int run_case(TCase *tcase)
{
	Suite *suite = suite_create("module");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
