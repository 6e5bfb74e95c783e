/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - to look at a damaged chip takes memory, or says that there is none.
 */
#include "rig.h"

#include "lib/scarce.h"

/* What is on the chip is found, the whole of every file is read, and the blocks are listed. */
static int look(void *ctx)
{
	struct rig *rig = ctx;
	struct twinfs_rescue *rescue;
	uint8_t data[8 * BLOCK];
	uint32_t blocks[BLOCKS];
	int rc = twinfs_rescue_open(rig->chip.flash, &rig->chip.config, &rescue, NULL);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < twinfs_rescue_count(rescue); i++) {
		const struct twinfs_version *version = twinfs_rescue_version(rescue, i);

		if (version->type != TWINFS_REG || version->sureness > TWINFS_PROVEN)
			continue;
		if (twinfs_rescue_read(rescue, version, data, sizeof(data), 0) == -ENOMEM ||
			twinfs_rescue_blocks(rescue, version, blocks, BLOCKS) == -ENOMEM)
			rc = -ENOMEM;
	}
	if (!rc)
		rc = !twinfs_rescue_tree_count(rescue);
	twinfs_rescue_close(rescue);
	return rc;
}

static void make_history(struct rig *rig, uint32_t version)
{
	rig_open(rig, version, 3);
	rig_mkdir(rig, "/dir");
	rig_mkdir(rig, "/dir/deep");
	for (unsigned i = 0; i < 4; i++) {
		rig_write(rig, "/dir/a", 200 + i, i);
		rig_write(rig, "/dir/b", 1500 + i, i);
		rig_write(rig, "/dir/deep/c", 2000, i);
	}
	rig_rename(rig, "/dir/b", "/b");
	rig_unlink(rig, "/dir/a");
}

static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_1};

/* Whether a rename was cut is not followed up in version 2 when memory for it is short. */
static bool gives_up(uint32_t version)
{
	return version == TWINFS_LFS_2_1;
}

START_TEST(looks_at_a_sound_chip)
{
	struct rig rig;
	const struct scarce_trial trial = {NULL, look, NULL, &rig, gives_up(versions[_i]), 0};

	make_history(&rig, versions[_i]);
	(void)scarce_try("look", &trial);
	rig_close(&rig);
}
END_TEST

/* Both blocks of a directory are gone: its files are looked for everywhere. */
START_TEST(looks_at_a_damaged_chip)
{
	struct rig rig;
	const struct scarce_trial trial = {NULL, look, NULL, &rig, gives_up(versions[_i]), 0};

	make_history(&rig, versions[_i]);
	rig_look(&rig);
	for (size_t i = 0; i < 2; i++)
		rig_erase(&rig, rig_version(&rig, "/dir", 1)->pair[i]);
	(void)scarce_try("look", &trial);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oom");
	TCase *tcase = tcase_create("oom");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, looks_at_a_sound_chip, 0, COUNT(versions));
	tcase_add_loop_test(tcase, looks_at_a_damaged_chip, 0, COUNT(versions));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
