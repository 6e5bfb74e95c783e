/* SPDX-License-Identifier: MIT */
/* test_dirty.c - unsynced content against a plain array, with random changes. */
#include "lfs/dirty.h"

#include <errno.h>
#include <string.h>

#include "lib/chip.h"
#include "lib/suite.h"

enum {
	OLD = 20000,
	MOST = 40000,
};

static int old_content(void *ctx, uint32_t off, uint8_t *buf, uint32_t len)
{
	const uint8_t *old = ctx;

	ck_assert_uint_le(off + len, OLD);
	memcpy(buf, old + off, len);
	return 0;
}

static void compare(struct tw_dirty *dirty, const uint8_t *plain, uint32_t size, uint8_t *old)
{
	static uint8_t got[MOST];

	ck_assert_uint_eq(dirty->size, size);
	ck_assert_int_eq(tw_dirty_read(dirty, 0, got, size, old_content, old), 0);
	ck_assert_mem_eq(got, plain, size);
	ck_assert_uint_le(dirty->keep, size);
	ck_assert_mem_eq(old, plain, dirty->keep);
}

START_TEST(random_changes)
{
	static uint8_t old[OLD], plain[MOST], data[5000];
	uint64_t random = test_seed(1);

	for (unsigned round = 0; round < 50; round++) {
		struct tw_dirty *dirty = tw_dirty_new(OLD);
		uint32_t size = OLD;

		ck_assert_ptr_nonnull(dirty);
		for (unsigned i = 0; i < OLD; i++)
			old[i] = (uint8_t)test_random(&random);
		memset(plain, 0, sizeof(plain));
		memcpy(plain, old, OLD);
		ck_assert(!tw_dirty_is_change(dirty, OLD));
		for (unsigned i = 0; i < 40; i++) {
			uint32_t off = (uint32_t)(test_random(&random) % (MOST - sizeof(data)));
			uint32_t len = (uint32_t)(test_random(&random) % sizeof(data));

			if (test_random(&random) % 3 == 0) {
				tw_dirty_truncate(dirty, off);
				if (off < size)
					memset(plain + off, 0, sizeof(plain) - off);
				size = off;
			} else {
				memset(data, (int)test_random(&random), len);
				ck_assert_int_eq(tw_dirty_write(dirty, off, data, len, old_content,
							 old),
					0);
				memcpy(plain + off, data, len);
				if (len && off + len > size)
					size = off + len;
			}
			compare(dirty, plain, size, old);
		}
		tw_dirty_free(dirty);
	}
}
END_TEST

START_TEST(cutting_off_and_growing_again_is_a_change)
{
	struct tw_dirty *dirty = tw_dirty_new(100);

	tw_dirty_truncate(dirty, 99);
	tw_dirty_truncate(dirty, 100);
	ck_assert(tw_dirty_is_change(dirty, 100));
	ck_assert_uint_eq(dirty->keep, 99);
	tw_dirty_free(dirty);
	dirty = tw_dirty_new(100);
	tw_dirty_truncate(dirty, 100);
	ck_assert(!tw_dirty_is_change(dirty, 100));
	tw_dirty_free(dirty);
}
END_TEST

static int broken(void *ctx, uint32_t off, uint8_t *buf, uint32_t len)
{
	(void)ctx;
	(void)off;
	(void)buf;
	(void)len;
	return -EUCLEAN;
}

START_TEST(a_failed_write_changes_nothing)
{
	struct tw_dirty *dirty = tw_dirty_new(10000);

	ck_assert_int_eq(tw_dirty_write(dirty, 4000, "x", 1, broken, NULL), -EUCLEAN);
	ck_assert(!tw_dirty_is_change(dirty, 10000));
	tw_dirty_free(dirty);
}
END_TEST

RUN_CASES("dirty", random_changes, cutting_off_and_growing_again_is_a_change,
	a_failed_write_changes_nothing)
