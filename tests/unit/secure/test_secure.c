/* SPDX-License-Identifier: MIT */
/*
 * test_secure.c - the slots as an application sees them: codes, lengths,
 * persistence, keys, and what open refuses.
 */
#include "base/bytes.h"
#include "base/crc.h"
#include "rig.h"
#include "secure/record.h"

#include <pthread.h>

START_TEST(codes)
{
	static const struct {
		int64_t index, len;
		int store, read;
	} cases[] = {
		{0, 1, -1, -1},
		{17, 1, -1, -1},
		{-1, 1, -1, -1},
		{INT64_MAX, 1, -1, -1},
		{INT64_MIN, 1, -1, -1},
		{INT64_C(1) << 32 | 1, 1, -1, -1},
		{1, -1, -1, -1},
		{1, INT64_MIN, -1, -1},
		{1, 53, -1, -2},
		{8, 53, -1, -2},
		{9, 101, -1, -2},
		{13, 501, -1, -2},
		{16, 1001, -1, -2},
		{1, INT64_MAX, -1, -2},
		{1, 52, 0, 52},
		{8, 52, 0, 52},
		{9, 100, 0, 100},
		{12, 100, 0, 100},
		{13, 500, 0, 500},
		{14, 500, 0, 500},
		{15, 1000, 0, 1000},
		{16, 1000, 0, 1000},
		{2, 0, 0, 0},
		{3, 1, 0, 1},
	};
	uint8_t data[1001] = {1}, got[1001];
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t index = cases[i].index, len = cases[i].len;

		ck_assert_int_eq(twinfs_secure_store(rig.secure, index, data, len), cases[i].store);
		ck_assert_int_eq(twinfs_secure_read(rig.secure, index, got, len), cases[i].read);
	}
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 4, NULL, 1), -1);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 4, NULL, 0), 0);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 4, NULL, 0), 0);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, NULL, 1), -1);
	rig_down(&rig);
}
END_TEST

struct seen_places {
	unsigned count;
	uint64_t addr[4], len[4];
};

static int see_place(void *ctx, uint64_t addr, uint64_t len)
{
	struct seen_places *seen = ctx;

	ck_assert_uint_lt(seen->count, 4);
	seen->addr[seen->count] = addr;
	seen->len[seen->count++] = len;
	return seen->count == 3 ? 7 : 0;
}

/* The newest record of a slot, in both regions, and what is told ends when it is told so. */
START_TEST(slots_can_be_found_on_the_chip)
{
	struct seen_places seen = {0};
	const struct twinfs_secure_places places = {see_place, &seen};
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	ck_assert_int_eq(twinfs_secure_find(rig.flash, 0, rig.size, 3, &places), -ENOENT);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 3, "outdated", 8), 0);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 3, "newest", 6), 0);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 4, "another", 7), 0);
	ck_assert_int_eq(twinfs_secure_find(rig.flash, 0, rig.size, 3, &places), 0);
	ck_assert_uint_eq(seen.count, 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_mem_eq(rig.bytes + seen.addr[i] + TW_RECORD_HEAD, "newest", 6);
		ck_assert_uint_eq(seen.len[i], TW_RECORD_HEAD + 6 + TW_RECORD_TAIL);
	}
	ck_assert_uint_lt(seen.addr[0], rig.size / 2);
	ck_assert_uint_ge(seen.addr[1], rig.size / 2);
	ck_assert_int_eq(twinfs_secure_find(rig.flash, 0, rig.size, 4, &places), 7);
	ck_assert_uint_eq(seen.count, 3);
	rig_down(&rig);
}
END_TEST

START_TEST(read_copies_the_smaller_length)
{
	uint8_t got[60];
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "a\0cdefgh", 8), 0);
	memset(got, '.', sizeof(got));
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 3), 3);
	ck_assert_mem_eq(got, "a\0c.....", 8);
	memset(got, '.', sizeof(got));
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 60), 8);
	ck_assert_mem_eq(got, "a\0cdefgh....", 12);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "xy", 2), 0);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 60), 2);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "z", 53), -1);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 60), 2);
	ck_assert_mem_eq(got, "xycdef", 6);
	rig_down(&rig);
}
END_TEST

START_TEST(list_and_persistence)
{
	struct twinfs_secure_slot slots[SLOTS];
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 3, 10, 1);
	rig_store(&rig, &model, 16, 1000, 2);
	rig_store(&rig, &model, 3, 0, 3);
	for (unsigned round = 0; round < 2; round++) {
		twinfs_secure_list(rig.secure, slots);
		for (unsigned i = 0; i < SLOTS; i++) {
			ck_assert_uint_eq(slots[i].index, i + 1);
			ck_assert_uint_eq(slots[i].capacity, twinfs_secure_capacity(i + 1));
			ck_assert_int_eq(slots[i].stored, i == 2 || i == 15);
			ck_assert_uint_eq(slots[i].length, i == 15 ? 1000 : 0);
			ck_assert_uint_eq(slots[i].generation, i == 2 ? 3 : i == 15 ? 2 : 0);
		}
		rig_verify(&rig, &model);
		rig_open(&rig, NULL);
	}
	rig_down(&rig);
}
END_TEST

static void fill(struct rig *rig, int pattern)
{
	uint64_t random = 7;

	for (uint64_t i = 0; i < rig->size; i++)
		rig->bytes[i] = pattern < 256 ? (uint8_t)pattern : (uint8_t)rig_random(&random);
}

/* Nothing but a store writes; whatever was there before is an empty area. */
START_TEST(foreign_areas_are_empty)
{
	static const int patterns[] = {0xff, 0x00, 0x55, 256};
	struct model model;
	struct rig rig;
	uint8_t *before;

	rig_up(&rig, plain_shape);
	before = malloc(rig.size);
	fill(&rig, patterns[_i]);
	memcpy(before, rig.bytes, rig.size);
	model_clear(&model);
	for (unsigned round = 0; round < 2; round++) {
		rig_open(&rig, NULL);
		rig_verify(&rig, &model);
		ck_assert_int_eq(rig_check(&rig), 0);
		ck_assert_mem_eq(before, rig.bytes, rig.size);
	}
	for (int i = 0; i < 100; i++) {
		rig_store(&rig, &model, 1 + i % SLOTS, 40, (uint64_t)i);
		memcpy(before, rig.bytes, rig.size);
		rig_open(&rig, NULL);
		rig_verify(&rig, &model);
		ck_assert_int_eq(rig_check(&rig), 0);
		ck_assert_mem_eq(before, rig.bytes, rig.size);
	}
	free(before);
	rig_down(&rig);
}
END_TEST

START_TEST(areas_that_do_not_fit)
{
	static const struct {
		uint32_t erase_size, prog_size;
		uint64_t addr, size;
		const char *text;
	} cases[] = {
		{4096, 1, 1, 24576, "not two regions"},
		{4096, 1, 0, 24577, "not two regions"},
		{4096, 1, 0, 28672, "not two regions"},
		{4096, 1, 0, 0, "16 slots need 24576"},
		{4096, 1, 0, 16384, "16 slots need 24576"},
		{4096, 256, 0, 24576, "need 32768"},
		{4096, 1, 8192, 24576, "ends behind the chip"},
		{4096, 1, 0, UINT64_MAX - 8191, "ends behind the chip"},
		{4096, 1, UINT64_MAX - 4095, 8192, "ends behind the chip"},
		{4096, 4096, 0, 24576, "cannot hold"},
		{1024, 1, 0, 24576, "cannot hold"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct twinfs_flash_config config = {
			.geometry = {1, cases[i].prog_size, cases[i].erase_size},
		};
		struct twinfs_secure *secure = NULL;
		struct twinfs_error err = {0};
		struct twinfs_image *image;
		struct twinfs_flash *flash;

		ck_assert_int_eq(twinfs_image_memory(28672, &image), 0);
		ck_assert_int_eq(twinfs_flash_new(image, &config, &flash, NULL), 0);
		ck_assert_int_eq(twinfs_secure_open(flash, cases[i].addr, cases[i].size, NULL,
					 &secure, &err),
			-EINVAL);
		ck_assert_ptr_null(secure);
		ck_assert_int_eq(err.problem, TWINFS_P_SECURE_LAYOUT);
		ck_assert_msg(strstr(err.text, cases[i].text), "'%s'", err.text);
		twinfs_flash_free(flash);
		twinfs_image_close(image);
	}
}
END_TEST

/* A format that we do not know is data, not an empty area: it must not be written over. */
START_TEST(newer_or_other_geometry)
{
	struct twinfs_error err = {0};
	struct rig rig;

	rig_up(&rig, plain_shape);
	tw_unit_head_put(rig.bytes + 20480, &(struct tw_unit_head){2, 4096, 16, 1});
	ck_assert_int_eq(rig_try_open(&rig, NULL, &err), -ENOTSUP);
	ck_assert_msg(strstr(err.text, "newer format"), "'%s'", err.text);
	tw_unit_head_put(rig.bytes + 20480, &(struct tw_unit_head){1, 8192, 16, 1});
	ck_assert_int_eq(rig_try_open(&rig, NULL, &err), -EUCLEAN);
	ck_assert_msg(strstr(err.text, "erase units of 4096"), "'%s'", err.text);
	ck_assert_int_eq(err.problem, TWINFS_P_SECURE_LAYOUT);
	twinfs_flash_set_power(rig.flash, false);
	ck_assert_int_eq(rig_try_open(&rig, NULL, &err), -ESHUTDOWN);
	rig_down(&rig);
}
END_TEST

/* Writes an area of one unit with one unsealed record: what an older or hostile tool would. */
static void put_record(struct rig *rig, uint64_t sequence, unsigned slot, uint64_t generation,
	const char *text)
{
	struct tw_record record = {slot, false, (uint32_t)strlen(text), generation};
	uint8_t *unit = rig->bytes + 4096 * sequence;

	memset(unit, 0xff, 4096);
	tw_unit_head_put(unit, &(struct tw_unit_head){1, 4096, 16, sequence});
	tw_record_put_head(unit + 32, &record);
	memcpy(unit + 32 + TW_RECORD_HEAD, text, record.length);
	tw_record_put_tail(unit + 32, &record);
}

START_TEST(counters_at_their_end)
{
	uint8_t got[8];
	struct rig rig;

	rig_up(&rig, plain_shape);
	put_record(&rig, 0, 1, UINT64_MAX - 2, "old");
	rig_open(&rig, NULL);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 8), 3);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "new", 3), 0);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 2, "last", 4), 0);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "none", 4), -1);
	rig_open(&rig, NULL);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "none", 4), -1);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 8), 3);
	ck_assert_mem_eq(got, "new", 3);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 2, got, 8), 4);
	rig_down(&rig);
}
END_TEST

/* The primary cannot open a unit any more: its last one fills, then the mirror serves alone. */
START_TEST(sequence_at_its_end)
{
	struct model model;
	struct rig rig;

	rig_up(&rig, plain_shape);
	tw_unit_head_put(rig.bytes, &(struct tw_unit_head){1, 4096, 16, UINT64_MAX});
	rig_open(&rig, NULL);
	model_clear(&model);
	for (int i = 0; i < 100; i++) {
		rig_store(&rig, &model, 15 + i % 2, 1000, (uint64_t)i);
		rig_verify(&rig, &model);
	}
	rig_open(&rig, NULL);
	rig_verify(&rig, &model);
	ck_assert_int_eq(rig_check(&rig), 1);
	rig_down(&rig);
}
END_TEST

/* Content that looks like a record must not become one when the real one is torn. */
START_TEST(record_within_content)
{
	struct tw_record inner = {2, false, 4, 1000};
	uint8_t data[1000] = {0}, got[52];
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 2, "good", 4), 0);
	for (unsigned at = 0; at + 32 <= sizeof(data); at += 4) {
		memset(data, 0, sizeof(data));
		tw_record_put_head(data + at, &inner);
		memcpy(data + at + TW_RECORD_HEAD, "evil", 4);
		tw_record_put_tail(data + at, &inner);
		ck_assert_int_eq(twinfs_secure_store(rig.secure, 16, data, sizeof(data)), 0);
	}
	/* Break every head and every body of slot 16. */
	for (unsigned round = 0; round < 2; round++) {
		for (uint64_t i = 0; i + 24 < rig.size; i += 16)
			if (!memcmp(rig.bytes + i, "TdSR\x10", 5))
				rig.bytes[i + (round ? 5 : 100)] ^= 1;
		rig_open(&rig, NULL);
		ck_assert_int_eq(twinfs_secure_read(rig.secure, 2, got, 52), 4);
		ck_assert_mem_eq(got, "good", 4);
		ck_assert_int_gt(rig_check(&rig), 0);
	}
	rig_down(&rig);
}
END_TEST

START_TEST(sealed_areas)
{
	struct twinfs_error err = {0};
	struct model model;
	struct rig rig;

	rig_key_file("key", 1);
	rig_key_file("other_key", 2);
	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	rig_store(&rig, &model, 2, 52, 2);
	rig_open(&rig, "other_key"); /* nothing is sealed: any key will do */
	rig_open(&rig, "key");
	rig_verify(&rig, &model);
	ck_assert_ptr_nonnull(memmem(rig.bytes, rig.size, model_at(&model, 1), 52));
	rig_store(&rig, &model, 3, 52, 3);
	rig_store(&rig, &model, 2, 51, 4);
	rig_verify(&rig, &model);
	ck_assert_ptr_null(memmem(rig.bytes, rig.size, model_at(&model, 3), 8));
	ck_assert_int_eq(rig_try_open(&rig, "other_key", &err), -EBADMSG);
	ck_assert_str_eq(err.file, "other_key");
	ck_assert_int_eq(err.problem, TWINFS_P_SECURE_KEY);
	ck_assert_msg(strstr(err.text, "none of 4 sealed"), "'%s'", err.text);
	ck_assert_int_eq(rig_try_open(&rig, NULL, &err), -EACCES);
	ck_assert_msg(strstr(err.text, "key file is needed"), "'%s'", err.text);
	ck_assert_int_eq(rig_try_open(&rig, "/nonexistent/key", &err), -ENOENT);
	rig_open(&rig, "key");
	rig_verify(&rig, &model);
	ck_assert_int_eq(rig_check(&rig), 0);
	rig_down(&rig);
}
END_TEST

/* Sealed records changed by somebody who knows the format, but not the key. */
START_TEST(forged_records)
{
	struct model model;
	struct rig rig;
	int forged = 0;

	rig_key_file("key", 1);
	rig_up(&rig, (struct rig_shape){4096, 1, 4});
	rig_open(&rig, "key");
	model_clear(&model);
	rig_store(&rig, &model, 1, 52, 1);
	rig_store(&rig, &model, 2, 52, 2);
	rig_open(&rig, "key");
	/* A record without a seal, newer than all. */
	put_record(&rig, 2, 1, 100, "forged");
	rig_open(&rig, "key");
	rig_verify(&rig, &model);
	ck_assert_int_eq(rig_check(&rig), 1);
	/* The sealed record of slot 2 as one of slot 1: right CRC, wrong tag. */
	for (uint64_t i = 0; i < rig.size - 100; i += 16) {
		uint32_t crc;

		if (memcmp(rig.bytes + i, "TdSR\x02", 5))
			continue;
		rig.bytes[i + 4] = 1;
		crc = tw_crc32(0, rig.bytes + i, TW_RECORD_FIELDS);
		tw_put_le32(rig.bytes + i + 16, crc);
		tw_put_le32(rig.bytes + i + 100, tw_crc32(crc, rig.bytes + i + 20, 80));
		forged++;
	}
	ck_assert_int_eq(forged, 2);
	rig_open(&rig, "key");
	model.length[2] = -1;
	rig_verify(&rig, &model);
	ck_assert_int_eq(rig_check(&rig), 3);
	rig_store(&rig, &model, 2, 20, 3);
	rig_verify(&rig, &model);
	rig_down(&rig);
}
END_TEST

START_TEST(read_only_image)
{
	struct twinfs_flash_config config = {.geometry = {1, 1, 4096}};
	const char *paths[] = {"area"};
	uint8_t got[4];
	struct rig rig;
	int fd = open("area", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	rig_up(&rig, plain_shape);
	put_record(&rig, 0, 1, 1, "text");
	ck_assert_int_eq(write(fd, rig.bytes, rig.size), (ssize_t)rig.size);
	ck_assert_int_eq(close(fd), 0);
	rig_down(&rig);
	rig = (struct rig){.size = 24576};
	ck_assert_int_eq(twinfs_image_open(paths, 1, 0, &rig.image, NULL), 0);
	ck_assert_int_eq(twinfs_flash_new(rig.image, &config, &rig.flash, NULL), 0);
	rig_open(&rig, NULL);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "next", 4), -1);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, got, 4), 4);
	ck_assert_mem_eq(got, "text", 4);
	rig_down(&rig);
}
END_TEST

static void *hammer(void *ctx)
{
	struct rig *rig = ctx;
	uint8_t data[52], got[52];

	for (int i = 0; i < 300; i++) {
		memset(data, i, sizeof(data));
		if (twinfs_secure_store(rig->secure, 1 + i % 2, data, sizeof(data)))
			return rig;
		if (twinfs_secure_read(rig->secure, 1 + i % 2, got, sizeof(got)) != sizeof(got))
			return rig;
		for (size_t k = 1; k < sizeof(got); k++)
			if (got[k] != got[0])
				return rig;
	}
	return NULL;
}

START_TEST(stores_at_once)
{
	pthread_t threads[4];
	struct twinfs_secure_slot slots[SLOTS];
	struct rig rig;

	rig_up(&rig, plain_shape);
	rig_open(&rig, NULL);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, &rig), 0);
	for (int i = 0; i < 4; i++) {
		void *failed;

		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
	twinfs_secure_list(rig.secure, slots);
	ck_assert_uint_eq(slots[0].generation > slots[1].generation ? slots[0].generation
								    : slots[1].generation,
		1200);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure");
	TCase *tc = tcase_create("slots");

	tcase_add_checked_fixture(tc, tempdir_enter, tempdir_leave);
	tcase_add_test(tc, codes);
	tcase_add_test(tc, read_copies_the_smaller_length);
	tcase_add_test(tc, slots_can_be_found_on_the_chip);
	tcase_add_test(tc, list_and_persistence);
	tcase_add_loop_test(tc, foreign_areas_are_empty, 0, 4);
	tcase_add_test(tc, areas_that_do_not_fit);
	tcase_add_test(tc, newer_or_other_geometry);
	tcase_add_test(tc, counters_at_their_end);
	tcase_add_test(tc, sequence_at_its_end);
	tcase_add_test(tc, record_within_content);
	tcase_add_test(tc, sealed_areas);
	tcase_add_test(tc, forged_records);
	tcase_add_test(tc, read_only_image);
	tcase_add_test(tc, stores_at_once);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
