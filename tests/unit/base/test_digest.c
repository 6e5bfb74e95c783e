/* SPDX-License-Identifier: MIT */
/* test_digest.c - known digests, and that pieces make no difference. */
#include "base/digest.h"

#include "lib/suite.h"

START_TEST(known_values)
{
	struct twinfs_digest empty = twinfs_digest(NULL, 0), text = twinfs_digest("a", 1);

	/* xxhsum -H2 of no bytes, and of the letter a */
	ck_assert_uint_eq(empty.high, UINT64_C(0x99aa06d3014798d8));
	ck_assert_uint_eq(empty.low, UINT64_C(0x6001c324468d497f));
	ck_assert_uint_eq(text.high, UINT64_C(0xa96faf705af16834));
	ck_assert_uint_eq(text.low, UINT64_C(0xe6c632b61e964e1f));
}
END_TEST

START_TEST(pieces_give_the_whole)
{
	static unsigned char data[5000];
	struct tw_digest *digest = tw_digest_new();

	ck_assert_ptr_nonnull(digest);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 31 + i / 256);
	for (unsigned cut = 0; cut <= sizeof(data); cut += 97) {
		tw_digest_add(digest, data, cut);
		tw_digest_add(digest, NULL, 0);
		tw_digest_add(digest, data + cut, sizeof(data) - cut);
		ck_assert(tw_digest_is_same(tw_digest_finish(digest),
			twinfs_digest(data, sizeof(data))));
	}
	tw_digest_free(digest);
}
END_TEST

RUN_CASES("digest", known_values, pieces_give_the_whole)
