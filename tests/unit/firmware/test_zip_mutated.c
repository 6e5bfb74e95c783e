/* SPDX-License-Identifier: MIT */
/*
 * test_zip_mutated.c - archives that are wrong in one byte, or in some, by
 * chance: nothing crashes, hangs or takes more than it may, and what is
 * accepted can be rewritten.
 */
#include "zip_rig.h"

#include <errno.h>

#include "firmware/zip_write.h"
#include "lib/chip.h"
#include "suite.h"

#define LIMIT  (UINT64_C(1) << 20)
#define ROUNDS 60000

/* What was accepted keeps the promises of tw_zip_open(). */
static bool is_sound(const struct tw_zip *zip)
{
	uint64_t total = 0;

	for (size_t i = 0; i < zip->count; i++) {
		const struct tw_zip_member *member = &zip->members[i];

		total += member->size;
		if (member->data + member->packed > member->end || member->end > zip->directory ||
			member->addr >= member->data)
			return false;
	}
	return total <= LIMIT;
}

/* Reads and rewrites what can be; false: a promise is broken. */
static bool survives(const uint8_t *bytes, size_t len, size_t *opened)
{
	const struct tw_zip_change change = {0, NULL, "changed", 7};
	struct tw_text out = {0};
	struct tw_zip zip, again;
	bool is_fine = true;

	if (!tw_zip_open(bytes, len, LIMIT, &zip, NULL)) {
		++*opened;
		is_fine = is_sound(&zip);
		for (size_t i = 0; i < zip.count; i++) {
			char *data;

			if (!tw_zip_read(&zip, &zip.members[i], &data, NULL))
				free(data);
		}
		is_fine &= !tw_zip_rewrite(&zip, &change, zip.count ? 1 : 0, 0, &out, NULL);
		is_fine &= !tw_zip_open((const uint8_t *)out.data, out.len, LIMIT, &again, NULL);
		tw_zip_release(&again);
	}
	tw_zip_release(&zip);
	tw_text_release(&out);
	return is_fine;
}

/* In memory that ends where the archive does, so that a sanitizer sees reads behind it. */
static uint8_t *copy_of(const struct rig *rig)
{
	uint8_t *copy = malloc(rig->archive.len);

	ck_assert_ptr_nonnull(copy);
	return memcpy(copy, rig->archive.data, rig->archive.len);
}

START_TEST(every_byte)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff, 0x08, 0x40};

	for (int wide = 0; wide < 2; wide++) {
		size_t opened = 0, tried = 0;
		uint8_t *copy;
		struct rig rig;

		rig_all_shapes(&rig, wide);
		copy = copy_of(&rig);
		for (size_t at = 0; at < rig.archive.len; at++)
			for (size_t i = 0; i < sizeof(masks); i++) {
				copy[at] ^= masks[i];
				if (!survives(copy, rig.archive.len, &opened))
					ck_abort_msg("byte %zu, mask 0x%02x", at, masks[i]);
				copy[at] ^= masks[i];
				tried++;
			}
		/* flips of data, times and attributes leave an archive; most others do not */
		ck_assert_uint_gt(opened, tried / 10);
		ck_assert_uint_lt(opened, tried * 9 / 10);
		free(copy);
		rig_release(&rig);
	}
}
END_TEST

/* Some bytes anywhere, some values that sizes and counts do not like. */
static void mutate(uint8_t *bytes, size_t len, uint64_t *seed)
{
	static const uint32_t values[] = {0, 1, 0xff, 0xffff, 0xfffffffe, 0xffffffff, 0x7fffffff};
	unsigned changes = 1 + (unsigned)(test_random(seed) % 4);

	while (changes--) {
		size_t at = test_random(seed) % (len - 4);

		if (test_random(seed) % 2)
			bytes[at] = (uint8_t)test_random(seed);
		else
			tw_put_le32(bytes + at, values[test_random(seed) % 7]);
	}
}

START_TEST(by_chance)
{
	uint64_t first = test_seed(20261127), seed = first;
	size_t opened = 0;
	struct rig rig;

	rig_all_shapes(&rig, true);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t *copy = copy_of(&rig);
		size_t len = rig.archive.len;

		if (test_random(&seed) % 8 == 0)
			len -= test_random(&seed) % (len / 2);
		mutate(copy, len, &seed);
		if (!survives(copy, len, &opened))
			ck_abort_msg("round %u of seed %llu", round, (unsigned long long)first);
		free(copy);
	}
	ck_assert_uint_gt(opened, 0);
	rig_release(&rig);
}
END_TEST

RUN_CASES("zip_mutated", every_byte, by_chance)
