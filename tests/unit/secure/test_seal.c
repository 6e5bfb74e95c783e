/* SPDX-License-Identifier: MIT */
/*
 * test_seal.c - which key files are taken, and that a seal holds.
 */
#include "rig.h"
#include "secure/record.h"
#include "secure/seal.h"

static void expect_refused(const char *path, int code, const char *text)
{
	struct tw_seal *seal = NULL;
	struct twinfs_error err = {0};

	ck_assert_int_eq(tw_seal_open(path, &seal, &err), code);
	ck_assert_ptr_null(seal);
	ck_assert_int_eq(err.problem, TWINFS_P_SECURE_KEY);
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.file, path);
	ck_assert_msg(strstr(err.text, text), "'%s' lacks '%s'", err.text, text);
}

START_TEST(key_files)
{
	static const mode_t unsafe[] = {0640, 0604, 0610, 0601, 0660, 0777, 0620, 0602};
	struct tw_seal *seal = NULL;
	const char *path = "key", *link = "link";

	rig_key_file(path, 1);
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++) {
		ck_assert_int_eq(chmod(path, unsafe[i]), 0);
		expect_refused(path, -EACCES, "others can read it: chmod 600");
	}
	ck_assert_int_eq(chmod(path, 0400), 0);
	ck_assert_int_eq(tw_seal_open(path, &seal, NULL), 0);
	tw_seal_close(seal);
	ck_assert_int_eq(symlink(path, link), 0);
	expect_refused(link, -EACCES, "symbolic link");
	ck_assert_int_eq(unlink(link), 0);
	ck_assert_int_eq(mkfifo(link, 0600), 0);
	expect_refused(link, -EACCES, "not a regular file");
	ck_assert_int_eq(unlink(link), 0);
	expect_refused(link, -ENOENT, "cannot open");
	expect_refused("/", -EACCES, "not a regular file");
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(truncate(path, 33), 0);
	expect_refused(path, -EBADMSG, "has 33 bytes, expected 32");
	ck_assert_int_eq(truncate(path, 31), 0);
	expect_refused(path, -EBADMSG, "has 31 bytes, expected 32");
	ck_assert_int_eq(truncate(path, 0), 0);
	expect_refused(path, -EBADMSG, "has 0 bytes, expected 32");
	if (geteuid() == 0) {
		ck_assert_int_eq(truncate(path, 32), 0);
		ck_assert_int_eq(chown(path, 12345, (gid_t)-1), 0);
		expect_refused(path, -EACCES, "belongs to user 12345");
	}
}
END_TEST

static struct tw_seal *open_seal(uint8_t fill)
{
	struct tw_seal *seal = NULL;

	rig_key_file("key", fill);
	ck_assert_int_eq(tw_seal_open("key", &seal, NULL), 0);
	ck_assert_int_eq(unlink("key"), 0);
	return seal;
}

START_TEST(every_length)
{
	struct tw_seal *seal = open_seal(1);
	uint8_t fields[TW_RECORD_FIELDS] = {1, 2, 3};
	uint8_t plain[TW_SLOT_MAX], body[TW_BODY_MAX], back[TW_SLOT_MAX];
	static const uint8_t zeros[TW_SLOT_MAX];

	memset(plain, 0x5a, sizeof(plain));
	for (uint32_t len = 0; len <= TW_SLOT_MAX; len++) {
		ck_assert_int_eq(tw_seal_wrap(seal, fields, len ? plain : NULL, len, body), 0);
		if (len >= 8)
			ck_assert_ptr_null(memmem(body, sizeof(body), plain, 8));
		ck_assert_int_eq(tw_seal_unwrap(seal, fields, body, len, back), 0);
		ck_assert_mem_eq(back, plain, len);
		body[0] ^= 1;
		ck_assert_int_eq(tw_seal_unwrap(seal, fields, body, len, back), -EBADMSG);
		ck_assert_mem_eq(back, zeros, len);
		memset(body, 0, sizeof(body));
	}
	tw_seal_close(seal);
}
END_TEST

START_TEST(nothing_else_opens_it)
{
	struct tw_seal *seal = open_seal(1), *stranger = open_seal(2);
	uint8_t fields[TW_RECORD_FIELDS] = {1, 2, 3}, plain[52] = "secret";
	uint8_t body[52 + 28] = {0}, again[52 + 28] = {0}, back[52];

	ck_assert_int_eq(tw_seal_wrap(seal, fields, plain, 52, body), 0);
	ck_assert_int_eq(tw_seal_wrap(seal, fields, plain, 52, again), 0);
	ck_assert_mem_ne(body, again, TW_RECORD_NONCE);
	ck_assert_int_eq(tw_seal_unwrap(stranger, fields, body, 52, back), -EBADMSG);
	for (size_t bit = 0; bit < 8 * sizeof(body); bit++) {
		body[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(tw_seal_unwrap(seal, fields, body, 52, back), -EBADMSG);
		body[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(fields); bit++) {
		fields[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(tw_seal_unwrap(seal, fields, body, 52, back), -EBADMSG);
		fields[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_int_eq(tw_seal_unwrap(seal, fields, body, 52, back), 0);
	ck_assert_mem_eq(back, plain, 52);
	tw_seal_close(seal);
	tw_seal_close(stranger);
	tw_seal_close(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure_seal");
	TCase *tc = tcase_create("seal");

	tcase_add_checked_fixture(tc, tempdir_enter, tempdir_leave);
	tcase_add_test(tc, key_files);
	tcase_add_test(tc, every_length);
	tcase_add_test(tc, nothing_else_opens_it);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
