/* SPDX-License-Identifier: MIT */
/*
 * test_hash.c - the device's CRC and SHA-256 on known vectors, whole and in pieces.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "module/hash.h"

static void hash_text(enum tw_hash_kind kind, const void *data, size_t len, size_t piece,
	char text[TW_HASH_TEXT_SIZE])
{
	struct tw_hash hash = {0};

	ck_assert_int_eq(tw_hash_init(&hash, kind), 0);
	for (size_t off = 0; off < len; off += piece)
		ck_assert_int_eq(tw_hash_update(&hash, (const char *)data + off,
					 len - off < piece ? len - off : piece),
			0);
	ck_assert_int_eq(tw_hash_text(&hash, text), 0);
	tw_hash_release(&hash);
	tw_hash_release(&hash);
}

static void expect_crc(const void *data, size_t len, const char *expected)
{
	static const size_t pieces[] = {1, 7, 4096, 1u << 20};
	char text[TW_HASH_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		hash_text(TW_HASH_CRC32, data, len, pieces[i], text);
		ck_assert_str_eq(text, expected);
	}
}

START_TEST(device_crc_of_known_vectors)
{
	static const struct {
		const char *data, *text;
	} vectors[] = {
		{"", "0xffffffff"},
		{"a", "0xc54aae31"},
		{"123456789", "0xd202d277"},
		{"12345678", "0x3dfa39"},
		{"hello world", "0x99325f96"},
		{"\xff", "0xd2fd1072"},
		{"261", "0xd25f4e"},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		expect_crc(vectors[i].data, strlen(vectors[i].data), vectors[i].text);
}
END_TEST

START_TEST(device_crc_is_blind_to_leading_zeros)
{
	static const size_t sizes[] = {1, 10, 4095, 4096, 4097, 8192};
	char zeros[8192] = {0}, name[] = "\0\0\0hello world";

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		expect_crc(zeros, sizes[i], "0xffffffff");
	expect_crc(name, sizeof(name) - 1, "0x99325f96");
}
END_TEST

START_TEST(device_crc_of_ten_thousand_bytes)
{
	static unsigned char data[10000], zeros[10000];
	uint32_t crc;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)i;
	expect_crc(data, sizeof(data), "0x633bf12d");
	/* From the ordinary CRC of the same bytes. */
	crc = tw_crc32(0, data, sizeof(data));
	ck_assert_uint_eq(crc, 0xd1ffc4fc);
	ck_assert_uint_eq(twinfs_device_crc(TWINFS_DEVICE_CRC_INIT, data, sizeof(data)),
		crc ^ tw_crc32(0, zeros, sizeof(zeros)) ^ 0xffffffff);
}
END_TEST

START_TEST(crc_text_has_no_padding)
{
	char text[TW_HASH_TEXT_SIZE];

	tw_hash_crc_text(0, text);
	ck_assert_str_eq(text, "0x0");
	tw_hash_crc_text(0xABC, text);
	ck_assert_str_eq(text, "0xabc");
}
END_TEST

START_TEST(sha256_of_known_vectors)
{
	char text[TW_HASH_TEXT_SIZE];

	hash_text(TW_HASH_SHA256, "abc", 3, 2, text);
	ck_assert_str_eq(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_text(TW_HASH_SHA256, "", 0, 1, text);
	ck_assert_str_eq(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("hash");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, device_crc_of_known_vectors);
	tcase_add_test(tcase, device_crc_is_blind_to_leading_zeros);
	tcase_add_test(tcase, device_crc_of_ten_thousand_bytes);
	tcase_add_test(tcase, crc_text_has_no_padding);
	tcase_add_test(tcase, sha256_of_known_vectors);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
