/* SPDX-License-Identifier: MIT */
/* test_ctz.c - where in a CTZ list a byte is. */
#include "lfs/ctz.h"

#include "lib/suite.h"

START_TEST(table_of_the_guide)
{
	static const struct {
		uint32_t off, index, in_block;
	} rows[] = {{0, 0, 0}, {4095, 0, 4095}, {4096, 1, 4}, {8187, 1, 4095}, {8188, 2, 8},
		{8189, 2, 9}, {12276, 3, 4}, {100000, 24, 1880}, {5242879, 1282, 2051},
		{5242880, 1282, 2052}, {2147483647, 525313, 4091}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t in_block, index = tw_ctz_locate(4096, rows[i].off, &in_block);

		ck_assert_uint_eq(index, rows[i].index);
		ck_assert_uint_eq(in_block, rows[i].in_block);
	}
}
END_TEST

/* Byte by byte: blocks are filled without gap, header, data, header, data. */
START_TEST(no_byte_is_lost)
{
	for (uint32_t block_size = 128; block_size <= 4096; block_size *= 2) {
		uint32_t index = 0, in_block = 0;

		for (uint32_t off = 0; off < 300000; off++) {
			uint32_t got, at = tw_ctz_locate(block_size, off, &got);

			ck_assert_msg(at == index && got == in_block, "block size %u, offset %u",
				block_size, off);
			if (++in_block == block_size) {
				in_block = tw_ctz_header(++index);
				ck_assert_uint_eq(tw_ctz_start(block_size, index), off + 1);
			}
		}
	}
}
END_TEST

START_TEST(blocks_of_a_size)
{
	ck_assert_uint_eq(tw_ctz_blocks(4096, 0), 0);
	ck_assert_uint_eq(tw_ctz_blocks(4096, 1), 1);
	ck_assert_uint_eq(tw_ctz_blocks(4096, 4096), 1);
	ck_assert_uint_eq(tw_ctz_blocks(4096, 4097), 2);
	ck_assert_uint_eq(tw_ctz_blocks(4096, 8188), 2);
	ck_assert_uint_eq(tw_ctz_blocks(4096, 8189), 3);
}
END_TEST

START_TEST(header_holds_the_powers_of_two)
{
	uint32_t blocks[9] = {100, 101, 102, 103, 104, 105, 106, 107, 108};
	uint8_t bytes[64];

	ck_assert_uint_eq(tw_ctz_put_header(blocks, 0, bytes), 0);
	ck_assert_uint_eq(tw_ctz_put_header(blocks, 3, bytes), 4);
	ck_assert_uint_eq(bytes[0], 102);
	ck_assert_uint_eq(tw_ctz_put_header(blocks, 8, bytes), 16);
	ck_assert_uint_eq(bytes[0], 107);
	ck_assert_uint_eq(bytes[4], 106);
	ck_assert_uint_eq(bytes[8], 104);
	ck_assert_uint_eq(bytes[12], 100);
}
END_TEST

RUN_CASES("ctz", table_of_the_guide, no_byte_is_lost, blocks_of_a_size,
	header_holds_the_powers_of_two)
