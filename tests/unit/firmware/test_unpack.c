/* SPDX-License-Identifier: MIT */
/* test_unpack.c - members become files where they should, or nowhere. */
#include <twinfs/firmware.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "suite.h"
#include "tempdir.h"
#include "zip_rig.h"

static struct twinfs_package *make_package(const struct rig_member *members, size_t count)
{
	struct twinfs_package *package = NULL;
	struct twinfs_error err = {0};
	struct rig rig = {0};

	for (size_t i = 0; i < count; i++)
		rig_add(&rig, &members[i]);
	rig_end(&rig, "", false);
	ck_assert_int_eq(tw_file_write("p.zip", rig.archive.data, rig.archive.len, 0644, 0), 0);
	rig_release(&rig);
	ck_assert_msg(!twinfs_package_open("p.zip", 0, &package, &err), "%s", err.text);
	return package;
}

/* Entries of the current directory: nothing may be left of a failure. */
static size_t entries(void)
{
	DIR *dir = opendir(".");
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

static void check_file(const char *path, const char *want)
{
	char *data;
	size_t len;

	ck_assert_int_eq(tw_file_read(path, 1 << 20, &data, &len), 0);
	ck_assert_str_eq(data, want);
	free(data);
}

START_TEST(every_shape)
{
	struct twinfs_package *package = make_package(rig_shapes, RIG_SHAPES);
	struct twinfs_error err = {0};
	struct stat stat_buf;

	ck_assert_msg(!twinfs_package_unpack(package, "out/", &err), "%s", err.text);
	check_file("out/system.img", "system system system system");
	check_file("out/late2.bin", "the same without its signature");
	check_file("out/dir/last.bin", "last");
	check_file("out/dir/empty", "");
	ck_assert_int_eq(stat("out/stored.bin", &stat_buf), 0);
	ck_assert_uint_eq(stat_buf.st_mode & 0111, 0);
	/* a directory with something in it stays as it is, an empty one is taken */
	ck_assert_int_eq(twinfs_package_unpack(package, "out", &err), -ENOTEMPTY);
	ck_assert_str_eq(err.file, "out");
	ck_assert_int_eq(mkdir("empty", 0755), 0);
	ck_assert_int_eq(twinfs_package_unpack(package, "empty", &err), 0);
	check_file("empty/dir/last.bin", "last");
	ck_assert_int_eq(entries(), 2 + 3);
	twinfs_package_close(package);
}
END_TEST

static const struct hostile {
	struct rig_member member;
	const char *saying;
} hostile[] = {
	{{"../out.txt", "x", 1, 0, 0}, "'.' or '..'"},
	{{"a/../../out.txt", "x", 1, 0, 0}, "'.' or '..'"},
	{{"..", "x", 1, 0, 0}, "'.' or '..'"},
	{{"./a", "x", 1, 0, 0}, "'.' or '..'"},
	{{"a/.", "x", 1, 0, 0}, "'.' or '..'"},
	{{"/tmp/out.txt", "x", 1, 0, 0}, "begins with '/'"},
	{{"a//b", "x", 1, 0, 0}, "empty part"},
	{{"/", "", 0, 0, 0}, "begins with '/'"},
	{{"..\\out.txt", "x", 1, 0, 0}, "a backslash"},
	{{"C:out.txt", "x", 1, 0, 0}, "a drive letter"},
	{{"a\nb", "x", 1, 0, 0}, "a control character"},
	{{"a\x1b[2Jb", "x", 1, 0, 0}, "a control character"},
	{{"gbk \xd6\xd0.txt", "x", 1, 0, 0}, "not UTF-8"},
	{{"link", "/etc/passwd", 11, 0, 0120777}, "a symbolic link"},
	{{"pipe", "", 0, 0, 010644}, "neither a file nor a directory"},
	{{"disk", "", 0, 0, 060644}, "neither a file nor a directory"},
	{{"dir", "", 0, 0, 040755}, "neither a file nor a directory"},
	{{"dir/", "x", 1, 0, 0}, "a directory with content"},
};

START_TEST(nothing_leads_out)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		const struct rig_member members[] = {
			{"fine.txt", "fine", 4, 0, 0}, hostile[i].member};
		struct twinfs_package *package = make_package(members, 2);
		struct twinfs_error err = {0};
		size_t before = entries();

		ck_assert_int_eq(twinfs_package_unpack(package, "out", &err), -EUCLEAN);
		ck_assert_msg(strstr(err.text, hostile[i].saying), "%s", err.text);
		ck_assert_msg(strstr(err.text, "member '"), "%s", err.text);
		ck_assert_str_eq(err.file, "p.zip");
		ck_assert_uint_eq(entries(), before);
		twinfs_package_close(package);
	}
}
END_TEST

static void check_fails(const struct rig_member *members, size_t count, int code,
	const char *saying)
{
	struct twinfs_package *package = make_package(members, count);
	struct twinfs_error err = {0};
	size_t before = entries();

	ck_assert_int_eq(twinfs_package_unpack(package, "out", &err), code);
	ck_assert_msg(strstr(err.text, saying), "%s", err.text);
	ck_assert_uint_eq(entries(), before);
	twinfs_package_close(package);
}

START_TEST(names_against_each_other)
{
	static const struct rig_member file_then_dir[] = {
		{"a", "x", 1, 0, 0}, {"b/c/d", "x", 1, 0, 0}, {"a/b", "x", 1, 0, 0}};
	static const struct rig_member dir_then_file[] = {
		{"a/b", "x", 1, 0, 0}, {"b/c/d", "x", 1, 0, 0}, {"a", "x", 1, 0, 0}};
	static const struct rig_member dir_twice[] = {
		{"a/", "", 0, RIG_STORED, 0}, {"a/b", "x", 1, 0, 0}};
	struct twinfs_package *package;

	check_fails(file_then_dir, 3, -ENOTDIR, "member 'a/b': cannot be written");
	check_fails(dir_then_file, 3, -EEXIST, "member 'a': cannot be written");
	package = make_package(dir_twice, 2);
	ck_assert_int_eq(twinfs_package_unpack(package, "out", NULL), 0);
	twinfs_package_close(package);
}
END_TEST

START_TEST(long_names)
{
	char name[2000];
	const struct rig_member member = {name, "x", 1, 0, 0};
	struct twinfs_package *package;

	memset(name, 'a', 256);
	name[256] = '\0';
	check_fails(&member, 1, -ENAMETOOLONG, "cannot be written");
	memset(name, 'a', 1025);
	name[1025] = '\0';
	check_fails(&member, 1, -EUCLEAN, "more than 1024 bytes");
	for (size_t i = 0; i < 1024; i++)
		name[i] = i % 2 ? '/' : 'd';
	name[1023] = 'f';
	name[1024] = '\0';
	package = make_package(&member, 1);
	ck_assert_int_eq(twinfs_package_unpack(package, "out", NULL), 0);
	twinfs_package_close(package);
}
END_TEST

START_TEST(places_that_cannot_be)
{
	struct twinfs_package *package = make_package(rig_shapes, RIG_SHAPES);
	struct twinfs_error err = {0};

	ck_assert_int_eq(tw_file_write("file", "mine", 4, 0644, 0), 0);
	ck_assert_int_lt(twinfs_package_unpack(package, "file", &err), 0);
	ck_assert_str_eq(err.file, "file");
	check_file("file", "mine");
	ck_assert_int_eq(twinfs_package_unpack(package, "no/out", &err), -ENOENT);
	ck_assert_int_lt(twinfs_package_unpack(package, "", &err), 0);
	ck_assert_int_eq(symlink("elsewhere", "link"), 0);
	ck_assert_int_lt(twinfs_package_unpack(package, "link", &err), 0);
	ck_assert_int_eq(entries(), 2 + 3);
	twinfs_package_close(package);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("unpack");
	Suite *suite = suite_create("unpack");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_test(tcase, every_shape);
	tcase_add_test(tcase, nothing_leads_out);
	tcase_add_test(tcase, names_against_each_other);
	tcase_add_test(tcase, long_names);
	tcase_add_test(tcase, places_that_cannot_be);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
