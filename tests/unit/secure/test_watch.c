/* SPDX-License-Identifier: MIT */
/*
 * test_watch.c - each store makes one event, before its first flash operation
 * and after its last; the hook of the chip can ask whom an operation is for.
 */
#include "rig.h"

#include "base/digest.h"

struct diary {
	struct rig *rig;
	struct twinfs_secure_store store;
	unsigned began, ended, operations, strangers;
	bool open;
	int rc;
	int fails; /* what the chip answers */
};

static void began(void *ctx, const struct twinfs_secure_store *store)
{
	struct diary *diary = ctx;

	diary->began++;
	diary->open = true;
	diary->store = *store;
}

static void ended(void *ctx, const struct twinfs_secure_store *store, int rc)
{
	struct diary *diary = ctx;

	diary->ended++;
	diary->open = false;
	diary->rc = rc;
	ck_assert_uint_eq(store->index, diary->store.index);
}

static int before(void *ctx, const struct twinfs_flash_op *op, uint32_t *done)
{
	struct diary *diary = ctx;
	unsigned subject = twinfs_secure_subject(diary->rig->secure);

	(void)op, (void)done;
	diary->operations++;
	diary->strangers += !diary->open || subject != diary->store.index;
	return diary->fails;
}

static void set_up(struct rig *rig, struct diary *diary)
{
	struct twinfs_secure_watch watch = {.began = began, .ended = ended, .ctx = diary};

	rig_up(rig, plain_shape);
	rig_open(rig, NULL);
	*diary = (struct diary){.rig = rig};
	rig_set_hook(rig, before, diary);
	twinfs_secure_set_watch(rig->secure, &watch);
}

START_TEST(a_store_is_told)
{
	struct rig rig;
	struct diary diary;

	set_up(&rig, &diary);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 5, "hello", 5), TWINFS_SECURE_OK);
	ck_assert_uint_eq(diary.began, 1);
	ck_assert_uint_eq(diary.ended, 1);
	ck_assert_int_eq(diary.rc, 0);
	ck_assert_uint_eq(diary.store.index, 5);
	ck_assert_uint_eq(diary.store.length, 5);
	ck_assert(tw_digest_is_same(diary.store.digest, twinfs_digest("hello", 5)));
	ck_assert_uint_gt(diary.operations, 1);
	ck_assert_uint_eq(diary.strangers, 0);
	ck_assert_uint_eq(twinfs_secure_subject(rig.secure), 0);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 6, NULL, 0), TWINFS_SECURE_OK);
	ck_assert(tw_digest_is_same(diary.store.digest, twinfs_digest(NULL, 0)));
	ck_assert_uint_eq(diary.strangers, 0);
	rig_down(&rig);
}
END_TEST

START_TEST(what_is_refused_or_read_is_not_told)
{
	struct rig rig;
	struct diary diary;
	char buf[8];

	set_up(&rig, &diary);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 17, "x", 1), TWINFS_SECURE_BAD);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "x", 53), TWINFS_SECURE_BAD);
	ck_assert_int_eq(twinfs_secure_read(rig.secure, 1, buf, 8), TWINFS_SECURE_EMPTY);
	ck_assert_uint_eq(diary.began + diary.ended, 0);
	twinfs_secure_set_watch(rig.secure, NULL);
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "x", 1), TWINFS_SECURE_OK);
	ck_assert_uint_eq(diary.began + diary.ended, 0);
	rig_down(&rig);
}
END_TEST

START_TEST(a_store_that_fails_says_how)
{
	static const int answers[] = {-EIO, -ESHUTDOWN};
	struct rig rig;
	struct diary diary;

	set_up(&rig, &diary);
	diary.fails = answers[_i];
	ck_assert_int_eq(twinfs_secure_store(rig.secure, 1, "x", 1), TWINFS_SECURE_BAD);
	ck_assert_uint_eq(diary.ended, 1);
	ck_assert_int_eq(diary.rc, answers[_i]);
	ck_assert_uint_eq(diary.strangers, 0);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure_watch");
	TCase *tc = tcase_create("watch");

	tcase_add_test(tc, a_store_is_told);
	tcase_add_test(tc, what_is_refused_or_read_is_not_told);
	tcase_add_loop_test(tc, a_store_that_fails_says_how, 0, 2);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
