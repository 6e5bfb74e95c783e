/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - every call on a volume without memory: it says so, loses none, and what is
 * on the chip is the old or the new.
 */
#include "rig2.h"

#include "lib/scarce.h"

static const struct geometry geometry = {512, 64, 16, 0xff};

struct bench {
	struct rig rig;
	uint8_t *made; /* the chip as it is before each trial */
	int (*step)(struct twinfs_volume *volume);
};

/* ---- steps: 0, a negative errno, or 1 for a wrong result ---- */

static int find_and(struct twinfs_volume *volume, const char *path,
	int (*then)(struct twinfs_volume *volume, uint64_t ino))
{
	uint64_t ino;
	int rc = twinfs_volume_walk(volume, path, &ino);

	return rc ? rc : then(volume, ino);
}

static int with_open(struct twinfs_volume *volume, uint64_t ino,
	int (*then)(struct twinfs_volume *volume, uint64_t ino))
{
	int rc = twinfs_volume_open(volume, ino);

	if (rc)
		return rc;
	rc = then(volume, ino);
	twinfs_volume_close(volume, ino);
	return rc;
}

static int nothing(struct twinfs_volume *volume)
{
	(void)volume;
	return 0;
}

static int count_one(void *ctx, const char *name, const struct twinfs_stat *stat)
{
	unsigned *count = ctx;

	(void)name;
	(void)stat;
	++*count;
	return 0;
}

static int list_in(struct twinfs_volume *volume, uint64_t ino)
{
	unsigned count = 0;
	int rc = twinfs_volume_list(volume, ino, count_one, &count);

	return rc ? rc : count != 20;
}

static int list(struct twinfs_volume *volume)
{
	return find_and(volume, "dir", list_in);
}

static int count_free(struct twinfs_volume *volume)
{
	struct twinfs_statfs statfs;
	int rc = twinfs_volume_statfs(volume, &statfs);

	return rc ? rc : statfs.files < 21;
}

static int read_from(struct twinfs_volume *volume, uint64_t ino)
{
	uint8_t bytes[600];
	int64_t got = twinfs_volume_read(volume, ino, bytes, sizeof(bytes), 0);

	if (got < 0)
		return (int)got;
	for (size_t i = 0; i < 570; i++)
		if (bytes[i] != rig_byte(19, i))
			return 1;
	return got != 570;
}

static int read_open(struct twinfs_volume *volume, uint64_t ino)
{
	return with_open(volume, ino, read_from);
}

static int read_file(struct twinfs_volume *volume)
{
	return find_and(volume, "dir/file-number-19", read_open);
}

static int view_from(struct twinfs_volume *volume, uint64_t ino)
{
	struct twinfs_view view;
	int rc = twinfs_volume_view(volume, ino, 600, 0, &view);

	if (rc)
		return rc;
	rc = view.len != 570;
	twinfs_volume_release_view(volume, &view);
	return rc;
}

static int view_open(struct twinfs_volume *volume, uint64_t ino)
{
	return with_open(volume, ino, view_from);
}

static int view_file(struct twinfs_volume *volume)
{
	return find_and(volume, "dir/file-number-19", view_open);
}

static int add_len(void *ctx, const void *data, size_t len)
{
	size_t *sum = ctx;

	(void)data;
	*sum += len;
	return 0;
}

static int scan_ino(struct twinfs_volume *volume, uint64_t ino)
{
	size_t sum = 0;
	int rc = twinfs_volume_scan(volume, ino, &(struct twinfs_scan){add_len, &sum});

	return rc ? rc : sum != 570;
}

static int scan_file(struct twinfs_volume *volume)
{
	return find_and(volume, "dir/file-number-19", scan_ino);
}

static const uint8_t content[3000] = {1, 2, 3};

static int write_to(struct twinfs_volume *volume, uint64_t ino)
{
	int64_t rc = twinfs_volume_write(volume, ino, content, sizeof(content), 0);

	if (rc == (int64_t)sizeof(content))
		rc = twinfs_volume_write(volume, ino, "x", 1, 1500);
	if (rc == 1)
		rc = twinfs_volume_truncate(volume, ino, 2000);
	if (!rc)
		rc = view_from(volume, ino) == -ENOMEM ? -ENOMEM : 0;
	if (!rc)
		rc = twinfs_volume_sync(volume, ino);
	return (int)rc;
}

static int write_open(struct twinfs_volume *volume, uint64_t ino)
{
	return with_open(volume, ino, write_to);
}

static int write_file(struct twinfs_volume *volume)
{
	return find_and(volume, "file", write_open);
}

static int write_more(struct twinfs_volume *volume)
{
	return find_and(volume, "large", write_open);
}

static int create(struct twinfs_volume *volume)
{
	uint64_t ino;

	return twinfs_volume_create(volume, TWINFS_ROOT_INO, "new-file", &ino);
}

static int create_in(struct twinfs_volume *volume, uint64_t dir)
{
	char name[200];
	uint64_t ino;
	int rc = 0;

	/* Until a pair is full, and split. */
	for (unsigned i = 0; !rc && i < 4; i++) {
		(void)snprintf(name, sizeof(name), "%0150u", i);
		rc = twinfs_volume_create(volume, dir, name, &ino);
	}
	return rc;
}

static int create_many(struct twinfs_volume *volume)
{
	return find_and(volume, "dir", create_in);
}

static int make_dir(struct twinfs_volume *volume)
{
	uint64_t ino;

	return twinfs_volume_mkdir(volume, TWINFS_ROOT_INO, "new-dir", &ino);
}

static int unlink_file(struct twinfs_volume *volume)
{
	return twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "file");
}

static int unlink_open_in(struct twinfs_volume *volume, uint64_t ino)
{
	int rc = twinfs_volume_unlink(volume, TWINFS_ROOT_INO, "large");
	int64_t wrote = rc ? rc : twinfs_volume_write(volume, ino, "x", 1, 0);

	return wrote < 0 ? (int)wrote : wrote != 1;
}

static int unlink_open_with(struct twinfs_volume *volume, uint64_t ino)
{
	return with_open(volume, ino, unlink_open_in);
}

static int unlink_open(struct twinfs_volume *volume)
{
	return find_and(volume, "large", unlink_open_with);
}

static int remove_dir(struct twinfs_volume *volume)
{
	return twinfs_volume_rmdir(volume, TWINFS_ROOT_INO, "empty");
}

static int rename_within(struct twinfs_volume *volume)
{
	return twinfs_volume_rename(volume, TWINFS_ROOT_INO, "file", TWINFS_ROOT_INO, "large", 0);
}

static int rename_into(struct twinfs_volume *volume, uint64_t dir)
{
	int rc = twinfs_volume_rename(volume, TWINFS_ROOT_INO, "file", dir, "file-number-3", 0);

	return rc ? rc : twinfs_volume_rename(volume, TWINFS_ROOT_INO, "empty", dir, "empty", 0);
}

static int rename_away(struct twinfs_volume *volume)
{
	return find_and(volume, "dir", rename_into);
}

static int attrs_of(struct twinfs_volume *volume, uint64_t ino)
{
	uint8_t types[256], value[100] = "value";
	int64_t rc = twinfs_volume_set_attr(volume, ino, 7, value, sizeof(value), 0);

	if (!rc)
		rc = twinfs_volume_list_attrs(volume, ino, types) == 1 ? 0 : -ENOMEM;
	if (!rc)
		rc = twinfs_volume_get_attr(volume, ino, 7, value, sizeof(value));
	if (rc == sizeof(value))
		rc = twinfs_volume_remove_attr(volume, ino, 7);
	return (int)rc;
}

static int attrs(struct twinfs_volume *volume)
{
	int rc = find_and(volume, "file", attrs_of);

	return rc == -ENOTSUP ? 0 : rc;
}

static int add_extent(void *ctx, const struct twinfs_extent *extent)
{
	unsigned *count = ctx;

	(void)extent;
	++*count;
	return 0;
}

static int blocks_of(struct twinfs_volume *volume, uint64_t ino)
{
	unsigned count = 0;
	struct twinfs_owner owner;
	const struct twinfs_extents extents = {add_extent, &count};
	int rc = twinfs_volume_blocks(volume, NULL, ino, &extents);

	if (!rc)
		rc = twinfs_volume_map(volume, NULL, &extents);
	for (uint32_t block = 0; !rc && block < 64; block++)
		rc = twinfs_volume_owner(volume, NULL, block, &owner);
	return rc ? rc : !count;
}

static int blocks(struct twinfs_volume *volume)
{
	int rc;

	twinfs_volume_pause(volume);
	rc = blocks_of(volume, TWINFS_ROOT_INO);
	twinfs_volume_resume(volume);
	return rc;
}

static void note_change(void *ctx, const struct twinfs_volume_change *change)
{
	(void)ctx;
	(void)change;
}

static void note_end(void *ctx, const struct twinfs_volume_change *change, int rc)
{
	(void)ctx;
	(void)change;
	(void)rc;
}

static int watched(struct twinfs_volume *volume)
{
	const struct twinfs_volume_watch watch = {.began = note_change, .ended = note_end};
	int rc = twinfs_volume_set_watch(volume, &watch);

	if (!rc)
		rc = write_file(volume);
	if (!rc)
		rc = attrs(volume);
	return rc ? rc : rename_away(volume);
}

static int resize(struct twinfs_volume *volume)
{
	int rc = twinfs_volume_resize(volume, 63);

	return rc == -ENOTSUP || rc == -EBUSY ? 0 : rc;
}

static const struct step {
	const char *name;
	int (*run)(struct twinfs_volume *volume);
	bool may_do_without; /* blocks that get free and cannot be noted stay taken till the next
				mount */
} steps[] = {
	{"mount", nothing, false},
	{"list", list, false},
	{"statfs", count_free, false},
	{"read", read_file, false},
	{"view", view_file, false},
	{"scan", scan_file, false},
	{"write", write_file, false},
	{"write anew", write_more, false},
	{"create", create, false},
	{"create many", create_many, false},
	{"mkdir", make_dir, false},
	{"unlink", unlink_file, true},
	{"unlink an open file", unlink_open, false},
	{"rmdir", remove_dir, true},
	{"rename", rename_within, true},
	{"rename elsewhere", rename_away, true},
	{"attributes", attrs, false},
	{"blocks", blocks, false},
	{"watch", watched, true},
	{"resize", resize, false},
};

/* ---- trials ---- */

static void bench_open(struct bench *bench, uint32_t version)
{
	struct rig *rig = &bench->rig;

	rig_open(rig, &geometry, version, 100);
	rig_make_some(rig);
	ck_assert_int_eq(rig_put(rig, rig_create(rig, TWINFS_ROOT_INO, "file"), 10, 1), 0);
	ck_assert_int_eq(rig_put(rig, rig_create(rig, TWINFS_ROOT_INO, "large"), 4000, 2), 0);
	(void)rig_mkdir(rig, TWINFS_ROOT_INO, "empty");
	twinfs_volume_unmount(rig->volume);
	rig->volume = NULL;
	bench->made = malloc(chip_size(&rig->chip));
	ck_assert_ptr_nonnull(bench->made);
	memcpy(bench->made, chip_bytes(&rig->chip), chip_size(&rig->chip));
}

static void bench_close(struct bench *bench)
{
	chip_release(&bench->rig.chip);
	free(bench->made);
}

static void restore(void *ctx)
{
	struct bench *bench = ctx;

	memcpy(chip_bytes(&bench->rig.chip), bench->made, chip_size(&bench->rig.chip));
}

static int mount_and_step(void *ctx)
{
	struct bench *bench = ctx;
	struct chip *chip = &bench->rig.chip;
	struct twinfs_volume *volume;
	int rc = twinfs_volume_mount(chip->flash, &chip->config, &volume, NULL);

	if (rc)
		return rc;
	rc = bench->step(volume);
	twinfs_volume_unmount(volume);
	return rc;
}

/* No memory is no damage: all rules are kept, and files that nobody touched are there. */
static void expect_sound(void *ctx, int rc)
{
	struct bench *bench = ctx;

	(void)rc;
	bench->rig.volume = chip_mount(&bench->rig.chip);
	rig_expect(&bench->rig, rig_find(&bench->rig, "dir/file-number-19"), 570, 19);
	twinfs_volume_unmount(bench->rig.volume);
	verify_format(&bench->rig.chip, true);
}

static void try_steps(uint32_t version, const struct step *step)
{
	struct bench bench = {.step = step->run};
	const struct scarce_trial trial = {
		restore, mount_and_step, expect_sound, &bench, step->may_do_without, 0};

	bench_open(&bench, version);
	(void)snprintf(test_context, sizeof(test_context), "%s", step->name);
	(void)scarce_try(step->name, &trial);
	bench_close(&bench);
}

START_TEST(volumes_of_version_1)
{
	try_steps(TWINFS_LFS_1_1, &steps[_i]);
}
END_TEST

START_TEST(volumes_of_version_2)
{
	try_steps(TWINFS_LFS_2_1, &steps[_i]);
}
END_TEST

static void note_finding(void *ctx, const struct twinfs_error *finding)
{
	(void)ctx;
	(void)finding;
}

static int check(void *ctx)
{
	struct chip *chip = &((struct bench *)ctx)->rig.chip;

	return twinfs_volume_check(chip->flash, &chip->config, note_finding, NULL);
}

static int probe(void *ctx)
{
	struct chip *chip = &((struct bench *)ctx)->rig.chip;
	struct twinfs_superblock superblock;

	return twinfs_volume_probe(chip_bytes(chip), chip_size(chip), 0, &superblock, NULL);
}

static int format(void *ctx)
{
	struct chip *chip = &((struct bench *)ctx)->rig.chip;

	return twinfs_volume_format(chip->flash, &chip->config, NULL);
}

START_TEST(calls_without_a_volume)
{
	static const uint32_t versions[] = {TWINFS_LFS_1_1, TWINFS_LFS_2_0, TWINFS_LFS_2_1};
	static int (*const calls[])(void *ctx) = {check, format, probe};
	static const char *const names[] = {"check", "format", "probe"};
	struct bench bench;

	bench_open(&bench, versions[_i]);
	for (size_t i = 0; i < COUNT(calls) - (_i == 0); i++ /* to probe version 1 takes none */) {
		const struct scarce_trial trial = {restore, calls[i], NULL, &bench, false, 0};

		(void)scarce_try(names[i], &trial);
	}
	bench_close(&bench);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oom");
	TCase *tcase = tcase_create("oom");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, volumes_of_version_1, 0, COUNT(steps));
	tcase_add_loop_test(tcase, volumes_of_version_2, 0, COUNT(steps));
	tcase_add_loop_test(tcase, calls_without_a_volume, 0, 3);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
