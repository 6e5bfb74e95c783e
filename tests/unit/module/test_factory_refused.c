/* SPDX-License-Identifier: MIT */
/*
 * test_factory_refused.c - new modules: what is refused, and that a failure leaves nothing behind.
 */
#include "factory_rig.h"

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

int main(void)
{
	TCase *tcase = factory_case("refused");

	tcase_add_loop_test(tcase, refusals_name_the_reason, 0,
		sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(tcase, names_that_differ_in_case_may_stay_unprotected);
	tcase_add_test(tcase, wrong_profiles_are_refused);
	tcase_add_loop_test(tcase, changing_file_leaves_nothing_behind, 0, 2);
	tcase_add_test(tcase, pair_is_both_or_none);
	tcase_add_test(tcase, no_directory_for_the_target);
	return factory_run(tcase);
}
