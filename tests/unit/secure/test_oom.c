/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - SecureData without memory: what was stored stays, what is not stored is said.
 */
#include "rig.h"

#include "scarce.h"

struct bench {
	struct rig rig;
	const char *key_file;
	uint8_t *made; /* the chip as it is before each trial */
};

static const uint8_t content[40] = {1, 2, 3};

static void restore(void *ctx)
{
	struct bench *bench = ctx;

	memcpy(bench->rig.bytes, bench->made, bench->rig.size);
}

static void count(void *ctx, const struct twinfs_error *finding)
{
	(void)finding;
	++*(int *)ctx;
}

/* Opens, reads slot 1, stores slot 2, reads that, checks. The device's API knows one error. */
static int use(void *ctx)
{
	struct bench *bench = ctx;
	struct rig *rig = &bench->rig;
	struct twinfs_secure *secure;
	uint8_t got[100];
	int findings = 0;
	int rc = twinfs_secure_open(rig->flash, 0, rig->size, bench->key_file, &secure, NULL);

	if (rc)
		return rc;
	if (twinfs_secure_read(secure, 1, got, sizeof(got)) != sizeof(content) ||
		twinfs_secure_store(secure, 2, content, sizeof(content)) != TWINFS_SECURE_OK ||
		twinfs_secure_read(secure, 2, got, sizeof(got)) != sizeof(content))
		rc = -ENOMEM;
	if (!rc)
		rc = twinfs_secure_check(secure, count, &findings);
	twinfs_secure_close(secure);
	return rc || !findings ? rc : 1;
}

/* Slot 1 is what it was, and slot 2 what it was or what was stored. */
static void expect_sound(void *ctx, int rc)
{
	struct bench *bench = ctx;
	struct rig *rig = &bench->rig;
	uint8_t got[100];
	int len;

	rig_open(rig, bench->key_file);
	ck_assert_int_eq(twinfs_secure_read(rig->secure, 1, got, sizeof(got)), sizeof(content));
	ck_assert_mem_eq(got, content, sizeof(content));
	len = twinfs_secure_read(rig->secure, 2, got, sizeof(got));
	ck_assert(len == sizeof(content) || (rc && len == TWINFS_SECURE_EMPTY));
	ck_assert_int_eq(rig_check(rig), 0);
	twinfs_secure_close(rig->secure);
	rig->secure = NULL;
}

START_TEST(areas_without_memory)
{
	struct bench bench = {.key_file = _i ? "key" : NULL};
	const struct scarce_trial trial = {restore, use, expect_sound, &bench, false, 0};

	rig_up(&bench.rig, plain_shape);
	rig_key_file("key", 7);
	rig_open(&bench.rig, bench.key_file);
	ck_assert_int_eq(twinfs_secure_store(bench.rig.secure, 1, content, sizeof(content)),
		TWINFS_SECURE_OK);
	twinfs_secure_close(bench.rig.secure);
	bench.rig.secure = NULL;
	bench.made = malloc(bench.rig.size);
	ck_assert_ptr_nonnull(bench.made);
	memcpy(bench.made, bench.rig.bytes, bench.rig.size);
	(void)scarce_try("use", &trial);
	free(bench.made);
	rig_down(&bench.rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oom");
	TCase *tcase = tcase_create("oom");

	tcase_add_checked_fixture(tcase, tempdir_enter, tempdir_leave);
	tcase_add_loop_test(tcase, areas_without_memory, 0, 2);
	suite_add_tcase(suite, tcase);
	return rig_run(suite);
}
