/* SPDX-License-Identifier: MIT */
/*
 * test_record.c - records and unit headers: bytes, ranges, and every flipped bit.
 */
#include "rig.h"
#include "base/bytes.h"
#include "base/crc.h"
#include "secure/record.h"

static uint32_t make_record(uint8_t *bytes, struct tw_record record)
{
	tw_record_put_head(bytes, &record);
	for (uint32_t i = 0; i < tw_record_body_size(&record); i++)
		bytes[TW_RECORD_HEAD + i] = (uint8_t)(7 * i + 1);
	tw_record_put_tail(bytes, &record);
	return tw_record_size(&record);
}

START_TEST(capacities)
{
	static const uint32_t expected[SLOTS + 2] = {
		0, 52, 52, 52, 52, 52, 52, 52, 52, 100, 100, 100, 100, 500, 500, 1000, 1000, 0};
	uint32_t sum = 0;

	for (int i = 0; i < SLOTS + 2; i++) {
		ck_assert_uint_eq(twinfs_secure_capacity(i), expected[i]);
		sum += expected[i];
	}
	ck_assert_uint_eq(sum, 3816);
	ck_assert_uint_eq(twinfs_secure_capacity(-1), 0);
	ck_assert_uint_eq(twinfs_secure_capacity(INT64_MIN), 0);
	ck_assert_uint_eq(twinfs_secure_capacity(INT64_C(0x100000001)), 0);
}
END_TEST

/* The example of docs/formats/securedata.md. */
START_TEST(bytes_as_documented)
{
	static const uint8_t unit[] = {
		0x54,
		0x64,
		0x53,
		0x55,
		0x01,
		0x00,
		0x0c,
		0x04,
		0x07,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0xe6,
		0x71,
		0xee,
		0xa1,
	};
	static const uint8_t record[] = {
		0x54,
		0x64,
		0x53,
		0x52,
		0x03,
		0x00,
		0x05,
		0x00,
		0x2a,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x60,
		0xe4,
		0x2c,
		0xf3,
		0x68,
		0x65,
		0x6c,
		0x6c,
		0x6f,
		0x5e,
		0x0a,
		0xf9,
		0xf8,
	};
	uint8_t bytes[TW_RECORD_MAX];
	struct tw_record it = {.slot = 3, .length = 5, .generation = 42};

	tw_unit_head_put(bytes, &(struct tw_unit_head){1, 4096, 16, 7});
	ck_assert_mem_eq(bytes, unit, sizeof(unit));
	tw_record_put_head(bytes, &it);
	memcpy(bytes + TW_RECORD_HEAD, "hello", 5);
	tw_record_put_tail(bytes, &it);
	ck_assert_mem_eq(bytes, record, sizeof(record));
}
END_TEST

START_TEST(every_length_comes_back)
{
	uint8_t bytes[TW_RECORD_MAX];

	for (unsigned slot = 1; slot <= SLOTS; slot++) {
		for (uint32_t length = 0; length <= twinfs_secure_capacity(slot); length += 4) {
			struct tw_record in = {slot, length & 4, length, UINT64_MAX - length}, out;
			uint32_t size = make_record(bytes, in);

			ck_assert_int_eq(tw_record_decode(bytes, size, &out), 0);
			ck_assert_uint_eq(out.slot, in.slot);
			ck_assert_uint_eq(out.sealed, in.sealed);
			ck_assert_uint_eq(out.length, in.length);
			ck_assert_uint_eq(out.generation, in.generation);
			ck_assert_int_eq(tw_record_decode(bytes, size - 1, &out), -EUCLEAN);
		}
	}
}
END_TEST

START_TEST(every_flipped_bit_is_seen)
{
	uint8_t bytes[TW_RECORD_MAX];
	struct tw_record out;
	uint32_t size = make_record(bytes, (struct tw_record){9, true, 100, 5});

	for (uint32_t bit = 0; bit < 8 * size; bit++) {
		int expected = bit < 8 * TW_RECORD_HEAD ? -EUCLEAN : -EBADMSG;

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(tw_record_decode(bytes, size, &out), expected);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_int_eq(tw_record_decode(bytes, size, &out), 0);
}
END_TEST

/* A right head on another right body of the same size must not pass. */
START_TEST(head_and_body_belong_together)
{
	uint8_t one[TW_RECORD_MAX], two[TW_RECORD_MAX];
	struct tw_record out;
	uint32_t size = make_record(one, (struct tw_record){1, false, 20, 5});

	(void)make_record(two, (struct tw_record){2, false, 20, 6});
	memcpy(two, one, TW_RECORD_HEAD);
	ck_assert_int_eq(tw_record_decode(two, size, &out), -EBADMSG);
}
END_TEST

/* Fields out of range behind a right CRC: what a hostile image would hold. */
START_TEST(fields_out_of_range)
{
	static const struct {
		struct tw_record record;
		uint8_t flags;
	} cases[] = {
		{{0, false, 1, 1}, 0},
		{{17, false, 1, 1}, 0},
		{{255, false, 1, 1}, 0},
		{{1, false, 53, 1}, 0},
		{{16, false, 1001, 1}, 0},
		{{16, false, 0xffff, 1}, 0},
		{{1, false, 1, 0}, 0},
		{{1, false, 1, 1}, 2},
		{{1, true, 1, 1}, 0x80},
	};
	uint32_t room = 0x10100; /* so that no length fails for lack of it */
	uint8_t *bytes = calloc(1, room);
	struct tw_record out;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tw_record record = cases[i].record;

		tw_record_put_head(bytes, &record);
		bytes[5] |= cases[i].flags;
		tw_put_le32(bytes + 16, tw_crc32(0, bytes, TW_RECORD_FIELDS));
		tw_record_put_tail(bytes, &record);
		ck_assert_int_eq(tw_record_decode(bytes, room, &out), -EUCLEAN);
	}
	free(bytes);
}
END_TEST

START_TEST(unit_headers)
{
	uint8_t bytes[TW_UNIT_HEAD];
	struct tw_unit_head out;

	tw_unit_head_put(bytes, &(struct tw_unit_head){1, 65536, 256, UINT64_MAX});
	ck_assert_int_eq(tw_unit_head_decode(bytes, &out), 0);
	ck_assert_uint_eq(out.unit_size, 65536);
	ck_assert_uint_eq(out.align, 256);
	ck_assert_uint_eq(out.sequence, UINT64_MAX);
	for (uint32_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(tw_unit_head_decode(bytes, &out), bit < 32 ? -EUCLEAN : -EBADMSG);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	tw_unit_head_put(bytes, &(struct tw_unit_head){1, 4096, 8192, 1});
	ck_assert_int_eq(tw_unit_head_decode(bytes, &out), -EUCLEAN);
	tw_unit_head_put(bytes, &(struct tw_unit_head){1, 4096, 8, 1});
	ck_assert_int_eq(tw_unit_head_decode(bytes, &out), -EUCLEAN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure_record");
	TCase *tc = tcase_create("record");

	tcase_add_test(tc, capacities);
	tcase_add_test(tc, bytes_as_documented);
	tcase_add_test(tc, every_length_comes_back);
	tcase_add_test(tc, every_flipped_bit_is_seen);
	tcase_add_test(tc, head_and_body_belong_together);
	tcase_add_test(tc, fields_out_of_range);
	tcase_add_test(tc, unit_headers);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
