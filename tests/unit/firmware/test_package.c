/* SPDX-License-Identifier: MIT */
/* test_package.c - what is recognised as a package, and where its images are. */
#include <twinfs/firmware.h>

#include <check.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "suite.h"
#include "tempdir.h"
#include "zip_rig.h"

#define USER   TWINFS_FIRMWARE_USER
#define BACKUP TWINFS_FIRMWARE_BACKUP

static void write_bytes(const char *path, const void *data, size_t len)
{
	ck_assert_int_eq(tw_file_write(path, data, len, 0644, 0), 0);
}

/* The file @path: an archive of @members, which end with a name of NULL. */
static void make(const char *path, const struct rig_member *members)
{
	struct rig rig = {0};

	for (; members->name; members++)
		rig_add(&rig, members);
	rig_end(&rig, "", false);
	write_bytes(path, rig.archive.data, rig.archive.len);
	rig_release(&rig);
}

static struct twinfs_package *open_package(const char *path)
{
	struct twinfs_package *package = NULL;
	struct twinfs_error err = {0};
	int rc = twinfs_package_open(path, 0, &package, &err);

	ck_assert_msg(!rc, "%s: %s", path, err.text);
	return package;
}

static void check_image(const struct twinfs_package *package, enum twinfs_firmware_image image,
	const char *want)
{
	struct twinfs_error err = {0};
	uint8_t *data;
	size_t len;
	int rc = twinfs_package_read_image(package, image, &data, &len, &err);

	ck_assert_msg(!rc, "%s", err.text);
	ck_assert_uint_eq(len, strlen(want));
	ck_assert_mem_eq(data, want, len);
	free(data);
}

static void expect_no_image(const struct twinfs_package *package, enum twinfs_firmware_image image,
	int code, const char *saying)
{
	struct twinfs_error err = {0};
	uint8_t *data;
	size_t len;

	ck_assert_int_eq(twinfs_package_read_image(package, image, &data, &len, &err), code);
	ck_assert_msg(strstr(err.text, saying), "%s", err.text);
	ck_assert_int_eq(err.problem, TWINFS_P_PACKAGE);
	ck_assert_str_ne(err.file, "");
}

static void expect_failure(const char *path, int code, const char *saying)
{
	struct twinfs_package *package = NULL;
	struct twinfs_error err = {0};

	ck_assert_int_eq(twinfs_package_open(path, 0, &package, &err), code);
	ck_assert_ptr_null(package);
	ck_assert_msg(strstr(err.text, saying), "%s", err.text);
	ck_assert_str_eq(err.file, path);
}

/* ---- archives ---- */

static const struct rig_member asr[] = {{"fw/apn.bin", "apn", 3, 0, 0},
	{"fw/system.img", "system", 6, 0, 0}, {"fw/customer_fs.bin", "user", 4, 0, 0},
	{"fw/customer_backup_fs.bin", "backup", 6, RIG_STORED, 0}, {0}};

START_TEST(flat_or_in_a_folder)
{
	struct twinfs_package *package;
	struct twinfs_package_info info;

	make("a.bin", asr);
	package = open_package("a.bin");
	twinfs_package_info(package, &info);
	ck_assert_str_eq(twinfs_package_kind_name(info.kind), "asr");
	ck_assert_str_eq(info.platform, "ASR");
	ck_assert_str_eq(info.known->profile, "asr1601");
	ck_assert_str_eq(info.images[USER], "fw/customer_fs.bin");
	ck_assert_ptr_null(info.inner);
	ck_assert_uint_eq(info.count, 4);
	ck_assert_uint_eq(info.unpacked, 19);
	check_image(package, USER, "user");
	check_image(package, BACKUP, "backup");
	twinfs_package_close(package);
}
END_TEST

START_TEST(archive_in_archive)
{
	static const struct rig_member without[] = {
		{"system.img", "system", 6, 0, 0}, {"customer_fs.bin", "user", 4, 0, 0}, {0}};
	struct rig_member outer[] = {
		{"platform_config.json", "\xef\xbb\xbf{\"platform\": \"ASR1606\"}", 26, 0, 0},
		{"x/inner.zip", NULL, 0, 0, 0}, {0}};
	struct twinfs_package_info info;
	struct twinfs_package *package;
	char *inner;

	make("inner", without);
	ck_assert_int_eq(tw_file_read("inner", 1 << 20, &inner, &outer[1].len), 0);
	outer[1].data = inner;
	make("bundle.bin", outer);
	package = open_package("bundle.bin");
	twinfs_package_info(package, &info);
	ck_assert_str_eq(twinfs_package_kind_name(info.kind), "bundle");
	ck_assert_str_eq(info.platform, "ASR1606");
	ck_assert_str_eq(info.known->profile, "asr1603");
	ck_assert_str_eq(info.inner, "x/inner.zip");
	check_image(package, USER, "user");
	expect_no_image(package, BACKUP, -ENOENT, "there is no customer_backup_fs.bin in it");
	twinfs_package_close(package);
	free(inner);
}
END_TEST

/* A bundle whose inner archive is refused at its second member: nobody must go on with the first.
 */
START_TEST(inner_archive_is_damaged)
{
	static const struct rig_member members[] = {
		{"system.img", "system", 6, 0, 0}, {"customer_fs.bin", "user", 4, 0, 0}, {0}};
	struct rig_member outer[] = {
		{"platform_config.json", "{\"platform\": \"ASR1606\"}", 23, 0, 0},
		{"inner.zip", NULL, 0, 0, 0}, {0}};
	struct twinfs_package *package;
	size_t record;
	char *inner;

	make("inner", members);
	ck_assert_int_eq(tw_file_read("inner", 1 << 20, &inner, &outer[1].len), 0);
	record = outer[1].len - TW_ZIP_END_SIZE - TW_ZIP_RECORD_SIZE - strlen("customer_fs.bin");
	ck_assert_uint_eq(tw_le32((uint8_t *)inner + record), TW_ZIP_RECORD_SIG);
	inner[record + TW_ZIP_RECORD_SIZE] = '\0'; /* in its name */
	outer[1].data = inner;
	make("bundle.bin", outer);
	package = open_package("bundle.bin");
	expect_no_image(package, USER, -EUCLEAN, "holds a NUL byte");
	ck_assert_int_eq(twinfs_package_verify(package, NULL), 0);
	ck_assert_int_eq(twinfs_package_unpack(package, "out", NULL), 0);
	twinfs_package_close(package);
	free(inner);
}
END_TEST

/* Of two inner archives it is not known which is meant; a directory is none. */
START_TEST(two_inner_archives)
{
	static const struct rig_member members[] = {
		{"system.img", "system", 6, 0, 0}, {"customer_fs.bin", "user", 4, 0, 0}, {0}};
	struct rig_member outer[] = {
		{"platform_config.json", "{\"platform\": \"ASR1606\"}", 23, 0, 0},
		{"dir/", "", 0, RIG_STORED, 040755}, {"dir/one.zip", NULL, 0, 0, 0},
		{"dir/two.zip", NULL, 0, 0, 0}, {0}};
	struct twinfs_package *package;
	char *inner;

	make("inner", members);
	ck_assert_int_eq(tw_file_read("inner", 1 << 20, &inner, &outer[2].len), 0);
	outer[2].data = outer[3].data = inner;
	outer[3].len = outer[2].len;
	make("bundle.bin", outer);
	package = open_package("bundle.bin");
	expect_no_image(package, USER, -ENOTSUP, "'dir/two.zip'");
	expect_no_image(package, USER, -ENOTSUP, "a second zip archive in it: which is meant?");
	twinfs_package_close(package);
	outer[3] = (struct rig_member){0};
	make("single.bin", outer);
	package = open_package("single.bin");
	check_image(package, USER, "user");
	twinfs_package_close(package);
	free(inner);
}
END_TEST

/* What was there when it was opened, and is gone. */
START_TEST(loose_file_that_is_gone)
{
	struct twinfs_error err = {0};
	struct twinfs_package *package;
	uint8_t *data = NULL;
	size_t len;

	write_bytes("customer_fs.bin", "user", 4);
	package = open_package("customer_fs.bin");
	ck_assert_int_eq(unlink("customer_fs.bin"), 0);
	ck_assert_int_eq(twinfs_package_read_image(package, USER, &data, &len, &err), -ENOENT);
	ck_assert_ptr_null(data);
	ck_assert_str_eq(err.text, "cannot be read: no such file or directory");
	ck_assert_str_eq(err.file, "customer_fs.bin");
	twinfs_package_close(package);
}
END_TEST

/* ---- no firmware, though it can be unpacked ---- */

START_TEST(other_archives)
{
	static const char pac[] = "B\0P\0_\0R\0001\0";
	const struct {
		struct rig_member members[4];
		int code;
		const char *saying;
	} cases[] = {
		{{{"readme.txt", "hello", 5, 0, 0}}, -ENOTSUP, "no firmware package"},
		{{{"a/customer_fs.bin", "1", 1, RIG_STORED, 0},
			 {"b/customer_fs.bin", "2", 1, RIG_STORED, 0}},
			-EUCLEAN, "which is meant"},
		{{{"a/system.img", "1", 1, RIG_STORED, 0}, {"b/system.img", "2", 1, RIG_STORED, 0}},
			-EUCLEAN, "which is meant"},
		{{{"platform_config.json", "{}", 2, 0, 0}}, -EUCLEAN, "text \"platform\""},
		{{{"platform_config.json", "[1", 2, 0, 0}}, -EUCLEAN, "text \"platform\""},
		{{{"platform_config.json", "{\"platform\": \"unisoc\"}", 22, 0, 0},
			 {"fw.pac", pac, sizeof(pac), 0, 0}},
			-ENOTSUP, "is a .pac package"},
		{{{"platform_config.json", "{\"platform\": \"unisoc\"}", 22, 0, 0}}, -ENOTSUP,
			"no firmware package"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct twinfs_package_merge merge = {.images = {"x"}, .lens = {1}};
		struct twinfs_package *package;
		struct twinfs_error err = {0};

		make("other.zip", cases[i].members);
		package = open_package("other.zip");
		expect_no_image(package, USER, cases[i].code, cases[i].saying);
		ck_assert_int_eq(twinfs_package_write(package, &merge, "out.zip", &err),
			cases[i].code);
		ck_assert_int_eq(twinfs_package_unpack(package, "out", NULL), 0);
		ck_assert_int_eq(access("out.zip", F_OK), -1);
		ck_assert_int_eq(nftw("out", tempdir_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
		twinfs_package_close(package);
	}
}
END_TEST

/* ---- files and folders ---- */

START_TEST(loose_files)
{
	struct twinfs_package_info info;
	struct twinfs_package *package;

	write_bytes("customer_fs.bin", "user", 4);
	package = open_package("customer_fs.bin");
	twinfs_package_info(package, &info);
	ck_assert_str_eq(twinfs_package_kind_name(info.kind), "loose");
	ck_assert_ptr_null(info.known);
	check_image(package, USER, "user");
	expect_no_image(package, BACKUP, -ENOENT, "no customer_backup_fs.bin");
	ck_assert_int_eq(twinfs_package_unpack(package, "out", NULL), -ENOTSUP);
	twinfs_package_close(package);
}
END_TEST

START_TEST(folders)
{
	struct twinfs_package_info info;
	struct twinfs_package *package;

	ck_assert_int_eq(mkdir("dir", 0755), 0);
	expect_failure("dir", -ENOTSUP, "is a folder without customer_fs.bin");
	write_bytes("dir/customer_fs.bin", "user", 4);
	package = open_package("dir");
	twinfs_package_info(package, &info);
	ck_assert_str_eq(twinfs_package_kind_name(info.kind), "folder");
	check_image(package, USER, "user");
	twinfs_package_close(package);

	write_bytes("dir/quec_download_config.ini", "", 0);
	package = open_package("dir");
	twinfs_package_info(package, &info);
	ck_assert_str_eq(twinfs_package_kind_name(info.kind), "eigen");
	ck_assert_str_eq(info.platform, "EIGEN");
	ck_assert_ptr_null(info.known->profile);
	twinfs_package_close(package);
}
END_TEST

START_TEST(what_is_refused)
{
	static const char pac[] = "B\0P\0_\0R\0002\0.\0";

	write_bytes("a.pac", pac, sizeof(pac));
	expect_failure("a.pac", -ENOTSUP, "is a .pac package");
	write_bytes("a.binpkg", "x", 1);
	expect_failure("a.binpkg", -ENOTSUP, "is a .binpkg");
	write_bytes("image.bin", "x", 1);
	expect_failure("image.bin", -ENOTSUP, "is no zip archive");
	write_bytes("empty", "", 0);
	expect_failure("empty", -ENOTSUP, "the file is empty");
	expect_failure("missing", -ENOENT, "cannot be read");
	write_bytes("cut.zip", "PK\3\4....................", 24);
	expect_failure("cut.zip", -EUCLEAN, "truncated");
}
END_TEST

START_TEST(platforms)
{
	ck_assert_ptr_null(twinfs_platform_find("ESP32"));
	ck_assert_ptr_null(twinfs_platform_find(""));
	ck_assert_str_eq(twinfs_platform_find("UNISOC8910")->profile, "unisoc8910");
	ck_assert_int_eq(twinfs_platform_find("asr1803s")->secure, TWINFS_PLATFORM_LOSES);
	ck_assert_int_eq(twinfs_platform_find("EIGEN")->secure, TWINFS_PLATFORM_KEEPS);
}
END_TEST

/* ---- a new one ---- */

START_TEST(nothing_is_replaced_unasked)
{
	struct twinfs_package_merge merge = {.images = {"new user"}, .lens = {8}};
	struct twinfs_package *package;
	struct twinfs_error err = {0};

	make("a.zip", asr);
	write_bytes("out.zip", "mine", 4);
	package = open_package("a.zip");
	ck_assert_int_eq(twinfs_package_write(package, &merge, "out.zip", &err), -EEXIST);
	ck_assert_str_eq(err.file, "out.zip");
	ck_assert_int_eq(twinfs_package_write(package, &merge, "no/out.zip", &err), -ENOENT);
	merge.replaces = true;
	ck_assert_int_eq(twinfs_package_write(package, &merge, "out.zip", &err), 0);
	twinfs_package_close(package);
	package = open_package("out.zip");
	check_image(package, USER, "new user");
	check_image(package, BACKUP, "backup");
	twinfs_package_close(package);
}
END_TEST

/* A damaged member that is only carried along would be found at the factory. */
START_TEST(the_base_has_to_be_sound)
{
	const struct twinfs_package_merge merge = {.images = {"new"}, .lens = {3}};
	struct twinfs_package *package;
	struct twinfs_error err = {0};
	char *data;
	size_t len;

	make("a.zip", asr);
	ck_assert_int_eq(tw_file_read("a.zip", 1 << 20, &data, &len), 0);
	data[30 + 10] ^= 1; /* in the data of the first member */
	write_bytes("a.zip", data, len);
	package = open_package("a.zip");
	ck_assert_int_lt(twinfs_package_verify(package, &err), 0);
	ck_assert_msg(strstr(err.text, "fw/apn.bin"), "%s", err.text);
	ck_assert_int_lt(twinfs_package_write(package, &merge, "out.zip", NULL), 0);
	ck_assert_int_eq(access("out.zip", F_OK), -1);
	twinfs_package_close(package);
	free(data);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("package");
	Suite *suite = suite_create("package");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_test(tcase, flat_or_in_a_folder);
	tcase_add_test(tcase, archive_in_archive);
	tcase_add_test(tcase, inner_archive_is_damaged);
	tcase_add_test(tcase, two_inner_archives);
	tcase_add_test(tcase, other_archives);
	tcase_add_test(tcase, loose_files);
	tcase_add_test(tcase, loose_file_that_is_gone);
	tcase_add_test(tcase, folders);
	tcase_add_test(tcase, what_is_refused);
	tcase_add_test(tcase, platforms);
	tcase_add_test(tcase, nothing_is_replaced_unasked);
	tcase_add_test(tcase, the_base_has_to_be_sound);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
