/* SPDX-License-Identifier: MIT */
/* test_crc.c - check values of both forms of CRC-32. */
#include "base/crc.h"

#include "lib/suite.h"

START_TEST(check_values)
{
	ck_assert_uint_eq(tw_crc32(0, "123456789", 9), 0xcbf43926);
	ck_assert_uint_eq(tw_crc32_raw(0xffffffff, "123456789", 9), 0x340bc6d9);
	ck_assert_uint_eq(tw_crc32(0, "", 0), 0);
}
END_TEST

START_TEST(pieces_give_the_whole)
{
	ck_assert_uint_eq(tw_crc32(tw_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	ck_assert_uint_eq(tw_crc32_raw(tw_crc32_raw(0xffffffff, "1", 1), "23456789", 8),
		0x340bc6d9);
	ck_assert_uint_eq(tw_crc32(0xcbf43926, NULL, 0), 0xcbf43926);
}
END_TEST

/* The library has other code for long pieces, and for the ends that are not aligned. */
START_TEST(every_length_at_every_alignment)
{
	static unsigned char data[1100];
	uint32_t bytewise[64] = {0};

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + i / 251);
	for (unsigned len = 0; len < 1024; len++)
		for (unsigned start = 0; start < 64; start++) {
			ck_assert_uint_eq(tw_crc32(0, data + start, len), bytewise[start]);
			bytewise[start] = tw_crc32(bytewise[start], data + start + len, 1);
		}
}
END_TEST

/* Over content and its stored CRC the register is 0: how a half is judged. */
START_TEST(content_and_crc_give_zero)
{
	static const unsigned char data[] = {
		'1', '2', '3', '4', '5', '6', '7', '8', '9', 0xd9, 0xc6, 0x0b, 0x34};

	ck_assert_uint_eq(tw_crc32_raw(0xffffffff, data, sizeof(data)), 0);
}
END_TEST

RUN_CASES("crc", check_values, pieces_give_the_whole, every_length_at_every_alignment,
	content_and_crc_give_zero)
